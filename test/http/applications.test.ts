// The routes of applications and connections, and the official client through their pages.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Telnyx from 'telnyx';
import type { CallView } from '../../src/call/commands.ts';
import { ask, errorsIn, type Fixture, fixture, key } from './support.ts';

const path = '/v2/call_control_applications';
const said = { application_name: 'Night shift', webhook_event_url: 'https://night.example/webhooks' };
const ofSettings = '1000000000000000001';

interface Shown {
  readonly id: string;
  readonly application_name: string;
  readonly inbound: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const dataOf = (body: unknown): Shown => (body as { data: Shown }).data;
const namesIn = (body: unknown): string[] =>
  (body as { data: Shown[] }).data.map((entry) => String(entry.application_name ?? entry.connection_name));

async function made({ app }: Fixture, more: object = {}): Promise<Shown> {
  const { status, body } = await ask(app, `POST ${path}`, { payload: { ...said, ...more } });
  assert.equal(status, 201, JSON.stringify(body));
  return dataOf(body);
}

test('an application is created with every field at its default', async () => {
  const shown = await made(fixture());
  const { id, ...rest } = shown;
  assert.match(id, /^\d{19}$/);
  assert.deepEqual(rest, {
    record_type: 'call_control_application',
    ...said,
    webhook_event_failover_url: null,
    webhook_api_version: '2',
    webhook_timeout_secs: null,
    webhook_retries_policies: {},
    active: true,
    anchorsite_override: 'Latency',
    dtmf_type: 'RFC 2833',
    first_command_timeout: false,
    first_command_timeout_secs: 30,
    call_cost_in_webhooks: false,
    redact_dtmf_debug_logging: false,
    inbound: {
      channel_limit: null,
      shaken_stir_enabled: false,
      sip_subdomain: null,
      sip_subdomain_receive_settings: 'from_anyone',
      numbers: [],
    },
    outbound: {
      ...{ channel_limit: null, outbound_voice_profile_id: null },
      ...{ dials_per_second: null, target_allow: [], target_deny: [] },
    },
    tags: [],
    refer_first_notify_timeout_ms: 32_000,
    refer_timeout_ms: 120_000,
    refer_bye_grace_ms: 1_000,
    refer_header_placement: 'both',
    refer_before_answer: 'early',
    refer_bye_without_final: 'failed',
    refer_without_allow: 'send',
    hold_on_refer: false,
    refer_inbound: 'reject',
    read_only: false,
    created_at: '2026-01-01T00:00:00.000000Z',
    updated_at: '2026-01-01T00:00:00.000000Z',
  });
});

test('what is said is kept, what is unknown is ignored, and all of it can be said again as it was shown', async () => {
  const all = fixture();
  const inbound = {
    channel_limit: 10,
    shaken_stir_enabled: true,
    sip_subdomain: 'night',
    sip_subdomain_receive_settings: 'only_my_connections',
    numbers: ['+13125550100', '+1312*'],
  };
  const shown = await made(all, { inbound: { ...inbound, unknown: 1 }, unknown: [1], tags: ['a', 'b'], active: false });
  assert.deepEqual([shown.inbound, shown.tags, shown.active], [inbound, ['a', 'b'], false]);
  const again = await ask(all.app, `PATCH ${path}/${shown.id}`, { payload: shown });
  assert.deepEqual([again.status, dataOf(again.body)], [200, shown]);
});

test('an application is changed, retrieved and deleted', async () => {
  const all = fixture();
  const { id } = await made(all, { inbound: { channel_limit: 3 } });
  await all.system.clock.advance(1_500);
  const payload = { ...said, application_name: 'Late', inbound: { numbers: ['200'] } };
  const changed = await ask(all.app, `PATCH ${path}/${id}`, { payload });
  assert.equal(changed.status, 200);
  const now = await ask(all.app, `GET ${path}/${id}`);
  assert.deepEqual(now.body, changed.body);
  const { application_name, inbound, updated_at } = dataOf(now.body);
  assert.deepEqual(
    [application_name, inbound.channel_limit, inbound.numbers, updated_at],
    ['Late', 3, ['200'], '2026-01-01T00:00:01.500000Z'],
  );
  const deleted = await ask(all.app, `DELETE ${path}/${id}`);
  assert.deepEqual([deleted.status, deleted.body], [200, now.body]);
  for (const line of [`GET ${path}/${id}`, `DELETE ${path}/${id}`, `GET /v2/connections/${id}`]) {
    const { status, body } = await ask(all.app, line);
    assert.deepEqual([status, errorsIn(body)], [404, ['10005']]);
  }
  assert.equal((await ask(all.app, `PATCH ${path}/${id}`, { payload })).status, 404);
});

const invalid: readonly (readonly [change: object, errors: readonly string[]])[] = [
  [{ application_name: '' }, ['10004 /application_name']],
  [{ application_name: undefined, webhook_event_url: null }, ['10004 /application_name', '10004 /webhook_event_url']],
  [{ webhook_event_url: 'night.example' }, ['10003 /webhook_event_url']],
  [{ webhook_event_url: `https://a.example/${'x'.repeat(2000)}` }, ['10003 /webhook_event_url']],
  [{ webhook_event_failover_url: 'x' }, ['10003 /webhook_event_failover_url']],
  [{ webhook_event_failover_url: 5 }, ['10015 /webhook_event_failover_url']],
  [{ webhook_api_version: '1' }, ['10032 /webhook_api_version']],
  [{ webhook_timeout_secs: 31 }, ['10033 /webhook_timeout_secs']],
  [{ webhook_timeout_secs: '5' }, ['10015 /webhook_timeout_secs']],
  [{ active: 'yes' }, ['10015 /active']],
  [{ anchorsite_override: 'Paris' }, ['10032 /anchorsite_override']],
  [{ dtmf_type: 'rfc2833' }, ['10032 /dtmf_type']],
  [{ first_command_timeout_secs: 0 }, ['10033 /first_command_timeout_secs']],
  [{ inbound: [] }, ['10015 /inbound']],
  [{ inbound: { channel_limit: 0 } }, ['10033 /inbound/channel_limit']],
  [{ inbound: { sip_subdomain: 'a.b' } }, ['10015 /inbound/sip_subdomain']],
  [{ inbound: { sip_subdomain_receive_settings: 'x' } }, ['10032 /inbound/sip_subdomain_receive_settings']],
  [{ inbound: { numbers: ['1', 'a b'] } }, ['10015 /inbound/numbers/1']],
  [{ inbound: { numbers: ['1', '1'] } }, ['10015 /inbound/numbers']],
  [{ inbound: { numbers: Array(1001).fill('1') } }, ['10015 /inbound/numbers']],
  [{ outbound: { channel_limit: 1.5 } }, ['10015 /outbound/channel_limit']],
  [{ tags: [''] }, ['10004 /tags/0']],
  [{ refer_timeout_ms: 0 }, ['10033 /refer_timeout_ms']],
];

for (const [change, errors] of invalid) {
  test(`refused: ${JSON.stringify(change).slice(0, 70)}`, async () => {
    const all = fixture();
    const created = await ask(all.app, `POST ${path}`, { payload: { ...said, ...change } });
    assert.deepEqual([created.status, errorsIn(created.body).sort()], [422, [...errors].sort()]);
    const { id } = await made(all);
    const changed = await ask(all.app, `PATCH ${path}/${id}`, { payload: { ...said, ...change } });
    assert.deepEqual([changed.status, errorsIn(changed.body).sort()], [422, [...errors].sort()]);
    assert.equal(all.applications.views().length, 2);
  });
}

test('what another has is a duplicate, and one of the settings is not changed here', async () => {
  const all = fixture();
  await made(all, { inbound: { numbers: ['100'] } });
  const twice = await ask(all.app, `POST ${path}`, { payload: { ...said, inbound: { numbers: ['100'] } } });
  assert.deepEqual([twice.status, errorsIn(twice.body)], [422, ['10012 /inbound/numbers/0']]);
  assert.equal(dataOf((await ask(all.app, `GET ${path}/${ofSettings}`)).body).read_only, true);
  for (const method of ['PATCH', 'DELETE']) {
    const { status, body } = await ask(all.app, `${method} ${path}/${ofSettings}`, {
      ...(method === 'PATCH' && { payload: said }),
    });
    assert.deepEqual([status, errorsIn(body)], [403, ['10010']]);
  }
});

const view = (index: number, more: Partial<CallView> = {}): CallView => ({
  callControlId: `v3:${String(index).padStart(4, '0')}`,
  callLegId: `leg-${index}`,
  callSessionId: `session-${index}`,
  isAlive: true,
  clientState: null,
  startedAt: 0,
  endedAt: null,
  durationSecs: index,
  ...more,
});

test('one with live calls is not deleted', async () => {
  const all = fixture();
  const { id } = await made(all);
  all.calls.active.set(id, [view(1)]);
  const refused = await ask(all.app, `DELETE ${path}/${id}`);
  assert.deepEqual([refused.status, errorsIn(refused.body)], [422, ['10027']]);
  all.calls.active.delete(id);
  assert.equal((await ask(all.app, `DELETE ${path}/${id}`)).status, 200);
});

test('lists: the order, the filters, the sorts', async () => {
  const all = fixture();
  for (const [name, active] of [
    ['beta', true],
    ['Alphabet', false],
    ['gamma', true],
  ] as const) {
    await made(all, { application_name: name, active, outbound: { outbound_voice_profile_id: name } });
    await all.system.clock.advance(1);
  }
  const lists: readonly (readonly [query: string, names: readonly string[]])[] = [
    ['', ['default', 'gamma', 'Alphabet', 'beta']],
    ['sort=created_at', ['default', 'beta', 'Alphabet', 'gamma']],
    ['sort=-created_at', ['gamma', 'Alphabet', 'beta', 'default']],
    ['sort=connection_name', ['Alphabet', 'beta', 'default', 'gamma']],
    ['sort=-connection_name', ['gamma', 'default', 'beta', 'Alphabet']],
    ['sort=active', ['Alphabet', 'default', 'beta', 'gamma']],
    ['sort=-active&page%5Bsize%5D=3', ['gamma', 'beta', 'default']],
    ['filter%5Bapplication_name%5D%5Bcontains%5D=BET', ['Alphabet', 'beta']],
    ['filter%5Boutbound.outbound_voice_profile_id%5D=beta', ['beta']],
    [`filter%5Bconnection_id%5D=${ofSettings}`, ['default']],
    ['page[size]=2&page[number]=2', ['Alphabet', 'beta']],
  ];
  for (const [query, names] of lists) {
    assert.deepEqual(namesIn((await ask(all.app, `GET ${path}?${query}`)).body), names, query);
  }
  const connections = await ask(
    all.app,
    'GET /v2/connections?filter[connection_name][contains]=bet&sort=-connection_name',
  );
  assert.deepEqual(namesIn(connections.body), ['beta', 'Alphabet']);
  for (const query of ['sort=name', 'filter[application_name][contains]=be', 'page[size]=0']) {
    const { status, body } = await ask(all.app, `GET ${path}?${query}`);
    const [error] = (body as { errors: { source: { parameter: string } }[] }).errors;
    assert.deepEqual([status, error?.source.parameter], [422, query.split('=')[0]]);
  }
});

test('a connection is the application under another name', async () => {
  const { app } = fixture();
  assert.deepEqual((await ask(app, `GET /v2/connections/${ofSettings}`)).body, {
    data: {
      id: ofSettings,
      record_type: 'call_control_application',
      connection_name: 'default',
      active: true,
      anchorsite_override: 'Latency',
      outbound_voice_profile_id: null,
      tags: [],
      webhook_api_version: '2',
      webhook_event_url: 'https://app.example/webhooks',
      webhook_event_failover_url: null,
      created_at: '2026-01-01T00:00:00.000000Z',
      updated_at: '2026-01-01T00:00:00.000000Z',
    },
  });
});

test('the live calls of a connection, the oldest first', async () => {
  const all = fixture();
  const url = `/v2/connections/${ofSettings}/active_calls`;
  assert.deepEqual((await ask(all.app, `GET ${url}`)).body, {
    data: [],
    meta: {
      page_number: 1,
      page_size: 20,
      total_pages: 0,
      total_results: 0,
      total_items: 0,
      cursors: { before: null, after: null },
      next: null,
      previous: null,
    },
  });
  all.calls.active.set(ofSettings, [view(2), view(1, { clientState: 'YQ==' })]);
  const { data } = (await ask(all.app, `GET ${url}`)).body as { data: Record<string, unknown>[] };
  assert.deepEqual(data[0], {
    record_type: 'call',
    call_control_id: 'v3:0001',
    call_leg_id: 'leg-1',
    call_session_id: 'session-1',
    call_duration: 1,
    client_state: 'YQ==',
  });
  assert.equal(data[1]?.call_leg_id, 'leg-2');
  assert.equal((await ask(all.app, 'GET /v2/connections/7/active_calls')).status, 404);
});

async function serve(t: TestContext) {
  const all = fixture();
  await all.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => all.app.close());
  const { port } = all.app.server.address() as AddressInfo;
  const client = new Telnyx({ apiKey: key, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 0 });
  return { ...all, client };
}

