// Every method of the official client that docs/api.md calls done, against a whole server with phones: what it resolves to.
// An endpoint that is done and is called by nobody here fails.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Telnyx from 'telnyx';
import { api } from '../../scripts/api.ts';
import { numberAt, type Stage, stage } from '../examples/support.ts';
import { settingsFile } from '../interop/support/registering.ts';
import { Scope } from '../interop/support/scope.ts';

const connection_id = '1000000000000000001';
/** Without it digits are refused: they would have to be sent in the sound. */
const settings = 'applications:\n  - { application_name: ours, dtmf_type: SIP INFO }\n';
const target = 'sip:bob@127.0.0.1:9';
const ok = { data: { result: 'ok' } };

/** What the methods are called with, and what they are called on. */
interface Place {
  readonly client: Telnyx;
  readonly stage: Stage;
  /** A new call that rings, by its id. */
  rings(): Promise<string>;
  answered(): Promise<string>;
}

async function open(t: TestContext): Promise<Place> {
  const all = await stage(t, { SWITCHHOOK_CONFIG: settingsFile(new Scope(t), settings) });
  all.server.serve((request, response) => void request.resume().on('end', () => response.end()));
  const client = new Telnyx({ ...all.server.client, maxRetries: 0 });
  const seen = new Set<unknown>();
  const idOf = async (type: string): Promise<string> => {
    const { data } = await all.told(type, ({ data }) => !seen.has(`${type} ${data.payload.call_control_id}`));
    seen.add(`${type} ${data.payload.call_control_id}`);
    return String(data.payload.call_control_id);
  };
  const rings = async () => {
    const phone = await all.phone({ name: 'alice' });
    phone.call(numberAt(all.server)).catch(() => {}); // a call that is rejected
    return idOf('call.initiated');
  };
  const answered = async () => {
    const id = await rings();
    await client.calls.actions.answer(id, {});
    await idOf('call.answered');
    return id;
  };
  return { client, stage: all, rings, answered };
}

type Run = (place: Place) => Promise<void>;

/** A command of a call that was answered. */
const command =
  (send: (client: Telnyx, call: string, place: Place) => Promise<unknown>): Run =>
  async (place) =>
    assert.deepEqual(await send(place.client, await place.answered(), place), ok);

const first = <Item>(items: readonly Item[] | undefined): Item => {
  assert.ok(items?.[0] !== undefined, 'the list is empty');
  return items[0];
};

const anApplication = { application_name: 'night', webhook_event_url: 'http://127.0.0.1:9' };
const made = async ({ client }: Place): Promise<string> =>
  String((await client.callControlApplications.create(anApplication)).data?.id);

const waiting = async ({ client, answered }: Place): Promise<string> => {
  const call = await answered();
  await client.calls.actions.enqueue(call, { queue_name: 'line' });
  return call;
};

