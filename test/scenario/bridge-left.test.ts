// One peer of a bridge hangs up: the other one goes too, is parked, or is put on hold.
import { alice, areBridged, carol, endsWith, idOf, noOffer, ofAlice } from '../support/bridged.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('bridged, and one hangs up (so does the other)', (world) => {
  endsWith(world, areBridged(world));
});

scenario('bridged, and the other hangs up', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world);
  callee.sends('BYE');                   callee.gets(200); transferee.gets('BYE');
                                         app.gets('call.hangup', { hangup_source: 'callee' }, { call: 1 }); app.gets('call.hangup', { hangup_source: 'callee' }, { call: 0 });
  transferee.sends(200);
});

scenario('bridged, parked afterwards (our own sound again, in as many streams)', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world, { park_after_unbridge: 'self' });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
                                         transferee.gets('INVITE', { body: /o=- \d+ 3 IN[\s\S]*m=audio 40000 / });
  transferee.sends(200);                 transferee.gets('ACK'); app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('bridged, held afterwards (it is not heard until it is bridged again)', (world) => {
  const { app, transferee, peer } = world;
  const callee = areBridged(world, { hold_after_unbridge: true });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
                                         transferee.gets('INVITE', { body: /o=- \d+ 3 IN[\s\S]*m=audio 40000 [\s\S]*a=sendonly/ });
  transferee.sends(200, { body: sdp(alice, 6_000, 'recvonly') });
                                         transferee.gets('ACK'); app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('INVITE', { body: ofAlice });
                                         transferee.gets(100); transferee.gets(200, { body: /a=sendonly/ });
  transferee.sends('ACK');
  const other = peer('carol');
  app.dials({ to: `sip:carol@${carol}` }); other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 2), park_after_unbridge: 'self' }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         other.gets('INVITE', { body: /m=audio 6000[\s\S]*a=sendrecv/ });
  other.sends(200, { body: sdp(carol, 8_000, 'sendrecv') });
                                         other.gets('ACK'); transferee.gets('ACK', { body: /m=audio 8000[\s\S]*a=sendrecv/ });
                                         app.gets('call.bridged', {}, { call: 2 }); app.gets('call.bridged', {}, { call: 0 });
  other.sends('BYE');                    other.gets(200); app.gets('call.hangup', {}, { call: 2 });
                                         transferee.gets('INVITE', { body: /m=audio 40000 [\s\S]*a=sendrecv/ });
  transferee.sends(200);                 transferee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});
