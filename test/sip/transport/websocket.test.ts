import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { Certificates } from '../../../src/sip/transport/certificates.ts';
import type { ConnectionLimits } from '../../../src/sip/transport/patience.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { WebSocketTransport } from '../../../src/sip/transport/websocket.ts';
import { Authority } from '../../support/certificates.ts';
import { fakeSystem } from '../../support/fake-system.ts';

interface Arrived {
  readonly text: string;
  readonly from: Target & { readonly flow: string };
}

interface SetUp {
  readonly host?: string | null;
  readonly authority?: Authority;
  readonly limits?: Partial<ConnectionLimits>;
}

/** A transport on fake time, bound unless its host is null, and a promise of each message that comes. */
async function setUp(t: TestContext, { host = '127.0.0.1', authority, limits = {} }: SetUp = {}) {
  const system = fakeSystem();
  const own = authority && [
    await authority.sign([
      { type: 'dns', value: 'biloxi.example' },
      { type: 'ip', value: '::1' },
    ]),
  ];
  const certificates = own ? new Certificates({ system, own, authorities: authority.file, clients: 'none' }) : null;
  const listen = host === null ? null : { host, port: 0 };
  const transport = new WebSocketTransport({ system, listen, certificates, limits });
  const arrived: Arrived[] = [];
  const waiting: ((message: Arrived) => void)[] = [];
  await transport.listen((bytes, from) => {
    const message = { text: bytes.toString('latin1'), from: from as Arrived['from'] };
    const next = waiting.shift();
    if (next) next(message);
    else arrived.push(message);
  });
  t.after(async () => {
    certificates?.close();
    await transport.close();
  });
  const next = async (): Promise<Arrived> => arrived.shift() ?? new Promise((take) => waiting.push(take));
  const target: Target = { transport: transport.name, host: host ?? '', port: transport.local.port };
  return { transport, certificates, target, next, arrived, system };
}

/** A WebSocket of the test's own, as a browser has it. */
async function dial(t: TestContext, { port }: Target, subprotocols: string[] = ['sip']): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, subprotocols);
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** The same by hand, to send frames in pieces. */
async function dialByHand(t: TestContext, { port }: Target, headers: readonly string[]): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write([`GET / HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, '', ''].join('\r\n'));
  return socket;
}

const upgrade = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A text frame with an empty mask (RFC 6455 §5.2). */
function frame(text: string): Buffer {
  const body = Buffer.from(text, 'latin1');
  const head = Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, body]);
}

function message(body = ''): string {
  return [
    'MESSAGE sip:bob@127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks',
    'From: <sip:alice@atlanta.example>;tag=asdyka899',
    'To: <sip:bob@biloxi.example>',
    'Call-ID: asidkj3ss',
    'CSeq: 1 MESSAGE',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

const unexpected = (error: Error): never => {
  throw error;
};

const textFrom = async (socket: WebSocket): Promise<string> => (await once(socket, 'message'))[0].toString('latin1');
const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');

for (const kind of ['ws', 'wss'] as const) {
  test(`${kind}: a message goes and comes, every byte as it was, and the answer by the same connection`, async (t) => {
    const secured = kind === 'wss' ? { authority: await Authority.open(t) } : {};
    const [client, server] = [await setUp(t, { ...secured, host: null }), await setUp(t, secured)];
    assert.equal(server.transport.name, kind);
    client.transport.send(message(every), { ...server.target, name: 'biloxi.example' }, unexpected);
    const request = await server.next();
    assert.equal(request.text, message(every));
    assert.equal(request.from.transport, kind);
    server.transport.send(message('answer'), { ...request.from, host: 'df7jal23ls0d.invalid' }, unexpected);
    assert.equal((await client.next()).text, message('answer'));
    client.transport.send(message('again'), { ...server.target, name: 'biloxi.example' }, unexpected);
    assert.equal((await server.next()).from.flow, request.from.flow);
  });
}

test('wss: a server with a certificate for another name is not told anything', async (t) => {
  const authority = await Authority.open(t);
  const [client, server] = [await setUp(t, { authority, host: null }), await setUp(t, { authority })];
  const failure = new Promise<Error>((failed) => {
    client.transport.send(message(), { ...server.target, name: 'atlanta.example' }, failed);
  });
  assert.match((await failure).message, /altnames/);
});

test('who only opens connections calls itself by a name that leads nowhere (RFC 7118 §B.1)', async (t) => {
  const [one, other] = [await setUp(t, { host: null }), await setUp(t, { host: null })];
  assert.match(one.transport.local.host, /^[0-9a-f]{16}\.invalid$/);
  assert.equal(one.transport.local.port, 80);
  await Promise.all([one.transport.close(), other.transport.close()]);
});

test('wss and IPv6', async (t) => {
  const authority = await Authority.open(t);
  const [client, server] = [await setUp(t, { authority, host: null }), await setUp(t, { authority, host: '::1' })];
  client.transport.send(message(), server.target, unexpected);
  assert.equal((await server.next()).from.host, '::1');
});

test('the subprotocol is sip; who does not ask for it is not served, nor who asks for a page', async (t) => {
  const { target } = await setUp(t);
  assert.equal((await dial(t, target, ['msrp', 'sip'])).protocol, 'sip');
  for (const subprotocols of [[], ['msrp']]) {
    const refused = new WebSocket(`ws://127.0.0.1:${target.port}/`, subprotocols);
    const [error] = await once(refused, 'error');
    assert.match((error as Error).message, /400/);
  }
  const page = await fetch(`http://127.0.0.1:${target.port}/`);
  assert.equal(page.status, 426);
});

