// Finds the other call of a bridge, and dials the one of a transfer: what a command needs to know of calls that are not its
// own, before the call decides on it (bridging.ts).
import type { Refusal } from '../errors.ts';
import { alreadyBridged } from './bridging.ts';
import type { Bodies, DialBody } from './commands.ts';
import type { LiveCalls } from './live.ts';
import { waitingIn } from './places.ts';
import { type Call, isAlive } from './state.ts';

/** The id of the call to join to this one: that which is named, or the next one of a queue. Or why there is none. */
export function otherOf(calls: LiveCalls, call: Call, body: Bodies['bridge']): string | Refusal {
  const { call_control_id: named = '', queue = '' } = body;
  if (queue === '') return obstacleToBridge(calls, call, body) ?? named;
  const pointer = '/queue';
  if (named !== '') return { name: 'invalid-value', pointer, detail: 'Give one of call_control_id and queue.' };
  const next = waitingIn(calls, queue).find(({ callControlId }) => callControlId !== call.id);
  return next?.callControlId ?? { name: 'unable-to-execute', pointer, detail: `No call waits in the queue ${queue}.` };
}

/** Why a call cannot be joined to this one; null when it can. */
function obstacleToBridge(calls: LiveCalls, call: Call, body: Bodies['bridge']): Refusal | null {
  const { call_control_id: id = '' } = body;
  const pointer = '/call_control_id';
  if (id === '') return { name: 'missing-parameter', pointer, detail: 'Give one of call_control_id and queue.' };
  const other = calls.withId(id)?.call;
  if (other === undefined) return { name: 'invalid-call-control-id', pointer };
  if (other.id === call.id) return { name: 'invalid-value', pointer, detail: 'A call cannot be bridged to itself.' };
  if (!isAlive(other)) return { name: 'call-ended', pointer };
  if (other.phase.name !== 'active' && other.phase.name !== 'answered') return { name: 'not-answered', pointer };
  const isTaken = body.prevent_double_bridge === true && other.bridge !== null;
  return isTaken ? { name: 'unable-to-execute', pointer, detail: alreadyBridged } : null;
}

/** The dial of a transfer: by default from whom the call is for. */
export function dialOf(call: Call, body: Bodies['transfer']): DialBody {
  const { client_state: _own, command_id: _once, target_leg_client_state: clientState, from, ...rest } = body;
  return {
    ...rest,
    connection_id: call.connectionId,
    from: from ?? (call.direction === 'incoming' ? call.to : call.from),
    link_to: call.id,
    ...(clientState !== undefined && { client_state: clientState }),
  };
}
