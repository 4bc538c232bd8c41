// The UA core (RFC 3261 §8, §18): the one hub between transports, transactions and whoever uses them. It stamps, checks
// and answers what needs no call: broken and unacceptable requests, and OPTIONS (§11). Leaves out dialogs and calls.
import { hash } from 'node:crypto';
import type { Clock, System } from '../system.ts';
import { Attempts } from './attempts.ts';
import type { Gate, Passage } from './gate.ts';
import { Listeners } from './listeners.ts';
import { tagOf } from './message/address.ts';
import { unbracket } from './message/grammar.ts';
import { isRequest, type Message, type Request, type Response, reply, stampVia } from './message/message.ts';
import { isFailure, type ParseFailure, parse, replyToFailure } from './message/parse.ts';
import { isStray, type Refusal, refusalOf } from './sanity.ts';
import { inviteKey, isInvite, serverKey } from './transaction/key.ts';
import { type RepeatKind, Repeats } from './transaction/repeats.ts';
import { patienceMs, standardTiming, type Timing } from './transaction/timers.ts';
import { type Outgoing, Transactions } from './transaction/transactions.ts';
import { FailedPlaces } from './transport/failed-places.ts';
import type { Records } from './transport/records.ts';
import type { Resolve } from './transport/resolve.ts';
import {
  defaultPort,
  type LocalAddress,
  type Target,
  type Transport,
  type TransportName,
  transportNames,
} from './transport/transport.ts';
import { isSendable, type Trace, WayOut } from './way-out.ts';

export type { Outgoing, Resolve, Trace };

/** Where a request came from, and what it takes to answer it. Plain data: it outlives a restart. */
export interface Origin {
  readonly key: string;
  readonly from: Target;
  readonly replyTo: Target;
  /** Who it is, in the words of the gate; absent when the gate did not say, or there is none. */
  readonly peer?: string;
  /** Whether a Contact that is out of reach is passed over for where the request came from. */
  readonly nat?: boolean;
}

type ReplyPath = Pick<Origin, 'key' | 'replyTo'>;

/** Whoever stands on an endpoint, and what it is told. */
export interface EndpointUser {
  /**
   * A new request that passed the rules, CANCEL included; never a copy, an ACK, or an OPTIONS outside a dialog.
   * An INVITE was told 100.
   */
  request(request: Request, origin: Origin): void;
  /** An ACK that no INVITE server transaction was waiting for: that of a 2xx. */
  ack(request: Request): void;
  /**
   * 101 to 699, to what was sent under this branch, and the 100 of an INVITE: from then on a CANCEL may go (§9.1).
   * Of a final one no copies, but for the 2xx of an INVITE. `to` is where it was sent: an address, or a connection.
   */
  response(branch: string, response: Response, to: Target): void;
  /** Timer B or F. */
  timeout(branch: string, method: string): void;
  /** There was no address, no connection, no socket that would send it. */
  failed(branch: string, error: Error, method: string): void;
}

/** What an endpoint is made of. Its transports belong to it. */
export interface EndpointOptions {
  readonly system: System;
  readonly transports: readonly Transport[];
  readonly resolve: Resolve;
  /** SRV and NAPTR (RFC 3263); without them a name leads to its addresses, by the default transport and port. */
  readonly records?: Pick<Records, 'srv' | 'naptr'>;
  readonly user: EndpointUser;
  /** What Via and Contact say behind NAT instead of the bound address. */
  readonly publicHost: string | null;
  /** Methods, for Allow; asked anew with each request. */
  readonly allow: readonly string[];
  /** Option tags in lower case, for Supported; asked anew with each request. */
  readonly supported: readonly string[];
  readonly timing?: Timing;
  readonly trace?: Trace;
  /** Who may come in; without one everybody may. */
  readonly gate?: Gate;
}

/**
 * The core of a user agent (RFC 3261 §8, §17, §18). `listen` rejects with a sentence an operator can act on; after that nothing rejects:
 * what becomes of a request is told to its user by branch.
 */
