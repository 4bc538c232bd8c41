// Attended transfer (RFC 5589 §7): the peer of one call is sent to the peer of another, and takes our place with it. The
// Replaces in Refer-To is read as the target would read it: by what it saw of its own call, whoever of us made that one.
import assert from 'node:assert/strict';
import { answers, notifies } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Heard } from '../support/text.ts';
import type { Peer, World } from '../support/world.ts';

/** What the target knows of its call with us. */
interface Seen {
  callId: string;
  ourTag: string;
}

type Direction = 'inbound' | 'outbound';

const tag = (address: string): string => /;tag=([^;]+)/.exec(address)?.[1] ?? '';
/** What the templates of the peers say of themselves. */
const tagOf = { transferee: 'alice-tag', bob: 'bob-tag' } as const;

/** A call of one of the directions is up. What its peer has seen of it is in what comes back, once it was played. */
function isUp({ app }: World, peer: Peer, address: string, direction: Direction): Seen {
  const seen: Seen = { callId: '', ourTag: '' };
  const sees = (header: 'From' | 'To') => ({
    [header]: (value: string) => Object.assign(seen, { ourTag: tag(value) }),
    'Call-ID': (callId: string) => Object.assign(seen, { callId }),
  });
  if (direction === 'inbound') {
    answers({ transferee: { ...peer, gets: (what, more) => peer.gets(what, what === 200 ? sees('To') : more) }, app });
    return seen;
  }
  app.dials({ to: address });            peer.gets('INVITE', sees('From')); app.gets('call.initiated');
  peer.sends(200);                       peer.gets('ACK'); app.gets('call.answered');
  return seen;
}

/** The target's own tag is its to-tag, and ours is its from-tag (RFC 3891 §3). */
const names = (seen: Seen, uri: string, itsTag: string, more = '') => (value: string, _heard: Heard): void =>
  assert.equal(
    value,
    `<${uri}?Replaces=${encodeURIComponent(`${seen.callId};to-tag=${itsTag};from-tag=${seen.ourTag}`)}${more}>`,
  );

const bobsContact = 'sip:bob@192.0.2.20:5060';

