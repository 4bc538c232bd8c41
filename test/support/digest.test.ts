import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from './digest.ts';
import type { Heard } from './text.ts';

const request = { method: 'GET', uri: '/dir/index.html', headers: [] } as unknown as Heard;
const mufasa = {
  username: 'Mufasa',
  password: 'Circle Of Life',
  realm: 'testrealm@host.com',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
};
const header =
  'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", ' +
  'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"';

test('the example of RFC 2617 §3.5 is right', () => digestOf(mufasa)(header, request));

test('anything else is wrong', () => {
  assert.throws(() => digestOf({ ...mufasa, password: 'x' })(header, request), /digest/);
  assert.throws(() => digestOf({ ...mufasa, nonce: 'x' })(header, request));
  assert.throws(() => digestOf(mufasa)(header.replace('/dir/index.html', '/'), request));
  assert.throws(() => digestOf(mufasa)(header.replace('qop=auth, ', ''), request));
  assert.throws(() => digestOf(mufasa)('Basic x', request));
});
