import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request, Response, reply } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import type { Account } from '../../../src/sip/registration/registration.ts';
import { Registrations, type RegistrationView } from '../../../src/sip/registration/registrations.ts';
import { fakeSystem } from '../../support/fake-system.ts';

const account: Account = {
  name: 'pbx',
  aor: 'sip:1000@pbx.example',
  servers: ['sip:pbx.example'],
  credentials: null,
  realm: null,
  expires: 600,
};
const place = { transport: 'udp', host: '192.0.2.20', port: 5060 } as const;
const addresses = () => ({ udp: { transport: 'udp', host: '192.0.2.1', port: 5060 }, tcp: null }) as const;

function memory() {
  const values = new Map<string, string>();
  const store = {
    fails: false,
    get: async (name: string) => values.get(name) ?? null,
    put: async (name: string, value: string) => {
      if (store.fails) throw new Error('the disk is full');
      values.set(name, value);
    },
    values,
  };
  return store;
}

async function setUp({ store = memory(), system = fakeSystem(), accounts = [account] } = {}) {
  const sent: Request[] = [];
  const told: string[] = [];
  const changed = ({ state }: RegistrationView) => told.push(state);
  const registrations = new Registrations({ system, store, accounts, addresses, changed });
  await registrations.start({
    send: ({ text }) => {
      const request = parse(text);
      assert.ok(request instanceof Request);
      sent.push(request);
    },
  });
  await system.clock.settle();
  const answer = async (status: number): Promise<void> => {
    const request = sent.shift()!;
    const response = parse(reply(request, status, { toTag: 't' }));
    assert.ok(response instanceof Response);
    assert.ok(registrations.sent(request.via.branch ?? ''));
    registrations.response(request.via.branch ?? '', response, place);
    await system.clock.settle();
  };
  return { registrations, system, store, sent, told, answer };
}

test('registers, refreshes, and ends when it is stopped', async () => {
  const { registrations, system, sent, answer } = await setUp();
  assert.equal(registrations.views()[0]?.state, 'trying');
  assert.equal(registrations.granted('pbx'), null);
  await answer(200);
  const [view] = registrations.views();
  assert.deepEqual(view, {
    ...{ name: 'pbx', state: 'registered', server: 'sip:pbx.example', serviceRoute: [], failure: null },
    expiresAt: system.clock.date() + 600_000,
  });
  assert.equal(registrations.granted('pbx')?.contact, 'sip:1000@192.0.2.1:5060;transport=udp');
  await system.clock.advance(545_000);
  await answer(200);
  const stopping = registrations.stop(2000);
  await system.clock.settle();
  assert.equal(sent[0]?.get('Expires'), '0');
  await answer(200);
  await stopping;
  assert.deepEqual([registrations.views()[0]?.state, system.clock.armed, registrations.idle], ['stopped', 0, true]);
});

test('tells when an account comes to stand otherwise, and only then', async () => {
  const { registrations, system, told, answer } = await setUp();
  await answer(403);
  await system.clock.advance(60_000);
  await answer(200);
  await system.clock.advance(545_000);
  await answer(200);
  const stopping = registrations.stop(2000);
  await system.clock.settle();
  await answer(200);
  await stopping;
  assert.deepEqual(told, ['failing', 'trying', 'registered', 'stopped']);
});

test('a server that does not answer holds no stop up', async () => {
  const { registrations, system, answer } = await setUp();
  await answer(200);
  const stopping = registrations.stop(2000);
  await system.clock.advance(2000);
  await stopping;
  assert.equal(system.clock.armed, 0);
});

test('without accounts there is nothing to stop', async () => {
  const { registrations } = await setUp({ accounts: [] });
  await registrations.stop(2000);
  assert.deepEqual(registrations.views(), []);
});

test('a restart goes on with the Call-ID and the CSeq', async () => {
  const first = await setUp();
  await first.answer(403);
  await first.system.clock.advance(60_000);
  const [second] = first.sent;
  first.registrations.kill();
  const again = await setUp({ store: first.store, system: first.system });
  const [third] = again.sent;
  assert.equal(third?.callId, second?.callId);
  assert.deepEqual([second?.cseq.number, third?.cseq.number], [2, 3]);
  assert.equal(again.system.clock.armed, 0);
});

test('what cannot be stored is not sent, and tried again', async () => {
  const store = memory();
  store.fails = true;
  const { system, sent, registrations } = await setUp({ store });
  assert.deepEqual(sent, []);
  store.fails = false;
  await system.clock.advance(5000);
  assert.equal(sent.length, 1);
  assert.equal(registrations.views()[0]?.state, 'trying');
});

test('why it fails can be seen', async () => {
  const { registrations, answer, system } = await setUp();
  await answer(403);
  assert.deepEqual(
    registrations.views().map(({ state, failure }) => [state, failure]),
    [['failing', '403 Forbidden']],
  );
  assert.equal(system.log.at('warn').length, 1);
  await system.clock.advance(60_000);
  registrations.failed('another', new Error('no'));
  await answer(200);
  assert.equal(registrations.views()[0]?.state, 'registered');
});

test('where we are registered is known while that lasts, by the address that answered', async () => {
  const { registrations, system, answer } = await setUp();
  assert.deepEqual(registrations.places(), []);
  await answer(200);
  assert.deepEqual(registrations.places(), [place]);
  await system.clock.advance(600_000);
  assert.deepEqual(registrations.places(), []);
});
