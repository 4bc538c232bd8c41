import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Defence, usualLimits } from '../../src/sip/defence.ts';

const defence = (more: Partial<typeof usualLimits> = {}): Defence => new Defence({ ...usualLimits, ...more });

function times(count: number, run: () => boolean): number {
  return Array.from({ length: count }, run).filter(Boolean).length;
}

test('a burst of two seconds, and then as much as comes back', () => {
  const held = defence({ requestsPerSecond: 5 });
  assert.equal(
    times(20, () => held.mayRequest('a', 0)),
    10,
  );
  assert.equal(
    times(20, () => held.mayRequest('a', 1000)),
    5,
  );
  assert.equal(
    times(20, () => held.mayRequest('a', 60_000)),
    10,
  );
  assert.equal(
    times(20, () => held.mayRequest('b', 60_000)),
    10,
    'each source has its own',
  );
});

test('no limit', () => {
  const held = defence({ requestsPerSecond: 0 });
  assert.equal(
    times(10_000, () => held.mayRequest('a', 0)),
    10_000,
  );
  assert.equal(held.size, 0);
});

test('failures within a while silence a source for a while', () => {
  const held = defence({ failures: 3, failureWindowMs: 1000, silenceMs: 5000 });
  assert.deepEqual([held.failed('a', 0), held.failed('a', 10)], [false, false]);
  assert.equal(held.isSilenced('a', 10), false);
  assert.equal(held.failed('a', 20), true);
  assert.deepEqual(
    [held.isSilenced('a', 5019), held.isSilenced('b', 30), held.isSilenced('a', 5020)],
    [true, false, false],
  );
});

test('failures far apart do not count together, and a success wipes them out', () => {
  const held = defence({ failures: 2, failureWindowMs: 1000 });
  assert.deepEqual([held.failed('a', 0), held.failed('a', 1000)], [false, false]);
  held.succeeded('a', 1001);
  assert.equal(held.failed('a', 1002), false);
  assert.equal(held.failed('a', 1003), true);
});

test('a challenge that is answered is not counted; others are forgiven one a second', () => {
  const held = defence({ unanswered: 2 });
  assert.equal(
    times(5, () => held.mayAsk('a', 0)),
    2,
  );
  held.succeeded('a', 0);
  assert.equal(
    times(5, () => held.mayAsk('a', 0)),
    1,
  );
  assert.equal(
    times(5, () => held.mayAsk('a', 1000)),
    1,
  );
});

test('the memory is bounded: who was not seen for the longest is forgotten', () => {
  const held = defence({ sources: 3 });
  for (const [at, source] of ['a', 'b', 'c'].entries()) held.silence(source, at);
  held.mayAsk('a', 10);
  held.mayAsk('d', 11);
  assert.equal(held.size, 3);
  assert.deepEqual(
    ['a', 'b', 'c'].map((source) => held.isSilenced(source, 12)),
    [true, false, true],
  );
  for (let n = 0; n < 1000; n += 1) held.failed(`source-${n}`, 20);
  assert.equal(held.size, 3);
});
