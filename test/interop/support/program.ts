// A program that runs beside the tests: what it writes is kept by the line and waited for, and it is ended by its own
// process id whatever becomes of the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** How long a step may take on a machine that is busy with other things. No test waits that long for what works. */
export const patienceMs = 15_000;
/** How long a program may take to end when asked to. */
const farewellMs = 4_000;

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it is written to. */
  readonly listens?: boolean;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) endWith(child, 'SIGKILL');
});
// A test run that is itself ended, because it was too slow or by a Ctrl-C, takes its programs with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** With all that it has started: each program leads a process group of its own. */
function endWith({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly name: string;
  /** What it has written, standard output and standard error together. */
  readonly lines: string[] = [];
  readonly ended: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ending: Ending | null = null;

  constructor(name: string, path: string, args: readonly string[], options: ProgramOptions) {
    this.name = name;
    const { cwd, env = {}, listens = false } = options;
    const child = spawn(path, args, {
      cwd,
      env: { ...quietEnvironment(), ...env },
      stdio: [listens ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    running.add(child);
    child.stdin?.on('error', () => {}); // what is written to a program that ended is lost
    this.#read(child.stdout);
    this.#read(child.stderr);
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => this.lines.push(`could not be started: ${error.message}`));
      child.once('close', (code, signal) => {
        running.delete(child);
        this.#ending = { code, signal };
        resolve(this.#ending);
        this.#wake();
      });
    });
  }

  get isRunning(): boolean {
    return this.#ending === null;
  }

  /** A line on its standard input. */
  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** A line that it has let us know by another way than its output. */
  hears(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  /** The first line that matches, of all that it writes; with `from`, of those from that one on. */
  line(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    let read = from;
    return this.#until(`wrote nothing like ${pattern}`, () => {
      for (; read < this.lines.length; read++) {
        const found = pattern.exec(this.lines[read] ?? '');
        if (found) return found;
      }
      return null;
    });
  }

  /** How it ended, once it has: an error if it goes on for too long. */
  async ends(withinMs = patienceMs): Promise<Ending> {
    const ending = await this.#within(this.ended, withinMs);
    if (ending === 'late') throw new Error(`${this.name} still runs after ${withinMs} ms. ${this.tail()}`);
    return ending;
  }

  /** Asks it to end, then makes it. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    if ((await this.#within(this.ended, farewellMs)) === 'late') await this.kill();
  }

  async kill(): Promise<void> {
    endWith(this.#child, 'SIGKILL');
    await this.ended;
  }

  /** The last it has written, for a test that has failed. */
  tail(count = 40): string {
    return `${this.name} wrote at last:\n${this.lines.slice(-count).join('\n')}`;
  }

  async #within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
    const timer = Promise.withResolvers<'late'>();
    const timeout = setTimeout(() => timer.resolve('late'), ms);
    try {
      return await Promise.race([promise, timer.promise]);
    } finally {
      clearTimeout(timeout);
    }
  }

  #until<T>(complaint: string, look: () => T | null): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (why: string): void => {
        settle();
        reject(new Error(`${this.name} ${complaint}: ${why}. ${this.tail()}`));
      };
      const timeout = setTimeout(() => giveUp(`nothing in ${patienceMs} ms`), patienceMs);
      const settle = (): void => {
        clearTimeout(timeout);
        this.#waiting.delete(check);
      };
      const check = (): void => {
        const found = look();
        if (found !== null) {
          settle();
          resolve(found);
        } else if (this.#ending) {
          giveUp(`it ended with ${this.#ending.code ?? this.#ending.signal}`);
        }
      };
      this.#waiting.add(check);
      check();
    });
  }

  #read(stream: Readable | null): void {
    if (!stream) return;
    createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => this.hears(line));
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}

/** What the machine's own settings for Switchhook, or for the test runner, would do to a program does not belong here. */
function quietEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('SWITCHHOOK_') && !name.startsWith('NODE_') && !name.startsWith('TELNYX_'),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}
