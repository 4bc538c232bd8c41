// The registrar (RFC 3261 §10.3): takes each REGISTER for an address-of-record in turn, lets bindings.ts decide, stores what
// was decided, and only then says 200. Knows when bindings end. Leaves out who may come in at all (admission.ts).
import type { System, Timer } from '../../system.ts';
import type { Endpoint, Origin } from '../endpoint.ts';
import { type HeaderList, type Request, reply } from '../message/message.ts';
import type { Target } from '../transport/transport.ts';
import {
  aorOf,
  type Binding,
  type RegistrarLimits,
  register,
  registeredHeaders,
  usualRegistrarLimits,
  wayTo,
} from './bindings.ts';

/** A binding as it is kept: `state` is everything of it, as JSON. */
export interface BindingRow {
  readonly aor: string;
  readonly contact: string;
  readonly state: string;
  readonly expiresAt: number;
}

/** What outlives the process. */
export interface BindingStore {
  bindings(): Promise<readonly BindingRow[]>;
  /** Puts these rows in the place of all that the address-of-record had. */
  bind(aor: string, rows: readonly BindingRow[]): Promise<void>;
}

/** Who may register, and where it is kept. */
export interface RegistrarOptions {
  readonly system: System;
  readonly store: BindingStore;
  /** Whether whoever sent this may register the address-of-record (§10.3 step 4). */
  readonly mayRegister: (aor: string, origin: Origin) => boolean;
  readonly limits?: Partial<RegistrarLimits>;
}

interface Entry {
  bindings: readonly Binding[];
  /** What was asked last; the next one waits for it (§10.3: in the order that they are received). */
  last: Promise<void>;
  /** How much of that is still to be done. */
  open: number;
}

/** Ended bindings are counted out by the time; forgetting them may wait for company. */
const forgetAtMostEveryMs = 1000;

