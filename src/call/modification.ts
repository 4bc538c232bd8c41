// The machine of a change that we ask for in a session: a re-INVITE (RFC 3261 §14.1), or an UPDATE (RFC 3311 §5.1) where
// nothing but its lifetime changes (RFC 4028 §7.4). Pure. It knows neither the call around it nor how a request or a
// description is written: it asks for one by an effect, and the call answers with `sent`.
import type { OwedRequest } from './state.ts';

/** What is wanted. */
export type Wish =
  /** That the session goes on as it is. */
  | { readonly name: 'refresh' }
  /** Our own sound, in this direction as we see it: `sendonly` holds the peer. */
  | { readonly name: 'sound'; readonly direction: 'sendrecv' | 'sendonly' | 'inactive' };

export type ModificationPhase =
  /** Something is in the way: an INVITE whose ACK has not come, a REFER that is out. */
  | { readonly name: 'waiting' }
  | { readonly name: 'sent'; readonly request: OwedRequest; readonly cseq: number }
  /** Refused with 491: to be sent again at `at`. */
  | { readonly name: 'retrying'; readonly at: number };

export interface Modification {
  readonly wish: Wish;
  readonly phase: ModificationPhase;
  readonly retried: boolean;
}

export type ModificationInput =
  | { readonly type: 'unblocked' }
  | { readonly type: 'sent'; readonly request: OwedRequest; readonly cseq: number }
  | {
      readonly type: 'response';
      readonly status: number;
      readonly canAuthenticate: boolean;
      /** How long to wait after a 491. */
      readonly retryDelayMs: number;
    }
  | { readonly type: 'timeout' | 'transport-failed' }
  | { readonly type: 'timer' };

export type ModificationEffect =
  /** As soon as nothing is in its way. */
  | { readonly type: 'send' }
  /** At once, with what answers the challenge. */
  | { readonly type: 'authenticate' }
  | { readonly type: 'accepted' }
  | { readonly type: 'refused'; readonly status: number };

/** A modification that has had its outcome is null. */
export interface ModificationStep {
  readonly modification: Modification | null;
  readonly effects: readonly ModificationEffect[];
}

export function begin(wish: Wish): Modification {
  return { wish, phase: { name: 'waiting' }, retried: false };
}

/** When it is to be sent again; null while it does not wait for that. */
export function deadlineOf({ phase }: Modification): number | null {
  return phase.name === 'retrying' ? phase.at : null;
}

export function transition(modification: Modification, input: ModificationInput, at: number): ModificationStep {
  const { phase } = modification;
  switch (input.type) {
    case 'unblocked':
      return phase.name === 'waiting' ? { modification, effects: [{ type: 'send' }] } : absorbed(modification);
    case 'sent':
      return absorbed({ ...modification, phase: { name: 'sent', request: input.request, cseq: input.cseq } });
    case 'response':
      return phase.name === 'sent' ? answered(modification, input, at) : absorbed(modification);
    case 'timeout':
      return phase.name === 'sent' ? refused(408) : absorbed(modification);
    case 'transport-failed':
      return phase.name === 'sent' ? refused(503) : absorbed(modification);
    case 'timer':
      return phase.name === 'retrying' ? again(modification) : absorbed(modification);
    default:
      return input satisfies never;
  }
}

function answered(
  modification: Modification,
  { status, canAuthenticate, retryDelayMs }: ModificationInput & { type: 'response' },
  at: number,
): ModificationStep {
  if (status < 200) return absorbed(modification);
  if (status < 300) return { modification: null, effects: [{ type: 'accepted' }] };
  if ((status === 401 || status === 407) && canAuthenticate) {
    return { modification, effects: [{ type: 'authenticate' }] };
  }
  if (status === 491 && !modification.retried) {
    return absorbed({ ...modification, retried: true, phase: { name: 'retrying', at: at + retryDelayMs } });
  }
  return refused(status);
}

/** The wait of a 491 is over. Meanwhile an INVITE of the peer's may have come in the way. */
function again(modification: Modification): ModificationStep {
  return { modification: { ...modification, phase: { name: 'waiting' } }, effects: [{ type: 'send' }] };
}

function refused(status: number): ModificationStep {
  return { modification: null, effects: [{ type: 'refused', status }] };
}

function absorbed(modification: Modification): ModificationStep {
  return { modification, effects: [] };
}
