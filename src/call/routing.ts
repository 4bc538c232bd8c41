// Which application answers an INVITE, by the subdomain and the number it was sent to. Pure. Leaves out where applications
// come from (applications.ts) and how many calls each may have (engine.ts counts them).
import { isIP } from 'node:net';
import { readUri, unescaped } from '../sip/message/uri.ts';
import type { TargetRules } from './targets.ts';
import type { RetriesPolicies } from './webhooks.ts';

/** How refers of an application's calls behave where a command does not say otherwise. Durations in milliseconds. */
export interface ReferSettings {
  readonly firstNotifyTimeoutMs: number;
  readonly timeoutMs: number;
  readonly byeGraceMs: number;
  readonly headerPlacement: HeaderPlacement;
  readonly beforeAnswer: ReferBeforeAnswer;
  readonly byeWithoutFinal: ReferByeWithoutFinal;
  readonly withoutAllow: ReferWithoutAllow;
  /** Whether the peer is put on hold before. */
  readonly holds: boolean;
  readonly inbound: ReferInbound;
}

/** What becomes of a REFER that a peer sends: the application is asked, it is refused with 603, or it is followed. */
export const refersInbound = ['ask', 'reject', 'follow'] as const;
export type ReferInbound = (typeof refersInbound)[number];

/** Where the custom headers of a refer go: onto the REFER, into the Refer-To URI, or both. */
export const headerPlacements = ['both', 'refer', 'refer-to'] as const;
export type HeaderPlacement = (typeof headerPlacements)[number];

/** What a refer of a ringing inbound call does: REFER in the early dialog, a 302, or a refusal. */
export const refersBeforeAnswer = ['early', 'redirect', 'refuse'] as const;
export type ReferBeforeAnswer = (typeof refersBeforeAnswer)[number];

/** What a refer has come to when the peer accepted it, hung up, and never said how it went. */
export const refersByeWithoutFinal = ['failed', 'completed'] as const;
export type ReferByeWithoutFinal = (typeof refersByeWithoutFinal)[number];

/** What a refer does when the peer's Allow leaves REFER out: try it all the same, or fail with 405 at once. */
export const refersWithoutAllow = ['send', 'fail'] as const;
export type ReferWithoutAllow = (typeof refersWithoutAllow)[number];

/** How the digits of `send_dtmf` go to the peer. Those of a peer are taken however they come. */
export const dtmfTypes = ['RFC 2833', 'Inband', 'SIP INFO'] as const;
export type DtmfType = (typeof dtmfTypes)[number];

/** The HTTP side of a call: a Call Control Application. `id` is what the API calls connection_id. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly webhookUrl: string | null;
  readonly webhookFailoverUrl: string | null;
  readonly webhookTimeoutMs: number;
  /** The waits between the attempts to deliver its events, by their type, in the place of the usual schedule. */
  readonly webhookRetries: RetriesPolicies;
  readonly dtmfType: DtmfType;
  /** How long an inbound call waits for its first command; null: for ever. */
  readonly firstCommandTimeoutMs: number | null;
  readonly refer: ReferSettings;
  /** One that is not takes no new calls; those it has go on. */
  readonly active: boolean;
  readonly inbound: Inbound;
  /** How many calls it may make at once, all it dials included; null: any. */
  readonly outboundChannelLimit: number | null;
  /** How many calls it may begin a second, in bursts of twice as many; null: any. */
  readonly dialsPerSecond: number | null;
  /** Whom it may call and refer to, of those that the settings allow. */
  readonly targets: TargetRules;
}

export const webhookTimeoutByDefaultMs = 2_000;

/** What is wrong with a URL for events, as a sentence without its full stop; null when nothing is. */
export function faultOfWebUrl(text: string): string | null {
  const url = /[\s\x00-\x1f\x7f]/.test(text) ? null : URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    return 'It must be a whole http or https URL, such as https://example.com/webhooks';
  }
  if (url.username || url.password) return 'It must not contain a user name or a password';
  return text.length > 2000 ? 'It is longer than 2000 characters' : null;
}

