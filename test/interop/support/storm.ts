// What an open port on the internet gets beside calls: messages that are broken or malicious, noise, and connections on
// which nothing more comes. Made of a seed, so that a run that fails can be run again.
import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { patienceMs } from './program.ts';
import type { Scope } from './scope.ts';

/** Bytes that look random and are the same each time. */
export function noise(count: number, seed: number): string[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  return Array.from({ length: count }, () =>
    String.fromCharCode(...Array.from({ length: next() % 1_500 }, () => next() & 0xff)),
  );
}

/** The text again and again, each time with another few of its bytes replaced. */
export function mutations(text: string, count: number, seed: number): string[] {
  return noise(count, seed).map((bytes) => {
    const chars = [...text];
    for (const [n, byte] of [...bytes.slice(0, 3)].entries()) {
      chars[(byte.charCodeAt(0) * 251 + n * 7_919 + bytes.length) % chars.length] = byte;
    }
    return chars.join('');
  });
}

/** Sends each text as a datagram; resolves with all that came back once the server has answered the last one. */
export async function datagrams(scope: Scope, port: number, texts: readonly string[]): Promise<readonly string[]> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  scope.after(() => socket.close());
  await once(socket, 'listening');
  const replies: string[] = [];
  socket.on('message', (bytes) => replies.push(bytes.toString('latin1')));
  for (const text of texts) await sent(socket, text, port);
  const last = options(socket.address().port);
  const repeat = setInterval(() => void sent(socket, last, port), 200);
  try {
    await sent(socket, last, port);
    const signal = AbortSignal.timeout(patienceMs);
    while (!replies.some((reply) => reply.includes('the-last-one'))) await once(socket, 'message', { signal });
  } finally {
    clearInterval(repeat);
  }
  return replies.filter((reply) => !reply.includes('the-last-one'));
}

/** Nothing longer fits into a datagram; what cannot be sent is as good as lost. */
function sent(socket: UdpSocket, text: string, port: number): Promise<void> {
  return new Promise((resolve) =>
    socket.send(Buffer.from(text, 'latin1').subarray(0, 65_000), port, '127.0.0.1', () => resolve()),
  );
}

function options(port: number): string {
  return [
    'OPTIONS sip:anybody@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKthe-last-one;rport`,
    'From: <sip:storm@127.0.0.1>;tag=1',
    'To: <sip:anybody@127.0.0.1>',
    'Call-ID: the-last-one',
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** A connection on which this was written, and then nothing. It stays until the test is over. */
export async function halfOpen(scope: Scope, port: number, text: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  scope.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect', { signal: AbortSignal.timeout(patienceMs) });
  socket.resume().write(Buffer.from(text, 'latin1'));
  return socket;
}

/** Writes this on a connection of its own, which the server must end; resolves with what it said before. */
export async function cutOff(scope: Scope, port: number, text: string): Promise<string> {
  const socket = await halfOpen(scope, port, text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(patienceMs) });
  assert.ok(socket.destroyed);
  return Buffer.concat(chunks).toString('latin1');
}
