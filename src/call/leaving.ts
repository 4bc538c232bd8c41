// How a call ends: our BYE, the final response to an INVITE, the peer's BYE or CANCEL. Whatever ends it, a refer that is
// pending gets its terminal event first, and call.hangup is the last thing told.
import { forNextRequest } from '../sip/message/authorizations.ts';
import type { HeaderList } from '../sip/message/message.ts';
import { writeResponse } from '../sip/message/write.ts';
import { acknowledgeWithheld } from './acknowledging.ts';
import type { NamedValue } from './commands.ts';
import { dropDigits } from './digits.ts';
import { type HangupCause, hangup, referEvent } from './events.ts';
import { hangsUp } from './queueing.ts';
import { isOut, isPending, type Refer, transition } from './refer.ts';
import { endSound } from './sound.ts';
import { type Call, type Ending, type OwedRequest, type OwedResponse, sixtyFourT1Ms } from './state.ts';
import {
  change,
  credentialsFor,
  headerList,
  repeatId,
  respondText,
  sendWithin,
  signal,
  type Turn,
  tell,
} from './turn.ts';
import { unbridge } from './unbridging.ts';

/** `status`: null where no SIP response goes with the end. */
export const endingOf = (cause: HangupCause, by: Ending['by'], status: number | null): Ending => ({
  cause,
  by,
  sipCause: status === null ? 'unspecified' : String(status),
});

/** An answered call that ends by a BYE says 200, whoever sent it. */
export const clearedBy = (by: Ending['by']): Ending => endingOf('normal_clearing', by, 200);

/** Sends BYE (RFC 3261 §15.1.1) and ends the call. Without an ACK it may only be sent once 64·T1 have passed. */
export function sayBye(turn: Turn, ending: Ending, headers: readonly NamedValue[] = []): void {
  quietInvite(turn);
  acknowledgeWithheld(turn);
  abandonRefer(turn, 'us');
  change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
  const bye = sendWithin(turn, 'BYE', [...credentialsFor(turn, 'BYE'), ...headerList(headers)]);
  end(turn, ending, { bye, byeHeaders: headers });
}

/** RFC 3261 §15: whoever was called sends no BYE before the ACK of its 2xx; until then the end waits. */
export function leave(turn: Turn, headers: readonly NamedValue[] = []): void {
  const { phase } = turn.call;
  if (phase.name !== 'answered') return sayBye(turn, clearedBy('us'), headers);
  if (phase.held.some(({ type }) => type === 'hangup')) return;
  change(turn, { phase: { ...phase, held: [...phase.held, { type: 'hangup', headers }] } });
}

/** Sends the BYE again with what answers its challenge. */
export function sayByeAgain(turn: Turn, headers: readonly NamedValue[] = []): OwedRequest {
  return sendWithin(turn, 'BYE', [...credentialsFor(turn, 'BYE'), ...headerList(headers)]);
}

/** Answers the INVITE for good with other than 2xx, and ends the call. */
export function refuseInvite(turn: Turn, status: number, ending: Ending, headers: HeaderList = []): void {
  const final = sendFinal(turn, status, headers);
  abandonRefer(turn, 'us');
  end(turn, ending, { final });
}

/** The peer is gone and was answered: at once the end, or a wait for the late NOTIFY of a refer that is out. */
export function peerLeft(turn: Turn, ending: Ending, final: OwedResponse | null): void {
  const { refer } = turn.call;
  refuseChange(turn, 487);
  acknowledgeWithheld(turn);
  dropDigits(turn);
  endSound(turn);
  hangsUp(turn);
  const graceMs = isPending(refer) && isOut(refer) ? refer.order.byeGraceMs : 0;
  if (graceMs > 0) {
    // Whatever comes of the refer, nobody is left to hear. Only the one that is to be replaced by it must wait.
    leaveOthers(turn, refer?.order.replaces ?? awaitsDecision(turn.call));
    change(turn, { phase: { name: 'leaving', until: turn.at + graceMs, ending, final } });
    return;
  }
  abandonRefer(turn, 'peer');
  end(turn, ending, { final });
}

/** The wait of `peerLeft` is over, by an outcome or by its timer. */
export function finishLeaving(turn: Turn): void {
  const { phase } = turn.call;
  if (phase.name !== 'leaving') return;
  abandonRefer(turn, 'peer');
  // A caller that cancelled because it was transferred has not given up: its call was cleared (contract A.5).
  const isCleared = turn.call.refer?.phase.name === 'completed' && phase.ending.cause === 'originator_cancel';
  end(turn, isCleared ? { ...phase.ending, cause: 'normal_clearing' } : phase.ending, { final: phase.final });
}

