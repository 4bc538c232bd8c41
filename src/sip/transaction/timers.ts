// T1, T2, T4 and the value of each lettered timer (RFC 3261 §A, table 4; L and M of RFC 6026 §8.11; the 100 of RFC 4320
// §4.1). Leaves out Timer C, which proxies need, and what a state does when one fires (the four machines).

/** The estimates all timers are made of (RFC 3261 §17.1.1.1). A value that is handed down, so a test can shrink it. */
export interface Timing {
  /** The round trip to a peer. */
  readonly t1: number;
  /** The longest wait between two copies of a request that is not an INVITE, or of a response. */
  readonly t2: number;
  /** How long a message stays in the network. */
  readonly t4: number;
}

/** 500 ms, 4 s and 5 s (RFC 3261 §17.1.1.1, table 4). */
export const standardTiming: Timing = { t1: 500, t2: 4000, t4: 5000 };

/** Timers by letter; `100` is that of RFC 4320, which has none. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M' | '100';

/** In milliseconds. Over a reliable transport nothing is repeated: A, E, G are never armed, and what waits only for repetitions is 0. */
export type Durations = Readonly<Record<TimerName, number>> & { readonly t2: number };

/** How long the peer of a transaction goes on trying: RFC 3261's 64*T1. */
export function patienceMs(timing: Timing): number {
  return 64 * timing.t1;
}

export function durationsOf(timing: Timing, reliable: boolean): Durations {
  const patience = patienceMs(timing);
  return {
    A: timing.t1,
    B: patience,
    D: reliable ? 0 : patience,
    E: timing.t1,
    F: patience,
    G: timing.t1,
    H: patience,
    I: reliable ? 0 : timing.t4,
    J: reliable ? 0 : patience,
    K: reliable ? 0 : timing.t4,
    L: patience,
    M: patience,
    '100': untilT2(timing),
    t2: timing.t2,
  };
}

/** RFC 4320 §4.1: what it takes a client's Timer E, which doubles from T1, to be reset to T2. */
function untilT2(timing: Timing): number {
  let sum = 0;
  for (let interval = timing.t1; interval < timing.t2; interval *= 2) sum += interval;
  return sum;
}
