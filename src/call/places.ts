// Which place a call has in a queue, or would have: what a decision on it must know of the calls that are not its own.
// Seen as it is decided, not as it is committed: two calls cannot both take the last place.
import type { Live, LiveCalls } from './live.ts';
import { orderOf, type Queues, type WaitingCall } from './queues.ts';
import { type Input, isAlive, type Place } from './state.ts';
import { waitingOf } from './view.ts';

type Known = Pick<Queues, 'view'>;

/** Who waits in a queue, the next one first. */
export function waitingIn(calls: LiveCalls, queue: string): WaitingCall[] {
  return orderOf(
    [...calls].flatMap(({ call }) => (call.waiting && isAlive(call) ? waitingOf(call, call.waiting) : [])),
    queue,
  );
}

/** The place that an input gives to the call, or finds it in; null: no queue is concerned. */
export function placeOf(calls: LiveCalls, queues: Known, { call }: Live, input: Pick<Input, 'type'>): Place | null {
  const queue = call.waiting?.queue ?? queueNamedIn(input as Input);
  if (queue === null) return null;
  const order = waitingIn(calls, queue);
  const index = order.findIndex(({ callControlId }) => callControlId === call.id);
  return {
    position: (index < 0 ? order.length : index) + 1,
    averageWaitSecs: queues.view(queue)?.averageWaitSecs ?? 0,
  };
}

function queueNamedIn(input: Input): string | null {
  return input.type === 'command' && input.command.name === 'enqueue' ? input.command.queue : null;
}
