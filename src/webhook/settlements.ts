// What became of each attempt, on its way into the store: what one turn of the event loop settled is written together,
// one write at a time. A write that fails is repeated until it succeeds; until then a restart would only deliver again.
import { keptAttempts, type Settlement, type Store } from '../store/store.ts';
import { Trouble } from '../store/trouble.ts';
import type { System, Timer } from '../system.ts';

const repeatAfterMs = 1_000;

export class Settlements {
  readonly #system: System;
  readonly #store: Pick<Store, 'settle'>;
  readonly #stored: (settlement: Settlement) => void;
  /** By event, so that the newest one counts. */
  #gathered = new Map<string, Settlement>();
  #busy = false;
  #writing: Promise<void> = Promise.resolve();
  #repeat: Timer | null = null;
  readonly #trouble: Trouble;

  /** `stored` is told of each one that is in the store. */
  constructor(system: System, store: Pick<Store, 'settle'>, stored: (settlement: Settlement) => void = () => {}) {
    this.#system = system;
    this.#store = store;
    this.#trouble = new Trouble(system, 'The outcome of webhooks could not be stored.');
    this.#stored = stored;
  }

  add(settlement: Settlement): void {
    this.#gathered.set(settlement.id, after(this.#gathered.get(settlement.id), settlement));
    if (!this.#busy) this.#schedule();
  }

  /** Whether all that was added is in the store. */
  idle(): boolean {
    return !this.#busy;
  }

  /** Writes what is left, once; what fails now is delivered again after the next start. */
  async stop(): Promise<void> {
    await this.#writing;
    if (this.#repeat !== null) this.#system.clock.cancel(this.#repeat);
    this.#repeat = null;
    if (this.#gathered.size > 0) await this.#write();
    this.#busy = false;
  }

  #schedule(): void {
    this.#busy = true;
    this.#system.clock.soon(() => {
      if (this.#gathered.size > 0) this.#writing = this.#round();
    });
  }

  async #round(): Promise<void> {
    if (!(await this.#write())) {
      this.#repeat = this.#system.clock.after(repeatAfterMs, () => {
        this.#repeat = null;
        this.#schedule();
      });
      return;
    }
    this.#busy = false;
    if (this.#gathered.size > 0) this.#schedule();
  }

  async #write(): Promise<boolean> {
    const batch = this.#gathered;
    this.#gathered = new Map();
    try {
      await this.#store.settle([...batch.values()]);
      this.#trouble.passed();
    } catch (error) {
      const newer = this.#gathered;
      this.#gathered = batch;
      for (const settlement of newer.values()) batch.set(settlement.id, after(batch.get(settlement.id), settlement));
      this.#trouble.failed(error, { events: batch.size });
      return false;
    }
    for (const settlement of batch.values()) this.#stored(settlement);
    return true;
  }
}

/** The newest one, with what was attempted since the last one that is in the store. */
function after(earlier: Settlement | undefined, settlement: Settlement): Settlement {
  if (earlier === undefined) return settlement;
  const [first, ...others] = [...earlier.log, ...settlement.log];
  return { ...settlement, log: first === undefined ? [] : [first, ...others.slice(1 - keptAttempts)] };
}
