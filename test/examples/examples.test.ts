// Each example against a real server, with phones on loopback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Telnyx from 'telnyx';
import { application as answerAndRefer } from '../../examples/answer-and-refer.ts';
import { application as referWithFallback } from '../../examples/refer-with-fallback.ts';
import { application as userToUser } from '../../examples/user-to-user.ts';
import { numberAt, stage } from './support.ts';

const options = { timeout: 20_000 };

test('answer-and-refer: the caller talks to the target', options, async (t) => {
  const { server, phone, told, webhooks } = await stage(t);
  const [alice, bob] = [await phone({ name: 'alice' }), await phone({ name: 'bob' })];
  const lines: string[] = [];
  server.serve(answerAndRefer(new Telnyx(server.client), bob.uri, (...words) => lines.push(words.join(' ').trim())));
  await alice.call(numberAt(server));
  await told('call.hangup');
  assert.deepEqual([alice.calls, bob.calls], [1, 1]);
  assert.deepEqual(lines, [
    'call.initiated',
    'call.answered',
    'call.refer.started 100',
    'call.refer.completed 200',
    'call.hangup',
  ]);
  assert.equal(webhooks.length, 5);
});

test(
  'answer-and-refer: what is not signed is sent back, a refused command is not asked for again',
  options,
  async (t) => {
    const { server, phone, told } = await stage(t);
    const alice = await phone({ name: 'alice' });
    const lines: string[] = [];
    const listener = answerAndRefer(new Telnyx(server.client), 'not a SIP address', (...words) =>
      lines.push(words.join(' ').trim()),
    );
    server.serve(listener);
    const stranger = await fetch(server.webhookAddress, { method: 'POST', body: '{"data":{}}' });
    assert.equal(stranger.status, 400);
    await alice.call(numberAt(server));
    await told('call.answered');
    assert.match(lines.join('\n'), /call\.answered\n.*422.*\/sip_address/s);
    await alice.hangUp();
    await told('call.hangup');
  },
);

test('refer-with-fallback: the second target is asked when the first is busy', options, async (t) => {
  const { server, phone, told, webhooks } = await stage(t);
  const [alice, bob] = [await phone({ name: 'alice' }), await phone({ name: 'bob', answers: 486 })];
  const carol = await phone({ name: 'carol' });
  server.serve(referWithFallback(new Telnyx(server.client), [bob.uri, carol.uri], () => {}));
  await alice.call(numberAt(server));
  const failed = await told('call.refer.failed');
  assert.equal(failed.data.payload.failure_reason, 'busy');
  await told('call.hangup');
  assert.deepEqual([alice.calls, bob.calls, carol.calls], [1, 0, 1]);
  assert.deepEqual(
    webhooks.map(({ data }) => data.event_type).filter((type) => type.startsWith('call.refer.')),
    ['call.refer.started', 'call.refer.failed', 'call.refer.started', 'call.refer.completed'],
  );
});

test('refer-with-fallback: when nobody is left the call is hung up', options, async (t) => {
  const { server, phone, told } = await stage(t);
  const [alice, bob] = [await phone({ name: 'alice' }), await phone({ name: 'bob', answers: 603 })];
  server.serve(referWithFallback(new Telnyx(server.client), [bob.uri], () => {}));
  await alice.call(numberAt(server));
  const { data } = await told('call.hangup');
  assert.equal(data.payload.hangup_source, 'callee');
});

test('user-to-user: the headers reach the target', options, async (t) => {
  const { server, phone, told } = await stage(t);
  const [alice, bob] = [await phone({ name: 'alice' }), await phone({ name: 'bob' })];
  server.serve(userToUser(new Telnyx(server.client), bob.uri, () => {}));
  await alice.call(numberAt(server));
  await told('call.refer.completed');
  const [invite] = bob.invites;
  const [hex = '', encoding] = (invite?.get('User-to-User') ?? '').split(';');
  assert.deepEqual(JSON.parse(Buffer.from(hex, 'hex').toString()), { caller: alice.uri });
  assert.equal(encoding, 'encoding=hex');
  assert.equal(invite?.get('X-Account'), '42');
  assert.match(invite?.get('Referred-By') ?? '', /^<sip:\+13125550100@127\.0\.0\.1:\d+>$/);
  await told('call.hangup');
});
