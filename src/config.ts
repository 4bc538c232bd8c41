// Every setting: its name, its default, its meaning and its check. The environment and the YAML file named by
// SWITCHHOOK_CONFIG become one Settings value, or the list of everything that is wrong with them.
// Leaves out what a check does (config/checks.ts) and how the two sources are read (config/sources.ts, config/file.ts).
import type { LadderBounds } from './call/ladders.ts';
import type { LifetimePolicy } from './call/lifetime.ts';
import {
  type Application,
  comparable,
  dtmfTypes,
  headerPlacements,
  type Inbound,
  numberPattern,
  type ReferSettings,
  refersBeforeAnswer,
  refersByeWithoutFinal,
  refersInbound,
  refersWithoutAllow,
  subdomainCallers,
  subdomainPattern,
  webhookTimeoutByDefaultMs,
} from './call/routing.ts';
import type { TargetRules } from './call/targets.ts';
import { type Access, accessFrom } from './config/access.ts';
import * as check from './config/checks.ts';
import {
  defaultsOf,
  type Environment,
  fromEnvironment,
  fromFile,
  openSettingsFile,
  orNull,
  secret,
  setting,
  type Values,
} from './config/sources.ts';
import { algorithms } from './sip/message/digest.ts';
import type { CertificateFiles, CertificatesOptions } from './sip/transport/certificates.ts';
import { secure } from './sip/transport/transport.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface Settings {
  readonly httpListen: check.HostPort;
  readonly sipListen: readonly check.SipListener[];
  /** Null: what is bound is what is said. */
  readonly sipPublicAddress: string | null;
  readonly tls: Pick<CertificatesOptions, 'own' | 'authorities' | 'clients'>;
  /** Each an address, with a port where it is not 53. None: those of the machine. */
  readonly dnsServers: readonly string[];
  readonly metricsAccess: 'local' | 'key' | 'open';
  readonly maxCalls: number;
  /** Of one key; 0: as many as it likes. */
  readonly apiRequestsPerSecond: number;
  /** Null: one is made at the first start. */
  readonly apiKey: string | null;
  /** `sqlite:PATH`. */
  readonly databaseUrl: string;
  readonly durability: 'process' | 'power';
  /** What becomes of live calls when the process is told to stop, and how long it waits for what is under way. */
  readonly drain: 'keep' | 'hangup';
  readonly drainMs: number;
  readonly media: 'quiet' | 'none';
  readonly rtpPorts: check.PortRange;
  readonly sessionTimers: LifetimePolicy;
  readonly followsRedirects: boolean;
  /** Whom applications may call and refer to. */
  readonly targets: TargetRules;
  /** 0: an event is given up after its first round of attempts. */
  readonly webhookMaxAgeMs: number;
  /** Addresses, ranges and host names inside that webhooks may go to. */
  readonly webhookAllow: readonly string[];
  /** How long the store keeps calls that have ended. */
  readonly historyMs: number;
  /** How large the database may be before the oldest of them go earlier; null: as large as it gets. */
  readonly databaseMaxBytes: number | null;
  /** What is kept of what each call said; null: nothing. */
  readonly ladder: LadderBounds | null;
  readonly logLevel: LogLevel;
  /** The first one is the default application: it takes the inbound calls. */
  readonly applications: readonly [Application, ...Application[]];
  /** Absent: whoever reaches us comes in, as often as he likes. */
  readonly access?: Access;
}

const oneHour = 3_600_000;
const oneYear = 31_536_000_000;
const duration = check.wholeNumber(1, oneHour);
const grace = check.wholeNumber(0, oneHour);

