// API keys: `Authorization: Bearer <key>` (RFC 6750 §2.1). Knows only the SHA-256 of each key, never a key itself.
// Leaves out where the hashes are kept and who made them.
import { hash, timingSafeEqual } from 'node:crypto';

const bearer = /^bearer +([^\s]+) *$/i;

/** What is stored of an API key: its SHA-256 in lower-case hexadecimal. Keys are random and long, so no salt is needed. */
export function hashKey(key: string): string {
  return hash('sha256', key);
}

export class Auth {
  readonly #digests: readonly Buffer[];

  /** `hashes` are those of `hashKey`. */
  constructor(hashes: readonly string[]) {
    this.#digests = hashes.map((text) => Buffer.from(text, 'hex'));
    if (this.#digests.some((digest) => digest.length !== 32)) throw new TypeError('An API key hash is not a SHA-256.');
  }

  /** Whether this Authorization header carries one of the keys. Takes as long for a wrong key as for a right one. */
  check(header: string | undefined): boolean {
    const key = header === undefined ? undefined : bearer.exec(header)?.[1];
    if (key === undefined) return false;
    const digest = hash('sha256', key, 'buffer');
    let found = false;
    for (const known of this.#digests) found = timingSafeEqual(known, digest) || found;
    return found;
  }
}
