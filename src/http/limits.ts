// How many requests one API key may make a second: what is too much is refused with 429, and every answer says how much is
// left, in the headers of the Telnyx API. Leaves out whose key it is (auth.ts).
import type { FastifyReply } from 'fastify';
import { type Allowance, spend } from '../allowance.ts';

/** `perSecond` requests come back each second, and twice as many may come at once. 0: as many as anybody likes. */
export class Limits {
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #left = new Map<string, Allowance>();

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Whether the key with this id may make one more request now; the answer to it says how much is left. */
  allows(key: string, reply: FastifyReply): boolean {
    if (this.#perSecond === 0) return true;
    const now = this.#now();
    const most = 2 * this.#perSecond;
    const before = this.#left.get(key) ?? { left: most, at: now };
    const after = spend(before, now, this.#perSecond, most);
    if (after !== null) this.#left.set(key, after);
    const left = Math.floor(after?.left ?? 0);
    const fullInS = Math.ceil((most - (after?.left ?? 0)) / this.#perSecond);
    reply.headers({ 'x-ratelimit-limit': most, 'x-ratelimit-remaining': left, 'x-ratelimit-reset': fullInS });
    if (after === null) reply.header('retry-after', 1);
    return after !== null;
  }
}
