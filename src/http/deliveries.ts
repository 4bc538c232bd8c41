// The routes of the deliveries of webhooks: each event that was tried, with its attempts; and how to have it tried once more.
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { isoStamp } from '../call/events.ts';
import type { AttemptRow, DeliveryRow, History } from '../store/store.ts';
import { refuse } from './answers.ts';
import { responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { additive, component, refTo } from './schemas.ts';

const status = () => Type.Enum(['delivered', 'failed'], { type: 'string' });
const stamp = (description: string) => Type.String({ format: 'date-time', description });
const headers = (description: string) => Type.Array(Type.Array(Type.String()), { description });

export const WebhookDeliveryAttempt = component(
  'WebhookDeliveryAttempt',
  Type.Object({
    status: status(),
    started_at: stamp('When the request was begun.'),
    finished_at: stamp('When its answer had come, or none would be waited for.'),
    errors: Type.Array(Type.Integer(), { description: 'Always empty: `error` has words.' }),
    error: Type.Union([Type.String(), Type.Null()], { description: 'Why there was no answer.', ...additive }),
    http: Type.Object({
      request: Type.Object({ url: Type.String(), headers: headers('Without the signature.') }),
      response: Type.Optional(
        Type.Object({
          status: Type.Integer(),
          headers: headers('At most 32, without the values of cookies and credentials.'),
          body: Type.String({ description: 'Its first kilobyte.' }),
        }),
      ),
    }),
  }),
);

export const WebhookDelivery = component(
  'WebhookDelivery',
  Type.Object({
    id: Type.String({ description: 'That of the event; of each further URL of an event one of its own.' }),
    record_type: Type.Literal('webhook_delivery'),
    status: status(),
    started_at: stamp('Of the first attempt.'),
    finished_at: stamp('Of the last attempt so far.'),
    next_attempt_at: Type.Union([stamp('When it is tried again.'), Type.Null()], {
      description: 'When it is tried again; null: never.',
      ...additive,
    }),
    webhook: Type.Unsafe<Record<string, unknown>>({ type: 'object', description: 'The event.' }),
    attempts: Type.Array(refTo(WebhookDeliveryAttempt), {
      description: 'Of more than ten the first and the last ones.',
    }),
  }),
);

const WebhookDeliveryResponse = component('WebhookDeliveryResponse', Type.Object({ data: refTo(WebhookDelivery) }));
const WebhookDeliveryList = listOf('WebhookDeliveryList', WebhookDelivery);

export const components: readonly TSchema[] = [
  WebhookDeliveryAttempt,
  WebhookDelivery,
  WebhookDeliveryResponse,
  WebhookDeliveryList,
];

const text = { type: 'string' };
const instant = { type: 'string', format: 'date-time' };
const statuses = ['delivered', 'failed'] as const;
const bounds = ['gte', 'lte'] as const;

const query = listQuery({
  'filter[status][eq]': { ...text, enum: statuses, description: '`failed`: not delivered so far, or given up.' },
  'filter[event_type]': { ...text, examples: ['call.hangup'] },
  'filter[webhook][contains]': { ...text, description: 'Text that the event contains, as JSON.' },
  'filter[attempts][contains]': { ...text, description: 'Text that an attempt contains: its URL, its answer.' },
  'filter[started_at][gte]': instant,
  'filter[started_at][lte]': instant,
  'filter[finished_at][gte]': instant,
  'filter[finished_at][lte]': instant,
});

/** Has an event tried once more that was tried before; false if there is none. */
export type Redeliver = (id: string) => Promise<boolean>;

export function deliveryRoutes(app: FastifyInstance, history: History, redeliver: Redeliver): void {
  app.get('/v2/webhook_deliveries', {
    config: { query },
    schema: {
      operationId: 'ListWebhookDeliveries',
      summary: 'List the deliveries of webhooks',
      description: 'Of each event that was tried at least once, the oldest event first.',
      tags: ['History'],
      response: responses(WebhookDeliveryList, 401, 422, 500),
    },
    handler: async (request, reply) => {
      const asked = new Query(request.query);
      const filter = {
        status: asked.oneOf('filter[status][eq]', statuses),
        eventType: asked.text('filter[event_type]'),
        eventContains: asked.text('filter[webhook][contains]'),
        attemptsContain: asked.text('filter[attempts][contains]'),
        startedAt: asked.range('filter[started_at]', bounds),
        finishedAt: asked.range('filter[finished_at]', bounds),
      };
      const page = readPage(asked);
      asked.check();
      const numbers = await history.findDeliveries(filter);
      const { data, meta } = pageOf(numbers, { key: (number) => String(number).padStart(16, '0') }, page, request.url);
      return reply.send({ data: (await history.deliveries(data)).map(shown), meta });
    },
  });
  app.get<{ Params: { id: string } }>('/v2/webhook_deliveries/:id', {
    schema: {
      operationId: 'RetrieveWebhookDelivery',
      summary: 'Retrieve the delivery of a webhook',
      tags: ['History'],
      params: Type.Object({ id: Type.String({ description: 'The id of the event.' }) }),
      response: responses(WebhookDeliveryResponse, 401, 404, 500),
    },
    handler: async (request, reply) => {
      const row = await history.delivery(request.params.id);
      return row ? reply.send({ data: shown(row) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  app.post<{ Params: { id: string } }>('/v2/webhook_deliveries/:id/redeliver', {
    schema: {
      operationId: 'RedeliverWebhook',
      summary: 'Deliver a webhook once more',
      description:
        'Additive. The event is tried at once as a new one is, with the same id, whatever became of it: it was delivered, failed, is too old, or waits. The attempts count on.',
      tags: ['History'],
      params: Type.Object({ id: Type.String({ description: 'That of the delivery.' }) }),
      response: responses(WebhookDeliveryResponse, 401, 404, 500),
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const row = (await redeliver(id)) ? await history.delivery(id) : null;
      return row ? reply.send({ data: shown(row) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
}

function shown({ id, status, dueAt, body, log }: DeliveryRow): Static<typeof WebhookDelivery> {
  return {
    id,
    record_type: 'webhook_delivery',
    status: status === 'delivered' ? 'delivered' : 'failed',
    started_at: isoStamp(log[0]?.startedAt ?? 0),
    finished_at: isoStamp(log.at(-1)?.finishedAt ?? 0),
    next_attempt_at: status === 'due' ? isoStamp(dueAt) : null,
    webhook: JSON.parse(body),
    attempts: log.map(attempt),
  };
}

function attempt({ startedAt, finishedAt, url, status, headers, body, error }: AttemptRow) {
  const isTaken = status !== null && status >= 200 && status <= 299;
  const sent = [
    ['Content-Type', 'application/json'],
    ['User-Agent', 'telnyx-webhooks'],
    ['Telnyx-Timestamp', String(Math.floor(startedAt / 1000))],
  ];
  return {
    status: isTaken ? ('delivered' as const) : ('failed' as const),
    started_at: isoStamp(startedAt),
    finished_at: isoStamp(finishedAt),
    errors: [],
    error,
    http: {
      request: { url, headers: sent },
      ...(status !== null && { response: { status, headers: headers.map((pair) => [...pair]), body } }),
    },
  };
}
