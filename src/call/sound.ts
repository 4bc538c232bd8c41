// The offers and answers of a call (RFC 3264, RFC 3261 §13.2.1): which description is said next, under which version, and
// what its media is told. While a call is joined to another its peer hears that one, in our words. Pure: the port was
// reserved before.
import { answer, offer, readAnswer } from '../sip/message/sdp.ts';
import { describe as readDescription } from '../sip/message/sdp-description.ts';
import { asksForSilence, silenced } from '../sip/message/sdp-hold.ts';
import { relayAnswer, relayOffer } from '../sip/message/sdp-relay.ts';
import type { Offered } from './modification.ts';
import type { Call, Session } from './state.ts';
import { change, type Turn } from './turn.ts';

/** Why a description was not taken, as the status that says so. */
export type Unacceptable = 488 | 400;

/** A fresh session on a reserved port; its id in o= is a number nobody else uses for this call. */
export function newSession(port: number, seed: string): Session {
  const sessionId = String(Number.parseInt(seed.slice(0, 12), 16));
  return { port, sessionId, version: 1, sdp: null, agreed: null };
}

/** Answers the peer's offer and starts, or changes, the sound. */
export function answerOffer(
  turn: Turn,
  session: Session,
  offered: string,
  codecs: string | null,
): string | Unacceptable {
  const say = (version: number) => answer(offered, describe(turn.call, session, version), codecs ?? undefined);
  const first = say(session.version);
  if (first === 'no-common-codec') return 488;
  if (first === 'unreadable') return 400;
  // RFC 3264 §8: the version grows by one when the description differs from the last one said.
  const isNew = session.sdp !== null && session.sdp !== first.sdp;
  const version = isNew ? session.version + 1 : session.version;
  const saidNow = isNew ? say(version) : first;
  if (typeof saidNow === 'string') return 488;
  settle(turn, { ...session, version, sdp: saidNow.sdp, agreed: saidNow.agreed });
  return saidNow.sdp;
}

/** Our offer, for an INVITE that brought none, or for one of ours. */
export function makeOffer(turn: Turn, session: Session, codecs: string | null): string {
  const { sdp, version } = ownOffer(turn.call, session, codecs);
  change(turn, { session: { ...session, version, sdp } });
  return sdp;
}

/** What we would offer of our own: said only once the peer has accepted it. */
export function ownOffer(call: Call, session: Session, codecs: string | null = null): Offered {
  const say = (version: number) => offer(describe(call, session, version), codecs ?? undefined, session.sdp);
  const first = say(session.version);
  const isNew = session.sdp !== null && session.sdp !== first;
  const version = isNew ? session.version + 1 : session.version;
  return { sdp: isNew ? say(version) : first, version, order: [] };
}

/** Takes the peer's answer to our offer; false when it agrees on nothing we can play. */
export function takeAnswer(turn: Turn, answered: string): boolean {
  const { session } = turn.call;
  if (session === null) return false;
  const agreed = readAnswer(answered, directionOf(turn.call, session));
  if (typeof agreed === 'string') return false;
  settle(turn, { ...session, agreed });
  return true;
}

// What another call's peer has said, in our words (RFC 3725 §4.1).

/** Whether it is a description at all. */
export const isReadable = (described: string): boolean => readDescription(described) !== null;

/** The other's description as our offer; null when it cannot be read. */
export function relayedOffer(call: Call, session: Session, described: string): Offered | null {
  const say = (text: string) => relayOffer(text, session.sdp, originOf(call, session));
  const heard = say(described);
  if (heard === null || !isHolding(call)) return heard;
  const held = say(silenced(described));
  return held && { ...held, heard: heard.sdp };
}

/**
 * What our peer hears, as the offer it asks for. RFC 3261 §14.2: as in a new call, so that a peer that has put the other
 * one on hold can resume. Where the other one holds, it stays so.
 */
