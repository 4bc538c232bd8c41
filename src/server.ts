// The composition root: builds every part by hand from what the machine lends, and knows the order of start and of stop.
import type { FastifyInstance } from 'fastify';
import { Applications } from './call/applications.ts';
import { Engine } from './call/engine.ts';
import { Ladders } from './call/ladders.ts';
import { Queues } from './call/queues.ts';
import { allow, supported } from './call/turn.ts';
import type { Settings } from './config.ts';
import { Draining, retryAfterS as retryAfterStopS } from './draining.ts';
import { createApp } from './http/app.ts';
import { Auth } from './http/auth.ts';
import type { DialObstacle } from './http/dial.ts';
import { Keys } from './http/keys.ts';
import { Limits } from './http/limits.ts';
import type { MetricsSource } from './http/metrics.ts';
import { Load, retryAfterS as retryAfterLoadS } from './load.ts';
import type { Media } from './media/media.ts';
import { Peers } from './peers.ts';
import { isLoopback } from './sip/address-ranges.ts';
import { closing } from './sip/closing.ts';
import { Endpoint, type EndpointOptions, type Resolve, type Trace } from './sip/endpoint.ts';
import { shedding } from './sip/shedding.ts';
import { flowOf, type Transport } from './sip/transport/transport.ts';
import type { ResourceRow, Store } from './store/store.ts';
import type { System } from './system.ts';
import { Metrics } from './telemetry/metrics.ts';
import { Delivery } from './webhook/delivery.ts';
import type { Post } from './webhook/post.ts';
import { loadSigner, type Signer } from './webhook/signature.ts';

/** What a server is made of. `authHashes` are the SHA-256 of the API keys in hexadecimal; `docs` Markdown by page name. */
export interface Parts {
  readonly system: System;
  readonly settings: Settings;
  readonly store: Store;
  readonly transports: readonly Transport[];
  readonly resolve: Resolve;
  /** SRV and NAPTR; without them a name leads to its addresses only. */
  readonly records?: EndpointOptions['records'];
  readonly media: Media;
  readonly post: Post;
  /** Why webhooks must not go to a URL, as far as the URL itself says it; absent: they may go anywhere. */
  readonly faultOfUrl?: (url: string) => string | null;
  /** Whether webhooks are signed on the thread pool: worth it where a second core is idle. */
  readonly signOnThreads?: boolean;
  readonly trace?: Trace;
  /** The share of time, 0 to 1, that the process was busy since this was asked last. */
  readonly utilization?: () => number;
  readonly authHashes: readonly string[];
  /** The first API key, if it was made just now. */
  readonly firstKey?: ResourceRow | null;
  readonly docs: ReadonlyMap<string, string>;
  readonly version: string;
}

/** A server that answers SIP, and HTTP by `http.inject`. */
export interface Composed {
  /** `udp:127.0.0.1:5060`, with the ports that were bound. */
  readonly sipAddresses: readonly string[];
  readonly publicKey: string;
  readonly http: FastifyInstance;
  /** Who is registered with us, where we are, and who was not let in. */
  readonly peers: Pick<Peers, 'locate' | 'registrations' | 'counts'>;
  /** Takes no new call, finishes what is under way, within a time, and closes everything. Live calls stay in the store or are hung up. */
  stop(): Promise<void>;
  /** Stops as a killed process would: nothing is finished. For tests. */
  kill(): Promise<void>;
  /** Whether nothing is being decided, committed or delivered. */
  idle(): boolean;
  census(): Census;
}

export type Census = {
  readonly calls: number;
  readonly callTimers: number;
  readonly transactions: number;
  readonly timers: number;
  readonly repeats: number;
  readonly bindings: number;
};

export interface Server extends Composed {
  /** `http://127.0.0.1:8080`, with the port that was bound. */
  readonly httpAddress: string;
}

/** Composes a server and opens its API, once everything behind it is ready. */
export async function start(parts: Parts): Promise<Server> {
  const composed = await compose(parts);
  try {
    return { ...composed, httpAddress: await composed.http.listen(parts.settings.httpListen) };
  } catch (error) {
    await composed.kill();
    throw error;
  }
}

export async function compose(parts: Parts): Promise<Composed> {
  const { system, store, media } = parts;
  const signer = await loadSigner(store, { threads: parts.signOnThreads ?? false });
  const built = build(parts, signer);
  const { applications, queues, engine, delivery, endpoint, peers, ladders, load, draining } = built;
  const auth = new Auth(parts.authHashes);
  const keys = new Keys(system, store, auth);
  const http = createApp({
    calls: engine,
    ladders,
    applications,
    queues,
    history: store,
    ...(parts.faultOfUrl && { faultOfUrl: parts.faultOfUrl }),
    redeliver: (id) => delivery.redeliver(id),
    clock: system.clock,
    peers: peers.directory,
    auth,
    keys,
    limits: new Limits(parts.settings.apiRequestsPerSecond, () => system.clock.now()),
    obstacleToDial: () => obstacleToDial(draining, load),
    store,
    publicKey: signer.publicKey,
    ready: async () => draining.obstacle?.detail ?? readiness(store),
    docs: { pages: parts.docs },
    metrics: metricsOf(parts.settings, built),
    log: system.log,
    version: parts.version,
  });
  const close = async (): Promise<void> => {
    peers.kill();
    engine.stop();
    await Promise.all([endpoint.close(), delivery.stop(), media.close(), http.close()]);
  };
  try {
    await peers.restore(endpoint);
    await keys.restore(parts.firstKey ?? null);
    await applications.restore();
    await queues.restore();
    await engine.restore(endpoint);
    await endpoint.listen();
    engine.start();
    await delivery.start();
    await peers.start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    sipAddresses: parts.transports.map(({ local }) => flowOf(local)),
    publicKey: signer.publicKey,
    http,
    peers,
    stop: async () => {
      await drain(parts, built);
      await http.close();
      await engine.settled();
      if (parts.settings.drain === 'hangup') await peers.stop();
      await close();
    },
    kill: close,
    idle: () => engine.idle && delivery.idle() && peers.idle,
    census: () => ({ ...endpoint.census(), ...engine.census(), ...peers.census() }),
  };
}

