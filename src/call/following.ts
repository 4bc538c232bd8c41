// The call that a REFER of a peer's asks for (RFC 3515 §2.4.2): whom to dial for whom, and which headers of the Refer-To URI
// and of the REFER go onto the INVITE (RFC 3261 §19.1.5, RFC 3892 §2.2). Pure. Leaves out how it is dialled (dialler.ts).
import { toUtf8 } from '../sip/message/grammar.ts';
import { type Replaces, readReplaces } from '../sip/message/headers.ts';
import { readUri, type Uri, unescaped, writeUri } from '../sip/message/uri.ts';
import type { DialBody, NamedValue } from './commands.ts';
import { comparable } from './routing.ts';
import type { Call, Referral } from './state.ts';

export interface Following {
  readonly body: DialBody;
  readonly headers: readonly NamedValue[];
}

/** `transferee` is the call that is to be joined to the target; without one the target is called by us. */
export function followingOf(call: Call, transferee: Call | null, { target, referredBy }: Referral): Following {
  const uri = readUri(target);
  const isSip = uri?.scheme === 'sip' || uri?.scheme === 'sips';
  const params = isSip ? new Map([...uri.params].filter(([name]) => name !== 'method')) : null;
  const to = isSip ? writeUri({ ...uri, params: params!, headers: null }) : (numberIn(uri) ?? target);
  const headers = isSip ? uriHeaders(uri.headers ?? '') : [];
  return {
    body: {
      connection_id: call.connectionId,
      from: transferee === null ? ours(call) : theirs(transferee),
      to: toUtf8(to),
      link_to: transferee?.id ?? call.id,
      timeout_secs: 120,
    },
    headers: [...headers, ...(referredBy === null ? [] : [{ name: 'Referred-By', value: referredBy }])],
  };
}

/** RFC 3966 §5.1.1: what separates its digits means nothing. */
const numberIn = (uri: Uri | null): string | null => (uri?.scheme === 'tel' ? comparable(uri.number) : null);

const ours = (call: Call): string => (call.direction === 'incoming' ? call.to : call.from);
const theirs = (call: Call): string => (call.direction === 'incoming' ? call.from : call.to);

/** What a URI may ask for in a request: RFC 3261 §19.1.5 warns of all others, which could say anything in our name. */
const honoured = /^(?:replaces|require|user-to-user|diversion|x-[\w-]+)$/i;

function uriHeaders(text: string): NamedValue[] {
  return text.split('&').flatMap((pair) => {
    const equals = pair.indexOf('=');
    const name = unescaped(pair.slice(0, Math.max(0, equals)));
    const value = unescaped(pair.slice(equals + 1));
    return honoured.test(name) && !/[\r\n\0]/.test(value) ? [{ name, value }] : [];
  });
}

/** The dialog that the INVITE is to take the place of (RFC 5589 §7); null where none can be read. */
export function replacesOf(target: string): Replaces | null {
  const uri = readUri(target);
  if (uri?.scheme !== 'sip' && uri?.scheme !== 'sips') return null;
  const named = uriHeaders(uri.headers ?? '').filter(({ name }) => /^replaces$/i.test(name));
  return named.length === 1 ? readReplaces(named[0]!.value) : null;
}

/** Whether a URI leads to where we listen ourselves. Without a port any of ours will do. */
export function isOurs(target: string, { local }: Call): boolean {
  const uri = readUri(target);
  if (uri?.scheme !== 'sip' && uri?.scheme !== 'sips') return false;
  const host = uri.host.replace(/^\[|\]$/g, '').toLowerCase();
  return Object.values(local).some(
    (address) => address?.host.toLowerCase() === host && (uri.port ?? address.port) === address.port,
  );
}
