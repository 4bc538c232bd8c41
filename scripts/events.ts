// docs/events.md: every event with its fields and an example. The compiler holds the tables to the payloads of
// src/call/events.ts, and the examples are made by its functions.
import {
  answered,
  type BridgeFailure,
  bridged,
  bridgeFailed,
  type DequeueReason,
  dequeued,
  digitReceived,
  type Event,
  type EventPayloads,
  type EventType,
  enqueued,
  type FailureReason,
  type HangupCause,
  hangup,
  heldOrNot,
  infoReceived,
  initiated,
  referEvent,
  referReceived,
  referRetrying,
} from '../src/call/events.ts';
import { eventRows } from '../src/call/outbox.ts';
import type { Refer } from '../src/call/refer.ts';
import type { Call, Referral } from '../src/call/state.ts';
import { block, code, page, rows } from './markdown.ts';

type Field = readonly [type: string, meaning: string];
type Payload<T extends EventType> = EventPayloads[T];
type Shared = keyof Payload<'call.initiated'> & keyof Payload<'call.hangup'> & keyof Payload<'call.refer.started'>;
type Own<T extends EventType> = { readonly [F in Exclude<keyof Payload<T>, Shared>]: Field };

const shared: { readonly [F in Shared]: Field } = {
  call_control_id: ['string', 'What commands name the call by.'],
  call_leg_id: ['string, a UUID', 'The call, in events.'],
  call_session_id: ['string, a UUID', 'Shared by calls that belong together.'],
  client_state: ['string or null', 'What the latest command that carried one has set.'],
  connection_id: ['string, 19 digits', 'The application.'],
  from: ['string', 'Who calls: the number (`+` and digits), else scheme, user, host and port.'],
  to: ['string', 'Who is called, in the same form.'],
};

const startTime: Field = ['string', 'When the call came in: ISO 8601, UTC.'];
const headersOf200: Field = ['list of `name`, `value`', 'What `answer` put onto the 200.'];
const sipHeaders: Field = ['list of `name`, `value`', '`User-to-User` and `Diversion` of the INVITE.'];
const tags: Field = ['list of strings', 'Empty in this version.'];

const refer: Own<'call.refer.started'> = {
  sip_notify_response: [
    'integer',
    'The SIP status the refer stands at: 100 (or the 1xx that came first) when it started, then the final one.',
  ],
  refer_to: ['string', 'The Refer-To URI as it was sent, headers included. Additive.'],
  refer_sip_response: [
    'integer or null',
    'The final status that answered the REFER; null while there is none. Additive.',
  ],
  notify_sip_responses: ['list of integers', 'Every status the NOTIFYs carried, in order. Additive.'],
  step: ['integer', 'Only with `on_failure`: which step it tells of; 1 is the command itself. Additive.'],
  of: ['integer', 'Only with `on_failure`: how many steps there are. Additive.'],
  transfer_to: ['string', 'Only of a step that dials: whom. `refer_to` is of the last REFER then. Additive.'],
  transfer_call_control_id: ['string or null', 'Only of a step that dials: the call, if one was made. Additive.'],
};

const failed: Own<'call.refer.failed'> = {
  ...refer,
  failure_reason: ['string', 'What the final status means: see below. Additive.'],
};

