// The history of the calls as SQLite finds it. A search without an index goes through a table by ranges of rows and lets
// the event loop have a turn between two of them: nobody's INVITE waits for somebody's report.
import type { SQLInputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import type {
  AttemptRow,
  CallEventFilter,
  CallEventKey,
  CallEventRow,
  DeliveryFilter,
  DeliveryRow,
  History,
  Range,
} from './store.ts';

/** About 5 ms of searching. */
const rowsAtOnce = 2048;

/** Conditions of a WHERE, all of which must hold, with the values for their question marks. */
class Conditions {
  readonly #texts: string[] = [];
  readonly values: SQLInputValue[] = [];

  /** Null and undefined ask for nothing. */
  add(text: string, value: SQLInputValue | undefined): this {
    if (value === null || value === undefined) return this;
    this.#texts.push(text);
    this.values.push(value);
    return this;
  }

  always(text: string): this {
    this.#texts.push(text);
    return this;
  }

  range(column: string, { eq, gt, gte, lt, lte }: Range = {}): this {
    return this.add(`${column} = ?`, eq)
      .add(`${column} > ?`, gt)
      .add(`${column} >= ?`, gte)
      .add(`${column} < ?`, lt)
      .add(`${column} <= ?`, lte);
  }

  get text(): string {
    return this.#texts.join(' AND ') || '1';
  }
}

interface Search {
  readonly columns: string;
  readonly table: 'accepted' | 'events';
  readonly where: Conditions;
}

type CallEventRecord = Omit<CallEventRow, 'lastAttempt'> & { readonly lastAttempt: string | null };
type DeliveryRecord = Omit<DeliveryRow, 'log'> & { readonly log: string };

export class SqliteHistory implements History {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async findCallEvents(filter: CallEventFilter): Promise<CallEventKey[]> {
    const commands = filter.type === 'webhook' ? [] : await this.#find<CallEventKey>(commandsOf(filter), filter);
    const events = filter.type === 'command' ? [] : await this.#find<CallEventKey>(eventsOf(filter), filter);
    return [...commands, ...events].sort((a, b) => a.at - b.at);
  }

  async callEvents(keys: readonly CallEventKey[]): Promise<CallEventRow[]> {
    const command = `SELECT 'command' AS type, number, accepted_at AS at, name, leg_id AS legId, session_id AS sessionId,
                            body, command_id AS commandId, NULL AS status, 0 AS attempts, NULL AS lastAttempt
                     FROM accepted JOIN calls ON calls.id = call_id WHERE number = ?`;
    const event = `SELECT 'webhook' AS type, e.rowid AS number, occurred_at AS at, type AS name, leg_id AS legId,
                          session_id AS sessionId, body, NULL AS commandId, status, attempts,
                          log -> '$[#-1]' AS lastAttempt
                   FROM events e JOIN calls ON calls.id = call_id WHERE e.rowid = ?`;
    return keys
      .flatMap(({ type, number }) =>
        this.#connection.all<CallEventRecord>(type === 'command' ? command : event, number),
      )
      .map((row) => ({ ...row, lastAttempt: row.lastAttempt === null ? null : JSON.parse(row.lastAttempt) }));
  }

  async findDeliveries(filter: DeliveryFilter): Promise<number[]> {
    const found = await this.#find<{ number: number }>(deliveriesOf(filter), {});
    return found.map(({ number }) => number);
  }

  async deliveries(numbers: readonly number[]): Promise<DeliveryRow[]> {
    const sql = 'SELECT rowid AS number, id, status, due_at AS dueAt, body, log FROM events WHERE rowid = ?';
    return numbers.flatMap((number) => this.#connection.all<DeliveryRecord>(sql, number)).map(deliveryOf);
  }

  async delivery(id: string): Promise<DeliveryRow | null> {
    const sql =
      'SELECT rowid AS number, id, status, due_at AS dueAt, body, log FROM events WHERE id = ? AND log IS NOT NULL';
    const [row] = this.#connection.all<DeliveryRecord>(sql, id);
    return row ? deliveryOf(row) : null;
  }

  /** By the calls where an index knows them, else through the whole table. */
  async #find<K>({ columns, table, where }: Search, filter: CallEventFilter): Promise<K[]> {
    const calls = callsOf(filter);
    const from = calls.values.length > 0 ? `${table} t CROSS JOIN calls c ON c.id = t.call_id` : `${table} t`;
    if (typeof (filter.legId ?? filter.sessionId) !== 'string') {
      const sql = `SELECT ${columns} FROM ${from}
                   WHERE t.rowid BETWEEN ? AND ? AND ${where.text} AND ${calls.text} ORDER BY t.rowid`;
      return this.#search<K>(table, sql, [...where.values, ...calls.values]);
    }
    const sql = `SELECT ${columns} FROM calls c CROSS JOIN ${table} t ON t.call_id = c.id
                 WHERE ${calls.text} AND ${where.text} ORDER BY t.rowid`;
    return this.#connection.all<K>(sql, ...calls.values, ...where.values);
  }

  async #search<K>(table: string, sql: string, values: readonly SQLInputValue[]): Promise<K[]> {
    const found: K[] = [];
    const [ends] = this.#connection.all<{ first: number; last: number }>(
      `SELECT coalesce((SELECT min(rowid) FROM ${table}), 1) AS first,
              coalesce((SELECT max(rowid) FROM ${table}), 0) AS last`,
    );
    const last = ends!.last;
    for (let first = ends!.first; first <= last; first += rowsAtOnce) {
      const upTo = Math.min(first + rowsAtOnce - 1, last);
      for (const row of this.#connection.all<K>(sql, first, upTo, ...values)) found.push(row);
      await nextTurn();
    }
    return found;
  }
}

