// A modification within its call: when the re-INVITE or UPDATE may leave, what it looks like on the wire (RFC 3261 §14.1,
// RFC 3311 §5.1), its ACK, and what its outcome does to session and dialog. Also the session timer, which asks
// for most of them (RFC 4028 §10). The machines are modification.ts and sip/dialog/session-timer.ts. What an outcome means
// for another call is told to whoever asked (bridging.ts).
import { afterResponse } from '../sip/dialog/dialog.ts';
import { hasSdp } from '../sip/dialog/invite-usage.ts';
import {
  type Agreement,
  agreedBy,
  askAgain,
  asksOf,
  type SessionTimerInput,
  type SessionTimerName,
  transition as timerStep,
} from '../sip/dialog/session-timer.ts';
import { forNextRequest } from '../sip/message/authorizations.ts';
import { copy, readNumber } from '../sip/message/grammar.ts';
import type { HeaderList, Response } from '../sip/message/message.ts';
import { acknowledge, isWithheld } from './acknowledging.ts';
import { clearedBy, endingOf, sayBye } from './leaving.ts';
import { askedBy } from './lifetime.ts';
import {
  begin,
  type ModificationEffect,
  type ModificationInput,
  type Offered,
  transition,
  type Wish,
} from './modification.ts';
import { unblockRefer } from './referring.ts';
import { ownOffer, relayedOffer, said, takeAnswer } from './sound.ts';
import { type Call, isAlive, type OwedRequest } from './state.ts';
import {
  capabilities,
  challengeToAnswer,
  change,
  credentialsFor,
  glareDelayMs,
  sdpType,
  sendWithin,
  type Turn,
} from './turn.ts';

/** What came of a change, for whoever wanted it. A refresh is nobody's business. */
export type Outcome =
  /** The peer has answered our offer; `sdp` is its answer, `order` where the streams of a relayed offer stand. */
  | { readonly type: 'accepted'; readonly wish: Wish; readonly sdp: string | null; readonly order: Offered['order'] }
  /** It was asked and has made an offer. */
  | { readonly type: 'offered'; readonly offer: string }
  | { readonly type: 'refused'; readonly wish: Wish; readonly status: number };

/** Asks for a change; one that is under way comes first. */
export function modify(turn: Turn, wish: Wish): void {
  if (turn.call.modification !== null) return step(turn, { type: 'wanted', wish }, null, null);
  change(turn, { modification: begin(wish) });
  unblockModification(turn);
}

/** What the peer asked for is no longer open: what waited for that may go, the REFER last. */
export function unblock(turn: Turn): void {
  unblockModification(turn);
  unblockRefer(turn);
}

function unblockModification(turn: Turn): void {
  step(turn, { type: 'unblocked' }, null, null);
}

/** RFC 3261 §14.1: no re-INVITE while another INVITE is open in the dialog, in either direction. */
function isBlocked({ call: { phase } }: Turn): boolean {
  return phase.name !== 'active' || phase.reinvite !== null || phase.relaying !== null;
}

/** Whether we have an INVITE or UPDATE open: one of the peer's that came now would cross it. */
export function isModifying({ modification }: Call): boolean {
  return modification?.phase.name === 'sent' || modification?.phase.name === 'offered';
}

/** The request that is out. */
export function modificationOut({ modification }: Call): OwedRequest | null {
  return modification?.phase.name === 'sent' ? modification.phase.request : null;
}

/** What comes of it is told when it is more than a refresh. */
export function modificationResponse(turn: Turn, response: Response): Outcome | null {
  const { modification } = turn.call;
  const request = modificationOut(turn.call);
  if (modification === null || request === null) return null;
  const isAccepted = response.status >= 200 && response.status < 300;
  const sdp = isAccepted && hasSdp(response) ? copy(response.body) : null;
  if (isAccepted) change(turn, { dialog: afterResponse(turn.call.dialog, response) });
  const isHeldBack = modification.wish.name === 'ask' && sdp !== null && isAlive(turn.call);
  if (isAccepted && request.method === 'INVITE' && !isHeldBack) acknowledge(turn, request, response.cseq.number, null);
  // A call that is over only had to acknowledge.
  if (!isAlive(turn.call)) return null;
  const answer = challengeToAnswer(turn, response);
  if (answer !== null) change(turn, { authorizations: answer });
  const { status } = response;
  const given = { status, sdp, canAuthenticate: answer !== null, retryDelayMs: glareDelayMs(turn) };
  return outcomeOf(turn, modification.wish, { type: 'response', ...given }, response, sdp);
}

export function modificationUnanswered(turn: Turn, type: 'timeout' | 'transport-failed'): Outcome | null {
  const { modification } = turn.call;
  return modification === null || !isAlive(turn.call) ? null : outcomeOf(turn, modification.wish, { type }, null, null);
}

export function modificationTimer(turn: Turn): void {
  step(turn, { type: 'timer' }, null, null);
}

/** Answers the offer that the peer has made when it was asked. */
export function answerModification(turn: Turn, sdp: string): void {
  const { modification } = turn.call;
  if (!isWithheld(modification)) return;
  acknowledge(turn, modification.phase.request, modification.phase.cseq, sdp);
  step(turn, { type: 'answered' }, null, null);
  if (turn.call.modification === null) unblockRefer(turn);
}

