// Waiting for what will be true at some time: looked at whenever something has happened, and given up after a while.
import { patienceMs } from '../interop/support/program.ts';

export class Waiting {
  readonly #who: string;
  readonly #looks = new Set<() => void>();

  constructor(who: string) {
    this.#who = who;
  }

  /** Something has happened. */
  wake(): void {
    for (const look of [...this.#looks]) look();
  }

  /** Resolves with what `look` finds at last. */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timeout);
        this.#looks.delete(check);
      };
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        settle();
        resolve(found);
      };
      const timeout = setTimeout(() => {
        settle();
        reject(new Error(`${this.#who} waited ${patienceMs} ms for ${what}.`));
      }, patienceMs);
      this.#looks.add(check);
      check();
    });
  }
}
