// Phones that are joined with each other (RFC 3725): one calls in and is transferred to another, each is offered anew what
// the other one has, and what they say goes from one to the other without us. Then one leaves, or refers the other on.
import { type TestContext, test } from 'node:test';
import { Baresip } from './support/baresip.ts';
import { Linphone } from './support/linphone.ts';
import { without } from './support/peers.ts';
import {
  areJoined,
  bridged,
  ends,
  isAnswered,
  isHeardBy,
  type Kind,
  openSite,
  type Pair,
  registers,
  type Site,
  type Transport,
} from './table/parties.ts';

const transports = ['udp', 'tcp'] as const;
/** The names of the phones that are called. */
const [other, third] = ['other', 'third'];

/** baresip has called in and is talking to who it was transferred to. */
async function isTalking(site: Site, open: Kind): Promise<Pair> {
  const { scope, world, transport } = site;
  const called = await registers(site, other, open);
  const calling = await Baresip.open(scope, { transport, server: world.ports[transport] });
  return bridged(site, calling, called, { desk: 'desk', name: other });
}

async function isBridged(t: TestContext, transport: Transport, open: Kind): Promise<void> {
  const { caller, callee } = await isTalking(await openSite(t, transport, [other, third]), open);
  await isHeardBy(callee);
  if (open === Baresip.open) await isHeardBy(caller);
  callee.phone.hangsUp();
  await ends(callee, caller);
}

/** The caller refers the other one to a third: it is out, and the two are joined. */
async function isTransferred(t: TestContext, transport: Transport, open: Kind): Promise<void> {
  const site = await openSite(t, transport, [other, third]);
  const { app, wire, ports } = site.world;
  const { caller, callee } = await isTalking(site, open);
  const phone = await registers(site, third, Baresip.open);
  const dialog = wire.dialog('out INVITE', `sip:${third}@`);
  caller.phone.refersTo(`sip:${third}@127.0.0.1:${ports[transport]}`);
  await caller.dialog.sees('in REFER', `sip:${third}@`);
  await caller.dialog.sees('out 202 REFER');
  await caller.call.gets('call.refer.received');
  const target = await isAnswered({ phone, call: await app.calling(third), dialog });
  await caller.dialog.sees('out NOTIFY', 'SIP/2.0 200 OK');
  await areJoined(target, callee);
  await caller.call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller' });
  await isHeardBy(callee);
  target.phone.hangsUp();
  await ends(target, callee);
}

for (const transport of transports) {
  test(`baresip is bridged over ${transport}`, { skip: without('baresip', 'linphonec', 'script') }, async (t) => {
    await t.test('with linphonec', (t) => isBridged(t, transport, Linphone.open));
    await t.test('with another baresip', (t) => isBridged(t, transport, Baresip.open));
    await t.test('and transfers linphonec to a third', (t) => isTransferred(t, transport, Linphone.open));
  });
}
