// What has passed between Switchhook and a peer, call by call, from the trace of the server. A cell says what it must see,
// in order, and waits for it; what passes in between does not matter to it.
import type { Trace } from '../../../src/sip/endpoint.ts';
import { patienceMs } from '../support/program.ts';

interface Passed {
  /** `in INVITE`, `out 200 INVITE`. */
  readonly what: string;
  readonly callId: string;
  readonly text: string;
}

export class Wire {
  readonly passed: Passed[] = [];
  readonly #waiting = new Set<() => void>();

  readonly trace: Trace = ({ direction, text }) => {
    const callId = header(text, 'Call-ID') ?? header(text, 'i') ?? '';
    this.passed.push({ what: `${direction} ${titleOf(text)}`, callId, text });
    for (const look of [...this.#waiting]) look();
  };

  /** The dialog that the next message begins that is this one and has all these words. */
  dialog(what: string, ...words: readonly (string | RegExp)[]): Dialog {
    const from = this.passed.length;
    const begins = (each: Passed, at: number) => at >= from && each.what === what && has(each.text, words);
    return new Dialog(this, () => this.passed.find(begins)?.callId);
  }

  /** What `look` finds at last; with every message it looks again. */
  until<T>(look: () => T | undefined, complaint: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.delete(check);
        reject(new Error(complaint()));
      };
      const timeout = setTimeout(giveUp, patienceMs);
      const check = () => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timeout);
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }
}

export class Dialog {
  readonly #wire: Wire;
  readonly #callId: () => string | undefined;
  #seen = 0;

  constructor(wire: Wire, callId: () => string | undefined) {
    this.#wire = wire;
    this.#callId = callId;
  }

  /** The next message after those seen so far that is this one and has all these words. */
  sees(what: string, ...words: readonly (string | RegExp)[]): Promise<string> {
    return this.#wire.until(
      () => {
        const rest = this.#passed.slice(this.#seen);
        const at = rest.findIndex((each) => each.what === what && has(each.text, words));
        if (at < 0) return undefined;
        this.#seen += at + 1;
        return rest[at]?.text;
      },
      () => `No "${what}" with ${words.join(', ') || 'anything'} passed. ${this.drawn()}`,
    );
  }

  get #passed(): readonly Passed[] {
    const callId = this.#callId();
    return callId === undefined ? [] : this.#wire.passed.filter((each) => each.callId === callId);
  }

  /** All of it, for a cell that has failed. */
  drawn(): string {
    const passed = this.#passed;
    const titles = passed.map(({ what }, at) => `${at < this.#seen ? '·' : '>'} ${what}`);
    const last = passed.at(-1)?.text ?? '';
    return passed.length > 0 ? `It was:\n${titles.join('\n')}\nand the last:\n${last}` : 'The dialog never began.';
  }
}

const has = (text: string, words: readonly (string | RegExp)[]): boolean =>
  words.every((word) => (typeof word === 'string' ? text.includes(word) : word.test(text)));

export function header(text: string, name: string): string | undefined {
  return new RegExp(`^${name}[ \\t]*:[ \\t]*(.*?)\\r?$`, 'im').exec(text)?.[1];
}

/** `INVITE`, or `200 INVITE` for what answers one. */
function titleOf(text: string): string {
  const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1];
  if (status === undefined) return text.slice(0, text.indexOf(' '));
  return `${status} ${header(text, 'CSeq')?.split(/\s+/)[1]}`;
}
