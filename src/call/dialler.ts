// Makes calls: finds the application and the routes of each destination, gives each call its port and its names, and
// begins all of one dial in one commit. Leaves out what a body means (reading-dial.ts) and the calls (outbound.ts).
import type { Refusal } from '../errors.ts';
import type { Endpoint } from '../sip/endpoint.ts';
import type { System } from '../system.ts';
import { askedOf } from './asked.ts';
import { callsBy, callsOf, isFull } from './channels.ts';
import type { DialBody, Dialled, NamedValue } from './commands.ts';
import { DialRates } from './dial-rates.ts';
import type { Driver } from './driver.ts';
import type { LifetimePolicy } from './lifetime.ts';
import type { Live, LiveCalls } from './live.ts';
import { outgoing } from './outbound.ts';
import { type Contact, type Gateway, type Route, routesOut } from './outbound-routes.ts';
import { type Dialling, readDial } from './reading-dial.ts';
import type { Application } from './routing.ts';
import { type Call, isAlive } from './state.ts';
import { mayCall, noRules, type TargetRules } from './targets.ts';
import { viewOf } from './view.ts';

export interface DialSettings {
  /** The trunks as they are now. */
  readonly gateways: () => readonly Gateway[];
  /** Where a phone is registered, by its URI. */
  readonly locate: (uri: string) => readonly Contact[];
  /** What From says after the number. */
  readonly host: string;
  /** Whether a 3xx is followed. */
  readonly followsRedirects: boolean;
  /** Whom every application may call. */
  readonly targets: TargetRules;
}

interface DiallerOptions {
  readonly system: System;
  readonly settings: DialSettings;
  readonly sessionTimers: LifetimePolicy;
  readonly sdpAddress: string;
  readonly media: 'quiet' | 'none';
  readonly calls: LiveCalls;
  readonly driver: Driver;
  readonly endpoint: Endpoint;
  readonly applicationOf: (id: string) => Application | null;
  readonly reserve: () => Promise<number | null>;
  readonly release: (port: number) => void;
}

interface Linked {
  readonly link: Call['link'];
  readonly decide: (callee: string) => boolean;
  /** Because of a REFER: what the INVITE says of it, and who is told how the call goes. */
  readonly referral?: { readonly headers: readonly NamedValue[]; readonly reportsTo: string };
}

type Routed = Dialling & { readonly routes: readonly [Route, ...Route[]] };

interface Plan {
  readonly routed: readonly Routed[];
  /** Null: one of its own. */
  readonly sessionId: string | null;
  readonly application: Application;
}

export class Dialler {
  readonly #options: DiallerOptions;
  /** Dials that are on their way to the store, by command id. */
  readonly #open = new Map<string, Promise<Dialled>>();

