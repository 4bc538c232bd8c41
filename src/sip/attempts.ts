// A request and the places it may go to: tried one after the other until one of them answers for good (RFC 3263 §4.3), and
// by TCP before UDP when it is too large for a datagram (RFC 3261 §18.1.1). Each attempt is the same request with a branch
// of its own; whoever sent it hears one outcome, under the branch it gave. Leaves out finding the places (location.ts).
import type { Clock, Log, Timer } from '../system.ts';
import { readRetryAfter } from './message/headers.ts';
import type { Request, Response } from './message/message.ts';
import { clientKey } from './transaction/key.ts';
import type { Outgoing, TransactionUser } from './transaction/transactions.ts';
import type { FailedPlaces } from './transport/failed-places.ts';
import type { Target } from './transport/transport.ts';

export interface Hop {
  readonly target: Target;
  /** Tried only if the one before it could not be connected to. */
  readonly ifUnreachable: boolean;
  /** Whether it goes by another transport than the peer was located by, for its size: that is no news of where we are. */
  readonly forSize: boolean;
}

/** Whom the attempts tell: where one that failed was sent is told to nobody. */
export interface AttemptsUser extends Omit<TransactionUser, 'timeout' | 'failed'> {
  timeout(branch: string, method: string): void;
  failed(branch: string, error: Error, method: string): void;
}

export interface AttemptsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How long a request may take when it does not say. */
  readonly patienceMs: number;
  readonly user: AttemptsUser;
  /** Told what becomes of each attempt. */
  readonly places: FailedPlaces;
  /** Begins a client transaction whose user hears of it under `name`. */
  readonly begin: (request: Outgoing, name: string) => void;
  /** The request as it leaves for this hop: its transport in Via and Contact, and this branch. */
  readonly readdress: (request: Outgoing, hop: Hop, branch: string) => string;
  readonly locate: (request: Outgoing) => Promise<readonly Hop[]>;
}

interface Attempt {
  readonly request: Outgoing;
  /** Empty while they are looked for. */
  hops: readonly Hop[];
  /** How many were tried, and how the last one was sent. */
  tried: number;
  sent: Outgoing;
  /** Whether the present place has said that it is there. */
  heard: boolean;
  timer: Timer;
}

type Failure = 'unreachable' | 'silent' | 'unavailable';

export class Attempts implements TransactionUser {
  readonly #options: AttemptsOptions;
  readonly #attempts = new Map<string, Attempt>();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** How many requests are being looked for, and how many timers that takes. */
  get searching(): number {
    let searching = 0;
    for (const { timer } of this.#attempts.values()) if (timer !== null) searching += 1;
    return searching;
  }

  /** Sends a request to the first of several hops. */
  send(request: Outgoing, hops: readonly Hop[]): void {
    const attempt = this.#remember(request);
    if (attempt === null) return;
    attempt.hops = hops;
    this.#next(attempt, null);
  }

  /** Looks for the hops of a request and sends it. The search is part of what it may take. */
  search(request: Outgoing): void {
    const { clock, patienceMs } = this.#options;
    const attempt = this.#remember(request);
    if (attempt === null) return;
    const timeoutMs = request.timeoutMs ?? patienceMs;
    const until = clock.now() + timeoutMs;
    attempt.timer = clock.after(timeoutMs, () => {
      this.#forget(attempt);
      this.#options.user.timeout(request.branch, request.method);
    });
    const isOver = (): boolean => this.#attempts.get(keyOf(request)) !== attempt;
    this.#options.locate(request).then(
      (hops) => {
        if (isOver()) return;
        this.#disarm(attempt);
        attempt.hops = hops;
        this.#next(attempt, request.timeoutMs === undefined ? null : until - clock.now());
      },
      (error: Error) => {
        if (isOver()) return;
        this.#forget(attempt);
        this.#options.user.failed(request.branch, error, request.method);
      },
    );
  }

