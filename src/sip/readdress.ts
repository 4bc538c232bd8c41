// A request of ours as it leaves by another way than it was written for: another branch, another transport. Via says by
// which it goes (RFC 3261 §18.1.1), and where DNS has chosen the transport our Contact must be reached by that one too
// (§8.1.1.8): a peer that is reached by TLS alone may not reach us by anything else. Pure.
import { contactFor } from './dialog/dialog.ts';
import { readAddress } from './message/address.ts';
import { unbracket } from './message/grammar.ts';
import { readUri } from './message/uri.ts';
import { withContact, withVia } from './message/write.ts';
import { defaultPort, type LocalAddress, viaFor } from './transport/transport.ts';

/** What we are called on the transport it was written for, and on the one it leaves by. */
export interface Change {
  readonly from: LocalAddress;
  readonly to: LocalAddress;
  /** Whether the peer is to reach us by that other transport from now on. */
  readonly contact: boolean;
}

export function readdressed(text: string, branch: string, { from, to, contact }: Change): string {
  const sent = withVia(text, viaFor(to, branch));
  return contact && from.transport !== to.transport ? withContact(sent, (value) => contactAt(value, from, to)) : sent;
}

/** A Contact as it was written by us for `from`; one that somebody else wrote stays. */
function contactAt(value: string, from: LocalAddress, to: LocalAddress): string {
  const uri = readUri(readAddress(value)?.uri ?? '');
  if (uri === null || uri.scheme === 'tel') return value;
  const isOurs = unbracket(uri.host) === from.host && (uri.port ?? defaultPort[from.transport]) === from.port;
  const end = value.indexOf('>');
  return isOurs && end !== -1 ? contactFor(to, uri.user, uri.scheme === 'sips') + value.slice(end + 1) : value;
}
