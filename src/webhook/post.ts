// The POST of a webhook over real sockets, on undici: connections are kept alive, one request at a time on each, and
// TLS certificates are validated. Redirects are not followed here (delivery.ts decides), and the body of an answer is
// read and thrown away. Every connection is made by the one Agent below: what may be reached is to be decided there.
import { Agent, type Dispatcher } from 'undici';

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface PostAnswer {
  readonly status: number;
  readonly location?: string;
}

/** Resolves with the answer, whatever its status; rejects if there is none within `timeoutMs`. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

/** An answer to a webhook says all in its status: a longer body than this is not listened to. */
const longestBody = 65_536;

/** A Post of its own connections, at most so many to one origin, and how to close them. */
export function openPost(connectionsPerOrigin: number): { post: Post; close: () => Promise<void> } {
  const agent = new Agent({
    connections: connectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0, // undici's own timers are coarse, by half a second and more
    bodyTimeout: 0,
    connect: { rejectUnauthorized: true },
  });
  return { post: (request) => exchange(agent, request), close: () => agent.destroy() };
}

async function exchange(agent: Agent, request: PostRequest): Promise<PostAnswer> {
  const { origin, pathname, search, protocol } = new URL(request.url);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is not http: or https:`);
  const { headers, body, timeoutMs } = request;
  const pending = new Exchange(AbortSignal.timeout(Math.ceil(Math.max(timeoutMs, 0))));
  agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, pending);
  return pending.promise;
}

/** What undici tells of one request: a fifth cheaper than a response with a stream for a body that nobody reads. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly promise: Promise<PostAnswer>;
  readonly #deadline: AbortSignal;
  readonly #resolve: (answer: PostAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #answer: PostAnswer | null = null;
  #received = 0;

  constructor(deadline: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#deadline = deadline;
    deadline.addEventListener('abort', this.#expire);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The deadline passed while the request waited for a connection: it must not be sent now.
    if (this.#deadline.aborted) controller.abort(this.#deadline.reason);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>): void {
    if (status < 200) return;
    const { location } = headers;
    this.#answer = typeof location === 'string' ? { status, location } : { status };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > longestBody) controller.abort(new Error('The body of the answer is too long.'));
  }

  onResponseEnd(): void {
    this.#end(new Error('An answer without a status.'));
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(error);
  }

  readonly #expire = (): void => {
    this.#controller?.abort(this.#deadline.reason);
    this.#end(this.#deadline.reason);
  };

  /** Once there is a status it counts, however its body ends. The listener goes, for it would keep all this alive. */
  #end(error: unknown): void {
    this.#deadline.removeEventListener('abort', this.#expire);
    if (this.#answer) this.#resolve(this.#answer);
    else this.#reject(error);
  }
}
