// A script: steps recorded by a scenario's function and played afterwards. A step that fails names its own line.
import { AssertionError } from 'node:assert/strict';

export interface Step {
  readonly what: string;
  /** Its only use is its stack: the line of the scenario that recorded the step. */
  readonly where: Error;
  /** Sets something off. */
  readonly begin?: () => void;
  /** Sets it off once more, for a server that died of the first time. */
  readonly retry?: () => void;
  /** Waits and checks, once the world has settled. */
  readonly end?: () => Promise<void>;
}

type Recorded = Omit<Step, 'where'>;

export class Script {
  readonly #steps: (readonly Step[])[] = [];
  #together: Step[] | null = null;
  #playing: readonly Step[] = [];

  readonly record = (what: string, step: Omit<Recorded, 'what'>): void => {
    const recorded = { what, where: new Error(what), ...step };
    if (this.#together) this.#together.push(recorded);
    else this.#steps.push([recorded]);
  };

  /** What `record` records meanwhile happens in one turn: all begins, then all ends. */
  readonly together = (record: () => void): void => {
    this.#together = [];
    record();
    this.#steps.push(this.#together);
    this.#together = null;
  };

  /** What happens at each step, in the words of the script. */
  get names(): readonly string[] {
    return this.#steps.map((steps) => steps.map(({ what }) => what).join(', '));
  }

  /** Plays the steps in order; `settle` runs after every begin that was not recorded together with others. */
  async play(settle: () => Promise<void>, before: (step: number) => Promise<void> = async () => {}): Promise<void> {
    for (const [index, steps] of this.#steps.entries()) {
      await before(index);
      this.#playing = steps;
      const ends: (() => Promise<void>)[] = [];
      for (const step of steps) {
        await blaming(step, async () => step.begin?.());
        if (step.end) ends.push(() => blaming(step, step.end!));
      }
      await blaming(steps.at(-1)!, settle);
      for (const end of ends) await end();
      this.#playing = [];
      await blaming(steps.at(-1)!, settle);
    }
  }

  /** What the steps that are being played had set off is set off once more. */
  retry(): void {
    for (const step of this.#playing) step.retry?.();
  }
}

async function blaming(step: Step, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const line = step.where.stack?.split('\n').find((frame) => /\.test\.ts:\d+/.test(frame)) ?? '';
    throw new Error(`${step.what}\n${line}\n${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** What an assertion says is enough; of anything else the place matters. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof AssertionError ? error.message : (error.stack ?? error.message);
}

/** The lines that matter are in the message: that of the script, and those of whatever threw. */
export function withoutStack(message: string): Error {
  const error = new Error(message);
  error.stack = message;
  return error;
}
