// The outbox's way out: takes events once they are committed and has each tried until it is accepted or given up. What is
// held in memory is bounded (backlog.ts), first attempts of one call go in order (lines.ts), no receiver is in another's way
// (lanes.ts); when and where an event is tried again is decided in retry.ts. What this forgets at a crash the store knows.
import type { EventRow, Settlement, Store } from '../store/store.ts';
import type { System } from '../system.ts';
import { Backlog } from './backlog.ts';
import { Courier } from './courier.ts';
import type { Job } from './job.ts';
import { Lanes } from './lanes.ts';
import { Lines, lineOf, terminalRefers } from './lines.ts';
import type { Post } from './post.ts';
import { beginning, isExpired, next, type Outcome, resume, urlOf } from './retry.ts';
import { Settlements } from './settlements.ts';
import type { Signer } from './signature.ts';

/** How many requests are under way to one origin at a time, and how many of them are kept for what is new, and for the rest. */
export const deliveriesPerOrigin = 64;
const reservedPerOrigin = 8;

/** One request, told when it begins. When it has ended, `answer` and `tookMs` say how: a status, or why there was none. */
export interface Attempt {
  readonly at: number;
  readonly callId: string;
  readonly type: string;
  readonly origin: string;
  readonly attempt: number;
  answer: number | string | null;
  tookMs: number | null;
}

type OutboxStore = Pick<
  Store,
  'settle' | 'untriedEvents' | 'triedEvents' | 'dueReceivers' | 'triedOfTypes' | 'redeliver'
>;

interface Parts {
  readonly system: System;
  readonly store: OutboxStore;
  readonly signer: Pick<Signer, 'sign'>;
  readonly post: Post;
  /** How long after its event a webhook is still tried; 0 gives up after the first round. */
  readonly maxAgeMs: number;
  readonly trace?: ((attempt: Attempt) => void) | undefined;
}

export class Delivery {
  readonly #parts: Parts;
  readonly #courier: Courier;
  readonly #lanes = new Lanes(deliveriesPerOrigin, reservedPerOrigin);
  readonly #settlements: Settlements;
  readonly #lines: Lines;
  readonly #backlog: Backlog;
  /** What was offered before it was read what the last run left due; null from then on. */
  #early: EventRow[] | null = [];
  /** Those whose outcome is on its way to the store. */
  readonly #settling = new Map<string, Job>();
  readonly #counts = { delivered: 0, repeated: 0, failed: 0 };
  #due = 0;
  #stopped = false;

