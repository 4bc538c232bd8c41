// Time, chance and a log for tests. Time moves only by `advance`, which fires what is due in order and lets promises
// and `soon` work come to rest after each timer; ids count up; the log remembers.
import type { Clock, Ids, Log, System, Timer } from '../../src/system.ts';

/** Where fake time starts: 2026-01-01T00:00:00Z. */
export const epoch = Date.UTC(2026, 0, 1);

export interface FakeClock extends Clock {
  /** Moves time forward. Each timer due on the way fires at its own instant, and what it sets off settles before the next. */
  advance(ms: number): Promise<void>;
  /** The same for crowds: timers that are due at one instant fire in one turn, and what they set off settles together. */
  sweep(ms: number): Promise<void>;
  /** Runs `soon` work and promises until nothing moves any more, at the present instant. */
  settle(): Promise<void>;
  /** How many timers are armed. */
  readonly armed: number;
  /** Milliseconds until the next timer is due; null if none is armed. */
  readonly nextInMs: number | null;
}

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface FakeLog extends Log {
  readonly entries: readonly LogEntry[];
  /** The entries of one level, as text: what a failed assertion should show. */
  at(level: LogEntry['level']): string[];
}

export interface FakeSystem extends System {
  readonly clock: FakeClock;
  readonly log: FakeLog;
}

/** A process on a fake system: its timers and its `soon` work die with it, and its monotonic clock starts anew. */
export interface FakeProcess extends System {
  kill(): void;
  /** Timers of this process that are armed. */
  readonly armed: number;
}

export function fakeSystem(): FakeSystem {
  return { clock: fakeClock(), ids: countingIds(), log: recordingLog() };
}

interface Armed {
  readonly at: number;
  readonly order: number;
  /** Null once it has fired or was cancelled. */
  run: (() => void) | null;
}

const mostAtOneInstant = 10_000;

class ClockState implements FakeClock {
  #now = 0;
  #order = 0;
  #armed = 0;
  readonly #timers = new Heap();
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  date(): number {
    return epoch + Math.floor(this.#now); // as the real one: in whole milliseconds
  }

  after(ms: number, run: () => void): Timer {
    if (!Number.isFinite(ms)) throw new RangeError(`a timer of ${ms} ms`);
    const timer: Armed = { at: this.#now + Math.max(ms, 0), order: this.#order++, run };
    this.#armed += 1;
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: Timer): void {
    if (timer !== null) this.#disarm(timer as Armed);
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  get armed(): number {
    return this.#armed;
  }

  get nextInMs(): number | null {
    const next = this.#next();
    return next ? next.at - this.#now : null;
  }

  async advance(ms: number): Promise<void> {
    await this.#move(ms, (first) => this.#fire(first));
  }

  async sweep(ms: number): Promise<void> {
    await this.#move(ms, ({ at }) => {
      // What they arm for this same instant is the next turn's.
      const end = this.#order;
      for (let next = this.#next(); next?.at === at && next.order < end; next = this.#next()) this.#fire(next);
    });
  }

  async settle(): Promise<void> {
    // Quiet for three turns of the real event loop: streams hand data on over more than one.
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await new Promise((done) => setImmediate(done));
      while (this.#soon.length > 0) {
        quiet = -1;
        const turn = this.#soon;
        this.#soon = [];
        for (const run of turn) run();
        await new Promise((done) => setImmediate(done));
      }
    }
  }

  async #move(ms: number, fire: (first: Armed) => void): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    let firings = 0;
    for (let next = this.#next(); next && next.at <= until; next = this.#next()) {
      firings = next.at > this.#now ? 0 : firings + 1;
      if (firings > mostAtOneInstant) throw new Error(`time stands still: ${firings} timers fired at ${this.#now} ms`);
      this.#now = next.at;
      fire(next);
      await this.settle();
    }
    this.#now = until;
  }

