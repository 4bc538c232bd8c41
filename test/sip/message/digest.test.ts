import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Authorization,
  algorithms,
  authorize,
  type Challenge,
  digestOf,
  readAuthorizations,
  readChallenges,
  secretOf,
  strongest,
  writeChallenge,
} from '../../../src/sip/message/digest.ts';
import { Request, Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawResponse } from '../../support/messages.ts';

const challenge = (more: Partial<Challenge> = {}): Challenge => ({
  header: 'WWW-Authenticate',
  realm: 'r',
  nonce: 'n',
  algorithm: 'MD5',
  qop: null,
  opaque: null,
  stale: false,
  ...more,
});

function challenges(changes: Changes): readonly Challenge[] {
  const response = parse(rawResponse(401, changes));
  assert.ok(response instanceof Response);
  return readChallenges(response);
}

const read: readonly (readonly [name: string, changes: Changes, challenges: readonly Challenge[]])[] = [
  ['as plain as can be', { 'WWW-Authenticate': 'Digest realm="r", nonce="n"' }, [challenge()]],
  [
    'from a proxy',
    { 'Proxy-Authenticate': 'Digest realm="r", nonce="n"' },
    [challenge({ header: 'Proxy-Authenticate' })],
  ],
  [
    'with everything',
    {
      'WWW-Authenticate':
        'Digest realm="a, b", qop="auth,auth-int", nonce="n", opaque="", stale=FALSE, algorithm=MD5, domain="sip:x", charset=UTF-8',
    },
    [challenge({ realm: 'a, b', qop: 'auth', opaque: '' })],
  ],
  [
    'however it is spelt',
    { 'WWW-Authenticate': 'DIGEST  Realm = "r" ,NONCE="n",Algorithm="sha-256",QOP=auth,Stale="True"' },
    [challenge({ algorithm: 'SHA-256', qop: 'auth', stale: true })],
  ],
  ['folded', { 'WWW-Authenticate': 'Digest\r\n realm="r",\r\n nonce="n"' }, [challenge()]],
  [
    'with quoted pairs',
    { 'WWW-Authenticate': 'Digest realm="a \\"b\\" \\\\c", nonce="n\\n"' },
    [challenge({ realm: 'a "b" \\c', nonce: 'nn' })],
  ],
  ['unquoted', { 'WWW-Authenticate': 'Digest realm=r, nonce=n' }, [challenge()]],
  ['with an empty realm', { 'WWW-Authenticate': 'Digest realm="", nonce="n"' }, [challenge({ realm: '' })]],
  ['with an empty qop', { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop=""' }, [challenge()]],
  ['with stray commas', { 'WWW-Authenticate': ',Digest realm="r",, nonce="n",' }, [challenge()]],
  ['with a parameter that cannot be read', { 'WWW-Authenticate': 'Digest realm="r", what?, nonce="n"' }, [challenge()]],
  [
    'with a name twice: the first counts',
    { 'WWW-Authenticate': 'Digest realm="r", nonce="n", nonce="m"' },
    [challenge()],
  ],
  [
    'several lines (RFC 8760 §2.3)',
    {
      'WWW-Authenticate': [
        'Digest realm="r", nonce="n1", algorithm=SHA-256',
        'Digest realm="r", nonce="n2", algorithm=MD5',
      ],
    },
    [challenge({ nonce: 'n1', algorithm: 'SHA-256' }), challenge({ nonce: 'n2' })],
  ],
  [
    'several in one line',
    {
      'Proxy-Authenticate': 'Digest realm="r1", nonce="n1", qop="auth", Basic realm="b", Digest realm="r2", nonce="n2"',
    },
    [
      challenge({ header: 'Proxy-Authenticate', realm: 'r1', nonce: 'n1', qop: 'auth' }),
      challenge({ header: 'Proxy-Authenticate', realm: 'r2', nonce: 'n2' }),
    ],
  ],
  [
    'another scheme first, without parameters',
    { 'WWW-Authenticate': 'Negotiate, NTLM abc==, Digest realm="r", nonce="n"' },
    [challenge()],
  ],
  ['only another scheme', { 'WWW-Authenticate': 'Basic realm="r", nonce="n"' }, []],
  ['auth-int alone', { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth-int"' }, []],
  [
    'with the longest algorithm',
    { 'WWW-Authenticate': 'Digest realm="r", nonce="n", algorithm=sha-512-256' },
    [challenge({ algorithm: 'SHA-512-256' })],
  ],
  ['an algorithm we do not speak', { 'WWW-Authenticate': 'Digest realm="r", nonce="n", algorithm=SHA-512' }, []],
  ['a session algorithm', { 'WWW-Authenticate': 'Digest realm="r", nonce="n", algorithm=MD5-sess' }, []],
  [
    'an algorithm that everything has',
    { 'WWW-Authenticate': 'Digest realm="r", nonce="n", algorithm=constructor' },
    [],
  ],
  ['no realm', { 'WWW-Authenticate': 'Digest nonce="n"' }, []],
  ['no nonce', { 'WWW-Authenticate': 'Digest realm="r"' }, []],
  ['nothing', { 'WWW-Authenticate': '' }, []],
  ['a quote that never closes', { 'WWW-Authenticate': 'Digest realm="r, nonce="n"' }, []],
];

for (const [name, changes, expected] of read) {
  test(`a challenge ${name}`, () => assert.deepEqual(challenges(changes), expected));
}

test('of several challenges the strongest for each header and realm (RFC 8760 §2.4)', () => {
  const md5 = challenge({ nonce: '1' });
  const sha = challenge({ nonce: '2', algorithm: 'SHA-256' });
  const other = challenge({ nonce: '3', realm: 'other' });
  const proxy = challenge({ nonce: '4', header: 'Proxy-Authenticate' });
  const again = challenge({ nonce: '5' });
  assert.deepEqual(strongest([md5, sha, other, proxy, again]), [sha, other, proxy]);
  assert.deepEqual(strongest([sha, md5]), [sha]);
  const longest = challenge({ nonce: '6', algorithm: 'SHA-512-256' });
  assert.deepEqual(strongest([md5, sha, longest]), [longest]);
  assert.deepEqual(strongest([md5, again]), [md5]);
  assert.deepEqual(strongest([]), []);
});

const opaque = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const nonce7616 = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const request7616 = {
  method: 'GET',
  uri: '/dir/index.html',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  nc: 1,
};
const request2617 = { method: 'GET', uri: '/dir/index.html', cnonce: '0a4f113b', nc: 1 };
const mufasa = { username: 'Mufasa', password: 'Circle of Life' };

test('RFC 2617 §3.5', () => {
  const asked = challenge({
    realm: 'testrealm@host.com',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    qop: 'auth',
    opaque: '5ccc069c403ebaf9f0171e9517f40e41',
  });
  const [name, value] = authorize(asked, request2617, { username: 'Mufasa', password: 'Circle Of Life' });
  assert.equal(name, 'Authorization');
  assert.equal(
    value,
    'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ' +
      'response="6629fae49393a05397450978507c4ef1", algorithm=MD5, opaque="5ccc069c403ebaf9f0171e9517f40e41", qop=auth, nc=00000001, cnonce="0a4f113b"',
  );
});

test('RFC 2069 §2.4, without qop (as its erratum has it)', () => {
  const asked = challenge({ realm: 'testrealm@host.com', nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' });
  const [, value] = authorize(asked, request2617, { username: 'Mufasa', password: 'CircleOfLife' });
  assert.match(value, /response="1949323746fe6a43ef61f9606e7febea"/);
  assert.doesNotMatch(value, /qop|nc=|cnonce|opaque/);
});

test('RFC 7616 §3.9.1, MD5 and SHA-256', () => {
  const asked = challenge({
    header: 'Proxy-Authenticate',
    realm: 'http-auth@example.org',
    nonce: nonce7616,
    qop: 'auth',
    opaque,
  });
  const [name, value] = authorize(asked, request7616, mufasa);
  assert.equal(name, 'Proxy-Authorization');
  assert.match(value, /response="8ca523f5e9506fed4657c9700eebdbec", algorithm=MD5,/);
  const [, stronger] = authorize({ ...asked, algorithm: 'SHA-256' }, request7616, mufasa);
  assert.match(
    stronger,
    /response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", algorithm=SHA-256,/,
  );
});

test('nc is eight hexadecimal digits', () => {
  const asked = challenge({ qop: 'auth' });
  for (const [nc, text] of [
    [1, '00000001'],
    [255, '000000ff'],
    [4_294_967_295, 'ffffffff'],
  ] as const) {
    assert.match(authorize(asked, { ...request2617, nc }, mufasa)[1], new RegExp(`, nc=${text}, `));
  }
});

test('quotes and backslashes are escaped where they are written', () => {
  const [, value] = authorize(challenge({ realm: 'a "b"', opaque: '\\' }), request2617, {
    username: 'c"d',
    password: '',
  });
  assert.match(value, /^Digest username="c\\"d", realm="a \\"b\\"", .*, opaque="\\\\"$/);
});

test('RFC 7616 §3.9.2, SHA-512-256, as its erratum 4897 has it, without the userhash', () => {
  const asked = challenge({
    realm: 'api@example.org',
    nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
    algorithm: 'SHA-512-256',
    qop: 'auth',
  });
  const request = { method: 'GET', uri: '/doe.json', cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v', nc: 1 };
  const username = Buffer.from('J\u00e4s\u00f8n Doe', 'utf8').toString('latin1');
  assert.match(
    authorize(asked, request, { username, password: 'Secret, or not?' })[1],
    /response="3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5", algorithm=SHA-512-256,/,
  );
});

test('a challenge is read as it was written', () => {
  for (const algorithm of algorithms) {
    for (const more of [{}, { qop: 'auth', stale: true }, { opaque: 'o"\\' }, { realm: 'a, "b"' }] as const) {
      const written = challenge({ algorithm, ...more });
      assert.deepEqual(challenges({ 'WWW-Authenticate': writeChallenge(written) }), [written]);
    }
  }
});

function authorizations(value: string | readonly string[]): readonly Authorization[] {
  const request = parse(rawInvite({ Authorization: value }));
  assert.ok(request instanceof Request);
  return readAuthorizations(request, 'Authorization');
}

const authorization = (more: Partial<Authorization> = {}): Authorization => ({
  username: 'u',
  realm: 'r',
  nonce: 'n',
  uri: 'sip:x',
  response: 'ab',
  algorithm: 'MD5',
  use: null,
  ...more,
});

const plain = 'Digest username="u", realm="r", nonce="n", uri="sip:x", response="AB"';
const given: readonly (readonly [name: string, value: string | readonly string[], read: readonly Authorization[]])[] = [
  ['without qop', plain, [authorization()]],
  [
    'with qop',
    `${plain}, qop=auth, nc=0000000A, cnonce="c", algorithm=sha-256`,
    [authorization({ use: { nc: '0000000a', cnonce: 'c' }, algorithm: 'SHA-256' })],
  ],
  [
    'with qop in quotes',
    `${plain}, qop="auth", nc=00000001, cnonce=""`,
    [authorization({ use: { nc: '00000001', cnonce: '' } })],
  ],
  ['of two realms', [plain, plain.replace('"r"', '"s"')], [authorization(), authorization({ realm: 's' })]],
  ['with auth-int', `${plain}, qop=auth-int, nc=00000001, cnonce="c"`, []],
  ['with qop but no nc', `${plain}, qop=auth, cnonce="c"`, []],
  ['with qop but no cnonce', `${plain}, qop=auth, nc=00000001`, []],
  ['with an nc that is none', `${plain}, qop=auth, nc=1, cnonce="c"`, []],
  ['with an algorithm we do not speak', `${plain}, algorithm=MD5-sess`, []],
  ['of another scheme', 'Basic dTpw', []],
  ['without a response', 'Digest username="u", realm="r", nonce="n", uri="sip:x"', []],
  ['without a username', 'Digest realm="r", nonce="n", uri="sip:x", response="ab"', []],
];

for (const [name, value, expected] of given) {
  test(`credentials ${name}`, () => assert.deepEqual(authorizations(value), expected));
}

test('what a client writes, a server finds right', () => {
  for (const algorithm of algorithms) {
    for (const qop of ['auth', null] as const) {
      const [, value] = authorize(challenge({ algorithm, qop }), { ...request2617, method: 'INVITE' }, mufasa);
      const [read] = authorizations(value);
      assert.ok(read);
      const secret = secretOf(algorithm, mufasa, 'r');
      assert.equal(read.response, digestOf(read, secret, { method: 'INVITE', uri: request2617.uri }));
    }
  }
});
