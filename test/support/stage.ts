// Where a scenario is played: the server, started and killed as the script says, on fake time, a fake wire and a store in
// memory; its peers and its application; the trace of all they say to each other. Ends in an empty world or fails.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, drawLadder, type LadderEntry } from '../../src/sip/ladder.ts';
import type { Batch, Store } from '../../src/store/store.ts';
import { Desk } from './app.ts';
import { fakeMedia } from './fake-media.ts';
import { type FakeProcess, fakeProcess, fakeSystem } from './fake-system.ts';
import { settleGolden } from './golden.ts';
import { Phone } from './peer.ts';
import { reasonOf, Script, withoutStack } from './script.ts';
import { Secrets } from './secrets.ts';
import { settingsFor } from './settings.ts';
import { type Packet, Wire, type WireTransport } from './wire.ts';
import type { Inside, PartsUnderTest, Peer, ScenarioOptions, ServerUnderTest, World } from './world.ts';

const us = { host: '192.0.2.1', port: 5060 };
const apiKey = 'KEY-of-the-scenarios';
const authHash = createHash('sha256').update(apiKey).digest('hex');
/** Longer than any timer that a finished call may leave: twice 64*T1, and T2 and T4 on top. */
const longEnoughMs = 2 * 32_000 + 10_000;

export class Stage {
  readonly world: World;
  readonly #options: ScenarioOptions;
  readonly #system = fakeSystem();
  readonly #script = new Script();
  readonly #wire: Wire;
  readonly #phones: Phone[] = [];
  readonly #desk: Desk;
  readonly #trace: LadderEntry[] = [];
  readonly #secrets = new Secrets();
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
      secrets: this.#secrets,
      publicKey: () => this.#publicKey,
    });
    if (options.killAtCommit) this.#desk.dropsRepeated();
    this.#secrets.plant('the API key', apiKey);
    this.#secrets.plant('the hash of the API key', authHash);
    this.world = this.#newWorld();
  }

  /** How often the server has committed. */
  get commits(): number {
    return this.#commits;
  }

  /** The steps of the script. */
  get steps(): readonly string[] {
    return this.#script.names;
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
    const { restartBefore, killAtCommit, goldenFolder, updateGolden } = this.#options;
    if (restartBefore === undefined && !killAtCommit) settleGolden(name, this.#draw(), goldenFolder, updateGolden);
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
        dials: (body = {}, expected = {}) => {
          let check: (() => Promise<void>) | null = null;
          this.#commands += 1;
          const named = this.#options.killAtCommit ? { command_id: `command-${this.#commands}`, ...body } : body;
          const begin = (): void => {
            check = desk.dials(named, expected);
          };
          record('app.dials()', { begin, retry: begin, end: async () => check?.() });
        },
        gets: (type, payload = {}, attempted = {}) =>
          record(`app.gets('${type}')`, { end: () => desk.gets(type, payload, attempted) }),
        getsNothing: () => record('app.getsNothing()', { end: async () => desk.getsNothing() }),
        idOf: (call) => `id-of-call-${call}`,
        answers: (answer) => record(`app.answers(${answer})`, { begin: () => desk.answers(answer) }),
        reads: (fields, expected = {}) => record('app.reads()', { end: () => desk.reads(fields, expected)() }),
      },
      peer: (name) => this.#peer(name, name, 'chicago.example'),
      after: (ms) => record(`after(${ms})`, { end: () => this.#system.clock.advance(ms) }),
      restarts: () => record('restarts()', { begin: () => this.#kill(), end: () => this.#start() }),
      stops: () => record('stops()', { begin: () => this.#leave() }),
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
      settings: settingsFor(
        this.#transports.map(({ name }) => ({ transport: name, ...us })),
        this.#options,
      ),
      store: this.#mortalStore(this.#store!, () => this.#process === process),
      transports: this.#transports,
      resolve: async (host) => this.#resolve(host),
      ...(this.#options.records && { records: this.#options.records }),
      media: this.#media,
      post: (request) => this.#desk.post(request),
      authHashes: [authHash],
      docs: new Map(),
      version: '0.0.0',
    };
    this.#secrets.plantSettings(parts.settings);
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

  /** As the first signal does: the server leaves while the script goes on. */
  #leave(): void {
    this.#mark('told to stop');
    const server = this.#running();
    void server.stop().then(() => {
      if (this.#server !== server) return;
      this.#mark('stopped');
      assert.equal(this.#process?.armed, 0, 'timers left by a server that was stopped');
      this.#server = null;
      this.#process = null;
    });
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
    await this.#keepSecrets();
    await this.#stop();
  }

  /** Nothing that was said or can be read has a secret in it, and calls that are over have left none in the store. */
  async #keepSecrets(): Promise<void> {
    const secrets = this.#secrets;
    await this.#desk.looksAround();
    for (const { level, fields, message } of this.#system.log.entries) {
      secrets.heard('the log', `${level} ${message} ${inspect(fields, { depth: 9, showHidden: true })}`);
    }
    for (const { state } of await this.#store!.calls(0)) secrets.heard('a call in the store', state);
    secrets.heard('the ladder', this.#draw());
    assert.deepEqual(secrets.told, [], 'secrets that were told');
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
    return {
      server: this.#running(),
      system: this.#system,
      store: this.#store!,
      media: this.#media,
      secrets: this.#secrets,
    };
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
    if (this.#lane(from) === 'us') this.#secrets.heard('SIP', text);
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
