// A user agent (RFC 3261 §8): calls made and taken, requests sent and answered, over an endpoint of its own. Its calls are
// objects with promises that never reject. Leaves out what outlives a restart, session timers and reliable provisional
// responses of ours: a server drives the machines of sip/dialog itself and keeps their states.
import { contactFor, type Dialog, uasDialog } from '../dialog/dialog.ts';
import { withoutPeer } from '../dialog/initial-invite.ts';
import { Endpoint, type EndpointOptions, type EndpointUser, type Origin } from '../endpoint.ts';
import { tagOf } from '../message/address.ts';
import type { Credentials } from '../message/digest.ts';
import { type Request, reply } from '../message/message.ts';
import { inviteKey } from '../transaction/key.ts';
import { patienceMs, standardTiming } from '../transaction/timers.ts';
import { resolveHost } from '../transport/resolve.ts';
import { type PartUser, users } from '../users.ts';
import type { Call, Incoming } from './call.ts';
import { Core, type Outcome, type Saying } from './core.ts';
import { IncomingInvite } from './incoming-invite.ts';
import { type InviteOptions, type InviteOutcome, OutgoingInvite } from './outgoing-invite.ts';

type Shared = 'system' | 'transports' | 'records' | 'timing' | 'trace' | 'gate';

/** What a user agent is made of. Its transports belong to it: it binds and closes them. */
export interface UserAgentOptions
  extends Pick<EndpointOptions, Shared>,
    Partial<Pick<EndpointOptions, 'resolve' | 'publicHost'>> {
  /** The user part of its Contact. */
  readonly name: string;
  /** Who it says it is, a sip or sips URI; without one its own address. */
  readonly aor?: string;
  /** For whoever challenges it. */
  readonly credentials?: Credentials;
  /** What its requests are routed by, the first hop first: `<sip:proxy.example.com;lr>`. */
  readonly routes?: readonly string[];
  /** Methods that are taken beside INVITE, ACK, CANCEL, BYE and OPTIONS. */
  readonly allow?: readonly string[];
  /** Others on the same endpoint: a registrar, registrations. */
  readonly parts?: readonly PartUser[];
  /** A call comes in. Without it, calls are refused with 480. */
  readonly invited?: (invite: IncomingInvite) => void;
  /** A request outside of any dialog. Without it, such requests are refused with 405. */
  readonly request?: (incoming: Incoming) => void;
}

/** UAC and UAS in one (RFC 3261 §8). Nothing it promises is rejected, but for `listen`. */
export class UserAgent {
  /** What it stands on: for the parts, which start with it. */
  readonly endpoint: Endpoint;
  readonly #options: UserAgentOptions;
  readonly #core: Core;
  readonly #calls = new Map<string, Call>();
  /** By the transaction of the INVITE, which a CANCEL names too, and by dialog, which an ACK names. */
  readonly #invites = new Map<string, IncomingInvite>();
  readonly #dialogs = new Map<string, IncomingInvite>();
  readonly #merging = new Set<string>();

