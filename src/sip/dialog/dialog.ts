// The dialog (RFC 3261 §12): its identifiers, CSeq both ways, remote target and route set, and the requests built inside
// it. Plain data, so a call keeps it in the store. Early or confirmed is the business of the usage that owns it.
import { isIP } from 'node:net';
import { readAddress, tagOf } from '../message/address.ts';
import { copy } from '../message/grammar.ts';
import type { HeaderList, Request, Response } from '../message/message.ts';
import { readUri, type SipUri, writeUri } from '../message/uri.ts';
import { writeRequest } from '../message/write.ts';
import {
  defaultPort,
  type LocalAddress,
  nowhere,
  reliable,
  secure,
  type Target,
  type TransportName,
  transportNames,
  viaFor,
} from '../transport/transport.ts';
import { isBehindNat } from './reach.ts';

/**
 * `local` and `remote` are From and To as we write them, tags included. `flow` is what the last request of the peer came
 * by, and where ours go while its last Contact is out of reach (`behindNat`); `nat` is whether that is looked at.
 */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string | null;
  readonly local: string;
  readonly remote: string;
  readonly localCseq: number;
  readonly remoteCseq: number;
  readonly remoteTarget: string;
  readonly routeSet: readonly string[];
  readonly flow: Target;
  /** Whether our Contact has to be a SIPS URI (§12.1.1). A dialog from before there was TLS does not say. */
  readonly secure?: boolean;
  readonly nat?: boolean;
  readonly behindNat?: boolean;
}

/** What we say of ourselves by transport; null where we have no listener. */
export type LocalAddresses = Readonly<Partial<Record<TransportName, LocalAddress | null>>>;

/** A request that is ready to send. */
export interface BuiltRequest {
  readonly text: string;
  readonly target: Target;
}

/**
 * The dialog of a UAS (§12.1.1), null when the INVITE's Contact is missing or leads nowhere. `nat`: whether a Contact out of
 * reach is passed over for where the requests come from.
 */
export function uasDialog(invite: Request, localTag: string, flow: Target, nat = false): Dialog | null {
  const remoteTarget = contactOf(invite);
  if (remoteTarget === null) return null;
  return {
    callId: copy(invite.callId),
    localTag,
    remoteTag: copyOrNull(tagOf(invite.from)),
    local: copy(`${invite.get('To')};tag=${localTag}`),
    remote: copy(invite.get('From')!),
    localCseq: 0,
    remoteCseq: invite.cseq.number,
    remoteTarget: copy(remoteTarget),
    routeSet: invite.values('Record-Route').map(copy),
    flow,
    ...(isSecure(invite, remoteTarget) && { secure: true }),
    ...(nat && { nat, behindNat: isBehindNat(invite, flow) }),
  };
}

/** §12.1.1: what decides is the Request-URI, and the top of Record-Route or, where there is none, the peer's Contact. */
function isSecure(invite: Request, remoteTarget: string): boolean {
  const top = invite.values('Record-Route')[0];
  const next = top === undefined ? remoteTarget : (readAddress(top)?.uri ?? '');
  return [invite.uri, next].some((uri) => /^sips:/i.test(uri));
}

/** Whether the request belongs to this dialog (§12). A peer of RFC 2543 may have no tag. */
export function belongsTo(dialog: Dialog, request: Request): boolean {
  return (
    request.callId === dialog.callId &&
    tagOf(request.to) === dialog.localTag &&
    tagOf(request.from) === dialog.remoteTag
  );
}

/** §12.2.2: a request with a lower CSeq than the last one came out of order. */
export function isOutOfOrder(dialog: Dialog, request: Request): boolean {
  return request.cseq.number < dialog.remoteCseq;
}

/** The dialog after a request of the peer: its CSeq, its flow, and its Contact when it refreshes the target (§12.2.2, RFC 3311 §5.2). */
export function afterRequest(dialog: Dialog, request: Request, flow: Target): Dialog {
  const refreshes = request.method === 'INVITE' || request.method === 'UPDATE';
  const remoteTarget = refreshes ? contactOf(request) : null;
  return {
    ...dialog,
    remoteCseq: Math.max(dialog.remoteCseq, request.cseq.number),
    ...(remoteTarget !== null && { remoteTarget: copy(remoteTarget) }),
    ...(remoteTarget !== null && dialog.nat && { behindNat: isBehindNat(request, flow) }),
    flow,
  };
}

/** The dialog after a 2xx to a request of ours that refreshes the target (§12.2.1.2, RFC 3311 §5.1). */
export function afterResponse(dialog: Dialog, response: Response): Dialog {
  const remoteTarget = contactOf(response);
  return remoteTarget === null || remoteTarget === dialog.remoteTarget
    ? dialog
    : { ...dialog, remoteTarget: copy(remoteTarget) };
}

