// The header fields we act on: their names, compared only here, and for each structured one a read and a write.
// A read gives null for what it cannot read. Addresses are in address.ts, challenges in digest.ts.
import { cursor, noParams, type Params, param, paramValue, readParams, writeParams } from './address.ts';
import { bytesOf, DIGIT, endOf, HEX, isBlank, kinds, LABEL, numberAt, skipBlanks, spells, TOKEN } from './bytes.ts';
import { endOfQuoted, isToken, readNumber, splitList } from './grammar.ts';

export { isToken };

// Name, compact form (RFC 3261 §7.3.3 and the registrations since). The first fifteen after Via may stand in a message
// only once (RFC 3261 §7.3.1); isSingle counts on their order.
const known: readonly (readonly [name: string, compact?: string])[] = [
  ['Via', 'v'],
  ['From', 'f'],
  ['To', 't'],
  ['Call-ID', 'i'],
  ['CSeq'],
  ['Content-Length', 'l'],
  ['Max-Forwards'],
  ['Content-Type', 'c'],
  ['Event', 'o'],
  ['Subscription-State'],
  ['Refer-To', 'r'],
  ['Referred-By', 'b'],
  ['Replaces'],
  ['RAck'],
  ['RSeq'],
  ['Refer-Sub'],
  ['Contact', 'm'],
  ['Route'],
  ['Record-Route'],
  ['Allow'],
  ['Allow-Events', 'u'],
  ['Supported', 'k'],
  ['Require'],
  ['Unsupported'],
  ['Expires'],
  ['Session-Expires', 'x'],
  ['Min-SE'],
  ['Accept'],
  ['Content-Encoding', 'e'],
  ['Subject', 's'],
  ['User-Agent'],
  ['Server'],
  ['Date'],
  ['Timestamp'],
  ['Reason'],
  ['Retry-After'],
  ['Warning'],
  ['Authorization'],
  ['Proxy-Authorization'],
  ['WWW-Authenticate'],
  ['Proxy-Authenticate'],
  ['P-Asserted-Identity'],
  ['Privacy'],
  ['Diversion'],
  ['User-to-User'],
  ['Accept-Contact', 'a'],
  ['Reject-Contact', 'j'],
  ['Request-Disposition', 'd'],
  ['Identity', 'y'],
];

/** A known name as a small number; 0 stands for every name we do not know. */
export type NameId = number;

/** The numbers of the names that the parser itself looks for. */
export const ids = { via: 1, from: 2, to: 3, callId: 4, cseq: 5, contentLength: 6 } as const;

/** Whether a second header field of this name makes the message ambiguous. */
export function isSingle(id: NameId): boolean {
  return id > 1 && id < 17;
}

const idByName = new Map<string, NameId>();
known.forEach(([name, compact], index) => {
  for (const form of [name, name.toLowerCase()]) idByName.set(form, index + 1);
  if (compact) for (const form of [compact, compact.toUpperCase()]) idByName.set(form, index + 1);
});

export function nameId(name: string): NameId {
  return idByName.get(name) ?? idByName.get(name.toLowerCase()) ?? 0;
}

// The scan of a message reads a name letter by letter through a tree of all known ones: `next` leads from a branch of it
// (a multiple of 32) by a letter to another, `idAt` says which name ends there. From branch 0 nothing leads on.
const letters: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (/[A-Za-z]/.test(char)) return code & 31;
  return char === '-' ? 27 : isToken(char) ? 28 : 0;
});
const root = 32;
const { next, idAt } = growTree();

function growTree(): { readonly next: Uint16Array; readonly idAt: Uint8Array } {
  const branches: number[][] = [new Array<number>(32).fill(0), new Array<number>(32).fill(0)];
  const named: number[] = [0, 0];
  for (const [name, id] of idByName) {
    let branch = root;
    for (const byte of Buffer.from(name.toLowerCase(), 'latin1')) {
      const from = branches[branch >> 5]!;
      if (from[letters[byte]!] === 0) {
        from[letters[byte]!] = branches.length << 5;
        branches.push(new Array<number>(32).fill(0));
        named.push(0);
      }
      branch = from[letters[byte]!]!;
    }
    named[branch >> 5] = id;
  }
  return { next: Uint16Array.from(branches.flat()), idAt: Uint8Array.from(named) };
}

