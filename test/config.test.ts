import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { readSettings, type Settings } from '../src/config.ts';

type Env = Record<string, string>;

/** Reads settings from variables without their SWITCHHOOK_ and, if given, the text of a settings file. */
function read(variables: Env, file?: string): Settings | { errors: string[] } {
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`SWITCHHOOK_${name}`, value]));
  if (file === undefined) return readSettings(env, () => assert.fail('no file was named'));
  return readSettings({ ...env, SWITCHHOOK_CONFIG: 'sh.yaml' }, (path) =>
    path === 'sh.yaml' ? file : assert.fail(path),
  );
}

function good(variables: Env, file?: string): Settings {
  const settings = read(variables, file);
  if ('errors' in settings) assert.fail(settings.errors.join('\n'));
  return settings;
}

function errorsOf(variables: Env, file?: string): string[] {
  const settings = read(variables, file);
  return 'errors' in settings ? settings.errors : assert.fail('no error');
}

const refer = {
  firstNotifyTimeoutMs: 32_000,
  timeoutMs: 120_000,
  byeGraceMs: 1000,
  headerPlacement: 'both',
  beforeAnswer: 'early',
  byeWithoutFinal: 'failed',
  withoutAllow: 'send',
  holds: false,
  inbound: 'reject',
} as const;

const open = {
  active: true,
  dtmfType: 'RFC 2833',
  firstCommandTimeoutMs: null,
  webhookRetries: {},
  inbound: { sipSubdomain: null, sipSubdomainFrom: 'from_anyone', numbers: [], channelLimit: null },
  outboundChannelLimit: null,
  dialsPerSecond: null,
  targets: { allow: [], deny: [] },
} as const;

const byDefault = {
  httpListen: { host: '127.0.0.1', port: 8080 },
  sipListen: [
    { transport: 'udp', host: '127.0.0.1', port: 5060 },
    { transport: 'tcp', host: '127.0.0.1', port: 5060 },
  ],
  sipPublicAddress: null,
  tls: { own: [], authorities: null, clients: 'required' },
  dnsServers: [],
  maxCalls: 20_000,
  apiRequestsPerSecond: 0,
  apiKey: null,
  databaseUrl: 'sqlite:./data/switchhook.db',
  media: 'quiet',
  rtpPorts: { from: 20_000, to: 29_999 },
  webhookMaxAgeMs: 86_400_000,
  webhookAllow: [],
  metricsAccess: 'local',
  durability: 'process',
  drain: 'keep',
  drainMs: 5_000,
  historyMs: 600_000,
  databaseMaxBytes: null,
  logLevel: 'info',
  applications: [
    {
      id: '1000000000000000001',
      name: 'default',
      webhookUrl: null,
      webhookFailoverUrl: null,
      webhookTimeoutMs: 2000,
      ...open,
      refer,
    },
  ],
  followsRedirects: false,
  targets: { allow: [], deny: [] },
  ladder: { messages: 64, bytes: 33_554_432 },
  sessionTimers: { wish: { intervalS: 1_800, minSeS: 90, refresher: 'us' }, unasked: true },
  access: {
    realm: 'switchhook',
    algorithms: ['SHA-256', 'MD5'],
    requestsPerSecond: 200,
    registerMinSecs: 60,
    registerMaxSecs: 3600,
    keepAliveSecs: 25,
    trunks: [],
    phones: [],
  },
} as const satisfies Settings;

test('nothing set: the defaults', () => assert.deepEqual(good({}), byDefault));

test('an empty variable counts as unset', () => {
  assert.deepEqual(good({ API_KEY: '', HTTP_LISTEN: '', CONFIG: '', WEBHOOK_URL: ' ' }), byDefault);
});

test('other programs and Kubernetes may set what they like', () => {
  const env = {
    PATH: '/bin',
    SWITCHHOOKS: '1',
    SWITCHHOOK_PORT: 'tcp://10.0.0.1:8080',
    SWITCHHOOK_PORT_8080_TCP_ADDR: '10.0.0.1',
    SWITCHHOOK_SERVICE_HOST: '10.0.0.1',
    SWITCHHOOK_SERVICE_PORT_HTTP: '8080',
  };
  assert.deepEqual(readSettings(env, assert.fail), byDefault);
});

