// A modification within its call: when the re-INVITE or UPDATE may leave, what it looks like on the wire (RFC 3261 §14.1,
// RFC 3311 §5.1), its ACK, and what its outcome does to session and dialog. Also the session timer, which asks
// for most of them (RFC 4028 §10). The machines are modification.ts and sip/dialog/session-timer.ts. What an outcome means
// for another call is told to whoever asked (bridging.ts).
import { afterResponse } from '../sip/dialog/dialog.ts';
import { cancelOf } from '../sip/dialog/invite-client-steps.ts';
import { hasSdp } from '../sip/dialog/invite-usage.ts';
import {
  type Agreement,
  agreedBy,
  askAgain,
  asksOf,
  firstAsk,
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
  isOut,
  type ModificationEffect,
  type ModificationInput,
  type Offered,
  type Outcome,
  transition,
  type Wish,
} from './modification.ts';
import { heldOffer, ownOffer, relayedOffer, said, takeAnswer } from './sound.ts';
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

/** Asks for a change; one that is under way comes first. */
export function modify(turn: Turn, wish: Wish): void {
  if (turn.call.modification !== null) return step(turn, { type: 'wanted', wish });
  change(turn, { modification: begin(wish) });
  unblock(turn);
}

/** What the peer asked for is no longer open: what waited for that may go. A REFER leaves last, at the end of the turn. */
export function unblock(turn: Turn): void {
  step(turn, { type: 'unblocked' });
}

/** RFC 3261 §14.1: no re-INVITE while another INVITE is open in the dialog, in either direction. */
function isBlocked({ call: { phase } }: Turn): boolean {
  return phase.name !== 'active' || phase.reinvite !== null || phase.relaying !== null;
}

/** Whether we have an INVITE or UPDATE open: one of the peer's that came now would cross it. */
export function isModifying({ modification }: Call): boolean {
  return modification !== null && (isOut(modification.phase) || modification.phase.name === 'offered');
}

/** The request that is out. */
export function modificationOut({ modification }: Call): OwedRequest | null {
  return modification !== null && isOut(modification.phase) ? modification.phase.request : null;
}

export function modificationResponse(turn: Turn, response: Response): void {
  const { modification } = turn.call;
  const request = modificationOut(turn.call);
  if (modification === null || request === null) return;
  const isAccepted = response.status >= 200 && response.status < 300;
  const sdp = isAccepted && hasSdp(response) ? copy(response.body) : null;
  if (isAccepted) change(turn, { dialog: afterResponse(turn.call.dialog, response) });
  const isHeldBack = modification.wish.name === 'ask' && sdp !== null && isAlive(turn.call);
  if (isAccepted && request.method === 'INVITE' && !isHeldBack) acknowledge(turn, request, response.cseq.number, null);
  // A call that is over only had to acknowledge.
  if (!isAlive(turn.call)) return;
  const answer = challengeToAnswer(turn, response);
  if (answer !== null) change(turn, { authorizations: answer });
  const { status } = response;
  const given = { status, sdp, canAuthenticate: answer !== null, retryDelayMs: glareDelayMs(turn) };
  step(turn, { type: 'response', ...given }, response);
}

export function modificationUnanswered(turn: Turn, type: 'timeout' | 'transport-failed'): void {
  if (isAlive(turn.call)) step(turn, { type });
}

export function modificationTimer(turn: Turn): void {
  step(turn, { type: 'timer' });
}

/** A change that was relayed is taken back by whoever asked for it. */
export function withdrawModification(turn: Turn): void {
  step(turn, { type: 'withdrawn' });
}

/** After a restart: the CANCEL, behind its INVITE. */
export function resumeModification(turn: Turn): void {
  const { modification } = turn.call;
  if (modification?.phase.name === 'cancelling' && isAlive(turn.call)) cancel(turn, modification.phase.request);
}

/** Answers the offer that the peer has made when it was asked. */
export function answerModification(turn: Turn, sdp: string): void {
  const { modification } = turn.call;
  if (!isWithheld(modification)) return;
  acknowledge(turn, modification.phase.request, modification.phase.cseq, sdp);
  step(turn, { type: 'answered' });
}

