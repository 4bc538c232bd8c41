// Two refers at once, and the same one again: one is in progress or none is.
import { answers, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('refer twice (the second is refused, the first goes on)', (world) => {
  const { app } = world;
  answers(world);
  refers(world);
  app.posts('refer', { sip_address: 'sip:carol@chicago.example' }, {
    status: 422, code: '90033', detail: 'A refer is already in progress on this call.',
  });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { refer_to: target });
  isReleased(world);
});

scenario('refer twice in one turn', (world) => {
  const { transferee, app, together } = world;
  answers(world);
  together(() => {
    app.posts('refer', { sip_address: target });
    app.posts('refer', { sip_address: 'sip:carol@chicago.example' }, { status: 422, code: '90033' });
  });
                                         transferee.gets('REFER', { 'Refer-To': `<${target}>` });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer repeated command (the same command_id: one REFER, the same answer)', (world) => {
  const { transferee, app, after } = world;
  const command = { sip_address: target, command_id: 'c0ffee00-0000-4000-8000-000000000001' };
  answers(world);
  app.posts('refer', command);           transferee.gets('REFER');
  app.posts('refer', command);           transferee.getsNothing();
  transferee.sends(202);                 app.gets('call.refer.started');
  app.posts('refer', command);           transferee.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
  after(300_000);
  app.posts('refer', command);
  app.posts('hangup', { command_id: command.command_id });
});

scenario('refer repeated command in one turn', (world) => {
  const { transferee, app, together } = world;
  const command = { sip_address: target, command_id: 'c0ffee00-0000-4000-8000-000000000002' };
  answers(world);
  together(() => {
    app.posts('refer', command);
    app.posts('refer', command);
  });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer refused command is not remembered (its command_id may be used again)', (world) => {
  const { app } = world;
  answers(world);
  app.posts('refer', { sip_address: '', command_id: 'c0ffee00-0000-4000-8000-000000000003' }, { status: 422, code: '10004', pointer: '/sip_address' });
  refers(world, { command_id: 'c0ffee00-0000-4000-8000-000000000003' });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

scenario('refer repeated command after a restart (it is remembered)', (world) => {
  const { transferee, app, restarts } = world;
  const command = { sip_address: target, command_id: 'c0ffee00-0000-4000-8000-000000000004' };
  answers(world);
  app.posts('refer', command);           transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started');
  restarts();
  app.posts('refer', command);           transferee.getsNothing();
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});
