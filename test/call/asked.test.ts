import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedOf } from '../../src/call/asked.ts';

const cases: readonly (readonly [body: object, kept: object])[] = [
  [{}, {}],
  [{ command_id: 'x', client_state: 'YQ==' }, { client_state: 'YQ==' }],
  [
    { sip_address: 'sip:bob@biloxi.example', sip_auth_username: 'alice', sip_auth_password: 'secret' },
    { sip_address: 'sip:bob@biloxi.example', sip_auth_username: 'alice', sip_auth_password: '***' },
  ],
  [
    {
      on_failure: [{ sip_auth_password: 'secret' }, { transfer: { to: 'sip:a:b@c.example', sip_auth_password: 'x' } }],
    },
    {
      on_failure: [{ sip_auth_password: '***' }, { transfer: { to: 'sip:a:***@c.example', sip_auth_password: '***' } }],
    },
  ],
  [{ sip_address: '<sip:bob:secret@biloxi.example;x=y>' }, { sip_address: '<sip:bob:***@biloxi.example;x=y>' }],
  [
    { to: ['sip:a@a.example', 'sips:b:c@b.example:5061'], stream_auth_token: 't' },
    { to: ['sip:a@a.example', 'sips:b:***@b.example:5061'], stream_auth_token: '***' },
  ],
  [
    { digits: '1234#', duration_millis: 250 },
    { digits: '***', duration_millis: 250 },
  ],
  [
    { body: 'x'.repeat(5_000), n: 5 },
    { body: '…', n: 5 },
  ],
];

for (const [body, kept] of cases) {
  test(`kept of ${JSON.stringify(body).slice(0, 70)}`, () => {
    assert.deepEqual(askedOf('refer', body), { name: 'refer', body: JSON.stringify(kept) });
  });
}
