// What the machine of an INVITE we sent is made of (invite-client-usage.ts): its states, inputs and effects, and what its
// files share. Types, and functions that only put a usage together.
import type { Reason } from '../message/headers.ts';
import type { HeaderList, Request, Response } from '../message/message.ts';
import { isFailure, parse } from '../message/parse.ts';
import type { Target } from '../transport/transport.ts';
import type { Dialog } from './dialog.ts';
import type { Acknowledging, Described, Fork, ForkContext, Sending, SentInvite } from './fork.ts';

/** What is fixed for one call. */
export interface Fixed extends Omit<ForkContext, 'invite' | 'request'> {
  /** 64*T1. */
  readonly patienceMs: number;
  /** Whether a 3xx is followed; else it is a refusal like any other. */
  readonly followsRedirects: boolean;
}

/** Where an INVITE of ours stands. */
export type State =
  /** Nothing was heard yet. */
  | { readonly name: 'calling' }
  /** A provisional response came. */
  | { readonly name: 'proceeding' }
  /** The caller gave up. `sent`: the CANCEL, which waits for a provisional response (§9.1). Final at `giveUpAt` at the latest. */
  | { readonly name: 'cancelling'; readonly sent: boolean; readonly reasons: HeaderList; readonly giveUpAt: number }
  /** Refused for the moment: another INVITE may follow. */
  | { readonly name: 'refused'; readonly status: number }
  /** A 2xx came. `winner` is the tag of the fork that is wanted; others may answer until `settledAt` (§13.2.2.4). */
  | { readonly name: 'accepted'; readonly winner: string | null; readonly settledAt: number }
  /** No other fork will answer any more. */
  | { readonly name: 'confirmed'; readonly winner: string }
  | { readonly name: 'terminated' };

/** Plain data. `tried` are the Request-URIs that were called, `targets` those of redirects that were not, in order. */
export interface Usage {
  readonly state: State;
  readonly invite: SentInvite;
  readonly forks: readonly Fork[];
  readonly tried: readonly string[];
  readonly targets: readonly string[];
}

export type TimerName = 'give-up' | 'settle';

/** What happens to it. A response must be that of its INVITE. */
export type Input =
  /** 100 to 699 to the INVITE; of a final one no copies but those of a 2xx. `to`: where it went, if DNS had a say in it. */
  | { readonly type: 'response'; readonly response: Response; readonly to?: Target | undefined }
  | { readonly type: 'timeout' }
  | { readonly type: 'transport-failed' }
  | { readonly type: 'timer'; readonly timer: TimerName }
  /** The final response to an UPDATE of ours, null when none came. */
  | { readonly type: 'updated'; readonly tag: string; readonly response: Response | null }
  /** An UPDATE of the peer's; `answer` is what its offer is answered with, null refuses it. `retryAfterS`: see RFC 3311 §5.2. */
  | {
      readonly type: 'update';
      readonly tag: string;
      readonly request: Request;
      readonly from: Target;
      readonly answer: string | null;
      readonly retryAfterS: number;
    }
  | { readonly type: 'command'; readonly command: Command };

/** What whoever called wants of it. */
export type Command =
  /** `headers` go onto the CANCEL as they are, or onto the BYE where it comes to one. */
  | { readonly name: 'cancel'; readonly reason: Reason | null; readonly headers?: HeaderList }
  /** Our answer to the offer of this fork; null declines it, which ends a fork that waited for its ACK. */
  | { readonly name: 'answer'; readonly tag: string; readonly sdp: string | null }
  | { readonly name: 'update'; readonly tag: string; readonly headers: HeaderList; readonly sdp: string | null }
  /** The BYE that left under this branch again, with what answers its challenge. */
  | { readonly name: 'bye-again'; readonly branch: string; readonly headers: HeaderList }
  /** The PRACK that left under this branch again, with what answers its challenge. */
  | {
      readonly name: 'prack-again';
      readonly branch: string;
      readonly headers: HeaderList;
      readonly sdp: string | null;
    }
  /** Another INVITE after a refusal: with credentials, to another target, with another interval. */
  | { readonly name: 'again'; readonly invite: SentInvite };

