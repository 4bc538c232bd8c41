// The driver of the law: decide, commit, act. It lets call.ts decide on one input of one call, hands the decision to
// commits.ts, and runs its effects once they are on disk. Leaves out whose an input is (engine.ts) and every rule of a call.
import type { Refusal } from '../errors.ts';
import type { Media } from '../media/media.ts';
import type { Endpoint, Origin, Outgoing } from '../sip/endpoint.ts';
import { type HeaderList, type Request, reply } from '../sip/message/message.ts';
import type { CommandRow, EventRow, Store } from '../store/store.ts';
import type { System } from '../system.ts';
import { Alarms } from './alarms.ts';
import type { Asked } from './asked.ts';
import { collapse, deadlinesOf, isForgotten, transition } from './call.ts';
import { Commits, stackOf } from './commits.ts';
import type { Event } from './events.ts';
import type { Live, LiveCalls } from './live.ts';
import { eventRows } from './outbox.ts';
import { Retention } from './retention.ts';
import type { Application } from './routing.ts';
import {
  type Call,
  type Effect,
  type Input,
  type Place,
  type Step,
  type Surroundings,
  sixtyFourT1Ms,
} from './state.ts';
import { destinationsOf } from './webhooks.ts';

/** An input before it is given its instant and its seed. */
export type Unstamped = Input extends infer I
  ? I extends Input
    ? Omit<I, 'at' | 'seed' | 'place' | 'surroundings'>
    : never
  : never;

/** Whom to answer when the commit of a decision fails, or what to try again. */
export type Reason =
  | { readonly type: 'request'; readonly request: Request; readonly origin: Origin }
  | {
      readonly type: 'command';
      /** The place of the call in the dial that makes it, from 1. */
      readonly dials?: number;
      readonly commandId: string | null;
      readonly asked: Asked;
      readonly settle: (refusals: readonly Refusal[]) => void;
    }
  /** `answered`: the key of a request that was answered when it was decided for the first time. */
  | { readonly type: 'again'; readonly input: Unstamped; readonly answered?: string }
  /** Another call's decision: it is taken back with that one, and comes again with it. */
  | { readonly type: 'signal' };

interface DriverOptions {
  readonly system: System;
  readonly store: Store;
  readonly media: Media;
  readonly calls: LiveCalls;
  readonly endpoint: Endpoint;
  readonly applicationOf: (call: Call) => Application;
  /** Where a call stands in its queue; null: no queue is concerned. */
  readonly placeOf: (live: Live, input: Unstamped) => Place | null;
  /** What a call has to know of others; null: nothing. */
  readonly surroundingsOf: (call: Call) => Surroundings | null;
  /** A call has left a queue, and that is committed. */
  readonly dequeued: (queue: string, waitedMs: number) => void;
  /** How long the store keeps calls that have ended. */
  readonly historyMs: number;
  readonly databaseMaxBytes: number | null;
  /** Takes events that are committed, in order. */
  readonly deliver: (events: readonly EventRow[]) => void;
  /** Dials whom the peer of a call has referred us to. */
  readonly follow: (live: Live, effect: Effect & { type: 'follow' }) => void;
  /** Dials for a call in place of a REFER of ours. */
  readonly transfer: (live: Live, effect: Effect & { type: 'transfer' }) => void;
}

const tryAgainMs = 1000;