function callsOf({ legId, sessionId, connectionIds, from, to }: CallEventFilter): Conditions {
  return new Conditions()
    .add('c.leg_id = ?', legId)
    .add('c.session_id = ?', sessionId)
    .add('c.caller = ?', from)
    .add('c.called = ?', to)
    .add('c.connection_id IN (SELECT value FROM json_each(?))', connectionIds && JSON.stringify(connectionIds));
}

function commandsOf({ name, status, failed, at }: CallEventFilter): Search {
  const where = new Conditions().add('t.name = ?', name).range('t.accepted_at', at).always("t.name <> ''");
  if ((status ?? 'completed') !== 'completed' || failed === true) where.always('0');
  return { columns: "'command' AS type, t.number, t.accepted_at AS at", table: 'accepted', where };
}

const ofStatus = {
  init: "t.status = 'due' AND t.attempts = 0",
  in_progress: "t.status = 'due' AND t.attempts > 0",
  completed: "t.status <> 'due'",
} as const;

function eventsOf({ name, status, failed, at }: CallEventFilter): Search {
  const where = new Conditions()
    .add('t.type = ?', name)
    .range('t.occurred_at', at)
    .always('t.orphan = 0 AND t.copy = 0');
  if (status) where.always(ofStatus[status]);
  if (typeof failed === 'boolean') where.always(`t.status ${failed ? '=' : '<>'} 'failed'`);
  return { columns: "'webhook' AS type, t.rowid AS number, t.occurred_at AS at", table: 'events', where };
}

function deliveriesOf({ status, eventType, eventContains, attemptsContain, ...times }: DeliveryFilter): Search {
  const where = new Conditions()
    .always('t.log IS NOT NULL')
    .add('t.type = ?', eventType)
    .add('instr(t.body, ?)', eventContains)
    .add('instr(t.log, ?)', attemptsContain)
    .range("t.log ->> '$[0].startedAt'", times.startedAt)
    .range("t.log ->> '$[#-1].finishedAt'", times.finishedAt);
  if (status) where.always(`t.status ${status === 'delivered' ? '=' : '<>'} 'delivered'`);
  return { columns: 't.rowid AS number', table: 'events', where };
}

function deliveryOf({ log, ...row }: DeliveryRecord): DeliveryRow {
  return { ...row, log: JSON.parse(log) as AttemptRow[] };
}