/**
 * A registrar (RFC 3261 §10.3), one of the `parts` of a user agent. `start` it before the endpoint listens, `stop` it at the end.
 */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #limits: RegistrarLimits;
  readonly #entries = new Map<string, Entry>();
  #endpoint!: Pick<Endpoint, 'respond'>;
  #open = 0;
  #bindings = 0;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#limits = { ...usualRegistrarLimits, ...options.limits };
  }

  /** Finds again what was stored. */
  async start(endpoint: Pick<Endpoint, 'respond'>): Promise<void> {
    this.#endpoint = endpoint;
    const rows = await this.#options.store.bindings();
    for (const [aor, own] of Map.groupBy(rows, ({ aor }) => aor)) {
      this.#set(
        this.#entry(aor),
        own.map(({ state }) => JSON.parse(state) as Binding),
      );
    }
  }

  takes(request: Request): boolean {
    return request.method === 'REGISTER';
  }

  request(request: Request, origin: Origin): void {
    const aor = aorOf(request.to.uri);
    if (aor === null) return this.#respond(request, origin, 404);
    if (!this.#options.mayRegister(aor, origin)) return this.#respond(request, origin, 403);
    this.#inTurn(
      aor,
      this.#entry(aor),
      (entry) => this.#register(aor, entry, request, origin),
      () => this.#respond(request, origin, 500, [['Retry-After', '5']]),
    );
  }

  /** Where an address-of-record can be reached now, as a URI or as its user alone: the preferred first, then the newest. */
  locate(aor: string): Binding[] {
    const entry = this.#entries.get(aorOf(aor) ?? aor);
    if (entry === undefined) return [];
    return this.#alive(entry).toSorted((a, b) => b.q - a.q || b.expiresAt - a.expiresAt);
  }

  /** Where requests to phones behind a NAT go. */
  *behindNat(): Iterable<Target> {
    for (const entry of this.#entries.values()) {
      for (const binding of this.#alive(entry)) {
        const { target } = wayTo(binding);
        if (target.behindNat) yield target;
      }
    }
  }

  /** Ends every binding of an address-of-record, in its turn. Resolves when that is stored, or could not be, which is logged. */
  async forget(aor: string): Promise<void> {
    const entry = this.#entries.get(aor);
    if (entry === undefined) return;
    this.#inTurn(
      aor,
      entry,
      () => this.#keep(aor, entry, []),
      () => {},
    );
    await entry.last;
  }

  /** Every address-of-record with a binding. */
  aors(): string[] {
    return [...this.#entries].filter(([, entry]) => this.#alive(entry).length > 0).map(([aor]) => aor);
  }

  get idle(): boolean {
    return this.#open === 0;
  }

  census(): { readonly bindings: number } {
    return { bindings: this.#bindings };
  }

  /** Takes nothing more; what is stored stays. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) this.#options.system.clock.cancel(this.#timer);
    this.#timer = null;
  }

  #entry(aor: string): Entry {
    const known = this.#entries.get(aor);
    if (known) return known;
    const entry: Entry = { bindings: [], last: Promise.resolve(), open: 0 };
    this.#entries.set(aor, entry);
    return entry;
  }

  #inTurn(aor: string, entry: Entry, run: (entry: Entry) => Promise<void>, failed: () => void): void {
    this.#open += 1;
    entry.open += 1;
    entry.last = entry.last
      .then(() => (this.#stopped ? undefined : run(entry)))
      .catch((error: unknown) => {
        this.#options.system.log.error({ err: error, aor }, 'Bindings could not be kept.');
        failed();
      })
      .finally(() => {
        this.#open -= 1;
        entry.open -= 1;
        if (entry.open === 0 && entry.bindings.length === 0) this.#entries.delete(aor);
      });
  }

  #set(entry: Entry, bindings: readonly Binding[]): void {
    this.#bindings += bindings.length - entry.bindings.length;
    entry.bindings = bindings;
    this.#arm(Math.min(...bindings.map(({ expiresAt }) => expiresAt)));
  }

  #alive({ bindings }: Entry): readonly Binding[] {
    const now = this.#options.system.clock.date();
    return bindings.every(({ expiresAt }) => expiresAt > now)
      ? bindings
      : bindings.filter(({ expiresAt }) => expiresAt > now);
  }

  async #register(aor: string, entry: Entry, request: Request, origin: Origin): Promise<void> {
    const { clock } = this.#options.system;
    const before = this.#alive(entry);
    const { from, nat = false } = origin;
    const decided = register(before, request, { at: clock.date(), from, nat }, this.#limits);
    if (!decided.accepted) return this.#respond(request, origin, decided.status, decided.headers);
    if (decided.bindings !== before) await this.#keep(aor, entry, decided.bindings);
    this.#respond(request, origin, 200, registeredHeaders(request, entry.bindings, clock.date()));
  }

  async #keep(aor: string, entry: Entry, bindings: readonly Binding[]): Promise<void> {
    await this.#options.store.bind(
      aor,
      bindings.map((each) => ({
        aor,
        contact: each.contact,
        state: JSON.stringify(each),
        expiresAt: each.expiresAt,
      })),
    );
    this.#set(entry, bindings);
  }

  #respond(request: Request, origin: Origin, status: number, headers: HeaderList = []): void {
    if (this.#stopped) return;
    const toTag = this.#options.system.ids.seed();
    this.#endpoint.respond(origin, status, reply(request, status, { toTag, headers }));
  }

  /** One timer, for the binding that may end first; none while there is no binding. */
  #arm(at: number): void {
    const { clock } = this.#options.system;
    const isLater = this.#timer !== null && at >= this.#timerAt;
    if (this.#stopped || (isLater && this.#bindings > 0)) return;
    if (this.#timer !== null) clock.cancel(this.#timer);
    this.#timer = null;
    if (this.#bindings === 0 || at === Number.POSITIVE_INFINITY) return;
    this.#timerAt = Math.max(at, clock.date() + forgetAtMostEveryMs);
    this.#timer = clock.after(this.#timerAt - clock.date(), () => this.#expire());
  }

  /** Bindings that have ended are forgotten in the store as well, each address-of-record in its turn. */
  #expire(): void {
    this.#timer = null;
    let next = Number.POSITIVE_INFINITY;
    for (const [aor, entry] of this.#entries) {
      for (const { expiresAt } of entry.bindings) next = Math.min(next, expiresAt);
      if (this.#alive(entry) !== entry.bindings)
        this.#inTurn(
          aor,
          entry,
          () => this.#drop(aor, entry),
          () => {},
        );
    }
    this.#arm(next);
  }

  async #drop(aor: string, entry: Entry): Promise<void> {
    const alive = this.#alive(entry);
    if (alive !== entry.bindings) await this.#keep(aor, entry, alive);
  }
}
