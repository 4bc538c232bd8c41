// name-addr and addr-spec with their parameters: From, To, Contact, Route, Record-Route, Refer-To, Referred-By
// (RFC 3261 §20.10, §25.1). The URI stays text; uri.ts reads it.
import {
  bytesOf,
  closingQuote,
  endOf,
  endOfUri,
  isBlank,
  kinds,
  NAME,
  SCHEME,
  skipBlanks,
  spells,
  TOKEN,
  URI,
  VALUE,
} from './bytes.ts';
import { isToken, quote, unquote } from './grammar.ts';

/** Parameters by lower-case name, values as received (a quoted one with its quotes), null where there is none. */
export type Params = ReadonlyMap<string, string | null>;

export interface Address {
  /** Without its quotes and escapes; null when there is none. */
  readonly displayName: string | null;
  readonly uri: string;
  readonly params: Params;
}

export const noParams: Params = new Map();

/** What the parameter says, quotes and escapes undone; null when it is missing or has no value. */
export function param(params: Params, name: string): string | null {
  const value = params.get(name);
  return value ? unquote(value) : null;
}

export function tagOf(address: Address): string | null {
  return address instanceof LocatedAddress ? address.tag : (address.params.get('tag') ?? null);
}

/** An address where it stands in a text: its parts are cut out when they are asked for, its parameters read once. */
export class LocatedAddress implements Address {
  readonly #text: string;
  readonly #spans: AddressSpans;
  #params: Params | null = null;

  constructor(text: string, spans: AddressSpans) {
    this.#text = text;
    this.#spans = spans;
  }

