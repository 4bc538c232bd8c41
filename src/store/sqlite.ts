// The store on node:sqlite: one file, or ':memory:'. Its calls block, so each transaction is short; the file belongs to
// this process alone for as long as it is open. It is in WAL mode: no failure leaves half a transaction. What each
// failure means to an operator is in error.ts, the schema in migrations.ts.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { StoreError, storeError } from './error.ts';
import { SqliteHistory } from './history.ts';
import { migrate, verify } from './migrations.ts';
import { SqliteOutbox } from './outbox.ts';
import type {
  Batch,
  BindingRow,
  CallEventFilter,
  CallEventKey,
  CallEventRow,
  CallRow,
  DeliveryFilter,
  DeliveryRow,
  EventRow,
  ResourceKind,
  ResourceRow,
  Settlement,
  Store,
} from './store.ts';

export { StoreError } from './error.ts';

/** SQLITE_BUSY and SQLITE_LOCKED. */
const busy = [5, 6];

/** How many batch ids are kept: an unknown outcome is asked about before the next commit. */
const batchSlots = 8;

/** How many calls one transaction of `prune` forgets: about 5 ms, so that a large prune holds nobody up. */
const callsPerPrune = 100;

/** What the log keeps of its size, however large a transaction once made it: what its checkpoints leave it at. */
const mostWalBytes = 16 * 1_048_576;

/**
 * What a commit outlives, as SQLite's `synchronous`: the death of the process, or the loss of power, for which every
 * commit waits until the disk has it.
 */
const synchronous = { process: 'NORMAL', power: 'FULL' } as const;

export type Durability = keyof typeof synchronous;

interface SqliteOptions {
  readonly durability?: Durability;
  /** How long opening waits for another process to let go of the file. */
  readonly busyTimeoutMs?: number;
}

/** Opens the database at `path`, creating and migrating it as needed. Throws a StoreError that says what is wrong. */
export function openSqlite(path: string, { durability = 'process', busyTimeoutMs = 2_000 }: SqliteOptions = {}): Store {
  let database: DatabaseSync | undefined;
  try {
    if (path !== ':memory:') createFile(path);
    database = new DatabaseSync(path, { timeout: busyTimeoutMs });
    configure(database, durability);
    migrate(database, path);
    return new SqliteStore(new Connection(database, path));
  } catch (error) {
    database?.close();
    throw storeError(path, error);
  }
}

/** Whether another process has the database at `path` to itself. */
export function isLocked(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    const code = (error as { errcode?: number }).errcode ?? 0;
    return busy.includes(code & 0xff);
  } finally {
    database.close();
  }
}

/** Looks through the database at `path`: throws a StoreError if it is damaged or not ours. */
export function verifySqlite(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    verify(database, path);
    const [found] = database.prepare('PRAGMA quick_check(1)').all();
    if (found?.quick_check !== 'ok') throw new StoreError(`The database ${path} is damaged: ${found?.quick_check}.`);
  } catch (error) {
    throw storeError(path, error);
  } finally {
    database.close();
  }
}

/** The signing key and the calls are nobody else's business: a file or directory that we make is ours alone to read. */
function createFile(path: string): void {
  try {
    mkdirSync(dirname(path), { mode: 0o700 }); // one level only: a longer missing path is a mistyped one
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw error;
  }
  closeSync(openSync(path, 'a', 0o600));
}

/**
 * EXCLUSIVE is set before the first access in WAL mode: the index of the log then lives in our memory, and a second
 * server on the same file is refused at its start instead of both answering for the same calls.
 */
