// A thousand refer calls over real sockets, through a relay that loses, doubles and reorders: each ends as its peer has it
// end, and nothing is left of it. Time is lent: it moves on by small steps, and between them the sockets are read dry, so
// that the machine's speed decides nothing. What test/scenario/crowd.test.ts shows of the calls, this shows of the sockets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UdpTransport } from '../../src/sip/transport/udp.ts';
import { Crowd, leftIn } from '../support/crowd.ts';
import { wholeExchange } from '../support/exchange.ts';
import { type FakeClock, fakeSystem } from '../support/fake-system.ts';
import { lossy } from '../support/faults.ts';
import { storiesOf } from '../support/operator.ts';
import { Relay } from '../support/relay.ts';

const calls = 1_000;
const stepMs = 5;
/** Calls that begin with each step: what they send fits into the kernel's buffers, so that only the relay loses. */
const callsPerStep = 10;
/** The longest plan, no NOTIFY in 32 s, and then twice 64*T1, T2 and T4: every timer that a finished call may leave. */
const longEnoughMs = 60_000 + 2 * 32_000 + 10_000;
const host = '127.0.0.1';

for (const seed of [1, 2]) {
  test(`1,000 refer calls over sockets, a fifth lost, doubled and reordered, seed ${seed}`, async (t) => {
    const system = fakeSystem();
    const { clock, log } = system;
    const [ours, theirs] = [0, 0].map((port) => new UdpTransport({ system, host, port })) as [
      UdpTransport,
      UdpTransport,
    ];
    const exchange = await wholeExchange(system, ours);
    const relay = new Relay(clock, { seed, ...lossy });
    const crowd = new Crowd({
      system,
      transport: relay.before(theirs),
      server: ours.local,
      contact: () => relay.contact,
    });
    await crowd.listen();
    await relay.open(theirs.local.port, ours.local.port);
    t.after(() => relay.close());
    await pass(clock, (step) => {
      const first = step * callsPerStep;
      for (let number = first; number < Math.min(first + callsPerStep, calls); number += 1) crowd.calls(number);
    });
    const { stories } = exchange.operator;
    const left = leftIn(exchange.census(), crowd.census());
    await exchange.stop();
    await crowd.close();
    t.diagnostic(`${relay.counts.taken} datagrams, ${relay.counts.passed} passed on`);
    assert.deepEqual(crowd.gaveUp, [], 'a request was never answered');
    assert.equal(crowd.open, 0, 'callers that have heard no BYE');
    assert.deepEqual(stories, storiesOf(calls));
    assert.deepEqual(left, [], 'left at the end');
    assert.equal(clock.armed, 0, 'timers left by a server that was stopped');
    assert.deepEqual(log.at('error'), []);
  });
}

async function pass(clock: FakeClock, before: (step: number) => void): Promise<void> {
  for (let step = 0; step * stepMs < longEnoughMs; step += 1) {
    before(step);
    await clock.sweep(stepMs);
  }
}
