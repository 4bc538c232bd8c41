// The words of the transport layer: Transport, Flow, Target (RFC 3261 §18). Plain data, because a call that owes a
// message keeps its target in the store. Leaves out how each transport does it (udp.ts, tcp.ts, tls.ts, websocket.ts).

export const transportNames = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
/** As in a `transport` parameter; `tls` stands for TCP with TLS beneath. */
export type TransportName = (typeof transportNames)[number];

/** Reliable: the transport repeats what is lost, so the transaction layer does not (RFC 3261 §17). */
export const reliable: Readonly<Record<TransportName, boolean>> = {
  udp: false,
  tcp: true,
  tls: true,
  ws: true,
  wss: true,
};

/** Secure: what a `sips:` URI may be reached by (RFC 3261 §26.2.2, RFC 7118 §9.2). */
export const secure: Readonly<Record<TransportName, boolean>> = {
  udp: false,
  tcp: false,
  tls: true,
  ws: false,
  wss: true,
};

/** The port of a host that names none (RFC 3261 §19.1.2, table 1; of WebSocket those of HTTP, RFC 6455 §3). */
export const defaultPort: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/**
 * Where a message is to be sent, or where one came from. `host` is a name or an address (an IPv6 one without brackets).
 * `flow` names the listener (UDP) or the connection a message came by: it is used while it is open,
 * after that the message goes to `host` and `port`.
 */
export interface Target {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  readonly flow?: string;
  /**
   * What the URI did not say, so that DNS may (RFC 3263 §4.1, §4.2): its port, or its transport and port. What stands in
   * their place is what it is when DNS does not say either.
   */
  readonly open?: 'port' | 'transport';
  /** The domain that was looked up to find `host`: what a certificate must be for (RFC 5922 §7.3). */
  readonly name?: string;
  /** Where a NAT is in between: nothing but this transport and this flow leads there. */
  readonly behindNat?: true;
}

/** What we say of ourselves on one transport: the sent-by of Via and the host and port of Contact. */
export interface LocalAddress {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
}

/** What stands for an address of ours where we cannot be connected to: answers come back by the connection. */
export function nowhere(transport: TransportName): LocalAddress {
  return { transport, host: 'invalid.invalid', port: defaultPort[transport] };
}

/** The flow of a listener. That of a connection is this one, `#`, and a name that no other connection ever has. */
export function flowOf({ transport, host, port }: LocalAddress): string {
  return `${transport}:${host}:${port}`;
}

/** Whether a flow is that of a listener, or of a connection that it has. */
export function isFlowOf(flow: string, listener: string): boolean {
  return flow === listener || flow.startsWith(`${listener}#`);
}

/**
 * The Via of a request that leaves by this transport (RFC 3261 §18.1.1). It asks for the port our answer comes to
 * (RFC 3581), and over TLS to be sent the other side's requests by the same connection (RFC 5923 §8.1).
 */
export function viaFor({ transport, host, port }: LocalAddress, branch: string): string {
  const at = host.includes(':') ? `[${host}]` : host;
  return `SIP/2.0/${transport.toUpperCase()} ${at}:${port};branch=${branch};rport${transport === 'tls' ? ';alias' : ''}`;
}

/** What a hostile Via or URI names may be none. */
export function isPort(port: number): boolean {
  return port > 0 && port < 65_536;
}

/** Takes a datagram, or a message framed off a stream. `bytes` belongs to the receiver. */
export type Receive = (bytes: Buffer, from: Target) => void;

/** What carries messages. Write one of your own to put SIP on something else, or on nothing at all in a test. */
export interface Transport {
  readonly name: TransportName;
  /** What is bound; `port` is the real one once `listen` has resolved. */
  readonly local: LocalAddress;
  /** Binds, and hands what arrives to `receive` until `close`. Rejects with a sentence an operator can act on. */
  listen(receive: Receive): Promise<void>;
  /** Sends `text` (latin1: one char, one byte) to `target`, whose `host` is an address. `failed` is called at most once, never before `send` returns. */
  send(text: string, target: Target, failed: (error: Error) => void): void;
  /** The other end of a connection asks to be sent its requests by it: `alias` in Via (RFC 5923). Done if it may ask that. */
  alias?(flow: string, host: string, port: number): void;
  /** Stops taking and sending; resolves when the sockets are closed. */
  close(): Promise<void>;
}
