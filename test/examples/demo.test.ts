// npm run demo as a process of its own: what it prints, its exit code, and that it leaves nothing behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));

interface Shown {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** What is left in the folder for temporary files. */
  readonly left: readonly string[];
}

async function demo(t: TestContext, ...options: string[]): Promise<Shown> {
  const folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const env = { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder };
  const child = spawn(process.execPath, [...options, main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, out, err, left: readdirSync(folder) };
}

test('demo: the refer completes, drawn as it happens', { timeout: 30_000 }, async (t) => {
  const { code, out, err, left } = await demo(t);
  assert.equal(code, 0, out + err);
  assert.equal(err, '');
  assert.deepEqual(left, []);
  assert.doesNotMatch(out, /\x1b/, 'plain where it is not a terminal');
  const order = [
    /bob +alice +switchhook +application/,
    /INVITE -+>/,
    /call\.initiated -+>/,
    /<-+ POST answer/,
    /call\.answered -+>/,
    /<-+ POST refer/,
    /<-+ REFER/,
    /202 Accepted ->/,
    /call\.refer\.started 100 -+>/,
    /<-+ INVITE/,
    /NOTIFY 180 -+>/,
    /NOTIFY 200 -+>/,
    /call\.refer\.completed 200 ->/,
    /call\.hangup -+>/,
    /Done: Alice talks to Bob/,
    /npm start/,
  ];
  const lines = out.split('\n');
  let at = -1;
  for (const wanted of order) {
    at = lines.findIndex((line, index) => index > at && wanted.test(line));
    assert.notEqual(at, -1, `${wanted} is not there, or not in order, in\n${out}`);
  }
  const longest = Math.max(...lines.map((line) => line.length));
  assert.ok(longest <= 100, `a line of ${longest} characters in\n${out}`);
});

test('demo: a failure is one sentence and exit code 1', { timeout: 30_000 }, async (t) => {
  const broken = "globalThis.fetch = async () => new Response('{}', { status: 422 })";
  const { code, out, left } = await demo(t, '--import', `data:text/javascript,${encodeURIComponent(broken)}`);
  assert.equal(code, 1);
  assert.match(out, /The demo failed\. The command answer was refused with 422\.\n\n$/);
  assert.deepEqual(left, []);
});
