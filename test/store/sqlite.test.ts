import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { storeError } from '../../src/store/error.ts';
import { migrations } from '../../src/store/migrations.ts';
import { openSqlite, StoreError } from '../../src/store/sqlite.ts';
import { batch, call, dueEvents, event, storeConformance } from '../conformance/store.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'switchhook-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

storeConformance(
  'sqlite in memory',
  async (t) => {
    const store = openSqlite(':memory:');
    t.after(() => store.close());
    return { store };
  },
  { forgets: true },
);

storeConformance('sqlite in a file', async (t) => {
  const path = join(directory(t), 'switchhook.db');
  let store = openSqlite(path);
  t.after(() => store.close());
  const reopen = async () => {
    await store.close();
    store = openSqlite(path);
    return store;
  };
  return { store, reopen };
});

interface Refused {
  readonly name: string;
  readonly prepare: (directory: string, t: TestContext) => string;
  readonly says: RegExp;
}

const refused: readonly Refused[] = [
  {
    name: 'a file that is no database',
    prepare: (directory) => {
      writeFileSync(join(directory, 'a.db'), 'not a database, but long enough to be read as one '.repeat(100));
      return join(directory, 'a.db');
    },
    says: /^The database .*a\.db is not an SQLite database\. Name another file/,
  },
  {
    name: 'a damaged database',
    prepare: (directory) => {
      const path = join(directory, 'a.db');
      void openSqlite(path).close();
      const bytes = readFileSync(path);
      bytes.fill(0xff, 100, 4096); // the schema's first page, header left whole
      writeFileSync(path, bytes);
      return path;
    },
    says: /a\.db is damaged\. Restore it from a backup/,
  },
  {
    name: 'a database of a newer version',
    prepare: (directory) => {
      const path = join(directory, 'a.db');
      void openSqlite(path).close();
      withDatabase(path, (database) => database.exec('PRAGMA user_version = 999'));
      return path;
    },
    says: /newer version of Switchhook \(schema 999; this one knows \d+\)\. Start the newer version/,
  },
  {
    name: 'a database of another program',
    prepare: (directory) => {
      const path = join(directory, 'a.db');
      withDatabase(path, (database) => database.exec('CREATE TABLE recipes (name TEXT)'));
      return path;
    },
    says: /belongs to another program/,
  },
  {
    name: 'a database that another process is using',
    prepare: (directory, t) => {
      const path = join(directory, 'a.db');
      const other = openSqlite(path);
      t.after(() => other.close());
      return path;
    },
    says: /is locked by another process\. Is Switchhook already running/,
  },
  {
    name: 'a database that another program is writing',
    prepare: (directory, t) => {
      const path = join(directory, 'a.db');
      void openSqlite(path).close();
      const other = new DatabaseSync(path);
      other.exec('BEGIN IMMEDIATE');
      t.after(() => other.close());
      return path;
    },
    says: /is locked by another process/,
  },
  {
    name: 'a path whose directory is missing by more than one level',
    prepare: (directory) => join(directory, 'missing', 'deeper', 'a.db'),
    says: /a\.db is in a directory that does not exist\. Create it/,
  },
  {
    name: 'a path below a file',
    prepare: (directory) => {
      writeFileSync(join(directory, 'file'), '');
      return join(directory, 'file', 'a.db');
    },
    says: /is below something that is not a directory/,
  },
  { name: 'a directory', prepare: (directory) => directory, says: /is a directory; name a file/ },
];

