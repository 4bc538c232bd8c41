// A gate in front of another one: of what that one has admitted some is turned away with 503 and Retry-After (RFC 3261
// §21.5.4), sent once and kept by nobody. Leaves out what, and when (closing.ts, shedding.ts).
import type { Gate } from './gate.ts';
import { tagOf } from './message/address.ts';
import type { Request } from './message/message.ts';

/** `isTurnedAway` is asked once about each request that `gate` has admitted. */
export function turningAway(gate: Gate, isTurnedAway: (request: Request) => boolean, retryAfterS: number): Gate {
  const passage = { type: 'refused', status: 503, headers: [['Retry-After', String(retryAfterS)]] } as const;
  return {
    request(request, from) {
      const asked = gate.request(request, from);
      return asked.type === 'admitted' && isTurnedAway(request) ? passage : asked;
    },
    unreadable: (from) => gate.unreadable(from),
  };
}

/** Whether a request would make a call that takes the place of none. */
export function isNewCall(request: Request): boolean {
  return request.method === 'INVITE' && tagOf(request.to) === null && request.get('Replaces') === undefined;
}
