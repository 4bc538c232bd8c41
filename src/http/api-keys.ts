// The routes of API keys. Additive: a key is made with what it may ask for, shown once, and revoked without a restart.
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { isoStamp } from '../call/events.ts';
import { refuse } from './answers.ts';
import { scopes } from './auth.ts';
import type { Keys, KeyView } from './keys.ts';
import { created, responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { additive, component, line, notBlank, refTo } from './schemas.ts';
import { knownOf } from './validation.ts';

const scope = (more: object) =>
  Type.Enum(scopes, {
    type: 'string',
    description:
      'What it may ask for: to read (`read`), to command calls too (`command`), or everything, such as to change applications and keys (`admin`).',
    ...more,
  });
const name = line(256, 'For people.', { ...notBlank, examples: ['Dialler'] });

const ApiKeyRequest = component(
  'ApiKeyRequest',
  Type.Object({ name, scope: Type.Optional(scope({ default: 'command' })) }, additive),
);

const fields = {
  id: Type.String(),
  record_type: Type.Literal('api_key'),
  name: Type.String(),
  scope: scope({}),
  created_at: Type.String({ format: 'date-time' }),
};

const ApiKey = component('ApiKey', Type.Object(fields, additive));
const NewApiKey = component(
  'NewApiKey',
  Type.Object({ ...fields, key: Type.String({ description: 'The key itself, which is not shown again.' }) }, additive),
);
const ApiKeyResponse = component('ApiKeyResponse', Type.Object({ data: refTo(ApiKey) }));
const NewApiKeyResponse = component('NewApiKeyResponse', Type.Object({ data: refTo(NewApiKey) }));
const ApiKeyList = listOf('ApiKeyList', ApiKey);

export const components: readonly TSchema[] = [
  ApiKeyRequest,
  ApiKey,
  NewApiKey,
  ApiKeyResponse,
  NewApiKeyResponse,
  ApiKeyList,
];

interface Route {
  Params: { id: string };
  Body: unknown;
}

const path = '/v2/api_keys';
const params = Type.Object({ id: Type.String() });
const tags = ['API keys'];
const asked = { scope: 'admin' } as const;

export function apiKeyRoutes(app: FastifyInstance, keys: Keys): void {
  app.get(path, {
    config: { ...asked, query: listQuery() },
    schema: {
      operationId: 'ListApiKeys',
      summary: 'List API keys',
      description: 'The oldest first. That of `SWITCHHOOK_API_KEY` is not among them.',
      tags,
      response: responses(ApiKeyList, 401, 403, 422, 500),
    },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      const { data, meta } = pageOf(keys.views(), { key: ({ id }) => id }, page, request.url);
      return reply.send({ data: data.map(shown), meta });
    },
  });
  app.post<Route>(path, {
    config: asked,
    schema: {
      operationId: 'CreateApiKey',
      summary: 'Create an API key',
      description:
        'It is in force at once. To replace a key, create the new one, give it to whoever needs it, and revoke the old one.',
      tags,
      body: { $ref: `${ApiKeyRequest.$id}#` },
      response: created(NewApiKeyResponse, 400, 401, 403, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(ApiKeyRequest, 1),
    handler: async (request, reply) => {
      const { name, scope = 'command' } = request.body as Static<typeof ApiKeyRequest>;
      const made = await keys.create(name, scope);
      if ('refusals' in made) return refuse(reply, made.refusals);
      return reply.code(201).send({ data: { ...shown(made.view), key: made.key } });
    },
  });
  app.delete<Route>(`${path}/:id`, {
    config: asked,
    schema: {
      operationId: 'RevokeApiKey',
      summary: 'Revoke an API key',
      description:
        'From the next request on it is refused. Where no key is left that may ask for everything, one is made at the next start.',
      tags,
      params,
      response: responses(ApiKeyResponse, 401, 403, 404, 500, 503),
    },
    handler: async (request, reply) => {
      const view = await keys.revoke(request.params.id);
      return view ? reply.send({ data: shown(view) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
}

function shown({ id, name, scope, createdAt }: KeyView): Static<typeof ApiKey> {
  return { id, record_type: 'api_key', name, scope, created_at: isoStamp(createdAt) };
}
