// What TCP, TLS and WebSocket share (RFC 3261 §18): connections kept as flows, accepted or opened on demand, and used
// again for whoever is at their other end. Everything is bounded: their number, what each may owe its reader, how long
// one may stay silent, how long a message may take. Leaves out bytes and frames, which the links know (stream.ts,
// websocket.ts), and how one listens.
import { isIP } from 'node:net';
import type { Log, System, Timer } from '../../system.ts';
import type { Frame } from '../message/framing.ts';
import { replyToFailure } from '../message/parse.ts';
import { type ConnectionLimits, faultOf, nextLook, pingAt, type Watched } from './patience.ts';
import { flowOf, isPort, type LocalAddress, type Receive, type Target } from './transport.ts';

/** One connection by what it is made of. Nothing is written before it has told its user that it is open. */
export interface Link {
  /** Bytes that the other end has not taken yet. */
  readonly unsentBytes: number;
  /** Whether a peer that knows the protocol must answer a ping. One of a stream may never have heard of them. */
  readonly pongsAlways: boolean;
  /** `failed` is called at most once, never before this returns. */
  write(text: string, failed: (error: Error) => void): void;
  ping(): void;
  /** Says it, and that this was all. */
  end(text: string): void;
  destroy(error?: Error): void;
  /** Whether the other end has proved, by its certificate, to be this host. */
  speaksFor(host: string): boolean;
}

/** Whom a link tells what becomes of it; never before the function that made it has returned. */
export interface LinkUser {
  opened(): void;
  /** What came, in order; `isPartial` when the beginning of another message came with it. */
  read(frames: readonly Frame[], isPartial: boolean): void;
  /** The other end has asked whether we are here, and was told. */
  kept(): void;
  /** The other end says no more. */
  ended(): void;
  broke(error: Error): void;
  closed(): void;
}

export type Attach = (user: LinkUser) => Link;

export interface ConnectionsOptions {
  readonly system: System;
  readonly limits: ConnectionLimits;
  readonly dial: (target: Target) => Attach;
  /** Whether the other end is checked to be the name it is called by: then a connection to another name is another one. */
  readonly byName: boolean;
}

interface Unsaid {
  readonly text: string;
  readonly failed: (error: Error) => void;
}

