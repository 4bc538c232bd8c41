// A gate that lets no new call in once the server is stopping: 503 with Retry-After (RFC 3261 §21.5.4). An OPTIONS outside
// a dialog hears the same, for it asks what an INVITE would (§11.2): whoever shares calls out among servers by it leaves
// this one out. What belongs to a call that lives goes on.
import type { Gate } from './gate.ts';
import { tagOf } from './message/address.ts';
import type { Request } from './message/message.ts';
import { isNewCall, turningAway } from './turning-away.ts';

/** `isKnown`: whether an INVITE is the copy of one that has made a call, maybe in the process before this one. */
export function closing(
  gate: Gate,
  isClosing: () => boolean,
  { isKnown, retryAfterS }: { readonly isKnown: (invite: Request) => boolean; readonly retryAfterS: number },
): Gate {
  const isTurnedAway = (request: Request): boolean =>
    isClosing() && ((isNewCall(request) && !isKnown(request)) || isAsking(request));
  return turningAway(gate, isTurnedAway, retryAfterS);
}

function isAsking(request: Request): boolean {
  return request.method === 'OPTIONS' && tagOf(request.to) === null;
}
