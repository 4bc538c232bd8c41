// The routes of queues, and the official client on them.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Telnyx from 'telnyx';
import { epoch } from '../support/fake-system.ts';
import { ask, errorsIn, type Fixture, fixture, key } from './support.ts';

function enqueue({ waiting }: Fixture, id: string, queue: string, secsAgo: number, isAlive = true): void {
  waiting.push({
    ...{
      callControlId: id,
      callLegId: `leg-${id}`,
      callSessionId: `session-${id}`,
      connectionId: '1',
      from: 'a',
      to: 'b',
    },
    isAlive,
    waiting: { queue, enqueuedAt: epoch - secsAgo * 1000, keepAfterHangup: !isAlive, until: null },
  });
}

test('a queue is created, retrieved, changed and deleted', async () => {
  const all = fixture();
  const made = await ask(all.app, 'POST /v2/queues', { payload: { queue_name: 'tier 1/é', unknown: 1 } });
  const path = `/v2/queues/${encodeURIComponent('tier 1/é')}`;
  const { data } = made.body as { data: { id: string } };
  assert.deepEqual(made, {
    ...made,
    status: 200,
    body: {
      data: {
        ...{ id: data.id, record_type: 'queue', name: 'tier 1/é', max_size: 300, current_size: 0 },
        average_wait_time_secs: 0,
        ...{ created_at: '2026-01-01T00:00:00.000000Z', updated_at: '2026-01-01T00:00:00.000000Z' },
      },
    },
  });
  assert.deepEqual((await ask(all.app, `GET ${path}`)).body, made.body);
  const changed = await ask(all.app, `POST ${path}`, { payload: { max_size: 3 } });
  assert.deepEqual(changed.body, { data: { ...data, max_size: 3 } });
  enqueue(all, 'a', 'tier 1/é', 1);
  const refused = await ask(all.app, `DELETE ${path}`);
  assert.deepEqual([refused.status, errorsIn(refused.body)], [400, ['90050']]);
  all.waiting.length = 0;
  const deleted = await ask(all.app, `DELETE ${path}`);
  assert.deepEqual([deleted.status, deleted.body], [204, null]);
  for (const line of [`GET ${path}`, `DELETE ${path}`, `GET ${path}/calls`, `GET ${path}/calls/a`]) {
    const { status, body } = await ask(all.app, line);
    assert.deepEqual([status, errorsIn(body)], [404, ['10005']], line);
  }
  assert.equal((await ask(all.app, `POST ${path}`, { payload: { max_size: 3 } })).status, 404);
});

const invalid: readonly (readonly [payload: object, errors: readonly string[]])[] = [
  [{}, ['10004 /queue_name']],
  [{ queue_name: ' ' }, ['10004 /queue_name']],
  [{ queue_name: 'x'.repeat(256) }, ['10015 /queue_name']],
  [{ queue_name: 'there' }, ['10012 /queue_name']],
  [{ queue_name: 'q', max_size: 0 }, ['10033 /max_size']],
  [{ queue_name: 'q', max_size: '5' }, ['10015 /max_size']],
];

for (const [payload, errors] of invalid) {
  test(`refused: ${JSON.stringify(payload).slice(0, 60)}`, async () => {
    const { app, queues } = fixture();
    await queues.create('there');
    const { status, body } = await ask(app, 'POST /v2/queues', { payload });
    assert.deepEqual([status, errorsIn(body)], [422, errors]);
    const changed = await ask(app, 'POST /v2/queues/there', { payload: { max_size: 100_001 } });
    assert.deepEqual([changed.status, errorsIn(changed.body)], [422, ['10033 /max_size']]);
  });
}

