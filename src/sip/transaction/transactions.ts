// The driver of the four machines (RFC 3261 §17): which transactions live, and what their steps send, arm and tell. It
// decides nothing itself and remembers nothing across a restart. Leaves out matching (key.ts) and every transition.
import type { Clock, Log, Timer } from '../../system.ts';
import type { Request, Response } from '../message/message.ts';
import { reliable, type Target, type TransportName } from '../transport/transport.ts';
import * as inviteClient from './invite-client.ts';
import * as inviteServer from './invite-server.ts';
import { clientKey } from './key.ts';
import * as nonInviteClient from './non-invite-client.ts';
import * as nonInviteServer from './non-invite-server.ts';
import type { ClientFixed, ClientInput, Effect, ServerFixed, ServerInput, Step, Told } from './step.ts';
import { durationsOf, patienceMs, type TimerName, type Timing } from './timers.ts';

/** A request to send. `timeoutMs` is Timer B or F where it is not 64*T1: less for a request that was restored. */
export interface Outgoing {
  readonly branch: string;
  readonly method: string;
  readonly text: string;
  readonly target: Target;
  readonly timeoutMs?: number;
}

/** Whom the transactions tell. `branch` is the name that a request was sent under, `to` where it was sent. */
export interface TransactionUser {
  response(branch: string, response: Response, to: Target): void;
  timeout(branch: string, method: string, to: Target): void;
  failed(branch: string, error: Error, method: string, to: Target): void;
  ack(request: Request): void;
}

export interface TransactionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly timing: Timing;
  readonly user: TransactionUser;
  /** Hands a message to a transport. `failed` is called at most once, never before `send` has returned. */
  readonly send: (text: string, target: Target, failed: (error: Error) => void) => void;
}

type ClientTransaction =
  | Transaction<ClientFixed, inviteClient.State, ClientInput>
  | Transaction<ClientFixed, nonInviteClient.State, ClientInput>;
type ServerTransaction =
  | Transaction<ServerFixed, inviteServer.State, ServerInput>
  | Transaction<ServerFixed, nonInviteServer.State, ServerInput>;
type AnyTransaction = ClientTransaction | ServerTransaction;

export class Transactions {
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #fixed: { readonly reliable: ServerFixed; readonly unreliable: ServerFixed };
  readonly #options: TransactionsOptions;

  constructor(options: TransactionsOptions) {
    this.#options = options;
    const fixedFor = (isReliable: boolean): ServerFixed => ({
      reliable: isReliable,
      durations: durationsOf(options.timing, isReliable),
    });
    this.#fixed = { reliable: fixedFor(true), unreliable: fixedFor(false) };
  }

