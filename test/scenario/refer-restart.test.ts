// The server is killed in the middle of a refer and started again on its store: what it has told stays told, what it
// owes is sent again byte for byte, deadlines go on, and nothing is told twice.
import { answers, hangsUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer killed after 202 (the NOTIFY that comes later completes it, once)', (world) => {
  const { app, after, restarts } = world;
  answers(world);
  refers(world);
  after(1_000);
  restarts();                            app.getsNothing();
                                         app.reads({ is_alive: true });
  after(2_000);
  notifies(world, '180 Ringing');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: 202, notify_sip_responses: [180, 200] });
  isReleased(world);
});

scenario('refer killed before 202 (the same REFER again, and its answer counts)', (world) => {
  const { transferee, app, restarts } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  restarts();                            transferee.gets('REFER', { again: true });
  transferee.sends(202);                 app.gets('call.refer.started', { sip_notify_response: 100 });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer killed, 202 lost with it (Timer F goes on from where it was)', (world) => {
  const { transferee, app, after, kills, starts } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  kills();
  transferee.sends(202);
  after(20_000);
  starts();                              transferee.gets('REFER', { again: true });
  after(11_999);                         app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408 });
  hangsUp(world);
});

scenario('refer killed too long for timer f (its end came while the server was down)', (world) => {
  const { transferee, app, after, kills, starts } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  kills();
  after(40_000);
  starts();                              app.gets('call.refer.failed', { sip_notify_response: 408 });
                                         transferee.getsNothing();
  hangsUp(world);
});

scenario('refer killed, deadline passed meanwhile (the first NOTIFY did not come)', (world) => {
  const { app, after, kills, starts } = world;
  answers(world);
  refers(world);
  after(10_000);
  kills();
  after(30_000);
  starts();                              app.gets('call.refer.failed', { sip_notify_response: 408, refer_sip_response: 202 });
  hangsUp(world);
});

scenario('refer killed, deadline goes on', (world) => {
  const { app, after, restarts } = world;
  answers(world);
  refers(world);
  after(10_000);
  restarts();
  after(21_999);                         app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408 });
  hangsUp(world);
});

scenario('refer killed in the grace (our BYE comes when it was due)', (world) => {
  const { transferee, app, after, restarts } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(600);
  restarts();                            app.getsNothing();
  after(399);                            transferee.getsNothing();
  after(1);                              transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
});

scenario('refer killed after our bye (the same BYE again, and call.hangup is not told again)', (world) => {
  const { transferee, app, after, restarts } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(1_000);                          transferee.gets('BYE');
                                         app.gets('call.hangup');
  restarts();                            transferee.gets('BYE', { again: true });
  transferee.sends(200);                 app.getsNothing();
});

scenario('refer killed while the webhook was on its way (it is sent again, the same one)', (world) => {
  const { transferee, app, restarts } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  app.answers('nothing');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { attempt: 1 });
  app.answers(200);
  restarts();                            app.gets('call.refer.started', { sip_notify_response: 100 });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer killed before ack (the 200 again until it comes, then the REFER)', (world) => {
  const { transferee, app, after, restarts } = world;
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated');
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', { sip_address: target });
  restarts();                            transferee.gets(200, { again: true });
  after(400);
  transferee.sends('ACK');               app.gets('call.answered');
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer killed, invite repeated (a retransmission of the INVITE of a restored call is no second call)', (world) => {
  const { transferee, app, after, restarts } = world;
  transferee.sends('INVITE');
                                         transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated');
  restarts();
  after(100);
  transferee.sends('INVITE', { again: true });
                                         app.getsNothing();
                                         transferee.gets(180, { again: true });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('refer challenged, killed (credentials survive, and the second REFER is the one sent again)', (world) => {
  const { transferee, app, restarts } = world;
  answers(world);
  app.posts('refer', { sip_address: target, sip_auth_username: 'carol', sip_auth_password: 'open sesame' });
                                         transferee.gets('REFER');
  restarts();                            transferee.gets('REFER', { again: true });
  transferee.sends(407, { 'Proxy-Authenticate': 'Digest realm="atlanta.example", nonce="n1", qop="auth"' });
                                         transferee.gets('REFER', { 'Proxy-Authorization': /username="carol"/ });
  restarts();                            transferee.gets('REFER', { again: true, 'Proxy-Authorization': /username="carol"/ });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});
