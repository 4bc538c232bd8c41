// What is held against a source address: how much it sends, how often it fails, how often it was asked and never answered.
// Time is an argument. Bounded memory: of the sources that were seen, those not seen for the longest are forgotten.
// Leaves out who is exempt, and what a failure is (admission.ts).
import { type Allowance, spend } from '../allowance.ts';

/** What is borne of one source address. */
export interface Limits {
  /** Requests a second that one source may send, in bursts of twice as many; 0: as many as it likes. */
  readonly requestsPerSecond: number;
  /** So many failures within `failureWindowMs` and the source is met with silence for `silenceMs`. */
  readonly failures: number;
  readonly failureWindowMs: number;
  readonly silenceMs: number;
  /** So many challenges may stay without credentials that are right; one more is forgiven each second. */
  readonly unanswered: number;
  /** How many sources are remembered. */
  readonly sources: number;
}

export const usualLimits: Limits = {
  requestsPerSecond: 200,
  failures: 10,
  failureWindowMs: 60_000,
  silenceMs: 300_000,
  unanswered: 100,
  sources: 20_000,
};

interface Source {
  requests: Allowance;
  asked: Allowance;
  failures: number;
  failingSince: number;
  silentUntil: number;
}

export class Defence {
  readonly #limits: Limits;
  readonly #sources = new Map<string, Source>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sources.size;
  }

  /** Whether one more request may come from there now. */
  mayRequest(source: string, at: number): boolean {
    const { requestsPerSecond } = this.#limits;
    if (requestsPerSecond === 0) return true;
    const seen = this.#see(source, at);
    const spent = spend(seen.requests, at, requestsPerSecond, 2 * requestsPerSecond);
    if (spent !== null) seen.requests = spent;
    return spent !== null;
  }

  /** Whether one more challenge may go there now. */
  mayAsk(source: string, at: number): boolean {
    const seen = this.#see(source, at);
    const spent = spend(seen.asked, at, 1, this.#limits.unanswered);
    if (spent !== null) seen.asked = spent;
    return spent !== null;
  }

  isSilenced(source: string, at: number): boolean {
    const seen = this.#sources.get(source);
    return seen !== undefined && at < seen.silentUntil;
  }

  /** Counts a failure; true when it is the one that silences the source. */
  failed(source: string, at: number): boolean {
    const { failures, failureWindowMs } = this.#limits;
    const seen = this.#see(source, at);
    if (at - seen.failingSince >= failureWindowMs) Object.assign(seen, { failures: 0, failingSince: at });
    seen.failures += 1;
    if (seen.failures < failures) return false;
    this.silence(source, at);
    return true;
  }

  silence(source: string, at: number): void {
    Object.assign(this.#see(source, at), { failures: 0, silentUntil: at + this.#limits.silenceMs });
  }

  /** Credentials that were right: a challenge that was answered is none that is open. */
  succeeded(source: string, at: number): void {
    const seen = this.#see(source, at);
    seen.failures = 0;
    seen.asked = { ...seen.asked, left: Math.min(seen.asked.left + 1, this.#limits.unanswered) };
  }

  #see(source: string, at: number): Source {
    const seen = this.#sources.get(source) ?? this.#stranger(at);
    this.#sources.delete(source);
    this.#sources.set(source, seen);
    if (this.#sources.size > this.#limits.sources) {
      for (const oldest of this.#sources.keys().take(1)) this.#sources.delete(oldest);
    }
    return seen;
  }

  #stranger(at: number): Source {
    const { requestsPerSecond, unanswered } = this.#limits;
    const requests = { left: 2 * requestsPerSecond, at };
    return { requests, asked: { left: unanswered, at }, failures: 0, failingSince: at, silentUntil: at };
  }
}
