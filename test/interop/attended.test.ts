// Attended transfer (RFC 5589 §7) with real phones. One has two calls with us and refers the one to the other: whoever it
// spoke to are joined, and hear each other. And we refer one phone to the place of another: it takes it, without us.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Baresip } from './support/baresip.ts';
import { Linphone } from './support/linphone.ts';
import { without } from './support/peers.ts';
import {
  areJoined,
  bridged,
  ends,
  isHeardBy,
  openSite,
  type Pair,
  type Party,
  registers,
  type Site,
  type Talker,
} from './table/parties.ts';
import { answered, uriOf } from './table/place.ts';
import { header } from './table/wire.ts';

const transport = 'udp';
/** Whom the transferor speaks to, and how it calls in for that. */
const [carol, bob] = ['carol', 'bob'];
const toCarol = { desk: 'first', name: carol };
const toBob = { desk: 'second', name: bob };

/** A phone with two calls, and what its user does to have the others speak with each other: the REFER is of the second one. */
interface Transferor {
  readonly open: (site: Site) => Promise<Talker>;
  /** Before it calls again. */
  readonly turnsAway: (first: Party) => Promise<unknown>;
  readonly transfers: (phone: Talker, site: Site) => void;
}

const tagIn = (message: string, name: string): string => /;tag=([^;>\s]+)/.exec(header(message, name) ?? '')?.[1] ?? '';

/** The names of a dialog that the phone has begun, as its other side knows them (RFC 3891 §3), escaped for a URI. */
function replacesOf({ passed }: Site['world']['wire'], desk: string): string {
  const ok = passed.find(({ what, text }) => what === 'out 200 INVITE' && header(text, 'To')?.includes(`sip:${desk}@`));
  assert.ok(ok, `the call to ${desk} was answered`);
  return encodeURIComponent(`${ok.callId};to-tag=${tagIn(ok.text, 'To')};from-tag=${tagIn(ok.text, 'From')}`);
}

const options = ({ world }: Site) => ({ transport, server: world.ports[transport] }) as const;

/** 1.0.0 knows no Replaces, but writes into Refer-To what its user gives it. */
const baresip: Transferor = {
  open: (site) => Baresip.open(site.scope, options(site)),
  turnsAway: async () => {},
  transfers: (phone, { world }) =>
    phone.refersTo(`${uriOf(world, toCarol.desk, transport)}?Replaces=${replacesOf(world.wire, toCarol.desk)}`),
};

/** It makes no second call before the first one is on hold. */
const linphone: Transferor = {
  open: (site) => Linphone.open(site.scope, options(site)),
  turnsAway: async ({ phone, dialog }) => {
    phone.holds();
    await dialog.sees('in INVITE', /a=(?:sendonly|inactive)/);
    await dialog.sees('out 200 INVITE');
    await dialog.sees('in ACK');
  },
  transfers: (phone) => (phone as Linphone).refersToCall(2, 1),
};

/** The phone has called twice, its other sides are joined, and its calls end. */
async function isHandedOver(site: Site, { open, turnsAway, transfers }: Transferor): Promise<Pair> {
  const [ofCarol, ofBob] = [await registers(site, carol, Baresip.open), await registers(site, bob, Baresip.open)];
  const transferor = await open(site);
  const first = await bridged(site, transferor, ofCarol, toCarol);
  await turnsAway(first.caller);
  const second = await bridged(site, transferor, ofBob, toBob);
  transfers(transferor, site);
  await second.caller.dialog.sees('in REFER', 'Replaces=');
  await second.caller.dialog.sees('out 202 REFER');
  await second.caller.call.gets('call.refer.received', { replaces_call_control_id: first.caller.call.id });
  await areJoined(second.callee, first.callee);
  await second.caller.dialog.sees('out NOTIFY', 'SIP/2.0 200 OK');
  await first.caller.dialog.sees('out BYE');
  await first.caller.call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  await second.caller.call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  return { caller: second.callee, callee: first.callee };
}

async function isTransferred(t: TestContext, transferor: Transferor): Promise<void> {
  const site = await openSite(t, transport, [carol, bob]);
  const { caller, callee } = await isHandedOver(site, transferor);
  await isHeardBy(caller);
  await isHeardBy(callee);
  callee.phone.hangsUp();
  await ends(callee, caller);
}

test(
  'baresip with two calls refers the one to the other, and the two it spoke to hear each other',
  {
    skip: without('baresip'),
  },
  (t) => isTransferred(t, baresip),
);

test(
  'linphonec with two calls transfers the one to the other, and the two it spoke to hear each other',
  {
    skip: without('baresip', 'linphonec', 'script'),
  },
  (t) => isTransferred(t, linphone),
);

test('linphonec is referred to the place of another linphonec (replaces_call_control_id), and the two are in a call', {
  skip: without('linphonec', 'script'),
}, async (t) => {
  const site = await openSite(t, transport, [bob]);
  const { world, scope } = site;
  const called = await registers(site, bob, Linphone.open);
  const calling = await Linphone.open(scope, options(site));
  const [ofCaller, ofCallee] = [
    world.wire.dialog('in INVITE', 'sip:desk@'),
    world.wire.dialog('out INVITE', `sip:${bob}@`),
  ];
  calling.calls(uriOf(world, 'desk', transport));
  const call = await answered(world, 'desk');
  const other = await world.app.dials(`sip:${bob}@127.0.0.1:${world.ports[transport]}`);
  await other.gets('call.answered');
  const said = [called.program.lines.length, calling.program.lines.length] as const;
  await call.refersToPlaceOf(other);
  await ofCaller.sees('out REFER', 'Replaces=');
  await call.gets('call.refer.started');
  await call.gets('call.refer.completed', { sip_notify_response: 200 });
  await ofCallee.sees('in BYE');
  await other.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  await called.program.line(called.isInCall, said[0]);
  await calling.program.line(calling.isInCall, said[1]);
});
