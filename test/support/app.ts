// The application: posts commands over HTTP without a socket, takes webhooks, and checks of each what must hold for
// all of them: the signature, the envelope, the seven base fields, the count of attempts.
import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { LadderEntry } from '../../src/sip/ladder.ts';
import type { FakeClock } from './fake-system.ts';
import type { Secrets } from './secrets.ts';

/** How the receiver answers: a status; `nothing`, so that the attempt times out; or `refused`, as if nobody listened. */
export type Answer = number | 'nothing' | 'refused';

export interface Answered {
  /** Default 200. */
  readonly status?: number;
  readonly code?: string;
  readonly pointer?: string;
  readonly detail?: string | RegExp;
  /** A call_control_id other than that of the last call.initiated. */
  readonly id?: string;
  /** Which call, counted from 0 in the order of their call.initiated; default: the last one. */
  readonly call?: number;
}

export interface Attempted {
  /** Default 1. */
  readonly attempt?: number;
  readonly url?: string;
  /** It may take this long to come. */
  readonly within?: number;
  /** Which call it is about, counted from 0 in the order of their call.initiated. */
  readonly call?: number;
}

export type PayloadExpectations = Readonly<Record<string, unknown>>;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface DeskOptions {
  readonly clock: FakeClock;
  readonly apiKey: string;
  readonly trace: (entry: LadderEntry) => void;
  /** The server as it is now: a restart brings another one. */
  readonly http: () => FastifyInstance;
  /** Told what is asked and what the server says. */
  readonly secrets: Secrets;
  /** Told with the first server; restarts must keep it. */
  readonly publicKey: () => string;
}

interface Envelope {
  readonly data: {
    readonly record_type: string;
    readonly event_type: string;
    readonly id: string;
    readonly occurred_at: string;
    readonly payload: Readonly<Record<string, unknown>>;
  };
  readonly meta: { readonly attempt: number; readonly delivered_to: string };
}

interface Delivery {
  readonly envelope: Envelope;
  readonly url: string;
}

const formats = ['json', 'text'];
const baseFields = ['call_control_id', 'call_leg_id', 'call_session_id', 'client_state', 'connection_id', 'from', 'to'];

export class Desk {
  readonly #options: DeskOptions;
  readonly #inbox: Delivery[] = [];
  readonly #attempts = new Map<string, number>();
  readonly #unsure = new Set<string>();
  readonly #bodies = new Map<string, string>();
  #answer: Answer = 200;
  #dropping = false;
  readonly #calls: string[] = [];

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  answers(answer: Answer): void {
    this.#answer = answer;
  }

  /** A server that dies between a POST and the note of it delivers again: the receiver drops what it knows, as it should. */
  dropsRepeated(): void {
    this.#dropping = true;
  }