const own: { readonly [T in EventType]: Own<T> } = {
  'call.initiated': {
    direction: ['string', '`incoming`, or `outgoing` of a call that was dialled.'],
    state: [
      'string',
      '`parked` of an inbound call: it rings until a command says otherwise; `bridging` of one that was dialled.',
    ],
    start_time: startTime,
    caller_id_name: ['string', 'The display name of the caller, or empty.'],
    custom_headers: ['list of `name`, `value`', 'The `X-` headers of the INVITE.'],
    sip_headers: sipHeaders,
    connection_codecs: ['string', 'The codecs Switchhook speaks.'],
    offered_codecs: ['string', 'The codecs the caller offers.'],
    tags,
    replaces_call_control_id: [
      'string',
      'Only where the caller takes the place of another call, by an INVITE with `Replaces` (RFC 3891): that call. Then this one is answered at once. Additive.',
    ],
  },
  'call.answered': {
    state: ['string', '`answered`.'],
    start_time: startTime,
    custom_headers: headersOf200,
    sip_headers: sipHeaders,
    tags,
  },
  'call.refer.received': {
    refer_to: ['string', 'The Refer-To URI of the REFER, headers included.'],
    referred_by: ['string or null', 'Its Referred-By header.'],
    replaces_call_control_id: [
      'string',
      'Only where the Refer-To URI names another call of ours by `Replaces` (an attended transfer): that call.',
    ],
  },
  'call.bridged': { other_call_control_id: ['string', 'The other call. Additive.'] },
  'call.bridge.failed': {
    other_call_control_id: ['string', 'The call it was to be joined to. Additive.'],
    failure_reason: ['string', 'Why they are not joined: see below. Additive.'],
    sip_response: [
      'integer or null',
      'The status that a peer has refused the re-INVITE with (503 also where it was not reached); null where none did. Additive.',
    ],
  },
  'call.dtmf.received': {
    digit: ['string', 'One of `0` to `9`, `A` to `D`, `*` and `#`.'],
  },
  'call.sip_info.received': {
    content_type: ['string or null', 'The Content-Type of the INFO; null where it has none. Additive.'],
    body: ['string', 'Its body. Additive.'],
    body_encoding: ['string', '`utf-8`, or `base64` where the bytes are no text. Additive.'],
  },
  'call.hold': {},
  'call.unhold': {},
  'call.enqueued': {
    queue: ['string', 'The name of the queue.'],
    current_position: ['integer', 'Its place, from 1: 1 is the next one.'],
    queue_avg_wait_time_secs: [
      'integer',
      'How long those have waited that left: the last hundred since the server was started.',
    ],
  },
  'call.dequeued': {
    queue: ['string', 'The name of the queue.'],
    queue_position: ['integer', 'The place it had, from 1.'],
    reason: ['string', 'Why it left: see below.'],
    wait_time_secs: ['integer', 'How long it waited.'],
  },
  'call.hangup': {
    state: ['string', '`hangup`.'],
    start_time: startTime,
    hangup_cause: ['string', 'Why it ended: see below.'],
    hangup_source: [
      'string',
      'Who ended it: `caller`, `callee` (of an inbound call that is Switchhook), or `unknown`.',
    ],
    sip_hangup_cause: ['string', 'The SIP status that goes with it, `200` where a BYE did, or `unspecified`.'],
    call_quality_stats: ['null', 'Not measured in this version.'],
    custom_headers: headersOf200,
    sip_headers: sipHeaders,
    tags,
  },
  'call.refer.started': refer,
  'call.refer.completed': refer,
  'call.refer.failed': failed,
  'call.refer.retrying': {
    ...failed,
    next_refer_to: ['string or null', 'The Refer-To URI of the next step; null: it sends no REFER.'],
    next_transfer_to: ['string or null', 'Whom the next step dials; null: nobody.'],
  },
};

const when: { readonly [T in EventType]: string } = {
  'call.initiated':
    'A call came in and rings: answer it, reject it, or refer it. Or one that was dialled is on its way.',
  'call.answered':
    'The caller has acknowledged the answer: from the command `answer` on the call takes `refer` and `hangup` as well. Or the callee of a call that was dialled has answered.',
  'call.refer.received':
    'The peer has sent a REFER (`refer_inbound` `ask` or `follow`). With `ask`, `refer_accept` or `refer_reject` decides within 30 seconds. Additive.',
  'call.bridged': 'The peer of the call and that of another one hear each other. Each of the two calls has one.',
  'call.bridge.failed':
    'The `bridge` that the call was told to make came to nothing. Each `bridge` that was accepted comes to this event or to `call.bridged`, whatever happens; of several that name the same call while it is under way, one event tells. The call goes on by itself, unless `call.hangup` follows.',
  'call.dtmf.received':
    'The peer has sent a digit by SIP INFO (`application/dtmf-relay` or `application/dtmf`), whatever the application sends. Digits in the sound are not heard.',
  'call.sip_info.received': 'The peer has sent an INFO with any other body.',
  'call.hold':
    'The peer was put on hold before a REFER (`hold_on_refer`): it sends nothing until `call.unhold`, or the end of the call.',
  'call.unhold': 'The peer is on hold no more: the refer it was held for came to nothing.',
  'call.enqueued': 'The call waits in a queue.',
  'call.dequeued': 'The call waits no more. It comes before `call.bridged` and `call.hangup`.',
  'call.hangup': 'The call is over. It is the last event of every call.',
  'call.refer.started': 'The peer has accepted a REFER. Not sent if it refuses.',
  'call.refer.completed':
    'The target has the caller. `call.hangup` follows, but for a step of `on_failure` that has dialled: then the call goes on, joined to the one that was dialled.',
  'call.refer.retrying':
    'A step of a refer with `on_failure` has failed, as this says, and the next one is tried. Additive.',
  'call.refer.failed':
    'The refer came to nothing. The call goes on, unless the peer has left it: [Refer](refer.md) has every case.',
};

