// The routes of a call: its commands and its status. A command is one row of the table: the rest is the same for all.
// Leaves out what a command does (call/commands.ts).
import type { FastifyInstance } from 'fastify';
import type { Static, TProperties } from 'typebox';
import type { ActionName, Bodies, CallControl, CallView } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import type { Ladders } from '../call/ladders.ts';
import { catalogue, type Refusal, statusOf } from '../errors.ts';
import { accept, commandId, refuse } from './answers.ts';
import { wantsMedia } from './media-fields.ts';
import { responses } from './openapi.ts';
import * as schemas from './schemas.ts';
import { knownFields } from './validation.ts';
import { type FaultOfUrl, forbiddenUrls } from './webhook-schemas.ts';

interface Command {
  readonly method: 'POST' | 'PUT';
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly body: { readonly $id: string; readonly properties: TProperties };
}

export const commands = {
  answer: {
    method: 'POST',
    operationId: 'AnswerCall',
    summary: 'Answer a call',
    description: 'Answers a ringing inbound call. Event: `call.answered`, once the caller has acknowledged.',
    body: schemas.AnswerRequest,
  },
  reject: {
    method: 'POST',
    operationId: 'RejectCall',
    summary: 'Reject a call',
    description: 'Rejects a ringing inbound call. Event: `call.hangup`.',
    body: schemas.RejectRequest,
  },
  hangup: {
    method: 'POST',
    operationId: 'HangupCall',
    summary: 'Hang up a call',
    description: 'Ends a call. Event: `call.hangup`.',
    body: schemas.HangupRequest,
  },
  refer: {
    method: 'POST',
    operationId: 'ReferCall',
    summary: 'Refer a call',
    description:
      'Sends a SIP REFER to the peer of a live call. Events: `call.refer.started` once the peer accepts, and exactly one of `call.refer.completed` and `call.refer.failed`.',
    body: schemas.ReferRequest,
  },
  refer_accept: {
    method: 'POST',
    operationId: 'AcceptRefer',
    summary: 'Follow a REFER of the peer',
    description:
      'Additive. Answers `call.refer.received`: the target is dialled and joined to whom the peer hears, and the peer is told how that goes.',
    body: schemas.ReferDecisionRequest,
  },
  refer_reject: {
    method: 'POST',
    operationId: 'RejectRefer',
    summary: 'Refuse a REFER of the peer',
    description: 'Additive. Answers `call.refer.received`: the peer is told 603, and the call goes on.',
    body: schemas.ReferDecisionRequest,
  },
  bridge: {
    method: 'POST',
    operationId: 'BridgeCall',
    summary: 'Bridge two calls',
    description:
      'Joins two answered calls: their peers hear each other. The other one is named, or is the next one in a queue. Event: `call.bridged`, of both, or `call.bridge.failed`, of the call that was told to.',
    body: schemas.BridgeRequest,
  },
  transfer: {
    method: 'POST',
    operationId: 'TransferCall',
    summary: 'Transfer a call',
    description:
      'Dials another call and joins the two when that is answered; a call that still rings is answered then. Events of the new call: `call.initiated`, then `call.answered` and `call.bridged`, or `call.hangup`: then this one goes on as it is.',
    body: schemas.TransferRequest,
  },
  enqueue: {
    method: 'POST',
    operationId: 'EnqueueCall',
    summary: 'Enqueue a call',
    description:
      'Lets an answered call wait in a queue. Events: `call.enqueued`, and `call.dequeued` when it leaves: by `leave_queue`, for a bridge, after `max_wait_time_secs`, or because it ends.',
    body: schemas.EnqueueRequest,
  },
  leave_queue: {
    method: 'POST',
    operationId: 'LeaveQueue',
    summary: 'Take a call out of its queue',
    description: 'Takes a call out of the queue it waits in. Event: `call.dequeued`.',
    body: schemas.LeaveQueueRequest,
  },
  client_state_update: {
    method: 'PUT',
    operationId: 'UpdateClientState',
    summary: 'Update the client state of a call',
    description: 'Replaces the state that comes back in every later event of the call.',
    body: schemas.ClientStateUpdateRequest,
  },
  send_sip_info: {
    method: 'POST',
    operationId: 'SendSIPInfo',
    summary: 'Send a SIP INFO',
    description: 'Sends a SIP INFO with a body to the peer of an answered call.',
    body: schemas.SendSipInfoRequest,
  },
  send_dtmf: {
    method: 'POST',
    operationId: 'SendDTMF',
    summary: 'Send DTMF',
    description:
      'Sends digits to the peer of an answered call, one after the other, by SIP INFO: refused where `dtmf_type` of the application is another, which needs a media engine. No event.',
    body: schemas.SendDtmfRequest,
  },
} as const satisfies Record<ActionName, Command>;

