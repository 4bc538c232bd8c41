// Where a target leads (RFC 3263 §4): transport, port and address, in the order in which to try them. A domain may say all
// three by NAPTR and SRV; what a URI says itself is never asked. Leaves out the asking (records.ts), and trying one place
// after the other (attempts.ts).
import { isIP } from 'node:net';
import type { Naptr, Records, Srv } from './records.ts';
import { literalOf } from './resolve.ts';
import { isPort, secure, type Target, type TransportName } from './transport.ts';

export interface LocationOptions {
  readonly records: Records;
  /** A number from 0 up to 1. */
  readonly chance: () => number;
  /** Whether we can send by this transport at all, and to an address of this version of IP. */
  readonly speaks: (transport: TransportName) => boolean;
  readonly reaches: (transport: TransportName, version: number) => boolean;
}

/** As many places as are tried: what a domain says of itself must not keep us busy for hours. */
const mostTargets = 8;

/** RFC 3263 §4.1, RFC 7118: what a NAPTR calls a transport. */
const services: Readonly<Record<string, TransportName>> = {
  'sip+d2u': 'udp',
  'sip+d2t': 'tcp',
  'sips+d2t': 'tls',
  'sip+d2w': 'ws',
  'sips+d2w': 'wss',
};

/** What comes before a domain in the name of its SRV records. There is none for WebSocket: those are found by NAPTR only. */
const srvPrefixes: Readonly<Partial<Record<TransportName, string>>> = {
  udp: '_sip._udp.',
  tcp: '_sip._tcp.',
  tls: '_sips._tcp.',
};

/** A host, port and transport that still needs its addresses. */
interface Place {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
}

/** The targets with addresses, best first, at least one. Rejects, with a sentence, when it leads nowhere. The flow of a connection is given up. */
export async function locate(target: Target, options: LocationOptions): Promise<readonly Target[]> {
  const { host, flow } = target;
  // RFC 6761 §6.4: such a name is never asked for. It is what a WebSocket client calls itself by.
  if (/(^|\.)invalid\.?$/i.test(host))
    throw new Error(`${host} is reached by its connection only, and that is closed.`);
  const places = await placesOf(target, options);
  const targets = await anyOf(places.map((place) => targetsAt(place, host, options.records)));
  const reachable = targets.filter((each) => options.reaches(each.transport, isIP(each.host)));
  const [first, ...others] = reachable.length > 0 ? reachable : targets;
  if (first === undefined) throw new Error(`${host} has no address.`);
  const byFlow = (each: Target): Target =>
    flow !== undefined && each.transport === 'udp' && target.transport === 'udp' ? { ...each, flow } : each;
  return [first, ...others].slice(0, mostTargets).map(byFlow);
}

async function placesOf(target: Target, options: LocationOptions): Promise<readonly Place[]> {
  const { transport, host, port, open } = target;
  const itself = [{ transport, host, port }];
  if (open === undefined || literalOf(host) !== null) return itself;
  const byNaptr = open === 'transport' ? await placesByNaptr(target, options) : [];
  if (byNaptr.length > 0) return byNaptr;
  const transports = open === 'transport' ? withoutNaptr(transport).filter(options.speaks) : [transport];
  const places = await anyOf(transports.map((each) => placesBySrv(each, srvName(each, host), options)));
  return places.length > 0 ? places : itself;
}

/** §4.1: a domain without NAPTR is asked for the SRV records of every transport; with SIPS only TLS will do. */
function withoutNaptr(transport: TransportName): readonly TransportName[] {
  return secure[transport] ? [transport] : ['udp', 'tcp', 'tls'];
}

const srvName = (transport: TransportName, domain: string): string | null => {
  const prefix = srvPrefixes[transport];
  return prefix === undefined ? null : prefix + domain;
};

/** §4.1: those services are left out that we do not have or that are not safe enough; the rest as the domain orders them. */
async function placesByNaptr({ transport, host }: Target, options: LocationOptions): Promise<readonly Place[]> {
  const known = (await answerOf(options.records.naptr(host)))
    .filter(({ flags }) => flags.toLowerCase() === 's')
    .map((record) => ({ record, transport: services[record.service.toLowerCase()] }))
    .filter((each): each is { record: Naptr; transport: TransportName } => {
      return (
        each.transport !== undefined && options.speaks(each.transport) && (secure[each.transport] || !secure[transport])
      );
    })
    .toSorted(({ record: a }, { record: b }) => a.order - b.order || a.preference - b.preference)
    .slice(0, mostTargets);
  return anyOf(known.map((each) => placesBySrv(each.transport, each.record.replacement, options)));
}

async function placesBySrv(
  transport: TransportName,
  name: string | null,
  { records, chance }: LocationOptions,
): Promise<readonly Place[]> {
  if (name === null) return [];
  const found = await answerOf(records.srv(name));
  // RFC 2782: a single `.` says that there is decidedly no such service.
  const offered = found.filter((each) => each.name !== '' && each.name !== '.' && isPort(each.port));
  if (found.length > 0 && offered.length === 0) throw new Error(`${name} says that it is not offered.`);
  return inOrder(offered, chance)
    .slice(0, mostTargets)
    .map(({ name: host, port }) => ({ transport, host, port }));
}

/** RFC 2782: by priority, and within one by a lot in which each takes part with its weight. */
export function inOrder(records: readonly Srv[], chance: () => number): readonly Srv[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const order: Srv[] = [];
  while (left.length > 0) {
    const rivals = left.filter(({ priority }) => priority === left[0]!.priority);
    order.push(...left.splice(drawn(rivals, chance()), 1));
  }
  return order;
}

function drawn(rivals: readonly Srv[], lot: number): number {
  const total = rivals.reduce((sum, { weight }) => sum + weight, 0);
  let left = Math.floor(lot * (total + 1));
  return rivals.findIndex(({ weight }) => {
    left -= weight;
    return left <= 0;
  });
}

async function targetsAt({ transport, host, port }: Place, domain: string, records: Records): Promise<Target[]> {
  const literal = literalOf(host);
  if (literal !== null) return [{ transport, host: literal, port }];
  const addresses = await records.addresses(host);
  return addresses.map((address) => ({ transport, host: address, port, ...(secure[transport] && { name: domain }) }));
}

/** RFC 3263 §4.1: who cannot be asked for these has none; addresses may be known all the same. */
async function answerOf<T>(answer: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await answer;
  } catch {
    return [];
  }
}

/** All that was found, where something was; else why not. */
async function anyOf<T>(searches: readonly Promise<readonly T[]>[]): Promise<readonly T[]> {
  const ends = await Promise.allSettled(searches);
  const found = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
  const failed = ends.find((end) => end.status === 'rejected');
  if (found.length === 0 && failed) throw failed.reason;
  return found;
}
