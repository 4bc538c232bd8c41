// Two calls joined without a media engine: third-party call control by RFC 3725 §4.1, flow I, with re-INVITEs. One peer is
// asked for a description, which the other is offered in our words, and its answer comes back the same way; so does every
// change that either asks for later. Each call keeps its own half, and they signal each other in one turn and one commit.

import { isWithheld } from './acknowledging.ts';
import type { AfterBridge, Command, MuteDtmf } from './commands.ts';
import { type DigitOrder, sendDigits } from './digits.ts';
import { bridged } from './events.ts';
import { transferOrdered } from './falling-back.ts';
import { answerRinging } from './inbound.ts';
import { clearedBy, leave, refuseChange, sayBye } from './leaving.ts';
import type { Finality, Offered, Outcome } from './modification.ts';
import { answerModification, isModifying, modify, unblock, withdrawModification } from './modifying.ts';
import { giveUp } from './outbound.ts';
import { dequeue } from './queueing.ts';
import { isPending } from './refer.ts';
import { hasTransferred } from './referral.ts';
import { dialledInstead } from './referring.ts';
import { acceptChange } from './relaying.ts';
import { answerOffer, isReadable, newSession, relayedAnswer, relayedOffer } from './sound.ts';
import { type Bridge, type Call, isAlive, type Signal } from './state.ts';
import { change, refuse, signal, type Turn, tell } from './turn.ts';
import { type Parting, refusedWith, tellFailed, unbridge } from './unbridging.ts';

/** `bridge`: our peer is asked first. That the other call can be joined was seen by whoever found it. */
export function bridgeCommand(turn: Turn, command: Command & { name: 'bridge' }): void {
  const { call } = turn;
  if (call.phase.name !== 'active') return refuse(turn, 'not-answered');
  if (call.bridge !== null && command.preventDouble) return refuse(turn, 'unable-to-execute', alreadyBridged);
  // The other one was told to join this one, and both peers asked at once would wait for each other's answer.
  if (call.bridge?.with === command.with && !call.bridge.isJoined) {
    const isMuted = mutesOwn(command.muteDtmf);
    return change(turn, { bridge: { ...call.bridge, ...afterOf(command), isMuted, isOrdered: true } });
  }
  join(turn, command.with, { ...afterOf(command), isOrdered: true }, command.muteDtmf);
}

const afterOf = ({ parks, holds }: AfterBridge): AfterBridge => ({ parks, ...(holds && { holds }) });

export const alreadyBridged = 'The call is bridged already.';

/** `transfer`: the call goes on as it is until the one that is dialled for it is answered; one that rings is answered then. */
export function transferCommand(
  turn: Turn,
  { callee, isStep = false }: Command & { name: 'transfer' },
  rtpPort: number | null,
): void {
  const { phase, session, transferring } = turn.call;
  if (isStep && transferOrdered(turn.call) === null) return refuse(turn, 'unable-to-execute');
  if (phase.name === 'dialing') return refuse(turn, 'not-answered');
  if (transferring !== null)
    return refuse(turn, 'unable-to-execute', 'A transfer is already in progress on this call.');
  if (session === null && rtpPort !== null) change(turn, { session: newSession(rtpPort, turn.seed) });
  change(turn, { transferring: callee });
  if (isStep) dialledInstead(turn, callee);
}

const mutesOwn = (muteDtmf: MuteDtmf): boolean => muteDtmf === 'both' || muteDtmf === 'self';
const mutesOther = (muteDtmf: MuteDtmf): boolean => muteDtmf === 'both' || muteDtmf === 'opposite';

/** Joins the call to another one. */
export function join(turn: Turn, other: string, of: AfterBridge & Pick<Bridge, 'isOrdered'>, muteDtmf: MuteDtmf): void {
  leaveFor(turn, other, { ...of, hasAsked: true, isMuted: mutesOwn(muteDtmf) });
  if (!isAlive(turn.call)) return;
  signal(turn, other, { type: 'join', parks: false, isMuted: mutesOther(muteDtmf) });
  modify(turn, { name: 'ask' });
}

