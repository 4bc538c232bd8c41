// What DNS says, asked of the machine's resolver or of servers that are named: addresses, SRV (RFC 2782), NAPTR (RFC 3403).
// An answer is kept for a short while, because Node does not tell how long it may be kept; how many are kept is bounded.
// Leaves out what the records mean for SIP (location.ts).
import { NODATA, NOTFOUND } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { Clock } from '../../system.ts';
import { type Resolve, resolveHost } from './resolve.ts';

/** An SRV record (RFC 2782). */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** A NAPTR record (RFC 3403 §4.1). */
export interface Naptr {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

/** An empty list means that there is none; a rejection that nobody knows. */
export interface Records {
  readonly addresses: Resolve;
  srv(name: string): Promise<readonly Srv[]>;
  naptr(domain: string): Promise<readonly Naptr[]>;
}

const patience = { timeout: 1_500, tries: 2 } as const;

/** `servers` are addresses, with a port where it is not 53; without any the machine is asked, and its hosts file. */
export function openRecords(servers: readonly string[]): Records {
  const resolver = new Resolver(patience);
  if (servers.length > 0) resolver.setServers(servers);
  return {
    addresses: servers.length > 0 ? (host) => addressesBy(resolver, host) : resolveHost,
    srv: (name) => orNone(resolver.resolveSrv(name)),
    naptr: (domain) => orNone(resolver.resolveNaptr(domain)),
  };
}

async function addressesBy(resolver: Resolver, host: string): Promise<readonly string[]> {
  const both = await Promise.all([orNone(resolver.resolve6(host)), orNone(resolver.resolve4(host))]);
  return both.flat();
}

async function orNone<T>(answer: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await answer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === NODATA || code === NOTFOUND) return [];
    throw error;
  }
}

export interface KeptFor {
  readonly ageMs: number;
  readonly answers: number;
}

const standard: KeptFor = { ageMs: 30_000, answers: 1_000 };

/** The same records, asked once for all who ask at a time or shortly after. What failed is asked again. */
export function kept(records: Records, clock: Clock, { ageMs, answers }: KeptFor = standard): Records {
  const known = new Map<string, { readonly until: number; readonly answer: Promise<readonly unknown[]> }>();
  const ask = <T>(kind: string, name: string, of: (name: string) => Promise<readonly T[]>): Promise<readonly T[]> => {
    const key = `${kind} ${name.toLowerCase()}`;
    const found = known.get(key);
    if (found && clock.now() < found.until) return found.answer as Promise<readonly T[]>;
    const answer = of(name);
    known.delete(key);
    if (known.size >= answers) known.delete(known.keys().next().value!);
    known.set(key, { until: clock.now() + ageMs, answer });
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key);
    });
    return answer;
  };
  return {
    addresses: (host) => ask('address', host, records.addresses),
    srv: (name) => ask('srv', name, records.srv),
    naptr: (domain) => ask('naptr', domain, records.naptr),
  };
}