describe('sqlite: opening', () => {
  for (const { name, prepare, says } of refused) {
    it(`refuses ${name} with a sentence`, (t) => {
      const path = prepare(directory(t), t);
      assert.throws(
        () => openSqlite(path, { busyTimeoutMs: 10 }),
        (error) => error instanceof StoreError && says.test(error.message),
      );
    });
  }

  // root may write read-only files, and on Windows the mode says little.
  if (process.getuid?.()) {
    it('refuses a read-only file with a sentence', (t) => {
      const path = join(directory(t), 'a.db');
      void openSqlite(path).close();
      chmodSync(path, 0o400);
      assert.throws(
        () => openSqlite(path),
        (error) => error instanceof StoreError && /may not be written by this user/.test(error.message),
      );
    });
  }

  it('makes the missing directory and keeps others out', async (t) => {
    const path = join(directory(t), 'data', 'a.db');
    const store = openSqlite(path);
    t.after(() => store.close());
    if (process.platform !== 'win32') {
      assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
  });

  it('opens an empty file', (t) => {
    const path = join(directory(t), 'a.db');
    writeFileSync(path, '');
    void openSqlite(path).close();
  });

  it('finds the calls and commands of an earlier version again', async (t) => {
    const path = join(directory(t), 'a.db');
    const version = migrations.findIndex((step) => step.includes('CREATE TABLE accepted'));
    const state = JSON.stringify({ legId: 'leg', sessionId: 'session', connectionId: '7', from: 'a', to: 'b' });
    withDatabase(path, (database) => {
      for (const step of migrations.slice(0, version)) database.exec(step);
      database.exec(`PRAGMA application_id = ${0x5377486b}; PRAGMA user_version = ${version}`);
      database.prepare("INSERT INTO calls VALUES ('v3:old', ?, NULL)").run(state);
      database.exec("INSERT INTO commands (call_id, command_id) VALUES ('v3:old', 'once')");
    });
    const store = openSqlite(path);
    t.after(() => store.close());
    assert.deepEqual(await store.call('v3:old'), { ...JSON.parse(state), id: 'v3:old', state, endedAt: null });
    assert.deepEqual(await store.commandIds('v3:old'), ['once']);
    assert.deepEqual(await store.findCallEvents({ legId: 'leg' }), [], 'a command without a name is not shown');
  });

  it('finds the events of an earlier version again, by their receivers', async (t) => {
    const path = join(directory(t), 'a.db');
    const version = migrations.findIndex((step) => step.includes('CREATE TABLE deliveries'));
    const urls = ['https://app.example/hook?a=/b', 'http://a/', 'http://app.example:3000'];
    withDatabase(path, (database) => {
      for (const step of migrations.slice(0, version)) database.exec(step);
      database.exec(`PRAGMA application_id = ${0x5377486b}; PRAGMA user_version = ${version}`);
      const add = database.prepare(
        `INSERT INTO events (id, call_id, sequence, type, body, occurred_at, url, timeout_ms, status, attempts, due_at)
         VALUES (?, 'a', ?, 'call.answered', '{}', 1, ?, 2000, 'due', 0, 1)`,
      );
      for (const [index, url] of urls.entries()) add.run(`event-${index}`, index + 1, url);
    });
    const store = openSqlite(path);
    t.after(() => store.close());
    const found = (await dueEvents(store)).map(({ destination }) => destination?.receiver);
    assert.deepEqual(found, ['https://app.example', 'http://a', 'http://app.example:3000']);
    const [first] = await dueEvents(store);
    assert.deepEqual([first?.id, first?.copy, first?.destination?.method], ['event-0', 0, 'POST']);
  });

  it('applies each migration once, and a failed one not at all', (t) => {
    const path = join(directory(t), 'a.db');
    void openSqlite(path).close();
    void openSqlite(path).close();
    withDatabase(path, (database) => {
      assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, migrations.length);
    });
    const steps = migrations as string[];
    steps.push('CREATE TABLE half (a TEXT) STRICT; CREATE TABLE calls (id TEXT) STRICT');
    t.after(() => steps.pop());
    assert.throws(() => openSqlite(path), StoreError);
    withDatabase(path, (database) => {
      assert.equal(database.prepare('PRAGMA user_version').get()?.user_version, migrations.length - 1);
      assert.equal(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get(), undefined);
    });
  });
});

