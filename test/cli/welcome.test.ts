import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Welcome, welcome } from '../../src/cli/welcome.ts';

const start: Welcome = {
  version: '1.2.3',
  httpAddress: 'http://127.0.0.1:8080',
  sipAddresses: ['udp:127.0.0.1:5060', 'tcp:[::1]:5060'],
  publicKey: 'PUBLIC=',
  newKey: 'switchhook_abc',
  isFirstStart: true,
  hasWebhook: false,
};

test('the first start says where everything is and what to do with it', () => {
  const text = welcome(start);
  const parts = [
    'http://127.0.0.1:8080/v2',
    'switchhook_abc',
    'udp:127.0.0.1:5060, tcp:[::1]:5060',
    'http://127.0.0.1:8080/docs',
    'PUBLIC=',
    'sip:anything@127.0.0.1:5060 over UDP',
    'SWITCHHOOK_WEBHOOK_URL=',
    'curl http://127.0.0.1:8080/v2/calls/$CALL/actions/answer -H "Authorization: Bearer switchhook_abc"',
    `-d '{"sip_address":"sip:bob@example.com"}'`,
  ];
  for (const part of parts) assert.ok(text.includes(part), `${part} is missing in:\n${text}`);
});

test('with a webhook set, it is not asked for', () => {
  assert.ok(!welcome({ ...start, hasWebhook: true }).includes('SWITCHHOOK_WEBHOOK_URL'));
});

test('a key that was set is not printed, and the commands take it from where it is', () => {
  const text = welcome({ ...start, newKey: null });
  assert.ok(text.includes('Bearer $SWITCHHOOK_API_KEY'));
  assert.ok(text.includes('the one in SWITCHHOOK_API_KEY'));
});

test('later starts are short', () => {
  const text = welcome({ ...start, newKey: null, isFirstStart: false });
  assert.equal(text.trim().split('\n').length, 3);
  assert.ok(text.includes('http://127.0.0.1:8080/v2') && text.includes('udp:127.0.0.1:5060'));
});

test('a key made on a later start is told like the first one', () => {
  assert.ok(welcome({ ...start, isFirstStart: false }).includes('switchhook_abc'));
});
