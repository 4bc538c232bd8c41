// The driver of our registrations: one machine an account. A REGISTER is sent once its CSeq is stored, so that a restart
// goes on where the last one left off (RFC 3261 §10.2.4). Leaves out every decision (registration.ts).
import type { System, Timer } from '../../system.ts';
import type { LocalAddresses } from '../dialog/dialog.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Response } from '../message/message.ts';
import type { Target } from '../transport/transport.ts';
import {
  type Account,
  begin,
  deadlineOf,
  type Input,
  type Registration,
  type Sequence,
  transition,
} from './registration.ts';

/** What outlives the process: texts by name. */
export interface SequenceStore {
  get(name: string): Promise<string | null>;
  put(name: string, value: string): Promise<void>;
}

/** What is registered where, and where the CSeq is kept. */
export interface RegistrationsOptions {
  readonly system: System;
  readonly store: SequenceStore;
  readonly accounts: readonly Account[];
  /** What Via and Contact say, by transport. */
  readonly addresses: () => LocalAddresses;
  /** Hears when an account comes to stand otherwise: registered, failing, stopped. */
  readonly changed?: (view: RegistrationView) => void;
}

/** How an account stands, for people. */
export interface RegistrationView {
  readonly name: string;
  readonly state: 'registered' | 'trying' | 'failing' | 'stopped';
  readonly server: string | null;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number | null;
  readonly serviceRoute: readonly string[];
  /** Why it is tried again later. */
  readonly failure: string | null;
}

interface Live {
  readonly account: Account;
  state: Registration;
  timer: Timer | null;
  /** Inputs wait for what the one before has to store. */
  turn: Promise<void>;
  /** Where the last REGISTER went that was answered; null before that. */
  place: Target | null;
}

/** A registration that is no longer wanted, until its server has said so or is not waited for any more. */
interface Leaving {
  readonly live: Live;
  readonly ended: Promise<void>;
  end(): void;
  readonly patience: Timer;
}

type Unstamped = Input extends infer I ? (I extends Input ? Omit<I, 'at' | 'seed' | 'addresses'> : never) : never;

const nameOf = (account: Account): string => `registration:${account.name}`;
const tryAgainMs = 5000;
/** How long a registration in the place of another one waits for its end (RFC 3261 §10.2: one REGISTER at a time). */
const farewellMs = 2000;

/**
 * Registrations of ours (RFC 3261 §10.2), one of the `parts` of a user agent: kept alive from `start` until `stop`.
 */
export class Registrations {
  readonly #options: RegistrationsOptions;
  readonly #lives: Live[] = [];
  readonly #leaving = new Map<Live, Leaving>();
  readonly #branches = new Map<string, Live>();
  #endpoint!: Pick<Endpoint, 'send'>;
  #open = 0;
  #killed = false;
  #allEnded: (() => void) | null = null;

  constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  async start(endpoint: Pick<Endpoint, 'send'>): Promise<void> {
    this.#endpoint = endpoint;
    for (const account of this.#options.accounts) {
      this.#lives.push(newLive(account, await this.#sequenceOf(account)));
    }
    for (const live of this.#lives) this.#take(live, { type: 'start' });
  }

  /** Once it has started: from now on these are the accounts. What is new begins, what is gone ends, what changed does both. */
  have(accounts: readonly Account[]): void {
    const wanted = new Map(accounts.map((account) => [JSON.stringify(account), account]));
    for (const live of [...this.#lives]) if (!wanted.delete(JSON.stringify(live.account))) this.#leave(live);
    for (const account of wanted.values()) void this.#join(account);
  }

  sent(branch: string): boolean {
    return this.#branches.has(branch);
  }

  response(branch: string, response: Response, to: Target): void {
    const live = this.#branches.get(branch);
    if (live !== undefined) live.place = to;
    this.#ofBranch(branch, response.status >= 200, { type: 'response', branch, response });
  }

  timeout(branch: string): void {
    this.#ofBranch(branch, true, { type: 'timeout', branch });
  }

  failed(branch: string, error: Error): void {
    this.#ofBranch(branch, true, { type: 'failed', branch, why: error.message });
  }

  views(): RegistrationView[] {
    const now = this.#options.system.clock.date();
    return this.#lives.map(({ account, state }) => viewOf(account, state, now));
  }

  /** What a trunk has granted us; null while we are not registered with it. */
  granted(name: string): Registration['granted'] {
    const live = this.#lives.find(({ account }) => account.name === name);
    const granted = live?.state.granted ?? null;
    return granted !== null && granted.expiresAt > this.#options.system.clock.date() ? granted : null;
  }

  /** Where we are registered, as places to send to. */
  places(): Target[] {
    const now = this.#options.system.clock.date();
    return this.#lives.flatMap(({ state: { granted }, place }) =>
      granted !== null && granted.expiresAt > now && place !== null ? [place] : [],
    );
  }

  get idle(): boolean {
    return this.#open === 0;
  }

  census(): { readonly registrations: number } {
    return { registrations: this.#all.filter(({ state }) => state.phase.name !== 'stopped').length };
  }

  /** Ends every registration; resolves when the servers have said so, or after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    const { clock } = this.#options.system;
    for (const live of this.#lives) this.#take(live, { type: 'stop' });
    await Promise.all(this.#all.map(({ turn }) => turn));
    if (!this.#areStopped) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(withinMs, resolve);
        this.#allEnded = () => {
          clock.cancel(timer);
          resolve();
        };
      });
    }
    this.kill();
  }

  /** Nothing more is sent. */
  kill(): void {
    this.#killed = true;
    for (const live of this.#all) this.#disarm(live);
    for (const { patience } of this.#leaving.values()) this.#options.system.clock.cancel(patience);
  }

  get #all(): Live[] {
    return [...this.#lives, ...this.#leaving.keys()];
  }

  get #areStopped(): boolean {
    return this.#all.every(({ state }) => state.phase.name === 'stopped');
  }

  async #sequenceOf(account: Account): Promise<Sequence> {
    const { store, system } = this.#options;
    const kept = await store.get(nameOf(account));
    return kept === null ? { callId: system.ids.uuid(), cseq: 0 } : (JSON.parse(kept) as Sequence);
  }

  #leave(live: Live): void {
    this.#lives.splice(this.#lives.indexOf(live), 1);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const patience = this.#options.system.clock.after(farewellMs, end);
    this.#leaving.set(live, { live, ended, end, patience });
    this.#take(live, { type: 'stop' });
  }

  /** It begins when those of the same name have ended, with the CSeq after theirs. */
  async #join(account: Account): Promise<void> {
    const before = [...this.#leaving.values()].filter(({ live }) => live.account.name === account.name);
    const live = newLive(account, unread);
    this.#lives.push(live);
    await Promise.all(before.map(({ ended }) => ended));
    if (this.#lives.includes(live)) this.#take(live, { type: 'start' });
  }

  #left(live: Live): void {
    const leaving = this.#leaving.get(live);
    this.#leaving.delete(live);
    this.#options.system.clock.cancel(leaving?.patience ?? null);
    leaving?.end();
  }

  #ofBranch(branch: string, isFinal: boolean, input: Unstamped): void {
    const live = this.#branches.get(branch);
    if (live === undefined) return;
    if (isFinal) this.#branches.delete(branch);
    this.#take(live, input);
  }

  #take(live: Live, input: Unstamped): void {
    this.#open += 1;
    live.turn = live.turn
      .then(() => (this.#killed ? undefined : this.#decide(live, input)))
      .catch((error: unknown) => this.#lost(live, error))
      .finally(() => {
        this.#open -= 1;
      });
  }

  async #decide(live: Live, unstamped: Unstamped): Promise<void> {
    const { system, store, addresses } = this.#options;
    if (live.state.callId === unread.callId) live.state = begin(live.account, await this.#sequenceOf(live.account));
    const input = { ...unstamped, at: system.clock.date(), seed: system.ids.seed(), addresses: addresses() } as Input;
    const { state, send } = transition(live.account, live.state, input);
    if (send !== null) {
      const { callId, cseq } = state;
      await store.put(nameOf(live.account), JSON.stringify({ callId, cseq }));
    }
    if (this.#killed) return;
    const before = live.state;
    this.#tell(live, state);
    live.state = state;
    if (send !== null) {
      this.#branches.set(send.branch, live);
      this.#endpoint.send(send);
    }
    this.#arm(live);
    this.#report(live, before);
    if (state.phase.name === 'stopped') this.#left(live);
    if (this.#areStopped) this.#allEnded?.();
  }

  #report({ account, state }: Live, before: Registration): void {
    const now = this.#options.system.clock.date();
    const view = viewOf(account, state, now);
    if (view.state !== viewOf(account, before, now).state) this.#options.changed?.(view);
  }

  /** The store would not have it: it is tried again, with the state as it was. */
  #lost(live: Live, error: unknown): void {
    const { system } = this.#options;
    system.log.error({ err: error, trunk: live.account.name }, 'A REGISTER could not be sent.');
    this.#disarm(live);
    if (this.#killed) return;
    const { phase } = live.state;
    const next = this.#leaving.has(live) ? 'stop' : phase.name === 'idle' ? 'start' : 'timer';
    if (phase.name === 'trying') {
      const branch = phase.branch;
      live.timer = system.clock.after(tryAgainMs, () => this.#take(live, { type: 'timeout', branch }));
    } else {
      live.timer = system.clock.after(tryAgainMs, () => this.#take(live, { type: next }));
    }
  }

  #arm(live: Live): void {
    this.#disarm(live);
    const at = deadlineOf(live.state);
    if (at === null) return;
    const { clock } = this.#options.system;
    live.timer = clock.after(Math.max(0, at - clock.date()), () => {
      live.timer = null;
      this.#take(live, { type: 'timer' });
    });
  }

  #disarm(live: Live): void {
    if (live.timer !== null) this.#options.system.clock.cancel(live.timer);
    live.timer = null;
  }

  /** A change that an operator would want to see. */
  #tell({ account, state: before }: Live, after: Registration): void {
    const { log } = this.#options.system;
    const fields = { trunk: account.name, server: account.servers[after.server] };
    if (after.phase.name === 'registered' && before.failures + (before.granted === null ? 1 : 0) > 0) {
      log.info({ ...fields, expiresAt: after.granted?.expiresAt }, 'registered');
    }
    if (after.phase.name === 'waiting') {
      const { why, retryAt } = after.phase;
      log.warn({ ...fields, why, retryAt }, 'A trunk could not be registered with. It is tried again.');
    }
  }
}

/** That of an account whose own is still to be read. */
const unread: Sequence = { callId: '', cseq: 0 };

function newLive(account: Account, sequence: Sequence): Live {
  return { account, state: begin(account, sequence), timer: null, turn: Promise.resolve(), place: null };
}

function viewOf(account: Account, state: Registration, now: number): RegistrationView {
  const { phase } = state;
  const granted = state.granted !== null && state.granted.expiresAt > now ? state.granted : null;
  const without = phase.name === 'stopped' ? 'stopped' : phase.name === 'waiting' ? 'failing' : 'trying';
  return {
    name: account.name,
    state: granted === null ? without : 'registered',
    server: granted?.server ?? account.servers[state.server] ?? null,
    expiresAt: granted?.expiresAt ?? null,
    serviceRoute: granted?.serviceRoute ?? [],
    failure: phase.name === 'waiting' ? phase.why : null,
  };
}
