// A store that fails goes on failing: the log has it once, then once a minute with how often it was, and when it is over.
import type { System } from '../system.ts';

const againAfterMs = 60_000;

export class Trouble {
  readonly #system: System;
  readonly #what: string;
  #times = 0;
  #toldAt = 0;

  /** `what` could not be done, as a sentence. */
  constructor(system: System, what: string) {
    this.#system = system;
    this.#what = what;
  }

  failed(error: unknown, fields: object = {}): void {
    const { clock, log } = this.#system;
    this.#times += 1;
    const now = clock.now();
    if (this.#times > 1 && now - this.#toldAt < againAfterMs) return;
    this.#toldAt = now;
    log.error({ error: String(error), ...fields, ...(this.#times > 1 && { times: this.#times }) }, this.#what);
  }

  /** It could be done. */
  passed(): void {
    if (this.#times > 1) this.#system.log.warn({ times: this.#times, trouble: this.#what }, 'The store works again.');
    this.#times = 0;
  }
}
