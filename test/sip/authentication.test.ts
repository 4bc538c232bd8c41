import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Authentication, type AuthenticationOptions } from '../../src/sip/authentication.ts';
import { algorithms, authorize, type Challenge, readChallenges } from '../../src/sip/message/digest.ts';
import { Request, Response } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import { rawMessage, rawResponse } from '../support/messages.ts';

const start = Date.UTC(2026, 0, 1);
const alice = { username: 'alice', password: 'wonderland' };
const host = '198.51.100.7';
const uri = 'sip:pbx.example';

function authentication(more: Partial<AuthenticationOptions> = {}): Authentication {
  const passwordOf = (name: string) => (name === 'alice' ? alice.password : null);
  return new Authentication({ realm: 'switchhook', key: Buffer.alloc(32, 7), passwordOf, ...more });
}

/** The challenges as a client reads them, the strongest first. */
function challenges(
  of: Authentication,
  at = start,
  from = host,
  seed = '00000000000000aa',
  stale = false,
): Challenge[] {
  const { status, headers } = of.challenge(from, at, seed, { stale });
  const [[name]] = headers as [[string, string]];
  const response = parse(rawResponse(status, { [name]: headers.map(([, value]) => value) }));
  assert.ok(response instanceof Response);
  return readChallenges(response);
}

interface Answer {
  readonly nc?: number;
  readonly credentials?: typeof alice;
  readonly uri?: string;
  readonly asked?: string;
  readonly method?: string;
  readonly change?: (value: string) => string;
}

function answered(challenge: Challenge, answer: Answer = {}): Request {
  const { nc = 1, credentials = alice, method = 'REGISTER', change = (value) => value, asked = uri } = answer;
  const request = { method: 'REGISTER', uri: answer.uri ?? uri, cnonce: 'c', nc };
  const [name, value] = authorize(challenge, request, credentials);
  const message = parse(rawMessage(`${method} ${asked} SIP/2.0`, { CSeq: `1 ${method}`, [name]: change(value) }));
  assert.ok(message instanceof Request, `${message}`);
  return message;
}

test('one nonce, a challenge for each algorithm, the strongest first (RFC 8760 §2.3)', () => {
  const offered = challenges(authentication());
  assert.deepEqual(
    offered.map(({ algorithm, qop, header, stale }) => [algorithm, qop, header, stale]),
    algorithms.map((algorithm) => [algorithm, 'auth', 'WWW-Authenticate', false]),
  );
  assert.equal(new Set(offered.map(({ nonce }) => nonce)).size, 1);
});

test('only what is offered is taken (RFC 8760 §2.4: no bidding down)', () => {
  const [offered] = challenges(authentication({ algorithms: ['SHA-256'] })) as [Challenge];
  const asking = authentication({ algorithms: ['SHA-256'] });
  assert.equal(offered.algorithm, 'SHA-256');
  assert.equal(asking.verify(answered({ ...offered, algorithm: 'MD5' }), host, start).result, 'wrong');
  assert.equal(asking.verify(answered(offered), host, start).result, 'right');
});

test('for peers that are lost among several: the last one alone', () => {
  const { headers } = authentication().challenge(host, start, '00000000000000aa', { plain: true });
  assert.equal(headers.length, 1);
  assert.match(headers[0]![1], /algorithm=MD5,/);
});

test('as a proxy asks: 407', () => {
  const proxy = authentication({ asking: 407 });
  const [challenge] = challenges(proxy);
  assert.equal(challenge?.header, 'Proxy-Authenticate');
  assert.equal(proxy.verify(answered(challenge), host, start).result, 'right');
});

for (const [index, algorithm] of algorithms.entries()) {
  for (const qop of ['auth', null] as const) {
    test(`${algorithm}, ${qop ? 'qop' : 'no qop'}: the right password`, () => {
      const asking = authentication();
      const challenge = { ...challenges(asking)[index]!, qop };
      assert.deepEqual(asking.verify(answered(challenge), host, start), { result: 'right', username: 'alice' });
    });
  }
}

