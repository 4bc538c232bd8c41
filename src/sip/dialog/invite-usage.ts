// The INVITE usage as a UAS sees it: responses that are repeated until ACK or PRACK (RFC 3261 §13.3.1.4, RFC 3262 §3),
// and when an offer is in the way of another (RFC 3261 §14.2, RFC 3311 §5.2). Leaves out SDP and the call around it.
import { readRack } from '../message/headers.ts';
import type { HeaderList, Request } from '../message/message.ts';

/** How the caller wants its provisional responses (RFC 3262 §3). */
export function wantsReliable(invite: Request): 'required' | 'supported' | 'no' {
  if (hasOption(invite, 'Require')) return 'required';
  return hasOption(invite, 'Supported') ? 'supported' : 'no';
}

const hasOption = (invite: Request, header: 'Require' | 'Supported'): boolean =>
  invite.values(header).some((tag) => tag.toLowerCase() === '100rel');

/** A provisional response that is repeated until its PRACK. */
export interface ReliableProvisional {
  readonly rseq: number;
  readonly cseq: number;
}

/** What a reliable provisional response says (RFC 3262 §3). */
export function reliableHeaders(rseq: number): HeaderList {
  return [
    ['Require', '100rel'],
    ['RSeq', String(rseq)],
  ];
}

/** Whether a PRACK acknowledges this response: RSeq, CSeq number and method must all match (RFC 3262 §3). */
export function acknowledges(prack: Request, sent: ReliableProvisional): boolean {
  const rack = readRack(prack.get('RAck') ?? '');
  return rack !== null && rack.rseq === sent.rseq && rack.cseq === sent.cseq && rack.method === 'INVITE';
}

/** What is open between offer and answer: `ours` waits for the peer's answer, `theirs` for ours. */
export type OpenOffer = 'ours' | 'theirs' | null;

/** The refusal of an offer that crosses an open one: 491 when ours is open, 500 to be tried again when theirs is (RFC 3311 §5.2). */
export function offerRefusal(open: OpenOffer): 491 | 500 | null {
  if (open === 'ours') return 491;
  return open === 'theirs' ? 500 : null;
}

/** Whether the message carries a session description. */
export function hasSdp(message: { get(name: string): string | undefined; readonly body: string }): boolean {
  if (message.body === '') return false;
  const type = message.get('Content-Type');
  return type !== undefined && /^\s*application\/sdp\s*(;|$)/i.test(type);
}
