// Whether a peer can be reached where its Contact says, or only where its packets come from: behind a NAT a peer names an
// address that nobody else can use. Pure. Leaves out what is done about it (dialog.ts, registrar).
import { isPrivate } from '../address-ranges.ts';
import { readAddress } from '../message/address.ts';
import { unbracket } from '../message/grammar.ts';
import type { Request } from '../message/message.ts';
import { readUri } from '../message/uri.ts';
import type { Target } from '../transport/transport.ts';

/**
 * True when the Contact is no address at all (RFC 7118 §B.1: a browser knows none), or a private one while the packets come
 * from another. If a proxy handed the request on, those are the proxy's: then only a source outside of private networks
 * shows that the Contact is out of reach.
 */
export function isBehindNat(request: Request, from: Target): boolean {
  const contact = request.values('Contact')[0];
  const uri = contact === undefined ? undefined : readAddress(contact)?.uri;
  return uri !== undefined && isOutOfReach(uri, request, from);
}

/** The same of one Contact out of several: those of a REGISTER. */
export function isOutOfReach(contact: string, request: Request, from: Target): boolean {
  const uri = readUri(contact);
  if (uri === null || uri.scheme === 'tel') return false;
  const host = unbracket(uri.host).toLowerCase();
  if (host === from.host) return false;
  if (host.endsWith('.invalid')) return true;
  return isPrivate(host) && (request.values('Via').length === 1 || !isPrivate(from.host));
}
