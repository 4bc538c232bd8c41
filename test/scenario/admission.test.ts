// Who may come in: phones that register and call by digest, trunks by their addresses, strangers, scanners (RFC 3261 §10.3,
// §22). A peer here has the address 192.0.2.10, the next one 192.0.2.20.
import assert from 'node:assert/strict';
import type { FastifyInstance } from 'fastify';
import type { Access } from '../../src/config/access.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { answering } from '../support/credentials.ts';
import { answers, hangsUp } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const access: Access = {
  ...{ realm: 'switchhook', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0 },
  trunks: [],
  phones: [{ username: 'alice', password: 'wonderland', displayName: null }],
};
const trunk = {
  ...{ name: 'carrier', addresses: ['192.0.2.8/29'], username: null, password: null, realm: null, nat: true },
  ...{ registrars: [], registerAs: '', registerSecs: 600 },
      ...{ uri: null, prefixes: [''], applications: null, priority: 1, weight: 1, channels: null },
};
const alice = { username: 'alice', password: 'wonderland' };
const binding = '<sip:alice@192.0.2.10:5060>';
const registers = { uri: 'sip:192.0.2.1', To: '<sip:alice@atlanta.example>', Contact: binding };

scenario('register (challenged, refreshed unasked, ended)', { settings: { access } }, ({ transferee, does, after }) => {
  const { challenge, credentials } = answering(alice);
  transferee.sends('REGISTER', registers);
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, raw: credentials() });
                                         transferee.gets(200, { Contact: `${binding};expires=3600`, Date: /GMT$/ });
  does('look for alice', async ({ store }) => assert.equal((await store.bindings()).length, 1));
  after(120_000);
  transferee.sends('REGISTER', { ...registers, Expires: '600', raw: credentials() });
                                         transferee.gets(200, { Contact: `${binding};expires=600` });
  transferee.sends('REGISTER', { ...registers, Contact: '*', Expires: '0', raw: credentials() });
                                         transferee.gets(200, { Contact: null });
});

scenario('register with md5', { settings: { access } }, ({ transferee }) => {
  const { challenge, credentials } = answering({ ...alice, algorithm: 'MD5' });
  transferee.sends('REGISTER', { ...registers, Expires: '0' });
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, Expires: '0', raw: credentials() });
                                         transferee.gets(200);
});

scenario('register with a stale nonce (asked again, without a new password)', { settings: { access } }, ({ transferee, after }) => {
  const { challenge, credentials } = answering(alice);
  const ends = { ...registers, Expires: '0' };
  transferee.sends('REGISTER', ends);    transferee.gets(401, { 'WWW-Authenticate': challenge() });
  after(300_000);
  transferee.sends('REGISTER', { ...ends, raw: credentials() });
                                         transferee.gets(401, { 'WWW-Authenticate': challenge({ stale: true }) });
  transferee.sends('REGISTER', { ...ends, raw: credentials() });
                                         transferee.gets(200);
});

scenario('register replayed (the same count is not taken twice)', { settings: { access } }, ({ transferee }) => {
  const { challenge, credentials } = answering(alice);
  const ends = { ...registers, Expires: '0' };
  transferee.sends('REGISTER', ends);    transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...ends, raw: credentials(1) });
                                         transferee.gets(200);
  transferee.sends('REGISTER', { ...ends, raw: credentials(1) });
                                         transferee.gets(401, { 'WWW-Authenticate': challenge({ stale: true }) });
});

scenario('register survives a restart', { settings: { access } }, ({ transferee, restarts, after }) => {
  const { challenge, credentials } = answering(alice);
  transferee.sends('REGISTER', registers);
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, raw: credentials() });
                                         transferee.gets(200);
  restarts();
  after(60_000);
  // The nonce was made by another process.
  transferee.sends('REGISTER', { ...registers, Contact: null, raw: credentials() });
                                         transferee.gets(401, { 'WWW-Authenticate': challenge({ stale: true }) });
  transferee.sends('REGISTER', { ...registers, Contact: null, raw: credentials() });
                                         transferee.gets(200, { Contact: `${binding};expires=3540` });
  transferee.sends('REGISTER', { ...registers, Contact: '*', Expires: '0', raw: credentials() });
                                         transferee.gets(200);
});

