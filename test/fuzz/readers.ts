// The fuzz of everything that reads text: nothing throws, and what was read holds together. An execution is a function of
// its chance alone.
import assert from 'node:assert/strict';
import { readAddress, tagOf, writeAddress } from '../../src/sip/message/address.ts';
import { authorize, readChallenges, strongest } from '../../src/sip/message/digest.ts';
import { StreamFramer } from '../../src/sip/message/framing.ts';
import { splitList, toUtf8, unfold, unquote } from '../../src/sip/message/grammar.ts';
import {
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
  writeContentType,
  writeCSeq,
  writeEvent,
  writeRack,
  writeReplaces,
  writeVia,
} from '../../src/sip/message/headers.ts';
import { ackFor, cancelFor, isRequest, Request, Response, reply, stampVia } from '../../src/sip/message/message.ts';
import { isFailure, parse, replyToFailure } from '../../src/sip/message/parse.ts';
import { answer, codecsOf, offer, readAnswer } from '../../src/sip/message/sdp.ts';
import { relayAnswer, relayOffer } from '../../src/sip/message/sdp-relay.ts';
import { readSipfrag } from '../../src/sip/message/sipfrag.ts';
import { readUri, sameUri, withHeaders, writeUri } from '../../src/sip/message/uri.ts';
import { rawInvite, rawResponse } from '../support/messages.ts';
import { messages } from '../torture/messages.ts';
import { ipv6Messages } from '../torture/messages-ipv6.ts';
import type { Random } from './random.ts';

export type Execution = (random: Random) => void;

export const originals: readonly string[] = [
  rawInvite({ 'Content-Length': '4' }, 'v=0\n'),
  rawResponse(200, { 'Content-Length': '0' }),
  rawResponse(401, { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256' }),
  ...Object.values({ ...messages, ...ipv6Messages }).map((message) => message.text),
];

const us = { sessionId: '1', version: 1, address: '192.0.2.1', port: 4000, direction: 'sendrecv' } as const;

const sdps: readonly string[] = [
  offer(us),
  ...originals.map((text) => text.slice(text.indexOf('\r\n\r\n') + 4)).filter((body) => body.startsWith('v=0')),
];

function parseAndUse(random: Random): void {
  const text = random.chance(0.9) ? random.mutated(random.pick(originals)) : random.nearly(40);
  const result = parse(text);
  if (isFailure(result)) {
    assert.ok(result.failure !== '' && result.status >= 400);
    replyToFailure(result);
    return;
  }
  assert.ok(text.includes(result.body));
  for (const [name, value] of result.entries()) {
    assert.doesNotMatch(value, /^[ \t]|[ \t]$|\r|\n/);
    assert.ok(result.all(name).includes(value));
    result.values(name);
  }
  // What the parser let pass can be read, part by part.
  const { from, to, via, cseq } = result;
  for (const address of [from, to]) assert.equal(address.params.get('tag') ?? null, tagOf(address));
  assert.ok(from.uri !== '' && to.uri !== '' && from.displayName !== '\0' && to.displayName !== '\0');
  assert.equal(via.params.get('branch') ?? null, via.branch);
  assert.ok(via.host !== '' && via.transport !== '' && cseq.number >= 0);
  if (isRequest(result)) useRequest(result);
  else for (const challenge of strongest(readChallenges(result))) answerChallenge(challenge);
}

function useRequest(request: Request): void {
  for (const written of [reply(request, 100), reply(request, 200, { toTag: 't' }), cancelFor(request)])
    assert.ok(!isFailure(parse(written)), written);
  const stamped = stampVia(request, '192.0.2.1', 40_000);
  const again = parse(stamped.text);
  assert.ok(again instanceof Request);
  assert.deepEqual([again.entries(), again.body], [stamped.entries(), stamped.body]);
}

function answerChallenge(challenge: ReturnType<typeof readChallenges>[number]): void {
  const request = { method: 'REFER', uri: 'sip:a@b', cnonce: 'c', nc: 1 };
  const [name, value] = authorize(challenge, request, { username: 'u', password: 'p' });
  assert.doesNotMatch(`${name}: ${value}`, /[\r\n]/);
}

function acknowledge(random: Random): void {
  const [request, response] = [random.mutated(originals[0]!), random.mutated(originals[1]!)].map((text) => parse(text));
  if (request instanceof Request && response instanceof Response)
    assert.ok(!isFailure(parse(ackFor(request, response))));
}

/** However a stream is split, it gives the same messages. */
function frame(random: Random): void {
  let text = '';
  for (let left = 1 + random.int(4); left > 0; left--)
    text += random.chance(0.7) ? random.pick([originals[0]!, '\r\n\r\n']) : random.mutated(random.pick(originals), 2);
  const bytes = Buffer.from(text, 'latin1');
  const whole = texts(new StreamFramer(), Buffer.from(bytes));
  const framer = new StreamFramer();
  const split: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.int(300));
    split.push(...texts(framer, Buffer.from(bytes.subarray(at, end))));
    at = end;
  }
  assert.deepEqual(split, whole);
}

function texts(framer: StreamFramer, chunk: Buffer): readonly string[] {
  return framer.push(chunk).flatMap((each) => {
    if (each.type === 'message') return [each.bytes.toString('latin1')];
    return each.type === 'failure' ? ['failure'] : [];
  });
}

const uris = ['sip:alice:pw@b.example:5060;transport=udp;lr?Subject=x&To=y', 'sips:[2001:db8::1]', 'tel:+1-555;ext=1'];

