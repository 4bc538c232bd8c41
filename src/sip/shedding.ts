// A gate that turns new calls away while there is no room for them: 503 with Retry-After (RFC 3261 §21.5.4), sent once
// and kept by nobody. What belongs to a call that lives is never turned away, nor is a call that takes the place of one
// (RFC 3891). Leaves out when there is no room.
import type { Gate } from './gate.ts';
import { tagOf } from './message/address.ts';
import type { Request } from './message/message.ts';

/** `mayBegin` is asked once for each INVITE of a new call that `gate` has admitted. */
export function shedding(gate: Gate, mayBegin: (invite: Request) => boolean, retryAfterS: number): Gate {
  const passage = { type: 'refused', status: 503, headers: [['Retry-After', String(retryAfterS)]] } as const;
  return {
    request(request, from) {
      const asked = gate.request(request, from);
      return asked.type === 'admitted' && isNewCall(request) && !mayBegin(request) ? passage : asked;
    },
    unreadable: (from) => gate.unreadable(from),
  };
}

/** Whether a request would make a call that takes the place of none. */
export function isNewCall(request: Request): boolean {
  return request.method === 'INVITE' && tagOf(request.to) === null && request.get('Replaces') === undefined;
}
