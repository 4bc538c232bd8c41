import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inOrder, type LocationOptions, locate } from '../../../src/sip/transport/location.ts';
import { kept, type Naptr, type Records, type Srv } from '../../../src/sip/transport/records.ts';
import { defaultPort, type Target, type TransportName } from '../../../src/sip/transport/transport.ts';
import { fakeSystem } from '../../support/fake-system.ts';

/** `order preference flags service replacement`, `priority weight port name`, addresses: as in a zone, a line a record. */
interface Zone {
  readonly naptr?: Readonly<Record<string, readonly string[]>>;
  readonly srv?: Readonly<Record<string, readonly string[]>>;
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
}

const naptrOf = (line: string): Naptr => {
  const [order, preference, flags = '', service = '', replacement = ''] = line.split(' ');
  return { order: Number(order), preference: Number(preference), flags, service, replacement };
};

const srvOf = (line: string): Srv => {
  const [priority, weight, port, name = ''] = line.split(' ');
  return { priority: Number(priority), weight: Number(weight), port: Number(port), name };
};

/** `fails` in a list is a server that does not answer. */
function recordsOf({ naptr = {}, srv = {}, addresses = {} }: Zone, asked: string[] = []): Records {
  const ask = async <T>(kind: string, name: string, lines: readonly string[] = [], read: (line: string) => T) => {
    asked.push(`${kind} ${name}`);
    if (lines.includes('fails')) throw new Error(`nobody answers for ${name}`);
    return lines.map(read);
  };
  return {
    naptr: (domain) => ask('naptr', domain, naptr[domain], naptrOf),
    srv: (name) => ask('srv', name, srv[name], srvOf),
    addresses: (host) => ask('a', host, addresses[host], String),
  };
}

const everything: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function options(zone: Zone, speaks: readonly TransportName[] = everything, version = 4): LocationOptions {
  return {
    records: recordsOf(zone),
    chance: () => 0.999,
    speaks: (transport) => speaks.includes(transport),
    reaches: (_transport, each) => each === version,
  };
}

const open = (transport: TransportName, what?: Target['open'], host = 'example.com', port?: number): Target => ({
  transport,
  host,
  port: port ?? defaultPort[transport],
  ...(what && { open: what }),
});

const shown = ({ transport, host, port, name }: Target): string =>
  `${transport}:${host}:${port}${name === undefined ? '' : ` as ${name}`}`;

const hosts = { 'a.example.com': ['192.0.2.1'], 'b.example.com': ['192.0.2.2'], 'example.com': ['192.0.2.9'] };

const rfc3263: Zone = {
  naptr: {
    'example.com': [
      '90 50 s SIP+D2T _sip._tcp.example.com',
      '50 50 s SIPS+D2T _sips._tcp.example.com',
      '100 50 s SIP+D2U _sip._udp.example.com',
    ],
  },
  srv: {
    '_sips._tcp.example.com': ['0 1 5061 a.example.com'],
    '_sip._tcp.example.com': ['0 1 5060 a.example.com', '1 1 5060 b.example.com'],
    '_sip._udp.example.com': ['0 1 5070 b.example.com'],
  },
  addresses: hosts,
};

const noNaptr: Zone = { srv: rfc3263.srv!, addresses: hosts };

