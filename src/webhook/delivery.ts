// The outbox's way out: takes events once they are committed and posts each until it is accepted or given up, with the
// first attempts of one call in order and no call in another's way. When and where an event is tried again is decided
// in retry.ts. What this forgets at a crash, the store still knows as due.
import type { Destination, EventRow, Settlement, Store } from '../store/store.ts';
import type { System, Timer } from '../system.ts';
import { answeredAttempt, unansweredAttempt } from './attempts.ts';
import { Lanes } from './lanes.ts';
import type { Post, PostAnswer, PostRequest } from './post.ts';
import { withQuery } from './query.ts';
import { isExpired, next, type Outcome, type Progress, redirectOf, resume, urlOf } from './retry.ts';
import { Settlements } from './settlements.ts';
import type { Signer } from './signature.ts';

/** How many requests are under way to one origin at a time. */
export const deliveriesPerOrigin = 64;

/** One POST, told when it begins. When it has ended, `answer` and `tookMs` say how: a status, or why there was none. */
export interface Attempt {
  readonly at: number;
  readonly callId: string;
  readonly type: string;
  readonly origin: string;
  readonly attempt: number;
  answer: number | string | null;
  tookMs: number | null;
}

interface Parts {
  readonly system: System;
  readonly store: Pick<Store, 'dueEvents' | 'settle'>;
  readonly signer: Pick<Signer, 'sign'>;
  readonly post: Post;
  /** How long after its event a webhook is still tried; 0 gives up after the first round. */
  readonly maxAgeMs: number;
  readonly trace?: ((attempt: Attempt) => void) | undefined;
}

/** An event that is not yet delivered or given up. */
interface Job {
  readonly event: EventRow;
  readonly destination: Destination;
  readonly call: CallJobs;
  attempts: number;
  progress: Progress;
  /** What came of the last attempt in this process, for the log: a status, or why there was none. */
  answer: number | string | null;
  /** Monotonic instant of the first attempt in this process. */
  startedAt: number | null;
}

/** What is left to deliver of one call. */
interface CallJobs {
  readonly id: string;
  /** Those never tried, in order. */
  readonly untried: Job[];
  /** The one whose first attempt is under way: the untried ones wait for it. */
  first: Job | null;
  /** Terminal refer events in their first round: call.hangup waits for them. */
  refers: readonly Job[];
  jobs: number;
}

