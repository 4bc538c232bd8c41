// The HTTP server: what every request goes through, whatever its route. Key, then body, then route; every answer is JSON
// but the documentation's and the metrics'. Knows the call layer only as CallControl; the composition root listens and closes.
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Applications } from '../call/applications.ts';
import type { CallControl } from '../call/commands.ts';
import type { Ladders } from '../call/ladders.ts';
import type { Queues } from '../call/queues.ts';
import type { Refusal } from '../errors.ts';
import type { History, Store } from '../store/store.ts';
import type { Clock, Log } from '../system.ts';
import { refuse, refuseConnection } from './answers.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { applicationRoutes } from './applications.ts';
import { type Auth, includes, type Scope } from './auth.ts';
import { backupRoute } from './backup.ts';
import { callEventRoutes } from './call-events.ts';
import { callRoutes } from './calls.ts';
import { components } from './components.ts';
import { connectionRoutes } from './connections.ts';
import { deliveryRoutes, type Redeliver } from './deliveries.ts';
import { type DialObstacle, dialRoute } from './dial.ts';
import { type DocsSource, docsRoutes } from './docs.ts';
import type { Keys } from './keys.ts';
import { lackingRoutes } from './lacking.ts';
import { ladderRoute } from './ladder.ts';
import type { Limits } from './limits.ts';
import { type MetricsSource, metricsRoutes } from './metrics.ts';
import { describeApi } from './openapi.ts';
import { type Directory, peerRoutes } from './peers.ts';
import { queueCallRoutes, queueRoutes } from './queues.ts';
import { type Service, serviceRoutes } from './service.ts';
import { Unrouted } from './unrouted.ts';
import { ajvOptions, type Finding, Refused, readJson, refusalsOf } from './validation.ts';
import type { FaultOfUrl } from './webhook-schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** No API key is needed. */
    open?: boolean;
    /** What a key must be allowed to, where path and method do not say it. */
    scope?: Scope;
  }
}

export interface AppOptions extends Service {
  readonly calls: CallControl;
  readonly applications: Applications;
  readonly queues: Queues;
  readonly history: History;
  readonly redeliver: Redeliver;
  /** Why webhooks must not go to a URL; null: they may. */
  readonly faultOfUrl?: FaultOfUrl;
  readonly peers: Directory;
  readonly clock: Pick<Clock, 'date'>;
  /** What the calls said; none where nothing is kept. */
  readonly ladders?: Pick<Ladders, 'asked' | 'read'> | null;
  readonly auth: Auth;
  readonly keys: Keys;
  readonly limits: Limits;
  /** Why there may not be one more call now; null when there may. */
  readonly obstacleToDial: () => DialObstacle | null;
  readonly store: Pick<Store, 'backup'>;
  readonly docs?: DocsSource;
  readonly metrics?: MetricsSource;
  readonly log: Log;
}

const maxHeaderSize = 16_384;

const settings = {
  bodyLimit: 1_048_576,
  connectionTimeout: 30_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 72_000,
  // Until its connections have ended a closing server answers as ever: the call layer closes after it.
  return503OnClosing: false,
  // A path cannot be longer than the head it comes in, so an id of any length reaches its route.
  routerOptions: { maxParamLength: maxHeaderSize },
  // Node's own answer to a missing Host is not JSON: `guard` gives ours.
  http: { maxHeaderSize, headersTimeout: 20_000, requireHostHeader: false },
  ajv: { customOptions: ajvOptions },
  schemaErrorFormatter: (findings: unknown, part: string) => new Refused(refusalsOf(findings as Finding[], part)),
  clientErrorHandler: refuseConnection,
};

