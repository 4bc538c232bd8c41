// Calls that wait in a queue: how they enter, in which order they stand, and everything that makes them leave.
import { answers, hangsUp, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Peer, World } from '../support/world.ts';

const waits = { queue_name: 'support' };

/** The transferee has called, was answered and waits. */
function isEnqueued(world: World, more: object = {}): void {
  answers(world);
  world.app.posts('enqueue', { ...waits, ...more });
  world.app.gets('call.enqueued', { queue: 'support', current_position: 1, queue_avg_wait_time_secs: 0 });
}

/** Another caller, who was answered. */
function callsToo({ app, peer }: World, name: string): Peer {
  const caller = peer(name);
  caller.sends('INVITE');                caller.gets(100); caller.gets(180); app.gets('call.initiated');
  app.posts('answer');                   caller.gets(200);
  caller.sends('ACK');                   app.gets('call.answered');
  return caller;
}

scenario('queue, left by command (the next one moves up, and the average is told)', (world) => {
  const { app, after } = world;
  isEnqueued(world, { client_state: 'd2FpdHM=' });
  const bob = callsToo(world, 'bob');
  app.posts('enqueue', waits);           app.gets('call.enqueued', { current_position: 2 });
  after(8_400);
  app.posts('leave_queue', {}, { call: 0 });
                                         app.gets('call.dequeued', { queue: 'support', queue_position: 1, reason: 'leave', wait_time_secs: 8, client_state: 'd2FpdHM=' }, { call: 0 });
  app.posts('leave_queue', {}, { call: 0, status: 422, code: '90033' });
  app.posts('enqueue', waits, { call: 0 });
                                         app.gets('call.enqueued', { current_position: 2, queue_avg_wait_time_secs: 8 }, { call: 0 });
  app.posts('leave_queue', {}, { call: 1 });
                                         app.gets('call.dequeued', { queue_position: 1 }, { call: 1 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  world.transferee.sends('BYE');         world.transferee.gets(200); app.gets('call.dequeued', { reason: 'hangup' }); app.gets('call.hangup');
});

scenario('queue, waited too long (it leaves the queue and goes on)', (world) => {
  const { app, after } = world;
  isEnqueued(world, { max_wait_time_secs: 20 });
  after(19_999);                         app.getsNothing();
  after(1);                              app.gets('call.dequeued', { reason: 'timeout', wait_time_secs: 20 });
  after(60_000);                         app.reads({ is_alive: true });
  hangsUp(world);
});

scenario('queue, the server is killed while one waits (the place and the deadline stay)', (world) => {
  const { app, after, restarts } = world;
  isEnqueued(world, { max_wait_time_secs: 20 });
  restarts();
  app.posts('enqueue', waits, { status: 422, code: '90038' });
  after(20_000);                         app.gets('call.dequeued', { reason: 'timeout', wait_time_secs: 20 });
  hangsUp(world);
});

scenario('queue, the caller hangs up (call.dequeued comes before call.hangup)', (world) => {
  const { transferee, app } = world;
  isEnqueued(world);
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.dequeued', { reason: 'hangup' }); app.gets('call.hangup', { hangup_source: 'caller' });
});

scenario('queue, the application hangs up', (world) => {
  const { transferee, app } = world;
  isEnqueued(world);
  app.posts('hangup');                   transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.dequeued', { reason: 'hangup' }); app.gets('call.hangup', { hangup_source: 'callee' });
});

scenario('queue, refused (before the answer, twice, and when it is full)', (world) => {
  const { app } = world;
  rings(world);
  app.posts('enqueue', waits, { status: 422, code: '90034' });
  app.posts('answer');                   world.transferee.gets(200);
  world.transferee.sends('ACK');         app.gets('call.answered');
  app.posts('enqueue', { ...waits, max_size: 1 });
                                         app.gets('call.enqueued');
  app.posts('enqueue', { queue_name: 'other' }, { status: 422, code: '90038' });
  const bob = callsToo(world, 'bob');
  app.posts('enqueue', { ...waits, max_size: 5 }, { status: 422, code: '90036' });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup');
  app.posts('leave_queue', {}, { call: 0 });
                                         app.gets('call.dequeued');
  hangsUp(world);
});

scenario('queue, two for the last place at once (one of them has it)', (world) => {
  const { transferee, app, together } = world;
  answers(world);
  const bob = callsToo(world, 'bob');
  together(() => {
    app.posts('enqueue', { ...waits, max_size: 1 }, { call: 0 });
    app.posts('enqueue', { ...waits, max_size: 1 }, { call: 1, status: 422, code: '90036' });
  });
                                         app.gets('call.enqueued', { current_position: 1 }, { call: 0 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.dequeued'); app.gets('call.hangup', {}, { call: 0 });
});

/** Two callers wait, and an agent was dialled and has answered. */
function twoWaitForOne(world: World): { second: Peer; agent: Peer } {
  const { app, peer, after } = world;
  isEnqueued(world);
  after(2_000);
  const second = callsToo(world, 'second');
  app.posts('enqueue', waits);           app.gets('call.enqueued', { current_position: 2 });
  after(3_000);
  const agent = peer('agent');
  app.dials({ to: 'sip:agent@192.0.2.30' });
                                         agent.gets('INVITE'); app.gets('call.initiated');
  agent.sends(200);                      agent.gets('ACK'); app.gets('call.answered');
  return { second, agent };
}

scenario('queue, the agent takes the next one (who came first, and then who came after)', (world) => {
  const { transferee, app } = world;
  const { second, agent } = twoWaitForOne(world);
  app.posts('bridge', { queue: 'support', park_after_unbridge: 'self' }, { call: 2 });
                                         app.gets('call.dequeued', { reason: 'bridged', queue_position: 1, wait_time_secs: 5 }, { call: 0 });
                                         agent.gets('INVITE', { body: '' });
  agent.sends(200);                      transferee.gets('INVITE');
  transferee.sends(200);                 transferee.gets('ACK'); agent.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 2 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
                                         agent.gets('INVITE');
  agent.sends(200);                      agent.gets('ACK');
  app.posts('bridge', { queue: 'support' }, { call: 2 });
                                         app.gets('call.dequeued', { reason: 'bridged', queue_position: 1 }, { call: 1 });
                                         agent.gets('INVITE');
  agent.sends(200);                      second.gets('INVITE');
  second.sends(200);                     second.gets('ACK'); agent.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 2 });
  app.posts('bridge', { queue: 'support' }, { call: 2, status: 422, code: '90033', pointer: '/queue' });
  second.sends('BYE');                   second.gets(200); agent.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 2 });
  agent.sends(200);
});

