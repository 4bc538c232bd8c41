import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Origin } from '../../../src/sip/endpoint.ts';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type BindingRow, Registrar } from '../../../src/sip/registrar/registrar.ts';
import { fakeSystem } from '../../support/fake-system.ts';
import { type Changes, rawMessage } from '../../support/messages.ts';

const from = { transport: 'udp', host: '203.0.113.7', port: 40_000, flow: 'udp:192.0.2.1:5060' } as const;
const origin: Origin = { key: 'k', from, replyTo: from, nat: true, peer: 'phone:alice' };

function memory(rows: BindingRow[] = []) {
  const kept = new Map(Map.groupBy(rows, ({ aor }) => aor));
  const waiting: (() => void)[] = [];
  const store = {
    fails: false,
    slow: false,
    written: 0,
    bindings: async () => [...kept.values()].flat(),
    bind: async (aor: string, own: readonly BindingRow[]) => {
      if (store.slow) await new Promise<void>((go) => waiting.push(go));
      if (store.fails) throw new Error('the disk is full');
      store.written += 1;
      if (own.length > 0) kept.set(aor, [...own]);
      else kept.delete(aor);
    },
    go: () => waiting.shift()?.(),
  };
  return store;
}

async function setUp(store = memory(), system = fakeSystem()) {
  const said: string[] = [];
  const registrar = new Registrar({ system, store, mayRegister: (aor, { peer }) => peer === `phone:${aor}` });
  await registrar.start({ respond: (_to, status, text) => said.push(`${status} ${contacts(text)}`.trim()) });
  const ask = async (changes: Changes, cseq: number): Promise<string[]> => {
    registrar.request(request(changes, cseq), origin);
    await system.clock.settle();
    return said.splice(0);
  };
  return { registrar, system, store, ask, said };
}

const contacts = (text: string): string => (text.match(/^Contact: .*$/gm) ?? []).map((line) => line.slice(9)).join(' ');

function request(changes: Changes, cseq: number): Request {
  const to = '<sip:alice@pbx.example>';
  const lines = { To: to, CSeq: `${cseq} REGISTER`, ...changes };
  const message = parse(rawMessage('REGISTER sip:pbx.example SIP/2.0', lines));
  assert.ok(message instanceof Request);
  return message;
}

const a = '<sip:alice@198.51.100.1>';
const b = '<sip:alice@198.51.100.2>';

test('a phone registers, is found, registers again and leaves; nothing is left of it', async () => {
  const { registrar, ask, system, store } = await setUp();
  assert.deepEqual(await ask({ Contact: `${a};q=0.1` }, 1), [`200 ${a};q=0.1;expires=3600`]);
  await ask({ Contact: b, Expires: '60' }, 2);
  for (const aor of ['alice', 'sip:alice@pbx.example', 'sip:alice@192.0.2.1:5080;transport=tcp']) {
    assert.deepEqual(
      registrar.locate(aor).map(({ contact }) => `<${contact}>`),
      [b, a],
      aor,
    );
  }
  assert.deepEqual([registrar.aors(), registrar.census()], [['alice'], { bindings: 2 }]);
  assert.deepEqual(await ask({ Contact: '*', Expires: '0' }, 3), ['200']);
  assert.deepEqual([registrar.locate('alice'), registrar.aors(), registrar.census()], [[], [], { bindings: 0 }]);
  assert.deepEqual([await store.bindings(), system.clock.armed, registrar.idle], [[], 0, true]);
});

test('whom it does not know it cannot find', async () => {
  const { registrar } = await setUp();
  assert.deepEqual([registrar.locate('nobody'), registrar.locate('sip:pbx.example')], [[], []]);
});

test('who may not register somebody is told so, and somebody who has no name is not found', async () => {
  const { ask } = await setUp();
  assert.deepEqual(await ask({ Contact: a, To: '<sip:bob@pbx.example>' }, 1), ['403']);
  assert.deepEqual(await ask({ Contact: a, To: '<sip:pbx.example>' }, 2), ['404']);
});

test('what ends is found no more, and forgotten in the store', async () => {
  const { registrar, ask, system, store } = await setUp();
  await ask({ Contact: `${a};expires=60, ${b};expires=90` }, 1);
  await system.clock.advance(60_000);
  assert.deepEqual(
    registrar.locate('alice').map(({ contact }) => `<${contact}>`),
    [b],
  );
  assert.equal((await store.bindings()).length, 1);
  await system.clock.advance(31_000);
  assert.deepEqual([registrar.locate('alice'), await store.bindings(), system.clock.armed], [[], [], 0]);
});

test('after a restart the phone is found where it was, and its old REGISTERs stay old', async () => {
  const { ask, system, store, registrar } = await setUp();
  await ask({ Contact: a }, 5);
  const before = registrar.locate('alice');
  registrar.stop();
  assert.equal(system.clock.armed, 0);
  const again = await setUp(store, system);
  assert.deepEqual(again.registrar.locate('alice'), before);
  assert.deepEqual(await again.ask({ Contact: '*', Expires: '0' }, 4), ['500']);
  await system.clock.advance(3_601_000);
  assert.deepEqual([again.registrar.locate('alice'), await store.bindings()], [[], []]);
});

test('what could not be kept was not taken', async () => {
  const { registrar, ask, store, system } = await setUp();
  await ask({ Contact: a }, 1);
  store.fails = true;
  assert.deepEqual(await ask({ Contact: b }, 2), ['500']);
  assert.equal(registrar.locate('alice').length, 1);
  store.fails = false;
  assert.equal((await ask({ Contact: b }, 2)).length, 1);
  assert.equal(registrar.locate('alice').length, 2);
  assert.equal(system.log.at('error').length, 1);
});

test('one after the other, whatever the store takes', async () => {
  const { registrar, ask, store, said, system } = await setUp();
  store.slow = true;
  assert.deepEqual(await ask({ Contact: a }, 1), []);
  assert.deepEqual(await ask({ Contact: `${a};expires=0` }, 2), []);
  assert.equal(registrar.idle, false);
  for (let n = 0; n < 2; n += 1) {
    store.go();
    await system.clock.settle();
  }
  assert.deepEqual(said, [`200 ${a};expires=3600`, '200']);
  assert.deepEqual([registrar.locate('alice'), registrar.idle], [[], true]);
});

test('asking what is bound writes nothing', async () => {
  const { ask, store } = await setUp();
  await ask({ Contact: a }, 1);
  const { written } = store;
  assert.deepEqual(await ask({}, 2), [`200 ${a};expires=3600`]);
  assert.equal(store.written, written);
});

test('a thousand phones that refresh: one timer, and the store forgets them all', async () => {
  const { registrar, system, store } = await setUp();
  const register = (n: number, cseq: number): void => {
    const to = `<sip:p${n}@pbx.example>`;
    const contact = `<sip:p${n}@198.51.100.1:${1024 + n}>;expires=60`;
    registrar.request(request({ To: to, Contact: contact }, cseq), { ...origin, peer: `phone:p${n}` });
  };
  for (let cseq = 1; cseq <= 2; cseq += 1) {
    for (let n = 0; n < 1000; n += 1) register(n, cseq);
    await system.clock.advance(30_000);
    assert.deepEqual([registrar.census().bindings, system.clock.armed], [1000, 1]);
  }
  await system.clock.advance(62_000);
  assert.deepEqual([registrar.census().bindings, system.clock.armed, await store.bindings()], [0, 0, []]);
});
