// SIP over TLS (RFC 3261 §26.2, RFC 5922): TCP with certificates. Servers are checked by the name they were looked up by,
// clients where the operator asks for it. Certificates may change while it runs: connections that are open stay.
import { isIP } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import type { System } from '../../system.ts';
import { type Certificates, checkIdentity } from './certificates.ts';
import { type Attach, Connections } from './connections.ts';
import { type ConnectionLimits, limitsOf } from './patience.ts';
import { bind, socketOptions, streamLink, unbind } from './stream.ts';
import type { LocalAddress, Receive, Target, Transport } from './transport.ts';

/** Where to listen, with which certificates, and within which limits. */
export interface TlsOptions {
  readonly system: System;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly certificates: Certificates;
  readonly limits?: Partial<ConnectionLimits>;
}

/** SIP over TLS (RFC 3261 §26.2, RFC 5922): as over TCP, and each server held to its name. */
export class TlsTransport implements Transport {
  readonly name = 'tls';
  readonly #system: System;
  readonly #certificates: Certificates;
  readonly #limits: ConnectionLimits;
  readonly #connections: Connections;
  #local: LocalAddress;
  #server: Server | null = null;

  constructor({ system, host, port, certificates, limits }: TlsOptions) {
    this.#system = system;
    this.#local = { transport: 'tls', host, port };
    this.#certificates = certificates;
    this.#limits = limitsOf(limits);
    this.#connections = new Connections({
      system,
      limits: this.#limits,
      dial: (target) => dialTls(target, certificates),
      byName: true,
    });
  }

  get local(): LocalAddress {
    return this.#local;
  }

  async listen(receive: Receive): Promise<void> {
    const server = createServer({
      ...socketOptions,
      ...this.#certificates.serverOptions,
      // Who does not finish the handshake is no connection yet: it has its own limits of time and number.
      handshakeTimeout: this.#limits.connectMs,
    });
    server.maxConnections = this.#limits.connections;
    this.#local = await bind(server, this.#local);
    this.#server = server;
    this.#connections.start(this.#local, receive);
    this.#certificates.onChange(() => server.setSecureContext(this.#certificates.contextOptions));
    server.on('error', (error) => this.#system.log.warn({ err: error }, 'the TLS listener reported an error'));
    server.on('tlsClientError', (error, socket) => {
      this.#system.log.debug({ err: error, from: socket.remoteAddress }, 'a TLS handshake failed');
      // Node closes it after some of these errors only, and not when the handshake took too long.
      socket.destroy();
    });
    server.on('secureConnection', (socket) => {
      const attach = streamLink(socket, null, hasProved);
      if (!this.#connections.accept(attach, socket.remoteAddress, socket.remotePort))
        socket.on('error', () => {}).destroy();
    });
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    this.#connections.send(text, target, failed);
  }

  alias(flow: string, host: string, port: number): void {
    this.#connections.alias(flow, host, port);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await Promise.all([this.#connections.close(), server && unbind(server)]);
  }
}

function dialTls(target: Target, certificates: Certificates): Attach {
  return streamLink(connect({ ...socketOptions, ...clientOptions(target, certificates) }), 'secureConnect', hasProved);
}

/** How a server is called by its name and held to it. A server name is never an address (RFC 6066 §3). */
export function clientOptions({ host, port, name = host }: Target, certificates: Certificates) {
  return {
    host,
    port,
    secureContext: certificates.clientContext,
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkIdentity>[1]) =>
      checkIdentity(name, certificate),
  };
}

function hasProved(socket: TLSSocket, host: string): boolean {
  return socket.authorized && checkIdentity(host, socket.getPeerCertificate()) === undefined;
}
