// The routes of call events and webhook deliveries, over a real store, and the official client through their pages.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Telnyx from 'telnyx';
import { batch, call, command, event } from '../conformance/store.ts';
import { epoch } from '../support/fake-system.ts';
import { ask, errorsIn, type Fixture, fixture, key } from './support.ts';

const ofSettings = '1000000000000000001';

const data = (id: string, type: string) =>
  JSON.stringify({ record_type: 'event', event_type: type, id, occurred_at: 'then', payload: { to: id } });

/** A call with a command and two events: one delivered at the second attempt, one due. */
async function withHistory(all: Fixture, other = '7'): Promise<void> {
  await all.store.commit(
    batch('1', {
      calls: [call('a'), call('b', { connectionId: other, sessionId: 'other' })],
      commands: [
        command('a', 'once', { body: '{"client_state":"YQ=="}', acceptedAt: epoch + 2 }),
        command('b', null, { name: 'hangup', acceptedAt: epoch + 4 }),
      ],
      events: [
        event('a', 1, { occurredAt: epoch + 1, body: data('a-event-1', 'call.initiated') }),
        event('a', 2, { occurredAt: epoch + 3, body: data('a-event-2', 'call.hangup'), type: 'call.hangup' }),
      ],
    }),
  );
  const times = { url: 'https://app.example/hook', headers: [['server', 'x']] };
  await all.store.settle([
    {
      ...{ id: 'a-event-1', status: 'delivered', attempts: 2, dueAt: 0, progress: null },
      log: [
        {
          ...times,
          startedAt: epoch + 10,
          finishedAt: epoch + 2_010,
          status: null,
          headers: [],
          body: '',
          error: 'late',
        },
        { ...times, startedAt: epoch + 3_000, finishedAt: epoch + 3_005, status: 200, body: 'ok', error: null },
      ].map((attempt) => JSON.stringify(attempt)),
    },
  ]);
}

const namesIn = (body: unknown): string[] => (body as { data: { name: string }[] }).data.map(({ name }) => name);

test('call events: commands and webhooks as they happened', async () => {
  const all = fixture();
  await withHistory(all);
  const { status, body } = await ask(all.app, 'GET /v2/call_events?filter[leg_id]=leg-a');
  assert.equal(status, 200);
  const of = { record_type: 'call_event', call_leg_id: 'leg-a', call_session_id: 'session' };
  assert.deepEqual((body as { data: unknown }).data, [
    {
      ...{ ...of, type: 'webhook', name: 'call.initiated', event_timestamp: '2026-01-01T00:00:00.001000Z' },
      metadata: {
        ...{ status: 'delivered', attempt: 2, delivered_to: 'https://app.example/hook' },
        event: JSON.parse(data('a-event-1', 'call.initiated')),
      },
    },
    {
      ...{ ...of, type: 'command', name: 'answer', event_timestamp: '2026-01-01T00:00:00.002000Z' },
      metadata: { command_id: 'once', params: { client_state: 'YQ==' } },
    },
    {
      ...{ ...of, type: 'webhook', name: 'call.hangup', event_timestamp: '2026-01-01T00:00:00.003000Z' },
      metadata: { status: 'init', event: JSON.parse(data('a-event-2', 'call.hangup')) },
    },
  ]);
});

