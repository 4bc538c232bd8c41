// The cells of a phone, each written once for all programs that are one: what its user does, what the application is told,
// and what must have passed on the wire meanwhile.
import assert from 'node:assert/strict';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import { Authority } from '../../support/certificates.ts';
import type { Conversation } from '../support/application.ts';
import { LeapingClock } from '../support/leaping-clock.ts';
import type { Account, Phone, PhoneOptions } from '../support/phone.ts';
import type { Scope } from '../support/scope.ts';
import { answered, openWorld, type Place, uriOf } from './place.ts';
import { type Cell, type Row, rows } from './rows.ts';
import type { Dialog } from './wire.ts';

/** What is different from one program to the next. */
export interface Traits {
  readonly open: (scope: Scope, options: PhoneOptions) => Promise<Phone>;
  readonly over: readonly TransportName[];
  readonly secure: readonly TransportName[];
  /** What it says when it does not trust who it calls; null if it trusts everybody. */
  readonly distrusts: RegExp | null;
  /** What a session is refreshed by: re-INVITE where the peer has no UPDATE. */
  readonly refreshes: 'UPDATE' | 'INVITE';
  /** What whoever reads the tick should know. */
  readonly notes: Partial<Readonly<Record<Row, string>>>;
  /** What it offers when it offers anew, and what it is answered. */
  readonly offers?: readonly [offer: RegExp, answer: RegExp];
}

interface Talk {
  readonly phone: Phone;
  readonly call: Conversation;
  readonly dialog: Dialog;
  /** Our 200. */
  readonly answer: string;
}

export function phoneCells(traits: Traits): Record<Row, Cell> {
  const cell = (row: Row): Cell => {
    const note = traits.notes[row];
    const over = row === 'TLS' ? traits.secure : traits.over;
    return { run: (place) => runs[row](place, traits), over, ...(note !== undefined && { note }) };
  };
  return Object.fromEntries(rows.map((row) => [row, cell(row)])) as Record<Row, Cell>;
}

const opened = (place: Place, { open }: Traits, server = place.ports[place.transport]): Promise<Phone> =>
  open(place.scope, { transport: place.transport, ca: place.authority.file, server });

const registered = (
  { scope, transport, authority, ports }: Place,
  { open }: Traits,
  account: Account,
): Promise<Phone> => open(scope, { transport, ca: authority.file, account, server: ports[transport] });

async function registers(place: Place, traits: Traits): Promise<void> {
  const dialog = place.wire.dialog('in REGISTER', `<sip:${place.user}@`);
  const phone = await registered(place, traits, place.account);
  await dialog.sees('in REGISTER', /^Authorization:/m);
  await dialog.sees('out 200 REGISTER', /^Contact: </m);
  await phone.leaves();
  await dialog.sees('in REGISTER', /^Authorization:/m, /expires *[:=] *0\b/i);
  const last = await dialog.sees('out 200 REGISTER');
  assert.doesNotMatch(last, /^Contact:/m);
}

/** Its first request is asked for a password, and a wrong one is asked again. */
async function isAsked(place: Place, traits: Traits): Promise<void> {
  const refused = place.wire.dialog('in REGISTER', `<sip:${place.user}@`);
  const stranger = await registered(place, traits, { ...place.account, password: 'rabbit' });
  await refused.sees('out 401 REGISTER', 'qop="auth"');
  await refused.sees('in REGISTER', /^Authorization: *Digest /m);
  await refused.sees('out 401 REGISTER');
  // It may be asking its user for another one by now.
  await stranger.program.kill();
  assert.doesNotMatch(refused.drawn(), /out 200 REGISTER/);
  const taken = place.wire.dialog('in REGISTER', `<sip:${place.user}@`);
  await registered(place, traits, place.account);
  await taken.sees('out 401 REGISTER');
  await taken.sees('in REGISTER', /^Authorization: *Digest /m, /qop="?auth"?/, /nc=00000001/);
  await taken.sees('out 200 REGISTER');
}

/** It has called, and both sides know that the call stands. */
async function talks(place: Place, traits: Traits): Promise<Talk> {
  const dialog = place.wire.dialog('in INVITE', `sip:${place.user}@`);
  const phone = await opened(place, traits);
  phone.calls(uriOf(place, place.user, place.transport));
  const call = await answered(place, place.user);
  await phone.program.line(phone.isInCall);
  await dialog.sees('in INVITE', 'm=audio');
  const answer = await dialog.sees('out 200 INVITE', 'a=sendrecv');
  await dialog.sees('in ACK');
  return { phone, call, dialog, answer };
}

async function phoneHangsUp({ phone, call, dialog }: Talk): Promise<void> {
  phone.hangsUp();
  await dialog.sees('in BYE');
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller' });
  assert.deepEqual(call.types, ['call.initiated', 'call.answered', 'call.hangup']);
}

async function applicationHangsUp({ call, dialog }: Pick<Talk, 'call' | 'dialog'>): Promise<void> {
  await call.hangup();
  await dialog.sees('in 200 BYE');
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
}

async function callsIn(place: Place, traits: Traits): Promise<void> {
  await phoneHangsUp(await talks(place, traits));
}

