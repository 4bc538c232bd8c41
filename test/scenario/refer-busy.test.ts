// The target does not take the call: the transferee says so in a NOTIFY, and the call goes on.
import { answers, hangsUp, isHungUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer busy', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', {
                                           sip_notify_response: 486, failure_reason: 'busy', refer_sip_response: 202, notify_sip_responses: [486],
                                         });
                                         app.reads({ is_alive: true });
  isHungUp(world);
});

for (const [status, reason] of [
  ['302 Moved Temporarily', 'failed'],
  ['404 Not Found', 'failed'],
  ['408 Request Timeout', 'no-answer'],
  ['480 Temporarily Unavailable', 'no-answer'],
  ['487 Request Terminated', 'canceled'],
  ['503 Service Unavailable', 'failed'],
  ['600 Busy Everywhere', 'busy'],
  ['603 Decline', 'failed'],
] as const) {
  scenario(`refer failed with ${status.slice(0, 3)} (${status}: the call goes on)`, (world) => {
    const { app } = world;
    answers(world);
    refers(world);
    notifies(world, status);             app.gets('call.refer.failed', { sip_notify_response: Number(status.slice(0, 3)), failure_reason: reason });
    hangsUp(world);
  });
}

scenario('refer again after failed', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [200] });
  isReleased(world);
});

scenario('refer terminated with 100 (a subscription that ends with a 1xx was given up)', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying', { 'Subscription-State': 'terminated;reason=noresource' });
                                         app.gets('call.refer.failed', { sip_notify_response: 487, failure_reason: 'canceled', notify_sip_responses: [100] });
  hangsUp(world);
});

scenario('refer terminated without body', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  transferee.sends('NOTIFY', { 'Subscription-State': 'terminated;reason=timeout' });
                                         transferee.gets(200);
                                         app.gets('call.refer.failed', { sip_notify_response: 487, notify_sip_responses: [] });
  hangsUp(world);
});

scenario('refer ringing for long (every NOTIFY is answered, one started is told, and a subscription that runs out fails nothing)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying', { 'Subscription-State': 'active;expires=5' });
  after(20_000);
  notifies(world, '180 Ringing', { 'Subscription-State': 'pending' });
  after(40_000);
  notifies(world, '183 Session Progress', { 'Subscription-State': 'active' });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { notify_sip_responses: [100, 180, 183, 200] });
  isReleased(world);
});

scenario('refer late notify (what comes after the end is answered and dropped)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  notifies(world, '200 OK');
  after(5_000);
  notifies(world, '200 OK', { Event: 'refer;id=1' });
                                         app.getsNothing();
  hangsUp(world);
});

scenario('refer info between (the CSeq goes on counting: a REFER after an INFO)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('send_sip_info', { content_type: 'application/dtmf-relay', body: 'Signal=5\r\n' });
                                         transferee.gets('INFO', { 'Content-Type': 'application/dtmf-relay', body: 'Signal=5\r\n' });
  transferee.sends(200);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  isHungUp(world);
});