scenario('queue, two agents take the next one at once (each has another)', (world) => {
  const { transferee, app, peer, together } = world;
  const { second, agent } = twoWaitForOne(world);
  const other = peer('other');
  app.dials({ to: 'sip:other@192.0.2.40' });
                                         other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  together(() => {
    app.posts('bridge', { queue: 'support' }, { call: 2 });
    app.posts('bridge', { queue: 'support' }, { call: 3 });
  });
                                         app.gets('call.dequeued', { queue_position: 1 }, { call: 0 }); app.gets('call.dequeued', { queue_position: 1 }, { call: 1 });
                                         agent.gets('INVITE'); other.gets('INVITE');
  for (const [one, caller, ofOne, ofCaller] of [[agent, transferee, 2, 0], [other, second, 3, 1]] as const) {
    one.sends(200);                      caller.gets('INVITE');
    caller.sends(200);                   caller.gets('ACK'); one.gets('ACK');
                                         app.gets('call.bridged', {}, { call: ofCaller }); app.gets('call.bridged', {}, { call: ofOne });
    one.sends('BYE');                    one.gets(200); caller.gets('BYE');
                                         app.gets('call.hangup', {}, { call: ofOne }); app.gets('call.hangup', {}, { call: ofCaller });
    caller.sends(200);
  }
});

scenario('queue, the bridge fails (the call has left the queue all the same, and goes on)', (world) => {
  const { transferee, app } = world;
  const { second, agent } = twoWaitForOne(world);
  app.posts('bridge', { queue: 'support' }, { call: 2 });
                                         app.gets('call.dequeued', { reason: 'bridged' }, { call: 0 }); agent.gets('INVITE');
  agent.sends('BYE');                    agent.gets(200); app.gets('call.bridge.failed', { failure_reason: 'hangup' }, { call: 2 });
                                         app.gets('call.hangup', {}, { call: 2 });
                                         transferee.getsNothing();
  second.sends('BYE');                   second.gets(200); app.gets('call.dequeued', { reason: 'hangup', queue_position: 1 }); app.gets('call.hangup', {}, { call: 1 });
  app.posts('leave_queue', {}, { call: 0, status: 422, code: '90033' });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('queue, bridged by its id, and what bridge does not take', (world) => {
  const { transferee, app } = world;
  const { second, agent } = twoWaitForOne(world);
  app.posts('bridge', { queue: 'support', call_control_id: app.idOf(0) }, { call: 2, status: 422, code: '10015', pointer: '/queue' });
  app.posts('bridge', { queue: 'nobody' }, { call: 2, status: 422, code: '90033', pointer: '/queue' });
  app.posts('bridge', {}, { call: 2, status: 422, code: '10004', pointer: '/call_control_id' });
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 2 });
                                         app.gets('call.dequeued', { reason: 'bridged', queue_position: 2 }, { call: 1 }); agent.gets('INVITE');
  agent.sends(200);                      second.gets('INVITE');
  second.sends(200);                     second.gets('ACK'); agent.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 2 });
  app.posts('enqueue', { queue_name: 'other' }, { call: 1, status: 422, code: '90033' });
  second.sends('BYE');                   second.gets(200); agent.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 2 });
  agent.sends(200);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.dequeued', { reason: 'hangup' }); app.gets('call.hangup', {}, { call: 0 });
});
