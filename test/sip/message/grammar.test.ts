import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  copy,
  fromUtf8,
  isAbsoluteUri,
  isToken,
  quote,
  readNumber,
  splitList,
  toUtf8,
  trimBlanks,
  unbracket,
  unfold,
  unquote,
} from '../../../src/sip/message/grammar.ts';

test('a token is one or more of its chars', () => {
  for (const text of ['a', 'INVITE', '100rel', "-.!%*_+`'~", 'X-Acct']) assert.ok(isToken(text), text);
  for (const text of [
    '',
    ' ',
    'a b',
    'a:b',
    'a;b',
    'a@b',
    '"a"',
    'é',
    'a\r\n',
    'a\n',
    '(a)',
    'a/b',
    'a=b',
    '<a>',
    '[a]',
    '{a}',
    'a?b',
    'a,b',
    'a\\b',
  ]) {
    assert.ok(!isToken(text), text);
  }
});

test('a URI has a scheme, a colon and visible chars', () => {
  for (const text of ['sip:a', 'tel:+1', 'urn:service:sos', 'soap.beep://192.0.2.1:3002', 'sip:\xc3\xa9@a'])
    assert.ok(isAbsoluteUri(text), text);
  for (const text of [
    '',
    'sip:',
    ':a',
    '1sip:a',
    'sip',
    'sip:a b',
    'sip:a\n',
    'sip:<a>',
    'sip:"a"',
    'sip:a\0',
    'sip:a\x7f',
  ])
    assert.ok(!isAbsoluteUri(text), text);
});

test('UTF-8 goes through latin1 and back', () => {
  for (const text of ['', 'plain', 'Jörg', '日本', '😀', 'a\0b']) assert.equal(toUtf8(fromUtf8(text)), text);
  assert.equal(fromUtf8('é'), '\xc3\xa9');
  assert.equal(toUtf8('\xff'), '\ufffd');
});

test('a copy says the same, byte for byte', () => {
  const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  assert.equal(copy(every), every);
});

test('quoted-strings: what they say and how it is written', () => {
  const cases: readonly (readonly [said: string, written: string])[] = [
    ['', '""'],
    ['Alice', '"Alice"'],
    ['a "b" c', '"a \\"b\\" c"'],
    ['back\\slash', '"back\\\\slash"'],
    ['<sip:a>, ;', '"<sip:a>, ;"'],
  ];
  for (const [said, written] of cases) {
    assert.equal(quote(said), written);
    assert.equal(unquote(written), said);
  }
  assert.equal(unquote('token'), 'token');
  assert.equal(unquote('"'), '"');
  assert.equal(unquote('"\\\0"'), '\0');
});

test('numbers are digits up to a bound', () => {
  assert.equal(readNumber('0'), 0);
  assert.equal(readNumber('0068'), 68);
  assert.equal(readNumber('4294967295'), 4_294_967_295);
  for (const text of ['', ' 1', '1 ', '-1', '+1', '1.0', '1e3', '0x1', 'one', '4294967296', '9'.repeat(21)])
    assert.equal(readNumber(text), null, text);
  assert.equal(readNumber('65536', 65_535), null);
});

test('a fold is one space', () => {
  assert.equal(unfold('a\r\n b'), 'a b');
  assert.equal(unfold('\r\n\t a\r\n  b\r\n '), 'a b');
});

test('lists part at commas that nothing encloses', () => {
  const cases: readonly (readonly [text: string, elements: readonly string[]])[] = [
    ['', []],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [' a , b ,, c,', ['a', 'b', 'c']],
    ['"a,b", c', ['"a,b"', 'c']],
    ['"a\\",b", c', ['"a\\",b"', 'c']],
    ['<sip:a,b>, <sip:c>', ['<sip:a,b>', '<sip:c>']],
    ['"<" <sip:a>, b', ['"<" <sip:a>', 'b']],
    ['"never closed, a', ['"never closed, a']],
    ['<never closed, a', ['<never closed, a']],
    ['a, "ends in a backslash\\', ['a', '"ends in a backslash\\']],
    [',,,', []],
  ];
  for (const [text, elements] of cases) assert.deepEqual(splitList(text), elements, text);
});

test('an IPv6 reference loses its brackets', () => {
  assert.equal(unbracket('[2001:db8::1]'), '2001:db8::1');
  assert.equal(unbracket('example.com'), 'example.com');
});

test('blanks are trimmed, and no byte of UTF-8 that looks like one', () => {
  const voila = Buffer.from('voilà', 'utf8').toString('latin1');
  assert.equal(trimBlanks(` \t${voila}\t `), voila);
  assert.equal(trimBlanks('\r\n'), '\r\n');
  assert.deepEqual(splitList(`${voila} , ${voila}`), [voila, voila]);
  assert.equal(unfold(`a\r\n ${voila}`), `a ${voila}`);
});
