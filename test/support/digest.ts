// Checks digest credentials as a registrar would (RFC 3261 §22.4, RFC 8760), with none of the code under test.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type Heard, one } from './text.ts';

export interface Secret {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
  /** False: the challenge had no qop, as in RFC 2069. */
  readonly qop?: boolean;
}

/** An expectation for Authorization or Proxy-Authorization. */
export function digestOf(secret: Secret): (value: string, heard: Heard) => void {
  return (value, heard) => {
    const { username, password, realm, nonce, algorithm = 'MD5', qop = true } = secret;
    const given = fields(value);
    const hash = (text: string): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    assert.equal(given.username, username);
    assert.equal(given.realm, realm);
    assert.equal(given.nonce, nonce);
    assert.equal(given.uri, heard.uri);
    assert.equal(given.algorithm ?? 'MD5', algorithm);
    const middle = qop ? [nonce, given.nc, given.cnonce, 'auth'] : [nonce];
    const response = hash(
      [hash(`${username}:${realm}:${password}`), ...middle, hash(`${heard.method}:${heard.uri}`)].join(':'),
    );
    assert.equal(given.qop, qop ? 'auth' : undefined);
    if (qop) assert.match(given.nc ?? '', /^[0-9a-f]{8}$/);
    assert.equal(given.response, response, `the digest in ${value}`);
    assert.ok(!one(heard, 'Authorization')?.includes(password), 'the password is in the header');
  };
}

/** The parameters of a Digest header, quotes taken off. */
function fields(value: string): Record<string, string> {
  assert.match(value, /^Digest /);
  const found = value.matchAll(/([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/gi);
  return Object.fromEntries([...found].map(([, name = '', quoted, bare]) => [name, quoted ?? bare ?? '']));
}