suite('values that are taken', () => {
  const udp = (host: string, port: number) => ({ transport: 'udp', host, port }) as const;
  const cases: [name: string, text: string, key: keyof Settings, value: unknown][] = [
    ['HTTP_LISTEN', '0.0.0.0:80', 'httpListen', { host: '0.0.0.0', port: 80 }],
    ['HTTP_LISTEN', '[::1]:0', 'httpListen', { host: '::1', port: 0 }],
    ['HTTP_LISTEN', 'localhost:65535', 'httpListen', { host: 'localhost', port: 65_535 }],
    ['HTTP_LISTEN', ' 10.1.2.3:8080 ', 'httpListen', { host: '10.1.2.3', port: 8080 }],
    ['SIP_LISTEN', 'udp:[::1]:5060', 'sipListen', [udp('::1', 5060)]],
    ['SIP_LISTEN', 'UDP:10.0.0.1:0', 'sipListen', [udp('10.0.0.1', 0)]],
    ['SIP_LISTEN', 'udp:10.0.0.1:0,udp:10.0.0.1:0', 'sipListen', [udp('10.0.0.1', 0), udp('10.0.0.1', 0)]],
    ['SIP_LISTEN', 'udp:10.0.0.1:1, udp:[::]:1', 'sipListen', [udp('10.0.0.1', 1), udp('::', 1)]],
    ['SIP_PUBLIC_ADDRESS', '192.0.2.1', 'sipPublicAddress', '192.0.2.1'],
    ['SIP_PUBLIC_ADDRESS', 'sip.example.com', 'sipPublicAddress', 'sip.example.com'],
    ['SIP_PUBLIC_ADDRESS', '2001:db8::1', 'sipPublicAddress', '2001:db8::1'],
    ['SIP_PUBLIC_ADDRESS', '[2001:db8::1]', 'sipPublicAddress', '2001:db8::1'],
    ['DNS_SERVERS', '192.0.2.53, [::1]:5353,::1', 'dnsServers', ['192.0.2.53', '[::1]:5353', '::1']],
    ['SESSION_TIMERS', 'asked', 'sessionTimers', { ...byDefault.sessionTimers, unasked: false }],
    [
      'SESSION_EXPIRES_SECS',
      '90',
      'sessionTimers',
      { wish: { intervalS: 90, minSeS: 90, refresher: 'us' }, unasked: true },
    ],
    ['API_KEY', 'KEY0123_abc', 'apiKey', 'KEY0123_abc'],
    ['DATABASE_URL', 'sqlite:/var/lib/sh.db', 'databaseUrl', 'sqlite:/var/lib/sh.db'],
    ['DATABASE_URL', 'sqlite::memory:', 'databaseUrl', 'sqlite::memory:'],
    ['MEDIA', 'none', 'media', 'none'],
    ['RTP_PORTS', '40000-40001', 'rtpPorts', { from: 40_000, to: 40_001 }],
    ['RTP_PORTS', '1 - 65535', 'rtpPorts', { from: 1, to: 65_535 }],
    ['WEBHOOK_MAX_AGE_MS', '0', 'webhookMaxAgeMs', 0],
    ['LADDER_MESSAGES', '8', 'ladder', { messages: 8, bytes: 33_554_432 }],
    ['LADDER_MESSAGES', '0', 'ladder', null],
    ['LADDER_MEGABYTES', '1', 'ladder', { messages: 64, bytes: 1_048_576 }],
    ['LOG_LEVEL', 'debug', 'logLevel', 'debug'],
  ];
  for (const [name, text, key, value] of cases) {
    test(`${name}=${text}`, () => assert.deepEqual(good({ [name]: text }), { ...byDefault, [key]: value }));
  }
});