/** The settings, named as in the YAML file; in the environment they are in capitals, with SWITCHHOOK_ in front. */
export const table = {
  httpListen: setting(
    'http_listen',
    '127.0.0.1:8080',
    'Where the HTTP API listens: `host:port`. Port 0 takes a free port, printed at start.',
    check.hostPort,
  ),
  sipListen: setting(
    'sip_listen',
    'udp:127.0.0.1:5060,tcp:127.0.0.1:5060',
    'Where SIP listens: `transport:address:port`, with commas between. Transports: `udp`, `tcp`, `tls`, `ws`, `wss`. Port 0 takes a free port, printed at start. With `;nat=off` after it, a peer whose Contact is a private address while its packets come from another one is called at its Contact; otherwise where its packets come from.',
    check.sipListen,
  ),
  sipPublicAddress: setting(
    'sip_public_address',
    '',
    'The host or address, without port, that Via, Contact and SDP give to peers: needed behind NAT. Unset: the address listened on; for `0.0.0.0` and `::` the first outward address of the machine.',
    orNull(check.publicAddress),
  ),
  tlsCertificate: setting(
    'tls_certificate',
    '',
    'The file with the certificate that `tls` and `wss` show, in PEM, with those it was signed by after it. Several, with commas between: the one for the name a client asks for is shown, else the first. Files that change are read again, at once after SIGHUP.',
    orNull(check.paths),
  ),
  tlsKey: setting(
    'tls_key',
    '',
    'The file with the key of that certificate, in PEM and without a password. Several: in the order of the certificates.',
    orNull(check.paths),
  ),
  tlsCa: setting(
    'tls_ca',
    '',
    'A file with certificates of authorities, in PEM: those that clients are judged by, and servers beside the well-known ones.',
    orNull(check.path),
  ),
  tlsClients: setting(
    'tls_clients',
    'required',
    'With `tls_ca`, what is asked of a client that connects: a certificate (`required`), one if it has one (`asked`), or `none`.',
    check.oneOf(['required', 'asked', 'none']),
  ),
  dnsServers: setting(
    'dns_servers',
    '',
    'The DNS servers that host names of SIP are asked of: addresses, each with a port where it is not 53 (`192.0.2.53`, `[::1]:5353`), with commas between. Unset: those of the machine, and its hosts file.',
    orNull(check.dnsServers),
  ),
  sipRealm: setting(
    'sip_realm',
    'switchhook',
    'The realm that phones and trunks are asked for their password by.',
    check.matching(/^[\x20-\x7e]{1,128}$/, 'It must be 1 to 128 visible ASCII characters'),
  ),
  sipDigestAlgorithms: setting(
    'sip_digest_algorithms',
    'SHA-256,MD5',
    'The algorithms phones and trunks may prove their password by, in the order they are offered: `SHA-512-256` may go before the others where no phone gives up at it, as linphone and baresip do. Whoever is asked and comes again without an answer is offered the last one alone. For peers that look at the first offer only, such as SIPp: `MD5`.',
    check.someOf(algorithms),
  ),
  sipRequestsPerSecond: setting(
    'sip_requests_per_second',
    '200',
    'How many requests a second one address may send, in bursts of twice as many; what is more is dropped. Trunks by address and peers on loopback may send as many as they like. 0: everybody may.',
    check.wholeNumber(0, 1_000_000),
  ),
  sipRegisterMinSecs: setting(
    'sip_register_min_secs',
    '60',
    'The shortest time a phone may register for, in seconds.',
    check.wholeNumber(1, 86_400),
  ),
  sipRegisterMaxSecs: setting(
    'sip_register_max_secs',
    '3600',
    'The longest time a phone may register for, in seconds.',
    check.wholeNumber(1, 86_400),
  ),
  sipKeepAliveSecs: setting(
    'sip_keep_alive_secs',
    '25',
    'How often, in seconds, two line ends are sent over UDP to phones behind a NAT and to where trunks are registered with, so that the NAT or firewall between stays open. 0: never.',
    check.wholeNumber(0, 3600),
  ),
  sessionTimers: setting(
    'session_timers',
    'always',
    'Whether a call whose peer has vanished is found out by session timers (RFC 4028): of every call (`always`), or only where the peer asks for them (`asked`).',
    check.oneOf(['always', 'asked']),
  ),
  sessionExpiresSecs: setting(
    'session_expires_secs',
    '1800',
    'How long a session lives without a refresh, in seconds: at half of that it is refreshed.',
    check.wholeNumber(90, 86_400),
  ),
  sessionMinSecs: setting(
    'session_min_secs',
    '90',
    'The shortest such time that a peer may ask for, in seconds: a shorter one is refused with 422.',
    check.wholeNumber(90, 86_400),
  ),
  dialRedirects: setting(
    'dial_redirects',
    'off',
    'Whether a call out that is answered with a redirect (3xx) is made again to where that points: `on` or `off`.',
    check.oneOf(['on', 'off']),
  ),
  targetAllow: setting(
    'target_allow',
    '',
    'Whom calls may be made and referred to, a list or with commas between: the beginnings of numbers (`+44`; `+` alone is every number), hosts with those below them (`example.com`), addresses and ranges (`192.0.2.0/24`), or `*`, every host. If it names numbers, no other number is called, and so with hosts, but for what a longer entry of `target_deny` leaves out. Unset: everybody.',
    orNull(check.targets),
  ),
  targetDeny: setting(
    'target_deny',
    '',
    'Whom calls may not be made and referred to, in the same words. The longest entry that fits counts; of two as long the one that denies. A target that is denied is refused with 403.',
    orNull(check.targets),
  ),
  metricsAccess: setting(
    'metrics_access',
    'local',
    'Who may read `GET /metrics`. `key`: who sends an API key. `open`: everybody who reaches the HTTP API. `local`: everybody while it listens on loopback, else as `key`; with a proxy on this machine in front, `key` is safer.',
    check.oneOf(['local', 'key', 'open']),
  ),
  maxCalls: setting(
    'max_calls',
    '20000',
    'How many calls there may be at once. What is more is turned away, as it is while the process is busier than it can bear: an INVITE with 503 and `Retry-After`, a dial with 429. Calls that are live go on.',
    check.wholeNumber(1, 10_000_000),
  ),
  apiRequestsPerSecond: setting(
    'api_requests_per_second',
    '0',
    'How many API requests a second one key may make, in bursts of twice as many; what is more is refused with 429. 0: as many as it likes.',
    check.wholeNumber(0, 1_000_000),
  ),
  apiKey: secret(
    'api_key',
    '',
    'The key that API clients send as `Authorization: Bearer KEY`. It may ask for everything, and is in force beside those that `POST /v2/api_keys` has made. Unset: one is made at the first start and printed once.',
    orNull(check.apiKey),
  ),
  webhookUrl: secret(
    'webhook_url',
    '',
    'Where events of the default application are sent: an http or https URL. Unset: they are not sent.',
    orNull(check.webUrl),
  ),
  webhookFailoverUrl: secret(
    'webhook_failover_url',
    '',
    'Where those events are sent after all attempts at the first URL have failed.',
    orNull(check.webUrl),
  ),
  databaseUrl: secret(
    'database_url',
    'sqlite:./data/switchhook.db',
    'What calls and events are remembered in: `sqlite:PATH`. The file is made if there is none, and the folder it is in.',
    check.databaseUrl,
  ),
  durability: setting(
    'durability',
    'process',
    'What a commit outlives. `process`: the death of the process; a loss of power may take the last moments. `power`: the loss of power too, for which every commit waits for the disk.',
    check.oneOf(['process', 'power']),
  ),
  drain: setting(
    'drain',
    'keep',
    'What becomes of live calls when the process is told to stop. `keep`: they go on at the next start, and registrations with trunks stay. `hangup`: they are hung up, and the trunks are told goodbye.',
    check.oneOf(['keep', 'hangup']),
  ),
  drainSecs: setting(
    'drain_secs',
    '5',
    'How long a stop waits, in seconds, for webhooks that are due and for calls that are hung up. Three seconds later the process ends in any case.',
    check.wholeNumber(0, 3600),
  ),
  media: setting(
    'media',
    'quiet',
    'The sound of answered calls. `quiet`: a real RTP port that takes what comes and keeps the path alive. `none`: no RTP port, and SDP says `a=inactive`.',
    check.oneOf(['quiet', 'none']),
  ),
  rtpPorts: setting(
    'rtp_ports',
    '20000-29999',
    'The UDP ports that calls take for RTP: `from-to`, both included.',
    check.portRange,
  ),
  webhookAllow: setting(
    'webhook_allow',
    '',
    'Where webhooks may go although it is not the public internet: addresses, ranges and host names, with commas between, such as `10.0.0.0/8, app.internal`. Private, loopback, link-local and other such addresses are refused else; only while the HTTP API listens on loopback is loopback allowed unasked.',
    check.reachable,
  ),
  webhookMaxAgeMs: setting(
    'webhook_max_age_ms',
    '86400000',
    'How long an event that nobody takes is tried again, in milliseconds. 0: only its first round of attempts.',
    check.wholeNumber(0, oneYear),
  ),
  historySecs: setting(
    'history_secs',
    '600',
    'How long a call that has ended is kept, with its commands, events and webhook deliveries, in seconds: at least ten minutes.',
    check.wholeNumber(600, oneYear / 1000),
  ),
  databaseMaxMb: setting(
    'database_max_mb',
    '0',
    'How large the database may be, in megabytes: above that, calls that have ended are forgotten before `history_secs` is over, the oldest first. Live calls, events that are due and the last ten minutes stay in any case. 0: as large as it gets.',
    check.wholeNumber(0, 10_000_000),
  ),
  referFirstNotifyTimeoutMs: setting(
    'refer_first_notify_timeout_ms',
    '32000',
    'How long a refer that was accepted waits for its first NOTIFY, in milliseconds, before it fails.',
    duration,
  ),
  referTimeoutMs: setting(
    'refer_timeout_ms',
    '120000',
    'How long a whole refer may take, in milliseconds, before it fails.',
    duration,
  ),
  referByeGraceMs: setting(
    'refer_bye_grace_ms',
    '1000',
    "How long a call that was referred waits for its peer's BYE, in milliseconds, before it is hung up.",
    grace,
  ),
  referHeaderPlacement: setting(
    'refer_header_placement',
    'both',
    'Where the custom headers of a refer go: onto the REFER (`refer`), into its Refer-To URI (`refer-to`), or `both`.',
    check.oneOf(headerPlacements),
  ),
  referBeforeAnswer: setting(
    'refer_before_answer',
    'early',
    'What a refer of a ringing inbound call does: REFER in the early dialog (`early`), a 302 (`redirect`), or an error (`refuse`).',
    check.oneOf(refersBeforeAnswer),
  ),
  referByeWithoutFinal: setting(
    'refer_bye_without_final',
    'failed',
    'What a refer has come to when the peer accepted it, hung up, and never said how it went: `failed` (487) or `completed`.',
    check.oneOf(refersByeWithoutFinal),
  ),
  referInbound: setting(
    'refer_inbound',
    'reject',
    'What becomes of a REFER that a peer sends: the application is told and decides (`ask`), it is refused with 603 (`reject`), or it is followed (`follow`).',
    check.oneOf(refersInbound),
  ),
  referWithoutAllow: setting(
    'refer_without_allow',
    'send',
    "What a refer does when the peer's Allow leaves REFER out, which is often wrong: try all the same (`send`), or `fail` with 405 at once.",
    check.oneOf(refersWithoutAllow),
  ),
  holdOnRefer: setting(
    'hold_on_refer',
    'false',
    'Whether a call is put on hold before it is referred, and is heard again when the refer has failed.',
    check.truth,
  ),
  ladderMessages: setting(
    'ladder_messages',
    '64',
    'How many SIP messages, webhooks and commands of each call are kept in memory for `GET /v2/calls/{call_control_id}/ladder`, until ten minutes after it. 0: none are.',
    check.wholeNumber(0, 10_000),
  ),
  ladderMegabytes: setting(
    'ladder_megabytes',
    '32',
    'How much memory those of all calls may take, in megabytes; then calls that have ended give up theirs first.',
    check.wholeNumber(1, 65_536),
  ),
  logLevel: setting('log_level', 'info', 'The least severe log line that is written.', check.oneOf(logLevels)),
} as const;

