// Two calls joined (RFC 3725 §4.1, flow I): who is offered what, what happens when one refuses, changes its session or
// leaves, and what the application is told.
import { answers, notifies, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const alice = '192.0.2.10';
const bob = '192.0.2.20';
const carol = '192.0.2.30';

/** What alice's phone says of itself, and bob's: an address and a port that nobody else has. */
const ofAlice = sdp(alice, 6_000, 'sendrecv');
const ofBob = sdp(bob, 7_000, 'sendrecv');
const ours = (port: number) => new RegExp(`^v=0\\r\\no=- \\d+ 2 IN IP4 192\\.0\\.2\\.1\\r\\n[\\s\\S]*m=audio ${port} `);
const noOffer = { body: '' };

/** Alice has called and was answered; bob was dialled and has answered. */
function bothAreUp(world: World): Peer {
  const { app, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.dials({ to: `sip:bob@${bob}` });   callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); app.gets('call.answered');
  return callee;
}

/** The application joins them: alice is asked, bob is offered what she says, and his answer is hers. */
function areBridged(world: World, body: object = {}): Peer {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1), ...body }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: ofBob });    callee.gets('ACK', { body: '' }); transferee.gets('ACK', { body: ours(7_000) });
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  return callee;
}

/** The id of a call that is made while the script is played. */
const idOf = ({ app }: World, call: number): string => app.idOf(call);

function endsWith(world: World, callee: Peer): void {
  const { app, transferee } = world;
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', { hangup_source: 'caller' }, { call: 0 }); app.gets('call.hangup', { hangup_source: 'caller' }, { call: 1 });
  callee.sends(200);
}

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

/** One half asks for a change, and what the other answers to it comes back. */
function changes(from: Peer, to: Peer, offered: { says: string; direction: string }, answer: { says: string; direction: string }): void {
  const says = (direction: string) => ({ body: new RegExp(`a=${direction}\r\n`) });
  from.sends('INVITE', { body: offered.says });
                                         from.gets(100); to.gets('INVITE', says(offered.direction));
  to.sends(200, { body: answer.says });  to.gets('ACK'); from.gets(200, says(answer.direction));
  from.sends('ACK');
}

const said = (host: string, port: number) => (direction: string) => ({ says: sdp(host, port, direction), direction });
const aliceSays = said(alice, 6_000);
const bobSays = said(bob, 7_000);

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

scenario('bridge: the one who is asked makes no offer (the other one is asked)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  endsWith(world, callee);
});

scenario('bridge: neither makes an offer (each was asked once, and both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(488);                     callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: what the first one offers does not suit the other (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends(488);                     callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: one hangs up while they are being joined (the other goes on)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('ACK', { body: /m=audio 40000 / });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridge: the one who was asked hangs up before the other has answered (its 2xx is acknowledged)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  transferee.sends('BYE');               transferee.gets(200); transferee.gets('ACK', { body: /m=audio 0 / }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: glare (491, and again)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(491);                 transferee.gets('ACK');
  after(2_000);                          transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); transferee.gets('ACK');
                                         app.gets('call.bridged'); app.gets('call.bridged');
  endsWith(world, callee);
});

scenario('bridge: both calls are told to (the second command finds it under way)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { call: 1 });
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: ofBob });    callee.gets('ACK', { body: '' }); transferee.gets('ACK', { body: ours(7_000) });
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  endsWith(world, callee);
});

scenario('bridge: the offer is answered without a description (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: '' });       callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridge: the offer is answered in words nobody can read (both go on by themselves)', (world) => {
  const { app, transferee } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(200, { body: 'what?' });  callee.gets('ACK'); transferee.gets('ACK', { body: /m=audio 40000 / });
                                         callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
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

scenario('bridged, and referred while a change waits for the other (the REFER leaves after the refusal)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  app.posts('refer', { sip_address: target }, { call: 0 });
  callee.sends(488);                     callee.gets('ACK'); transferee.gets(488); transferee.gets('REFER');
  transferee.sends('ACK', { answers: 'INVITE' });
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});

scenario('bridged, referred, and hung up while a change waits for the other (487: nothing is left unanswered)', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('INVITE', { body: sdp(alice, 6_010, 'sendrecv') });
                                         transferee.gets(100); callee.gets('INVITE');
  transferee.sends('BYE');               transferee.gets(200); transferee.gets(487); callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  transferee.sends('ACK', { answers: 'INVITE' });
  callee.sends(200, { answers: 'INVITE', body: ofBob });
                                         callee.gets('ACK');
  callee.sends(200, { answers: 'BYE' });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
                                         app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridged leg referred, and gone before the outcome (the other leg does not wait for that)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487 }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
});

scenario('bridged leg referred, and gone before the outcome, with one that is to be parked (it is at once)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 0), park_after_unbridge: 'self' }, { call: 1 });
                                         callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  after(1_000);                          app.gets('call.refer.failed', { sip_notify_response: 487 }, { call: 0 }); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
});

