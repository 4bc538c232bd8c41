// Attended transfer, asked of us (RFC 5589 §7): a phone has two calls with us and sends REFER on the one, with a Replaces
// that names the other. Nobody is dialled: whoever it spoke to on the one is joined to whoever it spoke to on the other.
import { hangsUp } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import { type Overrides, sdp } from '../support/template.ts';
import type { Peer, World } from '../support/world.ts';

const follow = { refer: { inbound: 'follow' } } as const;
const ask = { refer: { inbound: 'ask' } } as const;
const noOffer = { body: '' };

/** Of the peers beside the first one, by their order: where they are, and who listens there. */
const [second, third, fourth] = ['192.0.2.20', '192.0.2.30', '192.0.2.40'];
const ofAlice = sdp('192.0.2.10', 6_000, 'sendrecv');
const ofCarol = sdp(second, 7_000, 'sendrecv');
const ofAliceAgain = sdp(third, 6_002, 'sendrecv');
const ofBob = sdp(fourth, 8_000, 'sendrecv');

/** What a phone knows of a call of its own. */
interface Line {
  readonly phone: Peer;
  readonly dialog: { callId: string; ours: string; theirs: string };
}

const tag = (address: string): string => /;tag=([^;]+)/.exec(address)?.[1] ?? '';

/** A phone calls and is answered by the application. */
function calls({ app }: World, phone: Peer): Line {
  const dialog = { callId: '', ours: '', theirs: '' };
  phone.sends('INVITE');                 phone.gets(100); phone.gets(180); app.gets('call.initiated');
  app.posts('answer');                   phone.gets(200, {
    'Call-ID': (value: string) => Object.assign(dialog, { callId: value }),
    To: (value: string) => Object.assign(dialog, { ours: tag(value) }),
    From: (value: string) => Object.assign(dialog, { theirs: tag(value) }),
  });
  phone.sends('ACK');                    app.gets('call.answered');
  return { phone, dialog };
}

/** A phone is called, and answers. */
function isCalled({ app }: World, phone: Peer, address: string): Line {
  const dialog = { callId: '', ours: '', theirs: '' };
  app.dials({ to: `sip:alice@${address}` });
                                         phone.gets('INVITE', {
    'Call-ID': (value: string) => Object.assign(dialog, { callId: value, theirs: 'alice2-tag' }),
    From: (value: string) => Object.assign(dialog, { ours: tag(value) }),
  });
                                         app.gets('call.initiated');
  phone.sends(200);                      phone.gets('ACK'); app.gets('call.answered');
  return { phone, dialog };
}

/** A call is transferred to somebody, who answers: the two are joined. */
function speaksTo({ app }: World, phone: Peer, own: string, callee: Peer, address: string, of: string): void {
  app.posts('transfer', { to: `sip:callee@${address}` });
                                         callee.gets('INVITE'); app.gets('call.initiated');
  callee.sends(200);                     callee.gets('ACK'); callee.gets('INVITE', noOffer); app.gets('call.answered');
  callee.sends(200, { body: of });       phone.gets('INVITE');
  phone.sends(200, { body: own });       phone.gets('ACK'); callee.gets('ACK');
                                         app.gets('call.bridged'); app.gets('call.bridged');
}

interface Parties {
  /** Alice on her first line, whose call is 0, and carol, whose call is 1. */
  readonly alice: Peer;
  readonly carol: Peer;
  /** Alice on her second line, whose call is 2, and bob, whose call is 3. */
  readonly again: Line;
  readonly bob: Peer;
}

/** Alice has called carol, and then bob on her second line. */
function speaksToBoth(world: World): Parties {
  const { transferee: alice, peer } = world;
  const [carol, onSecond, bob] = [peer('carol'), peer('alice2'), peer('bob')];
  calls(world, alice);
  speaksTo(world, alice, ofAlice, carol, second, ofCarol);
  const again = calls(world, onSecond);
  speaksTo(world, onSecond, ofAliceAgain, bob, fourth, ofBob);
  return { alice, carol, again, bob };
}