/** Why another INVITE may help: credentials (§22), another target (§8.1.3.4), a longer session interval (RFC 4028 §7.3). */
export type Remedy =
  | { readonly why: 'authenticate' | 'interval' }
  | { readonly why: 'redirect'; readonly targets: readonly string[] };

/** What whoever called has to know. */
export type Told =
  /** A provisional response other than 100; `tag` is null when it makes no dialog. */
  | { readonly type: 'progress'; readonly tag: string | null; readonly response: Response }
  | { readonly type: 'described'; readonly tag: string; readonly described: NonNullable<Described> }
  /** The winner is acknowledged: its dialog is the call's from now on. `agreed`: the offer of the INVITE or the 2xx was answered. */
  | { readonly type: 'confirmed'; readonly tag: string; readonly dialog: Dialog; readonly agreed: boolean }
  /** `response` is null when the peer said nothing final. */
  | {
      readonly type: 'ended';
      readonly why: 'refused' | 'cancelled' | 'timeout' | 'transport-failed';
      readonly response: Response | null;
    };

/** What the driver has to do, in this order. */
export type Effect =
  | Sending
  | Acknowledging
  | { readonly type: 'invite'; readonly invite: SentInvite }
  | { readonly type: 'cancel'; readonly branch: string; readonly text: string; readonly target: Target }
  /** The answer to the UPDATE of the input. */
  | { readonly type: 'respond'; readonly status: number; readonly headers: HeaderList; readonly sdp: string | null }
  /** Wants `again` with what the remedy needs, or `cancel`. */
  | { readonly type: 'remedy'; readonly response: Response; readonly remedy: Remedy }
  | { readonly type: 'tell'; readonly what: Told };

/** The next usage, and what comes of it. */
export interface Step {
  readonly usage: Usage;
  readonly effects: readonly Effect[];
}

export const timersOf = {
  calling: [],
  proceeding: [],
  cancelling: ['give-up'],
  refused: [],
  accepted: ['settle'],
  confirmed: [],
  terminated: [],
} as const satisfies Record<State['name'], readonly TimerName[]>;

/** When a timer of the state fires, in wall-clock milliseconds; null where it has none of that name. */
export function deadlineOf({ state }: Usage, timer: TimerName): number | null {
  if (timer === 'give-up') return state.name === 'cancelling' ? state.giveUpAt : null;
  return state.name === 'accepted' ? state.settledAt : null;
}

export function absorbed(usage: Usage): Step {
  return { usage, effects: [] };
}

/** A final response is still to come. */
export function isOpen({ name }: State): boolean {
  return name === 'calling' || name === 'proceeding' || name === 'cancelling';
}

export const terminated: State = { name: 'terminated' };

/** The early dialogs end with their INVITE (§12.3). Their forks stay: a 2xx that is late must find the CSeq they have come to. */
export function over(usage: Usage, why: (Told & { type: 'ended' })['why'], response: Response | null): Step {
  const cancelled = usage.state.name === 'cancelling' || usage.state.name === 'refused';
  const told: Told = { type: 'ended', why: cancelled ? 'cancelled' : why, response };
  return { usage: { ...usage, state: terminated }, effects: [{ type: 'tell', what: told }] };
}

export function winnerOf({ state, forks }: Usage): Fork | undefined {
  return 'winner' in state ? forks.find((fork) => fork.tag === state.winner) : undefined;
}

export function put(usage: Usage, fork: Fork): Usage {
  const forks = usage.forks.some(({ tag }) => tag === fork.tag)
    ? usage.forks.map((each) => (each.tag === fork.tag ? fork : each))
    : [...usage.forks, fork];
  return { ...usage, forks };
}

export function then(first: Step, next: (usage: Usage) => Step): Step {
  const second = next(first.usage);
  return { usage: second.usage, effects: [...first.effects, ...second.effects] };
}

export function contextOf({ addresses, contactUser, capabilities }: Fixed, { invite }: Usage): ForkContext {
  return { invite, request: requestOf(invite), addresses, contactUser, capabilities };
}

export function requestOf({ text }: Pick<SentInvite, 'text'>): Request {
  const invite = parse(text);
  if (isFailure(invite) || !('method' in invite)) throw new Error('the INVITE that was sent is not a request');
  return invite;
}
