// The words of the transport layer: Transport, Flow, Target (RFC 3261 §18). Plain data, because a call that owes a
// message keeps its target in the store. Leaves out how each transport does it (udp.ts, tcp.ts).

export type TransportName = 'udp' | 'tcp';

/** Reliable: the transport repeats what is lost, so the transaction layer does not (RFC 3261 §17). */
export const reliable: Readonly<Record<TransportName, boolean>> = { udp: false, tcp: true };

/**
 * Where a message is to be sent, or where one came from. `host` is a name or an address (an IPv6 one without brackets).
 * `flow` names the listener (UDP) or the connection (TCP) a message came by: it is used while it is open,
 * after that the message goes to `host` and `port`.
 */
export interface Target {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  readonly flow?: string;
}

/** What we say of ourselves on one transport: the sent-by of Via and the host and port of Contact. */
export interface LocalAddress {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
}

/** The flow of a listener. That of a connection is this one, `#`, and a name that no other connection ever has. */
export function flowOf({ transport, host, port }: LocalAddress): string {
  return `${transport}:${host}:${port}`;
}

/** What a hostile Via or URI names may be none. */
export function isPort(port: number): boolean {
  return port > 0 && port < 65_536;
}

/** Takes a datagram, or a message framed off a stream. `bytes` belongs to the receiver. */
export type Receive = (bytes: Buffer, from: Target) => void;

export interface Transport {
  readonly name: TransportName;
  /** What is bound; `port` is the real one once `listen` has resolved. */
  readonly local: LocalAddress;
  /** Binds, and hands what arrives to `receive` until `close`. Rejects with a sentence an operator can act on. */
  listen(receive: Receive): Promise<void>;
  /** Sends `text` (latin1: one char, one byte) to `target`, whose `host` is an address. `failed` is called at most once, never before `send` returns. */
  send(text: string, target: Target, failed: (error: Error) => void): void;
  /** Stops taking and sending; resolves when the sockets are closed. */
  close(): Promise<void>;
}
