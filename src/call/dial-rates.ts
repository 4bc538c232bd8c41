// How many calls an application may begin a second: what is too much is refused, and comes back with time. In memory: after
// a restart everybody may begin afresh.
import { Allowances, burstOf } from '../allowance.ts';
import type { Refusal } from '../errors.ts';
import type { Application } from './routing.ts';

export class DialRates {
  readonly #allowances: Allowances;

  constructor(now: () => number) {
    this.#allowances = new Allowances(now);
  }

  /** Takes so many at once, or none of them and says why not. */
  take({ id, dialsPerSecond }: Pick<Application, 'id' | 'dialsPerSecond'>, calls: number): Refusal | null {
    if (dialsPerSecond === null || this.#allowances.take(id, dialsPerSecond, calls) !== null) return null;
    return { name: 'too-many-dials', rate: { limit: burstOf(dialsPerSecond), resetS: 2 } };
  }
}
