// What is kept of what the calls said, and what is not: bounds, whose a message is, how long, and after a restart.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Ladders } from '../../src/call/ladders.ts';
import { rememberedMs } from '../../src/call/retention.ts';
import type { Call } from '../../src/call/state.ts';
import { fakeClock } from '../support/fake-system.ts';
import { rawInvite, rawMessage, rawResponse } from '../support/messages.ts';
import { active, peer } from './support.ts';

function world(bounds: { messages?: number; bytes?: number } = {}) {
  const clock = fakeClock();
  const ladders = new Ladders(clock, { messages: 64, bytes: 1_048_576, ...bounds });
  const hear = (callId: string | null, text: string, direction: 'in' | 'out' = 'in'): void =>
    ladders.trace({ at: clock.date(), direction, peer, text, callId });
  const callOf = (id: string, callId: string, more: Partial<Call> = {}): Call => {
    const { call } = active();
    return { ...call, id, startedAt: clock.date(), dialog: { ...call.dialog, callId }, ...more };
  };
  const invited = (id: string, callId = id): Call => {
    hear(callId, rawInvite());
    const call = callOf(id, callId);
    ladders.begin(call);
    return call;
  };
  const ended = (call: Call): Call => ({
    ...call,
    phase: {
      name: 'ended',
      endedAt: clock.date(),
      ending: { cause: 'timeout', by: 'us', sipCause: '408' },
      final: null,
      bye: null,
    },
  });
  const read = (call: Call) => ladders.read({ callControlId: call.id, startedAt: call.startedAt });
  const said = (call: Call): string[] => read(call).entries.map(({ summary }) => summary);
  return { clock, ladders, hear, callOf, invited, ended, read, said };
}

/** A message that says its number. */
const numbered = (n: number, body = ''): string => rawMessage(`M${n} sip:a SIP/2.0`, { CSeq: `${n} M${n}` }, body);

suite('whose a message is', () => {
  test('that of the call with its Call-ID, the INVITE it grew from and its challenge included', () => {
    const { hear, said, invited } = world();
    hear('1', rawInvite());
    hear('1', rawResponse(407), 'out');
    const call = invited('1');
    hear('1', rawResponse(200), 'out');
    hear('2', rawResponse(200), 'out');
    hear('3', rawMessage('OPTIONS sip:a SIP/2.0', { CSeq: '1 OPTIONS' }));
    hear(null, 'garbage');
    assert.deepEqual(said(call), ['INVITE', '407 Whatever', 'INVITE', '200 Whatever']);
  });

  test('nobody waits for what is no INVITE from outside', () => {
    const { hear, ladders } = world();
    hear('1', rawMessage('REGISTER sip:a SIP/2.0', { CSeq: '1 REGISTER' }));
    hear('2', rawInvite(), 'out');
    hear(null, rawInvite());
    assert.deepEqual(ladders.census(), { ladders: 0, bytes: 0 });
    hear('3', `\r\n\r\n${rawInvite()}`);
    assert.equal(ladders.census().ladders, 1);
  });

  test('two calls with one Call-ID share its messages, not their commands and webhooks', () => {
    const { said, invited, ladders, ended } = world();
    const one = invited('a', 'same');
    const two = invited('b', 'same');
    ladders.asked('a', 'POST answer', null);
    ladders.asked('b', 'POST reject', null);
    assert.deepEqual(said(one), ['INVITE', 'INVITE', 'POST answer']);
    ladders.end(ended(one));
    assert.deepEqual(said(two), ['INVITE', 'INVITE', 'POST reject']);
  });

  test('a peer that makes all its calls with one Call-ID does not make it grow', () => {
    const { invited, ladders, ended, said } = world();
    const calls = Array.from({ length: 100 }, (_, n) => invited(`call ${n}`, 'same'));
    for (const call of calls) ladders.end(ended(call));
    assert.deepEqual(said(calls[0]!), [], 'given up');
    assert.equal(said(calls[99]!).length, 64);
    assert.equal(ladders.census().ladders, 1);
  });
});

suite('bounds', () => {
  test('of a call the first quarter stays, and the newest', () => {
    const { callOf, ladders, hear, said, read } = world({ messages: 8 });
    const call = callOf('1', '1');
    ladders.begin(call);
    for (let n = 1; n <= 20; n += 1) hear('1', numbered(n));
    assert.deepEqual(said(call), ['M1', 'M2', 'M15', 'M16', 'M17', 'M18', 'M19', 'M20']);
    assert.equal(read(call).truncated, 12);
    assert.match(read(call).text, /M2 -+>.*\n.*\[12 not kept\].*\n.* M15 -+>/);
  });

  test('in bytes: large messages push each other out, and one that is too large itself', () => {
    const { callOf, ladders, hear, said, read } = world({ messages: 8 });
    const call = callOf('1', '1');
    ladders.begin(call);
    for (let n = 1; n <= 9; n += 1) hear('1', numbered(n, 'x'.repeat(4_000)));
    assert.deepEqual(said(call), ['M7', 'M8', 'M9']);
    hear('1', numbered(10, 'x'.repeat(20_000)));
    assert.deepEqual([said(call), read(call).truncated], [[], 10]);
    hear('1', numbered(11));
    assert.deepEqual(said(call), ['M11']);
  });

  test('of all calls: strangers go first, then calls that have ended, then what live ones said longest ago', () => {
    const { callOf, ladders, hear, said, read, ended } = world({ bytes: 12_000 });
    const [first, second] = [callOf('1', '1'), callOf('2', '2')];
    ladders.begin(first);
    ladders.begin(second);
    const say = (callId: string): void => hear(callId, numbered(1, 'x'.repeat(2_000)));
    say('1');
    say('2');
    hear('stranger', rawInvite({}, 'x'.repeat(2_000)));
    say('2');
    ladders.end(ended(second));
    assert.equal(ladders.census().ladders, 3);
    say('1');
    assert.deepEqual([ladders.census().ladders, said(first).length, said(second).length], [2, 2, 2]);
    say('1');
    assert.deepEqual([ladders.census().ladders, said(first).length, said(second).length], [1, 3, 0]);
    say('1');
    say('1');
    assert.deepEqual([said(first).length, read(first).truncated], [0, 5]);
    say('1');
    assert.deepEqual([said(first).length, read(first).truncated], [1, 5]);
    assert.match(read(first).text, /\[5 not kept\].*\n.* M1 /);
  });

  test('INVITEs without a call: no more than 128, however many come', () => {
    const { hear, ladders } = world();
    for (let n = 0; n < 1_000; n += 1) hear(`stranger ${n}`, rawInvite());
    assert.equal(ladders.census().ladders, 128);
  });
});

