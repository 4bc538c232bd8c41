import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { silence, writePacket } from '../../src/media/rtp.ts';

suite('an RTP packet', () => {
  const packet = {
    payloadType: 0,
    marker: false,
    sequence: 1,
    timestamp: 160,
    ssrc: 0xdeadbeef,
    payload: Buffer.of(1, 2),
  };
  const cases = [
    { name: 'plain', packet, hex: '8000 0001 000000a0 deadbeef 0102' },
    {
      name: 'with marker and a dynamic type',
      packet: { ...packet, marker: true, payloadType: 96 },
      hex: '80e0 0001 000000a0 deadbeef 0102',
    },
    {
      name: 'whose sequence wraps',
      packet: { ...packet, sequence: 0x1_0000 },
      hex: '8000 0000 000000a0 deadbeef 0102',
    },
    {
      name: 'whose timestamp wraps',
      packet: { ...packet, timestamp: 0x1_0000_0005 },
      hex: '8000 0001 00000005 deadbeef 0102',
    },
    { name: 'without payload', packet: { ...packet, payload: Buffer.alloc(0) }, hex: '8000 0001 000000a0 deadbeef' },
  ];
  for (const { name, packet, hex } of cases) {
    test(name, () => assert.equal(writePacket(packet).toString('hex'), hex.replaceAll(' ', '')));
  }
});

test('silence lasts 20 ms in both codecs', () => {
  assert.deepEqual([silence.PCMU.length, silence.PCMA.length], [160, 160]);
});
