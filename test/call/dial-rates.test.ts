import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DialRates } from '../../src/call/dial-rates.ts';

const tooMany = { name: 'too-many-dials', rate: { limit: 4, resetS: 2 } };
const [one, other] = [
  { id: 'one', dialsPerSecond: 2 },
  { id: 'other', dialsPerSecond: 2 },
];

test('dials: a burst of two seconds for each application, and then as much as comes back', () => {
  let now = 0;
  const rates = new DialRates(() => now);
  for (let dial = 0; dial < 4; dial += 1) assert.equal(rates.take(one, 1), null);
  assert.deepEqual(rates.take(one, 1), tooMany);
  assert.equal(rates.take(other, 4), null);
  now = 500;
  assert.equal(rates.take(one, 1), null);
  assert.deepEqual(rates.take(one, 1), tooMany);
  now = 60_000;
  assert.equal(rates.take(one, 4), null);
});

test('dials: several at once are all begun or none', () => {
  const rates = new DialRates(() => 0);
  assert.equal(rates.take(one, 3), null);
  assert.deepEqual(rates.take(one, 2), tooMany);
  assert.equal(rates.take(one, 1), null);
});

test('dials: without a limit nothing is counted', () => {
  const rates = new DialRates(() => 0);
  assert.equal(rates.take({ id: 'any', dialsPerSecond: null }, 1_000_000), null);
});