test('a server that does not speak sip is a connection that does not come about', async (t) => {
  const { transport } = await setUp(t, { host: null });
  const other = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => false });
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = other.address() as { port: number };
  const failure = new Promise<Error>((failed) => {
    transport.send(message(), { transport: 'ws', host: '127.0.0.1', port }, failed);
  });
  assert.match((await failure).message, /subprotocol/i);
});

test('messages are text where they can be, and binary where they are not UTF-8', async (t) => {
  const server = await setUp(t);
  const socket = await dial(t, server.target);
  socket.send(message('one'));
  const { from } = await server.next();
  for (const [body, isBinary] of [
    ['plain', false],
    ['\xc3\xa9', false],
    ['\xe9', true],
  ] as const) {
    server.transport.send(message(body), from, unexpected);
    const [data, binary] = await once(socket, 'message');
    assert.equal(data.toString('latin1'), message(body));
    assert.equal(binary, isBinary);
  }
});

test('frames split at every byte arrive whole, and so do messages split into frames', async (t) => {
  const server = await setUp(t);
  const socket = await dialByHand(t, server.target, [...upgrade, 'Sec-WebSocket-Protocol: sip']);
  await once(socket, 'data');
  for (const byte of frame(message('v=0\r\n'))) {
    await new Promise((sent) => socket.write(Buffer.of(byte), sent));
  }
  assert.equal((await server.next()).text, message('v=0\r\n'));
  const fragments = await dial(t, server.target);
  for (const char of 'REGISTER') fragments.send(char, { fin: false });
  fragments.send('', { fin: true });
  assert.equal((await server.next()).text, 'REGISTER');
});

test('a sender of one byte a second does not get far', async (t) => {
  const server = await setUp(t, { limits: { messageMs: 10_000 } });
  const socket = await dialByHand(t, server.target, [...upgrade, 'Sec-WebSocket-Protocol: sip']);
  await once(socket, 'data');
  socket.write(frame(message()));
  await server.next();
  const closed = once(socket.resume(), 'close');
  for (const byte of frame(message()).subarray(0, 12)) {
    if (socket.closed) break;
    await new Promise((sent) => socket.write(Buffer.of(byte), sent));
    await server.system.clock.advance(1000);
  }
  await closed;
  assert.equal(server.arrived.length, 0);
});

test('line ends keep it alive, and are answered (RFC 7118 §6)', async (t) => {
  const server = await setUp(t);
  const socket = await dial(t, server.target);
  socket.send('\r\n\r\n');
  assert.equal(await textFrom(socket), '\r\n');
  socket.send('\r\n');
  socket.send(message());
  assert.equal((await server.next()).text, message());
});

test('both sides ask whether the other is there, and close when it is not', async (t) => {
  const server = await setUp(t, { limits: { pingMs: 100_000, pongMs: 10_000 } });
  const socket = new WebSocket(`ws://127.0.0.1:${server.target.port}/`, 'sip', { autoPong: false });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  socket.send(message());
  await server.next();
  let pings = 0;
  socket.on('ping', () => {
    pings += 1;
    if (pings === 1) socket.pong();
  });
  const closed = once(socket, 'close');
  await server.system.clock.advance(100_000);
  while (pings === 0) await server.system.clock.settle();
  await server.system.clock.advance(100_000);
  await server.system.clock.advance(10_000);
  await closed;
  assert.equal(pings, 2);
});

test('a message that is too long ends the connection', async (t) => {
  const server = await setUp(t);
  const socket = await dial(t, server.target);
  const closed = once(socket, 'close');
  socket.send(message('x'.repeat(200_000)));
  assert.equal((await closed)[0], 1009);
  assert.equal(server.arrived.length, 0);
});

test('there are no more connections than the limit', async (t) => {
  const server = await setUp(t, { limits: { connections: 1 } });
  await dial(t, server.target);
  const second = new WebSocket(`ws://127.0.0.1:${server.target.port}/`, 'sip');
  await new Promise((refused) => second.on('error', refused));
});

test('close leaves nothing open, and sends nothing more', async (t) => {
  const server = await setUp(t);
  const idle = await dialByHand(t, server.target, []);
  const socket = await dial(t, server.target);
  const closed = [once(socket, 'close'), once(idle.resume(), 'close')];
  await server.transport.close();
  await Promise.all(closed);
  const failure = new Promise<Error>((failed) => server.transport.send(message(), server.target, failed));
  await server.system.clock.settle();
  assert.match((await failure).message, /closed/);
  assert.equal(server.system.clock.armed, 0);
});
