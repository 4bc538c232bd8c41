import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { afterEach, suite, test } from 'node:test';
import { Ports } from '../../src/media/ports.ts';
import { bindUdp, closeUdp, freeRange, loopback } from './loopback.ts';

suite('a range of RTP ports', () => {
  const open: Socket[] = [];
  const keep = (socket: Socket | null): number => {
    assert.ok(socket, 'bound');
    open.push(socket);
    return socket.address().port;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map(closeUdp));
  });

  test('gives each even port once, from the start on and round', async () => {
    const range = await freeRange(4);
    const ports = new Ports(loopback, range, 2);
    const given = [];
    for (let index = 0; index < 4; index += 1) given.push(keep(await ports.bindNext()) - range.from);
    assert.deepEqual(given, [4, 6, 0, 2]);
  });

  test('skips what others hold', async () => {
    const range = await freeRange(3);
    keep(await bindUdp(range.from));
    const ports = new Ports(loopback, range, 0);
    assert.equal(keep(await ports.bindNext()), range.from + 2);
  });

  test('says clearly when none is left, and gives again what was given back', async () => {
    const range = await freeRange(2);
    const ports = new Ports(loopback, range, 7);
    keep(await ports.bindNext());
    const second = await ports.bindNext();
    await assert.rejects(ports.bindNext(), {
      message: `No RTP port is free: all 2 even ports of ${range.from}-${range.to} on ${loopback} are taken. Widen SWITCHHOOK_RTP_PORTS.`,
    });
    const { port } = second.address();
    await closeUdp(second);
    assert.equal(keep(await ports.bindNext()), port);
  });

  test('gives different ports to those who ask at once', async () => {
    const range = await freeRange(4);
    const ports = new Ports(loopback, range, 0);
    const sockets = await Promise.all([ports.bindNext(), ports.bindNext(), ports.bindNext(), ports.bindNext()]);
    assert.equal(new Set(sockets.map(keep)).size, 4);
  });

  test('has no port between two odd ones, and one between two even ones at the same place', async () => {
    const { from } = await freeRange(1);
    await assert.rejects(new Ports(loopback, { from: from + 1, to: from + 1 }, 5).bindNext(), /all 0 even ports/);
    assert.equal(keep(await new Ports(loopback, { from, to: from }, 5).bindNext()), from);
  });

  test('binds a given port, but not one that is taken', async () => {
    const { from } = await freeRange(1);
    const ports = new Ports(loopback, { from, to: from }, 0);
    keep(await ports.bind(from));
    assert.equal(await ports.bind(from), null, 'held by us');
    assert.equal(await new Ports(loopback, { from, to: from }, 0).bind(from), null, 'held by others');
  });

  test('names an address that is not ours', async () => {
    const ports = new Ports('192.0.2.1', { from: 20_000, to: 20_010 }, 0);
    await assert.rejects(ports.bindNext(), {
      message: 'Cannot bind RTP port 20000 on 192.0.2.1: this machine has no such address.',
    });
  });
});
