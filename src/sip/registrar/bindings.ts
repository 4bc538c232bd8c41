// What a REGISTER does to the bindings of one address-of-record (RFC 3261 §10.3, Path of RFC 3327 §5.3): all of it or
// nothing. Pure. Leaves out who may register (admission.ts), and keeping what was decided (registrar.ts). No GRUU.
import { nextHop } from '../dialog/dialog.ts';
import { isOutOfReach } from '../dialog/reach.ts';
import { type Address, type Params, param, readAddress, writeParams } from '../message/address.ts';
import { copy, readNumber } from '../message/grammar.ts';
import { readOptionTags } from '../message/headers.ts';
import type { HeaderList, Request } from '../message/message.ts';
import { readUri, sameUri, type Uri } from '../message/uri.ts';
import type { Target } from '../transport/transport.ts';

/** A contact of an address-of-record. Plain data; instants are wall-clock milliseconds. */
export interface Binding {
  /** Its URI as it was registered. */
  readonly contact: string;
  /** What stood after it, as written, but for `expires`. */
  readonly params: string;
  /** Preference in thousandths (§20.10): the highest is called first. */
  readonly q: number;
  /** `+sip.instance` and `reg-id` (RFC 5626 §4.1): the same phone under another address. */
  readonly instance: string | null;
  readonly callId: string;
  readonly cseq: number;
  readonly expiresAt: number;
  /** What a request to it is routed by, the next hop first. */
  readonly path: readonly string[];
  /** What the REGISTER came by: over a connection the only way to a phone behind a NAT. */
  readonly flow: Target;
  readonly behindNat: boolean;
}

/** How long and how many bindings may be. */
export interface RegistrarLimits {
  /** What is shorter is refused with 423, what is longer is shortened; both in seconds. */
  readonly minExpires: number;
  readonly maxExpires: number;
  /** For a phone that does not say. */
  readonly usualExpires: number;
  /** Bindings of one address-of-record; one more takes the place of the one that would end first. */
  readonly contacts: number;
}

/** A minute to an hour, ten contacts. */
export const usualRegistrarLimits: RegistrarLimits = {
  minExpires: 60,
  maxExpires: 3600,
  usualExpires: 3600,
  contacts: 10,
};

/** How the REGISTER came. */
export interface Arrival {
  readonly at: number;
  readonly from: Target;
  /** Whether a Contact out of reach is passed over for `from`. */
  readonly nat: boolean;
}

/** `bindings` is the very list that was given when nothing changes. */
export type Registered =
  | { readonly accepted: true; readonly bindings: readonly Binding[] }
  | { readonly accepted: false; readonly status: 400 | 423 | 500; readonly headers: HeaderList };

/**
 * The address-of-record that a To, or a URI, is about: its user, escapes undone (§10.3 step 5); null for one that has none.
 * The host is not part of it: every domain that leads here is ours.
 */
export function aorOf(uri: string): string | null {
  const read = readUri(uri);
  if (read === null || read.scheme === 'tel' || read.user === null) return null;
  return copy(
    read.user.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  );
}

/** Steps 6 and 7 of §10.3. `bindings` are those that have not ended yet. */
export function register(
  bindings: readonly Binding[],
  request: Request,
  arrival: Arrival,
  limits: RegistrarLimits,
): Registered {
  const values = request.values('Contact');
  if (values.length === 0) return { accepted: true, bindings };
  if (values.includes('*')) return removeAll(bindings, request, values.length);
  const contacts: Contact[] = [];
  for (const value of values) {
    const contact = readContact(value, request, limits);
    if (contact === null) return refuse(400);
    const { expires } = contact;
    if (expires > 0 && expires < limits.minExpires) return refuse(423, [['Min-Expires', String(limits.minExpires)]]);
    const known = bindings.find((binding) => isAt(binding, contact.uri));
    if (known && isOutOfOrder(known, request)) return refuse(500);
    contacts.push(contact);
  }
  const next = contacts.reduce((list, contact) => bind(list, contact, request, arrival), bindings);
  return { accepted: true, bindings: atMost(next, limits.contacts) };
}

function refuse(status: 400 | 423 | 500, headers: HeaderList = []): Registered {
  return { accepted: false, status, headers };
}

