// What the peer asks inside the dialog of a call (RFC 3261 §12.2.2): BYE, re-INVITE and UPDATE with their offers, INFO,
// OPTIONS, NOTIFY, PRACK; and the ACKs that end the repetition of our 2xx.
import { afterRequest, isOutOfOrder } from '../sip/dialog/dialog.ts';
import { hasSdp, type OpenOffer, offerRefusal } from '../sip/dialog/invite-usage.ts';
import type { Origin } from '../sip/endpoint.ts';
import type { HeaderList, Request } from '../sip/message/message.ts';
import { reply } from '../sip/message/message.ts';
import { nextDigit } from './digits.ts';
import { answered } from './events.ts';
import { acknowledged, canceled, repeatResponse } from './inbound.ts';
import { informed, sendInfo } from './info.ts';
import { allowsMethod } from './invitation.ts';
import { clearedBy, peerLeft, quietInvite, sayBye } from './leaving.ts';
import { type Lifetime, lifetimeFor } from './lifetime.ts';
import { isModifying, lives, modificationOut, unblock } from './modifying.ts';
import { referred } from './referral.ts';
import { notified } from './referring.ts';
import { relayChange, relayMove } from './relaying.ts';
import { answerOffer, makeOffer, relayAgain, takeAnswer } from './sound.ts';
import { type Held, isAlive, type Phase, sixtyFourT1Ms } from './state.ts';
import { capabilities, chance, change, contact, respond, sdpType, type Turn, tell } from './turn.ts';

/** A request of the peer that belongs to this call's dialog. */
export function requested(turn: Turn, request: Request, origin: Origin, replaced: string | null): void {
  if (origin.key === turn.call.taken) return respond(turn, request, origin, 200);
  if (!isAlive(turn.call)) return requestedLate(turn, request, origin);
  // Deviation: a NOTIFY is taken in any order; one that overtook another must not cost a refer its outcome.
  if (request.method !== 'NOTIFY' && isOutOfOrder(turn.call.dialog, request)) {
    return respond(turn, request, origin, 500);
  }
  change(turn, {
    dialog: afterRequest(turn.call.dialog, request, origin.from),
    allowsRefer: allowsMethod(request, 'REFER') ?? turn.call.allowsRefer,
    allowsUpdate: allowsMethod(request, 'UPDATE') ?? turn.call.allowsUpdate,
    allowsInfo: allowsMethod(request, 'INFO') ?? turn.call.allowsInfo ?? true,
  });
  const take = takers[request.method];
  if (take === undefined) respond(turn, request, origin, 405, { headers: capabilities.slice(0, 1) });
  else take(turn, request, origin, replaced);
}

type Taker = (turn: Turn, request: Request, origin: Origin, replaced: string | null) => void;

const takers: Readonly<Record<string, Taker>> = {
  BYE: goodbye,
  INVITE: reinvited,
  UPDATE: updated,
  PRACK: acknowledged,
  NOTIFY: notified,
  REFER: referred,
  INFO: informed,
  OPTIONS: (turn, request, origin) =>
    respond(turn, request, origin, 200, { headers: [...capabilities, ['Accept', 'application/sdp']] }),
};

/** The call is over: a NOTIFY or PRACK may still be on its way, and a BYE may have crossed ours. All else finds no call. */
function requestedLate(turn: Turn, request: Request, origin: Origin): void {
  const { phase } = turn.call;
  if (request.method === 'NOTIFY') return notified(turn, request, origin);
  if (request.method === 'PRACK') return acknowledged(turn, request, origin);
  const crossed = request.method === 'BYE' && phase.name === 'ended' && phase.bye !== null;
  respond(turn, request, origin, crossed ? 200 : 481);
}

/** §15.1.2. In the early dialog it is one way of giving up (§15). */
function goodbye(turn: Turn, request: Request, origin: Origin): void {
  change(turn, { taken: origin.key });
  if (turn.call.phase.name === 'ringing') return canceled(turn, request, origin);
  respond(turn, request, origin, 200);
  quietInvite(turn);
  peerLeft(turn, clearedBy('peer'), null);
}

/** The ACK of a 2xx: the first one makes the call active, a re-INVITE's ends its repetition. */
export function acked(turn: Turn, request: Request): void {
  const { call } = turn;
  const { phase } = call;
  const { number } = request.cseq;
  if (phase.name === 'answered' && number === call.invite?.cseq) return becameActive(turn, phase, request);
  if (phase.name !== 'active' || phase.reinvite?.cseq !== number) return;
  quietInvite(turn);
  change(turn, { phase: { ...phase, reinvite: null } });
  if (phase.reinvite.offered && call.bridge?.isJoined) relayMove(turn, request);
  else if (phase.reinvite.offered && hasSdp(request)) takeAnswer(turn, request.body);
  unblock(turn);
}

