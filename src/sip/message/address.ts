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
  skipBlanks,
  spells,
  TOKEN,
  URI,
  VALUE,
} from './bytes.ts';
import { isToken, quote, unquote } from './grammar.ts';

/** Parameters by lower-case name, values as received (a quoted one with its quotes), null where there is none. */
export type Params = ReadonlyMap<string, string | null>;

/** A name-addr or addr-spec with its parameters (RFC 3261 §20.10). */
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

/** The tag parameter, or null. */
export function tagOf(address: Address): string | null {
  return address instanceof LocatedAddress ? address.tag : (address.params.get('tag') ?? null);
}

// name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
// display-name = *(token LWS)/ quoted-string
/** Where an address stands in a text: its parts are cut out when they are asked for, its parameters read once. */
export class LocatedAddress implements Address {
  readonly #text: string;
  // Where each part begins and ends: -1 where there is none. The display name has its quotes.
  readonly #end: number;
  #nameAt = -1;
  #nameEnd = -1;
  #uriAt = 0;
  #uriEnd = 0;
  #paramsAt = 0;
  #tagAt = -1;
  #tagEnd = -1;
  #params: Params | null = null;

  private constructor(text: string, end: number) {
    this.#text = text;
    this.#end = end;
  }

  /** The address that `text` is from `at` to `end`, or null; `bytes` are those of the text. */
  static locate(this: void, text: string, bytes: Uint8Array, at: number, end: number): LocatedAddress | null {
    const address = new LocatedAddress(text, end);
    return address.#locate(bytes, at) && address.#locateTag(bytes) ? address : null;
  }

  get displayName(): string | null {
    return this.#nameAt < 0 ? null : unquote(this.#text.slice(this.#nameAt, this.#nameEnd));
  }

  get uri(): string {
    return this.#text.slice(this.#uriAt, this.#uriEnd);
  }

  get params(): Params {
    this.#params ??= readParams(this.#text.slice(this.#paramsAt, this.#end), 0)!;
    return this.#params;
  }

  /** As tagOf gives it, without reading the other parameters. */
  get tag(): string | null {
    return this.#tagAt < 0 ? null : this.#text.slice(this.#tagAt, this.#tagEnd);
  }

  #locate(bytes: Uint8Array, at: number): boolean {
    const end = this.#end;
    if (at < end && bytes[at] === QUOTE) {
      const close = closingQuote(bytes, at, end);
      if (close < 0) return false;
      this.#nameAt = at;
      this.#nameEnd = close + 1;
      return this.#locateAngle(bytes, skipBlanks(bytes, close + 1, end));
    }
    const open = endOf(NAME, bytes, at, end);
    if (open >= end || bytes[open] !== OPEN) return this.#locateAddrSpec(bytes, at);
    let nameEnd = open;
    while (nameEnd > at && isBlank(bytes[nameEnd - 1])) nameEnd--;
    if (nameEnd > at) this.#nameAt = at;
    this.#nameEnd = nameEnd;
    return this.#locateAngle(bytes, open);
  }

  #locateAngle(bytes: Uint8Array, open: number): boolean {
    const end = this.#end;
    if (open >= end || bytes[open] !== OPEN) return false;
    const close = endOfUri(bytes, open + 1, end);
    this.#uriAt = open + 1;
    this.#uriEnd = close;
    this.#paramsAt = close + 1;
    return close >= 0 && close < end && bytes[close] === CLOSE;
  }

  /** RFC 3261 §20.10: without <> a semicolon begins the header's parameters, and the URI has no comma, semicolon or question mark. */
  #locateAddrSpec(bytes: Uint8Array, at: number): boolean {
    const end = this.#end;
    let i = at;
    while (i < end && (kinds[bytes[i]!]! & URI) !== 0 && bytes[i] !== SEMI) {
      if (bytes[i] === COMMA || bytes[i] === QUESTION) return false;
      i++;
    }
    this.#uriAt = at;
    this.#uriEnd = this.#paramsAt = i;
    return (i === end || bytes[i] === SEMI || isBlank(bytes[i])) && endOfUri(bytes, at, i) === i;
  }

  #locateTag(bytes: Uint8Array): boolean {
    const params = cursor.begin(this.#text, bytes, this.#paramsAt, this.#end);
    while (params.next()) {
      if (!params.is('tag') || params.valueAt < 0) continue;
      this.#tagAt = params.valueAt;
      this.#tagEnd = params.valueEnd;
    }
    return params.isSound();
  }
}

/** Reads one address with its parameters, or null. */
export function readAddress(text: string): Address | null {
  const found = LocatedAddress.locate(text, bytesOf(text), 0, text.length);
  return found && { displayName: found.displayName, uri: found.uri, params: found.params };
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
class ParamCursor {
  nameAt = 0;
  nameEnd = 0;
  /** -1 where the name stands alone. */
  valueAt = -1;
  valueEnd = -1;
  #text = '';
  #bytes: Uint8Array = new Uint8Array(0);
  #begin = 0;
  #end = 0;
  #at = 0;
  #isBroken = false;
  /** A bit for each name that has come, shared by some. */
  #seen = 0;
  #mayRepeat = false;

  /** Before the first parameter of those from `at` to `end`; `bytes` are those of the text. */
  begin(text: string, bytes: Uint8Array, at: number, end: number): this {
    this.#text = text;
    this.#bytes = bytes;
    this.#begin = at;
    this.#end = end;
    this.#at = skipBlanks(bytes, at, end);
    this.#isBroken = false;
    this.#seen = 0;
    this.#mayRepeat = false;
    return this;
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
    const again = new ParamCursor().begin(this.#text, this.#bytes, this.#begin, this.#end);
    for (let count = 1; again.next(); count++) {
      if (names.add(again.name).size < count) return true;
    }
    return false;
  }
}

/** The one everybody goes by: parameters are read to their end before others are begun. */
export const cursor = new ParamCursor();

function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at] === QUOTE) return closingQuote(bytes, at, end) + 1;
  return endOf(VALUE, bytes, at, end);
}

/** The parameters from `at` to the end of the text; null when anything else stands there or a name comes twice. */
export function readParams(text: string, at: number): Params | null {
  if (at === text.length) return noParams;
  cursor.begin(text, bytesOf(text), at, text.length);
  const params = new Map<string, string | null>();
  while (cursor.next()) params.set(cursor.name, cursor.value);
  if (!cursor.isSound()) return null;
  return params.size === 0 ? noParams : params;
}

/** Writes a name-addr with its parameters. */
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
