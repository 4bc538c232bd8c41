// The peers a server knows, by its settings and by its API: the gate they come in by, the registrar of its phones, and what it
// registers itself. What changes is in force at once; calls that are up go on. Knows how the words of settings (UTF-8) become
// those of the wire. Leaves out every rule (sip), and which peers there are (peers/).
import type { Gateway } from './call/outbound-routes.ts';
import { type Access, comesByDigest, type Phone, type Trunk } from './config/access.ts';
import type { Settings } from './config.ts';
import type { Refusal } from './errors.ts';
import type { Directory, PeerResource, PhoneView, TrunkView } from './http/peers.ts';
import { type Changed, Entries, type Entry } from './peers/entries.ts';
import { readPhone, readTrunk } from './peers/reading.ts';
import { isLoopback } from './sip/address-ranges.ts';
import { Admission, type AdmissionCounts } from './sip/admission.ts';
import type { Endpoint, EndpointUser } from './sip/endpoint.ts';
import type { Gate } from './sip/gate.ts';
import { KeepAlives } from './sip/keep-alive.ts';
import { algorithms } from './sip/message/digest.ts';
import { fromUtf8, toUtf8 } from './sip/message/grammar.ts';
import { readUri, type SipUri } from './sip/message/uri.ts';
import { aorOf, type Binding } from './sip/registrar/bindings.ts';
import { Registrar } from './sip/registrar/registrar.ts';
import type { Account } from './sip/registration/registration.ts';
import { Registrations, type RegistrationView } from './sip/registration/registrations.ts';
import { defaultPort, flowOf, isFlowOf, type Target, type Transport } from './sip/transport/transport.ts';
import { users } from './sip/users.ts';
import { Changes } from './store/changes.ts';
import type { Store } from './store/store.ts';
import type { System } from './system.ts';

export interface PeersParts {
  readonly system: System;
  readonly settings: Settings;
  readonly store: Store;
  /** In the order of `settings.sipListen`. */
  readonly transports: readonly Transport[];
}

/** How long a stop waits for the registrars that it says goodbye to. */
const farewellMs = 2000;

const nobody: Access = {
  realm: 'switchhook',
  algorithms,
  requestsPerSecond: 0,
  registerMinSecs: 60,
  registerMaxSecs: 3600,
  keepAliveSecs: 0,
  trunks: [],
  phones: [],
};

export class Peers {
  readonly gate: Gate;
  readonly #parts: PeersParts;
  readonly #access: Access;
  readonly #trunks: Entries<Trunk>;
  readonly #phones: Entries<Phone>;
  readonly #admission: Admission;
  readonly #registrar: Registrar;
  readonly #registrations: Registrations;
  readonly #keepAlives: KeepAlives;
  #endpoint!: Endpoint;
  #started = false;

