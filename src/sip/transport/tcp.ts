// SIP over TCP (RFC 3261 §18): connections kept as flows, accepted or opened on demand, and used again for whoever is at
// their other end. Everything is bounded: their number, what each may owe its reader, how long one may stay silent.
// Leaves out TLS, and connections that stand for another address than the one they come from (RFC 5923).
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import type { Log, System, Timer } from '../../system.ts';
import { StreamFramer } from '../message/framing.ts';
import { replyToFailure } from '../message/parse.ts';
import { listenError } from './listen-error.ts';
import { flowOf, isPort, type LocalAddress, type Receive, type Target, type Transport } from './transport.ts';

export interface TcpOptions {
  readonly system: System;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<TcpLimits>;
  /** How a connection is begun; the tests have one that never comes about. */
  readonly dial?: typeof connect;
}

export interface TcpLimits {
  /** Accepted and opened ones together. */
  readonly connections: number;
  /** Bytes a connection may owe a peer that does not read. */
  readonly unsentBytes: number;
  readonly connectMs: number;
  /** How long a new connection may take to bring its first message. */
  readonly firstMessageMs: number;
  /** A call may be silent for long, and its peer behind a NAT can be reached by this connection only. */
  readonly idleMs: number;
  /** How long a peer may take to read why its connection is being closed. */
  readonly farewellMs: number;
}

const standardLimits: TcpLimits = {
  connections: 8_192,
  unsentBytes: 1_048_576,
  connectMs: 5_000,
  firstMessageMs: 32_000,
  idleMs: 3_600_000,
  farewellMs: 1_000,
};

/** How often the kernel asks a silent peer whether it is still there. */
const keepAliveMs = 60_000;
const pong = '\r\n';

/** One connection. `usable` until either side has begun to close it. */
interface Connection {
  readonly socket: Socket;
  readonly peer: Target & { readonly flow: string };
  readonly framer: StreamFramer;
  usable: boolean;
  /** Whether a message, whole, has come or gone. */
  used: boolean;
  /** By the monotonic clock. */
  usedAt: number;
  timer: Timer;
}

export class TcpTransport implements Transport {
  readonly name = 'tcp';
  readonly #dial: typeof connect;
  readonly #system: System;
  readonly #limits: TcpLimits;
  readonly #byFlow = new Map<string, Connection>();
  readonly #byAddress = new Map<string, Connection>();
  #local: LocalAddress;
  #server: Server | null = null;
  #receive: Receive = () => {};
  /** Flows are kept in the store: what a process before this one called its connections must not name one of ours. */
  #flowPrefix = '';
  #opened = 0;

  constructor({ system, host, port, limits, dial = connect }: TcpOptions) {
    this.#dial = dial;
    this.#system = system;
    this.#limits = { ...standardLimits, ...limits };
    this.#local = { transport: 'tcp', host, port };
  }

  get local(): LocalAddress {
    return this.#local;
  }

