// The two answers every route gives: accepted, or refused with the catalogue's errors. Always JSON.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { catalogue, errorBody, type Refusal, statusOf } from '../errors.ts';

const json = 'application/json; charset=utf-8';
const accepted = JSON.stringify({ data: { result: 'ok' } });

/** The command was committed: it will be carried out. Says nothing of what the peer will do. */
export function accept(reply: FastifyReply): FastifyReply {
  return reply.header('content-type', json).send(accepted);
}

export function refuse(reply: FastifyReply, refusals: readonly [Refusal, ...Refusal[]]): FastifyReply {
  // RFC 9110 §11.6.1: a 401 names a challenge.
  if (refusals[0].name === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  const { rate } = refusals[0];
  if (rate) sayRate(reply, { ...rate, left: null });
  return reply.code(statusOf(refusals)).header('content-type', json).send(errorBody(refusals));
}

/** What is left of a limit, and when it is whole again. `left` is null where there was not enough. */
export function sayRate(
  reply: FastifyReply,
  { limit, left, resetS }: { readonly limit: number; readonly left: number | null; readonly resetS: number },
): void {
  const remaining = Math.floor(left ?? 0);
  reply.headers({ 'x-ratelimit-limit': limit, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': resetS });
  if (left === null) reply.header('retry-after', 1);
}

/** The answer to bytes that are no HTTP request, written to the socket itself; the connection ends with it. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const name = refusalByCode[error.code ?? ''] ?? 'bad-request';
  const { status } = catalogue[name];
  const body = JSON.stringify(errorBody([{ name }]));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${json}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const refusalByCode: Readonly<Record<string, Refusal['name']>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** The id by which a command that is sent again is known, as far as a body that is not checked yet has one. */
export function commandId(body: unknown): string | null {
  const id = (body as { command_id?: unknown } | null)?.command_id;
  return typeof id === 'string' && id !== '' ? id : null;
}
