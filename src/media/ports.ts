// A range of UDP ports for RTP, and the sockets bound on them. RFC 3550 §11: RTP takes an even port.
// Leaves out the odd ports (RTCP is neither sent nor read) and what goes over a socket.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export class Ports {
  readonly #address: string;
  readonly #range: PortRange;
  readonly #first: number;
  readonly #count: number;
  readonly #held = new Set<number>();
  #next: number;

  /** `start` is any whole number, best a random one: where in the range the first port is looked for. */
  constructor(address: string, range: PortRange, start: number) {
    this.#address = address;
    this.#range = range;
    this.#first = range.from + (range.from % 2);
    this.#count = Math.max(0, Math.floor((range.to - this.#first) / 2) + 1);
    this.#next = this.#count && start % this.#count;
  }

  /** Binds the next free port, going round: what still comes for a call that ended rarely meets a new one. */
  async bindNext(): Promise<Socket> {
    for (let tried = 0; tried < this.#count; tried += 1) {
      const port = this.#first + 2 * this.#next;
      this.#next = (this.#next + 1) % this.#count;
      const socket = await this.bind(port);
      if (socket) return socket;
    }
    const tried = `${this.#count} even ports of ${this.#range.from}-${this.#range.to} on ${this.#address}`;
    throw new Error(`No RTP port is free: all ${tried} are taken. Widen SWITCHHOOK_RTP_PORTS.`);
  }

  /** Binds this port. Null if it is taken, by us or by somebody else; rejects for every other reason. */
  async bind(port: number): Promise<Socket | null> {
    if (this.#held.has(port)) return null;
    this.#held.add(port);
    try {
      const socket = await bound(this.#address, port);
      socket.once('close', () => this.#held.delete(port));
      return socket;
    } catch (error) {
      this.#held.delete(port);
      const { code = '', message } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') return null;
      const reason = reasons[code] ?? message;
      throw new Error(`Cannot bind RTP port ${port} on ${this.#address}: ${reason}.`, { cause: error });
    }
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'it may not be used by this user',
  EMFILE: 'this process has too many files open (raise its limit, `ulimit -n`)',
  ENFILE: 'this machine has too many files open',
};

function bound(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const failed = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
