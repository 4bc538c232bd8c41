// Finds the other call of a bridge, and dials the one of a transfer: what a command needs to know of calls that are not its
// own, before the call decides on it (bridging.ts).
import type { Refusal } from '../errors.ts';
import { namedBy, type Replacement } from '../sip/dialog/replaces.ts';
import { readAddress } from '../sip/message/address.ts';
import { type Replaces, writeReplaces } from '../sip/message/headers.ts';
import type { Request } from '../sip/message/message.ts';
import { alreadyBridged } from './bridging.ts';
import type { Bodies, DialBody } from './commands.ts';
import { isOurs, replacesOf } from './following.ts';
import { type ReplaceableCall, replaceable } from './invitation.ts';
import type { LiveCalls } from './live.ts';
import type { Attended } from './reading.ts';
import { type Call, isAlive, type Link } from './state.ts';

/** The id of the call to join to this one: that which is named, or the next one of a queue. Or why there is none. */
export function otherOf(calls: LiveCalls, call: Call, body: Bodies['bridge']): string | Refusal {
  const { call_control_id: named = '', queue = '' } = body;
  if (queue === '') return obstacleToBridge(calls, call, body) ?? named;
  const pointer = '/queue';
  if (named !== '') return { name: 'invalid-value', pointer, detail: 'Give one of call_control_id and queue.' };
  const next = calls.places.decided(queue).find(({ callControlId }) => callControlId !== call.id);
  if (next === undefined) {
    return { name: 'unable-to-execute', pointer, detail: `No call waits in the queue ${queue}.` };
  }
  if (next.isAlive) return next.callControlId;
  const { callControlId: id, from, to } = next;
  const detail = `The next one in the queue ${queue} has hung up: dial ${from} from ${to} again, and take the call ${id} out of the queue.`;
  return { name: 'unable-to-execute', pointer, detail };
}

/** Why a call cannot be joined to this one; null when it can. */
function obstacleToBridge(calls: LiveCalls, call: Call, body: Bodies['bridge']): Refusal | null {
  const { call_control_id: id = '' } = body;
  const pointer = '/call_control_id';
  if (id === '') return { name: 'missing-parameter', pointer, detail: 'Give one of call_control_id and queue.' };
  const other = answeredCall(calls, id, pointer);
  if ('name' in other) return other;
  if (other.id === call.id) return { name: 'invalid-value', pointer, detail: 'A call cannot be bridged to itself.' };
  const isTaken = body.prevent_double_bridge === true && other.bridge !== null;
  return isTaken ? { name: 'unable-to-execute', pointer, detail: alreadyBridged } : null;
}

/**
 * The call whose place a refer gives away, in the words of its peer, who is the target (RFC 3891 §3): whoever of us sent
 * the INVITE, the to-tag is the target's own and the from-tag is ours. Null where the refer names no call.
 */
export function attendedOf(calls: LiveCalls, call: Call, body: Bodies['refer']): Attended | Refusal | null {
  const { replaces_call_control_id: id } = body;
  if (id === undefined) return null;
  const pointer = '/replaces_call_control_id';
  const other = answeredCall(calls, id, pointer);
  if ('name' in other) return other;
  if (other.id === call.id) return { name: 'invalid-value', pointer, detail: 'A call cannot take its own place.' };
  const { callId, localTag, remoteTag, remoteTarget } = other.dialog;
  // RFC 3891 §6.1: 0 stands for the tag of a peer that has none.
  const replaces = writeReplaces({ callId, toTag: remoteTag ?? '0', fromTag: localTag, earlyOnly: false });
  return { call: id, target: remoteTarget, replaces };
}

/**
 * The call of ours that a Refer-To of the peer's names by Replaces (RFC 5589 §7), or why its place cannot be taken: 481 where
 * the target is no phone but ourselves, and we know nothing of the dialog (RFC 3891 §3). Null: whoever is dialled may know it.
 */
export function namedIn(
  calls: LiveCalls,
  call: Call,
  target: string,
  locate: (uri: string) => readonly unknown[],
): Replacement<ReplaceableCall> | null {
  const replaces = replacesOf(target);
  const named = replaces && ofOurs(calls, replaces);
  const isForUs = replaces !== null && named === null && isOurs(target, call) && locate(target).length === 0;
  return isForUs ? { refused: 481 } : named;
}

/** The id of the call whose place a REFER gives away; null: none of ours, or none that can be replaced. */
export function namedByRefer(calls: LiveCalls, refer: Request): string | null {
  const replaces = replacesOf(readAddress(refer.get('Refer-To') ?? '')?.uri ?? '');
  const named = replaces && ofOurs(calls, replaces);
  return named?.refused === null ? (named.replaced?.call.id ?? null) : null;
}

function ofOurs(calls: LiveCalls, replaces: Replaces): Replacement<ReplaceableCall> | null {
  const found = [replaces.toTag, replaces.fromTag].flatMap((tag) => calls.withTag(tag)?.call ?? []);
  return namedBy(replaces, found.map(replaceable));
}

/** A call that a command names beside its own, if its peer has answered, or was. */
function answeredCall(calls: LiveCalls, id: string, pointer: string): Call | Refusal {
  const call = calls.withId(id)?.call;
  if (call === undefined) return { name: 'invalid-call-control-id', pointer };
  if (!isAlive(call)) return { name: 'call-ended', pointer };
  if (call.phase.name !== 'active' && call.phase.name !== 'answered') return { name: 'not-answered', pointer };
  return call;
}

/** Whether a call that is to be answered has no sound yet, and so needs a port for it. */
export const lacksPort = ({ phase, session }: Call): boolean => phase.name === 'ringing' && session === null;

/** How the call that a transfer dials is tied to the one it is for. */
export function linkTo(
  { id }: Call,
  { park_after_unbridge: parks, mute_dtmf: muteDtmf = 'none' }: Bodies['transfer'],
): Link {
  return { to: id, parks: parks === 'self', muteDtmf };
}

/** The dial of a transfer: by default from whom the call is for. */
export function dialOf(call: Call, body: Bodies['transfer']): DialBody {
  const {
    client_state: _own,
    command_id: _once,
    mute_dtmf: _muting,
    // That it parks is said of the call itself.
    park_after_unbridge: _parks,
    target_leg_client_state: clientState,
    from,
    ...rest
  } = body;
  return {
    ...rest,
    connection_id: call.connectionId,
    from: from ?? (call.direction === 'incoming' ? call.to : call.from),
    link_to: call.id,
    ...(clientState !== undefined && { client_state: clientState }),
  };
}