  constructor(parts: Parts) {
    const { system, store } = parts;
    this.#parts = parts;
    this.#courier = new Courier(parts);
    this.#settlements = new Settlements(system, store, (settlement) => this.#stored(settlement));
    this.#lines = new Lines({
      begin: (job) => this.#enqueue(job),
      park: (job) => this.#backlog.park(job),
    });
    this.#backlog = new Backlog({
      ...{ system, store },
      join: (job, isWhole) => {
        this.#lines.join(job, isWhole);
        this.#lines.advance(lineOf(job.row));
      },
      repeat: (job) => this.#repeat(job),
      isWhole: (row) => this.#lines.isWhole(lineOf(row)),
      mark: (row, isWhole) => this.#lines.mark(lineOf(row), isWhole),
    });
  }

  /** Goes on with what the last run left due. */
  async start(): Promise<void> {
    const { store } = this.#parts;
    const early = this.#early ?? [];
    let offered: number;
    let receivers: Awaited<ReturnType<Store['dueReceivers']>>;
    do {
      offered = early.length;
      receivers = await store.dueReceivers();
    } while (early.length > offered); // what came meanwhile must be counted, and once
    for (const row of await store.triedOfTypes(terminalRefers)) {
      const { round } = row.destination ? resume(row.progress, row.attempts, row.destination) : { round: 1 };
      if (round === 0) this.#lines.remember(lineOf(row), row.id);
    }
    const late = early.slice(offered);
    this.#early = null;
    for (const { receiver, events } of receivers) {
      this.#due += events;
      this.#backlog.find(receiver);
    }
    this.offer(late);
  }

  /** Takes events that were committed, those of one call in their order. */
  offer(events: readonly EventRow[]): void {
    if (this.#early) {
      this.#early.push(...events);
      return;
    }
    for (const event of events) {
      if (!event.destination || event.status !== 'due') continue;
      this.#due += 1;
      this.#backlog.offer(event);
    }
  }

  /** Has an event tried once more that was tried before, whatever became of it; false if there is none. */
  async redeliver(id: string): Promise<boolean> {
    const { store, system } = this.#parts;
    const job = this.#settling.get(id) ?? this.#backlog.job(id);
    if (job && (this.#settling.has(id) || job.row.attempts > 0)) {
      job.isAskedFor = true;
      return true;
    }
    const dueAt = system.clock.date();
    const found = await store.redeliver(id, dueAt, JSON.stringify(beginning));
    if (!found) return false;
    if (found.before !== 'due') this.#due += 1;
    this.#backlog.dueAt(found.receiver, dueAt);
    return true;
  }

  /** Whether there is nothing left to deliver, to repeat or to store. */
  idle(): boolean {
    return this.#due === 0 && this.#backlog.isEmpty && this.#lines.isEmpty && this.#settlements.idle();
  }

  /** Whether no attempt is under way or waits for room: what is left is to be tried later. */
  get isAtRest(): boolean {
    return this.#lanes.isEmpty && this.#settlements.idle();
  }

  /** What came of attempts since the start, and of events that were given up. */
  get counts(): { readonly delivered: number; readonly repeated: number; readonly failed: number } {
    return { ...this.#counts };
  }

  /** How many events are not yet delivered or given up. */
  get due(): number {
    return this.#due;
  }

  /** How many of them are held in memory. */
  get held(): number {
    return this.#backlog.held;
  }

  /** Begins no more attempts; resolves once those under way have ended and their outcome is stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#backlog.stop();
    await this.#lanes.rest();
    await this.#settlements.stop();
  }

  #redeliver(id: string): void {
    this.redeliver(id).catch((error: unknown) => {
      this.#parts.system.log.error({ event: id, error: String(error) }, 'A webhook could not be made due again.');
    });
  }

  #enqueue(job: Job): void {
    const url = urlOf(job.progress, job.destination);
    const origin = originOf(url);
    this.#lanes.run(origin, job.isLate ? 'late' : 'new', async () => {
      if (!this.#stopped) await this.#attempt(job, url, origin);
    });
  }

  /** One that is due again, if it is not too old by now. */
  #repeat(job: Job): void {
    const date = this.#parts.system.clock.date();
    if (isExpired(job.progress, job.row.occurredAt, date, this.#parts.maxAgeMs)) this.#end(job, 'failed', []);
    else this.#enqueue(job);
  }

  async #attempt(job: Job, url: string, origin: string): Promise<void> {
    const { clock } = this.#parts.system;
    const begin = clock.now();
    job.attempts += 1;
    job.progress = { ...job.progress, begunAt: job.progress.begunAt ?? clock.date() };
    const traced = this.#trace(job, origin);
    const { outcome, answer, record } = await this.#courier.attempt(job.row, job.destination, url, job.attempts);
    job.answer = answer;
    if (traced) Object.assign(traced, { answer, tookMs: Math.round(clock.now() - begin) });
    this.#judge(job, outcome, [record]);
  }

  #trace({ row, attempts }: Job, origin: string): Attempt | null {
    const { trace, system } = this.#parts;
    if (!trace) return null;
    const of = { at: system.clock.date(), callId: row.callId, type: row.type, origin };
    const attempt = { ...of, attempt: attempts, answer: null, tookMs: null };
    trace(attempt);
    return attempt;
  }

  #judge(job: Job, outcome: Outcome, log: readonly string[]): void {
    const { system, maxAgeMs } = this.#parts;
    const { destination, attempts, row } = job;
    const date = system.clock.date();
    const random = chance(system.ids.seed());
    const circumstances = { destination, attempts, occurredAt: row.occurredAt, date, maxAgeMs, random };
    const verdict = next(job.progress, outcome, circumstances);
    if (verdict.type !== 'again') return this.#end(job, verdict.type, log);
    const isOver = job.progress.round === 0 && verdict.progress.round > 0;
    if (isOver) system.log.warn(labelsOf(job), 'A webhook was not accepted in its first round; it stays due.');
    this.#counts.repeated += 1;
    job.progress = verdict.progress;
    this.#settle(job, 'due', date + verdict.delayMs, log);
    this.#lines.ended(job, isOver);
  }

  #end(job: Job, status: 'delivered' | 'failed', log: readonly string[]): void {
    if (status === 'failed') this.#parts.system.log.error(labelsOf(job), 'A webhook was given up.');
    this.#counts[status] += 1;
    this.#due -= 1;
    this.#settle(job, status, this.#parts.system.clock.date(), log);
    this.#lines.ended(job, true);
  }

  #settle(job: Job, status: Settlement['status'], dueAt: number, log: readonly string[]): void {
    const { row, attempts } = job;
    const progress = status === 'due' ? JSON.stringify(job.progress) : null;
    this.#settling.set(row.id, job);
    this.#settlements.add({ id: row.id, status, attempts, dueAt, progress, log });
  }

  /** From here on the store knows as much. */
  #stored({ id, status, dueAt }: Settlement): void {
    const job = this.#settling.get(id);
    if (!job) return;
    this.#settling.delete(id);
    this.#backlog.release(job, status === 'due' ? dueAt : null);
    if (job.isAskedFor) this.#redeliver(id);
  }
}

/** Enough for an operator to see which receiver is at fault, and how. */
function labelsOf({ row, attempts, progress, destination, answer }: Job): object {
  const origin = originOf(urlOf(progress, destination));
  return { call: row.callId, event: row.id, type: row.type, attempts, origin, answer };
}

/** What shares a lane, and all that a log may say of a URL: its path and query can hold secrets. */
function originOf(url: string): string {
  return URL.parse(url)?.origin ?? 'invalid';
}

function chance(seed: string): number {
  return Number.parseInt(seed, 16) / 2 ** 64;
}
