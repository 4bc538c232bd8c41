// Where a 3xx sends the caller (RFC 3261 §8.1.3.4): its Contacts by q, without those that were tried. Leaves out whom to
// ask before a new target is called, and the INVITE to it.
import { param, readAddress } from '../message/address.ts';
import { copy } from '../message/grammar.ts';
import type { Response } from '../message/message.ts';
import { readUri, type SipUri, sameUri, writeUri } from '../message/uri.ts';

/** So many targets are called for one call, however many a redirect names: a loop of ever new names ends. */
export const mostTargets = 10;

/** The URIs to try, the highest q first (§20.10: without q it is 1), equals in their order; none that was `tried`. */
export function redirectTargets(response: Response, tried: readonly string[]): readonly string[] {
  const contacts = response.values('Contact').map(readContact);
  const sorted = contacts.filter((contact) => contact !== null).sort((a, b) => b.q - a.q);
  const targets: string[] = [];
  for (const { uri } of sorted) if (!isAmong(uri, [...tried, ...targets])) targets.push(uri);
  return targets.slice(0, Math.max(0, mostTargets - tried.length));
}

export function isAmong(uri: string, others: readonly string[]): boolean {
  const read = readUri(uri);
  return others.some((other) => {
    const against = readUri(other);
    return read === null || against === null ? uri === other : sameUri(read, against);
  });
}

/** §19.1.5: what a URI says for the Request-URI; its headers and its method are not for it. Only sip and sips are called. */
function readContact(value: string): { readonly uri: string; readonly q: number } | null {
  const address = readAddress(value);
  const uri = address === null ? null : readUri(address.uri);
  if (address === null || uri === null || uri.scheme === 'tel') return null;
  return { uri: copy(requestUriOf(uri)), q: readQ(param(address.params, 'q')) };
}

function requestUriOf(uri: SipUri): string {
  const params = new Map([...uri.params].filter(([name]) => name !== 'method'));
  return writeUri({ ...uri, params, headers: null });
}

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
const qvalue = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/** What is no qvalue counts as the lowest. */
function readQ(text: string | null): number {
  if (text === null) return 1;
  return qvalue.test(text) ? Number(text) : 0;
}
