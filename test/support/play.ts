// Scenarios: a call flow written as a script, played against the whole server (stage.ts) and drawn as a ladder that is
// compared with the one in golden/. Every scenario must end in an empty world.
import { test } from 'node:test';
import { Stage } from './stage.ts';
import type { ScenarioOptions, World } from './world.ts';

export interface Scenario {
  readonly name: string;
  readonly options: ScenarioOptions;
  readonly script: (world: World) => void;
}

/** Where scenarios are put while they are collected; otherwise each is a test. */
let collected: Scenario[] | null = null;

/** The scenarios that `load` imports, instead of making tests of them. */
export async function collect(load: () => Promise<unknown>): Promise<readonly Scenario[]> {
  const found: Scenario[] = [];
  collected = found;
  try {
    await load();
  } finally {
    collected = null;
  }
  return found;
}

export function scenario(name: string, script: (world: World) => void): void;
export function scenario(name: string, options: ScenarioOptions, script: (world: World) => void): void;
export function scenario(
  name: string,
  first: ScenarioOptions | ((world: World) => void),
  second?: (world: World) => void,
): void {
  const options = typeof first === 'function' ? {} : first;
  const script = typeof first === 'function' ? first : second!;
  if (collected) {
    collected.push({ name, options, script });
    return;
  }
  test(name, async () => {
    await play(name, options, script);
  });
}

/** The same without node:test around it; resolves to the number of commits. */
export async function play(name: string, options: ScenarioOptions, script: (world: World) => void): Promise<number> {
  const stage = new Stage(options);
  script(stage.world);
  await stage.play(name);
  return stage.commits;
}

/**
 * The same scenario, killed and started again before each of its steps in turn, and in the middle of each of its commits,
 * before anything is written and after all of it is; its events must come out the same.
 */
export function killedAnywhere(name: string, script: (world: World) => void): void;
export function killedAnywhere(name: string, options: ScenarioOptions, script: (world: World) => void): void;
export function killedAnywhere(
  name: string,
  first: ScenarioOptions | ((world: World) => void),
  second?: (world: World) => void,
): void {
  const options = typeof first === 'function' ? {} : first;
  const script = typeof first === 'function' ? first : second!;
  if (collected) return;
  for (let step = 1; step < stepsOf({ options, script }).length; step += 1) {
    test(`${name}, killed before step ${step}`, async () => {
      await play(name, { ...options, restartBefore: step }, script);
    });
  }
  for (const when of ['before', 'after'] as const) {
    test(`${name}, killed ${when} each commit`, async (context) => {
      for (let count = 1, commits = 1; count <= commits; count += 1) {
        await context.test(`${count}`, async () => {
          commits = await play(name, { ...options, killAtCommit: { count, when } }, script);
        });
      }
    });
  }
}

export function stepsOf({ options, script }: Pick<Scenario, 'options' | 'script'>): readonly string[] {
  const stage = new Stage(options);
  script(stage.world);
  return stage.steps;
}