export function relayAgain(turn: Turn, session: Session, last: string): string {
  const open = last.replace(/^a=(?:recvonly|inactive)(?=\r?$)/gm, 'a=sendrecv');
  const offered = relayedOffer(turn.call, session, open);
  if (offered === null) return last;
  change(turn, { session: { ...session, sdp: offered.sdp, version: offered.version } });
  return offered.sdp;
}

/** The other's answer as our answer to the offer of our own peer; null when it cannot be read. */
export function relayedAnswer(turn: Turn, answered: string, order: Offered['order'], offered: string): string | null {
  const { session } = turn.call;
  if (session === null) return null;
  const say = (text: string) => relayAnswer(text, order, offered, session.sdp, originOf(turn.call, session));
  const heard = say(answered);
  const relayed = heard !== null && isHolding(turn.call) ? say(silenced(answered)) : heard;
  if (heard !== null && relayed !== null) said(turn, session, { ...relayed, order, heard: heard.sdp }, true);
  return relayed?.sdp ?? null;
}

/** What was offered is what we have said. Of a relayed one the sound goes past us. */
export function said(turn: Turn, session: Session, { sdp, version, heard }: Offered, isRelayed: boolean): void {
  const { hold } = turn.call;
  change(turn, { session: { ...session, sdp, version, ...(isRelayed && { agreed: null }) } });
  if (hold != null && heard !== undefined) change(turn, { hold: { ...hold, heard } });
  if (isRelayed) turn.effects.push({ type: 'media', session: { ...silent, port: session.port } });
}

// A peer on hold (RFC 3264 §8.4). Whatever is said to it meanwhile keeps it there.

const isHolding = ({ hold }: Call): boolean => hold?.name === 'asked' || hold?.name === 'held';

/** Whether what we have said last has the peer send nothing. */
export const isOnHold = ({ session }: Call): boolean => session?.sdp != null && asksForSilence(session.sdp);

/** What puts the peer on hold or has it heard again: our own sound, or the other one's where the call is joined. */
export function heldOffer(call: Call, session: Session): Offered {
  const heard = call.bridge?.isJoined ? (call.hold?.heard ?? null) : null;
  return (heard === null ? null : relayedOffer(call, session, heard)) ?? ownOffer(call, session);
}

const silent = { remote: null, payloadType: 0, codec: 'PCMU' } as const;

/** The effect that (re)starts the sound of a call as it stands: after an agreement, and after a restart. */
export function playing(turn: Turn): void {
  const { session, media } = turn.call;
  if (media === 'none' || session === null || session.agreed === null) return;
  const { port, agreed } = session;
  turn.effects.push({
    type: 'media',
    session: { port, remote: agreed.remote, payloadType: agreed.payloadType, codec: agreed.codec },
  });
}

export function endSound(turn: Turn): void {
  const { session } = turn.call;
  if (session === null) return;
  change(turn, { session: null });
  turn.effects.push({ type: 'release', port: session.port });
}

function settle(turn: Turn, session: Session): void {
  change(turn, { session });
  playing(turn);
}

function describe(call: Call, session: Session, version: number) {
  return {
    ...originOf(call, session),
    version,
    port: session.port,
    direction: directionOf(call, session),
  };
}

/** RFC 3264 §8.4: who is on hold may hear us, and is not heard; of one that holds us nothing was to be heard before. */
function directionOf(call: Call, { agreed }: Session): 'inactive' | 'sendonly' | 'sendrecv' {
  if (call.media === 'none') return 'inactive';
  if (!call.isHeld && !isHolding(call)) return 'sendrecv';
  const isSilent = agreed?.direction === 'recvonly' || agreed?.direction === 'inactive';
  return isSilent && isHolding(call) ? 'inactive' : 'sendonly';
}

const originOf = ({ sdpAddress }: Call, { sessionId, version }: Session) => ({
  sessionId,
  version,
  address: sdpAddress,
});
