// The machine of a change that we ask for in a session: a re-INVITE (RFC 3261 §14.1), or an UPDATE (RFC 3311 §5.1) where
// nothing but its lifetime changes (RFC 4028 §7.4). Pure. It knows neither the call around it nor how a request or a
// description is written: it asks for one by an effect, and the call answers with `sent`.
import { type OwedRequest, sixtyFourT1Ms } from './state.ts';

/** Of what one peer says of itself to the other: final, nobody waits for the answer; the last word, nor is it said back. */
export interface Finality {
  readonly isFinal: boolean;
  readonly isLastWord?: boolean;
}

/** What is wanted. */
export type Wish =
  /** That the session goes on as it is. */
  | { readonly name: 'refresh' }
  /** Our own sound. */
  | { readonly name: 'sound' }
  /** That the peer is on hold, or is not any more: as the call stands (holding.ts). */
  | { readonly name: 'hold' }
  /** That the peer describes what it would have: the re-INVITE has no offer. */
  | { readonly name: 'ask' }
  /** That the peer hears another one, whose call is `of` (absent: not known): what that one has said, in our words. */
  | ({ readonly name: 'relay'; readonly of?: string; readonly described: string } & Finality);

/** The description that a re-INVITE offers. `order` is where each stream of a relayed one stands in the original. */
export interface Offered {
  readonly sdp: string;
  readonly version: number;
  readonly order: readonly (number | null)[];
  /** Where it is said to a peer on hold: the same of a peer that is not. */
  readonly heard?: string;
}

interface Sent {
  readonly request: OwedRequest;
  readonly cseq: number;
  readonly offered: Offered | null;
}

export type ModificationPhase =
  /** An INVITE of the peer's is in the way, whose ACK has not come. */
  | { readonly name: 'waiting' }
  | ({ readonly name: 'sent' } & Sent)
  /** A provisional response came, so that Timer B runs no more: the INVITE is cancelled when `request.until` has come. */
  | ({ readonly name: 'proceeding' } & Sent)
  /** Its CANCEL is out. RFC 3261 §9.1: what has no final response at `request.until` gets none. */
  | ({ readonly name: 'cancelling' } & Sent)
  /** Refused with 491: to be sent again at `at`. */
  | { readonly name: 'retrying'; readonly at: number }
  /** The peer has made an offer in its 2xx, whose ACK waits for the answer, but not beyond `until`. */
  | {
      readonly name: 'offered';
      readonly request: OwedRequest;
      readonly cseq: number;
      readonly offer: string;
      readonly until?: number;
    };

/** RFC 3261 §13.3.1.4: 64·T1 after its 2xx the peer gives up the call, so we answer well before. */
const answerWithinMs = sixtyFourT1Ms * 0.75;

/** `next` is what was wanted meanwhile; `isWithdrawn`, absent for false: the one it was relayed for has taken it back. */
export interface Modification {
  readonly wish: Wish;
  readonly phase: ModificationPhase;
  readonly retried: boolean;
  readonly next: Wish | null;
  readonly isWithdrawn?: boolean;
}

export type ModificationInput =
  | { readonly type: 'wanted'; readonly wish: Wish }
  | { readonly type: 'unblocked' }
  | ({ readonly type: 'sent' } & Sent)
  /** What is to be relayed cannot be said to our peer. */
  | { readonly type: 'unsayable' }
  /** Whoever had a change relayed has taken it back. */
  | { readonly type: 'withdrawn' }
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
  | { readonly type: 'cancel'; readonly request: OwedRequest }
  | { readonly type: 'accepted'; readonly offered: Offered | null }
  | { readonly type: 'offered'; readonly offer: string }
  /** Nobody has answered the offer of the peer in time. */
  | { readonly type: 'overdue' }
  | { readonly type: 'refused'; readonly status: number };

/** What came of a change, for whoever wanted it. A refresh is nobody's business. */
export type Outcome =
  /** The peer has answered our offer; `sdp` is its answer, `order` where the streams of a relayed offer stand. */
  | { readonly type: 'accepted'; readonly wish: Wish; readonly sdp: string | null; readonly order: Offered['order'] }
  /** It was asked and has made an offer. */
  | { readonly type: 'offered'; readonly offer: string }
  /** Its offer has waited for an answer long enough. */
  | { readonly type: 'overdue' }
  /** It has accepted what was withdrawn meanwhile; `before` is what it had been told until then. */
  | { readonly type: 'unwanted'; readonly before: string }
  | { readonly type: 'refused'; readonly wish: Wish; readonly status: number };

/** A modification that has had its outcome is null. */
export interface ModificationStep {
  readonly modification: Modification | null;
  readonly effects: readonly ModificationEffect[];
}

export function begin(wish: Wish): Modification {
  return { wish, phase: { name: 'waiting' }, retried: false, next: null };
}

