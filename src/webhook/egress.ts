// Where webhooks may go: anywhere but to addresses that mean something else inside than outside (private, loopback,
// link-local and the like, by whatever IPv6 form), unless the operator allows them. Whoever may name a URL could else have
// the server ask its neighbours. An address is judged when the connection is made, so that no name can change its mind.
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { addressSet } from '../sip/address-ranges.ts';

/** A webhook must not go there. Says why in a sentence for the operator. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}

export interface Egress {
  /** Why a URL whose host is an address must not be asked, as a sentence; null: it may be, or its host is a name. */
  faultOf(url: string): string | null;
  /** Finds the addresses of a name, and of these only those that may be reached; fails with Forbidden if none may. */
  readonly lookup: LookupFunction;
}

const innerV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...[
    '192.0.2.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  '168.63.129.16/32', // a public address with the metadata of a cloud behind it; the others are in 169.254.0.0/16
];
const innerV6 = [
  ...[
    '::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/32',
    '2001:db8::/32',
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
];

/** IPv4 in IPv6: translated (NAT64) and tunnelled (6to4). Mapped addresses BlockList sees through by itself. */
function embedded(range: string): string[] {
  const [address = '', length] = range.split('/');
  const [a, b, c, d] = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return [`64:ff9b::${a}${b}:${c}${d}/${96 + Number(length)}`, `2002:${a}${b}:${c}${d}::/${16 + Number(length)}`];
}

const isInner = addressSet([...innerV4, ...innerV6, ...innerV4.flatMap(embedded)]);
const loopback = ['127.0.0.0/8', '::1'];

interface Allowed {
  /** Addresses, ranges and host names. */
  readonly allow: readonly string[];
  /** Whether this machine is allowed as well. */
  readonly loopback: boolean;
}

/** `find` looks names up as dns.lookup does. */
export function egressTo({ allow, loopback: withLoopback }: Allowed, find: typeof systemLookup = systemLookup): Egress {
  const isRange = (each: string) => isIP(each.split('/')[0] ?? '') !== 0;
  const isAllowed = addressSet([...allow.filter(isRange), ...(withLoopback ? loopback : [])]);
  const names = new Set(allow.filter((each) => !isRange(each)).map(bare));
  const mayReach = (address: string) => isAllowed(address) || !isInner(address);
  return {
    faultOf: (url) => {
      const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
      return isIP(host) === 0 || mayReach(host) ? null : sentence(host);
    },
    lookup: (name, options, callback) => {
      find(name, { ...options, all: true } as LookupOptions & { all: true }, (error, found) => {
        if (error) return callback(error, '');
        const reached = names.has(bare(name)) ? found : found.filter(({ address }) => mayReach(address));
        const [first] = reached;
        if (!first) return callback(new Forbidden(sentence(name, found)), '');
        return options.all ? callback(null, reached) : callback(null, first.address, first.family);
      });
    },
  };
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function sentence(host: string, found: readonly LookupAddress[] = []): string {
  const what = found.length === 0 ? host : `${host} (${found.map(({ address }) => address).join(', ')})`;
  return `${what} is an address inside: webhooks go there only where SWITCHHOOK_WEBHOOK_ALLOW lists it.`;
}
