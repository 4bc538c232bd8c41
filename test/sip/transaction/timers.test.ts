import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationsOf, patienceMs, standardTiming } from '../../../src/sip/transaction/timers.ts';

// RFC 3261 table 4, with L and M of RFC 6026 and the 100 of RFC 4320.
const table = [
  ['A', 500, 500],
  ['B', 32_000, 32_000],
  ['D', 32_000, 0],
  ['E', 500, 500],
  ['F', 32_000, 32_000],
  ['G', 500, 500],
  ['H', 32_000, 32_000],
  ['I', 5000, 0],
  ['J', 32_000, 0],
  ['K', 5000, 0],
  ['L', 32_000, 32_000],
  ['M', 32_000, 32_000],
  ['100', 3500, 3500],
] as const;

for (const [timer, unreliable, reliable] of table) {
  test(`Timer ${timer} is ${unreliable} ms over an unreliable transport, ${reliable} over a reliable one`, () => {
    assert.equal(durationsOf(standardTiming, false)[timer], unreliable);
    assert.equal(durationsOf(standardTiming, true)[timer], reliable);
  });
}

test('every timer follows T1, T2 and T4', () => {
  const timing = { t1: 10, t2: 40, t4: 50 };
  assert.equal(patienceMs(timing), 640);
  assert.deepEqual(durationsOf(timing, false), {
    ...{ A: 10, B: 640, D: 640, E: 10, F: 640, G: 10, H: 640, I: 50, J: 640, K: 50, L: 640, M: 640, '100': 30, t2: 40 },
  });
});
