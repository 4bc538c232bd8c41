// How many requests one API key may make a second: what is too much is refused with 429, and every answer says how much is
// left, in the headers of the Telnyx API. Leaves out whose key it is (auth.ts).
import type { FastifyReply } from 'fastify';
import { Allowances, burstOf } from '../allowance.ts';
import { sayRate } from './answers.ts';

/** `perSecond` requests come back each second, and twice as many may come at once. 0: as many as anybody likes. */
export class Limits {
  readonly #perSecond: number;
  readonly #allowances: Allowances;

  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#allowances = new Allowances(now);
  }

  /** Whether the key with this id may make one more request now; the answer to it says how much is left. */
  allows(key: string, reply: FastifyReply): boolean {
    if (this.#perSecond === 0) return true;
    const left = this.#allowances.take(key, this.#perSecond);
    const limit = burstOf(this.#perSecond);
    sayRate(reply, { limit, left, resetS: Math.ceil((limit - (left ?? 0)) / this.#perSecond) });
    return left !== null;
  }
}
