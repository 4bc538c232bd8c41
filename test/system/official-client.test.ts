// The official client through the life of a call, against the server as a process and a caller on a real socket: what it
// sends, what it throws, what it repeats, and what it says of our signatures.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type Telnyx from 'telnyx';
import type { Conversation } from '../interop/support/application.ts';
import { Caller } from '../interop/support/caller.ts';
import { Scope } from '../interop/support/scope.ts';
import { openWorld, type World } from '../interop/support/world.ts';
import { all, one } from '../support/text.ts';

const target = 'sip:bob@biloxi.example';
const terminated = 'terminated;reason=noresource';
const ok = { data: { result: 'ok' } };

interface Called extends World {
  readonly caller: Caller;
  readonly call: Conversation;
}

async function rings(t: TestContext): Promise<Called> {
  const scope = new Scope(t);
  const world = await openWorld(scope, { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
  const caller = await Caller.open(scope, { calls: 'hook', at: world.server.sipPort });
  caller.invites({ headers: [['X-Account', '42']] });
  await caller.gets(180);
  return { ...world, caller, call: await world.app.called('hook') };
}

async function isAnswered(t: TestContext): Promise<Called> {
  const called = await rings(t);
  await called.call.answer();
  await called.caller.gets(200);
  called.caller.acks();
  await called.call.gets('call.answered');
  return called;
}

/** What the client throws: its class, and the code and pointer of the first error in it. */
async function thrownBy(command: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await command.then(
    () => assert.fail('it was accepted'),
    (error: InstanceType<typeof Telnyx.APIError>) => error,
  );
  const { errors } = error.error as { errors: { code: string; source?: { pointer?: string } }[] };
  return [error.constructor.name, error.status, errors[0]?.code, errors[0]?.source?.pointer];
}

suite('the official client', { concurrency: 2 }, () => {
  test('answer, refer, hangup: what the client asks is what the caller gets and what the webhooks tell', async (t) => {
    const { caller, call } = await rings(t);
    const [initiated] = call.webhooks;
    assert.deepEqual(initiated?.payload.custom_headers, [{ name: 'X-Account', value: '42' }]);
    assert.deepEqual([initiated?.payload.from, initiated?.payload.client_state], ['+15551', null]);

    assert.deepEqual(
      await call.answer({ client_state: 'YW5zd2VyZWQ=', custom_headers: [{ name: 'X-Desk', value: 'seven' }] }),
      ok,
    );
    assert.equal(one(await caller.gets(200), 'X-Desk'), 'seven');
    caller.acks();
    await call.gets('call.answered', { client_state: 'YW5zd2VyZWQ=' });
    assert.equal(await call.isAlive(), true);

    const refer = {
      command_id: '891510ac-f3e4-11e8-af5b-de00688a4901',
      client_state: 'cmVmZXJyZWQ=',
      custom_headers: [{ name: 'X-Ticket', value: 'a b;c' }],
      sip_headers: [{ name: 'User-to-User' as const, value: '3132;encoding=hex' }],
    };
    assert.deepEqual(await call.refer(target, refer), ok);
    assert.deepEqual(await call.refer(target, refer), ok, 'the same command again is not carried out again');
    const request = await caller.gets('REFER');
    const referTo = `${target}?X-Ticket=a%20b%3Bc&User-to-User=3132%3Bencoding%3Dhex`;
    assert.deepEqual(all(request, 'Refer-To'), [`<${referTo}>`]);
    assert.deepEqual([one(request, 'X-Ticket'), one(request, 'User-to-User')], ['a b;c', '3132;encoding=hex']);
    caller.answers(202);
    await call.gets('call.refer.started', {
      sip_notify_response: 100,
      refer_to: referTo,
      client_state: 'cmVmZXJyZWQ=',
    });
    await caller.notifies('SIP/2.0 603 Decline', terminated);
    await call.gets('call.refer.failed', { sip_notify_response: 603, failure_reason: 'failed' });

    assert.deepEqual(await call.hangup({ custom_headers: [{ name: 'X-Why', value: 'done' }] }), ok);
    assert.equal(one(await caller.gets('BYE'), 'X-Why'), 'done');
    caller.answers(200);
    await call.gets('call.hangup', { hangup_cause: 'normal_clearing', client_state: 'cmVmZXJyZWQ=' });
    assert.equal(await call.isAlive(), false);
    assert.deepEqual(caller.untaken, []);
  });

  test('what the client throws while a call rings, talks, is referred and is over', async (t) => {
    const { app, caller, call } = await rings(t);
    const { calls } = app.client;
    const unprocessable = (code: string, pointer?: string) => ['UnprocessableEntityError', 422, code, pointer];
    const info = { content_type: 'text/plain', body: 'x' };

    assert.deepEqual(await thrownBy(calls.actions.sendSipInfo(call.id, info)), unprocessable('90034'));
    await call.answer();
    await caller.gets(200);
    caller.acks();
    await call.gets('call.answered');

    const strangers = app.connectAs({ apiKey: 'a wrong key' });
    assert.deepEqual(await thrownBy(strangers.calls.actions.hangup(call.id, {})), [
      'AuthenticationError',
      401,
      '10009',
      undefined,
    ]);
    assert.deepEqual(await thrownBy(calls.retrieveStatus('v3:nobody')), ['NotFoundError', 404, '10005', undefined]);
    assert.deepEqual(await thrownBy(calls.actions.hangup('v3:nobody', {})), unprocessable('90015', '/call_control_id'));
    assert.deepEqual(await thrownBy(call.refer('')), unprocessable('10004', '/sip_address'));
    assert.deepEqual(
      await thrownBy(call.refer('sip:bob@biloxi.example\r\nX: y')),
      unprocessable('10015', '/sip_address'),
    );
    assert.deepEqual(
      await thrownBy(call.refer(target, { client_state: '?' })),
      unprocessable('10015', '/client_state'),
    );

    await call.refer(target);
    await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started');
    assert.deepEqual(await thrownBy(call.refer(target)), unprocessable('90033'));
    await call.hangup();
    await call.gets('call.refer.failed', { sip_notify_response: 487 });
    await call.gets('call.hangup');
    await caller.gets('BYE');
    caller.answers(200);
    assert.deepEqual(await thrownBy(call.hangup()), unprocessable('90018'));
    assert.deepEqual(caller.untaken, []);
  });

  test('a command that finds the server down is repeated by the client until it is back, and carried out once', async (t) => {
    const { app, server, caller, call } = await isAnswered(t);
    const patient = app.connectAs({ maxRetries: 10 });
    await server.kill();
    const refer = patient.calls.actions.refer(call.id, { sip_address: target, command_id: 'patience' });
    await server.start();
    assert.deepEqual(await refer, ok);
    await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started');
    assert.deepEqual(await call.refer(target, { command_id: 'patience' }), ok);
    await caller.notifies('SIP/2.0 200 OK', terminated);
    await call.gets('call.refer.completed');
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup');
    assert.deepEqual(caller.untaken, []);
  });

  test('a webhook that was changed on its way, or signed by somebody else, is refused', async (t) => {
    const { app, call, caller } = await isAnswered(t);
    const { webhooks } = app.client;
    const { body, headers } = call.webhooks[0]!;
    await webhooks.unwrap(body, { headers });
    await assert.rejects(webhooks.unwrap(body.replace('incoming', 'outgoing'), { headers }), /signature/i);
    const key = Buffer.alloc(32, 7).toString('base64');
    await assert.rejects(webhooks.unwrap(body, { headers, key }), /signature|verif/i);
    await call.hangup();
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup');
  });
});
