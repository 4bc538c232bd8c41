// The lists as the official client asks for them: every parameter it has is honoured or refused by name, and its own paging
// shows each entry once, whatever comes meanwhile.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Telnyx from 'telnyx';
import type { CallView } from '../../src/call/commands.ts';
import { batch, call, command, event } from '../conformance/store.ts';
import { application } from '../support/application.ts';
import { epoch } from '../support/fake-system.ts';
import { type Fixture, fixture, key } from './support.ts';

const ofSettings = application().id;

async function serve(t: TestContext): Promise<Fixture & { client: Telnyx }> {
  const all = fixture();
  await all.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => all.app.close());
  const { port } = all.app.server.address() as AddressInfo;
  return { ...all, client: new Telnyx({ apiKey: key, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 0 }) };
}

type Given<P> = P extends { filter?: infer F } ? Required<NonNullable<F>> : never;

/** Every filter the client has for each of these lists: a new one of it fails to compile here. */
const applications: Given<Telnyx.CallControlApplicationListParams> = {
  ...{
    application_name: { contains: 'default' },
    connection_id: ofSettings,
    'outbound.outbound_voice_profile_id': 'x',
  },
  ...{
    application_session_id: 's',
    failed: true,
    from: 'a',
    leg_id: 'l',
    name: 'n',
    occurred_at: { gt: '2026-01-01' },
  },
  ...{ product: 'fax', status: 'init', to: 'b', type: 'command' },
};
const connections: Given<Telnyx.ConnectionListParams> = {
  ...{ connection_name: { contains: 'default' }, fqdn: 'sip.example.com', outbound_voice_profile_id: 'x' },
};
const callEvents: Given<Telnyx.CallEventListParams> = {
  ...applications,
  occurred_at: { eq: '2026-01-01', gt: '2026-01-01', gte: '2026-01-01', lt: '2026-01-01', lte: '2026-01-01' },
};
const deliveries: Given<Telnyx.WebhookDeliveryListParams> = {
  ...{ status: { eq: 'failed' }, event_type: 'call.hangup', webhook: { contains: 'x' }, attempts: { contains: 'x' } },
  started_at: { gte: '2026-01-01', lte: '2026-01-01' },
  finished_at: { gte: '2026-01-01', lte: '2026-01-01' },
};

/** The parameter that a list was refused for; null: it was answered. */
async function refusedFor(list: Promise<unknown>): Promise<string | null> {
  try {
    await list;
    return null;
  } catch (error) {
    assert.ok(error instanceof Telnyx.UnprocessableEntityError, String(error));
    return (error.error as { errors: [{ source: { parameter: string } }] }).errors[0].source.parameter;
  }
}

const each = (filter: object) => Object.entries(filter).map(([name, value]) => [name, { [name]: value }] as const);

test('client: every filter it has is honoured, or refused by its name', async (t) => {
  const { client } = await serve(t);
  const honoured = ['application_name', 'connection_id', 'outbound.outbound_voice_profile_id'];
  for (const [name, filter] of each(applications)) {
    const refused = await refusedFor(client.callControlApplications.list({ filter }));
    const expected = honoured.includes(name) ? null : `filter[${name}]${name === 'occurred_at' ? '[gt]' : ''}`;
    assert.equal(refused, expected);
  }
  for (const [, filter] of each(connections)) assert.equal(await refusedFor(client.connections.list({ filter })), null);
  for (const [, filter] of each(callEvents)) assert.equal(await refusedFor(client.callEvents.list({ filter })), null);
  for (const [, filter] of each(deliveries)) {
    assert.equal(await refusedFor(client.webhookDeliveries.list({ filter })), null);
  }
  for (const sort of ['created_at', 'connection_name', 'active'] as const) {
    assert.equal(await refusedFor(client.callControlApplications.list({ sort })), null);
    assert.equal(await refusedFor(client.connections.list({ sort })), null);
  }
  const unknown = { query: { 'filter[else]': 'x' } };
  for (const list of [
    client.callControlApplications.list({}, unknown),
    client.connections.list({}, unknown),
    client.connections.listActiveCalls(ofSettings, {}, unknown),
    client.queues.list({}, unknown),
    client.queues.calls.list('support', {}, unknown),
    client.callEvents.list({}, unknown),
    client.webhookDeliveries.list({}, unknown),
  ]) {
    assert.equal(await refusedFor(list), 'filter[else]');
  }
});