/** The settings of one entry of `applications` in the YAML file. What is unset here is as the settings above say. */
export const applicationTable = {
  id: setting(
    'id',
    '1000000000000000001',
    'What the API calls `connection_id`: 19 digits. Needed from the second application on.',
    check.matching(/^[1-9]\d{18}$/, 'It must be 19 digits and not begin with 0'),
  ),
  name: setting('application_name', 'default', 'For people.', check.matching(/\S/, 'It must not be blank')),
  webhookUrl: secret('webhook_event_url', '', 'Where its events are sent: an http or https URL.', orNull(check.webUrl)),
  webhookFailoverUrl: secret(
    'webhook_event_failover_url',
    '',
    'Where its events are sent after all attempts at the first URL have failed.',
    orNull(check.webUrl),
  ),
  webhookTimeoutSecs: setting(
    'webhook_timeout_secs',
    '0',
    'How long an attempt waits for an answer: 0 to 30 seconds; 0 means 2.',
    check.wholeNumber(0, 30),
  ),
  webhookRetries: setting(
    'webhook_retries_policies',
    '',
    'The waits between the attempts to deliver events of a type, in milliseconds, in the place of the usual schedule: `call.hangup 1000 2000 5000`, a list or with commas between.',
    check.retriesPolicies,
  ),
  active: setting('active', 'true', 'Whether it takes calls; `false`: what is for it gets 480.', check.truth),
  sipSubdomain: setting(
    'sip_subdomain',
    '',
    'Calls to any user at a host whose first label is this are for it: `sales` has those to `sip:anybody@sales.sip.example.com`.',
    orNull(check.matching(subdomainPattern, 'It must be one label of a host name: letters, digits and hyphens')),
  ),
  sipSubdomainFrom: setting(
    'sip_subdomain_receive_settings',
    'from_anyone',
    'Who may call that subdomain: whoever is let in (`from_anyone`), or trunks and phones only (`only_my_connections`); others get 403.',
    check.oneOf(subdomainCallers),
  ),
  numbers: setting(
    'numbers',
    '',
    'The numbers and users that are for it, as they stand in the Request-URI, a list or with commas between; `*` at the end stands for any more digits. The longest entry of all applications wins.',
    check.listOf(numberPattern, 'It must be numbers or users of at most 64 characters, with commas between'),
  ),
  dtmfType: setting(
    'dtmf_type',
    'RFC 2833',
    'How `send_dtmf` sends digits: with `SIP INFO` by INFO; the others need a media engine, and it is refused.',
    check.oneOf(dtmfTypes),
  ),
  firstCommandTimeoutSecs: setting(
    'first_command_timeout_secs',
    '',
    'An inbound call that gets no command within so many seconds is ended with 480. Unset: it rings on.',
    orNull(check.wholeNumber(1, 3600)),
  ),
  channelLimit: setting(
    'inbound_channel_limit',
    '',
    'How many inbound calls it may have at once; what is more gets 486. Unset: any.',
    orNull(check.wholeNumber(1, 1_000_000)),
  ),
  outboundChannelLimit: setting(
    'outbound_channel_limit',
    '',
    'How many outbound calls it may have at once; a `dial` or `transfer` beyond it is refused. Unset: any.',
    orNull(check.wholeNumber(1, 1_000_000)),
  ),
  dialsPerSecond: setting(
    'outbound_dials_per_second',
    '',
    'How many calls it may begin a second, in bursts of twice as many; a `dial` or `transfer` beyond it is refused with 429. Unset: any.',
    orNull(check.wholeNumber(1, 1_000_000)),
  ),
  targetAllow: setting(
    'target_allow',
    '',
    'Whom its calls may be made and referred to, of those that the settings above allow, in the same words. Unset: all of them.',
    orNull(check.targets),
  ),
  targetDeny: setting('target_deny', '', 'Whom they may not.', orNull(check.targets)),
  referFirstNotifyTimeoutMs: table.referFirstNotifyTimeoutMs,
  referTimeoutMs: table.referTimeoutMs,
  referByeGraceMs: table.referByeGraceMs,
  referHeaderPlacement: table.referHeaderPlacement,
  referBeforeAnswer: table.referBeforeAnswer,
  referByeWithoutFinal: table.referByeWithoutFinal,
  referWithoutAllow: table.referWithoutAllow,
  holdOnRefer: table.holdOnRefer,
  referInbound: table.referInbound,
} as const;

