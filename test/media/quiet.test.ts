import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { Media, MediaSession } from '../../src/media/media.ts';
import { quiet } from '../../src/media/quiet.ts';
import { type FakeSystem, fakeSystem } from '../support/fake-system.ts';
import { bindUdp, closeUdp, freeRange, loopback } from './loopback.ts';

interface Heard {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
  readonly from: number;
}

/** The next packet that comes to a peer. */
async function next(peer: Socket): Promise<Heard> {
  const [bytes, { port }] = (await once(peer, 'message')) as [Buffer, { port: number }];
  assert.equal(bytes[0], 0x80);
  return {
    marker: bytes[1]! >= 0x80,
    payloadType: bytes[1]! & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(12),
    from: port,
  };
}

suite('quiet media', () => {
  let system: FakeSystem;
  let range: { from: number; to: number };
  let media: Media;
  let peer: Socket;

  beforeEach(async () => {
    system = fakeSystem();
    range = await freeRange(4);
    media = quiet({ system, address: loopback, ports: range });
    peer = await bindUdp();
  });
  afterEach(async () => {
    await media.close();
    await closeUdp(peer);
    assert.equal(system.clock.armed, 0, 'no timer outlives the media');
  });

  const session = (port: number, change: Partial<MediaSession> = {}): MediaSession => ({
    port,
    remote: { host: loopback, port: peer.address().port },
    payloadType: 0,
    codec: 'PCMU',
    ...change,
  });

  test('keeps the path open with one RTP stream: a packet at once, then one every 15 s', async () => {
    const port = await media.reserve();
    assert.equal(port % 2, 0);
    const heard: Heard[] = [];
    for (let packet = 0; packet < 3; packet += 1) {
      const coming = next(peer);
      if (packet === 0) media.update(session(port));
      else await system.clock.advance(15_000);
      heard.push(await coming);
    }
    const [first] = heard;
    assert.deepEqual(
      heard.map(({ sequence, timestamp }) => [sequence - first!.sequence, timestamp - first!.timestamp]),
      [
        [0, 0],
        [1, 120_000],
        [2, 240_000],
      ],
    );
    for (const { ssrc, marker, from, payloadType, payload } of heard) {
      assert.deepEqual(
        { ssrc, marker, from, payloadType },
        { ssrc: first!.ssrc, marker: true, from: port, payloadType: 0 },
      );
      assert.ok(payload.length === 160 && payload.every((byte) => byte === 0xff));
    }
  });

  test('sends the silence of the codec that a payload type stands for', async () => {
    const port = await media.reserve();
    const coming = next(peer);
    media.update(session(port, { payloadType: 96, codec: 'PCMA' }));
    const { payloadType, payload } = await coming;
    assert.equal(payloadType, 96);
    assert.ok(payload.every((byte) => byte === 0xd5));
  });

  test('sends nothing while the peer takes nothing, and goes on in the same stream', async () => {
    const port = await media.reserve();
    await system.clock.advance(60_000);
    let coming = next(peer);
    media.update(session(port));
    const before = await coming;
    media.update(session(port, { remote: null }));
    assert.equal(system.clock.armed, 0);
    await system.clock.advance(60_000);
    coming = next(peer);
    media.update(session(port));
    const after = await coming;
    assert.deepEqual([after.ssrc, after.sequence], [before.ssrc, before.sequence + 1]);
  });

  test('follows a peer that moves', async () => {
    const port = await media.reserve();
    const elsewhere = await bindUdp();
    let coming = next(peer);
    media.update(session(port));
    await coming;
    coming = next(elsewhere);
    media.update(session(port, { remote: { host: loopback, port: elsewhere.address().port } }));
    assert.equal((await coming).from, port);
    await closeUdp(elsewhere);
  });

  test('one timer serves all calls, each at its own time', async () => {
    const ports = [await media.reserve(), await media.reserve()];
    media.update(session(ports[0]!));
    await system.clock.advance(5_000);
    media.update(session(ports[1]!));
    assert.deepEqual([system.clock.armed, system.clock.nextInMs], [1, 10_000]);
    await system.clock.advance(10_000);
    assert.deepEqual([system.clock.armed, system.clock.nextInMs], [1, 5_000]);
    media.release(ports[0]!);
    media.release(ports[1]!);
    assert.equal(system.clock.armed, 0);
  });

  test('takes what comes, and says at the end how much that was', async () => {
    const port = await media.reserve();
    for (const size of [172, 1, 0, 1_400]) {
      await new Promise((sent) => peer.send(Buffer.alloc(size), port, loopback, sent));
    }
    await system.clock.settle();
    media.release(port);
    assert.deepEqual(system.log.entries.at(-1)?.fields, { port, packets: 4, bytes: 1_573 });
  });

  test('is not disturbed by a peer that is not there, or by an address that cannot be reached', async () => {
    const port = await media.reserve();
    const gone = await bindUdp();
    const remote = { host: loopback, port: gone.address().port };
    await closeUdp(gone);
    for (const target of [remote, { host: '::1', port: 9 }, { host: '255.255.255.255', port: 9 }]) {
      media.update(session(port, { remote: target }));
      await system.clock.advance(30_000);
    }
    const coming = next(peer);
    media.update(session(port));
    await coming;
  });

  test('a port given back is closed and can be bound by others', async () => {
    const port = await media.reserve();
    media.release(port);
    media.release(port);
    media.update(session(port));
    await system.clock.settle();
    await closeUdp(await bindUdp(port));
  });

  test('rejects when no port is left', async () => {
    for (let call = 0; call < 4; call += 1) await media.reserve();
    await assert.rejects(media.reserve(), /^Error: No RTP port is free: all 4 even ports of /);
  });

  test('restores the port of a call, and its keep-alives, after a restart', async () => {
    const port = await media.reserve();
    media.update(session(port));
    const other = quiet({ system, address: loopback, ports: range });
    assert.equal(await other.restore(port), false, 'somebody else has it');
    await media.close();
    assert.equal(await other.restore(port), true);
    assert.equal(await other.restore(port), false, 'another call has it');
    const coming = next(peer);
    other.update(session(port));
    assert.equal((await coming).from, port);
    await other.close();
  });

  test('a call whose address is no longer ours is not restored, and the log says why', async () => {
    const moved = quiet({ system, address: '192.0.2.1', ports: range });
    assert.equal(await moved.restore(20_000), false);
    assert.match(system.log.at('warn').join(), /no such address/);
    await moved.close();
  });

  test('gives out no port once it is closing', async () => {
    const late = media.reserve();
    const closed = media.close();
    await assert.rejects(late, /the server is closing/);
    await closed;
    await assert.rejects(media.reserve(), /the server is closing/);
  });
});
