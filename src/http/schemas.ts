// The bodies of the HTTP API as JSON Schema: what validates a request is what /openapi.json publishes.
// The formats named here are defined in validation.ts. What only the call can judge (a target's URI, a protected header)
// is refused by the call layer.
import { type Static, type TSchema, Type } from 'typebox';
import { mutings } from '../call/commands.ts';
import { headerPlacements, refersBeforeAnswer } from '../call/routing.ts';
import { callOutFields, ofMedia, recordFields, streamFields } from './media-fields.ts';
import { webhookFields } from './webhook-schemas.ts';

/** Fields the Telnyx API does not have. */
export const additive = { 'x-switchhook-additive': true };
/** A required string: one that is blank counts as missing. */
export const notBlank = { minLength: 1, pattern: '\\S' };
/** How many entries a list may have. */
export const maxEntries = 64;

export function line(maxLength: number, description: string, more: object = {}) {
  return Type.String({ ...more, format: 'line', maxLength, description });
}

export function milliseconds(minimum: number, maximum: number, description: string) {
  return Type.Optional(Type.Integer({ minimum, maximum, description, ...additive }));
}

/** A reference to a component, which keeps the component's type. */
export function refTo<S extends TSchema & { $id: string }>(schema: S) {
  return Type.Unsafe<Static<S>>({ $ref: `${schema.$id}#` });
}

export function component<S extends TSchema, I extends string>($id: I, schema: S): S & { $id: I } {
  return Object.assign(schema, { $id });
}

const clientState = {
  format: 'base64',
  maxLength: 8192,
  description: 'Base64. Comes back in every later event of the call, until another command replaces it.',
  examples: ['aGF2ZSBhIG5pY2UgZGF5ID1d'],
};

const common = {
  client_state: Type.Optional(Type.String(clientState)),
  command_id: Type.Optional(
    line(
      256,
      'A command with an id that this call has accepted before is answered the same and not carried out again.',
      {
        pattern: '\\S',
        examples: ['891510ac-f3e4-11e8-af5b-de00688a4901'],
      },
    ),
  ),
};

export const CustomSipHeader = component(
  'CustomSipHeader',
  Type.Object({
    name: Type.String({
      ...notBlank,
      format: 'header-name',
      maxLength: 128,
      description: 'The name of the header: a token of RFC 3261.',
      examples: ['X-Account'],
    }),
    value: line(4096, 'The value of the header.', { ...notBlank, examples: ['42'] }),
  }),
);

export const SipHeader = component(
  'SipHeader',
  Type.Object({
    name: Type.Enum(['User-to-User'], { type: 'string', minLength: 1, description: 'The name of the header.' }),
    value: line(4096, 'The value of the header, passed on as it is (RFC 7433).', {
      ...notBlank,
      examples: ['3132;encoding=hex'],
    }),
  }),
);

const customHeaders = (description: string) =>
  Type.Optional(Type.Array(refTo(CustomSipHeader), { maxItems: maxEntries, description }));
const sipHeaders = (description: string) =>
  Type.Optional(Type.Array(refTo(SipHeader), { maxItems: maxEntries, description }));

export const RejectRequest = component(
  'RejectRequest',
  Type.Object({
    ...common,
    cause: Type.Enum(['CALL_REJECTED', 'USER_BUSY'], {
      type: 'string',
      minLength: 1,
      description: 'Why: `CALL_REJECTED` answers the INVITE with 603, `USER_BUSY` with 486.',
    }),
  }),
);

export const HangupRequest = component(
  'HangupRequest',
  Type.Object({
    ...common,
    custom_headers: customHeaders('Headers added to the BYE; before the answer to the CANCEL, or to the 480.'),
  }),
);

const seconds = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));

const idleSilence = Type.Optional(
  Type.Boolean({
    description:
      'Accepted, and nothing depends on it: silence is what is sent, unless `media` of the settings is `none`.',
  }),
);
const billingGroup = Type.Optional(line(64, 'Accepted, and nothing depends on it: calls cost nothing here.'));