/** A REFER to whoever the second line speaks to. `tags`: as its receiver knows them, or as its sender does. */
function names({ dialog }: Line, { tags = 'right', more = '', to = '+13125550100@192.0.2.1:5060' } = {}): Overrides {
  return {
    'Refer-To': `<sip:${to}?Replaces=REPLACES>`,
    'Referred-By': '<sip:alice@atlanta.example>',
    raw: (text) => {
      const { callId, ours, theirs } = dialog;
      const [toTag, fromTag] = tags === 'right' ? [ours, theirs] : [theirs, ours];
      return text.replace('REPLACES', encodeURIComponent(`${callId};to-tag=${toTag};from-tag=${fromTag}${more}`));
    },
  };
}

/** What the transferor hears, and answers. */
function isNotified(transferor: Peer, status: number): void {
  const state = status < 200 ? /^active/ : /^terminated;reason=noresource/;
  transferor.gets('NOTIFY', { Event: /^refer/, 'Subscription-State': state, body: new RegExp(`^SIP/2\\.0 ${status}`) });
  transferor.sends(200, { answers: 'NOTIFY' });
}

function refers({ app }: World, transferor: Peer, refer: Overrides, received: object = {}): void {
  transferor.sends('REFER', refer);      transferor.gets(202); isNotified(transferor, 100);
                                         app.gets('call.refer.received', { replaces_call_control_id: /^v3:/, ...received });
}

/** Carol is asked first, bob is offered what she has, and alice's second call ends. */
function meet({ app }: World, { alice, carol, again, bob }: Parties): void {
                                         carol.gets('INVITE', noOffer);
  carol.sends(200, { body: ofCarol });   bob.gets('INVITE', { body: /m=audio 7000 / });
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); carol.gets('ACK', { body: /m=audio 8000 / });
                                         app.gets('call.bridged', {}, { call: 3 }); app.gets('call.bridged', {}, { call: 1 });
                                         isNotified(alice, 200);
                                         again.phone.gets('BYE');
  again.phone.sends(200);                app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' }, { call: 2 });
}

/** Whom alice has joined speak until one hangs up. */
function areAlone({ app }: World, { carol, bob }: Pick<Parties, 'carol' | 'bob'>): void {
  bob.sends('BYE');                      bob.gets(200); carol.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 3 }); app.gets('call.hangup', {}, { call: 1 });
  carol.sends(200);
}

function leaves({ app }: World, phone: Peer, call: number): void {
  phone.sends('BYE');                    phone.gets(200); app.gets('call.hangup', { hangup_source: 'caller' }, { call });
}

scenario('REFER with Replaces of another call of its sender (the far ends of both are joined)', follow, (world) => {
  const parties = speaksToBoth(world);
  refers(world, parties.alice, names(parties.again), { refer_to: /\?Replaces=/ });
  meet(world, parties);
  leaves(world, parties.alice, 0);
  areAlone(world, parties);
});

scenario('REFER with Replaces, and the transferor does not hang up (so we do)', follow, (world) => {
  const { app, after } = world;
  const parties = speaksToBoth(world);
  refers(world, parties.alice, names(parties.again));
  meet(world, parties);
  after(2_000);                          parties.alice.gets('BYE'); app.gets('call.hangup', { hangup_source: 'callee' }, { call: 0 });
  parties.alice.sends(200);
  areAlone(world, parties);
});

scenario('REFER with Replaces whose tags are the wrong way round (JsSIP#817, opensips#1621)', follow, (world) => {
  const parties = speaksToBoth(world);
  refers(world, parties.alice, names(parties.again, { tags: 'wrong' }));
  meet(world, parties);
  leaves(world, parties.alice, 0);
  areAlone(world, parties);
});

