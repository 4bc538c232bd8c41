import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConnectionLimits } from '../../../src/sip/transport/patience.ts';
import { TcpTransport } from '../../../src/sip/transport/tcp.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { type FakeSystem, fakeSystem } from '../../support/fake-system.ts';

interface Arrived {
  readonly text: string;
  readonly from: Target & { readonly flow: string };
}

/** A bound transport on fake time, and a promise of each message that comes. */
async function setUp(t: TestContext, limits: Partial<ConnectionLimits> = {}, system: FakeSystem = fakeSystem()) {
  const transport = new TcpTransport({ system, host: '127.0.0.1', port: 0, limits });
  const arrived: Arrived[] = [];
  const waiting: ((message: Arrived) => void)[] = [];
  await transport.listen((bytes, from) => {
    const message = { text: bytes.toString('latin1'), from: from as Arrived['from'] };
    const next = waiting.shift();
    if (next) next(message);
    else arrived.push(message);
  });
  t.after(() => transport.close());
  const next = async (): Promise<Arrived> => arrived.shift() ?? new Promise((take) => waiting.push(take));
  const target: Target = { transport: 'tcp', host: '127.0.0.1', port: transport.local.port };
  return { transport, target, next, arrived, system };
}

/** A socket of the test's own, connected to the transport. */
async function dial(t: TestContext, { port }: Target): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A server of the test's own; `accepted` resolves to its next connection. */
async function serve(t: TestContext) {
  const server: Server = createServer();
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address() as { port: number };
  const target: Target = { transport: 'tcp', host: '127.0.0.1', port: address.port };
  const accepted = async (): Promise<Socket> => (await once(server, 'connection'))[0];
  return { server, sockets, target, accepted };
}

async function read(socket: Socket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += (await once(socket, 'data'))[0].toString('latin1');
  return text;
}

function message(body = '', name = 'MESSAGE'): string {
  return [
    `${name} sip:bob@127.0.0.1 SIP/2.0`,
    'Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK87asdks7',
    'From: <sip:alice@atlanta.example>;tag=88sja8x',
    'To: <sip:bob@biloxi.example>',
    'Call-ID: 987asjd97y7atg',
    `CSeq: 986759 ${name}`,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

const unexpected = (error: Error): never => {
  throw error;
};

test('a message goes and comes, every byte as it was, and the answer by the same connection', async (t) => {
  const [a, b] = [await setUp(t), await setUp(t)];
  const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  a.transport.send(message(every), b.target, unexpected);
  const request = await b.next();
  assert.equal(request.text, message(every));
  assert.notEqual(request.from.port, a.transport.local.port);
  b.transport.send(message('answer'), request.from, unexpected);
  const response = await a.next();
  assert.equal(response.text, message('answer'));
  assert.equal(response.from.port, b.transport.local.port);
});

test('messages split at every byte arrive whole', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  const text = message('v=0\r\n');
  for (const byte of Buffer.from(text + text, 'latin1')) {
    await new Promise((sent) => socket.write(Buffer.of(byte), sent));
  }
  assert.equal((await a.next()).text, text);
  assert.equal((await a.next()).text, text);
});

test('two messages in one segment are two', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  socket.write(message('one') + message('two'));
  assert.equal((await a.next()).text, message('one'));
  assert.equal((await a.next()).text, message('two'));
});

test('a peer that closes in the middle of a message costs nobody else anything', async (t) => {
  const a = await setUp(t);
  const first = await dial(t, a.target);
  first.end(message('cut off').slice(0, -3));
  await once(first, 'close');
  const second = await dial(t, a.target);
  second.write(message('whole'));
  assert.equal((await a.next()).text, message('whole'));
  assert.equal(a.arrived.length, 0);
});

test('a refused connection fails every message that waited for it, later', async (t) => {
  const [a, gone] = [await setUp(t), await serve(t)];
  gone.server.close();
  await once(gone.server, 'close');
  let returned = false;
  const failures = ['one', 'two'].map(
    (body) =>
      new Promise<Error>((failed) => {
        a.transport.send(message(body), gone.target, (error) => {
          assert.ok(returned);
          failed(error);
        });
      }),
  );
  returned = true;
  for (const error of await Promise.all(failures)) assert.match(error.message, /ECONNREFUSED/);
});

const unsendable: readonly (readonly [fault: string, target: Target])[] = [
  ['port 0', { transport: 'tcp', host: '127.0.0.1', port: 0 }],
  ['port 65536', { transport: 'tcp', host: '127.0.0.1', port: 65_536 }],
  ['a host that is no address', { transport: 'tcp', host: 'biloxi.example', port: 5060 }],
  [
    'a flow that is closed, and a host that is no address',
    { transport: 'tcp', host: 'biloxi.example', port: 5060, flow: 'x' },
  ],
];

for (const [fault, target] of unsendable) {
  test(`${fault} fails, later`, async (t) => {
    const a = await setUp(t);
    let returned = false;
    const failure = new Promise<Error>((failed) => {
      a.transport.send(message(), target, (error) => {
        assert.ok(returned);
        failed(error);
      });
    });
    returned = true;
    await a.system.clock.settle();
    assert.ok((await failure) instanceof Error);
  });
}

