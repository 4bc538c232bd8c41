// What a refer does when a step of it has failed (`on_failure`): whether it goes on, with what, and how a step that dials in
// place of a REFER stands. Pure. Leaves out the steps themselves (refer.ts) and how one is dialled (dialled-instead.ts).
import type { Bodies } from './commands.ts';
import { begin, beginTransfer, type Fallback, type Refer, type ReferEffect, type ReferInput } from './refer.ts';
import { type Call, isAlive } from './state.ts';
import { signal, type Turn } from './turn.ts';

/** Whether a failure is the last one whatever else could be tried: the call is over, or its peer cannot be reached. */
export function isLastStep(call: Call, input: ReferInput, effects: readonly ReferEffect[]): boolean {
  const isLost = effects.some(({ type }) => type === 'dialog-lost') && call.phase.name === 'active';
  return isLost || input.type === 'transport-failed' || !isAlive(call);
}

export function beginStep({ order }: Refer, fallback: Fallback, at: number): Refer {
  if (fallback.type === 'transfer') return beginTransfer(order, fallback.body, at);
  return begin(fallback.order, at + fallback.timeoutMs);
}

/** Whether the peer has accepted a REFER, and has not ended its subscription (RFC 3515 §2.4.4). */
export function isLingering({ response, notified, subscription }: Refer): boolean {
  const isAccepted = notified.length > 0 || (response !== null && response < 300);
  return isAccepted && subscription.name !== 'terminated';
}

/**
 * Whose a NOTIFY without an id is: before the peer has answered the REFER of a later step, that of the step before, if the
 * peer may still report on it. Of a dialog's REFERs only the first may be without (RFC 3515 §2.4.6).
 */
export function isOfStepBefore({ phase, chain }: Refer): boolean {
  return phase.name === 'sent' && chain?.isLingering === true;
}

/** The call of a step that dialled and came to nothing is not left alone with its peer. */
export function dismiss(turn: Turn, { transfer }: Refer): void {
  if (transfer?.callee != null) signal(turn, transfer.callee, { type: 'dismissed' });
}

/** The end of every turn: what the call itself says of the one that was dialled for it. */
export function settledTransfer({ refer, bridge, transferring }: Call): ReferInput | null {
  const callee = refer?.phase.name === 'transferring' ? (refer.transfer?.callee ?? null) : null;
  if (callee === null || transferring === callee) return null;
  if (bridge?.with !== callee) return { type: 'not-joined', status: 488 };
  return bridge.isJoined ? { type: 'joined' } : null;
}

/** The call that is to be dialled and was not yet. */
export function transferOrdered({ refer }: Call): Bodies['transfer'] | null {
  if (refer?.phase.name !== 'transferring' || refer.transfer?.callee !== null) return null;
  return refer.transfer.body;
}
