import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Authorizations,
  authorized,
  challenged,
  forNextRequest,
} from '../../../src/sip/message/authorizations.ts';
import { Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawResponse } from '../../support/messages.ts';

const credentials = { username: 'alice', password: 'secret' };
const request = { method: 'REGISTER', uri: 'sip:pbx.example', cnonce: 'c' };

function refusal(...values: readonly string[]): Response {
  return refusalWith({ 'WWW-Authenticate': values });
}

function refusalWith(changes: Changes): Response {
  const response = parse(rawResponse(401, changes));
  assert.ok(response instanceof Response);
  return response;
}

const digest = (nonce: string, more = ''): string => `Digest realm="r", nonce="${nonce}", qop="auth"${more}`;

const realms = (count: number): string[] =>
  Array.from({ length: count }, (_, realm) => `Digest realm="${realm}", nonce="n", qop="auth"`);

/** What is known after these refusals of one request; it is sent again after each. */
function after(known: Authorizations, ...refusals: readonly Response[]): Authorizations | null {
  let next: Authorizations | null = known;
  for (const each of refusals) {
    next = next && challenged(next, each);
    next = next && authorized(next, request, credentials).authorizations;
  }
  return next;
}

/** The use counts that the next request carries, by realm. */
function counts(known: Authorizations | null): string[] {
  assert.ok(known);
  return authorized(known, request, credentials).headers.map(([, value]) => {
    const [, realm] = /realm="([^"]*)"/.exec(value) ?? [];
    const [, nonce] = /nonce="([^"]*)"/.exec(value) ?? [];
    const [, nc] = /nc=(\w+)/.exec(value) ?? [];
    return `${realm} ${nonce} ${nc}`;
  });
}

test('a nonce that is known is used again unasked, with a count that rises (RFC 7616 §3.4)', () => {
  let known = after([], refusal(digest('n1')));
  for (const nc of ['00000002', '00000003']) {
    assert.deepEqual(counts(known), [`r n1 ${nc}`]);
    known = authorized(forNextRequest(known!), request, credentials).authorizations;
  }
});

test('a new nonce starts a new count', () => {
  const known = forNextRequest(after([], refusal(digest('n1')))!);
  assert.deepEqual(counts(challenged(known, refusal(digest('n2', ', stale=true')))), ['r n2 00000001']);
});

test('several realms are answered side by side (RFC 3261 §22.3)', () => {
  const known = challenged([], refusal(digest('n1'), 'Digest realm="s", nonce="n2", qop="auth"'));
  assert.deepEqual(counts(known), ['r n1 00000001', 's n2 00000001']);
});

test('a proxy and a server of one realm are two, each answered in its own header', () => {
  const known = challenged([], refusalWith({ 'Proxy-Authenticate': digest('n1'), 'WWW-Authenticate': digest('n2') }))!;
  assert.deepEqual(counts(known), ['r n2 00000001', 'r n1 00000001']);
  const { headers } = authorized(known, request, credentials);
  assert.deepEqual(
    headers.map(([name]) => name),
    ['Authorization', 'Proxy-Authorization'],
  );
  assert.doesNotMatch(JSON.stringify(headers), /secret/);
});

test('a realm that joins later leaves the first in force', () => {
  const known = after([], refusal(digest('n1')), refusal('Digest realm="s", nonce="n2", qop="auth"'));
  assert.deepEqual(counts(known), ['r n1 00000003', 's n2 00000002']);
});

const rounds: readonly (readonly [name: string, refusals: readonly Response[], goesOn: boolean])[] = [
  ['one challenge', [refusal(digest('1'))], true],
  ['the same again: the password is wrong', [refusal(digest('1')), refusal(digest('2'))], false],
  ['stale: once more', [refusal(digest('1')), refusal(digest('2', ', stale=true'))], true],
  [
    'stale twice',
    [refusal(digest('1')), refusal(digest('2', ', stale=true')), refusal(digest('3', ', stale=true'))],
    false,
  ],
  ['nothing we can answer', [refusal('Basic realm="r"')], false],
  ['nothing to answer', [refusal()], false],
  ['more realms than any path has', [refusal(...realms(9))], false],
  ['a peer that makes up a new realm each time', realms(8).map((each) => refusal(each)), true],
  ['… comes to an end', realms(9).map((each) => refusal(each)), false],
];

for (const [name, refusals, goesOn] of rounds) {
  test(`one request: ${name}`, () => assert.equal(after([], ...refusals) !== null, goesOn));
}

test('credentials that were given unasked may be challenged, by servers that do not say stale', () => {
  const known = forNextRequest(after([], refusal(digest('n1')))!);
  const sent = authorized(known, request, credentials).authorizations;
  assert.deepEqual(counts(challenged(sent, refusal(digest('n2')))), ['r n2 00000001']);
});

test('without credentials nothing is said and nothing counted', () => {
  const known = challenged([], refusal(digest('n1')))!;
  assert.deepEqual(authorized(known, request, null), { headers: [], authorizations: known });
});
