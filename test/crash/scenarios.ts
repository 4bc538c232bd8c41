// Every scenario of test/scenario once more under fake time, with the server killed and started again before one of its steps:
// what the script expects of its peers and its application does not change. Knows which scenarios that does not hold for.
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { collect, play, type Scenario, stepsOf } from '../support/play.ts';

export interface Place {
  readonly scenario: Scenario;
  /** The number of the step that the server is killed before. */
  readonly step: number;
}

/** Files whose scenarios are about what lives and dies with the process, and why. */
const mortal: Readonly<Record<string, string>> = {
  'admission.test.ts': 'nonces and the counts of refusals are kept in memory: who was asked is asked again',
  'registration.test.ts': 'the nonce count of our own registrations begins anew with each process',
  'ladder.test.ts': 'ladders are kept in memory',
  'store-fails.test.ts': 'the store fails at a commit that is counted in one process',
  'overload.test.ts': 'the load is measured in one process',
  'crowd.test.ts': 'has no script',
};

/** Scenarios of other files, by the beginning of their name. */
const exceptions: readonly (readonly [beginning: string, why: string])[] = [
  [
    'bridge: one hangs up while they are being joined',
    'the re-INVITE of a call that has ended is not remembered: after a restart its 487 is not acknowledged',
  ],
  ['hold, and the application hangs up before the peer has agreed', 'the same'],
  ['secrets are not told', 'a trunk of it is registered with, and registrations begin anew with each process'],
];

/** Where each scenario can be killed. One that kills the server itself is left to its own script. */
export async function places(): Promise<readonly Place[]> {
  const files = globSync(join(import.meta.dirname, '../scenario/*.test.ts'))
    .sort()
    .filter((file) => !(basename(file) in mortal));
  const all = await collect(async () => {
    // Under a name of its own each file is read anew, and its scenarios come here instead of to the test runner.
    for (const file of files) await import(`${file}?places`);
  });
  return all
    .filter(({ name }) => !exceptions.some(([beginning]) => name.startsWith(beginning)))
    .flatMap((scenario) => {
      const steps = stepsOf(scenario);
      if (steps.some((what) => /^(restarts|kills|starts)\(\)/.test(what))) return [];
      return steps.slice(1).map((_, before) => ({ scenario, step: before + 1 }));
    });
}

export async function killedAt({ scenario: { name, options, script }, step }: Place): Promise<void> {
  await play(name, { ...options, restartBefore: step }, script);
}
