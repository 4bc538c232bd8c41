// Which place a call has in a queue, or would have: what a decision on it must know of the calls that are not its own. The
// calls of a queue are found by its name, as they are decided and as they are committed: two cannot both take the last
// place, and a queue that somebody is about to enter, or whose leaving may yet be taken back, is not empty.
import type { Live } from './live.ts';
import { byArrival, orderOf, type Queues, type WaitingCall } from './queues.ts';
import type { Call, Input, Place } from './state.ts';
import { waitingOf } from './view.ts';

export class Places {
  readonly #byQueue = new Map<string, Set<Live>>();
  /** The names under which each is found there; of most calls there are none. */
  readonly #namesOf = new Map<Live, readonly string[]>();

  /** To be told of every decision, commit and undoing. */
  note(live: Live): void {
    const [decided, committed] = [live.call.waiting?.queue, live.committed?.waiting?.queue];
    const before = this.#namesOf.get(live);
    if (before === undefined && decided === undefined && committed === undefined) return;
    const names = [decided, committed === decided ? undefined : committed].filter((name) => name !== undefined);
    for (const name of before ?? []) if (!names.includes(name)) this.#drop(live, name);
    for (const name of names) this.#put(live, name);
    if (names.length > 0) this.#namesOf.set(live, names);
    else this.#namesOf.delete(live);
  }

  forget(live: Live): void {
    for (const name of this.#namesOf.get(live) ?? []) this.#drop(live, name);
    this.#namesOf.delete(live);
  }

  /** Whether anybody waits in the queue, as it is decided or as it is committed. */
  isUsed(queue: string): boolean {
    return this.#byQueue.has(queue);
  }

  /** Who waits in it, the next one first. */
  decided(queue: string): WaitingCall[] {
    return orderOf(
      this.#waiting(queue, ({ call }) => call),
      queue,
    );
  }

  committed(queue: string): WaitingCall[] {
    return orderOf(
      this.#waiting(queue, ({ committed }) => committed),
      queue,
    );
  }

  /** How many wait in it, as it is decided. */
  sizeOf(queue: string): number {
    let size = 0;
    for (const { call } of this.#byQueue.get(queue) ?? []) if (call.waiting?.queue === queue) size += 1;
    return size;
  }

  /** The place that an input gives to the call, or finds it in; null: no queue is concerned. */
  placeOf({ call }: Live, input: Pick<Input, 'type'>, queues: Pick<Queues, 'averageWaitSecs'>): Place | null {
    const { waiting } = call;
    const queue = waiting?.queue ?? queueNamedIn(input as Input);
    if (queue === null) return null;
    const position = waiting ? this.#before(waitingOf(call, waiting)) + 1 : this.sizeOf(queue) + 1;
    return { position, averageWaitSecs: queues.averageWaitSecs(queue) };
  }

  #before(own: WaitingCall): number {
    const { queue } = own.waiting;
    return this.#waiting(queue, ({ call }) => call).filter(
      (other) => other.waiting.queue === queue && byArrival(other, own) < 0,
    ).length;
  }

  #waiting(queue: string, stateOf: (live: Live) => Call | null): WaitingCall[] {
    return [...(this.#byQueue.get(queue) ?? [])].flatMap((live) => {
      const call = stateOf(live);
      return call?.waiting ? waitingOf(call, call.waiting) : [];
    });
  }

  #put(live: Live, queue: string): void {
    const others = this.#byQueue.get(queue);
    if (others) others.add(live);
    else this.#byQueue.set(queue, new Set([live]));
  }

  #drop(live: Live, queue: string): void {
    const others = this.#byQueue.get(queue);
    others?.delete(live);
    if (others?.size === 0) this.#byQueue.delete(queue);
  }
}

function queueNamedIn(input: Input): string | null {
  return input.type === 'command' && input.command.name === 'enqueue' ? input.command.queue : null;
}
