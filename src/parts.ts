// The real parts of a server, made from its settings: sockets, database, time and chance of this machine. Knows the API
// key's way: made at the first start, told to the operator once, and kept as its hash. Leaves out their order (server.ts).
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import type { Settings } from './config.ts';
import { hashKey, type Scope } from './http/auth.ts';
import { keyRow, newKey } from './http/keys.ts';
import type { Media } from './media/media.ts';
import { none } from './media/none.ts';
import { quiet } from './media/quiet.ts';
import type { Parts } from './server.ts';
import { isLoopback } from './sip/address-ranges.ts';
import { Certificates } from './sip/transport/certificates.ts';
import { openRecords } from './sip/transport/records.ts';
import { TcpTransport } from './sip/transport/tcp.ts';
import { TlsTransport } from './sip/transport/tls.ts';
import type { LocalAddress, Transport } from './sip/transport/transport.ts';
import { UdpTransport } from './sip/transport/udp.ts';
import { WebSocketTransport } from './sip/transport/websocket.ts';
import { openSqlite } from './store/sqlite.ts';
import type { ResourceRow, Store } from './store/store.ts';
import { type Clock, type Log, openSystem, realClock, type System } from './system.ts';
import { deliveriesPerOrigin } from './webhook/delivery.ts';
import { egressTo } from './webhook/egress.ts';
import { openPost } from './webhook/post.ts';

export interface RealParts extends Parts {
  /** The API key that was made just now, in clear; null when there is one already. */
  readonly newKey: string | null;
  /** Whether this database has never served before. */
  readonly isFirstStart: boolean;
  /** Called when the server runs and the operator has been told: from now on a start is a later one, with the same key. */
  remember(): Promise<void>;
  /** Reads the files of TLS again; null where there are none. */
  readonly reload: (() => void) | null;
  /** Closes what a server's own stop leaves open. */
  close(): Promise<void>;
}

export const version: string = manifest.version;

const keyHashName = 'api-key-hash';
const startedName = 'first-started-at';
const signingPaysOffFrom = 2; // cores

export async function realParts(settings: Settings, log: Log, clock: Clock = realClock): Promise<RealParts> {
  const system: System = { ...openSystem(log), clock };
  const certificates = settings.tls.own.length === 0 ? null : new Certificates({ system, ...settings.tls });
  const records = openRecords(settings.dnsServers);
  const store = openSqlite(databasePath(settings), settings);
  const { host } = settings.httpListen;
  const egress = egressTo({ allow: settings.webhookAllow, loopback: host === 'localhost' || isLoopback(host) });
  const { post, close } = openPost(clock, deliveriesPerOrigin, egress);
  const first = settings.apiKey === null ? await firstKey(system, store) : null;
  return {
    system,
    settings: { ...settings, sipPublicAddress: settings.sipPublicAddress ?? addressForWildcard(settings.sipListen) },
    store,
    transports: settings.sipListen.map((local) => transportFor(local, system, certificates)),
    resolve: records.addresses,
    records,
    media: mediaFor(settings, system),
    post,
    utilization: utilizationMeter(),
    faultOfUrl: egress.faultOf,
    signOnThreads: availableParallelism() >= signingPaysOffFrom,
    authHashes: settings.apiKey === null ? [] : [hashKey(settings.apiKey)],
    firstKey: first?.row ?? null,
    docs: pages(join(import.meta.dirname, '..', 'docs')),
    version,
    newKey: first?.key ?? null,
    isFirstStart: (await store.get(startedName)) === null,
    remember: async () => {
      if (first) await store.putResource(first.row);
      await store.put(startedName, new Date(system.clock.date()).toISOString());
    },
    reload: certificates && (() => void certificates.reload()),
    close: async () => {
      certificates?.close();
      await close();
      await store.close();
    },
  };
}

/** The key that opens a server to which nobody else has one for everything; null where somebody has. */
async function firstKey(system: System, store: Store): Promise<{ key: string; row: ResourceRow } | null> {
  await adoptHash(system, store);
  const scopes = (await store.resources('api_key')).map(({ state }) => (JSON.parse(state) as { scope: Scope }).scope);
  if (scopes.includes('admin')) return null;
  const key = newKey();
  return { key, row: keyRow(system, { name: 'first', scope: 'admin', hash: hashKey(key) }) };
}

/** Where the first key was kept before there were others. */
async function adoptHash(system: System, store: Store): Promise<void> {
  const kept = await store.get(keyHashName);
  if (!kept) return;
  await store.putResource(keyRow(system, { name: 'first', scope: 'admin', hash: kept }));
  await store.put(keyHashName, '');
}

/** How busy the event loop was since it was asked last. */
function utilizationMeter(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

/** The file of the database that the settings name. */
export function databasePath({ databaseUrl }: Pick<Settings, 'databaseUrl'>): string {
  return databaseUrl.replace(/^sqlite:/, '');
}

/** A `tls` or `wss` one needs certificates. */
export function transportFor(local: LocalAddress, system: System, certificates: Certificates | null): Transport {
  const { transport, host, port } = local;
  switch (transport) {
    case 'udp':
      return new UdpTransport({ system, host, port });
    case 'tcp':
      return new TcpTransport({ system, host, port });
    case 'tls':
      return new TlsTransport({ system, host, port, certificates: certificates! });
    case 'ws':
      return new WebSocketTransport({ system, listen: { host, port }, certificates: null });
    case 'wss':
      return new WebSocketTransport({ system, listen: { host, port }, certificates });
    default:
      return transport satisfies never;
  }
}

function mediaFor({ media, sipListen, rtpPorts }: Settings, system: System): Media {
  return media === 'none' ? none() : quiet({ system, address: sipListen[0]?.host ?? '0.0.0.0', ports: rtpPorts });
}

/** What to call ourselves when we listen on every address of the machine: the first one that leads outward, or null if we do not. */
function addressForWildcard(listeners: readonly LocalAddress[]): string | null {
  const wildcard = listeners.find(({ host }) => host === '0.0.0.0' || host === '::');
  if (!wildcard) return null;
  const family = wildcard.host === '::' ? 'IPv6' : 'IPv4';
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outward = addresses.find(
    (each) => !each.internal && each.family === family && !each.address.startsWith('fe80'),
  );
  return outward?.address ?? (family === 'IPv6' ? '::1' : '127.0.0.1');
}

/** The Markdown of a folder by page name. */
function pages(folder: string): ReadonlyMap<string, string> {
  const files = globSync(join(folder, '*.md')).sort();
  return new Map(files.map((file) => [basename(file, '.md'), readFileSync(file, 'utf8')]));
}