/** Whoever it was joined to before is left, and so is the queue it waits in. */
function leaveFor(turn: Turn, other: string, of: Omit<Bridge, 'with' | 'isJoined'>): void {
  const { bridge, afterBridge } = turn.call;
  dequeue(turn, 'bridged');
  const parting = { reason: 'superseded' } as const;
  if (bridge !== null && bridge.with !== other) signal(turn, bridge.with, { type: 'left', parting });
  tellFailed(turn, parting);
  change(turn, { bridge: { with: other, isJoined: false, ...of, ...afterBridge } });
  // What our peer has offered was for the one that is left: nobody else will answer it.
  if (bridge?.with !== other && isWithheld(turn.call.modification)) soundAgain(turn);
}

/** A call that was dialled for another one was answered: that one is joined to it, and answered first if it still rings. */
export function joinCaller(turn: Turn): void {
  const { link } = turn.call;
  if (link === null) return;
  // The transfer was a command of the other one.
  const { muteDtmf = 'none' } = link;
  leaveFor(turn, link.to, { parks: false, hasAsked: true, isMuted: mutesOther(muteDtmf) });
  signal(turn, link.to, { type: 'join', ...afterOf(link), isMuted: mutesOwn(muteDtmf) });
  modify(turn, { name: 'ask' });
}

/** What the other call says. */
export function signalled(turn: Turn, from: string, said: Signal): void {
  const { bridge, link, transferring } = turn.call;
  if (said.type === 'join') return invited(turn, from, said);
  if (said.type === 'dialled') return change(turn, { transferring: from });
  if (said.type === 'left' && transferring === from) change(turn, { transferring: null });
  if (said.type === 'left' && link?.to === from) giveUp(turn, 'originator_cancel');
  // One that was left for another may not know yet.
  if (bridge === null || bridge.with !== from) return;
  switch (said.type) {
    case 'ask':
      return modify(turn, { name: 'ask' });
    case 'offer':
      return offered(turn, bridge, said);
    case 'answer':
      return answered(turn, bridge, said.sdp, said.order);
    case 'refused':
      return refused(turn, bridge, said.status, said.parting);
    case 'digit':
      return passDigit(turn, bridge, said.order);
    case 'withdrawn':
      return withdrawModification(turn);
    case 'left':
      return left(turn, bridge, said.parting);
    default:
      return;
  }
}

function invited(turn: Turn, from: string, { isMuted, ...after }: Signal & { type: 'join' }): void {
  if (turn.call.transferring === from) change(turn, { transferring: null });
  answerRinging(turn);
  const { name } = turn.call.phase;
  if (name !== 'active' && name !== 'answered' && name !== 'ringing') return signal(turn, from, { type: 'left' });
  leaveFor(turn, from, { ...afterOf(after), hasAsked: false, isMuted });
}

/** The other peer's description. While our own peer is changing its session, both wait for their turn (RFC 3261 §14.1). */
function offered(turn: Turn, bridge: Bridge, said: Signal & { type: 'offer' }): void {
  const { sdp: described, isFinal, isLastWord = false } = said;
  const { phase } = turn.call;
  if (!isReadable(described)) {
    signal(turn, bridge.with, { type: 'refused', status: 488, parting: unreadable });
    return bridge.isJoined ? undefined : stayApart(turn, bridge, unreadable);
  }
  const isBusy = isModifying(turn.call) || (phase.name === 'active' && (phase.reinvite ?? phase.relaying) !== null);
  // What is final nobody can ask again: it waits for its turn.
  if (bridge.isJoined && isBusy && !isFinal) return signal(turn, bridge.with, { type: 'refused', status: 491 });
  if (isLastWord && saysNothingNew(turn.call, described)) return;
  modify(turn, { name: 'relay', of: bridge.with, described, isFinal, ...(isLastWord && { isLastWord }) });
}

