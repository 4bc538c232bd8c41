// The application of a server that dies at any moment: it tries a command again, under the same command_id, until it has
// an answer, and takes each event as often as it comes. What it has heard is kept by call, each event once.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Waiting } from './waiting.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Event {
  readonly id: string;
  readonly event_type: string;
  readonly payload: Fields;
}

const retryMs = 40;
const connection = '1000000000000000001';

/** One call as the application knows it. */
export class Call {
  readonly id: string;
  /** Every event, once each, in the order in which they were first told. */
  readonly told: Event[] = [];
  readonly #app: Application;

  constructor(app: Application, id: string) {
    this.#app = app;
    this.id = id;
  }

  /** `initiated answered hangup`: what it was told of this call. */
  get story(): string {
    return this.told.map(({ event_type }) => event_type.replace(/^call\./, '')).join(' ');
  }

  /** Resolves once it was told such an event. */
  gets(type: string): Promise<Fields> {
    const look = () => this.told.find(({ event_type }) => event_type === type)?.payload;
    return this.#app.waiting.until(`${type} after "${this.story}"`, look);
  }

  /** Resolves when the command was accepted. */
  async posts(action: string, body: object = {}): Promise<void> {
    await this.#app.command(`/calls/${this.id}/actions/${action}`, body);
  }
}

export class Application {
  readonly url: string;
  readonly waiting = new Waiting('The application');
  /** What must never happen, and has. */
  readonly faults: string[] = [];
  readonly calls: Call[] = [];
  readonly #events = new Map<string, Event>();
  readonly #server: Server;
  #address = '';
  #apiKey = '';
  #commands = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async open(): Promise<Application> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => {
        app.#take((JSON.parse(Buffer.concat(chunks).toString()) as { data: Event }).data);
        response.writeHead(200).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const app = new Application(server);
    return app;
  }

  connects(address: string, apiKey: string): void {
    this.#address = address;
    this.#apiKey = apiKey;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** The call of that direction with that user, once it was told of. */
  called(direction: 'incoming' | 'outgoing', user: string): Promise<Call> {
    const isIt = ({ told: [first] }: Call) => first?.payload.direction === direction && isOf(first.payload.to, user);
    return this.waiting.until(`a call to ${user}`, () => this.calls.find(isIt));
  }

  async dials(to: string): Promise<Call> {
    const body = { connection_id: connection, from: '+15551', to };
    const { data } = (await this.command('/calls', body)) as { data: { call_control_id: string } };
    return this.#call(data.call_control_id);
  }

  /** Until there is an answer, which must be 200: the server may die in between, and the same command comes again. */
  async command(path: string, body: object): Promise<unknown> {
    this.#commands += 1;
    const payload = JSON.stringify({ ...body, command_id: `command-${this.#commands}` });
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${this.#apiKey}` };
    for (;;) {
      const answer = await fetch(`${this.#address}/v2${path}`, { method: 'POST', headers, body: payload })
        .then(async (response) => ({ status: response.status, text: await response.text() }))
        .catch(() => null);
      if (answer?.status === 200) return JSON.parse(answer.text);
      if (answer) throw new Error(`POST ${path} was answered ${answer.status}: ${answer.text}`);
      await wait(retryMs);
    }
  }

  /** Resolves once the server remembers that the last event of the call was taken. */
  async settled({ id }: Call): Promise<void> {
    const query = new URLSearchParams({
      'filter[status][eq]': 'delivered',
      'filter[event_type]': 'call.hangup',
      'filter[webhook][contains]': id,
    });
    const headers = { Authorization: `Bearer ${this.#apiKey}` };
    for (;;) {
      const found = await fetch(`${this.#address}/v2/webhook_deliveries?${query}`, { headers })
        .then(async (response) => ((await response.json()) as { data?: readonly object[] }).data?.length)
        .catch(() => 0);
      if (found) return;
      await wait(retryMs);
    }
  }

  #take(event: Event): void {
    const { id, event_type, payload } = event;
    const known = this.#events.get(id);
    if (known && !isDeepStrictEqual(known, event)) this.faults.push(`${event_type} ${id} came twice, and differs`);
    if (!known) {
      this.#events.set(id, event);
      this.#call(String(payload.call_control_id)).told.push(event);
    }
    this.waiting.wake();
  }

  #call(id: string): Call {
    let call = this.calls.find((each) => each.id === id);
    if (!call) {
      call = new Call(this, id);
      this.calls.push(call);
    }
    return call;
  }
}

const isOf = (uri: unknown, user: string): boolean => String(uri).includes(`${user}@`) || uri === user;
