// What the Telnyx API has and this server lacks, as a table: operations that are always refused, with the reason. They have
// routes so that the official client learns what is missing, and not that a URL is wrong. None looks at its body.
import type { FastifyInstance } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { CallControl } from '../call/commands.ts';
import type { Refusal } from '../errors.ts';
import { refuse } from './answers.ts';
import { refusing } from './openapi.ts';
import { CallParams } from './schemas.ts';

/** What is lacking: the name of the refusal, and the words that say so. */
const reasons = {
  'needs-media': 'needs a media engine',
  'vendor-service': 'is a service that Telnyx runs',
} as const satisfies Partial<Record<Refusal['name'], string>>;

interface Lack {
  /** What cannot be had: the subject of the sentence that refuses. */
  readonly what: string;
  readonly reason: keyof typeof reasons;
  /** Method and path by the operationId of the Telnyx API. */
  readonly operations: Readonly<Record<string, string>>;
}

const action = (name: string): string => `POST /v2/calls/:call_control_id/actions/${name}`;
const conference = (name: string): string => `POST /v2/conferences/:id/actions/${name}`;

export const lacking: readonly Lack[] = [
  {
    what: 'Playing sound',
    reason: 'needs-media',
    operations: { StartCallPlayback: action('playback_start'), StopCallPlayback: action('playback_stop') },
  },
  { what: 'Speaking a text', reason: 'needs-media', operations: { SpeakCall: action('speak') } },
  {
    what: 'Gathering digits',
    reason: 'needs-media',
    operations: {
      GatherCall: action('gather'),
      GatherUsingAudio: action('gather_using_audio'),
      GatherUsingSpeak: action('gather_using_speak'),
      StopCallGather: action('gather_stop'),
    },
  },
  {
    what: 'Recording',
    reason: 'needs-media',
    operations: {
      StartCallRecord: action('record_start'),
      StopCallRecording: action('record_stop'),
      PauseCallRecording: action('record_pause'),
      ResumeCallRecording: action('record_resume'),
      GetRecordings: 'GET /v2/recordings',
      GetRecording: 'GET /v2/recordings/:recording_id',
      DeleteRecording: 'DELETE /v2/recordings/:recording_id',
      DeleteRecordings: 'POST /v2/recordings/actions/delete',
    },
  },
  {
    what: 'Streaming sound to a WebSocket',
    reason: 'needs-media',
    operations: { StartCallStreaming: action('streaming_start'), StopCallStreaming: action('streaming_stop') },
  },
  {
    what: 'Forking sound',
    reason: 'needs-media',
    operations: { StartCallFork: action('fork_start'), StopCallFork: action('fork_stop') },
  },
  {
    what: 'Recording by SIPREC',
    reason: 'needs-media',
    operations: {
      StartSiprecSession: action('siprec_start'),
      StopSiprecSession: action('siprec_stop'),
      createSiprecConnector: 'POST /v2/siprec_connectors',
      getSiprecConnector: 'GET /v2/siprec_connectors/:connector_name',
      updateSiprecConnector: 'PUT /v2/siprec_connectors/:connector_name',
      deleteSiprecConnector: 'DELETE /v2/siprec_connectors/:connector_name',
    },
  },
  {
    what: 'Suppressing noise',
    reason: 'needs-media',
    operations: {
      noiseSuppressionStart: action('suppression_start'),
      noiseSuppressionStop: action('suppression_stop'),
    },
  },
  {
    what: 'Transcribing speech',
    reason: 'needs-media',
    operations: {
      StartCallTranscription: action('transcription_start'),
      StopCallTranscription: action('transcription_stop'),
      getRecordingTranscriptions: 'GET /v2/recording_transcriptions',
      getRecordingTranscription: 'GET /v2/recording_transcriptions/:recording_transcription_id',
      deleteRecordingTranscription: 'DELETE /v2/recording_transcriptions/:recording_transcription_id',
    },
  },
  {
    what: 'Listening in on two others',
    reason: 'needs-media',
    operations: { SwitchSupervisorRole: action('switch_supervisor_role') },
  },
  {
    what: 'A conference',
    reason: 'needs-media',
    operations: {
      ListConferences: 'GET /v2/conferences',
      CreateConference: 'POST /v2/conferences',
      RetrieveConference: 'GET /v2/conferences/:id',
      ListConferenceParticipants: 'GET /v2/conferences/:id/participants',
      RetrieveConferenceParticipant: 'GET /v2/conferences/:id/participants/:participant_id',
      UpdateConferenceParticipant: 'PATCH /v2/conferences/:id/participants/:participant_id',
      JoinConference: conference('join'),
      LeaveConference: conference('leave'),
      UpdateConference: conference('update'),
      EndConference: conference('end'),
      HoldConferenceParticipants: conference('hold'),
      UnholdConferenceParticipants: conference('unhold'),
      MuteConferenceParticipants: conference('mute'),
      UnmuteConferenceParticipants: conference('unmute'),
      PlayConferenceAudio: conference('play'),
      StopConferenceAudio: conference('stop'),
      SpeakTextToConference: conference('speak'),
      ConferenceGatherUsingAudio: conference('gather_using_audio'),
      ConferenceSendDTMF: conference('send_dtmf'),
      StartConferenceRecording: conference('record_start'),
      StopConferenceRecording: conference('record_stop'),
      PauseConferenceRecording: conference('record_pause'),
      ResumeConferenceRecording: conference('record_resume'),
    },
  },
  {
    what: 'An AI assistant',
    reason: 'vendor-service',
    operations: {
      CallStartAIAssistant: action('ai_assistant_start'),
      CallStopAIAssistant: action('ai_assistant_stop'),
      CallJoinAIAssistant: action('ai_assistant_join'),
      CallAddMessagesToAIAssistant: action('ai_assistant_add_messages'),
    },
  },
  {
    what: 'Gathering by a language model',
    reason: 'vendor-service',
    operations: { callGatherUsingAI: action('gather_using_ai') },
  },
  {
    what: 'Relaying a conversation as text',
    reason: 'vendor-service',
    operations: {
      CallStartConversationRelay: action('conversation_relay_start'),
      CallStopConversationRelay: action('conversation_relay_stop'),
    },
  },
  { what: 'Taking a payment', reason: 'vendor-service', operations: { PayCall: action('pay') } },
];

