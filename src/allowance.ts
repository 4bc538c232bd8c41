// What is left of an allowance that fills up again with time: a token bucket. Pure: time is an argument, in milliseconds.

export interface Allowance {
  readonly left: number;
  readonly at: number;
}

/** One less, after what has come back since; null when there is none. */
export function spend({ left, at }: Allowance, now: number, perSecond: number, most: number): Allowance | null {
  const filled = Math.min(most, left + ((now - at) * perSecond) / 1000);
  return filled < 1 ? null : { left: filled - 1, at: now };
}
