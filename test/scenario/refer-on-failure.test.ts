// What is tried when a refer has failed (`on_failure`): another REFER, or a call of ours that is joined to the first. Each
// step is told of, `started` at most once, and one outcome ends it all.
import { answers, hangsUp, isReleased, notifies, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const alice = '192.0.2.10';
const bob = '192.0.2.20';
const first = 'sip:bob@biloxi.example';
const second = 'sip:carol@biloxi.example';
const third = 'sip:dave@biloxi.example';
const transfer = { transfer: { to: `sip:bob@${bob}` } };
const ofAlice = sdp(alice, 6_000, 'sendrecv');
const ofBob = sdp(bob, 7_000, 'sendrecv');

function isSent({ transferee }: World, target: string): void {
                                         transferee.gets('REFER', { 'Refer-To': `<${target}>` });
}

function isAccepted({ transferee, app }: World): void {
  transferee.sends(202);                 app.gets('call.refer.started', { step: 1 });
}

/** The first target is busy, and the next step begins. */
function firstIsBusy(world: World, next: object): void {
  isSent(world, first);
  isAccepted(world);
  notifies(world, '486 Busy Here');
  world.app.gets('call.refer.retrying', { sip_notify_response: 486, refer_sip_response: 202, failure_reason: 'busy', refer_to: first, step: 1, ...next });
}

/** Bob is dialled for the call of alice's. */
function isDialled({ app }: World, bob: Peer): void {
                                         bob.gets('INVITE', { From: /^<sip:\+13125550100@192\.0\.2\.1>/ });
                                         app.gets('call.initiated', { direction: 'outgoing' });
}

/** Bob answers and is joined to alice. */
function isJoined({ transferee, app }: World, callee: Peer, last: object): void {
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', { body: '' }); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: /m=audio 7000/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 6000/ });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
                                         app.gets('call.refer.completed', { sip_notify_response: 200, ...last }, { call: 0 });
}

function bothHangUp({ transferee, app }: World, callee: Peer): void {
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
}

scenario('refer falls back on another target, who answers', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second }] });
  firstIsBusy(world, { of: 2, next_refer_to: second, next_transfer_to: null });
  isSent(world, second);
  app.posts('refer', { sip_address: third }, { status: 422, code: '90033' });
  transferee.sends(202);                 app.getsNothing();
  notifies(world, '200 OK', { Event: 'refer;id=2' });
                                         app.gets('call.refer.completed', { sip_notify_response: 200, step: 2, of: 2, refer_to: second });
  isReleased(world);
});

scenario('refer falls back on another target, with all it does not say from the command', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', {
    sip_address: first,
    custom_headers: [{ name: 'X-Account', value: '42' }],
    refer_header_placement: 'refer',
    refer_first_notify_timeout_ms: 1_000,
    on_failure: [
      { sip_address: second, refer_first_notify_timeout_ms: 2_000 },
      { sip_address: third, custom_headers: [{ name: 'X-Other', value: '1' }] },
    ],
  });
                                         transferee.gets('REFER', { 'X-Account': '42' });
  isAccepted(world);
  after(1_000);                          app.gets('call.refer.retrying', { sip_notify_response: 408, next_refer_to: second, of: 3 });
                                         transferee.gets('REFER', { 'Refer-To': `<${second}>`, 'X-Account': '42' });
  transferee.sends(202);
  after(2_000);                          app.gets('call.refer.retrying', { sip_notify_response: 408, next_refer_to: third, step: 2 });
                                         transferee.gets('REFER', { 'Refer-To': `<${third}>`, 'X-Account': null, 'X-Other': '1' });
  transferee.sends(202);
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 408, step: 3, of: 3, refer_to: third });
  hangsUp(world);
});

scenario('refer falls back when the REFER is refused (started comes with the step that is accepted)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second }] });
  isSent(world, first);
  transferee.sends(603);                 app.gets('call.refer.retrying', { sip_notify_response: 603, refer_sip_response: 603, notify_sip_responses: [] });
  isSent(world, second);
  transferee.sends(202);                 app.gets('call.refer.started', { step: 2, refer_to: second });
  notifies(world, '603 Decline', { Event: 'refer;id=2' });
                                         app.gets('call.refer.failed', { sip_notify_response: 603, step: 2 });
  hangsUp(world);
});

scenario('refer falls back, challenged by other credentials', (world) => {
  const { transferee, app } = world;
  const challenge = { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' };
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second, sip_auth_username: 'carol', sip_auth_password: 'x' }] });
  isSent(world, first);
  transferee.sends(407, challenge);      app.gets('call.refer.retrying', { sip_notify_response: 407 });
  isSent(world, second);
  transferee.sends(407, challenge);      transferee.gets('REFER', { 'Proxy-Authorization': /username="carol"/ });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK', { Event: 'refer;id=3' });
                                         app.gets('call.refer.completed', { step: 2 });
  isReleased(world);
});

