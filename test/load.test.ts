import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Load } from '../src/load.ts';

/** A load of which `busy` and `calls` can be set; `in(ms)` lets time pass and says how many of `offered` calls got in. */
function loaded({ maxCalls = 1_000_000 } = {}) {
  const world = { now: 0, busy: 0, calls: 0 };
  const load = new Load({
    now: () => world.now,
    utilization: () => world.busy,
    calls: () => world.calls,
    maxCalls,
  });
  const offer = (calls: number) => Array.from({ length: calls }, () => load.admits()).filter(Boolean).length;
  const after = (ms: number, offered: number) => {
    world.now += ms;
    return offer(offered);
  };
  return { world, load, offer, after };
}

suite('load', () => {
  test('all are let in while there is time for them', () => {
    const { world, after } = loaded();
    world.busy = 0.94;
    assert.deepEqual([after(500, 100), after(500, 100), after(500, 100)], [100, 100, 100]);
  });

  test('too busy: ever fewer are let in, evenly, but for ten a second that are let in always', () => {
    const { world, load, after } = loaded();
    world.busy = 1;
    assert.deepEqual([after(500, 100), after(500, 100), after(500, 100)], [79, 54, 40]);
    for (let count = 0; count < 20; count += 1) after(500, 1000);
    assert.equal(after(500, 1000), 15);
    const inRow = Array.from({ length: 200 }, () => load.admits());
    assert.equal(inRow.filter(Boolean).length, 2, 'one in a hundred');
  });

  test('busy with something else, such as its own start: few calls are all let in', () => {
    const { world, after } = loaded();
    world.busy = 1;
    assert.deepEqual(Array.from({ length: 100 }, () => after(200, 1)).includes(0), false);
  });

  test('back to all within five seconds, asked or not', () => {
    const { world, load, after } = loaded();
    world.busy = 1;
    for (let count = 0; count < 20; count += 1) after(500, 10);
    world.busy = 0.2;
    after(2_500, 1);
    assert.ok(load.share > 0.5 && load.share < 0.6, String(load.share));
    after(2_500, 1);
    assert.equal(load.share, 1);
  });

  test('between busy and too busy it stays as it is', () => {
    const { world, load, after } = loaded();
    world.busy = 1;
    after(500, 1);
    world.busy = 0.9;
    after(60_000, 1);
    assert.equal(load.share, 0.7);
  });

  test('it is looked at every half second, not at every call', () => {
    let asked = 0;
    const clock = { now: 0 };
    const utilization = () => {
      asked += 1;
      return 1;
    };
    const load = new Load({ now: () => clock.now, utilization, calls: () => 0, maxCalls: 10 });
    for (clock.now = 0; clock.now < 1_000; clock.now += 1) load.admits();
    assert.equal(asked, 1);
  });

  test('no more calls than there may be, whatever time there is; each that is turned away is counted', () => {
    const { world, load, offer } = loaded({ maxCalls: 2 });
    world.calls = 1;
    assert.equal(offer(1), 1);
    world.calls = 2;
    assert.equal(offer(3), 0);
    world.calls = 1;
    assert.equal(offer(1), 1);
    assert.equal(load.turnedAway, 3);
  });
});
