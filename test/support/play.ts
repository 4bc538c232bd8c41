// Scenarios: a call flow written as a script, played against the whole server on fake time, a fake wire and a store in
// memory, and drawn as a ladder that is compared with the one in golden/. Every scenario must end in an empty world.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { ReferSettings } from '../../src/call/routing.ts';
import type { Settings } from '../../src/config.ts';
import { describe, drawLadder, type LadderEntry } from '../../src/sip/ladder.ts';
import type { Transport, TransportName } from '../../src/sip/transport/transport.ts';
import type { Batch, Store } from '../../src/store/store.ts';
import type { System } from '../../src/system.ts';
import { type Answer, type Answered, type Attempted, Desk, type PayloadExpectations, type Post } from './app.ts';
import { type FakeMedia, fakeMedia } from './fake-media.ts';
import { type FakeProcess, type FakeSystem, fakeProcess, fakeSystem } from './fake-system.ts';
import { type Expectations, type Overrides, Phone } from './peer.ts';
import { reasonOf, Script, withoutStack } from './script.ts';
import { type Faults, type Packet, Wire, type WireTransport } from './wire.ts';

/** What the server under test is made of; src/server.ts says what each part is. */
export interface PartsUnderTest {
  readonly system: System;
  readonly settings: Settings;
  readonly store: Store;
  readonly transports: readonly Transport[];
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly media: FakeMedia;
  readonly post: (request: Post) => Promise<{ status: number }>;
  readonly authHashes: readonly string[];
  readonly docs: ReadonlyMap<string, string>;
  readonly version: string;
}

export interface ServerUnderTest {
  readonly publicKey: string;
  readonly http: FastifyInstance;
  stop(): Promise<void>;
  kill(): void | Promise<void>;
  idle(): boolean;
  census(): object;
}

export interface ScenarioOptions {
  readonly settings?: Partial<Settings>;
  /** How refers behave in the only application. */
  readonly refer?: Partial<ReferSettings>;
  readonly webhookFailoverUrl?: string;
  /** What the peers speak; default udp. */
  readonly transport?: TransportName;
  /** What the server listens on; default both. */
  readonly listens?: readonly TransportName[];
  readonly faults?: Faults;
  readonly latencyMs?: number;
  /** Names that resolve; default: everything below atlanta.example is the transferee's address. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Errors in the log that this scenario is about. */
  readonly logs?: RegExp;
  /** Kills the server before this step of the script and starts it again; no ladder is compared then. */
  readonly restartBefore?: number;
  /** Kills the server in the middle of this commit, counted from 1. Then peer and application repeat themselves. */
  readonly killAtCommit?: { readonly count: number; readonly when: 'before' | 'after' };
  /** For tests of this file. */
  readonly start?: (parts: PartsUnderTest) => Promise<ServerUnderTest>;
  readonly goldenFolder?: string;
  readonly updateGolden?: boolean;
  readonly store?: () => Store | Promise<Store>;
}

export interface Peer {
  sends(what: string | number, overrides?: Overrides): void;
  /** Fails if anything else came first. */
  gets(what: string | number, expectations?: Expectations): void;
  /** Nothing has come that was not taken by a step. */
  getsNothing(): void;
  /** The next message of this kind is lost on its way here. */
  misses(what: string | number): void;
  /** Closes its TCP connections. */
  disconnects(): void;
  /** Closes them and takes no new ones. */
  vanishes(): void;
}

export interface App {
  posts(action: string, body?: object, expected?: Answered): void;
  gets(eventType: string, payload?: PayloadExpectations, attempted?: Attempted): void;
  getsNothing(): void;
  /** From now on. */
  answers(answer: Answer): void;
  reads(fields: PayloadExpectations, expected?: Answered): void;
}

export interface World {
  readonly transferee: Peer;
  readonly app: App;
  /** Another caller, with a lane of its own. */
  peer(name: string): Peer;
  after(ms: number): void;
  /** Ends the server as SIGKILL would and starts it again on what is in the store. */
  restarts(): void;
  kills(): void;
  starts(): void;
  /** The steps recorded by the function happen in one turn of the event loop. */
  together(record: () => void): void;
  /** Anything else, run between the steps with the world settled. */
  does(what: string, run: (inside: Inside) => void | Promise<void>): void;
}

