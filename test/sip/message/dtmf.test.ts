import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dtmfRelay, readDigit, writeDigit } from '../../../src/sip/message/dtmf.ts';

const cases: Record<string, readonly [type: string, body: string, digit: string | null, durationMs?: number]> = {
  'as Cisco has it': [dtmfRelay, 'Signal=5\r\nDuration=160\r\n', '5', 160],
  'with spaces': [dtmfRelay, 'Signal= *\r\nDuration = 250 \r\n', '*', 250],
  'with LF alone, in another order': [dtmfRelay, 'Duration=100\nSignal=#', '#', 100],
  'with CR alone': [dtmfRelay, 'Signal=0\rDuration=90\r', '0', 90],
  'in other letters': ['Application/DTMF-Relay', 'SIGNAL=d\r\nduration=1', 'D', 1],
  'with a parameter and other fields': [`${dtmfRelay}; charset=utf-8`, 'Foo=1\r\nSignal=A\r\nDuration=7', 'A', 7],
  'by number: the star': [dtmfRelay, 'Signal=10\r\nDuration=160', '*', 160],
  'by number: the hash': [dtmfRelay, 'Signal=11', '#'],
  'by number: D': [dtmfRelay, 'Signal=15', 'D'],
  'without a duration': [dtmfRelay, 'Signal=1', '1'],
  'with a duration that is none': [dtmfRelay, 'Signal=1\r\nDuration=soon', '1'],
  'with a duration of nothing': [dtmfRelay, 'Signal=1\r\nDuration=0', '1'],
  'with a duration of days': [dtmfRelay, 'Signal=1\r\nDuration=9999999', '1'],
  'a flash of the hook': [dtmfRelay, 'Signal=16\r\nDuration=160', null],
  'two at once': [dtmfRelay, 'Signal=12345', null],
  'a letter that is none': [dtmfRelay, 'Signal=E', null],
  'no signal': [dtmfRelay, 'Duration=160\r\n', null],
  'an empty signal': [dtmfRelay, 'Signal=\r\nDuration=160\r\n', null],
  'the signal alone': ['application/dtmf', '5', '5'],
  'the signal alone, on a line': ['application/dtmf', ' #\r\n', '#'],
  'the signal alone, by number': ['application/dtmf', '10', '*'],
  'the signal alone, twice': ['application/dtmf', '55', null],
  'a relay that says it is the signal alone': ['application/dtmf', 'Signal=5\r\nDuration=160\r\n', null],
  'another type': ['text/plain', 'Signal=5\r\n', null],
  'no type': ['', '5', null],
};

for (const [name, [type, body, digit, durationMs = null]] of Object.entries(cases)) {
  test(`digit: ${name}`, () => assert.deepEqual(readDigit(type, body), digit === null ? null : { digit, durationMs }));
}

test('digit: what is written is read', () => {
  for (const digit of '0123456789*#ABCD') {
    assert.deepEqual(readDigit(dtmfRelay, writeDigit(digit, 250)), { digit, durationMs: 250 });
  }
  assert.equal(writeDigit('5', 160), 'Signal=5\r\nDuration=160\r\n');
});