export function createApp(options: AppOptions): FastifyInstance {
  const app = fastify({
    ...settings,
    frameworkErrors: (_error, _request, reply) => refuse(reply, [{ name: 'bad-request' }]),
  });
  // Answers are small and ours: compiling a serialiser for each would cost more at start than it ever saves.
  app.setSerializerCompiler(() => JSON.stringify);
  // An Expect we do not know may be ignored (RFC 9110 §10.1.1); Node's own 417 is not JSON.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  // What is in flight when the server closes is answered, and its connection is not kept for another request.
  app.addHook('preClose', async () => {
    Object.assign(app.server, { keepAliveTimeout: 1, keepAliveTimeoutBuffer: 0 });
  });
  readBodies(app);
  guard(app, options, new Unrouted(app));
  answerErrors(app, options.log);
  describeApi(app, options.version, components);
  app.after(() => {
    const { calls, ladders = null } = options;
    const { faultOfUrl = () => null } = options;
    dialRoute(app, calls, options.obstacleToDial, faultOfUrl);
    callRoutes(app, calls, ladders, faultOfUrl);
    ladderRoute(app, calls, ladders);
    applicationRoutes(app, options.applications, calls);
    connectionRoutes(app, options.applications, calls);
    queueRoutes(app, options.queues);
    queueCallRoutes(app, options);
    callEventRoutes(app, options.history, options.applications);
    deliveryRoutes(app, options.history, options.redeliver);
    peerRoutes(app, options.peers);
    lackingRoutes(app, options.calls);
    apiKeyRoutes(app, options.keys);
    backupRoute(app, options.store);
    serviceRoutes(app, options);
    if (options.docs) docsRoutes(app, options.docs);
    if (options.metrics) metricsRoutes(app, options.metrics);
  });
  return app;
}

function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const coding = request.headers['content-encoding'];
    if (coding !== undefined && coding !== 'identity') throw new Refused([{ name: 'unsupported-media-type' }]);
    done(null, readJson(body));
  });
}

/** Runs before a body is read: who sends no key, or asks for nothing we have, costs no more than its head. */
function guard(app: FastifyInstance, { auth, limits }: AppOptions, unrouted: Unrouted): void {
  app.addHook('onRequest', (request, reply, done) => {
    // RFC 9112 §3.2: HTTP/1.1 without Host is refused.
    if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
      refuse(reply, [{ name: 'bad-request' }]);
    else if (needsKey(request) && !isAdmitted(request, reply, auth, limits)) return;
    else if (request.is404) unrouted.answer(request, reply);
    else done();
  });
}

/** Whether the request carries a key that may ask for it; if not it is refused. */
function isAdmitted(request: FastifyRequest, reply: FastifyReply, auth: Auth, limits: Limits): boolean {
  const holder = auth.holderOf(request.headers.authorization);
  if (holder === null) refuse(reply, [{ name: 'unauthenticated' }]);
  else if (!limits.allows(holder.id, reply)) refuse(reply, [{ name: 'too-many-requests' }]);
  else if (!includes(holder.scope, neededScope(request))) refuse(reply, [{ name: 'not-allowed' }]);
  else return true;
  return false;
}

/** Calls, also those in queues and conferences, are commanded; everything else that changes anything changes the server. */
const commanded = /^\/v2\/(calls|conferences|queues\/:queue_name\/calls)\b/;

function neededScope({ method, is404, routeOptions: { config, url = '' } }: FastifyRequest): Scope {
  if (is404) return 'read';
  if (config.scope) return config.scope;
  if (method === 'GET' || method === 'HEAD') return 'read';
  return commanded.test(url) ? 'command' : 'admin';
}

/** A route asks for a key unless it says otherwise: the router decides what a path means, not its spelling. */
function needsKey(request: FastifyRequest): boolean {
  return request.is404 ? request.url.startsWith('/v2/') : request.routeOptions.config.open !== true;
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError | Refused, request, reply) => {
    // A refused body does not spoil its connection: what is left of it is read and dropped.
    reply.removeHeader('connection');
    const refusals = refusalsOfError(error);
    if (refusals) return refuse(reply, refusals);
    return answerBug(error, request, reply, log);
  });
}

function refusalsOfError(error: FastifyError | Refused): readonly [Refusal, ...Refusal[]] | null {
  if (error instanceof Refused) return error.refusals;
  if (error.statusCode === 413) return [{ name: 'body-too-large' }];
  if (error.statusCode === 415) return [{ name: 'unsupported-media-type' }];
  return error.statusCode === 400 ? [{ name: 'bad-request' }] : null;
}

function answerBug(error: Error, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const { call_control_id: callControlId } = (request.params ?? {}) as { call_control_id?: string };
  log.error({ err: error, method: request.method, route: request.routeOptions.url, callControlId }, 'request failed');
  return refuse(reply, [{ name: 'internal-error' }]);
}