export const AnswerRequest = component(
  'AnswerRequest',
  Type.Object({
    ...common,
    ...webhookFields,
    custom_headers: customHeaders('Headers added to the 200 that answers the INVITE.'),
    sip_headers: sipHeaders('User-to-User headers added to the 200 that answers the INVITE.'),
    preferred_codecs: Type.Optional(
      line(256, 'Codecs in the order of preference, separated by commas.', { examples: ['PCMU,PCMA'] }),
    ),
    send_silence_when_idle: idleSilence,
    billing_group_id: billingGroup,
    ...ofMedia(...recordFields, ...streamFields, 'transcription', 'transcription_config'),
    ...ofMedia('sound_modifications', 'deepfake_detection', 'assistant', 'conversation_relay_config'),
  }),
);

const destination = line(2048, 'A number in E.164 with a plus sign, or a `sip:` or `sips:` URI.', {
  ...notBlank,
  examples: ['+13125550100', 'sip:bob@example.com'],
});

/** What a dial and a transfer may say of the call they make. */
const ofCallOut = {
  ...webhookFields,
  from_display_name: Type.Optional(
    Type.String({
      maxLength: 128,
      format: 'display-name',
      description: 'The name of the caller: letters, digits, spaces and -_~!.+',
    }),
  ),
  timeout_secs: seconds(5, 600, 'How long it rings before it is given up. Default 30.'),
  time_limit_secs: seconds(30, 14_400, 'How long it may last once it is answered. Default 14400.'),
  privacy: Type.Optional(
    Type.Enum(['id', 'none'], { type: 'string', description: '`id`: the callee does not learn who calls.' }),
  ),
  custom_headers: customHeaders('Headers added to the INVITE.'),
  sip_headers: sipHeaders('User-to-User headers added to the INVITE.'),
  sip_auth_username: Type.Optional(line(255, 'User name with which challenges are answered.')),
  sip_auth_password: Type.Optional(line(255, 'Password with which challenges are answered.', { writeOnly: true })),
  sip_transport_protocol: Type.Optional(
    Type.Enum(['UDP', 'TCP', 'TLS'], {
      type: 'string',
      description: 'The transport to a SIP URI that does not name one.',
    }),
  ),
  preferred_codecs: Type.Optional(
    line(256, 'Codecs in the order of preference, separated by commas.', { examples: ['PCMU,PCMA'] }),
  ),
  diversion: Type.Optional(
    line(2048, 'Who was called before: a number in E.164 with a plus sign, or the value of the Diversion header.'),
  ),
};

const parkAfterUnbridge = Type.Optional(
  Type.String({
    enum: ['self'],
    description: '`self`: the call goes on by itself when the other one leaves; else it is hung up.',
  }),
);

const muteDtmf = Type.Optional(
  Type.Enum(mutings, {
    type: 'string',
    default: 'none',
    description:
      'To whose peer digits do not go that the other one sends by SIP INFO: `self`, that of this call; `opposite`, that of the other; or `both`. They are told all the same. Digits in the sound go from peer to peer and are not muted.',
  }),
);

export const DialRequest = component(
  'CallRequest',
  Type.Object({
    ...common,
    command_id: Type.Optional(
      line(256, 'A dial with an id that was accepted before is answered the same and makes no second call.', {
        pattern: '\\S',
      }),
    ),
    connection_id: line(64, 'The id of the Call Control application whose call it is.', {
      ...notBlank,
      examples: ['1000000000000000001'],
    }),
    from: line(2048, 'Who calls: a number in E.164 with a plus sign, or a `sip:` URI.', {
      ...notBlank,
      examples: ['+13125550199'],
    }),
    to: Type.Union([destination, Type.Array(destination, { minItems: 1, maxItems: 16 })], {
      description:
        'Who is called. Several are called at once: the first to answer has the call, the others are cancelled.',
    }),
    ...ofCallOut,
    link_to: Type.Optional(
      line(
        256,
        'The call_control_id of a live call that this one belongs to: they share the call_session_id.',
        notBlank,
      ),
    ),
    bridge_intent: Type.Optional(
      Type.Boolean({
        description:
          'The call is to be bridged to that of `link_to`, by a `bridge` of yours: it comes from whom that one comes from, whatever `from` says.',
      }),
    ),
    bridge_on_answer: Type.Optional(
      Type.Boolean({
        description:
          'The call is bridged to that of `link_to` when it is answered, and given up when that one ends before. Of several destinations the first to answer is.',
      }),
    ),
    prevent_double_bridge: Type.Optional(
      Type.Boolean({
        description:
          'With `bridge_on_answer`: the call is hung up, once it is answered, where that of `link_to` is bridged to another by then. Default false: it is taken out of that bridge.',
      }),
    ),
    park_after_unbridge: Type.Optional(
      Type.String({
        enum: ['self'],
        description:
          '`self`: the call goes on by itself when one it is bridged to leaves; else it is hung up. Wants `link_to`.',
      }),
    ),
    hold_after_unbridge: Type.Optional(
      Type.Boolean({
        description: 'As `park_after_unbridge`, and its peer is put on hold when the other call leaves.',
        ...additive,
      }),
    ),
    retry_on_timeout: Type.Optional(
      Type.Boolean({
        description:
          '`false`: a call that is given up after `timeout_secs` has the hangup_cause `no_answer`. Refused where it is true: no other route is tried then.',
      }),
    ),
    ...ofMedia(...callOutFields, ...streamFields, 'stream_auth_token', 'stream_bidirectional_sampling_rate'),
    send_silence_when_idle: idleSilence,
    billing_group_id: billingGroup,
    ...ofMedia('transcription', 'transcription_config', 'conference_config'),
    ...ofMedia('stream_establish_before_call_originate'),
    ...ofMedia('supervise_call_control_id', 'supervisor_role', 'enable_dialogflow', 'dialogflow_config'),
    ...ofMedia('deepfake_detection', 'assistant', 'conversation_relay_config'),
  }),
);

