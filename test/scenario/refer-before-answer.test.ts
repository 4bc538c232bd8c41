// A refer of a call that is still ringing, by the setting refer_before_answer.
import { hangsUp, isReleased, notifies, refers, rings, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer ringing (in the early dialog: the target answers, and the caller cancels)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  refers(world);
  notifies(world, '180 Ringing');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(400);
  transferee.sends('CANCEL');            transferee.gets(200, { CSeq: /CANCEL/ }); transferee.gets(487, { CSeq: /INVITE/ });
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '487' });
});

scenario('refer ringing, not cancelled (after the grace the INVITE ends with 480)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
  after(999);                            transferee.getsNothing();
  after(1);                              transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '480' });
});

scenario('refer ringing, refused (481 included: it goes on ringing and can be answered)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(481);                 app.gets('call.refer.failed', { sip_notify_response: 481 });
                                         transferee.getsNothing();
                                         app.reads({ is_alive: true });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('refer ringing, busy (it goes on ringing)', (world) => {
  const { transferee, app } = world;
  rings(world);
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer ringing, cancelled while pending (the NOTIFY still counts within the grace)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  refers(world);
  transferee.sends('CANCEL');            transferee.gets(200, { CSeq: /CANCEL/ }); transferee.gets(487);
  transferee.sends('ACK');               app.getsNothing();
                                         app.reads({ is_alive: false });
  after(500);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
                                         app.gets('call.hangup', { hangup_source: 'caller', sip_hangup_cause: '487' });
});

scenario('refer ringing, cancelled without final', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  refers(world);
  transferee.sends('CANCEL');            transferee.gets(200, { CSeq: /CANCEL/ }); transferee.gets(487);
  transferee.sends('ACK');
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487, failure_reason: 'canceled' });
                                         app.gets('call.hangup', { hangup_cause: 'originator_cancel', hangup_source: 'caller', sip_hangup_cause: '487' });
});

scenario('refer ringing reliably (only after the PRACK of our 180: RFC 3262)', (world) => {
  const { transferee, app, after } = world;
  transferee.sends('INVITE', { Supported: '100rel' });
                                         transferee.gets(100); transferee.gets(180, { Require: '100rel', RSeq: true });
                                         app.gets('call.initiated');
  app.posts('refer', { sip_address: target });
                                         transferee.getsNothing();
  after(300);                            transferee.getsNothing();
  transferee.sends('PRACK');             transferee.gets(200, { CSeq: /PRACK/ }); transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(1_000);                          transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'normal_clearing', sip_hangup_cause: '480' });
});

scenario('refer ringing, hung up (the INVITE is refused, the refer fails first)', (world) => {
  const { transferee, app } = world;
  rings(world);
  refers(world);
  app.posts('hangup');                   transferee.gets(480);
  transferee.sends('ACK');               app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', { hangup_cause: 'call_rejected', hangup_source: 'callee', sip_hangup_cause: '480' });
});

scenario('refer ringing, redirected (refer_before_answer redirect: 302 with the target in Contact)', { refer: { beforeAnswer: 'redirect' } }, (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: target, sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }] });
                                         transferee.gets(302, { Contact: `<${target}?User-to-User=3132%3Bencoding%3Dhex>` });
                                         app.gets('call.refer.started', { sip_notify_response: 100, refer_to: `${target}?User-to-User=3132%3Bencoding%3Dhex` });
                                         app.gets('call.refer.completed', { sip_notify_response: 302 });
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', sip_hangup_cause: '302', hangup_source: 'callee' });
  transferee.sends('ACK');
});

scenario('refer ringing, redirected by command (the command wins over the application)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: target, refer_before_answer: 'redirect' });
                                         transferee.gets(302, { Contact: `<${target}>` });
  transferee.sends('ACK');               app.gets('call.refer.started'); app.gets('call.refer.completed'); app.gets('call.hangup');
});

scenario('refer ringing, not wanted (refer_before_answer refuse: 90034)', { refer: { beforeAnswer: 'refuse' } }, (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('refer', { sip_address: target }, { status: 422, code: '90034' });
                                         transferee.getsNothing();
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});
