// What only real sockets show: bytes that are no HTTP, bodies refused before they are read, connections that end in order.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { callId, type Fixture, fixture, key } from './support.ts';

interface Server extends Fixture {
  readonly dial: () => Socket;
}

async function serve(t: TestContext): Promise<Server> {
  const made = fixture();
  await made.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => made.app.close());
  const { port } = made.app.server.address() as AddressInfo;
  return { ...made, dial: () => connect(port, '127.0.0.1') };
}

/** Reads from a socket until `wanted` matches what came, or it ends. */
async function read(socket: Socket, wanted: RegExp): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (wanted.test(text)) break;
  }
  return text;
}

const head = (length: number) =>
  `POST /v2/calls/${callId}/actions/answer HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const health = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const body = 'x'.repeat(3_000_000);

const broken: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
  'a TLS hello': ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  'a SIP message': ['OPTIONS sip:a@b.example SIP/2.0\r\n\r\n', 400],
  'an unknown method': ['DANCE / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  'a broken header': ['GET / HTTP/1.1\r\nHost a\r\n\r\n', 400],
  'two lengths': [
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  'a header of 20 kB': [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  'a URL of 20 kB': [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  'no Host': ['GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
};

for (const [name, [bytes, status]] of Object.entries(broken)) {
  test(`${name} is answered ${status} in JSON`, async (t) => {
    const { dial } = await serve(t);
    const socket = dial().setEncoding('utf8');
    socket.write(bytes, 'latin1');
    const text = await read(socket, /\}$/);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(text, /\r\ncontent-type: application\/json; charset=utf-8\r\n/i);
    assert.equal(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).errors[0].code, '10015');
  });
}

test('an Expect that nobody knows is ignored', async (t) => {
  const { dial } = await serve(t);
  const socket = dial().setEncoding('utf8');
  socket.write(health.replace('Host', 'Expect: cake\r\nHost'));
  assert.match(await read(socket, /\}$/), /^HTTP\/1.1 200 /);
});

const refused: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
  'a body of 3 MB': [`${head(body.length)}${body}`, 413],
  'a chunked body of 3 MB': [
    `${head(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    413,
  ],
  'a body of 3 MB without the key': [`${head(body.length).replace(key, 'wrong')}${body}`, 401],
  'malformed JSON': [`${head(1)}{`, 400],
};

for (const [name, [bytes, status]] of Object.entries(refused)) {
  test(`${name} is answered ${status}, and the connection serves the next request`, async (t) => {
    const { dial, calls } = await serve(t);
    const socket = dial().setEncoding('utf8');
    socket.write(bytes + health);
    const text = await read(socket, /"status":"ok".*\}$/);
    assert.deepEqual(
      [...text.matchAll(/HTTP\/1.1 (\d+) /g)].map(([, code]) => Number(code)),
      [status, 200],
    );
    assert.deepEqual(calls.executed, []);
  });
}

test('closing answers what is in flight and ends connections that wait', async (t) => {
  const { app, calls, dial } = await serve(t);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: executing, resolve: started } = Promise.withResolvers<void>();
  calls.execute = async () => {
    started();
    await released;
    return [];
  };
  const idle = dial();
  const socket = dial().setEncoding('utf8');
  await once(idle, 'connect');
  socket.write(head(0));
  await executing;
  const closed = app.close();
  await once(idle.resume(), 'close');
  release();
  assert.match(await read(socket, /never/), /^HTTP\/1.1 200 .*\{"data":\{"result":"ok"\}\}$/s);
  await closed;
});
