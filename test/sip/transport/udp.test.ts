import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { UdpTransport } from '../../../src/sip/transport/udp.ts';
import { type FakeSystem, fakeSystem } from '../../support/fake-system.ts';

interface Arrived {
  readonly text: string;
  readonly from: Target;
}

/** A bound transport, and a promise of each message that comes. */
async function setUp(t: TestContext, host = '127.0.0.1', system: FakeSystem = fakeSystem()) {
  const transport = new UdpTransport({ system, host, port: 0 });
  const arrived: Arrived[] = [];
  const waiting: ((message: Arrived) => void)[] = [];
  await transport.listen((bytes, from) => {
    const message = { text: bytes.toString('latin1'), from };
    const next = waiting.shift();
    if (next) next(message);
    else arrived.push(message);
  });
  t.after(() => transport.close());
  const next = async (): Promise<Arrived> => arrived.shift() ?? new Promise((take) => waiting.push(take));
  return { transport, next, system };
}

const unexpected = (error: Error): never => {
  throw error;
};

for (const host of ['127.0.0.1', '::1']) {
  test(`${host}: a message goes and comes, every byte as it was, by a flow that names the listener`, async (t) => {
    const [a, b] = [await setUp(t, host), await setUp(t, host)];
    assert.notEqual(a.transport.local.port, 0);
    const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    a.transport.send(every, { transport: 'udp', host, port: b.transport.local.port }, unexpected);
    assert.deepEqual(await b.next(), {
      text: every,
      from: { transport: 'udp', host, port: a.transport.local.port, flow: `udp:${host}:${b.transport.local.port}` },
    });
  });
}

test('the source may be answered: the response leaves by the port the request came to', async (t) => {
  const [a, b] = [await setUp(t), await setUp(t)];
  a.transport.send('request', { transport: 'udp', host: '127.0.0.1', port: b.transport.local.port }, unexpected);
  const { from } = await b.next();
  b.transport.send('response', from, unexpected);
  assert.equal((await a.next()).from.port, b.transport.local.port);
});

for (const host of ['127.0.0.1', '::1']) {
  test(`a STUN binding request over ${host} is answered, and nobody else is told (RFC 5626 §4.4.2)`, async (t) => {
    const [a, b] = [await setUp(t, host), await setUp(t, host)];
    const request = '\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl';
    const client = createSocket(host === '::1' ? 'udp6' : 'udp4');
    t.after(() => client.close());
    client.send(Buffer.from(request, 'latin1'), a.transport.local.port, host);
    const [answer] = await once(client, 'message');
    assert.equal(answer.toString('latin1', 0, 2), '\x01\x01');
    assert.equal(answer.readUInt16BE(26) ^ 0x2112, client.address().port);
    b.transport.send('SIP', { transport: 'udp', host, port: a.transport.local.port }, unexpected);
    assert.equal((await a.next()).text, 'SIP');
  });
}

const unsendable: readonly (readonly [fault: string, target: Target, text?: string])[] = [
  ['port 0', { transport: 'udp', host: '127.0.0.1', port: 0 }],
  ['port 65536', { transport: 'udp', host: '127.0.0.1', port: 65_536 }],
  ['a host that is no address', { transport: 'udp', host: 'biloxi.example', port: 5060 }],
  ['an address of the other version', { transport: 'udp', host: '::1', port: 5060 }],
  ['more than a datagram holds', { transport: 'udp', host: '127.0.0.1', port: 5060 }, 'x'.repeat(70_000)],
];

for (const [fault, target, text = 'text'] of unsendable) {
  test(`${fault} fails, later, and the socket lives on`, async (t) => {
    const [a, b] = [await setUp(t), await setUp(t)];
    let sendReturned = false;
    const failure = new Promise<Error>((failed) => {
      a.transport.send(text, target, (error) => {
        assert.ok(sendReturned);
        failed(error);
      });
    });
    sendReturned = true;
    await a.system.clock.settle();
    assert.ok((await failure) instanceof Error);
    a.transport.send('still here', { transport: 'udp', host: '127.0.0.1', port: b.transport.local.port }, unexpected);
    assert.equal((await b.next()).text, 'still here');
  });
}

test('a port nobody listens on costs nothing: what comes back is not fatal', async (t) => {
  const [a, b] = [await setUp(t), await setUp(t)];
  const gone = createSocket('udp4').bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address();
  await new Promise<void>((closed) => gone.close(() => closed()));
  for (let copy = 0; copy < 3; copy += 1) {
    a.transport.send('to nobody', { transport: 'udp', host: '127.0.0.1', port }, () => {});
  }
  a.transport.send('still here', { transport: 'udp', host: '127.0.0.1', port: b.transport.local.port }, unexpected);
  assert.equal((await b.next()).text, 'still here');
});

test('an empty datagram arrives as one', async (t) => {
  const a = await setUp(t);
  const raw = createSocket('udp4');
  t.after(() => raw.close());
  raw.send('', a.transport.local.port, '127.0.0.1');
  assert.equal((await a.next()).text, '');
});

test('an address in use is refused in a sentence', async (t) => {
  const a = await setUp(t);
  const second = new UdpTransport({ system: a.system, host: '127.0.0.1', port: a.transport.local.port });
  await assert.rejects(
    second.listen(() => {}),
    /^Error: Cannot listen on udp:127\.0\.0\.1:\d+: another process is using this address and port\.$/,
  );
  await second.close();
});

test('an address this machine does not have is refused in a sentence', async () => {
  const transport = new UdpTransport({ system: fakeSystem(), host: '192.0.2.1', port: 0 });
  await assert.rejects(
    transport.listen(() => {}),
    /udp:192\.0\.2\.1:0: this machine has no such address/,
  );
});

test('once closed it sends nothing, and says so', async (t) => {
  const a = await setUp(t);
  await a.transport.close();
  await a.transport.close();
  const failure = new Promise<Error>((failed) => {
    a.transport.send('text', { transport: 'udp', host: '127.0.0.1', port: 5060 }, failed);
  });
  await a.system.clock.settle();
  assert.match((await failure).message, /closed/);
});