scenario('REFER with Replaces of a call that we have made (freeswitch PR#2773: tags are those of the dialog)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const [carol, onSecond, bob] = [peer('carol'), peer('alice2'), peer('bob')];
  calls(world, alice);
  speaksTo(world, alice, ofAlice, carol, second, ofCarol);
  const again = isCalled(world, onSecond, third);
  speaksTo(world, onSecond, ofAliceAgain, bob, fourth, ofBob);
  refers(world, alice, names(again));
                                         carol.gets('INVITE', noOffer);
  carol.sends(200, { body: ofCarol });   bob.gets('INVITE');
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); carol.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
                                         isNotified(alice, 200); onSecond.gets('BYE');
  onSecond.sends(200);                   app.gets('call.hangup', { hangup_source: 'caller' }, { call: 2 });
  leaves(world, alice, 0);
  areAlone(world, { carol, bob });
});

scenario('REFER with Replaces, on the later of the two calls', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const [carol, onSecond, bob] = [peer('carol'), peer('alice2'), peer('bob')];
  const first = calls(world, alice);
  speaksTo(world, alice, ofAlice, carol, second, ofCarol);
  calls(world, onSecond);
  speaksTo(world, onSecond, ofAliceAgain, bob, fourth, ofBob);
  refers(world, onSecond, names(first));
                                         bob.gets('INVITE', noOffer);
  bob.sends(200, { body: ofBob });       carol.gets('INVITE', { body: /m=audio 8000 / });
  carol.sends(200, { body: ofCarol });   carol.gets('ACK'); bob.gets('ACK'); app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 3 });
                                         isNotified(onSecond, 200); alice.gets('BYE');
  alice.sends(200);                      app.gets('call.hangup', {}, { call: 0 });
  leaves(world, onSecond, 2);
  areAlone(world, { carol, bob });
});

scenario('REFER with Replaces that the application accepts', ask, (world) => {
  const parties = speaksToBoth(world);
  refers(world, parties.alice, names(parties.again));
  world.app.posts('refer_accept', {}, { call: 0 });
  meet(world, parties);
  leaves(world, parties.alice, 0);
  areAlone(world, parties);
});

scenario('REFER with Replaces, and the transferor hangs up on both at once (siphon-sip PR#220: the others meet all the same)', follow, (world) => {
  const { app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  refers(world, alice, names(again));    carol.gets('INVITE', noOffer);
  leaves(world, alice, 0);
  leaves(world, again.phone, 2);
  carol.sends(200, { body: ofCarol });   bob.gets('INVITE');
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); carol.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
  areAlone(world, { carol, bob });
});

scenario('REFER with Replaces, and the target refuses the transferee (all is as it was)', follow, (world) => {
  const { app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  refers(world, alice, names(again));    carol.gets('INVITE', noOffer);
  carol.sends(200, { body: ofCarol });   bob.gets('INVITE');
  bob.sends(488);                        bob.gets('ACK'); carol.gets('ACK', { body: /m=audio 4\d{4} / });
                                         isNotified(alice, 488); carol.gets('INVITE', noOffer); bob.gets('INVITE', { body: /m=audio 4\d{4} / });
  carol.sends(200, { body: ofCarol });   alice.gets('INVITE', { body: /m=audio 7000 / });
  alice.sends(200, { body: ofAlice });   alice.gets('ACK'); carol.gets('ACK', { body: /m=audio 6000 / }); app.gets('call.bridged', {}, { call: 0 }); app.gets('call.bridged', {}, { call: 1 });
  // He has our own sound until he is asked.
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); bob.gets('INVITE', noOffer);
  bob.sends(200, { body: ofBob });       again.phone.gets('INVITE', { body: /m=audio 8000 / });
  again.phone.sends(200, { body: ofAliceAgain });
                                         again.phone.gets('ACK'); bob.gets('ACK', { body: /m=audio 6002 / }); app.gets('call.bridged', {}, { call: 2 }); app.gets('call.bridged', {}, { call: 3 });
  alice.sends('BYE');                    alice.gets(200); carol.gets('BYE'); app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
  carol.sends(200);
  again.phone.sends('BYE');              again.phone.gets(200); bob.gets('BYE'); app.gets('call.hangup', {}, { call: 2 }); app.gets('call.hangup', {}, { call: 3 });
  bob.sends(200);
});

