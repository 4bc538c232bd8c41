// baresip calls in and is referred: it accepts the REFER, really calls the third party, which is SIPp, and reports back.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TransportName } from '../../src/sip/transport/transport.ts';
import type { Conversation } from './support/application.ts';
import { Baresip } from './support/baresip.ts';
import { without } from './support/peers.ts';
import { answers, answersInvite, gets, type Step, sdp } from './support/scenario.ts';
import { Scope } from './support/scope.ts';
import { Sipp } from './support/sipp.ts';
import { openWorld, type World } from './support/world.ts';

/*
 * What baresip 1.0.0 sends, and most peers do not: the sipfrag ends in a bare LF, its Content-Type has no version, the
 * Event has the id of the very first REFER already; there is no NOTIFY for the 180, and no BYE after success.
 *
 *   NOTIFY sip:third@127.0.0.1:25092;transport=udp SIP/2.0
 *   Event: refer;id=1
 *   Subscription-State: active;expires=60
 *   Content-Type: message/sipfrag
 *   Content-Length: 19
 *
 *   SIP/2.0 100 Trying<LF>
 */

/** How many RTP packets must have come from it: it sends fifty a second. */
const fewPackets = 5;

const takesTheCall: readonly Step[] = [
  gets('INVITE', { headers: { 'User-Agent': 'baresip' } }),
  answersInvite('180 Ringing'),
  answersInvite('200 OK', { body: sdp() }),
  gets('ACK'),
  gets('BYE'),
  answers('200 OK'),
];
const isBusy: readonly Step[] = [
  gets('INVITE', { headers: { 'User-Agent': 'baresip' } }),
  answersInvite('486 Busy Here'),
  gets('ACK'),
];

interface Party {
  readonly call: Conversation;
  readonly baresip: Baresip;
  readonly third: Sipp;
}

/** A call from baresip that is answered and referred. */
async function referred(
  scope: Scope,
  { server, app }: World,
  transport: TransportName,
  steps: readonly Step[],
  user: string,
): Promise<Party> {
  const third = await Sipp.open(scope, 'third party', { transport, steps });
  const baresip = await Baresip.open(scope, { transport, server: server.sipPort });
  baresip.calls(`sip:${user}@127.0.0.1:${server.sipPort}`);
  const call = await app.called(user);
  await call.answer();
  await call.gets('call.answered');
  await baresip.program.line(/incoming rtp for 'audio' established/);
  await call.refer(`sip:third@127.0.0.1:${third.port}${transport === 'tcp' ? ';transport=tcp' : ''}`);
  await call.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
  return { call, baresip, third };
}

async function completed(t: TestContext, world: World, transport: TransportName): Promise<void> {
  const user = 'completed';
  const { call, baresip, third } = await referred(new Scope(t), world, transport, takesTheCall, user);
  await call.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [100, 200] });
  const { call_control_id: id } = await call.gets('call.hangup', {
    hangup_cause: 'normal_clearing',
    hangup_source: 'callee',
  });
  assert.equal(id, call.id);
  const { sent, received, errors } = await baresip.counts();
  assert.deepEqual([received, errors], [1, [0, 0]], 'our first packet opens the path, the next is due in 15 s');
  const { packets } = await world.server.logged(/RTP port released/);
  assert.ok(Number(packets) >= fewPackets, `${packets} RTP packets came`);
  assert.ok(Number(packets) <= sent);
  await baresip.leaves();
  await third.succeeds();
}

async function busy(t: TestContext, world: World, transport: TransportName): Promise<void> {
  const user = 'busy';
  const { call, baresip, third } = await referred(new Scope(t), world, transport, isBusy, user);
  await call.gets('call.refer.failed', {
    sip_notify_response: 486,
    notify_sip_responses: [100, 486],
    failure_reason: 'busy',
  });
  await third.succeeds();
  assert.equal(await call.isAlive(), true);
  await call.hangup();
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  const { errors } = await baresip.counts();
  assert.deepEqual(errors, [0, 0]);
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`baresip is referred over ${transport}`, { skip: without('baresip', 'sipp') }, async (t) => {
    const world = await openWorld(new Scope(t), { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
    await t.test('the third party answers', (t) => completed(t, world, transport));
    await t.test('the third party is busy', (t) => busy(t, world, transport));
  });
}
