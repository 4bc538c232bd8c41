// What a body may ask of the sound or of Telnyx, and this server cannot give: such a field is refused by its name, unless
// what it says is that it is off. None is passed over in silence.
import { Type } from 'typebox';
import type { Refusal } from '../errors.ts';

/** By field: the values that say that it is off. */
export const mediaFields = {
  record: [],
  record_channels: [],
  record_custom_file_name: [],
  record_format: [],
  record_max_length: [],
  record_timeout_secs: [],
  record_track: [],
  record_trim: [],
  stream_url: [],
  stream_track: [],
  stream_codec: [],
  stream_auth_token: [],
  stream_bidirectional_codec: [],
  stream_bidirectional_mode: [],
  stream_bidirectional_sampling_rate: [],
  stream_bidirectional_target_legs: [],
  stream_establish_before_call_originate: [false],
  transcription: [false],
  transcription_config: [],
  answering_machine_detection: ['disabled'],
  answering_machine_detection_config: [],
  audio_url: [],
  media_name: [],
  send_digits_on_answer: [''],
  conference_config: [],
  supervise_call_control_id: [],
  supervisor_role: [],
  media_encryption: ['disabled'],
  sound_modifications: [],
  enable_dialogflow: [false],
  dialogflow_config: [],
  deepfake_detection: [],
  assistant: [],
  conversation_relay_config: [],
  /** What the callee says before it answers is not passed on. */
  early_media: [false],
  play_ringtone: [false],
  ringtone: [],
  video_room_id: [],
  video_room_context: [],
  sip_region: ['US'],
  route_to_mobile: [false],
} as const satisfies Record<string, readonly unknown[]>;

export type MediaField = keyof typeof mediaFields;

/** Those that Telnyx's own network would carry out. */
const ofVendor: ReadonlySet<string> = new Set<MediaField>(['sip_region', 'route_to_mobile']);

export const recordFields = [
  ...(['record', 'record_channels', 'record_custom_file_name', 'record_format'] as const),
  ...(['record_max_length', 'record_timeout_secs', 'record_track', 'record_trim'] as const),
] as const;

export const streamFields = [
  ...(['stream_url', 'stream_track', 'stream_codec', 'stream_bidirectional_codec'] as const),
  ...(['stream_bidirectional_mode', 'stream_bidirectional_target_legs'] as const),
] as const;

/** What a dial and a transfer may both ask. */
export const callOutFields = [
  ...recordFields,
  ...(['answering_machine_detection', 'answering_machine_detection_config', 'audio_url', 'media_name'] as const),
  ...(['send_digits_on_answer', 'media_encryption', 'sound_modifications', 'sip_region', 'route_to_mobile'] as const),
] as const;

/** Fields of a body that are refused so. */
export function ofMedia<const F extends MediaField>(...names: readonly F[]) {
  const fields = Object.fromEntries(names.map((name) => [name, fieldOf(name)]));
  return fields as unknown as { readonly [Name in F]: ReturnType<typeof fieldOf> };
}

function fieldOf(name: MediaField) {
  const why = ofVendor.has(name) ? 'Is for the network of Telnyx' : 'Needs a media engine';
  return Type.Optional(Type.Unknown({ description: `${why}: refused, unless it says that it is off.` }));
}

/** The fields that ask for what cannot be had, and do not say that it is off. */
export function wantsMedia(body: object, path = ''): Refusal[] {
  const wanted = Object.entries(body).filter(([field, value]) => offOf(field)?.includes(value) === false);
  const { on_failure: steps = [] } = body as { on_failure?: readonly { readonly transfer?: object }[] };
  return [
    ...wanted.map(
      ([field]): Refusal => ({
        name: ofVendor.has(field) ? 'vendor-service' : 'needs-media',
        pointer: `${path}/${field}`,
      }),
    ),
    ...steps.flatMap(({ transfer = {} }, index) => wantsMedia(transfer, `${path}/on_failure/${index}/transfer`)),
  ];
}

const offOf = (field: string): readonly unknown[] | undefined =>
  (mediaFields as Readonly<Record<string, readonly unknown[]>>)[field];