const defaults = defaultsOf(table);
type Global = Values<typeof table>;
type OfApplication = Values<typeof applicationTable>;

/**
 * Reads every setting. The environment wins over the file; a variable that is empty counts as unset.
 * `readFile` throws what `fs.readFileSync` throws.
 */
export function readSettings(env: Environment, readFile: (path: string) => string): Settings | { errors: string[] } {
  const errors: string[] = [];
  const { path, settings, applications, trunks, phones } = openSettingsFile(env, readFile, errors);
  const environment = fromEnvironment(table, env, errors);
  const file = fromFile(table, settings, path, errors);
  const entries = applications.map((entry) => fromFile(applicationTable, entry.settings, path, errors));
  const all = { ...defaults, ...file, ...environment };
  const first = firstApplication(entries[0] ?? {}, { environment, file, all });
  const others = entries.slice(1).map((entry) => applicationOf({ id: '', name: '', ...entry }, all));
  errors.push(
    ...whatEntriesLack(
      [first, ...others],
      applications.map(({ line }) => `${path} line ${line}`),
    ),
  );
  const tls = tlsFrom(all, errors);
  const access = accessFrom({ all, trunks, phones, path }, errors);
  const sessionTimers = sessionTimersFrom(all, errors);
  if (errors.length > 0) return { errors };
  const { httpListen, sipListen, sipPublicAddress, apiKey, databaseUrl, media, rtpPorts, webhookMaxAgeMs, logLevel } =
    all;
  return {
    ...{ httpListen, sipListen, sipPublicAddress, apiKey, databaseUrl, media, rtpPorts, webhookMaxAgeMs, logLevel },
    durability: all.durability,
    drain: all.drain,
    drainMs: all.drainSecs * 1000,
    maxCalls: all.maxCalls,
    apiRequestsPerSecond: all.apiRequestsPerSecond,
    webhookAllow: all.webhookAllow,
    historyMs: all.historySecs * 1000,
    databaseMaxBytes: all.databaseMaxMb === 0 ? null : all.databaseMaxMb * 1_048_576,
    tls,
    sessionTimers,
    ladder: ladderFrom(all),
    followsRedirects: all.dialRedirects === 'on',
    targets: { allow: all.targetAllow ?? [], deny: all.targetDeny ?? [] },
    dnsServers: all.dnsServers ?? [],
    metricsAccess: all.metricsAccess,
    applications: [first, ...others],
    access,
  };
}

