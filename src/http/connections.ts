// Connections: the applications under the name that calls know them by, and the live calls of each.
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { anchorsites } from '../call/application.ts';
import type { Applications, ApplicationView } from '../call/applications.ts';
import type { CallControl, CallView } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import { refuse } from './answers.ts';
import { applicationList, ofConnections } from './application-lists.ts';
import { stamp, textOrNull } from './fields.ts';
import { responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { component, refTo } from './schemas.ts';

export const Connection = component(
  'Connection',
  Type.Object({
    id: Type.String({ description: 'What calls and events name `connection_id`.' }),
    record_type: Type.Literal('call_control_application', { description: 'There are no connections of other kinds.' }),
    connection_name: Type.String(),
    active: Type.Boolean(),
    anchorsite_override: Type.Enum([...anchorsites], { type: 'string' }),
    outbound_voice_profile_id: textOrNull(),
    tags: Type.Array(Type.String()),
    webhook_api_version: Type.Literal('2'),
    webhook_event_url: textOrNull(),
    webhook_event_failover_url: textOrNull(),
    created_at: stamp(),
    updated_at: stamp(),
  }),
);

export const ActiveCall = component(
  'ActiveCall',
  Type.Object({
    record_type: Type.Literal('call'),
    call_control_id: Type.String({ description: 'Identifies the call in commands.' }),
    call_leg_id: Type.String({ description: 'Identifies the call in events.' }),
    call_session_id: Type.String({ description: 'Shared by calls that belong together.' }),
    call_duration: Type.Integer({ description: 'In seconds.' }),
    client_state: textOrNull(),
  }),
);

const others = [
  ...['credential_connections', 'external_connections', 'fax_connections', 'fqdn_connections', 'ip_connections'],
  ...['microsoft_teams_sbc_connections', 'mobile_voice_connections', 'operator_connect_connections'],
  ...['texml_applications', 'third_party_provider_connections', 'uac_connections', 'zoom_sbc_connections'],
] as const;

const ConnectionCountResponse = component(
  'ConnectionCountResponse',
  Type.Object({
    data: Type.Object({
      record_type: Type.Literal('connection_count'),
      counts: Type.Object({
        call_control_applications: Type.Integer(),
        ...Object.fromEntries(others.map((name) => [name, Type.Literal(0)])),
      }),
      limits: Type.Object({
        global_limit: Type.Integer({ description: 'There is none: a number that is not reached.' }),
      }),
    }),
  }),
);

const ConnectionResponse = component('ConnectionResponse', Type.Object({ data: refTo(Connection) }));
const ConnectionList = listOf('ConnectionList', Connection);
const ActiveCallList = listOf('ActiveCallList', ActiveCall);

export const components: readonly TSchema[] = [
  Connection,
  ConnectionResponse,
  ConnectionList,
  ConnectionCountResponse,
  ActiveCall,
  ActiveCallList,
];

interface Route {
  Params: { id: string };
}

const params = Type.Object({ id: Type.String({ description: 'The `connection_id` of its calls.' }) });
const tags = ['Applications'];

export function connectionRoutes(app: FastifyInstance, applications: Applications, calls: CallControl): void {
  applicationList(app, applications, {
    path: '/v2/connections',
    filters: ofConnections,
    described: {
      operationId: 'ListConnections',
      summary: 'List connections',
      description: 'The call control applications, in the order of their own list.',
    },
    page: ConnectionList,
    shown: connection,
  });
  app.get('/v2/connections/count', {
    schema: {
      operationId: 'RetrieveConnectionCount',
      summary: 'Count the connections',
      description: 'By kind; here all of them are call control applications, and there may be any number.',
      tags,
      response: responses(ConnectionCountResponse, 401, 500),
    },
    handler: (_request, reply) => reply.send({ data: countOf(applications.views().length) }),
  });
  app.get<Route>('/v2/connections/:id', {
    schema: {
      operationId: 'RetrieveConnection',
      summary: 'Retrieve a connection',
      tags,
      params,
      response: responses(ConnectionResponse, 401, 404, 500),
    },
    handler: (request, reply) => {
      const view = applications.view(request.params.id);
      return view ? reply.send({ data: connection(view) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  app.get<Route>('/v2/connections/:id/active_calls', {
    config: { query: listQuery() },
    schema: {
      operationId: 'ListConnectionActiveCalls',
      summary: 'List the live calls of a connection',
      description: 'The oldest first: what comes meanwhile comes after, so that no page repeats another.',
      tags: ['Calls'],
      params,
      response: responses(ActiveCallList, 401, 404, 422, 500),
    },
    handler: (request, reply) => {
      const { id } = request.params;
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      const live = calls.activeCalls(id);
      if (live.length === 0 && applications.view(id) === null) return refuse(reply, [{ name: 'not-found' }]);
      // A call_control_id begins with the time of its call.
      const { data, meta } = pageOf(live, { key: ({ callControlId }) => callControlId }, page, request.url);
      return reply.send({ data: data.map(activeCall), meta });
    },
  });
}

function countOf(applications: number) {
  return {
    record_type: 'connection_count',
    counts: { call_control_applications: applications, ...Object.fromEntries(others.map((name) => [name, 0])) },
    limits: { global_limit: Number.MAX_SAFE_INTEGER },
  };
}

function connection({ id, body, createdAt, updatedAt }: ApplicationView): Static<typeof Connection> {
  return {
    id,
    record_type: 'call_control_application',
    connection_name: body.application_name,
    active: body.active,
    anchorsite_override: body.anchorsite_override,
    outbound_voice_profile_id: body.outbound.outbound_voice_profile_id,
    tags: body.tags,
    webhook_api_version: body.webhook_api_version,
    webhook_event_url: body.webhook_event_url,
    webhook_event_failover_url: body.webhook_event_failover_url,
    created_at: isoStamp(createdAt),
    updated_at: isoStamp(updatedAt),
  };
}

function activeCall(view: CallView): Static<typeof ActiveCall> {
  return {
    record_type: 'call',
    call_control_id: view.callControlId,
    call_leg_id: view.callLegId,
    call_session_id: view.callSessionId,
    call_duration: view.durationSecs,
    client_state: view.clientState,
  };
}
