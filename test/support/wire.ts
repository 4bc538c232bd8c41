// A network in memory: Transports joined by host and port, delivering through the clock. Datagrams to nobody vanish,
// connections to nobody fail, and faults (faults.ts) may befall datagrams.
// Leaves out framing and TLS: over a connection, too, one send is one message.

import type { LocalAddress, Receive, Target, Transport, TransportName } from '../../src/sip/transport/transport.ts';
import type { Clock } from '../../src/system.ts';
import { type Fate, type Faults, fateBy } from './faults.ts';

/** What crossed the wire, when it was sent. `lost` packets never arrive. */
export interface Packet {
  readonly at: number;
  readonly transport: TransportName;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly lost: boolean;
}

export interface WireOptions {
  readonly clock: Clock;
  readonly latencyMs?: number;
  /** For datagrams only. */
  readonly faults?: Faults;
  readonly tap?: (packet: Packet) => void;
  /** Loses the packet when it says so: for faults that are aimed. */
  readonly drop?: (packet: Packet) => boolean;
}

/** A transport on the wire, with what only a test can do to it. */
export interface WireTransport extends Transport {
  /** Vanishes as a killed process does: its address is free again, its connections are closed. */
  cut(): void;
  /** Closes a connection from this side; the other side notices when it next sends. */
  closeFlow(flow: string): void;
  /** Flows of connections that are open. */
  readonly flows: readonly string[];
}

interface Connection {
  readonly flow: string;
  readonly opener: Station;
  readonly openerPort: number;
  readonly listener: Station;
}

const ephemeralPorts = 49_152;

export class Wire {
  readonly #options: WireOptions;
  readonly #stations = new Map<string, Station>();
  readonly #connections = new Map<string, Connection>();
  readonly #fate: Fate;
  #opened = 0;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#fate = fateBy(options.faults ?? {});
  }

  /** Port 0 takes the first free one from 5060 up. */
  transport(name: TransportName, host: string, port: number): WireTransport {
    return new Station(this, name, host, port);
  }

  attach(station: Station, receivePort: number): number {
    let port = receivePort || 5060;
    while (receivePort === 0 && this.#stations.has(keyOf(station.name, station.local.host, port))) port += 1;
    const key = keyOf(station.name, station.local.host, port);
    if (this.#stations.has(key)) throw new Error(`${key} is in use`);
    this.#stations.set(key, station);
    return port;
  }

  detach(station: Station): void {
    const { name, local } = station;
    if (this.#stations.get(keyOf(name, local.host, local.port)) !== station) return;
    this.#stations.delete(keyOf(name, local.host, local.port));
    for (const flow of this.flowsOf(station)) this.#connections.delete(flow);
  }

  flowsOf(station: Station): string[] {
    return [...this.#connections.values()]
      .filter(({ opener, listener }) => opener === station || listener === station)
      .map(({ flow }) => flow);
  }

  closeFlow(flow: string): void {
    this.#connections.delete(flow);
  }

  datagram(from: Station, text: string, target: Target): void {
    const arrivals = this.#fate(text);
    if (this.#trace(from, target, text, arrivals.length === 0).lost) return;
    const source = { transport: 'udp', host: from.local.host, port: from.local.port } as const;
    const arrive = (): void => {
      this.#stations.get(keyOf('udp', target.host, target.port))?.take(text, source);
    };
    for (const extraMs of arrivals) this.#later(arrive, extraMs);
  }

  stream(from: Station, text: string, target: Target, failed: (error: Error) => void): void {
    const connection = this.#connectionFor(from, target);
    if (!connection) {
      this.#trace(from, target, text, true);
      this.#later(() => failed(new Error(`connect ECONNREFUSED ${target.host}:${target.port}`)), 0);
      return;
    }
    const { flow, opener, openerPort, listener } = connection;
    const to = from === opener ? listener : opener;
    const port = from === opener ? openerPort : listener.local.port;
    if (this.#trace(from, to.local, text, false).lost) return;
    this.#later(() => to.take(text, { transport: from.name, host: from.local.host, port, flow }), 0);
  }

  /** The flow asked for, else a connection opened there before, else a new one. */
  #connectionFor(from: Station, target: Target): Connection | null {
    const flow = target.flow === undefined ? undefined : this.#connections.get(target.flow);
    if (flow && (flow.opener === from || flow.listener === from)) return flow;
    for (const open of this.#connections.values()) {
      const { host, port } = open.listener.local;
      if (open.opener === from && open.listener.name === from.name && host === target.host && port === target.port)
        return open;
    }
    const listener = this.#stations.get(keyOf(from.name, target.host, target.port));
    if (!listener) return null;
    this.#opened += 1;
    const opened = {
      flow: `${from.name}-${this.#opened}`,
      opener: from,
      openerPort: ephemeralPorts + this.#opened,
      listener,
    };
    this.#connections.set(opened.flow, opened);
    return opened;
  }

  #trace(from: Station, to: Pick<Target, 'host' | 'port'>, text: string, lost: boolean): Packet {
    const packet = {
      at: this.#options.clock.date(),
      transport: from.name,
      from: `${from.local.host}:${from.local.port}`,
      to: `${to.host}:${to.port}`,
      text,
      lost,
    };
    const traced = lost || this.#options.drop?.(packet) ? { ...packet, lost: true } : packet;
    this.#options.tap?.(traced);
    return traced;
  }

  #later(run: () => void, extraMs: number): void {
    const ms = (this.#options.latencyMs ?? 0) + extraMs;
    if (ms > 0) this.#options.clock.after(ms, run);
    else this.#options.clock.soon(run);
  }
}

class Station implements WireTransport {
  readonly name: TransportName;
  readonly #wire: Wire;
  readonly #host: string;
  #port: number;
  #receive: Receive | null = null;

  constructor(wire: Wire, name: TransportName, host: string, port: number) {
    this.#wire = wire;
    this.name = name;
    this.#host = host;
    this.#port = port;
  }

  get local(): LocalAddress {
    return { transport: this.name, host: this.#host, port: this.#port };
  }

  get flows(): readonly string[] {
    return this.#wire.flowsOf(this);
  }

  async listen(receive: Receive): Promise<void> {
    this.#port = this.#wire.attach(this, this.#port);
    this.#receive = receive;
  }

  send(text: string, target: Target, failed: (error: Error) => void): void {
    if (!this.#receive) throw new Error('sent on a transport that is not listening');
    if (/[^\0-\xff]/.test(text)) throw new Error(`not latin1: ${JSON.stringify(text)}`);
    if (this.name === 'udp') this.#wire.datagram(this, text, target);
    else this.#wire.stream(this, text, target, failed);
  }

  take(text: string, from: Target): void {
    // Over UDP the flow names the listener, over TCP the connection.
    const flow = from.flow ?? `udp:${this.#host}:${this.#port}`;
    this.#receive?.(Buffer.from(text, 'latin1'), { ...from, flow });
  }

  closeFlow(flow: string): void {
    this.#wire.closeFlow(flow);
  }

  cut(): void {
    this.#wire.detach(this);
    this.#receive = null;
  }

  async close(): Promise<void> {
    this.cut();
  }
}

function keyOf(name: TransportName, host: string, port: number): string {
  return `${name}:${host}:${port}`;
}
