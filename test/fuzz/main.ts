// npm run fuzz [-- --seconds 120 --seed 1 --only parse,call]
// Every target in turn, again and again until the time is over, each execution from a seed of its own; then how many there
// were, how fast, and what they left in memory. One that throws, takes too long or keeps memory ends the run, and says how
// to have it once more: npm run fuzz -- --only NAME --execution SEED.
// The work is done in a thread, so that somebody is left to say which execution never came back.

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { Random, seedOf } from './random.ts';
import { targetsOf } from './targets.ts';

interface Plan {
  readonly seconds: number;
  readonly seed: number;
  readonly only: readonly string[];
  readonly execution: number | null;
  /** The number of the target and the seed it is at. */
  readonly at: Int32Array;
}

/** How long one execution may take before it counts as hung. */
const patienceMs = 10_000;
/** What the last round may hold more than the first, in bytes: what a compiler and its caches add in minutes. */
const growth = 16 * 2 ** 20;

if (isMainThread) await watch();
else await work(workerData as Plan);

async function watch(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      only: { type: 'string', default: '' },
      execution: { type: 'string' },
    },
  });
  const only = values.only === '' ? [] : values.only.split(',');
  const at = new Int32Array(new SharedArrayBuffer(8));
  const execution = values.execution === undefined ? null : Number(values.execution);
  const plan: Plan = { seconds: Number(values.seconds), seed: Number(values.seed), only, execution, at };
  const names = Object.keys(await targetsOf(only));
  if (names.length === 0)
    throw new Error(`There is no target of that name: ${Object.keys(await targetsOf([])).join(', ')}`);
  console.log(
    `seed ${plan.seed}, ${names.length} targets, ${execution === null ? `${plan.seconds} s` : 'one execution'}`,
  );
  const worker = new Worker(new URL(import.meta.url), { workerData: plan });
  let last = '';
  const watchdog = setInterval(() => {
    const now = `--only '${names[at[0]!]}' --execution ${at[1]! >>> 0}`;
    if (now === last) {
      console.error(`An execution does not come back: npm run fuzz -- ${now}`);
      process.exit(1);
    }
    last = now;
  }, patienceMs);
  worker.on('error', (error) => {
    console.error(error);
    process.exit(1);
  });
  worker.on('exit', (code) => {
    clearInterval(watchdog);
    process.exitCode = code;
  });
}

async function work(plan: Plan): Promise<void> {
  const targets = Object.entries(await targetsOf(plan.only));
  if (plan.execution !== null) {
    for (const [, execute] of targets) execute(new Random(plan.execution));
    return;
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const counts = targets.map(() => 0);
  const startedAt = performance.now();
  let held: number | null = null;
  for (let round = 0; performance.now() - startedAt < plan.seconds * 1000; round++) {
    targets.forEach(([name, execute], index) => {
      const until = performance.now() + 200;
      while (performance.now() < until) for (let left = 20; left > 0; left--) run(name, execute, index);
    });
    // The first rounds are for the compiler.
    if (round === 1) held = heapAfter(collect);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const total = counts.reduce((sum, count) => sum + count, 0);
  for (const [index, [name]] of targets.entries())
    console.log(`  ${name.padEnd(28)}${String(counts[index]).padStart(12)}`);
  console.log(`${total} executions in ${seconds.toFixed(0)} s, ${Math.round(total / seconds)}/s, seed ${plan.seed}`);
  if (held !== null) judge(heapAfter(collect) - held);

  function run(name: string, execute: (random: Random) => void, index: number): void {
    const seed = seedOf(plan.seed, counts[index]!);
    plan.at[0] = index;
    plan.at[1] = seed;
    counts[index]! += 1;
    try {
      execute(new Random(seed));
    } catch (error) {
      console.error(`${name} fails: npm run fuzz -- --only '${name}' --execution ${seed}`);
      throw error;
    }
  }
}

function heapAfter(collect: () => void): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function judge(grown: number): void {
  const text = `the heap has grown by ${(grown / 2 ** 20).toFixed(1)} MB since the second round`;
  if (grown > growth) throw new Error(`Memory is kept: ${text}.`);
  console.log(text);
}
