// NOTIFY and the response to REFER may cross (RFC 6665 §4.1.2.4): the first of them is the acceptance.
import { answers, hangsUp, isReleased, notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

function isReferred({ transferee, app }: World): void {
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
}

scenario('refer notify before 202', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  notifies(world, '100 Trying');         app.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: null, notify_sip_responses: [100] });
  transferee.sends(202, { answers: 'REFER' });
                                         app.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: 202, notify_sip_responses: [100, 200] });
  isReleased(world);
});

scenario('refer notify 180 before 202 (the first status is what started tells)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  notifies(world, '180 Ringing');        app.gets('call.refer.started', { sip_notify_response: 180 });
  transferee.sends(202, { answers: 'REFER' });
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  hangsUp(world);
});

scenario('refer final notify before 202 (started and completed at once)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  notifies(world, '200 OK');             app.gets('call.refer.started', { sip_notify_response: 100 });
                                         app.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: null });
  transferee.sends(202, { answers: 'REFER' });
                                         app.getsNothing();
  isReleased(world);
});

scenario('refer notify, then refused (after a NOTIFY the response to REFER changes nothing)', (world) => {
  const { transferee, app } = world;
  answers(world);
  isReferred(world);
  notifies(world, '100 Trying');         app.gets('call.refer.started', { sip_notify_response: 100 });
  transferee.sends(603, { answers: 'REFER' });
                                         app.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: 603 });
  isReleased(world);
});

scenario('refer notify, then silence (after a NOTIFY the end of Timer F changes nothing)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  isReferred(world);
  notifies(world, '100 Trying');         app.gets('call.refer.started', { sip_notify_response: 100 });
  after(40_000);                         app.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: null });
  isReleased(world);
  transferee.getsNothing();
});

scenario('refer notify and 202 in one turn', (world) => {
  const { transferee, app, together } = world;
  answers(world);
  isReferred(world);
  together(() => {
    transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
    transferee.sends(202, { answers: 'REFER' });
  });
                                         transferee.gets(200);
                                         app.gets('call.refer.started', { sip_notify_response: 100 });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});