/** It has registered, and is called where it is. */
async function callsOut(place: Place, traits: Traits): Promise<void> {
  const { app, wire, user, account, ports, transport } = place;
  const registration = wire.dialog('in REGISTER', `<sip:${user}@`);
  const phone = await registered(place, traits, account);
  await registration.sees('out 200 REGISTER');
  const dialog = wire.dialog('out INVITE', `sip:${user}@`);
  const call = await app.dials(`sip:${user}@127.0.0.1:${ports[transport]}`);
  await dialog.sees('in 200 INVITE');
  await dialog.sees('out ACK');
  await call.gets('call.answered');
  await phone.program.line(phone.isInCall);
  await applicationHangsUp({ call, dialog });
}

/** A Switchhook of its own, whose clock leaps to when the refresh is due. The peer stays in the call. */
async function isRefreshed(place: Place, traits: Traits): Promise<void> {
  const clock = new LeapingClock();
  const settings = { SWITCHHOOK_SESSION_EXPIRES_SECS: '90' };
  const world = await openWorld(place.scope, { clock, settings, authority: place.authority });
  const talk = await talks({ ...place, ...world }, traits);
  assert.match(talk.answer, /^Session-Expires: 90;refresher=uas\r$/m);
  clock.leap(45_000);
  await talk.dialog.sees(`out ${traits.refreshes}`, 'Session-Expires: 90;refresher=uac');
  await talk.dialog.sees(`in 200 ${traits.refreshes}`);
  await phoneHangsUp(talk);
}

async function holds(place: Place, traits: Traits): Promise<void> {
  const talk = await talks(place, traits);
  const { phone, dialog } = talk;
  phone.holds();
  await dialog.sees('in INVITE', 'a=sendonly');
  await dialog.sees('out 200 INVITE', 'a=recvonly');
  await dialog.sees('in ACK');
  phone.resumes();
  await dialog.sees('in INVITE', /^(?!.*a=(sendonly|inactive|recvonly))/s);
  await dialog.sees('out 200 INVITE', 'a=sendrecv');
  await dialog.sees('in ACK');
  await phoneHangsUp(talk);
}

async function offersAgain(place: Place, traits: Traits): Promise<void> {
  const talk = await talks(place, traits);
  const [offer, answer] = traits.offers ?? [/m=audio/, /m=audio/];
  talk.phone.offersAgain();
  await talk.dialog.sees('in INVITE', offer);
  await talk.dialog.sees('out 200 INVITE', answer, 'a=sendrecv');
  await talk.dialog.sees('in ACK');
  await applicationHangsUp(talk);
}

/** The target is the application too: it is really called, and answers. */
async function isReferred(place: Place, traits: Traits): Promise<void> {
  const { call, dialog } = await talks(place, traits);
  const target = `target-of-${place.user}`;
  await call.refer(uriOf(place, target, place.transport));
  await dialog.sees('out REFER', target);
  await call.gets('call.refer.started', { refer_sip_response: 202 });
  await answered(place, target);
  await call.gets('call.refer.completed', { sip_notify_response: 200 });
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
}

/** And who trusts another authority makes no call, or it would not be the certificate that let it through. */
async function isSecure(place: Place, traits: Traits): Promise<void> {
  await phoneHangsUp(await talks(place, traits));
  const { scope, transport, wire, user, ports } = place;
  const stranger = await Authority.open(scope);
  const phone = await traits.open(scope, { transport, ca: stranger.file, server: ports[transport] });
  const before = wire.passed.length;
  phone.calls(uriOf(place, user, transport));
  if (traits.distrusts === null) {
    await wire.dialog('in INVITE', user).sees('out 180 INVITE');
    return;
  }
  await phone.program.line(traits.distrusts);
  assert.deepEqual(
    wire.passed.slice(before).filter(({ text }) => text.includes(`sip:${user}@`)),
    [],
  );
}

/** The target is another phone of its kind. */
async function refersUs(place: Place, traits: Traits): Promise<void> {
  const { app, wire, user, account, ports, transport } = place;
  const registration = wire.dialog('in REGISTER', `<sip:${user}@`);
  const target = await registered(place, traits, account);
  await registration.sees('out 200 REGISTER');
  const { phone, call, dialog } = await talks(place, traits);
  const ofTarget = wire.dialog('out INVITE', `sip:${user}@`);
  phone.refersTo(`sip:${user}@127.0.0.1:${ports[transport]}`);
  await dialog.sees('in REFER', `sip:${user}@`);
  await dialog.sees('out 202 REFER');
  await call.gets('call.refer.received');
  const onward = await app.calling(user);
  await target.program.line(target.isInCall);
  await onward.gets('call.answered');
  await dialog.sees('out NOTIFY', 'SIP/2.0 200 OK');
  await dialog.sees('in 200 NOTIFY');
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  await ofTarget.sees('out ACK');
  await applicationHangsUp({ call: onward, dialog: ofTarget });
}

const runs: Readonly<Record<Row, (place: Place, traits: Traits) => Promise<void>>> = {
  register: registers,
  'call in': callsIn,
  'call out': callsOut,
  hold: holds,
  're-INVITE': offersAgain,
  'session timer': isRefreshed,
  'refer out': isReferred,
  'refer in': refersUs,
  digest: isAsked,
  TLS: isSecure,
};