describe('sqlite: at work', () => {
  it('keeps what was committed when the process is killed', async (t) => {
    const path = join(directory(t), 'a.db');
    const row = batch('1', { calls: [call('a')], events: [event('a', 1)] });
    const { signal } = runInChild(
      `await openSqlite(${JSON.stringify(path)}).commit(${JSON.stringify(row)});
       process.kill(process.pid, 'SIGKILL');`,
    );
    assert.equal(signal, 'SIGKILL');
    assert.ok(existsSync(`${path}-wal`), 'the process left its log behind');
    const store = openSqlite(path);
    t.after(() => store.close());
    assert.deepEqual(await store.calls(0), [call('a')]);
    assert.deepEqual(await dueEvents(store), [event('a', 1)]);
    assert.equal(await store.committed('1'), true);
  });

  it('leaves no transaction open when the file cannot grow', { skip: process.platform === 'win32' }, (t) => {
    const path = join(directory(t), 'a.db');
    const { stdout, stderr } = runInChild(
      `const store = openSqlite(${JSON.stringify(path)});
       const names = { legId: '', sessionId: '', connectionId: '', from: '', to: '' };
       const big = (id) => ({ id, calls: [{ ...names, id, state: 'x'.repeat(50_000), endedAt: null }], events: [], commands: [] });
       const failures = [];
       for (let n = 0; failures.length < 3 && n < 1_000; n += 1) {
         await store.commit(big(String(n))).catch(async (error) => {
           failures.push([error.name, error.message, await store.committed(String(n))]);
         });
       }
       const check = await store.check().then(() => 'writable', (error) => error.name);
       console.log(JSON.stringify({ failures, kept: (await store.calls(0)).length, check }));`,
      { fileSizeBlocks: 2_000 },
    );
    assert.equal(stderr, '');
    const { failures, kept } = JSON.parse(stdout) as { failures: [string, string, boolean][]; kept: number };
    assert.equal(failures.length, 3);
    assert.ok(kept > 0);
    for (const [name, message, committed] of failures) {
      assert.equal(name, 'StoreError');
      assert.match(message, /could not be read or written: the disk reported an error|the disk is full/);
      assert.equal(committed, false);
    }
  });
});

const sentences: readonly (readonly [error: object, says: RegExp])[] = [
  [{ code: 'EACCES' }, /may not be written by this user/],
  [{ code: 'EROFS' }, /is on a read-only file system/],
  [{ errcode: 8 }, /is read-only\. Give this user the right/],
  [{ errcode: 1032 }, /is read-only/], // SQLITE_READONLY_DBMOVED: extended codes have the primary one in their low byte
  [{ errcode: 13 }, /cannot grow: the disk is full/],
  [{ errcode: 778 }, /the disk reported an error/],
  [{ errcode: 19, message: 'UNIQUE constraint failed' }, /could not be used: UNIQUE constraint failed/],
  [new Error('database is not open'), /could not be used: database is not open/],
];

describe('sqlite: sentences', () => {
  for (const [error, says] of sentences) {
    it(String(says), () => {
      const told = storeError('/data/a.db', error);
      assert.match(told.message, says);
      assert.match(told.message, /^The database \/data\/a\.db /);
      assert.equal(told.cause, error);
    });
  }
});

/** Runs a program that has `openSqlite`, on request with files that cannot grow beyond so many blocks. */
function runInChild(program: string, { fileSizeBlocks = 0 } = {}) {
  const sqlite = new URL('../../src/store/sqlite.ts', import.meta.url).href;
  const script = `const { openSqlite } = await import(${JSON.stringify(sqlite)});\n${program}`;
  const node = ['--input-type=module', '--eval', script];
  const limit = 'trap "" XFSZ; ulimit -f "$0"; exec "$@"';
  const options = { encoding: 'utf8' } as const;
  return fileSizeBlocks
    ? spawnSync('sh', ['-c', limit, String(fileSizeBlocks), process.execPath, ...node], options)
    : spawnSync(process.execPath, node, options);
}

function withDatabase(path: string, use: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path);
  try {
    use(database);
  } finally {
    database.close();
  }
}
