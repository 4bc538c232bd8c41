// The request of a webhook over real sockets, on undici: connections are kept alive, one request at a time on each, and
// TLS certificates are validated. Redirects are not followed here (delivery.ts decides), and of the body of an answer
// only the beginning is kept. Every connection is made by the one Agent below, to no address that is forbidden (egress.ts).
import { Agent, type Dispatcher } from 'undici';
import type { Clock, Timer } from '../system.ts';
import { type Egress, Forbidden } from './egress.ts';

export interface PostRequest {
  readonly method: 'POST' | 'GET';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty in a GET. */
  readonly body: string;
  readonly timeoutMs: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly location?: string;
  /** As far as they are kept: by lower-case name, of several with one name a list. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Its beginning. */
  readonly body?: string;
}

/** Resolves with the answer, whatever its status; rejects if there is none within `timeoutMs`, or with Forbidden. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

/** An answer to a webhook says all in its status: a longer body than this is not listened to. */
const longestBody = 65_536;

/** How much of a body is kept, in bytes: enough to see what a receiver complains of. */
const keptBody = 1_024;

/** A Post of its own connections, at most so many to one origin, and how to close them. Deadlines are the clock's: a signal each costs more. */
export function openPost(
  clock: Clock,
  connectionsPerOrigin: number,
  egress: Egress,
): { post: Post; close: () => Promise<void> } {
  const agent = new Agent({
    connections: connectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0, // undici's own timers are coarse, by half a second and more
    bodyTimeout: 0,
    connect: { rejectUnauthorized: true, lookup: egress.lookup },
  });
  return { post: (request) => exchange(agent, clock, egress, request), close: () => agent.destroy() };
}

async function exchange(agent: Agent, clock: Clock, egress: Egress, request: PostRequest): Promise<PostAnswer> {
  const { origin, pathname, search, protocol } = new URL(request.url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is not http: or https:`);
  const fault = egress.faultOf(request.url);
  if (fault !== null) throw new Forbidden(fault);
  const { method, headers, timeoutMs } = request;
  const body = method === 'GET' ? null : request.body;
  const pending = new Exchange(clock, timeoutMs);
  agent.dispatch({ origin, path: pathname + search, method, headers, body }, pending);
  return pending.promise;
}

/** What undici tells of one request: a fifth cheaper than a response with a stream for a body that nobody reads. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly promise: Promise<PostAnswer>;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #resolve: (answer: PostAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #answer: PostAnswer | null = null;
  #received = 0;
  #beginning: Buffer | null = null;
  #expired: Error | null = null;

  constructor(clock: Clock, timeoutMs: number) {
    const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#clock = clock;
    this.#timer = clock.after(Math.max(timeoutMs, 0), () => this.#expire(timeoutMs));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The deadline passed while the request waited for a connection: it must not be sent now.
    if (this.#expired) controller.abort(this.#expired);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (status < 200) return;
    const { location } = headers;
    this.#answer = typeof location === 'string' ? { status, headers, location } : { status, headers };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#received += chunk.length;
    if ((this.#beginning?.length ?? 0) < keptBody) {
      const more = chunk.subarray(0, keptBody - (this.#beginning?.length ?? 0));
      this.#beginning = this.#beginning === null ? Buffer.from(more) : Buffer.concat([this.#beginning, more]);
    }
    if (this.#received > longestBody) controller.abort(new Error('The body of the answer is too long.'));
  }

  onResponseEnd(): void {
    this.#end(null);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(error);
  }

  #expire(timeoutMs: number): void {
    this.#expired = Object.assign(new Error(`No answer in ${Math.round(timeoutMs)} ms.`), { name: 'TimeoutError' });
    this.#controller?.abort(this.#expired);
    this.#end(this.#expired);
  }

  /** Once there is a status it counts, however its body ends. */
  #end(error: Error | null): void {
    this.#clock.cancel(this.#timer);
    if (this.#answer) this.#resolve({ ...this.#answer, body: this.#beginning?.toString() ?? '' });
    else this.#reject(error ?? new Error('An answer without a status.'));
  }
}