/** Where the name that begins at `at` ends, shifted by 8, and its number. */
export function locateName(bytes: Uint8Array, at: number, end: number): number {
  let branch = root;
  let i = at;
  for (; i < end; i++) {
    const letter = letters[bytes[i]!]!;
    if (letter === 0) break;
    branch = next[branch | letter]!;
  }
  return (i << 8) | idAt[branch >> 5]!;
}

/** Whether two header names mean the same header, compact forms included. */
export function sameHeader(a: string, b: string): boolean {
  const id = nameId(a);
  return id === nameId(b) && (id !== 0 || a.toLowerCase() === b.toLowerCase());
}

// --- CSeq: RFC 3261 §8.1.1.5, §20.16

export interface CSeq {
  readonly number: number;
  readonly method: string;
}

export function readCSeq(text: string): CSeq | null {
  return locateCSeq(text, bytesOf(text), 0, text.length);
}

// CSeq = 1*DIGIT LWS Method
export function locateCSeq(text: string, bytes: Uint8Array, at: number, end: number): CSeq | null {
  let number = 0;
  let i = at;
  for (; i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39; i++) {
    number = number * 10 + bytes[i]! - 0x30;
    if (number > 0x7fff_ffff) return null;
  }
  const begin = skipBlanks(bytes, i, end);
  if (i === at || begin === i || begin === end || endOf(TOKEN, bytes, begin, end) < end) return null;
  return { number, method: methodAt(text, bytes, begin, end) };
}

const methods = 'INVITE ACK BYE CANCEL OPTIONS REGISTER PRACK UPDATE REFER NOTIFY SUBSCRIBE INFO MESSAGE PUBLISH'.split(
  ' ',
);
// By first letter and length, which no two of them share.
const methodSlot = (first: number, length: number): number => ((first & 31) << 5) | (length & 31);
const methodsBySlot: (string | undefined)[] = new Array(1024).fill(undefined);
for (const method of methods) methodsBySlot[methodSlot(method.charCodeAt(0), method.length)] = method;

/** The method from `at` to `end`: a known one is always the same string, which is compared without looking into it. */
export function methodAt(text: string, bytes: Uint8Array, at: number, end: number): string {
  const known = methodsBySlot[methodSlot(bytes[at]!, end - at)];
  if (known === undefined || known.length !== end - at) return text.slice(at, end);
  for (let i = 0; i < known.length; i++) if (bytes[at + i] !== known.charCodeAt(i)) return text.slice(at, end);
  return known;
}

