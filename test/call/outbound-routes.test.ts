// Where a call of ours may go: which trunks take a number, in which order, and where a SIP URI leads.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Destination, type Gateway, type Routing, routesOut } from '../../src/call/outbound-routes.ts';
import type { Target } from '../../src/sip/transport/transport.ts';

const gateway = (name: string, more: Partial<Gateway> = {}): Gateway => ({
  ...{ name, uri: `sip:${name}.example`, routes: [], credentials: null, prefixes: [''], applications: null },
  ...{ priority: 1, weight: 1, channels: null },
  ...more,
});

const routing = (gateways: readonly Gateway[], more: Partial<Routing> = {}): Routing => ({
  gateways,
  connectionId: '1',
  locate: () => [],
  calls: () => 0,
  chance: () => 0.5,
  ...more,
});

function names(gateways: readonly Gateway[], number = '+13125550100', more: Partial<Routing> = {}): unknown {
  const routes = routesOut({ number }, routing(gateways, more));
  return routes === 'full' ? routes : routes.map((route) => route.gateway);
}

suite('a number', () => {
  test('goes by no trunk where none takes it', () => {
    assert.deepEqual(names([]), []);
    assert.deepEqual(names([gateway('uk', { prefixes: ['+44'] })]), []);
  });

  test('goes by the trunks whose prefixes fit, with and without a plus sign', () => {
    const all = [
      gateway('uk', { prefixes: ['+44'] }),
      gateway('us', { prefixes: ['+1'] }),
      gateway('chicago', { prefixes: ['1312'] }),
    ];
    assert.deepEqual(names(all), ['chicago', 'us'], 'the longest prefix first');
    assert.deepEqual(names(all, '+441'), ['uk']);
  });

  test('goes by priority before anything else', () => {
    assert.deepEqual(names([gateway('b', { priority: 2, prefixes: ['+1312'] }), gateway('a')]), ['a', 'b']);
  });

  test('goes by chance among equals, as often as their weights say', () => {
    let seed = 1;
    const chance = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const all = [gateway('a', { weight: 3 }), gateway('b', { weight: 1 }), gateway('c', { weight: 0 })];
    const first = new Map<string, number>();
    for (let draw = 0; draw < 4_000; draw += 1) {
      const [name] = names(all, '+1', { chance }) as string[];
      first.set(name!, (first.get(name!) ?? 0) + 1);
    }
    assert.ok(Math.abs((first.get('a') ?? 0) - 3_000) < 150, `a was first ${first.get('a')} times`);
    assert.ok((first.get('c') ?? 0) < 20, `c was first ${first.get('c')} times`);
  });

  test('goes by the trunks of its application', () => {
    const all = [gateway('theirs', { applications: ['2'] }), gateway('ours', { applications: ['1', '3'] })];
    assert.deepEqual(names(all), ['ours']);
  });

  test('goes by a trunk with a free channel, and nowhere where all are taken', () => {
    const all = [gateway('a', { channels: 2 }), gateway('b', { channels: 5 })];
    assert.deepEqual(names(all, '+1', { calls: (name) => (name === 'a' ? 2 : 4) }), ['b']);
    assert.equal(names(all, '+1', { calls: () => 5 }), 'full');
  });

  test('is the user of the URI of its trunk, which keeps its port and parameters', () => {
    const out = gateway('a', { uri: 'sips:pbx.example:5071;transport=tcp', routes: ['<sip:edge.example;lr>'] });
    const credentials = { username: 'u', password: 'p' };
    assert.deepEqual(routesOut({ number: '+1312' }, routing([{ ...out, credentials }])), [
      {
        uri: 'sips:+1312@pbx.example:5071;transport=tcp;user=phone',
        ...{ routes: ['<sip:edge.example;lr>'], flow: null, gateway: 'a', credentials },
      },
    ]);
  });
});

suite('a SIP URI', () => {
  const flow: Target = { transport: 'udp', host: '203.0.113.9', port: 40_000 };
  const direct = { gateway: null, credentials: null };
  const to = (uri: string): Destination => ({ uri });

  test('leads where it says', () => {
    const routes = routesOut(to('sip:bob@example.com'), routing([gateway('a')]));
    assert.deepEqual(routes, [{ ...direct, uri: 'sip:bob@example.com', routes: [], flow: null }]);
  });

  test('of a phone that has registered leads to its contacts, by its path, or where its packets come from', () => {
    const contacts = [
      { contact: 'sip:alice@192.168.1.2', path: [], flow, behindNat: true },
      { contact: 'sip:alice@198.51.100.2', path: ['<sip:edge.example;lr>'], flow, behindNat: true },
      { contact: 'sip:alice@198.51.100.3', path: [], flow, behindNat: false },
    ];
    const locate = (uri: string) => (uri === 'sip:alice@pbx' ? contacts : []);
    assert.deepEqual(routesOut(to('sip:alice@pbx'), routing([], { locate })), [
      { ...direct, uri: 'sip:alice@192.168.1.2', routes: [], flow },
      { ...direct, uri: 'sip:alice@198.51.100.2', routes: ['<sip:edge.example;lr>'], flow: null },
      { ...direct, uri: 'sip:alice@198.51.100.3', routes: [], flow: null },
    ]);
  });
});
