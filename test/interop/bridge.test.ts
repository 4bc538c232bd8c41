// Phones that are joined with each other (RFC 3725): one calls in and is transferred to another, each is offered anew what
// the other one has, and what they say goes from one to the other without us. Then one leaves, or refers the other on.
import { type TestContext, test } from 'node:test';
import type { Conversation } from './support/application.ts';
import { Baresip } from './support/baresip.ts';
import { Linphone } from './support/linphone.ts';
import { without } from './support/peers.ts';
import type { Phone, PhoneOptions } from './support/phone.ts';
import { Scope } from './support/scope.ts';
import { answered, openWorld, phonesFile, uriOf, type World } from './table/place.ts';
import type { Dialog } from './table/wire.ts';

const transports = ['udp', 'tcp'] as const;
type Transport = (typeof transports)[number];
/** The names of the phones that are called. */
const [other, third] = ['other', 'third'];
const password = 'wonderland';

type Kind = (scope: Scope, options: PhoneOptions) => Promise<Talker>;
/** What it says while somebody speaks to it: 10 kbit/s and more. Of us it gets one packet, which opens the path. */
type Talker = Phone & { readonly isHearing: RegExp };

interface Site {
  readonly scope: Scope;
  readonly world: World;
  readonly transport: Transport;
}

interface Party {
  readonly phone: Talker;
  readonly call: Conversation;
  readonly dialog: Dialog;
}

interface Pair {
  readonly caller: Party;
  readonly callee: Party;
}

async function openSite(t: TestContext, transport: Transport): Promise<Site> {
  const scope = new Scope(t);
  const settings = { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' };
  const world = await openWorld(scope, { file: phonesFile([other, third]), settings });
  return { scope, world, transport };
}

/** A phone that can be called by its name. */
async function registers({ scope, world, transport }: Site, username: string, open: Kind): Promise<Talker> {
  const registration = world.wire.dialog('in REGISTER', `<sip:${username}@`);
  const phone = await open(scope, { transport, server: world.ports[transport], account: { username, password } });
  await registration.sees('out 200 REGISTER', /^Contact: </m);
  return phone;
}

const portIn = (message: string): string => `m=audio ${/^m=audio (\d+) /m.exec(message)?.[1]} `;

/** Each has been offered what the other one has (RFC 3725 §4.1): `asked` without an offer, so that it makes one. */
async function areJoined(asked: Party, offered: Party): Promise<void> {
  await asked.dialog.sees('out INVITE', /^Content-Length: 0\r$/m);
  const offer = await asked.dialog.sees('in 200 INVITE');
  await offered.dialog.sees('out INVITE', portIn(offer));
  const answer = await offered.dialog.sees('in 200 INVITE');
  await offered.dialog.sees('out ACK');
  await asked.dialog.sees('out ACK', portIn(answer));
  await Promise.all([asked.call.gets('call.bridged'), offered.call.gets('call.bridged')]);
}

/** baresip has called in and is talking to who it was transferred to. */
async function bridged(site: Site, open: Kind): Promise<Pair> {
  const { scope, world, transport } = site;
  const { app, wire, ports } = world;
  const called = await registers(site, other, open);
  const calling = await Baresip.open(scope, { transport, server: ports[transport] });
  const [ofCaller, ofCallee] = [wire.dialog('in INVITE', 'sip:desk@'), wire.dialog('out INVITE', `sip:${other}@`)];
  calling.calls(uriOf(world, 'desk', transport));
  const call = await answered(world, 'desk');
  await ofCaller.sees('out 200 INVITE');
  await call.transfer(`sip:${other}@127.0.0.1:${ports[transport]}`);
  const caller = { phone: calling, call, dialog: ofCaller };
  const callee = await isAnswered({ phone: called, call: await app.calling(other), dialog: ofCallee });
  await areJoined(callee, caller);
  return { caller, callee };
}

async function isAnswered(party: Party): Promise<Party> {
  await party.dialog.sees('out INVITE', 'm=audio');
  await party.dialog.sees('in 200 INVITE');
  await party.dialog.sees('out ACK');
  await party.call.gets('call.answered');
  return party;
}

/** One has hung up, and the other is hung up on. */
async function ends(left: Party, stays: Party): Promise<void> {
  await left.dialog.sees('in BYE');
  await stays.dialog.sees('out BYE');
  await left.call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  await stays.call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
}

/** Of both, only baresip says something. */
async function isHeardBy({ phone }: Party): Promise<void> {
  await phone.program.line(phone.isHearing, phone.program.lines.length);
}

async function isBridged(t: TestContext, transport: Transport, open: Kind): Promise<void> {
  const { caller, callee } = await bridged(await openSite(t, transport), open);
  await isHeardBy(callee);
  if (open === Baresip.open) await isHeardBy(caller);
  callee.phone.hangsUp();
  await ends(callee, caller);
}

/** The caller refers the other one to a third: it is out, and the two are joined. */
async function isTransferred(t: TestContext, transport: Transport, open: Kind): Promise<void> {
  const site = await openSite(t, transport);
  const { app, wire, ports } = site.world;
  const { caller, callee } = await bridged(site, open);
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
