// What an application is told: the events of a call with their payloads, field by field as the Telnyx API v2 has them;
// fields of ours are additive. Leaves out the envelope and the delivery (outbox.ts, webhook/).
import { toUtf8 } from '../sip/message/grammar.ts';
import type { NamedValue } from './commands.ts';
import type { Fallback, Refer } from './refer.ts';
import type { Call, Ending, Place, Referral } from './state.ts';

export type HangupCause =
  | 'call_rejected'
  | 'normal_clearing'
  | 'originator_cancel'
  | 'timeout'
  | 'time_limit'
  | 'user_busy'
  | 'not_found'
  | 'no_answer'
  | 'unspecified';
export type HangupSource = 'caller' | 'callee' | 'unknown';
export type DequeueReason = 'bridged' | 'hangup' | 'leave' | 'timeout';
/** Why a bridge came to nothing: what its two peers have said, or that one of the calls has gone elsewhere. */
export type BridgeFailure = 'refused' | 'unreadable' | 'timeout' | 'hangup' | 'superseded';
export type FailureReason = 'busy' | 'no-answer' | 'canceled' | 'failed';

interface Base {
  call_control_id: string;
  call_leg_id: string;
  call_session_id: string;
  client_state: string | null;
  connection_id: string;
  from: string;
  to: string;
}

/** The headers of the INVITE the API names by themselves. */
export type InviteHeader = { name: 'User-to-User' | 'Diversion'; value: string };

interface ReferPayload extends Base {
  /** SIP status the refer stands at: 100 when started, then the final one. */
  sip_notify_response: number;
  /** Additive: the Refer-To URI as it was sent. */
  refer_to: string;
  /** Additive: the final status that answered the REFER, null while none came. */
  refer_sip_response: number | null;
  /** Additive: every status the peer's NOTIFYs carried, in the order they came; of more than 100 the first ones and the final one. */
  notify_sip_responses: number[];
  /** Additive, with `on_failure`: which step it tells of, from 1, and of how many. */
  step?: number;
  of?: number;
  /** Additive, of a step that dials: whom, and the call, null where none could be made. */
  transfer_to?: string;
  transfer_call_control_id?: string | null;
}

/** The body of an INFO. */
export interface ReceivedBody {
  body: string;
  body_encoding: 'utf-8' | 'base64';
}
type ReferFailed = ReferPayload & { failure_reason: FailureReason };

export interface EventPayloads {
  'call.initiated': Base & {
    direction: 'incoming' | 'outgoing';
    state: 'parked' | 'bridging';
    start_time: string;
    caller_id_name: string;
    custom_headers: NamedValue[];
    sip_headers: InviteHeader[];
    connection_codecs: string;
    offered_codecs: string;
    tags: string[];
    /** Additive: the call whose place it takes, by an INVITE with Replaces (RFC 3891). */
    replaces_call_control_id?: string;
  };
  'call.answered': Base & {
    state: 'answered';
    start_time: string;
    custom_headers: NamedValue[];
    sip_headers: InviteHeader[];
    tags: string[];
  };
  /** Additive: which call its peer hears. */
  'call.bridged': Base & { other_call_control_id: string };
  /** Additive: the `bridge` that this call was told to make came to nothing. */
  'call.bridge.failed': Base & {
    other_call_control_id: string;
    failure_reason: BridgeFailure;
    /** The status a peer has refused it with; null where none did. */
    sip_response: number | null;
  };
  'call.hold': Base;
  'call.unhold': Base;
  'call.enqueued': Base & {
    queue: string;
    /** From 1. */
    current_position: number;
    queue_avg_wait_time_secs: number;
  };
  'call.dequeued': Base & {
    queue: string;
    /** The place it had, from 1. */
    queue_position: number;
    reason: DequeueReason;
    wait_time_secs: number;
  };
  'call.hangup': Base & {
    state: 'hangup';
    start_time: string;
    hangup_cause: HangupCause;
    hangup_source: HangupSource;
    sip_hangup_cause: string;
    call_quality_stats: null;
    custom_headers: NamedValue[];
    sip_headers: InviteHeader[];
    tags: string[];
  };
  /** Additive: the peer has sent a REFER. */
  'call.refer.received': Base & {
    /** The Refer-To URI as it came, headers included. */
    refer_to: string;
    /** The Referred-By header, or null. */
    referred_by: string | null;
    /** The call whose place is to be taken, where the Refer-To URI names one of ours by Replaces (RFC 5589 §7). */
    replaces_call_control_id?: string;
  };
  'call.dtmf.received': Base & { digit: string };
  /** Additive in all it carries: the official API names it and nowhere says what is in it. */
  'call.sip_info.received': Base & ReceivedBody & { content_type: string | null };
  'call.refer.started': ReferPayload;
  'call.refer.completed': ReferPayload;
  'call.refer.failed': ReferFailed;
  /** Additive: a step has failed, as this says, and the next one is tried. */
  'call.refer.retrying': ReferFailed & {
    /** The target of the next REFER; null: none is sent. */
    next_refer_to: string | null;
    /** Whom the next step dials; null: nobody. */
    next_transfer_to: string | null;
  };
}