/** `*` must stand alone, with Expires: 0. */
function removeAll(bindings: readonly Binding[], request: Request, contacts: number): Registered {
  if (contacts > 1 || readNumber(request.get('Expires') ?? '') !== 0) return refuse(400);
  return bindings.some((binding) => isOutOfOrder(binding, request)) ? refuse(500) : { accepted: true, bindings: [] };
}

/** A REGISTER that was overtaken by a later one must not undo it: the whole update fails. */
function isOutOfOrder({ callId, cseq }: Binding, request: Request): boolean {
  return callId === request.callId && request.cseq.number <= cseq;
}

interface Contact {
  readonly address: Address;
  readonly uri: Uri;
  readonly expires: number;
}

function readContact(value: string, request: Request, limits: RegistrarLimits): Contact | null {
  const address = readAddress(value);
  const uri = address && readUri(address.uri);
  return uri && { address, uri, expires: expiresOf(address.params, request, limits) };
}

/** The contact's own, else that of all; a value nobody can read is as none (§10.3 step 7, §20.19). */
function expiresOf(params: Params, request: Request, { maxExpires, usualExpires }: RegistrarLimits): number {
  const own = param(params, 'expires');
  const asked = readNumber(own ?? request.get('Expires') ?? '') ?? usualExpires;
  return Math.min(asked, maxExpires);
}

function isAt(binding: Binding, uri: Uri): boolean {
  const bound = readUri(binding.contact);
  return bound !== null && sameUri(bound, uri);
}

function bind(bindings: readonly Binding[], contact: Contact, request: Request, arrival: Arrival): readonly Binding[] {
  const known = bindings.find((binding) => isAt(binding, contact.uri));
  const others = known === undefined ? bindings : bindings.filter((binding) => binding !== known);
  if (contact.expires === 0) return others;
  const binding = bindingOf(contact, request, arrival);
  return [...others.filter((other) => !isReplaced(other, binding)), binding];
}

/** The same phone has started again under another address (RFC 5626 §6); what one request says stays side by side. */
function isReplaced(other: Binding, { instance, callId }: Binding): boolean {
  return instance !== null && other.instance === instance && other.callId !== callId;
}

function bindingOf({ address, expires }: Contact, request: Request, { at, from, nat }: Arrival): Binding {
  const { uri, params } = address;
  const q = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(param(params, 'q') ?? '');
  const instance = param(params, '+sip.instance');
  return {
    contact: copy(uri),
    params: copy(writeParams(new Map([...params].filter(([name]) => name !== 'expires')))),
    q: q === null ? 1000 : Math.round(Number(q[0]) * 1000),
    instance: instance === null ? null : copy(`${instance} ${param(params, 'reg-id') ?? ''}`),
    callId: copy(request.callId),
    cseq: request.cseq.number,
    expiresAt: at + expires * 1000,
    path: request.values('Path').map(copy),
    flow: from,
    behindNat: nat && isOutOfReach(uri, request, from),
  };
}

function atMost(bindings: readonly Binding[], most: number): readonly Binding[] {
  if (bindings.length <= most) return bindings;
  const last = bindings.toSorted((a, b) => b.expiresAt - a.expiresAt).slice(0, most);
  return bindings.filter((binding) => last.includes(binding));
}

/** The 200 to a REGISTER (§10.3 step 8): every binding with what is left of it. Path as RFC 3327 §5.3 wants it. */
export function registeredHeaders(request: Request, bindings: readonly Binding[], at: number): HeaderList {
  const seesPath = request.values('Supported').flatMap(readOptionTags).includes('path');
  return [
    ...bindings.map(({ contact, params, expiresAt }) => {
      const left = Math.max(0, Math.ceil((expiresAt - at) / 1000));
      return ['Contact', `<${contact}>${params};expires=${left}`] as const;
    }),
    ...(seesPath ? request.all('Path').map((path) => ['Path', path] as const) : []),
    ['Date', new Date(at).toUTCString()],
  ];
}

/** Where a request to a binding goes: its Request-URI, its Route, and the next hop. */
export interface Way {
  readonly uri: string;
  readonly routes: readonly string[];
  readonly target: Target;
}

/** Where a request to a binding goes, by its Path and the flow it registered by (RFC 3327 §5.1). */
export function wayTo({ contact, path, flow, behindNat }: Binding): Way {
  const dialog: Parameters<typeof nextHop>[0] = { routeSet: path, remoteTarget: contact, flow, behindNat };
  return { uri: contact, routes: path, target: nextHop(dialog) };
}