scenario('register somebody else (403), and for too short a time (423)', { settings: { access } }, ({ transferee }) => {
  const { challenge, credentials } = answering(alice);
  transferee.sends('REGISTER', registers);
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, To: '<sip:bob@atlanta.example>', raw: credentials() });
                                         transferee.gets(403);
  transferee.sends('REGISTER', { ...registers, Expires: '10', raw: credentials() });
                                         transferee.gets(423, { 'Min-Expires': '60' });
});

scenario('register guessed (a wrong password ten times, then silence)', { settings: { access } }, ({ transferee, after }) => {
  const wrong = answering({ ...alice, password: 'x' });
  const right = answering({ ...alice, algorithm: 'MD5' });
  const ends = { ...registers, Expires: '0' };
  transferee.sends('REGISTER', ends);    transferee.gets(401, { 'WWW-Authenticate': wrong.challenge() });
  for (let guesses = 0; guesses < 10; guesses += 1) {
    transferee.sends('REGISTER', { ...ends, raw: wrong.credentials() });
                                         transferee.gets(401, { 'WWW-Authenticate': wrong.challenge() });
  }
  transferee.sends('REGISTER', ends);    transferee.getsNothing();
  after(300_000);
  transferee.sends('REGISTER', ends);    transferee.gets(401, { 'WWW-Authenticate': right.challenge({ plain: true }) });
  transferee.sends('REGISTER', { ...ends, raw: right.credentials() });
                                         transferee.gets(200);
});

scenario('a phone calls (its INVITE is challenged)', { settings: { access } }, (world) => {
  const { transferee, app } = world;
  const { challenge, credentials } = answering(alice);
  transferee.sends('INVITE', { branch: 'z9hG4bK-first' });
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
                                         app.getsNothing();
  transferee.sends('INVITE', { raw: credentials() });
                                         transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated');
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('a trunk calls (known by its address)', { settings: { access: { ...access, trunks: [trunk] } } }, (world) => {
  answers(world);
  hangsUp(world);
});

scenario('a stranger calls (403, and silence after ten)', { settings: { access: { ...access, phones: [], trunks: [trunk] } } }, ({ peer, app }) => {
  const stranger = peer('stranger');
  for (let calls = 0; calls < 10; calls += 1) {
    stranger.sends('INVITE', { callId: `call-${calls}`, toTag: null });
                                         stranger.gets(403);
  }
  stranger.sends('INVITE', { callId: 'the-last', toTag: null });
                                         stranger.getsNothing();
                                         app.getsNothing();
});

scenario('a scanner (silence, whatever it calls itself next)', ({ transferee, app }) => {
  transferee.sends('OPTIONS', { 'User-Agent': 'friendly-scanner' });
                                         transferee.getsNothing();
  transferee.sends('INVITE', { 'User-Agent': 'Linphone' });
                                         transferee.getsNothing();
                                         app.getsNothing();
});

scenario('register seen by the api (where the phone is, until it has gone)', { settings: { access } }, ({ transferee, does }) => {
  const { challenge, credentials } = answering(alice);
  const phone = async (http: FastifyInstance) => {
    const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
    const { body } = await http.inject({ url: '/v2/phones/alice', headers });
    assert.ok(!body.includes('wonderland'), 'the password is shown');
    return JSON.parse(body).data;
  };
  transferee.sends('REGISTER', registers);
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, raw: credentials() });
                                         transferee.gets(200);
  does('look for alice', async ({ server }) => {
    const { registered, contacts } = await phone(server.http);
    const [{ uri, expires_at, behind_nat }] = contacts;
    assert.deepEqual([registered, contacts.length], [true, 1]);
    assert.deepEqual([uri, expires_at, behind_nat], ['sip:alice@192.0.2.10:5060', '2026-01-01T01:00:00.000000Z', false]);
  });
  transferee.sends('REGISTER', { ...registers, Contact: '*', Expires: '0', raw: credentials() });
                                         transferee.gets(200);
  does('look for alice', async ({ server }) => assert.equal((await phone(server.http)).registered, false));
});
