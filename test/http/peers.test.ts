// The routes of trunks and phones, before the peers of a server.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { Access, Trunk } from '../../src/config/access.ts';
import type { Settings } from '../../src/config.ts';
import type { Directory, PeerResource } from '../../src/http/peers.ts';
import { Peers } from '../../src/peers.ts';
import { Endpoint } from '../../src/sip/endpoint.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { ask, errorsIn, fixture, json } from './support.ts';

const carrier: Trunk = {
  ...{ name: 'carrier', addresses: ['192.0.2.0/24'], username: null, password: null, realm: null, nat: true },
  ...{ registrars: [], registerAs: '', registerSecs: 600, uri: 'sip:us:secret@carrier.example', prefixes: ['+1'] },
  ...{ applications: ['1'], priority: 1, weight: 10, channels: 30 },
};
const access: Access = {
  ...{ realm: 'switchhook', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600 },
  ...{ keepAliveSecs: 0, trunks: [carrier], phones: [{ username: 'bob', password: 'secret', displayName: null }] },
};
const stamps = { created_at: '2026-01-01T00:00:00.000000Z', updated_at: '2026-01-01T00:00:00.000000Z' };

async function peersOn(store: Store, settings: Access = access) {
  const system = fakeSystem();
  const peers = new Peers({
    system,
    store,
    settings: { access: settings, sipListen: [] } as never as Settings,
    transports: [],
  });
  const nothing = () => {};
  const endpoint = new Endpoint({
    ...{ system, transports: [], publicHost: null, allow: [], supported: [], resolve: async () => [] },
    user: peers.user({ request: nothing, ack: nothing, response: nothing, timeout: nothing, failed: nothing }),
  });
  await peers.restore(endpoint);
  return { peers, system };
}

/** One app for all: making one takes longer than a test. */
const current: { directory: Directory | null } = { directory: null };
const { app } = fixture({
  peers: { trunks: lent((directory) => directory.trunks), phones: lent((directory) => directory.phones) },
});

function lent<V>(of: (directory: Directory) => PeerResource<V>): PeerResource<V> {
  return {
    all: () => of(current.directory!).all(),
    create: (said) => of(current.directory!).create(said),
    update: (key, said) => of(current.directory!).update(key, said),
    remove: (key) => of(current.directory!).remove(key),
  };
}

async function setUp(t: TestContext) {
  const store = openSqlite(':memory:');
  t.after(() => store.close());
  const { peers, system } = await peersOn(store);
  current.directory = peers.directory;
  const send = (line: string, payload?: object) => ask(app, line, payload && { headers: json, payload });
  return { store, peers, system, send };
}

test('trunks: by name, with what the settings have, and without a password', async (t) => {
  const { send } = await setUp(t);
  const whole = {
    ...{ name: 'carrier', record_type: 'trunk', addresses: ['192.0.2.0/24'], username: null, realm: null, nat: true },
    ...{ registrars: [], register_as: null, register_secs: 600, registration: null },
    ...{ uri: 'sip:us:***@carrier.example', prefixes: ['+1'], connection_ids: ['1'], priority: 1, weight: 10 },
    ...{ channels: 30, ...stamps, read_only: true },
  };
  assert.deepEqual((await send('GET /v2/trunks/carrier')).body, { data: whole });
  await send('POST /v2/trunks', { name: 'a-pbx', registrars: ['sip:pbx.example'], username: '1', password: 'secret' });
  const { body } = await send('GET /v2/trunks');
  const [first, second] = (body as { data: { name: string }[] }).data;
  assert.deepEqual([first?.name, second], ['a-pbx', whole]);
});