test('a connection that does not come about in time fails', async (t) => {
  const system = fakeSystem();
  // A look-up that never answers keeps the connection where a network that swallows packets would.
  const dial = ((options: object) =>
    connect({ ...options, port: 9, host: 'nowhere.invalid', lookup: () => undefined })) as typeof connect;
  const transport = new TcpTransport({ system, host: '127.0.0.1', port: 0, limits: { connectMs: 3000 }, dial });
  await transport.listen(() => undefined);
  t.after(() => transport.close());
  const failure = new Promise<Error>((failed) => {
    transport.send(message(), { transport: 'tcp', host: '127.0.0.1', port: 9 }, failed);
  });
  await system.clock.advance(3000);
  assert.match((await failure).message, /No connection to 127\.0\.0\.1:9 in 3000 ms/);
  assert.equal(system.clock.armed, 0);
});

test('an open connection to the same host and port is used again', async (t) => {
  const [a, b] = [await setUp(t), await serve(t)];
  const accepted = b.accepted();
  a.transport.send(message('one'), b.target, unexpected);
  const socket = await accepted;
  await read(socket, message('one').length);
  a.transport.send(message('two'), b.target, unexpected);
  assert.equal(await read(socket, message('two').length), message('two'));
  assert.equal(b.sockets.length, 1);
});

test('by its flow a message goes over the connection, whatever host and port say', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  socket.write(message());
  const { flow } = (await a.next()).from;
  a.transport.send(message('by flow'), { transport: 'tcp', host: 'client.invalid', port: 5060, flow }, unexpected);
  assert.equal(await read(socket, message('by flow').length), message('by flow'));
});

test('each connection has a flow of its own, that no other process ever gives', async (t) => {
  const system = fakeSystem();
  const flows = new Set<string>();
  for (let process = 0; process < 2; process += 1) {
    const a = await setUp(t, {}, system);
    for (let connection = 0; connection < 2; connection += 1) {
      const socket = await dial(t, a.target);
      socket.write(message());
      flows.add((await a.next()).from.flow);
    }
  }
  assert.equal(flows.size, 4);
});

test('a response goes to host and port when its connection has gone', async (t) => {
  const [a, b] = [await setUp(t), await serve(t)];
  const socket = await dial(t, a.target);
  socket.write(message());
  const { from } = await a.next();
  socket.destroy();
  await once(socket, 'close');
  await a.system.clock.settle();
  const accepted = b.accepted();
  a.transport.send(message('response'), { ...b.target, flow: from.flow }, unexpected);
  assert.equal(await read(await accepted, message('response').length), message('response'));
});

test('a double CRLF is answered with a single one (RFC 5626 §4.4.1)', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  socket.write('\r\n\r\n');
  assert.equal(await read(socket, 2), '\r\n');
  socket.write(message());
  assert.equal((await a.next()).text, message());
});

test('what cannot be framed is answered where it can be, and ends the connection', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.write(
    message('good') + message().replace('Content-Length: 0', 'Content-Length: many') + message('never read'),
  );
  await once(socket, 'close');
  assert.match(text, /^SIP\/2\.0 400 /);
  assert.equal((await a.next()).text, message('good'));
  assert.equal(a.arrived.length, 0);
});

test('what is no SIP at all ends the connection without a word', async (t) => {
  const a = await setUp(t);
  const socket = await dial(t, a.target);
  socket.on('data', () => assert.fail('an answer'));
  socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  await once(socket, 'close');
  assert.equal(a.arrived.length, 0);
});

test('a peer that does not read is owed no more than the limit', async (t) => {
  const a = await setUp(t, { unsentBytes: 100_000 });
  const socket = await dial(t, a.target);
  socket.pause();
  socket.write(message());
  const { from } = await a.next();
  const body = 'x'.repeat(60_000);
  let sent = 0;
  const failure = new Promise<Error>((failed) => {
    const fill = (): void => {
      if (sent++ === 1000) return;
      a.transport.send(message(body), { ...from, host: 'client.invalid' }, failed);
      setImmediate(fill);
    };
    fill();
  });
  assert.match((await failure).message, /does not read what it is sent/);
  assert.ok(sent < 1000);
});

test('a connection that brings no message is closed', async (t) => {
  const a = await setUp(t, { firstMessageMs: 32_000 });
  const socket = await dial(t, a.target);
  const closed = once(socket.resume(), 'close');
  socket.write(message().slice(0, 40));
  await a.system.clock.settle();
  await a.system.clock.advance(31_999);
  assert.equal(socket.closed, false);
  await a.system.clock.advance(1);
  await closed;
});

test('a connection in use stays, and is closed when it has been silent for long', async (t) => {
  const a = await setUp(t, { idleMs: 60_000 });
  const socket = await dial(t, a.target);
  const closed = once(socket.resume(), 'close');
  for (let minute = 0; minute < 3; minute += 1) {
    socket.write(message());
    await a.next();
    await a.system.clock.advance(59_000);
    assert.equal(socket.closed, false);
  }
  await a.system.clock.advance(1000);
  await closed;
  await a.system.clock.settle();
  assert.equal(a.system.clock.armed, 0);
});

