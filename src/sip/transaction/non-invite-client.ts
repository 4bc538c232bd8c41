// The non-INVITE client transaction: RFC 3261 §17.1.2. Pure: owns no timer, socket or clock.
import type { Response } from '../message/message.ts';
import { absorbed, arm, type ClientFixed, type ClientInput, type Effect, type Step, send, tell } from './step.ts';

export type State =
  | { readonly name: 'trying'; readonly resendInMs: number }
  | { readonly name: 'proceeding' }
  | { readonly name: 'completed' }
  | { readonly name: 'terminated' };

export const timersOf = { trying: ['E', 'F'], proceeding: ['E', 'F'], completed: ['K'], terminated: [] } as const;

export function start(tx: ClientFixed): Step<State> {
  const effects: Effect[] = [send(tx.text), arm('F', tx.timeoutMs)];
  if (!tx.reliable) effects.push(arm('E', tx.durations.E));
  return { state: { name: 'trying', resendInMs: tx.durations.E }, effects };
}

export function transition(tx: ClientFixed, state: State, input: ClientInput): Step<State> {
  switch (state.name) {
    case 'trying':
    case 'proceeding':
      if (input.type === 'response') return takeResponse(tx, state, input.response);
      if (input.type === 'transport-failed') return fail(input.error);
      // RFC 3261 §9.1: a CANCEL means INVITE alone.
      if (input.type === 'cancelled') return absorbed(state);
      if (input.timer === 'E') return resend(tx, state);
      if (input.timer === 'F') return { state: terminated, effects: [tell({ type: 'timeout' })] };
      return absorbed(state);
    case 'completed':
      // A response here is a copy of the final one: §17.1.2.2 keeps this state to take them off the network.
      return input.type === 'timer' && input.timer === 'K' ? absorbed(terminated) : absorbed(state);
    case 'terminated':
      return absorbed(state);
    default:
      return state satisfies never;
  }
}

const terminated: State = { name: 'terminated' };

type Waiting = State & { readonly name: 'trying' | 'proceeding' };

/** §17.1.2.2: Timer E doubles up to T2; once a provisional response has come it is T2 at once. */
function resend(tx: ClientFixed, state: Waiting): Step<State> {
  const { t2 } = tx.durations;
  const resendInMs = state.name === 'trying' ? Math.min(state.resendInMs * 2, t2) : t2;
  const next: State = state.name === 'trying' ? { name: 'trying', resendInMs } : state;
  return { state: next, effects: [send(tx.text), arm('E', resendInMs)] };
}

function fail(error: Error): Step<State> {
  return { state: terminated, effects: [tell({ type: 'failed', error })] };
}

/** A provisional response leaves E and F running. 100 says nothing to the user: nothing here waits for it. */
function takeResponse(tx: ClientFixed, state: Waiting, response: Response): Step<State> {
  const told = tell({ type: 'response', response });
  if (response.status < 200) {
    const next: State = state.name === 'proceeding' ? state : { name: 'proceeding' };
    return response.status === 100 ? absorbed(next) : { state: next, effects: [told] };
  }
  if (tx.durations.K === 0) return { state: terminated, effects: [told] };
  return { state: { name: 'completed' }, effects: [arm('K', tx.durations.K), told] };
}
