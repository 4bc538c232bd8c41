// kill -9 and a new start on the same database and ports: what was promised is kept, and nothing is told twice.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { TransportName } from '../../src/sip/transport/transport.ts';
import type { Conversation } from '../interop/support/application.ts';
import { Caller } from '../interop/support/caller.ts';
import { Scope } from '../interop/support/scope.ts';
import { openWorld, type World } from '../interop/support/world.ts';
import { cseqOf, type Heard } from '../support/text.ts';

const target = 'sip:bob@biloxi.example';
const terminated = 'terminated;reason=noresource';
const isReferred = ['call.initiated', 'call.answered', 'call.refer.started', 'call.refer.completed', 'call.hangup'];
const clearedByUs = { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' };

interface Started extends World {
  readonly caller: Caller;
  readonly call: Conversation;
  readonly ringing: Heard;
}

/** A call that rings. */
async function rings(t: TestContext, transport: TransportName = 'udp'): Promise<Started> {
  const scope = new Scope(t);
  const world = await openWorld(scope, { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
  const caller = await Caller.open(scope, { transport, calls: 'hook', at: world.server.sipPort });
  caller.invites();
  const ringing = await caller.gets(180);
  return { ...world, caller, ringing, call: await world.app.called('hook') };
}

async function isAnswered(started: Started): Promise<Started> {
  const { caller, call } = started;
  await call.answer();
  await caller.gets(200);
  caller.acks();
  await call.gets('call.answered');
  return started;
}

async function restarts({ server }: World): Promise<void> {
  await server.kill();
  await server.start();
}

/** The target answers, and we hang up: once each, in the SIP as in the webhooks. */
async function completes({ caller, call }: Started): Promise<void> {
  await call.gets('call.refer.completed', { sip_notify_response: 200 });
  await caller.gets('BYE');
  caller.answers(200);
  await call.gets('call.hangup', clearedByUs);
  assert.deepEqual(call.types, isReferred);
  assert.deepEqual(caller.untaken, []);
}

suite('killed and started again', { concurrency: 3 }, () => {
  test('killed after the 202: the NOTIFY that follows completes the refer, once', async (t) => {
    const started = await isAnswered(await rings(t));
    const { server, caller, call } = started;
    await call.refer(target, { command_id: 'only-once' });
    const refer = await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started', { sip_notify_response: 100 });
    await server.kill();
    // Nobody is there to take it: the caller repeats it until somebody is.
    const notified = caller.notifies('SIP/2.0 200 OK', terminated);
    await server.start();
    assert.equal((await notified).status, 200);
    // The application repeats its command because it never saw the answer: it is known from before.
    await call.refer(target, { command_id: 'only-once' });
    await completes(started);
    assert.equal(caller.copiesOf(refer), 1, 'the REFER was answered: it must not be sent again');
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`killed while the REFER is out, over ${transport}: the same REFER, byte for byte, until it is answered`, async (t) => {
      const started = await isAnswered(await rings(t, transport));
      const { caller, call } = started;
      await call.refer(target);
      const refer = await caller.gets('REFER');
      await started.server.kill();
      const again = caller.getsAgain(refer);
      await started.server.start();
      await again;
      caller.answers(202);
      await call.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
      const response = await caller.notifies('SIP/2.0 200 OK', terminated);
      assert.equal(response.status, 200);
      await completes(started);
    });
  }

  test('killed the moment the refer was accepted: one REFER leaves, before or after', async (t) => {
    const started = await isAnswered(await rings(t));
    const { caller, call } = started;
    await call.refer(target);
    await restarts(started);
    const refer = await caller.gets('REFER');
    assert.equal(cseqOf(refer).number, 1);
    caller.answers(202);
    await call.gets('call.refer.started', { sip_notify_response: 100 });
    await caller.notifies('SIP/2.0 200 OK', terminated);
    await completes(started);
  });

  test('killed while it rings: the call is answered after the start, and a repeated INVITE makes no second one', async (t) => {
    const started = await rings(t);
    const { app, caller, call, ringing } = started;
    await restarts(started);
    const again = caller.getsAgain(ringing);
    caller.invitesAgain();
    await again;
    await isAnswered(started);
    await call.hangup();
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup', clearedByUs);
    assert.deepEqual(call.types, ['call.initiated', 'call.answered', 'call.hangup']);
    assert.equal(app.conversations.length, 1);
    assert.deepEqual(caller.untaken, []);
  });

  test('killed while the peer might still say BYE: ours follows after the start, once', async (t) => {
    const started = await isAnswered(await rings(t));
    const { caller, call } = started;
    await call.refer(target);
    await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started');
    await caller.notifies('SIP/2.0 200 OK', terminated);
    await restarts(started);
    await completes(started);
  });

  test('killed before the ACK: the 200 is repeated until it comes', async (t) => {
    const started = await rings(t);
    const { caller, call } = started;
    await call.answer();
    const ok = await caller.gets(200);
    await started.server.kill();
    const again = caller.getsAgain(ok);
    await started.server.start();
    await again;
    caller.acks();
    await call.gets('call.answered');
    await call.hangup();
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup', clearedByUs);
  });

  test('killed, and down for longer than the first NOTIFY may take: the refer has failed, once, and the call goes on', async (t) => {
    const started = await isAnswered(await rings(t));
    const { caller, call } = started;
    await call.refer(target, { refer_first_notify_timeout_ms: 300 } as object);
    await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started');
    await restarts(started);
    await call.gets('call.refer.failed', { sip_notify_response: 408, refer_sip_response: 202 });
    assert.equal(await call.isAlive(), true);
    await call.hangup();
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup', clearedByUs);
  });

  test('stopped by a signal while a refer is pending: it goes on after the start', async (t) => {
    const started = await isAnswered(await rings(t));
    const { server, caller, call } = started;
    await call.refer(target);
    await caller.gets('REFER');
    caller.answers(202);
    await call.gets('call.refer.started');
    await server.stop();
    const notified = caller.notifies('SIP/2.0 200 OK', terminated);
    await server.start();
    assert.equal((await notified).status, 200);
    await completes(started);
  });

  test('killed before its webhook was taken: the event comes after the start, the same one', async (t) => {
    const started = await rings(t);
    const { app, caller, call } = started;
    app.isBusy = true;
    await call.answer();
    await caller.gets(200);
    caller.acks();
    const refused = await app.until('call.answered', () => app.refused.find(({ type }) => type === 'call.answered'));
    await started.server.kill();
    app.isBusy = false;
    await started.server.start();
    await call.gets('call.answered');
    assert.equal(call.webhooks.at(-1)?.id, refused.id);
    await call.hangup();
    await caller.gets('BYE');
    caller.answers(200);
    await call.gets('call.hangup', clearedByUs);
  });
});
