// RTP packets as bytes: RFC 3550 §5.1 (the header), RFC 3551 §4.5.14 (PCMU, PCMA). Pure.
// Leaves out reading them, RTCP and telephone-event: nothing needs those yet.

interface Packet {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

const version2 = 0x80;
const headerLength = 12;

/** Sequence and timestamp wrap around by themselves. */
export function writePacket({ payloadType, marker, sequence, timestamp, ssrc, payload }: Packet): Buffer {
  const packet = Buffer.allocUnsafe(headerLength + payload.length);
  packet[0] = version2;
  packet[1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  packet.writeUInt32BE(ssrc >>> 0, 8);
  payload.copy(packet, headerLength);
  return packet;
}

/** Ticks of the RTP clock in a millisecond: 8,000 Hz for both codecs. */
export const ticksPerMs = 8;

/** 20 ms in which nothing is heard: the code of the smallest amplitude (ITU-T G.711), 160 times. */
export const silence = {
  PCMU: Buffer.alloc(160, 0xff),
  PCMA: Buffer.alloc(160, 0xd5),
} as const;