suite('how long', () => {
  test('ten minutes after its end, then nothing is left', async () => {
    const { clock, said, invited, ladders, ended } = world();
    const call = invited('1');
    ladders.end(ended(call));
    await clock.advance(rememberedMs - 1);
    assert.deepEqual(said(call), ['INVITE']);
    await clock.advance(1);
    assert.deepEqual(said(call), []);
    assert.deepEqual(ladders.census(), { ladders: 0, bytes: 0 });
  });

  test('one that could not be committed leaves nothing', () => {
    const { invited, ladders } = world();
    ladders.end(invited('1'));
    assert.deepEqual(ladders.census(), { ladders: 0, bytes: 0 });
  });

  test('after a restart it begins anew, and says so', async () => {
    const { clock, callOf, hear, ladders, read } = world();
    const call = callOf('1', '1', { startedAt: clock.date() - 60_000 });
    ladders.begin(call);
    await clock.advance(1_000);
    hear('1', numbered(1));
    const { since, text } = read(call);
    assert.equal(since, clock.date() - 1_000);
    assert.match(text, /^.*\n +0\.000.*\[started again: kept from here on\].*\n +1\.000 .* M1 -/);
    assert.equal(read({ ...call, id: 'ended before' }).since, since);
  });
});

suite('what is shown', () => {
  test('commands and webhooks as they stand when it is read', async () => {
    const { clock, invited, ladders, read } = world();
    const call = invited('1');
    const asked = ladders.asked('1', 'POST refer', '127.0.0.1');
    const posted = { at: clock.date(), callId: '1', type: 'call.answered', origin: 'https://app.example' };
    const first = { ...posted, attempt: 1, answer: null, tookMs: null };
    ladders.posted(first);
    ladders.posted({ ...posted, attempt: 2, answer: 'connect ECONNREFUSED', tookMs: 3 });
    ladders.posted({ ...posted, callId: 'another', attempt: 1, answer: 200, tookMs: 3 });
    const notes = () =>
      read(call)
        .entries.slice(1)
        .map(({ kind, direction, peer: who, note }) => [kind, direction, who, note]);
    const second = ['webhook', 'out', 'https://app.example', 'attempt 2, connect ECONNREFUSED after 3 ms'];
    assert.deepEqual(notes(), [
      ['command', 'in', '127.0.0.1', null],
      ['webhook', 'out', 'https://app.example', 'no answer yet'],
      second,
    ]);
    asked.answer = '422 90033';
    Object.assign(first, { answer: 200, tookMs: 12 });
    assert.deepEqual(notes(), [
      ['command', 'in', '127.0.0.1', '422 90033'],
      ['webhook', 'out', 'https://app.example', '200 after 12 ms'],
      second,
    ]);
  });

  test('a call of ours begins with the dial or the transfer; one found in the store has none', async () => {
    const { clock, callOf, ladders, said } = world();
    const old = callOf('1', '1', { direction: 'outgoing' });
    await clock.advance(1);
    const call = callOf('2', '2', { direction: 'outgoing' });
    const other = callOf('3', '3', { direction: 'outgoing', link: { to: '2', parks: false } });
    for (const each of [old, call, other]) ladders.begin(each);
    assert.deepEqual([said(old), said(call), said(other)], [[], ['POST dial'], ['POST transfer']]);
  });

  test('messages in UTF-8, addresses of IPv6 in brackets, and no secret in summary, note or text', () => {
    const { ladders, callOf, read } = world();
    const call = callOf('1', '1');
    ladders.begin(call);
    const says = (text: string): void =>
      ladders.trace({ at: 0, direction: 'in', peer: { ...peer, host: '::1' }, text, callId: '1' });
    says(
      rawMessage('REFER sip:a SIP/2.0', {
        CSeq: '1 REFER',
        'Refer-To': '<sip:b:S3CRET@c?X-Token=S3CRET>',
        Subject: 'Gr\xc3\xbc\xc3\x9fe',
      }),
    );
    says('NONSENSE sip:a:S3CRET@b\r\nX-Token: S3CRET\r\n');
    const { entries, text } = read(call);
    assert.equal(entries[0]?.peer, 'udp:[::1]:5060');
    assert.match(entries[0]?.text ?? '', /Subject: Grüße/);
    assert.deepEqual(
      entries.map(({ summary }) => summary),
      ['REFER', 'NONSENSE sip:a:[redacted]@b'],
    );
    assert.doesNotMatch(JSON.stringify(entries) + text, /S3CRET/);
  });
});
