// Calls that keep their place in a queue when their peer has hung up (`keep_after_hangup`), and queues that are deleted
// while somebody enters or leaves them.
import assert from 'node:assert/strict';
import type { FastifyInstance } from 'fastify';
import { answers, hangsUp } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

const authorization = 'Bearer KEY-of-the-scenarios';

async function asks(http: FastifyInstance, method: 'GET' | 'PATCH' | 'DELETE', path: string, payload?: object) {
  const url = `/v2/queues/support${path}`;
  const { statusCode, body } = await http.inject({ method, url, headers: { authorization }, ...(payload && { payload }) });
  return { status: statusCode, data: body === '' ? null : JSON.parse(body).data };
}

/** Changes the place of the only call that waits. It is answered once that is committed, with 204. */
function changes({ does }: World, method: 'PATCH' | 'DELETE', payload?: object): void {
  let status = 0;
  does(`${method} the place`, async ({ server: { http } }) => {
    const { data } = await asks(http, 'GET', '/calls');
    void asks(http, method, `/calls/${data[0].call_control_id}`, payload).then((answer) => { status = answer.status; });
  });
  does('be answered', () => assert.equal(status, 204));
}

function sees({ does }: World, expected: object): void {
  does('see who waits', async ({ server: { http } }) => {
    const { data } = await asks(http, 'GET', '/calls');
    const [first = {}] = data;
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, first[key]])), expected);
    assert.equal((await asks(http, 'GET', '')).data.current_size, data.length);
  });
}

/** The caller waits and has hung up, and its place is kept. */
function isKept(world: World, more: object = {}): void {
  answers(world);
  world.app.posts('enqueue', { queue_name: 'support', keep_after_hangup: true, ...more });
  world.app.gets('call.enqueued');
  hangsUp(world);
  sees(world, { is_alive: false, queue_position: 1 });
}

scenario('queue, a place kept after the hangup, over a restart, until it is taken out', (world) => {
  const { app, after, restarts } = world;
  isKept(world);
  after(60_000);
  restarts();                            app.reads({ is_alive: false });
  sees(world, { is_alive: false, wait_time_secs: 60 });
  app.posts('enqueue', { queue_name: 'support' }, { status: 422, code: '90018' });
  changes(world, 'DELETE');              app.gets('call.dequeued', { reason: 'leave', queue_position: 1, wait_time_secs: 60 });
  sees(world, {});
});

scenario('queue, a place kept is not bridged: the refusal says whom to call again', (world) => {
  const { app, peer } = world;
  isKept(world);
  const agent = peer('agent');
  app.dials({ to: 'sip:agent@192.0.2.20' });
                                         agent.gets('INVITE'); app.gets('call.initiated');
  agent.sends(200);                      agent.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { queue: 'support' }, { call: 1, status: 422, code: '90033', pointer: '/queue', detail: /has hung up: dial .+ from .+ again/ });
  agent.sends('BYE');                    agent.gets(200); app.gets('call.hangup');
  changes(world, 'DELETE');              app.gets('call.dequeued', { reason: 'leave' }, { call: 0 });
});

scenario('queue, a place kept for as long as it may wait', (world) => {
  isKept(world, { max_wait_time_secs: 60 });
  world.after(59_999);                   world.app.getsNothing();
  world.after(1);                        world.app.gets('call.dequeued', { reason: 'timeout', wait_time_secs: 60 });
});

scenario('queue, a place kept for ten minutes and no longer', (world) => {
  isKept(world);
  world.after(599_999);                  world.app.getsNothing();
  world.after(1);                        world.app.gets('call.dequeued', { reason: 'timeout', wait_time_secs: 600 });
});

scenario('queue, the place is kept or not as was said last (by PATCH, before the hangup and after it)', (world) => {
  const { app } = world;
  answers(world);
  app.posts('enqueue', { queue_name: 'support' });
                                         app.gets('call.enqueued');
  changes(world, 'PATCH', { keep_after_hangup: true });
  changes(world, 'PATCH', {});
  hangsUp(world);
  sees(world, { is_alive: false });
  changes(world, 'PATCH', { keep_after_hangup: false });
                                         app.gets('call.dequeued', { reason: 'hangup' });
});

scenario('queue, a live call is taken out and goes on', (world) => {
  answers(world);
  world.app.posts('enqueue', { queue_name: 'support' });
                                         world.app.gets('call.enqueued');
  changes(world, 'DELETE');              world.app.gets('call.dequeued', { reason: 'leave' });
                                         world.app.reads({ is_alive: true });
  hangsUp(world);
});

scenario('queue, deleted in the turn in which a call enters it (it is not empty)', (world) => {
  const { app, does, together } = world;
  answers(world);
  app.posts('enqueue', { queue_name: 'support' });
                                         app.gets('call.enqueued');
  app.posts('leave_queue');              app.gets('call.dequeued');
  let status = 0;
  together(() => {
    app.posts('enqueue', { queue_name: 'support' });
    does('delete the queue', ({ server: { http } }) => void asks(http, 'DELETE', '').then((answer) => { status = answer.status; }));
  });
                                         app.gets('call.enqueued', { current_position: 1 });
  does('look at the queue', async ({ server: { http } }) => {
    assert.equal(status, 400);
    assert.equal((await asks(http, 'GET', '')).data.current_size, 1);
  });
  app.posts('leave_queue');              app.gets('call.dequeued', { reason: 'leave' });
  hangsUp(world);
});
