// What a bad network does to datagrams: loses some, doubles some, delays some so that others overtake them. All of it
// comes from a seed, so that a run which fails can be run again.

/** Chances between 0 and 1. `seed` makes the same run the same again. */
export interface Faults {
  readonly seed?: number;
  readonly loss?: number;
  readonly duplication?: number;
  readonly reordering?: number;
  /**
   * How often in a row copies of one text are lost at most; default: as chance will have it. With 2 every request of RFC 3261
   * is answered before its Timer B or F: of seven INVITEs two get through, of eleven others three, and of three answers one.
   */
  readonly lossesInARow?: number;
}

/** 20 % of each, as the plan for the stack has it; no transaction dies of it. */
export const lossy = { loss: 0.2, duplication: 0.2, reordering: 0.2, lossesInARow: 2 } as const;

const longestDelayMs = 20;

/** After how many milliseconds the copies of a datagram arrive. Without any it is lost. */
export type Fate = (text: string) => readonly number[];

export function fateBy({ seed = 1, loss = 0, duplication = 0, reordering = 0, lossesInARow = Infinity }: Faults): Fate {
  const chance = mulberry32(seed);
  const delayMs = (): number => Math.floor(chance() * longestDelayMs);
  const losses = new Map<string, number>();
  const isLost = (text: string): boolean => {
    if (chance() >= loss) return false;
    if (lossesInARow === Infinity) return true;
    const lost = losses.get(text) ?? 0;
    losses.set(text, lost + 1);
    return lost < lossesInARow;
  };
  return (text) => {
    if (isLost(text)) return [];
    if (losses.size > 0) losses.delete(text);
    const first = chance() < reordering ? 1 + delayMs() : 0;
    return chance() < duplication ? [first, delayMs()] : [first];
  };
}

/** A small seeded generator: good enough to spread faults, the same on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
