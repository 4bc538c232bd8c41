// Reads what an application asked for into a command, or into every reason why not. Here are the checks that need SIP's
// grammar; what JSON Schema can say of a body was checked before. Text becomes the bytes that go on the wire.
import type { Refusal } from '../errors.ts';
import { readAddress } from '../sip/message/address.ts';
import type { Credentials } from '../sip/message/digest.ts';
import { fromUtf8, isToken } from '../sip/message/grammar.ts';
import { sameHeader } from '../sip/message/headers.ts';
import { readUri, withHeaders } from '../sip/message/uri.ts';
import { type ActionName, afterBridge, type Bodies, type Command, type NamedValue } from './commands.ts';
import { usualMs } from './digits.ts';
import type { ReferSettings } from './routing.ts';
import { webhooksSaid } from './webhooks.ts';

export type Read = { readonly command: Command } | { readonly refusals: readonly Refusal[] };

/** The call whose place a refer gives to the peer: where its own peer is, and how that one would write Replaces. */
export interface Attended {
  readonly call: string;
  readonly target: string;
  readonly replaces: string;
}

/** Every bad value of a body at once. `settings` are those of the call's application: a command's own values win over them. */
export function readCommand<A extends ReadAction>(
  action: A,
  body: Bodies[A],
  settings: ReferSettings,
  attended: Attended | null = null,
): Read {
  const refusals: Refusal[] = [];
  const command = readers[action](body, settings, refusals, attended);
  return refusals.length > 0 ? { refusals } : { command };
}

/** A transfer is read as the dial it is (transfers.ts). */
export type ReadAction = Exclude<ActionName, 'transfer'>;

type Reader<A extends ReadAction> = (
  body: Bodies[A],
  settings: ReferSettings,
  refusals: Refusal[],
  attended: Attended | null,
) => Command;

const readers: { readonly [A in ReadAction]: Reader<A> } = {
  answer: (body, _settings, refusals) => ({
    ...common(body),
    name: 'answer',
    ...webhooksSaid(body),
    headers: [...readHeaders(body, 'custom_headers', refusals), ...readHeaders(body, 'sip_headers', refusals)],
    preferredCodecs: body.preferred_codecs ?? null,
  }),
  reject: (body) => ({ ...common(body), name: 'reject', status: body.cause === 'USER_BUSY' ? 486 : 603 }),
  hangup: (body, _settings, refusals) => ({
    ...common(body),
    name: 'hangup',
    headers: readHeaders(body, 'custom_headers', refusals),
  }),
  refer: readRefer,
  bridge: (body) => ({
    ...common(body),
    name: 'bridge',
    with: body.call_control_id ?? '',
    ...(afterBridge(body) ?? { parks: false }),
    preventDouble: body.prevent_double_bridge ?? false,
    muteDtmf: body.mute_dtmf ?? 'none',
  }),
  refer_accept: (body) => ({ ...common(body), name: 'refer_accept' }),
  refer_reject: (body) => ({ ...common(body), name: 'refer_reject' }),
  enqueue: (body) => {
    const { max_wait_time_secs: maxWaitSecs } = body;
    return {
      ...common(body),
      name: 'enqueue',
      queue: body.queue_name,
      maxWaitMs: maxWaitSecs === undefined ? null : maxWaitSecs * 1000,
      keepAfterHangup: body.keep_after_hangup ?? false,
    };
  },
  leave_queue: (body) => ({ ...common(body), name: 'leave_queue' }),
  client_state_update: (body) => ({ ...common(body), name: 'client_state_update' }),
  send_sip_info: (body, _settings, refusals) => ({
    ...common(body),
    name: 'send_sip_info',
    contentType: readContentType(body.content_type, refusals),
    body: fromUtf8(body.body),
  }),
  send_dtmf: (body) => ({
    ...common(body),
    name: 'send_dtmf',
    order: { digits: body.digits, durationMs: body.duration_millis ?? usualMs },
  }),
};

const common = (body: { client_state?: string }) => ({ clientState: body.client_state ?? null });

function readRefer(
  body: Bodies['refer'],
  settings: ReferSettings,
  refusals: Refusal[],
  attended: Attended | null,
): Command {
  const target = readReferTo(body.sip_address, attended, refusals);
  const all = [...readHeaders(body, 'custom_headers', refusals), ...readHeaders(body, 'sip_headers', refusals)];
  const referredBy = all.findLast(({ name }) => sameHeader(name, 'Referred-By'));
  const headers = all.filter(({ name }) => !sameHeader(name, 'Referred-By'));
  // A tel: URI has no headers (RFC 3966): there they can only stand on the REFER itself.
  const isTel = /^tel:/i.test(target);
  const placement = isTel ? 'refer' : (body.refer_header_placement ?? settings.headerPlacement);
  const pairs = headers.map(({ name, value }) => [name, value] as const);
  const withAll = isTel || pairs.length === 0 ? target : withHeaders(target, pairs);
  const credentials = readSipAuth(body, refusals);
  return {
    ...common(body),
    name: 'refer',
    order: {
      referTo: placement === 'refer' ? target : withAll,
      referredBy: referredBy?.value ?? null,
      headers: placement === 'refer-to' ? [] : headers,
      firstNotifyTimeoutMs: body.refer_first_notify_timeout_ms ?? settings.firstNotifyTimeoutMs,
      byeGraceMs: body.refer_bye_grace_ms ?? settings.byeGraceMs,
      byeWithoutFinal: settings.byeWithoutFinal,
      withoutAllow: settings.withoutAllow,
      replaces: attended?.call ?? null,
      unsubscribed: body.refer_sub === false,
      holds: body.hold_on_refer ?? settings.holds,
    },
    timeoutMs: body.refer_timeout_ms ?? settings.timeoutMs,
    beforeAnswer: body.refer_before_answer ?? settings.beforeAnswer,
    redirectTo: withAll,
    credentials,
    fallbacks: [],
  };
}

