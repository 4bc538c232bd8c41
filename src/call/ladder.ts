// What one call said, as it is kept: SIP messages as they were, commands and webhooks in a word. Bounded in number and in
// bytes: how it began stays, and of what came after it the newest. Leaves out whose a message is (ladders.ts) and how it
// is shown (ladder-view.ts).
import type { Target } from '../sip/transport/transport.ts';

/** One POST of a webhook, from its begin on. `answer` and `tookMs` come later: a status, or why there was none. */
export interface Posted {
  readonly at: number;
  readonly callId: string;
  readonly type: string;
  readonly origin: string;
  readonly attempt: number;
  readonly answer: number | string | null;
  readonly tookMs: number | null;
}

/** A command that HTTP took, from its begin on. `answer` comes later: the status, and the codes of what refused it. */
export interface Asked {
  readonly at: number;
  readonly callId: string;
  readonly name: string;
  /** The address it came from; null where nobody remembers. */
  readonly peer: string | null;
  answer: string | null;
}

export type Entry =
  | {
      readonly kind: 'sip';
      readonly at: number;
      readonly direction: 'in' | 'out';
      readonly peer: Target;
      readonly text: string;
    }
  | { readonly kind: 'command'; readonly asked: Asked }
  | { readonly kind: 'webhook'; readonly posted: Posted };

/** What an entry weighs beside its text, in bytes: measured, and rounded up. */
const weight = 250;
/** What an entry may weigh on average. */
const bytesEach = 2_048;

export class Ladder {
  /** The calls it is of, by id: more than one where they have one Call-ID. */
  readonly calls: string[] = [];
  /** How many of them are not forgotten by the engine. */
  live = 0;
  /** The Call-ID of its messages. */
  readonly name: string;
  readonly #most: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #dropped = 0;
  #head = 0;

  constructor(name: string, most: number) {
    this.name = name;
    this.#most = most;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many entries were dropped. They stood behind the first `head`. */
  get dropped(): number {
    return this.#dropped;
  }

  get head(): number {
    return this.#head;
  }

  add(entry: Entry): void {
    const most = this.#most;
    this.#entries.push(entry);
    this.#bytes += sizeOf(entry);
    const { length } = this.#entries;
    if (this.#dropped === 0 && length * 4 <= most && this.#bytes * 4 <= most * bytesEach) this.#head = length;
    while (this.#entries.length > most || this.#bytes > most * bytesEach) this.#drop();
  }

  clear(): void {
    this.#dropped += this.#entries.length;
    this.#entries = [];
    this.#bytes = 0;
    this.#head = 0;
  }

  #drop(): void {
    const [entry] = this.#entries.splice(this.#head, 1);
    this.#bytes -= sizeOf(entry!);
    this.#dropped += 1;
  }
}

const sizeOf = (entry: Entry): number => weight + (entry.kind === 'sip' ? entry.text.length : 0);
