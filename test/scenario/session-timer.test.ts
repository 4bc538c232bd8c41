// Session timers of a call (RFC 4028): who refreshes, by what, and what becomes of a call that is not refreshed.
import { answers, hangsUp, refers, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { offer } from '../support/template.ts';

const timer = { Supported: 'timer', Allow: 'INVITE, ACK, CANCEL, BYE, UPDATE' };
const noUpdate = { ...timer, Allow: 'INVITE, ACK, CANCEL, BYE' };
const halfAnHour = 1_800_000;

scenario('session refreshed by us (an UPDATE at half the interval: RFC 4028 §7.4)', (world) => {
  const { transferee, app, after } = world;
  rings(world, timer);
  app.posts('answer');                   transferee.gets(200, { 'Session-Expires': '1800;refresher=uas', Require: 'timer' });
  transferee.sends('ACK');               app.gets('call.answered');
  after(halfAnHour / 2);                 transferee.gets('UPDATE', { 'Session-Expires': '1800;refresher=uac', body: '' });
  transferee.sends(200, { 'Session-Expires': '1800;refresher=uac', Require: 'timer' });
  after(halfAnHour / 2);                 transferee.gets('UPDATE', { 'Session-Expires': '1800;refresher=uac' });
  transferee.sends(200, { 'Session-Expires': '1800;refresher=uac', Require: 'timer' });
  hangsUp(world);
});

scenario('session refreshed by a re-INVITE (the peer has no UPDATE; the description is as it was)', (world) => {
  const { transferee, after } = world;
  answers(world, noUpdate);
  after(halfAnHour / 2);                 transferee.gets('INVITE', { 'Session-Expires': '1800;refresher=uac', body: /^v=0\r\no=- \d+ 1 IN/ });
  transferee.sends(100);
  transferee.sends(200, { 'Session-Expires': '1800;refresher=uac', Contact: '<sip:alice@192.0.2.10:5060>' });
                                         transferee.gets('ACK');
  transferee.sends(200, { again: true });
                                         transferee.gets('ACK', { again: true });
  hangsUp(world);
});

scenario('session refreshed by us although the peer knows no session timers', (world) => {
  const { transferee, after } = world;
  answers(world, { Allow: 'INVITE, ACK, CANCEL, BYE' });
  after(halfAnHour / 2);                 transferee.gets('INVITE');
  transferee.sends(200);                 transferee.gets('ACK');
  // Its 2xx says nothing of an interval: the session expires no more.
  after(2 * halfAnHour);                 transferee.getsNothing();
  hangsUp(world);
});

const unasked = { settings: { sessionTimers: { wish: { intervalS: 1_800, minSeS: 90, refresher: 'us' }, unasked: false } } } as const;

scenario('session timer begun by the answer to a re-INVITE that asked for none (who was to refresh does not, and is let go)', unasked, (world) => {
  const { transferee, app, peer, after } = world;
  answers(world, timer);
  const callee = peer('bob');
  app.dials({ to: 'sip:bob@192.0.2.20' }); callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('INVITE', { body: '', 'Session-Expires': null });
  transferee.sends(200, { 'Session-Expires': '90;refresher=uas', Require: 'timer' });
                                         callee.gets('INVITE');
  callee.sends(200);                     callee.gets('ACK'); transferee.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  after(60_000);                         transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', { hangup_cause: 'timeout' }, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});

scenario('session timers only where asked for', unasked, (world) => {
  const { transferee, app, after } = world;
  rings(world, timer);
  app.posts('answer');                   transferee.gets(200, { 'Session-Expires': null });
  transferee.sends('ACK');               app.gets('call.answered');
  after(2 * halfAnHour);                 transferee.getsNothing();
  hangsUp(world);
});

scenario('session timers only where asked for, and the callee asks for one in its 2xx (RFC 4028 §9: it is ours to refresh)', { settings: { sessionTimers: { wish: { intervalS: 1_800, minSeS: 90, refresher: 'us' }, unasked: false } } }, (world) => {
  const { app, peer, after } = world;
  const callee = peer('bob');
  const refreshed = { 'Session-Expires': '600;refresher=uac', Require: 'timer', Allow: 'INVITE, ACK, BYE, UPDATE' };
  app.dials({ to: 'sip:bob@192.0.2.20' });
                                         callee.gets('INVITE', { 'Session-Expires': null }); app.gets('call.initiated');
  callee.sends(200, refreshed);          callee.gets('ACK'); app.gets('call.answered');
  after(300_000);                        callee.gets('UPDATE', { 'Session-Expires': '600;refresher=uac' });
  callee.sends(200, refreshed);
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup');
});

scenario('session refreshed by the peer', (world) => {
  const { transferee, app, after } = world;
  const asks = { ...timer, 'Session-Expires': '600;refresher=uac' };
  rings(world, asks);
  app.posts('answer');                   transferee.gets(200, { 'Session-Expires': '600;refresher=uac' });
  transferee.sends('ACK');               app.gets('call.answered');
  after(300_000);
  transferee.sends('UPDATE', asks);      transferee.gets(200, { 'Session-Expires': '600;refresher=uac' });
  after(300_000);
  transferee.sends('INVITE', asks);      transferee.gets(100); transferee.gets(200, { 'Session-Expires': '600;refresher=uac' });
  transferee.sends('ACK');
  after(500_000);                        transferee.getsNothing();
  hangsUp(world);
});

scenario('session not refreshed by the peer (BYE before the interval ends: RFC 4028 §10)', (world) => {
  const { transferee, app, after } = world;
  rings(world, { ...timer, 'Session-Expires': '600;refresher=uac' });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  after(568_000);                        transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'callee', sip_hangup_cause: '200' });
});

scenario('session interval too small (422 with what is the least: RFC 4028 §9)', (world) => {
  const { transferee } = world;
  transferee.sends('INVITE', { ...timer, 'Session-Expires': '60' });
                                         transferee.gets(100); transferee.gets(422, { 'Min-SE': '90' });
  transferee.sends('ACK');
});

scenario('session interval too small in a re-INVITE', (world) => {
  const { transferee } = world;
  answers(world, timer);
  transferee.sends('INVITE', { ...timer, 'Session-Expires': '60' });
                                         transferee.gets(100); transferee.gets(422, { 'Min-SE': '90' });
  transferee.sends('ACK');
  transferee.sends('UPDATE', { ...timer, 'Session-Expires': '60' });
                                         transferee.gets(422, { 'Min-SE': '90' });
  hangsUp(world);
});

scenario('refresh refused with 422 (asked again with the least the peer takes)', (world) => {
  const { transferee, after } = world;
  answers(world, timer);
  after(halfAnHour / 2);                 transferee.gets('UPDATE');
  transferee.sends(422, { 'Min-SE': '3600' });
                                         transferee.gets('UPDATE', { 'Session-Expires': '3600;refresher=uac', 'Min-SE': '3600' });
  transferee.sends(200, { 'Session-Expires': '3600;refresher=uac' });
  after(halfAnHour - 1_000);             transferee.getsNothing();
  after(1_000);                          transferee.gets('UPDATE', { 'Session-Expires': '3600;refresher=uac' });
  transferee.sends(200, { 'Session-Expires': '3600;refresher=uac' });
  hangsUp(world);
});

scenario('refresh refused because the peer has lost the call (481: BYE)', (world) => {
  const { transferee, app, after } = world;
  answers(world, timer);
  after(halfAnHour / 2);                 transferee.gets('UPDATE');
  transferee.sends(481);                 transferee.gets('BYE');
  transferee.sends(481, { answers: 'BYE' });
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('peer has vanished (the refresh is not answered: BYE)', (world) => {
  const { transferee, app, after } = world;
  answers(world, timer);
  after(halfAnHour / 2);                 transferee.gets('UPDATE');
  after(32_000);                         transferee.gets('BYE');
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('refresh refused otherwise (the session goes on until its interval ends)', (world) => {
  const { transferee, app, after } = world;
  answers(world, timer);
  after(halfAnHour / 2);                 transferee.gets('UPDATE');
  transferee.sends(500);
  after(halfAnHour / 2 - 32_000);        transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'timeout' });
});

scenario('refresh glare (491 to the peer while ours is out, ours again after 491: RFC 3261 §14)', (world) => {
  const { transferee, after } = world;
  answers(world, noUpdate);
  after(halfAnHour / 2);                 transferee.gets('INVITE');
  transferee.sends('INVITE', noUpdate);  transferee.gets(100); transferee.gets(491);
  transferee.sends('ACK');
  transferee.sends(491);                 transferee.gets('ACK');
  after(2_000);                          transferee.gets('INVITE');
  transferee.sends(200);                 transferee.gets('ACK');
  hangsUp(world);
});

scenario('refer waits for a refresh (one INVITE at a time in a dialog)', (world) => {
  const { transferee, app, after } = world;
  answers(world, noUpdate);
  after(halfAnHour / 2);                 transferee.gets('INVITE');
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' });
                                         transferee.getsNothing();
  transferee.sends(200);                 transferee.gets('ACK'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
  hangsUp(world);
});

scenario('killed while a refresh is out (the same again, byte for byte)', (world) => {
  const { transferee, after, restarts } = world;
  answers(world, noUpdate);
  after(halfAnHour / 2);                 transferee.gets('INVITE');
  restarts();                            transferee.gets('INVITE', { again: true });
  transferee.sends(200, { body: offer('192.0.2.10') });
                                         transferee.gets('ACK');
  hangsUp(world);
});

scenario('killed over the refresh (it goes out at once)', (world) => {
  const { transferee, after, kills, starts } = world;
  answers(world, timer);
  kills();
  after(halfAnHour / 2 + 5_000);
  starts();                              transferee.gets('UPDATE');
  transferee.sends(200);
  hangsUp(world);
});

scenario('referred call that expires while the refer is out (failed before hangup)', (world) => {
  const { transferee, app, after } = world;
  rings(world, { ...timer, 'Session-Expires': '90;refresher=uac' });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  after(50_000);
  refers(world);
  after(10_000);                         transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.refer.failed', { sip_notify_response: 487 }); app.gets('call.hangup', { hangup_cause: 'timeout' });
});
