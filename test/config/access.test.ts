import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readSettings } from '../../src/config.ts';

function read(file: string, env: Record<string, string> = {}) {
  return readSettings({ ...env, SWITCHHOOK_CONFIG: 'sh.yaml' }, () => file);
}

function access(file: string) {
  const settings = read(file);
  return 'errors' in settings ? assert.fail(settings.errors.join('\n')) : settings.access!;
}

function errorsOf(file: string): string[] {
  const settings = read(file);
  return 'errors' in settings ? settings.errors : assert.fail('no error');
}

const usual = {
  ...{ addresses: [], username: null, password: null, realm: null, registrars: [], registerAs: '', registerSecs: 600 },
  nat: true,
  ...{ uri: null, prefixes: [''], applications: null, priority: 1, weight: 1, channels: null },
};

test('trunks, phones, and what holds for all of them', () => {
  const file = `
    sip_realm: pbx.example.com
    sip_digest_algorithms: [ sha-256, MD5 ]
    sip_requests_per_second: 50
    sip_register_min_secs: 30
    sip_register_max_secs: 120
    trunks:
      - name: carrier
        addresses: [ 192.0.2.0/24, "2001:db8:1::/48", 198.51.100.7 ]
        nat: off
      - name: roaming
        username: roamer
        password: "s: e, c#ret"
        realm: theirs
      - name: pbx
        registrar: [ sip:198.51.100.9, "sip:pbx.example.com;transport=tcp" ]
        username: "0123"
        password: p
        register_secs: 60
      - name: named
        registrar: sip:pbx.example.com
        register_as: sip:desk@example.com
      - name: out
        uri: sip:out.example.com
        prefixes: [ +44, 1312 ]
        applications: 1000000000000000001
        priority: 2
        weight: 10
        channels: 30
    phones:
      - username: alice
        password: 00112233
        display_name: Alice Zoë
  `;
  assert.deepEqual(access(file), {
    algorithms: ['SHA-256', 'MD5'],
    ...{ realm: 'pbx.example.com', requestsPerSecond: 50, registerMinSecs: 30, registerMaxSecs: 120 },
    keepAliveSecs: 25,
    trunks: [
      { ...usual, name: 'carrier', addresses: ['192.0.2.0/24', '2001:db8:1::/48', '198.51.100.7'], nat: false },
      { ...usual, name: 'roaming', username: 'roamer', password: 's: e, c#ret', realm: 'theirs' },
      {
        ...{ ...usual, name: 'pbx', username: '0123', password: 'p', registerSecs: 60 },
        addresses: ['198.51.100.9'],
        registrars: ['sip:198.51.100.9', 'sip:pbx.example.com;transport=tcp'],
        registerAs: 'sip:0123@198.51.100.9',
        uri: 'sip:198.51.100.9',
      },
      {
        ...{ ...usual, name: 'named', registrars: ['sip:pbx.example.com'], registerAs: 'sip:desk@example.com' },
        uri: 'sip:pbx.example.com',
      },
      {
        ...{ ...usual, name: 'out', uri: 'sip:out.example.com', prefixes: ['+44', '1312'] },
        ...{ applications: ['1000000000000000001'], priority: 2, weight: 10, channels: 30 },
      },
    ],
    phones: [{ username: 'alice', password: '00112233', displayName: 'Alice Zoë' }],
  });
});

