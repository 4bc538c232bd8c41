// The applications there are: those of the settings, which only the settings can change, and those the API made, which the
// store keeps. What changes here is in force at once: for the next INVITE, and for the next event of a live call.
import type { Refusal } from '../errors.ts';
import { Changes, instantAfter, type ResourceStore } from '../store/changes.ts';
import type { System } from '../system.ts';
import {
  type ApplicationBody,
  type ApplicationChanges,
  andChanges,
  applicationOf,
  blankBody,
  bodyOf,
  withChanges,
} from './application.ts';
import { type Application, comparable, type Routes, routesTo } from './routing.ts';

/** An application as the API shows it. Instants are wall-clock milliseconds. */
export interface ApplicationView {
  readonly id: string;
  readonly body: ApplicationBody;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Part of the settings: the API cannot change it. */
  readonly ofSettings: boolean;
}

/** One the API made: what was said of it. What was not is as the settings say now. */
interface Made {
  readonly said: ApplicationChanges;
  readonly view: ApplicationView;
}

/** What became of a change. */
export type Changed = { readonly view: ApplicationView } | { readonly refusals: readonly [Refusal, ...Refusal[]] };

interface Parts {
  readonly system: System;
  readonly store: ResourceStore;
  /** Those of the settings, the default one first. */
  readonly configured: readonly [Application, ...Application[]];
  /** Why its events must not go to a URL; null: they may. */
  readonly faultOfUrl?: (url: string) => string | null;
}