suite('TLS: files by pairs', () => {
  const noPair =
    'SWITCHHOOK_TLS_CERTIFICATE and SWITCHHOOK_TLS_KEY must name as many files as each other: a key for each certificate.';
  test('listeners, certificates with their keys, authorities', () => {
    const settings = good({
      SIP_LISTEN: 'tls:127.0.0.1:5061,ws:[::1]:80,wss:127.0.0.1:443',
      TLS_CERTIFICATE: 'a.pem, b.pem',
      TLS_KEY: 'a.key,b.key',
      TLS_CA: 'ca.pem',
      TLS_CLIENTS: 'asked',
    });
    assert.deepEqual(
      settings.sipListen.map(({ transport }) => transport),
      ['tls', 'ws', 'wss'],
    );
    const own = [
      { certificate: 'a.pem', key: 'a.key' },
      { certificate: 'b.pem', key: 'b.key' },
    ];
    assert.deepEqual(settings.tls, { own, authorities: 'ca.pem', clients: 'asked' });
  });
  const wrong: [env: Env, error: string][] = [
    [{ TLS_CERTIFICATE: 'a.pem' }, noPair],
    [{ TLS_CERTIFICATE: 'a.pem', TLS_KEY: 'a.key,b.key' }, noPair],
    [
      { SIP_LISTEN: 'wss:127.0.0.1:443' },
      'SWITCHHOOK_SIP_LISTEN: wss needs SWITCHHOOK_TLS_CERTIFICATE and SWITCHHOOK_TLS_KEY.',
    ],
  ];
  for (const [env, error] of wrong) {
    test(`${JSON.stringify(env)} is refused`, () => assert.deepEqual(errorsOf(env), [error]));
  }
});

suite('values of the default application', () => {
  const [application] = byDefault.applications;
  const cases: [name: string, text: string, value: object][] = [
    ['WEBHOOK_URL', 'https://example.com/a?b=c', { webhookUrl: 'https://example.com/a?b=c' }],
    ['REFER_FIRST_NOTIFY_TIMEOUT_MS', '50', { refer: { ...refer, firstNotifyTimeoutMs: 50 } }],
    ['REFER_TIMEOUT_MS', '3600000', { refer: { ...refer, timeoutMs: 3_600_000 } }],
    ['REFER_BYE_GRACE_MS', '0', { refer: { ...refer, byeGraceMs: 0 } }],
    ['REFER_HEADER_PLACEMENT', 'refer-to', { refer: { ...refer, headerPlacement: 'refer-to' } }],
    ['REFER_BEFORE_ANSWER', 'redirect', { refer: { ...refer, beforeAnswer: 'redirect' } }],
    ['REFER_BYE_WITHOUT_FINAL', 'completed', { refer: { ...refer, byeWithoutFinal: 'completed' } }],
    ['HOLD_ON_REFER', 'true', { refer: { ...refer, holds: true } }],
    ['REFER_WITHOUT_ALLOW', 'fail', { refer: { ...refer, withoutAllow: 'fail' } }],
  ];
  test('WEBHOOK_FAILOVER_URL beside WEBHOOK_URL', () => {
    const urls = { webhookUrl: 'http://127.0.0.1:1/', webhookFailoverUrl: 'http://[::1]:3000/' };
    const settings = good({ WEBHOOK_URL: urls.webhookUrl, WEBHOOK_FAILOVER_URL: urls.webhookFailoverUrl });
    assert.deepEqual(settings, { ...byDefault, applications: [{ ...application, ...urls }] });
  });
  test('WEBHOOK_FAILOVER_URL alone would drop every event', () => {
    const error =
      'The application default has a failover URL for its webhooks and no URL: nothing would be sent. Set both.';
    assert.deepEqual(errorsOf({ WEBHOOK_FAILOVER_URL: 'http://[::1]:3000/' }), [error]);
  });
  for (const [name, text, value] of cases) {
    test(`${name}=${text}`, () => {
      assert.deepEqual(good({ [name]: text }), { ...byDefault, applications: [{ ...application, ...value }] });
    });
  }
});

