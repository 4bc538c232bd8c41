// The transferee keeps no subscription (RFC 4488): its 2xx is all that will ever be known.
import { answers, isReleased, notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer norefersub', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(202, { 'Refer-Sub': 'false' });
                                         app.gets('call.refer.started', { sip_notify_response: 100 });
                                         app.gets('call.refer.completed', { sip_notify_response: 202, refer_sip_response: 202, notify_sip_responses: [] });
  isReleased(world);
});

scenario('refer norefersub with 200', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(200, { 'Refer-Sub': 'FALSE' });
                                         app.gets('call.refer.started');
                                         app.gets('call.refer.completed', { sip_notify_response: /^20[02]$/ });
  isReleased(world);
});

scenario('refer sub true (Refer-Sub: true changes nothing)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(202, { 'Refer-Sub': 'true' });
                                         app.gets('call.refer.started');
                                         app.getsNothing();
  transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(200);
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

for (const agrees of [true, false]) {
  scenario(`refer norefersub asked for${agrees ? '' : ' in vain'} (refer_sub false: no NOTIFY is wanted, and one is still taken)`, (world) => {
    const { transferee, app } = world;
    answers(world);
    app.posts('refer', { sip_address: target, refer_sub: false });
                                         transferee.gets('REFER', { 'Refer-Sub': 'false', Supported: ['100rel, timer, replaces', 'norefersub'] });
    transferee.sends(202, agrees ? { 'Refer-Sub': 'false' } : {});
                                         app.gets('call.refer.started');
    if (!agrees) notifies(world, '200 OK');
                                         app.gets('call.refer.completed', { sip_notify_response: agrees ? 202 : 200 });
    isReleased(world);
  });
}
