import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { answer, offer, readAnswer } from '../../../src/sip/message/sdp.ts';
import type { Order } from '../../../src/sip/message/sdp-description.ts';
import { type RelayedOffer, relayAnswer, relayOffer } from '../../../src/sip/message/sdp-relay.ts';

const toAlice = { sessionId: '11', version: 4, address: '198.51.100.7' };
const toBob = { sessionId: '22', version: 7, address: '198.51.100.7' };

const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
/** What Alice and Bob say, and what is said for the one to the other. */
const alice = (...lines: string[]): string =>
  text('v=0', 'o=alice 1 1 IN IP4 192.0.2.1', 's=Talk', 'c=IN IP4 192.0.2.1', 't=0 0', ...lines);
const bob = (...lines: string[]): string =>
  text('v=0', 'o=bob 1 1 IN IP4 203.0.113.5', 's=-', 'c=IN IP4 203.0.113.5', 't=0 0', ...lines);
const aliceToBob = (version: number, ...lines: string[]): string =>
  text('v=0', `o=- 22 ${version} IN IP4 198.51.100.7`, 's=Talk', 'c=IN IP4 192.0.2.1', 't=0 0', ...lines);
const bobToAlice = (version: number, ...lines: string[]): string =>
  text('v=0', `o=- 11 ${version} IN IP4 198.51.100.7`, 's=-', 'c=IN IP4 203.0.113.5', 't=0 0', ...lines);
