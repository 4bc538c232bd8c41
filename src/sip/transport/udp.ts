// SIP over UDP (RFC 3261 §18): one socket, one datagram a message, and between them the STUN of clients that keep their way
// to us open (RFC 5626 §4.4.2). No error of a datagram ends the socket. Leaves out which messages are too large for it
// (RFC 3261 §18.1.1), which whoever sends them decides.
import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { System } from '../../system.ts';
import { listenError } from './listen-error.ts';
import { answerStun, isStun } from './stun.ts';
import { flowOf, isPort, type LocalAddress, type Receive, type Target, type Transport } from './transport.ts';

/** Where to listen: `host` is an address of this machine, or 0.0.0.0 or ::. */
export interface UdpOptions {
  readonly system: System;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Asked of the kernel, which may give less: room for a burst while the event loop is busy. */
const bufferSize = 4 * 1024 * 1024;

/** SIP over UDP (RFC 3261 §18): one socket, a datagram a message. */
export class UdpTransport implements Transport {
  readonly name = 'udp';
  readonly #options: UdpOptions;
  #local: LocalAddress;
  #socket: Socket | null = null;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#local = { transport: 'udp', host: options.host, port: options.port };
  }

  get local(): LocalAddress {
    return this.#local;
  }

  async listen(receive: Receive): Promise<void> {
    const { host, port } = this.#local;
    const isIPv6 = isIP(host) === 6;
    const socket = createSocket({
      type: isIPv6 ? 'udp6' : 'udp4',
      // An IPv4 peer must not appear as ::ffff:1.2.3.4: its address is compared and answered as text.
      ipv6Only: isIPv6,
      // Hosts are addresses by now: they are not asked of the resolver again.
      lookup: (address, _options, found) => found(null, address, isIPv6 ? 6 : 4),
    });
    await bind(socket, this.#local);
    this.#local = { transport: 'udp', host, port: port === 0 ? socket.address().port : port };
    this.#socket = socket;
    enlarge(socket);
    const flow = flowOf(this.#local);
    socket.on('error', (error) =>
      this.#options.system.log.warn({ err: error, flow }, 'the UDP socket reported an error'),
    );
    socket.on('message', (bytes, { address, port }) => {
      if (isStun(bytes)) this.#answerStun(bytes, address, port);
      else receive(bytes, { transport: 'udp', host: address, port, flow });
    });
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    if (this.#socket === null || !isPort(target.port)) {
      const error = new Error(this.#socket === null ? 'The UDP socket is closed.' : `${target.port} is not a port.`);
      this.#options.system.clock.soon(() => failed(error));
      return;
    }
    this.#socket.send(Buffer.from(text, 'latin1'), target.port, target.host, (error) => {
      if (error) failed(error);
    });
  }

  /** Who does not hear the answer asks again. */
  #answerStun(bytes: Buffer, host: string, port: number): void {
    const answer = answerStun(bytes, host, port);
    if (answer) this.#socket?.send(answer, port, host, () => {});
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) await new Promise<void>((closed) => socket.close(closed));
  }
}

function bind(socket: Socket, local: LocalAddress): Promise<void> {
  return new Promise((bound, refused) => {
    const fail = (error: Error): void => {
      socket.close();
      refused(listenError(local, error));
    };
    socket.once('error', fail);
    socket.bind(local.port, local.host, () => {
      socket.off('error', fail);
      bound();
    });
  });
}

/** Some kernels refuse what is above their limit where Linux gives its limit: then their default stays. */
function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(bufferSize);
    socket.setSendBufferSize(bufferSize);
  } catch {
    // A smaller buffer loses more of a burst, and a peer repeats what is lost.
  }
}
