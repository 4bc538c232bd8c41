// The settings of a server under test: the defaults where they matter to a call, and what a test sets otherwise.
import type { ReferSettings } from '../../src/call/routing.ts';
import { noRules } from '../../src/call/targets.ts';
import type { Settings } from '../../src/config.ts';
import type { LocalAddress } from '../../src/sip/transport/transport.ts';
import { application, referSettings } from './application.ts';

const webhookUrl = 'https://app.example/webhooks';

export interface SettingsOptions {
  readonly settings?: Partial<Settings>;
  /** How refers behave in the only application. */
  readonly refer?: Partial<ReferSettings>;
  readonly webhookFailoverUrl?: string;
}

export function settingsFor(sipListen: readonly LocalAddress[], options: SettingsOptions = {}): Settings {
  return {
    httpListen: { host: '127.0.0.1', port: 0 },
    sipListen,
    sipPublicAddress: null,
    tls: { own: [], authorities: null, clients: 'required' },
    dnsServers: [],
    metricsAccess: 'local',
    maxCalls: 20_000,
    apiRequestsPerSecond: 0,
    apiKey: null,
    databaseUrl: 'sqlite::memory:',
    durability: 'process',
    drain: 'keep',
    drainMs: 5_000,
    media: 'quiet',
    rtpPorts: { from: 40_000, to: 40_998 },
    followsRedirects: false,
    targets: noRules,
    sessionTimers: { wish: { intervalS: 1_800, minSeS: 90, refresher: 'us' }, unasked: true },
    webhookMaxAgeMs: 86_400_000,
    webhookAllow: [],
    ladder: { messages: 64, bytes: 1_048_576 },
    logLevel: 'info',
    historyMs: 600_000,
    databaseMaxBytes: null,
    applications: [
      application({
        webhookUrl,
        webhookFailoverUrl: options.webhookFailoverUrl ?? null,
        refer: { ...referSettings, ...options.refer },
      }),
    ],
    ...options.settings,
  };
}
