// A REFER that a peer sends (RFC 3515 §2.4.2, RFC 5589): refused, decided on by the application, or followed; what the
// transferor is told by NOTIFY, who ends up talking to whom, and who is kept when somebody leaves early.
import { answers, hangsUp } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const bob = '192.0.2.20';
const carol = '192.0.2.30';
const ofAlice = sdp('192.0.2.10', 6_000, 'sendrecv');
const ofBob = sdp(bob, 7_000, 'sendrecv');
const ofCarol = sdp(carol, 8_000, 'sendrecv');
const toCarol = { 'Refer-To': `<sip:carol@${carol}>`, 'Referred-By': '<sip:alice@atlanta.example>' };
/** The first other peer of a scenario has this address, whoever it is. */
const toFirst = { ...toCarol, 'Refer-To': `<sip:carol@${bob}>` };
const follow = { refer: { inbound: 'follow' } } as const;
const ask = { refer: { inbound: 'ask' } } as const;
const noOffer = { body: '' };

/** Alice has called, bob was dialled, and they are joined. */
function areJoined(world: World): Peer {
  const { app, peer, transferee } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered');
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE');
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK');
                                         app.gets('call.bridged'); app.gets('call.bridged');
  return callee;
}

/** What the transferor hears, and answers. */
function isNotified({ transferee }: Pick<World, 'transferee'>, status: string, state: RegExp): void {
  transferee.gets('NOTIFY', { Event: 'refer', 'Subscription-State': state, body: new RegExp(`^SIP/2\\.0 ${status}`) });
  transferee.sends(200, { answers: 'NOTIFY' });
}

scenario('REFER received where nothing is set (603, never passed on)', (world) => {
  const { transferee } = world;
  answers(world);
  transferee.sends('REFER', toCarol);    transferee.gets(603);
  hangsUp(world);
});

scenario('REFER received that cannot be read', follow, (world) => {
  const { transferee } = world;
  answers(world);
  transferee.sends('REFER');             transferee.gets(400);
  transferee.sends('REFER', { 'Refer-To': ['<sip:a@b.example>', '<sip:c@d.example>'] });
                                         transferee.gets(400);
  transferee.sends('REFER', { 'Refer-To': '<mailto:carol@chicago.example>' });
                                         transferee.gets(416);
  hangsUp(world);
});

scenario('REFER received and followed (the other party ends up with the target)', follow, (world) => {
  const { app, transferee, peer } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received', { refer_to: `sip:carol@${carol}`, referred_by: '<sip:alice@atlanta.example>' }, { call: 0 });
                                         target.gets('INVITE', { uri: `sip:carol@${carol}`, 'Referred-By': '<sip:alice@atlanta.example>', From: /^<sip:bob@192\.0\.2\.20>/ });
                                         app.gets('call.initiated', { direction: 'outgoing' });
  target.sends(180);                     isNotified(world, '180', /^active/);
  target.sends(200);                     isNotified(world, '200', /^terminated;reason=noresource/);
                                         target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 2 });
  target.sends(200, { body: ofCarol });  callee.gets('INVITE', { body: /m=audio 8000/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK', { body: /m=audio 7000/ });
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 2 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', { hangup_source: 'caller' }, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); target.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 2 });
  target.sends(200);
});

scenario('REFER followed, and the transferor does not hang up (so we do)', follow, (world) => {
  const { app, transferee, peer, after } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(200);                     isNotified(world, '200', /^terminated/);
                                         target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered');
  target.sends(200, { body: ofCarol });  callee.gets('INVITE');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  after(2_000);                          transferee.gets('BYE'); app.gets('call.hangup', { hangup_source: 'callee' }, { call: 0 });
  transferee.sends(200);
  target.sends('BYE');                   target.gets(200); callee.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  callee.sends(200);
});

scenario('REFER followed in vain (the transferor is told, and the two go on)', follow, (world) => {
  const { app, transferee, peer } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(486);                     isNotified(world, '486', /^terminated/);
                                         target.gets('ACK'); app.gets('call.hangup', { hangup_cause: 'user_busy' }, { call: 2 });
  transferee.sends('REFER', toCarol);    transferee.gets(202);
                                         transferee.gets('NOTIFY', { Event: /^refer;id=\d+$/, body: /^SIP\/2\.0 100/ });
  transferee.sends(200);
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(603);                     transferee.gets('NOTIFY', { Event: /^refer;id=\d+$/, body: /^SIP\/2\.0 603/ }); target.gets('ACK'); app.gets('call.hangup', {}, { call: 3 });
  transferee.sends(200);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  callee.sends(200);
});

scenario('REFER followed, and the transferor hangs up at once (siphon-sip PR#220: the survivor is kept)', follow, (world) => {
  const { app, transferee, peer } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 4\d{4} / });
  callee.sends(200);                     callee.gets('ACK');
  target.sends(200);                     target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered');
  target.sends(200, { body: ofCarol });  callee.gets('INVITE', { body: /m=audio 8000/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  callee.sends('BYE');                   callee.gets(200); target.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  target.sends(200);
});

scenario('REFER of a peer that speaks to the application alone', follow, (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const target = peer('carol');
  transferee.sends('REFER', { 'Refer-To': `<sip:carol@${bob}?User-to-User=3132%3Bencoding%3Dhex&Subject=x>` });
                                         transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received', { referred_by: null });
                                         target.gets('INVITE', { uri: `sip:carol@${bob}`, 'User-to-User': '3132;encoding=hex', Subject: null, From: /^<sip:\+13125550100@/ });
                                         app.gets('call.initiated');
  target.sends(200);                     isNotified(world, '200', /^terminated/); target.gets('ACK'); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  target.sends('BYE');                   target.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('REFER that the application accepts', ask, (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const target = peer('carol');
  app.posts('refer_accept', {}, { status: 422, code: '90033' });
  transferee.sends('REFER', toFirst);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received');
  transferee.sends('REFER', toFirst);    transferee.gets(491);
  app.posts('refer_accept');             target.gets('INVITE'); app.gets('call.initiated');
  target.sends(200);                     isNotified(world, '200', /^terminated/); target.gets('ACK'); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  target.sends('BYE');                   target.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('REFER that the application rejects', ask, (world) => {
  const { app, transferee } = world;
  answers(world);
  transferee.sends('REFER', toFirst);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received');
  app.posts('refer_reject');             isNotified(world, '603', /^terminated/);
  app.posts('refer_reject', {}, { status: 422, code: '90033' });
  hangsUp(world);
});

scenario('REFER that the application never decides on', ask, (world) => {
  const { app, transferee, after } = world;
  answers(world);
  transferee.sends('REFER', toFirst);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received');
  after(30_000);                         isNotified(world, '603', /^terminated/);
  hangsUp(world);
});

scenario('REFER that wants no report (RFC 4488)', follow, (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const target = peer('carol');
  transferee.sends('REFER', { ...toFirst, 'Refer-Sub': 'false' });
                                         transferee.gets(200, { 'Refer-Sub': 'false' }); app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(486);                     target.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
                                         transferee.getsNothing();
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('REFER to where no trunk leads (404)', follow, (world) => {
  const { app, transferee } = world;
  answers(world);
  transferee.sends('REFER', { 'Refer-To': '<tel:+13125550199>' });
                                         transferee.gets(202); isNotified(world, '100', /^active/); isNotified(world, '404', /^terminated/); app.gets('call.refer.received');
  hangsUp(world);
});