  /** Begins a client transaction. Its user hears of it by `name`: one request may take several transactions. */
  request(outgoing: Outgoing, name = outgoing.branch): void {
    const { branch, method, text, target } = outgoing;
    const key = clientKey(branch, method);
    if (this.#clients.has(key)) {
      this.#options.log.error({ branch, method }, 'a request with this branch is already being sent');
      return;
    }
    const timeoutMs = outgoing.timeoutMs ?? patienceMs(this.#options.timing);
    const fixed: ClientFixed = { ...this.#fixedFor(target.transport), text, timeoutMs };
    const role = { home: this.#clients, key, name, method, target };
    if (method === 'INVITE') {
      const step = inviteClient.start(fixed);
      this.#begin(this.#clients, new Transaction(role, inviteClient, fixed, step.state), step.effects);
    } else {
      const step = nonInviteClient.start(fixed);
      this.#begin(this.#clients, new Transaction(role, nonInviteClient, fixed, step.state), step.effects);
    }
    if (method === 'CANCEL') this.#cancelled(branch);
  }

  /** Whether a client transaction was waiting for this response (§17.1.3). */
  response(response: Response): boolean {
    const { branch } = response.via;
    const tx = branch === null ? undefined : this.#clients.get(clientKey(branch, response.cseq.method));
    if (tx) this.#perform(tx, tx.take({ type: 'response', response }));
    return tx !== undefined;
  }

  /** Whether the request is a copy of one that lives; then it has had its answer again, if there was one. */
  repeated(key: string): boolean {
    return this.#serve(key, { type: 'request' });
  }

  /** Begins a server transaction. An INVITE is told 100 at once, unless a final answer follows in the same breath. */
  accept(key: string, request: Request, replyTo: Target, answerFollows: boolean): void {
    const fixed = this.#fixedFor(replyTo.transport);
    const role = { home: this.#servers, key, name: '', method: request.method, target: replyTo };
    if (request.method === 'INVITE') {
      const step = inviteServer.start(request, answerFollows);
      this.#begin(this.#servers, new Transaction(role, inviteServer, fixed, step.state), step.effects);
    } else {
      const step = nonInviteServer.start(fixed, request);
      this.#begin(this.#servers, new Transaction(role, nonInviteServer, fixed, step.state), step.effects);
    }
  }

  /** Whether the server transaction lives, and so has taken the response. */
  respond(key: string, status: number, text: string): boolean {
    return this.#serve(key, { type: 'command', status, text });
  }

  /**
   * Takes up an INVITE that was left open when the process ended, to refuse it: its client has heard a provisional
   * response and no longer repeats the INVITE, so the refusal has to be repeated until its ACK (§17.2.1).
   */
  refuse(key: string, replyTo: Target, status: number, text: string): void {
    const role = { home: this.#servers, key, name: '', method: 'INVITE', target: replyTo };
    const open: inviteServer.State = { name: 'proceeding', last: null };
    this.#begin(this.#servers, new Transaction(role, inviteServer, this.#fixedFor(replyTo.transport), open), []);
    this.respond(key, status, text);
  }

  /** Whether an INVITE server transaction has taken the ACK: absorbed it, or passed it on (RFC 6026 §7.1). */
  ack(key: string, request: Request): boolean {
    return this.#serve(key, { type: 'ack', request });
  }

  census(): { readonly transactions: number; readonly timers: number } {
    let timers = 0;
    for (const tx of this.#clients.values()) timers += tx.armed.length;
    for (const tx of this.#servers.values()) timers += tx.armed.length;
    return { transactions: this.#clients.size + this.#servers.size, timers };
  }

  /** Forgets every transaction without a word. */
  close(): void {
    const { clock } = this.#options;
    for (const tx of [...this.#clients.values(), ...this.#servers.values()]) {
      for (const { handle } of tx.armed) clock.cancel(handle);
    }
    this.#clients.clear();
    this.#servers.clear();
  }

  /** A CANCEL has the branch of its INVITE (§9.1). */
  #cancelled(branch: string): void {
    const tx = this.#clients.get(clientKey(branch, 'INVITE'));
    if (tx) this.#perform(tx, tx.take({ type: 'cancelled' }));
  }

  #fixedFor(transport: TransportName): ServerFixed {
    return reliable[transport] ? this.#fixed.reliable : this.#fixed.unreliable;
  }

  #begin<T extends AnyTransaction>(home: Map<string, T>, tx: T, effects: readonly Effect[]): void {
    home.set(tx.key, tx);
    this.#perform(tx, effects);
  }

  #serve(key: string, input: ServerInput): boolean {
    const tx = this.#servers.get(key);
    if (tx) this.#perform(tx, tx.take(input));
    return tx !== undefined;
  }

  /** Brings timers and maps in line with the state before any effect runs: whom it tells may throw. */
  #perform(tx: AnyTransaction, effects: readonly Effect[]): void {
    const { clock, user } = this.#options;
    tx.disarm(clock);
    if (tx.over) tx.home.delete(tx.key);
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(tx, effect.text);
      else if (effect.type === 'arm') this.#arm(tx, effect.timer, effect.ms);
      else tell(user, tx, effect.what);
    }
  }

  #send(tx: AnyTransaction, text: string): void {
    this.#options.send(text, tx.target, (error) => this.#fail(tx, error));
  }

  #arm(tx: AnyTransaction, timer: TimerName, ms: number): void {
    const handle = this.#options.clock.after(ms, () => {
      tx.forget(timer);
      this.#guarded(tx, () => tx.take({ type: 'timer', timer }));
    });
    tx.armed.push({ timer, handle });
  }

  #fail(tx: AnyTransaction, error: Error): void {
    this.#options.log.info({ err: error, key: tx.key }, 'a message could not be sent');
    this.#guarded(tx, () => tx.take({ type: 'transport-failed', error }));
  }

  /** The edge where a timer fires or a socket fails: what goes wrong there ends nothing but this transaction's step. */
  #guarded(tx: AnyTransaction, take: () => readonly Effect[]): void {
    try {
      this.#perform(tx, take());
    } catch (error) {
      this.#options.log.error({ err: error, key: tx.key }, 'a transaction was interrupted by a fault');
    }
  }
}

function tell(user: TransactionUser, { name, method, target }: Role, what: Told): void {
  if (what.type === 'response') user.response(name, what.response, target);
  else if (what.type === 'ack') user.ack(what.request);
  else if (what.type === 'timeout') user.timeout(name, method, target);
  else user.failed(name, what.error, method, target);
}

interface Machine<Fixed, State extends Named, Input> {
  readonly timersOf: { readonly [Name in State['name']]: readonly TimerName[] };
  readonly transition: (tx: Fixed, state: State, input: Input) => Step<State>;
}

interface Named {
  readonly name: string;
}

interface Armed {
  readonly timer: TimerName;
  readonly handle: Timer;
}

interface Role {
  readonly home: { delete(key: string): boolean };
  readonly key: string;
  readonly name: string;
  readonly method: string;
  readonly target: Target;
}

/** One live transaction: its machine, the state that is in, the timers it has armed. */
class Transaction<Fixed, State extends Named, Input> implements Role {
  readonly home: Role['home'];
  readonly key: string;
  readonly name: string;
  readonly method: string;
  readonly target: Target;
  readonly armed: Armed[] = [];
  readonly #machine: Machine<Fixed, State, Input>;
  readonly #fixed: Fixed;
  #state: State;

  constructor(role: Role, machine: Machine<Fixed, State, Input>, fixed: Fixed, state: State) {
    this.home = role.home;
    this.key = role.key;
    this.name = role.name;
    this.method = role.method;
    this.target = role.target;
    this.#machine = machine;
    this.#fixed = fixed;
    this.#state = state;
  }

  get over(): boolean {
    return this.#state.name === 'terminated';
  }

  take(input: Input): readonly Effect[] {
    const step = this.#machine.transition(this.#fixed, this.#state, input);
    this.#state = step.state;
    return step.effects;
  }

  /** Stops each timer that the state does not list. */
  disarm(clock: Clock): void {
    if (this.armed.length === 0) return;
    const owned = this.#machine.timersOf[this.#state.name as State['name']];
    for (let at = this.armed.length - 1; at >= 0; at -= 1) {
      const { timer, handle } = this.armed[at]!;
      if (owned.includes(timer)) continue;
      clock.cancel(handle);
      this.armed.splice(at, 1);
    }
  }

  /** This timer has fired. */
  forget(timer: TimerName): void {
    const at = this.armed.findIndex((armed) => armed.timer === timer);
    if (at !== -1) this.armed.splice(at, 1);
  }
}
