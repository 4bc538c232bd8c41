// One application in the words of the API: every field it has, what a request may change, and what the calls make of it.
// Leaves out which applications there are (applications.ts) and how a call finds its own (routing.ts).
import {
  type Application,
  type DtmfType,
  type ReferSettings,
  type SubdomainCaller,
  unmapped,
  webhookTimeoutByDefaultMs,
} from './routing.ts';
import { noRules } from './targets.ts';
import type { RetriesPolicies } from './webhooks.ts';

export const anchorsites = [
  'Latency',
  'Chicago, IL',
  'Ashburn, VA',
  'San Jose, CA',
  'London, UK',
  'Chennai, IN',
  'Amsterdam, Netherlands',
  'Toronto, Canada',
  'Sydney, Australia',
] as const;

/** Everything that can be said of an application, as the API names its fields. Those of the refers are additive. */
export interface ApplicationBody {
  application_name: string;
  webhook_event_url: string | null;
  webhook_event_failover_url: string | null;
  webhook_api_version: '2';
  webhook_timeout_secs: number | null;
  /** Additive. */
  webhook_retries_policies: RetriesPolicies;
  active: boolean;
  anchorsite_override: (typeof anchorsites)[number];
  dtmf_type: DtmfType;
  first_command_timeout: boolean;
  first_command_timeout_secs: number;
  call_cost_in_webhooks: boolean;
  redact_dtmf_debug_logging: boolean;
  inbound: {
    channel_limit: number | null;
    shaken_stir_enabled: boolean;
    sip_subdomain: string | null;
    sip_subdomain_receive_settings: SubdomainCaller;
    /** Additive. */
    numbers: string[];
  };
  outbound: {
    channel_limit: number | null;
    outbound_voice_profile_id: string | null;
    /** Additive, like the lists. */
    dials_per_second: number | null;
    target_allow: string[];
    target_deny: string[];
  };
  tags: string[];
  refer_first_notify_timeout_ms: ReferSettings['firstNotifyTimeoutMs'];
  refer_timeout_ms: ReferSettings['timeoutMs'];
  refer_bye_grace_ms: ReferSettings['byeGraceMs'];
  refer_header_placement: ReferSettings['headerPlacement'];
  refer_before_answer: ReferSettings['beforeAnswer'];
  refer_bye_without_final: ReferSettings['byeWithoutFinal'];
  refer_without_allow: ReferSettings['withoutAllow'];
  hold_on_refer: ReferSettings['holds'];
  refer_inbound: ReferSettings['inbound'];
}

/** What a request says of an application: what it leaves out stays as it is. JSON Schema has checked it. */
export type ApplicationChanges = Partial<Omit<ApplicationBody, 'inbound' | 'outbound'>> & {
  inbound?: Partial<ApplicationBody['inbound']>;
  outbound?: Partial<ApplicationBody['outbound']>;
};

/** What the calls need of it. */
export function applicationOf(id: string, body: ApplicationBody): Application {
  const { inbound, outbound } = body;
  return {
    id,
    name: body.application_name,
    webhookUrl: body.webhook_event_url,
    webhookFailoverUrl: body.webhook_event_failover_url,
    webhookTimeoutMs: (body.webhook_timeout_secs ?? 0) * 1000 || webhookTimeoutByDefaultMs,
    webhookRetries: body.webhook_retries_policies,
    active: body.active,
    dtmfType: body.dtmf_type,
    firstCommandTimeoutMs: body.first_command_timeout ? body.first_command_timeout_secs * 1000 : null,
    inbound: {
      sipSubdomain: inbound.sip_subdomain,
      sipSubdomainFrom: inbound.sip_subdomain_receive_settings,
      numbers: inbound.numbers,
      channelLimit: inbound.channel_limit,
    },
    outboundChannelLimit: outbound.channel_limit,
    dialsPerSecond: outbound.dials_per_second,
    targets: { allow: outbound.target_allow, deny: outbound.target_deny },
    refer: {
      firstNotifyTimeoutMs: body.refer_first_notify_timeout_ms,
      timeoutMs: body.refer_timeout_ms,
      byeGraceMs: body.refer_bye_grace_ms,
      headerPlacement: body.refer_header_placement,
      beforeAnswer: body.refer_before_answer,
      byeWithoutFinal: body.refer_bye_without_final,
      withoutAllow: body.refer_without_allow,
      holds: body.hold_on_refer,
      inbound: body.refer_inbound,
    },
  };
}

