// The server that a crowd calls, with its operator. Whole: composed as in production, commands over HTTP without a socket,
// events as webhooks. Bare: the SIP stack and the calls alone, for so many that HTTP and signatures would take the time.
import { createHash } from 'node:crypto';
import { Applications } from '../../src/call/applications.ts';
import type { Bodies } from '../../src/call/commands.ts';
import { Engine } from '../../src/call/engine.ts';
import { Queues } from '../../src/call/queues.ts';
import { noRules } from '../../src/call/targets.ts';
import { allow, supported } from '../../src/call/turn.ts';
import { compose } from '../../src/server.ts';
import { Endpoint } from '../../src/sip/endpoint.ts';
import type { Transport } from '../../src/sip/transport/transport.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import type { System } from '../../src/system.ts';
import { fakeMedia } from './fake-media.ts';
import { Operator } from './operator.ts';
import { settingsFor } from './settings.ts';

/** What is left at the end of it, and at the end must not be. */
export type Left = Readonly<Record<string, number>>;

export interface Exchange {
  readonly operator: Operator;
  readonly store: Store;
  census(): Left;
  idle(): boolean;
  stop(): Promise<void>;
}

const apiKey = 'KEY-of-the-operator';

export async function wholeExchange(system: System, transport: Transport): Promise<Exchange> {
  const store = openSqlite(':memory:');
  const media = fakeMedia();
  const server = await compose({
    system,
    settings: settingsFor([transport.local]),
    store,
    transports: [transport],
    resolve: async (host) => [host],
    media,
    post: async ({ body }) => {
      operator.take(JSON.parse(body).data);
      return { status: 200 };
    },
    authHashes: [createHash('sha256').update(apiKey).digest('hex')],
    docs: new Map(),
    version: '0.0.0',
  });
  const operator = new Operator(async (id, action, payload) => {
    const { statusCode } = await server.http.inject({
      method: 'POST',
      url: `/v2/calls/${id}/actions/${action}`,
      headers: { authorization: `Bearer ${apiKey}` },
      payload,
    });
    return statusCode === 200;
  });
  return {
    operator,
    store,
    census: () => ({ ...server.census(), ports: media.ports.size, stories: operator.open }),
    idle: () => server.idle(),
    stop: async () => {
      await server.stop();
      await store.close();
    },
  };
}

export async function bareExchange(system: System, transport: Transport): Promise<Exchange> {
  const store = forgetful(openSqlite(':memory:'));
  const media = fakeMedia();
  const { applications: configured, sessionTimers, followsRedirects, historyMs } = settingsFor([transport.local]);
  const applications = new Applications({ system, store, configured });
  const engine: Engine = new Engine({
    system,
    store,
    media,
    applications,
    queues: new Queues({ system, store, waiting: () => [], isUsed: () => false }),
    sessionTimers,
    dial: { host: transport.local.host, gateways: () => [], locate: () => [], followsRedirects, targets: noRules },
    historyMs,
    sdpAddress: transport.local.host,
    deliver: (events) => {
      for (const { body } of events) operator.take(JSON.parse(body));
    },
  });
  const operator = new Operator(async (id, action, body) => {
    const refusals = await engine.execute(id, action, body as Bodies[typeof action]);
    return refusals.length === 0;
  });
  const options = { system, transports: [transport], resolve: async (host: string) => [host], publicHost: null };
  const endpoint = new Endpoint({ ...options, user: engine, allow, supported });
  await engine.restore(endpoint);
  await endpoint.listen();
  engine.start();
  return {
    operator,
    store,
    census: () => ({ ...endpoint.census(), ...engine.census(), ports: media.ports.size, stories: operator.open }),
    idle: () => engine.idle,
    stop: async () => {
      engine.stop();
      await endpoint.close();
      await store.close();
    },
  };
}

/** It takes what it is given and keeps none of it: what calls leave in memory is not to be looked for in a database. */
function forgetful(store: Store): Store {
  const taken = async (): Promise<void> => {};
  return new Proxy(store, {
    get: (target, name: keyof Store) => (name === 'commit' || name === 'prune' ? taken : target[name].bind(target)),
  });
}