suite('values that are refused, each in one sentence that names its setting', () => {
  const hostPort =
    'It must be host:port, such as 127.0.0.1:8080 or [::1]:8080, with a port from 0 (any free one) to 65535';
  const sipAddress =
    'Each address must be transport:address:port with an IP address, such as udp:127.0.0.1:5060 or tcp:[::1]:5060';
  const transport =
    'Each address must begin with its transport, one of udp, tcp, tls, ws, wss, such as udp:127.0.0.1:5060';
  const url = 'It must be a whole http or https URL, such as https://example.com/webhooks';
  const host = 'It must be an address or a host name without a port, such as 192.0.2.10 or sip.example.com';
  const ports = 'It must be two ports from 1 to 65535, the lower one first, such as 20000-29999';
  const sqlite = 'It must be sqlite:PATH, such as sqlite:./data/switchhook.db or sqlite:/var/lib/switchhook.db';
  const visible = [
    'HTTP_LISTEN',
    'SIP_LISTEN',
    'SIP_PUBLIC_ADDRESS',
    'TLS_',
    'DNS_',
    'MEDIA',
    'RTP_PORTS',
    'LOG_LEVEL',
    'REFER_',
    '_MS',
    'SESSION_',
  ];
  const cases: [name: string, text: string, sentence: string][] = [
    ['HTTP_LISTEN', '8080', hostPort],
    ['HTTP_LISTEN', ':8080', hostPort],
    ['HTTP_LISTEN', '127.0.0.1', hostPort],
    ['HTTP_LISTEN', '127.0.0.1:65536', hostPort],
    ['HTTP_LISTEN', '127.0.0.1:-1', hostPort],
    ['HTTP_LISTEN', '127.0.0.1:80a', hostPort],
    ['HTTP_LISTEN', '::1:8080', hostPort],
    ['HTTP_LISTEN', '[127.0.0.1]:8080', hostPort],
    ['HTTP_LISTEN', '127.0.0.256:8080', hostPort],
    ['HTTP_LISTEN', 'http://127.0.0.1:8080', hostPort],
    ['HTTP_LISTEN', 'a b:8080', hostPort],
    ['SIP_LISTEN', '127.0.0.1:5060', transport],
    ['SIP_LISTEN', 'sctp:127.0.0.1:5060', transport],
    ['TLS_CERTIFICATE', 'a.pem,,b.pem', 'It must be file names with commas between, none of them empty'],
    ['DNS_SERVERS', 'ns.example', 'It must be addresses with commas between, such as 192.0.2.53 or [::1]:5353'],
    ['TLS_CLIENTS', 'some', 'It must be one of required, asked, none'],
    ['SIP_LISTEN', 'udp:127.0.0.1:5060,', transport],
    ['SIP_LISTEN', 'udp:127.0.0.1', sipAddress],
    ['SIP_LISTEN', 'udp:localhost:5060', sipAddress],
    ['SIP_LISTEN', 'udp:127.0.0.1:1,udp:127.0.0.1:1', 'It lists udp:127.0.0.1:1 twice'],
    ['SIP_PUBLIC_ADDRESS', '192.0.2.1:5060', host],
    ['SIP_PUBLIC_ADDRESS', '192.0.2.300', host],
    ['SIP_PUBLIC_ADDRESS', 'sip:example.com', host],
    ['SIP_PUBLIC_ADDRESS', '-a.example', host],
    ['API_KEY', 'two words', 'It must be 1 to 512 visible ASCII characters without spaces'],
    ['API_KEY', 'schlüssel', 'It must be 1 to 512 visible ASCII characters without spaces'],
    ['WEBHOOK_URL', 'example.com/hook', url],
    ['WEBHOOK_URL', 'ftp://example.com', url],
    ['WEBHOOK_URL', 'http://a.example/\nX: y', url],
    ['WEBHOOK_URL', 'https://user:pass@example.com/', 'It must not contain a user name or a password'],
    ['WEBHOOK_URL', `http://a.example/${'x'.repeat(2000)}`, 'It is longer than 2000 characters'],
    ['WEBHOOK_FAILOVER_URL', 'https://user@example.com/', 'It must not contain a user name or a password'],
    ['DATABASE_URL', 'switchhook.db', sqlite],
    ['DATABASE_URL', 'sqlite:', sqlite],
    ['DATABASE_URL', 'sqlite://data/x.db', sqlite],
    [
      'DATABASE_URL',
      'postgres://u:secret@db/x',
      'PostgreSQL is not supported yet. Use sqlite:PATH, such as sqlite:./data/switchhook.db',
    ],
    ['MEDIA', 'loud', 'It must be one of quiet, none'],
    ['RTP_PORTS', '20000', ports],
    ['RTP_PORTS', '30000-20000', ports],
    ['RTP_PORTS', '0-10', ports],
    ['RTP_PORTS', '1-65536', ports],
    ['WEBHOOK_MAX_AGE_MS', '-1', 'It must be a whole number from 0 to 31536000000'],
    ['REFER_TIMEOUT_MS', '0', 'It must be a whole number from 1 to 3600000'],
    ['REFER_TIMEOUT_MS', '12s', 'It must be a whole number from 1 to 3600000'],
    ['REFER_FIRST_NOTIFY_TIMEOUT_MS', '1.5', 'It must be a whole number from 1 to 3600000'],
    ['REFER_BYE_GRACE_MS', '3600001', 'It must be a whole number from 0 to 3600000'],
    ['REFER_HEADER_PLACEMENT', 'referto', 'It must be one of both, refer, refer-to'],
    ['REFER_BEFORE_ANSWER', 'Early', 'It must be one of early, redirect, refuse'],
    ['SESSION_TIMERS', 'never', 'It must be one of always, asked'],
    ['SESSION_EXPIRES_SECS', '89', 'It must be a whole number from 90 to 86400'],
    ['SESSION_MIN_SECS', '89', 'It must be a whole number from 90 to 86400'],
    ['LOG_LEVEL', 'verbose', 'It must be one of debug, info, warn, error, silent'],
  ];
  for (const [name, text, sentence] of cases) {
    test(`${name}=${text.slice(0, 60)}`, () => {
      const said = visible.some((part) => name.includes(part)) && !name.includes('URL') ? `; it is "${text}".` : '.';
      assert.deepEqual(errorsOf({ [name]: text }), [`SWITCHHOOK_${name}: ${sentence}${said}`]);
    });
  }
});

