// Calls of ours: the INVITE, how the callee answers it or not, how we give it up, and what the application is told.
import assert from 'node:assert/strict';
import type { Access } from '../../src/config/access.ts';
import { algorithms } from '../../src/sip/message/digest.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { World } from '../support/world.ts';

/** Dials the transferee, who lets it ring and then answers. */
function dialsAndIsAnswered({ transferee, app }: Pick<World, 'transferee' | 'app'>, body: object = {}): void {
  app.dials(body);                       transferee.gets('INVITE');
                                         app.gets('call.initiated', { direction: 'outgoing', state: 'bridging', from: '+13125550100' });
  transferee.sends(180);
  transferee.sends(200);                 transferee.gets('ACK');
                                         app.gets('call.answered', { state: 'answered' });
}

function hangsUp({ transferee, app }: Pick<World, 'transferee' | 'app'>): void {
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' });
}

const challenge = { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=SHA-256' };

scenario('dialled, answered, then bye', (world) => {
  const { app } = world;
  dialsAndIsAnswered(world);
                                         app.reads({ is_alive: true });
  hangsUp(world);
});

scenario('dialled: what the INVITE says', ({ transferee, app }) => {
  app.dials({
    from_display_name: 'Front desk',
    custom_headers: [{ name: 'X-Account', value: '42' }],
    sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }],
    client_state: 'eA==',
    preferred_codecs: 'PCMA',
  });
                                         transferee.gets('INVITE', {
                                           uri: 'sip:alice@192.0.2.10',
                                           From: /^"Front desk" <sip:\+13125550100@192\.0\.2\.1>;tag=/,
                                           To: '<sip:alice@192.0.2.10>',
                                           'X-Account': '42',
                                           'User-to-User': '3132;encoding=hex',
                                           'Session-Expires': '1800;refresher=uac',
                                           Supported: /timer/,
                                           body: /m=audio 40000 RTP\/AVP 8 0 101\r\n/,
                                         });
                                         app.gets('call.initiated', { client_state: 'eA==', to: 'sip:alice@192.0.2.10' });
  transferee.sends(486);                 transferee.gets('ACK');
                                         app.gets('call.hangup', { hangup_cause: 'user_busy', hangup_source: 'callee', sip_hangup_cause: '486', client_state: 'eA==' });
});

scenario('dialled-by-name-and-dns-chose-tcp (NAPTR and SRV: the dialog goes on by that connection)', {
  records: {
    naptr: async () => [{ order: 1, preference: 1, flags: 's', service: 'SIP+D2T', replacement: '_sip._tcp.atlanta.example' }],
    srv: async () => [{ priority: 1, weight: 0, port: 5060, name: 'pbx.atlanta.example' }],
  },
}, ({ transferee, app, after }) => {
  app.dials({ to: 'sip:alice@atlanta.example' });
                                         transferee.gets('INVITE', { Via: /TCP/, Contact: /transport=tcp>/ });
                                         app.gets('call.initiated');
  // Its Contact does not say by which transport.
  transferee.sends(200, { Contact: '<sip:alice@192.0.2.10:5060>', 'Session-Expires': '90;refresher=uac', Require: 'timer' });
                                         transferee.gets('ACK', { Via: /TCP/ }); app.gets('call.answered');
  after(45_000);                         transferee.gets('INVITE', { Via: /TCP/, Contact: /transport=tcp>/ });
  transferee.sends(200, { 'Session-Expires': '1800;refresher=uas', Require: 'timer' });
                                         transferee.gets('ACK', { Via: /TCP/ });
  app.posts('hangup');                   transferee.gets('BYE', { Via: /TCP/ }); app.gets('call.hangup');
  transferee.sends(200);
});

