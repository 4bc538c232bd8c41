// An application as the settings would have it, for tests that need one.
import { type Application, type ReferSettings, unmapped } from '../../src/call/routing.ts';
import { noRules } from '../../src/call/targets.ts';

export const referSettings: ReferSettings = {
  firstNotifyTimeoutMs: 32_000,
  timeoutMs: 120_000,
  byeGraceMs: 1_000,
  headerPlacement: 'both',
  beforeAnswer: 'early',
  byeWithoutFinal: 'failed',
  withoutAllow: 'send',
  holds: false,
  inbound: 'reject',
};

export function application(more: Partial<Application> = {}): Application {
  return {
    id: '1000000000000000001',
    name: 'default',
    webhookUrl: 'https://app.example/webhooks',
    webhookFailoverUrl: null,
    webhookTimeoutMs: 2_000,
    webhookRetries: {},
    active: true,
    dtmfType: 'RFC 2833',
    firstCommandTimeoutMs: null,
    inbound: unmapped,
    outboundChannelLimit: null,
    dialsPerSecond: null,
    targets: noRules,
    refer: referSettings,
    ...more,
  };
}