export class Driver {
  readonly #options: DriverOptions;
  readonly #system: System;
  readonly #commits: Commits<Live>;
  readonly #alarms: Alarms<Live>;
  readonly #retention: Retention;
  /** What all decisions of the input at hand have in common; null between inputs. */
  #cause: object | null = null;
  #stopped = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#system = options.system;
    this.#commits = new Commits(options.system, options.store);
    this.#alarms = new Alarms(options.system.clock, (live) => this.#rang(live));
    const { system, store, historyMs: keptMs, databaseMaxBytes: maxBytes } = options;
    this.#retention = new Retention({ system, store, keptMs, maxBytes });
  }

  get idle(): boolean {
    return this.#commits.idle;
  }

  /** How many calls wait for something. */
  get alarms(): number {
    return this.#alarms.size;
  }

  /** Nothing more is decided, written or done. */
  stop(): void {
    this.#stopped = true;
    this.#commits.stop();
    this.#retention.stop();
    for (const live of this.#options.calls) this.#alarms.clear(live);
  }

  /** The calls of the last run, found in the store: each owes again what it owed. */
  resume(restored: readonly Live[]): void {
    this.#retention.ended();
    for (const live of restored) {
      this.decide(live, { type: 'resumed' });
      this.#rearm(live);
    }
  }

  /** The first decision on a call, which made it. */
  begin(live: Live, step: Step, reason: Reason, rtpPort: number | null): void {
    this.#hand(live, step, reason, rtpPort);
  }

  /** What is decided within is kept together or not at all. */
  together(decide: () => void): void {
    this.#cause = {};
    try {
      decide();
    } finally {
      // A bug must not tie together all that is decided after it.
      this.#cause = null;
    }
  }

  decide(live: Live, unstamped: Unstamped, reason = reasonOf(unstamped)): void {
    if (this.#stopped) return;
    const { clock, ids } = this.#system;
    const place = this.#options.placeOf(live, unstamped);
    const surroundings = this.#options.surroundingsOf(live.call);
    const input = { ...unstamped, at: clock.date(), seed: ids.seed(), place, surroundings } as Input;
    const step = this.#stepOf(live, input);
    if (step === null) return this.#collapse(live, input, reason);
    const port = input.type === 'command' ? input.rtpPort : null;
    const taken = port !== null && takes(step, port);
    if (port !== null && !taken) this.#options.media.release(port);
    if (step.refusals.length > 0 && reason.type === 'command') return reason.settle(step.refusals);
    this.#hand(live, step, reason, taken ? port : null);
  }

  /** Resolves when what was decided so far on a call is committed; false when it was taken back. */
  committed(live: Live): Promise<boolean> {
    return new Promise((resolve) =>
      this.#commits.add({
        live,
        cause: {},
        events: [],
        command: null,
        act: () => resolve(true),
        undo: () => resolve(false),
      }),
    );
  }

  refuse(request: Request, origin: Origin, status: number, headers: HeaderList = []): void {
    const toTag = this.#system.ids.seed();
    this.#options.endpoint.respond(origin, status, reply(request, status, { toTag, headers }));
  }

  // Decide.

  #stepOf(live: Live, input: Input): Step | null {
    try {
      return transition(live.call, input);
    } catch (error) {
      const { id } = live.call;
      this.#system.log.error(
        { call: id, input: input.type, error: stackOf(error) },
        'A decision failed; its call ends.',
      );
      return null;
    }
  }

  /** A bug in a decision ends its call and no other. A command that met it was not accepted. */
  #collapse(live: Live, input: Input, reason: Reason): void {
    const step = collapse(live.call, input);
    if (input.type === 'command' && input.rtpPort !== null) this.#options.media.release(input.rtpPort);
    if (reason.type !== 'command') return this.#hand(live, step, reason, null);
    reason.settle([{ name: 'internal-error' }]);
    this.#hand(live, step, { type: 'again', input: { type: 'resumed' } }, null);
  }

  /** Makes the step the call's state and hands its effects over to the commit; what changes nothing is done at once. */
  #hand(live: Live, step: Step, reason: Reason, rtpPort: number | null): void {
    const isFirst = this.#cause === null;
    this.#cause ??= {};
    try {
      this.#keep(live, step, reason, rtpPort);
      for (const effect of step.effects) if (effect.type === 'signal') this.#signal(live, effect);
    } finally {
      if (isFirst) this.#cause = null;
    }
  }

  /** A call that is forgotten has nobody to tell. */
  #signal({ call }: Live, { to, signal }: Effect & { type: 'signal' }): void {
    const live = this.#options.calls.withId(to);
    if (live !== undefined) this.decide(live, { type: 'signal', from: call.id, signal }, { type: 'signal' });
  }

  #keep(live: Live, step: Step, reason: Reason, rtpPort: number | null): void {
    const changed = step.call !== live.call || live.committed === null;
    const isNew = live.committed === null && live.open === 0;
    live.call = step.call;
    this.#options.calls.places.note(live);
    const command = this.#commandOf(live, reason);
    if (command !== null && command.commandId !== null && command.dials === 0) live.commandIds.add(command.commandId);
    for (const request of requestsOf(step)) this.#options.calls.nameBranch(live, request);
    if (!changed && command === null && live.open === 0) return this.#act(live, step.effects, [], reason);
    const events = step.effects.flatMap((effect) => (effect.type === 'event' ? this.#rowsOf(live, effect) : []));
    this.#commits.add({
      live,
      cause: this.#cause!,
      events,
      command,
      act: () => this.#act(live, step.effects, events, reason),
      undo: () => this.#undo(live, step, reason, { isNew, rtpPort }),
    });
  }

  #commandOf({ call }: Live, reason: Reason): CommandRow | null {
    if (reason.type !== 'command') return null;
    const { commandId, asked, dials = 0 } = reason;
    return { callId: call.id, commandId, ...asked, dials, acceptedAt: this.#system.clock.date() };
  }

  #rowsOf({ call }: Live, { event, sequence }: Effect & { type: 'event' }): EventRow[] {
    const { clock, ids } = this.#system;
    const destinations = destinationsOf(event.type, call.webhooks ?? null, this.#options.applicationOf(call));
    return eventRows(event, { callId: call.id, sequence, at: clock.date() }, destinations, () => ids.uuid());
  }

  // Act: HTTP answer, SIP, webhook, timers.

  #act(live: Live, effects: readonly Effect[], events: readonly EventRow[], reason: Reason): void {
    this.#options.calls.places.note(live);
    if (reason.type === 'command') reason.settle([]);
    try {
      for (const effect of effects) if (!isAnswered(effect, reason)) this.#run(live, effect);
    } finally {
      const due = events.filter(({ status }) => status === 'due');
      if (due.length > 0) this.#options.deliver(due);
      if (live.call.invite !== null) this.#options.calls.nameInvite(live, live.call.invite.key);
      this.#rearm(live);
    }
  }

  #run(live: Live, effect: Effect): void {
    const { endpoint, media } = this.#options;
    switch (effect.type) {
      case 'respond':
        return endpoint.respond(effect.to, effect.status, effect.text);
      case 'repeat':
        return endpoint.repeat(effect.id, effect.kind, effect.to, effect.status, effect.text, effect.timeoutMs);
      case 'quiet':
        return endpoint.quiet(effect.id);
      case 'send':
        return endpoint.send(effect.request);
      case 'ack':
        return endpoint.sendAck(effect.request.text, effect.request.target);
      case 'media':
        return media.update(effect.session);
      case 'release':
        return media.release(effect.port);
      case 'follow':
        return this.#options.follow(live, effect);
      case 'transfer':
        return this.#options.transfer(live, effect);
      case 'event':
        return this.#noteDown(effect.event);
      case 'signal':
        return;
      default:
        return effect satisfies never;
    }
  }

  #noteDown(event: Event): void {
    if (event.type !== 'call.dequeued') return;
    this.#options.dequeued(event.payload.queue, event.payload.wait_time_secs * 1000);
  }

  /** Not on disk, so it never happened: whoever can ask again is told so, and what nobody repeats is tried again by us. */
  #undo(live: Live, step: Step, reason: Reason, { isNew, rtpPort }: { isNew: boolean; rtpPort: number | null }): void {
    for (const { branch } of requestsOf(step)) this.#options.calls.forgetBranch(live, branch);
    if (rtpPort !== null) this.#options.media.release(rtpPort);
    this.#options.calls.places.note(live);
    if (isNew) this.#forget(live);
    else this.#tryAgain(live, againOf(reason));
    if (reason.type === 'request') this.refuse(reason.request, reason.origin, 500, [['Retry-After', '1']]);
    if (reason.type !== 'command') return;
    if (reason.commandId !== null) live.commandIds.delete(reason.commandId);
    reason.settle([{ name: 'unavailable' }]);
  }

  /** The alarm may have rung for a deadline that only the decision taken back had removed: it is set again in any case. */
  #tryAgain(live: Live, reason: Reason): void {
    if (reason.type !== 'again' && live.alarm !== null) return;
    this.#system.clock.after(tryAgainMs, () => {
      if (this.#options.calls.withId(live.call.id) !== live) return;
      if (reason.type === 'again' && reason.input.type !== 'timer') this.decide(live, reason.input, reason);
      else if (live.open === 0) this.#rearm(live);
    });
  }

  // What calls wait for.

  /** For what the committed state waits for; a call that has ended waits to be forgotten. */
  #rearm(live: Live): void {
    if (!this.#stopped) this.#alarms.set(live, earliestOf(live.committed ?? live.call));
  }

  /** The edge where a timer fires. */
  #rang(live: Live): void {
    try {
      this.#decideDue(live);
    } catch (error) {
      this.#system.log.error(
        { call: live.call.id, error: stackOf(error) },
        'A call could not be ended; it is dropped.',
      );
      this.#forget(live);
    }
  }

  #decideDue(live: Live): void {
    const now = this.#system.clock.date();
    if (live.open === 0 && isForgotten(live.call, now)) return this.#forget(live);
    // A newer decision may be on its way to the store: what it no longer waits for is not due.
    const due = deadlinesOf(live.call).filter(([, at]) => at <= now);
    const [first] = due.sort(([, a], [, b]) => a - b);
    if (first !== undefined) this.decide(live, { type: 'timer', timer: first[0] });
    else if (live.open === 0) this.#rearm(live);
  }

  #forget(live: Live): void {
    this.#alarms.clear(live);
    this.#options.calls.forget(live);
    this.#retention.ended();
  }
}