function uri(random: Random): void {
  const text = random.chance(0.5) ? random.mutated(random.pick(uris)) : `sip:${random.nearly(8)}`;
  const read = readUri(text);
  if (!read) return;
  assert.deepEqual(readUri(writeUri(read)), read);
  assert.ok(sameUri(read, read));
  const more = withHeaders(text, [['Replaces', random.latin1(12)]]);
  assert.ok(readUri(more) !== null, more);
}

/** What was read is written, and read back the same. */
function header<T>(
  examples: readonly string[],
  read: (text: string) => T | null,
  write?: (value: T) => string,
): Execution {
  return (random) => {
    const text = random.chance(0.7) ? random.mutated(random.pick(examples)) : random.nearly();
    const value = read(text);
    if (value !== null && write) assert.deepEqual(read(write(value)), value, JSON.stringify(text));
  };
}

const noBreak = (text: string): string => text.replace(/[\r\n\0]/g, '');

function digest(random: Random): void {
  const value = noBreak(
    random.mutated('Digest realm="a, b", nonce="n\\"", qop="auth", stale=true, Basic x, digest realm=r'),
  );
  const response = parse(
    rawResponse(401, { 'WWW-Authenticate': value, 'Proxy-Authenticate': noBreak(random.nearly()) }),
  );
  if (response instanceof Response)
    for (const challenge of strongest(readChallenges(response))) answerChallenge(challenge);
}

const anySdp = (random: Random): string =>
  random.chance(0.9) ? random.mutated(random.pick(sdps), 6) : random.nearly(40);

const streamsOf = (body: string): number => body.split(/\r\n|\n|\r/).filter((line) => /^m=/.test(line)).length;

function sdp(random: Random): void {
  const text = anySdp(random);
  const answered = answer(text, us, random.pick(['', 'PCMA,PCMU', 'G729']));
  readAnswer(text);
  assert.ok(codecsOf(text).length <= 32);
  if (typeof answered === 'string') return;
  assert.equal(streamsOf(answered.sdp), streamsOf(text), JSON.stringify(text).slice(0, 2_000));
  assert.notEqual(readAnswer(answered.sdp), 'unreadable');
}

/** What is said for one side to the other holds no line of its own making, and as many streams as each side has seen. */
function relay(random: Random): void {
  const described = anySdp(random);
  const said = relayOffer(anySdp(random), null, us)?.sdp ?? null;
  const relayed = relayOffer(described, said, us);
  if (relayed === null) return;
  assert.match(relayed.sdp, /^(?:[a-z]=[\t\x20-\x7e\x80-\xff]+\r\n)+$/);
  assert.equal(streamsOf(relayed.sdp), relayed.order.length);
  assert.ok(streamsOf(offer(us, '', relayed.sdp)) >= relayed.order.length);
  assert.ok(relayed.order.length >= streamsOf(said ?? ''));
  const answered = answer(relayed.sdp, us);
  assert.notEqual(answered, 'unreadable');
  const reply = random.chance(0.5) && typeof answered === 'object' ? answered.sdp : anySdp(random);
  const back = relayAnswer(reply, relayed.order, described, null, us);
  if (back === null) return;
  assert.match(back.sdp, /^(?:[a-z]=[\t\x20-\x7e\x80-\xff]+\r\n)+$/);
  assert.equal(streamsOf(back.sdp), streamsOf(described));
}

function texting(random: Random): void {
  const text = random.nearly(20);
  for (const element of splitList(`${text},`)) assert.doesNotMatch(element, /^[ \t]|[ \t]$/);
  unfold(text);
  unquote(text);
  toUtf8(text);
  sameHeader(text, 'Via');
  readSipfrag(text);
  readSipfrag(`SIP/2.0 ${random.int(1000)}${text}`);
}

const viaTexts = ['SIP/2.0/UDP [2001:db8::1]:5060;rport;branch=z9hG4bK1', 'SIP / 2.0 / TCP a.b.c. : 5 ; received = x'];
const addressTexts = ['"A \\" B" <sip:a@b>;tag=x;q=0.5', 'Bob <sip:b>', 'sip:a@b ; tag = y', '<tel:+1>;x="y, z"'];

export const readers: Readonly<Record<string, Execution>> = {
  parse: parseAndUse,
  acknowledge,
  frame,
  uri,
  Address: header(addressTexts, readAddress, writeAddress),
  Via: header(viaTexts, readVia, writeVia),
  CSeq: header(['1 INVITE', '0002147483647  x'], readCSeq, writeCSeq),
  Event: header(['refer;id=1', 'presence ; x="a;b"'], readEvent, writeEvent),
  'Subscription-State': header(
    ['active;expires=60', 'terminated;reason=noresource;retry-after=5'],
    readSubscriptionState,
  ),
  'Content-Type': header(['message/sipfrag;version=2.0', 'a / b;x="y"'], readContentType, writeContentType),
  RAck: header(['1 2 INVITE'], readRack, writeRack),
  Replaces: header(['a@b;to-tag=1;from-tag=2;early-only'], readReplaces, writeReplaces),
  'Retry-After': header(['60 (later);duration=9'], readRetryAfter),
  Reason: header(['Q.850;cause=16;text="Bye \\" bye"'], readReason),
  'Refer-Sub': header(['false;x', 'true'], readReferSub),
  'option tags': header(['100rel, timer,,x'], readOptionTags),
  texts: texting,
  digest,
  sdp,
  relay,
};
