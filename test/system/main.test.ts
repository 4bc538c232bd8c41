// The process itself, started as `npm start` starts it: what it says, how it stops, what it does when it cannot start.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { connect } from 'node:tls';
import { Authority } from '../support/certificates.ts';

const root = join(import.meta.dirname, '..', '..');
const patience = { timeout: 20_000 };

interface Run {
  readonly child: ChildProcess;
  output: string;
  log: string;
  readonly ended: Promise<number>;
}

suite('the process', () => {
  let folder: string;
  const running = new Set<Run>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'switchhook-'));
  });
  after(async () => {
    for (const run of running) run.child.kill('SIGKILL');
    await Promise.all([...running].map(({ ended }) => ended));
    rmSync(folder, { recursive: true });
  });

  function launch(env: Record<string, string>, command = ['src/main.ts']): Run {
    const child = spawn(process.execPath, command, {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:0',
        SWITCHHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
        SWITCHHOOK_DATABASE_URL: `sqlite:${join(folder, 'process.db')}`,
        ...env,
      },
    });
    const ended = once(child, 'close').then(([code]) => Number(code));
    const run: Run = { child, output: '', log: '', ended };
    child.stdout?.on('data', (chunk) => {
      run.output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      run.log += chunk;
    });
    running.add(run);
    ended.then(() => running.delete(run));
    return run;
  }

  /** Resolves once the process has said that it runs. */
  async function up(run: Run): Promise<Run> {
    while (!/is running\.[\s\S]*\n$/.test(run.output)) {
      await Promise.race([once(run.child.stdout!, 'data'), run.ended.then(() => assert.fail(run.log))]);
    }
    return run;
  }

  const api = (run: Run) => /http:\/\/127\.0\.0\.1:\d+/.exec(run.output)?.[0];
  const get = (run: Run, key: string) =>
    fetch(`${api(run)}/v2/calls/v3:none`, { headers: { authorization: `Bearer ${key}` } }).then(({ status }) => status);

  test('a key is made once, shown once, kept as a hash; signals end the process with 0', patience, async () => {
    const first = await up(launch({}));
    const key = /switchhook_[\w-]{32}/.exec(first.output)?.[0] ?? assert.fail(first.output);
    assert.equal(await get(first, key), 404);
    assert.equal(await get(first, `${key}x`), 401);
    first.child.kill('SIGTERM');
    assert.equal(await first.ended, 0);
    assert.ok(!first.log.includes(key), 'the key is not in the log');

    const second = await up(launch({}));
    assert.ok(!second.output.includes('switchhook_'), second.output);
    assert.equal(await get(second, key), 404);
    second.child.kill('SIGINT');
    assert.equal(await second.ended, 0);
    assert.equal(statSync(join(folder, 'process.db')).mode & 0o077, 0, 'nobody else may read the database');
  });

  test('a key that is set is in force, and never printed', patience, async () => {
    const run = await up(launch({ SWITCHHOOK_API_KEY: 'my-own-key', SWITCHHOOK_DATABASE_URL: 'sqlite::memory:' }));
    assert.equal(await get(run, 'my-own-key'), 404);
    assert.ok(!run.output.includes('my-own-key'));
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
    assert.ok(!run.log.includes('my-own-key'));
  });

  test('npm start passes signals on, and exit codes back', patience, async () => {
    const run = await up(launch({ SWITCHHOOK_DATABASE_URL: 'sqlite::memory:' }, ['scripts/run.mjs', 'start']));
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
    const wrong = launch({ SWITCHHOOK_MEDIA: 'loud' }, ['scripts/run.mjs', 'start']);
    assert.equal(await wrong.ended, 2);
  });

  test('the log is lines of JSON on standard error', patience, async () => {
    const run = await up(launch({ SWITCHHOOK_DATABASE_URL: 'sqlite::memory:' }));
    run.child.kill('SIGTERM');
    await run.ended;
    for (const line of run.log.trim().split('\n')) assert.equal(typeof JSON.parse(line).msg, 'string');
  });

  test('TLS: the certificate is shown, and the new one after SIGHUP', patience, async (t) => {
    const authority = await Authority.open(t);
    const files = await authority.sign([{ type: 'dns', value: 'before.example' }], 'own');
    const run = await up(
      launch({
        SWITCHHOOK_DATABASE_URL: 'sqlite::memory:',
        SWITCHHOOK_SIP_LISTEN: 'tls:127.0.0.1:0,wss:127.0.0.1:0',
        SWITCHHOOK_TLS_CERTIFICATE: files.certificate,
        SWITCHHOOK_TLS_KEY: files.key,
      }),
    );
    const port = Number(/tls:127\.0\.0\.1:(\d+)/.exec(run.output)?.[1]);
    const shown = async (): Promise<string | undefined> => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { subjectaltname } = socket.getPeerCertificate();
      socket.destroy();
      return subjectaltname;
    };
    assert.equal(await shown(), 'DNS:before.example');
    await authority.sign([{ type: 'dns', value: 'after.example' }], 'own');
    run.child.kill('SIGHUP');
    while ((await shown()) !== 'DNS:after.example');
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
  });

  async function refused(env: Record<string, string>, code: number, ...sentences: string[]): Promise<void> {
    const run = launch(env);
    assert.equal(await run.ended, code);
    for (const sentence of sentences) assert.ok(run.log.includes(sentence), `${sentence} is missing in:\n${run.log}`);
    assert.ok(!/^\s+at /m.test(run.log), `there is a stack in:\n${run.log}`);
    assert.equal(run.output, '');
  }

  test('wrong settings: all are named, exit code 2, no stack', patience, () =>
    refused(
      { SWITCHHOOK_SIP_LISTN: 'x', SWITCHHOOK_RTP_PORTS: '7' },
      2,
      'Unknown setting SWITCHHOOK_SIP_LISTN; did you mean SWITCHHOOK_SIP_LISTEN?',
      'SWITCHHOOK_RTP_PORTS: It must be two ports from 1 to 65535',
    ),
  );

  test('a port in use: one sentence, exit code 1', patience, async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const memory = { SWITCHHOOK_DATABASE_URL: 'sqlite::memory:' };
    await refused(
      { ...memory, SWITCHHOOK_HTTP_LISTEN: `127.0.0.1:${port}` },
      1,
      `Cannot listen on http://127.0.0.1:${port}: another process is using this address and port.`,
    );
    await refused(
      { ...memory, SWITCHHOOK_SIP_LISTEN: `tcp:127.0.0.1:${port}` },
      1,
      `Cannot listen on tcp:127.0.0.1:${port}: another process is using this address and port.`,
    );
  });

  test('a certificate that cannot be used: one sentence, exit code 1', patience, () =>
    refused(
      {
        SWITCHHOOK_SIP_LISTEN: 'tls:127.0.0.1:0',
        SWITCHHOOK_TLS_CERTIFICATE: `${folder}/no.pem`,
        SWITCHHOOK_TLS_KEY: `${folder}/no.key`,
      },
      1,
      `${folder}/no.pem cannot be read: there is no such file. SWITCHHOOK_TLS_CERTIFICATE`,
    ),
  );

  test('a database that cannot be used: one sentence, exit code 1', patience, async () => {
    const path = join(folder, 'letter.db');
    writeFileSync(path, 'Dear diary, this is no database at all. '.repeat(30));
    await refused({ SWITCHHOOK_DATABASE_URL: `sqlite:${path}` }, 1, `The database ${path} is not an SQLite database.`);
    await refused({ SWITCHHOOK_DATABASE_URL: `sqlite:${folder}/no/such/x.db` }, 1, 'SWITCHHOOK_DATABASE_URL');
  });
});

test('what npm started ends with npm, though the shell between them passes no signal on', patience, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-'));
  const listen = { SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:0', SWITCHHOOK_SIP_LISTEN: 'udp:127.0.0.1:0' };
  const env = { PATH: process.env.PATH, SWITCHHOOK_DATABASE_URL: `sqlite:${join(folder, 'a.db')}`, ...listen };
  const script = `"${process.execPath}" scripts/run.mjs start; exit $?`;
  const shell = spawn('sh', ['-c', script], { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => rmSync(folder, { recursive: true }));
  for await (const text of shell.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    if (String(text).includes('API key')) break;
  }
  // The pipe closes when the last process that holds it has ended: the server is one of them.
  const closed = once(shell.stdout, 'close');
  shell.stdout.resume();
  shell.kill('SIGTERM');
  await closed;
});
