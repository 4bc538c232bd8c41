import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Draining } from '../src/draining.ts';
import { fakeSystem } from './support/fake-system.ts';

test('draining: no call may begin from the moment it begins, and it ends when all is done', async () => {
  const { clock } = fakeSystem();
  const draining = new Draining(clock, 5_000);
  assert.equal(draining.obstacle, null);
  let isDone = false;
  let ended: boolean | null = null;
  void draining
    .until(() => isDone)
    .then((inTime) => {
      ended = inTime;
    });
  assert.deepEqual(draining.obstacle, {
    name: 'unavailable',
    detail: 'The server is stopping: it takes no new calls.',
  });
  await clock.advance(1_000);
  assert.equal(ended, null);
  isDone = true;
  await clock.advance(20);
  assert.equal(ended, true);
  assert.equal(clock.armed, 0);
});

test('draining: what is never done is waited for no longer than it may take', async () => {
  const { clock } = fakeSystem();
  let ended: boolean | null = null;
  void new Draining(clock, 5_000)
    .until(() => false)
    .then((inTime) => {
      ended = inTime;
    });
  await clock.advance(4_980);
  assert.equal(ended, null);
  await clock.advance(20);
  assert.equal(ended, false);
  assert.equal(clock.armed, 0);
});

test('draining: with no time to wait nothing is waited for', async () => {
  assert.equal(await new Draining(fakeSystem().clock, 0).until(() => false), false);
});
