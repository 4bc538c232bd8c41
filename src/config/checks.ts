// How the text of a setting becomes its value: one pure check per kind of value. A check that refuses says in one
// sentence what it wants; config.ts adds which setting it was and, unless it is a secret, what it said.
// Leaves out where the text came from.
import { isIP, isIPv6 } from 'node:net';
import { faultOfWebUrl } from '../call/routing.ts';
import { faultOfRule } from '../call/targets.ts';
import type { RetriesPolicies } from '../call/webhooks.ts';
import { readUri, type SipUri } from '../sip/message/uri.ts';
import { type LocalAddress, transportNames } from '../sip/transport/transport.ts';

/** Why a text is refused; a sentence without its full stop that never repeats the text. */
export class Wrong {
  readonly sentence: string;
  constructor(sentence: string) {
    this.sentence = sentence;
  }
}

export type Check<T> = (text: string) => T | Wrong;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

const hostName = /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?$/;
/** Four numbers with dots that are no IPv4 address: a name by its letters, but surely a typing error. */
const numbersOnly = /^[\d.]+$/;

/** An address without brackets, or a name; null for anything else. */
function hostOf(text: string): string | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare !== text) return isIPv6(bare) ? bare : null;
  if (isIP(bare)) return bare;
  return hostName.test(bare) && !numbersOnly.test(bare) ? bare : null;
}

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : null;
}

/** `host:port`; the host is an address or a name, an IPv6 address in brackets; port 0 asks for a free one. */
export function hostPort(text: string): HostPort | Wrong {
  const colon = text.lastIndexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const host = isIPv6(name) ? null : hostOf(name);
  const port = portOf(text.slice(colon + 1));
  if (host !== null && port !== null) return { host, port };
  return new Wrong(
    'It must be host:port, such as 127.0.0.1:8080 or [::1]:8080, with a port from 0 (any free one) to 65535',
  );
}

function listener(text: string): LocalAddress | Wrong {
  const named = text.slice(0, text.indexOf(':')).toLowerCase();
  const transport = transportNames.find((name) => name === named);
  if (transport === undefined) {
    return new Wrong(
      `Each address must begin with its transport, one of ${transportNames.join(', ')}, such as udp:127.0.0.1:5060`,
    );
  }
  const at = hostPort(text.slice(transport.length + 1));
  // Via and Contact say this address to peers, so a name that means something else to them is not taken here.
  if (at instanceof Wrong || !isIP(at.host)) {
    return new Wrong(
      'Each address must be transport:address:port with an IP address, such as udp:127.0.0.1:5060 or tcp:[::1]:5060',
    );
  }
  return { transport, ...at };
}

/** `nat: false`: a private Contact of a peer is taken at its word. */
export interface SipListener extends LocalAddress {
  readonly nat?: false;
}

function listenerWithOption(text: string): SipListener | Wrong {
  const [address = '', ...options] = text.split(';').map((part) => part.trim());
  const read = listener(address);
  if (read instanceof Wrong || options.length === 0) return read;
  if (options.length > 1 || options[0] !== 'nat=off') return new Wrong('After an address only ;nat=off may stand');
  return { ...read, nat: false };
}

/** One or more of `transport:address:port`, with commas between. */
export function sipListen(text: string): readonly SipListener[] | Wrong {
  const listeners: SipListener[] = [];
  for (const item of text.split(',')) {
    const read = listenerWithOption(item.trim());
    if (read instanceof Wrong) return read;
    const same = (other: LocalAddress) =>
      other.transport === read.transport && other.host === read.host && other.port === read.port;
    if (read.port !== 0 && listeners.some(same)) return new Wrong(`It lists ${item.trim()} twice`);
    listeners.push(read);
  }
  return listeners;
}

/** One or more file names, with commas between. */
export function paths(text: string): readonly string[] | Wrong {
  const names = text.split(',').map((name) => name.trim());
  return names.includes('') ? new Wrong('It must be file names with commas between, none of them empty') : names;
}

export function path(text: string): string {
  return text;
}

/** One or more addresses, each with or without a port, with commas between. */
export function dnsServers(text: string): readonly string[] | Wrong {
  const servers = text.split(',').map((each) => each.trim());
  const isServer = (each: string): boolean => {
    if (isIP(each)) return true;
    const at = hostPort(each);
    return !(at instanceof Wrong) && isIP(at.host) !== 0 && at.port > 0;
  };
  if (servers.every(isServer)) return servers;
  return new Wrong('It must be addresses with commas between, such as 192.0.2.53 or [::1]:5353');
}

/** A host without a port. */
export function publicAddress(text: string): string | Wrong {
  return (
    hostOf(text) ??
    new Wrong('It must be an address or a host name without a port, such as 192.0.2.10 or sip.example.com')
  );
}

/** What fits into an Authorization header: RFC 6750 §2.1 is narrower, but keys of other systems are not. */
export function apiKey(text: string): string | Wrong {
  return /^[\x21-\x7e]{1,512}$/.test(text)
    ? text
    : new Wrong('It must be 1 to 512 visible ASCII characters without spaces');
}

export function webUrl(text: string): string | Wrong {
  const fault = faultOfWebUrl(text);
  return fault === null ? text : new Wrong(fault);
}

export function databaseUrl(text: string): string | Wrong {
  if (/^postgres(ql)?:/.test(text)) {
    return new Wrong('PostgreSQL is not supported yet. Use sqlite:PATH, such as sqlite:./data/switchhook.db');
  }
  const path = /^sqlite:(?!\/\/)(.+)$/.exec(text)?.[1];
  return path
    ? text
    : new Wrong('It must be sqlite:PATH, such as sqlite:./data/switchhook.db or sqlite:/var/lib/switchhook.db');
}

