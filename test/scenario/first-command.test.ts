// An inbound call whose application says nothing: ended when its first command is due, wherever the server was meanwhile.
import { application } from '../support/application.ts';
import { hangsUp, rings } from '../support/flows.ts';
import { killedAnywhere, scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const withinTen = { settings: { applications: [application({ firstCommandTimeoutMs: 10_000 })] } } as const;

/** The caller is told that nobody is there, and so is the application. */
function isGivenUp({ transferee, app }: World): void {
  transferee.gets(480);
  transferee.sends('ACK');
  app.gets('call.hangup', { hangup_cause: 'timeout', hangup_source: 'callee', sip_hangup_cause: '480' });
}

scenario('first command missing (480 when it is due, and not before)', withinTen, (world) => {
  const { transferee, app, after } = world;
  rings(world);
  after(9_999);                          transferee.getsNothing();
  after(1);                              isGivenUp(world);
  app.posts('answer', {}, { status: 422, code: '90018' });
});

scenario('first command in time (the call rings on, whatever the command was)', withinTen, (world) => {
  const { transferee, app, after } = world;
  rings(world);
  after(9_000);
  app.posts('client_state_update', { client_state: 'eA==' });
  after(40_000);                         transferee.getsNothing();
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
});

scenario('first command refused (that was none)', withinTen, (world) => {
  const { app, after } = world;
  rings(world);
  app.posts('send_sip_info', { content_type: 'text/plain', body: 'x' }, { status: 422, code: '90034' });
  after(10_000);                         isGivenUp(world);
});

scenario('first command due after a restart', withinTen, (world) => {
  const { transferee, after, restarts } = world;
  rings(world);
  after(6_000);
  restarts();
  after(3_999);                          transferee.getsNothing();
  after(1);                              isGivenUp(world);
});

scenario('first command due while the server was down', withinTen, (world) => {
  const { after, kills, starts } = world;
  rings(world);
  kills();
  after(15_000);
  starts();                              isGivenUp(world);
});

scenario('first command never due (by default a call rings on)', (world) => {
  const { transferee, app, after } = world;
  rings(world);
  after(45_000);                         app.getsNothing();
  transferee.sends('CANCEL');            transferee.gets(200); transferee.gets(487);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
});

killedAnywhere('first command missing', withinTen, (world) => {
  rings(world);
  world.after(10_000);
  isGivenUp(world);
});
