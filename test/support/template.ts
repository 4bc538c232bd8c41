// What the peer says when it is not told otherwise: plain texts, and how a scenario changes them.
import type { HeaderName } from './expect.ts';
import { type Heard, readText } from './text.ts';

/** How a message differs from the usual one. A header is named by its own name: a list repeats it, null leaves it out. */
export interface Overrides {
  readonly [header: HeaderName]: string | readonly string[] | null;
  readonly body?: string;
  readonly uri?: string;
  readonly reason?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly callId?: string;
  readonly fromTag?: string;
  /** Null: no tag. */
  readonly toTag?: string | null;
  /** The method of the request that a response answers; default: the last one that is unanswered. */
  readonly answers?: string;
  /** The last word on the whole text. */
  readonly raw?: (text: string) => string;
  /** It is sent, but never arrives. */
  readonly lost?: boolean;
  /** A retransmission: what was last sent of this kind, byte for byte; nothing else said here counts. */
  readonly again?: boolean;
}

export const offer = (host: string): string => sdp(host, 49_170, 'sendrecv');

/** A description with PCMU, PCMA and telephone-event. */
export function sdp(host: string, port: number, direction: string): string {
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${host}`,
    's=-',
    `c=IN IP4 ${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    `a=${direction}`,
    '',
  ].join('\r\n');
}

export const reasons: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  416: 'Unsupported URI Scheme',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  603: 'Decline',
};

export const allow = 'INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY, REFER';
export const withContact = ['INVITE', 'UPDATE', 'NOTIFY', 'REFER', 'SUBSCRIBE'];

/** Puts the headers of the overrides in: in place where there is one, at the end where there is none. */
export function apply(headers: readonly [string, string][], overrides: Overrides): [string, string][] {
  const result = [...headers];
  for (const [name, value] of Object.entries(overrides)) {
    if (!/^[A-Z]/.test(name)) continue;
    const values = value === null ? [] : typeof value === 'string' ? [value] : (value as readonly string[]);
    const at = result.findIndex(([other]) => other === name);
    const kept = result.filter(([other]) => other !== name);
    kept.splice(at < 0 ? kept.length : at, 0, ...values.map((each): [string, string] => [name, each]));
    result.splice(0, result.length, ...kept);
  }
  return result;
}

/** A message of the peer's own may be as wrong as a scenario wants: what cannot be read is kept as it is. */
export function readOwn(text: string): Heard {
  try {
    return readText(text);
  } catch {
    return { text, method: text.split(' ')[0] ?? '', uri: '', status: null, reason: '', headers: [], body: '' };
  }
}
