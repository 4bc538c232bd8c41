// Media that is there but says nothing: each call has a bound RTP port, takes what comes, and keeps the path open with
// 20 ms of silence every 15 s (RFC 6263 §7: Tr), as one RTP stream in the agreed codec.
// Deviation: each packet is sound as agreed, none of those of RFC 6263 §4. Relays such as rtpengine warn of every unknown
// payload type (§4.6), some phones refuse a packet without payload, and RTCP on this port (§4.3) needs rtcp-mux.
// Leaves out RTCP, learning the peer's address from what it sends, and DTMF.
import type { Socket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import type { System, Timer } from '../system.ts';
import type { Media, MediaSession } from './media.ts';
import { type PortRange, Ports } from './ports.ts';
import { silence, ticksPerMs, writePacket } from './rtp.ts';

interface QuietOptions {
  readonly system: System;
  /** Where the ports are bound: an address of this machine, or 0.0.0.0 or :: for all of them. */
  readonly address: string;
  readonly ports: PortRange;
}

export function quiet(options: QuietOptions): Media {
  return new Quiet(options);
}

const keepAliveMs = 15_000;
/** Calls that were restored together fall due together: the event loop gets a turn after so many packets. */
const mostAtOnce = 256;

/** A reserved port and the RTP stream that we send from it. */
interface Line {
  readonly port: number;
  readonly socket: Socket;
  readonly ssrc: number;
  readonly firstTimestamp: number;
  sequence: number;
  session: MediaSession | null;
  dueAt: number;
  packets: number;
  bytes: number;
}

class Quiet implements Media {
  readonly kind = 'quiet';
  readonly #system: System;
  readonly #address: string;
  readonly #ports: Ports;
  readonly #lines = new Map<number, Line>();
  /** The lines that send, the next one due first: all wait equally long, so that is the order they were added in. */
  readonly #sending = new Set<Line>();
  #timer: Timer | null = null;
  #closed = false;

  constructor({ system, address, ports }: QuietOptions) {
    this.#system = system;
    this.#address = address;
    this.#ports = new Ports(address, ports, Number.parseInt(system.ids.seed().slice(8), 16));
  }

  async reserve(): Promise<number> {
    const line = this.#open(await this.#ports.bindNext());
    if (!line) throw new Error('No RTP port is given out any more: the server is closing.');
    return line.port;
  }

  async restore(port: number): Promise<boolean> {
    try {
      const socket = await this.#ports.bind(port);
      return socket !== null && this.#open(socket) !== null;
    } catch (error) {
      this.#system.log.warn({ port, error }, 'the RTP port of a restored call could not be bound');
      return false;
    }
  }

  update(session: MediaSession): void {
    const line = this.#lines.get(session.port);
    if (!line) return;
    line.session = session;
    // The first packet goes at once: it opens the path, and shows relays that latch where we are.
    if (session.remote) this.#send(line);
    else this.#sending.delete(line);
    this.#arm();
  }

  release(port: number): void {
    const line = this.#lines.get(port);
    if (!line) return;
    this.#lines.delete(port);
    this.#sending.delete(line);
    this.#arm();
    line.socket.close();
    this.#system.log.debug({ port, packets: line.packets, bytes: line.bytes }, 'RTP port released');
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = [...this.#lines.values()].map(
      ({ socket }) => new Promise<void>((done) => socket.once('close', done)),
    );
    for (const port of [...this.#lines.keys()]) this.release(port);
    await Promise.all(closed);
  }

  #open(socket: Socket): Line | null {
    if (this.#closed) {
      socket.close();
      return null;
    }
    // RFC 3550 §5.1: what nobody can guess, to tell streams apart and to keep encryption hard to break.
    const seed = this.#system.ids.seed();
    const line: Line = {
      port: socket.address().port,
      socket,
      ssrc: Number.parseInt(seed.slice(8), 16),
      firstTimestamp: Number.parseInt(seed.slice(4, 8), 16) * 0x10000,
      sequence: Number.parseInt(seed.slice(0, 4), 16),
      session: null,
      dueAt: 0,
      packets: 0,
      bytes: 0,
    };
    socket.on('message', (_bytes, { size }) => {
      line.packets += 1;
      line.bytes += size;
    });
    // Some systems report an ICMP error of an earlier packet here. The path may come back: we go on.
    socket.on('error', (error) => this.#system.log.debug({ port: line.port, error }, 'RTP socket error'));
    this.#lines.set(line.port, line);
    return line;
  }

  #send(line: Line): void {
    const { session, socket } = line;
    if (!session?.remote) return;
    const now = this.#system.clock.now();
    this.#sending.delete(line);
    this.#sending.add(line);
    line.dueAt = now + keepAliveMs;
    const packet = writePacket({
      payloadType: session.payloadType,
      // RFC 3551 §4.1: the first packet after a pause carries it, and ours all come after one.
      marker: true,
      sequence: line.sequence++,
      timestamp: line.firstTimestamp + Math.floor(now * ticksPerMs),
      ssrc: line.ssrc,
      payload: silence[session.codec],
    });
    const { host, port } = session.remote;
    // An error is not worth a word: there is nothing to do but to try again when the next one is due.
    socket.send(packet, port, this.#reachable(host), () => {});
  }

  /** A socket on :: reaches IPv4 by its mapped addresses (RFC 4291 §2.5.5.2). */
  #reachable(host: string): string {
    return isIPv6(this.#address) && isIPv4(host) ? `::ffff:${host}` : host;
  }

  /** One timer for all lines, set for the next one due; none while nothing is sent. */
  #arm(): void {
    const { clock } = this.#system;
    const [next] = this.#sending;
    if (!next) {
      if (this.#timer !== null) clock.cancel(this.#timer);
      this.#timer = null;
    } else {
      this.#timer ??= clock.after(Math.max(1, Math.ceil(next.dueAt - clock.now())), () => this.#keepAlive());
    }
  }

  #keepAlive(): void {
    this.#timer = null;
    const now = this.#system.clock.now();
    let sent = 0;
    for (const line of this.#sending) {
      if (line.dueAt > now || sent === mostAtOnce) break;
      this.#send(line);
      sent += 1;
    }
    this.#arm();
  }
}