function outcomeOf(
  turn: Turn,
  wish: Wish,
  input: ModificationInput,
  response: Response | null,
  sdp: string | null,
): Outcome | null {
  let outcome: Outcome | null = null;
  step(turn, input, response, (effect) => {
    if (effect.type === 'offered') outcome = { type: 'offered', offer: effect.offer };
    if (effect.type === 'accepted') outcome = { type: 'accepted', wish, sdp, order: effect.offered?.order ?? [] };
    if (effect.type === 'refused') outcome = { type: 'refused', wish, status: effect.status };
  });
  return wish.name === 'refresh' ? null : outcome;
}

type Tell = ((effect: ModificationEffect) => void) | null;

function step(turn: Turn, input: ModificationInput, response: Response | null, tell: Tell): void {
  const { modification } = turn.call;
  if (modification === null) return;
  const next = transition(modification, input, turn.at);
  if (next.modification !== modification) change(turn, { modification: next.modification });
  for (const effect of next.effects) {
    act(turn, effect, response);
    tell?.(effect);
  }
}

function act(turn: Turn, effect: ModificationEffect, response: Response | null): void {
  switch (effect.type) {
    case 'send':
      if (isBlocked(turn)) return;
      change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
      return send(turn);
    case 'authenticate':
      return send(turn);
    case 'accepted':
      return accepted(turn, effect.offered, response!);
    case 'offered':
      return refreshed(turn, response!);
    case 'refused':
      return refused(turn, effect.status, response);
    default:
      return effect satisfies never;
  }
}

function send(turn: Turn): void {
  const { call } = turn;
  const { wish } = call.modification!;
  // RFC 4028 §7.4: UPDATE where the peer has it, because it needs no offer.
  const method = wish.name === 'refresh' && call.allowsUpdate ? 'UPDATE' : 'INVITE';
  const offered = method === 'INVITE' ? describe(turn, wish) : null;
  const headers: HeaderList = [
    ...credentialsFor(turn, method),
    ...capabilities,
    ...askedBy(call.expiry),
    ...(offered === null ? [] : sdpType),
  ];
  const body = offered === null ? {} : { body: offered.sdp };
  const { cseq, ...request } = sendWithin(turn, method, headers, { contact: true, ...body });
  step(turn, { type: 'sent', request, cseq, offered }, null, null);
}

/** What the re-INVITE offers: to refresh a session, what was said of it before. */
function describe(turn: Turn, wish: Wish): Offered | null {
  const { session } = turn.call;
  if (session === null || wish.name === 'ask') return null;
  if (wish.name === 'relay') return relayedOffer(turn.call, session, wish.described) ?? ownOffer(turn.call, session);
  if (wish.name === 'sound' || session.sdp === null) return ownOffer(turn.call, session);
  return { sdp: session.sdp, version: session.version, order: [] };
}

function accepted(turn: Turn, offered: Offered | null, response: Response): void {
  const { session } = turn.call;
  const isRelayed = offered !== null && offered.order.length > 0;
  if (session !== null && offered !== null) said(turn, session, offered, isRelayed);
  if (!isRelayed && hasSdp(response)) takeAnswer(turn, response.body);
  refreshed(turn, response);
  unblockRefer(turn);
}

function refreshed(turn: Turn, response: Response): void {
  const asks = asksOf(turn.call.expiry.timer);
  if (asks !== null) lives(turn, agreedBy(response, asks));
}

/** RFC 3261 §14.1: the session stays as it was; 481, 408 and silence say that there is none any more (§12.2.1.2). */
function refused(turn: Turn, status: number, response: Response | null): void {
  if (status === 481 || status === 408) return sayBye(turn, clearedBy('us'));
  const asks = asksOf(turn.call.expiry.timer);
  const asksNext = response !== null && asks !== null && status === 422 ? askAgain(asks, response) : null;
  const retryAfter = readNumber(/^\d+/.exec(response?.get('Retry-After') ?? '')?.[0] ?? '');
  const retryInMs = retryAfter === null ? null : retryAfter * 1000;
  timed(turn, { type: 'refused', status, asks: asksNext, retryInMs });
  unblockRefer(turn);
}

// The session timer.

/** A 2xx to a session refresh request went out or came in: what the session lives by from now on. */
export function lives(turn: Turn, agreed: Agreement): void {
  timed(turn, { type: 'agreed', agreed, minSeS: turn.call.expiry.wish.minSeS });
}

export function lifetimeTimer(turn: Turn, timer: SessionTimerName): void {
  timed(turn, { type: 'timer', timer });
}

function timed(turn: Turn, input: SessionTimerInput): void {
  const { expiry } = turn.call;
  const { state, effects } = timerStep(expiry.timer, input, turn.at);
  if (state !== expiry.timer) change(turn, { expiry: { ...expiry, timer: state } });
  for (const effect of effects) {
    if (effect.type === 'refresh') modify(turn, { name: 'refresh' });
    // RFC 4028 §10: the session has expired.
    else sayBye(turn, endingOf('timeout', 'us', 200));
  }
}