scenario('refer falls back while the peer still reports on the step before (its NOTIFY counts for nothing)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: first, refer_timeout_ms: 5_000, on_failure: [{ sip_address: second }] });
  isSent(world, first);
  isAccepted(world);
  notifies(world, '180 Ringing');
  after(5_000);                          app.gets('call.refer.retrying', { sip_notify_response: 408 });
  isSent(world, second);
  notifies(world, '486 Busy Here');      app.getsNothing();
  transferee.sends(202);
  notifies(world, '200 OK', { Event: 'refer;id=2' });
                                         app.gets('call.refer.completed', { step: 2, notify_sip_responses: [200] });
  isReleased(world);
});

scenario('refer falls back on a transfer, which is answered (the first call stays)', (world) => {
  const { app, peer } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer] });
  firstIsBusy(world, { of: 2, next_refer_to: null, next_transfer_to: `sip:bob@${bob}` });
  isDialled(world, callee);
  callee.sends(180);
  app.posts('transfer', { to: `sip:bob@${bob}` }, { call: 0, status: 422, code: '90033' });
  app.posts('refer', { sip_address: third }, { call: 0, status: 422, code: '90033' });
  isJoined(world, callee, { step: 2, of: 2, transfer_to: `sip:bob@${bob}`, transfer_call_control_id: /^v3:\w+$/, refer_sip_response: null });
  // Its refer is over: the next one is taken.
  app.posts('refer', { sip_address: third }, { call: 0 });
  isSent(world, third);
  world.transferee.sends(603);           app.gets('call.refer.failed', { sip_notify_response: 603 }, { call: 0 });
  bothHangUp(world, callee);
});

scenario('refer falls back on a transfer, who is busy too (the first call goes on)', (world) => {
  const { app, peer } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer] });
  firstIsBusy(world, {});
  isDialled(world, callee);
  callee.sends(486);                     callee.gets('ACK');
                                         app.gets('call.hangup', { hangup_cause: 'user_busy' }, { call: 1 });
                                         app.gets('call.refer.failed', { sip_notify_response: 486, failure_reason: 'busy', step: 2, of: 2 }, { call: 0 });
  hangsUp(world);
});

scenario('refer falls back on a transfer that nobody answers, then on a REFER', (world) => {
  const { app, peer, transferee, after } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ transfer: { to: `sip:bob@${bob}`, timeout_secs: 5 } }, { sip_address: second }] });
  firstIsBusy(world, { of: 3 });
  isDialled(world, callee);
  callee.sends(180);
  after(5_000);                          callee.gets('CANCEL'); transferee.gets('REFER', { 'Refer-To': `<${second}>` });
                                         app.gets('call.hangup', { hangup_cause: 'timeout' }, { call: 1 });
                                         app.gets('call.refer.retrying', { sip_notify_response: 408, failure_reason: 'no-answer', step: 2, transfer_to: `sip:bob@${bob}`, next_refer_to: second }, { call: 0 });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
  transferee.sends(202);
  notifies(world, '200 OK', { Event: 'refer;id=2' });
                                         app.gets('call.refer.completed', { step: 3 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends(200);
});

scenario('refer falls back on a transfer that answers and cannot be joined (it is hung up, and the next step comes)', (world) => {
  const { app, peer, transferee } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer, { sip_address: second }] });
  firstIsBusy(world, { of: 3 });
  isDialled(world, callee);
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', { body: '' }); app.gets('call.answered', {}, { call: 1 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('INVITE', { body: '' });
  transferee.sends(488);                 transferee.gets('ACK'); transferee.gets('REFER', { 'Refer-To': `<${second}>` });
                                         callee.gets('BYE');
                                         app.gets('call.refer.retrying', { sip_notify_response: 488, step: 2 }, { call: 0 });
                                         app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603, step: 3 }, { call: 0 });
  hangsUp(world);
});

scenario('refer falls back on a transfer, and the peer hangs up meanwhile (it is given up)', (world) => {
  const { app, peer, transferee } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer, { sip_address: second }] });
  firstIsBusy(world, { of: 3 });
  isDialled(world, callee);
  callee.sends(180);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('CANCEL');
                                         app.gets('call.refer.failed', { sip_notify_response: 487, step: 2 }, { call: 0 });
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
});

scenario('refer falls back on a transfer, and the application hangs up (it is given up)', (world) => {
  const { app, peer, transferee } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer] });
  firstIsBusy(world, {});
  isDialled(world, callee);
  callee.sends(180);
  app.posts('hangup', {}, { call: 0 });  transferee.gets('BYE'); callee.gets('CANCEL');
                                         app.gets('call.refer.failed', { sip_notify_response: 487, failure_reason: 'canceled' }, { call: 0 });
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends(200);
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
});

