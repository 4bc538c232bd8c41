// Which challenges are answered: one answer for each realm, one more when the nonce was stale.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Authorizations, authorizationHeaders, challenged, used } from '../../src/call/authorizations.ts';
import { type Changes, rawResponse } from '../support/messages.ts';
import { responseOf } from './support.ts';

const proxy = (realm: string, nonce: string, more = ''): Changes => ({
  'Proxy-Authenticate': `Digest realm="${realm}", nonce="${nonce}", qop="auth"${more}`,
});
const server = (realm: string, nonce: string): Changes => ({
  'WWW-Authenticate': `Digest realm="${realm}", nonce="${nonce}"`,
});

const manyRealms = (count: number): Changes => ({
  'Proxy-Authenticate': Array.from({ length: count }, (_, realm) => `Digest realm="${realm}", nonce="n", qop="auth"`),
});

/** What is answered after each response in turn: `realm nonce`, or null where the next answer would only repeat. */
function played(...responses: readonly Changes[]): (string | null)[] {
  let answered: Authorizations = [];
  return responses.map((changes) => {
    const next = challenged(answered, responseOf(rawResponse(407, { ...changes, CSeq: '1 REFER' })));
    answered = next ?? answered;
    return next?.map(({ challenge }) => `${challenge.realm} ${challenge.nonce}`).join(', ') ?? null;
  });
}

suite('challenges', () => {
  const rows: readonly (readonly [what: string, responses: readonly Changes[], answers: readonly (string | null)[]])[] =
    [
      ['one', [proxy('a', '1')], ['a 1']],
      ['the same realm again: the password is wrong', [proxy('a', '1'), proxy('a', '2')], ['a 1', null]],
      ['a stale nonce: once more', [proxy('a', '1'), proxy('a', '2', ', stale=TRUE')], ['a 1', 'a 2']],
      [
        'stale twice: enough',
        [proxy('a', '1'), proxy('a', '2', ', stale=true'), proxy('a', '3', ', stale=true')],
        ['a 1', 'a 2', null],
      ],
      ['a proxy, then the peer', [proxy('a', '1'), server('b', '2')], ['a 1', 'a 1, b 2']],
      ['a proxy and a peer of one realm are two', [proxy('a', '1'), server('a', '2')], ['a 1', 'a 1, a 2']],
      ['both at once', [{ ...proxy('a', '1'), ...server('b', '2') }], ['b 2, a 1']],
      ['none that we can answer', [{ 'Proxy-Authenticate': 'Basic realm="a"' }], [null]],
      ['none', [{}], [null]],
      ['more realms in one response than any path has', [manyRealms(9)], [null]],
    ];
  for (const [what, responses, answers] of rows) test(what, () => assert.deepEqual(played(...responses), answers));

  test('are answered each in its own header, and not at all without credentials', () => {
    const answered = challenged(
      [],
      responseOf(rawResponse(401, { ...proxy('a', '1'), ...server('b', '2'), CSeq: '1 REFER' })),
    )!;
    const request = { method: 'REFER', uri: 'sip:alice@192.0.2.10', cnonce: 'c' };
    const headers = authorizationHeaders(answered, request, { username: 'u', password: 'secret' });
    assert.deepEqual(
      headers.map(([name]) => name),
      ['Authorization', 'Proxy-Authorization'],
    );
    assert.doesNotMatch(JSON.stringify(headers), /secret/);
    assert.deepEqual(authorizationHeaders(answered, request, null), []);
  });

  test('of a peer that makes up a new realm each time come to an end', () => {
    const answers = played(...Array.from({ length: 9 }, (_, realm) => proxy(String(realm), 'n')));
    assert.deepEqual(
      answers.map((answer) => answer?.split(', ').length ?? null),
      [1, 2, 3, 4, 5, 6, 7, 8, null],
    );
  });

  test('count how often a nonce was used: a server takes no count twice (RFC 7616 §3.4)', () => {
    const request = { method: 'REFER', uri: 'sip:alice@192.0.2.10', cnonce: 'c' };
    const first = challenged([], responseOf(rawResponse(407, { ...proxy('a', '1'), CSeq: '1 REFER' })))!;
    const both = challenged(used(first), responseOf(rawResponse(407, { ...proxy('b', '2'), CSeq: '2 REFER' })))!;
    const counts = authorizationHeaders(both, request, { username: 'u', password: 'p' }).map(
      ([, value]) => /nc=(\w+)/.exec(value)?.[1],
    );
    assert.deepEqual(counts, ['00000002', '00000001']);
  });
});
