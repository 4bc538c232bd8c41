// The ABNF we read by, each rule quoted above its expression (RFC 3261 §25.1), and the text it is read from: latin1
// strings, one char for one byte. Every expression is anchored and takes time linear in what it reads.

/** The value of `text` without the message it was cut from: V8 keeps a whole message alive for each slice of it. */
export function copy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** What the application calls this text: the bytes of a latin1 string read as UTF-8. */
export function toUtf8(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

/** The bytes of the application's text, as a latin1 string. */
export function fromUtf8(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

const ascii = /^[\x00-\x7f]*$/;

// token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
const token = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** One byte per char code: 1 where the char may stand in a token. */
export const tokenChars: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  token.test(String.fromCharCode(code)) ? 1 : 0,
);

export function isToken(text: string): boolean {
  return token.test(text);
}

/** Where the token that begins at `at` ends. */
export function endOfToken(text: string, at: number): number {
  let i = at;
  while (i < text.length && tokenChars[text.charCodeAt(i)] === 1) i++;
  return i;
}

// absoluteURI = scheme ":" ( hier-part / opaque-part )
// scheme      = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
// Wider than the rule after the colon: every visible char but those that end a URI where it stands in a header.
const absoluteUri = /^[A-Za-z][A-Za-z0-9+\-.]*:[^\x00-\x20"<>\x7f]+$/;

export function isAbsoluteUri(text: string): boolean {
  return absoluteUri.test(text);
}

// host         = hostname / IPv4address / IPv6reference
// hostname     = *( domainlabel "." ) toplabel [ "." ]
// IPv6reference = "[" IPv6address "]"
// Deviation: "_" may stand in a label, because container networks name their hosts so.
export const hostSource = String.raw`(?:\[[0-9A-Fa-f:.]{2,45}\]|(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?)`;

/** The address of an IPv6 reference, or the host as it is: what sockets take. */
export function unbracket(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** 1*DIGIT up to `max`, or null. Leading zeros are digits like any other. */
export function readNumber(text: string, max = 4_294_967_295): number | null {
  if (!digits.test(text)) return null;
  const number = Number(text);
  return number <= max ? number : null;
}

const digits = /^[0-9]{1,20}$/;

/** LWS at the end of a line and the whitespace that opens the next are one space (RFC 3261 §7.3.1). */
export function unfold(text: string): string {
  return trimBlanks(text.replace(fold, ' '));
}

/** Without the spaces and tabs around it, and nothing else: trim() takes the last byte of "à" in UTF-8 for a space. */
export function trimBlanks(text: string): string {
  let at = 0;
  let end = text.length;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  while (end > at && isBlank(text.charCodeAt(end - 1))) end--;
  return end - at === text.length ? text : text.slice(at, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

// LWS = [*WSP CRLF] 1*WSP. The whitespace before the CRLF is cut afterwards: one pass, whatever stands there.
const fold = /\r\n[ \t]+/g;

/** Where the quoted-string that opens at `at` closes (the index of its last quote), or -1. */
export function endOfQuoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i;
    if (code === 0x5c) i++;
  }
  return -1;
}

// quoted-string = SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
// quoted-pair   = "\" (%x00-09 / %x0B-0C / %x0E-7F)
/** What a quoted-string says; text that is not quoted says itself. */
export function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\(.)/gs, '$1') : inner;
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The elements of a comma-separated list, trimmed, the empty ones left out. Commas within quotes and <> separate nothing. */
export function splitList(text: string): readonly string[] {
  if (!text.includes(',')) return text === '' ? [] : [text];
  const elements: string[] = [];
  let from = 0;
  const cut = (to: number): void => {
    const element = trimBlanks(text.slice(from, to));
    if (element !== '') elements.push(element);
    from = to + 1;
  };
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2c) cut(i);
    else if (code === 0x22 || code === 0x3c) i = endOfEnclosed(text, i, code);
  }
  cut(text.length);
  return elements;
}

/** The index of the closing quote or bracket, or the last index of the text where nothing closes. */
function endOfEnclosed(text: string, at: number, code: number): number {
  const end = code === 0x22 ? endOfQuoted(text, at) : text.indexOf('>', at);
  return end < 0 ? text.length : end;
}