/** A request is answered, any other input is tried again. */
function reasonOf(input: Unstamped): Reason {
  return input.type === 'request' ? input : { type: 'again', input };
}

/**
 * RFC 3261 §15.1.1, §9.1: whoever says BYE or CANCEL has left, whatever it is answered. It asks no second time, so what it
 * said is decided again by us.
 */
function againOf(reason: Reason): Reason {
  if (reason.type !== 'request' || !['BYE', 'CANCEL'].includes(reason.request.method)) return reason;
  return { type: 'again', input: reason, answered: reason.origin.key };
}

function isAnswered(effect: Effect, reason: Reason): boolean {
  return reason.type === 'again' && effect.type === 'respond' && effect.to.key === reason.answered;
}

/** Whether the step keeps the port that was reserved for it, or gives it back itself. */
function takes({ call, effects }: Step, port: number): boolean {
  return call.session?.port === port || effects.some((effect) => effect.type === 'release' && effect.port === port);
}

function requestsOf({ effects }: Step): Outgoing[] {
  return effects.flatMap((effect) => (effect.type === 'send' ? [effect.request] : []));
}

function earliestOf(call: Call): number | null {
  const isOver = call.phase.name === 'ended' && call.outbound === null && !call.waiting;
  let earliest = isOver && call.phase.name === 'ended' ? call.phase.endedAt + sixtyFourT1Ms : null;
  for (const [, at] of deadlinesOf(call)) if (earliest === null || at < earliest) earliest = at;
  return earliest;
}
