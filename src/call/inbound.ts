// An inbound call until it is answered (RFC 3261 §13.3, RFC 3262): 180, reliably where the caller wants it, its PRACK,
// CANCEL, and the 2xx with our side of the sound.
import { uasDialog } from '../sip/dialog/dialog.ts';
import { acknowledges, hasSdp, reliableHeaders, wantsReliable } from '../sip/dialog/invite-usage.ts';
import { off } from '../sip/dialog/session-timer.ts';
import type { Origin } from '../sip/endpoint.ts';
import { copy, toUtf8 } from '../sip/message/grammar.ts';
import type { HeaderList, Request } from '../sip/message/message.ts';
import { writeResponse } from '../sip/message/write.ts';
import type { Command, NamedValue } from './commands.ts';
import { causeOf, initiated } from './events.ts';
import { described, headOf, told } from './invitation.ts';
import { endingOf, peerLeft, quietInvite, refuseInvite, sendFinal } from './leaving.ts';
import type { Lifetime, LifetimePolicy } from './lifetime.ts';
import { lives } from './modifying.ts';
import { isCompleted } from './refer.ts';
import { unblockRefer } from './referring.ts';
import { answerOffer, makeOffer, newSession, takeAnswer } from './sound.ts';
import { type AnswerOrder, type Call, isAlive, type OwedResponse, type Phase, sixtyFourT1Ms } from './state.ts';
import {
  beginTurn,
  capabilities,
  change,
  contact,
  headerList,
  refuse,
  repeatId,
  respond,
  respondText,
  sdpType,
  signal,
  type Turn,
  tell,
} from './turn.ts';

type Ringing = Phase & { name: 'ringing' };

/** What a new call is given from outside: its names, what we say of ourselves, and a port when our offer goes first. */
export type Identity = Pick<
  Call,
  'id' | 'legId' | 'sessionId' | 'connectionId' | 'local' | 'sdpAddress' | 'media' | 'referInbound'
> & {
  readonly rtpPort: number | null;
  readonly policy: LifetimePolicy;
  /** What the 2xx will say. */
  readonly lifetime: Lifetime;
  /** How long it waits for its first command; null: for ever. */
  readonly firstCommandTimeoutMs: number | null;
  /** The id of the call whose place it takes (RFC 3891): then it is answered at once. */
  readonly replaces: string | null;
};

const ringAgainMs = 60_000;

/** A new inbound call: rings, and tells the application. Null when its Contact leads nowhere (§8.1.1.8). */
export function incoming(input: Arrival, identity: Identity): Turn | null {
  const { request, origin, at, seed } = input;
  const dialog = uasDialog(request, seed, origin.from, origin.nat);
  if (dialog === null) return null;
  const { rtpPort, policy, lifetime, replaces, firstCommandTimeoutMs, ...names } = identity;
  const call: Call = {
    ...names,
    ...described(request),
    direction: 'incoming',
    startedAt: at,
    clientState: null,
    answerHeaders: [],
    events: 0,
    dialog,
    invite: { key: origin.key, replyTo: origin.replyTo, cseq: request.cseq.number },
    outbound: null,
    gateway: null,
    // One that takes another's place is answered without a command.
    commandDueAt: firstCommandTimeoutMs === null || replaces !== null ? null : at + firstCommandTimeoutMs,
    limitAt: null,
    session: rtpPort === null ? null : newSession(rtpPort, seed),
    taken: null,
    reliable: null,
    phase: ringing(input, dialog.local, lifetime),
    refer: null,
    pastRefers: [],
    referral: null,
    referee: null,
    reportsTo: null,
    bridge: null,
    link: null,
    transferring: null,
    modification: null,
    acked: null,
    expiry: { ...policy, timer: off },
    errands: [],
    ownCredentials: null,
    credentials: null,
    authorizations: [],
  };
  const turn = beginTurn(call, { at, seed });
  if (replaces === null) ring(turn);
  tell(turn, initiated(turn.call, { ...told(request), replaces }));
  if (replaces !== null) takePlace(turn, replaces);
  return turn;
}

/** RFC 3891 §3: the 2xx first, then the BYE to the one that is replaced. */
function takePlace(turn: Turn, replaced: string): void {
  accept(turn, turn.call.phase as Ringing, { headers: [], preferredCodecs: null });
  if (isAlive(turn.call)) signal(turn, replaced, { type: 'replaced' });
}

interface Arrival {
  readonly at: number;
  readonly seed: string;
  readonly request: Request;
  readonly origin: Origin;
}