function ladderFrom({ ladderMessages, ladderMegabytes }: Required<Global>): LadderBounds | null {
  return ladderMessages === 0 ? null : { messages: ladderMessages, bytes: ladderMegabytes * 1_048_576 };
}

function sessionTimersFrom(
  { sessionTimers, sessionExpiresSecs, sessionMinSecs }: Required<Global>,
  errors: string[],
): LifetimePolicy {
  if (sessionMinSecs > sessionExpiresSecs) {
    errors.push('SWITCHHOOK_SESSION_MIN_SECS must not be more than SWITCHHOOK_SESSION_EXPIRES_SECS.');
  }
  const wish = { intervalS: sessionExpiresSecs, minSeS: sessionMinSecs, refresher: 'us' } as const;
  return { wish, unasked: sessionTimers === 'always' };
}

/** The files of TLS, by pairs. What cannot be seen in one setting: a listener without a certificate, and one without a key. */
function tlsFrom({ sipListen, tlsCertificate, tlsKey, tlsCa, tlsClients }: Required<Global>, errors: string[]) {
  const certificates = tlsCertificate ?? [];
  const keys = tlsKey ?? [];
  const listener = sipListen.find(({ transport }) => secure[transport]);
  if (certificates.length !== keys.length) {
    errors.push(
      'SWITCHHOOK_TLS_CERTIFICATE and SWITCHHOOK_TLS_KEY must name as many files as each other: a key for each certificate.',
    );
  } else if (listener && certificates.length === 0) {
    errors.push(
      `SWITCHHOOK_SIP_LISTEN: ${listener.transport} needs SWITCHHOOK_TLS_CERTIFICATE and SWITCHHOOK_TLS_KEY.`,
    );
  }
  const own = certificates.map((certificate, at): CertificateFiles => ({ certificate, key: keys[at] ?? '' }));
  return { own, authorities: tlsCa, clients: tlsClients };
}

