import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  type Agreed,
  answer,
  codecsOf,
  type Direction,
  type LocalSdp,
  offer,
  readAnswer,
} from '../../../src/sip/message/sdp.ts';

const us: LocalSdp = { sessionId: '4711', version: 1, address: '198.51.100.7', port: 20_000, direction: 'sendrecv' };

const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;
const session = (...rest: string[]): string =>
  text('v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...rest);
const answered = (...rest: string[]): string =>
  text('v=0', 'o=- 4711 1 IN IP4 198.51.100.7', 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', ...rest);

const pcmu: Agreed = {
  remote: { host: '192.0.2.1', port: 6000 },
  payloadType: 0,
  codec: 'PCMU',
  dtmfPayloadType: null,
  direction: 'sendrecv',
};

interface Case {
  readonly name: string;
  readonly offer: string;
  readonly preferred?: string;
  readonly local?: Partial<LocalSdp>;
  readonly answer: string;
  readonly agreed: Agreed;
}

const phones: readonly Case[] = [
  {
    name: 'SIPp: one codec',
    offer: session('m=audio 6000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000'),
    answer: answered('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv'),
    agreed: pcmu,
  },
  {
    name: 'baresip: more than we speak, telephone-event 0-15, rtcp-mux',
    offer: session(
      'a=tool:baresip 1.0.0',
      'm=audio 6000 RTP/AVP 96 9 8 0 101',
      'b=AS:125',
      'a=rtpmap:96 opus/48000/2',
      'a=fmtp:96 stereo=1;sprop-stereo=1',
      'a=rtpmap:9 G722/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=rtcp:6001',
      'a=rtcp-mux',
      'a=sendrecv',
      'a=label:1',
      'a=ssrc:123 cname:sip:alice@atlanta.example',
      'a=ptime:20',
    ),
    answer: answered(
      'm=audio 20000 RTP/AVP 8 0 101',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
    ),
    agreed: { ...pcmu, payloadType: 8, codec: 'PCMA', dtmfPayloadType: 101 },
  },
  {
    name: 'Linphone: audio and video, static types without rtpmap, telephone-event at two rates',
    offer: text(
      'v=0',
      'o=alice 3747 1995 IN IP4 192.0.2.1',
      's=Talk',
      'c=IN IP4 192.0.2.1',
      't=0 0',
      'a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics',
      'm=audio 6000 RTP/AVP 96 0 8 97 98',
      'a=rtpmap:96 opus/48000/2',
      'a=rtpmap:97 telephone-event/48000',
      'a=rtpmap:98 telephone-event/8000',
      'm=video 6002 RTP/AVP 99',
      'a=rtpmap:99 VP8/90000',
    ),
    answer: answered(
      'm=audio 20000 RTP/AVP 0 8 98',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:98 telephone-event/8000',
      'a=fmtp:98 0-15',
      'a=ptime:20',
      'a=sendrecv',
      'm=video 0 RTP/AVP 99',
    ),
    agreed: { ...pcmu, dtmfPayloadType: 98 },
  },
  {
    name: 'a carrier SBC: address at the stream, ptime 30, telephone-event 0-16 before the codec, G.729 first',
    offer: text(
      'v=0',
      'o=SBC 1389 7 IN IP4 203.0.113.5',
      's=sip call',
      't=0 0',
      'm=audio 31000 RTP/AVP 18 100 8',
      'c=IN IP4 203.0.113.9',
      'a=rtpmap:18 G729/8000',
      'a=fmtp:18 annexb=no',
      'a=rtpmap:100 telephone-event/8000/1',
      'a=fmtp:100 0-16',
      'a=rtpmap:8 pcma/8000/1',
      'a=ptime:30',
      'a=maxptime:60',
    ),
    answer: answered(
      'm=audio 20000 RTP/AVP 8 100',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:100 telephone-event/8000',
      'a=fmtp:100 0-15',
      'a=ptime:30',
      'a=sendrecv',
    ),
    agreed: {
      ...pcmu,
      remote: { host: '203.0.113.9', port: 31_000 },
      payloadType: 8,
      codec: 'PCMA',
      dtmfPayloadType: 100,
    },
  },
  {
    name: 'a gateway that offers T.38 beside the audio',
    offer: session('m=audio 6000 RTP/AVP 0', 'm=image 6002 udptl t38', 'a=T38FaxVersion:0'),
    answer: answered(
      'm=audio 20000 RTP/AVP 0',
      'a=rtpmap:0 PCMU/8000',
      'a=ptime:20',
      'a=sendrecv',
      'm=image 0 udptl t38',
    ),
    agreed: pcmu,
  },
  {
    name: 'an IPv6 phone',
    offer: text('v=0', 'o=- 1 1 IN IP6 2001:db8::1', 's=-', 'c=IN IP6 2001:db8::1', 't=0 0', 'm=audio 6000 RTP/AVP 0'),
    local: { address: '2001:db8::7' },
    answer: text(
      'v=0',
      'o=- 4711 1 IN IP6 2001:db8::7',
      's=-',
      'c=IN IP6 2001:db8::7',
      't=0 0',
      'm=audio 20000 RTP/AVP 0',
      'a=rtpmap:0 PCMU/8000',
      'a=ptime:20',
      'a=sendrecv',
    ),
    agreed: { ...pcmu, remote: { host: '2001:db8::1', port: 6000 } },
  },
  {
    name: 'a phone that ends lines with LF, repeats blanks and writes lines nobody knows',
    offer: `${session('m=audio  6000  RTP/AVP  0 ', 'x=what', 'nonsense', 'a=', 'y', '').replaceAll('\r\n', '\n')}\n\n`,
    answer: answered('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv'),
    agreed: pcmu,
  },
  {
    name: 'a session that started at a given time: t= is said back',
    offer: session('m=audio 6000 RTP/AVP 0').replace('t=0 0', 't=2873397496 0'),
    answer: answered('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv').replace(
      't=0 0',
      't=2873397496 0',
    ),
    agreed: pcmu,
  },
];

const choices: readonly Case[] = [
  {
    name: 'dynamic payload types for our codecs',
    offer: session('m=audio 6000 RTP/AVP 110 111', 'a=rtpmap:110 PCMA/8000', 'a=rtpmap:111 PCMU/8000'),
    answer: answered(
      'm=audio 20000 RTP/AVP 110 111',
      'a=rtpmap:110 PCMA/8000',
      'a=rtpmap:111 PCMU/8000',
      'a=ptime:20',
      'a=sendrecv',
    ),
    agreed: { ...pcmu, payloadType: 110, codec: 'PCMA' },
  },
  {
    name: 'a codec offered twice is taken once; a static type with another meaning is not ours',
    offer: session('m=audio 6000 RTP/AVP 0 96 8', 'a=rtpmap:0 PCMU/16000', 'a=rtpmap:96 PCMA/8000'),
    answer: answered('m=audio 20000 RTP/AVP 96', 'a=rtpmap:96 PCMA/8000', 'a=ptime:20', 'a=sendrecv'),
    agreed: { ...pcmu, payloadType: 96, codec: 'PCMA' },
  },
  {
    name: 'a preferred codec goes first',
    offer: session('m=audio 6000 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000'),
    preferred: 'G722, pcma',
    answer: answered(
      'm=audio 20000 RTP/AVP 8 0 101',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:101 telephone-event/8000',
      'a=fmtp:101 0-15',
      'a=ptime:20',
      'a=sendrecv',
    ),
    agreed: { ...pcmu, payloadType: 8, codec: 'PCMA', dtmfPayloadType: 101 },
  },
  {
    name: 'several audio streams: the first we can speak on',
    offer: session(
      'm=audio 0 RTP/AVP 0',
      'm=audio 6000 RTP/SAVP 0',
      'm=audio 6002 RTP/AVP 18',
      'm=audio 6004/2 RTP/AVP 8',
      'm=audio 6006 RTP/AVP 0',
    ),
    answer: answered(
      'm=audio 0 RTP/AVP 0',
      'm=audio 0 RTP/SAVP 0',
      'm=audio 0 RTP/AVP 18',
      'm=audio 20000 RTP/AVP 8',
      'a=rtpmap:8 PCMA/8000',
      'a=ptime:20',
      'a=sendrecv',
      'm=audio 0 RTP/AVP 0',
    ),
    agreed: { ...pcmu, remote: { host: '192.0.2.1', port: 6004 }, payloadType: 8, codec: 'PCMA' },
  },
  {
    name: 'a packet time nobody uses is not followed',
    offer: session('m=audio 6000 RTP/AVP 0', 'a=ptime:65535'),
    answer: answered('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv'),
    agreed: pcmu,
  },
  {
    name: 'a host name is taken, but nothing is sent to it',
    offer: session('m=audio 6000 RTP/AVP 0').replaceAll('192.0.2.1', 'media.atlanta.example'),
    answer: answered('m=audio 20000 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=sendrecv'),
    agreed: { ...pcmu, remote: null },
  },
  {
    name: 'signalling only: port 9 and inactive',
    offer: session('m=audio 6000 RTP/AVP 0'),
    local: { port: 9, direction: 'inactive' },
    answer: answered('m=audio 9 RTP/AVP 0', 'a=rtpmap:0 PCMU/8000', 'a=ptime:20', 'a=inactive'),
    agreed: { ...pcmu, remote: null, direction: 'inactive' },
  },
];

suite('the answer to', () => {
  for (const { name, offer: offered, preferred, local, answer: expected, agreed } of [...phones, ...choices]) {
    test(name, () => {
      const result = answer(offered, { ...us, ...local }, preferred);
      assert.ok(typeof result === 'object', String(result));
      assert.equal(result.sdp, expected);
      assert.deepEqual(result.agreed, agreed);
    });
  }
});

suite('directions', () => {
  const at6000 = { host: '192.0.2.1', port: 6000 };
  const cases = [
    { name: 'none said', lines: [], direction: 'sendrecv', remote: at6000 },
    { name: 'hold with music', lines: ['a=sendonly'], direction: 'recvonly', remote: null },
    { name: 'listening only', lines: ['a=recvonly'], direction: 'sendonly', remote: at6000 },
    { name: 'inactive', lines: ['a=inactive'], direction: 'inactive', remote: null },
    { name: 'hold by RFC 2543', lines: ['c=IN IP4 0.0.0.0'], direction: 'recvonly', remote: null },
    { name: 'hold by both', lines: ['c=IN IP4 0.0.0.0', 'a=inactive'], direction: 'inactive', remote: null },
    { name: 'hold by RFC 2543 in IPv6', lines: ['c=IN IP6 ::'], direction: 'recvonly', remote: null },
    { name: 'said for the session', session: 'a=sendonly', lines: [], direction: 'recvonly', remote: null },
    {
      name: 'the stream overrules',
      session: 'a=inactive',
      lines: ['a=sendrecv'],
      direction: 'sendrecv',
      remote: at6000,
    },
  ] as const;
  for (const { name, lines, direction, remote, ...more } of cases) {
    const sessionLines = 'session' in more ? [more.session] : [];
    test(name, () => {
      const peer = session(...sessionLines, 'm=audio 6000 RTP/AVP 0', ...lines);
      const result = answer(peer, us);
      assert.ok(typeof result === 'object', String(result));
      assert.equal(result.sdp.split('\r\n').at(-2), `a=${direction}`);
      assert.deepEqual(result.agreed, { ...pcmu, direction, remote });
      assert.deepEqual(readAnswer(peer), { ...pcmu, direction, remote }, 'and the same when it comes as an answer');
    });
  }
});

suite('what we are ready for limits what is agreed', () => {
  const cases: readonly (readonly [ours: Direction, theirs: Direction, agreed: Direction])[] = [
    ['sendonly', 'sendrecv', 'sendonly'],
    ['sendonly', 'recvonly', 'sendonly'],
    ['sendonly', 'sendonly', 'inactive'],
    ['sendonly', 'inactive', 'inactive'],
    ['recvonly', 'sendrecv', 'recvonly'],
    ['recvonly', 'sendonly', 'recvonly'],
    ['recvonly', 'recvonly', 'inactive'],
    ['inactive', 'sendrecv', 'inactive'],
    ['inactive', 'sendonly', 'inactive'],
  ];
  for (const [ours, theirs, direction] of cases) {
    test(`${ours}, and the peer ${theirs}`, () => {
      const peer = session('m=audio 6000 RTP/AVP 0', `a=${theirs}`);
      const remote = direction === 'sendonly' ? pcmu.remote : null;
      const result = answer(peer, { ...us, direction: ours });
      assert.ok(typeof result === 'object', String(result));
      assert.equal(result.sdp.split('\r\n').at(-2), `a=${direction}`);
      assert.deepEqual(result.agreed, { ...pcmu, direction, remote });
      assert.deepEqual(
        readAnswer(peer, ours),
        { ...pcmu, direction, remote },
        'and the same when it comes as an answer',
      );
    });
  }
});

suite('refused', () => {
  const webrtc = text(
    'v=0',
    'o=- 46117317 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'a=msid-semantic: WMS',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8',
    'c=IN IP4 0.0.0.0',
    'a=ice-ufrag:4ZcD',
    'a=fingerprint:sha-256 19:E2:1C',
    'a=setup:actpass',
    'a=mid:0',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
  );
  const cases: readonly (readonly [name: string, offer: string, why: string])[] = [
    ['WebRTC', webrtc, 'no-common-codec'],
    ['SRTP only', session('m=audio 6000 RTP/SAVP 0 8'), 'no-common-codec'],
    ['no streams', session(), 'no-common-codec'],
    ['video only', session('m=video 6000 RTP/AVP 96', 'a=rtpmap:96 VP8/90000'), 'no-common-codec'],
    ['audio switched off', session('m=audio 0 RTP/AVP 0'), 'no-common-codec'],
    ['codecs we lack', session('m=audio 6000 RTP/AVP 9 18'), 'no-common-codec'],
    [
      'digits without voice',
      session('m=audio 6000 RTP/AVP 101', 'a=rtpmap:101 telephone-event/8000'),
      'no-common-codec',
    ],
    ['no formats', session('m=audio 6000 RTP/AVP'), 'no-common-codec'],
    ['a payload type beyond 7 bits', session('m=audio 6000 RTP/AVP 128', 'a=rtpmap:128 PCMU/8000'), 'no-common-codec'],
    ['PCMU in stereo', session('m=audio 6000 RTP/AVP 96', 'a=rtpmap:96 PCMU/8000/2'), 'no-common-codec'],
    ['multicast', session('m=audio 6000 RTP/AVP 0', 'c=IN IP4 224.2.1.1/127'), 'no-common-codec'],
    ['multicast in IPv6', session('m=audio 6000 RTP/AVP 0', 'c=IN IP6 FF15::101/3'), 'no-common-codec'],
    ['nothing', '', 'unreadable'],
    ['not SDP', 'hello', 'unreadable'],
    ['a version to come', session('m=audio 6000 RTP/AVP 0').replace('v=0', 'v=1'), 'unreadable'],
    ['no address', text('v=0', 's=-', 't=0 0', 'm=audio 6000 RTP/AVP 0'), 'unreadable'],
    ['half an address', text('v=0', 'c=IN IP4', 'm=audio 6000 RTP/AVP 0'), 'unreadable'],
    ['a stream without port', session('m=audio RTP/AVP 0'), 'unreadable'],
    ['a port beyond 16 bits', session('m=audio 65536 RTP/AVP 0'), 'unreadable'],
    ['a negative port', session('m=audio -1 RTP/AVP 0'), 'unreadable'],
    ['an empty stream', session('m='), 'unreadable'],
    ['control characters', session('m=audio 6000 RTP/AVP 0', 'm=vi\0deo 6000 RTP/AVP 0'), 'unreadable'],
    ['bytes above ASCII', session('m=audio 6000 RTP/AVP 0', 'm=vid\xe9o 6000 RTP/AVP 0'), 'unreadable'],
    ['65 streams', session(...Array<string>(65).fill('m=audio 6000 RTP/AVP 0')), 'unreadable'],
    ['a megabyte', session('m=audio 6000 RTP/AVP 0', `a=${'x'.repeat(1_000_000)}`), 'unreadable'],
  ];
  for (const [name, offered, why] of cases) {
    test(name, () => {
      assert.equal(answer(offered, us), why);
      assert.equal(readAnswer(offered), why);
    });
  }
});

suite('our offer, for an INVITE without one', () => {
  test('has both codecs and telephone-event', () => {
    assert.equal(
      offer(us),
      answered(
        'm=audio 20000 RTP/AVP 0 8 101',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:20',
        'a=sendrecv',
      ),
    );
  });

  test('has the preferred codec first', () => {
    assert.match(offer(us, 'OPUS,PCMA'), /m=audio 20000 RTP\/AVP 8 0 101\r\n/);
  });

  test('is inactive without media', () => {
    assert.match(offer({ ...us, port: 9, direction: 'inactive' }), /m=audio 9 .*\r\na=inactive\r\n$/s);
  });

  test('is one that we could answer, and read that answer', () => {
    const peer = answer(offer(us), { ...us, address: '192.0.2.1', port: 6000 });
    assert.ok(typeof peer === 'object');
    assert.deepEqual(peer.agreed.remote, { host: '198.51.100.7', port: 20_000 });
    assert.deepEqual(readAnswer(peer.sdp), { ...pcmu, dtmfPayloadType: 101 });
  });

  test('may be answered with payload types of the peer', () => {
    const peer = session(
      'm=audio 6000 RTP/AVP 97 8',
      'a=rtpmap:97 telephone-event/8000',
      'a=fmtp:97 0-11',
      'a=recvonly',
    );
    assert.deepEqual(readAnswer(peer), {
      ...pcmu,
      payloadType: 8,
      codec: 'PCMA',
      dtmfPayloadType: 97,
      direction: 'sendonly',
    });
  });

  test('may be refused', () => {
    assert.equal(readAnswer(session('m=audio 0 RTP/AVP 0')), 'no-common-codec');
  });
});

suite('our offer, where more was said before', () => {
  const voice = [
    'm=audio 20000 RTP/AVP 0 8 101',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendonly',
  ];
  const cases: readonly (readonly [name: string, said: readonly string[], offered: readonly string[]])[] = [
    ['the audio alone', ['m=audio 6000 RTP/AVP 0'], voice],
    [
      'audio behind video',
      ['m=video 6002 RTP/AVP 96 97', 'a=rtpmap:96 VP8/90000', 'm=audio 6000 RTP/AVP 0', 'm=image 0 udptl t38'],
      ['m=video 0 RTP/AVP 96', ...voice, 'm=image 0 udptl t38'],
    ],
    [
      'audio twice',
      ['m=audio 6000 RTP/SAVP 0', 'm=audio 6002 RTP/AVP 0', 'm=audio 6004 RTP/AVP 0'],
      ['m=audio 0 RTP/SAVP 0', ...voice, 'm=audio 0 RTP/AVP 0'],
    ],
    ['fax', ['m=image 6000 udptl t38'], voice],
    ['no audio', ['m=video 6002 RTP/AVP 96'], ['m=video 0 RTP/AVP 96', ...voice]],
    ['nothing that can be read', ['m=video'], voice],
    [
      'another meaning of 101 (§8.3.2)',
      ['m=audio 6000 RTP/AVP 101 100', 'a=rtpmap:101 opus/48000/2', 'a=rtpmap:100 telephone-event/8000'],
      voice.map((line) => line.replace('101', '100')),
    ],
  ];
  for (const [name, said, offered] of cases) {
    test(name, () => assert.equal(offer({ ...us, direction: 'sendonly' }, '', session(...said)), answered(...offered)));
  }
});

suite('the codecs of', () => {
  const cases: readonly (readonly [name: string, sdp: string, codecs: readonly string[]])[] = [
    ['baresip', phones[1]!.offer, ['OPUS', 'G722', 'PCMA', 'PCMU']],
    ['a carrier', phones[3]!.offer, ['G729', 'PCMA']],
    ['static payload types', session('m=audio 6000 RTP/AVP 0 3 4 9 13 15 77'), ['PCMU', 'GSM', 'G723', 'G722', 'G728']],
    ['two streams', session('m=audio 6000 RTP/SAVP 8 0', 'm=audio 6000 RTP/AVP 0 8'), ['PCMA', 'PCMU']],
    ['video', session('m=video 6000 RTP/AVP 96', 'a=rtpmap:96 VP8/90000'), []],
    ['nothing', '', []],
  ];
  for (const [name, sdp, codecs] of cases) test(name, () => assert.deepEqual(codecsOf(sdp), codecs));

  test('a liar: no more than 32', () => {
    const types = Array.from({ length: 128 }, (_, index) => index);
    const sdp = session(
      `m=audio 6000 RTP/AVP ${types.join(' ')}`,
      ...types.map((type) => `a=rtpmap:${type} X${type}/8000`),
    );
    assert.equal(codecsOf(sdp).length, 32);
  });
});

suite('whatever comes', () => {
  const port = fc.oneof(fc.integer({ min: 0, max: 66_000 }).map(String), fc.constantFrom('', '5/2', '-1', '1e3'));
  const formats = fc.array(fc.oneof(fc.integer({ min: 0, max: 130 }).map(String), fc.string({ maxLength: 3 })), {
    maxLength: 5,
  });
  const stream = fc
    .tuple(
      fc.constantFrom('audio', 'audio', 'video', 'image', 'x'),
      port,
      fc.constantFrom('RTP/AVP', 'RTP/AVP', 'rtp/avp', 'RTP/SAVP', 'udptl', ''),
      formats,
    )
    .map(([kind, at, protocol, listed]) => `m=${kind} ${at} ${protocol} ${listed.join(' ')}`);
  const line = fc.oneof(
    stream,
    stream,
    fc.constantFrom('m=audio 6000 RTP/AVP 0 8 101', 'a=sendonly', 'a=inactive', 'a=ptime:20', 't=1 2', 't=x'),
    fc.constantFrom('c=IN IP4 192.0.2.1', 'c=IN IP6 ::1', 'c=IN IP4 0.0.0.0', 'c=IN IP4', 'c=', 'c=IN IP4 a/1'),
    fc.constantFrom('a=rtpmap:101 telephone-event/8000', 'a=rtpmap:0 x', 'a=rtpmap:', 'a=rtpmap:8 PCMU/8000', 'a'),
    fc.string({ maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const sdp = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r'))
    .map(([lines, end]) => ['v=0', ...lines].join(end));
  const anything = fc.oneof({ weight: 4, arbitrary: sdp }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) });
  const streamsOf = (description: string): string[] =>
    description.split(/\r\n|\n|\r/).filter((l) => l.startsWith('m='));

  test('nothing throws, and an answer has the streams of its offer', () => {
    fc.assert(
      fc.property(anything, fc.string(), (offered, preferred) => {
        codecsOf(offered);
        readAnswer(offered);
        const result = answer(offered, us, preferred);
        if (typeof result === 'string') return;
        const kinds = (description: string) => streamsOf(description).map((m) => m.slice(2).trim().split(/[ \t]/)[0]);
        assert.deepEqual(kinds(result.sdp), kinds(offered));
        assert.equal(streamsOf(result.sdp).filter((m) => !/ 0 /.test(m.slice(0, m.indexOf('/')))).length, 1);
        assert.match(result.sdp, /^(?:[a-z]=[\x20-\x7e]+\r\n)+$/);
      }),
      { numRuns: 3000 },
    );
  });

  test('an answer of ours can be read, and mirrors what was agreed', () => {
    const mirrored = {
      sendrecv: 'sendrecv',
      sendonly: 'recvonly',
      recvonly: 'sendonly',
      inactive: 'inactive',
    } as const;
    fc.assert(
      fc.property(sdp, (offered) => {
        const result = answer(offered, us);
        if (typeof result === 'string') return;
        const { codec, payloadType, dtmfPayloadType, direction } = result.agreed;
        const remote =
          direction === 'recvonly' || direction === 'sendrecv' ? { host: us.address, port: us.port } : null;
        const expected = { codec, payloadType, dtmfPayloadType, direction: mirrored[direction], remote };
        assert.deepEqual(readAnswer(result.sdp), expected);
      }),
      { numRuns: 3000 },
    );
  });
});