export class Delivery {
  readonly #parts: Parts;
  readonly #lanes = new Lanes(deliveriesPerOrigin);
  readonly #settlements: Settlements;
  readonly #calls = new Map<string, CallJobs>();
  readonly #timers = new Set<Timer>();
  /** What was offered before the due events of the last run were read; null from then on. */
  #early: EventRow[] | null = [];
  readonly #counts = { delivered: 0, repeated: 0, failed: 0 };
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#settlements = new Settlements(parts.system, parts.store);
  }

  /** Goes on with what the last run left due. */
  async start(): Promise<void> {
    const due = await this.#parts.store.dueEvents();
    const known = new Set(due.map(({ id }) => id));
    const early = this.#early ?? [];
    this.#early = null;
    this.offer([...due, ...early.filter(({ id }) => !known.has(id))]);
  }

  /** Takes events that were committed, those of one call in their order. */
  offer(events: readonly EventRow[]): void {
    if (this.#early) {
      this.#early.push(...events);
      return;
    }
    const calls = new Set<CallJobs>();
    for (const event of events) {
      if (event.destination && event.status === 'due') calls.add(this.#admit(event, event.destination));
    }
    for (const call of calls) this.#advance(call);
  }

  /** Whether there is nothing left to deliver, to repeat or to store. */
  idle(): boolean {
    return this.#calls.size === 0 && this.#settlements.idle();
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
    let due = 0;
    for (const { jobs } of this.#calls.values()) due += jobs;
    return due;
  }

  /** Begins no more attempts; resolves once those under way have ended and their outcome is stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) this.#parts.system.clock.cancel(timer);
    this.#timers.clear();
    await this.#lanes.rest();
    await this.#settlements.stop();
  }

  #admit(event: EventRow, destination: Destination): CallJobs {
    const call = this.#callOf(event.callId);
    const { attempts } = event;
    const progress = resume(attempts, destination);
    const job: Job = { event, destination, call, attempts, progress, answer: null, startedAt: null };
    call.jobs += 1;
    if (attempts === 0) {
      call.untried.push(job);
    } else {
      if (isTerminalRefer(event) && job.progress.round === 0) call.refers = [...call.refers, job];
      this.#repeat(job, Math.max(event.dueAt - this.#parts.system.clock.date(), 0));
    }
    return call;
  }

  #callOf(id: string): CallJobs {
    let call = this.#calls.get(id);
    if (!call) {
      call = { id, untried: [], first: null, refers: [], jobs: 0 };
      this.#calls.set(id, call);
    }
    return call;
  }

  /** Begins the next first attempt of a call if nothing it must wait for is under way; forgets a call that is done. */
  #advance(call: CallJobs): void {
    if (call.jobs === 0) this.#calls.delete(call.id);
    const [job] = call.untried;
    if (!job || call.first || (job.event.type === 'call.hangup' && call.refers.length > 0)) return;
    call.untried.shift();
    call.first = job;
    if (isTerminalRefer(job.event)) call.refers = [...call.refers, job];
    this.#enqueue(job);
  }

  #enqueue(job: Job): void {
    const url = urlOf(job.progress, job.destination);
    const origin = originOf(url);
    this.#lanes.run(origin, async () => {
      if (!this.#stopped) await this.#attempt(job, url, origin);
    });
  }

  async #attempt(job: Job, url: string, origin: string): Promise<void> {
    const { clock } = this.#parts.system;
    const begin = clock.now();
    job.startedAt ??= begin;
    const traced = this.#trace(job, origin);
    const { outcome, attempt } = await this.#outcomeOf(job, url);
    if (traced) Object.assign(traced, { answer: job.answer, tookMs: Math.round(clock.now() - begin) });
    job.attempts += 1;
    this.#judge(job, outcome, [attempt]);
    if (job.call.first === job) job.call.first = null;
    this.#advance(job.call);
  }

  #trace({ event, attempts }: Job, origin: string): Attempt | null {
    const { trace, system } = this.#parts;
    if (!trace) return null;
    const of = { at: system.clock.date(), callId: event.callId, type: event.type, origin };
    const attempt = { ...of, attempt: attempts + 1, answer: null, tookMs: null };
    trace(attempt);
    return attempt;
  }

  /** Time and signature are made anew for each attempt: the receiver takes only fresh ones. */
  async #outcomeOf(job: Job, url: string): Promise<{ outcome: Outcome; attempt: string }> {
    const { system, signer } = this.#parts;
    const attempt = job.attempts + 1;
    const request = written(job, url, attempt);
    const startedAt = system.clock.date();
    const timestamp = Math.floor(startedAt / 1_000);
    const times = () => ({ startedAt, finishedAt: system.clock.date(), url });
    try {
      const headers = {
        ...(request.method === 'POST' && { 'Content-Type': 'application/json' }),
        'User-Agent': 'telnyx-webhooks',
        'Telnyx-Signature-Ed25519': await signer.sign(timestamp, request.body),
        'Telnyx-Timestamp': String(timestamp),
      };
      const answer = await this.#exchange({ ...request, headers }, job.destination.timeoutMs);
      job.answer = answer.status;
      return { outcome: answer.status, attempt: answeredAttempt(times(), answer) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      job.answer = reason;
      system.log.debug({ ...labelsOf(job), attempt, error }, 'A webhook got no answer.');
      return { outcome: null, attempt: unansweredAttempt(times(), reason) };
    }
  }

  /** Posts, and follows the redirects that may be followed, all within the time of one attempt. */
  async #exchange(request: Omit<PostRequest, 'timeoutMs'>, timeoutMs: number): Promise<PostAnswer> {
    const { post, system } = this.#parts;
    const deadline = system.clock.now() + timeoutMs;
    let { url } = request;
    for (let followed = 0; ; followed += 1) {
      const answer = await post({ ...request, url, timeoutMs: deadline - system.clock.now() });
      const to = redirectOf(answer.status, answer.location, url, followed);
      if (to === null || system.clock.now() >= deadline) return answer;
      url = to;
    }
  }

  #judge(job: Job, outcome: Outcome, log: readonly string[]): void {
    const { system, maxAgeMs } = this.#parts;
    const { destination, attempts, event } = job;
    const date = system.clock.date();
    const elapsedMs = system.clock.now() - (job.startedAt ?? 0);
    const random = chance(system.ids.seed());
    const circumstances = { destination, attempts, elapsedMs, occurredAt: event.occurredAt, date, maxAgeMs, random };
    const verdict = next(job.progress, outcome, circumstances);
    if (verdict.type !== 'again') {
      this.#end(job, verdict.type, log);
      return;
    }
    if (job.progress.round === 0 && verdict.progress.round > 0) {
      system.log.warn(labelsOf(job), 'A webhook was not accepted in its first round; it stays due.');
      release(job);
    }
    this.#counts.repeated += 1;
    job.progress = verdict.progress;
    this.#settle(job, 'due', date + verdict.delayMs, log);
    this.#repeat(job, verdict.delayMs);
  }

  #repeat(job: Job, delayMs: number): void {
    if (this.#stopped) return;
    const { clock } = this.#parts.system;
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (isExpired(job.progress, job.event.occurredAt, clock.date(), this.#parts.maxAgeMs)) {
        this.#end(job, 'failed', []);
        this.#advance(job.call);
      } else {
        this.#enqueue(job);
      }
    });
    this.#timers.add(timer);
  }

  #end(job: Job, status: 'delivered' | 'failed', log: readonly string[]): void {
    if (status === 'failed') this.#parts.system.log.error(labelsOf(job), 'A webhook was given up.');
    this.#counts[status] += 1;
    job.call.jobs -= 1;
    release(job);
    this.#settle(job, status, this.#parts.system.clock.date(), log);
  }

  #settle({ event, attempts }: Job, status: Settlement['status'], dueAt: number, log: readonly string[]): void {
    this.#settlements.add({ id: event.id, status, attempts, dueAt, progress: null, log });
  }
}