const firstCommandTimeoutByDefaultMs = 30_000;

/** How the API shows it: every field that the calls do not need is at its default. */
export function bodyOf({ inbound, refer, ...application }: Application): ApplicationBody {
  return {
    application_name: application.name,
    webhook_event_url: application.webhookUrl,
    webhook_event_failover_url: application.webhookFailoverUrl,
    webhook_api_version: '2',
    webhook_timeout_secs: application.webhookTimeoutMs / 1000 || null,
    webhook_retries_policies: application.webhookRetries,
    active: application.active,
    anchorsite_override: 'Latency',
    dtmf_type: application.dtmfType,
    first_command_timeout: application.firstCommandTimeoutMs !== null,
    first_command_timeout_secs: (application.firstCommandTimeoutMs ?? firstCommandTimeoutByDefaultMs) / 1000,
    call_cost_in_webhooks: false,
    redact_dtmf_debug_logging: false,
    inbound: {
      channel_limit: inbound.channelLimit,
      shaken_stir_enabled: false,
      sip_subdomain: inbound.sipSubdomain,
      sip_subdomain_receive_settings: inbound.sipSubdomainFrom,
      numbers: [...inbound.numbers],
    },
    outbound: {
      channel_limit: application.outboundChannelLimit,
      outbound_voice_profile_id: null,
      dials_per_second: application.dialsPerSecond,
      target_allow: [...application.targets.allow],
      target_deny: [...application.targets.deny],
    },
    tags: [],
    refer_first_notify_timeout_ms: refer.firstNotifyTimeoutMs,
    refer_timeout_ms: refer.timeoutMs,
    refer_bye_grace_ms: refer.byeGraceMs,
    refer_header_placement: refer.headerPlacement,
    refer_before_answer: refer.beforeAnswer,
    refer_bye_without_final: refer.byeWithoutFinal,
    refer_without_allow: refer.withoutAllow,
    hold_on_refer: refer.holds,
    refer_inbound: refer.inbound,
  };
}

/** An application of which nothing has been said but how its refers go. */
export function blankBody(refer: ReferSettings): ApplicationBody {
  const nowhere = { webhookUrl: null, webhookFailoverUrl: null, webhookTimeoutMs: 0, webhookRetries: {} };
  return bodyOf({
    id: '',
    name: '',
    ...nowhere,
    active: true,
    dtmfType: 'RFC 2833',
    firstCommandTimeoutMs: null,
    inbound: unmapped,
    outboundChannelLimit: null,
    dialsPerSecond: null,
    targets: noRules,
    refer,
  });
}

/** The body with what was said of it. An empty URL or subdomain stands for none, as in the official API. */
export function withChanges(body: ApplicationBody, changes: ApplicationChanges): ApplicationBody {
  const all = { ...body, ...changes };
  const inbound = { ...body.inbound, ...changes.inbound };
  return {
    ...all,
    webhook_event_failover_url: all.webhook_event_failover_url || null,
    inbound: { ...inbound, sip_subdomain: inbound.sip_subdomain || null },
    outbound: { ...body.outbound, ...changes.outbound },
  };
}

/** What was said of it, and then said again. */
export function andChanges(said: ApplicationChanges, changes: ApplicationChanges): ApplicationChanges {
  return {
    ...said,
    ...changes,
    inbound: { ...said.inbound, ...changes.inbound },
    outbound: { ...said.outbound, ...changes.outbound },
  };
}
