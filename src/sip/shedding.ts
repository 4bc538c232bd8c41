// A gate that turns new calls away while there is no room for them: 503 with Retry-After (RFC 3261 §21.5.4), sent once. What
// belongs to a call that lives is never turned away, nor is a call that takes the place of one (RFC 3891). Of those turned
// away the last ones are remembered: a copy that was on its way when the 503 was sent must not make a call that nobody
// waits for. Leaves out when there is no room.
import type { Gate } from './gate.ts';
import type { Request } from './message/message.ts';
import { inviteKey } from './transaction/key.ts';
import { isNewCall, turningAway } from './turning-away.ts';

/** Many more than come between an INVITE and its next copy, and of little weight: half as many at least are remembered. */
const mostRemembered = 8_192;

/** `mayBegin` is asked once for each INVITE of a new call that `gate` has admitted. */
export function shedding(gate: Gate, mayBegin: (invite: Request) => boolean, retryAfterS: number): Gate {
  const turnedAway = new Recent(mostRemembered);
  const isTurnedAway = (request: Request): boolean => {
    if (!isNewCall(request)) return false;
    const key = inviteKey(request);
    if (!turnedAway.has(key) && mayBegin(request)) return false;
    turnedAway.add(key);
    return true;
  };
  return turningAway(gate, isTurnedAway, retryAfterS);
}

/** The last names that were added: two generations, of which the older one is dropped when the younger one is full. */
class Recent {
  readonly #most: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  has(name: string): boolean {
    return this.#young.has(name) || this.#old.has(name);
  }

  add(name: string): void {
    this.#young.add(name);
    if (this.#young.size < this.#most / 2) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
