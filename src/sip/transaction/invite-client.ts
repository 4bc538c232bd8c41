// The INVITE client transaction: RFC 3261 §17.1.1, with Accepted from RFC 6026 §7.2. It acknowledges what is not a 2xx
// itself; the ACK of a 2xx is the user's. Pure: owns no timer, socket or clock.
import { ackFor, type Response } from '../message/message.ts';
import { isFailure, parse } from '../message/parse.ts';
import { absorbed, arm, type ClientFixed, type ClientInput, type Effect, type Step, send, tell } from './step.ts';

export type State =
  | { readonly name: 'calling'; readonly resendInMs: number }
  | { readonly name: 'proceeding' }
  /** Proceeding, but a CANCEL was sent: the final response has 64*T1 to come (RFC 3261 §9.1, which gives it no letter). */
  | { readonly name: 'cancelling' }
  | { readonly name: 'accepted' }
  | { readonly name: 'completed'; readonly ack: string }
  | { readonly name: 'terminated' };

export const timersOf = {
  calling: ['A', 'B'],
  proceeding: [],
  cancelling: ['B'],
  accepted: ['M'],
  completed: ['D'],
  terminated: [],
} as const;

export function start(tx: ClientFixed): Step<State> {
  const effects: Effect[] = [send(tx.text), arm('B', tx.timeoutMs)];
  if (!tx.reliable) effects.push(arm('A', tx.durations.A));
  return { state: { name: 'calling', resendInMs: tx.durations.A }, effects };
}

export function transition(tx: ClientFixed, state: State, input: ClientInput): Step<State> {
  switch (state.name) {
    case 'calling':
      if (input.type === 'response') return takeResponse(tx, proceeding, input.response);
      if (input.type === 'transport-failed') return fail(input.error);
      if (input.type !== 'timer') return absorbed(state);
      if (input.timer === 'A') return resend(tx, state.resendInMs * 2);
      return input.timer === 'B' ? timedOut : absorbed(state);
    case 'proceeding':
      // Nothing was sent here that could fail, and no timer runs: how long a phone may ring is the user's business.
      if (input.type === 'cancelled') return { state: cancelling, effects: [arm('B', tx.durations.B)] };
      return input.type === 'response' ? takeResponse(tx, state, input.response) : absorbed(state);
    case 'cancelling':
      if (input.type === 'response') return takeResponse(tx, state, input.response);
      return input.type === 'timer' && input.timer === 'B' ? timedOut : absorbed(state);
    case 'accepted':
      if (input.type === 'response') return passOn2xx(state, input.response);
      if (input.type === 'timer' && input.timer === 'M') return absorbed(terminated);
      return absorbed(state);
    case 'completed':
      if (input.type === 'response') return acknowledgeAgain(state, input.response);
      if (input.type === 'timer' && input.timer === 'D') return absorbed(terminated);
      // RFC 3261 §17.1.1.2 ends here too; the user has its final response, so there is nothing to tell.
      if (input.type === 'transport-failed') return absorbed(terminated);
      return absorbed(state);
    case 'terminated':
      return absorbed(state);
    default:
      return state satisfies never;
  }
}

const proceeding: State = { name: 'proceeding' };
const cancelling: State = { name: 'cancelling' };
const terminated: State = { name: 'terminated' };
const timedOut: Step<State> = { state: terminated, effects: [tell({ type: 'timeout' })] };

function resend(tx: ClientFixed, resendInMs: number): Step<State> {
  return { state: { name: 'calling', resendInMs }, effects: [send(tx.text), arm('A', resendInMs)] };
}

function fail(error: Error): Step<State> {
  return { state: terminated, effects: [tell({ type: 'failed', error })] };
}

/** The first response, or one after provisional ones; `waiting` is where those lead to. 100 is told like each of them: it lets a CANCEL go (§9.1). */
function takeResponse(tx: ClientFixed, waiting: State, response: Response): Step<State> {
  const { status } = response;
  const told = tell({ type: 'response', response });
  if (status < 200) return { state: waiting, effects: [told] };
  if (status < 300) return { state: { name: 'accepted' }, effects: [arm('M', tx.durations.M), told] };
  const ack = ackOf(tx.text, response);
  // A Timer D of zero (§17.1.1.2, reliable transports) leaves Completed as soon as it is entered.
  if (tx.durations.D === 0) return { state: terminated, effects: [send(ack), told] };
  return { state: { name: 'completed', ack }, effects: [send(ack), arm('D', tx.durations.D), told] };
}

/** RFC 6026 §7.2: a 2xx that is repeated, or comes from another branch of a fork, is the user's to acknowledge. */
function passOn2xx(state: State, response: Response): Step<State> {
  if (response.status < 200 || response.status > 299) return absorbed(state);
  return { state, effects: [tell({ type: 'response', response })] };
}

function acknowledgeAgain(state: State & { readonly name: 'completed' }, response: Response): Step<State> {
  return response.status < 300 ? absorbed(state) : { state, effects: [send(state.ack)] };
}

/** The INVITE is read only here: most calls never need it. */
function ackOf(text: string, response: Response): string {
  const invite = parse(text);
  if (isFailure(invite) || !('method' in invite)) throw new Error('the INVITE that was sent is not a request');
  return ackFor(invite, response);
}
