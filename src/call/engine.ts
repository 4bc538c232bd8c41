// The driver of the law: decide, commit, act. It finds the call an input belongs to, lets call.ts decide, hands the
// decision to commits.ts, and runs its effects once they are on disk. Leaves out every rule of a call.
import type { Refusal } from '../errors.ts';
import type { Media } from '../media/media.ts';
import { belongsTo } from '../sip/dialog/dialog.ts';
import type { Endpoint, EndpointUser, Origin } from '../sip/endpoint.ts';
import { tagOf } from '../sip/message/address.ts';
import type { HeaderList, Request, Response } from '../sip/message/message.ts';
import { reply } from '../sip/message/message.ts';
import { inviteKey } from '../sip/transaction/key.ts';
import type { EventRow, Store } from '../store/store.ts';
import type { System, Timer } from '../system.ts';
import { collapse, deadlinesOf, isForgotten, transition } from './call.ts';
import type { ActionName, Bodies, CallControl, CallView } from './commands.ts';
import { Commits, stackOf } from './commits.ts';
import { incoming, offersFirst, unacceptable } from './inbound.ts';
import { type Live, LiveCalls, mergeKey } from './live.ts';
import { eventRow } from './outbox.ts';
import { readCommand } from './reading.ts';
import { type Application, applicationOf } from './routing.ts';
import { type Call, type CallTimer, type Effect, type Input, type Step, sixtyFourT1Ms } from './state.ts';
import { viewOf } from './view.ts';

/** Why an input was decided on, so that it can be answered, or tried again, when its commit fails. */
type Reason =
  | { readonly type: 'request'; readonly request: Request; readonly origin: Origin }
  | {
      readonly type: 'command';
      readonly commandId: string | null;
      readonly settle: (refusals: readonly Refusal[]) => void;
    }
  | { readonly type: 'again'; readonly input: Unstamped };

type Unstamped = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'seed'> : never) : never;

export interface EngineOptions {
  readonly system: System;
  readonly store: Store;
  readonly media: Media;
  readonly applications: readonly [Application, ...Application[]];
  /** What o= and c= of our session descriptions say. */
  readonly sdpAddress: string;
  /** Takes events that are committed, in order. */
  readonly deliver: (events: readonly EventRow[]) => void;
}

/** How long an ended call is remembered in the store; contract: GET answers for ten minutes. */
export const rememberedMs = 600_000;

const tryAgainMs = 1000;

