import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RepeatKind, Repeats } from '../../../src/sip/transaction/repeats.ts';
import { standardTiming } from '../../../src/sip/transaction/timers.ts';
import { fakeClock } from '../../support/fake-system.ts';

async function run(kind: RepeatKind, timeoutMs?: number): Promise<number[]> {
  const clock = fakeClock();
  const repeats = new Repeats(clock, standardTiming);
  const sent: number[] = [];
  repeats.start('id', kind, () => sent.push(clock.now()), timeoutMs);
  await clock.advance(100_000);
  assert.equal(repeats.size, 0);
  assert.equal(clock.armed, 0);
  return sent;
}

test('a 2xx is sent at once, and after T1 doubling up to T2, for 64*T1 (RFC 3261 §13.3.1.4)', async () => {
  const instants = [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
  assert.deepEqual(await run('2xx'), instants);
});

test('a reliable provisional response is sent at once, and after T1 doubling without bound (RFC 3262 §3)', async () => {
  assert.deepEqual(await run('reliable-1xx'), [0, 500, 1500, 3500, 7500, 15_500, 31_500]);
});

test('a restored response is sent for what is left of its time', async () => {
  assert.deepEqual(await run('2xx', 1600), [0, 500, 1500]);
  assert.deepEqual(await run('2xx', 500), [0], 'nothing at the very end');
});

test('quiet ends it; a second start under the same id replaces the first', async () => {
  const clock = fakeClock();
  const repeats = new Repeats(clock, standardTiming);
  const sent: string[] = [];
  repeats.start('id', '2xx', () => sent.push('first'));
  repeats.start('id', '2xx', () => sent.push('second'));
  await clock.advance(600);
  repeats.quiet('id');
  repeats.quiet('id');
  await clock.advance(60_000);
  assert.deepEqual(sent, ['first', 'second', 'second']);
  assert.equal(clock.armed, 0);
});

test('what is sent may itself end it', async () => {
  const clock = fakeClock();
  const repeats = new Repeats(clock, standardTiming);
  let sent = 0;
  repeats.start('id', '2xx', () => {
    sent += 1;
    if (sent === 2) repeats.quiet('id');
  });
  await clock.advance(60_000);
  assert.equal(sent, 2);
});