export const BridgeRequest = component(
  'BridgeRequest',
  Type.Object({
    ...common,
    call_control_id: Type.Optional(line(256, 'The call to join to this one.')),
    queue: Type.Optional(
      line(255, 'Instead of `call_control_id`: the call that is next in this queue. It leaves the queue.'),
    ),
    park_after_unbridge: parkAfterUnbridge,
    hold_after_unbridge: Type.Optional(
      Type.Boolean({
        description:
          'As `park_after_unbridge`, and the peer is put on hold when the other one leaves, until its call is bridged again.',
      }),
    ),
    prevent_double_bridge: Type.Optional(
      Type.Boolean({
        description:
          'Whether the command is refused where one of the calls is bridged already. Default false: it is taken out of that bridge.',
      }),
    ),
    mute_dtmf: muteDtmf,
    ...ofMedia(...recordFields, 'play_ringtone', 'ringtone', 'video_room_id', 'video_room_context'),
  }),
);

export const TransferRequest = component(
  'TransferCallRequest',
  Type.Object({
    ...common,
    to: destination,
    from: Type.Optional(line(2048, 'Who calls. By default whom the call was for.')),
    ...ofCallOut,
    target_leg_client_state: Type.Optional(Type.String(clientState)),
    park_after_unbridge: parkAfterUnbridge,
    mute_dtmf: muteDtmf,
    ...ofMedia(...callOutFields, 'early_media'),
  }),
);

/** What a refer says of one REFER, and a step of `on_failure` of the next one. */
const ofRefer = {
  sip_address: Type.Optional(
    line(
      2048,
      'Where the call is referred to: a `sip:`, `sips:` or `tel:` URI, sent byte for byte. Required, but for `replaces_call_control_id`.',
      { ...notBlank, examples: ['sip:username@sip.example.com'] },
    ),
  ),
  replaces_call_control_id: Type.Optional(
    line(
      256,
      'Attended transfer: another call of ours that is answered. The peer is referred to that call’s peer, whose place with us it takes.',
      { pattern: '\\S', ...additive },
    ),
  ),
  custom_headers: customHeaders(
    'Headers for the REFER, for the INVITE it triggers, or for both: see `refer_header_placement`.',
  ),
  sip_headers: sipHeaders('User-to-User headers, placed as `custom_headers` are.'),
  sip_auth_username: Type.Optional(line(255, 'User name with which a challenge to the REFER is answered.')),
  sip_auth_password: Type.Optional(
    line(255, 'Password with which a challenge to the REFER is answered.', { writeOnly: true }),
  ),
  refer_sub: Type.Optional(
    Type.Boolean({
      description: 'false: the peer is asked to send no NOTIFYs. If it agrees, its 2xx completes the refer.',
      ...additive,
    }),
  ),
  refer_first_notify_timeout_ms: milliseconds(1, 3_600_000, 'How long to wait for the first NOTIFY.'),
  refer_timeout_ms: milliseconds(1, 3_600_000, 'How long the whole refer may take.'),
  refer_bye_grace_ms: milliseconds(
    0,
    3_600_000,
    "How long to wait for the peer's BYE after success, and for a late NOTIFY after the peer's BYE. 0: no wait.",
  ),
  refer_header_placement: Type.Optional(
    Type.Enum(headerPlacements, {
      type: 'string',
      description: 'Where the headers go: onto the REFER, into the Refer-To URI, or both.',
      ...additive,
    }),
  ),
};

