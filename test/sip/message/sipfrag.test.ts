import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSipfrag } from '../../../src/sip/message/sipfrag.ts';

const cases: Record<string, readonly [body: string, status: number | null]> = {
  'as RFC 3515 §2.4.5 has it': ['SIP/2.0 100 Trying\r\n', 100],
  'without a line end (JsSIP#493)': ['SIP/2.0 200 OK', 200],
  'with LF alone (baresip PR#3726)': ['SIP/2.0 200 OK\n', 200],
  'with CR alone': ['SIP/2.0 486 Busy Here\r', 486],
  'with header fields behind it (JsSIP PR#767)': [
    'SIP/2.0 603 Decline\r\nReason: SIP;cause=603\r\nContact: <sip:a@b>\r\n\r\n',
    603,
  ],
  'with header fields and LF': ['SIP/2.0 180 Ringing\nContact: <sip:a@b>\n', 180],
  'after an empty line': ['\r\nSIP/2.0 200 OK\r\n', 200],
  'after spaces': [' \t SIP/2.0 200 OK', 200],
  'in lower case': ['sip/2.0 200 ok', 200],
  'without a phrase': ['SIP/2.0 503', 503],
  'without a phrase, with its space': ['SIP/2.0 503 \r\n', 503],
  'with two spaces': ['SIP/2.0  404  Not Found', 404],
  'with a phrase in UTF-8': ['SIP/2.0 200 \xc3\x9cbertragen', 200],
  'a request fragment': ['INVITE sip:a@b SIP/2.0\r\n', null],
  'header fields alone': ['From: <sip:a@b>\r\nSIP/2.0 200 OK\r\n', null],
  nothing: ['', null],
  'line ends alone': ['\r\n\r\n', null],
  'another version': ['SIP/3.0 200 OK', null],
  'no version': ['200 OK', null],
  'two digits': ['SIP/2.0 20 OK', null],
  'four digits': ['SIP/2.0 2000 OK', null],
  'a code below 100': ['SIP/2.0 099 Hm', null],
  'a code above 699': ['SIP/2.0 700 Hm', null],
  'no space before the phrase': ['SIP/2.0 200OK', null],
  'no space before the code': ['SIP/2.0200 OK', null],
  HTTP: ['HTTP/1.1 200 OK\r\n', null],
};

for (const [name, [body, status]] of Object.entries(cases)) {
  test(`sipfrag ${name}`, () => assert.equal(readSipfrag(body), status));
}

test('a body of spaces is read in no time', () => {
  assert.equal(readSipfrag(' '.repeat(65_536)), null);
});
