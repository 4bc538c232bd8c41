// Where a host name leads: its A and AAAA records, as the machine itself would look them up. Leaves out the choice of
// transport and port by NAPTR and SRV (records.ts, location.ts).
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** The addresses of a host, best first. An empty list and a rejection both mean that it leads nowhere. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The machine's own way to look a host up, its hosts file included. */
export const resolveHost: Resolve = async (host) => {
  const literal = literalOf(host);
  if (literal !== null) return [literal];
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
};

/** The address a host already is, an IPv6 one without its brackets; null for a name. */
export function literalOf(host: string): string | null {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return isIP(bare) === 0 ? null : bare;
}