test('the calls that wait, the next one first', async () => {
  const all = fixture();
  await all.queues.create('support');
  enqueue(all, 'b', 'support', 5);
  enqueue(all, 'a', 'support', 90, false);
  enqueue(all, 'c', 'other', 99);
  const { data } = (await ask(all.app, 'GET /v2/queues/support/calls')).body as { data: Record<string, unknown>[] };
  assert.deepEqual(data[0], {
    record_type: 'queue_call',
    ...{
      call_control_id: 'a',
      call_leg_id: 'leg-a',
      call_session_id: 'session-a',
      connection_id: '1',
      from: 'a',
      to: 'b',
    },
    queue_id: all.queues.view('support')?.id,
    queue_position: 1,
    enqueued_at: '2025-12-31T23:58:30.000000Z',
    wait_time_secs: 90,
    is_alive: false,
  });
  assert.deepEqual([data.length, data[1]?.call_control_id, data[1]?.queue_position], [2, 'b', 2]);
  assert.deepEqual((await ask(all.app, 'GET /v2/queues/support/calls/b')).body, { data: data[1] });
  assert.equal((await ask(all.app, 'GET /v2/queues/support/calls/c')).status, 404);
});

test('client: queues and their calls, each once', async (t) => {
  const all = fixture();
  await all.app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => all.app.close());
  const { port } = all.app.server.address() as AddressInfo;
  const client = new Telnyx({ apiKey: key, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 0 });
  for (let index = 0; index < 5; index += 1) await client.queues.create({ queue_name: `queue ${index}`, max_size: 5 });
  const names: string[] = [];
  for await (const { name } of client.queues.list({ 'page[size]': 2 })) names.push(name);
  assert.deepEqual(names, ['queue 0', 'queue 1', 'queue 2', 'queue 3', 'queue 4']);
  for (let index = 0; index < 25; index += 1) enqueue(all, `call-${index}`, 'queue 1', 100 - index);
  const positions: number[] = [];
  for await (const { queue_position } of client.queues.calls.list('queue 1')) positions.push(queue_position);
  assert.deepEqual(
    positions,
    Array.from({ length: 25 }, (_, index) => index + 1),
  );
  const { data } = await client.queues.calls.retrieve('call-3', { queue_name: 'queue 1' });
  assert.equal(data?.queue_position, 4);
  await client.queues.calls.update('call-3', { queue_name: 'queue 1', keep_after_hangup: true });
  await client.queues.calls.update('call-3', { queue_name: 'queue 1' });
  await client.queues.calls.remove('call-3', { queue_name: 'queue 1' });
  assert.deepEqual(
    all.calls.places,
    [true, null].map((keepAfterHangup) => ({ callControlId: 'call-3', change: { queue: 'queue 1', keepAfterHangup } })),
  );
  assert.equal((await client.queues.update('queue 1', { max_size: 30 })).data?.current_size, 25);
  await client.queues.delete('queue 0');
  await assert.rejects(client.queues.delete('queue 1'), Telnyx.BadRequestError);
});

test('the place of a call: changed, taken away, not there, and refused', async () => {
  const all = fixture();
  await all.queues.create('support');
  enqueue(all, 'a', 'support', 5);
  const place = '/v2/queues/support/calls/a';
  const cases: [line: string, payload: object | undefined, status: number, ...errors: string[]][] = [
    [`PATCH ${place}`, { keep_after_hangup: 'yes' }, 422, '10015 /keep_after_hangup'],
    [`PATCH ${place}`, { keep_after_hangup: null }, 422, '10015 /keep_after_hangup'],
    ['PATCH /v2/queues/other/calls/a', {}, 404, '10005'],
    ['PATCH /v2/queues/support/calls/b', { keep_after_hangup: true }, 404, '10005'],
    ['DELETE /v2/queues/support/calls/b', undefined, 404, '10005'],
    ['DELETE /v2/queues/other/calls/a', undefined, 404, '10005'],
  ];
  for (const [line, payload, status, ...errors] of cases) {
    const answer = await ask(all.app, line, payload && { payload });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [status, errors], line);
  }
  assert.deepEqual(all.calls.places, []);
  all.calls.next.push([{ name: 'unavailable' }]);
  assert.equal((await ask(all.app, `DELETE ${place}`)).status, 503);
  assert.deepEqual((await ask(all.app, `DELETE ${place}`)).body, null);
});
