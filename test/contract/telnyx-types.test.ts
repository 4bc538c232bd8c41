// The official client's types against ours: what it may send we take, what we send it understands. Checked by tsc; at run
// time only that no command and no event was left out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CallControlApplication,
  CallControlApplicationCreateParams,
  CallControlApplicationUpdateParams,
} from 'telnyx/resources/call-control-applications';
import type { CallEventListResponse } from 'telnyx/resources/call-events';
import type * as client from 'telnyx/resources/calls/actions';
import type { CallDialParams, CallDialResponse, CallRetrieveStatusResponse } from 'telnyx/resources/calls/calls';
import type { Connection, ConnectionListActiveCallsResponse } from 'telnyx/resources/connections';
import type * as queues from 'telnyx/resources/queues';
import type { WebhookDelivery } from 'telnyx/resources/webhook-deliveries';
import type * as webhooks from 'telnyx/resources/webhooks';
import type { Static } from 'typebox';
import type { ApplicationChanges } from '../../src/call/application.ts';
import type { ActionName as AnyAction, Bodies, DialBody } from '../../src/call/commands.ts';
import type { EventPayloads } from '../../src/call/events.ts';
import type { Application, ApplicationRequest } from '../../src/http/applications.ts';
import type { CallEvent } from '../../src/http/call-events.ts';
import { commands } from '../../src/http/calls.ts';
import type { ActiveCall, Connection as OurConnection } from '../../src/http/connections.ts';
import type { WebhookDelivery as OurDelivery } from '../../src/http/deliveries.ts';
import type { mediaFields } from '../../src/http/media-fields.ts';
import type { CreateQueueRequest, Queue, QueueCall, UpdateQueueRequest } from '../../src/http/queues.ts';
import type { CallStatusResponse, CommandResponse, DialRequest, DialResponse } from '../../src/http/schemas.ts';

/** Commands and events of ours that the client does not have. */
const ours = [
  ...(['refer_accept', 'refer_reject', 'call.refer.received', 'call.refer.retrying'] as const),
  'call.bridge.failed',
  'call.sip_info.received',
] as const;
type ActionName = Exclude<AnyAction, (typeof ours)[number]>;

interface Params {
  answer: client.ActionAnswerParams;
  reject: client.ActionRejectParams;
  hangup: client.ActionHangupParams;
  refer: client.ActionReferParams;
  bridge: BridgeParams;
  transfer: client.ActionTransferParams;
  enqueue: client.ActionEnqueueParams;
  leave_queue: client.ActionLeaveQueueParams;
  client_state_update: client.ActionUpdateClientStateParams;
  send_sip_info: client.ActionSendSipInfoParams;
  send_dtmf: client.ActionSendDtmfParams;
}

/** The client calls the other call `call_control_id_to_bridge_with` and sends it as `call_control_id`. */
type BridgeParams = Omit<client.ActionBridgeParams, 'call_control_id_to_bridge_with'> & { call_control_id: string };

interface Responses {
  answer: client.ActionAnswerResponse;
  reject: client.ActionRejectResponse;
  hangup: client.ActionHangupResponse;
  refer: client.ActionReferResponse;
  bridge: client.ActionBridgeResponse;
  transfer: client.ActionTransferResponse;
  enqueue: client.ActionEnqueueResponse;
  leave_queue: client.ActionLeaveQueueResponse;
  client_state_update: client.ActionUpdateClientStateResponse;
  send_sip_info: client.ActionSendSipInfoResponse;
  send_dtmf: client.ActionSendDtmfResponse;
}

interface Payloads {
  'call.initiated': webhooks.CallInitiated.Payload;
  'call.answered': webhooks.CallAnswered.Payload;
  'call.bridged': webhooks.CallBridged.Payload;
  'call.hold': webhooks.CallHoldWebhookEvent.Data.Payload;
  'call.unhold': webhooks.CallUnholdWebhookEvent.Data.Payload;
  'call.enqueued': webhooks.CallEnqueued.Payload;
  'call.dequeued': webhooks.CallLeftQueue.Payload;
  'call.dtmf.received': webhooks.CallDtmfReceived.Payload;
  'call.hangup': webhooks.CallHangup.Payload;
  'call.refer.started': webhooks.CallReferStarted.Payload;
  'call.refer.completed': webhooks.CallReferCompleted.Payload;
  'call.refer.failed': webhooks.CallReferFailed.Payload;
}

