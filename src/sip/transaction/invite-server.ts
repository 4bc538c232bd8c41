// The INVITE server transaction: RFC 3261 §17.2.1, with Accepted from RFC 6026 §7.1. It sends 100 Trying at once instead
// of after 200 ms. Repeating a 2xx until its ACK is the user's business. Pure: owns no timer, socket or clock.
import { type Request, reply } from '../message/message.ts';
import { absorbed, arm, type Effect, type ServerFixed, type ServerInput, type Step, send, tell } from './step.ts';

export type State =
  | { readonly name: 'proceeding'; readonly last: string | null }
  | { readonly name: 'accepted' }
  | { readonly name: 'completed'; readonly last: string; readonly resendInMs: number }
  | { readonly name: 'confirmed' }
  | { readonly name: 'terminated' };

export const timersOf = {
  proceeding: [],
  accepted: ['L'],
  completed: ['G', 'H'],
  confirmed: ['I'],
  terminated: [],
} as const;

/** Says 100, unless a final answer follows in the same breath. */
export function start(invite: Request, answerFollows: boolean): Step<State> {
  if (answerFollows) return absorbed({ name: 'proceeding', last: null });
  const last = reply(invite, 100);
  return { state: { name: 'proceeding', last }, effects: [send(last)] };
}

/** RFC 6026 §7.1: a transport error ends no server transaction, the timers do; it is absorbed in every state. */
export function transition(tx: ServerFixed, state: State, input: ServerInput): Step<State> {
  switch (state.name) {
    case 'proceeding':
      if (input.type === 'command') return answer(tx, input.status, input.text);
      if (input.type === 'request' && state.last !== null) return { state, effects: [send(state.last)] };
      return absorbed(state);
    case 'accepted':
      return inAccepted(state, input);
    case 'completed':
      return inCompleted(tx, state, input);
    case 'confirmed':
      return input.type === 'timer' && input.timer === 'I' ? absorbed(terminated) : absorbed(state);
    case 'terminated':
      return absorbed(state);
    default:
      return state satisfies never;
  }
}

const terminated: State = { name: 'terminated' };

function answer(tx: ServerFixed, status: number, text: string): Step<State> {
  if (status < 200) return { state: { name: 'proceeding', last: text }, effects: [send(text)] };
  if (status < 300) return { state: { name: 'accepted' }, effects: [send(text), arm('L', tx.durations.L)] };
  const effects: Effect[] = [send(text), arm('H', tx.durations.H)];
  if (!tx.reliable) effects.push(arm('G', tx.durations.G));
  return { state: { name: 'completed', last: text, resendInMs: tx.durations.G }, effects };
}

/** RFC 6026 §7.1: copies of the INVITE are absorbed, each 2xx of the user is sent, an ACK that carries the INVITE's branch is the user's. */
function inAccepted(state: State, input: ServerInput): Step<State> {
  switch (input.type) {
    case 'command':
      return input.status >= 200 && input.status < 300 ? { state, effects: [send(input.text)] } : absorbed(state);
    case 'ack':
      return { state, effects: [tell({ type: 'ack', request: input.request })] };
    case 'timer':
      return input.timer === 'L' ? absorbed(terminated) : absorbed(state);
    case 'request':
    case 'transport-failed':
      return absorbed(state);
    default:
      return input satisfies never;
  }
}

function inCompleted(tx: ServerFixed, state: State & { readonly name: 'completed' }, input: ServerInput): Step<State> {
  switch (input.type) {
    case 'ack':
      // A Timer I of zero (reliable transports) leaves Confirmed as soon as it is entered.
      if (tx.durations.I === 0) return absorbed(terminated);
      return { state: { name: 'confirmed' }, effects: [arm('I', tx.durations.I)] };
    case 'request':
      return { state, effects: [send(state.last)] };
    case 'timer':
      if (input.timer === 'G') return resend(tx, state.last, state.resendInMs);
      // §17.2.1 tells the user that no ACK came; a call that was refused has nobody left to tell.
      return input.timer === 'H' ? absorbed(terminated) : absorbed(state);
    case 'command':
    case 'transport-failed':
      return absorbed(state);
    default:
      return input satisfies never;
  }
}

/** §17.2.1: Timer G doubles up to T2. */
function resend(tx: ServerFixed, last: string, previousMs: number): Step<State> {
  const resendInMs = Math.min(previousMs * 2, tx.durations.t2);
  return { state: { name: 'completed', last, resendInMs }, effects: [send(last), arm('G', resendInMs)] };
}
