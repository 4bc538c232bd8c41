// Makes calls: finds the application and the routes of each destination, gives each call its port and its names, and
// begins all of one dial in one commit. Leaves out what a body means (reading-dial.ts) and the calls (outbound.ts).
import type { Refusal } from '../errors.ts';
import type { Endpoint } from '../sip/endpoint.ts';
import type { System } from '../system.ts';
import { askedOf } from './asked.ts';
import type { DialBody, Dialled, NamedValue } from './commands.ts';
import type { Driver } from './driver.ts';
import type { LifetimePolicy } from './lifetime.ts';
import type { Live, LiveCalls } from './live.ts';
import { outgoing } from './outbound.ts';
import { type Contact, type Gateway, type Route, routesOut } from './outbound-routes.ts';
import { type Dialling, readDial } from './reading-dial.ts';
import type { ReferInbound } from './routing.ts';
import { type Call, isAlive } from './state.ts';
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
  readonly hasApplication: (id: string) => boolean;
  readonly referInbound: (connectionId: string) => ReferInbound;
  readonly reserve: () => Promise<number | null>;
  readonly release: (port: number) => void;
}

const notTaken: readonly Refusal[] = [{ name: 'unable-to-execute' }];

interface Linked {
  readonly link: Call['link'];
  readonly decide: (callee: string) => boolean;
  /** Because of a REFER: what the INVITE says of it, and who is told how the call goes. */
  readonly referral?: { readonly headers: readonly NamedValue[]; readonly reportsTo: string };
}

type Routed = Dialling & { readonly routes: readonly [Route, ...Route[]] };

export class Dialler {
  readonly #options: DiallerOptions;
  /** Dials that are on their way to the store, by command id. */
  readonly #open = new Map<string, Promise<Dialled>>();

  constructor(options: DiallerOptions) {
    this.#options = options;
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

  async #dial(body: DialBody, linked: Linked | null = null): Promise<Dialled> {
    const refusals: Refusal[] = [];
    if (!this.#options.hasApplication(body.connection_id)) {
      refusals.push({ name: 'invalid-connection', pointer: '/connection_id' });
    }
    const sessionId = this.#sessionOf(body, refusals);
    const read = readDial(body, this.#options.settings.host);
    if ('refusals' in read) return { refusals: [...refusals, ...read.refusals] };
    const routed = this.#routed(read.diallings, body, refusals);
    if (refusals.length > 0) return { refusals };
    return this.#begin(routed, body, sessionId, linked);
  }

  /** The session of the call it is linked to, else one of its own. */
  #sessionOf({ link_to: linkTo }: DialBody, refusals: Refusal[]): string {
    if (linkTo === undefined) return this.#options.system.ids.uuid();
    const live = this.#options.calls.withId(linkTo);
    if (live === undefined) refusals.push({ name: 'invalid-call-control-id', pointer: '/link_to' });
    else if (!isAlive(live.call)) refusals.push({ name: 'call-ended', pointer: '/link_to' });
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
    return diallings.flatMap((dialling, index) => {
      const found = routesOut(dialling.destination, {
        ...{ gateways: gateways(), connectionId, locate, chance },
        calls: (gateway) => callsBy(calls, gateway),
      });
      const pointer = Array.isArray(to) ? `/to/${index}` : '/to';
      if (found === 'full' || found.length === 0) {
        refusals.push({ name: found === 'full' ? 'trunks-full' : 'no-route', pointer });
        return [];
      }
      const own = dialling.order.credentials;
      const [first, ...others] = found.map((route) => ({ ...route, credentials: own ?? route.credentials }));
      return [{ ...dialling, routes: [first!, ...others] as const }];
    });
  }

  async #begin(routed: readonly Routed[], body: DialBody, sessionId: string, linked: Linked | null): Promise<Dialled> {
    const ports = await this.#reserve(routed.length);
    if (ports === null) return { refusals: [{ name: 'unavailable', detail: 'No RTP port is free. Try again.' }] };
    const ids = routed.map(() => this.#options.system.ids.callControlId());
    const refusals = await new Promise<readonly Refusal[]>((settle) => {
      this.#options.driver.together(() => {
        // Whoever has said no has said why.
        if (linked?.decide(ids[0]!) === false) return settle(notTaken);
        for (const [index, dialling] of routed.entries()) {
          const live = this.#beginOne(dialling, {
            ids,
            index,
            rtpPort: ports[index]!,
            sessionId,
            connectionId: body.connection_id,
            linked,
          });
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
      });
    });
    if (refusals === notTaken) for (const port of ports) this.#options.release(port);
    if (refusals.length > 0) return { refusals };
    const now = this.#options.system.clock.date();
    return { calls: ids.map((id) => viewOf(this.#options.calls.withId(id)!.committed!, now)) };
  }

  #beginOne(
    { order, routes }: Routed,
    of: {
      ids: readonly string[];
      index: number;
      rtpPort: number;
      sessionId: string;
      connectionId: string;
      linked: Linked | null;
    },
  ): { live: Live; step: { call: Call; effects: ReturnType<typeof outgoing>['effects'] } } {
    const { system, endpoint, sdpAddress, media, sessionTimers, settings } = this.#options;
    const id = of.ids[of.index]!;
    const turn = outgoing(
      { at: system.clock.date(), seed: system.ids.seed() },
      {
        id,
        legId: system.ids.uuid(),
        sessionId: of.sessionId,
        connectionId: of.connectionId,
        local: endpoint.localAddresses(),
        sdpAddress,
        media,
        sipCallId: system.ids.uuid(),
        rtpPort: of.rtpPort,
        policy: sessionTimers,
        followsRedirects: settings.followsRedirects,
        routes,
        siblings: of.ids.filter((each) => each !== id),
        link: of.linked?.link ?? null,
        reportsTo: of.linked?.referral?.reportsTo ?? null,
        referInbound: this.#options.referInbound(of.connectionId),
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

function callsBy(calls: LiveCalls, gateway: string): number {
  let count = 0;
  for (const { call } of calls) if (call.gateway === gateway && isAlive(call)) count += 1;
  return count;
}
