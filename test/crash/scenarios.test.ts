// A sample of what `npm run crash -- --scenarios` plays all of: each scenario, with the server killed before one of its steps.
import { test } from 'node:test';
import { Random } from '../fuzz/random.ts';
import { killedAt, places } from './scenarios.ts';

const seed = 5589;
const most = 30;

const random = new Random(seed);
const sample = (await places())
  .map((place) => ({ place, at: random.next() }))
  .sort((a, b) => a.at - b.at)
  .slice(0, most);

for (const { place } of sample) {
  test(`${place.scenario.name}, killed before step ${place.step}`, async () => {
    await killedAt(place);
  });
}
