// How the events of a call reach its application when that is slow, away or cross: in order, again, elsewhere.
import { answers, hangsUp, isReleased, notifies, refers, rings, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const primary = 'https://app.example/webhooks';
const standby = 'https://standby.example/webhooks';

scenario('webhook retried (500, then taken: the same event, newly signed)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.answers(500);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { attempt: 1 });
  app.answers(200);
  after(1_500);                          app.gets('call.hangup', {}, { attempt: 2, url: primary });
});

scenario('webhook failover (three attempts at the first URL, then the second)', { webhookFailoverUrl: standby }, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.answers(503);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { attempt: 1, url: primary });
                                         app.gets('call.hangup', {}, { attempt: 2, url: primary, within: 2_000 });
                                         app.gets('call.hangup', {}, { attempt: 3, url: primary, within: 5_000 });
                                         app.gets('call.hangup', {}, { attempt: 4, url: standby });
  app.answers(200);
                                         app.gets('call.hangup', {}, { attempt: 5, url: standby, within: 2_000 });
  after(60_000);                         app.getsNothing();
});

scenario('webhook refused for good (a 4xx goes to the failover at once)', { webhookFailoverUrl: standby }, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.answers(404);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { attempt: 1, url: primary });
  app.answers(200);
                                         app.gets('call.hangup', {}, { attempt: 2, url: standby, within: 100 });
});

scenario('webhook unanswered (2 s; the next event waits for it, not for its retries)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  app.posts('answer');                   transferee.gets(200);
  app.answers('nothing');
  transferee.sends('ACK');               app.gets('call.answered');
  transferee.sends('BYE');               transferee.gets(200);
                                         app.getsNothing();
  app.answers(200);
  after(1_999);                          app.getsNothing();
  after(1);                              app.gets('call.hangup');
                                         app.gets('call.answered', {}, { attempt: 2, within: 2_000 });
});

scenario('webhook refer completed, then hangup (call.hangup waits until the outcome of the refer was taken)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  app.answers(500);
  notifies(world, '200 OK');             app.gets('call.refer.completed', {}, { attempt: 1 });
  app.answers(200);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.getsNothing();
                                         app.gets('call.refer.completed', {}, { attempt: 2, within: 2_000 });
                                         app.gets('call.hangup', { hangup_source: 'caller' });
  after(5_000);                          app.getsNothing();
});

scenario('webhook nobody listens (tried again until somebody does)', (world) => {
  const { transferee, app } = world;
  app.answers('refused');
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(180);
                                         app.gets('call.initiated', {}, { attempt: 1 });
                                         app.gets('call.initiated', {}, { attempt: 2, within: 2_000 });
                                         app.gets('call.initiated', {}, { attempt: 3, within: 5_000 });
  app.answers(200);
                                         app.gets('call.initiated', {}, { attempt: 4, within: 60_000 });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('webhook given up (webhook_max_age_ms 0: only the first round)', { settings: { webhookMaxAgeMs: 0 }, logs: /A webhook was given up/ }, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.answers(500);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { attempt: 1 });
                                         app.gets('call.hangup', {}, { attempt: 2, within: 2_000 });
                                         app.gets('call.hangup', {}, { attempt: 3, within: 5_000 });
  after(120_000);                        app.getsNothing();
});

scenario('webhook slow for one call only', (world) => {
  const { transferee, app, peer, after } = world;
  const bob = peer('bob');
  answers(world);
  app.answers('nothing');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  app.answers(200);
  bob.sends('INVITE');                   bob.gets(100); bob.gets(180);
                                         app.gets('call.initiated', { from: 'sip:bob@chicago.example' });
  bob.sends('CANCEL');                   bob.gets(200, { CSeq: /CANCEL/ }); bob.gets(487);
  bob.sends('ACK');                      app.gets('call.hangup', { from: 'sip:bob@chicago.example' });
                                         app.gets('call.refer.started', {}, { attempt: 2, within: 5_000 });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
  after(1_000);
});

scenario('webhook to the URL of a command (from its own event on, and after a restart)', (world) => {
  const { transferee, app, restarts } = world;
  rings(world);
  app.posts('answer', { webhook_url: 'https://own.example/call', webhook_urls: { 'call.hangup': ['https://bills.example/'] } });
                                         transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered', {}, { url: 'https://own.example/call' });
  restarts();
  refers(world);
  notifies(world, '486 Busy Here', { 'Subscription-State': 'terminated;reason=noresource' });
                                         app.gets('call.refer.failed', {}, { url: 'https://own.example/call' });
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { url: 'https://bills.example/' });
});