function configure(database: DatabaseSync, durability: Durability): void {
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${synchronous[durability]}`);
  database.exec(`PRAGMA journal_size_limit = ${mostWalBytes}`);
  database.exec('PRAGMA wal_autocheckpoint = 2000; BEGIN IMMEDIATE; COMMIT');
}

const callColumns = `id, leg_id AS legId, session_id AS sessionId, connection_id AS connectionId, caller AS "from",
  called AS "to", state, ended_at AS endedAt`;

class SqliteStore implements Store {
  readonly #connection: Connection;
  readonly #putCall: StatementSync;
  readonly #getCall: StatementSync;
  readonly #outbox: SqliteOutbox;
  readonly #addCommand: StatementSync;
  readonly #getCommands: StatementSync;
  readonly #putBatch: StatementSync;
  readonly #findBatch: StatementSync;
  readonly #history: SqliteHistory;
  readonly #getValue: StatementSync;
  readonly #putValue: StatementSync;
  #batches = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#history = new SqliteHistory(connection);
    this.#outbox = new SqliteOutbox(connection);
    const { database } = connection;
    this.#putCall = database.prepare(
      `INSERT INTO calls (id, state, ended_at, leg_id, session_id, connection_id, caller, called)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at`,
    );
    this.#getCall = database.prepare(`SELECT ${callColumns} FROM calls WHERE id = ?`);
    this.#addCommand = database.prepare(
      `INSERT INTO accepted (call_id, command_id, name, body, accepted_at, dials) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (call_id, command_id) DO NOTHING`,
    );
    this.#getCommands = database.prepare(
      'SELECT command_id FROM accepted WHERE call_id = ? AND command_id IS NOT NULL AND dials = 0',
    );
    this.#putBatch = database.prepare('INSERT OR REPLACE INTO batches (slot, id) VALUES (?, ?)');
    this.#findBatch = database.prepare('SELECT 1 FROM batches WHERE id = ?');
    this.#getValue = database.prepare('SELECT value FROM named_values WHERE name = ?');
    this.#putValue = database.prepare('INSERT OR REPLACE INTO named_values (name, value) VALUES (?, ?)');
  }

  async commit(batch: Batch): Promise<void> {
    this.#connection.transaction(() => {
      for (const call of batch.calls) this.#put(call);
      for (const event of batch.events) this.#outbox.add(event);
      for (const { callId, commandId, name, body, acceptedAt, dials } of batch.commands) {
        this.#addCommand.run(callId, commandId, name, body, acceptedAt, dials);
      }
      this.#putBatch.run(this.#batches++ % batchSlots, batch.id);
    });
  }

  async committed(batchId: string): Promise<boolean> {
    return this.#connection.reading(() => this.#findBatch.get(batchId) !== undefined);
  }

  /** INDEXED BY, here and below: without statistics SQLite would walk the whole table to spare itself the sorting. */
  async calls(endedAfter: number): Promise<CallRow[]> {
    const sql = `SELECT ${callColumns} FROM calls INDEXED BY calls_ended
                 WHERE ended_at IS NULL OR ended_at > ? ORDER BY id`;
    return this.#connection.all<CallRow>(sql, endedAfter);
  }

  async call(id: string): Promise<CallRow | null> {
    const row = this.#connection.reading(() => this.#getCall.get(id));
    return row ? ({ ...row } as unknown as CallRow) : null;
  }

  async commandIds(callId: string): Promise<string[]> {
    return this.#connection.reading(() => this.#getCommands.all(callId)).map((row) => String(row.command_id));
  }

  async dialled(commandId: string): Promise<string[]> {
    const sql = 'SELECT call_id FROM accepted WHERE command_id = ? AND dials > 0 ORDER BY dials';
    return this.#connection.all<{ call_id: string }>(sql, commandId).map((row) => row.call_id);
  }

  async dueReceivers(): Promise<{ receiver: string; events: number }[]> {
    return this.#outbox.dueReceivers();
  }

  async untriedEvents(receiver: string, callId: string | null, except: readonly string[], limit: number) {
    return this.#outbox.untriedEvents(receiver, callId, except, limit);
  }

  async triedEvents(receiver: string, except: readonly string[], limit: number): Promise<EventRow[]> {
    return this.#outbox.triedEvents(receiver, except, limit);
  }

  async triedOfTypes(types: readonly string[]): Promise<EventRow[]> {
    return this.#outbox.triedOfTypes(types);
  }

  async redeliver(id: string, dueAt: number, progress: string) {
    return this.#outbox.redeliver(id, dueAt, progress);
  }

  async settle(settlements: readonly Settlement[]): Promise<void> {
    this.#connection.transaction(() => {
      for (const settlement of settlements) this.#outbox.settle(settlement);
    });
  }

  async prune(endedBefore: number): Promise<void> {
    while (this.#forgetOldest(endedBefore)) await nextTurn();
  }

  async trim(maxBytes: number, endedBefore: number): Promise<boolean> {
    while (this.#usedBytes() > maxBytes) {
      if (!this.#forgetOldest(endedBefore)) return this.#usedBytes() <= maxBytes;
      await nextTurn();
    }
    return true;
  }

  /** Without the pages that are free: they are taken again before the file grows. */
  #usedBytes(): number {
    const sql = `SELECT (page_count - freelist_count) * page_size AS used
                 FROM pragma_page_count, pragma_freelist_count, pragma_page_size`;
    return this.#connection.all<{ used: number }>(sql)[0]!.used;
  }

  /** Some of the calls that ended before then; whether there may be more. */
  #forgetOldest(endedBefore: number): boolean {
    const sql = 'SELECT id FROM calls WHERE ended_at < ? ORDER BY ended_at LIMIT ?';
    const ids = this.#connection.all<{ id: string }>(sql, endedBefore, callsPerPrune).map(({ id }) => id);
    this.#connection.transaction(() => this.#forget(ids, endedBefore));
    return ids.length === callsPerPrune;
  }

  findCallEvents(filter: CallEventFilter): Promise<CallEventKey[]> {
    return this.#history.findCallEvents(filter);
  }

  callEvents(keys: readonly CallEventKey[]): Promise<CallEventRow[]> {
    return this.#history.callEvents(keys);
  }

  findDeliveries(filter: DeliveryFilter): Promise<number[]> {
    return this.#history.findDeliveries(filter);
  }

  deliveries(numbers: readonly number[]): Promise<DeliveryRow[]> {
    return this.#history.deliveries(numbers);
  }

  delivery(id: string): Promise<DeliveryRow | null> {
    return this.#history.delivery(id);
  }

  async bindings(): Promise<BindingRow[]> {
    const sql = 'SELECT aor, contact, state, expires_at AS expiresAt FROM bindings ORDER BY aor, contact';
    return this.#connection.all<BindingRow>(sql);
  }

  async bind(aor: string, rows: readonly BindingRow[]): Promise<void> {
    this.#connection.transaction(() => {
      this.#connection.database.prepare('DELETE FROM bindings WHERE aor = ?').run(aor);
      const add = this.#connection.database.prepare(
        'INSERT INTO bindings (aor, contact, state, expires_at) VALUES (?, ?, ?, ?)',
      );
      for (const { contact, state, expiresAt } of rows) add.run(aor, contact, state, expiresAt);
    });
  }

  async resources(kind: ResourceKind): Promise<ResourceRow[]> {
    const sql = `SELECT kind, id, state, created_at AS createdAt, updated_at AS updatedAt
                 FROM resources WHERE kind = ? ORDER BY created_at, id`;
    return this.#connection.all<ResourceRow>(sql, kind);
  }

  async putResource({ kind, id, state, createdAt, updatedAt }: ResourceRow): Promise<void> {
    const sql = 'INSERT OR REPLACE INTO resources (kind, id, state, created_at, updated_at) VALUES (?, ?, ?, ?, ?)';
    this.#connection.transaction(() =>
      this.#connection.database.prepare(sql).run(kind, id, state, createdAt, updatedAt),
    );
  }

  async dropResource(kind: ResourceKind, id: string): Promise<void> {
    const sql = 'DELETE FROM resources WHERE kind = ? AND id = ?';
    this.#connection.transaction(() => this.#connection.database.prepare(sql).run(kind, id));
  }

  async get(name: string): Promise<string | null> {
    const row = this.#connection.reading(() => this.#getValue.get(name));
    return row ? String(row.value) : null;
  }

  async put(name: string, value: string): Promise<void> {
    this.#connection.transaction(() => this.#putValue.run(name, value));
  }

  /** Really writes, a row that means nothing: a full disk is only met by writing. */
  async check(): Promise<void> {
    if (this.#connection.damage !== null) throw this.#connection.damage;
    this.#connection.transaction(() => this.#putBatch.run(-1, 'check'));
  }

  /** What is written meanwhile is in the copy too. Its file is ours alone to read. */
  async backup(path: string): Promise<void> {
    try {
      closeSync(openSync(path, 'wx', 0o600));
      await backup(this.#connection.database, path);
    } catch (error) {
      throw storeError(path, error);
    }
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #put({ id, state, endedAt, legId, sessionId, connectionId, from, to }: CallRow): void {
    this.#putCall.run(id, state, endedAt, legId, sessionId, connectionId, from, to);
  }

  /** A due event outlives its call; it goes with the first prune after its delivery, or when it was given up that long ago. */
  #forget(callIds: readonly string[], givenUpBefore: number): void {
    const { database } = this.#connection;
    const isSettled = "(status = 'delivered' OR (status = 'failed' AND due_at < ?))";
    database.prepare(`DELETE FROM events WHERE orphan = 1 AND ${isSettled}`).run(givenUpBefore);
    const settledEvents = database.prepare(`DELETE FROM events WHERE call_id = ? AND ${isSettled}`);
    const others = [
      'UPDATE events SET orphan = 1 WHERE call_id = ?',
      'DELETE FROM accepted WHERE call_id = ?',
      'DELETE FROM calls WHERE id = ?',
    ].map((sql) => database.prepare(sql));
    for (const id of callIds) {
      settledEvents.run(id, givenUpBefore);
      for (const statement of others) statement.run(id);
    }
  }
}