export class Applications {
  readonly #parts: Parts;
  readonly #changes: Changes;
  readonly #configured: readonly ApplicationView[];
  /** By id, which is in the order they were made. */
  #made: ReadonlyMap<string, Made> = new Map();
  #byId: ReadonlyMap<string, Application> = new Map();
  #routes!: Routes;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#changes = new Changes({ log: parts.system.log, store: parts.store });
    for (const { name, webhookUrl, webhookFailoverUrl } of parts.configured)
      this.#warn(name, [webhookUrl, webhookFailoverUrl]);
    const readAt = parts.system.clock.date();
    this.#configured = parts.configured.map((application) => {
      const body = bodyOf(application);
      return { id: application.id, body, createdAt: readAt, updatedAt: readAt, ofSettings: true };
    });
    this.#have(new Map());
  }

  #warn(application: string, urls: readonly (string | null)[]): void {
    for (const url of urls) {
      const reason = this.#parts.faultOfUrl?.(url ?? '') ?? null;
      if (reason !== null)
        this.#parts.system.log.warn({ application, reason }, 'No webhook will reach an application.');
    }
  }

  /** Reads those the API made. Before calls are taken. */
  async restore(): Promise<void> {
    const made = new Map<string, Made>();
    for (const { id, state, createdAt, updatedAt } of await this.#parts.store.resources('application')) {
      if (this.#parts.configured.some((application) => application.id === id)) {
        this.#parts.system.log.warn({ application: id }, 'The settings hide an application that the API made.');
      } else {
        made.set(id, this.#newMade({ id, createdAt, updatedAt }, JSON.parse(state) as ApplicationChanges));
      }
    }
    this.#have(made);
  }

  get routes(): Routes {
    return this.#routes;
  }

  /** Whose call this is; of one whose application is no longer in the settings the default one. */
  ofCall({ connectionId }: { readonly connectionId: string }): Application {
    return this.#byId.get(connectionId) ?? this.#parts.configured[0];
  }

  /** Those of the settings in their order, then the others, the newest first. */
  views(): readonly ApplicationView[] {
    return [...this.#configured, ...[...this.#made.values()].map(({ view }) => view).toReversed()];
  }

  view(id: string): ApplicationView | null {
    return this.#made.get(id)?.view ?? this.#configured.find((view) => view.id === id) ?? null;
  }

  create(changes: ApplicationChanges): Promise<Changed> {
    return this.#changes.inTurn(async () => {
      const made = [...this.#made.values()].map(({ view }) => view);
      const at = instantAfter(made, this.#parts.system.clock.date());
      return this.#keep(this.#newMade({ id: this.#newId(at), createdAt: at, updatedAt: at }, changes));
    });
  }

  update(id: string, changes: ApplicationChanges): Promise<Changed> {
    return this.#changes.inTurn(async () => {
      const made = this.#made.get(id);
      if (made === undefined) return this.#unchangeable(id);
      const updatedAt = this.#parts.system.clock.date();
      return this.#keep(this.#newMade({ ...made.view, updatedAt }, andChanges(made.said, changes)));
    });
  }

  /** `inUse`: whether it has live calls, which nobody else may answer for. It takes no new ones from here on. */
  remove(id: string, inUse: () => boolean): Promise<Changed> {
    return this.#changes.inTurn(async () => {
      const before = this.#made;
      const made = before.get(id);
      if (made === undefined) return this.#unchangeable(id);
      if (inUse()) {
        return refused('in-use', 'The application has live calls. Set it inactive; delete it when they have ended.');
      }
      this.#have(new Map([...before].filter(([each]) => each !== id)));
      if (await this.#changes.drop('application', id)) return { view: made.view };
      this.#have(before);
      return unstored;
    });
  }

  #unchangeable(id: string): Changed {
    return refused(this.view(id) === null ? 'not-found' : 'in-settings');
  }

  async #keep({ said, view }: Made): Promise<Changed> {
    const [first, ...others] = this.#faultsOf(view);
    if (first) return { refusals: [first, ...others] };
    const { id, createdAt, updatedAt } = view;
    const state = JSON.stringify(said);
    if (!(await this.#changes.put({ kind: 'application', id, state, createdAt, updatedAt }))) return unstored;
    this.#have(new Map([...this.#made, [id, { said, view }]]));
    return { view };
  }

  #newMade(of: Pick<ApplicationView, 'id' | 'createdAt' | 'updatedAt'>, said: ApplicationChanges): Made {
    const body = withChanges(blankBody(this.#parts.configured[0].refer), said);
    const { id, createdAt, updatedAt } = of;
    return { said, view: { id, body, createdAt, updatedAt, ofSettings: false } };
  }

  /** What JSON Schema cannot see: where webhooks must not go, and what another application has already. */
  #faultsOf({ id, body }: ApplicationView): Refusal[] {
    const others = this.views().filter((view) => view.id !== id);
    const faults: Refusal[] = [];
    for (const field of ['webhook_event_url', 'webhook_event_failover_url'] as const) {
      const fault = this.#parts.faultOfUrl?.(body[field] ?? '') ?? null;
      if (fault !== null) faults.push({ name: 'invalid-url', pointer: `/${field}`, detail: fault });
    }
    const subdomain = body.inbound.sip_subdomain?.toLowerCase();
    const owner = others.find((view) => subdomain && view.body.inbound.sip_subdomain?.toLowerCase() === subdomain);
    if (owner) faults.push(taken('/inbound/sip_subdomain', owner));
    for (const [index, number] of body.inbound.numbers.entries()) {
      const has = others.find((view) =>
        view.body.inbound.numbers.some((one) => comparable(one) === comparable(number)),
      );
      if (has) faults.push(taken(`/inbound/numbers/${index}`, has));
    }
    return faults;
  }

  /** 19 digits: the time in milliseconds, and six of chance. */
  #newId(at: number): string {
    for (;;) {
      const chance = Number.parseInt(this.#parts.system.ids.seed().slice(-8), 16) % 1_000_000;
      const id = `${String(at).padStart(13, '1')}${String(chance).padStart(6, '0')}`;
      if (this.view(id) === null) return id;
    }
  }

  /** From here on these are the ones. */
  #have(made: ReadonlyMap<string, Made>): void {
    const [first, ...others] = this.#parts.configured;
    const ofApi = [...made.values()].map(({ view }) => applicationOf(view.id, view.body));
    this.#made = made;
    this.#routes = routesTo([first, ...others, ...ofApi]);
    this.#byId = new Map(this.#routes.all.map((application) => [application.id, application]));
  }
}

function refused(name: Refusal['name'], detail?: string): { refusals: readonly [Refusal] } {
  return { refusals: [{ name, ...(detail && { detail }) }] };
}

const unstored = refused('unavailable', 'The change could not be stored and was not made. Try it again.');

function taken(pointer: string, { id, body }: ApplicationView): Refusal {
  return { name: 'duplicate', pointer, detail: `The application ${body.application_name} (${id}) has this already.` };
}
