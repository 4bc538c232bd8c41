// Changes of resources: made one after the other, each on what the one before it left, and in force once it is stored.
// Leaves out what a resource is, and what a refusal says.
import type { Log } from '../system.ts';
import type { ResourceKind, ResourceRow, Store } from './store.ts';

export type ResourceStore = Pick<Store, 'resources' | 'putResource' | 'dropResource'>;

interface Parts {
  readonly log: Log;
  readonly store: ResourceStore;
}

export class Changes {
  readonly #parts: Parts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  inTurn<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#last.then(make);
    this.#last = made.catch(() => {});
    return made;
  }

  /** False: it could not be stored, which is logged. */
  put(row: ResourceRow): Promise<boolean> {
    return this.#tried(row.kind, this.#parts.store.putResource(row));
  }

  /** False: it is stored still, which is logged. */
  drop(kind: ResourceKind, id: string): Promise<boolean> {
    return this.#tried(kind, this.#parts.store.dropResource(kind, id));
  }

  async #tried(kind: ResourceKind, change: Promise<void>): Promise<boolean> {
    try {
      await change;
      return true;
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, `A change of ${articled(kind)} could not be stored.`);
      return false;
    }
  }
}

/** No two are made at the same instant: a list by it has the newest at its end, whatever the clock does. */
export function instantAfter(others: Iterable<{ readonly createdAt: number }>, now: number): number {
  let instant = now;
  for (const { createdAt } of others) instant = Math.max(instant, createdAt + 1);
  return instant;
}

function articled(kind: ResourceKind): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
