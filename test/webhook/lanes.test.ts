import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lanes } from '../../src/webhook/lanes.ts';

/** Tasks that wait to be let go, and the order in which they began. */
function tasks() {
  const began: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () =>
    new Promise<void>((resolve) => {
      began.push(name);
      ends.set(name, resolve);
    });
  const finish = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((done) => setImmediate(done));
  };
  return { began, task, finish };
}

describe('lanes', () => {
  it('run so many tasks at once and the others in order', async () => {
    const { began, task, finish } = tasks();
    const lanes = new Lanes(2);
    for (const name of ['1', '2', '3', '4', '5']) lanes.run('a', task(name));
    assert.deepEqual(began, ['1', '2']);
    await finish('2');
    assert.deepEqual(began, ['1', '2', '3']);
    lanes.run('a', task('6'));
    for (const name of ['1', '3', '4', '5']) await finish(name);
    assert.deepEqual(began, ['1', '2', '3', '4', '5', '6']);
  });

  it('are not in each other’s way', () => {
    const { began, task } = tasks();
    const lanes = new Lanes(1);
    for (const name of ['a1', 'a2', 'b1', 'c1', 'b2']) lanes.run(name.slice(0, 1), task(name));
    assert.deepEqual(began, ['a1', 'b1', 'c1']);
  });

  it('rest when all is done', async () => {
    const { task, finish } = tasks();
    const lanes = new Lanes(1);
    await lanes.rest();
    for (const name of ['a1', 'a2', 'b1']) lanes.run(name.slice(0, 1), task(name));
    let rested = false;
    const rest = lanes.rest().then(() => {
      rested = true;
    });
    for (const name of ['a1', 'b1']) await finish(name);
    assert.equal(rested, false);
    await finish('a2');
    await rest;
  });
});