  /** The INVITE as it was last sent under this branch: where its CANCEL goes and by which branch (RFC 3261 §9.1). */
  sentAs(branch: string): Outgoing | null {
    const invite = this.#attempts.get(clientKey(branch, 'INVITE'));
    return invite && invite.tried > 0 ? invite.sent : null;
  }

  close(): void {
    for (const attempt of this.#attempts.values()) this.#disarm(attempt);
    this.#attempts.clear();
  }

  // What the transactions tell, under the name of the request.

  response(branch: string, response: Response, to: Target): void {
    this.#note(response, to);
    const attempt = this.#find(branch, response.cseq.method);
    if (attempt) {
      attempt.heard = true;
      if (response.status === 503 && this.#failOver(attempt, 'unavailable')) return;
      // The final response of an INVITE may come again: by then there is nothing left to try.
      if (response.status >= 200) this.#forget(attempt);
    }
    this.#options.user.response(branch, response, to);
  }

  timeout(branch: string, method: string, to: Target): void {
    this.#options.places.failed(to);
    const attempt = this.#find(branch, method);
    if (attempt && !attempt.heard && this.#failOver(attempt, 'silent')) return;
    if (attempt) this.#forget(attempt);
    this.#options.user.timeout(branch, method);
  }

  failed(branch: string, error: Error, method: string, to: Target): void {
    this.#options.places.failed(to);
    const attempt = this.#find(branch, method);
    if (attempt && this.#failOver(attempt, 'unreachable')) return;
    if (attempt) this.#forget(attempt);
    this.#options.user.failed(branch, error, method);
  }

  ack(request: Request): void {
    this.#options.user.ack(request);
  }

  /** RFC 3261 §21.5.4: a 503 that does not say for how long is about this request alone. */
  #note(response: Response, to: Target): void {
    const retryAfter = response.status === 503 ? readRetryAfter(response.get('Retry-After') ?? '') : null;
    if (retryAfter === null) this.#options.places.answered(to);
    else this.#options.places.failed(to, retryAfter * 1000);
  }

  /** Most requests have one place to go to, and are none of ours. */
  #find(branch: string, method: string): Attempt | undefined {
    return this.#attempts.size === 0 ? undefined : this.#attempts.get(clientKey(branch, method));
  }

  #remember(request: Outgoing): Attempt | null {
    const { branch, method } = request;
    if (this.#attempts.has(keyOf(request))) {
      this.#options.log.error({ branch, method }, 'a request with this branch is already being sent');
      return null;
    }
    const attempt: Attempt = { request, hops: [], tried: 0, sent: request, heard: false, timer: null };
    this.#attempts.set(keyOf(request), attempt);
    return attempt;
  }

  /** Whether there was another hop to try. */
  #failOver(attempt: Attempt, failure: Failure): boolean {
    while (failure !== 'unreachable' && attempt.hops[attempt.tried]?.ifUnreachable) attempt.tried += 1;
    if (attempt.tried >= attempt.hops.length) return false;
    this.#next(attempt, null);
    return true;
  }

  #next(attempt: Attempt, timeoutMs: number | null): void {
    const { request, tried, hops } = attempt;
    const hop = hops[tried]!;
    // RFC 3263 §4.3: identical but for the branch, because it is a new transaction.
    const branch = tried === 0 ? request.branch : `${request.branch}-${tried}`;
    const text = this.#options.readdress(request, hop, branch);
    attempt.sent = { ...request, branch, text, target: hop.target, ...(timeoutMs !== null && { timeoutMs }) };
    attempt.tried += 1;
    attempt.heard = false;
    this.#options.begin(attempt.sent, request.branch);
  }

  #forget(attempt: Attempt): void {
    this.#disarm(attempt);
    this.#attempts.delete(keyOf(attempt.request));
  }

  #disarm(attempt: Attempt): void {
    if (attempt.timer !== null) this.#options.clock.cancel(attempt.timer);
    attempt.timer = null;
  }
}

function keyOf({ branch, method }: Outgoing): string {
  return clientKey(branch, method);
}