scenario('REFER with Replaces, and the target hangs up before it hears the transferee (who goes back to the transferor)', follow, (world) => {
  const { app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  refers(world, alice, names(again));    carol.gets('INVITE', noOffer);
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 3 });
                                         isNotified(alice, 480); again.phone.gets('BYE');
  again.phone.sends(200);                app.gets('call.hangup', {}, { call: 2 });
  carol.sends(200, { body: ofCarol });   alice.gets('INVITE', { body: /m=audio 7000 / });
  alice.sends(200, { body: ofAlice });   alice.gets('ACK'); carol.gets('ACK', { body: /m=audio 6000 / }); app.gets('call.bridged'); app.gets('call.bridged');
  alice.sends('BYE');                    alice.gets(200); carol.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  carol.sends(200);
});

scenario('REFER with Replaces of a call with the application alone (which has the transferee to itself then)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const [carol, onSecond] = [peer('carol'), peer('alice2')];
  calls(world, alice);
  speaksTo(world, alice, ofAlice, carol, second, ofCarol);
  const again = calls(world, onSecond);
  refers(world, alice, names(again));    carol.gets('INVITE', { body: /m=audio 4\d{4} / });
                                         isNotified(alice, 200); onSecond.gets('BYE');
  onSecond.sends(200);                   app.gets('call.hangup', {}, { call: 2 });
  carol.sends(200, { body: ofCarol });   carol.gets('ACK');
  leaves(world, alice, 0);
  app.posts('hangup', {}, { call: 1 });  carol.gets('BYE'); app.gets('call.hangup', {}, { call: 1 });
  carol.sends(200);
});

scenario('REFER with Replaces on a call with the application alone (which has the target to itself then)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const [bob, onSecond] = [peer('bob'), peer('alice2')];
  calls(world, alice);
  const again = calls(world, onSecond);
  speaksTo(world, onSecond, ofAliceAgain, bob, second, ofBob);
  refers(world, alice, names(again));    bob.gets('INVITE', { body: /m=audio 4\d{4} / });
                                         isNotified(alice, 200); onSecond.gets('BYE');
  onSecond.sends(200);                   app.gets('call.hangup', {}, { call: 1 });
  bob.sends(200, { body: ofBob });       bob.gets('ACK');
  leaves(world, alice, 0);
  app.posts('hangup', {}, { call: 2 });  bob.gets('BYE'); app.gets('call.hangup', {}, { call: 2 });
  bob.sends(200);
});

scenario('REFER with Replaces where the application alone is on both calls (603: nobody to join, nothing is lost)', follow, (world) => {
  const { transferee: alice, peer } = world;
  const onSecond = peer('alice2');
  const first = calls(world, alice);
  const again = calls(world, onSecond);
  refers(world, alice, names(again));    isNotified(alice, 603);
  refers(world, onSecond, names(again)); isNotified(onSecond, 603);
  refers(world, onSecond, names(first)); isNotified(onSecond, 603);
  leaves(world, alice, 0);
  leaves(world, onSecond, 1);
});

scenario('REFER with Replaces of a call that is over (freeswitch#2391: 603, and the call goes on)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const onSecond = peer('alice2');
  calls(world, alice);
  const again = calls(world, onSecond);
  leaves(world, onSecond, 1);
  alice.sends('REFER', names(again));    alice.gets(202); isNotified(alice, 100);
                                         isNotified(alice, 603); app.gets('call.refer.received', { replaces_call_control_id: undefined });
  hangsUp(world);
});

scenario('REFER with Replaces of a call that we have forgotten (freeswitch#2391: 481, and the call goes on)', follow, (world) => {
  const { app, transferee: alice, peer, after } = world;
  const onSecond = peer('alice2');
  calls(world, alice);
  const again = calls(world, onSecond);
  leaves(world, onSecond, 1);
  after(60_000);
  alice.sends('REFER', names(again));    alice.gets(202); isNotified(alice, 100);
                                         isNotified(alice, 481); app.gets('call.refer.received', { replaces_call_control_id: undefined });
  hangsUp(world);
});

