// Lanes: each key has one, and in each at most so many tasks run at once, the others waiting in the order they came.
// A lane that is full is in no other lane's way.

type Task = () => Promise<void>;

interface Lane {
  running: number;
  /** A queue as two stacks: what came, and, turned round, what goes next. */
  arrived: Task[];
  leaving: Task[];
}

export class Lanes {
  readonly #width: number;
  readonly #lanes = new Map<string, Lane>();
  #resting: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** Runs the task in the lane of `key` as soon as there is room. A task that rejects is a bug, and is not caught. */
  run(key: string, task: Task): void {
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = { running: 0, arrived: [], leaving: [] };
      this.#lanes.set(key, lane);
    }
    if (lane.running < this.#width) void this.#occupy(key, lane, task);
    else lane.arrived.push(task);
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

  async #occupy(key: string, lane: Lane, task: Task): Promise<void> {
    lane.running += 1;
    try {
      for (let current: Task | undefined = task; current; current = following(lane)) await current();
    } finally {
      lane.running -= 1;
      if (lane.running === 0) this.#close(key);
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

function following(lane: Lane): Task | undefined {
  if (lane.leaving.length === 0 && lane.arrived.length > 0) {
    lane.leaving = lane.arrived.reverse();
    lane.arrived = [];
  }
  return lane.leaving.pop();
}
