import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Settlement } from '../../src/store/store.ts';
import { Settlements } from '../../src/webhook/settlements.ts';
import { fakeSystem } from '../support/fake-system.ts';

const of = (id: string, attempts = 1): Settlement => ({
  id,
  status: 'delivered',
  attempts,
  dueAt: 0,
  progress: null,
  log: [`${id}${attempts}`],
});

/** A store that remembers what was written, can be made slow, and fails as often as it is told to. */
function recorder() {
  const written: string[][] = [];
  const logged: string[] = [];
  const waiting: (() => void)[] = [];
  const state = { failures: 0, slow: false };
  const settle = async (settlements: readonly Settlement[]): Promise<void> => {
    if (state.slow) await new Promise<void>((resolve) => waiting.push(resolve));
    if (state.failures-- > 0) throw new Error('the disk is full');
    written.push(settlements.map(({ id, attempts }) => `${id} ${attempts}`));
    logged.push(...settlements.map(({ log }) => log.join(' ')));
  };
  return { written, logged, waiting, state, store: { settle } };
}

describe('settlements', () => {
  it('writes what one turn gathered together', async () => {
    const system = fakeSystem();
    const { store, written } = recorder();
    const settlements = new Settlements(system, store);
    assert.equal(settlements.idle(), true);
    settlements.add(of('a'));
    settlements.add(of('b'));
    assert.equal(settlements.idle(), false);
    await system.clock.settle();
    settlements.add(of('c'));
    await system.clock.settle();
    assert.deepEqual(written, [['a 1', 'b 1'], ['c 1']]);
    assert.equal(settlements.idle(), true);
  });

  it('has one write under way and gathers meanwhile; the newest of an event counts', async () => {
    const system = fakeSystem();
    const { store, written, waiting, state } = recorder();
    const settlements = new Settlements(system, store);
    state.slow = true;
    settlements.add(of('a'));
    await system.clock.settle();
    settlements.add(of('b', 1));
    settlements.add(of('c'));
    settlements.add(of('b', 2));
    await system.clock.settle();
    assert.equal(waiting.length, 1);
    state.slow = false;
    waiting.shift()?.();
    await system.clock.settle();
    assert.deepEqual(written, [['a 1'], ['b 2', 'c 1']]);
  });

  it('settle-fails-once: is logged and repeated with what came since', async () => {
    const system = fakeSystem();
    const { store, written, state } = recorder();
    const settlements = new Settlements(system, store);
    state.failures = 1;
    settlements.add(of('a', 1));
    settlements.add(of('b'));
    await system.clock.settle();
    settlements.add(of('a', 2));
    await system.clock.advance(999);
    assert.deepEqual(written, []);
    assert.equal(settlements.idle(), false);
    assert.equal(system.log.at('error').length, 1);
    await system.clock.advance(1);
    assert.deepEqual(written, [['a 2', 'b 1']]);
    assert.equal(settlements.idle(), true);
    assert.equal(system.clock.armed, 0);
  });

  it('no attempt is lost while the store fails, and not too many are gathered', async () => {
    const system = fakeSystem();
    const { store, logged, state } = recorder();
    const settlements = new Settlements(system, store);
    state.failures = 2;
    for (const attempts of [1, 2]) {
      settlements.add(of('a', attempts));
      await system.clock.settle();
    }
    settlements.add(of('b', 1));
    await system.clock.advance(999);
    for (let attempts = 2; attempts <= 12; attempts += 1) settlements.add(of('b', attempts));
    await system.clock.advance(1_001);
    assert.deepEqual(logged, ['a1 a2', 'b1 b4 b5 b6 b7 b8 b9 b10 b11 b12']);
  });

  it('writes what is left when it is stopped', async () => {
    const system = fakeSystem();
    const { store, written, state, waiting } = recorder();
    const settlements = new Settlements(system, store);
    state.slow = true;
    settlements.add(of('a'));
    await system.clock.settle();
    state.slow = false;
    settlements.add(of('b'));
    const stopped = settlements.stop();
    waiting.shift()?.();
    await stopped;
    await system.clock.settle();
    assert.deepEqual(written, [['a 1'], ['b 1']]);
    assert.equal(settlements.idle(), true);
  });

  it('stops although the store fails, and leaves no timer', async () => {
    const system = fakeSystem();
    const { store, written, state } = recorder();
    const settlements = new Settlements(system, store);
    state.failures = 5;
    settlements.add(of('a'));
    await system.clock.settle();
    await settlements.stop();
    await system.clock.advance(10_000);
    assert.deepEqual(written, []);
    assert.equal(system.clock.armed, 0);
    assert.equal(state.failures, 3, 'it was tried at once, and once more at the end');
    assert.equal(system.log.at('error').length, 1);
  });
});
