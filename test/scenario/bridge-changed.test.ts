// A peer of a bridge changes its session: the other one answers it, refuses it, crosses it, takes too long, or is spared it.
import { alice, aliceSays, areBridged, bob, changes, endsWith, idOf, noOffer, ofAlice, ofBob } from '../support/bridged.ts';
import { answers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';

/** As long as a description may be; with the line ends that we write it is longer. */
const longest = `${ofAlice}a=x:`.replaceAll('\r\n', '\n').padEnd(65_536, 'x');

const withVideo = (body: string, port: number) => `${body}m=video ${port} RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`;

scenario('bridged, one with more streams than the other (as many m= lines as each has seen, port 0 where there is none)', (world) => {
  const { app, transferee, peer } = world;
  answers(world, { body: withVideo(ofAlice, 6_002) });
  const callee = peer('bob');
  app.dials({ to: `sip:bob@${bob}` });   callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { call: 1 });
                                         callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: /m=audio 7000 [\s\S]*m=video 0 / });
  transferee.sends(200, { body: withVideo(ofAlice, 0) });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 6000 (?![\s\S]*m=video)/ });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  transferee.sends('INVITE', { body: withVideo(ofAlice, 6_002) });
                                         transferee.gets(100); callee.gets('INVITE', { body: /m=audio 6000 [\s\S]*m=video 6002 / });
  callee.sends(200, { body: withVideo(ofBob, 0) });
                                         callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7000 [\s\S]*m=video 0 / });
  transferee.sends('ACK');
  callee.sends('INVITE', { body: withVideo(ofBob, 0) });
                                         callee.gets(100); transferee.gets('INVITE', { body: /m=audio 7000 [\s\S]*m=video 0 / });
  transferee.sends(200, { body: withVideo(ofAlice, 0) });
                                         transferee.gets('ACK'); callee.gets(200, { body: /m=audio 6000 [\s\S]*m=video 0 / });
  callee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and both change at the same moment (the one is refused, the other is asked again after the glare)', (world) => {
  const { transferee, together, after } = world;
  const callee = areBridged(world);
  together(() => {
    transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
    callee.sends('INVITE', { body: sdp(bob, 7_010, 'sendrecv') });
  });
                                         transferee.gets(100); callee.gets(100); callee.gets('INVITE', { body: /m=audio 6010/ }); callee.gets(491);
  callee.sends('ACK');
  callee.sends(491, { answers: 'INVITE' });
                                         callee.gets('ACK');
  after(4_000);                          callee.gets('INVITE', { body: /m=audio 6010/ });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7000/ });
  transferee.sends('ACK');
  changes(callee, transferee, { says: sdp(bob, 7_010, 'sendrecv'), direction: 'sendrecv' }, aliceSays('sendrecv'));
  endsWith(world, callee);
});

scenario('bridged, and a change is refused by the other (nothing has changed)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(488);                     callee.gets('ACK'); transferee.gets(488);
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and both change at once (491 to one of them)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends('INVITE', { body: sdp(bob, 7_010, 'sendrecv') });
                                         callee.gets(100); callee.gets(491);
  callee.sends('ACK');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets(200);
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change comes before the ACK of the last one (it is answered)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets(200);
  transferee.sends('UPDATE', { body: sdp(alice, 6_020, 'sendrecv'), 'Content-Type': 'application/sdp' });
                                         callee.gets('INVITE', { body: /m=audio 6020/ });
  transferee.sends('ACK', { answers: 'INVITE' });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7000/ });
  endsWith(world, callee);
});

scenario('bridged, and a change is in words nobody can read (488, and the other is left alone)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: 'what?' });
                                         transferee.gets(100); transferee.gets(488);
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change is left at 100 by the other (it is cancelled after 64*T1, and the call goes on)', (world) => {
  const { transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(100);
  after(32_000);                         callee.gets('CANCEL');
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK'); transferee.gets(487);
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and not even the CANCEL ends a change (the call does, 64*T1 later)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(100);
  after(32_000);                         callee.gets('CANCEL');
  callee.sends(200, { answers: 'CANCEL' });
  after(32_000);                         callee.gets('BYE'); transferee.gets(487); transferee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  transferee.sends('ACK');
  transferee.sends(200, { answers: 'BYE' });
  callee.sends(200, { answers: 'BYE' });
});

scenario('bridged, and the answer to a change crosses the CANCEL of its deadline (it counts)', (world) => {
  const { transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(100);
  after(32_000);                         callee.gets('CANCEL');
  callee.sends(200, { answers: 'INVITE', body: sdp(bob, 7_010, 'sendrecv') });
                                         callee.gets('ACK'); transferee.gets(200, { body: /m=audio 7010/ });
  callee.sends(200, { answers: 'CANCEL' });
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change is cancelled while the other is asked (487, and a CANCEL there)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  callee.sends(100);
  transferee.sends('CANCEL');            transferee.gets(200); transferee.gets(487); callee.gets('CANCEL');
  transferee.sends('ACK');
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change is cancelled before the other was heard (the CANCEL waits for its 100)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  transferee.sends('CANCEL');            transferee.gets(200); transferee.gets(487);
  transferee.sends('ACK');               callee.getsNothing();
  callee.sends(100);                     callee.gets('CANCEL');
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change is cancelled that the other has just taken (it is offered what was before)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE', { body: /m=audio 6010/ });
  callee.sends(100);
  transferee.sends('CANCEL');            transferee.gets(200); transferee.gets(487); callee.gets('CANCEL');
  transferee.sends('ACK');
  callee.sends(200, { answers: 'INVITE', body: ofBob });
                                         callee.gets('ACK'); callee.gets('INVITE', { body: /o=- \d+ 4 IN[\s\S]*m=audio 6000 / });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(200, { answers: 'INVITE', body: ofBob });
                                         callee.gets('ACK');
  endsWith(world, callee);
});

scenario('bridged, and a change cannot be said in our words (488: nothing is made up for the other)', { transport: 'tcp' }, (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: longest });
                                         transferee.gets(100); transferee.gets(488); callee.getsNothing();
  transferee.sends('ACK');
  endsWith(world, callee);
});
