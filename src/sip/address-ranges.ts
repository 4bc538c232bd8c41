// Which address lies in which range: those of an operator (CIDR, RFC 4632, RFC 4291 §2.3), and those that mean nothing
// elsewhere (RFC 1918, RFC 6598, RFC 3927, RFC 4193). Leaves out names, which lie in none.
import { BlockList, isIP } from 'node:net';

/** Whether an address (an IPv6 one with or without brackets) is in the set. A name never is. */
export type AddressSet = (host: string) => boolean;

/** Of addresses and `address/prefix length`. Throws on anything else: the settings were checked before. */
export function addressSet(ranges: readonly string[]): AddressSet {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', length] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (length === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(length), family);
  }
  return (host) => {
    const address = bare(host);
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
}

/** Without brackets and the zone of a link. */
function bare(host: string): string {
  return host.replace(/^\[|\]$|%.*$/g, '');
}

export const isLoopback: AddressSet = addressSet(['127.0.0.0/8', '::1']);

/** Addresses that many networks have, each for itself. */
export const isPrivate: AddressSet = addressSet([
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8'],
  ...['fc00::/7', 'fe80::/10', '::1'],
]);

/** Who is counted as one: an IPv4 address, or the /64 that one IPv6 subscriber has. */
export function networkOf(host: string): string {
  const address = bare(host);
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(missing, 0)).fill('0'), ...(tail ?? '').split(':')];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