const causes: { readonly [C in HangupCause]: string } = {
  normal_clearing: 'An answered call was ended by a BYE, whoever sent it, or a ringing one was referred.',
  originator_cancel: 'The caller gave up while it rang, or a call that was dialled was hung up before the answer.',
  call_rejected:
    '`reject` with `CALL_REJECTED`, or `hangup` of an inbound call while it rang; or the callee answered 403, 603, 607 or 608.',
  user_busy: '`reject` with `USER_BUSY`, or the callee answered 486 or 600.',
  timeout:
    'An inbound call got no command in time (`first_command_timeout`); the caller did not acknowledge the answer, or its INVITE expired; the callee did not answer in time (`timeout_secs`); or the session was not refreshed.',
  unspecified: 'Anything else, such as no common codec or a provisional response never acknowledged.',
  time_limit: 'A call of ours has lasted as long as it may (`time_limit_secs`).',
  not_found: 'A call of ours was answered with 404, 410, 484 or 604.',
  no_answer: 'A call of ours was answered with 480 or 408.',
};

const leavings: { readonly [R in DequeueReason]: string } = {
  bridged: 'It was joined to another call, or that was tried.',
  hangup: 'It ended, whoever ended it.',
  leave: '`leave_queue`.',
  timeout: 'It had waited `max_wait_time_secs`. The call goes on.',
};

const reasons: { readonly [R in FailureReason]: string } = {
  busy: '486, 600',
  'no-answer': '408, 480, and a peer that says nothing',
  canceled: '487, and a refer that was given up',
  failed: 'any other',
};

const partings: { readonly [R in BridgeFailure]: string } = {
  refused:
    'A peer has refused its re-INVITE; where the first one was asked and made no offer, the other one was asked too.',
  unreadable: 'A peer has said nothing of its sound, or nothing that can be read.',
  timeout: 'A peer has taken too long to answer.',
  hangup: 'One of the two calls ended.',
  superseded: 'One of the two was joined to a third one, or that was begun.',
};

// One call for all examples.
const call = {
  id: 'v3:01k84fhso0000f8b5d3bb6c4e2f6b1c2d3e4f5a4b6c8d',
  legId: '01a208f8-f3c0-7419-a5f8-b5d3bb6c4e2f',
  sessionId: '01a208f8-f3c0-7a01-9c1e-2f6b1c2d3e4f',
  connectionId: '1000000000000000001',
  direction: 'incoming',
  from: '+13125550123',
  to: '+13125550100',
  startedAt: Date.UTC(2026, 10, 23, 9, 0, 0, 250),
  clientState: null,
  sipHeaders: [],
  answerHeaders: [],
} as unknown as Call;

const other = 'v3:01a208f8f5a172cc81f4e3b2a19c8d7e6f5a4b3c2d1e4f60a7b8c9d0e1f2a3b4';

const order = { referTo: 'sip:bob@biloxi.example' };
const referOf = (response: number | null, notified: readonly number[]) =>
  ({ order, response, notified }) as unknown as Refer;

