// Samples and inputs of the INVITE server usage: what its test walks and docs/machines.md draws.
import {
  type Effect,
  type Input,
  type Said,
  type State,
  type Step,
  transition,
} from '../../../src/sip/dialog/invite-server-usage.ts';
import type { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { rawMessage } from '../../support/messages.ts';

const respond = (status: number, sdp: string | null = null): Input => ({ type: 'respond', status, headers: [], sdp });

export const inputs: Readonly<Record<string, Input>> = {
  'respond 180': respond(180),
  'respond 200': respond(200, 'v=0'),
  'respond 486': respond(486),
  CANCEL: { type: 'cancel' },
  ACK: { type: 'ack', ack: parse(rawMessage('ACK sip:x SIP/2.0', { CSeq: '1 ACK' })) as Request },
  BYE: { type: 'bye' },
  'give-up': { type: 'timer', timer: 'give-up' },
};

export const samples: readonly State[] = [
  { name: 'proceeding' },
  { name: 'accepted' },
  { name: 'confirmed' },
  { name: 'terminated' },
];

/** `accepted: repeat 200 with SDP`; null when the input is absorbed. */
export function line(state: State, input: string): string | null {
  const step = transition(state, inputs[input]!);
  return step.state === state && step.effects.length === 0 ? null : show(step);
}

function show({ state, effects }: Step): string {
  return [state.name, effects.map(showEffect).join(', ')].filter((part) => part !== '').join(': ');
}

function showEffect(effect: Effect): string {
  if (effect.type === 'quiet') return 'quiet';
  if (effect.type !== 'tell') return `${effect.type} ${showSaid(effect)}`;
  return `tell ${effect.what.type === 'confirmed' ? 'confirmed' : `ended ${effect.what.why}`}`;
}

const showSaid = ({ status, sdp }: Said): string => `${status}${sdp === null ? '' : ' with SDP'}`;