suite('unknown settings', () => {
  const cases: [name: string, sentence: string][] = [
    ['SIP_LISTN', 'Unknown setting SWITCHHOOK_SIP_LISTN; did you mean SWITCHHOOK_SIP_LISTEN?'],
    ['WEBHOOKURL', 'Unknown setting SWITCHHOOK_WEBHOOKURL; did you mean SWITCHHOOK_WEBHOOK_URL?'],
    ['APIKEY', 'Unknown setting SWITCHHOOK_APIKEY; did you mean SWITCHHOOK_API_KEY?'],
    ['LGO_LEVEL', 'Unknown setting SWITCHHOOK_LGO_LEVEL; did you mean SWITCHHOOK_LOG_LEVEL?'],
    ['CONFIGS', 'Unknown setting SWITCHHOOK_CONFIGS; did you mean SWITCHHOOK_CONFIG?'],
    ['PORTS', 'Unknown setting SWITCHHOOK_PORTS; did you mean SWITCHHOOK_RTP_PORTS?'],
    [
      'THE_ANSWER_TO_EVERYTHING_THERE_IS',
      'Unknown setting SWITCHHOOK_THE_ANSWER_TO_EVERYTHING_THERE_IS; did you mean SWITCHHOOK_SIP_REGISTER_MIN_SECS?',
    ],
  ];
  for (const [name, sentence] of cases) {
    test(name, () => assert.deepEqual(errorsOf({ [name]: '1' }), [sentence]));
  }
});

