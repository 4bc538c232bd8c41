// Silence: the transferee accepts and says no more, says too little, or does not answer at all. Every timer of a refer.
import { answers, hangsUp, isHungUp, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer no notify (accepted, then nothing for 32 s)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  after(31_999);                         app.getsNothing();
  after(1);                              app.gets('call.refer.failed', {
                                           sip_notify_response: 408, failure_reason: 'no-answer', refer_sip_response: 202, notify_sip_responses: [],
                                         });
                                         app.reads({ is_alive: true });
  isHungUp(world);
});

scenario('refer no notify, told how long to wait (refer_first_notify_timeout_ms in the command)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world, { refer_first_notify_timeout_ms: 5_000 });
  after(4_999);                          app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408 });
  notifies(world, '200 OK');             app.getsNothing();
  hangsUp(world);
});

scenario('refer no notify, application says how long', { refer: { firstNotifyTimeoutMs: 15_000 } }, (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  after(14_999);                         app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408 });
  hangsUp(world);
});

scenario('refer unanswered (Timer F: 32 s without any response)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  after(31_999);                         app.getsNothing();
  after(1);                              app.gets('call.refer.failed', {
                                           sip_notify_response: 408, failure_reason: 'no-answer', refer_sip_response: null, notify_sip_responses: [],
                                         });
                                         app.reads({ is_alive: true });
  isHungUp(world);
});

scenario('refer unanswered, then answered late (the 202 after Timer F is for nobody)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  after(32_000);                         app.gets('call.refer.failed', { sip_notify_response: 408 });
  transferee.sends(202, { answers: 'REFER' });
  notifies(world, '200 OK');             app.getsNothing();
  hangsUp(world);
});

scenario('refer provisional only (a 100 to the REFER is not an answer)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(100);
  after(32_000);                         app.gets('call.refer.failed', { sip_notify_response: 408, refer_sip_response: null });
  hangsUp(world);
});

scenario('refer unreachable (the connection is gone and nobody listens)', { transport: 'tcp' }, (world) => {
  const { transferee, app } = world;
  answers(world);
  transferee.vanishes();
  app.posts('refer', { sip_address: target });
                                         app.gets('call.refer.failed', { sip_notify_response: 503, refer_sip_response: null });
                                         app.reads({ is_alive: true });
  app.posts('hangup');                   app.gets('call.hangup', { hangup_source: 'callee' });
});

scenario('refer too long (the whole refer may take 120 s from its command)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  after(10_000);
  notifies(world, '180 Ringing');
  after(109_999);                        app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408, notify_sip_responses: [180] });
  hangsUp(world);
});

scenario('refer too long, as the command says', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world, { refer_timeout_ms: 10_000 });
  notifies(world, '100 Trying');
  after(9_999);                          app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 408 });
  hangsUp(world);
});

scenario('refer repeated until answered (a lost REFER, a lost 202)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  transferee.misses('REFER');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER', { within: 500 });
  transferee.sends(202, { lost: true });
  after(1_000);                          transferee.gets('REFER', { again: true });
  transferee.sends(202, { answers: 'REFER' });
                                         app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  hangsUp(world);
});
