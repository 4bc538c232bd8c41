// The peer is put on hold before the REFER and heard again when that came to nothing (RFC 5589 §6.1, RFC 3264 §8.4): what is
// said to it, what comes of a refusal, of glare and of whoever hangs up meanwhile, and of a call that is joined to another.
import { answers, hangsUp, isReleased, notifies, rings, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const alice = '192.0.2.10';
const bob = '192.0.2.20';
const ofAlice = sdp(alice, 6_000, 'sendrecv');
const ofBob = sdp(bob, 7_000, 'sendrecv');
const withHold = { sip_address: target, hold_on_refer: true };
const onHold = { body: /o=- \d+ 2 IN[\s\S]*m=audio 40000 [\s\S]*a=sendonly/ };
const heardAgain = { body: /o=- \d+ 3 IN[\s\S]*m=audio 40000 [\s\S]*a=sendrecv/ };

/** The peer is put on hold, agrees, and gets the REFER. */
function isHeld({ transferee, app }: World): void {
  app.posts('refer', withHold, { call: 0 });
                                         transferee.gets('INVITE', onHold);
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold', {}, { call: 0 });
                                         transferee.gets('REFER');
}

function isAccepted({ transferee, app }: World): void {
  transferee.sends(202);                 app.gets('call.refer.started', { sip_notify_response: 100 });
}

function isHeardAgain({ transferee, app }: World): void {
                                         transferee.gets('INVITE', heardAgain);
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.unhold');
}

scenario('hold: the target answers', (world) => {
  answers(world);
  isHeld(world);
  isAccepted(world);
  notifies(world, '200 OK');             world.app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('hold: the target is busy (heard again; PR#1678 of baresip)', (world) => {
  answers(world);
  isHeld(world);
  isAccepted(world);
  notifies(world, '486 Busy Here');      world.app.gets('call.refer.failed', { sip_notify_response: 486 });
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold: the REFER is refused, and the next one goes without it', (world) => {
  const { transferee, app } = world;
  answers(world);
  isHeld(world);
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
  isHeardAgain(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
  hangsUp(world);
});

scenario('hold refused (the refer goes on without)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  transferee.sends(488);                 transferee.gets('ACK'); transferee.gets('REFER');
  isAccepted(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  hangsUp(world);
});

scenario('hold meets a re-INVITE (491, and again before the REFER; baresip#2083)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  transferee.sends('INVITE', { body: ofAlice });
                                         transferee.gets(100); transferee.gets(491);
  transferee.sends('ACK');
  transferee.sends(491, { answers: 'INVITE' });
                                         transferee.gets('ACK');
  after(2_000);                          transferee.gets('INVITE', onHold);
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  isAccepted(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold challenged (by the credentials of the command)', (world) => {
  const { transferee, app } = world;
  const challenge = { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' };
  answers(world);
  app.posts('refer', { ...withHold, sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('INVITE', onHold);
  transferee.sends(407, challenge);      transferee.gets('ACK'); transferee.gets('INVITE', { 'Proxy-Authorization': true, ...onHold });
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold');
                                         transferee.gets('REFER', { 'Proxy-Authorization': true });
  isAccepted(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold, and it is heard again when the session is refreshed', (world) => {
  const { transferee, app, after } = world;
  answers(world, { Supported: 'timer', Allow: 'INVITE, ACK, CANCEL, BYE' });
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  transferee.sends(200, { 'Session-Expires': '1800;refresher=uac', Require: 'timer' });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
                                         transferee.gets('INVITE', heardAgain);
  transferee.sends(500);                 transferee.gets('ACK');
  after(900_000);                        transferee.gets('INVITE', heardAgain);
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
});

scenario('hold, and the peer changes its session meanwhile (it stays on hold, and is heard again)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isHeld(world);
  isAccepted(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); transferee.gets(200, { body: /a=sendonly/ });
  transferee.sends('ACK');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
                                         transferee.gets('INVITE', { body: /a=sendrecv/ });
  transferee.sends(200, { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
});

scenario('hold, and the refer fails while a re-INVITE of the peer waits for its ACK (heard again after it)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isHeld(world);
  isAccepted(world);
  transferee.sends('INVITE', { body: ofAlice });
                                         transferee.gets(100); transferee.gets(200, { body: /a=sendonly/ });
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  transferee.sends('ACK', { answers: 'INVITE' });
                                         transferee.gets('INVITE', { body: /a=sendrecv/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
});

scenario('hold by a peer that holds us (inactive, RFC 3264 §8.4)', (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_000, 'sendonly') });
                                         transferee.gets(100); transferee.gets(200, { body: /a=recvonly/ });
  transferee.sends('ACK');
  app.posts('refer', withHold);          transferee.gets('INVITE', { body: /a=inactive/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'inactive') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  isAccepted(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
                                         transferee.gets('INVITE', { body: /a=sendrecv/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'sendonly') });
                                         transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
});

scenario('hold, and the time for the refer is over before the peer has agreed (held, and heard again)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { ...withHold, refer_timeout_ms: 2_000 });
                                         transferee.gets('INVITE', onHold);
  transferee.sends(100);
  after(2_000);                          app.gets('call.refer.failed', { sip_notify_response: 408, refer_sip_response: null });
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold');
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold, and the peer hangs up instead of agreeing', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', { hangup_source: 'caller' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('hold, and the application hangs up before the peer has agreed', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  app.posts('hangup');                   transferee.gets('BYE'); app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', { hangup_source: 'callee' });
  transferee.sends(200, { answers: 'BYE' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

scenario('hold, and the peer has lost the call (481: it ends)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('INVITE', onHold);
  transferee.sends(481);                 transferee.gets('ACK'); transferee.gets('BYE');
                                         app.gets('call.refer.failed', { sip_notify_response: 487 }); app.gets('call.hangup');
  transferee.sends(481, { answers: 'BYE' });
});

scenario('hold, and it is not heard again (the next description says so instead)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isHeld(world);
  transferee.sends(603);                 app.gets('call.refer.failed');
                                         transferee.gets('INVITE', heardAgain);
  transferee.sends(500);                 transferee.gets('ACK'); app.getsNothing();
  transferee.sends('INVITE', { body: ofAlice });
                                         transferee.gets(100); transferee.gets(200, { body: /a=sendrecv/ });
  transferee.sends('ACK');               app.gets('call.unhold');
  hangsUp(world);
});

scenario('hold, and referred again while it could not be heard again (it is on hold as it is)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isHeld(world);
  transferee.sends(603);                 app.gets('call.refer.failed');
                                         transferee.gets('INVITE', heardAgain);
  transferee.sends(500);                 transferee.gets('ACK');
  app.posts('refer', withHold);          transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold before the answer (there is nothing to hold)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('refer', withHold);          transferee.gets('REFER');
  isAccepted(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(1_000);                          transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup');
});

scenario('hold before the ACK (the re-INVITE waits for it)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', withHold);          transferee.getsNothing();
  transferee.sends('ACK');               app.gets('call.answered'); transferee.gets('INVITE', onHold);
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
  isHeardAgain(world);
  hangsUp(world);
});

scenario('hold by the setting', { refer: { holds: true } }, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('INVITE', onHold);
  transferee.sends(200, { body: sdp(alice, 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
  isHeardAgain(world);
  app.posts('refer', { sip_address: target, hold_on_refer: false });
                                         transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
  hangsUp(world);
});

scenario('hold of a server without sound (it hears nothing as it is)', { settings: { media: 'none' } }, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', withHold);          transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed');
  hangsUp(world);
});

/** Alice has called, bob was dialled, and they hear each other. */
function areBridged(world: World): Peer {
  const { app, peer, transferee } = world;
  answers(world);
  const callee = peer('bob');
  app.dials({ to: `sip:bob@${bob}` });   callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('INVITE', { body: '' });
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: /m=audio 6000/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK', { body: '' }); transferee.gets('ACK', { body: /m=audio 7000/ });
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  return callee;
}

/** The half that is referred neither hears the other one nor is heard by it. */
function halfIsHeld({ transferee, app }: World): void {
  app.posts('refer', withHold, { call: 0 });
                                         transferee.gets('INVITE', { body: /c=IN IP4 192\.0\.2\.20[\s\S]*m=audio 7000 [\s\S]*a=inactive/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'inactive') });
                                         transferee.gets('ACK'); app.gets('call.hold', {}, { call: 0 }); transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
}

function bothHangUp({ transferee, app }: World, callee: Peer): void {
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
}

scenario('hold of a bridged leg, in vain (it hears the other one again, who was not asked)', (world) => {
  const { transferee, app } = world;
  const callee = areBridged(world);
  halfIsHeld(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', {}, { call: 0 });
                                         transferee.gets('INVITE', { body: /m=audio 7000 [\s\S]*a=sendrecv/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); app.gets('call.unhold', {}, { call: 0 }); callee.getsNothing();
  bothHangUp(world, callee);
});

scenario('hold of a bridged leg, which has moved meanwhile (the other one learns where it is)', (world) => {
  const { transferee, app } = world;
  const callee = areBridged(world);
  halfIsHeld(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', {}, { call: 0 });
                                         transferee.gets('INVITE', { body: /m=audio 7000 [\s\S]*a=sendrecv/ });
  transferee.sends(200, { body: sdp(alice, 6_020, 'sendrecv') });
                                         transferee.gets('ACK'); app.gets('call.unhold', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 6020 [\s\S]*a=sendrecv/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  bothHangUp(world, callee);
});

scenario('hold of a bridged leg, and the other one changes its session (told in full afterwards)', (world) => {
  const { transferee, app } = world;
  const callee = areBridged(world);
  halfIsHeld(world);
  callee.sends('INVITE', { body: sdp(bob, 7_020, 'sendrecv') });
                                         callee.gets(100); transferee.gets('INVITE', { body: /m=audio 7020 [\s\S]*a=inactive/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'inactive') });
                                         transferee.gets('ACK'); callee.gets(200, { body: /m=audio 6000 [\s\S]*a=inactive/ });
  callee.sends('ACK');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', {}, { call: 0 });
                                         transferee.gets('INVITE', { body: /m=audio 7020 [\s\S]*a=sendrecv/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); app.gets('call.unhold', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 6000 [\s\S]*a=sendrecv/ });
  callee.sends(200, { body: sdp(bob, 7_020, 'sendrecv') });
                                         callee.gets('ACK');
  bothHangUp(world, callee);
});

scenario('hold of a bridged leg, which changes its session itself (it stays on hold)', (world) => {
  const { transferee, app } = world;
  const callee = areBridged(world);
  halfIsHeld(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_030, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE', { body: /m=audio 6030/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7000 [\s\S]*a=inactive/ });
  transferee.sends('ACK');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', {}, { call: 0 });
                                         transferee.gets('INVITE', { body: /m=audio 7000 [\s\S]*a=sendrecv/ });
  transferee.sends(200, { body: sdp(alice, 6_030, 'sendrecv') });
                                         transferee.gets('ACK'); app.gets('call.unhold', {}, { call: 0 });
  bothHangUp(world, callee);
});

scenario('hold of a bridged leg, and the target answers (the other one is let go of)', (world) => {
  const { transferee, app, after } = world;
  const callee = areBridged(world);
  halfIsHeld(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', {}, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});
