// The calls as SIP and HTTP see them: finds the call an input belongs to, or makes a new one of an INVITE, and restores all
// of them at start. What becomes of an input is the driver's (driver.ts) and the call's own business (call.ts).
import type { Refusal } from '../errors.ts';
import type { Media } from '../media/media.ts';
import { belongsTo } from '../sip/dialog/dialog.ts';
import { type Replacement, replacedBy } from '../sip/dialog/replaces.ts';
import type { Endpoint, EndpointUser, Origin } from '../sip/endpoint.ts';
import { tagOf } from '../sip/message/address.ts';
import { readReplaces } from '../sip/message/headers.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { inviteKey } from '../sip/transaction/key.ts';
import type { Target } from '../sip/transport/transport.ts';
import type { EventRow, Store } from '../store/store.ts';
import type { System } from '../system.ts';
import type { Applications } from './applications.ts';
import { type Asked, askedOf } from './asked.ts';
import { callsOf, isFull, surroundingsOf } from './channels.ts';
import { Clearing } from './clearing.ts';
import type { ActionName, Bodies, CallControl, CallView, DialBody, Dialled } from './commands.ts';
import { stackOf } from './commits.ts';
import { dialInstead, sayUndialled } from './dialled-instead.ts';
import { Dialler, type DialSettings } from './dialler.ts';
import { obstacleToDigits } from './digits.ts';
import { Driver, type Unstamped } from './driver.ts';
import { followingOf } from './following.ts';
import { incoming } from './inbound.ts';
import { offersFirst, type ReplaceableCall, replaceable, unacceptable } from './invitation.ts';
import { type Lifetime, type LifetimePolicy, lifetimeFor } from './lifetime.ts';
import { type Live, LiveCalls, mergeKey, type Watcher } from './live.ts';
import { isEarlyOf } from './outbound.ts';
import { obstacleToEnqueue } from './queueing.ts';
import type { PlaceChange, Queues, WaitingCall } from './queues.ts';
import { type Read, type ReadAction, readCommand } from './reading.ts';
import { readReferWithSteps } from './reading-fallbacks.ts';
import { rememberedMs } from './retention.ts';
import { route } from './routing.ts';

import { type Call, type Effect, isAlive, sixtyFourT1Ms } from './state.ts';
import { mayCall } from './targets.ts';
import { attendedOf, dialOf, lacksPort, linkTo, namedByRefer, namedIn, otherOf } from './transfers.ts';
import { viewOf } from './view.ts';
import { webhooksSaid } from './webhooks.ts';

export interface EngineOptions {
  readonly system: System;
  readonly store: Store;
  readonly media: Media;
  readonly applications: Pick<Applications, 'routes' | 'ofCall' | 'view'>;
  readonly queues: Pick<Queues, 'ensure' | 'obstacleTo' | 'averageWaitSecs' | 'left'>;
  /** What calls would have of session timers (RFC 4028). */
  readonly sessionTimers: LifetimePolicy;
  readonly dial: DialSettings;
  /** How long the store keeps calls that have ended: at least the ten minutes they can be asked for. */
  readonly historyMs: number;
  /** How large the database may be before the oldest of them go earlier; null or absent: as large as it gets. */
  readonly databaseMaxBytes?: number | null;
  /** What o= and c= of our session descriptions say. */
  readonly sdpAddress: string;
  /** Takes events that are committed, in order. */
  readonly deliver: (events: readonly EventRow[]) => void;
  readonly watcher?: Watcher | null;
}

/** What a peer that referred us is told of a dial that did not begin; else 500. */
const statusOfRefusal: Readonly<Record<string, number>> = {
  'no-route': 404,
  // A number that counts in one place only (RFC 3966 §5.1.5).
  'invalid-number': 484,
  'target-refused': 603,
  'too-many-dials': 503,
};

const noPort: Refusal = { name: 'unavailable', detail: 'No RTP port is free. Try again.' };

