// Digest authentication, the client's side: challenges read, credentials written (RFC 3261 §22, RFC 7616, RFC 8760).
// MD5 and SHA-256, with qop=auth or none. Leaves out auth-int, the -sess algorithms, and whom to send credentials to.
import { hash } from 'node:crypto';
import { isToken, quote, splitList, unquote } from './grammar.ts';
import type { Response } from './message.ts';

/** Latin1, like every text here: names and passwords beyond ASCII come through fromUtf8 (grammar.ts). */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Challenge {
  readonly header: 'WWW-Authenticate' | 'Proxy-Authenticate';
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly qop: 'auth' | null;
  readonly opaque: string | null;
  readonly stale: boolean;
}

/** Every challenge of a response that we can answer, in order; the others are left out. */
export function readChallenges(response: Response): Challenge[] {
  const headers = ['WWW-Authenticate', 'Proxy-Authenticate'] as const;
  return headers.flatMap((header) =>
    response
      .all(header)
      .flatMap((value) => splitChallenges(value).flatMap((params) => readChallenge(header, params) ?? [])),
  );
}

type AuthParams = ReadonlyMap<string, string>;

// challenge  = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
// auth-param = token BWS "=" BWS ( token / quoted-string )
const schemeElement = /^([^\s=",]+)(?:[ \t]+|$)(.*)$/s;
const authParam = /^([^\s=",]+)[ \t]*=[ \t]*(".*"|[^\s",]*)$/s;

/** RFC 9110 §11.6.1: a comma parts parameters and challenges alike; an element that opens with a scheme begins a new challenge. */
function splitChallenges(value: string): AuthParams[] {
  const challenges: AuthParams[] = [];
  let current: Map<string, string> | null = null;
  for (const element of splitList(value)) {
    const scheme = schemeElement.exec(element);
    const opens = scheme !== null && isToken(scheme[1]!) && !scheme[2]!.startsWith('=');
    if (opens) {
      current = null;
      if (scheme[1]!.toLowerCase() !== 'digest') continue;
      current = new Map();
      challenges.push(current);
    }
    const param = authParam.exec(opens ? scheme[2]! : element);
    if (param && current && !current.has(param[1]!.toLowerCase()))
      current.set(param[1]!.toLowerCase(), unquote(param[2]!));
  }
  return challenges;
}

const algorithms = { md5: 'MD5', 'sha-256': 'SHA-256' } as const;

function readChallenge(header: Challenge['header'], params: AuthParams): Challenge | null {
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const name = (params.get('algorithm') ?? 'MD5').toLowerCase();
  const algorithm = name === 'md5' || name === 'sha-256' ? algorithms[name] : null;
  const qops = params
    .get('qop')
    ?.split(',')
    .map((qop) => qop.trim().toLowerCase());
  if (realm === undefined || nonce === undefined || !algorithm) return null;
  if (qops && !qops.includes('auth') && qops.some((qop) => qop !== '')) return null;
  return {
    header,
    realm,
    nonce,
    algorithm,
    qop: qops?.includes('auth') ? 'auth' : null,
    opaque: params.get('opaque') ?? null,
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
}

/** One challenge for each header and realm: of several the strongest, SHA-256 before MD5 (RFC 8760 §2.4), else the first. */
export function strongest(challenges: readonly Challenge[]): Challenge[] {
  const best = new Map<string, Challenge>();
  for (const challenge of challenges) {
    const key = `${challenge.header}\n${challenge.realm}`;
    const rival = best.get(key);
    if (!rival || (rival.algorithm === 'MD5' && challenge.algorithm === 'SHA-256')) best.set(key, challenge);
  }
  return [...best.values()];
}

export interface DigestRequest {
  readonly method: string;
  /** The Request-URI, as it is sent. */
  readonly uri: string;
  readonly cnonce: string;
  /** How often this nonce has been used, this time included. */
  readonly nc: number;
}

/** The header field that answers a challenge (RFC 7616 §3.4). */
export function authorize(
  challenge: Challenge,
  request: DigestRequest,
  credentials: Credentials,
): readonly [name: 'Authorization' | 'Proxy-Authorization', value: string] {
  const { realm, nonce, algorithm, qop, opaque } = challenge;
  const nc = request.nc.toString(16).padStart(8, '0');
  const params = [
    `username=${quote(credentials.username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(request.uri)}`,
    `response="${digestOf(challenge, request, nc, credentials)}"`,
    `algorithm=${algorithm}`,
  ];
  if (opaque !== null) params.push(`opaque=${quote(opaque)}`);
  if (qop !== null) params.push(`qop=${qop}`, `nc=${nc}`, `cnonce=${quote(request.cnonce)}`);
  const name = challenge.header === 'WWW-Authenticate' ? 'Authorization' : 'Proxy-Authorization';
  return [name, `Digest ${params.join(', ')}`];
}

/** RFC 7616 §3.4.1; without qop as RFC 2069 had it (RFC 3261 §22.4). */
function digestOf(
  { realm, nonce, algorithm, qop }: Challenge,
  request: DigestRequest,
  nc: string,
  credentials: Credentials,
): string {
  const digest = (text: string): string => hash(algorithm === 'MD5' ? 'md5' : 'sha256', Buffer.from(text, 'latin1'));
  const secret = digest(`${credentials.username}:${realm}:${credentials.password}`);
  const what = digest(`${request.method}:${request.uri}`);
  return digest(
    qop === null ? `${secret}:${nonce}:${what}` : `${secret}:${nonce}:${nc}:${request.cnonce}:${qop}:${what}`,
  );
}
