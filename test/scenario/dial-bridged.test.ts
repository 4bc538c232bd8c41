// A call that is dialled to be bridged when it is answered: who hears whom, who leaves with whom, and what is refused.
import { answers, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const alice = '192.0.2.10';
const bob = '192.0.2.20';
const ofAlice = sdp(alice, 6_000, 'sendrecv');
const ofBob = sdp(bob, 7_000, 'sendrecv');
const toBob = { to: `sip:bob@${bob}` };

/** Alice has called and was answered; bob is dialled to be bridged to her. */
function dialsBob({ app, peer }: World, body: object = {}): Peer {
  const callee = peer('bob');
  app.dials({ ...toBob, link_to: app.idOf(0), bridge_on_answer: true, ...body });
                                         callee.gets('INVITE'); app.gets('call.initiated', { state: 'bridging' });
  return callee;
}

/** Bob answers, and they hear each other. */
function bobAnswers({ app, transferee }: World, callee: Peer): void {
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', { body: '' });
                                         app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: /m=audio 7000 / });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 6000 / });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
}

scenario('dialled and bridged on answer (and both end together)', (world) => {
  const { app, transferee } = world;
  answers(world);
  const callee = dialsBob(world);
  bobAnswers(world, callee);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
});

scenario('dialled to be parked after the bridge (it goes on when the linked call leaves)', (world) => {
  const { app, transferee } = world;
  answers(world);
  const callee = dialsBob(world, { park_after_unbridge: 'self' });
  bobAnswers(world, callee);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); app.reads({ is_alive: true }, { call: 1 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('dialled to be held after the bridge, which a command makes later', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.dials({ ...toBob, link_to: app.idOf(0), hold_after_unbridge: true });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('INVITE');
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: /m=audio 6000 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('dialled to be bridged and refused (the linked call goes on)', (world) => {
  const { app, transferee } = world;
  answers(world);
  const callee = dialsBob(world);
  callee.sends(486);                     callee.gets('ACK'); app.gets('call.hangup', { hangup_cause: 'user_busy' }, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('dialled to be bridged, and the linked call ends first (it is cancelled)', (world) => {
  const { app, transferee } = world;
  answers(world);
  const callee = dialsBob(world);
  callee.sends(180);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('CANCEL');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', { hangup_cause: 'originator_cancel' }, { call: 1 });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
});

scenario('several dialled to be bridged (the first to answer is, the others are cancelled)', (world) => {
  const { app, peer } = world;
  answers(world);
  const [callee, carol] = [peer('bob'), peer('carol')];
  app.dials({ to: [`sip:bob@${bob}`, 'sip:carol@192.0.2.30'], link_to: app.idOf(0), bridge_on_answer: true });
                                         callee.gets('INVITE'); carol.gets('INVITE');
                                         app.gets('call.initiated', {}, { call: 1 }); app.gets('call.initiated', {}, { call: 2 });
  carol.sends(180);
  bobAnswersFirst(world, callee, carol);
});

function bobAnswersFirst({ app, transferee }: World, callee: Peer, carol: Peer): void {
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', { body: '' }); carol.gets('CANCEL');
                                         app.gets('call.answered', {}, { call: 1 }); app.gets('call.hangup', { hangup_cause: 'originator_cancel' }, { call: 2 });
  carol.sends(200, { answers: 'CANCEL' });
  carol.sends(487, { answers: 'INVITE' });
                                         carol.gets('ACK');
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: /m=audio 7000 / });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 6000 / });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  callee.sends('BYE');                   callee.gets(200); transferee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends(200);
}

scenario('prevent_double_bridge (the linked call has a partner when the other answers: that one is hung up)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = dialsBob(world);
  const carol = peer('carol');
  app.dials({ to: 'sip:carol@192.0.2.30', link_to: app.idOf(0), bridge_on_answer: true, prevent_double_bridge: true });
                                         carol.gets('INVITE'); app.gets('call.initiated', {}, { call: 2 });
  bobAnswers(world, callee);
  carol.sends(200);                      carol.gets('ACK'); carol.gets('BYE');
                                         app.gets('call.answered', {}, { call: 2 }); app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller' }, { call: 2 });
  carol.sends(200);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
});

scenario('bridge_intent (who calls is who calls the linked call)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.dials({ ...toBob, link_to: app.idOf(0), bridge_intent: true });
                                         callee.gets('INVITE', { From: /^<sip:alice@atlanta\.example>;tag=/ });
                                         app.gets('call.initiated', { state: 'bridging', from: 'sip:alice@atlanta.example' });
  callee.sends(486);                     callee.gets('ACK'); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridge parameters without a link, or with one that cannot be bridged (refused)', (world) => {
  const { app, transferee } = world;
  const lacks = { status: 422, code: '10004', pointer: '/link_to' };
  app.dials({ bridge_intent: true }, { ...lacks, detail: /bridge_intent/ });
  app.dials({ bridge_on_answer: true }, { ...lacks, detail: /bridge_on_answer/ });
  app.dials({ park_after_unbridge: 'self' }, { ...lacks, detail: /park_after_unbridge/ });
  app.dials({ link_to: ' ' }, lacks);
  rings(world);
  app.dials({ ...toBob, link_to: app.idOf(0), bridge_on_answer: true }, { status: 422, code: '90034', pointer: '/link_to' });
  transferee.sends('CANCEL');            transferee.gets(200); transferee.gets(487);
  transferee.sends('ACK');               app.gets('call.hangup');
});
