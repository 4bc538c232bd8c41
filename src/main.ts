// The process: reads the settings, starts a server of real parts, turns signals into a stop. The only file that exits.
// Exit codes: 0 stopped when asked to, 1 cannot run, 2 wrong settings. Standard output is for people, the log (JSON
// lines on standard error) for machines.
import { readFileSync } from 'node:fs';
import { startFailure } from './cli/failure.ts';
import { welcome } from './cli/welcome.ts';
import { readSettings, type Settings } from './config.ts';
import { realLog } from './log.ts';
import { type RealParts, realParts } from './parts.ts';
import { type Server, start } from './server.ts';
import type { Log } from './system.ts';

/** What a stop may take beside the drain: with its default less than the ten seconds that Docker leaves before it kills. */
const closeWithinMs = 3_000;
/** npm passes on a Ctrl-C that the terminal has sent to all: what follows at once is the same wish, not a second one. */
const sameWishMs = 500;

const settings = readSettings(process.env, (path) => readFileSync(path, 'utf8'));
if ('errors' in settings) {
  process.stderr.write(`Switchhook cannot start with these settings:\n  ${settings.errors.join('\n  ')}\n`);
  process.exit(2);
}
const log = realLog(settings.logLevel);
process.on('uncaughtException', (error) => die(log, error));
process.on('unhandledRejection', (error) => die(log, error));
await run(settings, log);

async function run(settings: Settings, log: Log): Promise<void> {
  const stopped = firstSignal();
  let parts: RealParts;
  let server: Server;
  try {
    parts = await realParts(settings, log);
    server = await start(parts);
  } catch (error) {
    const sentence = startFailure(error, settings);
    if (sentence === null) return die(log, error);
    process.stderr.write(`Switchhook cannot start. ${sentence}\n`);
    process.exit(1);
  }
  if (parts.reload) process.on('SIGHUP', parts.reload);
  await greet(parts, server);
  const signal = await stopped;
  const stopWithinMs = settings.drainMs + closeWithinMs;
  log.info({ signal, drain: settings.drain }, 'stopping');
  setTimeout(() => {
    log.warn({ stopWithinMs }, 'stopped before everything had ended');
    process.exit(0);
  }, stopWithinMs).unref();
  await server.stop();
  await parts.close();
  log.info({}, 'stopped');
  process.exit(0);
}

async function greet(parts: RealParts, server: Server): Promise<void> {
  const { version, newKey, isFirstStart, settings } = parts;
  const { httpAddress, publicKey } = server;
  const hasWebhook = settings.applications[0].webhookUrl !== null;
  // An operator can call what we say of ourselves, not the wildcard we listen on.
  const sipAddresses = server.sipAddresses.map((each) =>
    each.replace(/:(0\.0\.0\.0|::):/, `:${settings.sipPublicAddress}:`),
  );
  process.stdout.write(welcome({ version, httpAddress, sipAddresses, publicKey, newKey, isFirstStart, hasWebhook }));
  await parts.remember();
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const on = (signal: NodeJS.Signals) => {
      if (firstAt !== null && performance.now() - firstAt > sameWishMs) process.exit(1);
      firstAt ??= performance.now();
      resolve(signal);
    };
    process.on('SIGINT', on);
    process.on('SIGTERM', on);
  });
}

/** A bug: nobody knows what state the process is in, so it ends here. Calls go on from the store at the next start. */
function die(log: Log, error: unknown): never {
  log.error({ error }, 'a bug ended the process');
  process.exit(1);
}