export type EventType = keyof EventPayloads;
export type Event = { [T in EventType]: { readonly type: T; readonly payload: EventPayloads[T] } }[EventType];

/** Codecs a call can agree on, as `connection_codecs` lists them. */
export const connectionCodecs = 'PCMU,PCMA';

export function initiated(
  call: Call,
  invite: {
    readonly callerIdName: string | null;
    readonly customHeaders: readonly NamedValue[];
    readonly offeredCodecs: readonly string[];
    readonly replaces: string | null;
  },
): Event {
  return {
    type: 'call.initiated',
    payload: {
      ...base(call),
      direction: call.direction,
      state: call.direction === 'incoming' ? 'parked' : 'bridging',
      start_time: isoStamp(call.startedAt),
      caller_id_name: invite.callerIdName ?? '',
      custom_headers: [...invite.customHeaders],
      sip_headers: inviteHeaders(call),
      connection_codecs: connectionCodecs,
      offered_codecs: invite.offeredCodecs.join(','),
      tags: [],
      ...(invite.replaces !== null && { replaces_call_control_id: invite.replaces }),
    },
  };
}

export function answered(call: Call): Event {
  return {
    type: 'call.answered',
    payload: {
      ...base(call),
      state: 'answered',
      start_time: isoStamp(call.startedAt),
      custom_headers: [...call.answerHeaders],
      sip_headers: inviteHeaders(call),
      tags: [],
    },
  };
}

export function hangup(call: Call, ending: Ending): Event {
  return {
    type: 'call.hangup',
    payload: {
      ...base(call),
      state: 'hangup',
      start_time: isoStamp(call.startedAt),
      hangup_cause: ending.cause,
      hangup_source: (ending.by === 'peer') === (call.direction === 'incoming') ? 'caller' : 'callee',
      sip_hangup_cause: ending.sipCause,
      call_quality_stats: null,
      custom_headers: [...call.answerHeaders],
      sip_headers: inviteHeaders(call),
      tags: [],
    },
  };
}

export function referReceived(call: Call, { target, referredBy }: Referral, replaced: string | null): Event {
  return {
    type: 'call.refer.received',
    payload: {
      ...base(call),
      refer_to: toUtf8(target),
      referred_by: referredBy === null ? null : toUtf8(referredBy),
      ...(replaced !== null && { replaces_call_control_id: replaced }),
    },
  };
}

export function digitReceived(call: Call, digit: string): Event {
  return { type: 'call.dtmf.received', payload: { ...base(call), digit } };
}

export function infoReceived(call: Call, contentType: string | null, body: ReceivedBody): Event {
  return { type: 'call.sip_info.received', payload: { ...base(call), content_type: contentType, ...body } };
}

