// What is checked of a message before anybody acts on it: lists of rules, each named by its section. What a parser can
// see was checked there (RFC 3261 §7, §18.3); what needs a dialog or a call is checked by those. Pure.
import { tagOf } from './message/address.ts';
import { unbracket } from './message/grammar.ts';
import type { HeaderList, Request, Response } from './message/message.ts';
import { readUri } from './message/uri.ts';

/** What this user agent takes: its methods, and its option tags. */
export interface Abilities {
  readonly allow: readonly string[];
  readonly supported: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly headers: HeaderList;
}

type RequestRule = (request: Request, abilities: Abilities) => Refusal | null;

/** A method we do not have. */
function rfc3261_8_2_1(request: Request, { allow }: Abilities): Refusal | null {
  return allow.includes(request.method) ? null : { status: 405, headers: [['Allow', allow.join(', ')]] };
}

/** A Request-URI of a scheme we do not have, or one that nobody can read. In a dialog it is the Contact we gave. */
function rfc3261_8_2_2_1(request: Request): Refusal | null {
  if (tagOf(request.to) !== null) return null;
  const scheme = request.uri.slice(0, request.uri.indexOf(':')).toLowerCase();
  if (!schemes.has(scheme)) return { status: 416, headers: [] };
  return readUri(request.uri) === null ? { status: 400, headers: [] } : null;
}

const schemes: ReadonlySet<string> = new Set(['sip', 'sips', 'tel']);

/** An extension that the peer requires and we do not have. A CANCEL's Require is passed over. */
function rfc3261_8_2_2_3(request: Request, { supported }: Abilities): Refusal | null {
  if (request.method === 'CANCEL' || request.get('Require') === undefined) return null;
  const unknown = request.values('Require').filter((tag) => !supported.includes(tag.toLowerCase()));
  return unknown.length === 0 ? null : { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
}

/** A body in an encoding that we do not undo. */
function rfc3261_8_2_3(request: Request): Refusal | null {
  const encoding = request.get('Content-Encoding');
  if (encoding === undefined || request.body === '') return null;
  if (request.values('Content-Encoding').every((coding) => coding.toLowerCase() === 'identity')) return null;
  return { status: 415, headers: [['Accept-Encoding', 'identity']] };
}

const requestRules: readonly RequestRule[] = [rfc3261_8_2_1, rfc3261_8_2_2_1, rfc3261_8_2_2_3, rfc3261_8_2_3];

/** The answer to a request that breaks a rule: that of the first it breaks. */
export function refusalOf(request: Request, abilities: Abilities): Refusal | null {
  for (const rule of requestRules) {
    const refusal = rule(request, abilities);
    if (refusal) return refusal;
  }
  return null;
}

/** True when the response is to be dropped. `sentBys` are what we put into Via: `host:port`, in lower case. */
type ResponseRule = (response: Response, sentBys: ReadonlySet<string>) => boolean;

/** The topmost Via is not ours. */
function rfc3261_18_1_2({ via }: Response, sentBys: ReadonlySet<string>): boolean {
  return !sentBys.has(sentBy(via.host, via.port));
}

/** More than one Via: it was sent by somebody else, and misrouted to us. */
function rfc3261_8_1_3_3(response: Response): boolean {
  return response.values('Via').length > 1;
}

const responseRules: readonly ResponseRule[] = [rfc3261_18_1_2, rfc3261_8_1_3_3];

export function isStray(response: Response, sentBys: ReadonlySet<string>): boolean {
  return responseRules.some((rule) => rule(response, sentBys));
}

/** A sent-by as it is compared: the port that is not said is 5060 (§18.1.1). */
export function sentBy(host: string, port: number | null): string {
  return `${unbracket(host).toLowerCase()}:${port ?? 5060}`;
}