export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #clock: Clock;
  readonly #transactions: Transactions;
  readonly #attempts: Attempts;
  readonly #repeats: Repeats;
  readonly #listeners: Listeners;
  readonly #wayOut: WayOut;

  constructor(options: EndpointOptions) {
    const { system, user, timing = standardTiming } = options;
    this.#options = options;
    this.#clock = system.clock;
    const { resolve, records, trace, publicHost } = options;
    const places = new FailedPlaces(system.clock);
    const listeners = new Listeners(publicHost);
    const wayOut = new WayOut({ system, listeners, places, resolve, records, trace });
    const send = wayOut.transmit.bind(wayOut);
    this.#listeners = listeners;
    this.#wayOut = wayOut;
    this.#attempts = new Attempts({
      places,
      clock: system.clock,
      log: system.log,
      patienceMs: patienceMs(timing),
      user,
      begin: (request, name) => this.#transactions.request(request, name),
      readdress: (request, hop, branch) => wayOut.readdress(request, hop, branch),
      locate: async ({ text, target }) => wayOut.hopsOf(text, await wayOut.locate(target)),
    });
    const { clock, log } = system;
    this.#transactions = new Transactions({ clock, log, timing, user: this.#attempts, send });
    this.#repeats = new Repeats(system.clock, timing);
  }

  /** Binds every transport, or none. */
  async listen(): Promise<void> {
    try {
      for (const transport of this.#options.transports) {
        await transport.listen((bytes, from) => this.#receive(bytes, from));
        this.#listeners.add(transport);
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#transactions.close();
    this.#attempts.close();
    this.#repeats.close();
    this.#listeners.clear();
    await Promise.all(this.#options.transports.map((transport) => transport.close()));
  }

  /** What Via and Contact say: of the listener the flow belongs to, else of the first one; null where there is none. */
  localAddress(transport: TransportName, flow?: string): LocalAddress | null {
    return this.#listeners.address(transport, flow);
  }

  /** What Via and Contact say on each transport that we have, for whoever came by this target. */
  localAddresses(from?: Target): Readonly<Partial<Record<TransportName, LocalAddress>>> {
    const flowBy = (name: TransportName) => (name === from?.transport ? from.flow : undefined);
    const addresses = transportNames.map((name) => this.localAddress(name, flowBy(name)));
    return Object.fromEntries(addresses.filter((each) => each !== null).map((each) => [each.transport, each]));
  }

  /**
   * Sends a request, to one place after the other until one answers (RFC 3263 §4.3). Its user hears the outcome by branch,
   * never before this returns. A CANCEL goes where its INVITE went.
   */
  send(request: Outgoing): void {
    const invite = request.method === 'CANCEL' ? this.#attempts.sentAs(request.branch) : null;
    if (invite) return this.#follow(request, invite);
    if (!isSendable(request.target)) return this.#attempts.search(request);
    if (!this.#wayOut.isTooLarge(request.text, request.target)) return this.#transactions.request(request);
    this.#attempts.send(request, this.#wayOut.hopsOf(request.text, [request.target]));
  }

  /** The ACK of a 2xx, which has no transaction (§13.2.2.4). */
  sendAck(text: string, target: Target): void {
    this.#wayOut.sendOnce(text, target, (error) => this.#logUnsent(error, target));
  }

  /** Sends a response: by its server transaction while that lives; else, but for a refused INVITE, straight to where it belongs. */
  respond({ key, replyTo }: ReplyPath, status: number, text: string): void {
    if (this.#transactions.respond(key, status, text)) return;
    if (status >= 300 && isInvite(key)) return this.#transactions.refuse(key, replyTo, status, text);
    this.#wayOut.transmit(text, replyTo, (error) => this.#logUnsent(error, replyTo));
  }

  /** Sends a response now, and again and again until `quiet(id)`, at the longest for 64*T1 or `timeoutMs`. */
  repeat(id: string, kind: RepeatKind, origin: ReplyPath, status: number, text: string, timeoutMs?: number): void {
    this.#repeats.start(id, kind, () => this.respond(origin, status, text), timeoutMs);
  }

  quiet(id: string): void {
    this.#repeats.quiet(id);
  }

  /** Sends two line ends: a NAT on the way stays open (keep-alive.ts). Nobody is told what becomes of them. */
  ping(target: Target): void {
    this.#wayOut.ping(target);
  }

  census(): { readonly transactions: number; readonly timers: number; readonly repeats: number } {
    const { transactions, timers } = this.#transactions.census();
    const { searching } = this.#attempts;
    return { transactions: transactions + searching, timers: timers + searching, repeats: this.#repeats.size };
  }

  // --- What arrives

  /** The edge where a datagram comes in: what goes wrong here ends nothing but this message. */
  #receive(bytes: Buffer, from: Target): void {
    if (isKeepAlive(bytes)) return;
    const text = bytes.toString('latin1');
    try {
      const message = parse(text, bytes);
      this.#traceIn(text, from, message);
      if (isFailure(message)) this.#takeFailure(message, from);
      else if (isRequest(message)) this.#takeRequest(stampVia(message, from.host, from.port), from);
      else this.#takeResponse(message);
    } catch (error) {
      this.#options.system.log.error({ err: error, from }, 'a message was dropped because of a fault');
    }
  }

  #traceIn(text: string, peer: Target, message: Message | ParseFailure): void {
    const { trace } = this.#options;
    if (!trace) return;
    const callId = isFailure(message) ? (message.partial?.callId ?? null) : message.callId;
    trace({ at: this.#clock.date(), direction: 'in', peer, text, callId });
  }

  /** Stateless (§8.2.7): a copy of the request breaks and is answered in the same way. */
  #takeFailure(failure: ParseFailure, from: Target): void {
    this.#options.system.log.debug({ from, status: failure.status }, failure.failure);
    if (this.#options.gate?.unreadable(from) === false) return;
    const text = replyToFailure(failure);
    if (text !== null) this.#wayOut.transmit(text, from, (error) => this.#logUnsent(error, from));
  }

  #takeRequest(request: Request, from: Target): void {
    if (request.method === 'ACK') {
      this.#takeAck(request);
      return;
    }
    const key = serverKey(request);
    if (this.#transactions.repeated(key)) return;
    const passage = this.#options.gate?.request(request, from) ?? everybody;
    if (passage.type === 'dropped') return;
    const replyTo = replyToOf(request, from);
    if (passage.type === 'refused') return this.#turnAway(request, key, replyTo, passage);
    this.#takeAlias(request, from);
    const { nat, peer } = passage;
    const origin = { key, from, replyTo, nat, ...(peer !== undefined && { peer }) };
    const answer = refusalOf(request, this.#options) ?? this.#ownAnswer(request);
    this.#transactions.accept(key, request, origin.replyTo, answer !== null);
    if (answer) this.#answer(request, origin, answer);
    else this.#offer(request, origin);
  }

  /** Stateless (§8.2.7): a copy of the request is refused again, under the same tag. */
  #turnAway(request: Request, key: string, replyTo: Target, { status, headers }: Passage & { type: 'refused' }): void {
    const text = reply(request, status, { toTag: hash('sha256', key).slice(0, 16), headers });
    this.#wayOut.transmit(text, replyTo, (error) => this.#logUnsent(error, replyTo));
  }

  /** RFC 5923 §8.2: the client would have our requests by this connection too. */
  #takeAlias({ via }: Request, { transport, flow }: Target): void {
    if (!via.params.has('alias') || flow === undefined) return;
    const listener = this.#listeners.owner(transport, flow);
    listener?.transport.alias?.(flow, unbracket(via.host), via.port ?? defaultPort[transport]);
  }

  #takeAck(request: Request): void {
    if (!this.#transactions.ack(inviteKey(request), request)) this.#options.user.ack(request);
  }

  #takeResponse(response: Response): void {
    const matched = !isStray(response, this.#listeners.sentBys) && this.#transactions.response(response);
    if (matched) return;
    const { status, callId, cseq } = response;
    this.#options.system.log.debug(
      { status, callId, method: cseq.method },
      'a response that nobody waits for was dropped',
    );
  }

  /** An OPTIONS outside a dialog asks what we are able to do (§11.2). */
  #ownAnswer(request: Request): Refusal | null {
    if (request.method !== 'OPTIONS' || tagOf(request.to) !== null) return null;
    const { allow, supported } = this.#options;
    return {
      status: 200,
      headers: [
        ['Allow', allow.join(', ')],
        ['Accept', 'application/sdp'],
        ['Accept-Encoding', 'identity'],
        ['Supported', supported.join(', ')],
      ],
    };
  }

  #answer(request: Request, origin: ReplyPath, { status, headers }: Refusal): void {
    this.respond(origin, status, reply(request, status, { toTag: this.#options.system.ids.seed(), headers }));
  }

  /** The user's turn. A fault of its own is answered 500 where it has not answered yet. */
  #offer(request: Request, origin: Origin): void {
    try {
      this.#options.user.request(request, origin);
    } catch (error) {
      const { callId, method } = request;
      this.#options.system.log.error({ err: error, callId, method }, 'a request was answered 500 because of a fault');
      this.#answer(request, origin, { status: 500, headers: [] });
    }
  }

  // --- What leaves

  #follow(request: Outgoing, invite: Outgoing): void {
    const { branch, target } = invite;
    const text = this.#wayOut.readdress(request, { target, forSize: false }, branch);
    this.#transactions.request({ ...request, branch, text, target }, request.branch);
  }

  #logUnsent(error: Error, target: Target): void {
    this.#options.system.log.info({ err: error, target }, 'a message could not be sent');
  }
}

const everybody: Passage = { type: 'admitted', nat: true };

/**
 * Where the responses go (§18.2.2): over its connection, else to its source address; the port is that of the source
 * if the client asked for it (RFC 3581 §4), else that of sent-by.
 * Deviation: maddr is passed over, for every operator of an open port: it would let anybody aim our responses.
 */
function replyToOf({ via }: Request, { transport, host, port, flow }: Target): Target {
  const path = flow === undefined ? {} : { flow };
  return {
    transport,
    host,
    port: transport === 'udp' && via.rport !== null ? port : (via.port ?? defaultPort[transport]),
    ...path,
  };
}

const CR = 0x0d;
const LF = 0x0a;

/** Line ends alone, as phones send them to keep a NAT open. */
function isKeepAlive(bytes: Buffer): boolean {
  if (bytes.length > 8) return false;
  return bytes.every((byte) => byte === CR || byte === LF || byte === 0);
}
