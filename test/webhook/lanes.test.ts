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
    const lanes = new Lanes(2, 0);
    for (const name of ['1', '2', '3', '4', '5']) lanes.run('a', 'new', task(name));
    assert.deepEqual(began, ['1', '2']);
    await finish('2');
    assert.deepEqual(began, ['1', '2', '3']);
    lanes.run('a', 'new', task('6'));
    for (const name of ['1', '3', '4', '5']) await finish(name);
    assert.deepEqual(began, ['1', '2', '3', '4', '5', '6']);
  });

  it('are not in each other’s way', () => {
    const { began, task } = tasks();
    const lanes = new Lanes(1, 0);
    for (const name of ['a1', 'a2', 'b1', 'c1', 'b2']) lanes.run(name.slice(0, 1), 'new', task(name));
    assert.deepEqual(began, ['a1', 'b1', 'c1']);
  });

  it('rest when all is done', async () => {
    const { task, finish } = tasks();
    const lanes = new Lanes(1, 0);
    await lanes.rest();
    for (const name of ['a1', 'a2', 'b1']) lanes.run(name.slice(0, 1), 'new', task(name));
    let rested = false;
    const rest = lanes.rest().then(() => {
      rested = true;
    });
    for (const name of ['a1', 'b1']) await finish(name);
    assert.equal(rested, false);
    await finish('a2');
    await rest;
  });

  it('let what is new go first, and keep some room for either kind', async () => {
    const { began, task, finish } = tasks();
    const lanes = new Lanes(4, 1);
    for (const name of ['l1', 'l2', 'l3', 'l4']) lanes.run('a', 'late', task(name));
    assert.deepEqual(began, ['l1', 'l2', 'l3'], 'one place is kept for what is new');
    for (const name of ['n1', 'n2', 'n3', 'n4', 'n5']) lanes.run('a', 'new', task(name));
    assert.deepEqual(began.slice(3), ['n1']);
    for (const name of ['l1', 'l2', 'l3']) await finish(name);
    assert.deepEqual(began.slice(4), ['n2', 'n3', 'l4'], 'and one for what is late');
    await finish('l4');
    assert.deepEqual(began.slice(7), ['n4'], 'all of it, where the other kind wants none');
  });
});
