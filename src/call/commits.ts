// The second step of the law: what one turn of the event loop decided is written in one transaction, and only then done.
// At most one batch is in flight; what is decided meanwhile forms the next. Leaves out deciding and acting (driver.ts).
import type { Batch, CommandRow, EventRow, Store } from '../store/store.ts';
import { Trouble } from '../store/trouble.ts';
import type { System } from '../system.ts';
import type { Call } from './state.ts';

/** A call as the engine holds it: as last decided, and as last committed (null before its first commit). */
export interface Committing {
  call: Call;
  committed: Call | null;
  /** Decisions that are not committed yet. */
  open: number;
}

/** One decision waiting for its commit. `act` runs once it is on disk, `undo` once it is known not to be. */
export interface Decision<L extends Committing> {
  readonly live: L;
  /** The same for all decisions that came of one input, on whichever calls: they are kept together or not at all. */
  readonly cause: object;
  readonly events: readonly EventRow[];
  readonly command: CommandRow | null;
  act(): void;
  undo(): void;
}

export class Commits<L extends Committing> {
  readonly #system: System;
  readonly #store: Store;
  #waiting: Decision<L>[] = [];
  #flight: readonly Decision<L>[] | null = null;
  #scheduled = false;
  readonly #trouble: Trouble;
  readonly #doubt: Trouble;
  #stopped = false;

  constructor(system: System, store: Store) {
    this.#system = system;
    this.#trouble = new Trouble(system, 'A batch could not be committed.');
    this.#doubt = new Trouble(system, 'The outcome of a commit is unknown. Asking again every second.');
    this.#store = store;
  }

  /** Whether everything decided is committed and done. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#flight === null;
  }

  add(decision: Decision<L>): void {
    decision.live.open += 1;
    this.#waiting.push(decision);
    this.#schedule();
  }

  /** Nothing more is written or done: what is still open is lost, as when the process is killed. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  #schedule(): void {
    if (this.#scheduled || this.#flight !== null || this.#stopped) return;
    this.#scheduled = true;
    this.#system.clock.soon(() => {
      this.#scheduled = false;
      if (this.#stopped || this.#waiting.length === 0) return;
      const batch = this.#waiting;
      this.#waiting = [];
      this.#flight = batch;
      void this.#write(batch);
    });
  }

  async #write(decisions: readonly Decision<L>[]): Promise<void> {
    const states = new Map(decisions.map(({ live }) => [live, live.call]));
    const written = await this.#commit(batchOf(this.#system.ids.uuid(), states, decisions));
    if (this.#stopped) return;
    this.#flight = null;
    if (written) {
      for (const [live, call] of states) live.committed = call;
      for (const decision of decisions) this.#finish(decision, decision.act);
    } else {
      this.#goBack(decisions);
    }
    if (this.#waiting.length > 0) this.#schedule();
  }

  async #commit(batch: Batch): Promise<boolean> {
    try {
      await this.#store.commit(batch);
      this.#trouble.passed();
      return true;
    } catch (error) {
      this.#trouble.failed(error, { calls: batch.calls.length });
      return this.#outcome(batch.id);
    }
  }

  /** A commit that rejected may have been written all the same: nothing is said until the store knows. */
  async #outcome(batchId: string): Promise<boolean> {
    while (!this.#stopped) {
      try {
        const isWritten = await this.#store.committed(batchId);
        this.#doubt.passed();
        return isWritten;
      } catch (error) {
        this.#doubt.failed(error);
        await new Promise<void>((resolve) => this.#system.clock.after(1000, resolve));
      }
    }
    return false;
  }

  /** The calls of the batch go back to what is on disk, and so does everything decided on top of it meanwhile. */
  #goBack(decisions: readonly Decision<L>[]): void {
    const gone = [...decisions];
    const lives = new Set<L>();
    const causes = new Set<object>();
    for (let at = 0; at < gone.length; at += 1) {
      lives.add(gone[at]!.live);
      causes.add(gone[at]!.cause);
      const isTied = ({ live, cause }: Decision<L>): boolean => lives.has(live) || causes.has(cause);
      gone.push(...this.#waiting.filter(isTied));
      this.#waiting = this.#waiting.filter((decision) => !isTied(decision));
    }
    for (const live of lives) if (live.committed !== null) live.call = live.committed;
    for (const decision of gone) this.#finish(decision, decision.undo);
  }

  #finish(decision: Decision<L>, then: () => void): void {
    decision.live.open -= 1;
    try {
      then.call(decision);
    } catch (error) {
      const { id } = decision.live.call;
      this.#system.log.error({ call: id, error: stackOf(error) }, 'A decision could not be carried out.');
    }
  }
}

function batchOf<L extends Committing>(
  id: string,
  states: ReadonlyMap<L, Call>,
  decisions: readonly Decision<L>[],
): Batch {
  const calls = [...states.values()].map((call) => ({
    id: call.id,
    legId: call.legId,
    sessionId: call.sessionId,
    connectionId: call.connectionId,
    from: call.from,
    to: call.to,
    state: JSON.stringify(call),
    // One that keeps its place in a queue is found again like a live one.
    endedAt: call.phase.name === 'ended' && !call.waiting ? call.phase.endedAt : null,
  }));
  return {
    id,
    calls,
    events: decisions.flatMap(({ events }) => events),
    commands: decisions.flatMap(({ command }) => command ?? []),
  };
}

export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