test('client: the filters of connections find what they say', async (t) => {
  const { client, applications: all } = await serve(t);
  const said = { application_name: 'Sales', webhook_event_url: 'https://a.example' };
  await all.create({ ...said, outbound: { outbound_voice_profile_id: 'p' } });
  const found = async (filter: object) =>
    (await client.connections.list({ filter })).data.map(({ connection_name: name }) => name);
  assert.deepEqual(await found({ connection_name: { contains: 'SALE' } }), ['Sales']);
  assert.deepEqual(await found({ outbound_voice_profile_id: 'p' }), ['Sales']);
  assert.deepEqual(await found({ 'outbound.outbound_voice_profile_id': 'p' }), ['Sales']);
  assert.deepEqual(await found({ fqdn: 'sales.example.com' }), []);
});

test('client: connections are counted', async (t) => {
  const { client, applications: all } = await serve(t);
  await all.create({ application_name: 'Sales', webhook_event_url: 'https://a.example' });
  const { data } = await client.connections.retrieveCount();
  const counts = Object.values(data.counts);
  assert.deepEqual([data.counts.call_control_applications, counts.filter((count) => count === 0).length], [2, 12]);
});

/** Reads a list as its users do, and lets one more come after each entry, until there are sixty. */
async function readAll<T>(list: AsyncIterable<T>, keyOf: (entry: T) => unknown, more: (index: number) => unknown) {
  const seen: unknown[] = [];
  for (let index = 0; index < 45; index += 1) await more(index);
  for await (const entry of list) {
    seen.push(keyOf(entry));
    const index = 45 + seen.length - 1;
    if (index < 60) await more(index);
  }
  assert.equal(new Set(seen).size, seen.length, 'one is shown twice');
  return seen;
}

test('client: each entry of each list once, while others come', async (t) => {
  const all = await serve(t);
  const { client, store, queues, waiting, calls } = all;
  const numbered = Array.from({ length: 60 }, (_, index) => `number ${index}`);

  const created = (index: number) =>
    all.applications.create({ application_name: `number ${index}`, webhook_event_url: 'https://a.example' });
  const byAge = client.callControlApplications.list({ sort: 'created_at' });
  const names = await readAll(byAge, ({ application_name: name }) => name, created);
  assert.deepEqual(names, ['default', ...numbered]);

  const made = (index: number) => queues.create(`number ${index}`);
  assert.deepEqual(await readAll(client.queues.list(), ({ name }) => name, made), numbered);

  const place = { queue: 'number 1', enqueuedAt: epoch, keepAfterHangup: false, until: null };
  const enters = (index: number) => {
    const id = `v3:${String(index).padStart(4, '0')}`;
    const of = {
      callControlId: id,
      callLegId: `number ${index}`,
      callSessionId: 's',
      connectionId: '1',
      from: 'a',
      to: 'b',
    };
    waiting.push({ ...of, isAlive: true, waiting: { ...place, enqueuedAt: epoch + index } });
  };
  const ofQueue = client.queues.calls.list('number 1');
  assert.deepEqual(await readAll(ofQueue, ({ call_leg_id: leg }) => leg, enters), numbered);

  const live: CallView[] = [];
  calls.active.set(ofSettings, live);
  const begins = (index: number) => {
    const id = `v3:${String(index).padStart(4, '0')}`;
    const ids = { callControlId: id, callLegId: `number ${index}`, callSessionId: 's' };
    live.push({ ...ids, isAlive: true, clientState: null, startedAt: 0, endedAt: null, durationSecs: 0 });
  };
  const active = client.connections.listActiveCalls(ofSettings);
  assert.deepEqual(await readAll(active, ({ call_leg_id: leg }) => leg, begins), numbered);

  const happens = async (index: number) => {
    const row = event('a', index + 1, { occurredAt: epoch + index, body: JSON.stringify({ id: `number ${index}` }) });
    const commands = [command('a', `number ${index}`, { acceptedAt: epoch + index })];
    await store.commit(batch(`${index}`, { calls: [call('a')], events: [row], commands }));
    const attempt = { startedAt: 0, finishedAt: 0, url: 'http://a/', status: 200, headers: [], body: '', error: null };
    await store.settle([
      { id: row.id, status: 'delivered', attempts: 1, dueAt: 0, progress: null, log: [JSON.stringify(attempt)] },
    ]);
  };
  const ofCalls = await readAll(
    client.callEvents.list(),
    ({ metadata, type }) => `${type} ${JSON.stringify(metadata)}`,
    happens,
  );
  assert.equal(ofCalls.length, 120);
  const tried = await readAll(
    client.webhookDeliveries.list(),
    ({ webhook }) => (webhook as { id: string }).id,
    () => {},
  );
  assert.deepEqual(tried, numbered);
});
