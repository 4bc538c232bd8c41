import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Address,
  param,
  paramValue,
  readAddress,
  readParams,
  tagOf,
  writeAddress,
} from '../../../src/sip/message/address.ts';

const address = (displayName: string | null, uri: string, ...params: [string, string | null][]): Address => ({
  displayName,
  uri,
  params: new Map(params),
});

// One list for both directions
const cases: readonly (readonly [text: string, value: Address])[] = [
  ['<sip:a@b>', address(null, 'sip:a@b')],
  ['<sip:a@b>;tag=1', address(null, 'sip:a@b', ['tag', '1'])],
  ['"Alice" <sip:a@b>;tag=1', address('Alice', 'sip:a@b', ['tag', '1'])],
  ['"" <sip:a@b>', address('', 'sip:a@b')],
  ['"a \\"b\\" \\\\ <c>, d;" <sip:a@b>', address('a "b" \\ <c>, d;', 'sip:a@b')],
  ['"J\xc3\xb6rg" <sip:a@b>', address('J\xc3\xb6rg', 'sip:a@b')],
  ['<sip:a@b;lr?x=y>;lr;q=0.7', address(null, 'sip:a@b;lr?x=y', ['lr', null], ['q', '0.7'])],
  ['<sip:a@b>;x="quo\\"ted; ,"', address(null, 'sip:a@b', ['x', '"quo\\"ted; ,"'])],
  ['<sip:a@b>;received=[::1]', address(null, 'sip:a@b', ['received', '[::1]'])],
  ['<tel:+1555>;tag=a:b/c=d', address(null, 'tel:+1555', ['tag', 'a:b/c=d'])],
  ['<urn:service:sos>', address(null, 'urn:service:sos')],
];

for (const [text, value] of cases) {
  test(`address ${text}`, () => {
    assert.deepEqual(readAddress(text), value);
    assert.equal(writeAddress(value), text);
  });
}

// What is read otherwise than we write it
const read: readonly (readonly [text: string, value: Address])[] = [
  ['sip:a@b', address(null, 'sip:a@b')],
  ['sip:a@b;tag=1', address(null, 'sip:a@b', ['tag', '1'])],
  ['sip:a@b ;  tag = 1', address(null, 'sip:a@b', ['tag', '1'])],
  ['Alice <sip:a@b>', address('Alice', 'sip:a@b')],
  ['Alice<sip:a@b>', address('Alice', 'sip:a@b')],
  ['"Alice"<sip:a@b>', address('Alice', 'sip:a@b')],
  ['Alice \t Smith \t<sip:a@b>', address('Alice \t Smith', 'sip:a@b')],
  ['J\xc3\xb6rg (Office) <sip:a@b>', address('J\xc3\xb6rg (Office)', 'sip:a@b')],
  ['<sip:a@b>\t;\tTAG\t=\t1\t;LR', address(null, 'sip:a@b', ['tag', '1'], ['lr', null])],
];

test('addresses as careless peers write them', () => {
  for (const [text, value] of read) assert.deepEqual(readAddress(text), value, text);
});

test('what is no address', () => {
  const bad = [
    '',
    '*',
    'Alice',
    '<>',
    '<sip:>',
    '< sip:a@b>',
    '<sip:a@b >',
    '<sip:a@b',
    'sip:a@b>',
    'sip:a@b?x=y',
    'sip:a,b@c',
    '"Alice',
    '"Alice" sip:a@b',
    '"Alice\\" <sip:a@b>',
    'Al"ice <sip:a@b>',
    'a, b <sip:a@b>',
    'a; b <sip:a@b>',
    '<sip:a@b> x',
    '<sip:a@b>;',
    '<sip:a@b>;;lr',
    '<sip:a@b>;=1',
    '<sip:a@b>;tag=',
    '<sip:a@b>;tag=1;tag=2',
    '<sip:a@b>;tag=1;TAG=1',
    '<sip:a@b>;tag=1 2',
    '<sip:a@b>;x="open',
    '<sip:a@b>;x="a"b',
    '<sip:a@b>, <sip:c@d>',
    '<sip:a@b>;a b',
    '<sip:a\r\n@b>',
    '<sip:a@b>\0',
    '<<sip:a@b>>',
  ];
  for (const text of bad) assert.equal(readAddress(text), null, JSON.stringify(text));
});

test('a tag, and a parameter that says what it means', () => {
  assert.equal(tagOf(readAddress('<sip:a@b>;tag=x')!), 'x');
  assert.equal(tagOf(readAddress('<sip:a@b;tag=x>')!), null);
  assert.equal(tagOf(readAddress('<sip:a@b>;tag')!), null);
  const params = readParams(';a="b \\" c";d;e=f', 0)!;
  assert.deepEqual(
    [param(params, 'a'), param(params, 'd'), param(params, 'e'), param(params, 'g')],
    ['b " c', null, 'f', null],
  );
  assert.equal(paramValue('token'), 'token');
  assert.equal(paramValue('two words'), '"two words"');
});
