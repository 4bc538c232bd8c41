// The route of what calls did and were told: accepted commands and events, with their schemas.
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { Applications } from '../call/applications.ts';
import { isoStamp } from '../call/events.ts';
import type { CallEventFilter, CallEventKey, CallEventRow, History } from '../store/store.ts';
import { responses } from './openapi.ts';
import { listOf, listQuery, type Order, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { component } from './schemas.ts';

export const CallEvent = component(
  'CallEvent',
  Type.Object({
    record_type: Type.Literal('call_event'),
    type: Type.Enum(['command', 'webhook'], { type: 'string' }),
    name: Type.String({ description: 'The action of a command, the `event_type` of a webhook.' }),
    call_leg_id: Type.String(),
    call_session_id: Type.String(),
    event_timestamp: Type.String({ format: 'date-time' }),
    metadata: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      description:
        'Of a command its `command_id` and, in `params`, what was asked, without secrets. Of a webhook the `event`, the `attempt` that was the last, where it was `delivered_to`, and its `status`: `init`, `in_progress`, `delivered` or `failed`.',
    }),
  }),
);
const CallEventList = listOf('CallEventList', CallEvent);

export const components: readonly TSchema[] = [CallEvent, CallEventList];

const types = ['command', 'webhook'] as const;
const statuses = ['init', 'in_progress', 'completed'] as const;
const products = ['call_control', 'fax', 'texml'] as const;
const bounds = ['eq', 'gt', 'gte', 'lt', 'lte'] as const;

const text = { type: 'string' };
const query = listQuery({
  'filter[leg_id]': text,
  'filter[application_session_id]': { ...text, description: 'A `call_session_id`.' },
  'filter[connection_id]': text,
  'filter[application_name][contains]': { ...text, minLength: 3, description: 'Whatever the case.' },
  'filter[outbound.outbound_voice_profile_id]': text,
  'filter[from]': text,
  'filter[to]': text,
  'filter[name]': { ...text, description: 'Such as `refer` or `call.hangup`.' },
  'filter[type]': { ...text, enum: types },
  'filter[status]': { ...text, enum: statuses, description: 'How far the delivery of a webhook is.' },
  'filter[failed]': { type: 'boolean', description: 'Whether the delivery of a webhook was given up.' },
  'filter[product]': { ...text, enum: products, description: 'There is no other than `call_control`.' },
  ...Object.fromEntries(bounds.map((bound) => [`filter[occurred_at][${bound}]`, { ...text, format: 'date-time' }])),
});

export function callEventRoutes(app: FastifyInstance, history: History, applications: Applications): void {
  app.get('/v2/call_events', {
    config: { query },
    schema: {
      operationId: 'ListCallEvents',
      summary: 'List what calls did and were told',
      description:
        'Accepted commands and events, the oldest first, of calls that live or ended not longer ago than `history_secs`. A search by leg or session is quick; any other goes through all that is kept.',
      tags: ['History'],
      response: responses(CallEventList, 401, 422, 500),
    },
    handler: async (request, reply) => {
      const asked = new Query(request.query);
      const filter = filterOf(asked, applications);
      const page = readPage(asked);
      asked.check();
      const found = filter === null ? [] : await history.findCallEvents(filter);
      const { data, meta } = pageOf(found, inTime, page, request.url);
      return reply.send({ data: (await history.callEvents(data)).map(shown), meta });
    },
  });
}

/** No two have the same place: rows are numbered by type. */
const inTime: Order<CallEventKey> = {
  key: ({ at, type, number }) => `${padded(at)} ${type} ${padded(number)}`,
};

const padded = (value: number): string => String(value).padStart(16, '0');

/** Null: nothing can be found. */
function filterOf(asked: Query, applications: Applications): CallEventFilter | null {
  const product = asked.oneOf('filter[product]', products);
  const filter = {
    type: asked.oneOf('filter[type]', types),
    name: asked.text('filter[name]'),
    legId: asked.text('filter[leg_id]'),
    sessionId: asked.text('filter[application_session_id]'),
    from: asked.text('filter[from]'),
    to: asked.text('filter[to]'),
    status: asked.oneOf('filter[status]', statuses),
    failed: asked.truth('filter[failed]'),
    at: asked.range('filter[occurred_at]', bounds),
    connectionIds: connectionsOf(asked, applications),
  };
  return product === null || product === 'call_control' ? filter : null;
}

/** What is asked of the application, as the ids of those that are so. */
function connectionsOf(asked: Query, applications: Applications): readonly string[] | null {
  const id = asked.text('filter[connection_id]');
  const name = asked.text('filter[application_name][contains]', 3)?.toLowerCase() ?? null;
  const profile = asked.text('filter[outbound.outbound_voice_profile_id]');
  if (name === null && profile === null) return id === null ? null : [id];
  return applications
    .views()
    .filter(({ body }) => name === null || body.application_name.toLowerCase().includes(name))
    .filter(({ body }) => profile === null || body.outbound.outbound_voice_profile_id === profile)
    .map((view) => view.id)
    .filter((each) => id === null || each === id);
}

function shown(row: CallEventRow): Static<typeof CallEvent> {
  return {
    record_type: 'call_event',
    type: row.type,
    name: row.name,
    call_leg_id: row.legId,
    call_session_id: row.sessionId,
    event_timestamp: isoStamp(row.at),
    metadata: row.type === 'command' ? asCommand(row) : asWebhook(row),
  };
}

function asCommand({ commandId, body }: CallEventRow): Record<string, unknown> {
  return { ...(commandId !== null && { command_id: commandId }), params: JSON.parse(body) };
}

function asWebhook({ status, attempts, lastAttempt, body }: CallEventRow): Record<string, unknown> {
  const progress = attempts === 0 ? 'init' : 'in_progress';
  return {
    status: status === 'due' ? progress : status,
    ...(attempts > 0 && { attempt: attempts }),
    ...(lastAttempt !== null && { delivered_to: lastAttempt.url }),
    event: JSON.parse(body),
  };
}
