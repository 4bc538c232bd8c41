// The OpenAPI 3.1 description of the API, made from the schemas and the refusals that the routes themselves use.
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { catalogue } from '../errors.ts';
import { ErrorsResponse } from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The query parameters, for the description only: they are read by query.ts, which says which one is wrong. */
    query?: TSchema;
  }
}

export type Component = TSchema & { readonly $id: string };

/** The answers of a route: one that succeeds, and the statuses with which it refuses. */
export function responses(success: Component, ...refusals: readonly number[]): object {
  return { 200: answer('Success.', success.$id), ...refusing(refusals) };
}

/** The answers of a route that makes something. */
export function created(success: Component, ...refusals: readonly number[]): object {
  return { 201: answer('Created.', success.$id), ...refusing(refusals) };
}

/** The answers of a route that has nothing to say. */
export function emptied(...refusals: readonly number[]): object {
  return { 204: { description: 'Success.', type: 'null' }, ...refusing(refusals) };
}

export function refusing(refusals: readonly number[]): object {
  const answers: Record<number, object> = {};
  for (const status of refusals) answers[status] = answer(meaning(status), ErrorsResponse.$id);
  return answers;
}

/** The same where the success may come as text too. */
export function orText(answers: object): object {
  const { 200: success, ...refusals } = answers as Record<number, { content: object }>;
  const content = { ...success?.content, 'text/plain': { schema: { type: 'string' } } };
  return { 200: { ...success, content }, ...refusals };
}

function answer(description: string, schema: string): object {
  return { description, content: { 'application/json': { schema: { $ref: `${schema}#` } } } };
}

/** What a status may mean, from the catalogue. */
function meaning(status: number): string {
  const entries = Object.values(catalogue).filter((entry) => entry.status === status);
  return entries.map(({ code, title }) => `${code}: ${title}.`).join(' ');
}

/** Must come before the routes: it listens to them being added. */
export function describeApi(app: FastifyInstance, version: string, components: readonly TSchema[]): void {
  for (const component of components) app.addSchema(component);
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Switchhook',
        version,
        description:
          'Live SIP calls driven over HTTP, wire-compatible with the Telnyx Call Control API v2. What that API does not have is marked `x-switchhook-additive`.',
        license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'Commands', description: 'What an application asks of a call.' },
        { name: 'Calls', description: 'What an application may know of a call.' },
        {
          name: 'Applications',
          description: 'Who answers for calls: where their events go, and which calls are theirs.',
        },
        { name: 'Queues', description: 'Calls that wait for somebody.' },
        { name: 'History', description: 'What calls did and were told, for as long as they are kept.' },
        { name: 'Peers', description: 'Who calls come from and go to. Additive.' },
        { name: 'API keys', description: 'Who may ask for what. Additive.' },
        { name: 'Refused', description: 'What the Telnyx API has and this server lacks: never done, always refused.' },
        { name: 'Server', description: 'What the server says of itself.' },
      ],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' } },
      },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url, route }) => {
      const query = route.config?.query;
      return { url, schema: query === undefined ? schema : { ...schema, querystring: query } };
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json.$id ?? `def-${i}`) },
  });
}