scenario('REFER with Replaces of a call that vanishes while the application thinks (603)', ask, (world) => {
  const { app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  refers(world, alice, names(again));
  again.phone.sends('BYE');              again.phone.gets(200); bob.gets('BYE'); app.gets('call.hangup', {}, { call: 2 }); app.gets('call.hangup', {}, { call: 3 });
  bob.sends(200);
  app.posts('refer_accept', {}, { call: 0 });
                                         isNotified(alice, 603);
  alice.sends('BYE');                    alice.gets(200); carol.gets('BYE'); app.gets('call.hangup'); app.gets('call.hangup');
  carol.sends(200);
});

scenario('REFER with Replaces of an early dialog that is answered by now (486)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const onSecond = peer('alice2');
  calls(world, alice);
  const again = calls(world, onSecond);
  alice.sends('REFER', names(again, { more: ';early-only' }));
                                         alice.gets(202); isNotified(alice, 100);
                                         isNotified(alice, 486); app.gets('call.refer.received');
  leaves(world, onSecond, 1);
  hangsUp({ ...world, transferee: alice });
});

scenario('REFER with Replaces of a dialog of another one (it is dialled, and told whose place to take)', follow, (world) => {
  const { app, transferee: alice, peer } = world;
  const bob = peer('bob');
  calls(world, alice);
  alice.sends('REFER', { 'Refer-To': `<sip:bob@${second}?Replaces=c%40x%3Bto-tag%3Da%3Bfrom-tag%3Db>` });
                                         alice.gets(202); isNotified(alice, 100); app.gets('call.refer.received', { replaces_call_control_id: undefined });
                                         bob.gets('INVITE', { Replaces: 'c@x;to-tag=a;from-tag=b' }); app.gets('call.initiated');
  bob.sends(481);                        isNotified(alice, 481); bob.gets('ACK'); app.gets('call.hangup');
  hangsUp(world);
});

scenario('REFER with Replaces, killed while the others are being joined (they meet after the start)', follow, (world) => {
  const { restarts, app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  refers(world, alice, names(again));    carol.gets('INVITE', noOffer);
  restarts();
  carol.sends(200, { body: ofCarol });   bob.gets('INVITE');
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); carol.gets('ACK'); app.gets('call.bridged'); app.gets('call.bridged');
                                         isNotified(alice, 200); again.phone.gets('BYE');
  again.phone.sends(200);                app.gets('call.hangup', {}, { call: 2 });
  leaves(world, alice, 0);
  areAlone(world, { carol, bob });
});

scenario('REFER with Replaces right behind the hold of the second call, which the target has not answered yet', follow, (world) => {
  const { app } = world;
  const { alice, carol, again, bob } = speaksToBoth(world);
  again.phone.sends('INVITE', { body: sdp(third, 6_002, 'sendonly') });
                                         again.phone.gets(100); bob.gets('INVITE', { body: /a=sendonly/ });
  refers(world, alice, names(again));    again.phone.gets(487); carol.gets('INVITE', noOffer);
  again.phone.sends('ACK');
  carol.sends(200, { body: ofCarol });
  bob.sends(200, { body: sdp(fourth, 8_000, 'recvonly') });
                                         bob.gets('ACK'); bob.gets('INVITE', { body: /m=audio 7000 [\s\S]*a=sendrecv/ });
  bob.sends(200, { body: ofBob });       bob.gets('ACK'); carol.gets('ACK', { body: /m=audio 8000 [\s\S]*a=sendrecv/ });
                                         app.gets('call.bridged', {}, { call: 3 }); app.gets('call.bridged', {}, { call: 1 });
                                         isNotified(alice, 200); again.phone.gets('BYE');
  again.phone.sends(200);                app.gets('call.hangup', {}, { call: 2 });
  leaves(world, alice, 0);
  areAlone(world, { carol, bob });
});
