// More calls than there may be: the new one is turned away, and the one that lives goes on as if nothing had been asked.
import { answers, hangsUp, notifies, refers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';

scenario('full (a new call is turned away, the live one is referred)', { settings: { maxCalls: 1 } }, (world) => {
  const { transferee, app, peer } = world;
  answers(world);
  const stranger = peer('stranger');
  stranger.sends('INVITE');              stranger.gets(503, { 'Retry-After': '2' });
  stranger.sends('ACK');
  app.dials({}, { status: 429, code: '10011' });
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  transferee.sends('OPTIONS');           transferee.gets(200);
  hangsUp(world);
});
