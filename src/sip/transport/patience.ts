// How long a connection is waited for: to open, to bring its first message, to bring a message whole, to say anything at all,
// to answer a ping (RFC 5626 §4.4.1); and when it is pinged. Pure: instants of the monotonic clock from what is known of it.
import type { Target } from './transport.ts';

/** What a transport with connections bears. A transport fills in what it is not told. Durations in milliseconds. */
export interface ConnectionLimits {
  /** Accepted and opened ones together. */
  readonly connections: number;
  /** Bytes a connection may owe a peer that does not read. */
  readonly unsentBytes: number;
  readonly connectMs: number;
  /** How long a new connection may take to bring its first message. */
  readonly firstMessageMs: number;
  /** How long a message may take from its first byte to its last: a sender of one byte a second does not get far. */
  readonly messageMs: number;
  /** A call may be silent for long, and its peer behind a NAT can be reached by this connection only. */
  readonly idleMs: number;
  /** How often the other end of a silent connection of ours is asked whether it is there (RFC 5626 §4.4.1: 95 to 120 s). */
  readonly pingMs: number;
  /** How long it may take to say so (RFC 5626 §4.4.1). */
  readonly pongMs: number;
  /** How long a peer may take to read why its connection is being closed. */
  readonly farewellMs: number;
}

const standardLimits: ConnectionLimits = {
  connections: 8_192,
  unsentBytes: 1_048_576,
  connectMs: 5_000,
  firstMessageMs: 32_000,
  messageMs: 32_000,
  idleMs: 3_600_000,
  pingMs: 100_000,
  pongMs: 10_000,
  farewellMs: 1_000,
};

export function limitsOf(limits: Partial<ConnectionLimits> = {}): ConnectionLimits {
  return { ...standardLimits, ...limits };
}

/** What is known of a connection. `usable` until either side has begun to close it. */
export interface Watched {
  readonly peer: Target;
  readonly link: { readonly pongsAlways: boolean };
  /** Whether we opened it: then it is ours to keep alive. */
  readonly isOurs: boolean;
  readonly usable: boolean;
  /** Not null while it is not open. */
  readonly unsaid: readonly unknown[] | null;
  /** Whether a message, whole, has come or gone. */
  readonly used: boolean;
  readonly usedAt: number;
  readonly partialSince: number | null;
  readonly pingedAt: number;
  /** Whether our last ping has no answer yet, and whether it ever answered one. */
  readonly awaitsPong: boolean;
  readonly pongs: boolean;
}

/** Why a connection has to be closed by now, or null. */
export function faultOf(connection: Watched, limits: ConnectionLimits, now: number): string | null {
  const { peer, unsaid } = connection;
  if (now >= pongAt(connection, limits)) return `${peer.host}:${peer.port} no longer answers.`;
  if (now >= wholeAt(connection, limits)) return 'A message did not arrive whole in time.';
  if (now < idleAt(connection, limits)) return null;
  if (unsaid === null) return 'The connection was idle for too long.';
  return `No connection to ${peer.host}:${peer.port} in ${limits.connectMs} ms.`;
}

/** When there may be something to do. */
export function nextLook(connection: Watched, limits: ConnectionLimits): number {
  return Math.min(...[idleAt, wholeAt, pongAt, pingAt].map((instant) => instant(connection, limits)));
}

/** On a stream the side that opened it pings (RFC 5626 §3.5.1); a browser has no way to, so on a WebSocket both do. */
export function pingAt(
  { isOurs, link, unsaid, usedAt, pingedAt, usable }: Watched,
  { pingMs }: ConnectionLimits,
): number {
  if (!usable || unsaid !== null || !(isOurs || link.pongsAlways)) return never;
  return Math.max(usedAt, pingedAt) + pingMs;
}

const never = Number.POSITIVE_INFINITY;

function idleAt({ unsaid, used, usedAt }: Watched, { connectMs, firstMessageMs, idleMs }: ConnectionLimits): number {
  if (unsaid !== null) return usedAt + connectMs;
  return usedAt + (used ? idleMs : firstMessageMs);
}

function wholeAt({ partialSince }: Watched, { messageMs }: ConnectionLimits): number {
  return partialSince === null ? never : partialSince + messageMs;
}

function pongAt({ awaitsPong, pongs, pingedAt }: Watched, { pongMs }: ConnectionLimits): number {
  return awaitsPong && pongs ? pingedAt + pongMs : never;
}