test('a trunk: made, changed, kept over a restart, deleted', async (t) => {
  const { send, store } = await setUp(t);
  const made = await send('POST /v2/trunks', {
    ...{ name: 'pbx', registrars: ['sip:pbx.example', 'sip:192.0.2.9'], username: '1000', password: 'secret' },
    ...{ connection_ids: ['1000000000000000001'], nat: false, priority: 0, something: 'unknown' },
  });
  const { data } = made.body as { data: object };
  assert.equal(made.status, 201);
  assert.deepEqual(data, {
    ...{ name: 'pbx', record_type: 'trunk', addresses: ['192.0.2.9'], username: '1000', realm: null, nat: false },
    ...{ registrars: ['sip:pbx.example', 'sip:192.0.2.9'], register_as: 'sip:1000@pbx.example', register_secs: 600 },
    ...{ registration: null, uri: 'sip:pbx.example', prefixes: null, connection_ids: ['1000000000000000001'] },
    ...{ priority: 0, weight: 1, channels: null, ...stamps, read_only: false },
  });
  const changed = await send('PATCH /v2/trunks/pbx', { name: 'pbx', connection_ids: null, channels: 3, addresses: [] });
  const after = { ...data, connection_ids: null, channels: 3 };
  assert.deepEqual([changed.status, changed.body], [200, { data: after }]);
  const { peers } = await peersOn(store);
  assert.deepEqual(
    peers.directory.trunks.all().map(({ name, channels }) => [name, channels]),
    [
      ['carrier', 30],
      ['pbx', 3],
    ],
  );
  const removed = await send('DELETE /v2/trunks/pbx');
  assert.deepEqual([removed.status, removed.body], [200, { data: after }]);
  assert.equal((await send('GET /v2/trunks/pbx')).status, 404);
  assert.deepEqual(await store.resources('trunk'), []);
});

test('a phone: made, changed, deleted', async (t) => {
  const { send } = await setUp(t);
  const made = await send('POST /v2/phones', { username: 'alice', password: 'secret', display_name: 'Alice' });
  const alice = {
    ...{ username: 'alice', record_type: 'phone', display_name: 'Alice', registered: false, contacts: [] },
    ...{ ...stamps, read_only: false },
  };
  assert.deepEqual([made.status, made.body], [201, { data: alice }]);
  const changed = await send('PATCH /v2/phones/alice', { display_name: null });
  assert.deepEqual([changed.status, changed.body], [200, { data: { ...alice, display_name: null } }]);
  const { body } = await send('GET /v2/phones?page[size]=1');
  assert.deepEqual((body as { data: object[] }).data, [{ ...alice, display_name: null }]);
  assert.equal((await send('DELETE /v2/phones/alice')).status, 200);
  assert.equal((await send('GET /v2/phones/alice')).status, 404);
});