/** Fields of ours that the client does not have. */
interface Additive {
  answer: never;
  reject: never;
  hangup: never;
  refer:
    | 'replaces_call_control_id'
    | 'refer_sub'
    | 'hold_on_refer'
    | 'on_failure'
    | 'refer_first_notify_timeout_ms'
    | 'refer_timeout_ms'
    | 'refer_bye_grace_ms'
    | 'refer_header_placement'
    | 'refer_before_answer';
  enqueue: never;
  leave_queue: never;
  client_state_update: 'command_id';
  send_sip_info: never;
  send_dtmf: never;
  bridge: never;
  transfer: never;
  'call.bridged': 'other_call_control_id';
  'call.hold': never;
  'call.unhold': never;
  'call.initiated': 'replaces_call_control_id';
  'call.answered': never;
  'call.enqueued': 'from' | 'to';
  'call.dequeued': 'from' | 'to';
  'call.dtmf.received': never;
  'call.hangup': never;
  'call.refer.started': AdditiveOfRefer;
  'call.refer.completed': AdditiveOfRefer;
  'call.refer.failed': AdditiveOfRefer | 'failure_reason';
}

type AdditiveOfRefer =
  | 'refer_to'
  | 'refer_sip_response'
  | 'notify_sip_responses'
  | 'step'
  | 'of'
  | 'transfer_to'
  | 'transfer_call_control_id';

type Body<A extends ActionName> = Static<(typeof commands)[A]['body']>;

/** The client types an absent state as an absent field; on the wire it is null. */
type StateAsTyped<T extends { client_state: string | null }> = Omit<T, 'client_state'> & { client_state: string };

// What the client may send passes our schema, and what passes our schema is what the call layer reads.
const requests: { [A in ActionName]: (params: Params[A]) => Body<A> } = {
  answer: (params) => params,
  reject: (params) => params,
  hangup: (params) => params,
  refer: (params) => params,
  bridge: (params) => params,
  transfer: (params) => params,
  enqueue: (params) => params,
  leave_queue: (params) => params,
  client_state_update: (params) => params,
  send_sip_info: (params) => params,
  send_dtmf: (params) => params,
};
const bodies: { [A in ActionName]: (body: Body<A>) => Bodies[A] } = {
  answer: (body) => body,
  reject: (body) => body,
  hangup: (body) => body,
  refer: (body) => body,
  bridge: (body) => body,
  transfer: (body) => body,
  enqueue: (body) => body,
  leave_queue: (body) => body,
  client_state_update: (body) => body,
  send_sip_info: (body) => body,
  send_dtmf: (body) => body,
};

// No field of ours is unknown to the client, but for those listed.
const fields: { [A in ActionName]: (field: Exclude<keyof Body<A>, Additive[A]>) => keyof Params[A] } = {
  answer: (field) => field,
  reject: (field) => field,
  hangup: (field) => field,
  refer: (field) => field,
  bridge: (field) => field,
  transfer: (field) => field,
  enqueue: (field) => field,
  leave_queue: (field) => field,
  client_state_update: (field) => field,
  send_sip_info: (field) => field,
  send_dtmf: (field) => field,
};

const responses: { [A in ActionName]: (response: Static<typeof CommandResponse>) => Responses[A] } = {
  answer: (response) => response,
  reject: (response) => response,
  hangup: (response) => response,
  refer: (response) => response,
  bridge: (response) => response,
  transfer: (response) => response,
  enqueue: (response) => response,
  leave_queue: (response) => response,
  client_state_update: (response) => response,
  send_sip_info: (response) => response,
  send_dtmf: (response) => response,
};
const callStatus = (data: StateAsTyped<Static<typeof CallStatusResponse>['data']>): CallRetrieveStatusResponse => ({
  data,
});

// A dial: what the client may send passes our schema, what passes is what the call layer reads, and no field is ours alone
// but those that are marked so.
type Dial = Static<typeof DialRequest>;
type AdditiveOfDial = 'hold_after_unbridge';
type OfCalls = Exclude<keyof Dial, keyof typeof mediaFields | AdditiveOfDial>;
const dial = {
  request: (params: Pick<CallDialParams, OfCalls>): Pick<Dial, OfCalls> => params,
  body: (body: Pick<Dial, OfCalls>): DialBody => body,
  field: (field: Exclude<keyof Dial, AdditiveOfDial>): keyof CallDialParams => field as OfCalls,
  ofMedia: (field: keyof typeof mediaFields & keyof Dial): keyof CallDialParams => field,
  response: (data: StateAsTyped<Static<typeof DialResponse>['data']>): CallDialResponse => ({ data }),
};

