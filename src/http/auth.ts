// API keys: `Authorization: Bearer <key>` (RFC 6750 §2.1), and what each may ask for. Knows only the SHA-256 of a key,
// never the key itself. Leaves out where the hashes are kept and who made them (keys.ts).
import { hash, timingSafeEqual } from 'node:crypto';

/** What a key may ask for, each with all that stands before it: to read, to command calls, to change the server. */
export const scopes = ['read', 'command', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** A key that is known: by which id, and what it may ask for. */
export interface Holder {
  readonly id: string;
  readonly scope: Scope;
}

interface Known extends Holder {
  readonly digest: Buffer;
}

const bearer = /^bearer +([^\s]+) *$/i;

/** What is stored of an API key: its SHA-256 in lower-case hexadecimal. Keys are random and long, so no salt is needed. */
export function hashKey(key: string): string {
  return hash('sha256', key);
}

export function includes(scope: Scope, needed: Scope): boolean {
  return scopes.indexOf(scope) >= scopes.indexOf(needed);
}

export class Auth {
  readonly #keys = new Map<string, Known>();

  /** `hashes` are those of `hashKey`, of keys that may ask for everything and cannot be revoked. */
  constructor(hashes: readonly string[]) {
    for (const each of hashes) this.admit(each, each, 'admin');
  }

  /** From now on the key with this hash may ask for what `scope` says, until `id` is revoked. */
  admit(id: string, hashed: string, scope: Scope): void {
    const digest = Buffer.from(hashed, 'hex');
    if (digest.length !== 32) throw new TypeError('An API key hash is not a SHA-256.');
    this.#keys.set(id, { id, digest, scope });
  }

  revoke(id: string): void {
    this.#keys.delete(id);
  }

  /**
   * Whose the key in this Authorization header is; null when it carries none of ours. Takes as long for a wrong key as
   * for a right one.
   */
  holderOf(header: string | undefined): Holder | null {
    const key = header === undefined ? undefined : bearer.exec(header)?.[1];
    if (key === undefined) return null;
    const digest = hash('sha256', key, 'buffer');
    let holder: Holder | null = null;
    for (const known of this.#keys.values()) if (timingSafeEqual(known.digest, digest)) holder = known;
    return holder;
  }
}