function applicationOf(
  entry: OfApplication & { readonly id: string; readonly name: string },
  all: Required<Global>,
): Application {
  return {
    id: entry.id,
    name: entry.name,
    webhookUrl: entry.webhookUrl ?? null,
    webhookFailoverUrl: entry.webhookFailoverUrl ?? null,
    webhookTimeoutMs: (entry.webhookTimeoutSecs ?? 0) * 1000 || webhookTimeoutByDefaultMs,
    webhookRetries: entry.webhookRetries ?? {},
    active: entry.active ?? true,
    dtmfType: entry.dtmfType ?? 'RFC 2833',
    firstCommandTimeoutMs: entry.firstCommandTimeoutSecs == null ? null : entry.firstCommandTimeoutSecs * 1000,
    inbound: {
      sipSubdomain: entry.sipSubdomain ?? null,
      sipSubdomainFrom: entry.sipSubdomainFrom ?? 'from_anyone',
      numbers: entry.numbers ?? [],
      channelLimit: entry.channelLimit ?? null,
    },
    outboundChannelLimit: entry.outboundChannelLimit ?? null,
    dialsPerSecond: entry.dialsPerSecond ?? null,
    targets: { allow: entry.targetAllow ?? [], deny: entry.targetDeny ?? [] },
    refer: referSettings({ ...all, ...entry }),
  };
}

