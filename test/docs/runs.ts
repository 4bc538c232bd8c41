// Runs what the documentation tells its reader to run: shell lines and TypeScript, against a server, two phones and an
// application of their own. The ports the documentation names are replaced by those that are really there.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { root } from '../../scripts/ready.mjs';
import { numberAt, type Stage, stage } from '../examples/support.ts';
import { type Block, matchesValue } from './blocks.ts';

interface Scene extends Stage {
  /** What takes the place of the addresses in the documentation. */
  readonly here: (text: string) => string;
  readonly environment: NodeJS.ProcessEnv;
  /** The webhooks as they came, to be sent again. */
  readonly received: readonly { readonly headers: IncomingHttpHeaders; readonly body: string }[];
}

/** Everything a block may need. `call` says in what state its $CALL is. */
export async function scene(t: TestContext, call: 'ringing' | 'answered' | 'none'): Promise<Scene> {
  const all = await stage(t);
  const { server } = all;
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  server.serve(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    response.end();
  });
  const [alice, bob] = [await all.phone({ name: 'alice' }), await all.phone({ name: 'bob' })];
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    KEY: server.client.apiKey,
    TELNYX_PUBLIC_KEY: server.client.publicKey,
    PORT: String(await freePort()),
  };
  if (call !== 'none') {
    const answered = alice.call(numberAt(server));
    answered.catch(() => {}); // a block may reject it
    const { data } = await all.told('call.initiated');
    environment.CALL = String(data.payload.call_control_id);
    environment.ID = String(data.id);
    if (call === 'answered') {
      await command(all, environment.CALL, 'answer');
      await answered;
      await all.told('call.answered');
    }
  }
  const here = (words: string) =>
    words
      .replaceAll('127.0.0.1:8080', new URL(server.httpAddress).host)
      .replaceAll('127.0.0.1:5060', `127.0.0.1:${server.sipPort}`)
      .replaceAll('127.0.0.1:3000', new URL(server.webhookAddress).host)
      .replaceAll('listen(3000', `listen(${environment.PORT}`)
      .replaceAll('sip:bob@example.com', bob.uri);
  return { ...all, here, environment, received };
}

