// One open SQLite database: its transactions and its reads, with every error told as a StoreError. Knows no table.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { isDamage, type StoreError, storeError } from './error.ts';

export class Connection {
  readonly database: DatabaseSync;
  readonly #path: string;
  #damage: StoreError | null = null;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;

  constructor(database: DatabaseSync, path: string) {
    this.database = database;
    this.#path = path;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  /** Runs `write` in one transaction; after an error none is left open. */
  transaction(write: () => void): void {
    try {
      this.#begin.run();
      write();
      this.#commit.run();
    } catch (error) {
      this.#rollback();
      throw this.#told(error);
    }
  }

  /** A damaged database serves on as far as it can, but whoever asks how it is must hear of it from then on. */
  get damage(): StoreError | null {
    return this.#damage;
  }

  reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Every row that a query finds, its columns named as the fields of `T`. */
  all<T>(sql: string, ...values: readonly SQLInputValue[]): T[] {
    return this.reading(() => this.database.prepare(sql).all(...values)).map((row) => ({ ...row }) as T);
  }

  close(): void {
    if (this.database.isOpen) this.database.close();
  }

  #told(error: unknown): StoreError {
    const told = storeError(this.#path, error);
    if (isDamage(error)) this.#damage ??= told;
    return told;
  }

  /** Some errors, a full disk among them, end the transaction by themselves: then there is nothing to roll back. */
  #rollback(): void {
    if (this.database.isOpen && this.database.isTransaction) this.database.exec('ROLLBACK');
  }
}