  readonly #rates: DialRates;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#rates = new DialRates(() => options.system.clock.now());
  }

  /** The dial with this command id that is not committed yet. */
  open(commandId: string): Promise<Dialled> | null {
    return this.#open.get(commandId) ?? null;
  }

  dial(body: DialBody): Promise<Dialled> {
    const { command_id: commandId } = body;
    if (commandId === undefined) return this.#dial(body);
    const open = this.#open.get(commandId);
    if (open !== undefined) return open;
    const dialling = this.#dial(body).finally(() => this.#open.delete(commandId));
    this.#open.set(commandId, dialling);
    return dialling;
  }

  /** Dials a call for another one, which `decide` lets take part: it is given the id of the call, and may say no. */
  dialFor(body: DialBody, linked: Linked): Promise<Dialled> {
    return this.#dial(body, linked);
  }

  /** Why nobody could be dialled like this now, but for what may have passed when it comes to that. */
  obstacles(body: DialBody): readonly Refusal[] {
    const read = readDial(this.#asFrom(body), this.#options.settings.host);
    if ('refusals' in read) return read.refusals;
    const application = this.#options.applicationOf(body.connection_id);
    const refusals: Refusal[] = this.#barred(read.diallings, application, body);
    this.#routed(read.diallings, body, refusals);
    return refusals.filter(({ name }) => name !== 'trunks-full');
  }

  async #dial(body: DialBody, linked: Linked | null = null): Promise<Dialled> {
    const before = this.#plan(body, linked);
    if ('refusals' in before) return before;
    const tooSoon = this.#rates.take(before.application, before.routed.length);
    if (tooSoon !== null) return { refusals: [tooSoon] };
    const ports = await this.#reserve(before.routed.length);
    if (ports === null) return { refusals: [{ name: 'unavailable', detail: 'No RTP port is free. Try again.' }] };
    return this.#begin(body, linked, ports);
  }

  /** What the body comes to as things are now. */
  #plan(body: DialBody, linked: Linked | null): Plan | { readonly refusals: readonly Refusal[] } {
    const refusals: Refusal[] = [];
    const application = this.#options.applicationOf(body.connection_id);
    if (application === null) refusals.push({ name: 'invalid-connection', pointer: '/connection_id' });
    else if (!application.active) refusals.push(ofApplication('inactive-connection', linked));
    const sessionId = this.#sessionOf(body, refusals);
    const read = readDial(this.#asFrom(body), this.#options.settings.host);
    if ('refusals' in read) return { refusals: [...refusals, ...read.refusals] };
    if (application !== null && this.#isFull(application, read.diallings.length)) {
      refusals.push(ofApplication('application-full', linked));
    }
    refusals.push(...this.#barred(read.diallings, application, body));
    const routed = this.#routed(read.diallings, body, refusals);
    return refusals.length > 0 ? { refusals } : { routed, sessionId, application: application! };
  }

  #barred(diallings: readonly Dialling[], application: Application | null, { to }: DialBody): Refusal[] {
    const rules = [this.#options.settings.targets, application?.targets ?? noRules];
    return diallings.flatMap(({ destination }, index): Refusal[] => {
      const target = 'number' in destination ? `tel:${destination.number}` : destination.uri;
      if (mayCall(target, rules)) return [];
      return [{ name: 'target-refused', pointer: Array.isArray(to) ? `/to/${index}` : '/to' }];
    });
  }

  /** Whether so many more calls are too many. */
  #isFull({ id, outboundChannelLimit }: Application, more: number): boolean {
    return isFull(outboundChannelLimit, () => callsOf(this.#options.calls, id, 'outgoing') + more - 1);
  }

  /** With `bridge_intent` whoever calls the linked call calls. */
  #asFrom(body: DialBody): DialBody {
    const linked = body.bridge_intent === true ? this.#options.calls.withId(body.link_to ?? '') : undefined;
    return linked === undefined ? body : { ...body, from: linked.call.from };
  }

  /** The session of the call it is linked to; null: one of its own. */
  #sessionOf({ link_to: linkTo, bridge_on_answer: bridges = false }: DialBody, refusals: Refusal[]): string | null {
    if (linkTo === undefined) return null;
    const live = this.#options.calls.withId(linkTo);
    if (live === undefined) refusals.push({ name: 'invalid-call-control-id', pointer: '/link_to' });
    else if (!isAlive(live.call)) refusals.push({ name: 'call-ended', pointer: '/link_to' });
    else if (bridges && !canBeJoined(live.call)) refusals.push({ name: 'not-answered', pointer: '/link_to' });
    return live?.call.sessionId ?? '';
  }

  #routed(
    diallings: readonly Dialling[],
    { connection_id: connectionId, to }: DialBody,
    refusals: Refusal[],
  ): Routed[] {
    const { system, settings, calls } = this.#options;
    const { gateways, locate } = settings;
    const chance = () => Number.parseInt(system.ids.seed().slice(0, 8), 16) / 2 ** 32;
    /** What this dial takes itself. */
    const taken = new Map<string, number>();
    return diallings.flatMap((dialling, index) => {
      const found = routesOut(dialling.destination, {
        ...{ gateways: gateways(), connectionId, locate, chance },
        calls: (gateway) => callsBy(calls, gateway) + (taken.get(gateway) ?? 0),
      });
      const pointer = Array.isArray(to) ? `/to/${index}` : '/to';
      if (found === 'full' || found.length === 0) {
        refusals.push({ name: found === 'full' ? 'trunks-full' : 'no-route', pointer });
        return [];
      }
      const own = dialling.order.credentials;
      const [first, ...others] = found.map((route) => ({ ...route, credentials: own ?? route.credentials }));
      const { gateway } = first!;
      if (gateway !== null) taken.set(gateway, (taken.get(gateway) ?? 0) + 1);
      return [{ ...dialling, routes: [first!, ...others] as const }];
    });
  }

  /** The wait for the ports is over: what was found free before it may be taken by now, so it is looked at again. */
  async #begin(body: DialBody, linked: Linked | null, ports: readonly number[]): Promise<Dialled> {
    const session = body.link_to === undefined ? this.#options.system.ids.uuid() : '';
    const ids = ports.map(() => this.#options.system.ids.callControlId());
    let isBegun = false;
    const refusals = await new Promise<readonly Refusal[]>((settle) => {
      this.#options.driver.together(() => {
        const plan = this.#plan(body, linked);
        if ('refusals' in plan) return settle(plan.refusals);
        // Whoever has said no has said why.
        if (linked?.decide(ids[0]!) === false) return settle([{ name: 'unable-to-execute' }]);
        isBegun = true;
        const sessionId = plan.sessionId ?? session;
        const link = linked === null ? linkOf(body) : linked.link;
        for (const [index, dialling] of plan.routed.entries()) {
          const live = this.#beginOne(dialling, { ids, index, rtpPort: ports[index]!, sessionId, plan, linked, link });
          const commandId = body.command_id ?? null;
          // All are committed together: the first one speaks for them.
          const reason = {
            type: 'command',
            dials: index + 1,
            commandId,
            asked: askedOf('dial', body),
            settle: index === 0 ? settle : () => {},
          } as const;
          this.#options.driver.begin(live.live, { ...live.step, refusals: [] }, reason, ports[index]!);
        }
        if (linked === null && body.bridge_on_answer === true) this.#tellLinked(body, ids);
      });
    });
    if (!isBegun) for (const port of ports) this.#options.release(port);
    if (refusals.length > 0) return { refusals };
    const now = this.#options.system.clock.date();
    return { calls: ids.map((id) => viewOf(this.#options.calls.withId(id)!.committed!, now)) };
  }

  /** The linked call learns who is to be joined to it. */
  #tellLinked({ link_to: linkTo = '' }: DialBody, ids: readonly string[]): void {
    const live = this.#options.calls.withId(linkTo)!;
    for (const from of ids) {
      this.#options.driver.decide(live, { type: 'signal', from, signal: { type: 'awaited' } }, { type: 'signal' });
    }
  }

  #beginOne(
    { order, routes }: Routed,
    of: {
      ids: readonly string[];
      index: number;
      rtpPort: number;
      sessionId: string;
      plan: Plan;
      linked: Linked | null;
      link: Call['link'];
    },
  ): { live: Live; step: { call: Call; effects: ReturnType<typeof outgoing>['effects'] } } {
    const { system, endpoint, sdpAddress, media, sessionTimers, settings } = this.#options;
    const { application } = of.plan;
    const id = of.ids[of.index]!;
    const turn = outgoing(
      { at: system.clock.date(), seed: system.ids.seed() },
      {
        id,
        legId: system.ids.uuid(),
        sessionId: of.sessionId,
        connectionId: application.id,
        local: endpoint.localAddresses(),
        sdpAddress,
        media,
        sipCallId: system.ids.uuid(),
        rtpPort: of.rtpPort,
        policy: sessionTimers,
        followsRedirects: settings.followsRedirects,
        targets: [settings.targets, application.targets],
        routes,
        siblings: of.ids.filter((each) => each !== id),
        link: of.link,
        reportsTo: of.linked?.referral?.reportsTo ?? null,
        referInbound: application.refer.inbound,
      },
      { ...order, headers: [...order.headers, ...(of.linked?.referral?.headers ?? [])] },
    );
    return { live: this.#options.calls.add(turn.call, []), step: { call: turn.call, effects: turn.effects } };
  }

  /** A port for each, or none at all. */
  async #reserve(count: number): Promise<readonly number[] | null> {
    const reserved = await Promise.all(Array.from({ length: count }, () => this.#options.reserve()));
    const ports = reserved.filter((port) => port !== null);
    if (ports.length === count) return ports;
    for (const port of ports) this.#options.release(port);
    return null;
  }
}

/** The call it is to be joined to. Both end with the bridge, but for one that parks. */
function linkOf({
  link_to: to,
  bridge_on_answer: bridges,
  prevent_double_bridge: preventsDouble,
}: DialBody): Call['link'] {
  if (to === undefined || bridges !== true) return null;
  return { to, parks: false, ...(preventsDouble === true && { preventsDouble }) };
}

/** Whether its peer can be asked to hear another one: it has answered, or can be answered at once. */
function canBeJoined({ phase, session }: Call): boolean {
  return phase.name === 'active' || phase.name === 'answered' || (phase.name === 'ringing' && session !== null);
}

/** Its calls go on. A transfer names no application in its body. */
function ofApplication(name: Refusal['name'], linked: Linked | null): Refusal {
  return linked === null ? { name, pointer: '/connection_id' } : { name };
}
