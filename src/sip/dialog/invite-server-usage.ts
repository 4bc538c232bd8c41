// The INVITE usage as a UAS sees it (RFC 3261 §13.3): what may be said to an INVITE and when, its CANCEL (§9.2), the 2xx
// that is repeated until its ACK (§13.3.1.4), a BYE at any time (§15.1.2). Pure: the driver writes, sends and repeats.
// Leaves out reliable provisional responses (invite-usage.ts), and the dialog once it is confirmed.
import type { HeaderList, Request } from '../message/message.ts';

/** Where an INVITE we got stands. */
export type State =
  /** No final response was sent. */
  | { readonly name: 'proceeding' }
  /** A 2xx was sent, and waits for its ACK. */
  | { readonly name: 'accepted' }
  | { readonly name: 'confirmed' }
  | { readonly name: 'terminated' };

/** What is said: the headers beyond those of every reply, and a session description or none. */
export interface Said {
  readonly status: number;
  readonly headers: HeaderList;
  readonly sdp: string | null;
}

/** Armed with 64*T1 (§13.3.1.4). */
export type TimerName = 'give-up';

/** What happens to it. */
export type Input =
  /** Ours: 101 to 699. */
  | ({ readonly type: 'respond' } & Said)
  | { readonly type: 'cancel' }
  | { readonly type: 'ack'; readonly ack: Request }
  | { readonly type: 'bye' }
  /** 64*T1 after the 2xx. */
  | { readonly type: 'timer'; readonly timer: TimerName };

/** `unacknowledged`: the dialog is confirmed all the same, and wants a BYE (§13.3.1.4). */
export type Told =
  | { readonly type: 'confirmed'; readonly ack: Request }
  | { readonly type: 'ended'; readonly why: 'refused' | 'cancelled' | 'bye' | 'unacknowledged' };

/** What the driver has to do, in this order. */
export type Effect =
  | ({ readonly type: 'respond' } & Said)
  /** A 2xx: now, and again until `quiet`. */
  | ({ readonly type: 'repeat' } & Said)
  | { readonly type: 'quiet' }
  | { readonly type: 'tell'; readonly what: Told };

/** The next state, and what comes of it. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** A state owns its timers: what the next one does not list is disarmed. */
export const timersOf = {
  proceeding: [],
  accepted: ['give-up'],
  confirmed: [],
  terminated: [],
} as const satisfies Record<State['name'], readonly TimerName[]>;

/** An INVITE that has just come in. */
export const begin: State = { name: 'proceeding' };

/** Takes one input. Total: an unexpected one is absorbed, never thrown. */
export function transition(state: State, input: Input): Step {
  switch (state.name) {
    case 'proceeding':
      return undecided(state, input);
    case 'accepted':
      return unacknowledged(state, input);
    case 'confirmed':
      return input.type === 'bye' ? over('bye') : absorbed(state);
    case 'terminated':
      return absorbed(state);
    default:
      return state satisfies never;
  }
}

function undecided(state: State, input: Input): Step {
  switch (input.type) {
    case 'respond':
      return respond(state, input);
    case 'cancel':
      return over('cancelled', [terminatedBy]);
    case 'bye':
      // §15: a caller may leave an early dialog so; its INVITE still wants an answer (§15.1.2).
      return over('bye', [terminatedBy]);
    default:
      return absorbed(state);
  }
}

function respond(state: State, { status, headers, sdp }: Said): Step {
  const said = { status, headers, sdp };
  if (status < 200) return { state, effects: [{ type: 'respond', ...said }] };
  if (status < 300) return { state: { name: 'accepted' }, effects: [{ type: 'repeat', ...said }] };
  return over('refused', [{ type: 'respond', ...said }]);
}

/** What is sent cannot be taken back: a CANCEL that crosses the 2xx, or another answer, comes too late (§9.2). */
function unacknowledged(state: State, input: Input): Step {
  switch (input.type) {
    case 'ack':
      return {
        state: { name: 'confirmed' },
        effects: [quiet, { type: 'tell', what: { type: 'confirmed', ack: input.ack } }],
      };
    case 'bye':
      return over('bye', [quiet]);
    case 'timer':
      return over('unacknowledged', [quiet]);
    default:
      return absorbed(state);
  }
}

const quiet: Effect = { type: 'quiet' };
const terminatedBy: Effect = { type: 'respond', status: 487, headers: [], sdp: null };

function over(why: (Told & { type: 'ended' })['why'], effects: readonly Effect[] = []): Step {
  return { state: { name: 'terminated' }, effects: [...effects, { type: 'tell', what: { type: 'ended', why } }] };
}

function absorbed(state: State): Step {
  return { state, effects: [] };
}
