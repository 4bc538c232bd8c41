// The application: the official client for its commands, a small HTTP server for its webhooks. Each webhook is verified
// by the client itself; a repeated one must repeat the first word for word, and is then passed over, as the vendor's
// documentation tells applications to do.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import Telnyx, { type ClientOptions } from 'telnyx';
import { patienceMs } from './program.ts';
import type { Scope } from './scope.ts';
import type { Switchhook } from './server.ts';

/** What an application needs to know of its server. */
type Server = Pick<Switchhook, 'httpAddress' | 'tail'> & { readonly apiKey: string };

type Payload = Readonly<Record<string, unknown>>;

export interface Webhook {
  readonly id: string;
  readonly type: string;
  readonly payload: Payload;
  /** As it came. */
  readonly body: string;
  readonly headers: Record<string, string>;
}

type Actions = Telnyx['calls']['actions'];
type DialParams = Parameters<Telnyx['calls']['dial']>[0];
export type ReferParams = Parameters<Actions['refer']>[1];

/** What one call has told its application. */
export class Conversation {
  readonly id: string;
  /** Every event, once each, in the order they came. */
  readonly webhooks: Webhook[] = [];
  readonly #app: Application;
  #taken = 0;

  constructor(app: Application, id: string) {
    this.#app = app;
    this.id = id;
  }

  get types(): readonly string[] {
    return this.webhooks.map(({ type }) => type);
  }

  /** The next event: it must be of this type and say all this. */
  async gets(type: string, expected: Payload = {}): Promise<Payload> {
    const webhook = await this.#app.until(`${type} after ${this.types.join(', ')}`, () => this.webhooks[this.#taken]);
    this.#taken += 1;
    const { payload } = webhook;
    const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, payload[name]]));
    assert.deepEqual([webhook.type, seen], [type, expected], JSON.stringify(payload));
    return payload;
  }

  answer(params: Parameters<Actions['answer']>[1] = {}) {
    return this.#app.client.calls.actions.answer(this.id, params);
  }

  hangup(params: Parameters<Actions['hangup']>[1] = {}) {
    return this.#app.client.calls.actions.hangup(this.id, params);
  }

  refer(target: string, params: Partial<ReferParams> = {}) {
    return this.#app.client.calls.actions.refer(this.id, { sip_address: target, ...params });
  }

  /** To the peer of another call of ours, whose place with us it is to take. */
  refersToPlaceOf(other: Conversation) {
    const body = { replaces_call_control_id: other.id } as unknown as ReferParams;
    return this.#app.client.calls.actions.refer(this.id, body);
  }

  transfer(to: string) {
    return this.#app.client.calls.actions.transfer(this.id, { to });
  }

  async isAlive(): Promise<boolean | undefined> {
    const { data } = await this.#app.client.calls.retrieveStatus(this.id);
    return data?.is_alive;
  }
}

export class Application {
  readonly url: string;
  /** While it is true the application answers 503 to each webhook, and remembers it here only. */
  isBusy = false;
  readonly refused: Webhook[] = [];
  readonly #conversations = new Map<string, Conversation>();
  readonly #byEvent = new Map<string, unknown>();
  readonly #faults: string[] = [];
  readonly #waiting = new Set<() => void>();
  #server: Server | null = null;
  #client: Telnyx | null = null;

  private constructor(url: string) {
    this.url = url;
  }

