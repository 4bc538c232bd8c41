// sip, sips and tel URIs (RFC 3261 §19.1, RFC 3966): read, written, compared, and given headers to carry.
// Other schemes are not read: they are answered 416 by whoever needs the URI.
import { isIPv6 } from 'node:net';
import { noParams, type Params, writeParams } from './address.ts';
import { hostSource } from './grammar.ts';

/** A sip or sips URI (RFC 3261 §19.1). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes included. */
  readonly user: string | null;
  readonly password: string | null;
  /** As written; an IPv6 reference with its brackets. */
  readonly host: string;
  readonly port: number | null;
  readonly params: Params;
  /** What stands after "?", as written. */
  readonly headers: string | null;
}

/** A tel URI (RFC 3966 §3). */
export interface TelUri {
  readonly scheme: 'tel';
  readonly number: string;
  readonly params: Params;
}

/** The schemes that are read. */
export type Uri = SipUri | TelUri;

// What no URI may hold where we write it: inside <> on one header line.
const forbidden = /[\x00-\x20"<>\x7f]/;
const badEscape = /%(?![0-9A-Fa-f]{2})/;

// SIP-URI  = "sip:" [ userinfo ] hostport uri-parameters [ headers ]
// userinfo = ( user / telephone-subscriber ) [ ":" password ] "@"
// Wider than user and uri-parameters: peers leave "#" and bytes of UTF-8 unescaped, and we never rewrite what they wrote.
const sipUri = new RegExp(
  `^(sips?):(?:([^@:]+)(?::([^@]*))?@)?(${hostSource})(?::([0-9]{1,5}))?((?:;[^;?]+)*)(?:\\?(.*))?$`,
  'is',
);

// telephone-uri = "tel:" telephone-subscriber
// Deviation: a local number needs no phone-context, because gateways dial it as it is.
const telUri = /^tel:(\+[0-9().-]*[0-9][0-9().-]*|[0-9A-Fa-f*#().-]+)((?:;[^;?]+)*)$/i;

/** The URI, or null when it is not a valid sip, sips or tel URI. */
export function readUri(text: string): Uri | null {
  if (forbidden.test(text) || badEscape.test(text)) return null;
  const sip = sipUri.exec(text);
  if (sip) return readSip(sip);
  const tel = telUri.exec(text);
  const params = tel && readUriParams(tel[2]!);
  return params && { scheme: 'tel', number: tel[1]!, params };
}

function readSip([, scheme, user, password, host, port, paramText, headers]: readonly (
  | string
  | undefined
)[]): SipUri | null {
  const params = readUriParams(paramText!);
  if (!params || Number(port ?? 0) > 65_535) return null;
  if (host!.startsWith('[') && !isIPv6(host!.slice(1, -1))) return null;
  return {
    scheme: scheme!.toLowerCase() as 'sip' | 'sips',
    user: user ?? null,
    password: password ?? null,
    host: host!,
    port: port === undefined ? null : Number(port),
    params,
    headers: headers ?? null,
  };
}

/** Of a name that comes twice the first is taken: the text goes on as it is, and no dialog hangs on it. */
function readUriParams(text: string): Params | null {
  if (text === '') return noParams;
  const params = new Map<string, string | null>();
  for (const piece of text.slice(1).split(';')) {
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece : piece.slice(0, equals)).toLowerCase();
    if (name === '') return null;
    if (!params.has(name)) params.set(name, equals < 0 ? null : piece.slice(equals + 1));
  }
  return params;
}

/** A part of a URI with its escapes undone, in the bytes of the wire (§19.1.2). */
export function unescaped(user: string): string {
  return user.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The URI as text. */
export function writeUri(uri: Uri): string {
  if (uri.scheme === 'tel') return `tel:${uri.number}${writeParams(uri.params)}`;
  const password = uri.password === null ? '' : `:${uri.password}`;
  const userinfo = uri.user === null ? '' : `${uri.user}${password}@`;
  const port = uri.port === null ? '' : `:${uri.port}`;
  const headers = uri.headers === null ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${userinfo}${uri.host}${port}${writeParams(uri.params)}${headers}`;
}

/** RFC 3261 §19.1.4; tel URIs by RFC 3966 §4. */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.scheme === 'tel' || b.scheme === 'tel') return a.scheme === 'tel' && b.scheme === 'tel' && sameTel(a, b);
  return (
    a.scheme === b.scheme &&
    plain(a.user) === plain(b.user) &&
    plain(a.password) === plain(b.password) &&
    a.host.toLowerCase() === b.host.toLowerCase() &&
    a.port === b.port &&
    sameParams(a.params, b.params) &&
    sameHeaders(a.headers, b.headers)
  );
}

// A URI that leaves one of these out does not match one that has it, even with its default value.
const telling = ['user', 'ttl', 'method', 'maddr', 'transport'] as const;

function sameParams(a: Params, b: Params): boolean {
  if (telling.some((name) => a.has(name) !== b.has(name))) return false;
  for (const [name, value] of a) if (b.has(name) && folded(value) !== folded(b.get(name)!)) return false;
  return true;
}

function sameHeaders(a: string | null, b: string | null): boolean {
  const sorted = (headers: string): string => headers.split('&').map(folded).sort().join('&');
  return sorted(a ?? '') === sorted(b ?? '');
}

function sameTel(a: TelUri, b: TelUri): boolean {
  const number = (uri: TelUri): string => uri.number.replace(/[().-]/g, '').toLowerCase();
  if (number(a) !== number(b) || a.params.size !== b.params.size) return false;
  for (const [name, value] of a.params)
    if (!b.params.has(name) || folded(value) !== folded(b.params.get(name)!)) return false;
  return true;
}

const folded = (text: string | null): string | null => plain(text)?.toLowerCase() ?? null;

/** Escapes undone that need not be there; those of reserved chars and of controls stay, for they mean something else. */
function plain(text: string | null): string | null {
  return (
    text?.replace(/%[0-9A-Fa-f]{2}/g, (octet) => {
      const char = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
      return /[A-Za-z0-9\-_.!~*'()]/.test(char) ? char : octet.toUpperCase();
    }) ?? null
  );
}

// hname = 1*( hnv-unreserved / unreserved / escaped ), hnv-unreserved = "[" / "]" / "/" / "?" / ":" / "+" / "$"
const escaped = /[^A-Za-z0-9\-_.!~*'()[\]/?:+$]/g;

function escapeHeader(text: string): string {
  return text.replace(escaped, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/**
 * The URI with headers for the request it will trigger (RFC 3261 §19.1.1), escaped; what was there stays as it was.
 * Only sip and sips URIs can carry headers: any other text comes back unchanged.
 */
export function withHeaders(uriText: string, headers: readonly (readonly [name: string, value: string])[]): string {
  const uri = readUri(uriText);
  if (!uri || uri.scheme === 'tel' || headers.length === 0) return uriText;
  const added = headers.map(([name, value]) => `${escapeHeader(name)}=${escapeHeader(value)}`).join('&');
  if (uri.headers === null) return `${uriText}?${added}`;
  return uri.headers === '' || uri.headers.endsWith('&') ? `${uriText}${added}` : `${uriText}&${added}`;
}
