import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epoch, fakeProcess, fakeSystem } from './fake-system.ts';

test('timers fire in order of time, then of arming, each at its own instant', async () => {
  const { clock } = fakeSystem();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.now()}`);
  clock.after(20, note('late'));
  clock.after(10, note('first'));
  clock.after(10, note('second'));
  clock.cancel(clock.after(5, note('cancelled')));
  await clock.advance(15);
  assert.deepEqual(fired, ['first@10', 'second@10']);
  assert.equal(clock.date(), epoch + 15);
  assert.equal(clock.armed, 1);
  assert.equal(clock.nextInMs, 5);
  await clock.advance(5);
  assert.deepEqual(fired, ['first@10', 'second@10', 'late@20']);
  assert.equal(clock.nextInMs, null);
});

test('what a timer sets off settles before the next one fires', async () => {
  const { clock } = fakeSystem();
  const seen: string[] = [];
  clock.after(1, async () => {
    await Promise.resolve();
    clock.soon(() => {
      seen.push('soon');
      void Promise.resolve().then(() => seen.push('promise'));
      clock.after(0, () => seen.push('at once'));
    });
  });
  clock.after(2, () => seen.push('next'));
  await clock.advance(2);
  assert.deepEqual(seen, ['soon', 'promise', 'at once', 'next']);
});

test('whatever was armed and cancelled, timers fire in order', async () => {
  const { clock } = fakeSystem();
  const fired: number[] = [];
  const expected: number[] = [];
  for (let n = 0; n < 500; n += 1) {
    const at = (n * 7_919) % 997;
    const timer = clock.after(at, () => fired.push(at));
    if (n % 3 === 0) clock.cancel(timer);
    else expected.push(at);
  }
  assert.equal(clock.armed, expected.length);
  await clock.sweep(997);
  assert.deepEqual(
    fired,
    expected.sort((a, b) => a - b),
  );
  assert.equal(clock.armed, 0);
});

test('a sweep fires what is due at one instant in one turn, but for what was cancelled or armed meanwhile', async () => {
  const { clock } = fakeSystem();
  const seen: string[] = [];
  clock.after(1, () => {
    seen.push('first');
    clock.soon(() => seen.push('soon'));
    clock.cancel(cancelled);
    clock.after(0, () => seen.push('next turn'));
  });
  const cancelled = clock.after(1, () => seen.push('cancelled'));
  clock.after(1, () => seen.push('second'));
  clock.after(2, () => seen.push('later'));
  await clock.sweep(2);
  assert.deepEqual(seen, ['first', 'second', 'soon', 'next turn', 'later']);
});

test('a duration that is no number is a bug of whoever armed the timer', () => {
  assert.throws(() => fakeSystem().clock.after(Number.NaN, () => {}), RangeError);
});

test('a timer that arms itself again at once is noticed', async () => {
  const { clock } = fakeSystem();
  const again = (): unknown => clock.after(0, again);
  again();
  // Settling takes real turns of the event loop, so this one jumps the queue.
  clock.settle = () => Promise.resolve();
  await assert.rejects(clock.advance(1), /time stands still/);
});

test('ids count up in the forms of the real ones', () => {
  const { ids } = fakeSystem();
  assert.deepEqual([ids.seed(), ids.seed()], ['0000000000000001', '0000000000000002']);
  assert.match(ids.uuid(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(ids.callControlId(), /^v3:[0-9a-f]{64}$/);
});

test('the log remembers by level', () => {
  const { log } = fakeSystem();
  log.info({ call: 1 }, 'started');
  log.error({ error: new Error('boom') }, 'failed');
  assert.deepEqual(log.at('info'), ['started {"call":1}']);
  assert.match(log.at('error')[0] ?? '', /^failed .*boom/);
});

test('a killed process fires nothing, and the next one starts its monotonic clock anew', async () => {
  const system = fakeSystem();
  await system.clock.advance(100);
  const first = fakeProcess(system);
  const seen: string[] = [];
  first.clock.after(10, () => seen.push('timer'));
  first.clock.soon(() => seen.push('soon'));
  assert.equal(first.armed, 1);
  first.kill();
  first.clock.after(1, () => seen.push('after death'));
  await system.clock.advance(100);
  assert.deepEqual(seen, []);
  assert.equal(system.clock.armed, 0);
  const second = fakeProcess(system);
  assert.equal(second.clock.now(), 0);
  assert.equal(second.clock.date(), epoch + 200);
});
