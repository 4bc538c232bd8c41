// Kamailio between the caller and Switchhook, with two Record-Routes and a challenge for every REFER: what leaves us goes
// through both of its ports in the right order (livekit/sip#771), and what comes back does too.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TransportName } from '../../src/sip/transport/transport.ts';
import type { Conversation } from './support/application.ts';
import { Kamailio, secret } from './support/kamailio.ts';
import { without } from './support/peers.ts';
import { acks, answers, gets, invite, notifies, rings, type Step, sends } from './support/scenario.ts';
import { Scope } from './support/scope.ts';
import { Sipp } from './support/sipp.ts';
import { openWorld, type World } from './support/world.ts';

const target = 'sip:bob@biloxi.example';
const isAnswered = [invite(), ...rings, gets(200), acks()];

interface Path extends World {
  readonly kamailio: Kamailio;
  readonly transport: TransportName;
}

/** A call through the proxy that is answered. */
async function called(
  t: TestContext,
  { app, kamailio, transport }: Path,
  user: string,
  steps: readonly Step[],
): Promise<{ call: Conversation; sipp: Sipp }> {
  const sipp = await Sipp.open(new Scope(t), user, { transport, steps, calls: { user, port: kamailio.outer } });
  const call = await app.called(user);
  await call.answer();
  await call.gets('call.answered');
  return { call, sipp };
}

async function passes(t: TestContext, path: Path): Promise<void> {
  const { call, sipp } = await called(t, path, 'with-credentials', [
    ...isAnswered,
    gets('REFER', { headers: { CSeq: '2 REFER', 'Refer-To': `<${target}>` } }),
    answers('202 Accepted'),
    notifies('SIP/2.0 100 Trying', 'active;expires=60', '2'),
    gets(200),
    notifies('SIP/2.0 200 OK', 'terminated;reason=noresource', '2'),
    gets(200),
    gets('BYE', { headers: { CSeq: '3 BYE' } }),
    answers('200 OK'),
  ]);
  await call.refer(target, secret);
  await call.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
  await call.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [100, 200] });
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  await sipp.succeeds();
}

async function isRefused(t: TestContext, path: Path): Promise<void> {
  const { call, sipp } = await called(t, path, 'without-credentials', [...isAnswered, gets('BYE'), answers('200 OK')]);
  await call.refer(target);
  await call.gets('call.refer.failed', { sip_notify_response: 407, refer_sip_response: 407, failure_reason: 'failed' });
  const wrong = { ...secret, sip_auth_password: 'jabberwocky' };
  await call.refer(target, wrong);
  await call.gets('call.refer.failed', { sip_notify_response: 407, refer_sip_response: 407 });
  assert.equal(await call.isAlive(), true);
  await call.hangup();
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  await sipp.succeeds();
}

/** RFC 3261 §18.1.1: over 1,300 bytes it goes by TCP; the proxy takes it there, and passes it on by UDP. */
async function isLarge(t: TestContext, path: Path): Promise<void> {
  const { call, sipp } = await called(t, path, 'large', [
    ...isAnswered,
    gets('REFER', { has: ['Via: SIP/2.0/TCP 127', 'X-Long: x{2000}'] }),
    answers('202 Accepted'),
    notifies('SIP/2.0 200 OK', 'terminated;reason=noresource', '2'),
    gets(200),
    gets('BYE'),
    answers('200 OK'),
  ]);
  const custom_headers = [{ name: 'X-Long', value: 'x'.repeat(2_000) }];
  await call.refer(target, { ...secret, custom_headers });
  await call.gets('call.refer.started');
  await call.gets('call.refer.completed', { sip_notify_response: 200 });
  await call.gets('call.hangup');
  await sipp.succeeds();
}

async function callerLeaves(t: TestContext, path: Path): Promise<void> {
  const { call, sipp } = await called(t, path, 'caller-leaves', [...isAnswered, sends('BYE'), gets(200)]);
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller' });
  await sipp.succeeds();
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`Kamailio between, over ${transport}`, { skip: without('kamailio', 'sipp'), concurrency: 3 }, async (t) => {
    const scope = new Scope(t);
    const world = await openWorld(scope, { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
    const kamailio = await Kamailio.open(scope, world.server.sipPort);
    const path = { ...world, kamailio, transport };
    await Promise.all([
      t.test('a refer with credentials passes and completes', (t) => passes(t, path)),
      t.test('a refer without the right credentials fails, the call goes on', (t) => isRefused(t, path)),
      t.test('a refer that is too large for a datagram', (t) => isLarge(t, path)),
      t.test('the caller leaves', (t) => callerLeaves(t, path)),
    ]);
  });
}
