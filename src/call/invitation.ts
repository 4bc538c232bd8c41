// What an INVITE from outside says: whether a call can be made of it (RFC 3261 §8.2.3, RFC 3264 §6), who calls whom, and
// what the application is told of it. Everything a call keeps of it is a copy, so the message itself can go.
import { hasSdp, wantsReliable } from '../sip/dialog/invite-usage.ts';
import type { Replaceable } from '../sip/dialog/replaces.ts';
import { copy, toUtf8 } from '../sip/message/grammar.ts';
import type { HeaderList, Request, Response } from '../sip/message/message.ts';
import { codecsOf } from '../sip/message/sdp.ts';
import { readUri, unescaped } from '../sip/message/uri.ts';
import type { NamedValue } from './commands.ts';
import type { Call } from './state.ts';

/** An INVITE no call can be made of, with the response that says why. */
export interface Unacceptable {
  readonly status: number;
  readonly headers: HeaderList;
}

/** Whether the 180 must carry our offer: the caller demands 100rel and brought no offer. */
export function offersFirst(invite: Request): boolean {
  return wantsReliable(invite) === 'required' && !hasSdp(invite);
}

/** The check before a call is made (§8.2.3, RFC 3264 §6): null when there is nothing against it. */
export function unacceptable(invite: Request): Unacceptable | null {
  if (hasSdp(invite)) {
    const codecs = codecsOf(invite.body);
    return codecs.includes('PCMU') || codecs.includes('PCMA') ? null : { status: 488, headers: [] };
  }
  const optional = /handling\s*=\s*"?optional/i.test(invite.get('Content-Disposition') ?? '');
  if (invite.body === '' || optional) return null;
  return { status: 415, headers: [['Accept', 'application/sdp']] };
}

/** What a call keeps of its INVITE. */
export function described(invite: Request) {
  const named = readUri(invite.uri);
  const user = named?.scheme === 'sip' || named?.scheme === 'sips' ? named.user : null;
  return {
    from: partyOf(invite.from.uri),
    to: partyOf(invite.to.uri),
    sipHeaders: ['User-to-User', 'Diversion'].flatMap((name) => valuesOf(invite, name)),
    contactUser: user !== null && /^[\w.+-]{1,64}$/.test(user) ? copy(user) : null,
    allowsRefer: allowsMethod(invite, 'REFER') ?? true,
    allowsUpdate: allowsMethod(invite, 'UPDATE') ?? false,
    allowsInfo: allowsMethod(invite, 'INFO') ?? true,
  };
}

/** Whether the Allow of a message lists a method; null when it has none (RFC 3261 §20.5: that says nothing). */
export function allowsMethod(message: Request | Response, name: string): boolean | null {
  const methods = message.values('Allow');
  return methods.length === 0 ? null : methods.some((method) => method.toUpperCase() === name);
}

/** A call as something an INVITE may take the place of (RFC 3891 §3). */
export interface ReplaceableCall extends Replaceable {
  readonly call: Call;
}

export function replaceable(call: Call): ReplaceableCall {
  const { callId, localTag, remoteTag } = call.dialog;
  const { name } = call.phase;
  const state = name === 'ringing' ? 'early' : name === 'answered' || name === 'active' ? 'confirmed' : 'terminated';
  return { call, callId, localTag, remoteTag, state, initiator: 'them' };
}

/** What `call.initiated` tells of the INVITE and nobody needs again. */
export const told = (invite: Request) => ({
  callerIdName: invite.from.displayName === null ? null : toUtf8(invite.from.displayName),
  customHeaders: invite
    .entries()
    .filter(([name]) => /^x-/i.test(name))
    .map(([name, value]) => ({ name: copy(name), value: toUtf8(copy(value)) })),
  offeredCodecs: hasSdp(invite) ? codecsOf(invite.body) : [],
});

function valuesOf(invite: Request, name: string): NamedValue[] {
  return invite.all(name).map((value) => ({ name, value: toUtf8(copy(value)) }));
}

/** The number, when the user part is one (`+` and 1 to 15 digits), else scheme, user, host and port. */
export function partyOf(text: string): string {
  const uri = readUri(text);
  if (uri === null) return toUtf8(copy(text));
  if (uri.scheme === 'tel') return isNumber(uri.number) ? copy(uri.number) : copy(`tel:${uri.number}`);
  const user = uri.user === null ? null : unescaped(uri.user);
  if (user !== null && isNumber(user)) return copy(user);
  return toUtf8(
    copy(
      `${uri.scheme}:${uri.user === null ? '' : `${uri.user}@`}${uri.host}${uri.port === null ? '' : `:${uri.port}`}`,
    ),
  );
}

const isNumber = (text: string): boolean => /^\+\d{1,15}$/.test(text);

/** What every response of ours to this INVITE starts with (§8.2.6.2, §12.1.1), kept without the message it came in. */
export function headOf(invite: Request, local: string): HeaderList {
  const lines = (name: string) => invite.all(name).map((value) => [name, copy(value)] as const);
  return [
    ...lines('Via'),
    ...lines('Record-Route'),
    ...lines('From'),
    ['To', local],
    ...lines('Call-ID'),
    ...lines('CSeq'),
  ];
}
