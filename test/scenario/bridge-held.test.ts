// A peer of a bridge puts the other one on hold, and resumes: both ways, and both at once.
import { alice, aliceSays, areBridged, bob, bobSays, changes, endsWith, ofAlice, ofBob } from '../support/bridged.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

scenario('bridged, and one puts the other on hold (re-INVITE and its answer go through)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_000, 'sendonly') });
                                         transferee.gets(100); callee.gets('INVITE', { body: /m=audio 6000[\s\S]*a=sendonly/ });
  callee.sends(200, { body: sdp(bob, 7_000, 'recvonly') });
                                         callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7000[\s\S]*a=recvonly/ });
  transferee.sends('ACK');
  callee.sends('UPDATE', { body: sdp(bob, 7_002, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         transferee.gets('INVITE', { body: /m=audio 7002/ });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets(200, { body: /m=audio 6000/ });
  endsWith(world, callee);
});

scenario('bridged, held and resumed (by either)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  changes(transferee, callee, aliceSays('sendonly'), bobSays('recvonly'));
  changes(transferee, callee, aliceSays('sendrecv'), bobSays('sendrecv'));
  changes(callee, transferee, bobSays('inactive'), aliceSays('inactive'));
  changes(callee, transferee, bobSays('sendrecv'), aliceSays('sendrecv'));
  endsWith(world, callee);
});

scenario('bridged, held by both at once (each resumes for itself)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  changes(transferee, callee, aliceSays('sendonly'), bobSays('recvonly'));
  changes(callee, transferee, bobSays('inactive'), aliceSays('inactive'));
  changes(transferee, callee, aliceSays('sendrecv'), bobSays('sendonly'));
  changes(callee, transferee, bobSays('sendrecv'), aliceSays('sendrecv'));
  endsWith(world, callee);
});

scenario('bridged, held, and resumed without an offer (what is offered then is not the hold)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  changes(transferee, callee, aliceSays('sendonly'), bobSays('recvonly'));
  transferee.sends('INVITE', { body: '' });
                                         transferee.gets(100); transferee.gets(200, { body: /o=- \d+ 4 IN[\s\S]*m=audio 7000[\s\S]*a=sendrecv/ });
  transferee.sends('ACK', { body: ofAlice, 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6000[\s\S]*a=sendrecv/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  endsWith(world, callee);
});
