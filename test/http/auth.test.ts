import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Auth, hashKey, includes, scopes } from '../../src/http/auth.ts';

const auth = new Auth([hashKey('first'), hashKey('second')]);

const cases: readonly (readonly [header: string | undefined, expected: boolean])[] = [
  ['Bearer first', true],
  ['Bearer second', true],
  ['bearer second', true],
  ['BEARER   first  ', true],
  [undefined, false],
  ['', false],
  ['Bearer', false],
  ['Bearer ', false],
  ['first', false],
  ['Basic first', false],
  ['Bearerfirst', false],
  ['Bearer firs', false],
  ['Bearer first1', false],
  ['Bearer first second', false],
  ['Bearer First', false],
  [`Bearer ${hashKey('first')}`, false],
  [`Bearer ${'x'.repeat(10_000)}`, false],
];

for (const [header, expected] of cases) {
  test(`auth: ${String(header).slice(0, 40)} ${expected ? 'passes' : 'is refused'}`, () => {
    assert.equal(auth.holderOf(header)?.scope ?? null, expected ? 'admin' : null);
  });
}

test('auth: without keys nobody passes', () => {
  assert.equal(new Auth([]).holderOf('Bearer first'), null);
});

test('auth: a hash that is no SHA-256 is a mistake', () => {
  assert.throws(() => new Auth(['first']), TypeError);
});

test('auth: a key may ask for what it was admitted for, until it is revoked', () => {
  const auth = new Auth([]);
  auth.admit('1', hashKey('first'), 'read');
  auth.admit('2', hashKey('second'), 'command');
  assert.equal(auth.holderOf('Bearer first')?.scope, 'read');
  assert.equal(auth.holderOf('Bearer second')?.scope, 'command');
  auth.revoke('1');
  assert.equal(auth.holderOf('Bearer first'), null);
  assert.equal(auth.holderOf('Bearer second')?.scope, 'command');
});

test('auth: a scope includes those before it', () => {
  const table = scopes.map((scope) => scopes.filter((needed) => includes(scope, needed)));
  assert.deepEqual(table, [['read'], ['read', 'command'], ['read', 'command', 'admin']]);
});