  constructor(parts: PeersParts) {
    const { system, store, settings } = parts;
    this.#parts = parts;
    this.#access = settings.access ?? nobody;
    const { realm, algorithms, requestsPerSecond, registerMinSecs, registerMaxSecs, keepAliveSecs } = this.#access;
    const changes = new Changes({ log: system.log, store });
    const shared = { system, store, changes };
    this.#trunks = new Entries({ ...shared, ...this.#ofTrunks(), configured: this.#access.trunks });
    this.#phones = new Entries({ ...shared, ...this.#ofPhones(), configured: this.#access.phones });
    this.#admission = new Admission({
      ...{ system, realm, algorithms, limits: { requestsPerSecond }, ...this.#rules() },
      nat: (from) => this.#passesOverPrivateContacts(from),
    });
    this.gate = this.#admission;
    const limits = { minExpires: registerMinSecs, maxExpires: registerMaxSecs, usualExpires: registerMaxSecs };
    // Who has proved to be a phone may register that phone, and nobody else may (RFC 3261 §10.3 step 4).
    const mayRegister = (aor: string, { peer }: { readonly peer?: string }) => peer === `phone:${aor}`;
    this.#registrar = new Registrar({ system, store, mayRegister, limits });
    const addresses = () => this.#endpoint.localAddresses();
    this.#registrations = new Registrations({ system, store, accounts: [], addresses });
    this.#keepAlives = this.#keepAlivesEvery(keepAliveSecs);
  }

  #ofTrunks() {
    return {
      kind: 'trunk',
      key: 'name',
      keyOf: ({ name }: Trunk) => name,
      read: readTrunk,
      clash: (trunk: Trunk) => (comesByDigest(trunk) ? this.#clash(trunk.username!) : null),
      changed: () => this.#know(),
    } as const;
  }

  #ofPhones() {
    return {
      kind: 'phone',
      key: 'username',
      keyOf: ({ username }: Phone) => username,
      read: readPhone,
      clash: ({ username }: Phone) => this.#clash(username),
      changed: (now: Phone | null, before: Phone | null) => {
        this.#know();
        // Whoever registered it knew a password that opens no door any more.
        if (now?.password !== before?.password) void this.#registrar.forget(fromUtf8((now ?? before)!.username));
      },
    } as const;
  }

  /** Whoever comes by digest is found by username alone. */
  #clash(username: string): Refusal | null {
    const isTaken =
      this.#phones.has(username) ||
      this.#trunks.peers.some((trunk) => comesByDigest(trunk) && trunk.username === username);
    const detail = `Somebody who comes by digest, a phone or a trunk, has the username ${username} already.`;
    return isTaken ? { name: 'duplicate', pointer: '/username', detail } : null;
  }

  /** Methods and option tags that are ours beside those of the calls. */
  get allow(): readonly string[] {
    return this.#hasPhones ? ['REGISTER'] : [];
  }

  get supported(): readonly string[] {
    return this.#hasPhones ? ['path'] : [];
  }

  get #hasPhones(): boolean {
    return this.#phones.size > 0;
  }

  /** What the gate goes by. */
  #rules() {
    return {
      trunks: this.#trunks.peers.map((trunk) => ({ ...trunk, ...credentialsOf(trunk) })),
      phones: this.#phones.peers.map(({ username, password }) => ({ username, password: fromUtf8(password) })),
    };
  }

  /** From now on these are the peers. */
  #know(): void {
    this.#admission.know(this.#rules());
    if (!this.#started) return;
    const accounts = this.#trunks.peers.filter(({ registrars }) => registrars.length > 0).map(accountOf);
    this.#registrations.have(accounts);
    if (this.#hasPhones || accounts.length > 0) this.#keepAlives.start();
    else this.#keepAlives.stop();
    this.#warnIfOpen();
  }

  /** The endpoint's user: ours take what is theirs, and `rest` everything else. */
  user(rest: EndpointUser): EndpointUser {
    return users([this.#registrar, this.#registrations], rest);
  }

  /** Finds again what was registered. Before the endpoint listens. */
  async restore(endpoint: Endpoint): Promise<void> {
    this.#endpoint = endpoint;
    await this.#trunks.restore();
    await this.#phones.restore();
    this.#know();
    await this.#registrar.start(endpoint);
  }

  /** Once the endpoint listens. */
  async start(): Promise<void> {
    await this.#registrations.start(this.#endpoint);
    this.#started = true;
    this.#know();
  }

  /** Where a phone can be reached now, by its URI or its username. */
  locate(aor: string): readonly Binding[] {
    const isPhone = this.#phones.has(toUtf8(aorOf(aor) ?? aor));
    return isPhone ? this.#registrar.locate(aor) : [];
  }

  /** The same of a URI somebody wants to call: only one that names us is that of a phone of ours. */
  locateOwn(uri: string): readonly Binding[] {
    const read = readUri(uri);
    return read !== null && read.scheme !== 'tel' && this.#isOurs(read) ? this.locate(uri) : [];
  }

  /** The trunks that calls go out by, with what they have registered. */
  gateways(): readonly Gateway[] {
    const registered = new Map(this.#registrations.views().map((view) => [view.name, view.serviceRoute]));
    return this.#trunks.peers.flatMap((trunk) => {
      const { name, uri, prefixes, applications, priority, weight, channels } = trunk;
      if (uri === null) return [];
      const { username, password } = credentialsOf(trunk);
      const credentials = username === null || password === null ? null : { username, password };
      const routes = registered.get(name) ?? [];
      return [{ name, uri: fromUtf8(uri), routes, credentials, prefixes, applications, priority, weight, channels }];
    });
  }

  #isOurs({ host, port }: SipUri): boolean {
    const { settings, transports } = this.#parts;
    const name = host.replace(/^\[|\]$/g, '').toLowerCase();
    if (name === this.#access.realm.toLowerCase()) return true;
    return transports.some(
      ({ name: transport, local }) =>
        [local.host, settings.sipPublicAddress].includes(name) && (port ?? defaultPort[transport]) === local.port,
    );
  }

  /** What the API shows of the peers, and how it changes them. */
  get directory(): Directory {
    return {
      trunks: resourceOf(this.#trunks, (entries) => this.#trunkViews(entries)),
      phones: resourceOf(this.#phones, (entries) => entries.map((entry) => this.#phoneView(entry))),
    };
  }

  #trunkViews(entries: readonly Entry<Trunk>[]): TrunkView[] {
    const registrations = new Map(this.registrations().map((view) => [view.name, view]));
    return entries.map(({ peer, ...entry }) => {
      const { password: _secret, ...trunk } = peer;
      const { prefixes } = trunk;
      const registration = registrations.get(trunk.name) ?? null;
      const shown = { ...trunk, prefixes: prefixes.includes('') ? null : prefixes, registration };
      return { ...shown, ...madeOf(entry) };
    });
  }

  #phoneView({ peer: { username, displayName }, ...entry }: Entry<Phone>): PhoneView {
    const contacts = this.locate(fromUtf8(username)).map(({ contact, expiresAt, behindNat }) => ({
      uri: toUtf8(contact),
      expiresAt,
      behindNat,
    }));
    return { username, displayName, contacts, ...madeOf(entry) };
  }

  registrations(): readonly RegistrationView[] {
    return this.#registrations.views();
  }

  counts(): AdmissionCounts {
    return this.#admission.counts;
  }

  get idle(): boolean {
    return this.#registrar.idle && this.#registrations.idle;
  }

  census(): { readonly bindings: number } {
    return this.#registrar.census();
  }

  /** Ends our registrations; those of the phones stay. */
  async stop(): Promise<void> {
    await this.#registrations.stop(farewellMs);
  }

  kill(): void {
    this.#keepAlives.stop();
    this.#registrations.kill();
    this.#registrar.stop();
  }

  #keepAlivesEvery(everySecs: number): KeepAlives {
    return new KeepAlives({
      clock: this.#parts.system.clock,
      everySecs,
      targets: () => [...this.#registrar.behindNat(), ...this.#registrations.places()],
      send: (target) => this.#endpoint.ping(target),
    });
  }

  #passesOverPrivateContacts({ flow = '' }: Target): boolean {
    const { transports, settings } = this.#parts;
    const listener = transports.findIndex(({ local }) => isFlowOf(flow, flowOf(local)));
    return settings.sipListen[listener]?.nat !== false;
  }

  #warnIfOpen(): void {
    const { system, transports } = this.#parts;
    const open = transports.filter(({ local }) => !isLoopback(local.host)).map(({ local }) => flowOf(local));
    if (this.#trunks.size > 0 || this.#hasPhones || open.length === 0) return;
    system.log.warn(
      { listeners: open },
      'There are neither trunks nor phones: whoever reaches these listeners can call in.',
    );
  }
}

