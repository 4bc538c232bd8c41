// Leaving: from the signal on no new call begins, and what is under way is finished, within a time. Leaves out how a new
// call is turned away (sip/closing.ts, http) and a live one hung up (call/clearing.ts).
import type { Refusal } from './errors.ts';
import type { Clock } from './system.ts';

/** What whoever was turned away should wait before it asks again, in seconds: by then a restart is over. */
export const retryAfterS = 5;

const lookEveryMs = 20;

export class Draining {
  readonly #clock: Clock;
  readonly #withinMs: number;
  #begun = false;

  constructor(clock: Clock, withinMs: number) {
    this.#clock = clock;
    this.#withinMs = withinMs;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Why no call may begin; null while one may. */
  get obstacle(): (Refusal & { readonly detail: string }) | null {
    return this.#begun ? { name: 'unavailable', detail: 'The server is stopping: it takes no new calls.' } : null;
  }

  /** From now on no call may begin. Resolves to whether `isDone` came to hold in time. */
  async until(isDone: () => boolean): Promise<boolean> {
    this.#begun = true;
    const end = this.#clock.now() + this.#withinMs;
    for (;;) {
      if (isDone()) return true;
      if (this.#clock.now() >= end) return false;
      await new Promise<void>((resolve) => this.#clock.after(lookEveryMs, resolve));
    }
  }
}