test('a shortest lifetime of a session that is longer than the usual one', () => {
  assert.deepEqual(errorsOf({ SESSION_EXPIRES_SECS: '120', SESSION_MIN_SECS: '121' }), [
    'SWITCHHOOK_SESSION_MIN_SECS must not be more than SWITCHHOOK_SESSION_EXPIRES_SECS.',
  ]);
});

test('everything wrong is told at once', () => {
  const errors = errorsOf({ MEDIA: 'x', LOG_LEVEL: 'y', SIP_LISTN: 'z' }, 'http_listn: 1\nmedia: [a]\n');
  assert.equal(errors.length, 5);
});

suite('the settings file', () => {
  test('says what the environment says, in lower case and without the prefix', () => {
    const file = `
      # every scalar counts as its text
      http_listen: 127.0.0.1:9000
      sip_listen: [ "udp:127.0.0.1:1", udp:127.0.0.1:2 ]
      api_key: 0123
      webhook_url: https://example.com/file
      media: none
      rtp_ports: 20000-20099
      webhook_max_age_ms: 60000
      log_level: ~
      refer_bye_grace_ms: 0
    `;
    assert.deepEqual(good({}, file), {
      ...byDefault,
      httpListen: { host: '127.0.0.1', port: 9000 },
      sipListen: [
        { transport: 'udp', host: '127.0.0.1', port: 1 },
        { transport: 'udp', host: '127.0.0.1', port: 2 },
      ],
      apiKey: '0123',
      media: 'none',
      rtpPorts: { from: 20_000, to: 20_099 },
      webhookMaxAgeMs: 60_000,
      applications: [
        { ...byDefault.applications[0], webhookUrl: 'https://example.com/file', refer: { ...refer, byeGraceMs: 0 } },
      ],
    });
  });

  for (const empty of ['', '# nothing\n', '---\n', 'applications:\n', 'applications: []\n']) {
    test(`holds nothing: ${JSON.stringify(empty)}`, () => assert.deepEqual(good({}, empty), byDefault));
  }

  test('the environment wins', () => {
    const settings = good(
      { MEDIA: 'quiet', WEBHOOK_URL: 'http://env.example/' },
      'media: none\nwebhook_url: http://file.example/\n',
    );
    assert.equal(settings.media, 'quiet');
    assert.equal(settings.applications[0].webhookUrl, 'http://env.example/');
  });

  const bad: [text: string, ...errors: string[]][] = [
    ['sip_listn: x', 'sh.yaml line 1: Unknown setting sip_listn; did you mean sip_listen?'],
    ['media: quiet\nSIP_LISTEN: x', 'sh.yaml line 2: Unknown setting SIP_LISTEN; did you mean sip_listen?'],
    ['aplications: []', 'sh.yaml line 1: Unknown setting aplications; did you mean applications?'],
    ['\n\nmedia: loud', 'sh.yaml line 3: media: It must be one of quiet, none; it is "loud".'],
    ['media: {a: 1}', 'sh.yaml line 1: media must be one value, not a map.'],
    ['- media', 'sh.yaml line 1: the file must be a map of settings, each "name: value".'],
    ['just words', 'sh.yaml line 1: the file must be a map of settings, each "name: value".'],
    ['media: none\nmedia: quiet', 'sh.yaml line 2: Map keys must be unique.'],
    [
      'webhook_allow: [10.0.0.0/33]',
      'sh.yaml line 1: webhook_allow: It must be addresses, ranges and host names with commas between, such as 10.0.0.0/8, app.internal; it is "10.0.0.0/33".',
    ],
    ['applications: yes', 'sh.yaml line 1: applications must be a list, each entry beginning with "- ".'],
    ['applications:\n  - 1', 'sh.yaml line 2: an application must be a map of settings, each "name: value".'],
    [
      'applications:\n  - webhook_url: x',
      'sh.yaml line 2: Unknown setting webhook_url; did you mean webhook_event_url?',
    ],
    ['applications:\n  - id: 7', 'sh.yaml line 2: id: It must be 19 digits and not begin with 0; it is "7".'],
    ...['call.hangup 1 2 3 4 5 6', 'call.hangup 30000 30001', 'call.hangup -1', '1000'].map(
      (text): [string, string] => [
        `applications:\n  - webhook_retries_policies: ${text}`,
        `sh.yaml line 2: webhook_retries_policies: Each must be a type of event and at most five waits of 60000 ms together: call.hangup 1000 2000; it is "${text}".`,
      ],
    ),
    [
      'applications:\n  - id: 1000000000000000001\n  - webhook_timeout_secs: 31',
      'sh.yaml line 3: webhook_timeout_secs: It must be a whole number from 0 to 30; it is "31".',
      'sh.yaml line 3: every application but the first needs an id of 19 digits.',
      'sh.yaml line 3: every application but the first needs an application_name.',
    ],
    [
      'applications:\n  - application_name: one\n  - id: 1000000000000000001\n    application_name: two',
      'sh.yaml line 3: an earlier application has the id 1000000000000000001 as well.',
    ],
  ];
  for (const [text, ...errors] of bad) {
    test(`is refused: ${JSON.stringify(text)}`, () => assert.deepEqual(errorsOf({}, text), errors));
  }

  test('is no YAML: the line is named', () => {
    const [error, ...more] = errorsOf({}, 'media: none\nrtp_ports: "20000\n');
    assert.match(error!, /^sh\.yaml line \d: .+\.$/);
    assert.deepEqual(more, []);
  });

  const unreadable: [code: string, reason: string][] = [
    ['ENOENT', 'there is no such file'],
    ['EACCES', 'this user may not read it'],
    ['EISDIR', 'it is a directory'],
  ];
  for (const [code, reason] of unreadable) {
    test(`cannot be read: ${code}`, () => {
      const settings = readSettings({ SWITCHHOOK_CONFIG: '/etc/sh.yaml' }, () => {
        throw Object.assign(new Error('boom'), { code });
      });
      assert.deepEqual(settings, { errors: [`SWITCHHOOK_CONFIG: /etc/sh.yaml cannot be read: ${reason}.`] });
    });
  }
});