/** What of the inbound calls is for an application. Without a subdomain and numbers it only gets calls by being the first. */
export interface Inbound {
  /** The first label of the host that is called. */
  readonly sipSubdomain: string | null;
  readonly sipSubdomainFrom: SubdomainCaller;
  /** What is called: a number or user as it stands in the Request-URI, or the beginning of one with `*` after it. */
  readonly numbers: readonly string[];
  /** How many inbound calls it may have at once; null: any. */
  readonly channelLimit: number | null;
}

/** Who may call a subdomain: whoever the gate lets in, or only the trunks and phones that are known. */
export const subdomainCallers = ['from_anyone', 'only_my_connections'] as const;
export type SubdomainCaller = (typeof subdomainCallers)[number];

/** Nothing in particular is for it. */
export const unmapped: Inbound = {
  sipSubdomain: null,
  sipSubdomainFrom: 'from_anyone',
  numbers: [],
  channelLimit: null,
};

export const subdomainPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** An entry of `numbers`: a user part without escapes and parameters. */
export const numberPattern = /^[!-+\x2d-:<-~]{1,64}$/;

/** The applications in the order they were given, with the ways to find the one that a call is for. */
export interface Routes {
  readonly all: readonly [Application, ...Application[]];
  readonly bySubdomain: ReadonlyMap<string, Application>;
  readonly byNumber: ReadonlyMap<string, Application>;
}

/** Of two applications with the same subdomain or number the earlier one has it. */
export function routesTo(all: readonly [Application, ...Application[]]): Routes {
  const bySubdomain = new Map<string, Application>();
  const byNumber = new Map<string, Application>();
  for (const application of all) {
    const { sipSubdomain, numbers } = application.inbound;
    if (sipSubdomain !== null) keep(bySubdomain, sipSubdomain.toLowerCase(), application);
    for (const number of numbers) keep(byNumber, comparable(number), application);
  }
  return { all, bySubdomain, byNumber };
}

function keep(map: Map<string, Application>, key: string, application: Application): void {
  if (!map.has(key)) map.set(key, application);
}

/** The final status that an INVITE is refused with when it is for an application that does not take it. */
export type Unrouted = 403 | 480;

/**
 * The application an INVITE is for: that of the subdomain, else that of the number, the longest entry winning, else the
 * first one. What is for an application that does not take calls goes to no other one: 480, because it may take them later.
 */
export function route(routes: Routes, requestUri: string, isKnown: boolean): Application | Unrouted {
  const uri = readUri(requestUri);
  const host = uri === null || uri.scheme === 'tel' ? '' : uri.host;
  const called = uri === null ? '' : uri.scheme === 'tel' ? uri.number : (uri.user ?? '');
  const ofSubdomain = routes.bySubdomain.get(subdomainOf(host));
  if (ofSubdomain?.inbound.sipSubdomainFrom === 'only_my_connections' && !isKnown) return 403;
  const application = ofSubdomain ?? ofNumber(routes, comparable(unescaped(called))) ?? routes.all[0];
  return application.active ? application : 480;
}

/** The first of several labels, in lower case; none of an address. */
function subdomainOf(host: string): string {
  const dot = host.indexOf('.');
  return dot < 0 || isIP(host) !== 0 ? '' : host.slice(0, dot).toLowerCase();
}

const longestPrefix = 63;

function ofNumber({ byNumber }: Routes, called: string): Application | undefined {
  if (byNumber.size === 0) return undefined;
  const exact = byNumber.get(called);
  for (let length = Math.min(called.length, longestPrefix); exact === undefined && length >= 0; length -= 1) {
    const found = byNumber.get(`${called.slice(0, length)}*`);
    if (found) return found;
  }
  return exact;
}

/** RFC 3966 §5.1.1: visual separators mean nothing, and a number may carry parameters in a SIP URI (RFC 3261 §19.1.6). */
export function comparable(number: string): string {
  const [subscriber = ''] = number.split(';');
  return /^\+?[\d().*-]+$/.test(subscriber) ? subscriber.replace(/[().-]/g, '') : subscriber;
}
