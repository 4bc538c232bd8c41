// A call enters a queue, waits there, and leaves it: by a command, for a bridge, when it has waited too long, or by its end.
// Pure. Which place it has is known to who sees all calls, and comes with the input (places.ts).
import type { Refusal } from '../errors.ts';
import type { Command } from './commands.ts';
import { type DequeueReason, dequeued, enqueued } from './events.ts';
import { rememberedMs } from './retention.ts';
import type { Call } from './state.ts';
import { change, refuse, type Turn, tell } from './turn.ts';

/** Why the call cannot enter any queue now; null when it can. */
export function obstacleToEnqueue({ waiting, bridge, phase }: Call): Refusal | null {
  if (phase.name === 'ended') return { name: 'call-ended' };
  if (waiting) return { name: 'already-queued' };
  if (phase.name !== 'active' && phase.name !== 'answered') return { name: 'not-answered' };
  if (bridge === null) return null;
  return { name: 'unable-to-execute', detail: 'The call is bridged: it can wait when the other one has left.' };
}

/** `enqueue`: that the queue is there and has room was seen by whoever found its place. */
export function enqueueCommand(turn: Turn, command: Command & { name: 'enqueue' }): void {
  const { queue, maxWaitMs, keepAfterHangup } = command;
  const obstacle = obstacleToEnqueue(turn.call);
  if (obstacle !== null) return refuse(turn, obstacle.name, obstacle.detail);
  const until = maxWaitMs === null ? null : turn.at + maxWaitMs;
  change(turn, { waiting: { queue, enqueuedAt: turn.at, keepAfterHangup, until } });
  tell(turn, enqueued(turn.call, queue, turn.place));
}

export function leaveQueueCommand(turn: Turn): void {
  if (!turn.call.waiting) return refuse(turn, 'unable-to-execute', 'This call waits in no queue.');
  dequeue(turn, 'leave');
}

/** `change_place`: taken of a call that has hung up and keeps its place, too. */
export function changePlaceCommand(turn: Turn, command: Command & { name: 'change_place' }): void {
  const { waiting, phase } = turn.call;
  const { queue, keepAfterHangup } = command;
  if (waiting?.queue !== queue) return refuse(turn, 'not-found');
  if (keepAfterHangup === null) return dequeue(turn, 'leave');
  change(turn, { waiting: { ...waiting, keepAfterHangup } });
  if (phase.name === 'ended' || phase.name === 'leaving') hangsUp(turn);
}

/** It is over: it leaves its queue, or keeps its place there for as long as it can be asked for. */
export function hangsUp(turn: Turn): void {
  const { waiting, phase } = turn.call;
  if (!waiting) return;
  if (!waiting.keepAfterHangup) return dequeue(turn, 'hangup');
  const since = phase.name === 'ended' ? phase.endedAt : turn.at;
  const until = Math.min(waiting.until ?? Number.POSITIVE_INFINITY, since + rememberedMs);
  change(turn, { waiting: { ...waiting, until } });
}

/** If it waits in a queue, it does no more. */
export function dequeue(turn: Turn, reason: DequeueReason): void {
  const { waiting } = turn.call;
  if (!waiting) return;
  change(turn, { waiting: null });
  const waitedMs = Math.max(0, turn.at - waiting.enqueuedAt);
  tell(turn, dequeued(turn.call, { queue: waiting.queue, position: turn.place.position, reason, waitedMs }));
}
