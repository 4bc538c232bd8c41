// Places that lately gave no answer, could not be reached, or asked to be left alone for a while (503 with Retry-After,
// RFC 3261 §21.5.4): others of the same domain are tried before them (RFC 3263 §4.3). None is ever given up, because it may
// be all there is. Bounded, and by the clock. Leaves out what counts as a failure (attempts.ts).
import type { Clock } from '../../system.ts';
import { flowOf, type Target } from './transport.ts';

export interface FailedPlacesLimits {
  /** For how long a place that is silent or out of reach goes last. */
  readonly usualMs: number;
  /** No place is believed that it will be away for longer. */
  readonly longestMs: number;
  readonly places: number;
}

const standard: FailedPlacesLimits = { usualMs: 60_000, longestMs: 3_600_000, places: 1_000 };

export class FailedPlaces {
  readonly #clock: Clock;
  readonly #limits: FailedPlacesLimits;
  /** Until when, by the monotonic clock; what was noted last stands last. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock, limits: Partial<FailedPlacesLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...standard, ...limits };
  }

  failed(place: Target, forMs: number = this.#limits.usualMs): void {
    const { longestMs, places } = this.#limits;
    const key = flowOf(place);
    this.#until.delete(key);
    if (this.#until.size >= places) this.#until.delete(this.#until.keys().next().value!);
    this.#until.set(key, this.#clock.now() + Math.min(forMs, longestMs));
  }

  answered(place: Target): void {
    if (this.#until.size > 0) this.#until.delete(flowOf(place));
  }

  /** The same places, in the same order, but for those that have failed: they go last. */
  inOrder(places: readonly Target[]): readonly Target[] {
    if (this.#until.size === 0 || places.length < 2) return places;
    const now = this.#clock.now();
    const hasFailed = (place: Target): boolean => (this.#until.get(flowOf(place)) ?? now) > now;
    return [...places.filter((place) => !hasFailed(place)), ...places.filter(hasFailed)];
  }
}
