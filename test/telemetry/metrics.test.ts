// The text that Prometheus reads: every figure with its type, each value by its label.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figure, figures, Metrics, type Readings } from '../../src/telemetry/metrics.ts';

const none: Readings = {
  calls: () => 0,
  turnedAway: () => 0,
  transactions: () => 0,
  admission: () => ({ challenged: 0, refused: 0, failed: 0, scanners: 0, silenced: 0, limited: 0, unanswered: 0 }),
  bindings: () => 0,
  registered: () => ({}),
  webhooks: () => ({ delivered: 0, repeated: 0, failed: 0 }),
  webhooksDue: () => 0,
};

/** The lines with values. */
const values = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('each figure says what it is, once', async () => {
  const text = await new Metrics(none).text();
  for (const { name, type, help } of Object.values(figures)) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
  }
});

test('a value is asked for at each scrape, and a counter is what was counted, not the sum of what was read', async () => {
  let [calls, delivered] = [2, 5];
  const metrics = new Metrics({
    ...none,
    calls: () => calls,
    webhooks: () => ({ delivered, repeated: 0, failed: 1 }),
  });
  const read = async () => values(await metrics.text()).filter((line) => /_calls |webhook_outcomes/.test(line));
  const expected = (nowCalls: number, nowDelivered: number) => [
    `switchhook_calls ${nowCalls}`,
    `switchhook_webhook_outcomes_total{outcome="delivered"} ${nowDelivered}`,
    'switchhook_webhook_outcomes_total{outcome="repeated"} 0',
    'switchhook_webhook_outcomes_total{outcome="failed"} 1',
  ];
  assert.deepEqual(await read(), expected(2, 5));
  assert.deepEqual(await read(), expected(2, 5));
  [calls, delivered] = [1, 7];
  assert.deepEqual(await read(), expected(1, 7));
});

test('a trunk has a value by its name, and one that is gone has none', async () => {
  let registered: Readonly<Record<string, number>> = { 'pbx "1"': 1, carrier: 0 };
  const metrics = new Metrics({ ...none, registered: () => registered });
  const read = async () => values(await metrics.text()).filter((line) => line.startsWith('switchhook_sip_registered'));
  assert.deepEqual(await read(), [
    'switchhook_sip_registered{trunk="pbx \\"1\\""} 1',
    'switchhook_sip_registered{trunk="carrier"} 0',
  ]);
  registered = {};
  assert.deepEqual(await read(), []);
});

test('names are as Prometheus wants them: counters end in _total, and gauges do not', () => {
  for (const { name, type } of Object.values(figures) as readonly Figure[]) {
    assert.match(name, /^switchhook_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
