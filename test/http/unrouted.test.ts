import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, callId, errorsIn, sharedFixture } from './support.ts';

const paths: Readonly<Record<string, string>> = {
  [`/v2/calls/${callId}`]: 'GET, HEAD, OPTIONS',
  [`/v2/calls/${callId}?a=b`]: 'GET, HEAD, OPTIONS',
  [`/v2/calls/${callId}/ladder`]: 'GET, HEAD, OPTIONS',
  [`/v2/calls/${callId}/actions/refer`]: 'POST, OPTIONS',
  [`/v2/calls/${callId}/actions/client_state_update`]: 'PUT, OPTIONS',
  '/v2/public_key': 'GET, HEAD, OPTIONS',
  '/healthz': 'GET, HEAD, OPTIONS',
  '/readyz': 'GET, HEAD, OPTIONS',
  '/openapi.json': 'GET, HEAD, OPTIONS',
};
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];

for (const [path, allow] of Object.entries(paths)) {
  for (const method of methods.filter((name) => !allow.split(', ').includes(name))) {
    test(`${method} ${path.slice(0, 30)} is 405 and says what is allowed`, async () => {
      const { app, calls } = sharedFixture();
      const answer = await ask(app, `${method} ${path}`);
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow]);
      if (method !== 'HEAD') assert.deepEqual(errorsIn(answer.body), ['10015']);
      assert.deepEqual(calls.executed, []);
    });
  }

  test(`OPTIONS ${path.slice(0, 30)} says what is allowed`, async () => {
    const { app } = sharedFixture();
    const answer = await ask(app, `OPTIONS ${path}`);
    assert.deepEqual([answer.status, answer.headers.allow, answer.body], [204, allow, null]);
  });
}

test('HEAD answers as GET does, without a body', async () => {
  const { app } = sharedFixture();
  const answers = [await ask(app, 'HEAD /healthz'), await ask(app, 'HEAD /v2/calls/nobody')];
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body]),
    [
      [200, null],
      [404, null],
    ],
  );
});

test('a dot in a path is a dot', async () => {
  const { app } = sharedFixture();
  assert.equal((await ask(app, 'POST /openapiXjson')).status, 404);
});
