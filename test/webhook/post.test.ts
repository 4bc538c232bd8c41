import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { realClock } from '../../src/system.ts';
import { egressTo } from '../../src/webhook/egress.ts';
import { openPost, type Post, type PostAnswer } from '../../src/webhook/post.ts';

function posting(t: TestContext, connections = 64): Post {
  const { post, close } = openPost(realClock, connections, egressTo({ allow: [], loopback: true }));
  t.after(close);
  return post;
}

async function listening(t: TestContext, server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function receiver(t: TestContext, listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(t, createServer(listener))}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const request = (url: string, timeoutMs = 10_000) => ({
  method: 'POST' as const,
  url,
  headers: { 'X-Test': 'yes' },
  body: '{"é":1}',
  timeoutMs,
});

/** What says where it goes on from here, without what is only kept. */
const briefly = async (answer: Promise<PostAnswer>) => {
  const { headers: _headers, body: _body, ...rest } = await answer;
  return rest;
};

describe('post', () => {
  it('posts the body with its headers, byte for byte', async (t) => {
    const seen: unknown[] = [];
    const url = await receiver(t, async (incoming, answer) => {
      const { method, url, headers } = incoming;
      seen.push([method, url, headers['x-test'], headers['content-length'], await textOf(incoming)]);
      answer.writeHead(204).end();
    });
    assert.deepEqual(await briefly(posting(t)(request(`${url}/hook?a=1&b=%20`))), { status: 204 });
    assert.deepEqual(seen, [['POST', '/hook?a=1&b=%20', 'yes', '8', '{"é":1}']]);
  });

  it('gives back any status, and where a redirect leads without going there', async (t) => {
    const url = await receiver(t, (incoming, answer) => {
      const status = Number(incoming.url?.slice(1));
      answer.writeHead(status, status === 307 ? { Location: '/elsewhere' } : {}).end('text');
    });
    const post = posting(t);
    for (const status of [200, 404, 429, 500])
      assert.deepEqual(await briefly(post(request(`${url}/${status}`))), { status });
    assert.deepEqual(await briefly(post(request(`${url}/307`))), { status: 307, location: '/elsewhere' });
  });

  it('keeps its connections, and opens no more than it may', async (t) => {
    const sockets = new Set<Socket>();
    const url = await receiver(t, (incoming, answer) => {
      sockets.add(incoming.socket);
      setImmediate(() => answer.end('ok'));
    });
    const post = posting(t, 2);
    for (let sent = 0; sent < 5; sent += 1) await post(request(url));
    await Promise.all(Array.from({ length: 20 }, () => post(request(url))));
    assert.equal(sockets.size, 2);
  });

  it('rejects when nobody listens, the name is unknown or the URL is none', async (t) => {
    const closed = createTcpServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const post = posting(t);
    for (const url of [`http://127.0.0.1:${port}/`, 'http://name.invalid/', 'ftp://127.0.0.1/', 'nonsense', '']) {
      await assert.rejects(post(request(url)), Error, url);
    }
  });

  it('rejects when there is no answer in time', async (t) => {
    const url = await receiver(t, () => {});
    await assert.rejects(posting(t)(request(url, 30.5)), { name: 'TimeoutError', message: 'No answer in 31 ms.' });
  });

  it('rejects when the deadline passes before there is a connection, and does not send later', async (t) => {
    const seen: string[] = [];
    const url = await receiver(t, (incoming, answer) => {
      seen.push(incoming.url ?? '');
      if (incoming.url === '/free') answer.end();
      else setTimeout(() => answer.end(), 60);
    });
    const post = posting(t, 1);
    const slow = post(request(`${url}/slow`));
    await assert.rejects(post(request(`${url}/late`, 10)), { name: 'TimeoutError' });
    assert.deepEqual(await briefly(slow), { status: 200 });
    assert.deepEqual(await briefly(post(request(`${url}/free`))), { status: 200 });
    assert.deepEqual(seen, ['/slow', '/free']);
  });

  it('gives back the headers and the beginning of the body, whatever pieces it came in', async (t) => {
    const url = await receiver(t, (_, answer) => {
      answer.writeHead(500, { 'X-Why': 'sorry', 'X-More': ['1', '2'] });
      for (let piece = 0; piece < 40; piece += 1) answer.write('0123456789'.repeat(piece));
      answer.end();
    });
    const { headers, body } = await posting(t)(request(url));
    assert.deepEqual([headers?.['x-why'], headers?.['x-more']], ['sorry', ['1', '2']]);
    assert.equal(body, '0123456789'.repeat(103).slice(0, 1_024));
  });

  it('takes the status when the body never ends', async (t) => {
    const url = await receiver(t, (_, answer) => answer.write('and so on'));
    assert.deepEqual(await briefly(posting(t)(request(url, 1_000))), { status: 200 });
  });

  it('stops listening to a body without end', async (t) => {
    const url = await receiver(t, (_, answer) => {
      const pour = () => {
        while (!answer.destroyed && answer.write('x'.repeat(16_384)));
      };
      answer.on('drain', pour);
      pour();
    });
    assert.deepEqual(await briefly(posting(t)(request(url))), { status: 200 });
  });

  it('waits for the final answer after 103 Early Hints', async (t) => {
    const url = await receiver(t, (_, answer) => {
      answer.writeEarlyHints({ link: '</style.css>; rel=preload' });
      answer.writeHead(202).end();
    });
    assert.deepEqual(await briefly(posting(t)(request(url))), { status: 202 });
  });

  it('rejects what is not HTTP', async (t) => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end('SIP/2.0 200 OK\r\n\r\n'));
    await assert.rejects(posting(t)(request(`http://127.0.0.1:${await listening(t, server)}/`)), Error);
  });

  it('rejects a certificate that nobody vouches for', async (t) => {
    const server = createTlsServer({ key, cert }, (_, answer) => answer.end());
    const port = await listening(t, server as unknown as Server);
    await assert.rejects(posting(t)(request(`https://localhost:${port}/`)), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });
});

/** For localhost, signed by itself; made for this test and good for nothing else. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7KYHl62I62HiJsaN
OmiSzfXIp/pLg2wezMAqxz23M1ihRANCAASIm7kEMMEuVgHVUGuLEt3rNE8TnvNI
zfeyIDjG3Sic0eCZKJbux65yHpiiDFgu90m7uMDeO27tISeO92nTEb6T
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUf8djaXrTX2rtymE7YScsLHp7qr4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzE1MTMxMVoYDzIxMjYxMDMw
MTUxMzExWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASIm7kEMMEuVgHVUGuLEt3rNE8TnvNIzfeyIDjG3Sic0eCZKJbux65y
HpiiDFgu90m7uMDeO27tISeO92nTEb6To28wbTAdBgNVHQ4EFgQUg4h3UosLNRTQ
rV8dZVaWeSEBTjQwHwYDVR0jBBgwFoAUg4h3UosLNRTQrV8dZVaWeSEBTjQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhANsjWA/48TlgQfJo8VcnVtnQGYroN2RliZePkXKN/CgfAiBE
Yd4JLZIJ4tmtoT6H6gBU+lNmG0lW+t9E7nCPo/pnEw==
-----END CERTIFICATE-----`;