/** One connection. */
interface Connection extends Watched {
  readonly link: Link;
  readonly peer: Target & { readonly flow: string };
  /** The keys of #byAddress that lead here. */
  readonly keys: string[];
  usable: boolean;
  /** What waits until it is open; null once it is. */
  unsaid: Unsaid[] | null;
  error: Error | null;
  used: boolean;
  usedAt: number;
  partialSince: number | null;
  pingedAt: number;
  awaitsPong: boolean;
  pongs: boolean;
  timer: Timer;
  timerAt: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #system: System;
  readonly #limits: ConnectionLimits;
  readonly #byFlow = new Map<string, Connection>();
  readonly #byAddress = new Map<string, Connection>();
  #local: LocalAddress | null = null;
  #receive: Receive = () => {};
  /** Flows are kept in the store: what a process before this one called its connections must not name one of ours. */
  #flowPrefix = '';
  #opened = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#system = options.system;
    this.#limits = options.limits;
  }

  /** From now on connections are accepted and opened, as flows of this listener. */
  start(local: LocalAddress, receive: Receive): void {
    this.#local = local;
    this.#receive = receive;
    this.#flowPrefix = `${flowOf(local)}#${this.#system.ids.seed()}.`;
  }

  async close(): Promise<void> {
    this.#local = null;
    if (this.#byFlow.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const { link } of this.#byFlow.values()) link.destroy();
    await empty;
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    const connection = this.#connectionTo(target);
    if (connection instanceof Error) this.#system.clock.soon(() => failed(connection));
    else this.#write(connection, text, failed);
  }

  /** A connection that somebody made to us, open; false when it is not wanted. */
  accept(attach: Attach, host: string | undefined, port: number | undefined): boolean {
    const full = this.#byFlow.size >= this.#limits.connections;
    if (full) this.#log.warn({ from: host, local: this.#local }, 'a connection was refused: there are too many');
    if (full || this.#local === null || host === undefined || port === undefined) return false;
    const connection = this.#keep(attach, { transport: this.#local.transport, host, port }, false);
    connection.unsaid = null;
    this.#watch(connection);
    return true;
  }

  /** RFC 5923 §8.2: requests for this host and port go by the connection, if its other end has proved to be that host. */
  alias(flow: string, host: string, port: number): void {
    const connection = this.#byFlow.get(flow);
    const key = aliasKey(host, port);
    if (!connection?.usable || connection.keys.includes(key) || !connection.link.speaksFor(host)) return;
    this.#name(connection, key);
  }

  get #log(): Log {
    return this.#system.log;
  }

  /** The flow while it is open, else a connection to the same host and port, else a new one. */
  #connectionTo(target: Target): Connection | Error {
    const { host, port, flow, name } = target;
    const byFlow = flow === undefined ? undefined : this.#byFlow.get(flow);
    if (byFlow?.usable) return byFlow;
    const open = this.#byAddress.get(this.#addressKey(target)) ?? this.#byAddress.get(aliasKey(name ?? host, port));
    return open ?? this.#open(target);
  }

  #open({ host, port, name }: Target): Connection | Error {
    if (this.#local === null) return new Error('The transport is closed.');
    const { transport } = this.#local;
    if (isIP(host) === 0) return new Error(`${host} is not an address.`);
    if (!isPort(port)) return new Error(`${port} is not a port.`);
    if (this.#byFlow.size >= this.#limits.connections) return new Error('There are too many connections.');
    const target = { transport, host, port, ...(name !== undefined && { name }) };
    const connection = this.#keep(this.#options.dial(target), target, true);
    this.#watch(connection);
    return connection;
  }

  #keep(attach: Attach, to: Target, isOurs: boolean): Connection {
    this.#opened += 1;
    const now = this.#system.clock.now();
    const user: LinkUser = {
      opened: () => this.#begin(connection),
      read: (frames, isPartial) => this.#read(connection, frames, isPartial),
      kept: () => this.#touch(connection),
      ended: () => this.#retire(connection),
      broke: (error) => {
        connection.error ??= error;
        this.#log.debug({ err: error, peer: connection.peer }, 'a connection broke');
      },
      closed: () => this.#forget(connection),
    };
    const connection: Connection = {
      link: attach(user),
      peer: { ...to, flow: this.#flowPrefix + this.#opened },
      isOurs,
      keys: [],
      usable: true,
      unsaid: [],
      error: null,
      used: false,
      usedAt: now,
      partialSince: null,
      pingedAt: now,
      awaitsPong: false,
      pongs: false,
      timer: null,
      timerAt: Number.POSITIVE_INFINITY,
    };
    this.#byFlow.set(connection.peer.flow, connection);
    this.#name(connection, this.#addressKey(to));
    return connection;
  }

  /** Of two connections to the same place the newer one is used. */
  #name(connection: Connection, key: string): void {
    connection.keys.push(key);
    this.#byAddress.set(key, connection);
  }

  #addressKey({ host, port, name }: Target): string {
    return this.#options.byName && name !== undefined ? `${host} ${port} ${name}` : `${host} ${port}`;
  }

  /** It is open: what waited for that is said. */
  #begin(connection: Connection): void {
    const unsaid = connection.unsaid ?? [];
    connection.unsaid = null;
    connection.usedAt = this.#system.clock.now();
    for (const { text, failed } of unsaid) this.#write(connection, text, failed);
  }

  /** No further message goes by it. */
  #retire(connection: Connection): void {
    connection.usable = false;
    for (const key of connection.keys) {
      if (this.#byAddress.get(key) === connection) this.#byAddress.delete(key);
    }
  }

  #forget(connection: Connection): void {
    this.#retire(connection);
    this.#system.clock.cancel(connection.timer);
    this.#byFlow.delete(connection.peer.flow);
    const { host, port } = connection.peer;
    const error = connection.error ?? new Error(`The connection to ${host}:${port} was closed.`);
    for (const { failed } of connection.unsaid ?? []) failed(error);
    connection.unsaid = null;
    if (this.#byFlow.size === 0) this.#whenEmpty?.();
  }

  // --- Time

  /** One timer a connection, that looks what is due: nothing is armed anew with each message. */
  #watch(connection: Connection): void {
    const now = this.#system.clock.now();
    const fault = faultOf(connection, this.#limits, now);
    if (fault !== null) {
      this.#destroy(connection, fault);
      return;
    }
    if (pingAt(connection, this.#limits) <= now) this.#ping(connection, now);
    this.#wake(connection, nextLook(connection, this.#limits), now);
  }

  #wake(connection: Connection, at: number, now: number): void {
    this.#system.clock.cancel(connection.timer);
    connection.timerAt = at;
    connection.timer = this.#system.clock.after(at - now, () => this.#watch(connection));
  }

  #ping(connection: Connection, now: number): void {
    connection.pingedAt = now;
    connection.awaitsPong = true;
    connection.pongs ||= connection.link.pongsAlways;
    connection.link.ping();
  }

  // --- What comes and goes

  #read(connection: Connection, frames: readonly Frame[], isPartial: boolean): void {
    const now = this.#system.clock.now();
    connection.awaitsPong = false;
    for (const frame of frames) {
      if (frame.type === 'failure') {
        this.#log.debug({ peer: connection.peer }, frame.failure.failure);
        this.#closeWith(connection, replyToFailure(frame.failure) ?? '');
        return;
      }
      if (frame.type === 'pong') {
        connection.pongs = true;
        continue;
      }
      this.#touch(connection);
      if (frame.type === 'message') this.#receive(frame.bytes, connection.peer);
      else if (connection.usable) this.#write(connection, pong, () => {});
    }
    if (!isPartial) connection.partialSince = null;
    else if (connection.partialSince === null || frames.length > 0) this.#await(connection, now);
  }

  /** A message has begun and must be whole in time. */
  #await(connection: Connection, now: number): void {
    connection.partialSince = now;
    const at = now + this.#limits.messageMs;
    if (connection.usable && connection.timerAt > at) this.#wake(connection, at, now);
  }

  /** RFC 3261 §18.3: behind what cannot be framed nothing can be. The peer is told why, and has a moment to read it. */
  #closeWith(connection: Connection, text: string): void {
    this.#retire(connection);
    this.#system.clock.cancel(connection.timer);
    connection.timer = this.#system.clock.after(this.#limits.farewellMs, () => connection.link.destroy());
    connection.link.end(text);
  }

  #touch(connection: Connection): void {
    connection.used = true;
    connection.usedAt = this.#system.clock.now();
  }

  #write(connection: Connection, text: string, failed: (error: Error) => void): void {
    const { link, peer, unsaid } = connection;
    if (unsaid === null) {
      this.#touch(connection);
      link.write(text, (error) => failed(connection.error ?? error));
    } else {
      unsaid.push({ text, failed });
    }
    const owed = unsaid === null ? link.unsentBytes : unsaid.reduce((sum, each) => sum + each.text.length, 0);
    if (owed > this.#limits.unsentBytes) {
      this.#destroy(connection, `${peer.host}:${peer.port} does not read what it is sent.`);
    }
  }

  #destroy(connection: Connection, reason: string): void {
    this.#retire(connection);
    connection.error ??= new Error(reason);
    connection.link.destroy(connection.error);
  }
}

const pong = '\r\n';

/** An alias is a name of its own: the address a peer connects from never looks like one. */
function aliasKey(host: string, port: number): string {
  return `alias ${host.toLowerCase()} ${port}`;
}
