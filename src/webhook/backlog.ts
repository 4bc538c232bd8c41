// Which events are in memory and which wait in the store: of each receiver so many at most, whatever has gathered. Reads the
// next ones as those before them are done, and those to be tried again when they are due. What is offered while there is
// room does not wait behind what has gathered. Leaves out in what order and when they are tried (lines.ts, retry.ts).
import type { EventRow, Store } from '../store/store.ts';
import { Trouble } from '../store/trouble.ts';
import type { System, Timer } from '../system.ts';
import { type Job, jobOf, type Place } from './job.ts';

/** How many events of one receiver are held for each kind of place, and how many of all receivers together. */
export const heldPerReceiver = 512;
const heldInAll = 16_384;
/** When all together are so many, each receiver still has so many: one that works is not stopped by those that do not. */
const heldInAnyCase = 16;
/** How many are read at once: when half a page has been done. */
const pageSize = heldPerReceiver / 2;
const readAgainMs = 1_000;
/** The wall clock may be set: what is due is looked at again. */
const longestWaitMs = 60_000;

interface Options {
  readonly system: System;
  readonly store: Pick<Store, 'untriedEvents' | 'triedEvents'>;
  /** Takes an event that was never tried; `isWhole`: nothing of its line is left in the store. */
  readonly join: (job: Job, isWhole: boolean) => void;
  /** Takes one that is due again. */
  readonly repeat: (job: Job) => void;
  /** Whether all of the line of an event is held. */
  readonly isWhole: (row: EventRow) => boolean;
  /** Some of the line of an event stays in the store, or all of it is held. */
  readonly mark: (row: EventRow, isWhole: boolean) => void;
}

interface Receiver {
  readonly name: string;
  readonly held: Map<string, Job>;
  readonly places: Record<Place, number>;
  /** How often an untried event was left in the store: what is read meanwhile cannot tell that there are none. */
  left: number;
  /** Whether the store may have untried events that are not held. */
  hasMore: boolean;
  /** When the next one in the store is due again, wall-clock; null: none is. */
  nextAt: number | null;
  timer: Timer | null;
  /** What is read of it is read one after the other. */
  reading: Promise<void>;
  /** How many reads are under way or wait. */
  reads: number;
  /** The calls whose lines are being read. */
  readonly calls: Set<string>;
}

export class Backlog {
  readonly #options: Options;
  readonly #receivers = new Map<string, Receiver>();
  readonly #trouble: Trouble;
  #held = 0;
  #stopped = false;

  constructor(options: Options) {
    this.#options = options;
    this.#trouble = new Trouble(options.system, 'Webhooks that are due could not be read.');
  }

  /** How many events are held. */
  get held(): number {
    return this.#held;
  }

  get isEmpty(): boolean {
    return this.#receivers.size === 0;
  }