function referSettings(values: Required<Global>): ReferSettings {
  return {
    firstNotifyTimeoutMs: values.referFirstNotifyTimeoutMs,
    timeoutMs: values.referTimeoutMs,
    byeGraceMs: values.referByeGraceMs,
    headerPlacement: values.referHeaderPlacement,
    beforeAnswer: values.referBeforeAnswer,
    byeWithoutFinal: values.referByeWithoutFinal,
    withoutAllow: values.referWithoutAllow,
    holds: values.holdOnRefer,
    inbound: values.referInbound,
  };
}

/**
 * The default application. SWITCHHOOK_WEBHOOK_URL is a setting of this very application, so it wins over the file's
 * entry, which wins over `webhook_url` in the same file.
 */
function firstApplication(
  entry: OfApplication,
  { environment, file, all }: { environment: Global; file: Global; all: Required<Global> },
): Application {
  const urls = { ...urlsOf(file), ...urlsOf(entry), ...urlsOf(environment) };
  return applicationOf(
    { id: applicationTable.id.default, name: applicationTable.name.default, ...entry, ...urls },
    all,
  );
}

function urlsOf({ webhookUrl, webhookFailoverUrl }: OfApplication | Global): OfApplication {
  return { ...(webhookUrl && { webhookUrl }), ...(webhookFailoverUrl && { webhookFailoverUrl }) };
}

/** What cannot be seen in one setting: entries without their id or name, and what two have that only one may have. */
function whatEntriesLack(applications: readonly Application[], where: readonly string[]): string[] {
  return applications.flatMap(({ id, name, webhookUrl, webhookFailoverUrl, inbound }, at) => [
    ...whatIsMappedBefore(inbound, applications.slice(0, at)).map((what) => `${where[at]}: ${what}`),
    ...(id === '' ? [`${where[at]}: every application but the first needs an id of 19 digits.`] : []),
    ...(name === '' ? [`${where[at]}: every application but the first needs an application_name.`] : []),
    ...(id !== '' && applications.findIndex((other) => other.id === id) < at
      ? [`${where[at]}: an earlier application has the id ${id} as well.`]
      : []),
    ...(webhookUrl === null && webhookFailoverUrl !== null
      ? [`The application ${name} has a failover URL for its webhooks and no URL: nothing would be sent. Set both.`]
      : []),
  ]);
}

function whatIsMappedBefore({ sipSubdomain, numbers }: Inbound, earlier: readonly Application[]): string[] {
  const has = (of: (inbound: Inbound) => boolean) => earlier.find(({ inbound }) => of(inbound));
  const subdomain = has((inbound) => inbound.sipSubdomain?.toLowerCase() === sipSubdomain?.toLowerCase());
  return [
    ...(sipSubdomain !== null && subdomain ? [`${subdomain.name} has the sip_subdomain ${sipSubdomain} as well.`] : []),
    ...numbers.flatMap((number) => {
      const other = has((inbound) => inbound.numbers.some((one) => comparable(one) === comparable(number)));
      return other ? [`${other.name} has the number ${number} as well.`] : [];
    }),
  ];
}
