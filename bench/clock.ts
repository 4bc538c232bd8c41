// A clock that is moved by hand and never waits: for a bench of what timers cost beside everything else, and for fuzzing
// what they do. Timers of equal length fire in the order they were set, so each length has a row of its own.
import type { Clock } from '../src/system.ts';

interface Armed {
  readonly at: number;
  /** Null once it has fired or was cancelled. */
  run: (() => void) | null;
}

interface Row {
  timers: Armed[];
  /** Those before it are gone. */
  head: number;
}

export class HandClock implements Clock {
  #now = 0;
  readonly #rows = new Map<number, Row>();
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  date(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Armed {
    const timer: Armed = { at: this.#now + Math.max(ms, 0), run };
    const row = this.#rows.get(ms);
    if (row) row.timers.push(timer);
    else this.#rows.set(ms, { timers: [timer], head: 0 });
    return timer;
  }

  cancel(timer: unknown): void {
    (timer as Armed).run = null;
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs what waits for the end of the turn, and what that makes wait. */
  settle(): void {
    while (this.#soon.length > 0) {
      const turn = this.#soon;
      this.#soon = [];
      for (const run of turn) run();
    }
  }

  /** Moves time forward; each timer that is due fires at its own instant. */
  advance(ms: number): void {
    const until = this.#now + ms;
    this.settle();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = next.at;
      const { run } = next;
      next.run = null;
      run?.();
      this.settle();
    }
    this.#now = until;
  }

  /** The first timer that is due by then. */
  #next(until: number): Armed | null {
    let first: Armed | null = null;
    for (const [ms, row] of this.#rows) {
      const head = this.#head(ms, row);
      if (head && head.at <= until && (!first || head.at < first.at)) first = head;
    }
    return first;
  }

  #head(ms: number, row: Row): Armed | null {
    while (row.head < row.timers.length && row.timers[row.head]!.run === null) row.head++;
    if (row.head === row.timers.length) {
      this.#rows.delete(ms);
      return null;
    }
    if (row.head > 1_000 && row.head * 2 > row.timers.length) {
      row.timers = row.timers.slice(row.head);
      row.head = 0;
    }
    return row.timers[row.head]!;
  }
}