  #fire(timer: Armed): void {
    const { run } = timer;
    this.#disarm(timer);
    run?.();
  }

  #disarm(timer: Armed): void {
    if (timer.run === null) return;
    timer.run = null;
    this.#armed -= 1;
  }

  /** Those that were cancelled are taken away once they come first. */
  #next(): Armed | null {
    while (this.#timers.first?.run === null) this.#timers.shift();
    return this.#timers.first ?? null;
  }
}

/** The timer that is due first, on top of a binary heap: a crowd arms more than could be looked through each time. */
class Heap {
  readonly #timers: Armed[] = [];

  get first(): Armed | undefined {
    return this.#timers[0];
  }

  add(timer: Armed): void {
    let at = this.#timers.push(timer) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(timer, this.#timers[parent]!); parent = (at - 1) >> 1) {
      this.#timers[at] = this.#timers[parent]!;
      at = parent;
    }
    this.#timers[at] = timer;
  }

  shift(): void {
    const last = this.#timers.pop();
    if (last === undefined || this.#timers.length === 0) return;
    let at = 0;
    for (let child = this.#childOf(at, last); child !== at; child = this.#childOf(at, last)) {
      this.#timers[at] = this.#timers[child]!;
      at = child;
    }
    this.#timers[at] = last;
  }

  /** The earlier child that must go above `timer`; the place itself if none must. */
  #childOf(at: number, timer: Armed): number {
    const left = 2 * at + 1;
    const [one, other] = [this.#timers[left], this.#timers[left + 1]];
    if (one === undefined) return at;
    const child = other !== undefined && isBefore(other, one) ? left + 1 : left;
    return isBefore(this.#timers[child]!, timer) ? child : at;
  }
}

function isBefore(one: Armed, other: Armed): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

export function fakeClock(): FakeClock {
  return new ClockState();
}

/** Seeds, UUIDs and call_control_ids in the forms of the real ones, each counting up from 1. */
export function countingIds(): Ids {
  let seeds = 0;
  let uuids = 0;
  let calls = 0;
  return {
    seed: () => (++seeds).toString(16).padStart(16, '0'),
    uuid: () => `00000000-0000-7000-8000-${(++uuids).toString(16).padStart(12, '0')}`,
    callControlId: () => `v3:${(++calls).toString(16).padStart(64, '0')}`,
  };
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Remembers what is of this level or above. */
export function recordingLog(least: LogEntry['level'] = 'debug'): FakeLog {
  const entries: LogEntry[] = [];
  const kept = levels.slice(levels.indexOf(least));
  const record = (level: LogEntry['level']) => (fields: object, message: string) => {
    if (kept.includes(level)) entries.push({ level, fields, message });
  };
  return {
    entries,
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    at: (level) =>
      entries.filter((entry) => entry.level === level).map(({ fields, message }) => `${message} ${readable(fields)}`),
  };
}

function readable(fields: object): string {
  return JSON.stringify(fields, (_key, value) => (value instanceof Error ? (value.stack ?? value.message) : value));
}

/** Starts a process that can be killed without a word. Ids and log are those of the system: they outlive it. */
export function fakeProcess(system: FakeSystem): FakeProcess {
  const { clock } = system;
  const startedAt = clock.now();
  const timers = new Set<Timer>();
  let alive = true;
  const mortal: Clock = {
    now: () => clock.now() - startedAt,
    date: () => clock.date(),
    after: (ms, run) => {
      if (!alive) return null;
      const timer = clock.after(ms, () => {
        timers.delete(timer);
        run();
      });
      timers.add(timer);
      return timer;
    },
    cancel: (timer) => {
      timers.delete(timer);
      clock.cancel(timer);
    },
    soon: (run) => {
      if (alive) clock.soon(() => alive && run());
    },
  };
  return {
    clock: mortal,
    ids: system.ids,
    log: system.log,
    kill: () => {
      alive = false;
      for (const timer of timers) clock.cancel(timer);
      timers.clear();
    },
    get armed() {
      return timers.size;
    },
  };
}
