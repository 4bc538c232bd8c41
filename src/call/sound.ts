// The offers and answers of a call (RFC 3264, RFC 3261 §13.2.1): which description is said next, under which version, and
// what its media is told. Pure: the port was reserved before.
import { answer, offer, readAnswer } from '../sip/message/sdp.ts';
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
  const said = isNew ? say(version) : first;
  if (typeof said === 'string') return 488;
  settle(turn, { ...session, version, sdp: said.sdp, agreed: said.agreed });
  return said.sdp;
}

/** Our offer, for an INVITE that brought none. */
export function makeOffer(turn: Turn, session: Session, codecs: string | null): string {
  const say = (version: number) => offer(describe(turn.call, session, version), codecs ?? undefined);
  const first = say(session.version);
  const isNew = session.sdp !== null && session.sdp !== first;
  const version = isNew ? session.version + 1 : session.version;
  const sdp = isNew ? say(version) : first;
  change(turn, { session: { ...session, version, sdp } });
  return sdp;
}

/** Takes the peer's answer to our offer; false when it agrees on nothing we can play. */
export function takeAnswer(turn: Turn, answered: string): boolean {
  const { session } = turn.call;
  const agreed = readAnswer(answered);
  if (session === null || typeof agreed === 'string') return false;
  settle(turn, { ...session, agreed });
  return true;
}

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
    sessionId: session.sessionId,
    version,
    address: call.sdpAddress,
    port: session.port,
    direction: call.media === 'none' ? 'inactive' : 'sendrecv',
  } as const;
}
