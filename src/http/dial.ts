// The route that makes calls: POST /v2/calls. Leaves out what the body means (call/reading-dial.ts).
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Static } from 'typebox';
import type { CallControl, DialBody, Dialled } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import type { Refusal } from '../errors.ts';
import { commandId, refuse } from './answers.ts';
import { wantsMedia } from './media-fields.ts';
import { responses } from './openapi.ts';
import * as schemas from './schemas.ts';
import { knownFields } from './validation.ts';
import { type FaultOfUrl, forbiddenUrls } from './webhook-schemas.ts';

/** Why no call may be made now, and after how many seconds it may be asked again. */
export type DialObstacle = Refusal & { readonly retryAfterS: number };

/** `obstacle` is asked once for each request to dial that is not the copy of one that was carried out. */
export function dialRoute(
  app: FastifyInstance,
  calls: CallControl,
  obstacle: () => DialObstacle | null,
  faultOfUrl: FaultOfUrl,
): void {
  const fields = Object.keys(schemas.DialRequest.properties);
  app.post<{ Body: unknown }>('/v2/calls', {
    schema: {
      operationId: 'DialCall',
      summary: 'Dial',
      description:
        'Makes a call to a number or a SIP URI, or to several at once. Events: `call.initiated`, then `call.answered` or `call.hangup`.',
      tags: ['Commands'],
      body: { $ref: `${schemas.DialRequest.$id}#` },
      response: responses(schemas.DialResponse, 400, 401, 403, 413, 415, 422, 429, 500, 503),
    },
    // A dial sent again is answered as before: so before validation.
    preValidation: async (request, reply) => {
      const known = knownFields(request.body ?? {}, fields, schemas.maxEntries);
      request.body = known;
      const id = commandId(known);
      const before = id === null ? null : await calls.dialled(id);
      if (before !== null) return answer(reply, before);
      const { retryAfterS, ...refusal } = obstacle() ?? { retryAfterS: 0 };
      return 'name' in refusal ? refuse(reply.header('retry-after', retryAfterS), [refusal]) : undefined;
    },
    handler: async (request, reply) => {
      const body = request.body as DialBody;
      const [first, ...others] = [...wantsMedia(body), ...forbiddenUrls(body, faultOfUrl)];
      return first ? refuse(reply, [first, ...others]) : answer(reply, await calls.dial(body));
    },
  });
}

function answer(reply: FastifyReply, dialled: Dialled): FastifyReply {
  if ('refusals' in dialled) {
    const [first = { name: 'unavailable' }, ...others] = dialled.refusals;
    return refuse(reply, [first as Refusal, ...others]);
  }
  const [view] = dialled.calls;
  if (view === undefined) return refuse(reply, [{ name: 'not-found' }]);
  const body: Static<typeof schemas.DialResponse> = {
    data: {
      record_type: 'call',
      call_control_id: view.callControlId,
      call_leg_id: view.callLegId,
      call_session_id: view.callSessionId,
      is_alive: false,
      client_state: view.clientState,
      start_time: isoStamp(view.startedAt),
    },
  };
  return reply.send(body);
}