test('call events: filters', async () => {
  const all = fixture();
  const sales = await all.applications.create({
    ...{ application_name: 'Sales', webhook_event_url: 'https://a.example' },
    outbound: { outbound_voice_profile_id: 'p' },
  });
  assert.ok('view' in sales);
  const { id } = sales.view;
  await withHistory(all, id);
  const everything = ['call.initiated', 'answer', 'call.hangup', 'hangup'];
  const cases: readonly (readonly [query: string, names: readonly string[]])[] = [
    ['', everything],
    ['filter[type]=command', ['answer', 'hangup']],
    ['filter[name]=call.hangup', ['call.hangup']],
    ['filter[type]=webhook', ['call.initiated', 'call.hangup']],
    ['filter[leg_id]=leg-b', ['hangup']],
    ['filter[leg_id]=nobody', []],
    ['filter[application_session_id]=other', ['hangup']],
    ['filter[application_session_id]=session&filter[leg_id]=leg-b', []],
    ['filter[from]=%2B15550100', everything],
    ['filter[from]=%2B1', []],
    ['filter[to]=nobody', []],
    ['filter[name]=answer', ['answer']],
    ['filter[name]=dial', []],
    ['filter[status]=in_progress', []],
    ['filter[status]=completed', ['call.initiated', 'answer', 'hangup']],
    ['filter[failed]=false', everything],
    ['filter[product]=texml', []],
    ['filter[occurred_at][eq]=2026-01-01T00:00:00.002Z', ['answer']],
    ['filter[occurred_at][gte]=2026-01-01T00:00:00.003Z', ['call.hangup', 'hangup']],
    ['filter[occurred_at][gt]=2026-01-01T00:00:00.003Z', ['hangup']],
    ['filter[occurred_at][lt]=2026-01-01T00:00:00.002Z', ['call.initiated']],
    ['filter[occurred_at][lte]=2026-01-01T00:00:00.002Z', ['call.initiated', 'answer']],
    ['filter[outbound.outbound_voice_profile_id]=p', ['hangup']],
    ['filter[application_name][contains]=sales&filter[type]=command', ['hangup']],
    [`filter[connection_id]=${id}`, ['hangup']],
    ['filter[connection_id]=7', []],
    ['filter[application_name][contains]=FAUL', everything.slice(0, 3)],
    ['filter[application_name][contains]=nobody', []],
    [`filter[application_name][contains]=default&filter[connection_id]=${id}`, []],
    ['filter[outbound.outbound_voice_profile_id]=x', []],
    ['filter[from]=%2B15550100&filter[to]=sip:b@example.com', ['hangup']],
    ['filter[status]=init', ['call.hangup']],
    ['filter[failed]=true', []],
    ['filter[product]=fax', []],
    ['filter[product]=call_control&page[size]=1&page[number]=2', ['answer']],
    [
      'filter[occurred_at][gt]=2026-01-01T00:00:00.002Z&filter[occurred_at][lte]=2026-01-01T00:00:00.003000Z',
      ['call.hangup'],
    ],
  ];
  for (const [query, names] of cases) {
    assert.deepEqual(namesIn((await ask(all.app, `GET /v2/call_events?${query}`)).body), names, query);
  }
  for (const query of ['filter[type]=event', 'filter[failed]=no', 'filter[occurred_at][eq]=now', 'page[limit]=0']) {
    const { status, body } = await ask(all.app, `GET /v2/call_events?${query}`);
    const [error] = (body as { errors: { source: { parameter: string } }[] }).errors;
    assert.deepEqual([status, error?.source.parameter], [422, query.split('=')[0]]);
  }
});

test('webhook deliveries: each attempt with what was sent and answered', async () => {
  const all = fixture();
  await withHistory(all);
  const { body } = await ask(all.app, 'GET /v2/webhook_deliveries/a-event-1');
  const sent = (timestamp: string) => ({
    url: 'https://app.example/hook',
    headers: [
      ['Content-Type', 'application/json'],
      ['User-Agent', 'telnyx-webhooks'],
      ['Telnyx-Timestamp', timestamp],
    ],
  });
  assert.deepEqual((body as { data: unknown }).data, {
    id: 'a-event-1',
    record_type: 'webhook_delivery',
    status: 'delivered',
    started_at: '2026-01-01T00:00:00.010000Z',
    finished_at: '2026-01-01T00:00:03.005000Z',
    next_attempt_at: null,
    webhook: JSON.parse(data('a-event-1', 'call.initiated')),
    attempts: [
      {
        ...{ status: 'failed', errors: [], error: 'late' },
        ...{ started_at: '2026-01-01T00:00:00.010000Z', finished_at: '2026-01-01T00:00:02.010000Z' },
        http: { request: sent(String(epoch / 1000)) },
      },
      {
        ...{ status: 'delivered', errors: [], error: null },
        ...{ started_at: '2026-01-01T00:00:03.000000Z', finished_at: '2026-01-01T00:00:03.005000Z' },
        http: {
          request: sent(String(epoch / 1000 + 3)),
          response: { status: 200, headers: [['server', 'x']], body: 'ok' },
        },
      },
    ],
  });
  for (const id of ['a-event-2', 'x']) {
    const answer = await ask(all.app, `GET /v2/webhook_deliveries/${id}`);
    assert.deepEqual([answer.status, errorsIn(answer.body)], [404, ['10005']]);
  }
});

