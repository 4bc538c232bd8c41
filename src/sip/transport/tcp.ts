// SIP over TCP (RFC 3261 §18): a listener and the connections accepted and opened beside it (connections.ts).
import { connect, createServer, type Server } from 'node:net';
import type { System } from '../../system.ts';
import { Connections } from './connections.ts';
import { type ConnectionLimits, limitsOf } from './patience.ts';
import { bind, socketOptions, streamLink, unbind } from './stream.ts';
import type { LocalAddress, Receive, Target, Transport } from './transport.ts';

/** Where to listen, and within which limits. */
export interface TcpOptions {
  readonly system: System;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<ConnectionLimits>;
  /** How a connection is begun; the tests have one that never comes about. */
  readonly dial?: typeof connect;
}

/** SIP over TCP: connections kept as flows, opened and accepted alike (RFC 3261 §18, RFC 5923). */
export class TcpTransport implements Transport {
  readonly name = 'tcp';
  readonly #system: System;
  readonly #connections: Connections;
  #local: LocalAddress;
  #server: Server | null = null;

  constructor({ system, host, port, limits, dial = connect }: TcpOptions) {
    this.#system = system;
    this.#local = { transport: 'tcp', host, port };
    this.#connections = new Connections({
      system,
      limits: limitsOf(limits),
      dial: (target) => streamLink(dial({ host: target.host, port: target.port, ...socketOptions }), 'connect'),
      byName: false,
    });
  }

  get local(): LocalAddress {
    return this.#local;
  }

  async listen(receive: Receive): Promise<void> {
    const server = createServer(socketOptions);
    this.#local = await bind(server, this.#local);
    this.#server = server;
    this.#connections.start(this.#local, receive);
    server.on('error', (error) => this.#system.log.warn({ err: error }, 'the TCP listener reported an error'));
    server.on('connection', (socket) => {
      const taken = this.#connections.accept(streamLink(socket, null), socket.remoteAddress, socket.remotePort);
      if (!taken) socket.on('error', () => {}).destroy();
    });
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    this.#connections.send(text, target, failed);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await Promise.all([this.#connections.close(), server && unbind(server)]);
  }
}
