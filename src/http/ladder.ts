// GET /v2/calls/{call_control_id}/ladder: what a call said, as JSON or drawn as text. Additive: the Telnyx API has no such
// resource. Leaves out what is kept, and what of it is shown (call/ladders.ts, call/ladder-view.ts).
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { CallControl } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import type { LadderView } from '../call/ladder-view.ts';
import type { Ladders } from '../call/ladders.ts';
import { refuse } from './answers.ts';
import { orText, responses } from './openapi.ts';
import { CallLadderResponse, CallParams } from './schemas.ts';

const LadderQuery = Type.Object({
  format: Type.Optional(
    Type.Enum(['json', 'text'], { type: 'string', description: 'What comes, whatever Accept says.' }),
  ),
});

interface LadderRoute {
  Params: Static<typeof CallParams>;
  Querystring: Static<typeof LadderQuery>;
}

const additive = { 'x-switchhook-additive': true };
const off = 'Nothing of the calls is kept: SWITCHHOOK_LADDER_MESSAGES is 0.';

export function ladderRoute(app: FastifyInstance, calls: CallControl, ladders: Pick<Ladders, 'read'> | null): void {
  app.get<LadderRoute>('/v2/calls/:call_control_id/ladder', {
    schema: {
      operationId: 'RetrieveCallLadder',
      summary: 'Retrieve what a call said',
      description:
        'The SIP messages, commands and webhooks of a call that is alive, or that ended not longer than ten minutes ago, without secrets. With `Accept: text/plain` or `format=text` they come drawn. Kept in memory: a restart begins anew.',
      tags: ['Calls'],
      params: CallParams,
      querystring: LadderQuery,
      response: orText(responses(CallLadderResponse, 401, 404, 422, 500)),
      ...additive,
    },
    handler: async (request, reply) => {
      const view = await calls.view(request.params.call_control_id);
      if (!view) return refuse(reply, [{ name: 'not-found' }]);
      if (!ladders) return refuse(reply, [{ name: 'not-found', detail: off }]);
      const ladder = ladders.read(view);
      reply.header('vary', 'accept');
      const { format = prefersText(request.headers.accept ?? '') ? 'text' : 'json' } = request.query;
      if (format === 'json') return reply.send(callLadder(view.callControlId, ladder));
      return reply
        .header('content-type', 'text/plain; charset=utf-8')
        .header('x-content-type-options', 'nosniff')
        .send(ladder.text);
    },
  });
}

/** Whether text is wanted more than JSON (RFC 9110 §12.5.1). */
export function prefersText(accept: string): boolean {
  return quality(accept, 'text', 'plain') > quality(accept, 'application', 'json');
}

/** The weight of the most specific range that fits; 0 where none does. */
function quality(accept: string, type: string, subtype: string): number {
  const ranges = accept
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()));
  for (const wanted of [`${type}/${subtype}`, `${type}/*`, '*/*']) {
    const range = ranges.find(([name]) => name === wanted);
    if (range) return Number(range.find((part) => part.startsWith('q='))?.slice(2) ?? 1);
  }
  return 0;
}

function callLadder(id: string, { since, truncated, entries, text }: LadderView): Static<typeof CallLadderResponse> {
  return {
    data: {
      record_type: 'call_ladder',
      call_control_id: id,
      since: isoStamp(since),
      truncated,
      entries: entries.map(({ at, text: message, ...entry }) => ({
        at: isoStamp(at),
        ...entry,
        ...(message !== null && { text: message }),
      })),
      text,
    },
  };
}
