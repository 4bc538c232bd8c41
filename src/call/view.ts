// A call as the API shows it. Leaves out the field names of the wire (http/calls.ts).
import type { CallView } from './commands.ts';
import type { Waiting, WaitingCall } from './queues.ts';
import { type Call, isAlive } from './state.ts';

export function viewOf(call: Call, now: number): CallView {
  const endedAt = call.phase.name === 'ended' ? call.phase.endedAt : null;
  return {
    callControlId: call.id,
    callLegId: call.legId,
    callSessionId: call.sessionId,
    isAlive: isAlive(call),
    clientState: call.clientState,
    startedAt: call.startedAt,
    endedAt,
    durationSecs: Math.max(0, Math.floor(((endedAt ?? now) - call.startedAt) / 1000)),
  };
}

/** A call that waits in a queue. */
export function waitingOf(call: Call, waiting: Waiting): WaitingCall {
  return {
    callControlId: call.id,
    callLegId: call.legId,
    callSessionId: call.sessionId,
    connectionId: call.connectionId,
    from: call.from,
    to: call.to,
    isAlive: isAlive(call),
    waiting,
  };
}
