// The peer on hold for its refer, as RFC 5589 §6.1 draws it: held before the REFER leaves, heard again when that came to
// nothing. What the call has last said to its peer is what counts, so that a re-INVITE of the peer's changes nothing of it.
// Leaves out how it is said (sound.ts) and sent (modifying.ts).
import { heldOrNot } from './events.ts';
import { modify } from './modifying.ts';
import { isCompleted, isPending } from './refer.ts';
import { isOnHold } from './sound.ts';
import type { Call, Hold } from './state.ts';
import { change, type Turn, tell } from './turn.ts';

/** Whether the REFER has to wait for it. A peer that sends nothing as it is, and one that would not, is not asked. */
export function mustHold(call: Call): boolean {
  const { hold = null, refer, phase, session } = call;
  const isPossible = phase.name === 'active' && session !== null;
  return refer?.order.holds === true && isPossible && hold === null && !isOnHold(call);
}

export function startHold(turn: Turn): void {
  const { bridge, session } = turn.call;
  change(turn, { hold: { name: 'asked', heard: bridge?.isJoined ? session!.sdp : null } });
  modify(turn, { name: 'hold' });
}

/** The end of every turn: what became of it, once no change of the session is under way. */
export function settleHold(turn: Turn): void {
  const { hold = null, modification, phase } = turn.call;
  if (hold === null || modification !== null) return;
  if (phase.name !== 'active' || (phase.reinvite ?? phase.relaying) !== null) return;
  if (hold.name === 'asked') asked(turn, hold);
  if (hold.name === 'resuming') resumed(turn, hold);
  if (!isWanted(turn.call)) over(turn);
}

function asked(turn: Turn, hold: Hold): void {
  const isTaken = isOnHold(turn.call);
  change(turn, { hold: { ...hold, name: isTaken ? 'held' : 'refused' } });
  if (isTaken) tell(turn, heldOrNot(turn.call, 'call.hold'));
}

/** A peer that refuses is heard again with the next description that either side says, unless the next refer holds it anew. */
function resumed(turn: Turn, hold: Hold): void {
  if (isOnHold(turn.call)) return isWanted(turn.call) ? change(turn, { hold: { ...hold, name: 'held' } }) : undefined;
  change(turn, { hold: null });
  tell(turn, heldOrNot(turn.call, 'call.unhold'));
}

/** A call that is being joined to another is heard. */
function isWanted({ refer }: Call): boolean {
  if (isCompleted(refer)) return true;
  return isPending(refer) && refer.phase.name !== 'transferring' && refer.order.holds === true;
}

function over(turn: Turn): void {
  const { hold } = turn.call;
  if (hold?.name === 'refused') change(turn, { hold: null });
  if (hold?.name !== 'held') return;
  change(turn, { hold: { ...hold, name: 'resuming' } });
  modify(turn, { name: 'hold' });
}
