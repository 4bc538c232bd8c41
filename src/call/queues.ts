// The queues there are, and the order of the calls in them. Who waits is said by the state of each call alone (`waiting`),
// so that a queue is kept, taken back and restored with its calls; here are the names, the limits and the order.
// A command lets `ensure` make the queue, and asks `obstacleTo` in the same turn in which it decides: meanwhile it may have
// been deleted. Whoever dequeues a call tells `left` once that is committed.
import type { Refusal } from '../errors.ts';
import { Changes, instantAfter, type ResourceStore } from '../store/changes.ts';
import type { ResourceRow } from '../store/store.ts';
import type { System } from '../system.ts';

/** What the state of a call says while it waits in a queue. */
export interface Waiting {
  readonly queue: string;
  /** Wall-clock milliseconds. */
  readonly enqueuedAt: number;
  /** Whether it keeps its place when its peer hangs up. */
  readonly keepAfterHangup: boolean;
  /** When it has waited long enough; null: it may wait for ever. */
  readonly until: number | null;
}

/** A call that waits. */
export interface WaitingCall {
  readonly callControlId: string;
  readonly callLegId: string;
  readonly callSessionId: string;
  readonly connectionId: string;
  readonly from: string;
  readonly to: string;
  readonly isAlive: boolean;
  readonly waiting: Waiting;
}

/** Who waits in a queue, the next one first. Who came in the same millisecond goes by age of the call. */
export function orderOf(calls: Iterable<WaitingCall>, queue: string): WaitingCall[] {
  return [...calls].filter(({ waiting }) => waiting.queue === queue).sort(byArrival);
}

export function byArrival(a: WaitingCall, b: WaitingCall): number {
  return a.waiting.enqueuedAt - b.waiting.enqueuedAt || (a.callControlId < b.callControlId ? -1 : 1);
}

/** What is asked of the place of a call in a queue. */
export interface PlaceChange {
  readonly queue: string;
  /** Null: it leaves the queue. */
  readonly keepAfterHangup: boolean | null;
}

export interface QueueView {
  readonly id: string;
  readonly name: string;
  readonly maxSize: number;
  readonly size: number;
  /** Of those that left since the server was started, the last hundred. */
  readonly averageWaitSecs: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type QueueChanged = { readonly view: QueueView } | { readonly refusals: readonly [Refusal, ...Refusal[]] };

interface Queue {
  readonly id: string;
  readonly name: string;
  readonly maxSize: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

interface Parts {
  readonly system: System;
  readonly store: ResourceStore;
  /** The calls that wait in a queue, as they are committed. */
  readonly waiting: (queue: string) => Iterable<WaitingCall>;
  /** Whether any does, those included whose entering or leaving is not committed yet. */
  readonly isUsed: (queue: string) => boolean;
}

export const queueSizes = { byCreate: 300, byEnqueue: 100 } as const;
const keptWaits = 100;

export class Queues {
  readonly #parts: Parts;
  readonly #changes: Changes;
  readonly #queues = new Map<string, Queue>();
  readonly #waits = new Map<string, number[]>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#changes = new Changes({ log: parts.system.log, store: parts.store });
  }

  async restore(): Promise<void> {
    for (const row of await this.#parts.store.resources('queue')) this.#queues.set(row.id, queueOf(row));
  }

  /** In the order they were made. */
  views(): QueueView[] {
    return [...this.#queues.values()].map((queue) => this.#viewOf(queue));
  }

  view(name: string): QueueView | null {
    const queue = this.#queues.get(name);
    return queue ? this.#viewOf(queue) : null;
  }

  /** Who waits in it, the next one first; null: there is no such queue. */
  calls(name: string): readonly WaitingCall[] | null {
    return this.#queues.has(name) ? orderOf(this.#parts.waiting(name), name) : null;
  }

  create(name: string, maxSize: number = queueSizes.byCreate): Promise<QueueChanged> {
    return this.#changes.inTurn(async () => {
      if (this.#queues.has(name)) return refused('duplicate', `There is a queue ${name} already.`, '/queue_name');
      return this.#keep(this.#newQueue(name, maxSize));
    });
  }

  /** Those that wait stay, however many they are. */
  update(name: string, maxSize: number): Promise<QueueChanged> {
    return this.#changes.inTurn(async () => {
      const queue = this.#queues.get(name);
      if (queue === undefined) return refused('not-found');
      return this.#keep({ ...queue, maxSize, updatedAt: this.#parts.system.clock.date() });
    });
  }

