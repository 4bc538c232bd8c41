// The webhook fields of the commands that have them: what is taken, and where a fault is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { egressTo } from '../../src/webhook/egress.ts';
import { ask, callId, errorsIn, fixture, sharedFixture } from './support.ts';

const command = `POST /v2/calls/${callId}/actions/answer`;
const long = `https://a.example/${'x'.repeat(2_000)}`;
const policy = (...retries_ms: unknown[]) => ({ webhook_retries_policies: { 'call.hangup': { retries_ms } } });

const faults: readonly (readonly [what: string, body: object, errors: readonly string[]])[] = [
  ['no URL', { webhook_url: 'example.com' }, ['10003 /webhook_url']],
  ['an empty URL', { webhook_url: '' }, ['10003 /webhook_url']],
  ['another scheme', { webhook_url: 'file:///etc/passwd' }, ['10003 /webhook_url']],
  ['a password', { webhook_url: 'https://a:b@example.com/' }, ['10003 /webhook_url']],
  ['too long a URL', { webhook_url: long }, ['10003 /webhook_url']],
  ['another method', { webhook_url: 'http://a/', webhook_url_method: 'PUT' }, ['10032 /webhook_url_method']],
  ['no map', { webhook_urls: ['http://a/'] }, ['10015 /webhook_urls']],
  ['a bad URL of a type', { webhook_urls: { 'call.hangup': 'nowhere' } }, ['10003 /webhook_urls/call.hangup']],
  [
    'bad URLs in a list, each by its place',
    { webhook_urls: { 'call.hangup': ['http://a/', 'x', long] } },
    ['10003 /webhook_urls/call.hangup/1', '10003 /webhook_urls/call.hangup/2'],
  ],
  ['a number for a URL', { webhook_urls: { 'call.hangup': 3 } }, ['10015 /webhook_urls/call.hangup']],
  ['eleven URLs', { webhook_urls: { a: Array(11).fill('http://a/') } }, ['10015 /webhook_urls/a']],
  ['another method of the map', { webhook_urls_method: 'get' }, ['10032 /webhook_urls_method']],
  ['six retries', policy(1, 1, 1, 1, 1, 1), ['10015 /webhook_retries_policies/call.hangup/retries_ms']],
  ['over a minute', policy(30_000, 30_001), ['10015 /webhook_retries_policies/call.hangup/retries_ms']],
  ['a negative wait', policy(-1), ['10033 /webhook_retries_policies/call.hangup/retries_ms/0']],
  ['half a millisecond', policy(0.5), ['10015 /webhook_retries_policies/call.hangup/retries_ms/0']],
];

for (const [what, body, errors] of faults) {
  test(`webhook fields: ${what} is refused at its place`, async () => {
    const { app, calls } = sharedFixture();
    const answer = await ask(app, command, { payload: body });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [422, errors]);
    assert.deepEqual(calls.executed, []);
  });
}

const good: readonly object[] = [
  { webhook_urls: { 'call.hangup': 'http://a/', 'call.answered': ['http://b/', 'http://c/'] } },
  policy(),
  policy(0, 10_000, 10_000, 10_000, 30_000),
  { webhook_retries_policies: { 'call.hangup': {} } },
];

for (const body of good) {
  test(`webhook fields: ${JSON.stringify(body)} is taken`, async () => {
    const { app, calls } = sharedFixture();
    assert.equal((await ask(app, command, { payload: body })).status, 200);
    assert.deepEqual(calls.executed[0]?.body, body);
  });
}

test('webhook fields: an address inside is refused at its place', async () => {
  const { faultOf } = egressTo({ allow: ['10.0.0.0/8'], loopback: false });
  const { app, calls } = fixture({ faultOfUrl: faultOf });
  const payload = {
    webhook_url: 'http://169.254.169.254/latest',
    webhook_urls: { a: 'http://10.0.0.1/', 'b/c': ['https://app.example/', 'http://2130706433/'] },
  };
  const dial = { ...payload, connection_id: '1000000000000000001', from: '+13125550100', to: '+13125550101' };
  for (const [line, body] of [
    [command, payload],
    ['POST /v2/calls', dial],
  ] as const) {
    const answer = await ask(app, line, { payload: body });
    assert.deepEqual(
      [answer.status, errorsIn(answer.body)],
      [422, ['10003 /webhook_url', '10003 /webhook_urls/b~1c/1']],
    );
  }
  assert.deepEqual([calls.executed, calls.dials], [[], []]);
});

test('webhook fields: an address inside is refused in a step of on_failure as well', async () => {
  const { faultOf } = egressTo({ allow: [], loopback: false });
  const { app, calls } = fixture({ faultOfUrl: faultOf });
  const transfer = { to: '+13125550100', webhook_url: 'http://[::1]/' };
  const payload = { sip_address: 'sip:bob@biloxi.example', on_failure: [{ transfer }] };
  const answer = await ask(app, `POST /v2/calls/${callId}/actions/refer`, { payload });
  assert.deepEqual([answer.status, errorsIn(answer.body)], [422, ['10003 /on_failure/0/transfer/webhook_url']]);
  assert.deepEqual(calls.executed, []);
});
