// The peers a server knows, on a fake wire: what is sent to keep the way to them open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Access } from '../src/config/access.ts';
import type { Settings } from '../src/config.ts';
import { Peers } from '../src/peers.ts';
import { Endpoint } from '../src/sip/endpoint.ts';
import { algorithms } from '../src/sip/message/digest.ts';
import { type Request, reply } from '../src/sip/message/message.ts';
import { parse } from '../src/sip/message/parse.ts';
import type { Binding } from '../src/sip/registrar/bindings.ts';
import { openSqlite } from '../src/store/sqlite.ts';
import { fakeSystem } from './support/fake-system.ts';
import { Wire } from './support/wire.ts';

const us = '192.0.2.10';
const [nat, pbx] = ['203.0.113.7', '192.0.2.20'];

const access: Access = {
  ...{ realm: 'switchhook', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600 },
  keepAliveSecs: 25,
  phones: [{ username: 'alice', password: 'secret', displayName: null }],
  trunks: [
    {
      ...{ name: 'pbx', addresses: [], username: null, password: null, realm: null, nat: true },
      ...{ registrars: ['sip:pbx.example'], registerAs: 'sip:1000@pbx.example', registerSecs: 600 },
      ...{ uri: null, prefixes: [], applications: null, priority: 1, weight: 1, channels: null },
    },
  ],
};

/** A phone as it was registered before a restart. */
function binding(contact: string, port: number, changes: Partial<Binding> = {}): Binding {
  return {
    ...{ contact, params: '', q: 1000, instance: null, callId: contact, cseq: 1, path: [] },
    expiresAt: Date.UTC(2027, 0, 1),
    flow: { transport: 'udp', host: nat, port, flow: `udp:${us}:5060` },
    behindNat: true,
    ...changes,
  };
}

async function setUp(bindings: readonly Binding[]) {
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const store = openSqlite(':memory:');
  const rows = bindings.map((each) => ({
    ...{ aor: 'alice', contact: each.contact, state: JSON.stringify(each), expiresAt: each.expiresAt },
  }));
  await store.bind('alice', rows);
  const transports = [wire.transport('udp', us, 5060)];
  const settings = { access, sipListen: [] } as Partial<Settings> as Settings;
  const peers = new Peers({ system, settings, store, transports });
  const nothing = () => {};
  const endpoint = new Endpoint({
    ...{ system, transports, publicHost: null, allow: [], supported: [] },
    resolve: async () => [pbx],
    user: peers.user({ request: nothing, ack: nothing, response: nothing, timeout: nothing, failed: nothing }),
  });
  await peers.restore(endpoint);
  await endpoint.listen();
  const heard: string[] = [];
  for (const [host, port] of [
    [nat, 4001],
    [nat, 4002],
    [pbx, 5060],
  ] as const) {
    const transport = wire.transport('udp', host, port);
    await transport.listen((bytes, from) => {
      const text = bytes.toString('latin1');
      if (text === '\r\n\r\n') heard.push(`${host}:${port}`);
      else transport.send(reply(parse(text) as Request, 200, { headers: [['Expires', '60']] }), from, assert.fail);
    });
  }
  await peers.start();
  await system.clock.settle();
  const close = async () => {
    peers.kill();
    await endpoint.close();
    await store.close();
  };
  return { system, heard, peers, close };
}

test('the way stays open to phones behind a NAT and to where we register, and to nobody else', async () => {
  const { system, heard, close } = await setUp([
    binding('sip:alice@10.0.0.2', 4001),
    binding(`sip:alice@${nat}:4002`, 4002, { behindNat: false }),
    binding('sip:alice@10.0.0.3;transport=tcp', 4003, {
      flow: { transport: 'tcp', host: nat, port: 4003, flow: 'tcp:gone#1' },
    }),
  ]);
  await system.clock.advance(25_000);
  assert.deepEqual(heard.toSorted(), [`${pbx}:5060`, `${nat}:4001`].toSorted());
  await close();
  assert.equal(system.clock.armed, 0);
});
