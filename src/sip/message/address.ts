// name-addr and addr-spec with their parameters: From, To, Contact, Route, Record-Route, Refer-To, Referred-By
// (RFC 3261 §20.10, §25.1). The URI stays text; uri.ts reads it.
import { endOfQuoted, endOfToken, isAbsoluteUri, isToken, quote, unquote } from './grammar.ts';

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
  return address.params.get('tag') ?? null;
}

// name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
// display-name = *(token LWS)/ quoted-string
/** Reads one address with its parameters, or null. */
export function readAddress(text: string): Address | null {
  if (text.charCodeAt(0) === 0x22) return readQuotedName(text);
  const open = text.indexOf('<');
  if (open < 0) return readAddrSpec(text);
  const name = text.slice(0, open).trim();
  if (!displayName.test(name)) return null;
  return readAngle(text, open, name === '' ? null : name);
}

// Wider than *(token LWS), because peers leave names like "Jörg (Office)" unquoted, but nothing that a list,
// a parameter or another address could begin with.
const displayName = /^[^\x00-\x08\x0a-\x1f",;<>\x7f]*$/;

function readQuotedName(text: string): Address | null {
  const close = endOfQuoted(text, 0);
  if (close < 0) return null;
  const open = skipSpace(text, close + 1);
  return text.charCodeAt(open) === 0x3c ? readAngle(text, open, unquote(text.slice(0, close + 1))) : null;
}

function readAngle(text: string, open: number, displayName: string | null): Address | null {
  const close = text.indexOf('>', open);
  if (close < 0) return null;
  const uri = text.slice(open + 1, close);
  if (!isAbsoluteUri(uri)) return null;
  const params = readParams(text, close + 1);
  return params && { displayName, uri, params };
}

/** RFC 3261 §20.10: without <> a semicolon begins the header's parameters, and the URI has no comma, semicolon or question mark. */
function readAddrSpec(text: string): Address | null {
  const end = text.search(/[ \t;]|$/);
  const uri = text.slice(0, end);
  if (!isAbsoluteUri(uri) || /[,?]/.test(uri)) return null;
  const params = readParams(text, end);
  return params && { displayName: null, uri, params };
}

// *( SEMI generic-param )
// generic-param = token [ EQUAL gen-value ]
// gen-value     = token / host / quoted-string
/** The parameters from `at` to the end of the text; null when anything else stands there or a name comes twice (RFC 3261 §7.3.1). */
export function readParams(text: string, at: number): Params | null {
  let i = skipSpace(text, at);
  if (i === text.length) return noParams;
  const params = new Map<string, string | null>();
  for (let count = 1; i < text.length; count++) {
    if (text.charCodeAt(i) !== 0x3b) return null;
    const nameAt = skipSpace(text, i + 1);
    const nameEnd = endOfToken(text, nameAt);
    if (nameEnd === nameAt) return null;
    const name = lowerCase(text.slice(nameAt, nameEnd));
    i = skipSpace(text, nameEnd);
    if (i < text.length && text.charCodeAt(i) === 0x3d) {
      const valueAt = skipSpace(text, i + 1);
      i = endOfValue(text, valueAt);
      if (i < 0) return null;
      params.set(name, text.slice(valueAt, i));
      i = skipSpace(text, i);
    } else {
      params.set(name, null);
    }
    if (params.size < count) return null;
  }
  return params;
}

/** Most names are in lower case already, and to see so is cheaper than to have them converted. */
function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return name.toLowerCase();
  }
  return name;
}

/** Wider than gen-value: a value that is not quoted runs up to a space, a separator or the end. */
function endOfValue(text: string, at: number): number {
  if (text.charCodeAt(at) === 0x22) return endOfQuoted(text, at) + 1 || -1;
  let i = at;
  while (i < text.length && valueChars[text.charCodeAt(i)] === 1) i++;
  return i > at ? i : -1;
}

const valueChars: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  /[^\x00-\x20",;<>\x7f]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && (text.charCodeAt(i) === 0x20 || text.charCodeAt(i) === 0x09)) i++;
  return i;
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
