// The SQLite schema as numbered steps, and their runner. A step that was released is never edited: a change is a new
// step at the end. Step n brings the schema to version n, which SQLite keeps as user_version.
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './error.ts';

/** Marks a file as ours (application_id): "SwHk". */
const applicationId = 0x5377486b;

export const migrations: readonly string[] = [
  `CREATE TABLE calls (
     id TEXT PRIMARY KEY,
     state TEXT NOT NULL,
     ended_at INTEGER
   ) STRICT;
   CREATE INDEX calls_ended ON calls (ended_at); -- with the live ones, whose ended_at is null

   CREATE TABLE events (
     id TEXT PRIMARY KEY,
     call_id TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     type TEXT NOT NULL,
     body TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     url TEXT,
     failover_url TEXT,
     timeout_ms INTEGER,
     status TEXT NOT NULL CHECK (status IN ('due', 'delivered', 'failed')),
     attempts INTEGER NOT NULL,
     due_at INTEGER NOT NULL,
     orphan INTEGER NOT NULL DEFAULT 0, -- 1: its call was forgotten before it was delivered
     UNIQUE (call_id, sequence)
   ) STRICT;
   CREATE INDEX events_due ON events (due_at) WHERE status = 'due';
   CREATE INDEX events_orphan ON events (status) WHERE orphan = 1;

   CREATE TABLE commands (
     call_id TEXT NOT NULL,
     command_id TEXT NOT NULL,
     PRIMARY KEY (call_id, command_id)
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE batches (
     slot INTEGER PRIMARY KEY,
     id TEXT NOT NULL
   ) STRICT;

   CREATE TABLE named_values (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,

  `CREATE TABLE bindings (
     aor TEXT NOT NULL,
     contact TEXT NOT NULL,
     state TEXT NOT NULL,
     expires_at INTEGER NOT NULL,
     PRIMARY KEY (aor, contact)
   ) STRICT, WITHOUT ROWID;`,

  `ALTER TABLE commands ADD COLUMN dials INTEGER NOT NULL DEFAULT 0; -- the place of the call in the dial that made it, from 1
   CREATE INDEX commands_dial ON commands (command_id) WHERE dials > 0;`,
  `CREATE TABLE resources (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     state TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) STRICT, WITHOUT ROWID;`,

  `ALTER TABLE calls ADD COLUMN leg_id TEXT NOT NULL DEFAULT '';
   ALTER TABLE calls ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
   ALTER TABLE calls ADD COLUMN connection_id TEXT NOT NULL DEFAULT '';
   ALTER TABLE calls ADD COLUMN caller TEXT NOT NULL DEFAULT '';
   ALTER TABLE calls ADD COLUMN called TEXT NOT NULL DEFAULT '';
   UPDATE calls SET leg_id = state ->> '$.legId', session_id = state ->> '$.sessionId',
     connection_id = state ->> '$.connectionId', caller = state ->> '$.from', called = state ->> '$.to';
   CREATE INDEX calls_leg ON calls (leg_id);
   CREATE INDEX calls_session ON calls (session_id);

   CREATE TABLE accepted (
     number INTEGER PRIMARY KEY,
     call_id TEXT NOT NULL,
     command_id TEXT,
     name TEXT NOT NULL, -- empty: accepted before names were kept
     body TEXT NOT NULL,
     accepted_at INTEGER NOT NULL,
     dials INTEGER NOT NULL -- the place of the call in the dial that made it, from 1
   ) STRICT;
   INSERT INTO accepted (call_id, command_id, name, body, accepted_at, dials)
     SELECT call_id, command_id, '', '{}', 0, dials FROM commands;
   CREATE UNIQUE INDEX accepted_call ON accepted (call_id, command_id);
   CREATE INDEX accepted_dial ON accepted (command_id) WHERE dials > 0;
   DROP TABLE commands;

   ALTER TABLE events ADD COLUMN log TEXT; -- a JSON list of the attempts to deliver it`,

  `CREATE TABLE deliveries (
     id TEXT PRIMARY KEY,
     call_id TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     copy INTEGER NOT NULL, -- from 0: an event that goes to several URLs has a row for each
     type TEXT NOT NULL,
     body TEXT NOT NULL,
     occurred_at INTEGER NOT NULL,
     url TEXT,
     failover_url TEXT,
     method TEXT,
     timeout_ms INTEGER,
     retries_ms TEXT, -- a JSON list; null: the usual schedule
     receiver TEXT, -- the origin of the URL
     status TEXT NOT NULL CHECK (status IN ('due', 'delivered', 'failed')),
     attempts INTEGER NOT NULL,
     due_at INTEGER NOT NULL,
     progress TEXT, -- JSON: where in its schedule it stands
     orphan INTEGER NOT NULL, -- 1: its call was forgotten before it was delivered
     log TEXT, -- a JSON list of the attempts to deliver it
     UNIQUE (call_id, sequence, copy)
   ) STRICT;
   INSERT INTO deliveries (rowid, id, call_id, sequence, copy, type, body, occurred_at, url, failover_url, method,
       timeout_ms, receiver, status, attempts, due_at, orphan, log)
     SELECT rowid, id, call_id, sequence, 0, type, body, occurred_at, url, failover_url, iif(url IS NULL, NULL, 'POST'),
       timeout_ms, substr(url, 1, 7 + iif(instr(substr(url, 9), '/') = 0, length(url), instr(substr(url, 9), '/'))),
       status, attempts, due_at, orphan, log FROM events ORDER BY rowid;
   DROP TABLE events;
   ALTER TABLE deliveries RENAME TO events;
   CREATE INDEX events_untried ON events (receiver) WHERE status = 'due' AND attempts = 0; -- in the order of rowid
   CREATE INDEX events_tried ON events (receiver, due_at) WHERE status = 'due' AND attempts > 0;
   CREATE INDEX events_orphan ON events (status) WHERE orphan = 1;`,
];

/** Refuses a database that this version cannot read, and one of another program. Returns the version of its schema. */
export function verify(database: DatabaseSync, path: string): number {
  const version = pragma(database, 'user_version');
  if (version > migrations.length) {
    throw new StoreError(
      `The database ${path} was written by a newer version of Switchhook (schema ${version}; this one knows ${migrations.length}). ` +
        'Start the newer version, or name another database.',
    );
  }
  if (!isOurs(database, version)) {
    throw new StoreError(`The database ${path} belongs to another program. Name another file.`);
  }
  return version;
}

/** Brings the database to the newest schema, each step in its own transaction. */
export function migrate(database: DatabaseSync, path: string): void {
  for (let step = verify(database, path); step < migrations.length; step += 1) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[step]}
      PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step + 1}; COMMIT`);
  }
}

function isOurs(database: DatabaseSync, version: number): boolean {
  if (pragma(database, 'application_id') === applicationId) return true;
  return version === 0 && database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
