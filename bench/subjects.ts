// What is measured: our server, and the floor it is held against (the least code that runs the same calls: floor/).
// Each runs on core 0, its application and the load on core 1.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Subject {
  readonly name: string;
  readonly sipPort: number;
  readonly pids: { readonly server: number; readonly application: number };
  stop(): Promise<void>;
}

export const serverCore = '0';
export const loadCore = '1';

const here = import.meta.dirname;
const apiKey = 'KEY0123456789abcdef';

/** The skeleton with HTTP, signatures and outbox: mode `full`; mode `hold` answers and waits. */
export async function floor(mode: 'full' | 'hold'): Promise<Subject> {
  const [sip, http, hook] = await freePorts(3);
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-floor-'));
  const server = await run(serverCore, [join(here, 'floor/skeleton.mjs'), mode, sip, http, hook, folder], {}, 'up');
  const application = await run(loadCore, [join(here, 'floor/app_server.mjs'), hook, http, apiKey], {}, 'up');
  return subject('floor', sip!, server, application, folder);
}

/** Ours, as `npm start` runs it, without the wait for the peer's BYE. */
export async function ours(media: 'none' | 'quiet', does: 'refer' | 'hold'): Promise<Subject> {
  const [sip, http, hook] = await freePorts(3);
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-ours-'));
  const settings = {
    SWITCHHOOK_HTTP_LISTEN: `127.0.0.1:${http}`,
    SWITCHHOOK_SIP_LISTEN: `udp:127.0.0.1:${sip}`,
    SWITCHHOOK_DATABASE_URL: `sqlite:${join(folder, 'switchhook.db')}`,
    SWITCHHOOK_WEBHOOK_URL: `http://127.0.0.1:${hook}/hook`,
    SWITCHHOOK_API_KEY: apiKey,
    SWITCHHOOK_MEDIA: media,
    SWITCHHOOK_REFER_BYE_GRACE_MS: '0',
    SWITCHHOOK_LOG_LEVEL: 'error',
  };
  const server = await run(serverCore, [join(here, '../src/main.ts')], settings, String(http));
  const script = does === 'refer' ? 'floor/app_server.mjs' : 'answering.mjs';
  const application = await run(loadCore, [join(here, script), hook, http, apiKey], {}, 'up');
  return subject(`ours, ${media}`, sip!, server, application, folder);
}

function subject(name: string, sip: string, server: ChildProcess, application: ChildProcess, folder: string): Subject {
  return {
    name,
    sipPort: Number(sip),
    pids: { server: server.pid!, application: application.pid! },
    stop: async () => {
      for (const child of [server, application]) await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts Node on one core and waits until it prints a line with `sign` in it. */
async function run(
  core: string,
  args: readonly (string | undefined)[],
  settings: Record<string, string>,
  sign: string,
): Promise<ChildProcess> {
  const argv = args.map(String);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SWITCHHOOK_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  const child = spawn('taskset', ['-c', core, process.execPath, ...argv], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${argv[0]} ended before it was up.`)));
  const up = (async () => {
    for await (const line of lines) if (line.includes(sign)) return;
    throw new Error(`${argv[0]} ended before it was up.`);
  })();
  await Promise.race([up, gone]);
  gone.catch(() => undefined);
  child.stdout!.resume();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(force);
}

/** Free ports, as text; all are held until the last is known, so that none comes twice. */
export async function freePorts(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const ports = servers.map((server) => String((server.address() as { port: number }).port));
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}
