// The endpoints of the Telnyx Call Control API v2, by the names of the official client's methods. A test compares them with
// the client that is installed. Leaves out what Switchhook makes of them, which its routes say, but for families that it
// will not have.

interface Section {
  readonly title: string;
  /** Why none of these will be here. */
  readonly outOfScope?: string;
  /** Method and path below /v2 by the client's method. */
  readonly endpoints: Readonly<Record<string, string>>;
}

export const sections: readonly Section[] = [
  {
    title: 'Calls',
    endpoints: {
      'calls.dial': 'POST /calls',
      'calls.retrieveStatus': 'GET /calls/{call_control_id}',
    },
  },
  {
    title: 'Call commands',
    endpoints: {
      'calls.actions.startAIAssistant': 'POST /calls/{call_control_id}/actions/ai_assistant_start',
      'calls.actions.stopAIAssistant': 'POST /calls/{call_control_id}/actions/ai_assistant_stop',
      'calls.actions.answer': 'POST /calls/{call_control_id}/actions/answer',
      'calls.actions.bridge': 'POST /calls/{call_control_id}/actions/bridge',
      'calls.actions.updateClientState': 'PUT /calls/{call_control_id}/actions/client_state_update',
      'calls.actions.enqueue': 'POST /calls/{call_control_id}/actions/enqueue',
      'calls.actions.startForking': 'POST /calls/{call_control_id}/actions/fork_start',
      'calls.actions.stopForking': 'POST /calls/{call_control_id}/actions/fork_stop',
      'calls.actions.gather': 'POST /calls/{call_control_id}/actions/gather',
      'calls.actions.stopGather': 'POST /calls/{call_control_id}/actions/gather_stop',
      'calls.actions.gatherUsingAI': 'POST /calls/{call_control_id}/actions/gather_using_ai',
      'calls.actions.gatherUsingAudio': 'POST /calls/{call_control_id}/actions/gather_using_audio',
      'calls.actions.gatherUsingSpeak': 'POST /calls/{call_control_id}/actions/gather_using_speak',
      'calls.actions.hangup': 'POST /calls/{call_control_id}/actions/hangup',
      'calls.actions.leaveQueue': 'POST /calls/{call_control_id}/actions/leave_queue',
      'calls.actions.startPlayback': 'POST /calls/{call_control_id}/actions/playback_start',
      'calls.actions.stopPlayback': 'POST /calls/{call_control_id}/actions/playback_stop',
      'calls.actions.pauseRecording': 'POST /calls/{call_control_id}/actions/record_pause',
      'calls.actions.resumeRecording': 'POST /calls/{call_control_id}/actions/record_resume',
      'calls.actions.startRecording': 'POST /calls/{call_control_id}/actions/record_start',
      'calls.actions.stopRecording': 'POST /calls/{call_control_id}/actions/record_stop',
      'calls.actions.refer': 'POST /calls/{call_control_id}/actions/refer',
      'calls.actions.reject': 'POST /calls/{call_control_id}/actions/reject',
      'calls.actions.sendDtmf': 'POST /calls/{call_control_id}/actions/send_dtmf',
      'calls.actions.sendSipInfo': 'POST /calls/{call_control_id}/actions/send_sip_info',
      'calls.actions.startSiprec': 'POST /calls/{call_control_id}/actions/siprec_start',
      'calls.actions.stopSiprec': 'POST /calls/{call_control_id}/actions/siprec_stop',
      'calls.actions.speak': 'POST /calls/{call_control_id}/actions/speak',
      'calls.actions.startStreaming': 'POST /calls/{call_control_id}/actions/streaming_start',
      'calls.actions.stopStreaming': 'POST /calls/{call_control_id}/actions/streaming_stop',
      'calls.actions.startNoiseSuppression': 'POST /calls/{call_control_id}/actions/suppression_start',
      'calls.actions.stopNoiseSuppression': 'POST /calls/{call_control_id}/actions/suppression_stop',
      'calls.actions.switchSupervisorRole': 'POST /calls/{call_control_id}/actions/switch_supervisor_role',
      'calls.actions.startTranscription': 'POST /calls/{call_control_id}/actions/transcription_start',
      'calls.actions.stopTranscription': 'POST /calls/{call_control_id}/actions/transcription_stop',
      'calls.actions.transfer': 'POST /calls/{call_control_id}/actions/transfer',
      'calls.actions.addAIAssistantMessages': 'POST /calls/{call_control_id}/actions/ai_assistant_add_messages',
      'calls.actions.joinAIAssistant': 'POST /calls/{call_control_id}/actions/ai_assistant_join',
      'calls.actions.startConversationRelay': 'POST /calls/{call_control_id}/actions/conversation_relay_start',
      'calls.actions.stopConversationRelay': 'POST /calls/{call_control_id}/actions/conversation_relay_stop',
      'calls.actions.pay': 'POST /calls/{call_control_id}/actions/pay',
    },
  },
  {
    title: 'Call Control applications',
    endpoints: {
      'callControlApplications.list': 'GET /call_control_applications',
      'callControlApplications.create': 'POST /call_control_applications',
      'callControlApplications.delete': 'DELETE /call_control_applications/{id}',
      'callControlApplications.retrieve': 'GET /call_control_applications/{id}',
      'callControlApplications.update': 'PATCH /call_control_applications/{id}',
    },
  },
  {
    title: 'Connections',
    endpoints: {
      'connections.list': 'GET /connections',
      'connections.listActiveCalls': 'GET /connections/{connection_id}/active_calls',
      'connections.retrieve': 'GET /connections/{id}',
      'connections.retrieveCount': 'GET /connections/count',
    },
  },
  {
    title: 'Queues',
    endpoints: {
      'queues.retrieve': 'GET /queues/{queue_name}',
      'queues.list': 'GET /queues',
      'queues.create': 'POST /queues',
      'queues.delete': 'DELETE /queues/{queue_name}',
      'queues.update': 'POST /queues/{queue_name}',
      'queues.calls.list': 'GET /queues/{queue_name}/calls',
      'queues.calls.retrieve': 'GET /queues/{queue_name}/calls/{call_control_id}',
      'queues.calls.remove': 'DELETE /queues/{queue_name}/calls/{call_control_id}',
      'queues.calls.update': 'PATCH /queues/{queue_name}/calls/{call_control_id}',
    },
  },
  {
    title: 'Events and webhooks',
    endpoints: {
      'callEvents.list': 'GET /call_events',
      'webhookDeliveries.list': 'GET /webhook_deliveries',
      'webhookDeliveries.retrieve': 'GET /webhook_deliveries/{id}',
    },
  },
  {
    title: 'Conferences',
    endpoints: {
      'conferences.list': 'GET /conferences',
      'conferences.create': 'POST /conferences',
      'conferences.listParticipants': 'GET /conferences/{conference_id}/participants',
      'conferences.retrieve': 'GET /conferences/{id}',
      'conferences.retrieveParticipant': 'GET /conferences/{id}/participants/{participant_id}',
      'conferences.updateParticipant': 'PATCH /conferences/{id}/participants/{participant_id}',
      'conferences.actions.hold': 'POST /conferences/{id}/actions/hold',
      'conferences.actions.join': 'POST /conferences/{id}/actions/join',
      'conferences.actions.leave': 'POST /conferences/{id}/actions/leave',
      'conferences.actions.mute': 'POST /conferences/{id}/actions/mute',
      'conferences.actions.play': 'POST /conferences/{id}/actions/play',
      'conferences.actions.recordPause': 'POST /conferences/{id}/actions/record_pause',
      'conferences.actions.recordResume': 'POST /conferences/{id}/actions/record_resume',
      'conferences.actions.recordStart': 'POST /conferences/{id}/actions/record_start',
      'conferences.actions.recordStop': 'POST /conferences/{id}/actions/record_stop',
      'conferences.actions.speak': 'POST /conferences/{id}/actions/speak',
      'conferences.actions.stop': 'POST /conferences/{id}/actions/stop',
      'conferences.actions.unhold': 'POST /conferences/{id}/actions/unhold',
      'conferences.actions.unmute': 'POST /conferences/{id}/actions/unmute',
      'conferences.actions.update': 'POST /conferences/{id}/actions/update',
      'conferences.actions.endConference': 'POST /conferences/{id}/actions/end',
      'conferences.actions.gatherDtmfAudio': 'POST /conferences/{id}/actions/gather_using_audio',
      'conferences.actions.sendDtmf': 'POST /conferences/{id}/actions/send_dtmf',
    },
  },
  {
    title: 'Recordings',
    endpoints: {
      'recordings.list': 'GET /recordings',
      'recordings.delete': 'DELETE /recordings/{recording_id}',
      'recordings.retrieve': 'GET /recordings/{recording_id}',
      'recordings.actions.delete': 'POST /recordings/actions/delete',
      'recordingTranscriptions.list': 'GET /recording_transcriptions',
      'recordingTranscriptions.delete': 'DELETE /recording_transcriptions/{recording_transcription_id}',
      'recordingTranscriptions.retrieve': 'GET /recording_transcriptions/{recording_transcription_id}',
    },
  },
  {
    title: 'SIPREC connectors',
    endpoints: {
      'siprecConnectors.create': 'POST /siprec_connectors',
      'siprecConnectors.delete': 'DELETE /siprec_connectors/{connector_name}',
      'siprecConnectors.retrieve': 'GET /siprec_connectors/{connector_name}',
      'siprecConnectors.update': 'PUT /siprec_connectors/{connector_name}',
    },
  },
  {
    title: 'Sound files',
    outOfScope: 'The files that `media_name` plays. Nothing plays them without a media engine.',
    endpoints: {
      'media.list': 'GET /media',
      'media.upload': 'POST /media',
      'media.delete': 'DELETE /media/{media_name}',
      'media.retrieve': 'GET /media/{media_name}',
      'media.update': 'PUT /media/{media_name}',
      'media.download': 'GET /media/{media_name}/download',
    },
  },
  {
    title: 'Storage of recordings',
    outOfScope: 'Where Telnyx keeps recordings. There are none without a media engine.',
    endpoints: {
      'customStorageCredentials.delete': 'DELETE /custom_storage_credentials/{connection_id}',
      'customStorageCredentials.retrieve': 'GET /custom_storage_credentials/{connection_id}',
      'customStorageCredentials.create': 'POST /custom_storage_credentials/{connection_id}',
      'customStorageCredentials.update': 'PUT /custom_storage_credentials/{connection_id}',
    },
  },
  {
    title: 'Noise suppression engines',
    outOfScope: 'A list of the engines that Telnyx runs.',
    endpoints: {
      'noiseSuppressionEngines.list': 'GET /noise_suppression_engines',
    },
  },
  {
    title: 'Dialogflow connections',
    outOfScope: 'They connect calls that Telnyx carries to a service of Google.',
    endpoints: {
      'dialogflowConnections.delete': 'DELETE /dialogflow_connections/{connection_id}',
      'dialogflowConnections.retrieve': 'GET /dialogflow_connections/{connection_id}',
      'dialogflowConnections.create': 'POST /dialogflow_connections/{connection_id}',
      'dialogflowConnections.update': 'PUT /dialogflow_connections/{connection_id}',
    },
  },
  {
    title: 'Outbound voice profiles',
    outOfScope: 'What Telnyx charges and allows an account. Here the trunks of the settings say where calls go.',
    endpoints: {
      'outboundVoiceProfiles.list': 'GET /outbound_voice_profiles',
      'outboundVoiceProfiles.create': 'POST /outbound_voice_profiles',
      'outboundVoiceProfiles.delete': 'DELETE /outbound_voice_profiles/{id}',
      'outboundVoiceProfiles.retrieve': 'GET /outbound_voice_profiles/{id}',
      'outboundVoiceProfiles.update': 'PATCH /outbound_voice_profiles/{id}',
    },
  },
  {
    title: 'Call reasons',
    outOfScope: 'Phrases that Telnyx approves for branded calls.',
    endpoints: {
      'callReasons.list': 'GET /call_reasons',
      'callReasons.validate': 'POST /call_reasons/validate',
    },
  },
];
