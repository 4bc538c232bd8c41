// Phones that are joined with each other by Switchhook, and how each of them is seen to be: on the wire, by the application,
// and by what it says itself.
import type { TestContext } from 'node:test';
import type { Conversation } from '../support/application.ts';
import type { Phone, PhoneOptions } from '../support/phone.ts';
import { Scope } from '../support/scope.ts';
import { answered, openWorld, phonesFile, uriOf, type World } from './place.ts';
import type { Dialog } from './wire.ts';

export type Transport = 'udp' | 'tcp';
const password = 'wonderland';

export type Kind = (scope: Scope, options: PhoneOptions) => Promise<Talker>;
/** What it says while somebody speaks to it: 10 kbit/s and more. Of us it gets one packet, which opens the path. */
export type Talker = Phone & { readonly isHearing: RegExp };

export interface Site {
  readonly scope: Scope;
  readonly world: World;
  readonly transport: Transport;
}

export interface Party {
  readonly phone: Talker;
  readonly call: Conversation;
  readonly dialog: Dialog;
}

export interface Pair {
  readonly caller: Party;
  readonly callee: Party;
}

/** With phones of these names, that may register. */
export async function openSite(t: TestContext, transport: Transport, names: readonly string[]): Promise<Site> {
  const scope = new Scope(t);
  const settings = { SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5' };
  const world = await openWorld(scope, { file: phonesFile(names), settings });
  return { scope, world, transport };
}

/** A phone that can be called by its name. */
export async function registers({ scope, world, transport }: Site, username: string, open: Kind): Promise<Talker> {
  const registration = world.wire.dialog('in REGISTER', `<sip:${username}@`);
  const phone = await open(scope, { transport, server: world.ports[transport], account: { username, password } });
  await registration.sees('out 200 REGISTER', /^Contact: </m);
  return phone;
}

const portIn = (message: string): string => `m=audio ${/^m=audio (\d+) /m.exec(message)?.[1]} `;

/** Each has been offered what the other one has (RFC 3725 §4.1): `asked` without an offer, so that it makes one. */
export async function areJoined(asked: Party, offered: Party): Promise<void> {
  await asked.dialog.sees('out INVITE', /^Content-Length: 0\r$/m);
  const offer = await asked.dialog.sees('in 200 INVITE');
  await offered.dialog.sees('out INVITE', portIn(offer));
  const answer = await offered.dialog.sees('in 200 INVITE');
  await offered.dialog.sees('out ACK');
  await asked.dialog.sees('out ACK', portIn(answer));
  await Promise.all([asked.call.gets('call.bridged'), offered.call.gets('call.bridged')]);
}

/** A phone calls in, is answered, and is transferred to another one, who answers too: they are talking. */
export async function bridged(
  { world, transport }: Site,
  calling: Talker,
  called: Talker,
  { desk, name }: { readonly desk: string; readonly name: string },
): Promise<Pair> {
  const { app, wire, ports } = world;
  const [ofCaller, ofCallee] = [wire.dialog('in INVITE', `sip:${desk}@`), wire.dialog('out INVITE', `sip:${name}@`)];
  calling.calls(uriOf(world, desk, transport));
  const call = await answered(world, desk);
  await ofCaller.sees('out 200 INVITE');
  await call.transfer(`sip:${name}@127.0.0.1:${ports[transport]}`);
  const caller = { phone: calling, call, dialog: ofCaller };
  const callee = await isAnswered({ phone: called, call: await app.calling(name), dialog: ofCallee });
  await areJoined(callee, caller);
  return { caller, callee };
}

export async function isAnswered(party: Party): Promise<Party> {
  await party.dialog.sees('out INVITE', 'm=audio');
  await party.dialog.sees('in 200 INVITE');
  await party.dialog.sees('out ACK');
  await party.call.gets('call.answered');
  return party;
}

/** One has hung up, and the other is hung up on. */
export async function ends(left: Party, stays: Party): Promise<void> {
  await left.dialog.sees('in BYE');
  await stays.dialog.sees('out BYE');
  await left.call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  await stays.call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
}

/** Of both, only baresip says something. */
export async function isHeardBy({ phone }: Party): Promise<void> {
  await phone.program.line(phone.isHearing, phone.program.lines.length);
}
