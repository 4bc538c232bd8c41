import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Auth, hashKey } from '../../src/http/auth.ts';

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
    assert.equal(auth.check(header), expected);
  });
}

test('auth: without keys nobody passes', () => {
  assert.equal(new Auth([]).check('Bearer first'), false);
});

test('auth: a hash that is no SHA-256 is a mistake', () => {
  assert.throws(() => new Auth(['first']), TypeError);
});
