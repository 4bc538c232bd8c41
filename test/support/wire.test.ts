import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Target } from '../../src/sip/transport/transport.ts';
import { type FakeSystem, fakeSystem } from './fake-system.ts';
import type { Faults } from './faults.ts';
import { type Packet, Wire, type WireTransport } from './wire.ts';

interface Heard {
  readonly text: string;
  readonly from: Target;
}

async function station(wire: Wire, name: 'udp' | 'tcp', host: string, port = 5060) {
  const transport = wire.transport(name, host, port);
  const heard: Heard[] = [];
  await transport.listen((bytes, from) => heard.push({ text: bytes.toString('latin1'), from }));
  return { transport, heard };
}

function ship(from: WireTransport, text: string, host: string, port = 5060, flow?: string): Error[] {
  const errors: Error[] = [];
  from.send(text, { transport: from.name, host, port, ...(flow && { flow }) }, (error) => errors.push(error));
  return errors;
}

async function world(name: 'udp' | 'tcp', options: { latencyMs?: number; faults?: Faults } = {}) {
  const system: FakeSystem = fakeSystem();
  const packets: Packet[] = [];
  const wire = new Wire({ clock: system.clock, tap: (packet) => packets.push(packet), ...options });
  const a = await station(wire, name, '192.0.2.1');
  const b = await station(wire, name, '192.0.2.2');
  return { system, wire, packets, a, b };
}

test('a datagram arrives with the address it came from and the listener it came by', async () => {
  const { system, a, b } = await world('udp');
  ship(a.transport, 'hello\xe9', '192.0.2.2');
  assert.deepEqual(b.heard, []);
  await system.clock.settle();
  const from = { transport: 'udp', host: '192.0.2.1', port: 5060, flow: 'udp:192.0.2.2:5060' };
  assert.deepEqual(b.heard, [{ text: 'hello\xe9', from }]);
});

test('a datagram to nobody vanishes, a connection to nobody fails, after send has returned', async () => {
  for (const [name, failures] of [
    ['udp', 0],
    ['tcp', 1],
  ] as const) {
    const { system, a } = await world(name);
    const errors = ship(a.transport, 'anyone?', '192.0.2.99');
    assert.equal(errors.length, 0);
    await system.clock.settle();
    assert.equal(errors.length, failures, name);
  }
});

test('a connection is a flow both ways, used again, until it is closed', async () => {
  const { system, a, b } = await world('tcp');
  ship(a.transport, 'one', '192.0.2.2');
  await system.clock.settle();
  const flow = b.heard[0]?.from.flow ?? '';
  ship(b.transport, 'two', '192.0.2.1', b.heard[0]?.from.port, flow);
  ship(a.transport, 'three', '192.0.2.2');
  await system.clock.settle();
  assert.deepEqual([a.heard[0]?.text, a.heard[0]?.from.flow], ['two', flow]);
  assert.equal(b.heard[1]?.from.flow, flow);
  assert.deepEqual(a.transport.flows, [flow]);
  b.transport.closeFlow(flow);
  const errors = ship(b.transport, 'four', '192.0.2.1', b.heard[0]?.from.port, flow);
  await system.clock.settle();
  assert.equal(errors.length, 1, 'nobody listens on the port the connection came from');
});

test('a transport that was cut is gone, and its address is free', async () => {
  const { system, wire, a, b } = await world('udp');
  a.transport.cut();
  ship(b.transport, 'still there?', '192.0.2.1');
  await system.clock.settle();
  assert.deepEqual(a.heard, []);
  const again = await station(wire, 'udp', '192.0.2.1');
  ship(b.transport, 'and now?', '192.0.2.1');
  await system.clock.settle();
  assert.equal(again.heard.length, 1);
  await assert.rejects(station(wire, 'udp', '192.0.2.1'), /in use/);
});

test('port 0 is the first free one', async () => {
  const { wire } = await world('udp');
  const { transport } = await station(wire, 'udp', '192.0.2.1', 0);
  assert.equal(transport.local.port, 5061);
});

test('latency and seeded faults: the same seed gives the same run', async () => {
  const run = async (seed: number): Promise<string> => {
    const faults = { seed, loss: 0.2, duplication: 0.2, reordering: 0.3 };
    const { system, a, b, packets } = await world('udp', { latencyMs: 5, faults });
    for (let n = 0; n < 50; n += 1) ship(a.transport, String(n), '192.0.2.2');
    assert.equal(b.heard.length, 0);
    await system.clock.advance(100);
    assert.equal(packets.length, 50);
    return b.heard.map(({ text }) => text).join();
  };
  const first = await run(7);
  assert.equal(first, await run(7));
  assert.notEqual(first, await run(8));
  const numbers = first.split(',').map(Number);
  assert.ok(new Set(numbers).size < 50, 'some are lost');
  assert.ok(numbers.length > new Set(numbers).size, 'some come twice');
  assert.ok(
    numbers.some((number, at) => number < (numbers[at - 1] ?? 0)),
    'some come late',
  );
});

test('aimed loss: what drop picks is traced as lost and does not arrive', async () => {
  const system = fakeSystem();
  const packets: Packet[] = [];
  const drop = ({ text }: Packet): boolean => text === 'drop me';
  const wire = new Wire({ clock: system.clock, drop, tap: (packet) => packets.push(packet) });
  const a = await station(wire, 'udp', '192.0.2.1');
  const b = await station(wire, 'udp', '192.0.2.2');
  ship(a.transport, 'drop me', '192.0.2.2');
  ship(a.transport, 'keep me', '192.0.2.2');
  await system.clock.settle();
  assert.deepEqual(
    b.heard.map(({ text }) => text),
    ['keep me'],
  );
  assert.deepEqual(
    packets.map(({ lost }) => lost),
    [true, false],
  );
});
