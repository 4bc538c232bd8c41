// How long the store remembers a call that has ended, with its events and commands: ten minutes, for which GET answers,
// or longer, as long as there is room; and the sweep after that.
import type { Store } from '../store/store.ts';
import type { System, Timer } from '../system.ts';

export const rememberedMs = 600_000;

const sweepMs = 60_000;

export interface RetentionOptions {
  readonly system: System;
  readonly store: Pick<Store, 'prune' | 'trim'>;
  readonly keptMs: number;
  /** How large the database may be; null: as large as it gets. */
  readonly maxBytes: number | null;
}

export class Retention {
  readonly #options: RetentionOptions;
  readonly #keptMs: number;
  #timer: Timer | null = null;
  #lastEndedAt = 0;
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#keptMs = Math.max(options.keptMs, rememberedMs);
  }

  /** A call has ended, and is in the store alone from now on. */
  ended(): void {
    this.#lastEndedAt = this.#options.system.clock.date();
    this.#sweepLater();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) this.#options.system.clock.cancel(this.#timer);
    this.#timer = null;
  }

  /** Once a minute while there is something the store will have to forget. */
  #sweepLater(): void {
    if (this.#timer !== null || this.#stopped) return;
    const { clock, log } = this.#options.system;
    this.#timer = clock.after(sweepMs, () => {
      this.#timer = null;
      const now = clock.date();
      if (now - this.#keptMs < this.#lastEndedAt) this.#sweepLater();
      this.#sweep(now).catch((error: unknown) => {
        log.error({ error: String(error) }, 'Ended calls could not be forgotten.');
      });
    });
  }

  async #sweep(now: number): Promise<void> {
    const { store, maxBytes, system } = this.#options;
    await store.prune(now - this.#keptMs);
    if (maxBytes === null || (await store.trim(maxBytes, now - rememberedMs))) return;
    const text =
      'The database is larger than it may be with nothing in it that may go: live calls, due events, the last minutes.';
    system.log.warn({ maxBytes }, text);
  }
}
