// Responses that are sent again and again until they are acknowledged, whatever the transport: the 2xx of an INVITE until
// its ACK (RFC 3261 §13.3.1.4), a reliable provisional response until its PRACK (RFC 3262 §3). Leaves out what
// silence means: whoever waits for the ACK or PRACK has a deadline of its own.
import type { Clock, Timer } from '../../system.ts';
import { patienceMs, type Timing } from './timers.ts';

/** A 2xx is repeated after T1, doubling up to T2; a reliable provisional response after T1, doubling without bound. */
export type RepeatKind = '2xx' | 'reliable-1xx';

export class Repeats {
  readonly #clock: Clock;
  readonly #timing: Timing;
  readonly #running = new Map<string, Timer>();

  constructor(clock: Clock, timing: Timing) {
    this.#clock = clock;
    this.#timing = timing;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Calls `send` now and then until `quiet(id)`, or until `timeoutMs` (by default 64*T1) have passed. */
  start(id: string, kind: RepeatKind, send: () => void, timeoutMs = patienceMs(this.#timing)): void {
    this.quiet(id);
    const endsAt = this.#clock.now() + timeoutMs;
    const longestMs = kind === '2xx' ? this.#timing.t2 : Number.POSITIVE_INFINITY;
    const arm = (intervalMs: number): void => {
      const leftMs = endsAt - this.#clock.now();
      const timer = this.#clock.after(Math.min(intervalMs, leftMs), () => {
        this.#running.delete(id);
        if (intervalMs >= leftMs) return;
        arm(Math.min(intervalMs * 2, longestMs));
        send();
      });
      this.#running.set(id, timer);
    };
    arm(this.#timing.t1);
    send();
  }

  quiet(id: string): void {
    const timer = this.#running.get(id);
    if (timer === undefined) return;
    this.#clock.cancel(timer);
    this.#running.delete(id);
  }

  close(): void {
    for (const timer of this.#running.values()) this.#clock.cancel(timer);
    this.#running.clear();
  }
}