const cases: readonly (readonly [
  what: string,
  zone: Zone,
  target: Target,
  expected: readonly string[] | RegExp,
  speaks?: readonly TransportName[],
])[] = [
  ['an address is itself', rfc3263, open('udp', undefined, '192.0.2.7'), ['udp:192.0.2.7:5060']],
  [
    'an address stays one, whatever else is open',
    rfc3263,
    open('udp', 'transport', '192.0.2.7'),
    ['udp:192.0.2.7:5060'],
  ],
  [
    'a port that is given: addresses only (§4.2)',
    rfc3263,
    open('udp', undefined, 'example.com', 5999),
    ['udp:192.0.2.9:5999'],
  ],
  [
    'a transport that is given: its SRV (§4.1)',
    rfc3263,
    open('tcp', 'port'),
    ['tcp:192.0.2.1:5060', 'tcp:192.0.2.2:5060'],
  ],
  [
    'a transport without SRV: addresses, and its port',
    { addresses: hosts },
    open('tcp', 'port'),
    ['tcp:192.0.2.9:5060'],
  ],
  ['TLS without SRV', { addresses: hosts }, open('tls', 'port'), ['tls:192.0.2.9:5061 as example.com']],
  [
    'nothing given: NAPTR in its order (§4.1), the name a certificate must be for',
    rfc3263,
    open('udp', 'transport'),
    ['tls:192.0.2.1:5061 as example.com', 'tcp:192.0.2.1:5060', 'tcp:192.0.2.2:5060', 'udp:192.0.2.2:5070'],
  ],
  [
    'NAPTR of transports we do not have are left out',
    rfc3263,
    open('udp', 'transport'),
    ['udp:192.0.2.2:5070'],
    ['udp'],
  ],
  ['SIPS: only what is safe', rfc3263, open('tls', 'transport'), ['tls:192.0.2.1:5061 as example.com']],
  [
    'preference among those of one order',
    {
      naptr: { 'example.com': ['10 20 s SIP+D2T t.example.com', '10 10 S sip+d2u u.example.com', '5 5 u E2U+sip x'] },
      srv: { 't.example.com': ['0 0 1 a.example.com'], 'u.example.com': ['0 0 2 b.example.com'] },
      addresses: hosts,
    },
    open('udp', 'transport'),
    ['udp:192.0.2.2:2', 'tcp:192.0.2.1:1'],
  ],
  [
    'WebSocket by NAPTR (RFC 7118)',
    {
      naptr: { 'example.com': ['1 1 s SIPS+D2W w.example.com'] },
      srv: { 'w.example.com': ['0 0 443 a.example.com'] },
      addresses: hosts,
    },
    open('udp', 'transport'),
    ['wss:192.0.2.1:443 as example.com'],
  ],
  [
    'no NAPTR: the SRV of each transport (§4.1)',
    noNaptr,
    open('udp', 'transport'),
    ['udp:192.0.2.2:5070', 'tcp:192.0.2.1:5060', 'tcp:192.0.2.2:5060', 'tls:192.0.2.1:5061 as example.com'],
  ],
  ['no NAPTR, SIPS', noNaptr, open('tls', 'transport'), ['tls:192.0.2.1:5061 as example.com']],
  ['neither NAPTR nor SRV: the default', { addresses: hosts }, open('udp', 'transport'), ['udp:192.0.2.9:5060']],
  [
    'NAPTR and SRV that nobody answers for are none',
    {
      naptr: { 'example.com': ['fails'] },
      srv: { '_sip._udp.example.com': ['fails'], '_sip._tcp.example.com': ['fails'] },
      addresses: hosts,
    },
    open('udp', 'transport'),
    ['udp:192.0.2.9:5060'],
  ],
  [
    'one of the hosts has no address, another is not known',
    {
      srv: { '_sip._udp.example.com': ['0 0 1 gone.example.com', '1 0 2 lost.example.com', '2 0 3 a.example.com'] },
      addresses: { ...hosts, 'lost.example.com': ['fails'] },
    },
    open('udp', 'port'),
    ['udp:192.0.2.1:3'],
  ],
  [
    'decidedly not offered (RFC 2782)',
    { srv: { '_sip._udp.example.com': ['0 0 0 .'] }, addresses: hosts },
    open('udp', 'port'),
    /_sip\._udp\.example\.com says that it is not offered/,
  ],
  [
    'not offered by one transport, but by another',
    {
      srv: { '_sip._udp.example.com': ['0 0 0 .'], '_sip._tcp.example.com': ['0 0 1 a.example.com'] },
      addresses: hosts,
    },
    open('udp', 'transport'),
    ['tcp:192.0.2.1:1'],
  ],
  [
    'addresses of a version that we cannot reach are left out',
    { addresses: { 'example.com': ['2001:db8::1', '192.0.2.9'] } },
    open('udp'),
    ['udp:192.0.2.9:5060'],
  ],
  [
    'but not when there are no others',
    { addresses: { 'example.com': ['2001:db8::1'] } },
    open('udp'),
    ['udp:2001:db8::1:5060'],
  ],
  ['no address at all', {}, open('udp'), /example\.com has no address/],
  ['a name that nobody knows', { addresses: { 'example.com': ['fails'] } }, open('udp'), /nobody answers/],
  [
    'a client of WebSocket',
    { addresses: { 'x.invalid': ['192.0.2.1'] } },
    open('ws', 'port', 'x.invalid'),
    /connection only/,
  ],
  [
    'a domain that names the world is cut short',
    { addresses: { 'example.com': Array.from({ length: 40 }, (_, at) => `192.0.2.${at}`) } },
    open('udp'),
    Array.from({ length: 8 }, (_, at) => `udp:192.0.2.${at}:5060`),
  ],
];

