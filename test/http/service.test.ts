import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, fixture } from './support.ts';

const stranger = { headers: { authorization: '' } };

test('the public key, health and readiness need no key', async () => {
  const { app } = fixture();
  assert.deepEqual((await ask(app, 'GET /v2/public_key', stranger)).body, { data: { public_key: 'cHVibGlj' } });
  assert.deepEqual((await ask(app, 'GET /healthz', stranger)).body, { status: 'ok', version: '1.2.3' });
  assert.deepEqual((await ask(app, 'GET /readyz', stranger)).body, { status: 'ready', version: '1.2.3' });
});

test('a server that is not ready says why, and is healthy all the same', async () => {
  const { app } = fixture({ ready: async () => 'The database does not answer.' });
  const answer = await ask(app, 'GET /readyz', stranger);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.body, {
    errors: [{ code: '10007', title: 'Service unavailable', detail: 'The database does not answer.' }],
  });
  assert.equal((await ask(app, 'GET /healthz', stranger)).status, 200);
});

test('a readiness check that throws is a 500, not an end', async () => {
  const { app, log } = fixture({ ready: async () => Promise.reject(new Error('disk')) });
  assert.equal((await ask(app, 'GET /readyz', stranger)).status, 500);
  assert.equal(log.entries.length, 1);
});
