import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  arrange,
  describe,
  hostOf,
  isOn,
  type Order,
  refused,
  repeated,
  type Stream,
  write,
} from '../../../src/sip/message/sdp-description.ts';

const origin = { sessionId: '4711', version: 3, address: '198.51.100.7' };
const text = (...lines: string[]): string => `${lines.join('\r\n')}\r\n`;

suite('a description is said again', () => {
  const again = (sdp: string): string | null => {
    const read = describe(sdp);
    return read && write(origin, read, read.streams.flatMap(repeated));
  };
  const ours = 'o=- 4711 3 IN IP4 198.51.100.7';
  const cases: readonly (readonly [name: string, lines: readonly string[], said: readonly string[]])[] = [
    [
      'under our o=, with its name, addresses, bandwidths, time and attributes',
      [
        'v=0',
        'o=alice 1 2 IN IP4 192.0.2.1',
        's=Talk',
        'c=IN IP4 192.0.2.1',
        'b=AS:512',
        't=5 6',
        'a=ice-lite',
        'm=audio 6000/2 RTP/AVP 0 8',
        'c=IN IP6 FF15::101/3',
        'b=TIAS:64000',
        'a=rtpmap:0 PCMU/8000',
        'a=sendonly',
      ],
      [
        'v=0',
        ours,
        's=Talk',
        'c=IN IP4 192.0.2.1',
        'b=AS:512',
        't=5 6',
        'a=ice-lite',
        'm=audio 6000/2 RTP/AVP 0 8',
        'c=IN IP6 FF15::101/3',
        'b=TIAS:64000',
        'a=rtpmap:0 PCMU/8000',
        'a=sendonly',
      ],
    ],
    [
      'without who its author is, without repeats, zones and keys',
      [
        'v=0',
        's=-',
        'i=a',
        'u=b',
        'e=c@d',
        'p=+1',
        't=0 0',
        'r=7d 1h 0',
        'z=0 0',
        'k=prompt',
        'm=a 1 b c',
        'i=d',
        'k=x:y',
      ],
      ['v=0', ours, 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', 'm=a 1 b c'],
    ],
    [
      'without what is broken',
      ['v=0', 's=', 'c=IN IP4', 'b=AS', 'b=AS:x', 't=0', 'a', 'a=', 'a=:x', 'a=x:', 'a=x y', 'nonsense', 'm=a 1 b'],
      ['v=0', ours, 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', 'm=a 1 b 0'],
    ],
    [
      'without control characters, and without what would be one in a byte',
      [
        'v=0',
        's=a\0',
        'c=IN IP4 a\x01',
        'b=AS\x7f:1',
        'm=a 1 b c',
        'a=x:\0',
        'a=x:\u010a',
        'a=x:y\u010aa=z',
        'a=x:\ty \xfc',
      ],
      ['v=0', ours, 's=-', 'c=IN IP4 198.51.100.7', 't=0 0', 'm=a 1 b c', 'a=x:\ty \xfc'],
    ],
    [
      'with a name in UTF-8 as it is, and an address without what follows it',
      ['v=0', 's=voil\xc3\xa0', 'c=in ip4 192.0.2.1 more', 'c=IN IP4 192.0.2.2', 'm=a 1 b c'],
      ['v=0', ours, 's=voil\xc3\xa0', 'c=IN IP4 192.0.2.1', 't=0 0', 'm=a 1 b c'],
    ],
  ];
  for (const [name, lines, said] of cases) test(name, () => assert.equal(again(text(...lines)), text(...said)));

  test('with a word of 128 characters, and none longer', () => {
    const sdp = (length: number) => text('v=0', 's=-', `m=${'x'.repeat(length)} 1 b c`);
    assert.ok(again(sdp(128)));
    assert.equal(again(sdp(129)), null);
  });

  test('the same the second time', () => {
    const line = fc.oneof(
      fc.constantFrom('m=audio 6000 RTP/AVP 0', 'c=IN IP4 192.0.2.1', 'c=IN IP4', 'b=AS:1', 'a=x:y', 's=a b', 't=1 2'),
      fc
        .tuple(fc.constantFrom('m=audio 1 b ', 'c=', 'b=', 'a=', 's=', 't='), fc.string({ unit: 'binary' }))
        .map((p) => p.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const once = again(['v=0', ...lines].join('\r\n'));
        if (once === null) return;
        assert.match(once, /^(?:[a-z]=[\t\x20-\x7e\x80-\xff]+\r\n)+$/);
        assert.equal(again(once), once);
      }),
      { numRuns: 2000 },
    );
  });
});

test('the address of a stream is its own, or the session’s; a broken one is stepped over', () => {
  const hosts = (...lines: string[]): readonly (string | null)[] => {
    const read = describe(text('v=0', ...lines));
    assert.ok(read);
    return read.streams.map((stream) => hostOf(read, stream));
  };
  const [one, two] = ['m=a 1 b c', 'm=a 2 b c'];
  assert.deepEqual(hosts('c=IN IP4 192.0.2.1', one, two, 'c=IN IP6 2001:db8::1/2'), ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(hosts('c=IN IP4 192.0.2.1', one, 'c=IN IP4'), ['192.0.2.1']);
  assert.deepEqual(hosts(one, 'c=IN IP4', two, 'c=IN ATM x'), [null, null]);
});

suite('slots', () => {
  /** `audio`, `audio/AVPF`, and with `-` one that is off. */
  const streamOf = (word: string): Stream => {
    const [, off, kind = '', protocol = 'AVP'] = /^(-?)(\w+)(?:\/(\w+))?$/.exec(word) ?? [];
    const port = off ? 0 : 6000;
    return { kind, port, ports: 1, protocol, formats: ['0'], connection: null, bandwidths: [], attributes: [] };
  };
  const streamsOf = (words: string): readonly Stream[] => words.split(' ').filter(Boolean).map(streamOf);

  const cases: readonly (readonly [name: string, slots: string, streams: string, order: Order])[] = [
    ['nothing said yet: as described', '', 'audio video', [0, 1]],
    ['nothing said yet: what is off is left out', '', '-video audio', [1]],
    ['the same again', 'audio video', 'audio video', [0, 1]],
    ['another order', 'audio video', 'video audio', [1, 0]],
    ['fewer streams', 'audio video', 'audio', [0, null]],
    ['no streams', 'audio -video', '', [null, null]],
    ['more streams go below', 'audio', 'video audio text', [1, 0, 2]],
    ['a stream that was switched off leaves the others where they are', 'audio audio', '-audio audio', [null, 1]],
    ['a stream moves up where its place is taken', 'audio', '-audio audio', [1]],
    ['the same transport goes before the first place', 'audio/SAVP audio', 'audio audio/savp', [1, 0]],
    ['the name of a transport has no case', 'audio/SAVP audio/AVPF', 'audio/avpf audio/savp', [1, 0]],
    ['another transport is better than a new line (§8.3.1)', 'audio', 'audio/AVPF', [0]],
    ['a stream in use goes before a slot that is off', '-audio audio', 'audio', [null, 0]],
    ['a slot that is off is used again (§8.1)', 'audio -video', 'audio video', [0, 1]],
    ['a slot that is off is used again by another kind', 'audio -video', 'audio text', [0, 1]],
    ['a slot of the same kind goes first', '-video -text', 'text', [null, 0]],
    ['voice becomes fax in its place (§8.3.3)', 'audio', '-audio image', [1]],
    ['fax becomes voice in its place', 'image video', 'audio', [0, null]],
    ['fax has a slot of its own', 'audio -image', 'image', [null, 0]],
    ['no other kind changes in its place', 'video', 'audio', [null, 0]],
  ];
  for (const [name, slots, streams, order] of cases) {
    test(name, () => assert.deepEqual(arrange(streamsOf(slots), streamsOf(streams), isOn), order));
  }

  test('there are 64 at most: one stream more has none', () => {
    const order = arrange(streamsOf('audio '.repeat(63)), streamsOf('video text'), isOn);
    assert.deepEqual(order, [...Array<null>(63).fill(null), 0]);
  });

  test('a stream that shares the port of another is on (RFC 8843 §6)', () => {
    assert.ok(isOn({ ...streamOf('-video'), attributes: ['mid:1', 'bundle-only'] }));
    assert.ok(!isOn(streamOf('-video')));
  });

  test('a refused line has one format', () => {
    assert.equal(refused({ ...streamOf('audio'), formats: ['8', '0'] }), 'm=audio 0 AVP 8');
    assert.equal(refused({ ...streamOf('audio'), formats: [] }), 'm=audio 0 AVP 0');
  });
});
