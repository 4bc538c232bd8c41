// How long the session of a call lives (RFC 4028): what we answer to a request that refreshes it, and what we ask for in
// ours. Leaves out when it is refreshed, and what happens when it is not (modifying.ts).
import {
  type Agreement,
  answerRefresh,
  askHeaders,
  asksOf,
  type SessionTimerWish,
} from '../sip/dialog/session-timer.ts';
import type { HeaderList, Request } from '../sip/message/message.ts';
import type { Expiry } from './state.ts';

/** What our 2xx says, and what is agreed on once it was sent. */
export interface Lifetime {
  readonly headers: HeaderList;
  readonly agreed: Agreement;
}

/** `wish` is what we would have; `unasked`: even where the peer does not ask for any. */
export interface LifetimePolicy {
  readonly wish: SessionTimerWish;
  readonly unasked: boolean;
}

/** The answer to an INVITE, re-INVITE or UPDATE (§9): its lifetime, or the 422 with the headers that say how much is too little. */
export function lifetimeFor(
  request: Request,
  { wish, unasked }: LifetimePolicy,
): Lifetime | { readonly tooShort: HeaderList } {
  if (!unasked && request.get('Session-Expires') === undefined) return { headers: [], agreed: null };
  const answer = answerRefresh(request, wish);
  if (answer.refused !== null) return { tooShort: answer.headers };
  return { headers: answer.headers, agreed: answer.agreed };
}

/** What a session refresh request of ours has to say (§7.4). */
export function askedBy({ timer }: Expiry): HeaderList {
  const asks = asksOf(timer);
  return asks === null ? [] : askHeaders(asks);
}