test('client: applications are created, changed, listed and deleted', async (t) => {
  const { client } = await serve(t);
  const { data } = await client.callControlApplications.create({ ...said, inbound: { sip_subdomain: 'night' } });
  assert.deepEqual([data?.application_name, data?.inbound?.sip_subdomain], ['Night shift', 'night']);
  const id = data!.id!;
  await client.callControlApplications.update(id, { ...said, application_name: 'Late', tags: ['x'] });
  assert.deepEqual((await client.callControlApplications.retrieve(id)).data?.tags, ['x']);
  const filter = { application_name: { contains: 'late' } };
  const { data: found } = await client.callControlApplications.list({ filter, sort: 'created_at' });
  assert.deepEqual(
    found.map((each) => each.id),
    [id],
  );
  await client.callControlApplications.delete(id);
  await assert.rejects(client.callControlApplications.retrieve(id), Telnyx.NotFoundError);
  await assert.rejects(client.callControlApplications.delete(ofSettings), Telnyx.PermissionDeniedError);
});

test('client: its pages show every application and every live call once', async (t) => {
  const { client, calls, ...all } = await serve(t);
  for (let index = 0; index < 5; index += 1) await made({ calls, ...all }, { application_name: `number ${index}` });
  const names: unknown[] = [];
  for await (const { application_name } of client.callControlApplications.list({ 'page[size]': 2 })) {
    names.push(application_name);
  }
  assert.deepEqual(names, ['default', ...[4, 3, 2, 1, 0].map((index) => `number ${index}`)]);
  const connections: unknown[] = [];
  for await (const { connection_name } of client.connections.list({ 'page[size]': 3 }))
    connections.push(connection_name);
  assert.deepEqual(connections, names);

  const live = Array.from({ length: 45 }, (_, index) => view(index));
  calls.active.set(ofSettings, live);
  const seen: string[] = [];
  for await (const { call_leg_id } of client.connections.listActiveCalls(ofSettings)) {
    seen.push(call_leg_id);
    // One comes with every one that is read, until there are sixty.
    if (live.length < 60) live.push(view(live.length));
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 60 }, (_, index) => `leg-${index}`),
  );
});
