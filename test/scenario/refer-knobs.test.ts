// The two knobs that hold for all refers of an application: refer_bye_without_final and refer_without_allow.
import { answers, isHungUp, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

const byCaller = { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' };
const withoutRefer = { Allow: 'INVITE, ACK, CANCEL, BYE' };

scenario('refer bye without final, taken as completed', { refer: { byeWithoutFinal: 'completed' } }, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.getsNothing();
  after(1_000);                          app.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [] });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye before acceptance (what was not accepted cannot have completed)', { refer: { byeWithoutFinal: 'completed' } }, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends('BYE');               transferee.gets(200);
  after(500);                            transferee.gets('REFER', { again: true });
  after(500);                            app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', byCaller);
  transferee.sends(481, { answers: 'REFER' });
});

scenario('refer not allowed, not sent (refer_without_allow fail)', { refer: { withoutAllow: 'fail' } }, (world) => {
  const { transferee, app } = world;
  answers(world, withoutRefer);
  app.posts('refer', { sip_address: target });
                                         transferee.getsNothing();
                                         app.gets('call.refer.failed', { sip_notify_response: 405, refer_sip_response: null });
  isHungUp(world);
});

scenario('refer allowed by a later message (an UPDATE lists REFER again)', { refer: { withoutAllow: 'fail' } }, (world) => {
  const { transferee, app } = world;
  answers(world, withoutRefer);
  transferee.sends('UPDATE', { Allow: 'INVITE, ACK, CANCEL, BYE, REFER' });
                                         transferee.gets(200);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(403);                 app.gets('call.refer.failed', { sip_notify_response: 403 });
  isHungUp(world);
});
