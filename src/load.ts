// How much more the process can take: whether a new call may begin. Above what it can serve, part of the new calls is
// turned away so that those it has go on untouched; how large that part is follows how busy the event loop was. Looked at
// when it is asked, so an idle server owes nothing. Leaves out how a call is turned away (sip/shedding.ts, http).
import { type Allowance, spend } from './allowance.ts';

export interface LoadOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The share of time, 0 to 1, that the event loop was busy since this was asked last. */
  readonly utilization: () => number;
  readonly calls: () => number;
  /** How many calls there may be at once. */
  readonly maxCalls: number;
}

/** Shorter than a peer's patience, longer than what collecting garbage takes. */
const periodMs = 500;
/** Above this there is a queue somewhere. */
const tooBusy = 0.95;
const notBusy = 0.85;
const fewer = 0.7;
const more = 0.1;
const least = 0.01;
/** So many a second are let in, however busy the process is: they are not what keeps it busy. */
const alwaysPerSecond = 10;

/** What whoever was turned away should wait before it asks again, in seconds. */
export const retryAfterS = 2;

export class Load {
  readonly #options: LoadOptions;
  #share = 1;
  /** Parts of calls that were let in, but were no whole call yet. */
  #credit = 0;
  #always: Allowance;
  #lookedAt: number;
  #turnedAway = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#lookedAt = options.now();
    this.#always = { left: alwaysPerSecond, at: this.#lookedAt };
  }

  /** How many new calls were turned away so far. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** The share of new calls, 0 to 1, that is let in. */
  get share(): number {
    return this.#share;
  }

  /** Whether one more call may begin now. */
  admits(): boolean {
    this.#look();
    const isAdmitted = this.#options.calls() < this.#options.maxCalls && (this.#inShare() || this.#isFew());
    if (!isAdmitted) this.#turnedAway += 1;
    return isAdmitted;
  }

  #look(): void {
    const now = this.#options.now();
    const periods = Math.floor((now - this.#lookedAt) / periodMs);
    if (periods < 1) return;
    this.#lookedAt = now;
    const busy = this.#options.utilization();
    if (busy > tooBusy) this.#share = Math.max(least, this.#share * fewer);
    else if (busy < notBusy) this.#share = Math.min(1, this.#share + more * periods);
  }

  #inShare(): boolean {
    this.#credit += this.#share;
    if (this.#credit < 1) return false;
    this.#credit -= 1;
    return true;
  }

  #isFew(): boolean {
    const spent = spend(this.#always, this.#options.now(), alwaysPerSecond, alwaysPerSecond);
    if (spent !== null) this.#always = spent;
    return spent !== null;
  }
}
