// The routes of trunks and phones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directory, TrunkView } from '../../src/http/peers.ts';
import { epoch } from '../support/fake-system.ts';
import { ask, errorsIn, fixture } from './support.ts';

const byAddress: TrunkView = {
  ...{ name: 'carrier', addresses: ['192.0.2.0/24'], username: null, realm: null },
  ...{
    uri: 'sip:us:secret@carrier.example',
    prefixes: ['+1'],
    applications: ['1'],
    priority: 1,
    weight: 10,
    channels: 30,
  },
  registration: null,
};
const byRegistration: TrunkView = {
  ...{ ...byAddress, name: 'a-pbx', username: '1000', realm: 'pbx', uri: null, applications: null, channels: null },
  registration: {
    ...{ registrars: ['sip:pbx.example.com'], registerAs: 'sip:1000@pbx.example.com', state: 'failing' },
    ...{ server: null, expiresAt: epoch, failure: '403 Forbidden' },
  },
};

const directory: Directory = {
  trunks: () => [byAddress, byRegistration],
  phones: () => [
    { username: 'bob', displayName: null, contacts: [] },
    {
      ...{ username: 'alice', displayName: 'Alice' },
      contacts: [{ uri: 'sip:alice:secret@192.0.2.10', expiresAt: epoch + 60_000, behindNat: true }],
    },
  ],
};

test('trunks: by name, with their registrations, and without a password', async () => {
  const { app } = fixture({ peers: directory });
  const { body } = await ask(app, 'GET /v2/trunks');
  const { data } = body as { data: { name: string }[] };
  assert.deepEqual(data, [
    {
      ...{
        name: 'a-pbx',
        record_type: 'trunk',
        addresses: ['192.0.2.0/24'],
        username: '1000',
        realm: 'pbx',
        uri: null,
      },
      ...{ prefixes: ['+1'], connection_ids: null, priority: 1, weight: 10, channels: null },
      registration: {
        ...{
          registrars: ['sip:pbx.example.com'],
          register_as: 'sip:1000@pbx.example.com',
          state: 'failing',
          server: null,
        },
        ...{ expires_at: '2026-01-01T00:00:00.000000Z', failure: '403 Forbidden' },
      },
    },
    {
      ...{ name: 'carrier', record_type: 'trunk', addresses: ['192.0.2.0/24'], username: null, realm: null },
      ...{ uri: 'sip:us:***@carrier.example', prefixes: ['+1'], connection_ids: ['1'], priority: 1, weight: 10 },
      ...{ channels: 30, registration: null },
    },
  ]);
  assert.deepEqual((await ask(app, 'GET /v2/trunks/carrier')).body, { data: data[1] });
});

test('phones: who is registered, and where', async () => {
  const { app } = fixture({ peers: directory });
  const { body } = await ask(app, 'GET /v2/phones?page[size]=1');
  const alice = {
    ...{ username: 'alice', record_type: 'phone', display_name: 'Alice', registered: true },
    contacts: [{ uri: 'sip:alice:***@192.0.2.10', expires_at: '2026-01-01T00:01:00.000000Z', behind_nat: true }],
  };
  assert.deepEqual((body as { data: unknown }).data, [alice]);
  assert.deepEqual((await ask(app, 'GET /v2/phones/alice')).body, { data: alice });
  assert.deepEqual((await ask(app, 'GET /v2/phones/bob')).body, {
    data: { username: 'bob', record_type: 'phone', display_name: null, registered: false, contacts: [] },
  });
});

test('trunks and phones: unknown ones, and no way to change them', async () => {
  const { app } = fixture({ peers: directory });
  for (const path of ['trunks/nobody', 'phones/nobody']) {
    const { status, body } = await ask(app, `GET /v2/${path}`);
    assert.deepEqual([status, errorsIn(body)], [404, ['10005']]);
    assert.equal((await ask(app, `DELETE /v2/${path}`)).status, 405);
  }
  assert.equal((await ask(app, 'GET /v2/trunks?page[number]=x')).status, 422);
});