export function writeCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`;
}

// --- Via: RFC 3261 §20.42, rport: RFC 3581 §5

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

// --- Event and Subscription-State: RFC 6665 §8.2.1, §8.2.3. Read loosely: a refer must not fail for a stray semicolon.

export interface Event {
  /** Lower case. */
  readonly package: string;
  readonly id: string | null;
}

export function readEvent(text: string): Event | null {
  const [head, params] = looseParams(text);
  return isToken(head) ? { package: head.toLowerCase(), id: param(params, 'id') } : null;
}

export function writeEvent({ package: name, id }: Event): string {
  return id === null ? name : `${name};id=${paramValue(id)}`;
}

export interface SubscriptionState {
  /** Lower case: active, pending, terminated, or what the peer made up. */
  readonly state: string;
  readonly expires: number | null;
  /** Lower case. */
  readonly reason: string | null;
  readonly retryAfter: number | null;
}

export function readSubscriptionState(text: string): SubscriptionState | null {
  const [head, params] = looseParams(text);
  if (!isToken(head)) return null;
  return {
    state: head.toLowerCase(),
    expires: readNumber(param(params, 'expires') ?? ''),
    reason: param(params, 'reason')?.toLowerCase() ?? null,
    retryAfter: readNumber(param(params, 'retry-after') ?? ''),
  };
}

export function writeSubscriptionState({ state, expires, reason, retryAfter }: SubscriptionState): string {
  let text = state;
  if (reason !== null) text += `;reason=${reason}`;
  if (expires !== null) text += `;expires=${expires}`;
  if (retryAfter !== null) text += `;retry-after=${retryAfter}`;
  return text;
}

/** What stands before the first semicolon and the parameters after it; those that cannot be read are passed over. */
function looseParams(text: string): readonly [head: string, params: Params] {
  const at = text.indexOf(';');
  if (at < 0) return [text.trim(), noParams];
  const params = new Map<string, string | null>();
  for (const piece of splitParams(text.slice(at + 1))) {
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim().toLowerCase();
    if (name !== '' && !params.has(name)) params.set(name, equals < 0 ? null : piece.slice(equals + 1).trim());
  }
  return [text.slice(0, at).trim(), params];
}

function splitParams(text: string): readonly string[] {
  if (!text.includes('"')) return text.split(';');
  const pieces: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') i = endOfQuoted(text, i) + 1 || text.length;
    if (text[i] === ';') {
      pieces.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...pieces, text.slice(from)];
}

// --- Content-Type: RFC 3261 §20.15

export interface ContentType {
  /** Lower case, without spaces: "message/sipfrag". */
  readonly type: string;
  readonly params: Params;
}

const mediaType = /^([^\s/;]+)[ \t]*\/[ \t]*([^\s/;]+)$/;

export function readContentType(text: string): ContentType | null {
  const [head, params] = looseParams(text);
  const match = mediaType.exec(head);
  if (!match || !isToken(match[1]!) || !isToken(match[2]!)) return null;
  return { type: `${match[1]}/${match[2]}`.toLowerCase(), params };
}

export function writeContentType({ type, params }: ContentType): string {
  return type + writeParams(params);
}

// --- RAck: RFC 3262 §7.2

export interface Rack {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

export function readRack(text: string): Rack | null {
  const [rseqText = '', cseqText = '', method = '', ...rest] = text.trim().split(/[ \t]+/);
  const rseq = readNumber(rseqText);
  const cseq = readNumber(cseqText, 0x7fff_ffff);
  return rseq !== null && cseq !== null && isToken(method) && rest.length === 0 ? { rseq, cseq, method } : null;
}

export function writeRack({ rseq, cseq, method }: Rack): string {
  return `${rseq} ${cseq} ${method}`;
}

// --- Replaces: RFC 3891 §6.1

export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

export function readReplaces(text: string): Replaces | null {
  const end = text.search(/[ \t;]|$/);
  const params = readParams(text, end);
  const toTag = params?.get('to-tag');
  const fromTag = params?.get('from-tag');
  if (!params || !toTag || !fromTag || !isCallId(text.slice(0, end))) return null;
  return { callId: text.slice(0, end), toTag, fromTag, earlyOnly: params.has('early-only') };
}

export function writeReplaces({ callId, toTag, fromTag, earlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}

// callid = word [ "@" word ]. Wider: every visible char, for it is compared byte by byte and never taken apart.
const callId = /^[^\x00-\x20\x7f]+$/;

export function isCallId(text: string): boolean {
  return callId.test(text);
}

// --- Retry-After: RFC 3261 §20.33. The comment and the duration are left out.

// Retry-After = delta-seconds [ comment ] *( SEMI retry-param )
const retryAfter = /^([0-9]{1,10})(?=[ \t;(]|$)/;

/** The seconds to wait. */
export function readRetryAfter(text: string): number | null {
  return readNumber(retryAfter.exec(text)?.[1] ?? '');
}

export function writeRetryAfter(seconds: number): string {
  return String(seconds);
}

// --- Reason: RFC 3326 §2. One value; a message may hold several.

export interface Reason {
  /** As written: SIP, Q.850. */
  readonly protocol: string;
  readonly cause: number | null;
  readonly text: string | null;
}

export function readReason(value: string): Reason | null {
  const [protocol, params] = looseParams(value);
  if (!isToken(protocol)) return null;
  return { protocol, cause: readNumber(param(params, 'cause') ?? ''), text: param(params, 'text') };
}

export function writeReason({ protocol, cause, text }: Reason): string {
  const causeText = cause === null ? '' : `;cause=${cause}`;
  return `${protocol}${causeText}${text === null ? '' : `;text="${text.replace(/["\\]/g, '\\$&')}"`}`;
}

// --- Refer-Sub: RFC 4488 §4

export function readReferSub(text: string): boolean | null {
  const value = looseParams(text)[0].toLowerCase();
  return value === 'true' ? true : value === 'false' ? false : null;
}

export function writeReferSub(wanted: boolean): string {
  return String(wanted);
}

// --- Lists of tokens: Allow, Supported, Require, Unsupported, Allow-Events

/** The tokens of a list; what is no token is left out. Methods are case-sensitive, option tags are written in lower case. */
export function readTokens(text: string): readonly string[] {
  return splitList(text).filter(isToken);
}

/** The option tags of a list (RFC 3261 §19.2), in lower case: tokens compare without regard to case (§7.3.1). */
export function readOptionTags(text: string): readonly string[] {
  return readTokens(text).map((tag) => tag.toLowerCase());
}

export function writeTokens(tokens: readonly string[]): string {
  return tokens.join(', ');
}
