// A server that is given every secret there is, and driven through what uses them and what goes wrong with them. That none
// is told is checked at the end of every scenario (support/secrets.ts); here what a scenario does not see is added to it:
// the whole API, what it refuses, what a peer sends that nobody can read, and the keys that are made.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Access } from '../../src/config/access.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { answering } from '../support/credentials.ts';
import { digestOf } from '../support/digest.ts';
import { target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { Secrets } from '../support/secrets.ts';
import type { Inside } from '../support/world.ts';

const access: Access = {
  ...{ realm: 'switchhook', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0 },
  trunks: [
    {
      ...{ name: 'pbx', addresses: ['192.0.2.10'], username: '1000', password: 'Trunk-Pass?Wörd/1', realm: null, nat: true },
      ...{ registrars: ['sip:192.0.2.10'], registerAs: 'sip:1000@192.0.2.10', registerSecs: 600 },
      ...{ uri: 'sip:192.0.2.10', prefixes: [''], applications: null, priority: 1, weight: 1, channels: null },
    },
  ],
  phones: [{ username: 'alice', password: 'Phone-Pass"Word/2', displayName: null }],
};
const settings = { access, apiKey: 'Configured-Key-3', logLevel: 'debug' } as const;
const alice = { username: 'alice', password: 'Phone-Pass"Word/2' };
const asks = (realm: string, nonce: string) => ({
  'WWW-Authenticate': `Digest realm="${realm}", nonce="${nonce}", qop="auth", algorithm=SHA-256`,
});
const gone = { 'Retry-After': '3600' };

async function asked({ server, secrets }: Inside, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object | string) {
  const headers = { authorization: 'Bearer KEY-of-the-scenarios', 'content-type': 'application/json' };
  const answer = await server.http.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  secrets.heard(`${method} ${url}`, JSON.stringify(answer.headers) + answer.body);
  return answer;
}

async function plantsSigningKey({ store, secrets }: Inside): Promise<void> {
  const pem = (await store.get('webhook-signing-key')) ?? '';
  const key = pem.split('\n')[1] ?? '';
  assert.equal(key.length, 64);
  secrets.plant('the signing key', key);
}

async function makesKey(inside: Inside): Promise<void> {
  const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
  const payload = { name: 'Dialler', scope: 'command' };
  const { data } = (await inside.server.http.inject({ method: 'POST', url: '/v2/api_keys', headers, payload })).json();
  assert.equal(data.scope, 'command');
  // Shown once; from here on it is a secret like the others.
  assert.ok(data.key.length > 20);
  inside.secrets.plant('a key that was made', data.key);
  await asked(inside, 'GET', '/v2/api_keys');
  await asked(inside, 'DELETE', `/v2/api_keys/${data.id}`);
  await asked(inside, 'GET', '/v2/api_keys');
}

/** What is refused is told why, and not what it said. */
async function isRefused(inside: Inside): Promise<void> {
  const misplaced = 'Misplaced-Pass-4';
  inside.secrets.plant('a password where it is wrong', misplaced);
  const dial = { connection_id: '1000000000000000001', from: '+13125550100', to: 'sip:bob@192.0.2.10' };
  const bodies: (object | string)[] = [
    { ...dial, sip_auth_password: misplaced },
    { ...dial, sip_auth_username: 'us', sip_auth_password: [misplaced] },
    { ...dial, sip_auth_username: 'us', sip_auth_password: `${misplaced}\r\nVia: x` },
    { ...dial, sip_auth_username: 'us', sip_auth_password: `${misplaced}${'x'.repeat(300)}` },
    { ...dial, sip_auth_username: 'us', sip_auth_password: { [misplaced]: 1 } },
    `{"sip_auth_password": "${misplaced}", }`,
  ];
  for (const body of bodies) {
    const { statusCode } = await asked(inside, 'POST', '/v2/calls', body);
    assert.ok(statusCode === 400 || statusCode === 422, `${statusCode} for ${JSON.stringify(body)}`);
  }
  const other = { authorization: `Bearer ${misplaced}` };
  const { statusCode, body } = await inside.server.http.inject({ method: 'GET', url: '/v2/calls/v3:none', headers: other });
  assert.equal(statusCode, 401);
  inside.secrets.heard('a request with a wrong key', body);
}

async function looksEverywhere(inside: Inside): Promise<void> {
  for (const url of ['/openapi.json', '/llms.txt', '/docs', '/readyz', '/v2/trunks', '/v2/phones', '/v2/queues']) {
    assert.ok((await asked(inside, 'GET', url)).statusCode < 500, url);
  }
  await asked(inside, 'GET', '/v2/call_control_applications');
}

scenario('secrets are not told (trunk, phone, commands, keys; right, wrong and misplaced)', { settings }, (world) => {
  const { transferee, app, peer, does } = world;
  const phone = peer('phone');
  does('plant the signing key', plantsSigningKey);
  // The trunk asks for its password.
  transferee.gets('REGISTER');
  transferee.sends(401, asks('pbx', 'n1'));
  transferee.gets('REGISTER', { Authorization: digestOf({ username: '1000', password: 'Trunk-Pass?Wörd/1', realm: 'pbx', nonce: 'n1', algorithm: 'SHA-256' }) });
  transferee.sends(403, gone);
  // A phone shows that it knows its own, and one that it does not.
  const { challenge, credentials } = answering(alice);
  const registers = { uri: 'sip:192.0.2.1', To: '<sip:alice@atlanta.example>', Contact: '<sip:alice@192.0.2.20:5060>', Expires: '0' };
  phone.sends('REGISTER', registers);
  phone.gets(401, { 'WWW-Authenticate': challenge() });
  phone.sends('REGISTER', { ...registers, raw: credentials() });
  phone.gets(200);
  const guess = 'Authorization: Digest username="alice", realm="switchhook", nonce="Stolen-Nonce-5", uri="sip:192.0.2.1", response="Stolen-Response-6"';
  phone.sends('REGISTER', { ...registers, raw: (text) => text.replace('\r\nContent-Length', `\r\n${guess}\r\nContent-Length`) });
  phone.gets(401);
  does('plant what a phone said', ({ secrets }) => {
    secrets.plant('a nonce of a phone', 'Stolen-Nonce-5');
    secrets.plant('a response of a phone', 'Stolen-Response-6');
  });
  // A dial by the trunk whose INVITE and BYE are challenged, and a refer on it with a password of its own.
  app.dials({ to: '+13125550111', sip_auth_username: 'us', sip_auth_password: 'Dial-Pass-Word-7' });
  transferee.gets('INVITE');
  app.gets('call.initiated');
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n2", qop="auth", algorithm=SHA-256' });
  transferee.gets('ACK');
  transferee.gets('INVITE', { 'Proxy-Authorization': /username="us"/ });
  transferee.sends(200);
  transferee.gets('ACK');
  app.gets('call.answered');
  app.posts('refer', { sip_address: target, sip_auth_username: 'us', sip_auth_password: 'Refer-Pass-Word-8' });
  transferee.gets('REFER');
  transferee.sends(401, asks('pbx', 'n3'));
  transferee.gets('REFER', { Authorization: /username="us"/ });
  transferee.sends(401, asks('pbx', 'n4'));
  app.gets('call.refer.failed', { sip_notify_response: 401 });
  // A webhook that nobody takes at first.
  app.answers(503);
  transferee.sends('BYE');
  transferee.gets(200);
  app.gets('call.hangup');
  app.answers(200);
  app.gets('call.hangup', {}, { attempt: 2, within: 60_000 });
  does('make and revoke a key', makesKey);
  does('ask wrongly', isRefused);
  does('look everywhere', looksEverywhere);
});

suite('a secret is found in what was said', () => {
  const secret = 'Größe "7"/?';
  const cases: readonly [form: string, text: string, found: boolean][] = [
    ['in clear', `password ${secret}.`, true],
    ['in JSON', JSON.stringify({ deep: [secret] }), true],
    ['in a URL', `https://example.com/?q=${encodeURIComponent(secret)}`, true],
    ['in hexadecimal', Buffer.from(`:${secret}`).toString('hex'), true],
    ['in hexadecimal capitals', Buffer.from(secret).toString('hex').toUpperCase(), true],
    ['in base64, alone', Buffer.from(secret).toString('base64'), true],
    ['in base64, behind one character', Buffer.from(`:${secret}`).toString('base64'), true],
    ['in base64, behind two, with more after it', Buffer.from(`a:${secret}!!`).toString('base64'), true],
    ['in base64url', Buffer.from(`us:${secret}`).toString('base64url'), true],
    ['nowhere', 'Größe 8', false],
  ];
  for (const [form, text, found] of cases) {
    test(form, () => {
      const secrets = new Secrets();
      secrets.heard('it', text);
      secrets.plantFields({ settings: [{ sip_auth_password: secret, username: 'username' }] });
      assert.equal(secrets.told.length > 0, found, secrets.told.join());
    });
  }
});
