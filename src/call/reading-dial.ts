// Reads what an application asked to be dialled into one order for each destination, or into every reason why not. Numbers
// are E.164 with a plus sign; what is called and who calls become addresses of SIP. Leaves out where they lead
// (outbound-routes.ts), and what JSON Schema can say of a body.
import type { Refusal } from '../errors.ts';
import { readAddress } from '../sip/message/address.ts';
import { fromUtf8 } from '../sip/message/grammar.ts';
import { readUri, type SipUri, writeUri } from '../sip/message/uri.ts';
import { afterBridge, type DialBody, type DialOrder, type NamedValue } from './commands.ts';
import type { Destination } from './outbound-routes.ts';
import { readHeaders, readSipAuth } from './reading.ts';
import { andWebhooks } from './webhooks.ts';

export interface Dialling {
  readonly order: DialOrder;
  readonly destination: Destination;
}

export type ReadDial = { readonly diallings: readonly Dialling[] } | { readonly refusals: readonly Refusal[] };

/** `host` is what we say of ourselves: where a number of ours lives. */
export function readDial(body: DialBody, host: string): ReadDial {
  const refusals: Refusal[] = [...lackOfLink(body)];
  const caller = readCaller(body, host, refusals);
  const headers = [...readHeaders(body, 'custom_headers', refusals), ...readHeaders(body, 'sip_headers', refusals)];
  headers.push(...readDiversion(body, host, refusals));
  if (body.retry_on_timeout === true)
    refusals.push({ name: 'invalid-value', pointer: '/retry_on_timeout', detail: noRetry });
  const credentials = readSipAuth(body, refusals);
  const isList = Array.isArray(body.to);
  const destinations = [body.to].flat().map((to, index) => ({
    to,
    destination: readDestination(to, body, isList ? `/to/${index}` : '/to', refusals),
  }));
  if (refusals.length > 0) return { refusals };
  const diallings = destinations.map(
    ({ to, destination }): Dialling => ({
      destination: destination!,
      order: {
        from: body.from,
        to,
        fromAddress: caller.address,
        toAddress: `<${toUri(destination!, host)}>`,
        displayName: body.from_display_name ?? null,
        contactUser: caller.user,
        headers: [...caller.headers, ...headers],
        timeoutMs: (body.timeout_secs ?? 30) * 1000,
        timeLimitMs: (body.time_limit_secs ?? 14_400) * 1000,
        preferredCodecs: body.preferred_codecs ?? null,
        credentials,
        clientState: body.client_state ?? null,
        webhooks: andWebhooks(null, body),
        timeoutCause: body.retry_on_timeout === false ? 'no_answer' : 'timeout',
        afterBridge: afterBridge(body),
      },
    }),
  );
  return { diallings };
}

/** What is said of a bridge says nothing without the call that is to be in it. */
function lackOfLink(body: DialBody): Refusal[] {
  const needs = [
    ['bridge_intent', body.bridge_intent === true],
    ['bridge_on_answer', body.bridge_on_answer === true],
    ['park_after_unbridge', body.park_after_unbridge !== undefined],
    ['hold_after_unbridge', body.hold_after_unbridge === true],
  ] as const;
  const [first] = needs.filter(([, isSaid]) => isSaid);
  if (first === undefined || body.link_to !== undefined) return [];
  const detail = `The 'link_to' parameter is required with '${first[0]}' and cannot be blank.`;
  return [{ name: 'missing-parameter', pointer: '/link_to', detail }];
}

const noRetry = 'A call that nobody answers in time is not tried by another route: the value can only be false.';

/** A name-addr with parameters; a number is one at our host. */
function readDiversion({ diversion }: DialBody, host: string, refusals: Refusal[]): NamedValue[] {
  if (diversion === undefined) return [];
  const value = isNumber(diversion) ? `<sip:${diversion}@${uriHost(host)}>` : fromUtf8(diversion);
  if (readAddress(value) !== null) return [{ name: 'Diversion', value }];
  refusals.push({ name: 'invalid-value', pointer: '/diversion', detail: 'It must be a number or an address of SIP.' });
  return [];
}

interface Caller {
  readonly address: string;
  readonly user: string | null;
  readonly headers: readonly NamedValue[];
}

/** RFC 3323 §4.1, RFC 3325 §9.1: who wants privacy says who he is only to the next hop that is trusted. */
function readCaller({ from, from_display_name: name, privacy }: DialBody, host: string, refusals: Refusal[]): Caller {
  const uri = isNumber(from) ? `sip:${from}@${uriHost(host)}` : fromUtf8(from);
  const read = readUri(uri);
  if (read === null || read.scheme === 'tel' || read.headers !== null) {
    refusals.push({ name: 'invalid-number', pointer: '/from' });
    return { address: '', user: null, headers: [] };
  }
  const display = name === undefined ? '' : `"${fromUtf8(name).replace(/["\\]/g, '\\$&')}" `;
  const address = `${display}<${uri}>`;
  const user = read.user !== null && /^[\w.+-]{1,64}$/.test(read.user) ? read.user : null;
  if (privacy !== 'id') return { address, user, headers: [] };
  const headers = [
    { name: 'Privacy', value: 'id' },
    { name: 'P-Asserted-Identity', value: address },
  ];
  return { address: '"Anonymous" <sip:anonymous@anonymous.invalid>', user: null, headers };
}

function readDestination(to: string, body: DialBody, pointer: string, refusals: Refusal[]): Destination | null {
  const [, target = '', suffix = ''] = /^([^,]*)((?:,.*)?)$/s.exec(to) ?? [];
  const [number = '', ...params] = target.split(';');
  const isUri = /^sips?:/i.test(target);
  const wantsSecure = /;secure=/i.test(target);
  if (suffix !== '' || wantsSecure) {
    const detail = 'Digits after a comma and encrypted sound need a media engine, which this server does not have.';
    refusals.push({ name: 'needs-media', pointer, detail });
    return null;
  }
  if (!isUri) {
    const plain = number.replace(/^tel:/i, '');
    if (isNumber(plain) && params.length === 0) return { number: plain };
    refusals.push({ name: 'invalid-number', pointer });
    return null;
  }
  const uri = readUri(fromUtf8(target));
  if (uri === null || uri.scheme === 'tel' || uri.headers !== null) {
    const detail = 'A SIP URI to dial must be a whole sip: or sips: URI without headers.';
    refusals.push({ name: 'invalid-value', pointer, detail });
    return null;
  }
  return { uri: writeUri(withTransport(uri, body.sip_transport_protocol)) };
}

const isNumber = (text: string): boolean => /^\+\d{1,15}$/.test(text);

function withTransport(uri: SipUri, transport: DialBody['sip_transport_protocol']): SipUri {
  if (transport === undefined || uri.params.has('transport')) return uri;
  return { ...uri, params: new Map([...uri.params, ['transport', transport.toLowerCase()]]) };
}

/** RFC 3261 §19.1.1, table 1: no port and no transport in To. */
function toUri(destination: Destination, host: string): string {
  if ('number' in destination) return `sip:${destination.number}@${uriHost(host)};user=phone`;
  const uri = readUri(destination.uri) as SipUri;
  const user = uri.params.get('user');
  const params = new Map(user == null ? [] : [['user', user] as const]);
  return writeUri({ ...uri, port: null, params, headers: null });
}

const uriHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
