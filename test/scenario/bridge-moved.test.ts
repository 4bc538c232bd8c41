// A peer of a bridge asks what it hears, and has moved meanwhile: the other one learns of it (RFC 3261 §14.2).
import { alice, areBridged, bob, endsWith, ofBob } from '../support/bridged.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('bridged, and one asks what it hears (an offerless re-INVITE; the other learns where it is now)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200, { body: /m=audio 7000/ });
  transferee.sends('ACK', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6020/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, and one has moved while the other is busy (the other learns of it when it is free)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200);
  callee.sends('INVITE', { body: '' });  callee.gets(100); callee.gets(200);
  transferee.sends('ACK', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.getsNothing();
  callee.sends('ACK', { body: ofBob, 'Content-Type': 'application/sdp' });
                                         transferee.gets('INVITE', { body: /m=audio 7000/ }); callee.gets('INVITE', { body: /m=audio 6020/ });
  transferee.sends(200, { body: sdp(alice, 6_020, 'sendrecv') });
                                         transferee.gets('ACK');
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, and one has moved while the other is being asked (glare: it learns of it after that)', (world) => {
  const { transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200);
  transferee.sends('ACK', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6020/ });
  callee.sends(491);                     callee.gets('ACK');
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200);
  transferee.sends('ACK', { body: sdp(alice, 6_030, 'sendrecv'), 'Content-Type': 'application/sdp' });
  after(4_000);                          callee.gets('INVITE', { body: /m=audio 6030/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, one has moved, and so has the other as it hears of it (the first one learns of that, and there it ends)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200, { body: /m=audio 7000/ });
  transferee.sends('ACK', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6020/ });
  callee.sends(200, { body: sdp(bob, 7_050, 'sendrecv') });
                                         callee.gets('ACK'); transferee.gets('INVITE', { body: /m=audio 7050/ });
  transferee.sends(200, { body: sdp(alice, 6_030, 'sendrecv') });
                                         transferee.gets('ACK'); callee.getsNothing();
  endsWith(world, callee);
});

scenario('bridged, one has moved, and the other does not take it (Deviation: both go on as they were told last)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200, { body: /m=audio 7000/ });
  transferee.sends('ACK', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6020/ });
  callee.sends(488);                     callee.gets('ACK'); transferee.getsNothing();
  endsWith(world, callee);
});
