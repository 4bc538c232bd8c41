import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorized, fixture } from './support.ts';

const contentType = 'text/plain; version=0.0.4; charset=utf-8';
const source = (open: boolean) => ({ contentType, open, text: async () => 'switchhook_calls 3\n' });

for (const [open, headers, status] of [
  [true, {}, 200],
  [true, authorized, 200],
  [false, {}, 401],
  [false, { authorization: 'Bearer wrong' }, 401],
  [false, authorized, 200],
] as const) {
  test(`${open ? 'open' : 'by key'}, asked ${JSON.stringify(headers)}: ${status}`, async () => {
    const { app } = fixture({ metrics: source(open) });
    const answer = await app.inject({ method: 'GET', url: '/metrics', headers });
    assert.equal(answer.statusCode, status);
    assert.equal(answer.body === 'switchhook_calls 3\n', status === 200);
    if (status === 200) assert.equal(answer.headers['content-type'], contentType);
  });
}

test('a server without figures has no such page', async () => {
  const answer = await fixture().app.inject({ method: 'GET', url: '/metrics', headers: authorized });
  assert.equal(answer.statusCode, 404);
});
