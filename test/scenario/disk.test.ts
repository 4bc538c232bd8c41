// The disk takes no more while the server runs, on a real database in a real file: nothing is said that is not kept, what
// the peers have done meanwhile is not lost, and when there is space again the same process goes on. Requires prlimit.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { answers, isReleased, notifies, refers, rings, target } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Inside, World } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'switchhook-disk-'));
after(() => {
  limitFiles('unlimited');
  rmSync(folder, { recursive: true });
});

/** How large a file of this process may grow (RLIMIT_FSIZE): a write beyond it fails, as one to a full disk does. */
function limitFiles(bytes: number | 'unlimited'): boolean {
  return spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]).status === 0;
}

/** A store in a file of its own, whose log can be kept from growing. */
function bounded(name: string) {
  const path = join(folder, `${name}.db`);
  const open = (): Store => openSqlite(path);
  const fills = ({ does }: World): void =>
    does('the disk is full', () => assert.ok(limitFiles(statSync(`${path}-wal`).size)));
  const empties = ({ does }: World): void => does('there is space again', () => assert.ok(limitFiles('unlimited')));
  return { open, fills, empties };
}

async function readiness({ server }: Inside): Promise<{ status: number; detail: string }> {
  const { statusCode, body } = await server.http.inject({ method: 'GET', url: '/readyz' });
  return { status: statusCode, detail: body };
}

const isFull = async (inside: Inside): Promise<void> => {
  const { status, detail } = await readiness(inside);
  assert.equal(status, 503);
  assert.match(detail, /The database [^ ]+\.db could not be read or written: the disk reported an error\./);
};

const isReady = async (inside: Inside): Promise<void> => assert.equal((await readiness(inside)).status, 200);

const logs = /the disk reported an error/;

if (limitFiles('unlimited')) {
  play();
} else {
  test('a disk that takes no more', { skip: 'there is no prlimit' });
}

function play() {

const full = bounded('full');
scenario('disk full (503, 500 and not ready, and then the same process goes on)', { store: full.open, logs }, (world) => {
  const { transferee, app, does, after } = world;
  answers(world);
  full.fills(world);
  does('it is not ready', isFull);
  app.posts('refer', { sip_address: target }, { status: 503, code: '10007' });
                                         transferee.getsNothing();
  const stranger = world.peer('stranger');
  stranger.sends('INVITE');              stranger.gets(100); stranger.gets(500, { 'Retry-After': /^\d+$/ });
  stranger.sends('ACK');                 app.getsNothing();
  app.dials({}, { status: 503, code: '10007' });
  full.empties(world);
  does('it is ready', isReady);
  after(10);
  refers(world);
  notifies(world, '200 OK');             app.gets('call.refer.completed');
  isReleased(world);
});

const left = bounded('left');
scenario('disk full when the peer says bye (500, and its end is told when there is space again)', { store: left.open, logs }, (world) => {
  const { transferee, app, after, does } = world;
  answers(world);
  left.fills(world);
  transferee.sends('BYE');               transferee.gets(500, { 'Retry-After': /^\d+$/ });
  after(60_000);                         app.getsNothing();
  does('the log has it once and once a minute', ({ system }) => {
    const told = system.log.at('error').filter((entry) => entry.includes('could not be committed'));
    assert.ok(told.length >= 1 && told.length <= 2, told.join('\n'));
  });
  left.empties(world);
  after(1_000);
                                         app.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'caller' });
});

const cancelled = bounded('cancelled');
scenario('disk full when the caller cancels (500, and the call ends when there is space again)', { store: cancelled.open, logs }, (world) => {
  const { transferee, app, after } = world;
  rings(world);
  cancelled.fills(world);
  transferee.sends('CANCEL');            transferee.gets(500, { 'Retry-After': /^\d+$/ });
  after(5_000);                          app.getsNothing();
  cancelled.empties(world);
  after(1_000);                          transferee.gets(487);
  transferee.sends('ACK');               app.gets('call.hangup', { hangup_cause: 'originator_cancel' });
});
}
