// switchhook backup, as an operator runs it: of a server that runs, of one that does not, and when it cannot be done.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { readSettings } from '../../src/config.ts';
import { realParts } from '../../src/parts.ts';
import { start } from '../../src/server.ts';
import { openSqlite, verifySqlite } from '../../src/store/sqlite.ts';
import { recordingLog } from '../support/fake-system.ts';

const root = join(import.meta.dirname, '..', '..');

suite('switchhook backup', () => {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-backup-'));
  after(() => rmSync(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const databaseOf = (name: string) => ({ SWITCHHOOK_DATABASE_URL: `sqlite:${at(name)}` });

  async function backup(args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, ['bin/switchhook.mjs', 'backup', ...args], { cwd: root, env });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    const [code] = await once(child, 'close');
    return { code, said };
  }

  async function filled(name: string): Promise<void> {
    const store = openSqlite(at(name));
    await store.put('mark', name);
    await store.close();
  }

  /** Whose copy this file is. */
  async function markIn(name: string): Promise<string | null> {
    verifySqlite(at(name));
    const store = openSqlite(at(name));
    const mark = await store.get('mark');
    await store.close();
    return mark;
  }

  test('of a server that does not run: the file is copied, for us alone to read', async () => {
    await filled('still.db');
    const { code, said } = await backup([at('still.copy')], databaseOf('still.db'));
    assert.deepEqual([code, /still\.copy: \d+\.\d MB, looked through/.test(said)], [0, true], said);
    assert.equal(await markIn('still.copy'), 'still.db');
    assert.equal(statSync(at('still.copy')).mode & 0o777, 0o600);
  });

  test('of a server that runs: the copy is asked of it, with a key that may', async () => {
    await filled('live.db');
    const env = {
      ...databaseOf('live.db'),
      SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:0',
      SWITCHHOOK_SIP_LISTEN: 'udp:127.0.0.1:0',
      SWITCHHOOK_API_KEY: 'KEY-of-the-settings',
    };
    const settings = readSettings(env, assert.fail);
    assert.ok(!('errors' in settings));
    const parts = await realParts(settings, recordingLog());
    const server = await start(parts);
    try {
      const running = { ...env, SWITCHHOOK_HTTP_LISTEN: new URL(server.httpAddress).host };
      const { code, said } = await backup([at('live.copy')], running);
      assert.equal(code, 0, said);
      assert.equal(await markIn('live.copy'), 'live.db');
      const cases: readonly (readonly [env: object, says: RegExp])[] = [
        [{ SWITCHHOOK_API_KEY: 'KEY-of-nobody' }, /answered 401: The required authentication headers/],
        [{ SWITCHHOOK_API_KEY: '' }, /The server is running: put a key/],
        [{ SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:1' }, /The database is in use, and nobody answers at/],
      ];
      for (const [other, says] of cases) {
        const refused = await backup([at('no.copy')], { ...running, ...other });
        assert.equal(refused.code, 1);
        assert.match(refused.said, says);
        assert.ok(!existsSync(at('no.copy')) && !existsSync(at('no.copy.part')));
      }
    } finally {
      await server.stop();
      await parts.close();
    }
  });

  test('what is there is not written over; what is damaged or missing is no backup; usage', async () => {
    await filled('old.db');
    writeFileSync(at('precious'), 'mine');
    const there = await backup([at('precious')], databaseOf('old.db'));
    assert.deepEqual([there.code, readFileSync(at('precious'), 'utf8')], [1, 'mine']);
    assert.match(there.said, /precious exists already: name another file/);
    writeFileSync(at('text.db'), 'no database at all, but long enough to be taken for one '.repeat(100));
    const damaged = await backup([at('damaged.copy')], databaseOf('text.db'));
    assert.equal(damaged.code, 1);
    assert.match(damaged.said, /is not an SQLite database/);
    assert.ok(!existsSync(at('damaged.copy')));
    const missing = await backup([at('missing.copy')], databaseOf('none.db'));
    assert.match(missing.said, /There is no database .*none\.db/);
    assert.ok(!existsSync(at('none.db')), 'none is made by looking for it');
    for (const args of [[], ['--what'], ['a', 'b']]) assert.equal((await backup(args, {})).code, 2);
    assert.equal((await backup(['--help'], {})).code, 0);
  });
});