  job(id: string): Job | undefined {
    for (const { held } of this.#receivers.values()) if (held.has(id)) return held.get(id);
    return undefined;
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#receivers.values()) this.#options.system.clock.cancel(timer);
  }

  /** The store has events for this receiver, untried ones or such as are due again: read before what is offered from now on. */
  find(name: string): void {
    const receiver = this.#receiverOf(name);
    this.#leave(receiver);
    receiver.nextAt = this.#options.system.clock.date();
    this.#fill(receiver);
  }

  /** One that is in the store is due again. */
  dueAt(name: string, at: number): void {
    this.#due(this.#receiverOf(name), at);
  }

  /** Takes an event that was just committed: holds it, or leaves it in the store. */
  offer(row: EventRow): void {
    const { destination } = row;
    if (!destination) return;
    const receiver = this.#receiverOf(destination.receiver);
    if (receiver.held.has(row.id)) return;
    const hasRoom = this.#room(receiver, 'first') > 0;
    if (hasRoom && (!receiver.hasMore || this.#options.isWhole(row))) return this.#hold(receiver, row, false, true);
    this.#options.mark(row, false);
    this.#leave(receiver);
    if (hasRoom) this.#readLine(receiver, row);
    else this.#fill(receiver);
  }

  /** Its attempts are over for now, and the store knows: from here on it is there. */
  release(job: Job, dueAt: number | null): void {
    const receiver = this.#receivers.get(job.destination.receiver);
    if (!receiver?.held.delete(job.row.id)) return;
    receiver.places[job.place] -= 1;
    this.#held -= 1;
    if (dueAt !== null) this.#due(receiver, dueAt);
    else this.#fill(receiver);
  }

  /** It waits for another event: what has nothing to do with that goes on. */
  park(job: Job): void {
    const places = this.#receivers.get(job.destination.receiver)?.places;
    if (!places || job.place === 'parked' || places.parked >= heldPerReceiver) return;
    places[job.place] -= 1;
    job.place = 'parked';
    places.parked += 1;
  }

  #receiverOf(name: string): Receiver {
    let receiver = this.#receivers.get(name);
    if (!receiver) {
      receiver = {
        ...{ name, held: new Map(), places: { first: 0, late: 0, again: 0, parked: 0 }, left: 0, hasMore: false },
        ...{ nextAt: null, timer: null, reading: Promise.resolve(), reads: 0, calls: new Set<string>() },
      };
      this.#receivers.set(name, receiver);
    }
    return receiver;
  }

  #room({ places }: Receiver, place: Place): number {
    const most = place === 'first' ? heldPerReceiver : pageSize;
    return Math.max((this.#held < heldInAll ? most : heldInAnyCase) - places[place], 0);
  }

  #leave(receiver: Receiver): void {
    receiver.hasMore = true;
    receiver.left += 1;
  }

  #due(receiver: Receiver, at: number): void {
    receiver.nextAt = Math.min(receiver.nextAt ?? at, at);
    if (!this.#stopped && receiver.reads === 0) this.#alarm(receiver, receiver.nextAt);
  }

  /** Even what is due now is read a turn later: with it comes all that is released in this one. */
  #alarm(receiver: Receiver, at: number): void {
    const { clock } = this.#options.system;
    clock.cancel(receiver.timer);
    const waitMs = Math.min(Math.max(at - clock.date(), 0), longestWaitMs);
    receiver.timer = clock.after(waitMs, () => this.#fill(receiver));
  }

  #hold(receiver: Receiver, row: EventRow, isLate: boolean, isWhole: boolean): void {
    if (!row.destination || receiver.held.has(row.id)) return;
    const job = jobOf(row, row.destination, isLate);
    receiver.held.set(row.id, job);
    receiver.places[job.place] += 1;
    this.#held += 1;
    if (job.place === 'again') this.#options.repeat(job);
    else this.#options.join(job, isWhole);
  }

  /** Reads what there is room for, sets the timer for what is not due yet, and forgets a receiver of which there is nothing. */
  #fill(receiver: Receiver): void {
    const { clock } = this.#options.system;
    clock.cancel(receiver.timer);
    receiver.timer = null;
    if (this.#stopped || receiver.reads > 0) return;
    const { hasMore, nextAt, places } = receiver;
    const isDue = nextAt !== null && nextAt <= clock.date();
    const wants = (place: Place) => this.#room(receiver, place) > 0 && places[place] <= pageSize / 2;
    const wantsAgain = isDue && wants('again');
    const wantsLate = hasMore && wants('late');
    if (wantsAgain) this.#read(receiver, () => this.#readTried(receiver));
    if (wantsLate) this.#read(receiver, () => this.#readUntried(receiver));
    if (receiver.reads > 0) return;
    if (nextAt !== null && !isDue) {
      this.#alarm(receiver, nextAt);
    } else if (nextAt === null && !hasMore && receiver.held.size === 0) {
      this.#receivers.delete(receiver.name);
    }
  }

  #read(receiver: Receiver, read: () => Promise<void>): void {
    receiver.reads += 1;
    receiver.reading = receiver.reading.then(async () => {
      let failed = false;
      try {
        if (!this.#stopped) await read();
        this.#trouble.passed();
      } catch (error) {
        failed = true;
        this.#trouble.failed(error);
      }
      receiver.reads -= 1;
      if (failed && !this.#stopped) this.#readAgain(receiver);
      else this.#fill(receiver);
    });
  }

  #readAgain(receiver: Receiver): void {
    const { clock } = this.#options.system;
    receiver.reads += 1;
    clock.cancel(receiver.timer);
    receiver.timer = clock.after(readAgainMs, () => {
      receiver.reads -= 1;
      this.#fill(receiver);
    });
  }

  async #readUntried(receiver: Receiver): Promise<void> {
    const limit = this.#room(receiver, 'late');
    const { left } = receiver;
    const rows = await this.#options.store.untriedEvents(receiver.name, null, [...receiver.held.keys()], limit);
    if (rows.length < limit && receiver.left === left) receiver.hasMore = false;
    for (const row of rows) this.#hold(receiver, row, true, false);
  }

  /** What is new of a call that has some left: with it comes all of its line, before whatever has gathered of others. */
  #readLine(receiver: Receiver, { callId, ...row }: EventRow): void {
    if (receiver.calls.has(callId)) return;
    receiver.calls.add(callId);
    this.#read(receiver, async () => {
      receiver.calls.delete(callId);
      const limit = Math.min(this.#room(receiver, 'first'), pageSize);
      if (limit === 0) return;
      const { left } = receiver;
      const rows = await this.#options.store.untriedEvents(receiver.name, callId, [...receiver.held.keys()], limit);
      const isWhole = rows.length < limit && receiver.left === left;
      for (const each of rows) this.#hold(receiver, each, false, isWhole);
      if (isWhole) this.#options.mark({ callId, ...row }, true);
    });
  }

  async #readTried(receiver: Receiver): Promise<void> {
    const limit = this.#room(receiver, 'again');
    const known = receiver.nextAt;
    receiver.nextAt = null;
    const now = this.#options.system.clock.date();
    try {
      const rows = await this.#options.store.triedEvents(receiver.name, [...receiver.held.keys()], limit);
      const due = rows.filter(({ dueAt }) => dueAt <= now);
      // Of more than were asked for the next one is at least as late as the last of these.
      const next = rows[due.length] ?? (rows.length === limit ? rows.at(-1) : undefined);
      if (next) receiver.nextAt = Math.min(receiver.nextAt ?? next.dueAt, next.dueAt);
      for (const row of due) this.#hold(receiver, row, true, false);
    } catch (error) {
      receiver.nextAt = Math.min(receiver.nextAt ?? known ?? now, known ?? now);
      throw error;
    }
  }
}
