// Which transaction a message belongs to: RFC 3261 §17.2.3 for requests, with the rule for peers of RFC 2543, and
// RFC 3261 §17.1.3 for responses. A key is a string of its own, never a slice that keeps the whole message alive.
import { tagOf } from '../message/address.ts';
import type { Request } from '../message/message.ts';

/** §8.1.1.7: what every branch begins with that is unique across space and time. */
const cookie = 'z9hg4bk';

/** The key of the server transaction this request begins, or is a copy for. */
export function serverKey(request: Request): string {
  return keyOf(request, request.method);
}

/** The key of the INVITE that this ACK or CANCEL belongs to. */
export function inviteKey(request: Request): string {
  return keyOf(request, 'INVITE');
}

/** Whether it is an INVITE that a server transaction of this key is about. */
export function isInvite(key: string): boolean {
  return key.endsWith(' INVITE');
}

export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

/** Sent-by is part of it because somebody could guess, or by chance repeat, the branch of another client. */
function keyOf(request: Request, method: string): string {
  const { branch, host, port } = request.via;
  if (branch !== null && branch.length > cookie.length && branch.slice(0, cookie.length).toLowerCase() === cookie) {
    return `${branch} ${host.toLowerCase()}:${port ?? ''} ${method}`;
  }
  return oldKeyOf(request, method);
}

/**
 * A peer of RFC 2543: Request-URI, From tag, Call-ID, CSeq number and the whole topmost Via. The To tag is left out
 * because the ACK has one where the INVITE had none; in a dialog, the CSeq number tells requests apart.
 */
function oldKeyOf(request: Request, method: string): string {
  const via = request.values('Via')[0] ?? '';
  return [request.uri, tagOf(request.from) ?? '', request.callId, request.cseq.number, via, method].join(' ');
}
