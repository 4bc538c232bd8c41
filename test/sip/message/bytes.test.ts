import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesOf,
  closingQuote,
  DIGIT,
  endOf,
  endOfUri,
  HEX,
  kinds,
  LABEL,
  NAME,
  numberAt,
  SCHEME,
  skipBlanks,
  spells,
  TOKEN,
  URI,
  VALUE,
  VISIBLE,
} from '../../../src/sip/message/bytes.ts';
import { isAbsoluteUri, isToken, readNumber } from '../../../src/sip/message/grammar.ts';

test('a text longer than any message has its bytes too', () => {
  for (const text of ['', 'a\xff', 'x'.repeat(200_000)])
    assert.equal(Buffer.from(bytesOf(text).subarray(0, text.length)).toString('latin1'), text);
});

test('each kind has the bytes of its rule', () => {
  const rules: readonly (readonly [kind: number, chars: RegExp])[] = [
    [VALUE, /[^\x00-\x20",;<>\x7f]/],
    [URI, /[^\x00-\x20"<>\x7f]/],
    [SCHEME, /[A-Za-z0-9+\-.]/],
    [NAME, /[^\x00-\x08\x0a-\x1f",;<>\x7f]/],
    [DIGIT, /[0-9]/],
    [VISIBLE, /[^\x00-\x20\x7f]/],
    [LABEL, /[A-Za-z0-9_-]/],
    [HEX, /[0-9A-Fa-f:.]/],
  ];
  for (let code = 0; code < 256; code++) {
    const char = String.fromCharCode(code);
    assert.equal((kinds[code]! & TOKEN) !== 0, isToken(char));
    for (const [kind, chars] of rules) assert.equal((kinds[code]! & kind) !== 0, chars.test(char), `${kind} ${code}`);
  }
});

test('runs, blanks and quotes end where they should, and never beyond the end', () => {
  const text = 'ab \t "c\\"d" e';
  const bytes = bytesOf(text);
  assert.equal(endOf(TOKEN, bytes, 0, text.length), 2);
  assert.equal(endOf(TOKEN, bytes, 0, 1), 1);
  assert.equal(skipBlanks(bytes, 2, text.length), 5);
  assert.equal(skipBlanks(bytes, 2, 4), 4);
  assert.equal(closingQuote(bytes, 5, text.length), 10);
  assert.equal(closingQuote(bytes, 5, 10), -1);
  assert.ok(spells('ab', bytesOf('aB'), 0, 2));
  assert.ok(!spells('ab', bytesOf('ab'), 0, 1));
});

test('URIs and numbers are those of grammar.ts', () => {
  for (const text of ['sip:a@b', 'sip:', ':a', '1a:b', 'a+b-c.1:x', 'tel:+1', 'sip:a b', 'sip:a<b', 'sip:\xff', ''])
    assert.equal(endOfUri(bytesOf(text), 0, text.length) === text.length, isAbsoluteUri(text), text);
  for (const text of ['', '0', '007', '65535', '65536', '-1', '1x', '9'.repeat(20), '0'.repeat(21)])
    assert.equal(numberAt(bytesOf(text), 0, text.length, 65_535), readNumber(text, 65_535) ?? -1, text);
});
