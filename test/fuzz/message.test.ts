// Random and mutated text through every reader of sip/message: none throws, and what is written is read back the same.
// Seeded and bounded: the same runs every time, within a few seconds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, readAddress, writeAddress } from '../../src/sip/message/address.ts';
import { bytesOf } from '../../src/sip/message/bytes.ts';
import { authorize, readChallenges, strongest } from '../../src/sip/message/digest.ts';
import { StreamFramer } from '../../src/sip/message/framing.ts';
import { fromUtf8, isToken, splitList, toUtf8, unfold, unquote } from '../../src/sip/message/grammar.ts';
import {
  locateName,
  nameId,
  readContentType,
  readCSeq,
  readEvent,
  readOptionTags,
  readRack,
  readReason,
  readReferSub,
  readReplaces,
  readRetryAfter,
  readSubscriptionState,
  readVia,
  sameHeader,
  writeCSeq,
  writeEvent,
  writeVia,
} from '../../src/sip/message/headers.ts';
import { ackFor, cancelFor, isRequest, Request, Response, reply, stampVia } from '../../src/sip/message/message.ts';
import { isFailure, parse, replyToFailure } from '../../src/sip/message/parse.ts';
import { readSipfrag } from '../../src/sip/message/sipfrag.ts';
import { readUri, sameUri, withHeaders, writeUri } from '../../src/sip/message/uri.ts';
import { writeRequest, writeResponse } from '../../src/sip/message/write.ts';
import { rawInvite, rawResponse } from '../support/messages.ts';
import { messages } from '../torture/messages.ts';
import { pieces } from './random.ts';

const seed = 3261;
const check = <Args extends [unknown, ...unknown[]]>(runs: number, property: fc.IProperty<Args>): void =>
  fc.assert(property, { seed, numRuns: runs });

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const nearly = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: latin1 }), {
    maxLength: 14,
  })
  .map((all) => all.join(''));

// Messages with a few pieces cut out, doubled or put in.
const originals = [
  rawInvite({ 'Content-Length': '4' }, 'v=0\n'),
  rawResponse(200, { 'Content-Length': '0' }),
  ...Object.values(messages).map((message) => message.text),
];
const place = fc.double({ min: 0, max: 1, noNaN: true });
const edit = fc.record({
  at: place,
  length: fc.nat(12),
  text: fc.oneof(fc.constantFrom(...pieces), latin1, fc.constant('')),
});
const mutated = fc.tuple(fc.constantFrom(...originals), fc.array(edit, { maxLength: 4 })).map(([original, edits]) =>
  edits.reduce((text, { at, length, text: put }) => {
    const cut = Math.floor(at * text.length);
    return text.slice(0, cut) + put + text.slice(cut + length);
  }, original),
);

test('parse never throws, and whatever it gives can be used', () => {
  check(
    6_000,
    fc.property(fc.oneof(mutated, nearly), (text) => {
      const result = parse(text);
      if (isFailure(result)) {
        replyToFailure(result);
        return;
      }
      for (const [name, value] of result.entries()) {
        assert.doesNotMatch(value, /^[ \t]|[ \t]$/);
        assert.ok(result.all(name).includes(value));
        result.values(name);
      }
      assert.ok(text.includes(result.body));
      if (!isRequest(result)) {
        readChallenges(result);
        return;
      }
      for (const written of [reply(result, 100), reply(result, 200, { toTag: 't' }), cancelFor(result)])
        assert.ok(!isFailure(parse(written)));
      const stamped = stampVia(result, '192.0.2.1', 40_000);
      const again = parse(stamped.text);
      assert.ok(again instanceof Request);
      assert.deepEqual([again.entries(), again.body], [stamped.entries(), stamped.body]);
    }),
  );
});

test('an ACK is made from any INVITE and any response', () => {
  check(
    1_000,
    fc.property(mutated, mutated, (a, b) => {
      const [request, response] = [parse(a), parse(b)];
      if (request instanceof Request && response instanceof Response)
        assert.ok(!isFailure(parse(ackFor(request, response))));
    }),
  );
});

test('framing never throws and gives the same messages however the stream is split', () => {
  const stream = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...originals.slice(0, 2), '\r\n\r\n') },
      { weight: 1, arbitrary: mutated },
    ),
    { maxLength: 5 },
  );
  check(
    1_500,
    fc.property(stream, fc.array(fc.nat(200), { minLength: 1, maxLength: 30 }), (texts, sizes) => {
      const bytes = Buffer.from(texts.join(''), 'latin1');
      const names = (framer: StreamFramer, chunk: Buffer): readonly string[] =>
        framer
          .push(chunk)
          .flatMap((frame) =>
            frame.type === 'message' ? frame.bytes.toString('latin1') : frame.type === 'failure' ? frame.type : [],
          );
      const whole = names(new StreamFramer(), Buffer.from(bytes));
      const framer = new StreamFramer();
      const split: string[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length]! + 1;
        split.push(...names(framer, Buffer.from(bytes.subarray(at, at + size))));
        at += size;
      }
      assert.deepEqual(split, whole);
    }),
  );
});

