// One fork of an INVITE we sent (RFC 3261 §13.2.2): its dialog, what is open between offer and answer (§13.2.1, RFC 3262
// §5, RFC 3311 §5), the order of its reliable responses (RFC 3262 §4), and the requests sent in it. Pure. Leaves out
// which fork is wanted (invite-client-usage.ts), and offers of ours in a PRACK: an UPDATE does as well.
import { credentialsIn } from '../message/authorizations.ts';
import { copy, readNumber } from '../message/grammar.ts';
import { type Rack, readOptionTags, writeRack } from '../message/headers.ts';
import type { HeaderList, Request, Response } from '../message/message.ts';
import type { Target } from '../transport/transport.ts';
import { type BuiltRequest, contactFor, type Dialog, type LocalAddresses, requestWithin } from './dialog.ts';
import { hasSdp } from './invite-usage.ts';
import { confirmedBy, forkOf, uacDialog } from './uac-dialog.ts';

/**
 * What is open between offer and answer: `none` was made yet; `offered`: ours in the INVITE; `theirs` waits for our answer;
 * `updating`: ours in an UPDATE; `settled`.
 */
export type Exchange = 'none' | 'offered' | 'theirs' | 'updating' | 'settled';

/** A message that waits for our answer to the offer of the peer. */
export type Owed = { readonly method: 'PRACK'; readonly rack: Rack } | { readonly method: 'ACK' };

/** Plain data. `number` is its place among the forks, which names its branches. */
export interface Fork {
  readonly tag: string;
  readonly number: number;
  readonly dialog: Dialog;
  readonly exchange: Exchange;
  /** The last RSeq that was taken. */
  readonly rseq: number | null;
  /** How many reliable 1xx were taken; absent: as one from before it was counted, none. */
  readonly reliables?: number;
  /** The offer of the peer, while it waits for our answer. */
  readonly offer: string | null;
  readonly owed: Owed | null;
  readonly state: 'early' | 'confirmed' | 'terminated';
  /** The ACK of its 2xx, to be sent again with each copy. */
  readonly ack: BuiltRequest | null;
}

/** An INVITE as it goes out. */
export interface SentInvite {
  readonly text: string;
  readonly branch: string;
  readonly target: Target;
}

/** What every fork of one INVITE shares. */
export interface ForkContext {
  readonly invite: SentInvite;
  /** The INVITE, read. */
  readonly request: Request;
  readonly addresses: LocalAddresses;
  readonly contactUser: string | null;
  /** Allow, Supported and the like: they go with an UPDATE. */
  readonly capabilities: HeaderList;
}

export interface Sending {
  readonly type: 'send';
  readonly tag: string;
  readonly method: 'PRACK' | 'UPDATE' | 'BYE';
  readonly branch: string;
  readonly request: BuiltRequest;
}

export interface Acknowledging {
  readonly type: 'ack';
  readonly tag: string;
  readonly request: BuiltRequest;
}

export interface ForkStep<Effect = Sending | Acknowledging> {
  readonly fork: Fork;
  readonly effects: readonly Effect[];
}

/** `to` is where the INVITE went: the dialog goes by that way, if it is of the transport that was asked for or DNS had the choice. */
export function newFork({ invite, request }: ForkContext, response: Response, number: number, to?: Target): Fork {
  const { target } = invite;
  const isChosen = to !== undefined && (to.transport === target.transport || target.open === 'transport');
  return {
    tag: forkOf(response),
    number,
    dialog: uacDialog(request, response, isChosen ? to : target),
    exchange: hasSdp(request) ? 'offered' : 'none',
    rseq: null,
    offer: null,
    owed: null,
    state: 'early',
    ack: null,
  };
}

/** What a message of the peer's brings: its offer, its answer, or a look at what the answer will be. */
export type Described = { readonly kind: 'offer' | 'answer' | 'preview'; readonly sdp: string } | null;

/** RFC 3262 §4: whether the response is reliable, and then whether it is the next one. An unreliable one has no order. */
export function orderOf(fork: Fork, response: Response): 'unreliable' | 'next' | 'not-next' {
  const rseq = rseqOf(response);
  if (rseq === null) return 'unreliable';
  return fork.rseq === null || rseq === fork.rseq + 1 ? 'next' : 'not-next';
}

function rseqOf(response: Response): number | null {
  if (!readOptionTags(response.all('Require').join(',')).includes('100rel')) return null;
  return readNumber(response.get('RSeq') ?? '');
}

/** What an unreliable 1xx shows: an answer that may come, never an offer (RFC 3261 §13.2.1). */
export function preview(fork: Fork, response: Response): Described {
  return fork.exchange === 'offered' && hasSdp(response) ? { kind: 'preview', sdp: copy(response.body) } : null;
}

/** What a reliable response brings, a 2xx included: the first one has the answer, or the offer where we made none. */
export function taken(fork: Fork, response: Response): { readonly fork: Fork; readonly described: Described } {
  if (!hasSdp(response)) return { fork, described: null };
  const sdp = copy(response.body);
  if (fork.exchange === 'offered') {
    return { fork: { ...fork, exchange: 'settled' }, described: { kind: 'answer', sdp } };
  }
  if (fork.exchange !== 'none') return { fork, described: null };
  return { fork: { ...fork, exchange: 'theirs', offer: sdp }, described: { kind: 'offer', sdp } };
}

