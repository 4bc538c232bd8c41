// A call that is dialled to be joined to another one as soon as it is answered (`bridge_on_answer` of a dial). That one
// knows of it meanwhile: when it ends, there is nobody left to be joined to. Leaves out the joining (bridging.ts).
import { joinCaller } from './bridging.ts';
import { clearedBy, sayBye } from './leaving.ts';
import { change, type Turn } from './turn.ts';

/** Another call is being dialled for this one. */
export function awaited(turn: Turn, from: string): void {
  change(turn, { awaits: [...(turn.call.awaits ?? []), from] });
}

/** It is over, or joined. */
export function noLongerAwaited(turn: Turn, from: string): void {
  const { awaits = [] } = turn.call;
  if (awaits.includes(from)) change(turn, { awaits: awaits.filter((id) => id !== from) });
}

/** The call was answered: the one it was dialled for is joined to it, unless that one has found another partner. */
export function joinLinked(turn: Turn): void {
  const { link } = turn.call;
  if (link?.preventsDouble && turn.surroundings.isLinkBridged) return sayBye(turn, clearedBy('us'));
  joinCaller(turn);
}
