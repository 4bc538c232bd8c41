import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, StreamFramer } from '../../../src/sip/message/framing.ts';
import { limits, replyToFailure } from '../../../src/sip/message/parse.ts';
import { rawInvite, rawResponse } from '../../support/messages.ts';

/** A frame as one string: a message is its text. */
function say(frame: Frame): string {
  if (frame.type === 'message') return frame.bytes.toString('latin1');
  return frame.type === 'failure' ? `failure ${frame.failure.status} ${frame.failure.failure}` : frame.type;
}
function push(framer: StreamFramer, ...chunks: readonly string[]): readonly string[] {
  return chunks.flatMap((chunk) => framer.push(Buffer.from(chunk, 'latin1')).map(say));
}

const empty = rawInvite({ 'Content-Length': '0' });
const body = rawInvite({ 'Content-Length': '9' }, 'v=0\r\n\r\n\r\n');
const compact = rawResponse(200, { l: '3' }, '\0\xff\r');
const folded = rawInvite({ 'Content-Length': '\r\n 1' }, 'x');
const all = [empty, body, compact, folded];
const stream = `${empty}${body}\r\n\r\n${compact}${folded}`;
const expected = [empty, body, 'ping', compact, folded];

test('messages and a keep-alive in one chunk', () => {
  assert.deepEqual(push(new StreamFramer(), stream), expected);
});

test('split in two anywhere, and in chunks of every size', () => {
  // The first half of a ping cannot be told from a pong before the second half has come.
  const withoutPongs = (frames: readonly string[]): readonly string[] => frames.filter((frame) => frame !== 'pong');
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(
      withoutPongs(push(new StreamFramer(), stream.slice(0, at), stream.slice(at))),
      expected,
      `at ${at}`,
    );
  }
  for (let size = 1; size < 400; size++) {
    const chunks = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.slice(i * size, (i + 1) * size),
    );
    assert.deepEqual(withoutPongs(push(new StreamFramer(), ...chunks)), expected, `chunks of ${size}`);
  }
});

test('a message that was cut off stays as it is, whatever comes after', () => {
  const framer = new StreamFramer();
  const frames: Frame[] = [];
  const text = all.join('').repeat(20);
  for (let at = 0; at < text.length; at += 7)
    frames.push(...framer.push(Buffer.from(text.slice(at, at + 7), 'latin1')));
  assert.deepEqual(frames.map(say), Array(20).fill(all).flat());
});

const keepAlives: readonly (readonly [chunks: readonly string[], frames: readonly string[], name: string])[] = [
  [['\r\n\r\n'], ['ping'], 'a ping'],
  [['\r\n'], ['pong'], 'a pong'],
  [['\r\n', '\r\n'], ['pong', 'ping'], 'a ping in two halves'],
  [['\r', '\n\r', '\n'], ['pong', 'ping'], 'a ping in three pieces'],
  [['\r\n\r\n\r\n'], ['ping', 'pong'], 'a ping and a pong'],
  [['\r\n\r\n\r\n\r\n'], ['ping'], 'two pings at once are one'],
  [['\r\n\r\n', '\r\n\r\n'], ['ping', 'ping'], 'two pings'],
  [[`\r\n${empty}`, '\r\n'], ['pong', empty, 'pong'], 'pongs around a message are no ping'],
  [['\r'], [], 'half a line end'],
  [['\n'], ['failure 400 A line end between messages is not CRLF.'], 'LF alone'],
  [['\rx'], ['failure 400 A line end between messages is not CRLF.'], 'CR alone'],
];

for (const [chunks, frames, name] of keepAlives) {
  test(`keep-alive (RFC 5626 §3.5.1): ${name}`, () => assert.deepEqual(push(new StreamFramer(), ...chunks), frames));
}

test('after a failure nothing more is read', () => {
  const framer = new StreamFramer();
  assert.deepEqual(push(framer, `${empty}${rawInvite()}${empty}`), [
    empty,
    'failure 400 On a stream a message needs one Content-Length, a number.',
  ]);
  assert.deepEqual(push(framer, empty), []);
});

test('a failure can be answered', () => {
  const [frame] = new StreamFramer().push(
    Buffer.from(rawInvite({ 'Content-Length': String(limits.body + 1) }), 'latin1'),
  );
  assert.ok(frame?.type === 'failure');
  assert.match(replyToFailure(frame.failure)!, /^SIP\/2\.0 413 /);
});

test('what cannot become SIP is refused at its first byte', () => {
  assert.deepEqual(push(new StreamFramer(), '\x16'), ['failure 400 What comes over the stream is not SIP.']);
});

test('the largest body comes through byte by byte', () => {
  const text = rawInvite({ 'Content-Length': String(limits.body) }, 'x'.repeat(limits.body));
  const bytes = Buffer.from(text, 'latin1');
  const framer = new StreamFramer();
  const frames: Frame[] = [];
  for (let i = 0; i < bytes.length; i++) frames.push(...framer.push(bytes.subarray(i, i + 1)));
  assert.deepEqual(frames.map(say), [text]);
});

test('a header section without an end is refused when it is too long, byte by byte', () => {
  const framer = new StreamFramer();
  const byte = Buffer.from('x');
  let pushed = 0;
  let frames: readonly Frame[] = [];
  while (frames.length === 0) {
    frames = framer.push(byte);
    pushed++;
  }
  assert.equal(pushed, limits.size - limits.body + 1);
  assert.deepEqual(frames.map(say), ['failure 513 The header section is too long.']);
});