/** When it has waited long enough; null while the transaction layer waits for it. */
export function deadlineOf({ phase }: Modification): number | null {
  switch (phase.name) {
    case 'retrying':
      return phase.at;
    case 'proceeding':
    case 'cancelling':
      return phase.request.until;
    case 'offered':
      return phase.until ?? null;
    default:
      return null;
  }
}

type Out = ModificationPhase & { name: 'sent' | 'proceeding' | 'cancelling' };

/** Whether a request is on its way that has no final response. */
export function isOut(phase: ModificationPhase): phase is Out {
  return phase.name === 'sent' || phase.name === 'proceeding' || phase.name === 'cancelling';
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
    case 'unsayable':
      return phase.name === 'waiting' || isOut(phase) ? refused(modification, 488) : absorbed(modification);
    case 'withdrawn':
      return withdrawn(modification, at);
    case 'response':
      return isOut(phase) ? responded(modification, phase, input, at) : absorbed(modification);
    case 'answered':
      return phase.name === 'offered' ? over(modification, []) : absorbed(modification);
    case 'timeout':
      return isOut(phase) ? refused(modification, 408) : absorbed(modification);
    case 'transport-failed':
      return isOut(phase) ? refused(modification, 503) : absorbed(modification);
    case 'timer':
      return timedOut(modification, at);
    default:
      return input satisfies never;
  }
}

/** Every change refreshes the session: a refresh is never one of its own beside another. The last of all others counts. */
function wanted(modification: Modification, wish: Wish): ModificationStep {
  if (wish.name === 'refresh') return absorbed(modification);
  // Not sent yet, so it may as well be the other one.
  if (modification.phase.name === 'waiting') return absorbed({ ...modification, wish });
  // It has been asked, whoever the answer is for.
  if (wish.name === 'ask' && modification.wish.name === 'ask' && isOpen(modification.phase)) {
    return absorbed({ ...modification, next: null });
  }
  return absorbed({ ...modification, next: wish });
}

/** Whether the peer may still make the offer it was asked for. */
const isOpen = ({ name }: ModificationPhase): boolean =>
  name === 'sent' || name === 'proceeding' || name === 'retrying';

const isRelayed = (wish: Wish | null): boolean => wish?.name === 'relay' && !wish.isFinal;

/** RFC 3261 §9.1: a CANCEL waits for a provisional response. */
function withdrawn(modification: Modification, at: number): ModificationStep {
  const { phase, wish, next } = modification;
  if (isRelayed(next)) return absorbed({ ...modification, next: null });
  if (!isRelayed(wish)) return absorbed(modification);
  if (!isOut(phase)) return over(modification, []);
  const taken = { ...modification, isWithdrawn: true };
  return phase.name === 'proceeding' ? cancel(taken, phase, at) : absorbed(taken);
}

function cancel(modification: Modification, { request, cseq, offered }: Sent, at: number): ModificationStep {
  const phase = { name: 'cancelling', request: { ...request, until: at + sixtyFourT1Ms }, cseq, offered } as const;
  return { modification: { ...modification, phase }, effects: [{ type: 'cancel', request }] };
}

function timedOut(modification: Modification, at: number): ModificationStep {
  const { phase } = modification;
  switch (phase.name) {
    case 'retrying':
      return again(modification);
    case 'proceeding':
      return cancel(modification, phase, at);
    case 'cancelling':
      return refused(modification, 408);
    case 'offered':
      return phase.until === undefined ? absorbed(modification) : { modification, effects: [{ type: 'overdue' }] };
    default:
      return absorbed(modification);
  }
}

function provisional(modification: Modification, phase: Out, at: number): ModificationStep {
  const { request, cseq, offered } = phase;
  // Timer F of an UPDATE runs on.
  if (phase.name !== 'sent' || request.method !== 'INVITE') return absorbed(modification);
  if (modification.isWithdrawn) return cancel(modification, phase, at);
  const patient = { ...request, until: at + sixtyFourT1Ms };
  return absorbed({ ...modification, phase: { name: 'proceeding', request: patient, cseq, offered } });
}

function responded(
  modification: Modification,
  phase: Out,
  { status, sdp, canAuthenticate, retryDelayMs }: ModificationInput & { type: 'response' },
  at: number,
): ModificationStep {
  const { request, cseq, offered } = phase;
  if (status < 200) return provisional(modification, phase, at);
  if (status < 300 && modification.wish.name === 'ask') {
    if (sdp === null) return refused(modification, 488);
    const taken = { name: 'offered', request, cseq, offer: sdp, until: at + answerWithinMs } as const;
    return { modification: { ...modification, phase: taken }, effects: [{ type: 'offered', offer: sdp }] };
  }
  if (status < 300) return over(modification, [{ type: 'accepted', offered }]);
  if (modification.isWithdrawn || phase.name === 'cancelling') return refused(modification, status);
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
