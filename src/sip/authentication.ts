// Who a request is from, by digest, on the side that asks (RFC 3261 §22.1, RFC 7616 §3.3, RFC 8760). A nonce is signed and
// kept nowhere: its time, its chance, and an HMAC that binds them to the realm and to the address it was given to. What
// was used of it is kept, in bounded memory, so that no credentials are taken twice. Leaves out whom to ask (admission).
import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type Algorithm,
  type Authorization,
  algorithms,
  digestOf,
  readAuthorizations,
  secretOf,
  writeChallenge,
} from './message/digest.ts';
import type { HeaderList, Request } from './message/message.ts';
import { readUri } from './message/uri.ts';

/** 401 comes from registrars and UASs, 407 from proxies (RFC 3261 §22.2, §22.3). */
export type Asking = 401 | 407;

/** In whose name is asked, and who is known. */
export interface AuthenticationOptions {
  readonly realm: string;
  /** At least 16 bytes nobody can guess. A new one for each process: no nonce outlives the memory of its use. */
  readonly key: Buffer;
  /** The password of a user, latin1 like the name; null where there is no such user. */
  readonly passwordOf: (username: string) => string | null;
  readonly asking?: Asking;
  /** What is offered, in this order; answers by another are wrong. Default: all, the strongest first. */
  readonly algorithms?: readonly Algorithm[];
  /** How long a nonce is good for. */
  readonly lifetimeMs?: number;
  /** Of how many nonces the use is remembered. */
  readonly nonces?: number;
}

/** `stale`: the password was right, the nonce is not (any more). `absent`: there are no credentials for this realm. */
export type Verdict =
  | { readonly result: 'right'; readonly username: string }
  | { readonly result: 'stale' | 'wrong' | 'absent' };

/** `plain`: the last algorithm alone, for peers that are lost among several. */
export interface Wish {
  readonly stale?: boolean;
  readonly plain?: boolean;
}

/** A refusal that asks: its status, and a challenge for each algorithm. */
export interface Challenged {
  readonly status: Asking;
  readonly headers: HeaderList;
}

const fiveMinutesMs = 300_000;

/** Digest on the side that asks (RFC 3261 §22, RFC 7616 §3.3, RFC 8760): nothing is kept of a nonce but its use. */
export class Authentication {
  readonly #options: Required<AuthenticationOptions>;
  readonly #uses: Uses;

  constructor(options: AuthenticationOptions) {
    this.#options = { asking: 401, algorithms, lifetimeMs: fiveMinutesMs, nonces: 10_000, ...options };
    this.#uses = new Uses(this.#options.nonces);
  }

  /** The refusal that asks: a challenge for each algorithm, in their order. `host` is where the request came from. */
  challenge(host: string, at: number, seed: string, { stale = false, plain = false }: Wish = {}): Challenged {
    const { asking, realm, key } = this.#options;
    const nonce = makeNonce(key, { at, seed, realm, host });
    const name = asking === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const offered = plain ? this.#options.algorithms.slice(-1) : this.#options.algorithms;
    const challenges = offered.map((algorithm) =>
      writeChallenge({ realm, nonce, algorithm, qop: 'auth', opaque: null, stale }),
    );
    return { status: asking, headers: challenges.map((challenge) => [name, challenge] as const) };
  }

  /** Credentials that are right count as used. The first of this realm speaks for the request (RFC 3261 §22.3). */
  verify(request: Request, host: string, at: number): Verdict {
    const { asking, realm } = this.#options;
    const header = asking === 401 ? 'Authorization' : 'Proxy-Authorization';
    const given = readAuthorizations(request, header).find((each) => each.realm === realm);
    if (given === undefined) return { result: 'absent' };
    if (!this.#knowsPassword(given, request)) return { result: 'wrong' };
    return this.#isFresh(given, host, at) ? { result: 'right', username: given.username } : { result: 'stale' };
  }

  /** As much work for a user there is as for one there is not. */
  #knowsPassword(given: Authorization, request: Request): boolean {
    const password = this.#options.passwordOf(given.username);
    const secret = secretOf(given.algorithm, { username: given.username, password: password ?? '' }, given.realm);
    const expected = digestOf(given, secret, { method: request.method, uri: given.uri });
    const isOffered = this.#options.algorithms.includes(given.algorithm);
    return sameText(expected, given.response) && password !== null && isOffered && isFor(given.uri, request.uri);
  }

