// A REFER that a peer sends (RFC 3515 §2.4.2, RFC 5589): refused, decided on by the application, or followed; what the
// transferor is told by NOTIFY, who ends up talking to whom, and who is kept when somebody leaves early.
import type { Access } from '../../src/config/access.ts';
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

scenario('REFER received where nothing is set (siphon-sip PR#110: 603, never passed on)', (world) => {
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

scenario('REFER received and followed (jambonz-feature-server#1428: the other party ends up with the target, and the transferor hears 100 and 200)', follow, (world) => {
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

scenario('REFER followed in vain (drachtio-server#125: the call outlives the subscription, the transferor is told, and the two go on)', follow, (world) => {
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

scenario('REFER of a peer that speaks to the application alone (JsSIP#970: the headers of the Refer-To are no part of the Request-URI)', follow, (world) => {
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

const trunk = {
  ...{ name: 'trunk', addresses: ['192.0.2.10'], username: null, password: null, realm: null, nat: true, registrars: [], registerAs: '', registerSecs: 600 },
  ...{ uri: `sip:${bob}`, prefixes: ['+1'], applications: null, priority: 1, weight: 1, channels: null },
};
const access: Access = {
  ...{ realm: 'pbx.example', algorithms: ['MD5'], requestsPerSecond: 0, registerMinSecs: 60, registerMaxSecs: 3600, keepAliveSecs: 0 },
  trunks: [trunk],
  phones: [],
};

for (const [what, target] of [
  ['a tel URI', '<tel:+13125550199>'],
  ['a tel URI with separators and parameters', '<tel:+1-312-555-0199;npdi>'],
] as const) {
  scenario(`REFER to ${what} (jambonz-feature-server#473: the number is dialled by the trunk)`, { ...follow, settings: { access } }, (world) => {
    const { app, transferee, peer } = world;
    answers(world);
    const gateway = peer('gateway');
    transferee.sends('REFER', { 'Refer-To': target });
                                         transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received');
                                         gateway.gets('INVITE', { uri: `sip:+13125550199@${bob};user=phone` }); app.gets('call.initiated', { to: '+13125550199' });
    gateway.sends(404);                  isNotified(world, '404', /^terminated/); gateway.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
    hangsUp(world);
  });
}

scenario('REFER to a number that counts in one place only (jambonz-feature-server#473: 484, and the call goes on)', follow, (world) => {
  const { app, transferee } = world;
  answers(world);
  transferee.sends('REFER', { 'Refer-To': '<tel:5550199;phone-context=biloxi.example>' });
                                         transferee.gets(202); isNotified(world, '100', /^active/); isNotified(world, '484', /^terminated/); app.gets('call.refer.received');
  hangsUp(world);
});

scenario('REFER to a bare number (jambonz-feature-server#473: 400, it is no URI, and the call goes on)', follow, (world) => {
  const { transferee } = world;
  answers(world);
  transferee.sends('REFER', { 'Refer-To': '13125550199' });
                                         transferee.gets(400);
  hangsUp(world);
});

scenario('REFER without Referred-By (jambonz-feature-server PR#954: followed like any other)', follow, (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const target = peer('carol');
  transferee.sends('REFER', { 'Refer-To': toFirst['Refer-To'] });
                                         transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received', { referred_by: null });
                                         target.gets('INVITE', { 'Referred-By': null }); app.gets('call.initiated');
  target.sends(603);                     isNotified(world, '603', /^terminated/); target.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
  hangsUp(world);
});

scenario('REFER followed: what the triggered INVITE says (siphon-sip PR#279, PR#281: its own Referred-By each time, and replaces in Supported)', follow, (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const target = peer('carol');
  for (const [call, by] of ['<sip:alice@atlanta.example>', '<sip:other@atlanta.example>'].entries()) {
    transferee.sends('REFER', { ...toFirst, 'Referred-By': by });
                                         transferee.gets(202); transferee.gets('NOTIFY', { body: /^SIP\/2\.0 100/ });
    transferee.sends(200);               app.gets('call.refer.received', { referred_by: by });
                                         target.gets('INVITE', { 'Referred-By': [by], Supported: /\breplaces\b/ }); app.gets('call.initiated');
    target.sends(486);                   target.gets('ACK'); transferee.gets('NOTIFY', { body: /^SIP\/2\.0 486/ });
    transferee.sends(200);               app.gets('call.hangup', {}, { call: call + 1 });
  }
  hangsUp(world);
});

scenario('NOTIFY of ours to a transferor (JsSIP#493, baresip#3723, diago PR#137: a status line that ends in CRLF, and its version)', follow, (world) => {
  const { app, transferee } = world;
  answers(world);
  transferee.sends('REFER', { 'Refer-To': '<tel:+13125550199>' });
  const says = (line: string) => ({ body: new RegExp(`^${line}\\r\\n$`), 'Content-Type': 'message/sipfrag;version=2.0' });
                                         transferee.gets(202); transferee.gets('NOTIFY', says('SIP/2\\.0 100 Trying'));
  transferee.sends(200);                 transferee.gets('NOTIFY', says('SIP/2\\.0 404 Not Found'));
  transferee.sends(200);                 app.gets('call.refer.received');
  hangsUp(world);
});

scenario('REFER followed, and the transferor refuses to hear of it (JsSIP#556: 481 to a NOTIFY ends neither call)', follow, (world) => {
  const { app, transferee, peer } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); transferee.gets('NOTIFY');
  transferee.sends(481, { answers: 'NOTIFY' });
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(200);                     transferee.gets('NOTIFY'); target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered');
  transferee.sends(481, { answers: 'NOTIFY' });
  target.sends(200, { body: ofCarol });  callee.gets('INVITE');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); target.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  target.sends(200);
});

scenario('REFER followed, and the transferor hangs up right behind the answer of the target (JsSIP PR#878: the new call stays)', follow, (world) => {
  const { app, transferee, peer } = world;
  const callee = areJoined(world);
  const target = peer('carol');
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/);
                                         app.gets('call.refer.received'); target.gets('INVITE'); app.gets('call.initiated');
  target.sends(200);                     transferee.gets('NOTIFY'); target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends(200, { answers: 'NOTIFY' });
  target.sends(200, { body: ofCarol });  callee.gets('INVITE', { body: /m=audio 8000/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  callee.sends('BYE');                   callee.gets(200); target.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  target.sends(200);
});

scenario('REFER on a call that the API made (twilio-php#915: the application is told and decides, as on any other)', ask, (world) => {
  const { app, transferee, peer } = world;
  app.dials();                           transferee.gets('INVITE'); app.gets('call.initiated', { direction: 'outgoing' });
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
  const target = peer('carol');
  transferee.sends('REFER', toFirst);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received', {}, { call: 0 });
  app.posts('refer_accept');             target.gets('INVITE'); app.gets('call.initiated');
  target.sends(200);                     isNotified(world, '200', /^terminated/); target.gets('ACK'); app.gets('call.answered', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', { hangup_source: 'callee' }, { call: 0 });
  target.sends('BYE');                   target.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

/** The transferor of two that are joined has sent REFER, and has hung up before the application has decided. */
function leavesUndecided(world: World): Peer {
  const { app, transferee } = world;
  const callee = areJoined(world);
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 }); callee.getsNothing();
  return callee;
}

scenario('REFER accepted when the transferor has gone (jambonz-feature-server#504, siphon-sip PR#220: the other party is kept for the decision)', ask, (world) => {
  const { app, peer } = world;
  const callee = leavesUndecided(world);
  const target = peer('carol');
  app.posts('refer_accept', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 4\d{4} / }); target.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  target.sends(200);                     target.gets('ACK'); target.gets('INVITE', noOffer); app.gets('call.answered');
  target.sends(200, { body: ofCarol });  callee.gets('INVITE', { body: /m=audio 8000/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); target.gets('ACK'); app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 2 });
  callee.sends('BYE');                   callee.gets(200); target.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  target.sends(200);
});

scenario('REFER rejected when the transferor has gone (retell-sip-integration-example#22: the other party is not left hanging)', ask, (world) => {
  const { app } = world;
  const callee = leavesUndecided(world);
  app.posts('refer_reject', {}, { call: 0 });
                                         callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
  app.posts('refer_accept', {}, { call: 0, status: 422, code: '90018' });
});

scenario('REFER never decided on when the transferor has gone, across a restart (the other party is hung up on)', ask, (world) => {
  const { app, after, restarts } = world;
  const callee = leavesUndecided(world);
  restarts();
  after(29_999);                         callee.getsNothing();
  after(1);                              callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
});

scenario('REFER undecided, and the application hangs up on the transferor (the other party goes with it)', ask, (world) => {
  const { app, transferee } = world;
  const callee = areJoined(world);
  transferee.sends('REFER', toCarol);    transferee.gets(202); isNotified(world, '100', /^active/); app.gets('call.refer.received');
  app.posts('hangup', {}, { call: 0 });  transferee.gets('BYE'); callee.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  transferee.sends(200);
  callee.sends(200);
});