suite('where a target leads (RFC 3263 §4)', () => {
  for (const [what, zone, target, expected, speaks] of cases) {
    test(what, async () => {
      const located = locate(target, options(zone, speaks));
      if (expected instanceof RegExp) await assert.rejects(located, expected);
      else assert.deepEqual((await located).map(shown), expected);
    });
  }

  test('the listener of UDP stays the one the peer came by; a connection that is gone is given up', async () => {
    const zone = { addresses: hosts };
    const [byUdp] = await locate({ ...open('udp'), flow: 'udp:192.0.2.10:5060' }, options(zone));
    assert.equal(byUdp?.flow, 'udp:192.0.2.10:5060');
    const [byTcp] = await locate({ ...open('tcp'), flow: 'tcp:192.0.2.10:5060#1' }, options(zone));
    assert.equal(byTcp?.flow, undefined);
  });
});

suite('the order of SRV (RFC 2782)', () => {
  const srv = (...lines: string[]) => lines.map(srvOf);
  const names = (records: readonly Srv[]) => records.map(({ name }) => name).join('');

  test('priority first, then a lot among those of one', () => {
    const records = srv('2 0 1 c', '1 10 1 a', '1 90 1 b');
    assert.equal(names(inOrder(records, () => 0)), 'abc');
    assert.equal(names(inOrder(records, () => 0.999)), 'bac');
  });

  test('each is first as often as its weight says, and those without weight hardly ever', () => {
    const records = srv('0 60 1 a', '0 30 1 b', '0 10 1 c', '0 0 1 d');
    const first: Record<string, number> = {};
    for (let lot = 0; lot < 1010; lot += 1) {
      const name = inOrder(records, () => lot / 1010)[0]!.name;
      first[name] = (first[name] ?? 0) + 1;
    }
    assert.deepEqual(first, { a: 600, b: 300, c: 100, d: 10 });
  });

  test('none is lost, none comes twice', () => {
    const records = srv('0 0 1 a', '0 0 1 b', '0 65535 1 c', '1 0 1 d');
    for (const chance of [0, 0.25, 0.5, 0.75, 0.999_999]) {
      assert.equal(
        names(inOrder(records, () => chance))
          .split('')
          .sort()
          .join(''),
        'abcd',
      );
    }
  });
});

suite('answers are kept', () => {
  function setUp(zone: Zone, answers = 10) {
    const { clock } = fakeSystem();
    const asked: string[] = [];
    return { clock, asked, records: kept(recordsOf(zone, asked), clock, { ageMs: 30_000, answers }) };
  }

  test('for a while, for all who ask, an empty one too', async () => {
    const { clock, asked, records } = setUp(rfc3263);
    await Promise.all([records.naptr('example.com'), records.naptr('Example.COM'), records.srv('none.example.com')]);
    await records.srv('none.example.com');
    await clock.advance(29_999);
    await records.naptr('example.com');
    assert.deepEqual(asked, ['naptr example.com', 'srv none.example.com']);
    await clock.advance(1);
    await records.naptr('example.com');
    assert.equal(asked.length, 3);
  });

  test('what failed is asked again', async () => {
    const { asked, records } = setUp({ addresses: { 'example.com': ['fails'] } });
    await assert.rejects(records.addresses('example.com'));
    await assert.rejects(records.addresses('example.com'));
    assert.equal(asked.length, 2);
  });

  test('no more of them than the limit: the oldest goes', async () => {
    const { asked, records } = setUp({ addresses: hosts }, 2);
    for (const host of ['a.example.com', 'b.example.com', 'example.com', 'b.example.com', 'a.example.com']) {
      await records.addresses(host);
    }
    assert.deepEqual(asked, ['a a.example.com', 'a b.example.com', 'a example.com', 'a a.example.com']);
  });
});
