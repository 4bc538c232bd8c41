// What the calls of a user agent share (RFC 3261 §8.1): requests sent and their outcomes told as promises, challenges
// answered with credentials (§22.2), who waits for which response. Leaves out what comes in (user-agent.ts).
import type { System, Timer } from '../../system.ts';
import { contactFor, type Dialog, requestUriOf, requestWithin } from '../dialog/dialog.ts';
import { hasSdp } from '../dialog/invite-usage.ts';
import type { Endpoint, Outgoing } from '../endpoint.ts';
import { type Authorizations, authorized, challenged, forNextRequest } from '../message/authorizations.ts';
import type { Credentials } from '../message/digest.ts';
import type { HeaderList, Response } from '../message/message.ts';
import { clientKey } from '../transaction/key.ts';
import type { LocalAddress, Target } from '../transport/transport.ts';

/**
 * What became of a request. `response` is the final one; null when the peer was silent, which counts as 408, or out of
 * reach, which counts as 503 (RFC 3261 §8.1.3.1).
 */
export interface Outcome {
  readonly status: number;
  readonly response: Response | null;
}

/** What a request says beyond what every request does. A body wants its Content-Type among the headers. */
export interface Saying {
  readonly headers?: HeaderList;
  readonly body?: string;
}

/** What is heard of a request that was sent. */
export type Heard =
  /** `to` is where it went. */
  | { readonly type: 'response'; readonly response: Response; readonly to?: Target }
  | { readonly type: 'timeout' }
  | { readonly type: 'transport-failed' };

/** A dialog, or what stands for one while there is none, and what its peer has challenged. */
export interface Line {
  dialog: Dialog;
  authorizations: Authorizations;
}

export interface CoreOptions {
  readonly system: System;
  /** The user of our Contact. */
  readonly name: string;
  readonly credentials: Credentials | null;
  /** 64*T1. */
  readonly patienceMs: number;
  /** Allow: what goes with an INVITE and its 2xx (§13.2.1, §13.3.1.4). */
  readonly capabilities: HeaderList;
}

/** Their answers need more than to be told. */
const withItsOwnWay: ReadonlySet<string> = new Set(['INVITE', 'ACK', 'CANCEL']);

export class Core {
  readonly options: CoreOptions;
  readonly #endpoint: () => Endpoint;
  readonly #waiting = new Map<string, (heard: Heard) => void>();
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(options: CoreOptions, endpoint: () => Endpoint) {
    this.options = options;
    this.#endpoint = endpoint;
  }

  get endpoint(): Endpoint {
    return this.#endpoint();
  }

  /** For tags and Call-IDs: nobody else has it. */
  fresh(): string {
    return this.options.system.ids.seed();
  }

  freshBranch(): string {
    return `z9hG4bK${this.fresh()}`;
  }

  contact(address: LocalAddress, dialog?: Dialog): readonly [string, string] {
    return ['Contact', contactFor(address, this.options.name, dialog?.secure)];
  }

  /** Sends it; `hear` is told all that comes, until it is final, or for an INVITE until it is forgotten. */
  send(request: Outgoing, hear: (heard: Heard) => void = () => {}): void {
    if (this.#closed) return hear({ type: 'transport-failed' });
    this.#waiting.set(clientKey(request.branch, request.method), hear);
    this.endpoint.send(request);
  }

  forget(branch: string, method: string): void {
    this.#waiting.delete(clientKey(branch, method));
  }

  hear(branch: string, method: string, heard: Heard): void {
    const hear = this.#waiting.get(clientKey(branch, method));
    const isFinal = heard.type !== 'response' || heard.response.status >= 200;
    if (isFinal && method !== 'INVITE') this.forget(branch, method);
    hear?.(heard);
  }

  /** Sends a request in its line, again with credentials while it is challenged. Any method but INVITE, ACK and CANCEL. */
  async ask(line: Line, method: string, saying: Saying = {}): Promise<Outcome> {
    if (withItsOwnWay.has(method)) throw new TypeError(`${method} is not sent as a request by itself.`);
    line.authorizations = forNextRequest(line.authorizations);
    for (;;) {
      const outcome = await this.#once(line, method, saying);
      const next = this.answered(line.authorizations, outcome.response);
      if (next === null) return outcome;
      line.authorizations = next;
    }
  }

  /** What to answer a challenge with; null where it is none, or cannot be answered. */
  answered(known: Authorizations, response: Response | null): Authorizations | null {
    const asks = response !== null && (response.status === 401 || response.status === 407);
    return asks && this.options.credentials !== null ? challenged(known, response) : null;
  }

  /** The credentials of a request in this line, which counts them as used. */
  credentialsFor(line: Line, method: string): HeaderList {
    const request = { method, uri: requestUriOf(line.dialog), cnonce: this.fresh() };
    const { headers, authorizations } = authorized(line.authorizations, request, this.options.credentials);
    line.authorizations = authorizations;
    return headers;
  }

  /** Runs later, unless it is cancelled or the agent is closed. */
  after(ms: number, run: () => void): Timer {
    if (this.#closed) return null;
    const timer = this.options.system.clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
    return timer;
  }

  cancel(timer: Timer): void {
    this.#timers.delete(timer);
    this.options.system.clock.cancel(timer);
  }

  /** Who still waits learns that nothing comes any more. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) this.options.system.clock.cancel(timer);
    this.#timers.clear();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const hear of waiting) hear({ type: 'transport-failed' });
  }

  #once(line: Line, method: string, { headers = [], body = '' }: Saying): Promise<Outcome> {
    const cseq = line.dialog.localCseq + 1;
    line.dialog = { ...line.dialog, localCseq: cseq };
    const credentials = this.credentialsFor(line, method);
    const branch = this.freshBranch();
    const contact = (address: LocalAddress): HeaderList =>
      method === 'BYE' ? [] : [this.contact(address, line.dialog)];
    const request = requestWithin(line.dialog, this.endpoint.localAddresses(line.dialog.flow), {
      method,
      cseq,
      branch,
      headers: (address) => [...contact(address), ...credentials, ...headers],
      body,
    });
    return new Promise((resolve) =>
      this.send({ branch, method, ...request }, (heard) => {
        const outcome = outcomeOf(heard);
        if (outcome.status >= 200) resolve(outcome);
      }),
    );
  }
}

export function outcomeOf(heard: Heard): Outcome {
  if (heard.type === 'response') return { status: heard.response.status, response: heard.response };
  return { status: heard.type === 'timeout' ? 408 : 503, response: null };
}

/** The SDP that a message carries, or null. */
export function sdpOf(message: Parameters<typeof hasSdp>[0]): string | null {
  return hasSdp(message) ? message.body : null;
}

export const sdpType: HeaderList = [['Content-Type', 'application/sdp']];