test('webhook deliveries: filters', async () => {
  const all = fixture();
  await withHistory(all);
  const cases: readonly (readonly [query: string, found: number])[] = [
    ['', 1],
    ['filter[status][eq]=delivered', 1],
    ['filter[status][eq]=failed', 0],
    ['filter[event_type]=call.initiated', 1],
    ['filter[event_type]=call.hangup', 0],
    ['filter[webhook][contains]=a-event-1', 1],
    ['filter[webhook][contains]=elsewhere', 0],
    ['filter[attempts][contains]=late', 1],
    ['filter[started_at][gte]=2026-01-01T00:00:01Z', 0],
    ['filter[finished_at][gte]=2026-01-01T00:00:01Z&filter[finished_at][lte]=2026-01-01T00:00:04Z', 1],
  ];
  for (const [query, found] of cases) {
    const { body } = await ask(all.app, `GET /v2/webhook_deliveries?${query}`);
    assert.equal((body as { data: unknown[] }).data.length, found, query);
  }
  assert.equal((await ask(all.app, 'GET /v2/webhook_deliveries?filter[status][eq]=due')).status, 422);
});

async function serve(t: TestContext) {
  const all = fixture();
  await all.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => all.app.close());
  const { port } = all.app.server.address() as AddressInfo;
  return { ...all, client: new Telnyx({ apiKey: key, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 0 }) };
}

test('client: its pages show every event and every delivery once, whatever comes meanwhile', async (t) => {
  const { client, store } = await serve(t);
  let made = 0;
  const more = async (): Promise<void> => {
    made += 1;
    const row = event('a', made, { occurredAt: epoch + made, body: data(`${made}`, 'call.initiated') });
    await store.commit(batch(`${made}`, { calls: [call('a')], events: [row] }));
    const log = [
      { startedAt: epoch, finishedAt: epoch, url: 'http://a/', status: 200, headers: [], body: '', error: null },
    ];
    await store.settle([
      {
        id: row.id,
        status: 'delivered',
        attempts: 1,
        dueAt: 0,
        progress: null,
        log: log.map((each) => JSON.stringify(each)),
      },
    ]);
  };
  while (made < 30) await more();
  const events: string[] = [];
  for await (const { event_timestamp, record_type } of client.callEvents.list({ 'page[size]': 7 })) {
    assert.equal(record_type, 'call_event');
    events.push(event_timestamp);
    if (made < 40) await more();
  }
  assert.deepEqual([events.length, new Set(events).size], [40, 40]);
  const ids: (string | undefined)[] = [];
  for await (const { id } of client.webhookDeliveries.list({ filter: { status: { eq: 'delivered' } } })) {
    ids.push(id);
    if (made < 50) await more();
  }
  assert.deepEqual([ids.length, new Set(ids).size], [50, 50]);
  const { data: one } = await client.webhookDeliveries.retrieve(ids[0]!);
  assert.equal(one?.attempts?.[0]?.http?.response?.status, 200);
  const filter = {
    connection_id: ofSettings,
    type: 'webhook' as const,
    occurred_at: { lt: '2026-01-01T00:00:00.003Z' },
  };
  assert.equal((await client.callEvents.list({ filter })).data.length, 2);
});
