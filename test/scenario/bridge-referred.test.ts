// A peer of a bridge is referred: what becomes of the other one, and of a change that waits for it.
import { alice, areBridged, bothAreUp, endsWith, idOf, noOffer, ofAlice, ofBob, ours } from '../support/bridged.ts';
import { notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('bridged, and referred while a change waits for the other (the REFER leaves after the refusal)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  app.posts('refer', { sip_address: target }, { call: 0 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets(488); transferee.gets('REFER');
  transferee.sends('ACK', { answers: 'INVITE' });
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});

scenario('bridged, referred, and hung up while a change waits for the other (487: nothing is left unanswered)', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  transferee.sends('BYE');               transferee.gets(200); transferee.gets(487); callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends('ACK', { answers: 'INVITE' });
  callee.sends(200, { answers: 'INVITE', body: ofBob });
                                         callee.gets('ACK');
  callee.sends(200, { answers: 'BYE' });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
                                         app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridged leg referred, and gone before the outcome (the other leg does not wait for that)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487 }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridged leg referred, and gone before the outcome, with one that is to be parked (it is at once)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 0), park_after_unbridge: 'self' }, { call: 1 });
                                         callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487 }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridged leg referred (the other leg ends with it: contract A.9 row 17)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing' }, { call: 0 }); app.gets('call.hangup', { hangup_cause: 'normal_clearing' }, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});

scenario('bridged leg referred in vain (the bridge stays)', (world) => {
  const { app } = world;
  const callee = areBridged(world);
  app.posts('client_state_update', { client_state: 'eA==' }, { call: 0 });
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         world.transferee.gets('REFER');
  world.transferee.sends(202);           app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  endsWith(world, callee);
});
