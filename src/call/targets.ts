// Whom calls may be made and referred to: lists of what is allowed and denied, by the beginning of a number and by host,
// against toll fraud. Pure; it looks at what is written, not at where a name leads. Leaves out who asks (dialler, reading).
import { BlockList, isIP } from 'node:net';
import { toUtf8 } from '../sip/message/grammar.ts';
import { readUri, type Uri, unescaped } from '../sip/message/uri.ts';

/**
 * An entry is the beginning of a number (`+4490`; `+` alone: every number), a host with those below it (`example.com`),
 * an address or range (`192.0.2.0/24`), or `*`, every host.
 */
export interface TargetRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export const noRules: TargetRules = { allow: [], deny: [] };

/** What is wrong with an entry, as a sentence without its full stop; null when nothing is. */
export function faultOfRule(text: string): string | null {
  const isRule = /^\+?\d{0,32}$/.test(text) ? text !== '' : text === '*' || rangeOf(text) !== null || isName(text);
  return isRule
    ? null
    : 'It must be the beginnings of numbers (+44), hosts (example.com) and addresses or ranges (192.0.2.0/24)';
}

const isName = (text: string): boolean => /^(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(text);

/**
 * Whether all of these let the target be called. `target` is a URI in the bytes of the wire. Each of its number and its
 * host is judged by the longest entry that fits it; of two as long the one that denies; where none fits it is let
 * through, unless numbers, or hosts, are listed as allowed.
 */
export function mayCall(target: string, all: readonly TargetRules[]): boolean {
  const inForce = all.filter(({ allow, deny }) => allow.length + deny.length > 0);
  if (inForce.length === 0) return true;
  const uri = readUri(target);
  // What cannot be read cannot be judged; and a Route in a URI leads past the host that it names (RFC 3261 §19.1.5).
  if (uri === null || leadsElsewhere(uri)) return false;
  const numbers = numbersOf(uri);
  const hosts = hostsOf(uri, target);
  return inForce.every((rules) => passes(numbers, rules, isNumberRule, fitOfNumber) && passesHosts(hosts, rules));
}

function passesHosts(hosts: readonly string[], rules: TargetRules): boolean {
  const isHostRule = (rule: string): boolean => !isNumberRule(rule);
  return hosts.every((host) => passes([host], rules, isHostRule, fitOfHost));
}

/** By several readings of one thing: one that is denied denies it, one that is allowed allows it. */
function passes(
  readings: readonly string[],
  { allow, deny }: TargetRules,
  isOfKind: (rule: string) => boolean,
  fit: (rule: string, reading: string) => number,
): boolean {
  if (readings.length === 0) return true;
  const longest = (rules: readonly string[], reading: string): number =>
    rules.filter(isOfKind).reduce((most, rule) => Math.max(most, fit(rule, reading)), -1);
  const found = readings.map((reading) => ({ allowed: longest(allow, reading), denied: longest(deny, reading) }));
  if (found.some(({ allowed, denied }) => denied >= 0 && denied >= allowed)) return false;
  return found.some(({ allowed }) => allowed >= 0) || !allow.some(isOfKind);
}

const isNumberRule = (rule: string): boolean => /^\+?\d*$/.test(rule);

/** With and without the plus sign is the same, as in the prefixes of trunks. */
function fitOfNumber(rule: string, digits: string): number {
  const prefix = rule.replace(/^\+/, '');
  return digits.startsWith(prefix) ? prefix.length : -1;
}

/** How the user, or the subscriber of a tel URI, can be read as a number: in digits alone. None: it is none. */
function numbersOf(uri: Uri): readonly string[] {
  const text = uri.scheme === 'tel' ? uri.number : (uri.user ?? '');
  // Digits of other scripts and widths are those of a number; what RFC 3966 §5.1.1 puts between them means nothing.
  const [written = '', ...params] = toUtf8(unescaped(text)).normalize('NFKC').split(';');
  const subscriber = written.replace(/[\s().\-\u2010-\u2015\u200b]/g, '');
  const [, plus = '', digits = '', rest = ''] = /^(\+?)([\d*#]+)(.*)$/.exec(subscriber) ?? [];
  const isPhone = uri.scheme === 'tel' || uri.params.get('user')?.toLowerCase() === 'phone';
  if (digits === '' || (rest !== '' && plus === '' && !isPhone)) return [];
  if (plus !== '') return [digits];
  const context = uri.scheme === 'tel' ? uri.params.get('phone-context') : contextIn(params);
  const inContext = context?.startsWith('+') ? [context.replace(/\D/g, '') + digits] : [];
  // As most of the world and as North America dial abroad.
  const abroad = [/^00(?=\d)/, /^011(?=\d)/].filter((prefix) => prefix.test(digits));
  return [digits, ...inContext, ...abroad.map((prefix) => digits.replace(prefix, ''))];
}

function contextIn(params: readonly string[]): string | undefined {
  return params.find((param) => /^phone-context=/i.test(param))?.slice('phone-context='.length);
}

/**
 * The host, and each `maddr`, which is where a request goes instead of it (RFC 3261 §19.1.1): a refer is sent as it was
 * written, and of several the peer may take another than we would.
 */
function hostsOf(uri: Uri, target: string): readonly string[] {
  if (uri.scheme === 'tel') return [];
  const instead = [...unescaped(target).matchAll(/;maddr=([^;?]*)/gi)].map(([, host = '']) => host);
  return [uri.host, ...instead].map(canonical);
}

/** In lower case, without the dot of the root; an address however it is written, such as 0x7f.1, in its usual form. */
function canonical(host: string): string {
  const name = host.replace(/\.$/, '').toLowerCase();
  const address = isIP(name) === 6 ? `[${name}]` : name;
  return (URL.parse(`http://${address}/`)?.hostname ?? name).replace(/^\[|\]$/g, '');
}

/** How many characters of a name, or bits of an address, an entry says. */
function fitOfHost(rule: string, host: string): number {
  if (rule === '*') return 0;
  const version = isIP(host);
  const range = rangeOf(rule);
  if (range !== null) {
    const isIn = version !== 0 && range.list.check(host, version === 6 ? 'ipv6' : 'ipv4');
    return isIn ? range.bits : -1;
  }
  const name = rule.replace(/\.$/, '').toLowerCase();
  return version === 0 && (host === name || host.endsWith(`.${name}`)) ? name.length : -1;
}

function rangeOf(rule: string): { readonly list: BlockList; readonly bits: number } | null {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(rule) ?? [];
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const bits = length === undefined ? most : Number(length);
  if (version === 0 || bits > most) return null;
  const list = new BlockList();
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  return { list, bits };
}

function leadsElsewhere(uri: Uri): boolean {
  const headers = uri.scheme === 'tel' ? null : uri.headers;
  return headers?.split('&').some((pair) => /^route\s*=/i.test(unescaped(pair))) ?? false;
}
