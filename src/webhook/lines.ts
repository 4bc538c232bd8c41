// The order of first attempts: what one call tells one receiver stands in a line, and the next event leaves when the one
// before it was answered or has timed out. call.hangup waits until the terminal refer event was taken, or its first round
// is over. Leaves out retries, which hold nobody up.
import type { EventRow } from '../store/store.ts';
import type { Job } from './job.ts';

interface Line {
  /** Those never tried, in order. */
  readonly untried: Job[];
  /** The one whose first attempt is under way. */
  first: Job | null;
  /** The terminal refer events in their first round, by id. */
  readonly refers: Set<string>;
  /** Whether all its untried events are here, whatever the store has of others. */
  isWhole: boolean;
}

interface Options {
  /** The first attempt of this one may begin. */
  readonly begin: (job: Job) => void;
  /** It has to wait for a refer. */
  readonly park: (job: Job) => void;
}

export class Lines {
  readonly #options: Options;
  readonly #lines = new Map<string, Line>();

  constructor(options: Options) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** Whether a new event of the line can join it, although the store has more than what is here. */
  isWhole(key: string): boolean {
    return this.#lines.get(key)?.isWhole ?? false;
  }

  /** Some of the line is left in the store, or all of it is here. */
  mark(key: string, isWhole: boolean): void {
    const line = this.#lines.get(key);
    if (line) line.isWhole = isWhole;
  }

  /** `isWhole`: nothing of its line is left in the store. */
  join(job: Job, isWhole: boolean): void {
    const line = this.#lineOf(lineOf(job.row), isWhole);
    const at = line.untried.findLastIndex(({ row }) => isBefore(row, job.row)) + 1;
    line.untried.splice(at, 0, job);
  }

  /** A terminal refer event in its first round that was tried already. */
  remember(key: string, id: string): void {
    this.#lineOf(key, false).refers.add(id);
  }

  /** An attempt has ended; `isOver`: and with it the first round of its event. */
  ended(job: Job, isOver: boolean): void {
    const key = lineOf(job.row);
    const line = this.#lines.get(key);
    if (!line) return;
    if (line.first === job) line.first = null;
    if (isOver) line.refers.delete(job.row.id);
    this.advance(key);
  }

  /** Begins the next first attempt if nothing it must wait for is under way; forgets a line that is done. */
  advance(key: string): void {
    const line = this.#lines.get(key);
    if (!line || line.first) return;
    const [job] = line.untried;
    if (!job) {
      if (line.refers.size === 0) this.#lines.delete(key);
      return;
    }
    if (job.row.type === 'call.hangup' && line.refers.size > 0) return this.#options.park(job);
    line.untried.shift();
    line.first = job;
    if (terminalRefers.includes(job.row.type)) line.refers.add(job.row.id);
    this.#options.begin(job);
  }

  #lineOf(key: string, isWhole: boolean): Line {
    let line = this.#lines.get(key);
    if (!line) {
      line = { untried: [], first: null, refers: new Set(), isWhole };
      this.#lines.set(key, line);
    }
    return line;
  }
}

/** Events that tell how a refer ended. */
export const terminalRefers: readonly string[] = ['call.refer.completed', 'call.refer.failed'];

/** What shares a line. */
export function lineOf({ callId, destination }: Pick<EventRow, 'callId' | 'destination'>): string {
  return `${callId} ${destination?.receiver}`;
}

function isBefore(one: EventRow, other: EventRow): boolean {
  return one.sequence === other.sequence ? one.copy < other.copy : one.sequence < other.sequence;
}