  static async open(scope: Scope): Promise<Application> {
    const listener = createServer((request, response) => {
      const taken = app.#take(request);
      taken.then(
        (status) => response.writeHead(status).end(),
        (error: Error) => {
          app.#fault(error);
          response.writeHead(400).end();
        },
      );
    });
    await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
    const app = new Application(`http://127.0.0.1:${(listener.address() as AddressInfo).port}/webhooks`);
    scope.after(() => {
      listener.closeAllConnections();
      listener.close();
      assert.deepEqual(app.#faults, [], 'some webhooks were not as they must be');
    });
    return app;
  }

  /** A client of this server with other options than the application's own. */
  connectAs(options: ClientOptions): Telnyx {
    return this.client.withOptions(options);
  }

  /** Becomes the client of this server. */
  async connect(server: Server): Promise<void> {
    const response = await fetch(`${server.httpAddress}/v2/public_key`);
    const { data } = (await response.json()) as { data: { public_key: string } };
    this.#server = server;
    this.#client = new Telnyx({
      apiKey: server.apiKey,
      publicKey: data.public_key,
      baseURL: `${server.httpAddress}/v2`,
      maxRetries: 0,
    });
  }

  get client(): Telnyx {
    assert.ok(this.#client, 'the application has no server');
    return this.#client;
  }

  /** The call to this user, once it has told of itself. */
  called(user: string): Promise<Conversation> {
    return this.#told('incoming', user);
  }

  /** The call that the server makes to this user, because of a transfer or of a REFER. */
  calling(user: string): Promise<Conversation> {
    return this.#told('outgoing', user);
  }

  async #told(direction: 'incoming' | 'outgoing', user: string): Promise<Conversation> {
    const isIt = ({ webhooks: [first] }: Conversation) =>
      first?.payload.direction === direction && String(first.payload.to).startsWith(`sip:${user}@`);
    const conversation = await this.until(`a call to ${user}`, () => this.conversations.find(isIt));
    await conversation.gets('call.initiated', { direction });
    return conversation;
  }

  /** Has the server call somebody. */
  async dials(to: string, params: Partial<DialParams> = {}): Promise<Conversation> {
    const body = { connection_id: '1000000000000000001', from: '+15551', to, ...params };
    const { data } = await this.client.calls.dial(body);
    const conversation = this.#conversation(String(data?.call_control_id));
    await conversation.gets('call.initiated', { direction: 'outgoing' });
    return conversation;
  }

  get conversations(): readonly Conversation[] {
    return [...this.#conversations.values()];
  }

  /** What `look` finds at last; with every webhook it looks again. */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timeout);
        this.#waiting.delete(check);
      };
      const giveUp = (why: string): void => {
        settle();
        reject(new Error(`The application waited for ${what}: ${why}. ${this.#server?.tail() ?? ''}`));
      };
      const check = (): void => {
        const found = look();
        if (found === undefined) {
          if (this.#faults.length > 0) giveUp(this.#faults.join('; '));
          return;
        }
        settle();
        resolve(found);
      };
      const timeout = setTimeout(() => giveUp(`nothing came in ${patienceMs} ms`), patienceMs);
      this.#waiting.add(check);
      check();
    });
  }

  /** The status to answer with. */
  async #take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const headers = request.headers as Record<string, string>;
    const { data } = (await this.client.webhooks.unwrap(body, { headers })) as unknown as {
      data: { id: string; event_type: string; payload: Payload };
    };
    const webhook = { id: data.id, type: data.event_type, payload: data.payload, body, headers };
    const known = this.#byEvent.get(data.id);
    if (known !== undefined && !isDeepStrictEqual(known, data)) {
      throw new Error(`${data.event_type} ${data.id} came twice, and differs`);
    }
    if (this.isBusy) {
      this.refused.push(webhook);
    } else {
      if (known === undefined) this.#hear(webhook);
      this.#byEvent.set(data.id, data);
    }
    for (const check of [...this.#waiting]) check();
    return this.isBusy ? 503 : 200;
  }

  #hear(webhook: Webhook): void {
    this.#conversation(String(webhook.payload.call_control_id)).webhooks.push(webhook);
  }

  #conversation(id: string): Conversation {
    const conversation = this.#conversations.get(id) ?? new Conversation(this, id);
    this.#conversations.set(id, conversation);
    return conversation;
  }

  #fault(error: Error): void {
    this.#faults.push(error.message);
    for (const check of [...this.#waiting]) check();
  }
}