scenario('dialled with privacy (RFC 3323: a stranger is not told who calls)', ({ transferee, app }) => {
  app.dials({ privacy: 'id', from_display_name: 'Front desk' });
                                         transferee.gets('INVITE', {
                                           From: /^"Anonymous" <sip:anonymous@anonymous\.invalid>;tag=/,
                                           Privacy: 'id',
                                           'P-Asserted-Identity': null,
                                           Contact: /^<sip:192/,
                                         });
                                         app.gets('call.initiated', { from: '+13125550100' });
  transferee.sends(603);                 transferee.gets('ACK');
                                         app.gets('call.hangup', { hangup_cause: 'call_rejected', sip_hangup_cause: '603' });
});

scenario('dialled for whom was called before (diversion: a number becomes an address)', ({ transferee, app }) => {
  app.dials({ diversion: '+13125550177' });
                                         transferee.gets('INVITE', { Diversion: '<sip:+13125550177@192.0.2.1>' }); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  app.dials({ diversion: '<sip:bob@example.com>;reason=unconditional' });
                                         transferee.gets('INVITE', { Diversion: '<sip:bob@example.com>;reason=unconditional' }); app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

for (const [status, cause] of [[404, 'not_found'], [480, 'no_answer'], [408, 'no_answer'], [484, 'not_found'], [600, 'user_busy'], [500, 'unspecified']] as const) {
  scenario(`dialled and refused with ${status}`, ({ transferee, app }) => {
    app.dials();                         transferee.gets('INVITE'); app.gets('call.initiated');
    transferee.sends(status);            transferee.gets('ACK');
                                         app.gets('call.hangup', { hangup_cause: cause, hangup_source: 'callee', sip_hangup_cause: String(status) });
                                         app.reads({ is_alive: false });
  });
}

scenario('dialled and challenged (407: the INVITE again with the credentials of the dial)', ({ transferee, app }) => {
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'secret' });
                                         transferee.gets('INVITE', { 'Proxy-Authorization': null, CSeq: '1 INVITE' }); app.gets('call.initiated');
  transferee.sends(407, challenge);      transferee.gets('ACK'); transferee.gets('INVITE', { 'Proxy-Authorization': /username="carol".*nc=00000001/, CSeq: '2 INVITE' });
  transferee.sends(200);                 transferee.gets('ACK', { 'Proxy-Authorization': /username="carol"/, CSeq: '2 ACK' });
                                         app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('dialled and challenged without credentials', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(407, challenge);      transferee.gets('ACK');
                                         app.gets('call.hangup', { sip_hangup_cause: '407' });
});

scenario('dialled and challenged again and again (the credentials are wrong)', ({ transferee, app }) => {
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'wrong' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(407, challenge);      transferee.gets('ACK'); transferee.gets('INVITE');
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n2", qop="auth", algorithm=SHA-256' });
                                         transferee.gets('ACK');
                                         app.gets('call.hangup', { sip_hangup_cause: '407' });
});

scenario('dialled, and the session interval is too small (422: asked again)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(422, { 'Min-SE': '3600' });
                                         transferee.gets('ACK'); transferee.gets('INVITE', { 'Session-Expires': '3600;refresher=uac', 'Min-SE': '3600' });
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('dialled and hung up while it rings (CANCEL)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  app.posts('hangup');                   transferee.gets('CANCEL', { CSeq: '1 CANCEL' });
                                         app.gets('call.hangup', { hangup_cause: 'originator_cancel', hangup_source: 'caller', sip_hangup_cause: '487' });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('dialled and hung up before anything was heard (no CANCEL before a provisional response: RFC 3261 §9.1)', ({ transferee, app, after }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  app.posts('hangup');                   app.gets('call.hangup', { hangup_cause: 'originator_cancel', sip_hangup_cause: 'unspecified' });
                                         transferee.getsNothing();
  after(100);
  transferee.sends(100);                 transferee.gets('CANCEL');
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('dialled and cancelled, and no final answer comes (all is over 64*T1 after the CANCEL: RFC 3261 §9.1)', ({ transferee, app, after }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  app.posts('hangup');                   transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
  transferee.sends(200, { answers: 'CANCEL' });
  after(40_000);                         transferee.getsNothing(); app.getsNothing();
});

scenario('dialled, and the 200 crosses the CANCEL (ACK, then BYE)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  app.posts('hangup');                   transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
  transferee.sends(200, { answers: 'INVITE' });
                                         transferee.gets('ACK'); transferee.gets('BYE');
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(200, { answers: 'BYE' });
});

scenario('late-fork-challenges-its-bye (the password of a call that was given up is still there)', ({ transferee, app, does, after }) => {
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'secret' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  app.posts('hangup');                   transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
  transferee.sends(200, { answers: 'INVITE' });
                                         transferee.gets('ACK'); transferee.gets('BYE', { 'Proxy-Authorization': null });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(407, { answers: 'BYE', ...challenge });
                                         transferee.gets('BYE', { 'Proxy-Authorization': /username="carol", realm="pbx"/ });
  transferee.sends(407, { answers: 'BYE', ...challenge });
                                         transferee.getsNothing();
  after(40_000);
  does('look for the password', async ({ store }) => {
    const [row] = await store.calls(0);
    assert.doesNotMatch(row!.state, /secret/);
  });
});

scenario('dialled and not answered in time (timeout_secs)', ({ transferee, app, after }) => {
  app.dials({ timeout_secs: 20 });       transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  after(20_000);                         transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'caller', sip_hangup_cause: '487' });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('dialled and not answered in time, and no other route is wished for (retry_on_timeout: false)', ({ transferee, app, after }) => {
  app.dials({ timeout_secs: 20, retry_on_timeout: false });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  after(20_000);                         transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'no_answer', hangup_source: 'caller', sip_hangup_cause: '487' });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('dialled, and nobody is there (Timer B)', ({ transferee, app, after }) => {
  app.dials({ timeout_secs: 60 });       transferee.gets('INVITE'); app.gets('call.initiated');
  after(32_000);                         app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'caller', sip_hangup_cause: 'unspecified' });
});

scenario('dialled for no longer than it may last (time_limit_secs)', (world) => {
  const { transferee, app, after } = world;
  dialsAndIsAnswered(world, { time_limit_secs: 60 });
  after(60_000);                         transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'time_limit', hangup_source: 'caller', sip_hangup_cause: '200' });
});