/** Sends a command that is accepted. */
export async function command(
  { server }: Pick<Stage, 'server'>,
  call: string,
  action: string,
  body: object = {},
): Promise<void> {
  const { baseURL, apiKey } = server.client;
  const response = await fetch(`${baseURL}/calls/${call}/actions/${action}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
}

// Shell.

export async function runShell(t: TestContext, block: Block, expected: Block | null): Promise<void> {
  const lines = block.text.replaceAll('\\\n', ' ').split('\n');
  for (const line of lines.filter((each) => / ?npm (start|run \w+)/.test(each))) await runNpm(t, line);
  const served = lines.filter((line) => line.startsWith('npx node examples/'));
  const rest = lines.filter((line) => !/npm (start|run)/.test(line) && !served.includes(line)).join('\n');
  const { environment, here, told, received } = await scene(t, served.length > 0 ? 'answered' : stateFor(block.text));
  const check = expected && !expected.text.includes('"errors"') ? '--fail-with-body' : '';
  const script = here(rest).replaceAll(/\bcurl /g, `curl -sS ${check} -w '\\n' `);
  const shell = start('bash', ['-euo', 'pipefail', '-c', `${script}\nenv -0 >&3`], environment, 3);
  t.after(() => end(shell));
  const [out, err, after] = await Promise.all([
    text(shell.stdout!),
    text(shell.stderr!),
    text(shell.stdio[3] as never),
  ]);
  assert.equal(await exitOf(shell), 0, `${block.at}: ${out}${err}`);
  if (expected) matchesValue(JSON.parse(out.trim().split('\n').at(-1) ?? ''), JSON.parse(expected.text), expected.at);
  if (/actions\/refer"/.test(rest)) await told('call.refer.completed');
  const exported = Object.fromEntries(after.split('\0').map((pair) => pair.split(/=(.*)/s)));
  for (const line of served) await runServing(t, here(line), { ...environment, ...exported }, received);
}

/** Which call a block works on. */
export function stateFor(code: string): 'ringing' | 'answered' | 'none' {
  if (!/CALL|\$ID\b/.test(code)) return 'none';
  return /actions[/.](answer|reject)/.test(code) ? 'ringing' : 'answered';
}

/** `npm start` until it says that it runs, on free ports and a database of its own; any other script until it ends. */
async function runNpm(t: TestContext, line: string): Promise<void> {
  const command = line.replace(/ +#.*/, '').replaceAll(/:(8080|5060)\b/g, ':0');
  const folder = mkdtempSync(join(tmpdir(), 'docs-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const environment = {
    ...process.env,
    SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:0',
    SWITCHHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
    SWITCHHOOK_DATABASE_URL: `sqlite:${folder}/switchhook.db`,
  };
  const child = start('bash', ['-c', command], environment);
  t.after(() => end(child));
  if (!command.endsWith('npm start')) {
    const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
    assert.equal(await exitOf(child), 0, `${command}: ${out}${err}`);
    return;
  }
  const said = await until(child, /SIP +udp:\S+/);
  assert.match(said, /Switchhook \S+ is running/);
  assert.equal(/Your application gets call\.initiated with its call_control_id\./.test(said), /WEBHOOK/.test(command));
  const ended = exitOf(child);
  process.kill(-child.pid!, 'SIGINT');
  await ended;
}

/** A program that waits for webhooks: a real one is taken, a forged one is not, if it checks. */
async function runServing(
  t: TestContext,
  command: string,
  environment: NodeJS.ProcessEnv,
  received: Scene['received'],
): Promise<void> {
  const child = start('bash', ['-c', `exec ${command}`], environment);
  t.after(() => end(child));
  const [webhook] = received;
  assert.ok(webhook);
  const headers = webhook.headers as Record<string, string>;
  const url = `http://127.0.0.1:${environment.PORT}/`;
  assert.equal(await post(child, url, headers, webhook.body), 200, command);
  const forged = { ...headers, 'telnyx-signature-ed25519': 'A'.repeat(86) };
  const checks = !command.includes('print-webhooks');
  assert.equal(await post(child, url, forged, webhook.body), checks ? 400 : 200, command);
  await end(child);
}

/** Posts as soon as somebody listens. */
async function post(child: ChildProcess, url: string, headers: Record<string, string>, body: string): Promise<number> {
  for (;;) {
    assert.equal(child.exitCode, null, 'it ended');
    const { host: _, 'content-length': __, connection: ___, ...others } = headers;
    try {
      return (await fetch(url, { method: 'POST', headers: others, body })).status;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

// TypeScript.

/** A folder in which blocks are modules that find the packages, this one among them. */
export function moduleFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'docs-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(root, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  symlinkSync(root, join(modules, 'switchhook'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

export async function runTypeScript(t: TestContext, block: Block): Promise<void> {
  const serves = block.text.includes('createServer(');
  const { environment, here, told, received } = await scene(t, serves ? 'answered' : stateFor(block.text));
  const file = join(moduleFolder(t), 'block.ts');
  writeFileSync(file, here(block.text));
  if (serves) return runServing(t, `"${process.execPath}" "${file}"`, environment, received);
  const child = start(process.execPath, [file], environment);
  t.after(() => end(child));
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  assert.equal(await exitOf(child), 0, `${block.at}: ${out}${err}`);
  if (/actions\.refer\(/.test(block.text)) await told('call.refer.completed');
}

export async function typeCheck(t: TestContext, blocks: readonly Block[]): Promise<void> {
  const folder = moduleFolder(t);
  for (const [index, block] of blocks.entries()) writeFileSync(join(folder, `block${index}.ts`), block.text);
  const tsconfig = { extends: join(root, 'tsconfig.json'), include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  const child = start(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], process.env);
  const out = await text(child.stdout!);
  const named = out.replaceAll(/\S*block(\d+)\.ts/g, (_all, index: string) => blocks[Number(index)]!.at);
  assert.equal(await exitOf(child), 0, named);
}

// Processes.

function start(file: string, args: readonly string[], env: NodeJS.ProcessEnv, pipes = 2): ChildProcess {
  const stdio = ['ignore', ...Array.from({ length: pipes }, () => 'pipe')] as ('ignore' | 'pipe')[];
  return spawn(file, args, { cwd: root, env, stdio, detached: true });
}

const exits = new WeakMap<ChildProcess, Promise<number | null>>();

function exitOf(child: ChildProcess): Promise<number | null> {
  const known = exits.get(child);
  if (known) return known;
  const gone = child.exitCode !== null || child.signalCode !== null;
  const exit = gone
    ? Promise.resolve(child.exitCode)
    : new Promise<number | null>((resolve) => child.once('exit', resolve));
  exits.set(child, exit);
  return exit;
}

/** Ends a process and all that it started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of its group is left.
  }
  await exitOf(child);
}

/** What it has printed by the time it prints this. */
function until(child: ChildProcess, pattern: RegExp): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (data: Buffer) => {
      said += data;
      if (pattern.test(said)) setImmediate(() => resolve(said));
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${said}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
