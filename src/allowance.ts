// Allowances that fill up again with time: token buckets. Time is lent, or an argument, in milliseconds.

export interface Allowance {
  readonly left: number;
  readonly at: number;
}

/** `count` less, after what has come back since; null when there is not so much. */
export function spend(
  { left, at }: Allowance,
  now: number,
  perSecond: number,
  most: number,
  count = 1,
): Allowance | null {
  const filled = Math.min(most, left + ((now - at) * perSecond) / 1000);
  return filled < count ? null : { left: filled - count, at: now };
}

/** What may be taken at once where so much comes back a second. */
export const burstOf = (perSecond: number): number => 2 * perSecond;

/** One for each of many, by name; each is full at first. */
export class Allowances {
  readonly #now: () => number;
  readonly #left = new Map<string, Allowance>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes `count` of the allowance of that name. What is left of it; null: there was not so much, and nothing is taken. */
  take(name: string, perSecond: number, count = 1): number | null {
    const now = this.#now();
    const most = burstOf(perSecond);
    const after = spend(this.#left.get(name) ?? { left: most, at: now }, now, perSecond, most, count);
    if (after !== null) this.#left.set(name, after);
    return after?.left ?? null;
  }
}