/** A reliable 1xx that is next: its PRACK goes at once, or with our answer when it brought an offer (RFC 3262 §4, §5). */
export function acknowledgeProvisional(
  context: ForkContext,
  fork: Fork,
  response: Response,
): ForkStep<Sending> & { readonly described: Described } {
  const rack: Rack = { rseq: rseqOf(response)!, cseq: response.cseq.number, method: 'INVITE' };
  const counted = { ...fork, rseq: rack.rseq, reliables: (fork.reliables ?? 0) + 1 };
  const { fork: next, described } = taken(counted, response);
  if (described?.kind === 'offer') {
    return { fork: { ...next, owed: { method: 'PRACK', rack } }, described, effects: [] };
  }
  return { ...sendPrack(context, next, rackOf(rack), undefined), described };
}

const rackOf = (rack: Rack): HeaderList => [['RAck', writeRack(rack)]];

/** A PRACK (RFC 3262 §4), with its RAck among the headers. */
export function sendPrack(
  context: ForkContext,
  fork: Fork,
  headers: HeaderList,
  sdp: string | undefined,
): ForkStep<Sending> {
  return sendIn(context, fork, 'PRACK', () => headers, sdp);
}

/** The first 2xx of the fork: the dialog is confirmed, and what was early in it is set anew (RFC 3261 §13.2.2.4). */
export function confirm(
  { request }: ForkContext,
  fork: Fork,
  response: Response,
): { readonly fork: Fork; readonly described: Described } {
  const dialog = confirmedBy(fork.dialog, request, response);
  const { fork: next, described } = taken({ ...fork, dialog, state: 'confirmed' }, response);
  return { fork: described?.kind === 'offer' ? { ...next, owed: { method: 'ACK' } } : next, described };
}

/** The ACK of a 2xx (RFC 3261 §13.2.2.4): the CSeq and the credentials of the INVITE, and our answer if the 2xx had the offer. */
export function acknowledge(context: ForkContext, fork: Fork, sdp: string | null): ForkStep<Acknowledging> {
  const { invite, request } = context;
  const ack = requestWithin(fork.dialog, context.addresses, {
    method: 'ACK',
    cseq: request.cseq.number,
    branch: branchOf(invite, fork, request.cseq.number),
    headers: () => [...credentialsIn(request), ...typeOf(sdp ?? undefined)],
    body: sdp ?? undefined,
  });
  const settled = sdp === null ? {} : { exchange: 'settled' as const, offer: null };
  return {
    fork: { ...fork, ...settled, owed: null, ack },
    effects: [{ type: 'ack', tag: fork.tag, request: ack }],
  };
}

/** Our answer to the offer that waits, in the PRACK or the ACK that waits for it; null declines every stream. */
export function answerOffer(context: ForkContext, fork: Fork, answer: string | null): ForkStep {
  const { owed } = fork;
  const sdp = answer ?? declined(fork.offer ?? '');
  if (owed === null) return { fork, effects: [] };
  if (owed.method === 'ACK') return acknowledge(context, fork, sdp);
  return sendPrack(context, { ...fork, exchange: 'settled', offer: null, owed: null }, rackOf(owed.rack), sdp);
}

/** RFC 3264 §6: a valid answer that takes no stream: each m= line with port zero. */
export function declined(offer: string): string {
  const media = offer.split(/\r\n|\n/).filter((line) => line.startsWith('m='));
  const streams = media.map((line) => line.replace(/^(m=\S+ +)\S+/, '$10'));
  return ['v=0', 'o=- 0 0 IN IP4 0.0.0.0', 's=-', 'c=IN IP4 0.0.0.0', 't=0 0', ...streams, ''].join('\r\n');
}

/** An UPDATE (RFC 3311 §5.1), with an offer or without. */
export function sendUpdate(
  context: ForkContext,
  fork: Fork,
  headers: HeaderList,
  sdp: string | null,
): ForkStep<Sending> {
  const updating = sdp === null ? fork : { ...fork, exchange: 'updating' as const };
  return sendIn(
    context,
    updating,
    'UPDATE',
    (address) => [['Contact', contactFor(address, context.contactUser)], ...context.capabilities, ...headers],
    sdp ?? undefined,
  );
}

/** A BYE, which ends the fork (RFC 3261 §15.1.1). */
export function sendBye(context: ForkContext, fork: Fork, reasons: HeaderList): ForkStep<Sending> {
  return sendIn(context, { ...fork, state: 'terminated' }, 'BYE', () => reasons, undefined);
}

function sendIn(
  context: ForkContext,
  fork: Fork,
  method: Sending['method'],
  headers: Parameters<typeof requestWithin>[2]['headers'],
  body: string | undefined,
): ForkStep<Sending> {
  const cseq = fork.dialog.localCseq + 1;
  const branch = branchOf(context.invite, fork, cseq);
  const request = requestWithin(fork.dialog, context.addresses, {
    method,
    cseq,
    branch,
    headers: (address) => [...headers(address), ...typeOf(body)],
    body,
  });
  return {
    fork: { ...fork, dialog: { ...fork.dialog, localCseq: cseq } },
    effects: [{ type: 'send', tag: fork.tag, method, branch, request }],
  };
}

/** The INVITE's own branch is like no other; with the fork and the CSeq it names each request that follows from it. */
function branchOf(invite: SentInvite, fork: Fork, cseq: number): string {
  return `${invite.branch}.${fork.number}.${cseq}`;
}

/** Whether a request that left under this branch is one of the fork's. */
export function isOfFork({ branch }: SentInvite, { number }: Fork, sent: string): boolean {
  return sent.startsWith(`${branch}.${number}.`);
}

const typeOf = (sdp: string | undefined): HeaderList =>
  sdp === undefined ? [] : [['Content-Type', 'application/sdp']];