  get displayName(): string | null {
    const { nameAt, nameEnd } = this.#spans;
    return nameAt < 0 ? null : unquote(this.#text.slice(nameAt, nameEnd));
  }

  get uri(): string {
    return this.#text.slice(this.#spans.uriAt, this.#spans.uriEnd);
  }

  get params(): Params {
    const { paramsAt, end } = this.#spans;
    this.#params ??= readParams(this.#text.slice(paramsAt, end), 0)!;
    return this.#params;
  }

  /** As tagOf gives it, without reading the other parameters. */
  get tag(): string | null {
    const { tagAt, tagEnd } = this.#spans;
    return tagAt < 0 ? null : this.#text.slice(tagAt, tagEnd);
  }
}

interface AddressSpans {
  /** Of the display name, quotes included; -1 without one. */
  nameAt: number;
  nameEnd: number;
  uriAt: number;
  uriEnd: number;
  /** Of the parameters, first semicolon included. */
  paramsAt: number;
  end: number;
  /** Of the tag's value; -1 without one. */
  tagAt: number;
  tagEnd: number;
}

/** Reads one address with its parameters, or null. */
export function readAddress(text: string): Address | null {
  const found = locateAddress(text, bytesOf(text), 0, text.length);
  return found && { displayName: found.displayName, uri: found.uri, params: found.params };
}

// name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
// display-name = *(token LWS)/ quoted-string
/** Finds the address that `text` is from `at` to `end`, or null; `bytes` are those of the text. */
export function locateAddress(text: string, bytes: Uint8Array, at: number, end: number): LocatedAddress | null {
  if (bytes[at] === QUOTE && at < end) {
    const close = closingQuote(bytes, at, end);
    const open = skipBlanks(bytes, close + 1, end);
    return close < 0 ? null : locateAngle(text, bytes, open, end, at, close + 1);
  }
  const open = endOf(NAME, bytes, at, end);
  if (open >= end || bytes[open] !== OPEN) return locateAddrSpec(text, bytes, at, end);
  let nameEnd = open;
  while (nameEnd > at && isBlank(bytes[nameEnd - 1])) nameEnd--;
  return locateAngle(text, bytes, open, end, nameEnd === at ? -1 : at, nameEnd);
}

function locateAngle(
  text: string,
  bytes: Uint8Array,
  open: number,
  end: number,
  nameAt: number,
  nameEnd: number,
): LocatedAddress | null {
  if (open >= end || bytes[open] !== OPEN) return null;
  const close = endOfUri(bytes, open + 1, end);
  if (close < 0 || close >= end || bytes[close] !== CLOSE) return null;
  const paramsAt = close + 1;
  return withTag(text, bytes, {
    nameAt,
    nameEnd,
    uriAt: open + 1,
    uriEnd: close,
    paramsAt,
    end,
    tagAt: -1,
    tagEnd: -1,
  });
}

/** RFC 3261 §20.10: without <> a semicolon begins the header's parameters, and the URI has no comma, semicolon or question mark. */
function locateAddrSpec(text: string, bytes: Uint8Array, at: number, end: number): LocatedAddress | null {
  const spans = { nameAt: -1, nameEnd: -1, uriAt: at, uriEnd: at, paramsAt: at, end, tagAt: -1, tagEnd: -1 };
  let i = endOf(SCHEME, bytes, at, end);
  while (i < end && (kinds[bytes[i]!]! & URI) !== 0 && bytes[i] !== SEMI) {
    if (bytes[i] === COMMA || bytes[i] === QUESTION) return null;
    i++;
  }
  if (i < end && bytes[i] !== SEMI && !isBlank(bytes[i])) return null;
  spans.uriEnd = spans.paramsAt = i;
  return endOfUri(bytes, at, i) === i ? withTag(text, bytes, spans) : null;
}

function withTag(text: string, bytes: Uint8Array, spans: AddressSpans): LocatedAddress | null {
  const params = new ParamCursor(text, bytes, spans.paramsAt, spans.end);
  while (params.next()) {
    if (!params.is('tag') || params.valueAt < 0) continue;
    spans.tagAt = params.valueAt;
    spans.tagEnd = params.valueEnd;
  }
  return params.isSound() ? new LocatedAddress(text, spans) : null;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMI = 0x3b;
const OPEN = 0x3c;
const EQUALS = 0x3d;
const CLOSE = 0x3e;
const QUESTION = 0x3f;

// *( SEMI generic-param )
// generic-param = token [ EQUAL gen-value ]
// gen-value     = token / host / quoted-string
/** Goes from one parameter to the next, up to the end of a header value. */
export class ParamCursor {
  nameAt = 0;
  nameEnd = 0;
  /** -1 where the name stands alone. */
  valueAt = -1;
  valueEnd = -1;
  readonly #text: string;
  readonly #bytes: Uint8Array;
  readonly #begin: number;
  readonly #end: number;
  #at: number;
  #isBroken = false;
  /** A bit for each name that has come, shared by some. */
  #seen = 0;
  #mayRepeat = false;

  /** `bytes` are those of the text. */
  constructor(text: string, bytes: Uint8Array, at: number, end: number) {
    this.#text = text;
    this.#bytes = bytes;
    this.#begin = at;
    this.#end = end;
    this.#at = skipBlanks(bytes, at, end);
  }

  /** False at the end, and where what stands there is no parameter. */
  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    if (this.#at >= end || this.#isBroken) return false;
    this.#isBroken = true;
    if (bytes[this.#at] !== SEMI) return false;
    const nameAt = skipBlanks(bytes, this.#at + 1, end);
    const nameEnd = endOf(TOKEN, bytes, nameAt, end);
    if (nameEnd === nameAt) return false;
    let i = skipBlanks(bytes, nameEnd, end);
    this.valueAt = -1;
    if (i < end && bytes[i] === EQUALS) {
      const valueAt = skipBlanks(bytes, i + 1, end);
      const valueEnd = endOfValue(bytes, valueAt, end);
      if (valueEnd <= valueAt) return false;
      this.valueAt = valueAt;
      this.valueEnd = valueEnd;
      i = skipBlanks(bytes, valueEnd, end);
    }
    this.nameAt = nameAt;
    this.nameEnd = nameEnd;
    this.#at = i;
    this.#isBroken = false;
    this.#note((bytes[nameAt]! | 0x20) * 3 + (bytes[nameEnd - 1]! | 0x20) + nameEnd - nameAt);
    return true;
  }

  /** In lower case. */
  get name(): string {
    return this.#text.slice(this.nameAt, this.nameEnd).toLowerCase();
  }

  get value(): string | null {
    return this.valueAt < 0 ? null : this.#text.slice(this.valueAt, this.valueEnd);
  }

  /** Whether the name is this one, given in lower case. */
  is(lower: string): boolean {
    return spells(lower, this.#bytes, this.nameAt, this.nameEnd);
  }

  /** Once `next` is false: whether that was the end, and no name has come twice (RFC 3261 §7.3.1). */
  isSound(): boolean {
    return !this.#isBroken && !(this.#mayRepeat && this.#repeats());
  }

  #note(trait: number): void {
    const bit = 1 << (trait & 31);
    if (this.#seen & bit) this.#mayRepeat = true;
    this.#seen |= bit;
  }

  #repeats(): boolean {
    const names = new Set<string>();
    const again = new ParamCursor(this.#text, this.#bytes, this.#begin, this.#end);
    for (let count = 1; again.next(); count++) {
      if (names.add(again.name).size < count) return true;
    }
    return false;
  }
}

function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === QUOTE) return closingQuote(bytes, at, end) + 1;
  return endOf(VALUE, bytes, at, end);
}

/** The parameters from `at` to the end of the text; null when anything else stands there or a name comes twice. */
export function readParams(text: string, at: number): Params | null {
  if (at === text.length) return noParams;
  const cursor = new ParamCursor(text, bytesOf(text), at, text.length);
  const params = new Map<string, string | null>();
  while (cursor.next()) params.set(cursor.name, cursor.value);
  if (!cursor.isSound()) return null;
  return params.size === 0 ? noParams : params;
}

export function writeAddress({ displayName, uri, params }: Address): string {
  return `${displayName === null ? '' : `${quote(displayName)} `}<${uri}>${writeParams(params)}`;
}

export function writeParams(params: Params): string {
  let text = '';
  for (const [name, value] of params) text += value === null ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** A value as a parameter writes it: a token as it is, all else quoted. */
export function paramValue(text: string): string {
  return isToken(text) ? text : quote(text);
}
