// How long the store remembers a call that has ended, with its events and commands: ten minutes, for which GET answers,
// or longer; and the sweep after that.
import type { Store } from '../store/store.ts';
import type { System, Timer } from '../system.ts';

export const rememberedMs = 600_000;

const sweepMs = 60_000;

export class Retention {
  readonly #system: System;
  readonly #store: Store;
  readonly #keptMs: number;
  #timer: Timer | null = null;
  #lastEndedAt = 0;
  #stopped = false;

  constructor(system: System, store: Store, keptMs: number) {
    this.#system = system;
    this.#store = store;
    this.#keptMs = Math.max(keptMs, rememberedMs);
  }

  /** A call has ended, and is in the store alone from now on. */
  ended(): void {
    this.#lastEndedAt = this.#system.clock.date();
    this.#sweepLater();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) this.#system.clock.cancel(this.#timer);
    this.#timer = null;
  }

  /** Once a minute while there is something the store will have to forget. */
  #sweepLater(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = this.#system.clock.after(sweepMs, () => {
      this.#timer = null;
      const before = this.#system.clock.date() - this.#keptMs;
      if (before < this.#lastEndedAt) this.#sweepLater();
      this.#store.prune(before).catch((error: unknown) => {
        this.#system.log.error({ error: String(error) }, 'Ended calls could not be forgotten.');
      });
    });
  }
}
