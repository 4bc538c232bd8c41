// What the parser accepts, and how it says no. The long tables of bad messages are in test/torture.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderList, Request, Response } from '../../../src/sip/message/message.ts';
import {
  failureIn,
  isFailure,
  limits,
  type ParseFailure,
  parse,
  replyToFailure,
} from '../../../src/sip/message/parse.ts';
import { writeRequest, writeResponse } from '../../../src/sip/message/write.ts';
import { rawInvite, rawMessage, rawResponse } from '../../support/messages.ts';

const headers: HeaderList = [
  ['Via', 'SIP/2.0/UDP a:5060;branch=z9hG4bK1'],
  ['From', '<sip:a@a>;tag=1'],
  ['To', '<sip:b@b>'],
  ['Call-ID', 'c'],
  ['CSeq', '1 INVITE'],
];
const head =
  'Via: SIP/2.0/UDP a:5060;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n';

// One list for the parser and the writer
const requests: readonly (readonly [
  text: string,
  line: { method: string; uri: string },
  more: HeaderList,
  body: string,
])[] = [
  [`INVITE sip:b@b SIP/2.0\r\n${head}Content-Length: 0\r\n\r\n`, { method: 'INVITE', uri: 'sip:b@b' }, [], ''],
  [
    `INVITE tel:+1555 SIP/2.0\r\n${head}X-Empty: \r\nContent-Length: 0\r\n\r\n`,
    { method: 'INVITE', uri: 'tel:+1555' },
    [['X-Empty', '']],
    '',
  ],
  [
    `INVITE urn:service:sos SIP/2.0\r\n${head}X: \xc3\xa9\r\nX: 2\r\nContent-Length: 7\r\n\r\n\r\n\r\n\0\xffx`,
    { method: 'INVITE', uri: 'urn:service:sos' },
    [
      ['X', '\xc3\xa9'],
      ['X', '2'],
    ],
    '\r\n\r\n\0\xffx',
  ],
];

for (const [text, line, more, body] of requests) {
  test(`request ${line.uri}`, () => {
    assert.equal(writeRequest(line, [...headers, ...more], body), text);
    const request = parse(text);
    assert.ok(request instanceof Request);
    assert.deepEqual({ method: request.method, uri: request.uri }, line);
    assert.deepEqual(request.entries(), [...headers, ...more, ['Content-Length', String(body.length)]]);
    assert.equal(request.body, body);
  });
}

const responses: readonly (readonly [text: string, status: number, reason: string, body: string])[] = [
  [`SIP/2.0 200 OK\r\n${head}Content-Length: 0\r\n\r\n`, 200, 'OK', ''],
  [`SIP/2.0 699 \r\n${head}Content-Length: 1\r\n\r\nx`, 699, '', 'x'],
  [`SIP/2.0 183 \xc3\xa9 SIP/2.0 200 OK\r\n${head}Content-Length: 0\r\n\r\n`, 183, '\xc3\xa9 SIP/2.0 200 OK', ''],
];

for (const [text, status, reason, body] of responses) {
  test(`response ${status} ${reason}`, () => {
    assert.equal(writeResponse({ status, reason }, headers, body), text);
    const response = parse(text);
    assert.ok(response instanceof Response);
    assert.deepEqual([response.status, response.reason, response.body], [status, reason, body]);
    assert.deepEqual(response.entries(), [...headers, ['Content-Length', String(body.length)]]);
  });
}

test('a response is written with the phrase of its code', () => {
  assert.match(writeResponse({ status: 486 }, headers), /^SIP\/2\.0 486 Busy Here\r\n/);
});

test('the writer refuses to write another message into a line', () => {
  const bad = ['a\r\nX: y', 'a\nb', 'a\r'];
  for (const text of bad) {
    assert.throws(() => writeRequest({ method: 'INVITE', uri: text }, headers), /line break/);
    assert.throws(() => writeRequest({ method: text, uri: 'sip:a' }, headers), /line break/);
    assert.throws(() => writeResponse({ status: 200, reason: text }, headers), /line break/);
    assert.throws(() => writeResponse({ status: 200 }, [['X', text]]), /line break/);
    assert.throws(() => writeResponse({ status: 200 }, [[text, 'x']]), /line break/);
  }
});

test('a status line without the space before an absent phrase', () => {
  const response = parse(rawMessage('SIP/2.0 200'));
  assert.ok(response instanceof Response);
  assert.equal(response.reason, '');
});

test('the version in lower case, and line ends before the start line', () => {
  assert.ok(parse(rawMessage('INVITE sip:b@b sip/2.0')) instanceof Request);
  assert.ok(parse(rawMessage('sip/2.0 200 OK')) instanceof Response);
  assert.ok(parse(`\r\n\r\n${rawInvite()}`) instanceof Request);
});

