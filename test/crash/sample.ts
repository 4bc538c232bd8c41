// Which points to try when there is no time for all: some of every flow, and of each flow some of every kind of effect.
import { Random } from '../fuzz/random.ts';
import type { Point } from './matrix.ts';

/** All points, in an order of which each beginning is a fair sample. The same seed gives the same order. */
export function spread(points: readonly Point[], seed: number): readonly Point[] {
  const random = new Random(seed);
  const flows = grouped(points, ({ flow }) => flow).map((ofFlow) =>
    taken(grouped(ofFlow, ({ at }) => at.split(' ').slice(0, 2).join(' ')).map((ofKind) => shuffled(ofKind, random))),
  );
  return taken(flows);
}

/** The first of each, the second of each, and so on. */
function taken<T>(groups: readonly (readonly T[])[]): readonly T[] {
  const longest = Math.max(0, ...groups.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => groups.flatMap((group) => group.slice(at, at + 1))).flat();
}

function grouped<T>(all: readonly T[], by: (one: T) => string): readonly (readonly T[])[] {
  return Object.values(Object.groupBy(all, by)).map((group) => group ?? []);
}

function shuffled<T>(all: readonly T[], random: Random): readonly T[] {
  return all
    .map((one) => ({ one, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
