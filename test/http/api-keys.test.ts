// API keys: made, used for what their scope includes, listed without their secret, revoked; and each route's scope.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { hashKey, type Scope } from '../../src/http/auth.ts';
import { Keys } from '../../src/http/keys.ts';
import { ask, callId, errorsIn, type Fixture, fixture, json } from './support.ts';

interface Made {
  readonly id: string;
  readonly key: string;
  readonly scope: Scope;
}

const make = async ({ app }: Fixture, payload: object): Promise<Made> => {
  const { status, body } = await ask(app, 'POST /v2/api_keys', { headers: json, payload });
  assert.equal(status, 201, JSON.stringify(body));
  return (body as { data: Made }).data;
};
const as = (key: string) => ({ headers: { ...json, authorization: `Bearer ${key}` } });

suite('API keys', () => {
  test('a key is shown once, in force at once, and listed without itself', async () => {
    const world = fixture();
    const { id, key } = await make(world, { name: 'Dialler' });
    assert.match(key, /^switchhook_[\w-]{32}$/);
    assert.equal((await ask(world.app, `GET /v2/calls/${callId}`, as(key))).status, 404);
    const listed = await ask(world.app, 'GET /v2/api_keys');
    const created_at = '2026-01-02T03:04:05.000000Z';
    const [first] = (listed.body as { data: (Made & { created_at: string })[] }).data;
    assert.deepEqual(
      { ...first, created_at },
      { id, record_type: 'api_key', name: 'Dialler', scope: 'command', created_at },
    );
    assert.ok(!JSON.stringify(listed.body).includes(hashKey(key)), 'nor its hash');
    assert.ok(!JSON.stringify(await world.store.resources('api_key')).includes(key), 'kept as a hash');
  });

  test('a revoked key is refused from the next request on, and cannot be revoked twice', async () => {
    const world = fixture();
    const { id, key } = await make(world, { name: 'Old', scope: 'admin' });
    assert.equal((await ask(world.app, `DELETE /v2/api_keys/${id}`, as(key))).status, 200);
    assert.equal((await ask(world.app, 'GET /v2/queues', as(key))).status, 401);
    assert.equal((await ask(world.app, `DELETE /v2/api_keys/${id}`)).status, 404);
    assert.deepEqual(await world.store.resources('api_key'), []);
  });

  test('keys are in force after a restart', async () => {
    const world = fixture();
    const { key } = await make(world, { name: 'Dialler', scope: 'read' });
    const { Auth } = await import('../../src/http/auth.ts');
    const auth = new Auth([]);
    await new Keys(world.system, world.store, auth).restore();
    assert.equal(auth.holderOf(`Bearer ${key}`)?.scope, 'read');
  });

  test('a key that the store does not take is not in force', async () => {
    const world = fixture();
    world.store.putResource = async () => {
      throw new Error('The database cannot grow: the disk is full.');
    };
    const { status } = await ask(world.app, 'POST /v2/api_keys', { headers: json, payload: { name: 'Lost' } });
    assert.equal(status, 500);
    assert.deepEqual(((await ask(world.app, 'GET /v2/api_keys')).body as { data: object[] }).data, []);
  });

  const refused: readonly (readonly [what: string, payload: object, error: string])[] = [
    ['without a name', {}, '10004 /name'],
    ['with a blank name', { name: ' ' }, '10004 /name'],
    ['with an unknown scope', { name: 'a', scope: 'root' }, '10032 /scope'],
    ['with a name of two lines', { name: 'a\r\nb' }, '10015 /name'],
  ];
  for (const [what, payload, error] of refused) {
    test(`a key ${what} is refused`, async () => {
      const { status, body } = await ask(fixture().app, 'POST /v2/api_keys', { headers: json, payload });
      assert.deepEqual([status, errorsIn(body)], [422, [error]]);
    });
  }

  test('there are at most a hundred', async () => {
    const world = fixture();
    for (let count = 0; count < 100; count += 1) await make(world, { name: String(count) });
    const { status, body } = await ask(world.app, 'POST /v2/api_keys', { headers: json, payload: { name: 'more' } });
    assert.deepEqual([status, errorsIn(body)], [422, ['90033']]);
  });
});

suite('what a key may ask for', () => {
  const cases: readonly (readonly [line: string, needed: Scope])[] = [
    ['GET /v2/queues', 'read'],
    ['HEAD /v2/queues', 'read'],
    [`GET /v2/calls/${callId}`, 'read'],
    ['GET /v2/nowhere', 'read'],
    ['POST /v2/calls', 'command'],
    [`POST /v2/calls/${callId}/actions/hangup`, 'command'],
    [`PUT /v2/calls/${callId}/actions/client_state_update`, 'command'],
    [`POST /v2/calls/${callId}/actions/speak`, 'command'],
    ['POST /v2/queues', 'admin'],
    ['POST /v2/call_control_applications', 'admin'],
    ['DELETE /v2/call_control_applications/1', 'admin'],
    ['GET /v2/api_keys', 'admin'],
    ['POST /v2/api_keys', 'admin'],
    ['GET /v2/backup', 'admin'],
  ];
  const world = fixture();
  for (const [line, needed] of cases) {
    test(`${line} needs ${needed}`, async () => {
      const [method, url] = line.split(' ') as ['GET' | 'HEAD', string];
      for (const scope of ['read', 'command', 'admin'] as const) {
        const { key } = await make(world, { name: scope, scope });
        const { statusCode, body } = await world.app.inject({ method, url, ...as(key) });
        const isRefused = statusCode === 403 && (method === 'HEAD' || JSON.parse(body).errors[0].code === '10010');
        const order = ['read', 'command', 'admin'];
        assert.equal(isRefused, order.indexOf(scope) < order.indexOf(needed), `${scope}: ${statusCode}`);
      }
    });
  }
});
