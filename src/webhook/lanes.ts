// Lanes: each key has one, and in each at most so many tasks run at once, the others waiting in the order they came: what
// is new, and what is late. Some of a lane is kept for either kind, so that neither ever has to wait for the other to end.
// A lane that is full is in no other lane's way.

type Task = () => Promise<void>;
type Kind = 'new' | 'late';

/** A queue as two stacks: what came, and, turned round, what goes next. */
class Queue {
  #arrived: Task[] = [];
  #leaving: Task[] = [];

  get isEmpty(): boolean {
    return this.#arrived.length === 0 && this.#leaving.length === 0;
  }

  push(task: Task): void {
    this.#arrived.push(task);
  }

  shift(): Task | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#arrived.reverse();
      this.#arrived = [];
    }
    return this.#leaving.pop();
  }
}

interface Lane {
  readonly running: Record<Kind, number>;
  readonly waiting: Record<Kind, Queue>;
}

export class Lanes {
  readonly #width: number;
  /** How many of a lane one kind may have while the other one wants some; late ones never have more. */
  readonly #share: number;
  readonly #lanes = new Map<string, Lane>();
  #resting: (() => void)[] = [];

  /** `reserved`: how many tasks of each kind find room at once, whatever the other kind does. */
  constructor(width: number, reserved: number) {
    this.#width = width;
    this.#share = width - reserved;
  }

  /** Runs the task in the lane of `key` as soon as there is room. A task that rejects is a bug, and is not caught. */
  run(key: string, kind: Kind, task: Task): void {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { running: { new: 0, late: 0 }, waiting: { new: new Queue(), late: new Queue() } };
      this.#lanes.set(key, lane);
    }
    lane.waiting[kind].push(task);
    this.#fill(key, lane);
  }

  /** Whether no task runs or waits. */
  get isEmpty(): boolean {
    return this.#lanes.size === 0;
  }

  /** Resolves once no task runs or waits. */
  rest(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#resting.push(resolve));
  }

  #fill(key: string, lane: Lane): void {
    for (let kind = this.#next(lane); kind !== null; kind = this.#next(lane)) {
      void this.#occupy(key, lane, kind, lane.waiting[kind].shift()!);
    }
  }

  /** What is new goes first, as long as what is late keeps its share. */
  #next({ running, waiting }: Lane): Kind | null {
    if (running.new + running.late >= this.#width) return null;
    const hasLate = !waiting.late.isEmpty && running.late < this.#share;
    if (!waiting.new.isEmpty && (running.new < this.#share || !hasLate)) return 'new';
    return hasLate ? 'late' : null;
  }

  async #occupy(key: string, lane: Lane, kind: Kind, task: Task): Promise<void> {
    lane.running[kind] += 1;
    try {
      await task();
    } finally {
      lane.running[kind] -= 1;
      this.#fill(key, lane);
      if (lane.running.new + lane.running.late === 0) this.#close(key);
    }
  }

  #close(key: string): void {
    this.#lanes.delete(key);
    if (this.#lanes.size > 0) return;
    const resting = this.#resting;
    this.#resting = [];
    for (const resolve of resting) resolve();
  }
}