const verdicts: readonly (readonly [name: string, answer: Answer, result: string])[] = [
  ['another password', { credentials: { ...alice, password: 'x' } }, 'wrong'],
  ['a user there is not', { credentials: { username: 'mallory', password: '' } }, 'wrong'],
  ['a user there is not, with a password of one there is', { credentials: { ...alice, username: 'bob' } }, 'wrong'],
  ['the digest of another method', { method: 'INVITE' }, 'wrong'],
  ['for another host', { uri: 'sip:other.example' }, 'wrong'],
  ['for another user', { uri: 'sip:bob@pbx.example' }, 'wrong'],
  ['for the same host with its port', { uri: 'sip:pbx.example:5060' }, 'right'],
  ['for the same host with a parameter', { asked: 'sip:pbx.example;transport=tcp' }, 'right'],
  ['a response of another length', { change: (value) => value.replace(/response="../, 'response="') }, 'wrong'],
  ['a nonce of somebody else', { change: (value) => value.replace(/nonce="[^"]+"/, 'nonce="x"') }, 'wrong'],
  ['another realm', { change: (value) => value.replace(/realm="[^"]+"/, 'realm="x"') }, 'absent'],
  ['another scheme', { change: () => 'Basic YTpi' }, 'absent'],
];

for (const [name, answer, result] of verdicts) {
  test(`${name}: ${result}`, () => {
    const asking = authentication();
    assert.equal(asking.verify(answered(challenges(asking)[0]!, answer), host, start).result, result);
  });
}

test('a nonce is stale after its lifetime, and for whom it was not made', () => {
  const asking = authentication({ lifetimeMs: 1000 });
  const [challenge] = challenges(asking) as [Challenge];
  assert.equal(asking.verify(answered(challenge), host, start + 1000).result, 'stale');
  assert.equal(asking.verify(answered(challenge), host, start - 1).result, 'stale');
  assert.equal(asking.verify(answered(challenge), '198.51.100.8', start).result, 'stale');
  assert.equal(authentication({ key: Buffer.alloc(32, 8) }).verify(answered(challenge), host, start).result, 'stale');
  assert.equal(asking.verify(answered(challenge), host, start + 999).result, 'right');
});

test('with a wrong password a stale nonce does not show', () => {
  const asking = authentication({ lifetimeMs: 1000 });
  const answer = answered(challenges(asking)[0]!, { credentials: { ...alice, password: 'x' } });
  assert.equal(asking.verify(answer, host, start + 2000).result, 'wrong');
});

test('stale=true is said where it is asked for', () => {
  assert.equal(challenges(authentication(), start, host, '00000000000000ab', true)[0]?.stale, true);
});

const uses: readonly (readonly [name: string, counts: readonly number[], right: readonly boolean[]])[] = [
  ['rise', [1, 2, 3], [true, true, true]],
  ['are taken once', [1, 1, 2, 2, 1], [true, false, true, false, false]],
  ['may overtake each other', [3, 1, 2, 2], [true, true, true, false]],
  ['may not lag far behind', [1, 40, 8, 9, 9], [true, true, false, true, false]],
  ['may jump', [1, 1000, 1000, 999, 1], [true, true, false, true, false]],
  ['begin at 1', [0, 1], [false, true]],
  ['end at ffffffff', [0xffffffff, 0xffffffff, 0xfffffffe], [true, false, true]],
];

for (const [name, counts, right] of uses) {
  test(`counts of a nonce ${name}`, () => {
    const asking = authentication();
    const [challenge] = challenges(asking) as [Challenge];
    const taken = counts.map((nc) => asking.verify(answered(challenge, { nc }), host, start).result === 'right');
    assert.deepEqual(taken, right);
  });
}

test('without qop a nonce is good for one request', () => {
  const asking = authentication();
  const challenge = { ...challenges(asking)[0]!, qop: null };
  const results = [1, 2].map(() => asking.verify(answered(challenge), host, start).result);
  assert.deepEqual(results, ['right', 'stale']);
  assert.equal(asking.verify(answered({ ...challenge, qop: 'auth' }, { nc: 9 }), host, start).result, 'stale');
});

test('the memory of uses is bounded, and what is forgotten cannot be used again', () => {
  const asking = authentication({ nonces: 2 });
  const made = [0, 1, 2, 3].map((ms) => challenges(asking, start + ms, host, `000000000000000${ms}`)[0]!);
  const use = (index: number, nc: number) => asking.verify(answered(made[index]!, { nc }), host, start + 10).result;
  assert.deepEqual([use(0, 1), use(1, 1), use(2, 1)], ['right', 'right', 'right']);
  assert.deepEqual([use(0, 1), use(0, 2)], ['stale', 'stale'], 'the first was forgotten');
  assert.deepEqual([use(1, 2), use(2, 1), use(3, 1)], ['right', 'stale', 'right']);
});

test('any nonce but one that was given, byte for byte, is stale', () => {
  const asking = authentication();
  const [challenge] = challenges(asking) as [Challenge];
  const { nonce } = challenge;
  const forged = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ABCxyz019-_'), maxLength: 60 }),
    fc.base64String({ minLength: 40, maxLength: 40 }),
    fc
      .tuple(fc.nat(nonce.length - 1), fc.constantFrom(...'ABCDEFabcdef0123456789-_+/= '))
      .map(([at, char]) => nonce.slice(0, at) + char + nonce.slice(at + 1)),
    fc.nat(nonce.length - 1).map((length) => nonce.slice(0, length)),
    fc.string({ minLength: 1, maxLength: 4 }).map((more) => nonce + more.replace(/[^\x20-\x7e]|["\\]/g, '=')),
    fc.uint8Array({ minLength: 30, maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  );
  fc.assert(
    fc.property(forged, (guess) => {
      fc.pre(guess !== nonce);
      const verdict = asking.verify(answered({ ...challenge, nonce: guess }), host, start);
      assert.equal(verdict.result, 'stale');
    }),
    { numRuns: 2000 },
  );
});
