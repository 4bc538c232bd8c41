// The transferee refuses the REFER itself: failed with its code, and no started before it.
import { answers, hangsUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer refused (405)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(405, { Allow: 'INVITE, ACK, CANCEL, BYE' });
                                         app.gets('call.refer.failed', {
                                           sip_notify_response: 405, refer_sip_response: 405, notify_sip_responses: [], failure_reason: 'failed', refer_to: target,
                                         });
  hangsUp(world);
});

// Deviation: RFC 3261 §12.2.1.2 and RFC 5057 §5 would end the dialog for some of these; PBXs mean the target.
for (const status of [302, 403, 404, 408, 410, 416, 482, 483, 484, 485, 500, 501, 502, 503, 603, 604]) {
  scenario(`refer refused with ${status} (the call goes on)`, (world) => {
    const { transferee, app } = world;
    answers(world);
    app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
    transferee.sends(status, { 'Retry-After': status >= 500 && status < 600 ? '5' : null });
                                         app.gets('call.refer.failed', { sip_notify_response: status, refer_sip_response: status });
    hangsUp(world);
  });
}

scenario('refer 481 (the transferee does not know the dialog any more, so the call is over)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(481);                 app.gets('call.refer.failed', { sip_notify_response: 481, failure_reason: 'failed' });
                                         transferee.gets('BYE');
  transferee.sends(481);                 app.gets('call.hangup', { hangup_source: 'callee' });
});

scenario('refer not allowed, sent anyway (the Allow of a peer is often wrong)', (world) => {
  const { app } = world;
  answers(world, { Allow: 'INVITE, ACK, CANCEL, BYE' });
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer 491 (glare: once again after a while, RFC 3261 §14.1)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(491);                 app.getsNothing();
                                         transferee.gets('REFER', { within: 2_000, 'Refer-To': `<${target}>` });
  transferee.sends(202);                 app.gets('call.refer.started', { sip_notify_response: 100 });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer 491 twice', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(491);                 transferee.gets('REFER', { within: 2_000 });
  transferee.sends(491);                 app.gets('call.refer.failed', { sip_notify_response: 491, refer_sip_response: 491 });
  hangsUp(world);
});

scenario('refer 491, then bye (nothing is sent any more)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(491);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.refer.failed', { sip_notify_response: 487 }, { within: 1_000 });
                                         app.gets('call.hangup', { hangup_source: 'caller' });
});