const target = { if: { required: ['replaces_call_control_id'] }, else: { required: ['sip_address'] } };

export const ReferStep = component(
  'ReferStep',
  Type.Object(
    {
      ...ofRefer,
      transfer: Type.Optional(refTo(TransferRequest)),
    },
    {
      description: 'Another refer, which is as the command in all that it does not say, or a `transfer` in its place.',
      if: { required: ['transfer'] },
      else: target,
    },
  ),
);

export const ReferRequest = component(
  'ReferRequest',
  Type.Object(
    {
      ...common,
      ...ofRefer,
      refer_before_answer: Type.Optional(
        Type.Enum(refersBeforeAnswer, {
          type: 'string',
          description: 'What a refer of a ringing inbound call does: REFER in the early dialog, a 302, or a refusal.',
          ...additive,
        }),
      ),
      hold_on_refer: Type.Optional(
        Type.Boolean({
          description: 'Whether the peer is put on hold before the REFER, and heard again when the refer has failed.',
          ...additive,
        }),
      ),
      on_failure: Type.Optional(
        Type.Array(refTo(ReferStep), {
          maxItems: 5,
          description: 'What is tried when the refer fails, in this order, until one of them does not.',
          ...additive,
        }),
      ),
    },
    target,
  ),
);

export const ReferDecisionRequest = component('ReferDecisionRequest', Type.Object(common));
export const EnqueueRequest = component(
  'EnqueueRequest',
  Type.Object({
    ...common,
    queue_name: line(255, 'The queue to wait in. One that is not there is made.', {
      ...notBlank,
      examples: ['support'],
    }),
    max_size: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description:
          'How many may wait in a queue that is made by this. Default 100; that of a queue that is there stays.',
      }),
    ),
    max_wait_time_secs: seconds(1, 86_400, 'How long it may wait. Then it leaves the queue and goes on.'),
    keep_after_hangup: Type.Optional(
      Type.Boolean({ description: 'Whether it keeps its place for ten minutes when it hangs up. Default false.' }),
    ),
  }),
);

export const LeaveQueueRequest = component('LeaveQueueRequest', Type.Object({ ...common }));

export const ClientStateUpdateRequest = component(
  'ClientStateUpdateRequest',
  Type.Object({ ...common, client_state: Type.String({ ...clientState, ...notBlank }) }),
);

export const SendSipInfoRequest = component(
  'SendSipInfoRequest',
  Type.Object({
    ...common,
    content_type: Type.String({
      ...notBlank,
      format: 'media-type',
      maxLength: 256,
      description: 'The media type of the body.',
      examples: ['application/dtmf-relay'],
    }),
    body: Type.String({
      ...notBlank,
      format: 'text',
      'x-max-bytes': 1400,
      description: 'The body of the INFO: at most 1,400 bytes in UTF-8.',
      examples: ['Signal=5\r\nDuration=160\r\n'],
    }),
  }),
);

export const SendDtmfRequest = component(
  'SendDTMFRequest',
  Type.Object({
    ...common,
    digits: Type.String({
      ...notBlank,
      format: 'digits',
      maxLength: 256,
      description: '`0` to `9`, `A` to `D`, `*` and `#`; `w` is half a second of silence, `W` a second.',
      examples: ['1www2WABCDw9'],
    }),
    duration_millis: Type.Optional(
      Type.Integer({ minimum: 100, maximum: 500, description: 'How long the tone of each digit is. Default 250.' }),
    ),
  }),
);

export const CommandResponse = component(
  'CallControlCommandResponse',
  Type.Object({ data: Type.Object({ result: Type.Literal('ok') }) }),
);