scenario('dialled and answered without a codec of ours (ACK, then BYE)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(200, { body: sdp('192.0.2.10', 49_170, 'sendrecv').replace('RTP/AVP 0 8 101', 'RTP/AVP 9') });
                                         transferee.gets('ACK'); transferee.gets('BYE');
                                         app.gets('call.answered');
                                         app.gets('call.hangup', { hangup_cause: 'unspecified', hangup_source: 'caller' });
  transferee.sends(200);
});

scenario('dialled and rung reliably (PRACK: RFC 3262)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(183, { Require: '100rel', RSeq: '1', Contact: '<sip:alice@192.0.2.10:5060>', body: sdp('192.0.2.10', 49_170, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         transferee.gets('PRACK', { RAck: '1 1 INVITE' });
  transferee.sends(200, { answers: 'PRACK', body: '' });
  transferee.sends(200, { answers: 'INVITE', body: '', 'Content-Type': null });
                                         transferee.gets('ACK'); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('dialled and redirected where that is not followed (a refusal)', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(302, { Contact: '<sip:bob@192.0.2.20>' });
                                         transferee.gets('ACK'); app.gets('call.hangup', { hangup_cause: 'unspecified', sip_hangup_cause: '302' });
});

scenario('dialled and redirected (followed)', { settings: { followsRedirects: true } }, ({ transferee, peer, app }) => {
  const bob = peer('bob');
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(302, { Contact: '<sip:bob@192.0.2.20>' });
                                         transferee.gets('ACK'); bob.gets('INVITE', { uri: 'sip:bob@192.0.2.20', To: '<sip:alice@192.0.2.10>' });
  bob.sends(200);                        bob.gets('ACK'); app.gets('call.answered');
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup');
});

