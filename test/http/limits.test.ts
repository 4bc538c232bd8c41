// How much one key may ask for, and what answers say of it; and a dial for which there is no room.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Auth, hashKey } from '../../src/http/auth.ts';
import { Limits } from '../../src/http/limits.ts';
import { ask, errorsIn, fixture, json, key } from './support.ts';

const told = (headers: Readonly<Record<string, unknown>>) =>
  ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'retry-after'].map((name) => headers[name]);

suite('requests of one key', () => {
  test('a burst of two seconds, then 429 with what the official client waits by, then what comes back', async () => {
    let now = 0;
    const auth = new Auth([hashKey(key)]);
    auth.admit('other', hashKey('KEY-other'), 'read');
    const { app } = fixture({ auth, limits: new Limits(2, () => now) });
    const get = async (as = key) => {
      const { status, headers } = await ask(app, 'GET /v2/queues', { headers: { authorization: `Bearer ${as}` } });
      return [status, ...told(headers)].join(' ');
    };
    assert.deepEqual(
      [await get(), await get(), await get(), await get()],
      ['200 4 3 1 ', '200 4 2 1 ', '200 4 1 2 ', '200 4 0 2 '],
    );
    assert.equal(await get(), '429 4 0 2 1');
    assert.equal(await get('KEY-other'), '200 4 3 1 ', 'each key has its own');
    assert.equal(await get('KEY-wrong'), '401    ', 'who is nobody is told nothing');
    now = 500;
    assert.deepEqual([await get(), await get()], ['200 4 0 2 ', '429 4 0 2 1']);
  });

  test('without a limit nothing is counted', async () => {
    const { headers } = await ask(fixture().app, 'GET /v2/queues');
    assert.deepEqual(told(headers), [undefined, undefined, undefined, undefined]);
  });
});

test('dials that come too fast: 429, and what the official client waits by', async () => {
  const { app, calls } = fixture({});
  calls.dial = async () => ({ refusals: [{ name: 'too-many-dials', rate: { limit: 20, resetS: 2 } }] });
  const payload = { connection_id: '1000000000000000001', from: '+13125550100', to: 'sip:bob@192.0.2.20' };
  const { status, headers, body } = await ask(app, 'POST /v2/calls', { headers: json, payload });
  assert.deepEqual([status, errorsIn(body), told(headers).join(' ')], [429, ['90103'], '20 0 2 1']);
});

test('no room for another call: a dial is refused, and the copy of one that was carried out is not', async () => {
  const { app, calls } = fixture({ obstacleToDial: () => ({ name: 'overloaded', retryAfterS: 2 }) });
  calls.dialled = async (id) => (id === 'known' ? { refusals: [{ name: 'not-found' as const }] } : null);
  const dial = (payload: object) => ask(app, 'POST /v2/calls', { headers: json, payload });
  const refused = await dial({});
  assert.deepEqual([refused.status, errorsIn(refused.body), refused.headers['retry-after']], [429, ['10011'], '2']);
  assert.equal((await dial({ command_id: 'known' })).status, 404);
  assert.deepEqual(calls.dials, []);
});
