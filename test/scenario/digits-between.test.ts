// Digits between two peers that are bridged: their sound goes from one to the other and their INFO comes to us, so it is passed
// on, unless the other does not take it or is not to have it. The application is told in any case.
import { answers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { type Overrides, sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const ofAlice = sdp('192.0.2.10', 6_000, 'sendrecv');
const ofBob = sdp('192.0.2.20', 7_000, 'sendrecv');

const digit = (signal: string, ms: number) => ({
  'Content-Type': 'application/dtmf-relay',
  body: `Signal=${signal}\r\nDuration=${ms}\r\n`,
});

interface Wanted {
  readonly mute_dtmf?: string;
  /** What bob's phone says it takes. */
  readonly allow?: string;
}

/** Alice has called, bob was dialled, and the application bridges alice's call to his. */
function areBridged(world: World, { allow, ...body }: Wanted = {}): Peer {
  const { app, transferee, peer } = world;
  answers(world);
  const callee = peer('bob');
  const said: Overrides = allow === undefined ? {} : { Allow: allow };
  app.dials({ to: 'sip:bob@192.0.2.20' });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200, said);               callee.gets('ACK'); app.gets('call.answered');
  app.posts('bridge', { call_control_id: app.idOf(1), ...body }, { call: 0 });
                                         transferee.gets('INVITE');
  transferee.sends(200, { body: ofAlice });
                                         callee.gets('INVITE');
  callee.sends(200, { body: ofBob, ...said });
                                         callee.gets('ACK'); transferee.gets('ACK');
                                         app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  return callee;
}

function ends({ app, transferee }: World, callee: Peer): void {
  transferee.sends('BYE');               transferee.gets(200); callee.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  callee.sends(200);
}

scenario('digits between two (passed on both ways, in order, as dtmf-relay)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INFO', digit('5', 160));
                                         transferee.gets(200); app.gets('call.dtmf.received', { digit: '5' }, { call: 0 }); callee.gets('INFO', digit('5', 160));
  transferee.sends('INFO', { 'Content-Type': 'application/dtmf', body: '#' });
                                         transferee.gets(200); app.gets('call.dtmf.received', { digit: '#' }, { call: 0 });
  after(200);                            callee.getsNothing();
  callee.sends(200);                     callee.gets('INFO', digit('#', 250));
  callee.sends(200);
  callee.sends('INFO', digit('10', 100)); callee.gets(200); app.gets('call.dtmf.received', { digit: '*' }, { call: 1 }); transferee.gets('INFO', digit('*', 100));
  transferee.sends(200);
  ends(world, callee);
});

scenario('digits between two, and other bodies (those are told and not passed on)', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world);
  transferee.sends('INFO', { 'Content-Type': 'text/plain', body: 'x' });
                                         transferee.gets(200); app.gets('call.sip_info.received', {}, { call: 0 }); callee.getsNothing();
  ends(world, callee);
});

scenario('digits between two of whom one takes no info (told, and not passed on)', (world) => {
  const { app, transferee } = world;
  const callee = areBridged(world, { allow: 'INVITE, ACK, CANCEL, BYE' });
  transferee.sends('INFO', digit('5', 160));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 }); callee.getsNothing();
  callee.sends('INFO', digit('6', 160)); callee.gets(200); app.gets('call.dtmf.received', {}, { call: 1 }); transferee.gets('INFO', digit('6', 160));
  transferee.sends(200);
  ends(world, callee);
});

scenario('digits between two, held for an hour (five seconds of it are passed on)', (world) => {
  const { app, transferee, after } = world;
  const callee = areBridged(world);
  transferee.sends('INFO', digit('1', 600_000));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 }); callee.gets('INFO', digit('1', 5_000));
  callee.sends(200);
  transferee.sends('INFO', digit('2', 100));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 });
  after(4_999);                          callee.getsNothing();
  after(1);                              callee.gets('INFO', digit('2', 100));
  callee.sends(200);
  ends(world, callee);
});

for (const [muting, toAlice, toBob] of [
  ['self', false, true],
  ['opposite', true, false],
  ['both', false, false],
  ['none', true, true],
] as const) {
  scenario(`digits between two, muted for ${muting}`, (world) => {
    const { app, transferee } = world;
    const callee = areBridged(world, { mute_dtmf: muting });
    transferee.sends('INFO', digit('1', 100));
                                         transferee.gets(200); app.gets('call.dtmf.received', { digit: '1' }, { call: 0 });
    if (toBob) callee.gets('INFO', digit('1', 100));
    else callee.getsNothing();
    if (toBob) callee.sends(200);
    callee.sends('INFO', digit('2', 100));
                                         callee.gets(200); app.gets('call.dtmf.received', { digit: '2' }, { call: 1 });
    if (toAlice) transferee.gets('INFO', digit('2', 100));
    else transferee.getsNothing();
    if (toAlice) transferee.sends(200);
    ends(world, callee);
  });
}

scenario('digits between two after a transfer, muted for the opposite (that is who was called)', (world) => {
  const { app, transferee, peer } = world;
  answers(world);
  const bob = peer('bob');
  app.posts('transfer', { to: 'sip:bob@192.0.2.20', mute_dtmf: 'opposite' }, { call: 0 });
                                         bob.gets('INVITE'); app.gets('call.initiated');
  bob.sends(200);                        bob.gets('ACK'); bob.gets('INVITE', { body: '' }); app.gets('call.answered');
  bob.sends(200, { body: ofBob });       transferee.gets('INVITE');
  transferee.sends(200, { body: ofAlice });
                                         transferee.gets('ACK'); bob.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  transferee.sends('INFO', digit('1', 100));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 }); bob.getsNothing();
  bob.sends('INFO', digit('2', 100));    bob.gets(200); app.gets('call.dtmf.received', {}, { call: 1 }); transferee.gets('INFO', digit('2', 100));
  transferee.sends(200);
  ends(world, bob);
});

scenario('digits between two, killed before they were passed on', (world) => {
  const { app, transferee, restarts, after } = world;
  const callee = areBridged(world);
  transferee.sends('INFO', digit('1', 100));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 }); callee.gets('INFO', digit('1', 100));
  transferee.sends('INFO', digit('2', 100));
                                         transferee.gets(200); app.gets('call.dtmf.received', {}, { call: 0 });
  restarts();                            callee.gets('INFO', { again: true });
  callee.sends(200);
  after(100);                            callee.gets('INFO', digit('2', 100));
  callee.sends(200);
  ends(world, callee);
});