function ringing({ request, at, seed }: Arrival, local: string, lifetime: Lifetime): Ringing {
  const wants = wantsReliable(request);
  const offered = hasSdp(request);
  const isReliable = wants === 'required' || (wants === 'supported' && offered);
  const expires = /^\d{1,9}$/.exec(request.get('Expires') ?? '');
  return {
    name: 'ringing',
    head: headOf(request, local),
    offer: offered ? copy(request.body) : null,
    provisional: { status: 180, text: '', until: at },
    // RFC 3262 §3: the first RSeq is chosen by chance, below 2**31.
    nextRseq: isReliable ? Number.parseInt(seed.slice(-7), 16) + 1 : null,
    answer: null,
    repeatAt: at + ringAgainMs,
    expiresAt: expires === null ? null : at + Number(expires[0]) * 1000,
    lifetime,
  };
}

/** Sends 180: at first, and again every minute so that no proxy gives up (§13.3.1.1). */
function ring(turn: Turn): void {
  const { call } = turn;
  const state = call.phase as Ringing;
  const rseq = state.nextRseq;
  const offers = rseq !== null && call.session !== null && call.session.sdp === null;
  const sdp = offers ? makeOffer(turn, call.session, null) : undefined;
  const headers = [
    ...state.head,
    ...contact(call),
    ...capabilities,
    ...(rseq === null ? [] : reliableHeaders(rseq)),
    ...typeOf(sdp),
  ];
  const provisional = {
    status: 180,
    text: writeResponse({ status: 180 }, headers, sdp),
    until: turn.at + sixtyFourT1Ms,
  };
  const repeatAt = turn.at + ringAgainMs;
  if (rseq === null) {
    change(turn, { phase: { ...state, provisional, repeatAt } });
    return respondText(turn, call.invite!, 180, provisional.text);
  }
  const reliable = { rseq, cseq: call.invite!.cseq, carriesOffer: offers };
  change(turn, { reliable, phase: { ...state, provisional, nextRseq: rseq + 1, repeatAt } });
  repeatResponse(turn, 'reliable-1xx', provisional);
}

const typeOf = (sdp: string | undefined): HeaderList => (sdp === undefined ? [] : sdpType);

/** The timers of a ringing call. */
export function ringingTimer(turn: Turn, timer: 'ring-again' | 'prack' | 'invite-expires' | 'first-command'): void {
  if (turn.call.phase.name !== 'ringing') return;
  if (timer === 'ring-again') return ring(turn);
  // RFC 3262 §3: no PRACK within 64·T1 is answered with a 5xx. RFC 3261 §13.3.1: an expired INVITE with 487.
  if (timer === 'prack') refuseInvite(turn, 504, endingOf('unspecified', 'us', 504));
  // Nobody answers for it: it may be tried again later, so 480.
  else if (timer === 'first-command') refuseInvite(turn, 480, endingOf('timeout', 'us', 480));
  else refuseInvite(turn, 487, endingOf('timeout', 'us', 487));
}

/** `answer`: the 2xx goes out at once, or behind the PRACK of a 180 that carried our offer (RFC 3262 §3). */
export function answerCommand(turn: Turn, command: Command & { name: 'answer' }, rtpPort: number | null): void {
  const { phase } = turn.call;
  if (phase.name !== 'ringing' || phase.answer !== null) {
    return refuse(turn, 'unable-to-execute', notRinging(turn.call));
  }
  if (turn.call.session === null) {
    if (rtpPort === null) return refuse(turn, 'unavailable', 'No RTP port is free. Try again.');
    change(turn, { session: newSession(rtpPort, turn.seed) });
  }
  const answerHeaders = command.headers.map(({ name, value }) => ({ name, value: toUtf8(value) }));
  change(turn, { answerHeaders });
  const order = { headers: command.headers, preferredCodecs: command.preferredCodecs };
  if (turn.call.reliable?.carriesOffer) change(turn, { phase: { ...phase, answer: order } });
  else accept(turn, phase, order);
}

/** Answers a call that still rings because it is joined to another one; one whose PRACK is missing is answered after that. */
export function answerRinging(turn: Turn): void {
  const { phase, session, reliable } = turn.call;
  if (phase.name !== 'ringing' || phase.answer !== null || session === null) return;
  const order = { headers: [], preferredCodecs: null };
  if (reliable?.carriesOffer) change(turn, { phase: { ...phase, answer: order } });
  else accept(turn, phase, order);
}

