// The non-INVITE server transaction: RFC 3261 §17.2.2 with the rules of RFC 4320 §4: no provisional response but 100, no
// 100 before a client repeats every T2 but certainly then, and never a 408. Pure: owns no timer, socket or clock.
import { type Request, reply } from '../message/message.ts';
import { absorbed, arm, type ServerFixed, type ServerInput, type Step, send } from './step.ts';

export type State =
  | { readonly name: 'trying'; readonly request: Request }
  | { readonly name: 'proceeding'; readonly last: string }
  | { readonly name: 'completed'; readonly last: string }
  | { readonly name: 'terminated' };

// F of Proceeding is the client's own: when it has given up, RFC 4320 §4.2 leaves nothing to say.
export const timersOf = { trying: ['100'], proceeding: ['F'], completed: ['J'], terminated: [] } as const;

export function start(tx: ServerFixed, request: Request): Step<State> {
  return { state: { name: 'trying', request }, effects: [arm('100', tx.durations['100'])] };
}

/** RFC 3261 §17.2.4 ends on a transport error; RFC 6026 §7.1 keeps an INVITE's, and here too a copy may find the way again. */
export function transition(tx: ServerFixed, state: State, input: ServerInput): Step<State> {
  switch (state.name) {
    case 'trying':
      if (input.type === 'command') return answer(tx, state, input.status, input.text);
      if (input.type === 'timer' && input.timer === '100') return sendTrying(tx, state.request);
      return absorbed(state);
    case 'proceeding':
      if (input.type === 'command') return answer(tx, state, input.status, input.text);
      if (input.type === 'request') return { state, effects: [send(state.last)] };
      if (input.type === 'timer' && input.timer === 'F') return absorbed(terminated);
      return absorbed(state);
    case 'completed':
      if (input.type === 'request') return { state, effects: [send(state.last)] };
      if (input.type === 'timer' && input.timer === 'J') return absorbed(terminated);
      return absorbed(state);
    case 'terminated':
      return absorbed(state);
    default:
      return state satisfies never;
  }
}

const terminated: State = { name: 'terminated' };

function answer(tx: ServerFixed, state: State, status: number, text: string): Step<State> {
  if (status < 200 || status === 408) return absorbed(state);
  // A Timer J of zero (reliable transports) leaves Completed as soon as it is entered.
  if (tx.durations.J === 0) return { state: terminated, effects: [send(text)] };
  return { state: { name: 'completed', last: text }, effects: [send(text), arm('J', tx.durations.J)] };
}

function sendTrying(tx: ServerFixed, request: Request): Step<State> {
  const last = reply(request, 100);
  const { F, '100': passed } = tx.durations;
  return { state: { name: 'proceeding', last }, effects: [send(last), arm('F', F - passed)] };
}