/** `from-to`, both included. */
export function portRange(text: string): PortRange | Wrong {
  const [, from, to] = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text)?.map(Number) ?? [];
  if (from && to && from < to && to <= 65_535) return { from, to };
  return new Wrong('It must be two ports from 1 to 65535, the lower one first, such as 20000-29999');
}

export function wholeNumber(from: number, to: number): Check<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= from && value <= to ? value : new Wrong(`It must be a whole number from ${from} to ${to}`);
  };
}

export function truth(text: string): boolean | Wrong {
  return text === 'true' || (text === 'false' ? false : new Wrong('It must be true or false'));
}

/** Items with commas between, each as the pattern has it; none of an empty text. */
export function listOf(pattern: RegExp, sentence: string): Check<readonly string[]> {
  return (text) => {
    const items = text === '' ? [] : text.split(',').map((item) => item.trim());
    return items.every((item) => pattern.test(item)) ? items : new Wrong(sentence);
  };
}

/** `call.hangup 1000 2000 5000`, with commas between several: the waits before each further attempt, in milliseconds. */
export function retriesPolicies(text: string): RetriesPolicies | Wrong {
  const entries = (text === '' ? [] : text.split(',')).map((item) => item.trim().split(/\s+/));
  const isGood = ([type = '', ...waits]: readonly string[]): boolean =>
    /^[a-z_.]+$/.test(type) &&
    waits.length <= 5 &&
    waits.every((wait) => /^\d{1,5}$/.test(wait)) &&
    waits.reduce((sum, wait) => sum + Number(wait), 0) <= 60_000;
  if (!entries.every(isGood)) {
    return new Wrong('Each must be a type of event and at most five waits of 60000 ms together: call.hangup 1000 2000');
  }
  return Object.fromEntries(entries.map(([type, ...waits]) => [type, { retries_ms: waits.map(Number) }]));
}

export function oneOf<const T extends string>(words: readonly T[]): Check<T> {
  return (text) => words.find((word) => word === text) ?? new Wrong(`It must be one of ${words.join(', ')}`);
}

/** Some of these words, each once, with commas between. */
export function someOf<const T extends string>(words: readonly T[]): Check<readonly T[]> {
  return (text) => {
    const named = text.split(',').map((word) => word.trim().toUpperCase());
    const found = named.flatMap((name) => words.find((word) => word === name) ?? []);
    return found.length === named.length && new Set(found).size === found.length
      ? found
      : new Wrong(`It must be some of ${words.join(', ')}, each once, with commas between`);
  };
}

export function matching(pattern: RegExp, sentence: string): Check<string> {
  return (text) => (pattern.test(text) ? text : new Wrong(sentence));
}

/** IP addresses, and ranges as `address/prefix length`, with commas between. */
export function addressRanges(text: string): readonly string[] | Wrong {
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every(isRange)
    ? ranges
    : new Wrong(
        'It must be IP addresses or ranges with commas between, such as 192.0.2.10, 198.51.100.0/24, 2001:db8::/32',
      );
}

function isRange(text: string): boolean {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && (length === undefined || Number(length) <= (version === 4 ? 32 : 128));
}

/** Addresses, ranges of them, and host names, with commas between. */
export function reachable(text: string): readonly string[] | Wrong {
  const all = text === '' ? [] : text.split(',').map((each) => each.trim());
  const isHost = (each: string) => hostName.test(each) && !numbersOnly.test(each);
  if (all.every((each) => isRange(each) || isHost(each))) return all;
  return new Wrong('It must be addresses, ranges and host names with commas between, such as 10.0.0.0/8, app.internal');
}

/** sip and sips URIs with a host, with commas between. */
export function sipUris(text: string): readonly string[] | Wrong {
  const uris = text.split(',').map((uri) => uri.trim());
  return uris.every((uri) => uriOf(uri) !== null)
    ? uris
    : new Wrong(
        'It must be sip or sips URIs with commas between, such as sip:pbx.example.com or sip:192.0.2.10;transport=tcp',
      );
}

export function sipUri(text: string): string | Wrong {
  return uriOf(text) === null
    ? new Wrong('It must be a sip or sips URI, such as sip:gateway.example.com or sip:192.0.2.10;transport=tcp')
    : text;
}

export function prefixes(text: string): readonly string[] | Wrong {
  const all = text.split(',').map((prefix) => prefix.trim());
  return all.every((prefix) => /^\+?\d{1,15}$/.test(prefix))
    ? all
    : new Wrong('It must be the beginnings of numbers with commas between, such as +44,+1312');
}

export function targets(text: string): readonly string[] | Wrong {
  const all = text.split(',').map((rule) => rule.trim());
  const fault = all.map(faultOfRule).find((each) => each !== null);
  return fault === undefined ? all : new Wrong(fault);
}

export function connectionIds(text: string): readonly string[] | Wrong {
  const ids = text.split(',').map((id) => id.trim());
  return ids.every((id) => /^[1-9]\d{18}$/.test(id))
    ? ids
    : new Wrong('It must be ids of 19 digits with commas between');
}

/** A sip or sips URI with a user: what a phone or an account is called by. */
export function addressOfRecord(text: string): string | Wrong {
  return uriOf(text)?.user
    ? text
    : new Wrong('It must be a sip or sips URI with a user, such as sip:1000@pbx.example.com');
}

function uriOf(text: string): SipUri | null {
  const uri = readUri(text);
  return uri === null || uri.scheme === 'tel' ? null : uri;
}