suite('what is wrong, each with its pointer and without what was said', () => {
  const pbx = { name: 'pbx', addresses: ['192.0.2.1'] };
  const alice = { username: 'alice', password: 'p' };
  const cases: [line: string, payload: object | undefined, status: number, ...errors: string[]][] = [
    ['POST /v2/trunks', {}, 422, '10004 /name'],
    ['POST /v2/trunks', { name: ' ' }, 422, '10004 /name'],
    ['POST /v2/trunks', { name: 'a b', addresses: ['192.0.2.1'] }, 422, '10015 /name'],
    ['POST /v2/trunks', { name: 'pbx' }, 422, '10015'],
    ['POST /v2/trunks', { ...pbx, addresses: ['192.0.2.1', 'x'] }, 422, '10015 /addresses/1'],
    ['POST /v2/trunks', { ...pbx, addresses: ['192.0.2.1,192.0.2.2'] }, 422, '10015 /addresses/0'],
    ['POST /v2/trunks', { ...pbx, addresses: '192.0.2.1' }, 422, '10015 /addresses'],
    ['POST /v2/trunks', { ...pbx, addresses: [1] }, 422, '10015 /addresses/0'],
    ['POST /v2/trunks', { ...pbx, username: 'u' }, 422, '10015 /password'],
    ['POST /v2/trunks', { ...pbx, password: 'secret' }, 422, '10015 /username'],
    ['POST /v2/trunks', { ...pbx, username: 'u', password: 'secret\n' }, 422, '10015 /password'],
    ['POST /v2/trunks', { ...pbx, register_as: 'sip:a@x' }, 422, '10015 /register_as'],
    ['POST /v2/trunks', { ...pbx, registrars: ['sip:x'] }, 422, '10015 /registrars'],
    [
      'POST /v2/trunks',
      { ...pbx, registrars: ['sip:x', 'tel:+1'], register_as: 'sip:x' },
      422,
      '10015 /registrars/1',
      '10015 /register_as',
    ],
    ['POST /v2/trunks', { ...pbx, uri: 'tel:+1', prefixes: ['+1', '+x'] }, 422, '10015 /uri', '10015 /prefixes/1'],
    ['POST /v2/trunks', { ...pbx, prefixes: [] }, 422, '10015 /prefixes'],
    ['POST /v2/trunks', { ...pbx, connection_ids: ['7'] }, 422, '10015 /connection_ids/0'],
    [
      'POST /v2/trunks',
      { ...pbx, channels: 0, priority: 65536, register_secs: 1 },
      422,
      '10033 /register_secs',
      '10033 /priority',
      '10033 /channels',
    ],
    ['POST /v2/trunks', { ...pbx, channels: 'many', nat: 'on' }, 422, '10015 /nat', '10015 /channels'],
    ['POST /v2/trunks', { ...pbx, name: 'carrier' }, 422, '10012 /name'],
    ['POST /v2/trunks', { name: 'pbx', username: 'bob', password: 'p' }, 422, '10012 /username'],
    ['POST /v2/phones', {}, 422, '10004 /username', '10004 /password'],
    ['POST /v2/phones', { username: 'a b', password: 'p' }, 422, '10015 /username'],
    ['POST /v2/phones', { username: 'bob', password: 'p' }, 422, '10012 /username'],
    ['POST /v2/phones', { ...alice, display_name: 7 }, 422, '10015 /display_name'],
    ['PATCH /v2/trunks/carrier', { channels: 2 }, 403, '10010'],
    ['DELETE /v2/trunks/carrier', undefined, 403, '10010'],
    ['PATCH /v2/phones/bob', { password: 'p' }, 403, '10010'],
    ['DELETE /v2/phones/bob', undefined, 403, '10010'],
    ['PATCH /v2/trunks/mine', { name: 'other' }, 422, '10015 /name'],
    ['PATCH /v2/trunks/mine', { addresses: null }, 422, '10015'],
    ['PATCH /v2/trunks/mine', { username: 'bob', password: 'p', addresses: [] }, 422, '10012 /username'],
    ['PATCH /v2/phones/carol', { password: '' }, 422, '10004 /password'],
    ...['trunks', 'phones'].flatMap((path): typeof cases => [
      [`GET /v2/${path}/nobody`, undefined, 404, '10005'],
      [`PATCH /v2/${path}/nobody`, {}, 404, '10005'],
      [`DELETE /v2/${path}/nobody`, undefined, 404, '10005'],
      [`PUT /v2/${path}/nobody`, undefined, 405, '10015'],
      [`GET /v2/${path}?page[number]=x`, undefined, 422, '10033'],
    ]),
  ];
  for (const [line, payload, status, ...errors] of cases) {
    test(`${line} ${JSON.stringify(payload ?? '')}`, async (t) => {
      const { send, store } = await setUp(t);
      await send('POST /v2/trunks', { name: 'mine', addresses: ['192.0.2.7'] });
      await send('POST /v2/phones', { username: 'carol', password: 'p' });
      const before = [await store.resources('trunk'), await store.resources('phone')];
      const answer = await send(line, payload);
      const found = errorsIn(answer.body).map((error) => error.trim());
      assert.deepEqual([answer.status, found], [status, line.includes('?') ? found : errors]);
      assert.ok(!JSON.stringify(answer.body).includes('secret'));
      assert.deepEqual([await store.resources('trunk'), await store.resources('phone')], before);
    });
  }
});

test('a change that cannot be stored is not in force', async (t) => {
  const { send, store, peers } = await setUp(t);
  await send('POST /v2/phones', { username: 'carol', password: 'p' });
  t.mock.method(store, 'putResource', () => Promise.reject(new Error('full')));
  t.mock.method(store, 'dropResource', () => Promise.reject(new Error('full')));
  for (const [line, payload] of [
    ['POST /v2/phones', { username: 'dave', password: 'p' }],
    ['PATCH /v2/phones/carol', { display_name: 'C' }],
    ['DELETE /v2/phones/carol', undefined],
  ] as const) {
    assert.equal((await send(line, payload)).status, 503, line);
  }
  assert.deepEqual(
    peers.directory.phones.all().map(({ username, displayName }) => [username, displayName]),
    [
      ['bob', null],
      ['carol', null],
    ],
  );
});

test('the settings hide what the API made of the same name or username, which stays in the store', async (t) => {
  const { send, store } = await setUp(t);
  await send('POST /v2/phones', { username: 'carol', password: 'p' });
  await send('POST /v2/trunks', { name: 'pbx', username: 'roamer', password: 'p' });
  const phones = ['carol', 'roamer'].map((username) => ({ username, password: 'secret', displayName: 'ours' }));
  const { peers, system } = await peersOn(store, { ...access, phones });
  assert.deepEqual(
    peers.directory.phones.all().map(({ displayName }) => displayName),
    ['ours', 'ours'],
  );
  assert.deepEqual(
    peers.directory.trunks.all().map(({ name }) => name),
    ['carrier'],
  );
  assert.equal(system.log.entries.filter(({ level }) => level === 'warn').length, 2);
  assert.equal((await store.resources('trunk')).length, 1);
});
