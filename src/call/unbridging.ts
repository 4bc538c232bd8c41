// The half of a bridge that is over, and what its application hears of it: one that was ordered and came to nothing is told
// why. Leaves out what becomes of the call then (bridging.ts, leaving.ts).
import { type BridgeFailure, bridgeFailed } from './events.ts';
import { change, type Turn, tell } from './turn.ts';

/** Why two calls are not joined. `status`: what a peer has said to the description of the other one, or is taken to have said. */
export interface Parting {
  readonly reason: BridgeFailure;
  readonly status?: number;
}

/** RFC 3261 §9.1: 487 answers our CANCEL, which leaves when the peer has taken too long. */
export function refusedWith(status: number): Parting {
  return { reason: status === 487 ? 'timeout' : 'refused', status };
}

/** The half is gone; whoever has ordered the bridge hears of it, unless it was joined. */
export function unbridge(turn: Turn, parting: Parting): void {
  tellFailed(turn, parting);
  change(turn, { bridge: null });
}

/** A bridge that has not been told to be joined will not be any more. */
export function tellFailed(turn: Turn, { reason, status }: Parting): void {
  const { bridge } = turn.call;
  if (bridge === null || bridge.isJoined || !bridge.isOrdered) return;
  tell(turn, bridgeFailed(turn.call, bridge.with, reason, status ?? null));
}