  constructor(options: UserAgentOptions) {
    const { system, name, credentials = null, allow = [], parts = [], timing = standardTiming } = options;
    const { resolve = resolveHost, publicHost = null } = options;
    const methods = [...new Set(['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', ...allow])];
    this.#options = options;
    const capabilities = [['Allow', methods.join(', ')]] as const;
    this.#core = new Core(
      { system, name, credentials, patienceMs: patienceMs(timing), capabilities },
      () => this.endpoint,
    );
    const shared = { ...options, resolve, publicHost, allow: methods, supported: [] };
    this.endpoint = new Endpoint({ ...shared, user: users(parts, this.#user()) });
  }

  /** Binds its transports, or none; rejects with a sentence an operator can act on. */
  listen(): Promise<void> {
    return this.endpoint.listen();
  }

  /** Ends at once, without a word to anybody: leave your calls first. Whoever still waits for an outcome gets 503. */
  close(): Promise<void> {
    const closed = this.endpoint.close();
    this.#core.close();
    for (const invite of this.#dialogs.values()) invite.take({ type: 'timer', timer: 'give-up' });
    return closed;
  }

  /** Its own address, by the first of its transports: what can be called. */
  get uri(): string {
    const { local } = this.#options.transports[0]!;
    return contactFor(this.endpoint.localAddress(local.transport) ?? local, this.#options.name).slice(1, -1);
  }

  /** The calls it is in. */
  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Calls a sip or sips URI. Resolves when it is answered, refused, given up or out of reach. Never rejects. */
  invite(uri: string, options: InviteOptions): Promise<InviteOutcome> {
    const { headers = [], sdp } = options;
    const invitation = { ...this.#from(uri), headers: [...this.#core.options.capabilities, ...headers], sdp };
    return new OutgoingInvite(this.#core, invitation, options, (call) => this.#began(call)).outcome;
  }

  /** Sends a request outside of any dialog: OPTIONS, MESSAGE and the like. Resolves with its final response. Never rejects. */
  request(method: string, uri: string, saying: Saying = {}): Promise<Outcome> {
    const dialog = withoutPeer({ ...this.#from(uri), cseq: 0 });
    return this.#core.ask({ dialog, authorizations: [] }, method, saying);
  }

  #from(uri: string) {
    const { aor = this.uri, routes = [], name } = this.#options;
    const [fromTag, callId] = [this.#core.fresh(), this.#core.fresh()];
    return { uri, to: `<${uri}>`, from: `<${aor}>`, fromTag, callId, routes, contactUser: name };
  }

  #began(call: Call): void {
    const id = idOf(call.dialog);
    this.#calls.set(id, call);
    void call.ended.then(() => this.#calls.delete(id));
  }

  // --- What the endpoint tells

  #user(): EndpointUser {
    return {
      request: (request, origin) => this.#take(request, origin),
      ack: (request) => this.#acknowledged(request),
      response: (branch, response, to) =>
        this.#core.hear(branch, response.cseq.method, { type: 'response', response, to }),
      timeout: (branch, method) => this.#core.hear(branch, method, { type: 'timeout' }),
      failed: (branch, _error, method) => this.#core.hear(branch, method, { type: 'transport-failed' }),
    };
  }

  #take(request: Request, origin: Origin): void {
    if (request.method === 'CANCEL') return this.#cancelled(request, origin);
    if (tagOf(request.to) !== null) return this.#within(request, origin);
    if (request.method === 'INVITE') return this.#invited(request, origin);
    const respond: Incoming['respond'] = (status, options = {}) =>
      this.endpoint.respond(origin, status, reply(request, status, { toTag: this.#core.fresh(), ...options }));
    if (this.#options.request) this.#options.request({ request, origin, respond });
    else respond(405, { headers: this.#core.options.capabilities });
  }

  #invited(request: Request, origin: Origin): void {
    const { from, nat = false } = origin;
    const dialog = uasDialog(request, this.#core.fresh(), from, nat);
    if (dialog === null) return this.#answer(request, origin, 400);
    if (this.#merging.has(mergeKey(request))) return this.#answer(request, origin, 482);
    if (this.#options.invited === undefined) return this.#answer(request, origin, 480);
    const invite = new IncomingInvite(this.#core, request, origin, dialog, (call) => this.#began(call));
    this.#remember(invite, origin.key, idOf(dialog));
    this.#options.invited(invite);
  }

  #answer(request: Request, origin: Origin, status: number): void {
    this.endpoint.respond(origin, status, reply(request, status, { toTag: this.#core.fresh() }));
  }

  /** Until it is acknowledged, or will never be. */
  #remember(invite: IncomingInvite, key: string, id: string): void {
    const merging = mergeKey(invite.request);
    this.#invites.set(key, invite);
    this.#dialogs.set(id, invite);
    this.#merging.add(merging);
    void invite.acknowledged.then(() => {
      this.#invites.delete(key);
      this.#dialogs.delete(id);
      this.#merging.delete(merging);
    });
  }

  /** §9.2: the CANCEL itself is always answered. */
  #cancelled(request: Request, origin: Origin): void {
    const invite = this.#invites.get(inviteKey(request));
    this.#answer(request, origin, invite === undefined ? 481 : 200);
    invite?.take({ type: 'cancel' });
  }

  #within(request: Request, origin: Origin): void {
    const id = idIn(request);
    const isBye = request.method === 'BYE';
    const invite = isBye ? this.#dialogs.get(id) : undefined;
    invite?.take({ type: 'bye' });
    const call = this.#calls.get(id);
    if (call) call.take(request, origin);
    else this.#answer(request, origin, invite === undefined ? 481 : 200);
  }

  #acknowledged(request: Request): void {
    const id = idIn(request);
    const invite = this.#dialogs.get(id);
    if (invite) return invite.take({ type: 'ack', ack: request });
    this.#calls.get(id)?.acknowledge(request);
  }
}

function idOf({ callId, localTag, remoteTag }: Dialog): string {
  return [callId, localTag, remoteTag ?? ''].join(' ');
}

function idIn(request: Request): string {
  return [request.callId, tagOf(request.to) ?? '', tagOf(request.from) ?? ''].join(' ');
}

/** §8.2.2.2: what the same INVITE has in common that comes by two ways. */
function mergeKey({ callId, from, cseq }: Request): string {
  return [callId, tagOf(from) ?? '', cseq.number].join(' ');
}
