// What the server says of itself: the key that verifies its webhooks, whether it lives, whether it is ready, and its API.
// None of these needs an API key.
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { refuse } from './answers.ts';
import { responses } from './openapi.ts';
import { PublicKeyResponse, StatusResponse } from './schemas.ts';

export interface Service {
  /** The raw Ed25519 public key, in Base64. */
  readonly publicKey: string;
  /** Resolves to null when calls can be taken, else to why not. */
  readonly ready: () => Promise<string | null>;
  readonly version: string;
}

const open = { open: true };
const described = { tags: ['Server'], security: [] };

export function serviceRoutes(app: FastifyInstance, { publicKey, ready, version }: Service): void {
  app.get('/v2/public_key', {
    config: open,
    schema: {
      ...described,
      operationId: 'RetrievePublicKey',
      summary: 'Retrieve the public key of the webhooks',
      response: responses(PublicKeyResponse, 500),
    },
    handler: (_request, reply) => reply.send({ data: { public_key: publicKey } }),
  });
  app.get('/healthz', {
    config: open,
    schema: {
      ...described,
      operationId: 'CheckHealth',
      summary: 'Whether the process lives',
      response: responses(StatusResponse, 500),
    },
    handler: (_request, reply) => reply.send({ status: 'ok', version } satisfies Static<typeof StatusResponse>),
  });
  app.get('/readyz', {
    config: open,
    schema: {
      ...described,
      operationId: 'CheckReadiness',
      summary: 'Whether calls can be taken',
      response: responses(StatusResponse, 500, 503),
    },
    handler: async (_request, reply) => {
      const obstacle = await ready();
      if (obstacle !== null) return refuse(reply, [{ name: 'unavailable', detail: obstacle }]);
      return reply.send({ status: 'ready', version } satisfies Static<typeof StatusResponse>);
    },
  });
  app.get('/openapi.json', {
    config: open,
    schema: { hide: true },
    handler: (_request, reply) => reply.send(app.swagger()),
  });
}
