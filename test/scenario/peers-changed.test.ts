// Trunks and phones made, changed and deleted by the API while calls go on: in force at once, and after a restart too.
import assert from 'node:assert/strict';
import { answering } from '../support/credentials.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

/** Sends a request, and looks at the answer and for what must never be in one. */
function asks({ does }: World, line: string, status: number, payload?: object): void {
  const [method, url] = line.split(' ') as ['GET', string];
  does(line, async ({ server }) => {
    const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
    const response = await server.http.inject({ method, url, headers, ...(payload && { payload }) });
    assert.equal(response.statusCode, status, response.body);
    for (const secret of ['wonderland', 'secret']) assert.ok(!response.body.includes(secret), 'a password is shown');
  });
}

const ours = '<sip:1000@192.0.2.1:5060;transport=udp>';
const pbx = { name: 'pbx', registrars: ['sip:192.0.2.10'], username: '1000', password: 'secret', prefixes: ['+1'] };

scenario('a trunk made by the API registers, is dialled by, survives a restart, and says goodbye', (world) => {
  const { transferee, app, restarts } = world;
  let callId = '';
  asks(world, 'POST /v2/trunks', 201, pbx);
                                         transferee.gets('REGISTER', { Contact: ours, Expires: '600', CSeq: '1 REGISTER', 'Call-ID': (value) => { callId = value; } });
  transferee.sends(200, { Contact: `${ours};expires=3600` });
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE', { uri: 'sip:+13125550111@192.0.2.10;user=phone' });
                                         app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  restarts();                            transferee.gets('REGISTER', { CSeq: '2 REGISTER', 'Call-ID': (value) => assert.equal(value, callId) });
  transferee.sends(200, { Contact: `${ours};expires=3600` });
  asks(world, 'DELETE /v2/trunks/pbx', 200);
                                         transferee.gets('REGISTER', { Expires: '0', CSeq: '3 REGISTER' });
  transferee.sends(200);
  app.dials({ to: '+13125550111' }, { status: 422, code: '10015', pointer: '/to' });
  restarts();                            transferee.getsNothing();
});

scenario('a trunk changed by the API (what concerns no registration leaves it alone, else the old one ends first)', (world) => {
  const { transferee } = world;
  asks(world, 'POST /v2/trunks', 201, pbx);
                                         transferee.gets('REGISTER', { CSeq: '1 REGISTER' });
  transferee.sends(200, { Contact: `${ours};expires=3600` });
  asks(world, 'PATCH /v2/trunks/pbx', 200, { channels: 2 });
                                         transferee.getsNothing();
  asks(world, 'PATCH /v2/trunks/pbx', 200, { username: '2000' });
                                         transferee.gets('REGISTER', { Expires: '0', Contact: ours, CSeq: '2 REGISTER' });
                                         transferee.getsNothing();
  transferee.sends(200);                 transferee.gets('REGISTER', { Expires: '600', To: '<sip:2000@192.0.2.10>', CSeq: '3 REGISTER' });
  transferee.sends(403, { 'Retry-After': '3600' });
});

scenario('a trunk changed by the API is not kept waiting by a registrar that is silent', (world) => {
  const { transferee, after } = world;
  asks(world, 'POST /v2/trunks', 201, pbx);
                                         transferee.gets('REGISTER');
  transferee.sends(200, { Contact: `${ours};expires=3600` });
  asks(world, 'PATCH /v2/trunks/pbx', 200, { registrars: ['sip:192.0.2.20'] });
  const other = world.peer('other');
                                         transferee.gets('REGISTER', { Expires: '0' });
  after(500);                            transferee.gets('REGISTER', { again: true });
  after(1_000);                          transferee.gets('REGISTER', { again: true });
  after(500);                            other.gets('REGISTER', { Expires: '600' });
  other.sends(403, { 'Retry-After': '3600' });
  transferee.sends(200);
});

scenario('a trunk deleted by the API: its call goes on, and challenged is still answered', (world) => {
  const { transferee, app } = world;
  asks(world, 'POST /v2/trunks', 201, { name: 'out', uri: 'sip:192.0.2.10', username: '1000', password: 'secret' });
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
  asks(world, 'DELETE /v2/trunks/out', 200);
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(401, { 'WWW-Authenticate': 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=SHA-256' });
                                         transferee.gets('BYE', { Authorization: /username="1000"/ });
  transferee.sends(200);                 app.gets('call.hangup');
});

scenario('a phone made by the API closes the door to strangers, registers, and is gone with its password', (world) => {
  const { transferee, peer, app } = world;
  const stranger = peer('stranger');
  const { challenge, credentials } = answering({ username: 'alice', password: 'wonderland' });
  const registers = { uri: 'sip:192.0.2.1', To: '<sip:alice@atlanta.example>', Contact: '<sip:alice@192.0.2.10:5060>' };
  transferee.sends('REGISTER', registers);
                                         transferee.gets(405);
  asks(world, 'POST /v2/phones', 201, { username: 'alice', password: 'wonderland' });
  stranger.sends('INVITE');              stranger.gets(401); stranger.sends('ACK');
  transferee.sends('REGISTER', registers);
                                         transferee.gets(401, { 'WWW-Authenticate': challenge() });
  transferee.sends('REGISTER', { ...registers, raw: credentials() });
                                         transferee.gets(200, { Contact: '<sip:alice@192.0.2.10:5060>;expires=3600' });
  app.dials({ to: 'sip:alice@switchhook' });
                                         transferee.gets('INVITE', { uri: 'sip:alice@192.0.2.10:5060' }); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  asks(world, 'PATCH /v2/phones/alice', 200, { password: 'secret' });
  world.does('look for alice', async ({ store }) => assert.deepEqual(await store.bindings(), []));
  transferee.sends('REGISTER', { ...registers, raw: credentials() });
                                         transferee.gets(401);
  asks(world, 'DELETE /v2/phones/alice', 200);
  transferee.sends('REGISTER', registers);
                                         transferee.gets(405);
});
