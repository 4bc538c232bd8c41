// What the tests of the HTTP server share: the app with calls that only remember what they were asked.
import type { FastifyInstance } from 'fastify';
import { Applications } from '../../src/call/applications.ts';
import type { ActionName, CallControl, CallView, DialBody, Dialled } from '../../src/call/commands.ts';
import { type PlaceChange, Queues, type WaitingCall } from '../../src/call/queues.ts';
import type { Refusal } from '../../src/errors.ts';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import { Auth, hashKey } from '../../src/http/auth.ts';
import { Keys } from '../../src/http/keys.ts';
import { Limits } from '../../src/http/limits.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { application } from '../support/application.ts';
import { type FakeLog, type FakeSystem, fakeSystem } from '../support/fake-system.ts';

export const key = 'KEY0123456789';
export const callId = 'v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg';

export interface Executed {
  readonly callControlId: string;
  readonly action: ActionName;
  readonly body: object;
}

export class FakeCalls implements CallControl {
  readonly executed: Executed[] = [];
  readonly dials: DialBody[] = [];
  readonly acceptedIds = new Set<string>();
  readonly views = new Map<string, CallView>();
  readonly active = new Map<string, readonly CallView[]>();
  /** What the next commands are answered; then all are accepted. */
  readonly next: (readonly Refusal[] | Error)[] = [];

  forget(): void {
    this.executed.length = 0;
    this.dials.length = 0;
    this.next.length = 0;
    this.acceptedIds.clear();
    this.views.clear();
    this.active.clear();
  }

  async accepted(callControlId: string, commandId: string): Promise<boolean> {
    return this.acceptedIds.has(`${callControlId} ${commandId}`);
  }

  async execute(callControlId: string, action: ActionName, body: object): Promise<readonly Refusal[]> {
    this.executed.push({ callControlId, action, body });
    const answer = this.next.shift() ?? [];
    if (answer instanceof Error) throw answer;
    const { command_id: commandId } = body as { command_id?: string };
    if (answer.length === 0 && commandId !== undefined) this.acceptedIds.add(`${callControlId} ${commandId}`);
    return answer;
  }

  /** What was asked of places in queues. */
  readonly places: { readonly callControlId: string; readonly change: PlaceChange }[] = [];

  async changePlace(callControlId: string, change: PlaceChange): Promise<readonly Refusal[]> {
    this.places.push({ callControlId, change });
    const answer = this.next.shift() ?? [];
    return answer instanceof Error ? Promise.reject(answer) : answer;
  }

  async dialled(_commandId: string): Promise<Dialled | null> {
    return null;
  }

  async dial(body: DialBody): Promise<Dialled> {
    this.dials.push(body);
    const refusals = this.next.shift() ?? [];
    if (refusals instanceof Error) throw refusals;
    return refusals.length > 0 ? { refusals } : { calls: [...this.views.values()] };
  }

  async view(callControlId: string): Promise<CallView | null> {
    return this.views.get(callControlId) ?? null;
  }

  hasCalls(connectionId: string): boolean {
    return this.activeCalls(connectionId).length > 0;
  }

  activeCalls(connectionId: string): readonly CallView[] {
    return this.active.get(connectionId) ?? [];
  }
}

const refused = async () => ({ refusals: [{ name: 'not-found' }] }) as const;
const noPeers = { all: () => [], create: refused, update: refused, remove: refused };

export interface Fixture {
  readonly app: FastifyInstance;
  readonly calls: FakeCalls;
  readonly log: FakeLog;
  readonly system: FakeSystem;
  readonly store: Store;
  readonly applications: Applications;
  readonly queues: Queues;
  /** Who waits in a queue. */
  readonly waiting: WaitingCall[];
}

type Own = Partial<Omit<AppOptions, 'calls' | 'log' | 'applications' | 'queues' | 'history' | 'clock'>>;

export function fixture(options: Own = {}): Fixture {
  const calls = new FakeCalls();
  const system = fakeSystem();
  const { log } = system;
  const store = openSqlite(':memory:');
  const applications = new Applications({ system, store, configured: [application()] });
  const waiting: WaitingCall[] = [];
  const queues = new Queues({
    ...{ system, store, waiting: () => waiting },
    isUsed: (name) => waiting.some(({ waiting: { queue } }) => queue === name),
  });
  const auth = new Auth([hashKey(key)]);
  const app = createApp({
    calls,
    applications,
    queues,
    clock: system.clock,
    history: store,
    redeliver: async () => false,
    peers: { trunks: noPeers, phones: noPeers },
    auth,
    limits: new Limits(0, () => system.clock.now()),
    obstacleToDial: () => null,
    keys: new Keys(system, store, auth),
    store,
    publicKey: 'cHVibGlj',
    ready: async () => null,
    version: '1.2.3',
    log,
    ...options,
  });
  return { app, calls, log, system, store, applications, queues, waiting };
}

let shared: Fixture | undefined;

/** The app of `fixture()`, built once for tests that run one after the other; what it remembers is forgotten here. */
export function sharedFixture(): Fixture {
  shared ??= fixture();
  shared.calls.forget();
  return shared;
}

export const authorized = { authorization: `Bearer ${key}` };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

interface Options {
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer | object;
}

/** Sends a request with the key. Every answer with a body must be JSON. */
export async function ask(app: FastifyInstance, line: string, { headers, payload }: Options = {}): Promise<Answer> {
  const [method = '', url = ''] = line.split(' ');
  const response = await app.inject({
    method: method as 'GET',
    url,
    headers: { ...authorized, ...headers },
    ...(payload !== undefined && { payload }),
  });
  if (response.body !== '' && response.headers['content-type'] !== 'application/json; charset=utf-8') {
    throw new Error(`${line} was answered ${response.headers['content-type']}: ${response.body}`);
  }
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body === '' ? null : JSON.parse(response.body),
  };
}

export const json = { 'content-type': 'application/json' };
export const ok = { data: { result: 'ok' } };

/** `code pointer` of each error, in the order given. */
export function errorsIn(body: unknown): string[] {
  const { errors } = body as { errors: { code: string; source?: { pointer: string } }[] };
  return errors.map(({ code, source }) => (source ? `${code} ${source.pointer}` : code));
}
