// The transferee ends our call before it says what became of the refer: wait for a late NOTIFY, then decide. The
// terminal refer event always comes before call.hangup.
import { answers, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const byCaller = { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' };

function leaves({ transferee }: World): void {
  transferee.sends('BYE');               transferee.gets(200);
}

scenario('refer bye first (BYE at once, the final NOTIFY within a second)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  leaves(world);                         app.getsNothing();
                                         app.reads({ is_alive: false });
  after(800);
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye first, then busy', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  leaves(world);
  after(300);
  notifies(world, '100 Trying');         app.getsNothing();
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486, notify_sip_responses: [100, 486] });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye without final (nothing more comes)', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  leaves(world);
  app.posts('hangup', {}, { status: 422, code: '90018' });
  app.posts('refer', { sip_address: target }, { status: 422, code: '90018' });
  after(999);                            app.getsNothing();
  after(1);                              app.gets('call.refer.failed', { sip_notify_response: 487, failure_reason: 'canceled', notify_sip_responses: [] });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye after 100 without final', (world) => {
  const { app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying');
  leaves(world);
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487, notify_sip_responses: [100] });
                                         app.gets('call.hangup', byCaller);
  notifies(world, '200 OK');             app.getsNothing();
});

scenario('refer bye first, no grace', { refer: { byeGraceMs: 0 } }, (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  leaves(world);                         app.gets('call.refer.failed', { sip_notify_response: 487 });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye before 202 (the REFER is still unanswered when the transferee ends the call)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  leaves(world);
  transferee.sends(202, { answers: 'REFER' });
                                         app.gets('call.refer.started', { sip_notify_response: 100 });
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487, refer_sip_response: 202 });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer final notify, then bye at once (both arrive in one turn)', (world) => {
  const { transferee, app, together } = world;
  answers(world);
  refers(world);
  together(() => {
    transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
    transferee.sends('BYE');
  });
                                         transferee.gets(200, { CSeq: /NOTIFY/ }); transferee.gets(200, { CSeq: /BYE/ });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer bye, then final notify in one turn', (world) => {
  const { transferee, app, together } = world;
  answers(world);
  refers(world);
  together(() => {
    transferee.sends('BYE');
    transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
  });
                                         transferee.gets(200, { CSeq: /BYE/ }); transferee.gets(200, { CSeq: /NOTIFY/ });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
                                         app.gets('call.hangup', byCaller);
});

scenario('refer terminated with 100, then bye (fails at once, not after the grace)', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying', { 'Subscription-State': 'terminated;reason=noresource' });
                                         app.gets('call.refer.failed', { sip_notify_response: 487 });
  leaves(world);                         app.gets('call.hangup', byCaller);
});

scenario('refer answered, byes cross (each side ends the call at the same time)', (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  after(1_000);                          app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  transferee.sends('BYE');               transferee.gets('BYE'); transferee.gets(200);
  transferee.sends(200, { answers: 'BYE' });
});