export const DialResponse = component(
  'CreateCallResponse',
  Type.Object({
    data: Type.Object({
      record_type: Type.Literal('call'),
      call_control_id: Type.String({ description: 'Identifies the call in commands.' }),
      call_leg_id: Type.String({ description: 'Identifies the call in events.' }),
      call_session_id: Type.String({ description: 'Shared by calls that belong together.' }),
      is_alive: Type.Boolean({ description: 'Always false here: the call is being made.' }),
      client_state: Type.Union([Type.String(), Type.Null()]),
      start_time: Type.String({ format: 'date-time' }),
    }),
  }),
);

export const CallStatusResponse = component(
  'RetrieveCallStatusResponse',
  Type.Object({
    data: Type.Object({
      record_type: Type.Literal('call'),
      call_control_id: Type.String({ description: 'Identifies the call in commands.' }),
      call_leg_id: Type.String({ description: 'Identifies the call in events.' }),
      call_session_id: Type.String({ description: 'Shared by calls that belong together.' }),
      is_alive: Type.Boolean(),
      call_duration: Type.Integer({ description: 'In seconds.' }),
      client_state: Type.Union([Type.String(), Type.Null()], { description: 'What the latest command set, or null.' }),
      start_time: Type.String({ format: 'date-time' }),
      end_time: Type.Optional(Type.String({ format: 'date-time', description: 'Only of a call that has ended.' })),
    }),
  }),
);

export const CallLadderResponse = component(
  'CallLadderResponse',
  Type.Object({
    data: Type.Object({
      record_type: Type.Literal('call_ladder'),
      call_control_id: Type.String(),
      since: Type.String({
        format: 'date-time',
        description: 'From when on it was kept: since the call began, or since the server was started again.',
      }),
      truncated: Type.Integer({ description: 'How many entries were kept and had to be dropped.' }),
      entries: Type.Array(
        Type.Object({
          at: Type.String({ format: 'date-time' }),
          kind: Type.Enum(['sip', 'command', 'webhook'], { type: 'string' }),
          direction: Type.Enum(['in', 'out'], { type: 'string', description: 'As this server sees it.' }),
          peer: Type.Union([Type.String(), Type.Null()], {
            description:
              'Of SIP `transport:address:port`, of a webhook the origin of its URL, of a command the address it came from.',
            examples: ['udp:192.0.2.10:5060'],
          }),
          summary: Type.String({ examples: ['202 Accepted'] }),
          note: Type.Union([Type.String(), Type.Null()], { description: 'What matters beside the summary.' }),
          text: Type.Optional(Type.String({ description: 'The whole SIP message, without secrets.' })),
        }),
      ),
      text: Type.String({ description: 'The entries drawn, a row for each.' }),
    }),
  }),
);

export const ErrorsResponse = component(
  'Errors',
  Type.Object({
    errors: Type.Array(
      Type.Object({
        code: Type.String({ pattern: '^[0-9]+$' }),
        title: Type.String(),
        detail: Type.String(),
        source: Type.Optional(
          Type.Object({
            pointer: Type.Optional(Type.String({ description: 'JSON pointer (RFC 6901) into the body.' })),
            parameter: Type.Optional(Type.String({ description: 'The query parameter at fault.' })),
          }),
        ),
      }),
    ),
  }),
);

export const PublicKeyResponse = component(
  'PublicKeyResponse',
  Type.Object({
    data: Type.Object({
      public_key: Type.String({ description: 'The raw Ed25519 key that verifies webhooks, in Base64.' }),
    }),
  }),
);

export const StatusResponse = component(
  'StatusResponse',
  Type.Object({ status: Type.String(), version: Type.String() }),
);

export const CallParams = Type.Object({
  call_control_id: Type.String({ description: 'The `call_control_id` of the events of the call.' }),
});

/** What routes refer to, published under `components`. */
export const components: readonly TSchema[] = [
  CustomSipHeader,
  SipHeader,
  AnswerRequest,
  RejectRequest,
  HangupRequest,
  ReferRequest,
  ReferDecisionRequest,
  DialRequest,
  BridgeRequest,
  TransferRequest,
  ReferStep,
  EnqueueRequest,
  LeaveQueueRequest,
  ClientStateUpdateRequest,
  SendSipInfoRequest,
  SendDtmfRequest,
  CommandResponse,
  DialResponse,
  CallStatusResponse,
  CallLadderResponse,
  ErrorsResponse,
  PublicKeyResponse,
  StatusResponse,
];