test('no reader of a value throws', () => {
  const readers = [
    readUri,
    readAddress,
    readVia,
    readCSeq,
    readEvent,
    readSubscriptionState,
    readContentType,
    readRack,
    readReplaces,
    readRetryAfter,
    readReason,
    readReferSub,
    readOptionTags,
    readSipfrag,
    splitList,
    unfold,
    unquote,
    toUtf8,
    fromUtf8,
    isToken,
    nameId,
  ];
  check(
    8_000,
    fc.property(nearly, (text) => {
      for (const read of readers) read(text);
      sameHeader(text, 'Via');
      locateName(bytesOf(text), 0, text.length);
    }),
  );
});

test('what a reader reads is written and read back the same', () => {
  check(
    8_000,
    fc.property(nearly, (text) => {
      const address = readAddress(text);
      if (address) assert.deepEqual(readAddress(writeAddress(address)), address);
      const via = readVia(`SIP/2.0/UDP ${text}`);
      if (via) assert.deepEqual(readVia(writeVia(via)), via);
      const cseq = readCSeq(text);
      if (cseq) assert.deepEqual(readCSeq(writeCSeq(cseq)), cseq);
      const uri = readUri(`sip:${text}`);
      if (uri) {
        assert.deepEqual(readUri(writeUri(uri)), uri);
        assert.ok(sameUri(uri, uri));
      }
    }),
  );
});

const tokens = fc.string({ unit: fc.constantFrom(..."abcXYZ019-.!%*_+`'~"), minLength: 1, maxLength: 12 });
const values = latin1.map((text) => text.replace(/[\r\n\0]/g, '').trim());

test('an address is written and read back the same', () => {
  const params = fc.uniqueArray(
    fc.tuple(
      tokens.map((name) => name.toLowerCase()),
      fc.option(tokens),
    ),
    { selector: ([name]) => name, maxLength: 4 },
  );
  const addresses: fc.Arbitrary<Address> = fc.record(
    {
      displayName: fc.option(latin1),
      uri: tokens.map((user) => `sip:${user}@b.example`),
      params: params.map((entries) => new Map(entries)),
    },
    { noNullPrototype: true },
  );
  check(
    3_000,
    fc.property(addresses, (address) => assert.deepEqual(readAddress(writeAddress(address)), address)),
  );
});

test('an Event id and the headers of a URI survive any text', () => {
  check(
    3_000,
    fc.property(tokens, values, (name, value) => {
      assert.deepEqual(readEvent(writeEvent({ package: 'refer', id: name })), { package: 'refer', id: name });
      const text = withHeaders('sip:a@b', [[name, value]]);
      const uri = readUri(text);
      assert.ok(uri && uri.scheme === 'sip');
      const [key = '', written = ''] = uri.headers!.split('=');
      const plain = (escaped: string): string =>
        escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      assert.deepEqual([plain(key), plain(written)], [name, value]);
    }),
  );
});

test('parse(write(x)) is x', () => {
  const own = fc.array(
    fc.tuple(
      tokens.map((name) => `X-${name}`),
      values,
    ),
    { maxLength: 8 },
  );
  const head = [
    ['Via', 'SIP/2.0/UDP a;branch=z9hG4bK1'],
    ['From', '<sip:a@a>;tag=1'],
    ['To', '<sip:b@b>'],
    ['Call-ID', 'c'],
  ] as const;
  check(
    3_000,
    fc.property(tokens, own, latin1, fc.integer({ min: 100, max: 699 }), (method, more, body, status) => {
      const headers = [...head, ['CSeq', `1 ${method}`] as const, ...more];
      const request = parse(writeRequest({ method, uri: 'sip:b@b' }, headers, body));
      assert.ok(request instanceof Request);
      assert.deepEqual([request.method, request.body], [method, body]);
      assert.deepEqual(request.entries(), [...headers, ['Content-Length', String(body.length)]]);
      const response = parse(writeResponse({ status }, headers, body));
      assert.ok(response instanceof Response);
      assert.deepEqual([response.status, response.body], [status, body]);
      assert.deepEqual(response.entries(), request.entries());
    }),
  );
});

test('challenges of any text are read without throwing, and those read can be answered', () => {
  check(
    4_000,
    fc.property(
      fc.array(
        nearly.map((text) => text.replace(/[\r\n\0]/g, '')),
        { maxLength: 3 },
      ),
      (fields) => {
        const response = parse(
          rawResponse(401, { 'WWW-Authenticate': fields.map((text) => `Digest realm="r", nonce="n",${text}`) }),
        );
        assert.ok(response instanceof Response);
        for (const challenge of strongest(readChallenges(response))) {
          const [name, value] = authorize(
            challenge,
            { method: 'REFER', uri: 'sip:a@b', cnonce: 'c', nc: 1 },
            { username: 'u', password: 'p' },
          );
          assert.doesNotMatch(`${name}: ${value}`, /[\r\n]/);
        }
      },
    ),
  );
});
