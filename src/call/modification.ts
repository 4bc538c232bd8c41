// The machine of a change that we ask for in a session: a re-INVITE (RFC 3261 §14.1), or an UPDATE (RFC 3311 §5.1) where
// nothing but its lifetime changes (RFC 4028 §7.4). Pure. It knows neither the call around it nor how a request or a
// description is written: it asks for one by an effect, and the call answers with `sent`.
import type { OwedRequest } from './state.ts';

/** What is wanted. */
export type Wish =
  /** That the session goes on as it is. */
  | { readonly name: 'refresh' }
  /** Our own sound. */
  | { readonly name: 'sound' }
  /** That the peer describes what it would have: the re-INVITE has no offer. */
  | { readonly name: 'ask' }
  /** That the peer hears another one, whose call is `of` (absent: not known): what that one has said, in our words. */
  | { readonly name: 'relay'; readonly of?: string; readonly described: string; readonly isFinal: boolean };

/** The description that a re-INVITE offers. `order` is where each stream of a relayed one stands in the original. */
export interface Offered {
  readonly sdp: string;
  readonly version: number;
  readonly order: readonly (number | null)[];
}

export type ModificationPhase =
  /** An INVITE of the peer's is in the way, whose ACK has not come. */
  | { readonly name: 'waiting' }
  | { readonly name: 'sent'; readonly request: OwedRequest; readonly cseq: number; readonly offered: Offered | null }
  /** Refused with 491: to be sent again at `at`. */
  | { readonly name: 'retrying'; readonly at: number }
  /** The peer has made an offer in its 2xx, whose ACK waits for the answer. */
  | { readonly name: 'offered'; readonly request: OwedRequest; readonly cseq: number; readonly offer: string };

/** `next` is what was wanted meanwhile. */
export interface Modification {
  readonly wish: Wish;
  readonly phase: ModificationPhase;
  readonly retried: boolean;
  readonly next: Wish | null;
}

export type ModificationInput =
  | { readonly type: 'wanted'; readonly wish: Wish }
  | { readonly type: 'unblocked' }
  | { readonly type: 'sent'; readonly request: OwedRequest; readonly cseq: number; readonly offered: Offered | null }
  | {
      readonly type: 'response';
      readonly status: number;
      /** The description in a 2xx; null where it has none. */
      readonly sdp: string | null;
      readonly canAuthenticate: boolean;
      /** How long to wait after a 491. */
      readonly retryDelayMs: number;
    }
  /** The offer of the peer was answered in the ACK. */
  | { readonly type: 'answered' }
  | { readonly type: 'timeout' | 'transport-failed' }
  | { readonly type: 'timer' };

export type ModificationEffect =
  /** As soon as nothing is in its way. */
  | { readonly type: 'send' }
  /** At once, with what answers the challenge. */
  | { readonly type: 'authenticate' }
  | { readonly type: 'accepted'; readonly offered: Offered | null }
  | { readonly type: 'offered'; readonly offer: string }
  | { readonly type: 'refused'; readonly status: number };

/** A modification that has had its outcome is null. */
export interface ModificationStep {
  readonly modification: Modification | null;
  readonly effects: readonly ModificationEffect[];
}

export function begin(wish: Wish): Modification {
  return { wish, phase: { name: 'waiting' }, retried: false, next: null };
}

/** When it is to be sent again; null while it does not wait for that. */
export function deadlineOf({ phase }: Modification): number | null {
  return phase.name === 'retrying' ? phase.at : null;
}

export function transition(modification: Modification, input: ModificationInput, at: number): ModificationStep {
  const { phase } = modification;
  switch (input.type) {
    case 'wanted':
      return wanted(modification, input.wish);
    case 'unblocked':
      return phase.name === 'waiting' ? { modification, effects: [{ type: 'send' }] } : absorbed(modification);
    case 'sent': {
      const { type: _type, ...sent } = input;
      return absorbed({ ...modification, phase: { name: 'sent', ...sent } });
    }
    case 'response':
      return phase.name === 'sent' ? responded(modification, phase, input, at) : absorbed(modification);
    case 'answered':
      return phase.name === 'offered' ? over(modification, []) : absorbed(modification);
    case 'timeout':
      return phase.name === 'sent' ? refused(modification, 408) : absorbed(modification);
    case 'transport-failed':
      return phase.name === 'sent' ? refused(modification, 503) : absorbed(modification);
    case 'timer':
      return phase.name === 'retrying' ? again(modification) : absorbed(modification);
    default:
      return input satisfies never;
  }
}

/** Every change refreshes the session: a refresh is never one of its own beside another. The last of all others counts. */
function wanted(modification: Modification, wish: Wish): ModificationStep {
  if (wish.name === 'refresh') return absorbed(modification);
  // Not sent yet, so it may as well be the other one.
  if (modification.phase.name === 'waiting') return absorbed({ ...modification, wish });
  return absorbed({ ...modification, next: wish });
}

function responded(
  modification: Modification,
  { request, cseq, offered }: ModificationPhase & { name: 'sent' },
  { status, sdp, canAuthenticate, retryDelayMs }: ModificationInput & { type: 'response' },
  at: number,
): ModificationStep {
  if (status < 200) return absorbed(modification);
  if (status < 300 && modification.wish.name === 'ask') {
    if (sdp === null) return refused(modification, 488);
    const phase = { name: 'offered', request, cseq, offer: sdp } as const;
    return { modification: { ...modification, phase }, effects: [{ type: 'offered', offer: sdp }] };
  }
  if (status < 300) return over(modification, [{ type: 'accepted', offered }]);
  if ((status === 401 || status === 407) && canAuthenticate) {
    return { modification, effects: [{ type: 'authenticate' }] };
  }
  if (status === 491 && !modification.retried) {
    return absorbed({ ...modification, retried: true, phase: { name: 'retrying', at: at + retryDelayMs } });
  }
  return refused(modification, status);
}

/** The wait of a 491 is over. Meanwhile an INVITE of the peer's may have come in the way, or something else be wanted. */
function again({ next, ...modification }: Modification): ModificationStep {
  const wish = next ?? modification.wish;
  return {
    modification: { ...modification, wish, next: null, phase: { name: 'waiting' } },
    effects: [{ type: 'send' }],
  };
}

function refused(modification: Modification, status: number): ModificationStep {
  return over(modification, [{ type: 'refused', status }]);
}

/** It has its outcome: what was wanted meanwhile comes next. */
function over({ next }: Modification, effects: readonly ModificationEffect[]): ModificationStep {
  if (next === null) return { modification: null, effects };
  return { modification: begin(next), effects: [...effects, { type: 'send' }] };
}

function absorbed(modification: Modification): ModificationStep {
  return { modification, effects: [] };
}