const examples: { readonly [T in EventType]: Event } = {
  'call.initiated': initiated(call, {
    callerIdName: 'Alice',
    customHeaders: [{ name: 'X-Account', value: '42' }],
    offeredCodecs: ['OPUS', 'PCMU', 'PCMA'],
    replaces: null,
  }),
  'call.answered': answered(call),
  'call.dtmf.received': digitReceived(call, '5'),
  'call.sip_info.received': infoReceived(call, 'application/json', {
    body: '{"badge":"42"}',
    body_encoding: 'utf-8',
  }),
  'call.refer.received': referReceived(
    call,
    {
      target: 'sip:carol@example.com',
      referredBy: '<sip:alice@atlanta.example>',
    } as Referral,
    null,
  ),
  'call.bridged': bridged(call, other),
  'call.bridge.failed': bridgeFailed(call, other, 'refused', 488),
  'call.hold': heldOrNot(call, 'call.hold'),
  'call.unhold': heldOrNot(call, 'call.unhold'),
  'call.enqueued': enqueued(call, 'support', { position: 3, averageWaitSecs: 41 }),
  'call.dequeued': dequeued(call, { queue: 'support', position: 1, reason: 'bridged', waitedMs: 38_000 }),
  'call.hangup': hangup(call, { cause: 'normal_clearing', by: 'peer', sipCause: '200' }),
  'call.refer.started': referEvent(call, referOf(202, []), 'started', 100),
  'call.refer.completed': referEvent(call, referOf(202, [100, 180, 200]), 'completed', 200),
  'call.refer.failed': referEvent(call, referOf(202, [100, 486]), 'failed', 486),
  'call.refer.retrying': referRetrying(
    call,
    { ...referOf(202, [100, 486]), chain: { step: 1, of: 2, rest: [], isStarted: true, isLingering: false } },
    486,
    { type: 'transfer', body: { to: '+13125550199' } },
  ),
};

export function events(): string {
  return page(
    'Events',
    'What an application is told, field by field, with an example of each.',
    `The fields are those of the Telnyx API v2; additive ones, which it does not have, are marked. How events travel is in
[Webhooks](webhooks.md), when each one of a refer comes in [Refer](refer.md).`,
    '## The envelope',
    block('json webhook', pretty(envelope(examples['call.refer.completed']))),
    rows(
      ['Field', 'Type', 'Meaning'],
      [
        ['`data.event_type`', 'string', 'Which event: the sections below.'],
        ['`data.id`', 'string, a UUID', 'The event. The same on every attempt: what comes twice is known by it.'],
        ['`data.occurred_at`', 'string', 'When: ISO 8601, UTC, microseconds.'],
        ['`data.payload`', 'object', 'What happened.'],
        ['`meta.attempt`', 'integer', 'Which attempt to deliver it this is, from 1.'],
        ['`meta.delivered_to`', 'string', 'The URL of this attempt.'],
      ],
    ),
    '## In every payload',
    fieldsOf(shared),
    ...(Object.keys(own) as EventType[]).map(section),
  );
}

function section(type: EventType): string {
  const { payload } = examples[type];
  const lists: Partial<Record<EventType, string>> = {
    'call.hangup': listed('hangup_cause', causes),
    'call.bridge.failed': listed('failure_reason', partings),
    'call.dequeued': listed('reason', leavings),
    'call.refer.failed': listed('failure_reason', reasons),
  };
  const parts = [`## ${type}`, when[type], fieldsOf(own[type]), lists[type], block(`json ${type}`, pretty(payload))];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function envelope(event: Event): object {
  const of = { callId: call.id, sequence: 4, at: call.startedAt + 5_500 };
  const webhookUrl = 'https://example.com/webhooks';
  const [row] = eventRows(event, of, [], () => '01a208f9-0b3d-7c52-8e1f-9a0b1c2d3e4f');
  return { data: JSON.parse(row!.body), meta: { attempt: 1, delivered_to: webhookUrl } };
}

const fieldsOf = (fields: Readonly<Record<string, Field>>): string =>
  rows(
    ['Field', 'Type', 'Meaning'],
    Object.entries(fields).map(([name, [type, meaning]]) => [code(name), type, meaning]),
  );

const listed = (field: string, values: Readonly<Record<string, string>>): string =>
  rows(
    [code(field), 'When'],
    Object.entries(values).map(([value, meaning]) => [code(value), meaning]),
  );

/** Indented, but for lists of numbers. */
const pretty = (value: object): string =>
  JSON.stringify(value, null, 2).replaceAll(/\[[\s\d,]+\]/g, (list) =>
    JSON.stringify(JSON.parse(list)).replaceAll(',', ', '),
  );
