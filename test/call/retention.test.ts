import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Retention, rememberedMs } from '../../src/call/retention.ts';
import { fakeSystem } from '../support/fake-system.ts';

const minute = 60_000;

function setUp({ keptMs = rememberedMs, maxBytes = null as number | null, isEnough = true } = {}) {
  const system = fakeSystem();
  const start = system.clock.date();
  const asked: string[] = [];
  const store = {
    prune: async (before: number) => void asked.push(`prune ${before - start}`),
    trim: async (most: number, before: number) => {
      asked.push(`trim ${most} ${before - start}`);
      return isEnough;
    },
  };
  return { system, asked, retention: new Retention({ system, store, keptMs, maxBytes }) };
}

test('retention: sweeps each minute until what has ended last is forgotten, and then no more', async () => {
  const { system, asked, retention } = setUp();
  retention.ended();
  await system.clock.advance(10 * minute);
  assert.equal(asked.length, 10);
  assert.equal(asked.at(-1), 'prune 0');
  await system.clock.advance(60 * minute);
  assert.equal(asked.length, 10);
  assert.equal(system.clock.armed, 0);
});

test('retention: less than ten minutes is ten minutes', async () => {
  const { system, asked, retention } = setUp({ keptMs: 1 });
  retention.ended();
  await system.clock.advance(minute);
  assert.deepEqual(asked, [`prune ${minute - rememberedMs}`]);
});

test('retention: a database that is too large forgets earlier, but never the last ten minutes', async () => {
  const { system, asked, retention } = setUp({ keptMs: 24 * 60 * minute, maxBytes: 1_000 });
  retention.ended();
  await system.clock.advance(minute);
  assert.deepEqual(asked, [`prune ${minute - 24 * 60 * minute}`, `trim 1000 ${minute - rememberedMs}`]);
  assert.deepEqual(system.log.at('warn'), []);
  retention.stop();
});

test('retention: when nothing more may go the operator is told', async () => {
  const { system, retention } = setUp({ maxBytes: 1_000, isEnough: false });
  retention.ended();
  await system.clock.advance(minute);
  assert.match(system.log.at('warn').join(), /larger than it may be/);
  retention.stop();
  assert.equal(system.clock.armed, 0);
});
