// Every point of every flow, or of those that are named: npm run crash -- [--lanes 2] [--seconds 600] [--at POINT] [flow ...]
// Their order is spread over flows and effects by a seed, so that any beginning of it is a sample. With --scenarios, every
// step of every scenario under fake time instead, or of those whose names begin so.
import { parseArgs } from 'node:util';
import { flows } from './flows.ts';
import { Lanes } from './lanes.ts';
import { spread } from './sample.ts';
import { killedAt, type Place, places } from './scenarios.ts';

const { values, positionals } = parseArgs({
  options: {
    lanes: { type: 'string', default: '2' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    at: { type: 'string' },
    scenarios: { type: 'boolean' },
  },
  allowPositionals: true,
});
if (values.scenarios) process.exit(await playScenarios(positionals));
const { at } = values;
const names = Object.keys(flows).filter((name) => positionals.length === 0 || positionals.includes(name));
const startedAt = performance.now();
const lanes = await Lanes.open(Number(values.lanes));
const points = at ? names.map((flow) => ({ flow, at })) : spread(await lanes.points(names), Number(values.seed));
console.log(`${points.length} points of ${names.length} flows, seed ${values.seed}`);
const counts = { survived: 0, 'not reached': 0, failed: 0 };
await lanes.kill(
  points,
  (point, outcome) => {
    counts[outcome instanceof Error ? 'failed' : outcome] += 1;
    if (outcome instanceof Error) console.error(`${outcome.message}\n`);
    if (outcome === 'not reached') console.log(`not reached: ${point.flow}, ${point.at}`);
  },
  Number(values.seconds) * 1_000,
);
await lanes.close();
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
console.log(
  `${Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')} in ${seconds} s`,
);
process.exit(counts.failed > 0 ? 1 : 0);

/** Resolves with the exit code. */
async function playScenarios(beginnings: readonly string[]): Promise<number> {
  const isWanted = ({ scenario: { name } }: Place) =>
    beginnings.length === 0 || beginnings.some((beginning) => name.startsWith(beginning));
  const all = (await places()).filter(isWanted);
  console.log(`${all.length} steps of ${new Set(all.map(({ scenario }) => scenario)).size} scenarios`);
  let failed = 0;
  for (const place of all) {
    await killedAt(place).catch((error: Error) => {
      failed += 1;
      console.error(`${place.scenario.name}, killed before step ${place.step}: ${error.message}\n`);
    });
  }
  console.log(`${all.length - failed} survived, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
