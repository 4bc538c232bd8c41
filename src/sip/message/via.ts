// Via (RFC 3261 §20.42), rport (RFC 3581): read, written, and stamped with where its request came from. A value stays where
// it stands in its message until somebody asks for a part. Leaves out which of several Vias is meant (message.ts).
import { cursor, type Params, readParams, writeParams } from './address.ts';
import { bytesOf, DIGIT, endOf, HEX, isBlank, kinds, LABEL, numberAt, skipBlanks, spells, TOKEN } from './bytes.ts';

export interface Via {
  /** Upper case: UDP, TCP, TLS, WS, WSS. */
  readonly transport: string;
  /** As written; an IPv6 reference with its brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly branch: string | null;
  readonly received: string | null;
  /** The port filled in; null also where it was asked for without one: then `params` has it. */
  readonly rport: number | null;
  readonly params: Params;
}

// via-parm          = sent-protocol LWS sent-by *( SEMI via-params )
// sent-protocol     = protocol-name SLASH protocol-version SLASH transport
// sent-by           = host [ COLON port ]
/** Where a Via value stands in a text: its parts are cut out when they are asked for, its parameters read once. */
export class LocatedVia implements Via {
  readonly #text: string;
  // Where each part begins and ends, and the ports: -1 where there is none.
  readonly #at: number;
  readonly #end: number;
  #transportAt = 0;
  #transportEnd = 0;
  #hostAt = 0;
  #hostEnd = 0;
  #port = -1;
  #paramsAt = 0;
  #branchAt = -1;
  #branchEnd = -1;
  #receivedAt = -1;
  #receivedEnd = -1;
  /** The end of the parameter's name. */
  #rportEnd = -1;
  #rport = -1;
  #params: Params | null = null;

  private constructor(text: string, at: number, end: number) {
    this.#text = text;
    this.#at = at;
    this.#end = end;
  }

  /** The Via value that `text` is from `at` to `end`, or null. Another protocol than SIP/2.0 is none that we could answer by. */
  static locate(text: string, bytes: Uint8Array, at: number, end: number): LocatedVia | null {
    const via = new LocatedVia(text, at, end);
    return via.#locateSentBy(bytes) && via.#locateParams(bytes) ? via : null;
  }

  get transport(): string {
    return this.#text.slice(this.#transportAt, this.#transportEnd).toUpperCase();
  }

  get host(): string {
    return this.#text.slice(this.#hostAt, this.#hostEnd);
  }

  get port(): number | null {
    return this.#port < 0 ? null : this.#port;
  }

  get branch(): string | null {
    return this.#branchAt < 0 ? null : this.#text.slice(this.#branchAt, this.#branchEnd);
  }

  get received(): string | null {
    return this.#receivedAt < 0 ? null : this.#text.slice(this.#receivedAt, this.#receivedEnd);
  }

  get rport(): number | null {
    return this.#rport < 0 ? null : this.#rport;
  }

  get params(): Params {
    this.#params ??= readParams(this.#text.slice(this.#paramsAt, this.#end), 0)!;
    return this.#params;
  }

  /** Whether the client asks for the port of the source (RFC 3581 §4), or has filled one in itself. */
  get asksPort(): boolean {
    return this.#rportEnd >= 0;
  }

