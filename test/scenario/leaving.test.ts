// The server is told to stop: no new call begins, what is under way is finished, and the live calls are kept for the next
// start, or hung up. A webhook that nobody answers keeps it from having left at once.
import assert from 'node:assert/strict';
import { answers, isHungUp, notifies, refers, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Inside } from '../support/world.ts';

/** Longer than what a webhook waits for its answer. */
const webhookMs = 2_000;

async function isDraining({ server }: Inside): Promise<void> {
  const { statusCode, body } = await server.http.inject({ method: 'GET', url: '/readyz' });
  assert.equal(statusCode, 503);
  assert.match(body, /The server is stopping: it takes no new calls\./);
}

scenario('told to stop (new calls are turned away, live ones commanded, and kept for the next start)', (world) => {
  const { transferee, app, peer, after, stops, starts, does } = world;
  answers(world);
  app.answers('nothing');
  refers(world);
  app.answers(200);
  stops();
  does('it is not ready', isDraining);
  const stranger = peer('stranger');
  stranger.sends('INVITE');              stranger.gets(503, { 'Retry-After': '5' });
  stranger.sends('ACK');
  stranger.sends('OPTIONS');             stranger.gets(503, { 'Retry-After': '5' });
  app.dials({}, { status: 503, code: '10007', detail: 'The server is stopping: it takes no new calls.' });
  app.posts('client_state_update', { client_state: 'eA==' });
  transferee.sends('OPTIONS');           transferee.gets(200);
  after(webhookMs);                      app.getsNothing();
  starts();
                                         app.gets('call.refer.started', { client_state: null }, { attempt: 2, within: 5_000 });
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  transferee.sends('OPTIONS');           transferee.gets(200);
  isHungUp(world);
});

scenario('told to stop and hang up (BYE, CANCEL and 480, each told, and then it leaves)', { settings: { drain: 'hangup' } }, (world) => {
  const { transferee, app, peer, after, stops, starts, does } = world;
  answers(world);
  const second = peer('second');
  rings({ transferee: second, app });
  const third = peer('third');
  app.dials({ to: 'sip:third@192.0.2.30' }); third.gets('INVITE');
                                         app.gets('call.initiated', { direction: 'outgoing' });
  third.sends(180);
  stops();
                                         transferee.gets('BYE'); second.gets(480); third.gets('CANCEL');
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing' });
                                         app.gets('call.hangup', { sip_hangup_cause: '480' });
                                         app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
  does('it is not ready', isDraining);
  second.sends('ACK');
  third.sends(200, { answers: 'CANCEL' }); third.sends(487, { answers: 'INVITE' }); third.gets('ACK');
  does('it waits for the BYE to be answered', isDraining);
  transferee.sends(200);
  after(100);
  starts();                              transferee.getsNothing();
});

scenario('told to stop and hang up with a silent peer (it leaves in time, and the BYE goes on after the start)', { settings: { drain: 'hangup', drainMs: 3_000 } }, (world) => {
  const { transferee, app, after, stops, starts } = world;
  answers(world);
  stops();
                                         transferee.gets('BYE'); app.gets('call.hangup');
  after(3_100);
  starts();                              // The same BYE: a copy, which the peer answers as such.
  transferee.sends(200);
});