/** What a scenario may look at that neither a peer nor an application can see. */
export interface Inside {
  readonly server: ServerUnderTest;
  readonly system: FakeSystem;
  readonly store: Store;
  readonly media: FakeMedia;
}

const us = { host: '192.0.2.1', port: 5060 };
const apiKey = 'KEY-of-the-scenarios';
const webhookUrl = 'https://app.example/webhooks';
const golden = fileURLToPath(new URL('../scenario/golden', import.meta.url));
/** Longer than any timer that a finished call may leave: twice 64*T1, and T2 and T4 on top. */
const longEnoughMs = 2 * 32_000 + 10_000;

export function scenario(name: string, script: (world: World) => void): void;
export function scenario(name: string, options: ScenarioOptions, script: (world: World) => void): void;
export function scenario(
  name: string,
  first: ScenarioOptions | ((world: World) => void),
  second?: (world: World) => void,
): void {
  const options = typeof first === 'function' ? {} : first;
  const script = typeof first === 'function' ? first : second!;
  test(name, async () => {
    await play(name, options, script);
  });
}

/** The same without node:test around it; resolves to the number of commits. */
export async function play(name: string, options: ScenarioOptions, script: (world: World) => void): Promise<number> {
  const stage = new Stage(options);
  script(stage.world);
  await stage.play(name);
  return stage.commits;
}

/**
 * The same scenario, killed and started again before each of its steps in turn, and in the middle of each of its commits,
 * before anything is written and after all of it is; its events must come out the same.
 */
export function killedAnywhere(name: string, script: (world: World) => void): void {
  for (let step = 1; step < lengthOf(script); step += 1) {
    test(`${name}, killed before step ${step}`, async () => {
      await play(name, { restartBefore: step }, script);
    });
  }
  for (const when of ['before', 'after'] as const) {
    test(`${name}, killed ${when} each commit`, async (context) => {
      for (let count = 1, commits = 1; count <= commits; count += 1) {
        await context.test(`${count}`, async () => {
          commits = await play(name, { killAtCommit: { count, when } }, script);
        });
      }
    });
  }
}

function lengthOf(script: (world: World) => void): number {
  const stage = new Stage({});
  script(stage.world);
  return stage.steps;
}

