// RFC 3261 figure 7 as RFC 6026 figure 5 (§8.5) redraws it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as machine from '../../../src/sip/transaction/invite-server.ts';
import { requestOf, responseTo, serverFixed, serverInputs, show, walk } from './figure.ts';

const states: readonly machine.State[] = [
  { name: 'proceeding', last: responseTo('INVITE', 180).text },
  { name: 'accepted' },
  { name: 'completed', last: responseTo('INVITE', 486).text, resendInMs: 500 },
  { name: 'confirmed' },
  { name: 'terminated' },
];

const common = {
  'proceeding + copy': 'proceeding: send 180',
  'proceeding + say 100': 'proceeding: send 100',
  'proceeding + say 180': 'proceeding: send 180',
  'proceeding + say 200': 'accepted: send 200, arm L 32000',
  'accepted + say 200': 'accepted: send 200',
  'accepted + ACK': 'accepted: tell ack',
  'accepted + L': 'terminated',
  'completed + copy': 'completed: send 486',
  'completed + G': 'completed: send 486, arm G 1000',
  'completed + H': 'terminated',
  'confirmed + I': 'terminated',
};

const refusals = (timers: string): Record<string, string> =>
  Object.fromEntries(
    [302, 408, 486, 603].map((status) => [`proceeding + say ${status}`, `completed: send ${status}, ${timers}`]),
  );

test('over an unreliable transport every arrow is that of the figure', () => {
  walk(machine, serverFixed(false), states, serverInputs('INVITE'), {
    ...common,
    ...refusals('arm H 32000, arm G 500'),
    'completed + ACK': 'confirmed: arm I 5000',
  });
});

test('over a reliable transport nothing is repeated, and Confirmed is left at once', () => {
  walk(machine, serverFixed(true), states, serverInputs('INVITE'), {
    ...common,
    ...refusals('arm H 32000'),
    'completed + ACK': 'terminated',
  });
});

test('it says 100 at once, unless a final answer follows in the same breath', () => {
  assert.equal(show(machine.start(requestOf('INVITE'), false)), 'proceeding: send 100');
  const quiet = machine.start(requestOf('INVITE'), true);
  assert.equal(show(quiet), 'proceeding');
  assert.equal(show(machine.transition(serverFixed(false), quiet.state, { type: 'request' })), 'proceeding');
});

test('a copy of the INVITE has the newest provisional response', () => {
  const tx = serverFixed(false);
  const first = machine.start(requestOf('INVITE'), false);
  assert.equal(show(machine.transition(tx, first.state, { type: 'request' })), 'proceeding: send 100');
  const text = responseTo('INVITE', 183).text;
  const second = machine.transition(tx, first.state, { type: 'command', status: 183, text });
  assert.equal(show(machine.transition(tx, second.state, { type: 'request' })), 'proceeding: send 183');
});

test('Timer G doubles up to T2', () => {
  const tx = serverFixed(false);
  let state: machine.State = { name: 'completed', last: responseTo('INVITE', 486).text, resendInMs: 500 };
  const waits: unknown[] = [];
  for (let copy = 0; copy < 5; copy += 1) {
    const step = machine.transition(tx, state, { type: 'timer', timer: 'G' });
    state = step.state;
    waits.push(step.effects.map((effect) => (effect.type === 'arm' ? effect.ms : null)).find((ms) => ms !== null));
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 4000, 4000]);
});
