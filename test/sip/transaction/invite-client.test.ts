// RFC 3261 figure 5 as RFC 6026 figure 4 (§8.4) redraws it, and with the end that §9.1 gives an INVITE that was cancelled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as machine from '../../../src/sip/transaction/invite-client.ts';
import { clientFixed, clientInputs, responseTo, show, textOf, walk } from './figure.ts';

const states: readonly machine.State[] = [
  { name: 'calling', resendInMs: 500 },
  { name: 'proceeding' },
  { name: 'cancelling' },
  { name: 'accepted' },
  { name: 'completed', ack: textOf('ACK') },
  { name: 'terminated' },
];

const common = {
  'calling + B': 'terminated: tell timeout',
  'calling + failed': 'terminated: tell failed',
  'calling + 100': 'proceeding: tell 100',
  'calling + 180': 'proceeding: tell 180',
  'calling + 200': 'accepted: arm M 32000, tell 200',
  'proceeding + 100': 'proceeding: tell 100',
  'proceeding + 180': 'proceeding: tell 180',
  'proceeding + 200': 'accepted: arm M 32000, tell 200',
  'proceeding + cancelled': 'cancelling: arm B 32000',
  'cancelling + B': 'terminated: tell timeout',
  'cancelling + 100': 'cancelling: tell 100',
  'cancelling + 180': 'cancelling: tell 180',
  'cancelling + 200': 'accepted: arm M 32000, tell 200',
  'accepted + 200': 'accepted: tell 200',
  'accepted + M': 'terminated',
  'completed + D': 'terminated',
  'completed + failed': 'terminated',
  'completed + 302': 'completed: send ACK',
  'completed + 486': 'completed: send ACK',
  'completed + 503': 'completed: send ACK',
  'completed + 603': 'completed: send ACK',
  'calling + A': 'calling: send INVITE, arm A 1000',
};

const refusals = (line: (status: number) => string): Record<string, string> =>
  Object.fromEntries(
    [302, 486, 503, 603].flatMap((status) => [
      [`calling + ${status}`, line(status)],
      [`proceeding + ${status}`, line(status)],
      [`cancelling + ${status}`, line(status)],
    ]),
  );

test('over an unreliable transport every arrow is that of the figure', () => {
  walk(machine, clientFixed('INVITE', false), states, clientInputs('INVITE'), {
    ...common,
    ...refusals((status) => `completed: send ACK, arm D 32000, tell ${status}`),
  });
});

test('over a reliable transport Completed is left at once', () => {
  walk(machine, clientFixed('INVITE', true), states, clientInputs('INVITE'), {
    ...common,
    ...refusals((status) => `terminated: send ACK, tell ${status}`),
  });
});

test('it begins by sending, and repeats only over an unreliable transport', () => {
  assert.equal(show(machine.start(clientFixed('INVITE', false))), 'calling: send INVITE, arm B 32000, arm A 500');
  assert.equal(show(machine.start(clientFixed('INVITE', true))), 'calling: send INVITE, arm B 32000');
});

test('Timer A doubles without bound', () => {
  const tx = clientFixed('INVITE', false);
  let step = machine.start(tx);
  const waits: unknown[] = [];
  for (let copy = 0; copy < 6; copy += 1) {
    step = machine.transition(tx, step.state, { type: 'timer', timer: 'A' });
    waits.push(step.effects.map((effect) => (effect.type === 'arm' ? effect.ms : null)).find((ms) => ms !== null));
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000]);
});

test('a restored INVITE has only what is left of Timer B', () => {
  const tx = { ...clientFixed('INVITE', true), timeoutMs: 1234 };
  assert.equal(show(machine.start(tx)), 'calling: send INVITE, arm B 1234');
});

test('the ACK of a refusal is made as §17.1.1.3 says', () => {
  const response = responseTo('INVITE', 486);
  const step = machine.transition(clientFixed('INVITE', false), { name: 'proceeding' }, { type: 'response', response });
  const [sent] = step.effects;
  assert.ok(sent?.type === 'send');
  assert.match(sent.text, /^ACK sip:bob@biloxi\.example SIP\/2\.0\r\nVia: [^\r]*;branch=z9hG4bK776asdhds\r\n/);
  assert.match(sent.text, /\r\nTo: Bob <sip:bob@biloxi\.example>;tag=a6c85cf\r\n/);
  assert.match(sent.text, /\r\nCSeq: 314159 ACK\r\n/);
});