function isTerminalRefer({ type }: EventRow): boolean {
  return type === 'call.refer.completed' || type === 'call.refer.failed';
}

/** A GET has the whole event in its query, and nothing in its body, which is all that is signed. */
function written(
  { event, destination }: Job,
  url: string,
  attempt: number,
): Omit<PostRequest, 'headers' | 'timeoutMs'> {
  const { method } = destination;
  const body = `{"data":${event.body},"meta":{"attempt":${attempt},"delivered_to":${JSON.stringify(url)}}}`;
  return method === 'GET' ? { method, url: withQuery(url, JSON.parse(body)), body: '' } : { method, url, body };
}

/** A hangup need not wait for this event any longer. */
function release(job: Job): void {
  const { call } = job;
  if (call.refers.length > 0) call.refers = call.refers.filter((refer) => refer !== job);
}

/** Enough for an operator to see which receiver is at fault, and how. */
function labelsOf({ event, attempts, progress, destination, answer }: Job): object {
  const origin = originOf(urlOf(progress, destination));
  return { call: event.callId, event: event.id, type: event.type, attempts, origin, answer };
}

/** What shares a lane, and all that a log may say of a URL: its path and query can hold secrets. */
function originOf(url: string): string {
  return URL.parse(url)?.origin ?? 'invalid';
}

function chance(seed: string): number {
  return Number.parseInt(seed, 16) / 2 ** 64;
}