interface CallRoute {
  Params: Static<typeof schemas.CallParams>;
  Body: unknown;
}

/** Where what was asked of a call is noted down; null where nothing is. */
type Notes = Pick<Ladders, 'asked'> | null;

export function callRoutes(app: FastifyInstance, calls: CallControl, notes: Notes, faultOfUrl: FaultOfUrl): void {
  for (const action of Object.keys(commands) as ActionName[]) commandRoute(app, calls, notes, faultOfUrl, action);
  app.get<CallRoute>('/v2/calls/:call_control_id', {
    schema: {
      operationId: 'RetrieveCallStatus',
      summary: 'Retrieve a call',
      description: 'The status of a call that is alive, or that ended not longer than ten minutes ago.',
      tags: ['Calls'],
      params: schemas.CallParams,
      response: responses(schemas.CallStatusResponse, 401, 404, 500),
    },
    handler: async (request, reply) => {
      const view = await calls.view(request.params.call_control_id);
      return view ? reply.send(callStatus(view)) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
}

function commandRoute(
  app: FastifyInstance,
  calls: CallControl,
  notes: Notes,
  faultOfUrl: FaultOfUrl,
  action: ActionName,
): void {
  const { method, body, ...words } = commands[action];
  const fields = Object.keys(body.properties);
  app.route<CallRoute>({
    method,
    url: `/v2/calls/:call_control_id/actions/${action}`,
    schema: {
      ...words,
      tags: ['Commands'],
      params: schemas.CallParams,
      body: { $ref: `${body.$id}#` },
      response: responses(schemas.CommandResponse, 400, 401, 403, 413, 415, 422, 429, 500, 503),
    },
    // A command sent again is answered as before, whatever became of the call: so before validation and state.
    preValidation: async (request, reply) => {
      const known = knownFields(request.body ?? {}, fields, schemas.maxEntries);
      request.body = known;
      const id = commandId(known);
      if (id !== null && (await calls.accepted(request.params.call_control_id, id))) return accept(reply);
      return undefined;
    },
    handler: async (request, reply) => {
      const command = request.body as Bodies[ActionName];
      const { call_control_id: id } = request.params;
      const asked = notes?.asked(id, `${method} ${action}`, request.ip);
      const faults = [...wantsMedia(command), ...forbiddenUrls(command, faultOfUrl)];
      const refusals = faults.length > 0 ? faults : await calls.execute(id, action, command);
      if (asked) asked.answer = inAWord(refusals);
      const [first, ...others] = refusals;
      return first ? refuse(reply, [first, ...others]) : accept(reply);
    },
  });
}

/** `200`, or the status and codes of what refused it. */
function inAWord([first, ...others]: readonly Refusal[]): string {
  if (first === undefined) return '200';
  const codes = [first, ...others].map(({ name }) => catalogue[name].code);
  return `${statusOf([first, ...others])} ${codes.join(', ')}`;
}

/** A call as the API shows it. */
function callStatus(view: CallView): Static<typeof schemas.CallStatusResponse> {
  return {
    data: {
      record_type: 'call',
      call_control_id: view.callControlId,
      call_leg_id: view.callLegId,
      call_session_id: view.callSessionId,
      is_alive: view.isAlive,
      call_duration: view.durationSecs,
      client_state: view.clientState,
      start_time: isoStamp(view.startedAt),
      ...(view.endedAt !== null && { end_time: isoStamp(view.endedAt) }),
    },
  };
}
