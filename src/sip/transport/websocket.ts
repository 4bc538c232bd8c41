// SIP over WebSocket, and over TLS beneath it (RFC 7118): a message a frame, subprotocol `sip`. A client that nobody can
// connect to calls itself by a name that leads nowhere (§B.1) and is answered by its connection. The frames themselves
// are the ws package's.
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { System } from '../../system.ts';
import type { Frame } from '../message/framing.ts';
import { limits as messageLimits } from '../message/parse.ts';
import type { Certificates } from './certificates.ts';
import { type Attach, Connections, type Link, type LinkUser } from './connections.ts';
import { type ConnectionLimits, limitsOf } from './patience.ts';
import { bind, socketOptions, unbind } from './stream.ts';
import { clientOptions } from './tls.ts';
import { defaultPort, type LocalAddress, type Receive, type Target, type Transport } from './transport.ts';

/** Whether to listen, where, and with which certificates. */
export interface WebSocketOptions {
  readonly system: System;
  /** Null: it only opens connections. Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** Null: without TLS. */
  readonly certificates: Certificates | null;
  readonly limits?: Partial<ConnectionLimits>;
  /** Of the URL that is opened; default `/`. */
  readonly path?: string;
}

const subprotocol = 'sip';
const frameOptions = { maxPayload: messageLimits.size, perMessageDeflate: false } as const;

/** SIP over WebSocket, a server, a client or both (RFC 7118). */
export class WebSocketTransport implements Transport {
  readonly name: 'ws' | 'wss';
  readonly #options: WebSocketOptions;
  readonly #limits: ConnectionLimits;
  readonly #connections: Connections;
  readonly #upgrades = new WebSocketServer({
    ...frameOptions,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => subprotocol,
  });
  #local: LocalAddress;
  #server: Server | SecureServer | null = null;

  constructor(options: WebSocketOptions) {
    const { system, listen, certificates, limits, path = '/' } = options;
    this.#options = options;
    this.name = certificates === null ? 'ws' : 'wss';
    this.#limits = limitsOf(limits);
    const nowhere = { host: `${system.ids.seed()}.invalid`, port: defaultPort[this.name] };
    this.#local = { transport: this.name, ...(listen ?? nowhere) };
    this.#connections = new Connections({
      system,
      limits: this.#limits,
      dial: (target) => openSocket(target, path, certificates),
      byName: certificates !== null,
    });
  }

  get local(): LocalAddress {
    return this.#local;
  }

  async listen(receive: Receive): Promise<void> {
    if (this.#options.listen !== null) await this.#serve();
    this.#connections.start(this.#local, receive);
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    this.#connections.send(text, target, failed);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const stopped = server && unbind(server);
    server?.closeAllConnections();
    await Promise.all([this.#connections.close(), stopped]);
  }

  async #serve(): Promise<void> {
    const server = this.#newServer();
    server.maxConnections = this.#limits.connections;
    this.#local = await bind(server, this.#local);
    this.#server = server;
    const { log } = this.#options.system;
    server.on('error', (error) => log.warn({ err: error }, 'the WebSocket listener reported an error'));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('clientError', (_error, socket) => socket.destroy());
    server.on('request', (_request, response) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close' }).end();
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  #newServer(): Server | SecureServer {
    const { certificates } = this.#options;
    const { connectMs } = this.#limits;
    // Who does not finish asking is no connection yet: it has its own limits of time and number.
    const patience = { headersTimeout: connectMs, requestTimeout: connectMs, connectionsCheckingInterval: 1_000 };
    if (certificates === null) return createServer({ ...socketOptions, ...patience });
    const handshake = { ...certificates.serverOptions, handshakeTimeout: connectMs };
    const server = createSecureServer({ ...socketOptions, ...patience, ...handshake });
    certificates.onChange(() => server.setSecureContext(certificates.contextOptions));
    return server;
  }

  /** RFC 7118 §4.1: who does not ask for the subprotocol is not served. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asked = request.headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
    if (!asked.includes(subprotocol)) {
      socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    const { remoteAddress, remotePort } = request.socket;
    this.#upgrades.handleUpgrade(request, socket, head, (accepted) => {
      const attach = socketLink(accepted, socket);
      if (!this.#connections.accept(attach, remoteAddress, remotePort)) accepted.on('error', () => {}).terminate();
    });
  }
}

/** Opens a connection to an address by the name that it was looked up by, which the server may be told and held to. */
function openSocket(target: Target, path: string, certificates: Certificates | null): Attach {
  const { host, port, name = host } = target;
  const family = isIP(host);
  const lookup: LookupFunction = (_name, { all }, found) =>
    all ? found(null, [{ address: host, family }]) : found(null, host, family);
  const {
    servername = '',
    checkServerIdentity,
    secureContext,
  } = certificates ? clientOptions(target, certificates) : {};
  const proof = certificates ? { servername, checkServerIdentity, secureContext } : {};
  const url = `${certificates ? 'wss' : 'ws'}://${isIP(name) === 6 ? `[${name}]` : name}:${port}${path}`;
  return socketLink(new WebSocket(url, subprotocol, { ...frameOptions, ...proof, ...socketOptions, lookup }), null);
}

/** `below` is the stream that carries the frames; null while there is none. */
function socketLink(socket: WebSocket, below: Duplex | null): Attach {
  return (user) => {
    socket.on('open', () => user.opened());
    socket.on('message', (data: RawData) => user.read([frameOf(data as Buffer)], false));
    socket.on('ping', () => user.kept());
    socket.on('pong', () => user.read([{ type: 'pong' }], false));
    socket.on('error', (error) => user.broke(error));
    socket.on('close', () => user.closed());
    if (below) follow(below, user);
    else socket.on('upgrade', ({ socket: opened }) => follow(opened, user));
    return new WebSocketLink(socket);
  };
}

/** Bytes that do not bring a frame to its end are the beginning of one. */
function follow(below: Duplex, user: LinkUser): void {
  below.prependListener('data', () => user.read([], true));
}

/** A message; or line ends alone, which some send to keep the connection (RFC 7118 §6). */
function frameOf(bytes: Buffer): Frame {
  if (bytes.length > 4 || bytes.some((byte) => byte !== CR && byte !== LF)) return { type: 'message', bytes };
  return { type: bytes.length === 4 ? 'ping' : 'pong' };
}

const CR = 0x0d;
const LF = 0x0a;

class WebSocketLink implements Link {
  readonly pongsAlways = true;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** As text where it can be: there are clients that read nothing else (RFC 7118 §4.2 allows both). */
  write(text: string, failed: (error: Error) => void): void {
    const bytes = Buffer.from(text, 'latin1');
    this.#socket.send(bytes, { binary: !isUtf8(bytes) }, (error) => {
      if (error) failed(error);
    });
  }

  ping(): void {
    this.#socket.ping();
  }

  end(text: string): void {
    if (text !== '') this.write(text, () => {});
    this.#socket.close(1002);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  speaksFor(): boolean {
    return false;
  }
}
