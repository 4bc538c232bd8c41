// One attempt: the event written as a request, signed, sent, and its redirects followed within the time it has. What comes
// of it is an outcome for retry.ts and a record for the store; nothing here throws.
import type { Destination, EventRow } from '../store/store.ts';
import type { System } from '../system.ts';
import { answeredAttempt, unansweredAttempt } from './attempts.ts';
import { Forbidden } from './egress.ts';
import type { Post, PostAnswer, PostRequest } from './post.ts';
import { withQuery } from './query.ts';
import { type Outcome, redirectOf } from './retry.ts';
import type { Signer } from './signature.ts';

interface Parts {
  readonly system: System;
  readonly signer: Pick<Signer, 'sign'>;
  readonly post: Post;
}

export interface Attempted {
  readonly outcome: Outcome;
  /** The status, or why there was none. */
  readonly answer: number | string;
  /** As it is kept. */
  readonly record: string;
}

const mostWarnings = 1_000;

type Written = Omit<PostRequest, 'headers' | 'timeoutMs'>;

export class Courier {
  readonly #parts: Parts;
  /** What was warned of already, by its sentence. */
  readonly #warned = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Time and signature are made anew for each attempt: the receiver takes only fresh ones. */
  async attempt(event: EventRow, to: Destination, url: string, attempt: number): Promise<Attempted> {
    const { system } = this.#parts;
    const startedAt = system.clock.date();
    const times = () => ({ startedAt, finishedAt: system.clock.date(), url });
    try {
      const request = written(event, to.method, url, attempt);
      const headers = await this.#headers(request, Math.floor(startedAt / 1_000));
      const answer = await this.#exchange({ ...request, headers }, to.timeoutMs);
      return { outcome: answer.status, answer: answer.status, record: answeredAttempt(times(), answer) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      system.log.debug({ call: event.callId, event: event.id, attempt, error }, 'A webhook got no answer.');
      const isForbidden = error instanceof Forbidden;
      if (isForbidden) this.#warn(reason);
      const outcome = isForbidden ? 'forbidden' : null;
      return { outcome, answer: reason, record: unansweredAttempt(times(), reason) };
    }
  }

  /** Once of each host: as long as it is not allowed, each event for it says the same. */
  #warn(reason: string): void {
    if (this.#warned.has(reason) || this.#warned.size >= mostWarnings) return;
    this.#warned.add(reason);
    this.#parts.system.log.warn({ reason }, 'A webhook was not sent.');
  }

  async #headers({ method, body }: Written, timestamp: number): Promise<Record<string, string>> {
    return {
      ...(method === 'POST' && { 'Content-Type': 'application/json' }),
      'User-Agent': 'telnyx-webhooks',
      'Telnyx-Signature-Ed25519': await this.#parts.signer.sign(timestamp, body),
      'Telnyx-Timestamp': String(timestamp),
    };
  }

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
}

/** A GET has the whole event in its query, and nothing in its body, which is all that is signed. */
function written(event: EventRow, method: Destination['method'], url: string, attempt: number): Written {
  const body = `{"data":${event.body},"meta":{"attempt":${attempt},"delivered_to":${JSON.stringify(url)}}}`;
  return method === 'GET' ? { method, url: withQuery(url, JSON.parse(body)), body: '' } : { method, url, body };
}
