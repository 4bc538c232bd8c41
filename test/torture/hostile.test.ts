// Each message of hostile.ts goes through the parser as a datagram and through framing as a stream, whole and byte by
// byte; nothing throws, nothing hangs, and what framing keeps of it is bounded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, StreamFramer } from '../../src/sip/message/framing.ts';
import { isFailure, parse, replyToFailure } from '../../src/sip/message/parse.ts';
import { cases, whole } from './hostile.ts';

function frameNames(frames: readonly Frame[]): readonly string[] {
  return frames.map((frame) => (frame.type === 'failure' ? `failure ${frame.failure.status}` : frame.type));
}

function split(text: string): readonly Frame[] {
  const framer = new StreamFramer();
  const bytes = Buffer.from(text, 'latin1');
  const frames: Frame[] = [];
  for (let i = 0; i < bytes.length; i++) frames.push(...framer.push(bytes.subarray(i, i + 1)));
  return frames;
}

for (const [name, { text, datagram: verdict, stream }] of Object.entries(cases)) {
  test(`hostile: ${name}`, () => {
    const result = parse(text);
    const seen = isFailure(result) ? ([result.status, replyToFailure(result) !== null] as const) : 'parsed';
    assert.deepEqual(seen, verdict, isFailure(result) ? result.failure : 'parsed');
    if (isFailure(result)) assertAnswerable(replyToFailure(result));
    assert.deepEqual(frameNames(new StreamFramer().push(Buffer.from(text, 'latin1'))), stream);
    // Byte by byte a line end is known for a pong before it can be known for half a ping.
    const withoutPongs = (names: readonly string[]): readonly string[] => names.filter((type) => type !== 'pong');
    assert.deepEqual(new Set(withoutPongs(frameNames(split(text)))), new Set(withoutPongs(stream)));
  });
}

/** What we answer must be a message itself, unless it echoes what could not be read. */
function assertAnswerable(reply: string | null): void {
  if (reply === null) return;
  assert.match(reply, /^SIP\/2\.0 [45][0-9][0-9] [^\r\n]+\r\n/);
  assert.ok(reply.endsWith('\r\nContent-Length: 0\r\n\r\n'));
  assert.doesNotMatch(reply, /\r(?!\n)|(?<!\r)\n|\0/);
}

test('there are at least sixty of them', () => {
  assert.ok(Object.keys(cases).length >= 60);
});

test('a prefix of any length is a failure or a message, never an exception', () => {
  for (let length = 0; length <= whole.length; length++) parse(whole.slice(0, length));
  for (let length = 0; length <= whole.length; length++) parse(whole.slice(length));
});

test('each byte in turn replaced by each awkward one is a failure or a message, never an exception', () => {
  for (let at = 0; at < whole.length; at++) {
    for (const byte of ['\0', '\r', '\n', '"', '<', '>', ';', ',', ' ', '\xff', '\\', ':']) {
      const result = parse(whole.slice(0, at) + byte + whole.slice(at + 1));
      if (isFailure(result)) replyToFailure(result);
    }
  }
});

test('sixty thousand lines that end in LF are one fault, found in one pass', () => {
  const result = parse(`INVITE sip:b@b SIP/2.0\r\n${'x\n'.repeat(60_000)}\r\n`);
  assert.ok(isFailure(result));
});

test('a megabyte that never ends a header section is given up early', () => {
  const framer = new StreamFramer();
  const chunk = Buffer.from('X: y\r\n'.repeat(200), 'latin1');
  const frames = Array.from({ length: 1_000 }, () => framer.push(chunk)).flat();
  assert.deepEqual(frameNames(frames), ['failure 513']);
});
