// The server killed with SIGKILL before and after what it does, and started again, on real sockets and a real database: a
// sample of the points that `npm run crash` tries all of. See test/crash/matrix.ts for what is judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flows } from '../crash/flows.ts';
import { Lanes } from '../crash/lanes.ts';
import { spread } from '../crash/sample.ts';

const seed = 3261;
const lanesCount = 2;
/** On a machine of two cores that has nothing else to do, these take about a minute. */
const most = 250;
/** On a slower one fewer are tried. */
const forMs = 75_000;

test('killed at any point of any flow: nothing that was promised is lost, and nothing is told twice', async (t) => {
  const lanes = await Lanes.open(lanesCount);
  const failures: string[] = [];
  const tried = new Set<string>();
  let survived = 0;
  const points = spread(await lanes.points(), seed).slice(0, most);
  await lanes.kill(
    points,
    (point, outcome) => {
      if (outcome instanceof Error) failures.push(outcome.message);
      if (outcome === 'survived') survived += 1;
      if (outcome !== 'not reached') tried.add(point.flow);
    },
    forMs,
  );
  await lanes.close();
  t.diagnostic(`${survived} kills of ${points.length} points`);
  assert.deepEqual(failures, []);
  assert.deepEqual([...tried].sort(), Object.keys(flows).sort(), 'a flow was not killed once');
});
