// What a test run prints: a line per file, every failure in full, and at the end how many passed, failed and were skipped.
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { styleText } from 'node:util';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

type Result = Extract<TestEvent, { type: 'test:pass' | 'test:fail' }>['data'];

export class Report {
  readonly #total: Counts = { passed: 0, failed: 0, skipped: 0 };
  readonly #refusesSkips: (file: string) => boolean;
  #file = '';
  #ofFile: Counts = { passed: 0, failed: 0, skipped: 0 };
  #ms = 0;
  /** The names of the test that runs and of what it stands in, by nesting. */
  readonly #names: string[] = [];
  #details: string[] = [];

  /** `refusesSkips` tells in which files a skipped test is a failed one. */
  constructor(refusesSkips: (file: string) => boolean) {
    this.#refusesSkips = refusesSkips;
  }

  get counts(): Readonly<Counts> {
    return this.#total;
  }

  /** The test that was started last. */
  get running(): string {
    return this.#names.join(' › ');
  }

  take(event: TestEvent): void {
    switch (event.type) {
      case 'test:start':
        this.#names.splice(event.data.nesting, Number.POSITIVE_INFINITY, event.data.name);
        break;
      case 'test:pass':
        this.#passed(event.data);
        break;
      case 'test:fail':
        this.#failed(event.data, event.data.details.error);
        break;
      case 'test:stdout':
        process.stdout.write(event.data.message);
        break;
      case 'test:stderr':
        process.stderr.write(event.data.message);
        break;
      default:
        break;
    }
  }

  /** Ends the report; `complaint` is what went wrong beside the tests. The last line is for machines as well. */
  end(complaint?: string): void {
    this.#endFile();
    if (complaint) {
      this.#total.failed++;
      print(styleText('red', complaint));
    }
    const { passed, failed, skipped } = this.#total;
    print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }

  #passed(result: Result): void {
    this.#begin(result);
    if (result.details.type === 'suite') return;
    const skipped = result.skip !== undefined && result.skip !== false;
    // A file without tests is itself reported as one that passed.
    if (result.name === result.file) this.#fail(result.name, 'There is no test in this file.');
    else if (!skipped) this.#count('passed');
    else if (this.#refusesSkips(this.#file)) this.#fail(this.#name(result), `Skipped: ${result.skip}`);
    else {
      this.#count('skipped');
      this.#details.push(styleText('yellow', `  - ${this.#name(result)}: skipped, ${result.skip}`));
    }
  }

  #failed(result: Result, error: Error): void {
    this.#begin(result);
    // What failed inside was reported already.
    if ((error as { failureType?: string }).failureType === 'subtestsFailed') return;
    this.#fail(this.#name(result), textOf(error.cause ?? error));
  }

  #begin(result: Result): void {
    const file = relative(process.cwd(), result.entryFile ?? result.file ?? '');
    if (file !== this.#file) this.#endFile();
    this.#file = file;
    if (result.nesting === 0) this.#ms += result.details.duration_ms;
  }

  #name({ nesting, name }: Result): string {
    return [...this.#names.slice(0, nesting), name].join(' › ');
  }

  #fail(name: string, detail: string): void {
    this.#count('failed');
    this.#details.push(styleText('red', `  ✖ ${name}`), detail.replace(/^/gm, '    '));
  }

  #count(what: keyof Counts): void {
    this.#total[what]++;
    this.#ofFile[what]++;
  }

  #endFile(): void {
    if (this.#file === '') return;
    const { passed, failed, skipped } = this.#ofFile;
    const mark = failed > 0 ? styleText('red', '✖') : styleText('green', '✔');
    const counts = Object.entries({ passed, failed, skipped }).flatMap(([what, n]) => (n > 0 ? [`${n} ${what}`] : []));
    print(`${mark} ${this.#file}  ${counts.join(', ')}  ${styleText('dim', `${Math.round(this.#ms)} ms`)}`);
    for (const line of this.#details) print(line);
    this.#file = '';
    this.#ofFile = { passed: 0, failed: 0, skipped: 0 };
    this.#ms = 0;
    this.#details = [];
  }
}

/** An error as its reader needs it: the stack without Node's own lines. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = (error.stack ?? error.message).split('\n').filter((line) => !/^\s+at .*\(?node:/.test(line));
  return [...stack, ...(error.cause ? [`Caused by: ${textOf(error.cause)}`] : [])].join('\n');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
