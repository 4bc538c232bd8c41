// A modification within its call: when the re-INVITE or UPDATE may leave, what it looks like on the wire (RFC 3311 §5.1,
// RFC 3261 §14.1), its ACK (§13.2.2.4), and what its outcome does to session and dialog. Also the session timer, which asks
// for most of them (RFC 4028 §10). The machines are modification.ts and sip/dialog/session-timer.ts.
import { afterResponse, requestWithin } from '../sip/dialog/dialog.ts';
import { requestOf } from '../sip/dialog/invite-client-state.ts';
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
import { credentialsIn } from '../sip/message/authorizations.ts';
import { readNumber } from '../sip/message/grammar.ts';
import type { HeaderList, Response } from '../sip/message/message.ts';
import { clearedBy, endingOf, sayBye } from './leaving.ts';
import { askedBy } from './lifetime.ts';
import { begin, type ModificationEffect, type ModificationInput, transition, type Wish } from './modification.ts';
import { unblockRefer } from './referring.ts';
import { takeAnswer } from './sound.ts';
import { type Call, isAlive, type OwedRequest } from './state.ts';
import {
  capabilities,
  challengeToAnswer,
  change,
  credentialsFor,
  freshBranch,
  glareDelayMs,
  sdpType,
  sendWithin,
  type Turn,
} from './turn.ts';

/** Asks for a change. One that is under way refreshes the session as well as another would. */
function modify(turn: Turn, wish: Wish): void {
  if (turn.call.modification !== null) return;
  change(turn, { modification: begin(wish) });
  unblockModification(turn);
}

/** Sends what was waiting, if nothing is in its way any more. */
export function unblockModification(turn: Turn): void {
  step(turn, { type: 'unblocked' }, null);
}

/** RFC 3261 §14.1: no re-INVITE while another INVITE is open in the dialog, in either direction. */
function isBlocked({ call: { phase } }: Turn): boolean {
  return phase.name !== 'active' || phase.reinvite !== null;
}

/** Whether we have an INVITE or UPDATE out: one of the peer's that came now would cross it. */
export function isModifying({ modification }: Call): boolean {
  return modification?.phase.name === 'sent';
}

export function modificationOut({ modification }: Call): OwedRequest | null {
  return modification?.phase.name === 'sent' ? modification.phase.request : null;
}

export function modificationResponse(turn: Turn, response: Response): void {
  const request = modificationOut(turn.call);
  if (request === null) return;
  if (response.status >= 200 && response.status < 300 && request.method === 'INVITE')
    acknowledge(turn, request, response);
  // A call that is over only had to acknowledge.
  if (!isAlive(turn.call)) return;
  const answer = challengeToAnswer(turn, response);
  if (answer !== null) change(turn, { authorizations: answer });
  const canAuthenticate = answer !== null;
  step(
    turn,
    { type: 'response', status: response.status, canAuthenticate, retryDelayMs: glareDelayMs(turn) },
    response,
  );
}

export function modificationUnanswered(turn: Turn, type: 'timeout' | 'transport-failed'): void {
  if (isAlive(turn.call)) step(turn, { type }, null);
}

export function modificationTimer(turn: Turn): void {
  step(turn, { type: 'timer' }, null);
}

/** A 2xx that comes again: its ACK was lost. */
export function acknowledgedAgain(turn: Turn, { cseq, status }: Response): void {
  const { acked } = turn.call;
  if (acked === null || cseq.method !== 'INVITE' || cseq.number !== acked.cseq || status < 200 || status > 299) return;
  turn.effects.push({ type: 'ack', request: { text: acked.text, target: acked.target } });
}

function acknowledge(turn: Turn, invite: OwedRequest, response: Response): void {
  const { call } = turn;
  const dialog = afterResponse(call.dialog, response);
  const request = requestWithin(dialog, call.local, {
    method: 'ACK',
    cseq: response.cseq.number,
    branch: freshBranch(turn),
    headers: () => credentialsIn(requestOf(invite)),
  });
  change(turn, { dialog, acked: { ...request, cseq: response.cseq.number } });
  turn.effects.push({ type: 'ack', request });
}

function step(turn: Turn, input: ModificationInput, response: Response | null): void {
  const { modification } = turn.call;
  if (modification === null) return;
  const next = transition(modification, input, turn.at);
  if (next.modification !== modification) change(turn, { modification: next.modification });
  for (const effect of next.effects) act(turn, effect, response);
}

function act(turn: Turn, effect: ModificationEffect, response: Response | null): void {
  switch (effect.type) {
    case 'send':
      if (!isBlocked(turn)) send(turn);
      return;
    case 'authenticate':
      return send(turn);
    case 'accepted':
      return accepted(turn, response!);
    case 'refused':
      return refused(turn, effect.status, response);
    default:
      return effect satisfies never;
  }
}

/** RFC 4028 §7.4: UPDATE where the peer has it, because it needs no offer; else the session is described as it was. */
function send(turn: Turn): void {
  const { call } = turn;
  const method = call.allowsUpdate ? 'UPDATE' : 'INVITE';
  const body = method === 'INVITE' ? (call.session?.sdp ?? undefined) : undefined;
  const headers: HeaderList = [
    ...credentialsFor(turn, method),
    ...capabilities,
    ...askedBy(call.expiry),
    ...(body === undefined ? [] : sdpType),
  ];
  const { cseq, ...request } = sendWithin(turn, method, headers, {
    contact: true,
    ...(body !== undefined && { body }),
  });
  step(turn, { type: 'sent', request, cseq }, null);
}

function accepted(turn: Turn, response: Response): void {
  change(turn, { dialog: afterResponse(turn.call.dialog, response) });
  if (hasSdp(response)) takeAnswer(turn, response.body);
  const asks = asksOf(turn.call.expiry.timer);
  if (asks !== null) lives(turn, agreedBy(response, asks));
  unblockRefer(turn);
}

/** RFC 3261 §14.1: the session stays as it was; 481, 408 and silence say that there is none any more (§12.2.1.2). */
function refused(turn: Turn, status: number, response: Response | null): void {
  if (status === 481 || (status === 408 && turn.call.phase.name === 'active')) return sayBye(turn, clearedBy('us'));
  const { timer } = turn.call.expiry;
  const asks = response !== null && status === 422 ? askAgain(asksOf(timer)!, response) : null;
  const retryAfter = readNumber(/^\d+/.exec(response?.get('Retry-After') ?? '')?.[0] ?? '');
  const retryInMs = retryAfter === null ? null : retryAfter * 1000;
  timed(turn, { type: 'refused', status, asks, retryInMs });
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
