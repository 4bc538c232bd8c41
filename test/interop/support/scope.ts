// What a test has opened is closed when it is over, the last thing first, whatever fails on the way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export class Scope {
  readonly #closings: (() => unknown)[] = [];

  constructor(test: TestContext) {
    test.after(() => this.#close());
  }

  after(closing: () => unknown): void {
    this.#closings.push(closing);
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const closing of this.#closings.toReversed()) {
      try {
        await closing();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'));
  }
}

const folders = new Set<string>();
process.on('exit', () => {
  for (const folder of folders) remove(folder);
});

export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-test-'));
  folders.add(folder);
  scope.after(() => remove(folder));
  return folder;
}

function remove(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
