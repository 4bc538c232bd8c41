// The target takes the call: every way a peer may say so, and who ends the first call afterwards.
import { answers, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer: the target answers (RFC 5589 §6.1)', ({ transferee, app, after }) => {
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated', { direction: 'incoming' });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' });
                                         transferee.gets('REFER', { 'Refer-To': '<sip:bob@biloxi.example>' });
  transferee.sends(202);                 app.gets('call.refer.started');
  transferee.sends('NOTIFY', { 'Subscription-State': 'active;expires=60', body: 'SIP/2.0 100 Trying' });
                                         transferee.gets(200);
  after(4_000);
  transferee.sends('NOTIFY', { 'Subscription-State': 'terminated;reason=noresource', body: 'SIP/2.0 200 OK' });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(1_000);                          transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('refer answered (the transferee ends the call)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}>`, 'Max-Forwards': '70' });
  transferee.sends(202);                 app.gets('call.refer.started', {
                                           sip_notify_response: 100, refer_to: target, refer_sip_response: 202, notify_sip_responses: [],
                                           failure_reason: undefined,
                                         });
  notifies(world, '100 Trying');
  after(2_000);
  notifies(world, '180 Ringing');
  after(3_000);
  notifies(world, '200 OK');             app.gets('call.refer.completed', {
                                           sip_notify_response: 200, refer_to: target, refer_sip_response: 202,
                                           notify_sip_responses: [100, 180, 200], failure_reason: undefined,
                                         });
  after(300);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' });
                                         app.reads({ is_alive: false });
});

scenario('refer no bye (the transferee does not end the call, so we do after the grace)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(999);                            transferee.getsNothing();
  after(1);                              transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' });
});

scenario('refer 200 (a REFER accepted with 200 instead of 202: RFC 6665 §8.3.1)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(200);                 app.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 200 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer over tcp', { transport: 'tcp' }, (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer over tcp, connection closed (the NOTIFY comes by another connection)', { transport: 'tcp' }, (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.disconnects();
  refers(world);
  transferee.disconnects();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

scenario('refer without grace (refer_bye_grace_ms 0 in the command)', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world, { refer_bye_grace_ms: 0 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
                                         transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('refer answered, then hangup (a hangup in the grace does not wait; any other command is too late)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(200);
  app.posts('refer', { sip_address: target }, { status: 422, code: '90018' });
  app.posts('send_sip_info', { content_type: 'text/plain', body: 'x' }, { status: 422, code: '90018' });
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  app.posts('hangup', {}, { status: 422, code: '90018', detail: "This call is no longer active and can't receive commands." });
});

scenario('refer with client state (it sticks to every later webhook)', (world) => {
  const { app } = world;
  answers(world);
  refers(world, { client_state: 'aGVsbG8=' });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { client_state: 'aGVsbG8=' });
  isReleased(world);
                                         app.reads({ is_alive: false, client_state: 'aGVsbG8=' });
});

scenario('refer http answered before sip (the command is accepted, not yet done: HTTP 200 comes while the peer is silent)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         app.getsNothing();
                                         transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603, refer_sip_response: 603 });
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup');
});

scenario('refer without sound (a call that has no media is referred like any other)', { settings: { media: 'none' } }, (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});
