// The header fields we act on: their names, compared only here, and for each structured one a read and a write.
// A read gives null for what it cannot read. Addresses are in address.ts, Via in via.ts, challenges in digest.ts.
import { noParams, type Params, param, paramValue, readParams, writeParams } from './address.ts';
import { bytesOf, endOf, skipBlanks, TOKEN } from './bytes.ts';
import { endOfQuoted, isToken, readNumber, splitList } from './grammar.ts';

export { readVia, writeVia } from './via.ts';
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

/** A sequence number with its method (RFC 3261 §20.16). */
export interface CSeq {
  readonly number: number;
  readonly method: string;
}

/** Reads CSeq; null when it is none. */
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

/** Writes CSeq. */
export function writeCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`;
}

// --- Event and Subscription-State: RFC 6665 §8.2.1, §8.2.3. Read loosely: a refer must not fail for a stray semicolon.

/** An event package with the id of a subscription (RFC 6665 §8.2.1). */
export interface Event {
  /** Lower case. */
  readonly package: string;
  readonly id: string | null;
}

/** Reads Event; null when it names no package. */
export function readEvent(text: string): Event | null {
  const [head, params] = looseParams(text);
  return isToken(head) ? { package: head.toLowerCase(), id: param(params, 'id') } : null;
}

/** Writes Event. */
export function writeEvent({ package: name, id }: Event): string {
  return id === null ? name : `${name};id=${paramValue(id)}`;
}

/** How a subscription stands (RFC 6665 §8.2.3); times in seconds. */
export interface SubscriptionState {
  /** Lower case: active, pending, terminated, or what the peer made up. */
  readonly state: string;
  readonly expires: number | null;
  /** Lower case. */
  readonly reason: string | null;
  readonly retryAfter: number | null;
}

/** Reads Subscription-State; null when it names no state. */
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

/** Writes Subscription-State. */
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

/** A media type (RFC 3261 §20.15). */
export interface ContentType {
  /** Lower case, without spaces: "message/sipfrag". */
  readonly type: string;
  readonly params: Params;
}

const mediaType = /^([^\s/;]+)[ \t]*\/[ \t]*([^\s/;]+)$/;

/** Reads Content-Type; null when it is no media type. */
export function readContentType(text: string): ContentType | null {
  const [head, params] = looseParams(text);
  const match = mediaType.exec(head);
  if (!match || !isToken(match[1]!) || !isToken(match[2]!)) return null;
  return { type: `${match[1]}/${match[2]}`.toLowerCase(), params };
}

/** Writes Content-Type. */
export function writeContentType({ type, params }: ContentType): string {
  return type + writeParams(params);
}

// --- RAck: RFC 3262 §7.2

/** Which reliable response a PRACK acknowledges (RFC 3262 §7.2). */
export interface Rack {
  readonly rseq: number;
  readonly cseq: number;
  readonly method: string;
}

/** Reads RAck; null when it is none. */
export function readRack(text: string): Rack | null {
  const [rseqText = '', cseqText = '', method = '', ...rest] = text.trim().split(/[ \t]+/);
  const rseq = readNumber(rseqText);
  const cseq = readNumber(cseqText, 0x7fff_ffff);
  return rseq !== null && cseq !== null && isToken(method) && rest.length === 0 ? { rseq, cseq, method } : null;
}

/** Writes RAck. */
export function writeRack({ rseq, cseq, method }: Rack): string {
  return `${rseq} ${cseq} ${method}`;
}

// --- Replaces: RFC 3891 §6.1

/** The dialog that an INVITE takes the place of (RFC 3891 §6.1), in the words of whoever gets it. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  readonly earlyOnly: boolean;
}

/** Reads Replaces; null when it names no dialog. */
export function readReplaces(text: string): Replaces | null {
  const end = text.search(/[ \t;]|$/);
  const params = readParams(text, end);
  const toTag = params?.get('to-tag');
  const fromTag = params?.get('from-tag');
  if (!params || !toTag || !fromTag || !isCallId(text.slice(0, end))) return null;
  return { callId: text.slice(0, end), toTag, fromTag, earlyOnly: params.has('early-only') };
}

/** Writes Replaces. */
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

/** Writes Retry-After, in seconds. */
export function writeRetryAfter(seconds: number): string {
  return String(seconds);
}

// --- Reason: RFC 3326 §2. One value; a message may hold several.

/** Why a request was sent (RFC 3326 §2). */
export interface Reason {
  /** As written: SIP, Q.850. */
  readonly protocol: string;
  readonly cause: number | null;
  readonly text: string | null;
}

/** Reads one Reason; null when it names no protocol. */
export function readReason(value: string): Reason | null {
  const [protocol, params] = looseParams(value);
  if (!isToken(protocol)) return null;
  return { protocol, cause: readNumber(param(params, 'cause') ?? ''), text: param(params, 'text') };
}

/** Writes one Reason. */
export function writeReason({ protocol, cause, text }: Reason): string {
  const causeText = cause === null ? '' : `;cause=${cause}`;
  return `${protocol}${causeText}${text === null ? '' : `;text="${text.replace(/["\\]/g, '\\$&')}"`}`;
}

// --- Refer-Sub: RFC 4488 §4

/** Reads Refer-Sub (RFC 4488 §4); null when it is neither true nor false. */
export function readReferSub(text: string): boolean | null {
  const value = looseParams(text)[0].toLowerCase();
  return value === 'true' ? true : value === 'false' ? false : null;
}

/** Writes Refer-Sub. */
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
