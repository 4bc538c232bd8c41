// What the demo shows: a ladder that grows while things happen, cut into steps of one sentence each.
import type { WriteStream } from 'node:tty';
import { type LadderEntry, ladder } from '../../src/sip/ladder.ts';

/** In this order no arrow crosses a lane. */
export type Lane = 'bob' | 'alice' | 'switchhook' | 'application';
const lanes: readonly Lane[] = ['bob', 'alice', 'switchhook', 'application'];
const gaps = [21, 22, 34];

const bold = '\x1b[1m';
const green = '\x1b[1;32m';
const red = '\x1b[1;31m';
const dim = '\x1b[2m';

export class Screen {
  readonly #out: WriteStream;
  readonly #ansi: boolean;
  #row: ((entry: LadderEntry) => string) | null = null;
  #steps = 0;

  constructor(out: WriteStream) {
    this.#out = out;
    this.#ansi = out.isTTY && out.hasColors();
  }

  title(text: string, explanation: string): void {
    this.#line(`\n  ${this.#paint(bold, text)}\n  ${this.#paint(dim, explanation)}\n`);
    const { head, row } = ladder(lanes, { gap: gaps, ansi: this.#ansi, startedAt: Date.now() });
    this.#row = row;
    this.#line(head);
  }

  /** What happens next. */
  step(sentence: string): void {
    this.#steps += 1;
    this.#line(`\n  ${this.#paint(bold, `${this.#steps}. ${sentence}`)}`);
  }

  row(from: Lane, to: Lane, what: Pick<LadderEntry, 'label' | 'tone'>): void {
    if (this.#row) this.#line(this.#row({ at: Date.now(), from, to, label: what.label, tone: what.tone }));
  }

  succeeded(sentence: string, next: string): void {
    this.#line(`\n  ${this.#paint(green, sentence)}\n\n${next}`);
  }

  failed(sentence: string): void {
    this.#line(`\n  ${this.#paint(red, 'The demo failed.')} ${sentence}\n`);
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#ansi ? `${code}${text}\x1b[0m` : text;
  }
}
