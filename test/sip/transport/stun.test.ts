import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerStun, isStun } from '../../../src/sip/transport/stun.ts';

const id = 'b7e7a701bc34d686fa87dfae';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const request = (attributes = '', type = '0001', length = attributes.replaceAll(' ', '').length / 2) =>
  hex(`${type} ${length.toString(16).padStart(4, '0')} 2112a442 ${id} ${attributes}`);

const answers: readonly (readonly [what: string, bytes: Buffer, host: string, port: number, answer: string | null])[] =
  [
    // The mapped addresses are those of RFC 5769 §2.2 and §2.3, whose transaction id this is.
    ['IPv4', request(), '192.0.2.1', 32_853, `0101000c2112a442${id}002000080001a147e112a643`],
    [
      'IPv6',
      request(),
      '2001:db8:1234:5678:11:2233:4455:6677',
      32_853,
      `010100182112a442${id}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`,
    ],
    [
      'IPv6, shortened',
      request(),
      '::1',
      5060,
      `010100182112a442${id}00200014000232d6${'2112a442'}${id.slice(0, -2)}af`,
    ],
    [
      'optional attributes, USERNAME and MESSAGE-INTEGRITY are passed over',
      request('8022 0003 61626300 0006 0001 61000000 0008 0000'),
      '192.0.2.1',
      32_853,
      `0101000c2112a442${id}002000080001a147e112a643`,
    ],
    [
      'an attribute that we had to understand (§7.3.1)',
      request('0003 0004 00000006 7fff 0000'),
      '192.0.2.1',
      1,
      `011100242112a442${id}00090015000004 14556e6b6e6f776e20417474726962757465000000000a00040003 7fff`.replaceAll(
        ' ',
        '',
      ),
    ],
    ['an indication', request('', '0011'), '192.0.2.1', 1, null],
    ['a response', request('', '0101'), '192.0.2.1', 1, null],
    ['another method', request('', '0003'), '192.0.2.1', 1, null],
    ['a wrong length', request('', '0001', 4), '192.0.2.1', 1, null],
    ['a length that is no multiple of four', request('80220000 80', '0001'), '192.0.2.1', 1, null],
    ['an attribute that goes beyond the end', request('8022 0010 61626364'), '192.0.2.1', 1, null],
  ];

for (const [what, bytes, host, port, answer] of answers) {
  test(`a binding request is ${answer ? 'answered' : 'not answered'}: ${what}`, () => {
    assert.ok(isStun(bytes));
    assert.equal(answerStun(bytes, host, port)?.toString('hex') ?? null, answer);
  });
}

const others: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['SIP', Buffer.from('OPTIONS sip:bob@biloxi.example SIP/2.0\r\n\r\n')],
  ['line ends', Buffer.from('\r\n\r\n')],
  ['nothing', Buffer.alloc(0)],
  ['STUN before it had a cookie (RFC 3489)', hex(`0001 0000 00000000 ${id}`)],
  ['RTP', hex(`8000 0000 2112a442 ${id}`)],
];

for (const [what, bytes] of others) test(`${what} is no STUN`, () => assert.equal(isStun(bytes), false));

test('no bytes make it throw, and no answer is much longer than what it answers', () => {
  let seed = 1;
  const next = () => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff);
  for (let run = 0; run < 20_000; run += 1) {
    const attributes = Buffer.from(Array.from({ length: (next() % 16) * 4 }, () => next() >> 8));
    if (run % 2 && attributes.length > 4) attributes.writeUInt16BE(attributes.length - 4, 2);
    const bytes = request(attributes.toString('hex'));
    assert.ok((answerStun(bytes, '192.0.2.1', 5060)?.length ?? 0) <= bytes.length + 48);
  }
});
