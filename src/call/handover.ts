// Attended transfer, asked of us (RFC 5589 §7, RFC 3891): a REFER names another dialog that its sender has with us, so that
// whoever those two calls are joined to are joined to each other, and nobody is dialled. The call of the REFER hands over,
// the one it names gives way and sees to it that the others meet; if they cannot, all is as it was. Pure.
import { join, soundAgain } from './bridging.ts';
import { leave } from './leaving.ts';
import { unblock } from './modifying.ts';
import { progressed } from './referral.ts';
import { type Call, type Input, isAlive } from './state.ts';
import { change, signal, type Turn } from './turn.ts';

/** Whom the peer of a call hears; null: the application alone. */
const farEnd = ({ bridge }: Call): string | null => (bridge?.isJoined ? bridge.with : null);

/** The REFER came on this call, and names the call `replaced`. */
export function handOver(turn: Turn, replaced: string): void {
  const { id, referral, handover } = turn.call;
  if (referral?.phase.name !== 'followed' || handover != null) return;
  if (replaced === id) return progressed(turn, replaced, nobodyToJoin);
  const transferee = farEnd(turn.call);
  change(turn, { handover: { with: transferee, reportsTo: null } });
  signal(turn, replaced, { type: 'give-way', to: transferee });
}

/** Both calls are with the application alone, or with each other: each goes on. */
const nobodyToJoin = 603;

/**
 * The REFER names this call. Where only one of the two was joined to somebody, the application itself is the other party of
 * the transfer, and has that one to itself from now on.
 */
export function giveWay(turn: Turn, from: string, transferee: string | null): void {
  const target = farEnd(turn.call);
  const stays = transferee ?? target;
  if (turn.call.phase.name !== 'active') return signal(turn, from, { type: 'progress', status: 481 });
  if (stays === null || transferee === turn.call.id) {
    return signal(turn, from, { type: 'progress', status: nobodyToJoin });
  }
  change(turn, { handover: { with: target, reportsTo: from } });
  if (transferee !== null && target !== null) return signal(turn, transferee, { type: 'meet', with: target });
  signal(turn, stays, { type: 'stay' });
  met(turn, 200);
}

/** Joins whom the transferor spoke to on the one call to whom it spoke to on the other one. */
export function meet(turn: Turn, from: string, other: string): void {
  if (turn.call.phase.name !== 'active') return signal(turn, from, { type: 'met', status: 480 });
  change(turn, { meeting: { with: other, reportsTo: from } });
  join(turn, other, { parks: false }, 'none');
}

/** Whatever a decision was about: once it is known whether the two hear each other, whoever waits for that is told. */
export function reportMeeting(turn: Turn, input: Input): void {
  const { meeting, bridge } = turn.call;
  if (meeting == null) return;
  const isTogether = isAlive(turn.call) && bridge?.with === meeting.with;
  if (isTogether && !bridge.isJoined) return;
  const isGone = !isAlive(turn.call) || (input.type === 'signal' && input.signal.type === 'left');
  change(turn, { meeting: null });
  signal(turn, meeting.reportsTo, { type: 'met', status: isTogether ? 200 : isGone ? 480 : 488 });
}

/** RFC 3891 §3: the call whose place was taken ends by our BYE. */
export function met(turn: Turn, status: number): void {
  const { handover } = turn.call;
  if (handover?.reportsTo == null) return;
  signal(turn, handover.reportsTo, { type: 'progress', status });
  if (status >= 300) return goBack(turn);
  if (isAlive(turn.call)) leave(turn);
  change(turn, { handover: null });
}

/** On the call of the REFER. Its own end is the transferor's business (referral.ts). */
export function handedOver(turn: Turn, status: number): void {
  if (turn.call.handover == null || status < 200) return;
  if (status >= 300) goBack(turn);
  else change(turn, { handover: null });
}

/** Who was joined before is joined again. If the transferor has left meanwhile, nobody hears the other one any more. */
function goBack(turn: Turn): void {
  const { handover, bridge, afterBridge } = turn.call;
  change(turn, { handover: null });
  if (handover?.with == null) return;
  if (!isAlive(turn.call)) return signal(turn, handover.with, { type: 'replaced' });
  // They were not parted.
  if (bridge !== null) return;
  change(turn, {
    bridge: { with: handover.with, parks: false, isJoined: false, hasAsked: false, isAgain: true, ...afterBridge },
  });
  signal(turn, handover.with, { type: 'rejoin' });
}

/** Whom it was joined to before is to be joined to it again. */
export function rejoin(turn: Turn, from: string): void {
  if (turn.call.phase.name === 'active') join(turn, from, { parks: false }, 'none');
  else signal(turn, from, { type: 'left' });
}

export function stay(turn: Turn): void {
  const { bridge } = turn.call;
  if (bridge === null || !isAlive(turn.call)) return;
  change(turn, { bridge: null });
  signal(turn, bridge.with, { type: 'left' });
  soundAgain(turn);
  unblock(turn);
}