/** Where the dialog's next request goes: the topmost route, else the remote target, by the flow the peer last used. */
export function nextHop(dialog: Pick<Dialog, 'routeSet' | 'remoteTarget' | 'flow' | 'behindNat'>): Target {
  if (dialog.behindNat && dialog.routeSet.length === 0) return { ...dialog.flow, behindNat: true };
  const uri = readUri(routeUri(dialog) ?? dialog.remoteTarget);
  if (uri?.scheme !== 'sip' && uri?.scheme !== 'sips') return dialog.flow;
  // The peer's connection is used whatever its Contact says: a client behind TCP often forgets the transport parameter.
  const byConnection = reliable[dialog.flow.transport];
  const transport = byConnection ? dialog.flow.transport : transportOf(uri);
  const host = (uri.params.get('maddr') ?? uri.host).replace(/^\[|\]$/g, '');
  const isSame = transport === dialog.flow.transport && dialog.flow.flow !== undefined;
  const flow = isSame ? { flow: dialog.flow.flow } : {};
  const isFixed = uri.port !== null || isIP(host) !== 0;
  const open = byConnection || uri.params.has('transport') ? 'port' : 'transport';
  return { transport, host, port: uri.port ?? defaultPort[transport], ...flow, ...(!isFixed && { open }) };
}

/** Our Contact in the dialog: where the peer has reached us, by TLS in a dialog that is secure; null where we cannot be reached. */
export function contactIn(dialog: Dialog, addresses: LocalAddresses, user: string | null): string | null {
  const { transport } = dialog.flow;
  const safer = dialog.secure && !secure[transport] ? (addresses.tls ?? addresses.wss) : null;
  const address = safer ?? addresses[transport] ?? null;
  return address && contactFor(address, user, dialog.secure);
}

/**
 * The Contact of our messages; `user` is what the peer called. With SIPS the transport is the one below TLS
 * (RFC 3261 §26.2.2), and WebSocket has one name for both of its kinds (RFC 7118 §5.2).
 */
export function contactFor({ transport, host, port }: LocalAddress, user: string | null, isSecure = false): string {
  const at = host.includes(':') ? `[${host}]` : host;
  const below = transport === 'tls' && isSecure ? 'tcp' : transport === 'wss' ? 'ws' : transport;
  return `<${isSecure ? 'sips' : 'sip'}:${user === null ? '' : `${user}@`}${at}:${port};transport=${below}>`;
}

/**
 * A request inside the dialog (§12.2.1.1). `headers` follow the ones every request has; `contact` is for those that carry one.
 * By which of our transports it leaves in the end, and so what its Via says, DNS and its size may change (attempts.ts).
 */
export function requestWithin(
  dialog: Dialog,
  addresses: LocalAddresses,
  request: {
    readonly method: string;
    readonly cseq: number;
    readonly branch: string;
    readonly headers: (address: LocalAddress) => HeaderList;
    readonly body?: string;
  },
): BuiltRequest {
  const target = nextHop(dialog);
  return buildFor(dialog, request, target, addresses[target.transport] ?? nowhere(target.transport));
}

function buildFor(
  dialog: Dialog,
  request: Parameters<typeof requestWithin>[2],
  target: Target,
  address: LocalAddress,
): BuiltRequest {
  const { uri, routes } = requestUri(dialog);
  const headers: (readonly [string, string])[] = [
    ['Via', viaFor(address, request.branch)],
    ['Max-Forwards', '70'],
    ...routes.map((route) => ['Route', route] as const),
    ['From', dialog.local],
    ['To', dialog.remote],
    ['Call-ID', dialog.callId],
    ['CSeq', `${request.cseq} ${request.method}`],
    ...request.headers(address),
  ];
  return { text: writeRequest({ method: request.method, uri }, headers, request.body), target };
}

/** The Request-URI of the dialog's next request: what a digest is made over. */
export function requestUriOf(dialog: Dialog): string {
  return requestUri(dialog).uri;
}

/** Request-URI and Route (§12.2.1.1): with a strict router first (no lr) it takes the Request-URI and the target goes last. */
function requestUri(dialog: Dialog): { uri: string; routes: readonly string[] } {
  const first = routeUri(dialog);
  if (first === null) return { uri: dialog.remoteTarget, routes: [] };
  const uri = readUri(first);
  const loose = uri?.params.has('lr');
  if (loose || uri?.scheme === 'tel' || uri === null) return { uri: dialog.remoteTarget, routes: dialog.routeSet };
  // §19.1.1: no method parameter and no headers in a Request-URI.
  const params = new Map([...uri.params].filter(([name]) => name !== 'method'));
  return {
    uri: writeUri({ ...uri, params, headers: null }),
    routes: [...dialog.routeSet.slice(1), `<${dialog.remoteTarget}>`],
  };
}

function routeUri(dialog: Pick<Dialog, 'routeSet'>): string | null {
  const first = dialog.routeSet[0];
  return first === undefined ? null : (readAddress(first)?.uri ?? null);
}

/**
 * A URI without a transport parameter means UDP, or TLS when it is a SIPS URI (RFC 3263 §4.1), unless DNS says otherwise;
 * transports we do not have are tried as TCP.
 */
function transportOf(uri: SipUri): TransportName {
  const named = uri.params.get('transport')?.toLowerCase();
  if (uri.scheme === 'sips') return named === 'ws' || named === 'wss' ? 'wss' : 'tls';
  if (named === undefined) return 'udp';
  return transportNames.find((name) => name === named) ?? 'tcp';
}

function contactOf(message: Request | Response): string | null {
  const value = message.values('Contact')[0];
  const uri = value === undefined ? undefined : readAddress(value)?.uri;
  return uri !== undefined && readUri(uri) !== null ? uri : null;
}

const copyOrNull = (text: string | null): string | null => (text === null ? null : copy(text));