/** Sends the 2xx: with our answer, with our offer, or with neither when PRACK has settled it. */
function accept(turn: Turn, phase: Ringing, order: AnswerOrder): void {
  const session = turn.call.session!;
  const codecs = order.preferredCodecs;
  const settled = session.agreed !== null;
  const sdp = settled
    ? null
    : phase.offer === null
      ? makeOffer(turn, session, codecs)
      : answerOffer(turn, session, phase.offer, codecs);
  if (typeof sdp === 'number') return refuseInvite(turn, sdp, endingOf('unspecified', 'us', sdp));
  quietInvite(turn);
  const body = sdp ?? undefined;
  const headers = [
    ...phase.head,
    ...contact(turn.call),
    ...capabilities,
    ...phase.lifetime.headers,
    ...headerList(order.headers),
    ...typeOf(body),
  ];
  const ok = { status: 200, text: writeResponse({ status: 200 }, headers, body), until: turn.at + sixtyFourT1Ms };
  change(turn, { phase: { name: 'answered', ok, offered: !settled && phase.offer === null, held: [] } });
  repeatResponse(turn, '2xx', ok);
  lives(turn, phase.lifetime.agreed);
}

/** Why a call cannot be answered or rejected. */
export function notRinging({ phase }: Call): string {
  return phase.name === 'dialing'
    ? 'Only an inbound call can be answered or rejected.'
    : 'This call has already been answered.';
}

/** `reject` answers the INVITE with 603 or 486, `hangup` of a ringing call with 480. */
export function refuseCall(turn: Turn, status: 603 | 486 | 480, headers: readonly NamedValue[] = []): void {
  const given = status === 480 ? 'call_rejected' : causeOf(status);
  const cause = isCompleted(turn.call.refer) ? 'normal_clearing' : given;
  refuseInvite(turn, status, endingOf(cause, 'us', status), headerList(headers));
}

/** CANCEL (§9.2), or a BYE in the early dialog (§15): its own 200, and 487 for the INVITE. */
export function canceled(turn: Turn, request: Request, origin: Origin): void {
  respond(turn, request, origin, 200);
  if (turn.call.phase.name !== 'ringing') return;
  const final = sendFinal(turn, 487);
  const cause = isCompleted(turn.call.refer) ? 'normal_clearing' : 'originator_cancel';
  peerLeft(turn, endingOf(cause, 'peer', 487), final);
}

/** PRACK (RFC 3262 §3): ends the repetition. It is taken after the final response as well, when nothing hangs on it any more. */
export function acknowledged(turn: Turn, request: Request, origin: Origin): void {
  const { phase, reliable } = turn.call;
  if (reliable === null || !acknowledges(request, reliable)) return respond(turn, request, origin, 481);
  change(turn, { taken: origin.key });
  if (phase.name === 'ringing') return progressed(turn, phase, reliable.carriesOffer, request, origin);
  change(turn, { reliable: null });
  respond(turn, request, origin, 200);
}

/** RFC 3262 §5: the answer to an offer of ours comes in the PRACK. */
function progressed(turn: Turn, phase: Ringing, offered: boolean, prack: Request, origin: Origin): void {
  quietInvite(turn);
  change(turn, { reliable: null, phase: { ...phase, answer: null } });
  const agreed = offered && hasSdp(prack) && takeAnswer(turn, prack.body);
  // A 180 without our offer leaves the caller's own unanswered: there is no room for another one.
  respond(turn, prack, origin, offered || !hasSdp(prack) ? 200 : 488);
  if (offered && !agreed) return refuseInvite(turn, 488, endingOf('unspecified', 'us', 488));
  if (phase.answer !== null) accept(turn, turn.call.phase as Ringing, phase.answer);
  else unblockRefer(turn);
}

/** A retransmitted INVITE that no transaction knows any more, after a restart: the last response again, if it is still owed. */
export function invitedAgain(turn: Turn, request: Request, origin: Origin): void {
  const last = lastResponse(turn.call.phase);
  if (last === null) respond(turn, request, origin, 481);
  else respondText(turn, origin, last.status, last.text);
}

function lastResponse(phase: Phase): OwedResponse | null {
  switch (phase.name) {
    case 'ringing':
      return phase.provisional;
    case 'answered':
      return phase.ok;
    case 'active':
      return phase.reinvite;
    case 'dialing':
      return null;
    default:
      return phase.final;
  }
}

/** Sends a response again and again until its ACK or PRACK. */
export function repeatResponse(
  turn: Turn,
  kind: '2xx' | 'reliable-1xx',
  owed: { status: number; text: string; until: number },
): void {
  const { call } = turn;
  const { key, replyTo, cseq } = call.invite!;
  const { status, text } = owed;
  turn.effects.push({
    type: 'repeat',
    id: repeatId(call, cseq),
    kind,
    to: { key, replyTo },
    status,
    text,
    timeoutMs: owed.until - turn.at,
  });
}