test('a sender of one byte a second does not get far, whatever it has sent before', async (t) => {
  const a = await setUp(t, { messageMs: 10_000 });
  const socket = await dial(t, a.target);
  const closed = once(socket.resume(), 'close');
  socket.write(message());
  await a.next();
  let sent = 0;
  for (const byte of Buffer.from(message('slow'))) {
    if (socket.closed) break;
    await new Promise((written) => socket.write(Buffer.of(byte), written));
    await a.system.clock.advance(1000);
    sent += 1;
  }
  await closed;
  assert.ok(sent >= 10 && sent <= 12, `${sent} bytes`);
  assert.equal(a.arrived.length, 0);
  assert.equal(a.system.clock.armed, 0);
});

test('a stream of messages that never ends between two of them is not slow', async (t) => {
  const a = await setUp(t, { messageMs: 10_000 });
  const socket = await dial(t, a.target);
  const text = message('steady');
  socket.write(text.slice(0, 20));
  for (let second = 0; second < 30; second += 1) {
    socket.write(text.slice(20) + text.slice(0, 20));
    assert.equal((await a.next()).text, text);
    await a.system.clock.advance(1000);
  }
});

test('a connection of ours is asked whether it is there, and given up when it no longer says so (RFC 5626 §4.4.1)', async (t) => {
  const [a, b] = [await setUp(t, { pingMs: 100_000, pongMs: 10_000 }), await serve(t)];
  const accepted = b.accepted();
  a.transport.send(message(), b.target, unexpected);
  const socket = await accepted;
  await read(socket, message().length);
  for (const answer of ['\r\n', '']) {
    const ping = read(socket, 4);
    await a.system.clock.advance(100_000);
    assert.equal(await ping, '\r\n\r\n');
    socket.write(answer);
    await a.system.clock.settle();
  }
  const closed = once(socket.resume(), 'close');
  await a.system.clock.advance(10_000);
  await closed;
});

test('who never answered a ping may know nothing of them, and is kept; who connected to us is not asked', async (t) => {
  const [a, b] = [await setUp(t, { pingMs: 100_000, pongMs: 10_000, idleMs: 900_000 }), await serve(t)];
  const opened = b.accepted();
  a.transport.send(message(), b.target, unexpected);
  const silent = await opened;
  const client = await dial(t, a.target);
  client.write(message());
  await a.next();
  client.on('data', () => assert.fail('a ping'));
  await a.system.clock.advance(800_000);
  assert.equal(silent.closed, false);
  const closed = [once(silent.resume(), 'close'), once(client, 'close')];
  await a.system.clock.advance(100_000);
  await Promise.all(closed);
});

test('there are no more connections than the limit, of either kind', async (t) => {
  const [a, b] = [await setUp(t, { connections: 1 }), await serve(t)];
  const first = await dial(t, a.target);
  first.write(message());
  await a.next();
  const second = await dial(t, a.target);
  await once(second.resume(), 'close');
  const failure = new Promise<Error>((failed) => a.transport.send(message(), b.target, failed));
  await a.system.clock.settle();
  assert.match((await failure).message, /too many/);
  first.destroy();
  await once(first, 'close');
  await a.system.clock.settle();
  const third = await dial(t, a.target);
  third.write(message('third'));
  assert.equal((await a.next()).text, message('third'));
});

test('close leaves nothing open, fails what waits, and sends nothing more', async (t) => {
  const [a, b] = [await setUp(t), await serve(t)];
  const accepted = await dial(t, a.target);
  const opened = b.accepted();
  a.transport.send(message(), b.target, unexpected);
  const far = await opened;
  await read(far, message().length);
  const closed = [once(accepted.resume(), 'close'), once(far.resume(), 'close')];
  await a.transport.close();
  await Promise.all(closed);
  await a.transport.close();
  const failure = new Promise<Error>((failed) => a.transport.send(message(), b.target, failed));
  await a.system.clock.settle();
  assert.match((await failure).message, /closed/);
  assert.equal(a.system.clock.armed, 0);
});

test('an address in use is refused in a sentence', async (t) => {
  const a = await setUp(t);
  const second = new TcpTransport({ system: a.system, host: '127.0.0.1', port: a.transport.local.port });
  await assert.rejects(
    second.listen(() => {}),
    /^Error: Cannot listen on tcp:127\.0\.0\.1:\d+: another process is using this address and port\.$/,
  );
  await second.close();
});

test('IPv6: an address as it is written in a Target, without brackets', async (t) => {
  const system = fakeSystem();
  const transport = new TcpTransport({ system, host: '::1', port: 0 });
  const arrived = new Promise<Target>((take) => void transport.listen((_bytes, from) => take(from)));
  await system.clock.settle();
  t.after(() => transport.close());
  const a = await setUp(t);
  a.transport.send(message(), { transport: 'tcp', host: '::1', port: transport.local.port }, unexpected);
  assert.equal((await arrived).host, '::1');
});