/** What challenges are to be answered with. */
export function readSipAuth(
  {
    sip_auth_username: username,
    sip_auth_password: password,
  }: { sip_auth_username?: string; sip_auth_password?: string },
  refusals: Refusal[],
): Credentials | null {
  if (username !== undefined) return { username: fromUtf8(username), password: fromUtf8(password ?? '') };
  if (password !== undefined) refusals.push(missing('sip_auth_username'));
  return null;
}

/** Where the peer is to go and, in an attended transfer, whose place to take there (RFC 5589 §7). */
function readReferTo(address: string | undefined, attended: Attended | null, refusals: Refusal[]): string {
  if (address === undefined && attended === null) {
    refusals.push(missing('sip_address'));
    return '';
  }
  const target = address === undefined ? attended!.target : readTarget(address, refusals);
  if (attended === null || refusals.length > 0) return target;
  const replacing = withHeaders(target, [['Replaces', attended.replaces]]);
  if (replacing === target || /[?&]replaces=/i.test(target)) refusals.push(invalid('/sip_address', cannotReplace));
  return replacing;
}

const cannotReplace =
  "With 'replaces_call_control_id' the 'sip_address' parameter must be a sip: or sips: URI without a Replaces of its own.";

/** A sip:, sips: or tel: URI, byte for byte; a display name around it is dropped, since some peers refuse one. */
function readTarget(text: string, refusals: Refusal[]): string {
  const bytes = fromUtf8(text);
  const uri = bytes.includes('<') ? (readAddress(bytes)?.uri ?? '') : bytes;
  if (readUri(uri) === null) {
    const detail = "The 'sip_address' parameter must be a sip:, sips: or tel: URI.";
    refusals.push({ name: 'invalid-value', pointer: '/sip_address', detail });
  }
  return uri;
}

/** Headers an application may not set: they belong to the dialog, the transaction or the stack. */
const protectedNames = [
  ...['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Contact', 'Route', 'Record-Route', 'Max-Forwards'],
  ...['Refer-To', 'Refer-Sub', 'Event', 'Subscription-State', 'Authorization', 'Proxy-Authorization'],
  ...['Require', 'Supported', 'Allow', 'Replaces', 'RSeq', 'RAck', 'Proxy-Require', 'Unsupported'],
];

export function readHeaders(
  body: { custom_headers?: NamedValue[]; sip_headers?: NamedValue[] },
  field: 'custom_headers' | 'sip_headers',
  refusals: Refusal[],
): NamedValue[] {
  return (body[field] ?? []).map(({ name, value }, index) => {
    const at = `/${field}/${index}`;
    if (!isToken(name)) {
      refusals.push(invalid(`${at}/name`, 'A header name must be a token (RFC 3261 §25.1).'));
    } else if (isProtected(name)) {
      refusals.push(invalid(`${at}/name`, `The header ${name} is set by the server and cannot be given.`));
    }
    if (/[\r\n\0]/.test(value)) {
      refusals.push(invalid(`${at}/value`, 'A header value cannot contain CR, LF or NUL.'));
    }
    return { name, value: fromUtf8(value) };
  });
}

function isProtected(name: string): boolean {
  return (
    /^content-/i.test(name) ||
    ['c', 'l', 'e'].includes(name.toLowerCase()) ||
    protectedNames.some((one) => sameHeader(one, name))
  );
}

function readContentType(text: string, refusals: Refusal[]): string {
  const [type, subtype, ...rest] = (text.split(';')[0] ?? '').trim().split('/');
  if (!isToken(type ?? '') || !isToken(subtype ?? '') || rest.length > 0 || /[\r\n\0]/.test(text)) {
    refusals.push(
      invalid('/content_type', "The 'content_type' parameter must be a media type such as application/json."),
    );
  }
  return fromUtf8(text);
}

const invalid = (pointer: string, detail: string): Refusal => ({ name: 'invalid-value', pointer, detail });

const missing = (field: string): Refusal => ({
  name: 'missing-parameter',
  pointer: `/${field}`,
  detail: `The '${field}' parameter is required and cannot be blank.`,
});
