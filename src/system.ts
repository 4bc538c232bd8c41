// What the machine lends us: time, chance and a log. Built once and handed down; the tests lend a fake one.
// Leaves out every setting (config.ts), every socket (sip/transport, media), and the server's own log (log.ts).
import { randomBytes, randomUUIDv7 } from 'node:crypto';

/** A timer that was started; its meaning belongs to the clock that made it. */
export type Timer = unknown;

/** Time, and what is to happen later. */
export interface Clock {
  /** Monotonic milliseconds, for measuring durations. */
  now(): number;
  /** Wall-clock milliseconds since the epoch, for stamps and for deadlines that must survive a restart. */
  date(): number;
  /** Runs `run` once, `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer;
  /** Nothing happens when it has run, was cancelled, or is null: one that was never set. */
  cancel(timer: Timer): void;
  /** Runs `run` at the end of this turn of the event loop, after what the turn has already read. */
  soon(run: () => void): void;
}

/** Chance, in the forms that are needed. */
export interface Ids {
  /**
   * 16 lower-case hexadecimal digits that nobody can guess: what tags, branches and client nonces are made of.
   * One seed arrives inside each input, and the machine derives from it all the ids it needs.
   */
  seed(): string;
  /** A UUID of version 7: sortable by time. */
  uuid(): string;
  /** A call_control_id: `v3:`, in the order they are made, with 128 bits that nobody can guess. */
  callControlId(): string;
}

/** Each event has fields, its error as `err`, and a sentence. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Lent to whatever has to do with time or chance, or has something to tell. */
export interface System {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}

/**
 * A timer that, once due, lets what has arrived meanwhile be read first: when the process is late, the answer that a
 * retransmission or a deadline waits for may be in the socket already, and then it is not needed any more.
 */
class PatientTimer {
  readonly #timeout: NodeJS.Timeout;
  #immediate: NodeJS.Immediate | null = null;

  constructor(ms: number, run: () => void) {
    this.#timeout = setTimeout(() => {
      this.#immediate = setImmediate(run);
    }, ms);
  }

  cancel(): void {
    clearTimeout(this.#timeout);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
  }
}

export const realClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after: (ms, run) => new PatientTimer(ms, run),
  cancel: (timer) => (timer as PatientTimer | null)?.cancel(),
  soon: (run) => setImmediate(run),
};

/** Chance from the operating system, drawn 4 kB at a time: a seed is asked for with every input. */
export function realIds(): Ids {
  let pool = '';
  let used = 0;
  const seed = (): string => {
    if (used === pool.length) {
      pool = randomBytes(4096).toString('hex');
      used = 0;
    }
    used += 16;
    return pool.slice(used - 16, used);
  };
  const next = ordered();
  return {
    seed,
    uuid: () => randomUUIDv7(),
    callControlId: () => `v3:${next(Date.now())}${seed()}${seed()}`,
  };
}

/** How many of one millisecond: three digits to the base of 32. */
const mostOfOneMs = 32 ** 3;

/** Texts of one length that sort in the order they are made, also within a millisecond, and when the clock is set back. */
export function ordered(): (now: number) => string {
  let last = 0;
  let count = 0;
  return (now) => {
    count = now > last ? 0 : count + 1;
    if (count === mostOfOneMs) count = 0;
    last = now > last ? now : last + (count === 0 ? 1 : 0);
    return last.toString(32).padStart(10, '0') + count.toString(32).padStart(3, '0');
  };
}

/** Warnings and errors on standard error, for people; nothing else is told. */
const complaints: Log = {
  debug() {},
  info() {},
  warn: (fields, message) => console.warn(message, fields),
  error: (fields, message) => console.error(message, fields),
};

/**
 * The clock and the chance of this machine. `log` may be any logger that takes fields and a message: `pino()` as it is, or
 * `console`; without one, warnings and errors go to standard error.
 */
export function openSystem(log: Log = complaints): System {
  return { clock: realClock, ids: realIds(), log };
}
