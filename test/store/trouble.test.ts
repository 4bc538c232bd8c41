import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trouble } from '../../src/store/trouble.ts';
import { fakeSystem } from '../support/fake-system.ts';

test('trouble: told at once, then once a minute with how often, and when it is over', async () => {
  const { clock, log, ids } = fakeSystem();
  const trouble = new Trouble({ clock, log, ids }, 'It did not work.');
  const fails = async (times: number, everyMs: number): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      trouble.failed(new Error('full'), { calls: 1 });
      await clock.advance(everyMs);
    }
  };
  await fails(1_000, 100);
  assert.deepEqual(
    log.entries.map(({ level, fields }) => [level, fields]),
    [
      ['error', { error: 'Error: full', calls: 1 }],
      ['error', { error: 'Error: full', calls: 1, times: 601 }],
    ],
  );
  trouble.passed();
  trouble.passed();
  await fails(1, 0);
  assert.deepEqual(
    log.entries.slice(2).map(({ level, fields }) => [level, fields]),
    [
      ['warn', { times: 1_000, trouble: 'It did not work.' }],
      ['error', { error: 'Error: full', calls: 1 }],
    ],
  );
});