  async listen(receive: Receive): Promise<void> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
    await bind(server, this.#local);
    const { host } = this.#local;
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#local.port;
    this.#local = { transport: 'tcp', host, port };
    this.#server = server;
    this.#receive = receive;
    this.#flowPrefix = `${flowOf(this.#local)}#${this.#system.ids.seed()}.`;
    server.on('error', (error) => this.#log.warn({ err: error }, 'the TCP listener reported an error'));
    server.on('connection', (socket) => this.#accept(socket));
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    const connection = this.#connectionTo(target);
    if (connection instanceof Error) this.#system.clock.soon(() => failed(connection));
    else this.#write(connection, text, failed);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = [...this.#byFlow.values()].map(({ socket }) => whenClosed(socket));
    for (const { socket } of this.#byFlow.values()) socket.destroy();
    await Promise.all([...closed, new Promise<void>((stopped) => server.close(() => stopped()))]);
  }

  get #log(): Log {
    return this.#system.log;
  }

  /** The flow while it is open, else a connection to the same host and port, else a new one. */
  #connectionTo(target: Target): Connection | Error {
    const { host, port, flow } = target;
    const byFlow = flow === undefined ? undefined : this.#byFlow.get(flow);
    if (byFlow?.usable) return byFlow;
    return this.#byAddress.get(addressKey(host, port)) ?? this.#open(host, port);
  }

  #open(host: string, port: number): Connection | Error {
    if (this.#server === null) return new Error('The TCP transport is closed.');
    if (isIP(host) === 0) return new Error(`${host} is not an address.`);
    if (!isPort(port)) return new Error(`${port} is not a port.`);
    if (this.#byFlow.size >= this.#limits.connections) return new Error('There are too many TCP connections.');
    const socket = this.#dial({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
    const connection = this.#keep(socket, host, port);
    const { connectMs } = this.#limits;
    const late = (): void => void socket.destroy(new Error(`No connection to ${host}:${port} in ${connectMs} ms.`));
    connection.timer = this.#system.clock.after(connectMs, late);
    socket.once('connect', () => {
      this.#system.clock.cancel(connection.timer);
      this.#watch(connection);
    });
    return connection;
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    const full = this.#byFlow.size >= this.#limits.connections;
    if (full) this.#log.warn({ remoteAddress }, 'a TCP connection was refused: there are too many');
    if (full || this.#server === null || remoteAddress === undefined || remotePort === undefined) {
      socket.on('error', () => {}).destroy();
      return;
    }
    this.#watch(this.#keep(socket, remoteAddress, remotePort));
  }

  #keep(socket: Socket, host: string, port: number): Connection {
    this.#opened += 1;
    const connection: Connection = {
      socket,
      peer: { transport: 'tcp', host, port, flow: this.#flowPrefix + this.#opened },
      framer: new StreamFramer(),
      usable: true,
      used: false,
      usedAt: this.#system.clock.now(),
      timer: null,
    };
    this.#byFlow.set(connection.peer.flow, connection);
    this.#byAddress.set(addressKey(host, port), connection);
    socket.on('data', (bytes: Buffer) => this.#read(connection, bytes));
    socket.on('end', () => this.#retire(connection));
    socket.on('error', (error) => this.#log.debug({ err: error, peer: connection.peer }, 'a TCP connection broke'));
    socket.on('close', () => {
      this.#retire(connection);
      this.#system.clock.cancel(connection.timer);
      this.#byFlow.delete(connection.peer.flow);
    });
    return connection;
  }

  /** No further message goes by it. */
  #retire(connection: Connection): void {
    connection.usable = false;
    const key = addressKey(connection.peer.host, connection.peer.port);
    if (this.#byAddress.get(key) === connection) this.#byAddress.delete(key);
  }

  /** One timer a connection, that looks when it was last used: nothing is armed anew with each message. */
  #watch(connection: Connection): void {
    const { clock } = this.#system;
    const leftMs = connection.usedAt + this.#patience(connection) - clock.now();
    if (leftMs <= 0) connection.socket.destroy();
    else connection.timer = clock.after(leftMs, () => this.#watch(connection));
  }

  #patience({ used }: Connection): number {
    return used ? this.#limits.idleMs : this.#limits.firstMessageMs;
  }

  #touch(connection: Connection): void {
    connection.used = true;
    connection.usedAt = this.#system.clock.now();
  }

  #read(connection: Connection, bytes: Buffer): void {
    for (const frame of connection.framer.push(bytes)) {
      if (frame.type === 'failure') {
        this.#log.debug({ peer: connection.peer }, frame.failure.failure);
        this.#closeWith(connection, replyToFailure(frame.failure) ?? '');
        return;
      }
      this.#touch(connection);
      if (frame.type === 'message') this.#receive(frame.bytes, connection.peer);
      else if (frame.type === 'ping' && connection.usable) this.#write(connection, pong, () => {});
    }
  }

  /** RFC 3261 §18.3: behind what cannot be framed nothing can be. The peer is told why, and has a moment to read it. */
  #closeWith(connection: Connection, text: string): void {
    this.#retire(connection);
    this.#system.clock.cancel(connection.timer);
    connection.timer = this.#system.clock.after(this.#limits.farewellMs, () => void connection.socket.destroy());
    connection.socket.end(text, 'latin1');
  }

  #write(connection: Connection, text: string, failed: (error: Error) => void): void {
    const { socket, peer } = connection;
    this.#touch(connection);
    socket.write(text, 'latin1', (error) => {
      if (error) failed(socket.errored ?? error);
    });
    if (socket.writableLength <= this.#limits.unsentBytes) return;
    this.#retire(connection);
    socket.destroy(new Error(`${peer.host}:${peer.port} does not read what it is sent.`));
  }
}

function addressKey(host: string, port: number): string {
  return `${host} ${port}`;
}

function bind(server: Server, local: LocalAddress): Promise<void> {
  return new Promise((bound, refused) => {
    const fail = (error: Error): void => refused(listenError(local, error));
    server.once('error', fail);
    server.listen({ host: local.host, port: local.port, ipv6Only: isIP(local.host) === 6 }, () => {
      server.off('error', fail);
      bound();
    });
  });
}

function whenClosed(socket: Socket): Promise<void> {
  return new Promise((closed) => {
    socket.once('close', () => closed());
  });
}