  #isFresh({ nonce, use }: Authorization, host: string, at: number): boolean {
    const { key, realm, lifetimeMs } = this.#options;
    const issuedAt = readNonce(key, nonce, { realm, host });
    if (issuedAt === null || at - issuedAt >= lifetimeMs || issuedAt > at) return false;
    // Without qop there is no count: a nonce is good for one request.
    return this.#uses.take(nonce, issuedAt, use === null ? null : Number.parseInt(use.nc, 16));
  }
}

/**
 * RFC 7616 §3.4.6: the credentials must be for what is asked for.
 * Deviation: port and parameters may differ, for phones that write them in one place and not in the other; what could be
 * gained by that is stopped by the count of the nonce.
 */
function isFor(claimed: string, asked: string): boolean {
  if (claimed === asked) return true;
  const [a, b] = [readUri(claimed), readUri(asked)];
  if (a === null || b === null || a.scheme === 'tel' || b.scheme === 'tel') return false;
  return a.user === b.user && a.host.toLowerCase() === b.host.toLowerCase();
}

/** What a nonce says and is bound to: `at` in wall-clock milliseconds, `seed` 16 hexadecimal digits. */
interface Binding {
  readonly at: number;
  readonly seed: string;
  readonly realm: string;
  readonly host: string;
}

const timeBytes = 6;
const seedBytes = 8;
const macBytes = 16;
const nonceChars = Math.ceil(((timeBytes + seedBytes + macBytes) * 4) / 3);

function makeNonce(key: Buffer, { at, seed, realm, host }: Binding): string {
  const body = Buffer.alloc(timeBytes + seedBytes);
  body.writeUIntBE(Math.floor(at), 0, timeBytes);
  body.write(seed, timeBytes, seedBytes, 'hex');
  return Buffer.concat([body, signature(key, body, realm, host)]).toString('base64url');
}

/** When it was made; null for one that is not ours, or was given to somebody else. */
function readNonce(key: Buffer, nonce: string, { realm, host }: Pick<Binding, 'realm' | 'host'>): number | null {
  if (nonce.length !== nonceChars) return null;
  const bytes = Buffer.from(nonce, 'base64url');
  // Two texts that mean the same bytes would be two nonces, each with uses of its own.
  if (bytes.length !== timeBytes + seedBytes + macBytes || bytes.toString('base64url') !== nonce) return null;
  const body = bytes.subarray(0, timeBytes + seedBytes);
  const right = timingSafeEqual(signature(key, body, realm, host), bytes.subarray(body.length));
  return right ? body.readUIntBE(0, timeBytes) : null;
}

function signature(key: Buffer, body: Buffer, realm: string, host: string): Buffer {
  const mac = createHmac('sha256', key).update(body).update(`${realm}\0${host}`, 'latin1');
  return mac.digest().subarray(0, macBytes);
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
}

/** How far a count may lag behind the highest: requests overtake each other. */
const windowSize = 32;

interface Use {
  readonly issuedAt: number;
  highest: number;
  /** Bit n: highest - n was used. */
  seen: number;
}

/** Which counts of which nonces were used. A nonce that had to be forgotten is stale, and so are all as old as it. */
class Uses {
  readonly #limit: number;
  readonly #byNonce = new Map<string, Use>();
  #forgottenUntil = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether this use is the first of its count; null is the only use there is. */
  take(nonce: string, issuedAt: number, count: number | null): boolean {
    const use = this.#byNonce.get(nonce);
    if (use === undefined) {
      if (issuedAt <= this.#forgottenUntil || count === 0) return false;
      const only = count === null;
      this.#byNonce.set(nonce, { issuedAt, highest: only ? Number.POSITIVE_INFINITY : count, seen: 1 });
      this.#forget();
      return true;
    }
    return count !== null && raise(use, count);
  }

  #forget(): void {
    if (this.#byNonce.size <= this.#limit) return;
    const [[nonce, { issuedAt }]] = this.#byNonce.entries().take(1) as unknown as [[string, Use]];
    this.#forgottenUntil = Math.max(this.#forgottenUntil, issuedAt);
    this.#byNonce.delete(nonce);
  }
}

function raise(use: Use, count: number): boolean {
  if (count > use.highest) {
    const ahead = count - use.highest;
    use.seen = ahead >= windowSize ? 1 : ((use.seen << ahead) | 1) >>> 0;
    use.highest = count;
    return true;
  }
  const behind = use.highest - count;
  if (behind >= windowSize || count === 0 || (use.seen & (1 << behind)) !== 0) return false;
  use.seen = (use.seen | (1 << behind)) >>> 0;
  return true;
}
