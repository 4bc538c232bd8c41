// The application ends the call while a refer is pending: nobody will hear the outcome any more.
import { answers, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const byUs = { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' };

scenario('refer hangup while pending', (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  notifies(world, '180 Ringing');
  app.posts('hangup');                   transferee.gets('BYE');
                                         app.gets('call.refer.failed', { sip_notify_response: 487, failure_reason: 'canceled', notify_sip_responses: [180] });
                                         app.gets('call.hangup', byUs);
  transferee.sends(200);
});

scenario('refer notify after our bye (answered 200: what the transferee still says must not trouble it)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  app.posts('hangup');                   transferee.gets('BYE');
                                         app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', byUs);
  transferee.sends(200);
  notifies(world, '200 OK', { Event: 'refer' });
  after(31_000);
  notifies(world, '200 OK', { 'Subscription-State': 'terminated;reason=timeout' });
                                         app.getsNothing();
});

scenario('refer hangup before 202 (the answer to the REFER comes after our BYE)', (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  app.posts('hangup');                   transferee.gets('BYE');
                                         app.gets('call.refer.failed', { sip_notify_response: 487, refer_sip_response: null });
                                         app.gets('call.hangup', byUs);
  transferee.sends(202, { answers: 'REFER' });
  transferee.sends(200, { answers: 'BYE' });
                                         app.getsNothing();
});

scenario('refer after hangup (the call is over)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', byUs);
  app.posts('refer', { sip_address: target }, {
    status: 422, code: '90018', detail: "This call is no longer active and can't receive commands.",
  });
});

scenario('refer of nobody (an id that is not known)', (world) => {
  const { app } = world;
  app.posts('refer', { sip_address: target }, { id: 'v3:nobody', status: 422, code: '90015', pointer: '/call_control_id' });
  app.reads({}, { id: 'v3:nobody', status: 404, code: '10005' });
});

scenario('refer forgotten (ten minutes after its end a call is not known any more)', (world) => {
  const { app, transferee, after } = world;
  answers(world);
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', byUs);
  after(590_000);
  app.posts('refer', { sip_address: target }, { status: 422, code: '90018' });
  after(130_000);
  app.posts('refer', { sip_address: target }, { status: 422, code: '90015' });
});
