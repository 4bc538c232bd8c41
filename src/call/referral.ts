// A REFER of the peer's (RFC 3515 §2.4.2): whom it would have the other side call, what the application says to that, and
// what the peer is told of it by NOTIFY (§2.4.4, RFC 6665 §4.2.1). Who follows it is dialled by the engine; what the target
// does comes back as signals of that call. Leaves out sending REFER (referring.ts).
import type { Origin } from '../sip/endpoint.ts';
import { readAddress } from '../sip/message/address.ts';
import { copy } from '../sip/message/grammar.ts';
import { readReferSub } from '../sip/message/headers.ts';
import type { HeaderList, Request } from '../sip/message/message.ts';
import { phrase } from '../sip/message/status.ts';
import { readUri } from '../sip/message/uri.ts';
import type { Command } from './commands.ts';
import { referReceived } from './events.ts';
import { clearedBy, sayBye } from './leaving.ts';
import { type Call, isAlive, type Referral } from './state.ts';
import { capabilities, change, contact, refuse, respond, sendWithin, signal, type Turn, tell } from './turn.ts';

/** How long an application may think about it. The peer waits with a call that is up. */
const decisionMs = 30_000;

/** Longer than any call may ring (`timeout_secs`): the peer need not ask again. */
const expiresS = 630;

/** `replaced` is the call of ours that it names by Replaces. */
export function referred(turn: Turn, request: Request, origin: Origin, replaced: string | null): void {
  const { call } = turn;
  const target = targetOf(request);
  if (typeof target === 'number') return respond(turn, request, origin, target);
  if (call.phase.name !== 'active' || isOpen(call.referral)) return respond(turn, request, origin, 491);
  if (call.referInbound === 'reject') return respond(turn, request, origin, 603);
  const isSilent = readReferSub(request.get('Refer-Sub') ?? '') === false;
  const referredBy = request.get('Referred-By');
  const referral: Referral = {
    // RFC 3515 §2.4.6: only the first subscription of a dialog may do without.
    id: call.referral === null ? null : request.cseq.number,
    target: copy(target),
    referredBy: referredBy === undefined ? null : copy(referredBy),
    isSilent,
    phase: { name: 'asked', until: turn.at + decisionMs },
  };
  change(turn, { taken: origin.key, referral });
  // RFC 4488 §4: nothing will be reported, and the 2xx says so.
  const headers: HeaderList = [
    ...contact(call),
    ...(isSilent ? [['Refer-Sub', 'false'] as const] : []),
    ...capabilities,
  ];
  respond(turn, request, origin, isSilent ? 200 : 202, { headers });
  notify(turn, 100);
  tell(turn, referReceived(turn.call, referral, replaced));
  if (call.referInbound === 'follow') follow(turn, referral);
}

/** The Refer-To URI, or why it is refused: RFC 3515 §2.4.2 wants exactly one, and we call sip, sips and tel only. */
function targetOf(request: Request): string | 400 | 416 {
  const values = request.values('Refer-To');
  const uri = values.length === 1 ? readAddress(values[0]!)?.uri : undefined;
  if (uri === undefined) return 400;
  if (/^(?:sips?|tel):/i.test(uri)) return readUri(uri) === null ? 400 : uri;
  return 416;
}

const isOpen = (referral: Referral | null): boolean => referral !== null && referral.phase.name !== 'over';

/** `refer_accept` and `refer_reject`. */
export function decideReferral(turn: Turn, { name }: Command & { name: 'refer_accept' | 'refer_reject' }): void {
  const { referral } = turn.call;
  if (referral?.phase.name !== 'asked') {
    return refuse(turn, 'unable-to-execute', 'No REFER of the peer waits for a decision on this call.');
  }
  if (name === 'refer_reject') return over(turn, referral, 603);
  follow(turn, referral);
}

/** Who the peer hears calls the target: the other call, if ours is joined to one, else we do. */
function follow(turn: Turn, referral: Referral): void {
  const { bridge } = turn.call;
  const followed: Referral = { ...referral, phase: { name: 'followed', until: null } };
  change(turn, { referral: followed });
  turn.effects.push({ type: 'follow', transferee: bridge?.isJoined ? bridge.with : null, referral: followed });
}

/** What the target does: the call `referee` was dialled because of the REFER. */
export function progressed(turn: Turn, referee: string, status: number): void {
  const { referral } = turn.call;
  if (referral?.phase.name !== 'followed') return;
  // The peer has been told 100 when it asked.
  if (status === 100) {
    letGo(turn);
    return change(turn, { referee });
  }
  if (status >= 200) over(turn, referral, status);
  else if (isAlive(turn.call)) notify(turn, status);
}

/** Whether its peer has moved who it spoke to, or is about to: it waits for its end. */
export function hasTransferred({ referral, handover }: Call): boolean {
  return (handover ?? null) !== null || (referral?.phase.name === 'over' && referral.phase.until !== null);
}

/** After success the transferor ends its call itself (RFC 5589 §6.1); one that does not is ended by us. */
function over(turn: Turn, referral: Referral, status: number): void {
  if (isAlive(turn.call)) notify(turn, status);
  else letGo(turn);
  const until = status < 300 && isAlive(turn.call) ? turn.at + graceMs : null;
  change(turn, { referral: { ...referral, phase: { name: 'over', until } } });
}

const graceMs = 2_000;

/** Whether the peer has left before it was decided on its REFER, which may still be done. */
export function isLeftUndecided({ phase, referral }: Call): boolean {
  return phase.name === 'ended' && phase.ending.by === 'peer' && referral?.phase.name === 'asked';
}

/** Whom a transferor that has left spoke to: another one takes its place, or nobody does. */
function letGo(turn: Turn): void {
  const { bridge } = turn.call;
  if (bridge === null || isAlive(turn.call)) return;
  change(turn, { bridge: null });
  signal(turn, bridge.with, { type: 'left' });
}

export function referralDeadline(referral: Referral | null): number | null {
  return referral?.phase.until ?? null;
}

export function referralTimer(turn: Turn): void {
  const { referral } = turn.call;
  if (referral === null || referral.phase.until === null) return;
  if (referral.phase.name === 'asked') return over(turn, referral, 603);
  change(turn, { referral: { ...referral, phase: { name: 'over', until: null } } });
  if (isAlive(turn.call)) sayBye(turn, clearedBy('us'));
}

/** After a restart: whoever was to be dialled may not have been. */
export function resumeReferral(turn: Turn): void {
  const { referral, referee, handover } = turn.call;
  if (handover != null || referee !== null || !isAlive(turn.call)) return;
  if (referral?.phase.name === 'followed') follow(turn, referral);
}

function notify(turn: Turn, status: number): void {
  const { referral } = turn.call;
  if (referral === null || referral.isSilent) return;
  const headers: HeaderList = [
    ['Event', referral.id === null ? 'refer' : `refer;id=${referral.id}`],
    ['Subscription-State', status < 200 ? `active;expires=${expiresS}` : 'terminated;reason=noresource'],
    ['Content-Type', 'message/sipfrag;version=2.0'],
  ];
  const body = `SIP/2.0 ${status} ${phrase(status)}\r\n`;
  const { cseq: _cseq, ...request } = sendWithin(turn, 'NOTIFY', headers, { contact: true, body });
  change(turn, { errands: [...turn.call.errands, request] });
}
