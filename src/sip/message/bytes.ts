// The ABNF of grammar.ts over bytes: the parser's hot path. A byte is read at a third of what a char of a string costs,
// so a message is laid out as bytes once, what stands where is found there, and only what is asked for is cut from the text.
import { isToken } from './grammar.ts';

/** What a byte may be part of: flags in `kinds`. */
export const TOKEN = 1;
/** A parameter's value that is not quoted. Wider than token / host: up to a space, a separator or the end. */
export const VALUE = 2;
/** Wider than any URI's ABNF: every visible char but those that end a URI where it stands in a header. */
export const URI = 4;
// scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
export const SCHEME = 8;
/** A display name without quotes. Wider than *(token LWS), because peers leave names like "Jörg (Office)" unquoted. */
export const NAME = 16;
export const DIGIT = 32;
/** A Call-ID: every visible char, for it is compared byte by byte and never taken apart. */
export const VISIBLE = 64;
/** A label of a host name; "_" is a deviation, see hostSource in grammar.ts. */
export const LABEL = 128;

/** What an IPv6 address may hold. */
export const HEX = 256;

const flags: readonly (readonly [flag: number, chars: RegExp])[] = [
  [VALUE, /[^\x00-\x20",;<>\x7f]/],
  [URI, /[^\x00-\x20"<>\x7f]/],
  [SCHEME, /[A-Za-z0-9+\-.]/],
  [NAME, /[^\x00-\x08\x0a-\x1f",;<>\x7f]/],
  [DIGIT, /[0-9]/],
  [VISIBLE, /[^\x00-\x20\x7f]/],
  [LABEL, /[A-Za-z0-9_-]/],
  [HEX, /[0-9A-Fa-f:.]/],
];

export const kinds: Uint16Array = Uint16Array.from({ length: 256 }, (_, code) => {
  const char = String.fromCharCode(code);
  return flags.reduce((sum, [flag, chars]) => (chars.test(char) ? sum | flag : sum), isToken(char) ? TOKEN : 0);
});

/** A Buffer, as what comes off a socket is: the code that reads bytes then meets one kind of array. */
const desk = Buffer.allocUnsafeSlow(0x20000);

/** The bytes of a latin1 text, until the next text is laid out: they are read at once, and never kept. */
export function bytesOf(text: string): Uint8Array {
  if (text.length > desk.length) return Buffer.from(text, 'latin1');
  desk.write(text, 0, 'latin1');
  return desk;
}

export const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

export function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  if (at < end && bytes[at]! > 0x20) return at;
  let i = at;
  while (i < end && isBlank(bytes[i])) i++;
  return i;
}

/** Where the run of bytes of this kind that begins at `at` ends. */
export function endOf(kind: number, bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (kinds[bytes[i]!]! & kind) !== 0) i++;
  return i;
}

/** The index of the quote that closes the quoted-string that opens at `at`, or -1. */
export function closingQuote(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (bytes[i] === 0x22) return i;
    if (bytes[i] === 0x5c) i++;
  }
  return -1;
}

/** Whether these bytes, a token, spell the name, which is in lower case: of the chars of a token only letters have another that differs by this bit. */
export function spells(lower: string, bytes: Uint8Array, at: number, end: number): boolean {
  if (lower.length !== end - at) return false;
  for (let i = 0; i < lower.length; i++) if ((bytes[at + i]! | 0x20) !== lower.charCodeAt(i)) return false;
  return true;
}

// absoluteURI = scheme ":" ( hier-part / opaque-part )
/** Where the absolute URI that begins at `at` ends, or -1 where there is none. */
export function endOfUri(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at]! < 0x41) return -1;
  const colon = endOf(SCHEME, bytes, at, end);
  if (colon >= end || bytes[colon] !== 0x3a) return -1;
  const uriEnd = endOf(URI, bytes, colon + 1, end);
  return uriEnd > colon + 1 ? uriEnd : -1;
}

// 1*DIGIT
/** The number up to `max` that these bytes are, of up to twenty digits, or -1. Leading zeros are digits like any other. */
export function numberAt(bytes: Uint8Array, at: number, end: number, max: number): number {
  if (end <= at || end - at > 20) return -1;
  let number = 0;
  for (let i = at; i < end; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number <= max ? number : -1;
}
