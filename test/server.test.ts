// The composition root, on a fake wire: what its metrics say of what has happened, and to whom.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readSettings } from '../src/config.ts';
import { hashKey } from '../src/http/auth.ts';
import { none } from '../src/media/none.ts';
import { compose } from '../src/server.ts';
import { openSqlite } from '../src/store/sqlite.ts';
import { fakeSystem } from './support/fake-system.ts';
import { Wire } from './support/wire.ts';

const us = '192.0.2.10';
const key = 'KEY0123456789';
const file = `
trunks:
  - name: pbx
    addresses: 192.0.2.20
    registrar: sip:192.0.2.20
    username: "1000"
    password: secret
`;

async function setUp(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const settings = readSettings({ SWITCHHOOK_CONFIG: 'x.yaml', ...env }, () => file);
  if ('errors' in settings) throw new Error(settings.errors.join());
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const store = openSqlite(':memory:');
  const server = await compose({
    ...{ system, settings, store, media: none(), authHashes: [hashKey(key)], docs: new Map(), version: '1' },
    transports: [wire.transport('udp', us, 5060)],
    resolve: async () => [],
    post: async () => ({ status: 200 }),
  });
  t.after(async () => {
    await server.kill();
    await store.close();
  });
  const scrape = async (headers: Readonly<Record<string, string>> = {}) => {
    const { statusCode, body } = await server.http.inject({ method: 'GET', url: '/metrics', headers });
    return { status: statusCode, lines: body.split('\n').filter((line) => line.startsWith('switchhook_')) };
  };
  return { system, wire, server, scrape };
}

test('metrics: every count of the defence, calls, transactions, registrations and webhooks', async (t) => {
  const { system, wire, server, scrape } = await setUp(t);
  const stranger = wire.transport('udp', '203.0.113.9', 5060);
  await stranger.listen(() => {});
  const lines = [
    `OPTIONS sip:${us} SIP/2.0`,
    'Via: SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK1',
    ...['From: <sip:x@x.example>;tag=1', 'To: <sip:y@y.example>', 'Call-ID: 1', 'CSeq: 1 OPTIONS'],
    ...['Max-Forwards: 70', 'User-Agent: friendly-scanner', 'Content-Length: 0', '', ''],
  ];
  stranger.send(lines.join('\r\n'), { transport: 'udp', host: us, port: 5060 }, assert.fail);
  await system.clock.settle();
  const { lines: shown } = await scrape();
  const counts = Object.entries(server.peers.counts());
  assert.equal(counts.length, 7);
  assert.deepEqual(
    shown.toSorted(),
    [
      ...counts.map(([outcome, count]) => `switchhook_sip_admission_total{outcome="${outcome}"} ${count}`),
      ...['delivered', 'failed', 'repeated'].map(
        (outcome) => `switchhook_webhook_outcomes_total{outcome="${outcome}"} 0`,
      ),
      ...[
        'switchhook_calls 0',
        'switchhook_calls_turned_away_total 0',
        'switchhook_sip_bindings 0',
        'switchhook_webhooks_due 0',
      ],
      'switchhook_sip_registered{trunk="pbx"} 0',
      // The REGISTER that nobody answers.
      'switchhook_sip_transactions 1',
    ].toSorted(),
  );
  assert.ok(shown.includes('switchhook_sip_admission_total{outcome="scanners"} 1'));
});

for (const [name, env, status] of [
  ['on loopback everybody may read them', {}, 200],
  ['on loopback by name', { SWITCHHOOK_HTTP_LISTEN: 'localhost:8080' }, 200],
  ['elsewhere who has a key', { SWITCHHOOK_HTTP_LISTEN: '0.0.0.0:8080' }, 401],
  [
    'elsewhere everybody, where that is set',
    { SWITCHHOOK_HTTP_LISTEN: '0.0.0.0:8080', SWITCHHOOK_METRICS_ACCESS: 'open' },
    200,
  ],
  ['on loopback who has a key, where that is set', { SWITCHHOOK_METRICS_ACCESS: 'key' }, 401],
] as const) {
  test(`metrics: ${name}`, async (t) => {
    const { scrape } = await setUp(t, env);
    assert.equal((await scrape()).status, status);
    assert.equal((await scrape({ authorization: `Bearer ${key}` })).status, 200);
  });
}