const quiet = (...lines: string[]): string =>
  text('v=0', 'o=- 22 7 IN IP4 198.51.100.7', 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', ...lines);

const audio = ['m=audio 6000 RTP/AVP 0 96', 'a=rtpmap:96 opus/48000/2', 'a=ptime:20', 'a=sendrecv'];
const video = ['m=video 6002 RTP/AVP 97', 'b=AS:512', 'a=rtpmap:97 VP8/90000'];

interface OfferCase {
  readonly name: string;
  readonly described: string;
  readonly said: string | null;
  readonly sdp: string;
  readonly order: Order;
}

const offers: readonly OfferCase[] = [
  {
    name: 'nothing said yet: as described, under the first version',
    described: alice(...audio, ...video),
    said: null,
    sdp: aliceToBob(7, ...audio, ...video),
    order: [0, 1],
  },
  {
    name: 'our silence becomes the far side’s sound, under the next version',
    described: alice(...audio),
    said: quiet('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=sendonly'),
    sdp: aliceToBob(8, ...audio),
    order: [0],
  },
  {
    name: 'the same again goes under the same version',
    described: alice(...audio),
    said: aliceToBob(7, ...audio),
    sdp: aliceToBob(7, ...audio),
    order: [0],
  },
  {
    name: 'this side has seen more, in another order',
    described: alice(...audio),
    said: quiet('m=video 0 RTP/AVP 96 97', 'm=audio 20000 RTP/AVP 0', 'a=sendrecv', 'm=image 0 udptl t38'),
    sdp: aliceToBob(8, 'm=video 0 RTP/AVP 96', ...audio, 'm=image 0 udptl t38'),
    order: [null, 0, null],
  },
  {
    name: 'the far side has more, and one that is off',
    described: alice('m=text 0 RTP/AVP 98', ...audio, ...video),
    said: quiet('m=audio 20000 RTP/AVP 0'),
    sdp: aliceToBob(8, ...audio, ...video),
    order: [1, 2],
  },
  {
    name: 'hold goes through',
    described: alice('a=inactive', 'm=audio 6000 RTP/AVP 0', 'a=sendonly'),
    said: aliceToBob(7, ...audio, ...video),
    sdp: aliceToBob(8, 'a=inactive', 'm=audio 6000 RTP/AVP 0', 'a=sendonly', 'm=video 0 RTP/AVP 97'),
    order: [0, null],
  },
  {
    name: 'voice becomes fax',
    described: alice('m=image 6004 udptl t38', 'a=T38FaxVersion:0'),
    said: aliceToBob(7, ...audio),
    sdp: aliceToBob(8, 'm=image 6004 udptl t38', 'a=T38FaxVersion:0'),
    order: [0],
  },
  {
    name: 'a stream without address goes nowhere; refused streams are given ours',
    described: text('v=0', 's=-', 't=1 2', 'm=audio 6000 RTP/AVP 0', 'm=audio 6002 RTP/AVP 0', 'c=IN IP4 192.0.2.9'),
    said: quiet('m=audio 20000 RTP/AVP 0', 'm=audio 0 RTP/AVP 0'),
    sdp: quiet('m=audio 6002 RTP/AVP 0', 'c=IN IP4 192.0.2.9', 'm=audio 0 RTP/AVP 0')
      .replace('22 7', '22 8')
      .replace('t=0 0', 't=1 2'),
    order: [1, null],
  },
  {
    name: 'a browser: keys, candidates and fingerprints go through, and a group names what is carried',
    described: text(
      'v=0',
      'o=- 46117317 2 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0 1 2',
      'a=group:LS 2',
      'a=fingerprint:sha-256 19:E2:1C',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
      'c=IN IP4 0.0.0.0',
      'a=ice-ufrag:4ZcD',
      'a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host',
      'a=mid:0',
      'm=video 0 UDP/TLS/RTP/SAVPF 96',
      'c=IN IP4 0.0.0.0',
      'a=mid:1',
      'a=bundle-only',
      'm=application 0 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      'a=mid:2',
    ),
    said: null,
    sdp: quiet(
      'a=group:BUNDLE 0 1',
      'a=fingerprint:sha-256 19:E2:1C',
      'm=audio 9 UDP/TLS/RTP/SAVPF 111 0',
      'c=IN IP4 0.0.0.0',
      'a=ice-ufrag:4ZcD',
      'a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host',
      'a=mid:0',
      'm=video 0 UDP/TLS/RTP/SAVPF 96',
      'c=IN IP4 0.0.0.0',
      'a=mid:1',
      'a=bundle-only',
    ),
    order: [0, 1],
  },
  {
    name: 'what was said cannot be read: as if nothing was, under the next version',
    described: alice(...audio),
    said: 'hello',
    sdp: aliceToBob(8, ...audio),
    order: [0],
  },
];

suite('an offer for the other side', () => {
  for (const { name, described, said, sdp, order } of offers) {
    test(name, () => {
      const relayed = relayOffer(described, said, toBob);
      assert.equal(relayed?.sdp, sdp);
      assert.deepEqual(relayed?.order, order);
      assert.equal(relayed?.version, Number(/^o=- \d+ (\d+)/m.exec(sdp)?.[1]));
    });
  }

  const none: readonly (readonly [name: string, described: string, said: string | null])[] = [
    ['no SDP', 'hello', null],
    ['an m= line that cannot be read', alice(...audio, 'm=audio'), null],
    ['too long by itself', alice(...audio, `a=x:${'x'.repeat(65_536)}`), null],
    [
      'too long with the lines that must stay',
      alice(...audio, `a=x:${'x'.repeat(65_300)}`),
      quiet(...Array<string>(20).fill('m=video 0 RTP/AVP 96')),
    ],
  ];
  for (const [name, described, said] of none) {
    test(`is none: ${name}`, () => assert.equal(relayOffer(described, said, toBob), null));
  }
});

interface AnswerCase {
  readonly name: string;
  readonly offered: string;
  readonly order: Order;
  readonly answered: string;
  readonly said: string | null;
  readonly sdp: string;
}

const taken = ['m=audio 40000 RTP/AVP 0', 'a=sendrecv'];

const answers: readonly AnswerCase[] = [
  {
    name: 'one stream',
    offered: alice(...audio),
    order: [0],
    answered: bob(...taken),
    said: null,
    sdp: bobToAlice(4, ...taken),
  },
  {
    name: 'lines go back to where they were offered; t= is the offer’s',
    offered: alice(...video, ...audio).replace('t=0 0', 't=5 6'),
    order: [1, null, 0],
    answered: bob(...taken, 'm=image 0 udptl t38', 'm=video 40002 RTP/AVP 97'),
    said: bobToAlice(4, ...taken),
    sdp: bobToAlice(5, 'm=video 40002 RTP/AVP 97', ...taken).replace('t=0 0', 't=5 6'),
  },
  {
    name: 'what was not carried, and what this side refuses, is refused',
    offered: alice('m=text 0 RTP/AVP 98', ...audio, ...video, 'm=text 6004 RTP/AVP 98 99'),
    order: [1, 2],
    answered: bob(...taken, 'm=video 0 RTP/AVP 97'),
    said: null,
    sdp: bobToAlice(4, 'm=text 0 RTP/AVP 98', ...taken, 'm=video 0 RTP/AVP 97', 'm=text 0 RTP/AVP 98'),
  },
  {
    name: 'fewer lines than offered: the missing are refused',
    offered: alice(...audio, ...video),
    order: [0, 1],
    answered: bob(...taken),
    said: null,
    sdp: bobToAlice(4, ...taken, 'm=video 0 RTP/AVP 97'),
  },
  {
    name: 'more lines than offered, and one of another kind',
    offered: alice(...audio, ...video),
    order: [0, 1],
    answered: bob(...taken, 'm=audio 40002 RTP/AVP 0', 'm=video 40004 RTP/AVP 97'),
    said: null,
    sdp: bobToAlice(4, ...taken, 'm=video 0 RTP/AVP 97'),
  },
  {
    name: 'a stream that was off stays off, whatever the answer says',
    offered: alice('m=audio 0 RTP/AVP 0'),
    order: [0],
    answered: bob(...taken),
    said: null,
    sdp: bobToAlice(4, 'm=audio 0 RTP/AVP 0'),
  },
  {
    name: 'no address is no answer for a stream',
    offered: alice(...audio),
    order: [0],
    answered: bob(...taken).replace('c=IN IP4 203.0.113.5\r\n', ''),
    said: null,
    sdp: bobToAlice(4, 'm=audio 0 RTP/AVP 0').replace('c=IN IP4 203.0.113.5', 'c=IN IP4 198.51.100.7'),
  },
  {
    name: 'a phone that takes an offer of SRTP in the clear by another protocol',
    offered: alice('m=audio 6000 RTP/AVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19'),
    order: [0],
    answered: bob('m=audio 40000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCV'),
    said: null,
    sdp: bobToAlice(4, 'm=audio 40000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCV'),
  },
  {
    name: 'a browser: a refused stream keeps its name, and is in no group',
    offered: alice('a=group:BUNDLE a v', 'm=audio 9 RTP/SAVPF 0', 'a=mid:a', 'm=video 9 RTP/SAVPF 96', 'a=mid:v'),
    order: [0, 1],
    answered: bob('a=group:BUNDLE a v', 'm=audio 9 RTP/SAVPF 0', 'a=mid:a', 'm=video 0 RTP/SAVPF 96', 'a=mid:v'),
    said: null,
    sdp: bobToAlice(4, 'a=group:BUNDLE a', 'm=audio 9 RTP/SAVPF 0', 'a=mid:a', 'm=video 0 RTP/SAVPF 96', 'a=mid:v'),
  },
  {
    name: 'the same again goes under the same version',
    offered: alice(...audio),
    order: [0],
    answered: bob(...taken),
    said: bobToAlice(4, ...taken),
    sdp: bobToAlice(4, ...taken),
  },
];

suite('the answer the way back', () => {
  for (const { name, offered, order, answered, said, sdp } of answers) {
    test(name, () => {
      const relayed = relayAnswer(answered, order, offered, said, toAlice);
      assert.equal(relayed?.sdp, sdp);
      assert.equal(relayed?.version, Number(/^o=- \d+ (\d+)/m.exec(sdp)?.[1]));
    });
  }

  test('is none for what cannot be read', () => {
    assert.equal(relayAnswer('hello', [0], alice(...audio), null, toAlice), null);
    assert.equal(relayAnswer(bob(...taken), [0], 'hello', null, toAlice), null);
  });
});

test('a call is joined, left alone and joined again: its lines stay, its version grows by one each time', () => {
  const local = { ...toBob, port: 20_000, direction: 'sendrecv' } as const;
  const first = offer(local);
  const joined = relayOffer(alice(...video, ...audio), first, local);
  assert.deepEqual([joined?.version, joined?.order], [8, [1, 0]]);
  const held = offer({ ...local, version: 9, direction: 'sendonly' }, '', joined?.sdp);
  assert.deepEqual(held.match(/^m=\w+ \d+|^a=send.*/gm), ['m=audio 20000', 'a=sendonly', 'm=video 0']);
  const again = relayOffer(alice(...audio, ...video), held, { ...toBob, version: 9 });
  assert.deepEqual([again?.version, again?.order], [10, [0, 1]]);
});

suite('whatever comes', () => {
  const stream = fc
    .tuple(
      fc.constantFrom('audio', 'audio', 'video', 'image', 'x'),
      fc.constantFrom('6000', '6002', '0', '5/2', '70000'),
      fc.constantFrom('RTP/AVP', 'RTP/AVP', 'rtp/avp', 'RTP/SAVP', 'udptl'),
      fc.constantFrom('0 8', '96', '', 'é'),
    )
    .map(([kind, port, protocol, formats]) => `m=${kind} ${port} ${protocol} ${formats}`);
  const line = fc.oneof(
    { weight: 4, arbitrary: stream },
    fc.constantFrom('c=IN IP4 192.0.2.1', 'c=IN IP6 ::1', 'c=IN IP4', 'a=sendonly', 'b=AS:64', 't=1 2', 's=a b'),
    fc.constantFrom('a=group:BUNDLE 0 1', 'a=mid:0', 'a=mid:1', 'a=bundle-only', 'a=x:\u010aa=y', 'k=clear:x'),
    fc.string({ unit: 'binary', maxLength: 20 }).map((value) => `a=x:${value}`),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const sdp = fc.array(line, { maxLength: 12 }).map((lines) => ['v=0', 'c=IN IP4 192.0.2.1', ...lines].join('\r\n'));
  const readable = sdp.filter((each) => relayOffer(each, null, toBob) !== null);
  const anything = fc.oneof({ weight: 4, arbitrary: sdp }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) });
  const linesOf = (description: string, start: string): readonly string[] =>
    description.split(/\r\n|\n|\r/).filter((each) => each.startsWith(start));
  const clean = /^(?:[a-z]=[\t\x20-\x7e\x80-\xff]+\r\n)+$/;

  test('nothing throws, and nothing said breaks a line', () => {
    const order = fc.array(fc.option(fc.integer({ min: -1, max: 6 })), { maxLength: 6 });
    fc.assert(
      fc.property(anything, fc.option(anything), anything, order, (described, said, answered, carried) => {
        const relayed = relayOffer(described, said, toBob);
        if (relayed) assert.match(relayed.sdp, clean);
        const back = relayAnswer(answered, carried, described, said, toAlice);
        if (back) assert.match(back.sdp, clean);
      }),
      { numRuns: 2000 },
    );
  });

  test('m= lines stay, in number and in order, however often a side is offered something', () => {
    fc.assert(
      fc.property(fc.array(readable, { minLength: 1, maxLength: 5 }), (descriptions) => {
        let said: string | null = null;
        let version = toBob.version;
        for (const described of descriptions) {
          const relayed: RelayedOffer | null = relayOffer(described, said, { ...toBob, version });
          assert.ok(relayed);
          const before = linesOf(said ?? '', 'm=');
          const now = linesOf(relayed.sdp, 'm=');
          assert.ok(now.length >= before.length);
          assert.equal(now.length, relayed.order.length);
          // A line in use is of the kind it was, or refused, or voice that became fax.
          for (const [place, line] of before.entries()) {
            const kinds = [line, now[place]!].map((each) => each.slice(2).split(' ', 1)[0]!).toSorted();
            const isOff: boolean = / 0 /.test(line) || relayed.order[place] === null;
            assert.ok(isOff || kinds[0] === kinds[1] || kinds.join() === 'audio,image', `${line} → ${now[place]}`);
          }
          const carried = relayed.order.filter((index) => index !== null);
          assert.equal(new Set(carried).size, carried.length, 'no stream is carried twice');
          assert.equal(relayed.version - version, said === null || said === relayed.sdp ? 0 : 1);
          ({ sdp: said, version } = relayed);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('what is said can be answered by us, and that answer be carried back', () => {
    const us = { sessionId: '1', version: 1, address: '198.51.100.9', port: 20_000, direction: 'sendrecv' } as const;
    fc.assert(
      fc.property(readable, fc.option(readable), (described, before) => {
        const said = before === null ? null : (relayOffer(before, null, toBob)?.sdp ?? null);
        const relayed = relayOffer(described, said, toBob);
        assert.ok(relayed);
        const answered = answer(relayed.sdp, us);
        assert.notEqual(answered, 'unreadable');
        if (typeof answered === 'string') return;
        const back = relayAnswer(answered.sdp, relayed.order, described, null, toAlice);
        assert.ok(back);
        assert.equal(linesOf(back.sdp, 'm=').length, linesOf(described, 'm=').length);
        // The far side hears the same as if it had been answered without anybody in between.
        assert.deepEqual(readAnswer(back.sdp), readAnswer(answered.sdp));
      }),
      { numRuns: 2000 },
    );
  });
});