/** Sends the final response; while it is owed a restart sends it again. */
export function sendFinal(turn: Turn, status: number, headers: HeaderList = []): OwedResponse | null {
  const { call } = turn;
  if (call.phase.name !== 'ringing') return null;
  quietInvite(turn);
  const text = writeResponse({ status }, [...call.phase.head, ...headers]);
  respondText(turn, call.invite!, status, text);
  return { status, text, until: turn.at + sixtyFourT1Ms };
}

/** Stops whatever response to an INVITE is being repeated. */
export function quietInvite(turn: Turn): void {
  const { call } = turn;
  const { phase } = call;
  const cseq = phase.name === 'active' ? phase.reinvite?.cseq : isRepeating(call) ? call.invite!.cseq : undefined;
  if (cseq !== undefined) turn.effects.push({ type: 'quiet', id: repeatId(call, cseq) });
}

const isRepeating = ({ phase, reliable }: Call): boolean =>
  phase.name === 'answered' || (phase.name === 'ringing' && reliable !== null);

/** The call is over, by us or by the peer: a refer that is still open comes to its end. */
function abandonRefer(turn: Turn, by: 'us' | 'peer'): void {
  const { refer } = turn.call;
  if (!isPending(refer)) return;
  const step = transition(refer, { type: 'abandoned', by }, turn.at);
  change(turn, { refer: step.refer });
  for (const effect of step.effects) {
    if (effect.type === 'failed' || effect.type === 'completed')
      tellOutcome(turn, step.refer, effect.type, effect.code);
  }
}

/** The terminal event of a refer. The call whose place the peer has taken by it is about to end. */
export function tellOutcome(turn: Turn, refer: Refer, outcome: 'completed' | 'failed', code: number): void {
  tell(turn, referEvent(turn.call, refer, outcome, code));
  const { replaces, byeGraceMs } = refer.order;
  if (outcome === 'failed' || replaces == null) return;
  signal(turn, replaces, { type: 'yield', graceMs: byeGraceMs });
}

/** What the peer would change of the session is refused; with 487 when the call ends (RFC 3261 §15.1.2). */
export function refuseChange(turn: Turn, status: number): void {
  const { phase } = turn.call;
  if (phase.name !== 'active' || phase.relaying === null) return;
  const { head, to } = phase.relaying;
  change(turn, { phase: { ...phase, relaying: null } });
  respondText(turn, to, status, writeResponse({ status }, head));
}

/** Whom a transferor speaks to is kept until it is decided on its REFER: it need not wait for that itself (referral.ts). */
function awaitsDecision({ bridge, referral }: Call): string | null {
  return referral?.phase.name === 'asked' && bridge?.isJoined ? bridge.with : null;
}

/** The call it is joined to, the one it was dialled for and those that are dialled for it learn that it is over, but for `but`. */
function leaveOthers(turn: Turn, but: string | null = null): void {
  const { bridge, link, transferring, awaits = [] } = turn.call;
  const others = new Set([bridge?.with, link?.to, transferring, ...awaits].filter((to) => to != null && to !== but));
  for (const to of others) signal(turn, to!, { type: 'left' });
  if (bridge?.with !== but) unbridge(turn, { reason: 'hangup' });
  change(turn, {
    ...(transferring !== but && { transferring: null }),
    ...(awaits.length > 0 && { awaits: [] }),
  });
}

/** Only a BYE can still be challenged, ours or that of a fork: a password is not kept longer with a call that is over. */
export function forgetSecrets(turn: Turn): void {
  const { phase, outbound, credentials, ownCredentials, authorizations } = turn.call;
  if (phase.name !== 'ended' || phase.bye !== null || outbound !== null) return;
  if (credentials === null && ownCredentials === null && authorizations.length === 0) return;
  change(turn, { credentials: null, ownCredentials: null, authorizations: [] });
}

interface Owed {
  readonly final?: OwedResponse | null;
  readonly bye?: OwedRequest;
  readonly byeHeaders?: readonly NamedValue[];
}

export function end(turn: Turn, ending: Ending, { final = null, bye, byeHeaders = [] }: Owed): void {
  refuseChange(turn, 487);
  hangsUp(turn);
  dropDigits(turn);
  leaveOthers(turn, ending.by === 'peer' ? awaitsDecision(turn.call) : null);
  endSound(turn);
  change(turn, {
    phase: {
      ...{ name: 'ended', endedAt: turn.at, ending, final, bye: bye ?? null },
      ...(byeHeaders.length > 0 && { byeHeaders }),
    },
    // What belongs to an INVITE of ours goes on: its forks are let go of.
    errands: turn.call.errands.filter(({ method }) => method !== 'INFO'),
  });
  tell(turn, hangup(turn.call, ending));
}
