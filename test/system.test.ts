// What the machine lends, as far as it is ours: the real clock's timers. The rest is Node's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSystem, realClock, realIds } from '../src/system.ts';

test('a timer runs once', async () => {
  let runs = 0;
  await new Promise<void>((resolve) =>
    realClock.after(1, () => {
      runs += 1;
      resolve();
    }),
  );
  assert.equal(runs, 1);
});

test('a timer that is due may still be cancelled by what is read before it runs', async () => {
  let ran = false;
  const timer = realClock.after(1, () => {
    ran = true;
  });
  // Timers of one duration fall due in the order they were set: this one finds the first due and not yet run.
  await new Promise<void>((resolve) =>
    setTimeout(() => {
      realClock.cancel(timer);
      setImmediate(resolve);
    }, 1),
  );
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ran, false);
});

test('a cancelled timer does not run', async () => {
  let ran = false;
  realClock.cancel(
    realClock.after(0, () => {
      ran = true;
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 2));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ran, false);
});

test('a timer that was never set may be cancelled', () => {
  assert.doesNotThrow(() => realClock.cancel(null));
});

test('a seed is 64 bits, and none comes twice', () => {
  const ids = realIds();
  const seeds = Array.from({ length: 10_000 }, () => ids.seed());
  assert.ok(seeds.every((seed) => /^[0-9a-f]{16}$/.test(seed)));
  assert.equal(new Set(seeds).size, seeds.length);
});

test('without a log of its own, a system tells what is wrong on standard error and nothing else', (t) => {
  const heard = { debug: 0, info: 0, warn: 0, error: 0 };
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    t.mock.method(console, level, () => {
      heard[level] += 1;
    });
    openSystem().log[level]({}, 'a sentence');
  }
  assert.deepEqual(heard, { debug: 0, info: 0, warn: 1, error: 1 });
});

test('a system has the log that is given', () => {
  assert.equal(openSystem(console).log, console);
});