suite('what is wrong with them, each in one sentence that names its line and never its password', () => {
  const ranges =
    'It must be IP addresses or ranges with commas between, such as 192.0.2.10, 198.51.100.0/24, 2001:db8::/32';
  const uris =
    'It must be sip or sips URIs with commas between, such as sip:pbx.example.com or sip:192.0.2.10;transport=tcp';
  const cases: [text: string, ...errors: string[]][] = [
    ['trunks: yes', 'sh.yaml line 1: trunks must be a list, each entry beginning with "- ".'],
    [
      'phones:\n  - alice',
      'sh.yaml line 2: a phone must be a map of settings, each "name: value".',
      'sh.yaml line 2: every phone needs a username and a password.',
    ],
    [
      'trunks:\n  - name: t\n    uri: tel:+1',
      'sh.yaml line 3: uri: It must be a sip or sips URI, such as sip:gateway.example.com or sip:192.0.2.10;transport=tcp; it is "tel:+1".',
      'sh.yaml line 2: a trunk needs addresses, or a username and a password, or a registrar, or a uri.',
    ],
    [
      'trunks:\n  - name: t\n    uri: sip:a.example\n    prefixes: +4x',
      'sh.yaml line 4: prefixes: It must be the beginnings of numbers with commas between, such as +44,+1312; it is "+4x".',
    ],
    [
      'trunks:\n  - name: t\n    uri: sip:a.example\n    applications: 7',
      'sh.yaml line 4: applications: It must be ids of 19 digits with commas between; it is "7".',
    ],
    ['trunks:\n  - addresses: 192.0.2.1', 'sh.yaml line 2: every trunk needs a name.'],
    [
      'trunks:\n  - name: t',
      'sh.yaml line 2: a trunk needs addresses, or a username and a password, or a registrar, or a uri.',
    ],
    [
      'trunks:\n  - name: t\n    adresses: 1.1.1.1',
      'sh.yaml line 3: Unknown setting adresses; did you mean addresses?',
      'sh.yaml line 2: a trunk needs addresses, or a username and a password, or a registrar, or a uri.',
    ],
    ...['192.0.2.0/33', '192.0.2', 'example.com', '2001:db8::/129', '192.0.2.1,', '192.0.2.1-9', '1.1.1.1/'].map(
      (text): [string, ...string[]] => [
        `trunks:\n  - name: t\n    registrar: sip:x\n    register_as: sip:a@x\n    addresses: ${text}`,
        `sh.yaml line 5: addresses: ${ranges}; it is "${text}".`,
      ],
    ),
    ...['pbx.example.com', 'tel:+1555', 'sip:'].map((text): [string, ...string[]] => [
      `trunks:\n  - name: t\n    addresses: 192.0.2.1\n    registrar: "${text}"`,
      `sh.yaml line 4: registrar: ${uris}; it is "${text}".`,
    ]),
    [
      'trunks:\n  - name: t\n    addresses: 192.0.2.1\n    username: u',
      'sh.yaml line 2: a username and a password go together.',
    ],
    [
      'trunks:\n  - name: t\n    addresses: 192.0.2.1\n    register_as: sip:a@x',
      'sh.yaml line 2: register_as needs a registrar.',
    ],
    ['trunks:\n  - name: t\n    registrar: sip:x', 'sh.yaml line 2: a registrar needs a username or register_as.'],
    [
      'trunks:\n  - name: t\n    registrar: sip:x\n    register_as: sip:x',
      'sh.yaml line 4: register_as: It must be a sip or sips URI with a user, such as sip:1000@pbx.example.com; it is "sip:x".',
      'sh.yaml line 2: a registrar needs a username or register_as.',
    ],
    [
      'trunks:\n  - { name: t, addresses: 192.0.2.1 }\n  - { name: t, addresses: 192.0.2.2 }',
      'sh.yaml: two trunks have the name t.',
    ],
    [
      'trunks:\n  - { name: t, username: a, password: p }\nphones:\n  - { username: a, password: p }',
      'sh.yaml: two who come by digest, phones or trunks, have the username a.',
    ],
    ['phones:\n  - username: a', 'sh.yaml line 2: every phone needs a username and a password.'],
    [
      'phones:\n  - username: a b\n    password: "secret\\n"',
      `sh.yaml line 2: username: It must be 1 to 64 letters, digits and -_.!~*'()&=+$; it is "a b".`,
      'sh.yaml line 2: every phone needs a username and a password.',
    ],
    [
      'phones:\n  - username: a\n    password: "se\\x01cret"',
      'sh.yaml line 3: password: It must be 1 to 256 characters on one line.',
      'sh.yaml line 2: every phone needs a username and a password.',
    ],
    [
      'sip_register_min_secs: 100\nsip_register_max_secs: 99',
      'sip_register_min_secs must not be more than sip_register_max_secs.',
    ],
  ];
  const some = 'It must be some of SHA-512-256, SHA-256, MD5, each once, with commas between';
  for (const text of ['MD5,MD5', 'SHA-1', 'MD5,']) {
    cases.push([`sip_digest_algorithms: ${text}`, `sh.yaml line 1: sip_digest_algorithms: ${some}; it is "${text}".`]);
  }
  for (const [text, ...errors] of cases) test(JSON.stringify(text), () => assert.deepEqual(errorsOf(text), errors));
});

suite('a listener may take private Contacts at their word', () => {
  const listeners = (text: string) => read('', { SWITCHHOOK_SIP_LISTEN: text });
  const udp = { transport: 'udp', host: '10.0.0.1', port: 5060 };
  test('nat=off', () => {
    const settings = listeners('udp:10.0.0.1:5060;nat=off, udp:10.0.0.1:5062');
    assert.ok(!('errors' in settings));
    assert.deepEqual(settings.sipListen, [
      { ...udp, nat: false },
      { ...udp, port: 5062 },
    ]);
  });
  test('anything else', () => {
    for (const text of ['udp:10.0.0.1:5060;nat=no', 'udp:10.0.0.1:5060;', 'udp:10.0.0.1:5060;nat=off;x']) {
      assert.deepEqual(listeners(text), {
        errors: [`SWITCHHOOK_SIP_LISTEN: After an address only ;nat=off may stand; it is "${text}".`],
      });
    }
  });
});
