// Two calls are joined (RFC 3725 §4.1, flow I): who is asked, who is offered what, and what becomes of both when it fails.
import { bothAreUp, carol, endsWith, idOf, noOffer, ofAlice, ofBob, ours } from '../support/bridged.ts';
import { answers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('bridge: the one who is asked makes no offer (the other one is asked)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  endsWith(world, callee);
});

scenario('bridge: neither makes an offer (each was asked once, and both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(488);                     callee.gets('ACK'); app.gets('call.bridge.failed', { failure_reason: 'refused', sip_response: 488, other_call_control_id: idOf(world, 1) }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: what the first one offers does not suit the other (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'refused', sip_response: 488, other_call_control_id: idOf(world, 1) }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: one hangs up while they are being joined (the other goes on)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'hangup', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridge: the one who was asked hangs up before the other has answered (its 2xx is acknowledged)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  transferee.sends('BYE');               transferee.gets(200); transferee.gets('ACK', { body: /m=audio 0 / }); app.gets('call.bridge.failed', { failure_reason: 'hangup', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: glare (491, and again)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(491);                 transferee.gets('ACK');
  after(2_000);                          transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets('ACK');
                                         app.gets('call.bridged'); app.gets('call.bridged');
  endsWith(world, callee);
});

scenario('bridge: both calls are told to (the second command finds it under way)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { call: 1 });
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: ofBob });    callee.gets('ACK', { body: '' }); transferee.gets('ACK', { body: ours(7_000) });
                                         app.gets('call.bridged', { other_call_control_id: idOf(world, 0) }, { call: 1 }); app.gets('call.bridged', { other_call_control_id: idOf(world, 1) }, { call: 0 });
  endsWith(world, callee);
});

scenario('bridge: the offer is answered without a description (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: '' });       callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'unreadable', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: the offer is answered in words nobody can read (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: 'what?' });  callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'unreadable', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: joined to another one before it has answered for the first (that answer does not count for the second)', (world) => {
  const { app, transferee, peer } = world;
  const callee = bothAreUp(world);
  const other = peer('carol');
  app.dials({ to: `sip:carol@${carol}` }); other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  app.posts('bridge', { call_control_id: idOf(world, 2) }, { call: 1 });
                                         transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'superseded', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    other.gets('INVITE', { body: ours(7_000) });
  other.sends(200, { body: sdp(carol, 8_000, 'sendrecv') });
                                         other.gets('ACK'); callee.gets('ACK', { body: /m=audio 8000 / });
                                         app.gets('call.bridged', {}, { call: 2 }); app.gets('call.bridged', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); other.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 2 });
  other.sends(200);
});

scenario('bridge: the other takes too long to answer (the ACK leaves before the first one gives up)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(100);
  after(24_000);                         transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'timeout', sip_response: null, other_call_control_id: idOf(world, 1) }, { call: 0 });
  after(8_000);                          callee.gets('CANCEL');
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK'); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: both calls are told to, in vain (each is told)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { call: 1 });
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         app.gets('call.bridge.failed', { failure_reason: 'refused', other_call_control_id: idOf(world, 0) }, { call: 1 });
                                         app.gets('call.bridge.failed', { failure_reason: 'refused', other_call_control_id: idOf(world, 1) }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: told to join another one instead (the first bridge has failed, and the second is made)', (world) => {
  const { app, transferee, peer } = world;
  const callee = bothAreUp(world);
  const other = peer('carol');
  app.dials({ to: `sip:carol@${carol}` }); other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  app.posts('bridge', { call_control_id: idOf(world, 2) }, { call: 0 });
                                         app.gets('call.bridge.failed', { failure_reason: 'superseded', other_call_control_id: idOf(world, 1) }, { call: 0 });
  transferee.sends(200, { body: ofAlice });
                                         other.gets('INVITE', { body: ours(6_000) });
  other.sends(200, { body: sdp(carol, 8_000, 'sendrecv') });
                                         other.gets('ACK'); transferee.gets('ACK', { body: /m=audio 8000 / });
                                         app.gets('call.bridged', { other_call_control_id: idOf(world, 0) }, { call: 2 });
                                         app.gets('call.bridged', { other_call_control_id: idOf(world, 2) }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); other.gets('BYE'); app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 2 });
  other.sends(200);
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: told to join another one when it has made its offer (that is answered by us, and it is asked again)', (world) => {
  const { app, transferee, peer } = world;
  const callee = bothAreUp(world);
  const other = peer('carol');
  app.dials({ to: `sip:carol@${carol}` }); other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  app.posts('bridge', { call_control_id: idOf(world, 2) }, { call: 0 });
                                         transferee.gets('ACK', { body: /m=audio 40000 / }); transferee.gets('INVITE', noOffer);
                                         app.gets('call.bridge.failed', { failure_reason: 'superseded', other_call_control_id: idOf(world, 1) }, { call: 0 });
  transferee.sends(200, { body: ofAlice });
                                         other.gets('INVITE', { body: ours(6_000) });
  other.sends(200, { body: sdp(carol, 8_000, 'sendrecv') });
                                         other.gets('ACK'); transferee.gets('ACK', { body: /m=audio 8000 / });
                                         app.gets('call.bridged', {}, { call: 2 }); app.gets('call.bridged', {}, { call: 0 });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); other.gets('BYE'); app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 2 });
  other.sends(200);
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: nobody answers the re-INVITE (the call is over, and so is the bridge)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  after(32_000);                         transferee.gets('BYE');
                                         app.gets('call.bridge.failed', { failure_reason: 'hangup', sip_response: null }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends(200, { answers: 'BYE' });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge refused (each reason by name)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('bridge', { call_control_id: 'v3:nobody' }, { status: 422, code: '90015', pointer: '/call_control_id' });
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { status: 422, code: '10015', pointer: '/call_control_id' });
  app.posts('bridge', {}, { status: 422, code: '10004', pointer: '/call_control_id' });
  app.posts('bridge', { call_control_id: 'x', play_ringtone: true }, { status: 422, code: '10027', pointer: '/play_ringtone' });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});
