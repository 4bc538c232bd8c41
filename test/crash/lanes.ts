// Several matrices side by side, each on a server of its own: whichever is free takes what is next.
import { flows } from './flows.ts';
import { Matrix, type Outcome, type Point } from './matrix.ts';

export class Lanes {
  readonly #matrices: readonly Matrix[];

  private constructor(matrices: readonly Matrix[]) {
    this.#matrices = matrices;
  }

  static async open(count: number): Promise<Lanes> {
    return new Lanes(await Promise.all(Array.from({ length: count }, () => Matrix.open())));
  }

  /** The points of these flows, of all of them by default. */
  async points(names: readonly string[] = Object.keys(flows)): Promise<readonly Point[]> {
    const points = new Map<string, readonly Point[]>();
    await this.#share(names, async (matrix, name) => points.set(name, await matrix.points(name)));
    return names.flatMap((name) => points.get(name) ?? []);
  }

  /** Tries the points in their order until time is over. `tell` hears what came of each. */
  async kill(
    points: readonly Point[],
    tell: (point: Point, outcome: Outcome | Error) => void,
    forMs = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    const startedAt = performance.now();
    await this.#share(points, async (matrix, point) => {
      if (performance.now() - startedAt > forMs) return;
      tell(point, await matrix.kill(point).catch((error: Error) => error));
    });
  }

  async close(): Promise<void> {
    for (const matrix of this.#matrices) await matrix.close();
  }

  async #share<T>(all: readonly T[], each: (matrix: Matrix, one: T) => Promise<unknown>): Promise<void> {
    const left = [...all];
    await Promise.all(
      this.#matrices.map(async (matrix) => {
        for (let one = left.shift(); one !== undefined; one = left.shift()) await each(matrix, one);
      }),
    );
  }
}