function step(turn: Turn, input: ModificationInput, response: Response | null = null): void {
  const { modification, session } = turn.call;
  if (modification === null) return;
  const { wish, isWithdrawn } = modification;
  const next = transition(modification, input, turn.at);
  if (next.modification !== modification) change(turn, { modification: next.modification });
  for (const effect of next.effects) {
    act(turn, effect, response);
    const outcome = isWithdrawn ? undone(effect, session?.sdp ?? null) : outcomeOf(wish, effect, response);
    if (outcome !== null && wish.name !== 'refresh') turn.outcomes.push(outcome);
  }
}

function outcomeOf(wish: Wish, effect: ModificationEffect, response: Response | null): Outcome | null {
  switch (effect.type) {
    case 'accepted': {
      const sdp = response !== null && hasSdp(response) ? copy(response.body) : null;
      return { type: 'accepted', wish, sdp, order: effect.offered?.order ?? [] };
    }
    case 'offered':
      return { type: 'offered', offer: effect.offer };
    case 'refused':
      return { type: 'refused', wish, status: effect.status };
    case 'overdue':
      return { type: 'overdue' };
    default:
      return null;
  }
}

/** What was taken back has crossed its acceptance. `before` is what our peer had been told until then. */
const undone = ({ type }: ModificationEffect, before: string | null): Outcome | null =>
  type === 'accepted' && before !== null ? { type: 'unwanted', before } : null;

function act(turn: Turn, effect: ModificationEffect, response: Response | null): void {
  switch (effect.type) {
    case 'send':
      if (isBlocked(turn)) return;
      change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
      return send(turn);
    case 'authenticate':
      return send(turn);
    case 'cancel':
      return cancel(turn, effect.request);
    case 'overdue':
      return;
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
  if (wish.name === 'relay' && offered === null) return step(turn, { type: 'unsayable' });
  const headers: HeaderList = [
    ...credentialsFor(turn, method),
    ...capabilities,
    ...askedBy(call.expiry),
    ...(offered === null ? [] : sdpType),
  ];
  const body = offered === null ? {} : { body: offered.sdp };
  const { cseq, ...request } = sendWithin(turn, method, headers, { contact: true, ...body });
  step(turn, { type: 'sent', request, cseq, offered });
}

function cancel(turn: Turn, invite: OwedRequest): void {
  const { branch, text, target } = cancelOf({ invite }, []);
  turn.effects.push({ type: 'send', request: { method: 'CANCEL', branch, text, target } });
}

/** What the re-INVITE offers: to refresh a session, what was said of it before. */
function describe(turn: Turn, wish: Wish): Offered | null {
  const { session } = turn.call;
  if (session === null || wish.name === 'ask') return null;
  const isOverdue = wish.name === 'refresh' && turn.call.hold?.name === 'resuming';
  if (wish.name === 'hold' || isOverdue) return heldOffer(turn.call, session);
  if (wish.name === 'relay') return relayedOffer(turn.call, session, wish.described);
  if (wish.name === 'sound' || session.sdp === null) return ownOffer(turn.call, session);
  return { sdp: session.sdp, version: session.version, order: [] };
}

function accepted(turn: Turn, offered: Offered | null, response: Response): void {
  const { session } = turn.call;
  const isRelayed = offered !== null && offered.order.length > 0;
  if (session !== null && offered !== null) said(turn, session, offered, isRelayed);
  if (!isRelayed && hasSdp(response)) takeAnswer(turn, response.body);
  refreshed(turn, response);
}

function refreshed(turn: Turn, response: Response): void {
  const { timer, wish } = turn.call.expiry;
  // RFC 4028 §7.2: a 2xx may say how long the session lives where we did not ask.
  lives(turn, agreedBy(response, asksOf(timer) ?? firstAsk(wish)));
}

/** RFC 3261 §14.1: the session stays as it was; 481, 408 and silence say that there is none any more (§12.2.1.2). */
function refused(turn: Turn, status: number, response: Response | null): void {
  if (status === 481 || status === 408) return sayBye(turn, clearedBy('us'));
  const asks = asksOf(turn.call.expiry.timer);
  const asksNext = response !== null && asks !== null && status === 422 ? askAgain(asks, response) : null;
  const retryAfter = readNumber(/^\d+/.exec(response?.get('Retry-After') ?? '')?.[0] ?? '');
  const retryInMs = retryAfter === null ? null : retryAfter * 1000;
  timed(turn, { type: 'refused', status, asks: asksNext, retryInMs });
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
