// The store cannot write: nothing is said that is not on disk. Commands get 503, SIP requests 500 with Retry-After, timers
// run again, and the calls are as they were.
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { answers, isHungUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { World } from '../support/world.ts';

/** A store whose commits can be made to fail: before anything is written, or after all of it is. */
function breakable() {
  let broken: 'no' | 'before' | 'after' = 'no';
  const open = async (): Promise<Store> => {
    const store: Store = await openSqlite(':memory:');
    const commit = store.commit.bind(store);
    store.commit = async (batch) => {
      if (broken === 'before') throw new Error('disk I/O error');
      await commit(batch);
      if (broken === 'after') throw new Error('the answer to COMMIT was lost');
    };
    return store;
  };
  const becomes = ({ does }: World, how: typeof broken): void => {
    does(`the store is broken: ${how}`, () => {
      broken = how;
    });
  };
  return { open, becomes };
}

const logs = /disk I\/O error|COMMIT was lost/;

const refused = breakable();
scenario('store fails on a refer (503, nothing is sent, and the next one works)', { store: refused.open, logs }, (world) => {
  const { transferee, app } = world;
  answers(world);
  refused.becomes(world, 'before');
  app.posts('refer', { sip_address: target, command_id: 'same' }, { status: 503, code: '10007' });
                                         transferee.getsNothing();
  refused.becomes(world, 'no');
  refers(world, { command_id: 'same' });
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

const unheard = breakable();
scenario('store fails on a notify (500 with Retry-After, and the next one counts)', { store: unheard.open, logs }, (world) => {
  const { transferee, app } = world;
  answers(world);
  refers(world);
  unheard.becomes(world, 'before');
  transferee.sends('NOTIFY', { body: 'SIP/2.0 200 OK\r\n' });
                                         transferee.gets(500, { 'Retry-After': /^\d+$/ });
                                         app.getsNothing();
  unheard.becomes(world, 'no');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { notify_sip_responses: [200] });
  isReleased(world);
});

const invited = breakable();
scenario('store fails on an invite (500, and nobody is told)', { store: invited.open, logs }, (world) => {
  const { transferee, app } = world;
  invited.becomes(world, 'before');
  transferee.sends('INVITE');            transferee.gets(100); transferee.gets(500, { 'Retry-After': true });
  transferee.sends('ACK');               app.getsNothing();
  invited.becomes(world, 'no');
});

const late = breakable();
scenario('store fails when the grace is over (the timer runs again)', { store: late.open, logs }, (world) => {
  const { transferee, app, after } = world;
  answers(world);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  late.becomes(world, 'before');
  after(1_500);                          transferee.getsNothing();
  late.becomes(world, 'no');
                                         transferee.gets('BYE', { within: 10_000 });
  transferee.sends(200);                 app.gets('call.hangup', { hangup_source: 'callee' });
});

const deaf = breakable();
scenario('store fails on a 202 (the answer is lost to us, the retransmitted REFER is answered again)', { store: deaf.open, logs }, (world) => {
  const { transferee, app } = world;
  answers(world);
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  deaf.becomes(world, 'before');
  transferee.sends(202);                 app.getsNothing();
  deaf.becomes(world, 'no');
  notifies(world, '200 OK');             app.gets('call.refer.started', { sip_notify_response: 100 });
                                         app.gets('call.refer.completed', { sip_notify_response: 200 });
  isReleased(world);
});

const unsure = breakable();
scenario('store commits but does not say so (it is asked, and the command counts)', { store: unsure.open, logs }, (world) => {
  const { transferee, app } = world;
  answers(world);
  unsure.becomes(world, 'after');
  app.posts('refer', { sip_address: target });
                                         transferee.gets('REFER');
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 });
  unsure.becomes(world, 'no');
  isHungUp(world);
});