scenario('several dialled (the first to answer has the call, the others are cancelled: RFC 3326)', ({ transferee, peer, app }) => {
  const bob = peer('bob');
  app.dials({ to: ['sip:alice@192.0.2.10', 'sip:bob@192.0.2.20'] });
                                         transferee.gets('INVITE'); bob.gets('INVITE');
                                         app.gets('call.initiated', {}, { call: 0 }); app.gets('call.initiated', {}, { call: 1 });
  transferee.sends(180);
  bob.sends(180);
  bob.sends(200);                        bob.gets('ACK'); transferee.gets('CANCEL', { Reason: 'SIP;cause=200;text="Call completed elsewhere"' });
                                         app.gets('call.answered', {}, { call: 1 });
                                         app.gets('call.hangup', { hangup_cause: 'originator_cancel' }, { call: 0 });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup');
});

scenario('dialled twice with one command_id (one call, the same answer)', ({ transferee, app }) => {
  app.dials({ command_id: 'dial-1' });   transferee.gets('INVITE'); app.gets('call.initiated');
  app.dials({ command_id: 'dial-1' });   transferee.getsNothing();
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
  app.dials({ command_id: 'dial-1', to: 'nonsense' });
                                         app.getsNothing();
});

scenario('dial refused (each bad value by name)', ({ app }) => {
  app.dials({ connection_id: '1000000000000000009' }, { status: 422, code: '10015', pointer: '/connection_id' });
  app.dials({ to: '12345' }, { status: 422, code: '10016', pointer: '/to' });
  app.dials({ to: ['sip:alice@192.0.2.10', 'x'] }, { status: 422, code: '10016', pointer: '/to/1' });
  app.dials({ from: 'nobody' }, { status: 422, code: '10016', pointer: '/from' });
  app.dials({ to: 'sip:a b@example.com' }, { status: 422, code: '10015', pointer: '/to' });
  app.dials({ to: '+13125550111' }, { status: 422, code: '10015', pointer: '/to', detail: /No trunk/ });
  app.dials({ to: 'sip:alice@192.0.2.10;secure=srtp' }, { status: 422, code: '10027', pointer: '/to' });
  app.dials({ record: 'record-from-answer' }, { status: 422, code: '10027', pointer: '/record' });
  for (const to of ['+13125550111;secure=true', '+13125550111,,12', 'sip:alice@192.0.2.10,1']) {
    app.dials({ to }, { status: 422, code: '10027', pointer: '/to' });
  }
  app.dials({ to: '+13125550111;ext=5' }, { status: 422, code: '10016', pointer: '/to' });
  app.dials({ sip_region: 'Europe' }, { status: 422, code: '10027', pointer: '/sip_region', detail: /Telnyx/ });
  app.dials({ stream_codec: 'PCMU' }, { status: 422, code: '10027', pointer: '/stream_codec', detail: /media engine/ });
  app.dials({ retry_on_timeout: true }, { status: 422, code: '10015', pointer: '/retry_on_timeout' });
  app.dials({ diversion: 'nobody' }, { status: 422, code: '10015', pointer: '/diversion' });
  app.dials({ timeout_secs: 4 }, { status: 422, code: '10033', pointer: '/timeout_secs' });
  app.dials({ link_to: 'v3:nobody' }, { status: 422, code: '90015', pointer: '/link_to' });
  app.dials({ custom_headers: [{ name: 'Via', value: 'x' }] }, { status: 422, code: '10015', pointer: '/custom_headers/0/name' });
});

scenario('transfer refused (what it asks of the sound, each by name)', (world) => {
  const { app } = world;
  dialsAndIsAnswered(world);
  for (const [field, value] of [['early_media', true], ['record_format', 'mp3'], ['media_encryption', 'SRTP'], ['send_digits_on_answer', '1']]) {
    app.posts('transfer', { to: 'sip:bob@192.0.2.20', [String(field)]: value }, { status: 422, code: '10027', pointer: `/${field}` });
  }
  app.posts('transfer', { to: 'sip:bob@192.0.2.20;secure=srtp' }, { status: 422, code: '10027', pointer: '/to' });
  hangsUp(world);
});