export function lackingRoutes(app: FastifyInstance, calls: CallControl): void {
  for (const { what, reason, operations } of lacking) {
    const sentence = `${what} ${reasons[reason]}`;
    const refusal: Refusal = { name: reason, detail: `${sentence}, which this server does not have.` };
    for (const [operationId, line] of Object.entries(operations)) {
      refusedRoute(app, calls, line, { operationId, summary: `Refused: ${uncapitalised(sentence)}` }, refusal);
    }
  }
}

interface Words {
  readonly operationId: string;
  readonly summary: string;
}

function refusedRoute(app: FastifyInstance, calls: CallControl, line: string, words: Words, refusal: Refusal): void {
  const [method = '', url = ''] = line.split(' ');
  app.route<{ Params: { call_control_id?: string } }>({
    method,
    url,
    schema: {
      ...words,
      description: refusal.detail,
      tags: ['Refused'],
      ...(url.includes(':') && { params: paramsOf(url) }),
      response: refusing([400, 401, 413, 415, 422, 500]),
      'x-switchhook-refused': refusal.name,
    } as object,
    handler: async (request, reply) => {
      const { call_control_id: id } = request.params;
      return refuse(reply, [(id === undefined ? null : await notACall(calls, id)) ?? refusal]);
    },
  });
}

/** Which call a command is for comes before what it asks, as with every other command. */
async function notACall(calls: CallControl, id: string): Promise<Refusal | null> {
  const view = await calls.view(id);
  if (view === null) return { name: 'invalid-call-control-id', pointer: '/call_control_id' };
  return view.isAlive ? null : { name: 'call-ended' };
}

function paramsOf(url: string): TSchema {
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  if (names.includes('call_control_id')) return CallParams;
  return Type.Object(Object.fromEntries(names.map((name) => [name, Type.String()])));
}

const uncapitalised = (sentence: string): string => sentence.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());