  remove(name: string): Promise<QueueChanged> {
    return this.#changes.inTurn(async () => {
      const queue = this.#queues.get(name);
      if (queue === undefined) return refused('not-found');
      if (this.#parts.isUsed(name)) return refused('queue-not-empty');
      const view = this.#viewOf(queue);
      // From here on nobody enters it: whoever is decided before it is gone from the store finds no queue.
      this.#queues.delete(name);
      if (await this.#changes.drop('queue', name)) {
        this.#waits.delete(name);
        return { view };
      }
      this.#queues.set(name, queue);
      return unstored;
    });
  }

  // What the commands need.

  /** Makes the queue that a command names, if it is not there. */
  ensure(name: string, maxSize: number = queueSizes.byEnqueue): Promise<QueueChanged> {
    return this.#changes.inTurn(async () => {
      const queue = this.#queues.get(name);
      return queue ? { view: this.#viewOf(queue) } : this.#keep(this.#newQueue(name, maxSize));
    });
  }

  /** Why nobody can enter it where this many wait already; null when somebody can. */
  obstacleTo(name: string, size: number): Refusal | null {
    const queue = this.#queues.get(name);
    if (queue === undefined)
      return { name: 'unable-to-execute', detail: 'The queue was deleted meanwhile. Try it again.' };
    return size >= queue.maxSize ? { name: 'queue-full' } : null;
  }

  /** Of those that left since the server was started, the last hundred. */
  averageWaitSecs(name: string): number {
    const waits = this.#waits.get(name) ?? [];
    return waits.length === 0 ? 0 : Math.round(waits.reduce((sum, waited) => sum + waited, 0) / waits.length / 1000);
  }

  /** A call has left, and its leaving is committed. */
  left(name: string, waitedMs: number): void {
    const waits = [...(this.#waits.get(name) ?? []), waitedMs];
    this.#waits.set(name, waits.slice(-keptWaits));
  }

  #newQueue(name: string, maxSize: number): Queue {
    const { ids, clock } = this.#parts.system;
    const at = instantAfter(this.#queues.values(), clock.date());
    return { id: ids.uuid(), name, maxSize, createdAt: at, updatedAt: at };
  }

  async #keep(queue: Queue): Promise<QueueChanged> {
    if (!(await this.#changes.put(rowOf(queue)))) return unstored;
    this.#queues.set(queue.name, queue);
    return { view: this.#viewOf(queue) };
  }

  #viewOf(queue: Queue): QueueView {
    const { name } = queue;
    const size = orderOf(this.#parts.waiting(name), name).length;
    return { ...queue, size, averageWaitSecs: this.averageWaitSecs(name) };
  }
}

function refused(name: Refusal['name'], detail?: string, pointer?: string): { refusals: readonly [Refusal] } {
  return { refusals: [{ name, ...(detail && { detail }), ...(pointer && { pointer }) }] };
}

const unstored = refused('unavailable', 'The change could not be stored and was not made. Try it again.');

/** By its name, which is its address; the id is for show. */
function rowOf({ name, createdAt, updatedAt, id, maxSize }: Queue): ResourceRow {
  return { kind: 'queue', id: name, state: JSON.stringify({ id, maxSize }), createdAt, updatedAt };
}

function queueOf({ id: name, state, createdAt, updatedAt }: ResourceRow): Queue {
  const { id, maxSize } = JSON.parse(state) as Pick<Queue, 'id' | 'maxSize'>;
  return { id, name, maxSize, createdAt, updatedAt };
}
