// The events on their way as SQLite keeps them: a page at a time of what is due, by indexes that hold nothing else.
import type { StatementSync } from 'node:sqlite';
import type { Connection } from './connection.ts';
import { type EventRow, keptAttempts, type Settlement } from './store.ts';

type EventRecord = Omit<EventRow, 'destination'> & {
  readonly url: string | null;
  readonly failoverUrl: string | null;
  readonly method: 'POST' | 'GET' | null;
  readonly timeoutMs: number | null;
  readonly retriesMs: string | null;
  readonly receiver: string | null;
};

const eventColumns = `id, call_id AS callId, sequence, copy, type, body, occurred_at AS occurredAt, url,
  failover_url AS failoverUrl, method, timeout_ms AS timeoutMs, retries_ms AS retriesMs, receiver, status, attempts,
  due_at AS dueAt, progress`;

export class SqliteOutbox {
  readonly #connection: Connection;
  readonly #addEvent: StatementSync;
  readonly #settleEvent: StatementSync;
  readonly #logAttempt: StatementSync;

  constructor(connection: Connection) {
    this.#connection = connection;
    const { database } = connection;
    this.#addEvent = database.prepare(
      `INSERT INTO events (id, call_id, sequence, copy, type, body, occurred_at, url, failover_url, method, timeout_ms,
                           retries_ms, receiver, status, attempts, due_at, progress, orphan)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    );
    this.#settleEvent = database.prepare(
      'UPDATE events SET status = ?, attempts = ?, due_at = ?, progress = ?, log = coalesce(log, ?) WHERE id = ?',
    );
    this.#logAttempt = database.prepare(
      `UPDATE events SET log = json_insert(CASE WHEN json_array_length(coalesce(log, '[]')) < ${keptAttempts}
       THEN coalesce(log, '[]') ELSE json_remove(log, '$[1]') END, '$[#]', json(?)) WHERE id = ?`,
    );
  }

  /** Of most events the first attempt is the only one: its log is new. */
  settle({ id, status, attempts, dueAt, progress, log }: Settlement): void {
    const isNew = log.length > 0 && attempts === log.length;
    this.#settleEvent.run(status, attempts, dueAt, progress, isNew ? `[${log.join()}]` : null, id);
    if (!isNew) for (const attempt of log) this.#logAttempt.run(attempt, id);
  }

  /** Within a transaction, as `settle` is. */
  add(event: EventRow): void {
    const { id, callId, sequence, copy, type, body, occurredAt, status, attempts, dueAt, progress } = event;
    const { url, failoverUrl, method, timeoutMs, retriesMs, receiver } = event.destination ?? nowhere;
    this.#addEvent.run(
      ...[id, callId, sequence, copy, type, body, occurredAt, url, failoverUrl, method, timeoutMs],
      ...[retriesMs && JSON.stringify(retriesMs), receiver, status, attempts, dueAt, progress],
    );
  }

  dueReceivers(): { receiver: string; events: number }[] {
    const counted = (index: string, condition: string) =>
      `SELECT receiver, count(*) AS events FROM events INDEXED BY ${index}
       WHERE status = 'due' AND ${condition} AND receiver IS NOT NULL GROUP BY receiver`;
    return this.#connection.all<{ receiver: string; events: number }>(
      `SELECT receiver, sum(events) AS events FROM (
         ${counted('events_untried', 'attempts = 0')} UNION ALL ${counted('events_tried', 'attempts > 0')}
       ) GROUP BY receiver ORDER BY receiver`,
    );
  }

  untriedEvents(receiver: string, callId: string | null, except: readonly string[], limit: number): EventRow[] {
    const ofCall = 'call_id = ? AND receiver = ?';
    const sql = `SELECT ${eventColumns} FROM events ${callId === null ? 'INDEXED BY events_untried' : ''}
                 WHERE ${callId === null ? 'receiver = ?' : ofCall} AND status = 'due' AND attempts = 0 AND ${notExcepted}
                 ORDER BY ${callId === null ? 'rowid' : 'sequence, copy'} LIMIT ?`;
    const values = [...(callId === null ? [] : [callId]), receiver, JSON.stringify(except), limit];
    return this.#connection.all<EventRecord>(sql, ...values).map(eventOf);
  }

  triedEvents(receiver: string, except: readonly string[], limit: number): EventRow[] {
    const sql = `SELECT ${eventColumns} FROM events INDEXED BY events_tried
                 WHERE receiver = ? AND status = 'due' AND attempts > 0 AND ${notExcepted} ORDER BY due_at LIMIT ?`;
    return this.#connection.all<EventRecord>(sql, receiver, JSON.stringify(except), limit).map(eventOf);
  }

  triedOfTypes(types: readonly string[]): EventRow[] {
    const sql = `SELECT ${eventColumns.replace('body', "'' AS body")} FROM events INDEXED BY events_tried
                 WHERE status = 'due' AND attempts > 0 AND type IN (SELECT value FROM json_each(?))`;
    return this.#connection.all<EventRecord>(sql, JSON.stringify(types)).map(eventOf);
  }

  redeliver(id: string, dueAt: number, progress: string): { receiver: string; before: EventRow['status'] } | null {
    const select = 'SELECT receiver, status AS before FROM events WHERE id = ? AND log IS NOT NULL AND url IS NOT NULL';
    const update = "UPDATE events SET status = 'due', due_at = ?, progress = ? WHERE id = ?";
    const [found] = this.#connection.all<{ receiver: string; before: EventRow['status'] }>(select, id);
    if (!found) return null;
    this.#connection.transaction(() => this.#connection.database.prepare(update).run(dueAt, progress, id));
    return found;
  }
}

const notExcepted = 'id NOT IN (SELECT value FROM json_each(?))';

const nowhere = { url: null, failoverUrl: null, method: null, timeoutMs: null, retriesMs: null, receiver: null };

function eventOf({ url, failoverUrl, method, timeoutMs, retriesMs, receiver, ...event }: EventRecord): EventRow {
  if (url === null) return { ...event, destination: null };
  const how = { method: method ?? 'POST', timeoutMs: timeoutMs ?? 0, retriesMs: retriesMs && JSON.parse(retriesMs) };
  return { ...event, destination: { url, failoverUrl, ...how, receiver: receiver ?? '' } };
}
