// Between our 2xx and its ACK the call counts as answered, but a REFER has to wait (RFC 3261 §13.3.1.4, §14).
import { hangsUp, isReleased, notifies, rings, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer before ack (the REFER waits for it)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', { sip_address: target });
  after(200);                            transferee.getsNothing();
  transferee.sends('ACK');               app.gets('call.answered');
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer without ack (the call fails, and the refer with it, first)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', { sip_address: target });
  after(31_999);                         transferee.getsNothing();
  after(1);                              transferee.gets('BYE');
  transferee.sends(200, { answers: 'BYE' });
                                         app.gets('call.refer.failed', { sip_notify_response: 487, refer_sip_response: null });
                                         app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'callee' });
});

scenario('refer before ack, second refused', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', { sip_address: target });
  app.posts('refer', { sip_address: target }, { status: 422, code: '90033' });
  transferee.sends('ACK');               app.gets('call.answered');
                                         transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
  hangsUp(world);
});

scenario('refer before ack, then bye (a caller that never acknowledges but hangs up)', (world) => {
  const { transferee, app } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.posts('refer', { sip_address: target });
  transferee.sends('BYE');               transferee.gets(200, { CSeq: /BYE/ });
                                         app.gets('call.refer.failed', { sip_notify_response: 487 }, { within: 1_000 });
                                         app.gets('call.hangup', { hangup_source: 'caller' });
});