export class Engine implements EndpointUser, CallControl {
  readonly #options: EngineOptions;
  readonly #system: System;
  readonly #commits: Commits<Live>;
  readonly #calls = new LiveCalls();
  #endpoint!: Endpoint;
  #reserving = 0;
  #timers = 0;
  #pruneTimer: Timer | null = null;
  #lastEndedAt = 0;
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#system = options.system;
    this.#commits = new Commits(options.system, options.store);
  }

  /** Restores what the store remembers and lets each call owe again what it owed. The endpoint must be listening. */
  async start(endpoint: Endpoint): Promise<void> {
    this.#endpoint = endpoint;
    const { store, media } = this.#options;
    const now = this.#system.clock.date();
    const restored: Live[] = [];
    for (const row of await store.calls(now - sixtyFourT1Ms)) {
      const call = JSON.parse(row.state) as Call;
      const live = this.#calls.add(call, await store.commandIds(call.id));
      live.committed = call;
      if (call.session !== null && !(await media.restore(call.session.port))) {
        this.#system.log.warn({ call: call.id, port: call.session.port }, 'The RTP port of a restored call is taken.');
      }
      restored.push(live);
    }
    this.#lastEndedAt = now;
    this.#prune();
    for (const live of restored) {
      this.#decide(live, { type: 'resumed' });
      this.#rearm(live);
    }
  }

  get idle(): boolean {
    return this.#commits.idle && this.#reserving === 0;
  }

  /** Resolves when everything decided is committed and done. */
  async settled(): Promise<void> {
    while (!this.idle) await new Promise<void>((resolve) => this.#system.clock.soon(resolve));
  }

  census(): { calls: number; callTimers: number } {
    return { calls: this.#calls.size, callTimers: this.#timers };
  }

  /** Nothing more is decided, written or done. */
  stop(): void {
    this.#stopped = true;
    this.#commits.stop();
    for (const live of this.#calls) this.#disarm(live);
    if (this.#pruneTimer !== null) this.#system.clock.cancel(this.#pruneTimer);
  }

  // What SIP brings.

  request(request: Request, origin: Origin): void {
    if (request.method === 'CANCEL') return this.#toCall(this.#calls.withInvite(inviteKey(request)), request, origin);
    const tag = tagOf(request.to);
    if (tag === null) {
      if (request.method === 'INVITE') return this.#invited(request, origin);
      return this.#refuse(request, origin, 481);
    }
    const live = this.#calls.withTag(tag);
    this.#toCall(live && belongsTo(live.call.dialog, request) ? live : undefined, request, origin);
  }

  ack(request: Request): void {
    const live = this.#calls.withTag(tagOf(request.to) ?? '');
    if (live && belongsTo(live.call.dialog, request)) this.#decide(live, { type: 'ack', request });
  }

  response(branch: string, response: Response): void {
    this.#ofBranch(branch, response.status >= 200, { type: 'response', branch, response });
  }

  timeout(branch: string): void {
    this.#ofBranch(branch, true, { type: 'timeout', branch });
  }

  failed(branch: string, error: Error): void {
    this.#system.log.warn(
      { call: this.#calls.withBranch(branch)?.call.id, error: error.message },
      'A request could not be sent.',
    );
    this.#ofBranch(branch, true, { type: 'failed', branch });
  }

  #toCall(live: Live | undefined, request: Request, origin: Origin): void {
    if (live === undefined) return this.#refuse(request, origin, 481);
    this.#decide(live, { type: 'request', request, origin });
  }

  #ofBranch(branch: string, isFinal: boolean, input: Unstamped): void {
    const live = this.#calls.withBranch(branch);
    if (live === undefined) return;
    if (isFinal) this.#calls.forgetBranch(live, branch);
    this.#decide(live, input);
  }

  #refuse(request: Request, origin: Origin, status: number, headers: HeaderList = []): void {
    this.#endpoint.respond(origin, status, reply(request, status, { toTag: this.#system.ids.seed(), headers }));
  }

  /** An INVITE outside a dialog: a copy of one we know from before a restart, one that came twice, or a new call. */
  #invited(request: Request, origin: Origin): void {
    const known = this.#calls.withInvite(origin.key);
    if (known) return this.#decide(known, { type: 'request', request, origin });
    // RFC 3261 §8.2.2.2: the same request by another path, which a proxy forked.
    if (this.#calls.withInvite(mergeKey(request))) return this.#refuse(request, origin, 482);
    const against = unacceptable(request);
    if (against) return this.#refuse(request, origin, against.status, against.headers);
    if (!offersFirst(request)) return this.#begin(request, origin, null);
    this.#reserve(
      (port) => this.#begin(request, origin, port),
      () => this.#refuse(request, origin, 503, [['Retry-After', '5']]),
    );
  }

  #begin(request: Request, origin: Origin, rtpPort: number | null): void {
    const { ids, clock } = this.#system;
    const { applications, sdpAddress, media } = this.#options;
    const { transport, flow } = origin.from;
    const local = { udp: this.#endpoint.localAddress('udp'), tcp: this.#endpoint.localAddress('tcp') };
    const identity = {
      id: ids.callControlId(),
      legId: ids.uuid(),
      sessionId: ids.uuid(),
      connectionId: applicationOf(applications).id,
      local: { ...local, [transport]: this.#endpoint.localAddress(transport, flow) },
      sdpAddress,
      media: media.kind,
      rtpPort,
    };
    const turn = incoming({ at: clock.date(), seed: ids.seed(), request, origin }, identity);
    if (turn === null) {
      if (rtpPort !== null) media.release(rtpPort);
      return this.#refuse(request, origin, 400);
    }
    const live = this.#calls.add(turn.call, []);
    this.#calls.nameInvite(live, mergeKey(request));
    this.#hand(live, { call: turn.call, effects: turn.effects, refusals: [] }, { type: 'request', request, origin });
  }

  // What the API asks.

  async accepted(callControlId: string, commandId: string): Promise<boolean> {
    const live = this.#calls.withId(callControlId);
    if (live === undefined) return (await this.#options.store.commandIds(callControlId)).includes(commandId);
    if (!live.commandIds.has(commandId)) return false;
    return live.open === 0 || this.#committed(live);
  }

  async execute<A extends ActionName>(callControlId: string, action: A, body: Bodies[A]): Promise<readonly Refusal[]> {
    const live = this.#calls.withId(callControlId);
    if (live === undefined) return [await this.#refusalOf(callControlId)];
    const read = readCommand(action, body, this.#application(live).refer);
    if ('refusals' in read) return read.refusals;
    const commandId = body.command_id ?? null;
    return new Promise((settle) => {
      const decide = (rtpPort: number | null) =>
        this.#decide(live, { type: 'command', command: read.command, rtpPort }, { type: 'command', commandId, settle });
      const needsPort = action === 'answer' && live.call.phase.name === 'ringing' && live.call.session === null;
      if (!needsPort) return decide(null);
      this.#reserve(decide, () => settle([{ name: 'unavailable', detail: 'No RTP port is free. Try again.' }]));
    });
  }

  async view(callControlId: string): Promise<CallView | null> {
    const live = this.#calls.withId(callControlId);
    const now = this.#system.clock.date();
    if (live !== undefined) return live.committed && viewOf(live.committed, now);
    const row = await this.#remembered(callControlId);
    return row && viewOf(JSON.parse(row.state) as Call, now);
  }

  async #refusalOf(callControlId: string): Promise<Refusal> {
    const row = await this.#remembered(callControlId);
    return row ? { name: 'call-ended' } : { name: 'invalid-call-control-id', pointer: '/call_control_id' };
  }

  async #remembered(callControlId: string) {
    const row = await this.#options.store.call(callControlId);
    return row?.endedAt != null && row.endedAt > this.#system.clock.date() - rememberedMs ? row : null;
  }

  #application(live: Live): Application {
    const { applications } = this.#options;
    return applications.find(({ id }) => id === live.call.connectionId) ?? applicationOf(applications);
  }

  /** Resolves when what was decided so far is committed; false when it was taken back. */
  #committed(live: Live): Promise<boolean> {
    return new Promise((resolve) =>
      this.#commits.add({ live, events: [], command: null, act: () => resolve(true), undo: () => resolve(false) }),
    );
  }

  #reserve(then: (port: number) => void, otherwise: () => void): void {
    this.#reserving += 1;
    const { media } = this.#options;
    media
      .reserve()
      .then(then, (error: unknown) => {
        this.#system.log.error({ error: String(error) }, 'No RTP port for a call.');
        otherwise();
      })
      .catch((error: unknown) => this.#system.log.error({ error: stackOf(error) }, 'A call could not go on.'))
      .finally(() => {
        this.#reserving -= 1;
      });
  }

  // Decide, commit, act.

  #decide(live: Live, unstamped: Unstamped, reason?: Reason): void {
    if (this.#stopped) return;
    const input = { ...unstamped, at: this.#system.clock.date(), seed: this.#system.ids.seed() } as Input;
    if (reason?.type === 'command' && reason.commandId !== null && live.commandIds.has(reason.commandId)) {
      void this.#committed(live).then((kept) => reason.settle(kept ? [] : [{ name: 'unavailable' }]));
      return this.#giveBack(live, input);
    }
    const step = transition(live.call, input);
    if (step.refusals.length > 0 && reason?.type === 'command') {
      this.#giveBack(live, input);
      return reason.settle(step.refusals);
    }
    const why = reason ?? (unstamped.type === 'request' ? unstamped : { type: 'again', input: unstamped });
    this.#hand(live, step, why as Reason);
    this.#giveBack(live, input);
  }

  /** A port that was reserved for this input and not taken. */
  #giveBack(live: Live, input: Input): void {
    if (input.type !== 'command' || input.rtpPort === null || live.call.session?.port === input.rtpPort) return;
    this.#options.media.release(input.rtpPort);
  }

  /** Makes the step the call's state and hands its effects over to the commit; what changes nothing is done at once. */
  #hand(live: Live, step: Step, reason: Reason): void {
    const changed = step.call !== live.call || live.committed === null;
    const isNew = live.committed === null && live.open === 0;
    live.call = step.call;
    const commandId = reason.type === 'command' ? reason.commandId : null;
    if (commandId !== null) live.commandIds.add(commandId);
    for (const effect of step.effects) if (effect.type === 'send') this.#calls.nameBranch(live, effect.request.branch);
    if (!changed && commandId === null && live.open === 0) return this.#act(live, step.effects, [], reason);
    const events = step.effects.flatMap((effect) => (effect.type === 'event' ? [this.#rowOf(live, effect)] : []));
    this.#commits.add({
      live,
      events,
      command: commandId === null ? null : { callId: live.call.id, commandId },
      act: () => this.#act(live, step.effects, events, reason),
      undo: () => this.#undo(live, step, reason, isNew),
    });
  }

  /** The third step, in the order HTTP answer, SIP, webhook, timers. */
  #act(live: Live, effects: readonly Effect[], events: readonly EventRow[], reason: Reason): void {
    if (reason.type === 'command') reason.settle([]);
    for (const effect of effects) this.#run(effect);
    const due = events.filter(({ status }) => status === 'due');
    if (due.length > 0) this.#options.deliver(due);
    this.#calls.nameInvite(live, live.call.invite.key);
    this.#rearm(live);
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'respond':
        return this.#endpoint.respond(effect.to, effect.status, effect.text);
      case 'repeat':
        return this.#endpoint.repeat(effect.id, effect.kind, effect.to, effect.status, effect.text, effect.timeoutMs);
      case 'quiet':
        return this.#endpoint.quiet(effect.id);
      case 'send':
        return this.#endpoint.send(effect.request);
      case 'media':
        return this.#options.media.update(effect.session);
      case 'release':
        return this.#options.media.release(effect.port);
      case 'event':
        return;
      default:
        return effect satisfies never;
    }
  }

  /** Not on disk, so it never happened: whoever can ask again is told so, and what nobody repeats is tried again by us. */
  #undo(live: Live, step: Step, reason: Reason, isNew: boolean): void {
    for (const effect of step.effects)
      if (effect.type === 'send') this.#calls.forgetBranch(live, effect.request.branch);
    const port = step.call.session?.port;
    if (port !== undefined && live.committed?.session?.port !== port) this.#options.media.release(port);
    if (isNew) this.#forget(live);
    if (reason.type === 'command') {
      if (reason.commandId !== null) live.commandIds.delete(reason.commandId);
      return reason.settle([{ name: 'unavailable' }]);
    }
    if (reason.type === 'request') return this.#refuse(reason.request, reason.origin, 500, [['Retry-After', '1']]);
    this.#system.clock.after(tryAgainMs, () => {
      if (reason.input.type === 'timer') this.#rearm(live);
      else if (this.#calls.withId(live.call.id) === live) this.#decide(live, reason.input);
    });
  }

  #rowOf(live: Live, { event, sequence }: Effect & { type: 'event' }): EventRow {
    const of = { id: this.#system.ids.uuid(), callId: live.call.id, sequence, at: this.#system.clock.date() };
    return eventRow(event, of, this.#application(live));
  }

  // What a call waits for.

  /** One timer a call, for the earliest of what its committed state waits for; an ended one waits to be forgotten. */
  #rearm(live: Live): void {
    const at = earliestOf(live.committed ?? live.call);
    if (live.timer !== null && live.timerAt === at) return;
    this.#disarm(live);
    if (at === null || this.#stopped) return;
    this.#timers += 1;
    live.timerAt = at;
    live.timer = this.#system.clock.after(Math.max(0, at - this.#system.clock.date()), () => this.#fired(live));
  }

  #disarm(live: Live): void {
    if (live.timer === null) return;
    this.#timers -= 1;
    this.#system.clock.cancel(live.timer);
    live.timer = null;
  }

  #fired(live: Live): void {
    this.#timers -= 1;
    live.timer = null;
    const now = this.#system.clock.date();
    if (live.open === 0 && isForgotten(live.call, now)) return this.#forget(live);
    // A newer decision may be on its way to the store: what it no longer waits for is not due.
    const due = deadlinesOf(live.call).filter(([, at]) => at <= now);
    const [first] = due.sort(([, a], [, b]) => a - b);
    if (first === undefined) return live.open === 0 ? this.#rearm(live) : undefined;
    this.#decideTimer(live, first[0]);
  }

  /** The edge of a timer: a bug in a decision ends its call and no other. */
  #decideTimer(live: Live, timer: CallTimer): void {
    try {
      this.#decide(live, { type: 'timer', timer });
    } catch (error) {
      this.#system.log.error(
        { call: live.call.id, timer, error: stackOf(error) },
        'A timer could not be decided; its call is ended.',
      );
      const step = collapse(live.call, this.#system.clock.date(), this.#system.ids.seed());
      this.#hand(live, step, { type: 'again', input: { type: 'resumed' } });
    }
  }

  #forget(live: Live): void {
    this.#disarm(live);
    this.#calls.forget(live);
    this.#lastEndedAt = this.#system.clock.date();
    this.#prune();
  }

  /** Once a minute while there is something the store will have to forget. */
  #prune(): void {
    if (this.#pruneTimer !== null || this.#stopped) return;
    this.#pruneTimer = this.#system.clock.after(60_000, () => {
      this.#pruneTimer = null;
      const before = this.#system.clock.date() - rememberedMs;
      if (before < this.#lastEndedAt) this.#prune();
      this.#options.store.prune(before).catch((error: unknown) => {
        this.#system.log.error({ error: String(error) }, 'Ended calls could not be forgotten.');
      });
    });
  }
}

function earliestOf(call: Call): number | null {
  if (call.phase.name === 'ended') return call.phase.endedAt + sixtyFourT1Ms;
  let earliest: number | null = null;
  for (const [, at] of deadlinesOf(call)) if (earliest === null || at < earliest) earliest = at;
  return earliest;
}
