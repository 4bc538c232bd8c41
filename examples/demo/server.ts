// A whole Switchhook of its own: embedded defaults, free ports on loopback, a database in a folder that is gone afterwards.
// The demo runs on it, and so do the tests of the examples and of the documentation.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, type Settings } from '../../src/config.ts';
import { realLog } from '../../src/log.ts';
import { realParts } from '../../src/parts.ts';
import { start } from '../../src/server.ts';
import type { Trace } from '../../src/sip/endpoint.ts';
import type { Clock, System } from '../../src/system.ts';
import type { Post } from '../../src/webhook/post.ts';

export interface LocalServer {
  readonly system: System;
  /** What the official client is made of. */
  readonly client: { readonly baseURL: string; readonly apiKey: string; readonly publicKey: string };
  /** `http://127.0.0.1:40523` */
  readonly httpAddress: string;
  readonly sipPort: number;
  /** Where the default application's webhooks go. */
  readonly webhookAddress: string;
  /** Who takes the webhooks, from now on. */
  serve(application: RequestListener): void;
  close(): Promise<void>;
}

interface Options {
  /** Settings over the embedded defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** May watch the webhooks that leave. */
  readonly around?: (post: Post) => Post;
  readonly trace?: Trace;
  /** In place of the machine's. */
  readonly clock?: Clock;
}

export async function localServer(options: Options = {}): Promise<LocalServer> {
  const { environment = {}, around = (post) => post, trace, clock } = options;
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-'));
  const forget = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', forget);
  const door = createServer().listen(0, '127.0.0.1');
  await once(door, 'listening');
  const webhookAddress = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  const apiKey = randomBytes(16).toString('hex');
  const settings = settingsOf({
    SWITCHHOOK_DATABASE_URL: `sqlite:${join(folder, 'switchhook.db')}`,
    SWITCHHOOK_API_KEY: apiKey,
    SWITCHHOOK_WEBHOOK_URL: webhookAddress,
    ...environment,
  });
  const parts = await realParts(settings, realLog(settings.logLevel), clock);
  const server = await start({ ...parts, post: around(parts.post), ...(trace && { trace }) });
  return {
    system: parts.system,
    client: { baseURL: `${server.httpAddress}/v2`, apiKey, publicKey: server.publicKey },
    httpAddress: server.httpAddress,
    sipPort: Number(server.sipAddresses[0]?.split(':').at(-1)),
    webhookAddress,
    serve: (application) => void door.removeAllListeners('request').on('request', application),
    close: async () => {
      await server.stop();
      await parts.close();
      door.close();
      door.closeAllConnections();
      process.off('exit', forget);
      forget();
    },
  };
}

function settingsOf(environment: Readonly<Record<string, string>>): Settings {
  const onLoopback = {
    SWITCHHOOK_HTTP_LISTEN: '127.0.0.1:0',
    SWITCHHOOK_SIP_LISTEN: 'udp:127.0.0.1:0,tcp:127.0.0.1:0',
    SWITCHHOOK_LOG_LEVEL: 'error',
  };
  const settings = readSettings({ ...onLoopback, ...environment }, (path) => readFileSync(path, 'utf8'));
  if ('errors' in settings) throw new Error(settings.errors.join(' '));
  return settings;
}