export function bridged(call: Call, other: string): Event {
  return { type: 'call.bridged', payload: { ...base(call), other_call_control_id: other } };
}

export function bridgeFailed(call: Call, other: string, reason: BridgeFailure, status: number | null): Event {
  const why = { failure_reason: reason, sip_response: status };
  return { type: 'call.bridge.failed', payload: { ...base(call), other_call_control_id: other, ...why } };
}

/** Its peer is on hold, or is not any more. */
export function heldOrNot(call: Call, type: 'call.hold' | 'call.unhold'): Event {
  return { type, payload: base(call) };
}

export function enqueued(call: Call, queue: string, { position, averageWaitSecs }: Place): Event {
  const payload = { ...base(call), queue, current_position: position, queue_avg_wait_time_secs: averageWaitSecs };
  return { type: 'call.enqueued', payload };
}

export function dequeued(
  call: Call,
  left: {
    readonly queue: string;
    readonly position: number;
    readonly reason: DequeueReason;
    readonly waitedMs: number;
  },
): Event {
  const { queue, position, reason, waitedMs } = left;
  const wait = { queue_position: position, reason, wait_time_secs: Math.floor(waitedMs / 1000) };
  return { type: 'call.dequeued', payload: { ...base(call), queue, ...wait } };
}

export function referEvent(call: Call, refer: Refer, type: 'started' | 'completed' | 'failed', code: number): Event {
  if (type !== 'failed') return { type: `call.refer.${type}`, payload: referPayload(call, refer, code) };
  return { type: 'call.refer.failed', payload: referFailed(call, refer, code) };
}

/** `refer` is as it has failed, `next` what is tried instead. */
export function referRetrying(call: Call, refer: Refer, code: number, next: Fallback): Event {
  const next_refer_to = next.type === 'refer' ? toUtf8(next.order.referTo) : null;
  const next_transfer_to = next.type === 'transfer' ? next.body.to : null;
  const payload = { ...referFailed(call, refer, code), next_refer_to, next_transfer_to };
  return { type: 'call.refer.retrying', payload };
}

function referFailed(call: Call, refer: Refer, code: number): ReferFailed {
  return { ...referPayload(call, refer, code), failure_reason: failureReason(code) };
}

function referPayload(call: Call, { order, response, notified, chain, transfer }: Refer, code: number): ReferPayload {
  return {
    ...base(call),
    sip_notify_response: code,
    refer_to: toUtf8(order.referTo),
    refer_sip_response: response,
    notify_sip_responses: [...notified],
    ...(chain && { step: chain.step, of: chain.of }),
    ...(transfer && { transfer_to: transfer.to, transfer_call_control_id: transfer.callee }),
  };
}

/** The words of the vendor's other API for a final code. */
export function failureReason(code: number): FailureReason {
  if (code === 486 || code === 600) return 'busy';
  if (code === 408 || code === 480) return 'no-answer';
  return code === 487 ? 'canceled' : 'failed';
}

/** What a final response to an INVITE means as a hangup cause. */
export function causeOf(status: number): HangupCause {
  return causes[status] ?? 'unspecified';
}

const causes: Readonly<Record<number, HangupCause>> = {
  486: 'user_busy',
  600: 'user_busy',
  603: 'call_rejected',
  403: 'call_rejected',
  607: 'call_rejected',
  608: 'call_rejected',
  404: 'not_found',
  410: 'not_found',
  484: 'not_found',
  604: 'not_found',
  480: 'no_answer',
  408: 'no_answer',
};

/** ISO 8601 in UTC with microseconds, as every stamp of the API: 2020-03-30T13:29:42.130000Z. */
export function isoStamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

function base(call: Call): Base {
  return {
    call_control_id: call.id,
    call_leg_id: call.legId,
    call_session_id: call.sessionId,
    client_state: call.clientState,
    connection_id: call.connectionId,
    from: call.from,
    to: call.to,
  };
}

function inviteHeaders(call: Call): InviteHeader[] {
  return call.sipHeaders as InviteHeader[];
}
