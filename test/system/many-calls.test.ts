// 100,000 refer calls through the SIP stack and the calls on it, some at a time in fake time: each goes as its peer has it
// go, and nothing is left of it, on the books or on the heap. A call holds its dialog and its subscription.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Crowd, leftIn } from '../support/crowd.ts';
import { bareExchange } from '../support/exchange.ts';
import { fakeSystem, recordingLog } from '../support/fake-system.ts';
import { storiesOf } from '../support/operator.ts';
import { Wire } from '../support/wire.ts';

const calls = 100_000;
/** Few enough that what they make is garbage before it is old. */
const atOnce = 100;
/** The longest plan, no NOTIFY in 32 s, and then twice 64*T1, T2 and T4: every timer that a finished call may leave. */
const longEnoughMs = 40_000 + 2 * 32_000 + 10_000;
/** By then every table has its size, and the code is compiled. */
const warm = 20_000;
/** An entry of a table takes more, and so does a string; what the engine does by itself is less, over so many calls. */
const bytesPerCall = 32;
const server = { transport: 'udp', host: '192.0.2.1', port: 5060 } as const;

test('100,000 refer calls leave no timer, transaction, dialog or subscription, and no memory', async () => {
  const system = { ...fakeSystem(), log: recordingLog('info') };
  const { clock, log } = system;
  const wire = new Wire({ clock });
  const exchange = await bareExchange(system, wire.transport('udp', server.host, server.port));
  const crowd = new Crowd({ system, transport: wire.transport('udp', '192.0.2.10', 5060), server });
  await crowd.listen();
  let heapWhenWarm = 0;
  for (let first = 0; first < calls; first += atOnce) {
    for (let number = first; number < first + atOnce; number += 1) crowd.calls(number);
    await clock.sweep(longEnoughMs);
    assert.deepEqual(leftIn(exchange.census(), crowd.census()), [], `left of the ${atOnce} calls from ${first} on`);
    if (first + atOnce === warm) heapWhenWarm = heapUsed();
  }
  const grown = (heapUsed() - heapWhenWarm) / (calls - warm);
  assert.deepEqual(crowd.gaveUp, []);
  assert.equal(crowd.open, 0);
  assert.deepEqual(exchange.operator.stories, storiesOf(calls));
  assert.ok(grown < bytesPerCall, `the heap has grown by ${grown.toFixed(1)} bytes per call`);
  assert.ok(exchange.idle());
  await exchange.stop();
  await crowd.close();
  assert.equal(clock.armed, 0, 'timers left by a server that was stopped');
  assert.deepEqual(log.entries, []);
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