  /** The server was killed: an attempt whose outcome it did not see may count again. */
  serverKilled(): void {
    for (const id of this.#attempts.keys()) this.#unsure.add(id);
  }

  /** What the server calls to deliver. A bad webhook rejects into the server and is remembered for the next step. */
  readonly post = async (request: Post): Promise<{ status: number }> => {
    const known = this.#bodies.size;
    const { envelope, url } = this.#take(request);
    const answer = this.#answer;
    this.#draw(envelope, answer);
    if (!this.#dropping || this.#bodies.size > known) this.#inbox.push({ envelope, url });
    const id = String(envelope.data.payload.call_control_id);
    if (envelope.data.event_type === 'call.initiated' && !this.#calls.includes(id)) this.#calls.push(id);
    if (answer === 'refused') throw new Error('connect ECONNREFUSED');
    if (answer === 'nothing') await this.#timeout(request.timeoutMs);
    return { status: answer as number };
  };

  readonly faults: string[] = [];

  /** Sends the command; the returned function checks the answer once the world has settled. */
  posts(action: string, body: object | undefined, expected: Answered): () => Promise<void> {
    const method = action === 'client_state_update' ? 'PUT' : 'POST';
    const check = this.#sends(method, action, `/${this.#idOf(expected)}/actions/${action}`, body, expected);
    return async () => {
      const json = await check();
      if ((expected.status ?? 200) === 200) assert.deepEqual(json, { data: { result: 'ok' } });
    };
  }

  /** Dials; the answer must name a call of its own. */
  dials(body: object, expected: Answered): () => Promise<void> {
    const usual = { connection_id: '1000000000000000001', from: '+13125550100', to: 'sip:alice@192.0.2.10' };
    const check = this.#sends('POST', 'dial', '', { ...usual, ...body }, expected);
    return async () => {
      const json = await check();
      if ((expected.status ?? 200) !== 200) return;
      const { data } = json as { data: PayloadExpectations };
      checkFields(data, { record_type: 'call', is_alive: false, call_control_id: /^v3:/ }, 'the dial');
    };
  }

  #idOf({ id, call }: Answered): string {
    return id ?? (call === undefined ? this.#calls.at(-1) : this.#calls[call]) ?? '';
  }

  /** Sends a request below /v2/calls; the returned function resolves to its answer. */
  #sends(
    method: 'POST' | 'PUT',
    what: string,
    path: string,
    body: object | undefined,
    expected: Answered,
  ): () => Promise<unknown> {
    const { clock } = this.#options;
    const entry = {
      at: clock.date(),
      from: 'application',
      to: 'us',
      label: `${method} ${what}`,
      tone: 'command' as const,
    };
    const drawn: { -readonly [K in keyof LadderEntry]: LadderEntry[K] } = { ...entry };
    this.#options.trace(drawn);
    const answer = this.#request(method, path, body);
    return async () => {
      const { status, json } = await this.#settled(answer, what);
      drawn.note = answerNote(status, json);
      checkAnswer(status, json, expected, `${method} ${what}`);
      return json;
    };
  }

  reads(expectations: PayloadExpectations, expected: Answered): () => Promise<void> {
    const answer = this.#request('GET', `/${this.#idOf(expected)}`, undefined);
    return async () => {
      const { status, json } = await this.#settled(answer, 'GET');
      checkAnswer(status, json, expected, 'GET call');
      if (status === 200) checkFields((json as { data: PayloadExpectations }).data, expectations, 'the call');
    };
  }

  async gets(type: string, payload: PayloadExpectations, attempted: Attempted): Promise<void> {
    const delivery = await this.#next(attempted.within ?? 0);
    assert.ok(delivery, `the application expected ${type}, but nothing came`);
    const { data, meta } = delivery.envelope;
    const shown = JSON.stringify(data.payload);
    assert.equal(data.event_type, type, `the application expected ${type}, but got ${data.event_type} ${shown}`);
    assert.equal(meta.attempt, attempted.attempt ?? 1, `the attempt of ${type}`);
    if (attempted.call !== undefined) {
      assert.equal(this.#calls.indexOf(String(data.payload.call_control_id)), attempted.call, `the call of ${type}`);
    }
    if (attempted.url !== undefined) assert.equal(delivery.url, attempted.url, `where ${type} went`);
    const named = Object.entries(payload).map(([field, value]) => [field, this.#idIn(value)] as const);
    checkFields(data.payload, Object.fromEntries(named), type);
  }

  getsNothing(): void {
    const unexpected = this.#inbox.map(
      ({ envelope: { data } }) => `${data.event_type} ${JSON.stringify(data.payload)}`,
    );
    assert.deepEqual(unexpected, [], 'the application got what it should not have');
  }

  /** Reads all that the API tells of the calls there were, and of who is known: for what must not be in it. */
  async looksAround(): Promise<void> {
    const pages = ['call_events?page[size]=250', 'webhook_deliveries?page[size]=250', 'trunks', 'phones', 'api_keys'];
    const ofCalls = this.#calls.flatMap((id) => [
      `calls/${id}`,
      ...formats.map((it) => `calls/${id}/ladder?format=${it}`),
    ]);
    for (const path of [...pages, ...ofCalls].map((path) => `/v2/${path}`).concat('/metrics')) {
      await this.#settled(this.#inject({ method: 'GET', url: path }), path);
    }
  }

  async #inject({ headers, ...request }: InjectOptions): Promise<LightMyRequestResponse> {
    const { http, apiKey, secrets } = this.#options;
    const answer = await http().inject({ ...request, headers: { authorization: `Bearer ${apiKey}`, ...headers } });
    const said = [...Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`), '', answer.body];
    secrets.heard(`the answer to ${request.method} ${request.url}`, said.join('\n'));
    return answer;
  }

  async #request(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: object | undefined,
  ): Promise<{ status: number; json: unknown }> {
    this.#options.secrets.plantFields(body);
    const answer = await this.#inject({
      method,
      url: `/v2/calls${path}`,
      ...(method !== 'GET' && { headers: { 'content-type': 'application/json' } }),
      ...(body && { payload: this.#named(body) }),
    });
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    return { status: answer.statusCode, json: answer.json() };
  }

  /** What stands for the id of a call that was not known yet when the script was written. */
  #named(body: object): string {
    return JSON.stringify(body).replace(/"id-of-call-(\d+)"/g, (_all, call: string) =>
      JSON.stringify(this.#calls[Number(call)]),
    );
  }

  #idIn(expected: unknown): unknown {
    const call = /^id-of-call-(\d+)$/.exec(String(expected))?.[1];
    return call === undefined ? expected : this.#calls[Number(call)];
  }

  /** An answer may need turns of the event loop, but never time. */
  async #settled<T>(answer: Promise<T>, what: string): Promise<T> {
    let done: { value: T } | null = null;
    const waiting = answer.then((value) => {
      done = { value };
    });
    for (let turns = 0; turns < 50 && !done; turns += 1) await Promise.race([waiting, this.#options.clock.settle()]);
    if (!done) assert.fail(`no answer to ${what} before time moves on`);
    return (done as { value: T }).value;
  }

  async #next(within: number): Promise<Delivery | null> {
    const { clock } = this.#options;
    for (let left = within; ; ) {
      const delivery = this.#inbox.shift();
      const step = clock.nextInMs;
      if (delivery || step === null || step > left) return delivery ?? null;
      await clock.advance(step);
      left -= step;
    }
  }

  #timeout(ms: number): Promise<never> {
    return new Promise((_, reject) => {
      this.#options.clock.after(ms, () => reject(new Error('no answer in time')));
    });
  }

  #draw({ data, meta }: Envelope, answer: Answer): void {
    const told = [
      'direction',
      'sip_notify_response',
      'failure_reason',
      'hangup_cause',
      'hangup_source',
      'sip_hangup_cause',
      'current_position',
      'queue_position',
      'reason',
      'wait_time_secs',
    ];
    const particulars = told
      .filter((name) => data.payload[name] !== undefined)
      .map((name) => `${name}: ${data.payload[name]}`);
    const attempt = meta.attempt > 1 ? [`attempt ${meta.attempt}`] : [];
    const result = answer === 200 ? [] : [`answered ${answer}`];
    this.#options.trace({
      at: this.#options.clock.date(),
      from: 'us',
      to: 'application',
      label: data.event_type,
      note: [...particulars, ...attempt, ...result].join(', '),
      tone: 'event',
    });
  }

  #take(request: Post): Delivery {
    this.#options.secrets.heard('a webhook', `${JSON.stringify(request.headers)}\n${request.body}`);
    const envelope = JSON.parse(request.body) as Envelope;
    try {
      checkSignature(request, this.#options.publicKey(), this.#options.clock);
      this.#checkEnvelope(envelope, request);
    } catch (error) {
      this.faults.push(`a bad webhook: ${(error as Error).message}\n${request.body}`);
    }
    return { envelope, url: request.url };
  }

  #checkEnvelope({ data, meta }: Envelope, { url }: Post): void {
    const next = (this.#attempts.get(data.id) ?? 0) + 1;
    const attempt = this.#unsure.delete(data.id) ? Math.min(meta.attempt, next) : next;
    this.#attempts.set(data.id, attempt);
    const body = JSON.stringify(data);
    assert.equal(body, this.#bodies.get(data.id) ?? body, 'the data changed between two attempts');
    this.#bodies.set(data.id, body);
    assert.deepEqual(meta, { attempt, delivered_to: url });
    assert.equal(data.record_type, 'event');
    assert.match(data.occurred_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.ok(Date.parse(data.occurred_at) <= this.#options.clock.date(), 'it occurred in the future');
    for (const name of baseFields) assert.ok(name in data.payload, `${name} is missing`);
  }
}

const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

function checkSignature({ headers, body }: Post, publicKey: string, clock: FakeClock): void {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const timestamp = given['telnyx-timestamp'] ?? '';
  assert.equal(timestamp, String(Math.floor(clock.date() / 1000)), 'telnyx-timestamp');
  assert.match(given['content-type'] ?? '', /^application\/json/);
  assert.match(given['user-agent'] ?? '', /telnyx-webhooks/);
  const raw = Buffer.from(publicKey, 'base64');
  const key = createPublicKey({ key: Buffer.concat([ed25519Prefix, raw]), format: 'der', type: 'spki' });
  const signature = Buffer.from(given['telnyx-signature-ed25519'] ?? '', 'base64');
  assert.ok(verify(null, Buffer.from(`${timestamp}|${body}`), key, signature), 'the signature does not match');
}

interface ErrorBody {
  readonly errors?: readonly {
    readonly code: string;
    readonly detail: string;
    readonly source?: { readonly pointer?: string };
  }[];
}

function answerNote(status: number, json: unknown): string {
  const code = (json as ErrorBody).errors?.[0]?.code;
  return code ? `${status} ${code}` : String(status);
}

function checkAnswer(status: number, json: unknown, expected: Answered, of: string): void {
  const wanted = expected.status ?? 200;
  assert.equal(status, wanted, `${of} was answered ${status}: ${JSON.stringify(json)}`);
  const error = (json as ErrorBody).errors?.[0];
  if (expected.code !== undefined) assert.equal(error?.code, expected.code, `the code of ${of}`);
  if (expected.pointer !== undefined) assert.equal(error?.source?.pointer, expected.pointer, `the pointer of ${of}`);
  if (expected.detail instanceof RegExp) assert.match(error?.detail ?? '', expected.detail);
  else if (expected.detail !== undefined) assert.equal(error?.detail, expected.detail);
}

/** Each expected field: a value to equal, a pattern to match, a check that throws, or undefined for absent. */
function checkFields(actual: PayloadExpectations, expected: PayloadExpectations, of: string): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value instanceof RegExp) assert.match(String(actual[name]), value, `${name} of ${of}`);
    else if (typeof value === 'function') value(actual[name]);
    else if (value === undefined) assert.ok(!(name in actual), `${name} of ${of} should be absent`);
    else assert.deepEqual(actual[name], value, `${name} of ${of}`);
  }
}
