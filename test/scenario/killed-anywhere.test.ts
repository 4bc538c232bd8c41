// Whole flows, with the server killed and started again before each of their steps in turn: whatever was told stays told,
// whatever is owed comes, and nothing is told twice.
import { answers, hangsUp, isReleased, notifies, refers, rings, target } from '../support/flows.ts';
import { killedAnywhere } from '../support/play.ts';
import { sdp } from '../support/template.ts';

killedAnywhere('refer answered', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '100 Trying');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { notify_sip_responses: [100, 200] });
  isReleased(world);
});

killedAnywhere('refer on hold, refused, heard again', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target, hold_on_refer: true });
                                         transferee.gets('INVITE', { body: /a=sendonly/ });
  transferee.sends(491);                 transferee.gets('ACK');
  after(2_000);                          transferee.gets('INVITE', { body: /a=sendonly/ });
  transferee.sends(200, { body: sdp('192.0.2.10', 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
                                         transferee.gets('INVITE', { body: /a=sendrecv/ });
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
  after(32_000);
});

killedAnywhere('refer on hold, hung up before the peer has agreed', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, hold_on_refer: true });
                                         transferee.gets('INVITE', { body: /a=sendonly/ });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup');
});

killedAnywhere('refer refused, another one busy, a transfer answered', (world) => {
  const { transferee, app, peer, after } = world;
  const bob = peer('bob');
  const [second, last] = ['sip:carol@biloxi.example', 'sip:bob@192.0.2.20'];
  answers(world);
  app.posts('refer', { sip_address: target, on_failure: [{ sip_address: second }, { transfer: { to: last } }] }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}>` });
  transferee.sends(603);                 app.gets('call.refer.retrying', { sip_notify_response: 603, step: 1, next_refer_to: second });
                                         transferee.gets('REFER', { 'Refer-To': `<${second}>` });
  transferee.sends(202);                 app.gets('call.refer.started', { step: 2 });
  notifies(world, '486 Busy Here', { Event: 'refer;id=2' });
                                         app.gets('call.refer.retrying', { sip_notify_response: 486, step: 2, next_transfer_to: last });
                                         bob.gets('INVITE'); app.gets('call.initiated');
  bob.sends(200);                        bob.gets('ACK'); bob.gets('INVITE', { body: '' }); app.gets('call.answered');
  bob.sends(200);                        transferee.gets('INVITE', { body: /m=audio 49170/ });
  transferee.sends(200);                 transferee.gets('ACK'); bob.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
                                         app.gets('call.refer.completed', { step: 3, transfer_to: last }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); bob.gets('BYE'); app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  bob.sends(200);
  after(32_000);
});

killedAnywhere('refer on hold, refused twice, heard again', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, hold_on_refer: true, on_failure: [{ sip_address: target }] });
                                         transferee.gets('INVITE', { body: /a=sendonly/ });
  transferee.sends(200, { body: sdp('192.0.2.10', 49_170, 'recvonly') });
                                         transferee.gets('ACK'); app.gets('call.hold'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.retrying'); transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603, step: 2 });
                                         transferee.gets('INVITE', { body: /a=sendrecv/ });
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.unhold');
  hangsUp(world);
});

killedAnywhere('refer challenged and busy', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target, sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('REFER');
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': true });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  hangsUp(world);
});

killedAnywhere('refer ringing', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(1_000);                          transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'normal_clearing' });
});

killedAnywhere('refer rung reliably, answered, bye first', (world) => {
  const { transferee, app, after } = world;
  transferee.sends('INVITE', { Supported: '100rel' });
                                         transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated');
  transferee.sends('PRACK');             transferee.gets(200);
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  refers(world);
  transferee.sends('BYE');               transferee.gets(200);
  after(500);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
                                         app.gets('call.hangup', { hangup_source: 'caller' });
});

killedAnywhere('refer hung up while pending', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  notifies(world, '180 Ringing');
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.refer.failed', { sip_notify_response: 487, notify_sip_responses: [180] });
                                         app.gets('call.hangup', { hangup_source: 'callee' });
});

killedAnywhere('refer ringing, redirected', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: target, refer_before_answer: 'redirect' });
                                         transferee.gets(302, { Contact: `<${target}>` });
  transferee.sends('ACK');               app.gets('call.refer.started');
                                         app.gets('call.refer.completed', { sip_notify_response: 302 });
                                         app.gets('call.hangup', { sip_hangup_cause: '302' });
});

killedAnywhere('refer no notify', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  after(32_000);                         app.gets('call.refer.failed', { sip_notify_response: 408 });
  hangsUp(world);
});

killedAnywhere('dialled, challenged, answered, referred', (world) => {
  const { transferee, app, after } = world;
  app.dials({ sip_auth_username: 'carol', sip_auth_password: 'x' });
                                         transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         transferee.gets('ACK'); transferee.gets('INVITE', { 'Proxy-Authorization': true });
  transferee.sends(180);
  transferee.sends(200);                 transferee.gets('ACK'); app.gets('call.answered');
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', { hangup_source: 'callee' });
  // Until then another fork could have answered: that it cannot any more is a commit of its own.
  after(32_000);
});

killedAnywhere('dialled and given up', (world) => {
  const { transferee, app, after } = world;
  app.dials({ timeout_secs: 20 });       transferee.gets('INVITE'); app.gets('call.initiated');
  transferee.sends(180);
  after(20_000);                         transferee.gets('CANCEL'); app.gets('call.hangup', { hangup_cause: 'timeout' });
  transferee.sends(200, { answers: 'CANCEL' });
  transferee.sends(487, { answers: 'INVITE' });
                                         transferee.gets('ACK');
});

killedAnywhere('transferred, parked, hung up', (world) => {
  const { app, peer, transferee, after } = world;
  answers(world);
  const bob = peer('bob');
  const offer = sdp('192.0.2.20', 7_000, 'sendrecv');
  app.posts('transfer', { to: 'sip:bob@192.0.2.20', park_after_unbridge: 'self' }, { call: 0 });
                                         bob.gets('INVITE'); app.gets('call.initiated');
  bob.sends(200);                        bob.gets('ACK'); bob.gets('INVITE', { body: '' }); app.gets('call.answered');
  bob.sends(200, { body: offer });       transferee.gets('INVITE', { body: /m=audio 7000/ });
  transferee.sends(200);                 transferee.gets('ACK'); bob.gets('ACK', { body: /m=audio 49170/ });
                                         app.gets('call.bridged'); app.gets('call.bridged');
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('INVITE', { body: /m=audio 4\d+/ });
  transferee.sends(200);                 transferee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  after(32_000);
});
