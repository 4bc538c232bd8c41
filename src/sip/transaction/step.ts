// What the four machines share: the form of a step, the effects it may have, what a client and a server transaction
// are given. Types, but for the step that does nothing.
import type { Request, Response } from '../message/message.ts';
import type { Durations, TimerName } from './timers.ts';

/** What is fixed when a client transaction begins. */
export interface ClientFixed {
  readonly text: string;
  readonly reliable: boolean;
  readonly durations: Durations;
  /** Timer B or F: 64*T1, or what is left of it when the request was restored. */
  readonly timeoutMs: number;
}

/** What is fixed when a server transaction begins. */
export interface ServerFixed {
  readonly reliable: boolean;
  readonly durations: Durations;
}

/** `cancelled`: a CANCEL of the request was sent. */
export type ClientInput =
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'cancelled' }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport-failed'; readonly error: Error };

/** `request` is a copy of the one that began the transaction, `command` what the user answers it with. */
export type ServerInput =
  | { readonly type: 'request' }
  | { readonly type: 'ack'; readonly request: Request }
  | { readonly type: 'command'; readonly status: number; readonly text: string }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport-failed'; readonly error: Error };

/** What the user of a transaction learns from it. */
export type Told =
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'ack'; readonly request: Request }
  | { readonly type: 'timeout' }
  | { readonly type: 'failed'; readonly error: Error };

export type Effect =
  | { readonly type: 'send'; readonly text: string }
  | { readonly type: 'arm'; readonly timer: TimerName; readonly ms: number }
  | { readonly type: 'tell'; readonly what: Told };

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

const none: readonly Effect[] = [];

/** The input was not expected in this state, or is a copy of one that was taken: nothing happens. */
export function absorbed<State>(state: State): Step<State> {
  return { state, effects: none };
}

export function send(text: string): Effect {
  return { type: 'send', text };
}

export function arm(timer: TimerName, ms: number): Effect {
  return { type: 'arm', timer, ms };
}

export function tell(what: Told): Effect {
  return { type: 'tell', what };
}
