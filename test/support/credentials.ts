// A peer that answers a challenge as a phone does (RFC 3261 §22.2, RFC 8760), with none of the code under test.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Heard } from './text.ts';

interface Secret {
  readonly username: string;
  readonly password: string;
  readonly algorithm?: 'MD5' | 'SHA-256' | 'SHA-512-256';
}

const hashes = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/**
 * `challenge` is the expectation of a WWW-Authenticate: it remembers what is asked. `credentials` is the `raw` of an
 * override: the request with what answers it, its count one higher each time, or the one that is said.
 */
export function answering({ username, password, algorithm = 'SHA-512-256' }: Secret) {
  let nonce = '';
  let realm = '';
  let count = 0;
  const challenge =
    ({ stale = false, plain = false } = {}) =>
    (_first: string, heard: Heard): void => {
      const all = heard.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
      assert.deepEqual(
        all.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1]),
        plain ? ['MD5'] : Object.keys(hashes).toReversed(),
        plain ? 'one alone' : 'the strongest first',
      );
      const value = all.find((each) => each.includes(`algorithm=${algorithm},`)) ?? '';
      assert.equal(/stale=true/.test(value), stale, value);
      nonce = /nonce="([^"]+)"/.exec(value)?.[1] ?? '';
      realm = /realm="([^"]+)"/.exec(value)?.[1] ?? '';
      count = 0;
    };
  const credentials = (nc?: number) => (text: string) => {
    count = nc ?? count + 1;
    const [method, uri] = text.split(' ') as [string, string];
    const hash = (input: string): string => createHash(hashes[algorithm]).update(input).digest('hex');
    const use = [count.toString(16).padStart(8, '0'), 'c0ffee'] as const;
    const response = hash(
      [hash(`${username}:${realm}:${password}`), nonce, ...use, 'auth', hash(`${method}:${uri}`)].join(':'),
    );
    const params = [
      ...[`username="${username}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`],
      ...[`response="${response}"`, `algorithm=${algorithm}`, `cnonce="${use[1]}"`, 'qop=auth', `nc=${use[0]}`],
    ];
    return text.replace('\r\nContent-Length', `\r\nAuthorization: Digest ${params.join(', ')}\r\nContent-Length`);
  };
  return { challenge, credentials };
}
