// How many calls an application may begin a second: what is too much is refused, and comes back with time. In memory: after
// a restart everybody may begin afresh.
import { type Allowance, spend } from '../allowance.ts';
import type { Refusal } from '../errors.ts';
import type { Application } from './routing.ts';

export class DialRates {
  readonly #now: () => number;
  readonly #left = new Map<string, Allowance>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes so many at once, or none of them and says why not. */
  take({ id, dialsPerSecond }: Pick<Application, 'id' | 'dialsPerSecond'>, calls: number): Refusal | null {
    if (dialsPerSecond === null) return null;
    const limit = 2 * dialsPerSecond;
    const now = this.#now();
    let left: Allowance | null = this.#left.get(id) ?? { left: limit, at: now };
    for (let taken = 0; taken < calls && left !== null; taken += 1) left = spend(left, now, dialsPerSecond, limit);
    if (left === null) return { name: 'too-many-dials', rate: { limit, resetS: 2 } };
    this.#left.set(id, left);
    return null;
  }
}
