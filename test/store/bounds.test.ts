// What keeps the file of the database within bounds, and what is said of one that is damaged.
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { openSqlite, StoreError } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { batch, call, dueEvents, event } from '../conformance/store.ts';

const megabyte = 1_048_576;

function file(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-bounds-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'a.db');
}

function opened(t: TestContext, path = file(t)): Store {
  const store = openSqlite(path);
  t.after(() => store.close());
  return store;
}

/** Calls of about 10 kB each, that ended one after the other from `from` on. */
async function ended(store: Store, from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 1) {
    const id = `call-${at}`;
    const state = JSON.stringify({ filler: 'x'.repeat(8_000) });
    const events = [event(id, 1, { status: 'delivered', body: 'y'.repeat(1_000) })];
    await store.commit(batch(id, { calls: [call(id, { state, endedAt: at })], events }));
  }
}

const idsOf = async (store: Store): Promise<string[]> => (await store.calls(0)).map(({ id }) => id).toSorted();

describe('what was given up', () => {
  it('is kept with its call, and as long after it was given up', async (t) => {
    const store = opened(t);
    await store.commit(batch('1', { calls: [call('a', { endedAt: 10 })], events: [event('a', 1), event('a', 2)] }));
    await store.settle([{ id: 'a-event-1', status: 'failed', attempts: 9, dueAt: 500, progress: null, log: ['{}'] }]);
    await store.prune(400);
    assert.deepEqual(await idsOf(store), []);
    assert.ok(await store.delivery('a-event-1'), 'it was given up since');
    await store.prune(501);
    assert.equal(await store.delivery('a-event-1'), null);
    assert.deepEqual(await dueEvents(store), [event('a', 2)], 'what is due stays');
  });

  it('goes with its call when it was given up before', async (t) => {
    const store = opened(t);
    await store.commit(batch('1', { calls: [call('a', { endedAt: 10 })], events: [event('a', 1)] }));
    await store.settle([{ id: 'a-event-1', status: 'failed', attempts: 9, dueAt: 5, progress: null, log: ['{}'] }]);
    await store.prune(11);
    assert.equal(await store.delivery('a-event-1'), null);
  });
});

describe('a database that may not grow beyond a size', () => {
  it('forgets the oldest calls first, and no more than it must', async (t) => {
    const store = opened(t);
    await ended(store, 1, 600);
    assert.equal(await store.trim(100 * megabyte, 1_000), true);
    assert.equal((await idsOf(store)).length, 600);
    assert.equal(await store.trim(4 * megabyte, 1_000), true);
    const kept = (await store.calls(0)).map(({ endedAt }) => endedAt!).toSorted((a, b) => a - b);
    assert.ok(kept.length > 200 && kept.length < 450, `${kept.length} are kept`);
    assert.equal(kept.at(-1), 600);
    assert.equal(kept[0], 600 - kept.length + 1, 'those that are kept are the last ones');
  });

  it('keeps live calls, due events and what has ended only now, and says when that is too much', async (t) => {
    const store = opened(t);
    await ended(store, 1, 200);
    const due = event('call-1', 2, { body: 'z'.repeat(100) });
    await store.commit(batch('live', { calls: [call('alive')], events: [due] }));
    assert.equal(await store.trim(1, 150), false);
    assert.equal((await store.calls(0)).filter(({ endedAt }) => endedAt !== null && endedAt < 150).length, 0);
    assert.ok((await idsOf(store)).includes('alive') && (await idsOf(store)).includes('call-150'));
    assert.deepEqual(await dueEvents(store), [due]);
  });

  it('takes the pages of what was forgotten again before its file grows', async (t) => {
    const path = file(t);
    const store = opened(t, path);
    await ended(store, 1, 500);
    await store.prune(1_000);
    const before = await sizeOf(store, path);
    await ended(store, 1_001, 500);
    await store.prune(2_000);
    const grown = (await sizeOf(store, path)) - before;
    assert.ok(grown < 0.05 * before, `grown by ${grown} of ${before} bytes`);
  });

  it('keeps its log small, whatever was written', async (t) => {
    const path = file(t);
    const store = opened(t, path);
    await ended(store, 1, 2_000);
    const { size } = statSync(`${path}-wal`);
    assert.ok(size < 12 * megabyte, `20 MB were written, and the log has ${size} bytes`);
  });
});

/** How large the whole database is: that of a copy. */
async function sizeOf(store: Store, path: string): Promise<number> {
  const copy = `${path}.copy`;
  await store.backup(copy);
  const { size } = statSync(copy);
  rmSync(copy);
  return size;
}

describe('a damaged database', () => {
  /** Overwrites the first page of a table in a file that nobody has open. */
  function damages(path: string, table: string): void {
    const database = new DatabaseSync(path);
    const { page } = database.prepare('SELECT rootpage AS page FROM sqlite_schema WHERE name = ?').get(table) as {
      page: number;
    };
    const size = Number(database.prepare('PRAGMA page_size').get()!.page_size);
    database.close();
    const handle = openSync(path, 'r+');
    writeSync(handle, Buffer.alloc(size, 0xff), 0, size, (page - 1) * size);
    closeSync(handle);
  }

  const isDamaged = (error: unknown): boolean =>
    error instanceof StoreError && /a\.db is damaged\. Restore it from a backup/.test(error.message);

  it('says so where it is met, is not ready from then on, and keeps what can be kept', async (t) => {
    const path = file(t);
    const before = openSqlite(path);
    await before.commit(batch('1', { calls: [call('a')] }));
    await before.close();
    damages(path, 'accepted');
    const store = opened(t, path);
    assert.deepEqual(await store.calls(0), [call('a')]);
    await store.check();
    const command = { callId: 'a', commandId: 'x', name: 'answer', body: '{}', dials: 0, acceptedAt: 1 };
    await assert.rejects(store.commit(batch('2', { calls: [call('b')], commands: [command] })), isDamaged);
    assert.deepEqual(await store.calls(0), [call('a')], 'half of it was kept');
    await assert.rejects(store.check(), isDamaged);
    await store.commit(batch('3', { calls: [call('c')] }));
  });

  it('is not served from when its calls cannot be read', async (t) => {
    const path = file(t);
    const before = openSqlite(path);
    await before.commit(batch('1', { calls: [call('a')] }));
    await before.close();
    damages(path, 'calls');
    await assert.rejects(opened(t, path).calls(0), isDamaged);
  });
});