suite('applications', () => {
  const file = `
webhook_url: http://file.example/
refer_timeout_ms: 5000
applications:
  - application_name: Front desk
    webhook_event_url: http://one.example/
    webhook_event_failover_url: ""
    webhook_timeout_secs: 5
    webhook_retries_policies: [call.hangup 1000 2000, call.bridged]
    refer_header_placement: refer
  - id: 1289082222292239760
    application_name: 7
    webhook_event_url: http://two.example/
    webhook_timeout_secs: null
    refer_timeout_ms: 6000
    refer_first_notify_timeout_ms: 100
    refer_bye_grace_ms: 0
    refer_before_answer: refuse
`;

  test("an entry's own settings win over the file's, and ids keep all their digits", () => {
    assert.deepEqual(good({}, file).applications, [
      {
        id: '1000000000000000001',
        name: 'Front desk',
        webhookUrl: 'http://one.example/',
        webhookFailoverUrl: null,
        webhookTimeoutMs: 5000,
        ...open,
        webhookRetries: { 'call.hangup': { retries_ms: [1000, 2000] }, 'call.bridged': { retries_ms: [] } },
        refer: { ...refer, timeoutMs: 5000, headerPlacement: 'refer' },
      },
      {
        id: '1289082222292239760',
        name: '7',
        webhookUrl: 'http://two.example/',
        webhookFailoverUrl: null,
        webhookTimeoutMs: 2000,
        ...open,
        refer: { ...refer, firstNotifyTimeoutMs: 100, timeoutMs: 6000, byeGraceMs: 0, beforeAnswer: 'refuse' },
      },
    ]);
  });

  test("the environment wins for the default application's URL, an entry for how it refers", () => {
    const variables = {
      WEBHOOK_URL: 'http://env.example/',
      REFER_TIMEOUT_MS: '7000',
      REFER_HEADER_PLACEMENT: 'refer-to',
    };
    const [first, second] = good(variables, file).applications;
    assert.equal(first.webhookUrl, 'http://env.example/');
    assert.deepEqual(first.refer, { ...refer, timeoutMs: 7000, headerPlacement: 'refer' });
    assert.equal(second?.webhookUrl, 'http://two.example/');
    assert.equal(second?.refer.timeoutMs, 6000);
  });
});

