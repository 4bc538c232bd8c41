// switchhook backup FILE: copies the database into a new file. A server that runs has the database to itself, so the copy
// is asked of it; else the file is read as it lies. The copy is looked through before it gets its name. Exit codes: 0
// there is a copy, 1 there is none, 2 it was not understood what is wanted.
import { createWriteStream, existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readSettings, type Settings } from '../config.ts';
import { databasePath } from '../parts.ts';
import { isLocked, openSqlite, verifySqlite } from '../store/sqlite.ts';

const usage = `switchhook backup FILE

Copies the database of the settings (SWITCHHOOK_DATABASE_URL) to FILE, which must not exist. Of a server that runs the
copy is asked at SWITCHHOOK_HTTP_LISTEN, with the key in SWITCHHOOK_API_KEY, which must have the scope admin.
To restore it: stop the server, put FILE in the place of the database, remove what lies beside it with the same name and
-wal or -shm behind it, start the server.
`;

/** Why there is no copy, in a sentence for the operator. */
class NoBackup extends Error {}

const [file, ...others] = process.argv.slice(3);
if (!file || file.startsWith('-') || others.length > 0) {
  process.stderr.write(usage);
  process.exit(file === '--help' ? 0 : 2);
}
const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
if ('errors' in settings) {
  process.stderr.write(`These settings cannot be used:\n  ${settings.errors.join('\n  ')}\n`);
  process.exit(2);
}
try {
  const bytes = await backup(settings, file);
  process.stdout.write(`${file}: ${(bytes / 1_048_576).toFixed(1)} MB, looked through.\n`);
} catch (error) {
  process.stderr.write(`There is no backup. ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}

/** How large the copy is, in bytes. */
async function backup(settings: Settings, file: string): Promise<number> {
  const path = databasePath(settings);
  if (existsSync(file)) throw new NoBackup(`${file} exists already: name another file.`);
  if (!existsSync(path))
    throw new NoBackup(`There is no database ${path}. SWITCHHOOK_DATABASE_URL names the database.`);
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    if (isLocked(path)) await download(settings, part);
    else await copy(path, part);
    verifySqlite(part);
    renameSync(part, file);
    return statSync(file).size;
  } finally {
    rmSync(part, { force: true });
  }
}

async function copy(path: string, part: string): Promise<void> {
  const store = openSqlite(path);
  try {
    await store.backup(part);
  } finally {
    await store.close();
  }
}

async function download({ httpListen: { host, port }, apiKey }: Settings, part: string): Promise<void> {
  if (apiKey === null) {
    throw new NoBackup('The server is running: put a key of it with the scope admin in SWITCHHOOK_API_KEY.');
  }
  const url = `http://${reachable(host)}:${port}/v2/backup`;
  const headers = { authorization: `Bearer ${apiKey}` };
  const answer = await fetch(url, { headers }).catch((error: Error) => {
    throw new NoBackup(`The database is in use, and nobody answers at ${url}: ${error.cause ?? error}.`);
  });
  if (!answer.ok || !answer.body) throw new NoBackup(`${url} answered ${answer.status}: ${await reason(answer)}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }));
}

/** A server that listens on every address is asked on this machine. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function reason(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => ({}))) as { errors?: readonly { detail?: string }[] };
  return body.errors?.[0]?.detail ?? answer.statusText;
}