const trunk = {
  ...{ addresses: [], username: null, password: null, realm: null, nat: true, registrars: [], registerAs: '', registerSecs: 600 },
  ...{ prefixes: ['+1'], applications: null, weight: 1, channels: null },
};
const access: Access = {
  ...{ realm: 'pbx.example', algorithms, requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0 },
  trunks: [
    { ...trunk, name: 'first', addresses: ['192.0.2.10'], uri: 'sip:192.0.2.10', priority: 1, username: 'us', password: 'secret' },
    { ...trunk, name: 'second', addresses: ['192.0.2.20'], uri: 'sip:192.0.2.20', priority: 2, channels: 1 },
  ],
  phones: [],
};

scenario('number dialled by trunks (the next one after 503; the first one asks for its password)', { settings: { access } }, ({ transferee, peer, app }) => {
  const bob = peer('bob');
  app.dials({ to: '+13125550111' });     transferee.gets('INVITE', { uri: 'sip:+13125550111@192.0.2.10;user=phone', To: '<sip:+13125550111@192.0.2.1;user=phone>' });
                                         app.gets('call.initiated', { to: '+13125550111' });
  transferee.sends(407, challenge);      transferee.gets('ACK'); transferee.gets('INVITE', { 'Proxy-Authorization': /username="us"/ });
  transferee.sends(503);                 transferee.gets('ACK');
                                         bob.gets('INVITE', { uri: 'sip:+13125550111@192.0.2.20;user=phone', 'Proxy-Authorization': null, CSeq: '3 INVITE' });
  bob.sends(200);                        bob.gets('ACK'); app.gets('call.answered');
  app.dials({ to: '+13125550122' });     transferee.gets('INVITE'); app.gets('call.initiated');
  // The second trunk has its one call.
  transferee.sends(503);                 transferee.gets('ACK'); app.gets('call.hangup', { sip_hangup_cause: '503' });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup');
  app.dials({ to: '+4420' }, { status: 422, code: '10015', pointer: '/to' });
});

scenario('number dialled with privacy by a trunk (which is told who calls)', { settings: { access } }, ({ transferee, app }) => {
  app.dials({ to: '+13125550111', privacy: 'id' });
                                         transferee.gets('INVITE', { Privacy: 'id', From: /anonymous\.invalid/, 'P-Asserted-Identity': '<sip:+13125550100@192.0.2.1>' });
                                         app.gets('call.initiated');
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('refer of a call we made', (world) => {
  const { transferee, app, after } = world;
  dialsAndIsAnswered(world);
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' });
                                         transferee.gets('REFER', { 'Referred-By': '<sip:+13125550100@192.0.2.1>' });
  transferee.sends(202);                 app.gets('call.refer.started');
  transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(200); app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(1_000);                          transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' });
});

scenario('commands before a call we made is answered', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' }, { status: 422, code: '90034' });
  app.posts('answer', {}, { status: 422, code: '90033' });
  app.posts('reject', { cause: 'USER_BUSY' }, { status: 422, code: '90033' });
  app.posts('send_sip_info', { content_type: 'text/plain', body: 'x' }, { status: 422, code: '90034' });
  app.posts('client_state_update', { client_state: 'eA==' });
  transferee.sends(486);                 transferee.gets('ACK'); app.gets('call.hangup', { client_state: 'eA==' });
});

scenario('requests in an early dialog of ours', ({ transferee, app }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  transferee.sends('INFO');              transferee.gets(200);
  transferee.sends('UPDATE');            transferee.gets(200);
  transferee.sends('BYE');               transferee.gets(481);
  transferee.sends(486, { answers: 'INVITE' });
                                         transferee.gets('ACK'); app.gets('call.hangup');
});

scenario('dialled, and killed while it rings (the INVITE again, byte for byte)', ({ transferee, app, restarts }) => {
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  restarts();                            transferee.gets('INVITE', { again: true });
  transferee.sends(180, { again: true });
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('dialled, and killed after the answer (the ACK again)', (world) => {
  const { transferee, restarts } = world;
  dialsAndIsAnswered(world);
  restarts();                            transferee.gets('ACK', { again: true });
  hangsUp(world);
});
