// The transports that are bound: which of them a flow belongs to, which one a message leaves by, and what Via and Contact
// say of each. Leaves out binding and closing them (endpoint.ts), and where a message goes (way-out.ts).
import { isIP } from 'node:net';
import { sentBy } from './sanity.ts';
import {
  flowOf,
  isFlowOf,
  type LocalAddress,
  type Target,
  type Transport,
  type TransportName,
  transportNames,
} from './transport/transport.ts';

/** A transport that is bound: what it is called as a flow, and what we say of ourselves on it. */
export interface Listener {
  readonly transport: Transport;
  readonly flow: string;
  readonly address: LocalAddress;
}

export class Listeners {
  /** What a Via of ours may say. */
  readonly sentBys = new Set<string>();
  readonly #publicHost: string | null;
  readonly #all: Record<TransportName, Listener[]> = { udp: [], tcp: [], tls: [], ws: [], wss: [] };

  constructor(publicHost: string | null) {
    this.#publicHost = publicHost;
  }

  add(transport: Transport): void {
    const { name, local } = transport;
    // A client of WebSocket that nobody can connect to has a name of its own (RFC 7118 §B.1).
    const host = this.#publicHost === null || local.host.endsWith('.invalid') ? local.host : this.#publicHost;
    const address = { transport: name, host, port: local.port };
    this.#all[name].push({ transport, flow: flowOf(local), address });
    this.sentBys.add(sentBy(address.host, address.port));
  }

  clear(): void {
    for (const name of transportNames) this.#all[name] = [];
  }

  speaks(transport: TransportName): boolean {
    return this.#all[transport].length > 0;
  }

  /** Whether we can send to an address of this version of IP. */
  reaches(transport: TransportName, version: number): boolean {
    const versions = this.#all[transport].map((listener) => isIP(listener.transport.local.host));
    // One that only opens connections is bound to no address.
    return versions.some((each) => each === version || each === 0);
  }

  /** What Via and Contact say: of the listener the flow belongs to, else of the first one; null where there is none. */
  address(transport: TransportName, flow?: string): LocalAddress | null {
    return (this.owner(transport, flow) ?? this.#all[transport][0])?.address ?? null;
  }

  /** The listener that a flow names, or that has the connection it names. */
  owner(transport: TransportName, flow: string | undefined): Listener | undefined {
    if (flow === undefined) return undefined;
    return this.#all[transport].find((listener) => isFlowOf(flow, listener.flow));
  }

  /** The listener of the flow, else one that speaks the target's version of IP, else any. */
  for({ transport, host, flow }: Target): Listener | undefined {
    const listeners = this.#all[transport];
    if (listeners.length < 2) return listeners[0];
    const version = isIP(host);
    return (
      this.owner(transport, flow) ??
      listeners.find((listener) => isIP(listener.transport.local.host) === version) ??
      listeners[0]
    );
  }
}