function credentialsOf({ username, password }: Trunk): { username: string | null; password: string | null } {
  return { username: username && fromUtf8(username), password: password && fromUtf8(password) };
}

/** The views of the entries, and of one that was changed. */
function resourceOf<T, V>(of: Entries<T>, views: (entries: readonly Entry<T>[]) => readonly V[]): PeerResource<V> {
  const answer = (changed: Changed<T>) => ('refusals' in changed ? changed : { view: views([changed.entry])[0]! });
  return {
    all: () => views(of.all),
    create: async (said) => answer(await of.create(said)),
    update: async (key, said) => answer(await of.update(key, said)),
    remove: async (key) => answer(await of.remove(key)),
  };
}

function madeOf({ said, createdAt, updatedAt }: Omit<Entry<unknown>, 'peer'>) {
  return { createdAt, updatedAt, ofSettings: said === null };
}

function accountOf(trunk: Trunk): Account {
  const { username, password } = credentialsOf(trunk);
  return {
    name: trunk.name,
    aor: fromUtf8(trunk.registerAs),
    servers: trunk.registrars.map(fromUtf8),
    credentials: username === null || password === null ? null : { username, password },
    realm: trunk.realm && fromUtf8(trunk.realm),
    expires: trunk.registerSecs,
  };
}