test('of a datagram Content-Length cuts the body, without one the datagram does (RFC 3261 §18.3)', () => {
  const bodies = [
    [rawInvite({ 'Content-Length': '3' }, 'v=0\r\n'), 'v=0'],
    [rawInvite({ l: '0' }, 'v=0\r\n'), ''],
    [rawInvite({}, 'v=0\r\n'), 'v=0\r\n'],
    [rawInvite({ 'Content-Length': '0005' }, 'v=0\r\n'), 'v=0\r\n'],
  ] as const;
  for (const [text, body] of bodies) {
    const request = parse(text);
    assert.ok(request instanceof Request);
    assert.equal(request.body, body);
  }
});

const failure = (text: string): ParseFailure => {
  const result = parse(text);
  assert.ok(isFailure(result));
  return result;
};

test('everything at its limit is still a message', () => {
  const subject = 'x'.repeat(limits.line - 'Subject: '.length);
  assert.ok(parse(rawInvite({ Subject: subject })) instanceof Request);
  assert.equal(failure(rawInvite({ Subject: `${subject}x` })).status, 513);
  assert.ok(parse(rawInvite({ X: Array<string>(limits.fields - 6).fill('') })) instanceof Request);
  assert.equal(failure(rawInvite({ X: Array<string>(limits.fields - 5).fill('') })).status, 513);
  assert.ok(parse(rawInvite({}, 'x'.repeat(limits.body))) instanceof Request);
  assert.equal(failure(rawInvite({}, 'x'.repeat(limits.body + 1))).status, 413);
});

test('what makes a start line too long decides the answer: a Request-URI 414, anything else 513', () => {
  const long = 'x'.repeat(limits.line);
  assert.equal(failure(rawMessage(`INVITE sip:${long} SIP/2.0`)).status, 414);
  assert.equal(failure(rawMessage(`${long} sip:b@b SIP/2.0`)).status, 513);
  assert.equal(failure(rawMessage(`SIP/2.0 200 ${long}`)).status, 513);
});

test('read from the bytes it came in, a message is the same', () => {
  const text = rawInvite({ From: '"J\xc3\xb6rg" <sip:a@b>;tag=1' }, '\xff');
  const [a, b] = [parse(text), parse(text, Buffer.from(text, 'latin1'))];
  assert.ok(a instanceof Request && b instanceof Request);
  assert.deepEqual([b.entries(), b.body, b.from.displayName], [a.entries(), a.body, a.from.displayName]);
});

test('a failure keeps what an answer is copied from', () => {
  const { status, partial } = failure(
    rawInvite({ Via: ['SIP/2.0/UDP a;branch=z9hG4bK1', 'SIP/2.0/UDP b'], CSeq: '1 BYE' }),
  );
  assert.equal(status, 400);
  assert.deepEqual(partial, {
    method: 'INVITE',
    vias: ['SIP/2.0/UDP a;branch=z9hG4bK1', 'SIP/2.0/UDP b'],
    from: '"Alice" <sip:alice@atlanta.example>;tag=1928301774',
    to: 'Bob <sip:bob@biloxi.example>',
    callId: 'a84b4c76e66710@pc33.atlanta.example',
    cseq: '1 BYE',
  });
});

test('the answer to a failure is the same for each retransmission, with a tag of ours', () => {
  const text = rawInvite({ CSeq: '1 BYE' });
  const answer = replyToFailure(failure(text))!;
  assert.equal(answer, replyToFailure(failure(text)));
  assert.match(
    answer,
    /^SIP\/2\.0 400 Bad Request\r\nVia: SIP\/2\.0\/UDP pc33\.atlanta\.example:5060;branch=z9hG4bK776asdhds;rport\r\nFrom: "Alice" <sip:alice@atlanta\.example>;tag=1928301774\r\nTo: Bob <sip:bob@biloxi\.example>;tag=[0-9a-f]{16}\r\nCall-ID: a84b4c76e66710@pc33\.atlanta\.example\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n$/,
  );
  assert.match(
    replyToFailure(failure(rawInvite({ CSeq: '1 BYE', To: '<sip:b@b>;tag=theirs' })))!,
    /To: <sip:b@b>;tag=theirs\r\n/,
  );
});

test('neither an ACK nor a response is answered', () => {
  assert.equal(replyToFailure(failure(rawMessage('ACK sip:b@b SIP/2.0', { CSeq: 'x' }))), null);
  assert.equal(replyToFailure(failure(rawResponse(200, { CSeq: 'x' }))), null);
  assert.equal(failure(rawResponse(200, { CSeq: 'x' })).partial, null);
});

test('a failure found by framing is answered from what is there', () => {
  const half = rawInvite({ 'Content-Length': '999999999' });
  assert.match(replyToFailure(failureIn(half, 'Too long.', 413))!, /^SIP\/2\.0 413 Request Entity Too Large\r\n/);
  assert.equal(failureIn(half, 'Too long.', 413).failure, 'Too long.');
});