  /**
   * The value with `received`, and `rport` if it is asked for: all else as it was. Null where it is not as plain as
   * most: it has one of them already, it has spaces, or `rport` is not spelt and set as everybody does.
   */
  stamped(host: string, port: number): string | null {
    const text = this.#text;
    const end = this.#end;
    const rportEnd = this.#rportEnd;
    const space = text.indexOf(' ', this.#hostAt);
    if (this.#receivedEnd >= 0 || (space >= 0 && space < end)) return null;
    if (rportEnd < 0) return `${text.slice(this.#at, end)};received=${host}`;
    const isPlain = text.startsWith(';rport', rportEnd - 6) && (rportEnd === end || text.startsWith(';', rportEnd));
    return isPlain ? `${text.slice(this.#at, rportEnd)}=${port}${text.slice(rportEnd, end)};received=${host}` : null;
  }

  #locateSentBy(bytes: Uint8Array): boolean {
    const end = this.#end;
    this.#transportAt = endOfProtocol(bytes, this.#at, end);
    if (this.#transportAt < 0) return false;
    this.#transportEnd = endOf(TOKEN, bytes, this.#transportAt, end);
    this.#hostAt = skipBlanks(bytes, this.#transportEnd, end);
    if (this.#transportEnd === this.#transportAt || this.#hostAt === this.#transportEnd) return false;
    this.#hostEnd = this.#paramsAt = endOfHost(bytes, this.#hostAt, end);
    if (this.#hostEnd < 0) return false;
    const colon = skipBlanks(bytes, this.#hostEnd, end);
    return colon < end && bytes[colon] === COLON ? this.#locatePort(bytes, colon) : endsPart(bytes, this.#hostEnd, end);
  }

  #locatePort(bytes: Uint8Array, colon: number): boolean {
    const at = skipBlanks(bytes, colon + 1, this.#end);
    this.#paramsAt = endOf(DIGIT, bytes, at, this.#end);
    this.#port = this.#paramsAt - at > 5 ? -1 : numberAt(bytes, at, this.#paramsAt, 65_535);
    return this.#port >= 0 && endsPart(bytes, this.#paramsAt, this.#end);
  }

  #locateParams(bytes: Uint8Array): boolean {
    const params = cursor.begin(this.#text, bytes, this.#paramsAt, this.#end);
    while (params.next()) {
      const { valueAt, valueEnd } = params;
      if (params.is('branch')) {
        this.#branchAt = valueAt;
        this.#branchEnd = valueEnd;
      } else if (params.is('rport')) {
        this.#rportEnd = params.nameEnd;
        if (valueAt >= 0) this.#rport = numberAt(bytes, valueAt, valueEnd, 65_535);
        if (valueAt >= 0 && this.#rport < 0) return false;
      } else if (params.is('received')) {
        this.#receivedAt = valueAt;
        this.#receivedEnd = valueAt < 0 ? params.nameEnd : valueEnd;
      }
    }
    return params.isSound();
  }
}

/** Whether a space, a semicolon or the end of the value stands here. */
function endsPart(bytes: Uint8Array, at: number, end: number): boolean {
  return at >= end || bytes[at] === SEMI || isBlank(bytes[at]);
}

/** Where the transport after "SIP / 2.0 /" begins, or -1. */
function endOfProtocol(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 10 || !spells('sip', bytes, at, at + 3)) return -1;
  if (bytes[at + 3] === SLASH && isVersion2(bytes, at + 4) && bytes[at + 7] === SLASH && !isBlank(bytes[at + 8]))
    return at + 8;
  const slash = skipBlanks(bytes, at + 3, end);
  const version = skipBlanks(bytes, slash + 1, end);
  const second = skipBlanks(bytes, version + 3, end);
  if (second >= end || bytes[slash] !== SLASH || bytes[second] !== SLASH) return -1;
  return isVersion2(bytes, version) ? skipBlanks(bytes, second + 1, end) : -1;
}

/** "2.0" */
function isVersion2(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x32 && bytes[at + 1] === 0x2e && bytes[at + 2] === 0x30;
}

// host          = hostname / IPv4address / IPv6reference
// hostname      = *( domainlabel "." ) toplabel [ "." ]
// IPv6reference = "[" IPv6address "]"
/** Where the host that begins at `at` ends, or -1. The digits of an IPv6 address are not counted: nobody connects to a Via. */
function endOfHost(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === 0x5b) {
    const close = endOf(HEX, bytes, at + 1, Math.min(end, at + 46));
    return close < end && bytes[close] === 0x5d && close - at > 2 ? close + 1 : -1;
  }
  let i = at;
  let labelAt = at;
  for (; i < end; i++) {
    if ((kinds[bytes[i]!]! & LABEL) !== 0) continue;
    if (bytes[i] !== DOT || i === labelAt) break;
    labelAt = i + 1;
  }
  return i === at ? -1 : i;
}

const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const SEMI = 0x3b;

/** Reads one Via value, or null. */
export function readVia(text: string): Via | null {
  const found = LocatedVia.locate(text, bytesOf(text), 0, text.length);
  if (!found) return null;
  const { transport, host, port, branch, received, rport, params } = found;
  return { transport, host, port, branch, received, rport, params };
}

export function writeVia({
  transport,
  host,
  port,
  params,
}: Pick<Via, 'transport' | 'host' | 'port' | 'params'>): string {
  return `SIP/2.0/${transport} ${host}${port === null ? '' : `:${port}`}${writeParams(params)}`;
}
