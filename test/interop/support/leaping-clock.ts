// The machine's clock, which can leap: what would be due in between is due at once, and the wait is not waited.
import { type Clock, realClock, type Timer } from '../../../src/system.ts';

interface Waiting {
  readonly dueAt: number;
  readonly run: () => void;
  timer: Timer;
}

export class LeapingClock implements Clock {
  readonly #waiting = new Set<Waiting>();
  #aheadMs = 0;

  now(): number {
    return realClock.now() + this.#aheadMs;
  }

  date(): number {
    return realClock.date() + this.#aheadMs;
  }

  after(ms: number, run: () => void): Timer {
    const waiting: Waiting = { dueAt: this.now() + ms, run, timer: null };
    this.#waiting.add(waiting);
    this.#arm(waiting);
    return waiting;
  }

  cancel(timer: Timer): void {
    const waiting = timer as Waiting | null;
    if (waiting === null) return;
    this.#waiting.delete(waiting);
    realClock.cancel(waiting.timer);
  }

  soon(run: () => void): void {
    realClock.soon(run);
  }

  leap(ms: number): void {
    this.#aheadMs += ms;
    for (const waiting of this.#waiting) {
      realClock.cancel(waiting.timer);
      this.#arm(waiting);
    }
  }

  #arm(waiting: Waiting): void {
    waiting.timer = realClock.after(Math.max(0, waiting.dueAt - this.now()), () => {
      this.#waiting.delete(waiting);
      waiting.run();
    });
  }
}