function becameActive(turn: Turn, phase: Phase & { name: 'answered' }, ack: Request): void {
  quietInvite(turn);
  change(turn, { phase: { name: 'active', reinvite: null, relaying: null } });
  const agreed = !phase.offered || (hasSdp(ack) && takeAnswer(turn, ack.body));
  tell(turn, answered(turn.call));
  if (!agreed) return sayBye(turn, clearedBy('us'));
  for (const held of phase.held) release(turn, held);
  nextDigit(turn);
  unblock(turn);
}

function release(turn: Turn, held: Held): void {
  if (turn.call.phase.name !== 'active') return;
  if (held.type === 'info') sendInfo(turn, held.contentType, held.body);
  else sayBye(turn, clearedBy('us'), held.headers);
}

function reinvited(turn: Turn, request: Request, origin: Origin): void {
  const { phase } = turn.call;
  // §14.2: while an INVITE has no final response, another is refused with 500 and a moment to wait.
  if (phase.name === 'ringing') return busy(turn, request, origin, 500);
  if (phase.name !== 'active' || phase.reinvite !== null || isModifying(turn.call))
    return busy(turn, request, origin, 491);
  if (phase.relaying !== null) return busy(turn, request, origin, 500);
  const offered = !hasSdp(request);
  const lifetime = lifetimeOf(turn, request, origin);
  if (lifetime === null) return;
  if (!offered && turn.call.bridge?.isJoined) return relayChange(turn, request, origin, lifetime);
  const sdp = describe(turn, request);
  if (typeof sdp === 'number') return respond(turn, request, origin, sdp);
  const headers = [...contact(turn.call), ...capabilities, ...lifetime.headers, ...sdpType];
  const text = reply(request, 200, { headers: [...recordRoutes(request), ...headers], body: sdp });
  const reinvite = { status: 200, text, until: turn.at + sixtyFourT1Ms, cseq: request.cseq.number, offered };
  change(turn, {
    phase: { name: 'active', reinvite, relaying: null },
    invite: { key: origin.key, replyTo: origin.replyTo, cseq: request.cseq.number },
  });
  repeatResponse(turn, '2xx', reinvite);
  lives(turn, lifetime.agreed);
}

/** What the 2xx to a session refresh request says of the lifetime; null when it was refused because it is too short (RFC 4028 §9). */
function lifetimeOf(turn: Turn, request: Request, origin: Origin): Lifetime | null {
  const lifetime = lifetimeFor(request, turn.call.expiry);
  if (!('tooShort' in lifetime)) return lifetime;
  respond(turn, request, origin, 422, { headers: lifetime.tooShort });
  return null;
}

/** RFC 3311 §5.2: an UPDATE may carry an offer or only refresh the target. */
function updated(turn: Turn, request: Request, origin: Origin): void {
  const refusal = hasSdp(request) ? offerRefusal(openOffer(turn)) : null;
  if (refusal !== null) return busy(turn, request, origin, refusal);
  const lifetime = lifetimeOf(turn, request, origin);
  if (lifetime === null) return;
  if (hasSdp(request) && turn.call.bridge?.isJoined) return relayChange(turn, request, origin, lifetime);
  const sdp = hasSdp(request) ? describe(turn, request) : null;
  if (typeof sdp === 'number') return respond(turn, request, origin, sdp);
  const headers = [...contact(turn.call), ...capabilities, ...lifetime.headers];
  respond(turn, request, origin, 200, sdp === null ? { headers } : { headers: [...headers, ...sdpType], body: sdp });
  lives(turn, lifetime.agreed);
}

/** The session description that answers the request, ours first when it brought none. */
function describe(turn: Turn, request: Request): string | 488 | 400 {
  const { session } = turn.call;
  if (session === null) return 488;
  // Whoever hears another peer is offered what it hears.
  if (!hasSdp(request) && turn.call.bridge?.isJoined && session.sdp !== null)
    return relayAgain(turn, session, session.sdp);
  return hasSdp(request) ? answerOffer(turn, session, request.body, null) : makeOffer(turn, session, null);
}

function openOffer(turn: Turn): OpenOffer {
  const { phase, reliable } = turn.call;
  switch (phase.name) {
    case 'ringing':
      if (reliable?.carriesOffer) return 'ours';
      return phase.offer === null ? null : 'theirs';
    case 'answered':
      return phase.offered ? 'ours' : null;
    case 'active':
      if (phase.relaying !== null) return 'theirs';
      return phase.reinvite?.offered || (isModifying(turn.call) && !isUpdating(turn)) ? 'ours' : null;
    default:
      return null;
  }
}

const isUpdating = ({ call }: Turn): boolean => modificationOut(call)?.method === 'UPDATE';

function busy(turn: Turn, request: Request, origin: Origin, status: 491 | 500): void {
  const headers: HeaderList = status === 500 ? [['Retry-After', String(Math.floor(chance(turn) * 11))]] : [];
  respond(turn, request, origin, status, { headers });
}

const recordRoutes = (request: Request): HeaderList =>
  request.all('Record-Route').map((value) => ['Record-Route', value] as const);