/** The name of a scenario's golden file: its name without what is in parentheses, in kebab case. */
export function slugOf(name: string): string {
  return name
    .replaceAll(/\([^)]*\)/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

class Stage {
  readonly world: World;
  readonly #options: ScenarioOptions;
  readonly #system = fakeSystem();
  readonly #script = new Script();
  readonly #wire: Wire;
  readonly #phones: Phone[] = [];
  readonly #desk: Desk;
  readonly #trace: LadderEntry[] = [];
  readonly #startedAt: number;
  #store: Store | null = null;
  #media = fakeMedia();
  #process: FakeProcess | null = null;
  #transports: WireTransport[] = [];
  #server: ServerUnderTest | null = null;
  #publicKey = '';
  #commands = 0;
  #commits = 0;
  #died = false;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#startedAt = this.#system.clock.date();
    this.#wire = new Wire({
      clock: this.#system.clock,
      latencyMs: options.latencyMs ?? 0,
      faults: options.faults ?? {},
      tap: (packet) => this.#tap(packet),
      drop: (packet) => this.#phones.some((phone) => phone.loses(packet)),
    });
    this.#desk = new Desk({
      clock: this.#system.clock,
      apiKey,
      trace: (entry) => this.#trace.push(entry),
      http: () => this.#running().http,
      publicKey: () => this.#publicKey,
    });
    if (options.killAtCommit) this.#desk.dropsRepeated();
    this.world = this.#newWorld();
  }

  /** How often the server has committed. */
  get commits(): number {
    return this.#commits;
  }

  /** How many steps the script has. */
  get steps(): number {
    return this.#script.length;
  }

  async play(name: string): Promise<void> {
    try {
      this.#store = await this.#openStore();
      for (const phone of this.#phones) await phone.listen();
      await this.#start();
      await this.#script.play(
        () => this.#settle(),
        async (step) => {
          if (step === this.#options.restartBefore) await this.#restart();
        },
      );
      await this.#leaveNothing();
    } catch (error) {
      throw withoutStack(`${reasonOf(error)}\n\n${this.#draw()}${this.#log()}`);
    } finally {
      this.#kill();
      for (const phone of this.#phones) await phone.close();
      await this.#store?.close();
    }
    if (this.#options.restartBefore !== undefined || this.#options.killAtCommit) return;
    const { goldenFolder = golden, updateGolden = process.env.UPDATE_GOLDEN === '1' } = this.#options;
    const path = `${goldenFolder}/${slugOf(name)}.ladder`;
    if (updateGolden) writeGolden(path, this.#draw());
    else compareGolden(path, this.#draw());
  }

  #newWorld(): World {
    const { record, together } = this.#script;
    const transferee = this.#peer('transferee', 'alice', 'atlanta.example');
    const desk = this.#desk;
    return {
      transferee,
      app: {
        posts: (action, body, expected = {}) => {
          let check: (() => Promise<void>) | null = null;
          this.#commands += 1;
          const named = this.#options.killAtCommit ? { command_id: `command-${this.#commands}`, ...body } : body;
          const begin = (): void => {
            check = desk.posts(action, named, expected);
          };
          record(`app.posts('${action}')`, { begin, retry: begin, end: async () => check?.() });
        },
        gets: (type, payload = {}, attempted = {}) =>
          record(`app.gets('${type}')`, { end: () => desk.gets(type, payload, attempted) }),
        getsNothing: () => record('app.getsNothing()', { end: async () => desk.getsNothing() }),
        answers: (answer) => record(`app.answers(${answer})`, { begin: () => desk.answers(answer) }),
        reads: (fields, expected = {}) => record('app.reads()', { end: () => desk.reads(fields, expected)() }),
      },
      peer: (name) => this.#peer(name, name, 'chicago.example'),
      after: (ms) => record(`after(${ms})`, { end: () => this.#system.clock.advance(ms) }),
      restarts: () => record('restarts()', { begin: () => this.#kill(), end: () => this.#start() }),
      kills: () => record('kills()', { begin: () => this.#kill() }),
      starts: () => record('starts()', { end: () => this.#start() }),
      together,
      does: (what, run) => record(what, { end: async () => run(this.#inside()) }),
    };
  }

  #peer(name: string, user: string, domain: string): Peer {
    const { record } = this.#script;
    const phone = new Phone({
      name,
      clock: this.#system.clock,
      wire: this.#wire,
      transport: this.#options.transport ?? 'udp',
      user,
      domain,
      host: `192.0.2.${10 + 10 * this.#phones.length}`,
      port: 5060,
      us,
      callee: '+13125550100',
    });
    this.#phones.push(phone);
    return {
      sends: (what, overrides) =>
        record(`${name}.sends(${what})`, {
          begin: () => phone.sends(what, overrides),
          retry: () => phone.sends(what, { again: true }),
        }),
      gets: (what, expectations) => record(`${name}.gets(${what})`, { end: () => phone.gets(what, expectations) }),
      getsNothing: () => record(`${name}.getsNothing()`, { end: async () => phone.getsNothing() }),
      misses: (what) => record(`${name}.misses(${what})`, { begin: () => phone.misses(what) }),
      disconnects: () => record(`${name}.disconnects()`, { begin: () => phone.disconnects() }),
      vanishes: () => record(`${name}.vanishes()`, { begin: () => phone.vanishes() }),
    };
  }

  async #restart(): Promise<void> {
    this.#kill();
    await this.#start();
  }

  async #start(): Promise<void> {
    if (this.#trace.length > 0) this.#mark('started again');
    const { start = startServer, listens = ['udp', 'tcp'] } = this.#options;
    const process = fakeProcess(this.#system);
    this.#process = process;
    this.#media = fakeMedia(this.#options.settings?.media ?? 'quiet');
    this.#transports = listens.map((name) => this.#wire.transport(name, us.host, us.port));
    const parts: PartsUnderTest = {
      system: process,
      settings: settingsOf(this.#options, this.#transports),
      store: this.#mortalStore(this.#store!, () => this.#process === process),
      transports: this.#transports,
      resolve: async (host) => this.#resolve(host),
      media: this.#media,
      post: (request) => this.#desk.post(request),
      authHashes: [createHash('sha256').update(apiKey).digest('hex')],
      docs: new Map(),
      version: '0.0.0',
    };
    // What starting needs of `soon` and promises runs while we wait; time stands still.
    let failure: unknown;
    const starting = start(parts).then(
      (server) => {
        this.#server = server;
      },
      (error) => {
        failure = error ?? new Error('start failed');
      },
    );
    for (let turns = 0; turns < 100 && !this.#server && failure === undefined; turns += 1) {
      await Promise.race([starting, this.#system.clock.settle()]);
    }
    if (failure !== undefined) throw failure;
    assert.ok(this.#server, 'the server does not start while time stands still');
    this.#publicKey ||= this.#server.publicKey;
    assert.equal(this.#server.publicKey, this.#publicKey, 'the signing key changed with a restart');
    await this.#server.http.ready();
    await this.#settle();
  }

  /** A store as one process sees it: when that is dead nothing is written and nothing answers; its file stays open for the next. */
  #mortalStore(store: Store, alive: () => boolean): Store {
    const never = new Promise<never>(() => {});
    return new Proxy(store, {
      get: (target, name: keyof Store) => {
        if (name === 'close') return async () => {};
        if (name === 'commit') return (batch: Batch) => (alive() ? this.#commit(target, batch, never) : never);
        return (...args: never[]) =>
          alive() ? (target[name] as (...args: never[]) => Promise<unknown>)(...args) : never;
      },
    });
  }

  #commit(store: Store, batch: Batch, never: Promise<never>): Promise<void> {
    const { killAtCommit } = this.#options;
    this.#commits += 1;
    if (killAtCommit?.count !== this.#commits) return store.commit(batch);
    this.#died = true;
    if (killAtCommit.when === 'after') void store.commit(batch);
    this.#kill();
    return never;
  }

  #kill(): void {
    if (!this.#server) return;
    this.#mark('killed');
    void this.#server.kill();
    this.#desk.serverKilled();
    this.#process?.kill();
    this.#process = null;
    this.#server = null;
    for (const transport of this.#transports) transport.cut();
  }

  async #settle(): Promise<void> {
    await this.#system.clock.settle();
    if (this.#died) {
      this.#died = false;
      await this.#start();
      this.#script.retry();
      await this.#system.clock.settle();
    }
    assert.deepEqual(this.#desk.faults, []);
  }

  /** The end of every scenario: all that was sent was expected, and nothing is left that could still happen. */
  async #leaveNothing(): Promise<void> {
    this.#expectNothing();
    const drawn = this.#trace.length;
    await this.#system.clock.advance(longEnoughMs);
    this.#expectNothing();
    const later = this.#trace.slice(drawn).map(({ label }) => label);
    const census = this.#running().census();
    const left = Object.entries(census).filter(([, count]) => count !== 0);
    assert.deepEqual(left, [], `left at the end (sent meanwhile: ${later.join(', ') || 'nothing'})`);
    assert.ok(this.#running().idle(), 'the server is not idle at the end');
    assert.equal(this.#media.ports.size, 0, 'RTP ports left at the end');
    const errors = this.#system.log.at('error').filter((entry) => !this.#options.logs?.test(entry));
    assert.deepEqual(errors, [], 'errors in the log');
    await this.#stop();
  }

  async #stop(): Promise<void> {
    let stopped = false;
    const stopping = this.#running()
      .stop()
      .then(() => {
        stopped = true;
      });
    for (let turns = 0; turns < 50 && !stopped; turns += 1) await Promise.race([stopping, this.#system.clock.settle()]);
    assert.ok(stopped, 'an idle server does not stop while time stands still');
    assert.equal(this.#process?.armed, 0, 'timers left by a server that was stopped');
    this.#process = null;
    this.#server = null;
  }

  #expectNothing(): void {
    for (const phone of this.#phones) phone.getsNothing();
    this.#desk.getsNothing();
    assert.deepEqual(this.#desk.faults, []);
  }

  #running(): ServerUnderTest {
    assert.ok(this.#server, 'the server is not running');
    return this.#server;
  }

  #inside(): Inside {
    return { server: this.#running(), system: this.#system, store: this.#store!, media: this.#media };
  }

  async #openStore(): Promise<Store> {
    if (this.#options.store) return this.#options.store();
    const { openSqlite } = await import('../../src/store/sqlite.ts');
    return openSqlite(':memory:');
  }

  #resolve(host: string): readonly string[] {
    if (/^[\d.]+$|:/.test(host)) return [host];
    if (this.#options.hosts) return this.#options.hosts[host] ?? [];
    return /(^|\.)atlanta\.example$/.test(host) ? ['192.0.2.10'] : [];
  }

  #tap({ at, from, to, text, lost, transport }: Packet): void {
    const { label, note, tone } = describe(text);
    const unusual = transport === (this.#options.transport ?? 'udp') ? [] : [`over ${transport}`];
    const notes = [...unusual, ...(note ? [note] : [])].join(', ');
    this.#trace.push({ at, from: this.#lane(from), to: this.#lane(to), label, note: notes, tone, lost });
  }

  #lane(address: string): string {
    if (address === `${us.host}:${us.port}`) return 'us';
    return this.#phones.find((phone) => phone.address === address)?.name ?? 'elsewhere';
  }

  #mark(label: string): void {
    this.#trace.push({ at: this.#system.clock.date(), from: 'us', to: 'us', label, tone: 'mark' });
  }

  #draw(): string {
    const elsewhere = this.#trace.some(({ from, to }) => from === 'elsewhere' || to === 'elsewhere');
    const columns = [...(elsewhere ? ['elsewhere'] : []), ...this.#phones.map(({ name }) => name), 'us', 'application'];
    return drawLadder(this.#trace, { columns, startedAt: this.#startedAt });
  }

  #log(): string {
    const { log } = this.#system;
    const entries = [
      ...log.at('warn').map((entry) => `warn: ${entry}`),
      ...log.at('error').map((entry) => `error: ${entry}`),
    ];
    return entries.length > 0 ? `\nThe log:\n${entries.join('\n')}\n` : '';
  }
}

async function startServer(parts: PartsUnderTest): Promise<ServerUnderTest> {
  const { compose } = await import('../../src/server.ts');
  return compose(parts);
}

function settingsOf(options: ScenarioOptions, transports: readonly Transport[]): Settings {
  const refer: ReferSettings = {
    firstNotifyTimeoutMs: 32_000,
    timeoutMs: 120_000,
    byeGraceMs: 1_000,
    headerPlacement: 'both',
    beforeAnswer: 'early',
    ...options.refer,
  };
  return {
    httpListen: { host: '127.0.0.1', port: 0 },
    sipListen: transports.map(({ name }) => ({ transport: name, ...us })),
    sipPublicAddress: null,
    tls: { own: [], authorities: null, clients: 'required' },
    apiKey: null,
    databaseUrl: 'sqlite::memory:',
    media: 'quiet',
    rtpPorts: { from: 40_000, to: 40_998 },
    webhookMaxAgeMs: 86_400_000,
    logLevel: 'info',
    applications: [
      {
        id: '1000000000000000001',
        name: 'default',
        webhookUrl,
        webhookFailoverUrl: options.webhookFailoverUrl ?? null,
        webhookTimeoutMs: 2_000,
        refer,
      },
    ],
    ...options.settings,
  };
}

function writeGolden(path: string, drawn: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, drawn);
}

function compareGolden(path: string, drawn: string): void {
  if (!existsSync(path)) {
    throw withoutStack(
      `${path} is missing. If this is how it should look, run again with UPDATE_GOLDEN=1:\n\n${drawn}`,
    );
  }
  const expected = readFileSync(path, 'utf8');
  assert.equal(drawn, expected, `the ladder is not that of ${path}; if it should be, run again with UPDATE_GOLDEN=1`);
}