/** Whether our peer was told the same last, or is about to be. */
function saysNothingNew(call: Call, described: string): boolean {
  const { session, modification } = call;
  if (session === null) return false;
  const offer = relayedOffer(call, session, described);
  const next = modification?.next ?? modification?.wish;
  if (next?.name === 'relay') return relayedOffer(call, session, next.described)?.sdp === offer?.sdp;
  return offer?.version === session.version;
}

function answered(turn: Turn, bridge: Bridge, sdp: string, order: Offered['order']): void {
  const { modification, phase } = turn.call;
  if (isWithheld(modification)) {
    const answer = relayedAnswer(turn, sdp, order, modification.phase.offer);
    if (answer === null) {
      signal(turn, bridge.with, { type: 'left', parting: unreadable });
      return left(turn, bridge, unreadable);
    }
    answerModification(turn, answer);
    return joined(turn, bridge);
  }
  if (phase.name !== 'active' || phase.relaying === null) return;
  const answer = relayedAnswer(turn, sdp, order, phase.relaying.offer);
  if (answer !== null) return acceptChange(turn, answer);
  refuseChange(turn, 488);
  unblock(turn);
}

/** What the other peer does not take: ours goes on as it was, a first time with our own sound. */
function refused(turn: Turn, bridge: Bridge, status: number, parting = refusedWith(status)): void {
  const { phase, modification } = turn.call;
  if (phase.name === 'active' && phase.relaying !== null) refuseChange(turn, status);
  if (!bridge.isJoined && isFor(turn, bridge)) return sayBye(turn, clearedBy('us'));
  if (isWithheld(modification)) soundAgain(turn);
  if (!bridge.isJoined) unbridge(turn, parting);
  unblock(turn);
}

const unreadable: Parting = { reason: 'unreadable' };

/** They are not joined: ours goes on by itself. */
function stayApart(turn: Turn, bridge: Bridge, parting: Parting): void {
  if (isFor(turn, bridge)) return sayBye(turn, clearedBy('us'));
  unbridge(turn, parting);
  soundAgain(turn);
}

/** Whether it was dialled for the other call, and has nobody to hear without it. */
const isFor = ({ call: { link } }: Turn, bridge: Bridge): boolean => link?.to === bridge.with;

/** A digit of the other peer. One that goes nowhere was told to the application all the same. */
function passDigit(turn: Turn, { isJoined, isMuted = false }: Bridge, order: DigitOrder): void {
  const { allowsInfo = true } = turn.call;
  if (isJoined && !isMuted && allowsInfo) sendDigits(turn, order);
}

/** The other call is over, or was joined to another one. */
function left(turn: Turn, bridge: Bridge, parting: Parting = { reason: 'hangup' }): void {
  unbridge(turn, parting);
  if (bridge.isJoined && bridge.holds) change(turn, { isHeld: true });
  const { phase } = turn.call;
  if (phase.name === 'active' && phase.relaying !== null) refuseChange(turn, 487);
  // It waits for the BYE of a peer that has transferred the other one.
  if (hasTransferred(turn.call)) return;
  // It is being transferred: whoever hears it no more, another one is about to.
  if (turn.call.transferring !== null) return soundAgain(turn);
  const { refer } = turn.call;
  // Its peer is taking that call's place: what comes of it is still to be told.
  const isReplacing = isPending(refer) && refer.order.replaces === bridge.with;
  const wasJoined = bridge.isJoined || bridge.isAgain === true;
  if ((wasJoined || isFor(turn, bridge)) && !bridge.parks && !isReplacing) return leave(turn);
  soundAgain(turn);
  unblock(turn);
}

/** Our own sound again: in the answer that is due, or by a re-INVITE where the peer may hear another one. */
export function soundAgain(turn: Turn): void {
  const { modification, session } = turn.call;
  if (isWithheld(modification) && session !== null) {
    const { offer } = modification.phase;
    const answer = answerOffer(turn, session, offer, null);
    if (typeof answer === 'string') return answerModification(turn, answer);
    return sayBye(turn, clearedBy('us'));
  }
  if (modification?.wish.name === 'relay' || session?.agreed === null) modify(turn, { name: 'sound' });
}