/** No new call begins. What is decided is done, what is due is tried; where calls are hung up, all are gone, and that is told. */
async function drain({ system, settings }: Parts, { engine, delivery, draining }: Built): Promise<void> {
  const isDone = (): boolean => {
    if (settings.drain === 'keep') return engine.idle && delivery.isAtRest;
    engine.clearing.hangUp();
    return engine.idle && engine.clearing.left === 0 && delivery.idle();
  };
  if (await draining.until(isDone)) return;
  const left = { webhooks: delivery.due, ...(settings.drain === 'hangup' && { calls: engine.clearing.left }) };
  system.log.warn(left, 'Not everything could be finished in time: the next start goes on with it.');
}

function obstacleToDial(draining: Draining, load: Load): DialObstacle | null {
  if (draining.obstacle !== null) return { ...draining.obstacle, retryAfterS: retryAfterStopS };
  return load.admits() ? null : { name: 'overloaded', retryAfterS: retryAfterLoadS };
}

type Built = ReturnType<typeof build>;

function build(parts: Parts, signer: Signer) {
  const { system, settings, store, media } = parts;
  const ladders = settings.ladder === null ? null : new Ladders(system.clock, settings.ladder);
  const delivery = new Delivery({
    ...{ system, store, signer, post: parts.post, maxAgeMs: settings.webhookMaxAgeMs },
    ...(ladders && { trace: (attempt) => ladders.posted(attempt) }),
  });
  const peers = new Peers(parts);
  const host = settings.sipPublicAddress ?? parts.transports[0]?.local.host ?? '127.0.0.1';
  const applications = new Applications({
    ...{ system, store, configured: settings.applications },
    ...(parts.faultOfUrl && { faultOfUrl: parts.faultOfUrl }),
  });
  const queues: Queues = new Queues({
    ...{ system, store },
    waiting: (queue) => engine.waiting(queue),
    isUsed: (queue) => engine.isQueueUsed(queue),
  });
  const engine: Engine = new Engine({
    system,
    store,
    media,
    applications,
    queues,
    sessionTimers: settings.sessionTimers,
    dial: {
      host,
      gateways: () => peers.gateways(),
      locate: (uri) => peers.locateOwn(uri),
      followsRedirects: settings.followsRedirects,
      targets: settings.targets,
    },
    historyMs: settings.historyMs,
    databaseMaxBytes: settings.databaseMaxBytes,
    sdpAddress: host,
    deliver: (events) => delivery.offer(events),
    watcher: ladders,
  });
  const load = new Load({
    now: () => system.clock.now(),
    utilization: parts.utilization ?? (() => 0),
    calls: () => engine.census().calls,
    maxCalls: settings.maxCalls,
  });
  const draining = new Draining(system.clock, settings.drainMs);
  const trace = both(parts.trace, ladders?.trace);
  const endpoint = new Endpoint({
    system,
    transports: parts.transports,
    resolve: parts.resolve,
    ...(parts.records && { records: parts.records }),
    user: peers.user(engine),
    gate: closing(
      // A copy of an INVITE that has made a call before a restart is no new one.
      shedding(peers.gate, (invite) => engine.knows(invite) || load.admits(), retryAfterLoadS),
      () => draining.begun,
      { isKnown: (invite) => engine.knows(invite), retryAfterS: retryAfterStopS },
    ),
    publicHost: settings.sipPublicAddress,
    get allow() {
      return [...allow, ...peers.allow];
    },
    get supported() {
      return [...supported, ...peers.supported];
    },
    ...(trace && { trace }),
  });
  return { applications, queues, engine, delivery, endpoint, peers, ladders, load, draining };
}

type Measured = Pick<Built, 'engine' | 'delivery' | 'endpoint' | 'peers' | 'load'>;

/** The figures, asked of those who know them. */
function metricsOf(settings: Settings, { engine, delivery, endpoint, peers, load }: Measured): MetricsSource {
  const metrics = new Metrics({
    calls: () => engine.countAlive(),
    transactions: () => endpoint.census().transactions,
    turnedAway: () => load.turnedAway,
    admission: () => peers.counts(),
    bindings: () => peers.census().bindings,
    registered: () =>
      Object.fromEntries(peers.registrations().map(({ name, state }) => [name, state === 'registered' ? 1 : 0])),
    webhooks: () => delivery.counts,
    webhooksDue: () => delivery.due,
  });
  const { contentType } = metrics;
  return { contentType, text: () => metrics.text(), open: isOpen(settings) };
}

function isOpen({ metricsAccess, httpListen: { host } }: Settings): boolean {
  if (metricsAccess === 'local') return host === 'localhost' || isLoopback(host);
  return metricsAccess === 'open';
}

function both(one: Trace | undefined, other: Trace | undefined): Trace | undefined {
  if (!one || !other) return one ?? other;
  return (entry) => {
    one(entry);
    other(entry);
  };
}

/** Null when calls can be taken, else the sentence that says why not. */
async function readiness(store: Store): Promise<string | null> {
  try {
    await store.check();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
