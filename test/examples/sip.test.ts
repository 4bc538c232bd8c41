// The examples of `switchhook/sip` against each other and against a phone, on loopback.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Phone } from '../../examples/demo/phone.ts';
import { callAndRefer } from '../../examples/sip/uac.ts';
import { answerCalls } from '../../examples/sip/uas.ts';
import { realLog } from '../../src/log.ts';
import { openSystem } from '../../src/system.ts';

const system = openSystem(realLog('silent'));
const options = { timeout: 20_000 };

test('uac calls a phone and refers it to uas', options, async (t) => {
  const lines: string[] = [];
  const uas = await answerCalls(0, (...words) => lines.push(words.slice(0, 2).join(' ')));
  const phone = new Phone({ name: 'alice', system });
  t.after(() => Promise.all([uas.close(), phone.close()]));
  await phone.listen();
  assert.equal(await callAndRefer(phone.uri, uas.uri, () => {}), 200);
  assert.deepEqual([phone.calls, uas.calls.length], [1, 1]);
  await phone.hangUp();
  assert.deepEqual([phone.calls, uas.calls.length], [0, 0]);
  assert.deepEqual(lines, [`called by ${phone.uri}`, `left ${phone.uri}`]);
});

test('uac: the phone is busy, or the target is', options, async (t) => {
  const busy = new Phone({ name: 'bob', system, answers: 486 });
  const phone = new Phone({ name: 'alice', system });
  t.after(() => Promise.all([busy.close(), phone.close()]));
  await Promise.all([busy.listen(), phone.listen()]);
  assert.equal(await callAndRefer(busy.uri, phone.uri, () => {}), 486);
  assert.equal(await callAndRefer(phone.uri, busy.uri, () => {}), 486);
});