scenario('bridged, and a change is in words nobody can read (488, and the other is left alone)', (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: 'what?' });
                                         transferee.gets(100); transferee.gets(488);
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridge: joined to another one before it has answered for the first (that answer does not count for the second)', (world) => {
  const { app, transferee, peer } = world;
  const callee = bothAreUp(world);
  const other = peer('carol');
  app.dials({ to: `sip:carol@${carol}` }); other.gets('INVITE'); app.gets('call.initiated');
  other.sends(200);                      other.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  app.posts('bridge', { call_control_id: idOf(world, 2) }, { call: 1 });
                                         transferee.gets('ACK', { body: /m=audio 40000 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK'); callee.gets('INVITE', noOffer);
  callee.sends(200, { body: ofBob });    other.gets('INVITE', { body: ours(7_000) });
  other.sends(200, { body: sdp(carol, 8_000, 'sendrecv') });
                                         other.gets('ACK'); callee.gets('ACK', { body: /m=audio 8000 / });
                                         app.gets('call.bridged', {}, { call: 2 }); app.gets('call.bridged', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); other.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 2 });
  other.sends(200);
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

scenario('bridge: the other takes too long to answer (the ACK leaves before the first one gives up)', (world) => {
  const { app, transferee, after } = world;
  const callee = bothAreUp(world);
  app.posts('bridge', { call_control_id: idOf(world, 1) }, { call: 0 });
                                         transferee.gets('INVITE', noOffer);
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE', { body: ours(6_000) });
  callee.sends(100);
  after(24_000);                         transferee.gets('ACK', { body: /m=audio 40000 / });
  after(8_000);                          callee.gets('CANCEL');
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK'); callee.gets('INVITE', { body: /m=audio 40002 / });
  callee.sends(200, { body: ofBob });    callee.gets('ACK');
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 });
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

/** As long as a description may be; with the line ends that we write it is longer. */
const longest = `${ofAlice}a=x:`.replaceAll('\r\n', '\n').padEnd(65_536, 'x');

scenario('bridged, and a change cannot be said in our words (488: nothing is made up for the other)', { transport: 'tcp' }, (world) => {
  const { transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INVITE', { body: longest });
                                         transferee.gets(100); transferee.gets(488); callee.getsNothing();
  transferee.sends('ACK');
  endsWith(world, callee);
});

scenario('bridge refused (each reason by name)', (world) => {
  const { app, transferee } = world;
  answers(world);
  app.posts('bridge', { call_control_id: 'v3:nobody' }, { status: 422, code: '90015', pointer: '/call_control_id' });
  app.posts('bridge', { call_control_id: idOf(world, 0) }, { status: 422, code: '10015', pointer: '/call_control_id' });
  app.posts('bridge', {}, { status: 422, code: '10004', pointer: '/call_control_id' });
  app.posts('bridge', { call_control_id: 'x', play_ringtone: true }, { status: 422, code: '10027', pointer: '/play_ringtone' });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup');
});

scenario('bridged leg referred (the other leg ends with it: contract A.9 row 17)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         transferee.gets('REFER');
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE'); callee.gets('BYE');
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing' }, { call: 0 }); app.gets('call.hangup', { hangup_cause: 'normal_clearing' }, { call: 1 });
  transferee.sends(200);
  callee.sends(200);
});

scenario('bridged leg referred in vain (the bridge stays)', (world) => {
  const { app } = world;
  const callee = areBridged(world);
  app.posts('client_state_update', { client_state: 'eA==' }, { call: 0 });
  app.posts('refer', { sip_address: target }, { call: 0 });
                                         world.transferee.gets('REFER');
  world.transferee.sends(202);           app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed', { sip_notify_response: 486 });
  endsWith(world, callee);
});

scenario('transferred (the other is dialled, answers, and they are joined)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}`, target_leg_client_state: 'eA==' });
                                         callee.gets('INVITE', { From: /^<sip:\+13125550100@192\.0\.2\.1>/ });
                                         app.gets('call.initiated', { direction: 'outgoing', client_state: 'eA==' });
  callee.sends(180);
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  endsWith(world, callee);
});

scenario('transferred, and parked when the other leaves', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}`, park_after_unbridge: 'self' });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); callee.gets('ACK', { body: ours(6_000) });
                                         app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  callee.sends('BYE');                   callee.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('INVITE', { body: /m=audio 40000 / });
  transferee.sends(200);                 transferee.gets('ACK'); app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain: the first one does not take what the other one offers (it goes on, and the other is let go)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered', {}, { call: 1 });
  callee.sends(200, { body: ofBob });    transferee.gets('INVITE', { body: ours(7_000) });
  transferee.sends(488);                 transferee.gets('ACK'); callee.gets('ACK', { body: /m=audio 0 / }); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.reads({ is_alive: true }, { call: 0 });
  callee.sends(200);
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer in vain (the first call goes on)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  app.posts('transfer', { to: `sip:carol@${bob}` }, { call: 0, status: 422, code: '90033' });
  callee.sends(486);                     callee.gets('ACK'); app.gets('call.hangup', { hangup_cause: 'user_busy' }, { call: 1 });
                                         app.reads({ is_alive: true }, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
});

scenario('transfer, and the first one hangs up while the other rings (that is given up)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  app.posts('transfer', { to: `sip:bob@${bob}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(180);
  transferee.sends('BYE');               transferee.gets(200); callee.gets('CANCEL');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', { hangup_cause: 'originator_cancel' }, { call: 1 });
  callee.sends(200, { answers: 'CANCEL' });
  callee.sends(487, { answers: 'INVITE' });
                                         callee.gets('ACK');
});
