// The routes of the queues and of the calls that wait in them, with their schemas. Calls come and go by commands.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import type { CallControl } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import { type QueueChanged, type Queues, type QueueView, queueSizes, type WaitingCall } from '../call/queues.ts';
import type { Clock } from '../system.ts';
import { refuse } from './answers.ts';
import { emptied, responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { component, line, maxEntries, notBlank, refTo } from './schemas.ts';
import { knownOf } from './validation.ts';

const size = { minimum: 1, maximum: 100_000, description: 'How many calls may wait in it.' };

export const CreateQueueRequest = component(
  'CreateQueueRequest',
  Type.Object({
    queue_name: line(255, 'What it is called in commands and in its path.', {
      ...notBlank,
      examples: ['tier_1_support'],
    }),
    max_size: Type.Optional(Type.Integer({ ...size, default: queueSizes.byCreate })),
  }),
);

export const UpdateQueueRequest = component('UpdateQueueRequest', Type.Object({ max_size: Type.Integer(size) }));

export const UpdateQueueCallRequest = component(
  'UpdateQueueCallRequest',
  Type.Object({
    keep_after_hangup: Type.Optional(
      Type.Boolean({ description: 'Whether it keeps its place when it hangs up. False of one that has: it leaves.' }),
    ),
  }),
);

export const Queue = component(
  'Queue',
  Type.Object({
    id: Type.String(),
    record_type: Type.Literal('queue'),
    name: Type.String(),
    max_size: Type.Integer(),
    current_size: Type.Integer(),
    average_wait_time_secs: Type.Integer({ description: 'Of the last hundred calls that left since the start.' }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
  }),
);

export const QueueCall = component(
  'QueueCall',
  Type.Object({
    record_type: Type.Literal('queue_call'),
    call_control_id: Type.String(),
    call_leg_id: Type.String(),
    call_session_id: Type.String(),
    connection_id: Type.String(),
    from: Type.String(),
    to: Type.String(),
    queue_id: Type.String(),
    queue_position: Type.Integer({ description: 'From 1, which is next.' }),
    enqueued_at: Type.String({ format: 'date-time' }),
    wait_time_secs: Type.Integer(),
    is_alive: Type.Boolean({ description: 'False of one that hung up and keeps its place.' }),
  }),
);

const QueueResponse = component('QueueResponse', Type.Object({ data: refTo(Queue) }));
const QueueList = listOf('QueueList', Queue);
const QueueCallResponse = component('QueueCallResponse', Type.Object({ data: refTo(QueueCall) }));
const QueueCallList = listOf('QueueCallList', QueueCall);

export const components: readonly TSchema[] = [
  CreateQueueRequest,
  UpdateQueueRequest,
  UpdateQueueCallRequest,
  Queue,
  QueueResponse,
  QueueList,
  QueueCall,
  QueueCallResponse,
  QueueCallList,
];

interface Route {
  Params: { queue_name: string; call_control_id: string };
  Body: unknown;
}

const tags = ['Queues'];
const params = Type.Object({ queue_name: Type.String() });
const placeParams = Type.Object({ queue_name: Type.String(), call_control_id: Type.String() });
const one = '/v2/queues/:queue_name';

export function queueRoutes(app: FastifyInstance, queues: Queues): void {
  app.get('/v2/queues', {
    config: { query: listQuery() },
    schema: {
      operationId: 'ListQueues',
      summary: 'List queues',
      description: 'The oldest first.',
      tags,
      response: responses(QueueList, 401, 422, 500),
    },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      const order = { key: ({ createdAt, name }: QueueView) => `${padded(createdAt)} ${name}` };
      const { data, meta } = pageOf(queues.views(), order, page, request.url);
      return reply.send({ data: data.map(shown), meta });
    },
  });
  app.get<Route>(one, {
    schema: {
      operationId: 'RetrieveQueue',
      summary: 'Retrieve a queue',
      tags,
      params,
      response: responses(QueueResponse, 401, 404, 500),
    },
    handler: (request, reply) => {
      const view = queues.view(request.params.queue_name);
      return view ? reply.send({ data: shown(view) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  changes(app, queues);
}

function changes(app: FastifyInstance, queues: Queues): void {
  app.post<Route>('/v2/queues', {
    schema: {
      operationId: 'CreateQueue',
      summary: 'Create a queue',
      tags,
      body: { $ref: `${CreateQueueRequest.$id}#` },
      response: responses(QueueResponse, 400, 401, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(CreateQueueRequest, maxEntries),
    handler: async (request, reply) => {
      const { queue_name, max_size } = request.body as Static<typeof CreateQueueRequest>;
      return answer(reply, await queues.create(queue_name, max_size));
    },
  });
  app.post<Route>(one, {
    schema: {
      operationId: 'UpdateQueue',
      summary: 'Update a queue',
      description: 'Calls that wait stay in it, even where they are more than it may have from now on.',
      tags,
      params,
      body: { $ref: `${UpdateQueueRequest.$id}#` },
      response: responses(QueueResponse, 400, 401, 404, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(UpdateQueueRequest, maxEntries),
    handler: async (request, reply) => {
      const { max_size } = request.body as Static<typeof UpdateQueueRequest>;
      return answer(reply, await queues.update(request.params.queue_name, max_size));
    },
  });
  app.delete<Route>(one, {
    schema: {
      operationId: 'DeleteQueue',
      summary: 'Delete a queue',
      description: 'Refused while calls wait in it.',
      tags,
      params,
      response: emptied(400, 401, 404, 500, 503),
    },
    handler: async (request, reply) => {
      const changed = await queues.remove(request.params.queue_name);
      return 'refusals' in changed ? refuse(reply, changed.refusals) : reply.code(204).send();
    },
  });
}

interface Waiters {
  readonly queues: Queues;
  readonly calls: Pick<CallControl, 'changePlace'>;
  readonly clock: Pick<Clock, 'date'>;
}

export function queueCallRoutes(app: FastifyInstance, waiters: Waiters): void {
  const { queues, clock } = waiters;
  app.get<Route>(`${one}/calls`, {
    config: { query: listQuery() },
    schema: {
      operationId: 'ListQueueCalls',
      summary: 'List the calls that wait in a queue',
      description: 'The next one first.',
      tags,
      params,
      response: responses(QueueCallList, 401, 404, 422, 500),
    },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      const waiting = waitingIn(queues, request.params.queue_name, clock.date());
      if (waiting === null) return refuse(reply, [{ name: 'not-found' }]);
      const order = { key: (call: Shown) => `${call.enqueued_at} ${call.call_control_id}` };
      return reply.send(pageOf(waiting, order, page, request.url));
    },
  });
  app.get<Route>(`${one}/calls/:call_control_id`, {
    schema: {
      operationId: 'RetrieveQueueCall',
      summary: 'Retrieve a call that waits in a queue',
      tags,
      params: placeParams,
      response: responses(QueueCallResponse, 401, 404, 500),
    },
    handler: (request, reply) => {
      const { queue_name: name, call_control_id: id } = request.params;
      const call = waitingIn(queues, name, clock.date())?.find((each) => each.call_control_id === id);
      return call ? reply.send({ data: call }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  placeChanges(app, waiters);
}

function placeChanges(app: FastifyInstance, { queues, calls }: Waiters): void {
  /** `undefined`: nothing is asked of it. */
  const changed = async ({ params }: { params: Route['Params'] }, reply: FastifyReply, keeps?: boolean | null) => {
    const { queue_name: queue, call_control_id: id } = params;
    const waits = queues.calls(queue)?.some(({ callControlId }) => callControlId === id) ?? false;
    if (!waits) return refuse(reply, [{ name: 'not-found' }]);
    const [first, ...others] =
      keeps === undefined ? [] : await calls.changePlace(id, { queue, keepAfterHangup: keeps });
    return first ? refuse(reply, [first, ...others]) : reply.code(204).send();
  };
  app.patch<Route>(`${one}/calls/:call_control_id`, {
    schema: {
      operationId: 'UpdateQueueCall',
      summary: 'Update a call that waits in a queue',
      description: 'Whether it keeps its place when it hangs up: for ten minutes, or for as long as it may wait.',
      tags,
      params: placeParams,
      body: { $ref: `${UpdateQueueCallRequest.$id}#` },
      response: emptied(400, 401, 404, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(UpdateQueueCallRequest, maxEntries),
    handler: (request, reply) =>
      changed(request, reply, (request.body as Static<typeof UpdateQueueCallRequest>).keep_after_hangup),
  });
  app.delete<Route>(`${one}/calls/:call_control_id`, {
    schema: {
      operationId: 'RemoveQueueCall',
      summary: 'Take a call out of a queue',
      description: 'Whether it has hung up and kept its place, or lives: then it goes on, as with `leave_queue`.',
      tags,
      params: placeParams,
      response: emptied(401, 404, 500, 503),
    },
    handler: (request, reply) => changed(request, reply, null),
  });
}

type Shown = Static<typeof QueueCall>;

function waitingIn(queues: Queues, name: string, now: number): Shown[] | null {
  const queue = queues.view(name);
  return queue && (queues.calls(name) ?? []).map((call, index) => queueCall(call, { queue, position: index + 1, now }));
}

function answer(reply: FastifyReply, changed: QueueChanged): FastifyReply {
  return 'refusals' in changed ? refuse(reply, changed.refusals) : reply.send({ data: shown(changed.view) });
}

function shown(view: QueueView): Static<typeof Queue> {
  return {
    id: view.id,
    record_type: 'queue',
    name: view.name,
    max_size: view.maxSize,
    current_size: view.size,
    average_wait_time_secs: view.averageWaitSecs,
    created_at: isoStamp(view.createdAt),
    updated_at: isoStamp(view.updatedAt),
  };
}

function queueCall(
  call: WaitingCall,
  { queue, position, now }: { queue: QueueView; position: number; now: number },
): Shown {
  const { enqueuedAt } = call.waiting;
  return {
    record_type: 'queue_call',
    call_control_id: call.callControlId,
    call_leg_id: call.callLegId,
    call_session_id: call.callSessionId,
    connection_id: call.connectionId,
    from: call.from,
    to: call.to,
    queue_id: queue.id,
    queue_position: position,
    enqueued_at: isoStamp(enqueuedAt),
    wait_time_secs: Math.max(0, Math.floor((now - enqueuedAt) / 1000)),
    is_alive: call.isAlive,
  };
}

const padded = (value: number): string => String(value).padStart(15, '0');