const runs: Readonly<Record<string, Run>> = {
  'calls.dial': async ({ client, stage }) => {
    const bob = await stage.phone({ name: 'bob' });
    const { data } = await client.calls.dial({ connection_id, from: '+15551', to: bob.uri });
    assert.deepEqual([data?.record_type, data?.is_alive], ['call', false], 'a dial is never alive, says the API');
    await stage.told('call.answered', ({ data: told }) => told.payload.call_control_id === data?.call_control_id);
  },
  'calls.retrieveStatus': async ({ client, answered }) => {
    const id = await answered();
    const { data } = await client.calls.retrieveStatus(id);
    assert.deepEqual([data?.call_control_id, data?.is_alive, data?.record_type], [id, true, 'call']);
  },
  'calls.actions.answer': async ({ client, rings }) =>
    assert.deepEqual(await client.calls.actions.answer(await rings(), {}), ok),
  'calls.actions.reject': async ({ client, rings }) =>
    assert.deepEqual(await client.calls.actions.reject(await rings(), { cause: 'USER_BUSY' }), ok),
  'calls.actions.bridge': command(async ({ calls }, call, { answered }) =>
    calls.actions.bridge(call, { call_control_id_to_bridge_with: await answered() }),
  ),
  'calls.actions.updateClientState': command(({ calls }, call) =>
    calls.actions.updateClientState(call, { client_state: 'YQ==' }),
  ),
  'calls.actions.enqueue': command(({ calls }, call) => calls.actions.enqueue(call, { queue_name: 'line' })),
  'calls.actions.leaveQueue': async (place) =>
    assert.deepEqual(await place.client.calls.actions.leaveQueue(await waiting(place), {}), ok),
  'calls.actions.hangup': command(({ calls }, call) => calls.actions.hangup(call, {})),
  'calls.actions.refer': command(({ calls }, call) => calls.actions.refer(call, { sip_address: target })),
  'calls.actions.sendSipInfo': command(({ calls }, call) =>
    calls.actions.sendSipInfo(call, { content_type: 'text/plain', body: 'x' }),
  ),
  'calls.actions.sendDtmf': command(({ calls }, call) => calls.actions.sendDtmf(call, { digits: '1#' })),
  'calls.actions.transfer': command(({ calls }, call) => calls.actions.transfer(call, { to: target })),
  'callControlApplications.list': async ({ client }) =>
    assert.equal(first((await client.callControlApplications.list()).data).id, connection_id),
  'callControlApplications.create': async ({ client }) => {
    const { data } = await client.callControlApplications.create(anApplication);
    assert.deepEqual([data?.application_name, data?.active], ['night', true]);
  },
  'callControlApplications.retrieve': async (place) => {
    const id = await made(place);
    assert.equal((await place.client.callControlApplications.retrieve(id)).data?.id, id);
  },
  'callControlApplications.update': async (place) => {
    const changed = { ...anApplication, application_name: 'day' };
    const { data } = await place.client.callControlApplications.update(await made(place), changed);
    assert.equal(data?.application_name, 'day');
  },
  'callControlApplications.delete': async (place) => {
    const id = await made(place);
    assert.equal((await place.client.callControlApplications.delete(id)).data?.id, id);
    await assert.rejects(place.client.callControlApplications.retrieve(id), Telnyx.NotFoundError);
  },
  'connections.list': async ({ client }) =>
    assert.equal(first((await client.connections.list()).data).id, connection_id),
  'connections.retrieve': async ({ client }) =>
    assert.equal((await client.connections.retrieve(connection_id)).data?.id, connection_id),
  'connections.retrieveCount': async ({ client }) => {
    const { data } = await client.connections.retrieveCount();
    assert.ok(
      Object.values(data.counts).some((count) => Number(count) > 0),
      JSON.stringify(data),
    );
  },
  'connections.listActiveCalls': async ({ client, rings }) => {
    const id = await rings();
    const { data } = await client.connections.listActiveCalls(connection_id);
    assert.ok(data.some(({ call_control_id: each }) => each === id));
  },
  'queues.create': async ({ client }) => {
    const { data } = await client.queues.create({ queue_name: 'line', max_size: 7 });
    assert.deepEqual([data?.name, data?.max_size, data?.current_size], ['line', 7, 0]);
  },
  'queues.retrieve': async (place) => {
    await waiting(place);
    assert.equal((await place.client.queues.retrieve('line')).data?.current_size, 1);
  },
  'queues.list': async (place) => {
    await waiting(place);
    assert.equal(first((await place.client.queues.list()).data).name, 'line');
  },
  'queues.update': async ({ client }) => {
    await client.queues.create({ queue_name: 'line' });
    assert.equal((await client.queues.update('line', { max_size: 9 })).data?.max_size, 9);
  },
  'queues.delete': async ({ client }) => {
    await client.queues.create({ queue_name: 'line' });
    await client.queues.delete('line');
    await assert.rejects(client.queues.retrieve('line'), Telnyx.NotFoundError);
  },
  'queues.calls.list': async (place) => {
    const id = await waiting(place);
    assert.equal(first((await place.client.queues.calls.list('line')).data).call_control_id, id);
  },
  'queues.calls.retrieve': async (place) => {
    const id = await waiting(place);
    const { data } = await place.client.queues.calls.retrieve(id, { queue_name: 'line' });
    assert.deepEqual([data?.call_control_id, data?.queue_position], [id, 1]);
  },
  'queues.calls.update': async (place) => {
    const id = await waiting(place);
    await place.client.queues.calls.update(id, { queue_name: 'line', keep_after_hangup: true });
  },
  'queues.calls.remove': async (place) => {
    const id = await waiting(place);
    await place.client.queues.calls.remove(id, { queue_name: 'line' });
    assert.deepEqual((await place.client.queues.calls.list('line')).data, []);
  },
  'callEvents.list': async ({ client, answered }) => {
    await answered();
    assert.equal(first((await client.callEvents.list()).data).name, 'call.initiated');
  },
  'webhookDeliveries.list': async ({ client, answered }) => {
    await answered();
    assert.equal(first((await client.webhookDeliveries.list()).data).status, 'delivered');
  },
  'webhookDeliveries.retrieve': async ({ client, answered }) => {
    await answered();
    const { id = '' } = first((await client.webhookDeliveries.list()).data);
    assert.equal((await client.webhookDeliveries.retrieve(id)).data?.id, id);
  },
};

test('every method that is done is called here', async () => {
  const done = [...(await api()).matchAll(/^\| `[^`]+` \| `([\w.]+)` \| done/gm)].map(([, method]) => method);
  assert.ok(done.length > 25, 'the page was read');
  assert.deepEqual(done.toSorted(), Object.keys(runs).toSorted());
});

for (const [method, run] of Object.entries(runs)) {
  test(method, { timeout: 20_000 }, async (t) => run(await open(t)));
}