export class Engine implements EndpointUser, CallControl {
  readonly #options: EngineOptions;
  readonly #system: System;
  readonly #calls: LiveCalls;
  #endpoint!: Endpoint;
  #driver!: Driver;
  #dialler!: Dialler;
  #clearing!: Clearing;
  #restored: Live[] = [];
  /** What is under way before it can be decided. */
  #preparing = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#system = options.system;
    this.#calls = new LiveCalls(options.watcher);
  }

  /** Reads the live calls from the store. Before the endpoint listens: whatever arrives then must find its call. */
  async restore(endpoint: Endpoint): Promise<void> {
    const { store, media, system, deliver, historyMs, databaseMaxBytes = null, queues } = this.#options;
    this.#endpoint = endpoint;
    const applicationOf = (call: Call) => this.#options.applications.ofCall(call);
    this.#driver = new Driver({
      ...{ system, store, media, deliver, endpoint, applicationOf, historyMs, databaseMaxBytes },
      follow: (live, effect) => this.#follow(live, effect),
      transfer: (live, { body }) => this.#dialInstead(live, body),
      calls: this.#calls,
      placeOf: (live, input) => this.#calls.places.placeOf(live, input, queues),
      surroundingsOf: (call) => surroundingsOf(this.#calls, this.#options.dial.gateways(), call),
      dequeued: (queue, waitedMs) => queues.left(queue, waitedMs),
    });
    this.#dialler = this.#newDialler(endpoint);
    this.#clearing = new Clearing(this.#calls, this.#driver);
    for (const row of await store.calls(system.clock.date() - sixtyFourT1Ms)) {
      const call = JSON.parse(row.state) as Call;
      const live = this.#calls.add(call, await store.commandIds(call.id));
      live.committed = call;
      if (call.session !== null && !(await media.restore(call.session.port))) {
        system.log.warn({ call: call.id, port: call.session.port }, 'The RTP port of a restored call is taken.');
      }
      this.#restored.push(live);
    }
  }

  /** Lets each restored call owe again what it owed. The endpoint must be listening. */
  start(): void {
    this.#driver.resume(this.#restored);
    this.#restored = [];
  }

  get idle(): boolean {
    return this.#driver.idle && this.#preparing === 0;
  }

  /** Resolves when everything decided is committed and done. */
  async settled(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => this.#system.clock.soon(resolve));
  }

  /** Ends every call: clearing.ts. */
  get clearing(): Clearing {
    return this.#clearing;
  }

  /** Whether this INVITE is the copy of one that has made a call, maybe before a restart. */
  knows(invite: Request): boolean {
    return this.#calls.withInvite(inviteKey(invite)) !== undefined;
  }

  census(): { calls: number; callTimers: number } {
    return { calls: this.#calls.size, callTimers: this.#driver.alarms };
  }

  /** Nothing more is decided, written or done. */
  stop(): void {
    this.#driver.stop();
  }

  // What SIP brings.

  request(request: Request, origin: Origin): void {
    if (request.method === 'CANCEL') return this.#toCall(this.#calls.withInvite(inviteKey(request)), request, origin);
    const tag = tagOf(request.to);
    if (tag === null) {
      if (request.method === 'INVITE') return this.#invited(request, origin);
      return this.#driver.refuse(request, origin, 481);
    }
    const live = this.#calls.withTag(tag);
    const isOfCall = live && (belongsTo(live.call.dialog, request) || isEarlyOf(live.call, request));
    this.#toCall(isOfCall ? live : undefined, request, origin);
  }

  ack(request: Request): void {
    const live = this.#calls.withTag(tagOf(request.to) ?? '');
    if (live && belongsTo(live.call.dialog, request)) this.#driver.decide(live, { type: 'ack', request });
  }

  response(branch: string, response: Response, to: Target): void {
    // What becomes of a CANCEL shows in the INVITE, whose branch it has (RFC 3261 §9.1).
    if (response.cseq.method === 'CANCEL') return;
    // The 2xx of an INVITE comes again until its ACK has arrived.
    const isLast = response.status >= 200 && (response.cseq.method !== 'INVITE' || response.status >= 300);
    this.#ofBranch(branch, isLast, { type: 'response', branch, response, to });
  }

  timeout(branch: string, method: string): void {
    if (method === 'CANCEL') return;
    this.#ofBranch(branch, true, { type: 'timeout', branch });
  }

  failed(branch: string, error: Error, method: string): void {
    if (method === 'CANCEL') return;
    this.#system.log.warn(
      { call: this.#calls.withBranch(branch)?.call.id, error: error.message },
      'A request could not be sent.',
    );
    this.#ofBranch(branch, true, { type: 'failed', branch });
  }

  #toCall(live: Live | undefined, request: Request, origin: Origin): void {
    if (live === undefined) return this.#driver.refuse(request, origin, 481);
    const replaced = request.method === 'REFER' ? { replaced: namedByRefer(this.#calls, request) } : {};
    this.#driver.decide(live, { type: 'request', request, origin, ...replaced });
  }

  #ofBranch(branch: string, isLast: boolean, input: Unstamped): void {
    const live = this.#calls.withBranch(branch);
    if (live === undefined) return;
    if (isLast) this.#calls.forgetBranch(live, branch);
    this.#driver.decide(live, input);
  }

  /** An INVITE outside a dialog: a copy of one we know from before a restart, one that came twice, or a new call. */
  #invited(request: Request, origin: Origin): void {
    const known = this.#calls.withInvite(origin.key);
    if (known) return this.#driver.decide(known, { type: 'request', request, origin });
    // RFC 3261 §8.2.2.2: the same request by another path, which a proxy forked.
    if (this.#calls.withInvite(mergeKey(request))) return this.#driver.refuse(request, origin, 482);
    const against = unacceptable(request);
    if (against) return this.#driver.refuse(request, origin, against.status, against.headers);
    const lifetime = lifetimeFor(request, this.#options.sessionTimers);
    if ('tooShort' in lifetime) return this.#driver.refuse(request, origin, 422, lifetime.tooShort);
    const replacement = this.#replacement(request);
    if (replacement.refused !== null) return this.#driver.refuse(request, origin, replacement.refused);
    const { replaced } = replacement;
    if (replaced !== null || offersFirst(request)) void this.#beginWithPort(request, origin, lifetime, replaced);
    else this.#begin(request, origin, lifetime, null, null);
  }

  /** Which call the INVITE is to take the place of (RFC 3891 §3). */
  #replacement(request: Request): Replacement<ReplaceableCall> {
    const replaces = readReplaces(request.get('Replaces') ?? '');
    const live = this.#calls.withTag(replaces?.toTag ?? '');
    return replacedBy(request, live === undefined ? [] : [replaceable(live.call)]);
  }

  /** The edge of an INVITE that is answered at once, or whose 180 carries our offer, and so needs a port first. */
  async #beginWithPort(
    request: Request,
    origin: Origin,
    lifetime: Lifetime,
    replaced: ReplaceableCall | null,
  ): Promise<void> {
    const port = await this.#reserve();
    try {
      if (port === null) this.#driver.refuse(request, origin, 503, [['Retry-After', '5']]);
      else this.#begin(request, origin, lifetime, port, replaced);
    } catch (error) {
      this.#system.log.error({ callId: request.callId, error: stackOf(error) }, 'An INVITE could not be taken.');
      if (port !== null) this.#options.media.release(port);
      this.#driver.refuse(request, origin, 500);
    }
  }

  #begin(
    request: Request,
    origin: Origin,
    lifetime: Lifetime,
    rtpPort: number | null,
    replaced: ReplaceableCall | null,
  ): void {
    const { ids, clock } = this.#system;
    const { sdpAddress, media, sessionTimers, applications } = this.#options;
    const connection = replaced?.call.connectionId ?? this.#routed(request, origin);
    if (typeof connection === 'number') {
      if (rtpPort !== null) media.release(rtpPort);
      return this.#driver.refuse(request, origin, connection);
    }
    const application = applications.ofCall({ connectionId: connection });
    const identity = {
      id: ids.callControlId(),
      legId: ids.uuid(),
      sessionId: replaced?.call.sessionId ?? ids.uuid(),
      connectionId: connection,
      referInbound: application.refer.inbound,
      firstCommandTimeoutMs: application.firstCommandTimeoutMs,
      local: this.#endpoint.localAddresses(origin.from),
      sdpAddress,
      media: media.kind,
      rtpPort,
      policy: sessionTimers,
      lifetime,
      replaces: replaced?.call.id ?? null,
    };
    const turn = incoming({ at: clock.date(), seed: ids.seed(), request, origin }, identity);
    if (turn === null) {
      if (rtpPort !== null) media.release(rtpPort);
      return this.#driver.refuse(request, origin, 400);
    }
    const step = { call: turn.call, effects: turn.effects, refusals: [] };
    this.#driver.begin(this.#calls.add(turn.call, []), step, { type: 'request', request, origin }, rtpPort);
  }

  /** The application that takes an INVITE, by its id, or the status of the refusal. One that has as many calls as it may is busy. */
  #routed(request: Request, { peer }: Origin): string | number {
    const application = route(this.#options.applications.routes, request.uri, peer !== undefined);
    if (typeof application === 'number') return application;
    const { id, inbound } = application;
    return isFull(inbound.channelLimit, () => callsOf(this.#calls, id, 'incoming')) ? 486 : id;
  }

  // What the API asks.

  async accepted(callControlId: string, commandId: string): Promise<boolean> {
    const live = this.#calls.withId(callControlId);
    if (live === undefined) return (await this.#options.store.commandIds(callControlId)).includes(commandId);
    if (!live.commandIds.has(commandId)) return false;
    return live.open === 0 || this.#driver.committed(live);
  }

  async dialled(commandId: string): Promise<Dialled | null> {
    const open = this.#dialler.open(commandId);
    if (open !== null) return open;
    const ids = await this.#options.store.dialled(commandId);
    const views = await Promise.all(ids.map((id) => this.view(id)));
    return ids.length === 0 ? null : { calls: views.filter((view) => view !== null) };
  }

  dial(body: DialBody): Promise<Dialled> {
    return this.#dialler.dial(body);
  }

  async execute<A extends ActionName>(callControlId: string, action: A, body: Bodies[A]): Promise<readonly Refusal[]> {
    const live = this.#calls.withId(callControlId);
    if (live === undefined) return [await this.#refusalOf(callControlId)];
    if (action === 'transfer') return this.#transfer(live, body as Bodies['transfer']);
    if (body.command_id !== undefined && live.commandIds.has(body.command_id)) return this.#again(live);
    const application = this.#options.applications.ofCall(live.call);
    const needsSound = action === 'send_dtmf' ? obstacleToDigits(live.call, application) : null;
    if (needsSound !== null) return [needsSound];
    const other = action === 'bridge' ? otherOf(this.#calls, live.call, body as Bodies['bridge']) : null;
    if (other !== null && typeof other !== 'string') return [other];
    const read = this.#read(
      live.call,
      action as ReadAction,
      {
        ...body,
        ...(other !== null && { call_control_id: other }),
      } as Bodies[ReadAction],
    );
    if ('refusals' in read) return read.refusals;
    const unmade = action === 'enqueue' ? await this.#ensureQueue(live, body as Bodies['enqueue']) : null;
    if (unmade !== null) return unmade;
    const needsPort = action === 'answer' && lacksPort(live.call);
    const rtpPort = needsPort ? await this.#reserve() : null;
    if (needsPort && rtpPort === null) return [noPort];
    const full = action === 'enqueue' ? this.#obstacleToEnter((body as Bodies['enqueue']).queue_name) : null;
    if (full !== null) return [full];
    const from = { commandId: body.command_id ?? null, asked: askedOf(action, body) };
    return this.#obey(live, from, { type: 'command', command: read.command, rtpPort });
  }

  #read<A extends ReadAction>(call: Call, action: A, body: Bodies[A]): Read {
    const { refer: settings, targets } = this.#options.applications.ofCall(call);
    if (action !== 'refer') return readCommand(action, body, settings);
    return readReferWithSteps(body as Bodies['refer'], {
      settings,
      attended: (step) => attendedOf(this.#calls, call, step),
      obstacles: (step) => this.#dialler.obstacles(dialOf(call, step)),
      mayCall: (target) => mayCall(target, [this.#options.dial.targets, targets]),
    });
  }

  /** Makes the queue if it is not there; or why not. */
  async #ensureQueue(live: Live, { queue_name: name, max_size: maxSize }: Bodies['enqueue']) {
    const obstacle = obstacleToEnqueue(live.call);
    if (obstacle !== null) return [obstacle];
    const made = await this.#prepared(() => this.#options.queues.ensure(name, maxSize));
    return 'refusals' in made ? made.refusals : null;
  }

  /** Asked in the turn in which it is decided. Two that come for the last place are told apart: what is decided counts. */
  #obstacleToEnter(queue: string): Refusal | null {
    return this.#options.queues.obstacleTo(queue, this.#calls.places.sizeOf(queue));
  }

  async changePlace(callControlId: string, change: PlaceChange): Promise<readonly Refusal[]> {
    const live = this.#calls.withId(callControlId);
    if (live === undefined) return [{ name: 'not-found' }];
    const { queue, keepAfterHangup: keeps } = change;
    const asked =
      keeps === null
        ? askedOf('remove_queue_call', { queue_name: queue })
        : askedOf('update_queue_call', { queue_name: queue, keep_after_hangup: keeps });
    const command = { name: 'change_place', clientState: null, ...change } as const;
    return this.#obey(live, { commandId: null, asked }, { type: 'command', command, rtpPort: null });
  }

  /** The call and the one that is dialled for it are decided together. */
  async #transfer(live: Live, body: Bodies['transfer']): Promise<readonly Refusal[]> {
    const { command_id: commandId = null, client_state: clientState = null } = body;
    if (commandId !== null && live.commandIds.has(commandId)) return this.#again(live);
    const needsPort = lacksPort(live.call);
    const rtpPort = needsPort ? await this.#reserve() : null;
    if (needsPort && rtpPort === null) return [noPort];
    let taken: Promise<readonly Refusal[]> | null = null;
    const dialled = await this.#dialler.dialFor(dialOf(live.call, body), {
      link: linkTo(live.call, body),
      decide: (callee) => {
        let isRefused = false;
        taken = new Promise((resolve) => {
          const settle = (refusals: readonly Refusal[]): void => {
            isRefused = refusals.length > 0;
            resolve(refusals);
          };
          const command = { name: 'transfer', callee, clientState, ...webhooksSaid(body) } as const;
          this.#driver.decide(
            live,
            { type: 'command', command, rtpPort },
            {
              ...{ type: 'command', commandId, asked: askedOf('transfer', body), settle },
            },
          );
        });
        return !isRefused;
      },
    });
    if (taken !== null) return taken;
    if (rtpPort !== null) this.#options.media.release(rtpPort);
    return 'refusals' in dialled ? dialled.refusals : [];
  }

  /** Dials in place of a REFER that has failed. Nobody waits for it: what becomes of it is told to the call. */
  #dialInstead(live: Live, body: Bodies['transfer']): void {
    const { media } = this.#options;
    const parts = { driver: this.#driver, dialler: this.#dialler, release: (port: number) => media.release(port) };
    const dialling = dialInstead({ ...parts, reserve: () => this.#reserve() }, live, body);
    dialling.catch((error: unknown) => {
      this.#system.log.error(
        { call: live.call.id, error: stackOf(error) },
        'No call could be made in place of a REFER.',
      );
      sayUndialled(this.#driver, live, 500);
    });
  }

  /** Dials whom the peer of a call has referred us to. Nobody waits for it: what becomes of it is told to the call. */
  #follow({ call }: Live, { transferee, referral }: Effect & { type: 'follow' }): void {
    const other = transferee === null ? undefined : this.#calls.withId(transferee);
    const progress = (status: number, from = call.id): void => {
      const live = this.#calls.withId(call.id);
      if (live) this.#driver.decide(live, { type: 'signal', from, signal: { type: 'progress', status } });
    };
    const named = namedIn(this.#calls, call, referral.target, this.#options.dial.locate);
    if (named !== null && named.refused !== null) return progress(named.refused);
    if (named?.replaced) return this.#handOver(call, named.replaced.call);
    if (other !== undefined && other.call.transferring !== null) return progress(486);
    const { body, headers } = followingOf(call, other?.call ?? null, referral);
    const decide = (callee: string): boolean => {
      if (other) this.#driver.decide(other, { type: 'signal', from: callee, signal: { type: 'dialled' } });
      progress(100, callee);
      return true;
    };
    const link = other === undefined ? null : { to: other.call.id, parks: false };
    this.#dialler.dialFor(body, { link, decide, referral: { headers, reportsTo: call.id } }).then(
      (dialled) => 'refusals' in dialled && progress(statusOfRefusal[dialled.refusals[0]?.name ?? ''] ?? 500),
      (error: unknown) => {
        this.#system.log.error({ call: call.id, error: stackOf(error) }, 'A REFER could not be followed.');
        progress(500);
      },
    );
  }

  /** The target is at the far end of another call of the transferor's: nobody is dialled (handover.ts). */
  #handOver({ id }: Call, replaced: Call): void {
    const live = this.#calls.withId(id);
    if (live) this.#driver.decide(live, { type: 'signal', from: replaced.id, signal: { type: 'hand-over' } });
  }

  /** The same command again, while the first one is on its way to the store. */
  #again(live: Live): Promise<readonly Refusal[]> {
    return this.#driver.committed(live).then((kept) => (kept ? [] : [{ name: 'unavailable' }]));
  }

  #obey(
    live: Live,
    from: { readonly commandId: string | null; readonly asked: Asked },
    input: Unstamped & { type: 'command' },
  ): Promise<readonly Refusal[]> {
    const { commandId } = from;
    if (commandId === null || !live.commandIds.has(commandId)) {
      return new Promise((settle) => this.#driver.decide(live, input, { type: 'command', ...from, settle }));
    }
    if (input.rtpPort !== null) this.#options.media.release(input.rtpPort);
    return this.#again(live);
  }

  async view(callControlId: string): Promise<CallView | null> {
    const live = this.#calls.withId(callControlId);
    const now = this.#system.clock.date();
    if (live !== undefined) return live.committed && viewOf(live.committed, now);
    const row = await this.#remembered(callControlId);
    return row && viewOf(JSON.parse(row.state) as Call, now);
  }

  activeCalls(connectionId: string): readonly CallView[] {
    const now = this.#system.clock.date();
    const calls = [...this.#calls.ofConnection(connectionId)].flatMap(({ committed }) => committed ?? []);
    return calls.filter(isAlive).map((call) => viewOf(call, now));
  }

  hasCalls(connectionId: string): boolean {
    for (const { call } of this.#calls.ofConnection(connectionId)) if (isAlive(call)) return true;
    return false;
  }

  /** How many have not ended. The census has those as well that are kept for what their peer may still repeat. */
  countAlive(): number {
    return [...this.#calls].filter(({ call }) => isAlive(call)).length;
  }

  /** The calls that wait in a queue, as they are committed. */
  waiting(queue: string): readonly WaitingCall[] {
    return this.#calls.places.committed(queue);
  }

  /** Whether any does, those included whose entering or leaving is not committed yet. */
  isQueueUsed(queue: string): boolean {
    return this.#calls.places.isUsed(queue);
  }

  async #refusalOf(callControlId: string): Promise<Refusal> {
    const row = await this.#remembered(callControlId);
    return row ? { name: 'call-ended' } : { name: 'invalid-call-control-id', pointer: '/call_control_id' };
  }

  async #remembered(callControlId: string) {
    const row = await this.#options.store.call(callControlId);
    return row?.endedAt != null && row.endedAt > this.#system.clock.date() - rememberedMs ? row : null;
  }

  #newDialler(endpoint: Endpoint): Dialler {
    const { system, media, dial, applications, sessionTimers, sdpAddress } = this.#options;
    return new Dialler({
      ...{ system, endpoint, sessionTimers, sdpAddress, settings: dial, calls: this.#calls, driver: this.#driver },
      media: media.kind,
      applicationOf: (id) => (applications.view(id) === null ? null : applications.ofCall({ connectionId: id })),
      reserve: () => this.#reserve(),
      release: (port) => media.release(port),
    });
  }

  /** A port for the sound of a call; null when none is free. */
  async #reserve(): Promise<number | null> {
    try {
      return await this.#prepared(() => this.#options.media.reserve());
    } catch (error) {
      this.#system.log.error({ error: stackOf(error) }, 'No RTP port for a call.');
      return null;
    }
  }

  async #prepared<T>(prepare: () => Promise<T>): Promise<T> {
    this.#preparing += 1;
    try {
      return await prepare();
    } finally {
      this.#preparing -= 1;
    }
  }
}
