// Where a call of ours may go (RFC 3261 §8.1.2): to a phone that has registered, where a SIP URI leads, or by the trunks
// whose rules fit a number, in the order to try. Pure. Leaves out how one is tried (outbound.ts).
import type { Credentials } from '../sip/message/digest.ts';
import { readUri, type SipUri, writeUri } from '../sip/message/uri.ts';
import type { Target } from '../sip/transport/transport.ts';

/** A trunk as calls out see it. Texts as they go on the wire. */
export interface Gateway {
  readonly name: string;
  /** A sip or sips URI; the number called becomes its user. */
  readonly uri: string;
  /** What its registrar wants calls to go by (RFC 3608). */
  readonly routes: readonly string[];
  readonly credentials: Credentials | null;
  /** Numbers that begin so; the empty prefix is every number. */
  readonly prefixes: readonly string[];
  /** The applications that may use it; null: every one. */
  readonly applications: readonly string[] | null;
  /** The lowest goes first; among equals chance decides, by weight. */
  readonly priority: number;
  readonly weight: number;
  /** How many calls it takes at a time; null: any number. */
  readonly channels: number | null;
}

/** A phone where it is now (registrar). */
export interface Contact {
  readonly contact: string;
  readonly path: readonly string[];
  readonly flow: Target;
  readonly behindNat: boolean;
}

/** One place to try. `flow` is set where a phone can only be reached where its packets come from. */
export interface Route {
  readonly uri: string;
  readonly routes: readonly string[];
  readonly flow: Target | null;
  readonly gateway: string | null;
  readonly credentials: Credentials | null;
}

export interface Routing {
  readonly gateways: readonly Gateway[];
  readonly connectionId: string;
  readonly locate: (aor: string) => readonly Contact[];
  /** How many calls a gateway has now. */
  readonly calls: (gateway: string) => number;
  /** From 0 up to 1, a new one at each call. */
  readonly chance: () => number;
}

/** What was called: a number with its plus sign, or a sip or sips URI. */
export type Destination = { readonly number: string } | { readonly uri: string };

/** The places to try, in order; `full` where only trunks without a free channel fit. */
export function routesOut(destination: Destination, routing: Routing): readonly Route[] | 'full' {
  if ('uri' in destination) return routesToUri(destination.uri, routing);
  const fitting = routing.gateways.filter((gateway) => fits(gateway, destination.number, routing.connectionId));
  const free = fitting.filter(({ name, channels }) => channels === null || routing.calls(name) < channels);
  if (free.length === 0) return fitting.length > 0 ? 'full' : [];
  return inOrder(free, destination.number, routing.chance).map((gateway) => ({
    uri: withUser(gateway.uri, destination.number),
    routes: gateway.routes,
    flow: null,
    gateway: gateway.name,
    credentials: gateway.credentials,
  }));
}

/** A URI of a phone that has registered leads to its contacts, any other where it says. */
function routesToUri(uri: string, { locate }: Routing): readonly Route[] {
  const contacts = locate(uri);
  const direct = { routes: [], flow: null, gateway: null, credentials: null };
  if (contacts.length === 0) return [{ ...direct, uri }];
  return contacts.map(({ contact, path, flow, behindNat }) => ({
    ...direct,
    uri: contact,
    routes: path,
    flow: behindNat && path.length === 0 ? flow : null,
  }));
}

function fits({ prefixes, applications }: Gateway, number: string, connectionId: string): boolean {
  return longest(prefixes, number) >= 0 && (applications === null || applications.includes(connectionId));
}

/** How long the longest prefix is that fits; -1: none does. With and without the plus sign is the same. */
function longest(prefixes: readonly string[], number: string): number {
  const digits = number.slice(1);
  const fitting = prefixes.map((prefix) => prefix.replace(/^\+/, '')).filter((prefix) => digits.startsWith(prefix));
  return fitting.reduce((most, { length }) => Math.max(most, length), -1);
}

/** By priority, then by the longest prefix, then by chance and weight as RFC 2782 does for SRV. */
function inOrder(gateways: readonly Gateway[], number: string, chance: () => number): readonly Gateway[] {
  const drawn = gateways.map((gateway) => ({ gateway, draw: chance() ** (1 / Math.max(gateway.weight, 0.001)) }));
  return drawn
    .toSorted(
      (a, b) =>
        a.gateway.priority - b.gateway.priority ||
        longest(b.gateway.prefixes, number) - longest(a.gateway.prefixes, number) ||
        b.draw - a.draw,
    )
    .map(({ gateway }) => gateway);
}

/** The number as the user of a gateway's URI (RFC 3261 §19.1.6). */
function withUser(uri: string, number: string): string {
  const read = readUri(uri) as SipUri;
  return writeUri({ ...read, user: number, params: new Map([...read.params, ['user', 'phone']]), headers: null });
}