suite('what is for an application', () => {
  const mapped = `
applications:
  - numbers: [ +13125550100, "+1312*", "*" ]
    inbound_channel_limit: 30
  - id: 1289082222222239760
    application_name: sales
    active: false
    dtmf_type: SIP INFO
    first_command_timeout_secs: 15
    sip_subdomain: Sales
    sip_subdomain_receive_settings: only_my_connections
    outbound_channel_limit: 20
    numbers: 300, 301
`;

  test('whom it may call and how fast, beside whom everybody may', () => {
    const text = `
target_deny: [ "+4490", "*" ]
applications:
  - target_allow: +44, example.com
    outbound_dials_per_second: 5
`;
    const { targets, applications } = good({ TARGET_ALLOW: '+, 192.0.2.0/24' }, text);
    assert.deepEqual(targets, { allow: ['+', '192.0.2.0/24'], deny: ['+4490', '*'] });
    assert.deepEqual(applications[0].targets, { allow: ['+44', 'example.com'], deny: [] });
    assert.equal(applications[0].dialsPerSecond, 5);
    assert.match(errorsOf({ TARGET_DENY: 'sip:bob@a.example' }).join(), /TARGET_DENY.*beginnings of numbers/);
  });

  test('numbers, a subdomain, a limit, and whether it takes calls', () => {
    const [first, second] = good({}, mapped).applications;
    assert.deepEqual(
      [first.active, first.inbound],
      [true, { ...open.inbound, numbers: ['+13125550100', '+1312*', '*'], channelLimit: 30 }],
    );
    assert.deepEqual(
      [second?.active, second?.dtmfType, second?.firstCommandTimeoutMs, second?.outboundChannelLimit, second?.inbound],
      [
        false,
        'SIP INFO',
        15_000,
        20,
        { sipSubdomain: 'Sales', sipSubdomainFrom: 'only_my_connections', numbers: ['300', '301'], channelLimit: null },
      ],
    );
  });

  for (const [line, sentence] of [
    ['active: yes', ': active: It must be true or false; it is "yes".'],
    [
      'sip_subdomain: a.b',
      ': sip_subdomain: It must be one label of a host name: letters, digits and hyphens; it is "a.b".',
    ],
    [
      'numbers: [ 1, "2 3" ]',
      ': numbers: It must be numbers or users of at most 64 characters, with commas between; it is "1,2 3".',
    ],
    ['inbound_channel_limit: 0', ': inbound_channel_limit: It must be a whole number from 1 to 1000000; it is "0".'],
  ] as const) {
    test(`wrong: ${line}`, () => {
      const read = readSettings(
        { SWITCHHOOK_CONFIG: 'sh.yaml' },
        () => `applications:\n  - application_name: a\n    ${line}`,
      );
      assert.deepEqual(read, { errors: [`sh.yaml line 3${sentence}`] });
    });
  }

  test('no two have the same subdomain or number', () => {
    const text = mapped
      .replace('300, 301', '300, +1-312-555-0100')
      .replace('  - numbers', '  - sip_subdomain: sales\n    numbers');
    assert.deepEqual(
      readSettings({ SWITCHHOOK_CONFIG: 'sh.yaml' }, () => text),
      {
        errors: [
          `sh.yaml line 6: default has the sip_subdomain Sales as well.`,
          `sh.yaml line 6: default has the number +1-312-555-0100 as well.`,
        ],
      },
    );
  });
});

test('the example of docs/settings.md is a settings file', () => {
  const page = readFileSync(new URL('../docs/settings.md', import.meta.url), 'utf8');
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  assert.equal(good({}, example).applications.length, 2);
});
