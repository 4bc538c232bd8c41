// What the machine lends, as far as it is ours: the real clock's timers. The rest is Node's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSystem, ordered, realClock, realIds } from '../src/system.ts';

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

test('a call_control_id sorts after all before it, fits a path as it is, and has 128 bits of chance', () => {
  const ids = realIds();
  const made = Array.from({ length: 10_000 }, () => ids.callControlId());
  assert.deepEqual(made.toSorted(), made);
  assert.ok(made.every((id) => /^v3:[0-9a-v]{13}[0-9a-f]{32}$/.test(id)));
  assert.equal(new Set(made.map((id) => id.slice(-32))).size, made.length);
});

test('texts in order: by time, within a millisecond, when the clock is set back, and when one is too short for all', () => {
  const next = ordered();
  const now = Date.UTC(2026, 0, 1);
  const instants = [now, now, now + 1, now - 5_000, now, now + 2, Date.UTC(2999, 0, 1)];
  const made = instants.map(next);
  assert.deepEqual([made.toSorted(), new Set(made).size], [made, made.length]);
  assert.equal(made[0], `${now.toString(32).padStart(10, '0')}000`);
  const many = ordered();
  const first = Array.from({ length: 32 ** 3 }, () => many(now));
  const [last, over, later] = [first.at(-1)!, many(now), many(now + 1)];
  assert.deepEqual([last.slice(0, 10), last.slice(10)], [first[0]!.slice(0, 10), 'vvv']);
  assert.ok(last < over && over < later && over.length === last.length);
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