type EventName = Exclude<keyof EventPayloads, (typeof ours)[number]>;
const payloads: { [E in EventName]: (payload: StateAsTyped<EventPayloads[E]>) => Payloads[E] } = {
  'call.initiated': (payload) => payload,
  'call.answered': (payload) => payload,
  'call.bridged': (payload) => payload,
  'call.hold': (payload) => payload,
  'call.unhold': (payload) => payload,
  'call.enqueued': (payload) => payload,
  'call.dequeued': (payload) => payload,
  'call.dtmf.received': (payload) => payload,
  'call.hangup': (payload) => payload,
  'call.refer.started': (payload) => payload,
  'call.refer.completed': (payload) => payload,
  'call.refer.failed': (payload) => payload,
};
const payloadFields: { [E in EventName]: (field: Exclude<keyof EventPayloads[E], Additive[E]>) => keyof Payloads[E] } =
  {
    'call.initiated': (field) => field,
    'call.answered': (field) => field,
    'call.bridged': (field) => field,
    'call.hold': (field) => field,
    'call.unhold': (field) => field,
    'call.enqueued': (field) => field,
    'call.dequeued': (field) => field,
    'call.dtmf.received': (field) => field,
    'call.hangup': (field) => field,
    'call.refer.started': (field) => field,
    'call.refer.completed': (field) => field,
    'call.refer.failed': (field) => field,
  };

test('types: every command and every event is compared', () => {
  for (const table of [requests, bodies, fields, responses]) {
    assert.deepEqual([...Object.keys(table), 'refer_accept', 'refer_reject'].sort(), Object.keys(commands).sort());
  }
  assert.deepEqual(Object.keys(payloads), Object.keys(payloadFields));
  assert.equal(typeof callStatus, 'function');
  assert.equal(Object.keys(dial).length, 5);
});

// Resources: what the client may send passes our schemas, and what we show it understands.

/** Null where the client types an absent field, as the API itself answers. */
type NullsAbsent<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: NullsAbsent<NonNullable<T[K]>> }
    : T;
/** Version 1 of the events is refused with a sentence. */
type Version2<T> = Omit<T, 'webhook_api_version'> & { webhook_api_version?: '2' };
type AdditiveOfApplication =
  | Extract<keyof Static<typeof Application>, `refer_${string}` | 'hold_on_refer'>
  | 'read_only'
  | 'webhook_retries_policies';

const resources = {
  create: (params: Version2<CallControlApplicationCreateParams>): Static<typeof ApplicationRequest> => params,
  update: (params: Version2<CallControlApplicationUpdateParams>): Static<typeof ApplicationRequest> => params,
  changes: (body: Static<typeof ApplicationRequest>): ApplicationChanges => body,
  application: (shown: NullsAbsent<Static<typeof Application>>): CallControlApplication => shown,
  applicationFields: (
    field: Exclude<keyof Static<typeof Application>, AdditiveOfApplication>,
  ): keyof CallControlApplication => field,
  // The client lists fewer sites for a connection than for the application it is.
  connection: (shown: Omit<NullsAbsent<Static<typeof OurConnection>>, 'anchorsite_override'>): Connection => shown,
  connectionFields: (field: keyof Static<typeof OurConnection>): keyof Connection => field,
  createQueue: (params: queues.QueueCreateParams): Static<typeof CreateQueueRequest> => params,
  updateQueue: (params: queues.QueueUpdateParams): Static<typeof UpdateQueueRequest> => params,
  queue: (shown: Static<typeof Queue>): queues.Queue => shown,
  queueCall: (shown: Static<typeof QueueCall>): queues.QueueCall => shown,
  callEvent: (shown: Static<typeof CallEvent>): CallEventListResponse => shown,
  delivery: (shown: NullsAbsent<Static<typeof OurDelivery>>): WebhookDelivery => shown,
  deliveryFields: (field: Exclude<keyof Static<typeof OurDelivery>, 'next_attempt_at'>): keyof WebhookDelivery => field,
  activeCall: (shown: StateAsTyped<Static<typeof ActiveCall>>): ConnectionListActiveCallsResponse => shown,
};

test('the types of the resources are checked', () => assert.ok(Object.keys(resources).length > 0));
