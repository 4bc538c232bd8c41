// The words of digest authentication, both ways (RFC 3261 §22, RFC 7616, RFC 8760): challenges and credentials, each read
// and written, and the digest that joins them. MD5, SHA-256 and SHA-512-256, with qop=auth or none. Leaves out auth-int,
// the -sess algorithms and userhash; whom to answer is authorizations.ts, whom to believe authentication.ts.
import { hash } from 'node:crypto';
import { isToken, quote, splitList, unquote } from './grammar.ts';
import type { Request, Response } from './message.ts';

/** The strongest first: the order in which they are preferred (RFC 8760 §2.3, §2.4). */
export const algorithms = ['SHA-512-256', 'SHA-256', 'MD5'] as const;
/** Of RFC 8760 §2.1, as they are written. */
export type Algorithm = (typeof algorithms)[number];

const hashes: Readonly<Record<Algorithm, string>> = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' };

/** Latin1, like every text here: names and passwords beyond ASCII come through fromUtf8 (grammar.ts). */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What a peer asks for (RFC 7616 §3.3). */
export interface Challenge {
  readonly header: 'WWW-Authenticate' | 'Proxy-Authenticate';
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
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

function readChallenge(header: Challenge['header'], params: AuthParams): Challenge | null {
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const algorithm = readAlgorithm(params);
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

/** No algorithm means MD5 (RFC 7616 §3.3); null is one we do not speak. */
function readAlgorithm(params: AuthParams): Algorithm | null {
  const name = (params.get('algorithm') ?? 'MD5').toUpperCase();
  return algorithms.find((algorithm) => algorithm === name) ?? null;
}

/** The value of the header field that challenges, as its peer reads it (RFC 7616 §3.3). */
export function writeChallenge({ realm, nonce, algorithm, qop, opaque, stale }: Omit<Challenge, 'header'>): string {
  const params = [`realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `algorithm=${algorithm}`];
  if (opaque !== null) params.push(`opaque=${quote(opaque)}`);
  if (qop !== null) params.push(`qop=${quote(qop)}`);
  if (stale) params.push('stale=true');
  return `Digest ${params.join(', ')}`;
}

/** One challenge for each header and realm: of several the strongest (RFC 8760 §2.4), of equals the first. */
export function strongest(challenges: readonly Challenge[]): Challenge[] {
  const best = new Map<string, Challenge>();
  for (const challenge of challenges) {
    const key = `${challenge.header}\n${challenge.realm}`;
    const rival = best.get(key);
    if (!rival || rankOf(challenge) < rankOf(rival)) best.set(key, challenge);
  }
  return [...best.values()];
}

const rankOf = ({ algorithm }: Challenge): number => algorithms.indexOf(algorithm);

/** The request that credentials are for. */
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
  const { method, uri, cnonce } = request;
  const nc = request.nc.toString(16).padStart(8, '0');
  const secret = secretOf(algorithm, credentials, realm);
  const response = digestOf({ algorithm, nonce, use: qop && { nc, cnonce } }, secret, { method, uri });
  const params = [
    `username=${quote(credentials.username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
  ];
  if (opaque !== null) params.push(`opaque=${quote(opaque)}`);
  if (qop !== null) params.push(`qop=${qop}`, `nc=${nc}`, `cnonce=${quote(cnonce)}`);
  const name = challenge.header === 'WWW-Authenticate' ? 'Authorization' : 'Proxy-Authorization';
  return [name, `Digest ${params.join(', ')}`];
}

/** What a peer says to a challenge. `use` is null where it answers without qop. */
export interface Authorization {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower case. */
  readonly response: string;
  readonly algorithm: Algorithm;
  readonly use: { readonly nc: string; readonly cnonce: string } | null;
}

/** Every Digest credential of a request that can be read, in order; the others are left out. */
export function readAuthorizations(request: Request, header: 'Authorization' | 'Proxy-Authorization'): Authorization[] {
  return request.all(header).flatMap((value) => splitChallenges(value).flatMap((params) => readAuthorization(params)));
}

/** RFC 7616 §3.4: with qop, nc and cnonce must be there; nc is eight hexadecimal digits. */
function readAuthorization(params: AuthParams): Authorization | [] {
  const [username, realm, nonce, uri] = ['username', 'realm', 'nonce', 'uri'].map((name) => params.get(name));
  const response = params.get('response')?.toLowerCase();
  const algorithm = readAlgorithm(params);
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return [];
  if (response === undefined || algorithm === null) return [];
  const base = { username, realm, nonce, uri, response, algorithm };
  const qop = params.get('qop')?.toLowerCase();
  if (qop === undefined) return { ...base, use: null };
  const nc = params.get('nc')?.toLowerCase() ?? '';
  const cnonce = params.get('cnonce');
  return qop === 'auth' && /^[0-9a-f]{8}$/.test(nc) && cnonce !== undefined ? { ...base, use: { nc, cnonce } } : [];
}

/** H(A1) of RFC 7616 §3.4.2: as good as the password, in this realm and by this algorithm. */
export function secretOf(algorithm: Algorithm, { username, password }: Credentials, realm: string): string {
  return digest(algorithm, `${username}:${realm}:${password}`);
}

/** RFC 7616 §3.4.1; without qop as RFC 2069 had it (RFC 3261 §22.4). */
export function digestOf(
  { algorithm, nonce, use }: Pick<Authorization, 'algorithm' | 'nonce' | 'use'>,
  secret: string,
  { method, uri }: Pick<DigestRequest, 'method' | 'uri'>,
): string {
  const what = digest(algorithm, `${method}:${uri}`);
  const middle = use === null ? nonce : `${nonce}:${use.nc}:${use.cnonce}:auth`;
  return digest(algorithm, `${secret}:${middle}:${what}`);
}

function digest(algorithm: Algorithm, text: string): string {
  return hash(hashes[algorithm], Buffer.from(text, 'latin1'));
}