/** Both are up, and the first one was told to take the second one's place. */
function isSentToBob(world: World, { first = 'inbound', second = 'outbound', body = {} }: { first?: Direction; second?: Direction; body?: object } = {}): Peer {
  const { transferee, app, peer } = world;
  const bob = peer('bob');
  isUp(world, transferee, 'sip:alice@192.0.2.10', first);
  const seen = isUp(world, bob, 'sip:bob@192.0.2.20', second);
  app.posts('refer', { replaces_call_control_id: app.idOf(1), ...body }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': names(seen, bobsContact, tagOf.bob) });
  transferee.sends(202);                 app.gets('call.refer.started', { refer_to: /^sip:bob@192\.0\.2\.20:5060\?Replaces=/ }, { call: 0 });
  return bob;
}

for (const first of ['inbound', 'outbound'] as const) {
  for (const second of ['inbound', 'outbound'] as const) {
    scenario(`refer attended, ${first} to ${second} (the target knows the dialog, and ends it)`, (world) => {
      const { transferee, app, after } = world;
      const bob = isSentToBob(world, { first, second });
      bob.sends('BYE');                  bob.gets(200); app.gets('call.hangup', { hangup_source: second === 'inbound' ? 'caller' : 'callee' }, { call: 1 });
      notifies(world, '200 OK');         app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
      after(300);
      transferee.sends('BYE');           transferee.gets(200); app.gets('call.hangup', { hangup_source: first === 'inbound' ? 'caller' : 'callee' }, { call: 0 });
    });
  }
}

scenario('refer attended, back to the caller (the call that is referred is the later one)', (world) => {
  const { transferee, app, peer, after } = world;
  const bob = peer('bob');
  const seen = isUp(world, transferee, '', 'inbound');
  isUp(world, bob, 'sip:bob@192.0.2.20', 'outbound');
  app.posts('refer', { replaces_call_control_id: app.idOf(0), custom_headers: [{ name: 'X-A', value: '1' }] }, { call: 1 });
                                         bob.gets('REFER', { 'X-A': '1', 'Refer-To': names(seen, 'sip:alice@192.0.2.10:5060', tagOf.transferee, '&X-A=1') });
  bob.sends(202);                        app.gets('call.refer.started', {}, { call: 1 });
  notifies({ ...world, transferee: bob }, '200 OK');
                                         app.gets('call.refer.completed', {}, { call: 1 });
  transferee.sends('BYE');               transferee.gets(200); app.gets('call.hangup', {}, { call: 0 });
  after(1_000);                          bob.gets('BYE');
  bob.sends(200);                        app.gets('call.hangup', {}, { call: 1 });
});

scenario('refer attended, and nobody says BYE (we end both calls after the grace)', (world) => {
  const { transferee, app, after } = world;
  const bob = isSentToBob(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', {}, { call: 0 });
  after(999);                            bob.getsNothing(); transferee.getsNothing();
  after(1);                              transferee.gets('BYE'); bob.gets('BYE');
  transferee.sends(200);
  bob.sends(200);                        app.gets('call.hangup', { hangup_source: 'callee' }, { call: 0 }); app.gets('call.hangup', { hangup_source: 'caller' }, { call: 1 });
});

scenario('refer attended, killed in the grace (the grace goes on)', (world) => {
  const { transferee, app, after, restarts } = world;
  const bob = isSentToBob(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed', {}, { call: 0 });
  after(500);
  restarts();
  after(500);                            transferee.gets('BYE'); bob.gets('BYE');
  transferee.sends(200);
  bob.sends(200);                        app.gets('call.hangup', {}, { call: 0 }); app.gets('call.hangup', {}, { call: 1 });
});

scenario('refer attended in vain (both calls go on)', (world) => {
  const { app, after } = world;
  const bob = isSentToBob(world);
  notifies(world, '481 Call/Transaction Does Not Exist');
                                         app.gets('call.refer.failed', { sip_notify_response: 481 }, { call: 0 });
  after(5_000);                          bob.getsNothing(); app.reads({ is_alive: true }, { call: 0 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  app.posts('hangup', {}, { call: 0 });  world.transferee.gets('BYE');
  world.transferee.sends(200);           app.gets('call.hangup', {}, { call: 0 });
});

scenario('refer attended, to an address of our choice (a phone whose Contact nobody else can reach)', (world) => {
  const { transferee, app, peer } = world;
  const bob = peer('bob');
  answers(world);
  const seen = isUp(world, bob, 'sip:bob@192.0.2.20', 'outbound');
  app.posts('refer', { replaces_call_control_id: app.idOf(1), sip_address: 'sip:bob@biloxi.example' }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': names(seen, 'sip:bob@biloxi.example', tagOf.bob) });
  transferee.sends(603);                 app.gets('call.refer.failed', { sip_notify_response: 603 }, { call: 0 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  app.posts('hangup', {}, { call: 0 });  transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', {}, { call: 0 });
});

scenario('refer attended of two calls that are bridged (the BYE of the one leaves the refer of the other alone)', (world) => {
  const { transferee, app, peer, after } = world;
  const bob = peer('bob');
  answers(world);
  const seen = isUp(world, bob, 'sip:bob@192.0.2.20', 'outbound');
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('INVITE');
  transferee.sends(200);                 bob.gets('INVITE');
  bob.sends(200);                        bob.gets('ACK'); transferee.gets('ACK'); app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  app.posts('refer', { replaces_call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': names(seen, bobsContact, tagOf.bob) });
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 }); transferee.gets('INVITE');
  transferee.sends(200);                 transferee.gets('ACK');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 });
  after(1_000);                          transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', {}, { call: 0 });
});

scenario('refer attended of two calls that are bridged, and the one that is referred leaves first (the other waits to be replaced)', (world) => {
  const { transferee, app, peer } = world;
  const bob = peer('bob');
  answers(world);
  const seen = isUp(world, bob, 'sip:bob@192.0.2.20', 'outbound');
  app.posts('bridge', { call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('INVITE');
  transferee.sends(200);                 bob.gets('INVITE');
  bob.sends(200);                        bob.gets('ACK'); transferee.gets('ACK'); app.gets('call.bridged', {}, { call: 1 }); app.gets('call.bridged', {}, { call: 0 });
  app.posts('refer', { replaces_call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': names(seen, bobsContact, tagOf.bob) });
  transferee.sends(202);                 app.gets('call.refer.started', {}, { call: 0 });
  transferee.sends('BYE');               transferee.gets(200); bob.getsNothing();
  bob.sends('INVITE');                   bob.gets(100); bob.gets(491);
  bob.sends('ACK');
  notifies(world, '200 OK');             app.gets('call.refer.completed', { sip_notify_response: 200 }, { call: 0 }); bob.gets('BYE');
                                         app.gets('call.hangup', {}, { call: 1 }); app.gets('call.hangup', {}, { call: 0 });
  bob.sends(200);
});

scenario('refer attended, refused (every call that cannot be replaced, and the field that says so)', (world) => {
  const { app, peer } = world;
  const bob = peer('bob');
  const pointer = '/replaces_call_control_id';
  answers(world);
  const tried = (body: object, code: string, at: string) => app.posts('refer', body, { status: 422, code, pointer: at, call: 0 });
  tried({}, '10004', '/sip_address');
  tried({ replaces_call_control_id: 'v3:nobody' }, '90015', pointer);
  tried({ replaces_call_control_id: app.idOf(0) }, '10015', pointer);
  app.dials({ to: 'sip:bob@192.0.2.20' });
                                         bob.gets('INVITE'); app.gets('call.initiated');
  tried({ replaces_call_control_id: app.idOf(1) }, '90034', pointer);
  bob.sends(200);                        bob.gets('ACK'); app.gets('call.answered');
  tried({ replaces_call_control_id: app.idOf(1), sip_address: 'tel:+13125550100' }, '10015', '/sip_address');
  tried({ replaces_call_control_id: app.idOf(1), sip_address: 'sip:bob@biloxi.example?Replaces=a' }, '10015', '/sip_address');
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  tried({ replaces_call_control_id: app.idOf(1) }, '90018', pointer);
  app.posts('hangup', {}, { call: 0 });  world.transferee.gets('BYE');
  world.transferee.sends(200);           app.gets('call.hangup', {}, { call: 0 });
});

scenario('refer attended, refused with 403 (pjproject#4792: failed, and both calls go on)', (world) => {
  const { transferee, app, peer } = world;
  const bob = peer('bob');
  answers(world);
  isUp(world, bob, 'sip:bob@192.0.2.20', 'outbound');
  app.posts('refer', { replaces_call_control_id: app.idOf(1) }, { call: 0 });
                                         transferee.gets('REFER', { 'Refer-To': /Replaces=/ });
  transferee.sends(403);                 app.gets('call.refer.failed', { sip_notify_response: 403, failure_reason: 'failed' }, { call: 0 });
  bob.sends('BYE');                      bob.gets(200); app.gets('call.hangup', {}, { call: 1 });
  app.posts('hangup', {}, { call: 0 });  transferee.gets('BYE');
  transferee.sends(200);                 app.gets('call.hangup', {}, { call: 0 });
});
