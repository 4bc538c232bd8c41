// One timer a call, for the earliest of what it waits for: a call has many deadlines, and most are never reached.
// Leaves out what a deadline means (call.ts) and what is due (driver.ts).
import type { Clock, Timer } from '../system.ts';

/** A timer that runs, and the wall-clock instant it runs for. */
export interface Alarm {
  readonly timer: Timer;
  readonly at: number;
}

interface Alarmed {
  alarm: Alarm | null;
}

export class Alarms<L extends Alarmed> {
  readonly #clock: Clock;
  readonly #rings: (of: L) => void;
  #size = 0;

  constructor(clock: Clock, rings: (of: L) => void) {
    this.#clock = clock;
    this.#rings = rings;
  }

  /** How many run. */
  get size(): number {
    return this.#size;
  }

  /** Sets the alarm to this instant; null: none is wanted. */
  set(of: L, at: number | null): void {
    if (of.alarm !== null && of.alarm.at === at) return;
    this.clear(of);
    if (at === null) return;
    this.#size += 1;
    const timer = this.#clock.after(Math.max(0, at - this.#clock.date()), () => {
      this.#size -= 1;
      of.alarm = null;
      this.#rings(of);
    });
    of.alarm = { timer, at };
  }

  clear(of: L): void {
    if (of.alarm === null) return;
    this.#size -= 1;
    this.#clock.cancel(of.alarm.timer);
    of.alarm = null;
  }
}
