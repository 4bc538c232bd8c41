// The machine of an INVITE we got: every state × every input.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { transition } from '../../../src/sip/dialog/invite-server-usage.ts';
import { inputs, line, samples } from './invite-server-figure.ts';

/** What is not listed is absorbed. */
const arrows: Readonly<Record<string, string>> = {
  'proceeding + respond 180': 'proceeding: respond 180',
  'proceeding + respond 200': 'accepted: repeat 200 with SDP',
  'proceeding + respond 486': 'terminated: respond 486, tell ended refused',
  'proceeding + CANCEL': 'terminated: respond 487, tell ended cancelled',
  'proceeding + BYE': 'terminated: respond 487, tell ended bye',
  'accepted + ACK': 'confirmed: quiet, tell confirmed',
  'accepted + BYE': 'terminated: quiet, tell ended bye',
  'accepted + give-up': 'terminated: quiet, tell ended unacknowledged',
  'confirmed + BYE': 'terminated: tell ended bye',
};

test('each state makes of each input what is listed, and absorbs the rest', () => {
  const drawn = samples.flatMap((state) =>
    Object.keys(inputs).map((input) => [`${state.name} + ${input}`, line(state, input)] as const),
  );
  assert.deepEqual(Object.fromEntries(drawn.filter(([, made]) => made !== null)), arrows);
});

test('the ACK is told with what it brings: the answer where the 2xx had our offer', () => {
  const step = transition({ name: 'accepted' }, inputs.ACK!);
  const told = step.effects.find(({ type }) => type === 'tell');
  assert.deepEqual(told, { type: 'tell', what: { type: 'confirmed', ack: (inputs.ACK as { ack: unknown }).ack } });
});
