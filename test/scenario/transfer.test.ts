// A call is dialled for another one and joined to it when it answers (RFC 3725 §4.1), or in vain.
import { bob, endsWith, noOffer, ofAlice, ofBob, ours } from '../support/bridged.ts';
import { answers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('transferred (the other is dialled, answers, and they are joined)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}`, target_leg_client_state: 'eA==' });
                                         callee.gets('INVITE', { From: /^<sip:\+13125550100@192\.0\.2\.1>/ });
                                         app.gets('call.initiated', { direction: 'outgoing', client_state: 'eA==' });
  callee.sends(180);
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  endsWith(world, callee);
});

scenario('transferred, and parked when the other leaves', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}`, park_after_unbridge: 'self' });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('INVITE', { body: /m=audio 40000 / });
  transferee.sends(200);                 transferee.gets('ACK'); app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain: the first one does not take what the other one offers (it goes on, and the other is let go)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 0 / }); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.reads({ is_alive: true }, { call: 0 });
  callee.sends(200);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain: neither makes an offer that the other takes (who was dialled is let go)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / }); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.reads({ is_alive: true }, { call: 0 });
  callee.sends(200);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain: who was dialled takes the offer and says nothing of itself (it is let go)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: '' });       callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / }); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.reads({ is_alive: true }, { call: 0 });
  callee.sends(200);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain: what the first one says of itself nobody can read (both are over)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: 'what?' });
                                         transferee.gets('ACK'); transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends(200);
  transferee.sends(200);
});

scenario('transfer in vain (the first call goes on)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  app.posts('transfer', { to: `sip:carol@${bob}` }, { call: 0, status: 422, code: '90033' });
  callee.sends(486);                     callee.gets('ACK'); app.gets('call.hangup', { hangup_cause: 'user_busy' }, { call: 1 });
                                         app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer, and the first one hangs up while the other rings (that is given up)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(180);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('CANCEL');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', { hangup_cause: 'originator_cancel' }, { call: 1 });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
});
