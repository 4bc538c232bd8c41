// The trunks or the phones there are: those of the settings, which only the settings can change, and those the API made, which
// the store keeps with what was said of them. Leaves out what is wrong with one (reading.ts) and what they are for (peers.ts).
import type { Refusal } from '../errors.ts';
import type { Changes, ResourceStore } from '../store/changes.ts';
import type { ResourceRow } from '../store/store.ts';
import type { System } from '../system.ts';

/** What a request says, by the fields of the API. Null is as good as nothing. */
export type Said = Readonly<Record<string, unknown>>;

export type Refusals = readonly [Refusal, ...Refusal[]];
export type Reading<T> = { readonly peer: T } | { readonly refusals: Refusals };

/** One of them. Instants are wall-clock milliseconds. */
export interface Entry<T> {
  readonly peer: T;
  /** Null: it is part of the settings. */
  readonly said: Said | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type Changed<T> = { readonly entry: Entry<T> } | { readonly refusals: Refusals };

interface Kind<T> {
  readonly kind: 'trunk' | 'phone';
  /** The field that it is found by, and that never changes. */
  readonly key: string;
  keyOf(peer: T): string;
  read(said: Said): Reading<T>;
  /** What somebody else has already, but for its key. */
  clash(peer: T): Refusal | null;
  /** It is in force from here on. Null: there was none, or there is none. */
  changed(now: T | null, before: T | null): void;
}

interface Parts<T> extends Kind<T> {
  readonly system: System;
  readonly store: Pick<ResourceStore, 'resources'>;
  /** Shared by those that must not clash. */
  readonly changes: Changes;
  readonly configured: readonly T[];
}

export class Entries<T> {
  readonly #parts: Parts<T>;
  /** By key: those of the settings in their order, then the others, the oldest first. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(parts: Parts<T>) {
    this.#parts = parts;
    const readAt = parts.system.clock.date();
    for (const peer of parts.configured) {
      this.#entries.set(parts.keyOf(peer), { peer, said: null, createdAt: readAt, updatedAt: readAt });
    }
  }

  /** Reads those the API made. One that the settings leave no room for stays in the store. */
  async restore(): Promise<void> {
    const { store, kind, system, keyOf } = this.#parts;
    for (const { id, state, createdAt, updatedAt } of await store.resources(kind)) {
      const said = JSON.parse(state) as Said;
      const read = this.#read(said);
      if ('refusals' in read) {
        const [{ detail = '' }] = read.refusals;
        system.log.warn({ [kind]: id, why: detail }, `A ${kind} that the API made is not in force.`);
      } else this.#entries.set(keyOf(read.peer), { peer: read.peer, said, createdAt, updatedAt });
    }
  }

  get peers(): readonly T[] {
    return [...this.#entries.values()].map(({ peer }) => peer);
  }

  get all(): readonly Entry<T>[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  create(said: Said): Promise<Changed<T>> {
    return this.#parts.changes.inTurn(async () => {
      const read = this.#read(said);
      if ('refusals' in read) return read;
      const at = this.#parts.system.clock.date();
      return this.#keep({ peer: read.peer, said, createdAt: at, updatedAt: at }, null);
    });
  }

  /** What is left out stays as it is. */
  update(key: string, changes: Said): Promise<Changed<T>> {
    return this.#parts.changes.inTurn(async () => {
      const before = this.#entries.get(key);
      if (before === undefined) return refused({ name: 'not-found' });
      if (before.said === null) return refused({ name: 'in-settings' });
      const field = this.#parts.key;
      if (changes[field] !== undefined && changes[field] !== key) {
        return refused({ name: 'invalid-value', pointer: `/${field}`, detail: 'It cannot be called otherwise later.' });
      }
      const said = { ...before.said, ...changes };
      const read = this.#read(said, before);
      if ('refusals' in read) return read;
      const { createdAt } = before;
      return this.#keep({ peer: read.peer, said, createdAt, updatedAt: this.#parts.system.clock.date() }, before);
    });
  }

  remove(key: string): Promise<Changed<T>> {
    const { changes, kind, changed } = this.#parts;
    return changes.inTurn(async () => {
      const entry = this.#entries.get(key);
      if (entry === undefined) return refused({ name: 'not-found' });
      if (entry.said === null) return refused({ name: 'in-settings' });
      if (!(await changes.drop(kind, key))) return unstored;
      this.#entries.delete(key);
      changed(null, entry.peer);
      return { entry };
    });
  }

  /** What is said, if nobody else is in its way. `before` is what it takes the place of. */
  #read(said: Said, before: Entry<T> | null = null): Reading<T> {
    const { read, kind, key: field, keyOf, clash } = this.#parts;
    const reading = read(said);
    if ('refusals' in reading) return reading;
    const key = keyOf(reading.peer);
    if (before === null && this.#entries.has(key)) {
      return refused({ name: 'duplicate', pointer: `/${field}`, detail: `There is a ${kind} ${key} already.` });
    }
    if (before !== null) this.#entries.delete(key);
    const clashes = clash(reading.peer);
    if (before !== null) this.#entries.set(key, before);
    return clashes === null ? reading : refused(clashes);
  }

  async #keep(entry: Entry<T>, before: Entry<T> | null): Promise<Changed<T>> {
    const { changes, changed } = this.#parts;
    if (!(await changes.put(this.#rowOf(entry)))) return unstored;
    this.#entries.set(this.#parts.keyOf(entry.peer), entry);
    changed(entry.peer, before?.peer ?? null);
    return { entry };
  }

  #rowOf({ peer, said, createdAt, updatedAt }: Entry<T>): ResourceRow {
    const { kind, keyOf } = this.#parts;
    return { kind, id: keyOf(peer), state: JSON.stringify(said), createdAt, updatedAt };
  }
}

function refused(refusal: Refusal): { readonly refusals: Refusals } {
  return { refusals: [refusal] };
}

const unstored = refused({
  name: 'unavailable',
  detail: 'The change could not be stored and was not made. Try it again.',
});
