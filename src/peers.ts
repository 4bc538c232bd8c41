// The peers a server knows, built from its settings: the gate they come in by, the registrar of its phones, and what it
// registers itself. Knows how the settings' words (UTF-8) become those of the wire. Leaves out every rule (sip).
import type { Gateway } from './call/outbound-routes.ts';
import type { Access, Trunk } from './config/access.ts';
import type { Settings } from './config.ts';
import type { PhoneView, TrunkView } from './http/peers.ts';
import { isLoopback } from './sip/address-ranges.ts';
import { Admission, type AdmissionCounts } from './sip/admission.ts';
import type { Endpoint, EndpointUser } from './sip/endpoint.ts';
import type { Gate } from './sip/gate.ts';
import { KeepAlives } from './sip/keep-alive.ts';
import { algorithms } from './sip/message/digest.ts';
import { fromUtf8, toUtf8 } from './sip/message/grammar.ts';
import { readUri, type SipUri } from './sip/message/uri.ts';
import type { Binding } from './sip/registrar/bindings.ts';
import { Registrar } from './sip/registrar/registrar.ts';
import type { Account } from './sip/registration/registration.ts';
import { Registrations, type RegistrationView } from './sip/registration/registrations.ts';
import { defaultPort, flowOf, isFlowOf, type Target, type Transport } from './sip/transport/transport.ts';
import { users } from './sip/users.ts';
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
  /** Methods and option tags that are ours beside those of the calls. */
  readonly allow: readonly string[];
  readonly supported: readonly string[];
  readonly #parts: PeersParts;
  readonly #admission: Admission;
  readonly #registrar: Registrar | null;
  readonly #registrations: Registrations;
  readonly #keepAlives: KeepAlives | null;
  #endpoint!: Endpoint;

  constructor(parts: PeersParts) {
    const { system, store, settings } = parts;
    const { trunks, phones, realm, algorithms, requestsPerSecond, registerMinSecs, registerMaxSecs, keepAliveSecs } =
      settings.access ?? nobody;
    this.#parts = parts;
    this.#admission = new Admission({
      ...{ system, realm, algorithms, limits: { requestsPerSecond } },
      trunks: trunks.map((trunk) => ({ ...trunk, ...credentialsOf(trunk) })),
      phones: phones.map(({ username, password }) => ({ username, password: fromUtf8(password) })),
      nat: (from) => this.#passesOverPrivateContacts(from),
    });
    this.gate = this.#admission;
    const limits = { minExpires: registerMinSecs, maxExpires: registerMaxSecs, usualExpires: registerMaxSecs };
    // Who has proved to be a phone may register that phone, and nobody else may (RFC 3261 §10.3 step 4).
    const mayRegister = (aor: string, { peer }: { readonly peer?: string }) => peer === `phone:${aor}`;
    this.#registrar = phones.length === 0 ? null : new Registrar({ system, store, mayRegister, limits });
    this.allow = this.#registrar === null ? [] : ['REGISTER'];
    this.supported = this.#registrar === null ? [] : ['path'];
    const accounts = trunks.filter(({ registrars }) => registrars.length > 0).map(accountOf);
    this.#registrations = new Registrations({
      system,
      store,
      accounts,
      addresses: () => this.#endpoint.localAddresses(),
    });
    const hasSomeone = phones.length > 0 || accounts.length > 0;
    this.#keepAlives = hasSomeone ? this.#keepAlivesEvery(keepAliveSecs) : null;
  }

  /** The endpoint's user: ours take what is theirs, and `rest` everything else. */
  user(rest: EndpointUser): EndpointUser {
    return users([...(this.#registrar === null ? [] : [this.#registrar]), this.#registrations], rest);
  }

  /** Finds again what was registered. Before the endpoint listens. */
  async restore(endpoint: Endpoint): Promise<void> {
    this.#endpoint = endpoint;
    await this.#registrar?.start(endpoint);
  }

  /** Once the endpoint listens. */
  async start(): Promise<void> {
    this.#warnIfOpen();
    await this.#registrations.start(this.#endpoint);
    this.#keepAlives?.start();
  }

  /** Where a phone can be reached now, by its URI or its username. */
  locate(aor: string): readonly Binding[] {
    return this.#registrar?.locate(aor) ?? [];
  }

  /** The same of a URI somebody wants to call: only one that names us is that of a phone of ours. */
  locateOwn(uri: string): readonly Binding[] {
    const read = readUri(uri);
    return read !== null && read.scheme !== 'tel' && this.#isOurs(read) ? this.locate(uri) : [];
  }

  /** The trunks that calls go out by, with what they have registered. */
  gateways(): readonly Gateway[] {
    const registered = new Map(this.#registrations.views().map((view) => [view.name, view.serviceRoute]));
    const { trunks } = this.#parts.settings.access ?? nobody;
    return trunks.flatMap((trunk) => {
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
    if (name === (settings.access ?? nobody).realm.toLowerCase()) return true;
    return transports.some(
      ({ name: transport, local }) =>
        [local.host, settings.sipPublicAddress].includes(name) && (port ?? defaultPort[transport]) === local.port,
    );
  }

  /** What the API shows of the trunks. */
  trunkViews(): readonly TrunkView[] {
    const registrations = new Map(this.registrations().map((view) => [view.name, view]));
    return (this.#parts.settings.access ?? nobody).trunks.map(
      ({ password: _secret, registrars, registerAs, ...trunk }) => {
        const view = registrations.get(trunk.name);
        return { ...trunk, registration: view === undefined ? null : { ...view, registrars, registerAs } };
      },
    );
  }

  /** What it shows of the phones: where they can be reached now. */
  phoneViews(): readonly PhoneView[] {
    return (this.#parts.settings.access ?? nobody).phones.map(({ username, displayName }) => {
      const bindings = this.locate(username);
      const contacts = bindings.map(({ contact, expiresAt, behindNat }) => ({
        uri: toUtf8(contact),
        expiresAt,
        behindNat,
      }));
      return { username, displayName, contacts };
    });
  }

  registrations(): readonly RegistrationView[] {
    return this.#registrations.views();
  }

  counts(): AdmissionCounts {
    return this.#admission.counts;
  }

  get idle(): boolean {
    return (this.#registrar?.idle ?? true) && this.#registrations.idle;
  }

  census(): { readonly bindings: number } {
    return this.#registrar?.census() ?? { bindings: 0 };
  }

  /** Ends our registrations; those of the phones stay. */
  async stop(): Promise<void> {
    await this.#registrations.stop(farewellMs);
  }

  kill(): void {
    this.#keepAlives?.stop();
    this.#registrations.kill();
    this.#registrar?.stop();
  }

  #keepAlivesEvery(everySecs: number): KeepAlives {
    return new KeepAlives({
      clock: this.#parts.system.clock,
      everySecs,
      targets: () => [...(this.#registrar?.behindNat() ?? []), ...this.#registrations.places()],
      send: (target) => this.#endpoint.ping(target),
    });
  }

  #passesOverPrivateContacts({ flow = '' }: Target): boolean {
    const { transports, settings } = this.#parts;
    const listener = transports.findIndex(({ local }) => isFlowOf(flow, flowOf(local)));
    return settings.sipListen[listener]?.nat !== false;
  }

  #warnIfOpen(): void {
    const { system, settings, transports } = this.#parts;
    const { trunks, phones } = settings.access ?? nobody;
    const open = transports.filter(({ local }) => !isLoopback(local.host)).map(({ local }) => flowOf(local));
    if (trunks.length > 0 || phones.length > 0 || open.length === 0) return;
    system.log.warn(
      { listeners: open },
      'Neither trunks nor phones are configured: whoever reaches these listeners can call in.',
    );
  }
}

function credentialsOf({ username, password }: Trunk): { username: string | null; password: string | null } {
  return { username: username && fromUtf8(username), password: password && fromUtf8(password) };
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