/** What came of the re-INVITE to our peer. */
export function modified(turn: Turn, came: Outcome): void {
  const { bridge } = turn.call;
  // What one call said was taken or refused after ours was joined to another.
  if ('wish' in came && came.wish.name === 'relay' && (came.wish.of ?? bridge?.with) !== bridge?.with) return;
  if (bridge === null) {
    // Nobody waits for it any more.
    if (came.type === 'offered' || came.type === 'overdue') soundAgain(turn);
    return;
  }
  switch (came.type) {
    case 'offered':
      return signal(turn, bridge.with, { type: 'offer', sdp: came.offer, isFinal: false });
    case 'accepted':
      if (came.wish.name === 'hold') return heardAgain(turn, bridge, came.sdp);
      if (came.wish.name !== 'relay') return;
      if (came.wish.isFinal) return answeredFinal(turn, bridge, came.wish, came.sdp);
      if (came.sdp === null || !isReadable(came.sdp)) return unanswerable(turn, bridge);
      joined(turn, bridge);
      return signal(turn, bridge.with, { type: 'answer', sdp: came.sdp, order: came.order });
    case 'overdue':
      return overdue(turn, bridge);
    case 'unwanted':
      // Whatever else is wanted by now takes its place.
      if (turn.call.modification !== null) return;
      return modify(turn, { name: 'relay', of: bridge.with, described: came.before, isFinal: true });
    case 'refused':
      return changeRefused(turn, bridge, came);
    default:
      return came satisfies never;
  }
}

/** The one that has moved hears what the other has said to that, where it is new; but no more, or two could go on for ever. */
function answeredFinal(turn: Turn, bridge: Bridge, { isLastWord }: Finality, sdp: string | null): void {
  if (isLastWord || !bridge.isJoined || sdp === null || !isReadable(sdp)) return;
  signal(turn, bridge.with, { type: 'offer', sdp, isFinal: true, isLastWord: true });
}

/** The other peer takes too long to answer what ours has offered: they stay apart. */
function overdue(turn: Turn, bridge: Bridge): void {
  const parting = { reason: 'timeout' } as const;
  signal(turn, bridge.with, { type: 'left', parting });
  stayApart(turn, bridge, parting);
}

/** The peer is not on hold any more: if it has moved meanwhile, the other one must know. */
function heardAgain(turn: Turn, bridge: Bridge, sdp: string | null): void {
  if (turn.call.hold?.name !== 'resuming' || !bridge.isJoined || sdp === null) return;
  signal(turn, bridge.with, { type: 'offer', sdp, isFinal: true, isLastWord: true });
}

/** Our peer has taken the offer and said nothing of itself that can be read: the other one has nobody to hear. */
function unanswerable(turn: Turn, bridge: Bridge): void {
  signal(turn, bridge.with, { type: 'refused', status: 488, parting: unreadable });
  if (!bridge.isJoined) stayApart(turn, bridge, unreadable);
}

/** A peer that makes no offers may still take one: then the other one is asked. Where both refuse, the calls stay apart. */
function changeRefused(turn: Turn, bridge: Bridge, { wish, status }: Outcome & { type: 'refused' }): void {
  if (wish.name === 'relay' && !wish.isFinal) {
    signal(turn, bridge.with, { type: 'refused', status });
    return bridge.isJoined ? undefined : stayApart(turn, bridge, refusedWith(status));
  }
  if (wish.name !== 'ask' || bridge.isJoined) return;
  if (bridge.hasAsked) return signal(turn, bridge.with, { type: 'ask' });
  const parting = refusedWith(status);
  signal(turn, bridge.with, { type: 'left', parting });
  stayApart(turn, bridge, parting);
}

function joined(turn: Turn, bridge: Bridge): void {
  if (bridge.isJoined) return;
  change(turn, { bridge: { ...bridge, isJoined: true }, ...(turn.call.isHeld && { isHeld: false }) });
  tell(turn, bridged(turn.call, bridge.with));
}