scenario('refer with more to try, and the application hangs up (nothing more is)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second }] });
  isSent(world, first);
  isAccepted(world);
  app.posts('hangup');                   transferee.gets('BYE'); app.gets('call.refer.failed', { sip_notify_response: 487, step: 1, of: 2 });
                                         app.gets('call.hangup');
  transferee.sends(200);
});

scenario('refer with more to try, and the peer hangs up and then says busy (nothing more is)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second }] });
  isSent(world, first);
  isAccepted(world);
  transferee.sends('BYE');               transferee.gets(200);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486, step: 1 }); app.gets('call.hangup');
});

scenario('refer with more to try, and the peer has lost the call (481: nothing more is)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer] });
  isSent(world, first);
  transferee.sends(481);                 transferee.gets('BYE'); app.gets('call.refer.failed', { sip_notify_response: 481, step: 1 });
                                         app.gets('call.hangup');
  transferee.sends(481, { answers: 'BYE' });
});

scenario('refer on hold falls back (held for all REFERs, heard again before the transfer)', (world) => {
  const { app, peer, transferee } = world;
  const callee = peer('bob');
  answers(world);
  app.posts('refer', { sip_address: first, hold_on_refer: true, on_failure: [{ sip_address: second }, transfer] });
                                         transferee.gets('INVITE', { body: /a=sendonly/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold');
  firstIsBusy(world, { of: 3 });
  isSent(world, second);
  transferee.sends(603);                 transferee.gets('INVITE', { body: /a=sendrecv/ });
                                         app.gets('call.refer.retrying', { sip_notify_response: 603, step: 2, next_transfer_to: `sip:bob@${bob}` });
                                         isDialled(world, callee);
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); app.gets('call.unhold');
  isJoined(world, callee, { step: 3 });
  bothHangUp(world, callee);
});

scenario('refer while it rings falls back on a transfer (answered when that is)', (world) => {
  const { app, peer, transferee } = world;
  const callee = peer('bob');
  rings(world);
  app.posts('refer', { sip_address: first, on_failure: [transfer] });
  isSent(world, first);
  transferee.sends(481);                 app.gets('call.refer.retrying', { sip_notify_response: 481 });
  isDialled(world, callee);
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', { body: '' }); transferee.gets(200);
                                         app.gets('call.answered', {}, { call: 1 });
  transferee.sends('ACK');               app.gets('call.answered', {}, { call: 0 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: /m=audio 7000/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 6000/ });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
                                         app.gets('call.refer.completed', { step: 2 }, { call: 0 });
  bothHangUp(world, callee);
});

scenario('refer falls back where the peer does not list REFER (each is refused at once)', { refer: { withoutAllow: 'fail' } }, (world) => {
  const { app, peer } = world;
  const callee = peer('bob');
  answers(world, { Allow: 'INVITE, ACK, BYE, CANCEL' });
  app.posts('refer', { sip_address: first, on_failure: [{ sip_address: second }, transfer] });
                                         app.gets('call.refer.retrying', { sip_notify_response: 405, step: 1 }); app.gets('call.refer.retrying', { sip_notify_response: 405, step: 2 });
  isDialled(world, callee);
  isJoined(world, callee, { step: 3 });
  bothHangUp(world, callee);
});

scenario('refer with steps that cannot be (each by its pointer, and nothing is sent)', (world) => {
  const { app } = world;
  answers(world);
  const refused = (code: string, pointer: string) => ({ status: 422, code, pointer });
  const with_ = (...on_failure: object[]) => ({ sip_address: first, on_failure });
  app.posts('refer', with_({}), refused('10004', '/on_failure/0/sip_address'));
  app.posts('refer', with_({ sip_address: second }, { sip_address: 'carol' }), refused('10015', '/on_failure/1/sip_address'));
  app.posts('refer', with_({ sip_address: second, custom_headers: [{ name: 'Via', value: 'x' }] }), refused('10015', '/on_failure/0/custom_headers/0/name'));
  app.posts('refer', with_({ sip_address: second, sip_auth_password: 'x' }), refused('10004', '/on_failure/0/sip_auth_username'));
  app.posts('refer', with_({ replaces_call_control_id: 'v3:nobody' }), refused('90015', '/on_failure/0/replaces_call_control_id'));
  app.posts('refer', with_({ transfer: {} }), refused('10004', '/on_failure/0/transfer/to'));
  app.posts('refer', with_({ transfer: { to: '+13125550199' } }), refused('10015', '/on_failure/0/transfer/to'));
  app.posts('refer', with_({ transfer: { to: `sip:bob@${bob}`, audio_url: 'x' } }), refused('10027', '/on_failure/0/transfer/audio_url'));
  app.posts('refer', with_({ sip_address: second, ...transfer }), refused('10015', '/on_failure/0'));
  app.posts('refer', with_(...Array(6).fill({ sip_address: second })), refused('10015', '/on_failure'));
  hangsUp(world);
});
