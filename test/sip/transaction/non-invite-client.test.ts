// RFC 3261 figure 6.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as machine from '../../../src/sip/transaction/non-invite-client.ts';
import { clientFixed, clientInputs, show, walk } from './figure.ts';

const states: readonly machine.State[] = [
  { name: 'trying', resendInMs: 500 },
  { name: 'proceeding' },
  { name: 'completed' },
  { name: 'terminated' },
];

const common = {
  'trying + E': 'trying: send REFER, arm E 1000',
  'trying + F': 'terminated: tell timeout',
  'trying + failed': 'terminated: tell failed',
  'trying + 100': 'proceeding',
  'trying + 180': 'proceeding: tell 180',
  'proceeding + E': 'proceeding: send REFER, arm E 4000',
  'proceeding + F': 'terminated: tell timeout',
  'proceeding + failed': 'terminated: tell failed',
  'proceeding + 180': 'proceeding: tell 180',
  'completed + K': 'terminated',
};

const finals = (line: (status: number) => string): Record<string, string> =>
  Object.fromEntries(
    [200, 302, 486, 503, 603].flatMap((status) => [
      [`trying + ${status}`, line(status)],
      [`proceeding + ${status}`, line(status)],
    ]),
  );

test('over an unreliable transport every arrow is that of the figure', () => {
  walk(machine, clientFixed('REFER', false), states, clientInputs('REFER'), {
    ...common,
    ...finals((status) => `completed: arm K 5000, tell ${status}`),
  });
});

test('over a reliable transport Completed is left at once', () => {
  walk(machine, clientFixed('REFER', true), states, clientInputs('REFER'), {
    ...common,
    ...finals((status) => `terminated: tell ${status}`),
  });
});

test('it begins by sending, and repeats only over an unreliable transport', () => {
  assert.equal(show(machine.start(clientFixed('BYE', false))), 'trying: send BYE, arm F 32000, arm E 500');
  assert.equal(show(machine.start(clientFixed('BYE', true))), 'trying: send BYE, arm F 32000');
});

test('Timer E doubles up to T2', () => {
  const tx = clientFixed('BYE', false);
  let step = machine.start(tx);
  const waits: unknown[] = [];
  for (let copy = 0; copy < 5; copy += 1) {
    step = machine.transition(tx, step.state, { type: 'timer', timer: 'E' });
    waits.push(step.effects.map((effect) => (effect.type === 'arm' ? effect.ms : null)).find((ms) => ms !== null));
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 4000, 4000]);
});
