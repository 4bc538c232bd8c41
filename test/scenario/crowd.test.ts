// A thousand refer calls at once over a network that loses, doubles and reorders: each ends as its peer has it end, and
// nothing is left of it. A failure names its seed, with which it can be run again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crowd, leftIn } from '../support/crowd.ts';
import { wholeExchange } from '../support/exchange.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { type Faults, lossy } from '../support/faults.ts';
import { storiesOf } from '../support/operator.ts';
import { Wire } from '../support/wire.ts';

const calls = 1_000;
/** The deadline of a refer, and then twice 64*T1, T2 and T4: every timer that a finished call may leave. */
const longEnoughMs = 150_000 + 2 * 32_000 + 10_000;
const server = { transport: 'udp', host: '192.0.2.1', port: 5060 } as const;

for (const seed of [1, 2, 3]) {
  test(`1,000 refer calls, a fifth lost, doubled and reordered, seed ${seed}: each ends as its peer has it end`, async () => {
    const { gaveUp, stories, open } = await play({ seed, ...lossy });
    assert.deepEqual(gaveUp, [], 'a request was never answered');
    assert.equal(open, 0, 'callers that have heard no BYE');
    assert.deepEqual(stories, storiesOf(calls));
  });
}

/** A refer that was accepted has one end, before that of its call; and nothing follows that. */
const wellFormed =
  /: initiated(, answered(, refer\.started)?, refer\.(completed|failed) \d{3}, hangup|(, answered)?, hangup \(not referred\))$/;

test('1,000 refer calls, half of all lost: whatever dies of it, each refer ends once, and each call', async () => {
  const { gaveUp, stories } = await play({ seed: 4, loss: 0.5, duplication: 0.2, reordering: 0.2 });
  assert.ok(gaveUp.length > 5, `only ${gaveUp.length} requests were never answered`);
  assert.deepEqual(
    [...stories.keys()].filter((story) => !wellFormed.test(story)),
    [],
  );
  const heard = [...stories.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(heard <= calls && heard > calls / 2, `${heard} calls`);
});

async function play(faults: Faults) {
  const system = fakeSystem();
  const { clock, log } = system;
  const wire = new Wire({ clock, faults, latencyMs: 5 });
  const exchange = await wholeExchange(system, wire.transport('udp', server.host, server.port));
  const crowd = new Crowd({ system, transport: wire.transport('udp', '192.0.2.10', 5060), server });
  await crowd.listen();
  for (let number = 0; number < calls; number += 1) crowd.calls(number);
  await clock.sweep(longEnoughMs);
  const { stories } = exchange.operator;
  const left = leftIn(exchange.census(), crowd.census());
  await exchange.stop();
  await crowd.close();
  assert.deepEqual(log.at('error'), []);
  assert.deepEqual(left, [], `left at the end; stories: ${[...stories]}`);
  assert.equal(clock.armed, 0, 'timers left by a server that was stopped');
  return { gaveUp: crowd.gaveUp, open: crowd.open, stories };
}
