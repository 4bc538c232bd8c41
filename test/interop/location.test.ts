// Where a domain takes SIP, asked of a real DNS server: NAPTR, SRV with weights and addresses of both versions, and a
// request that goes on to the next place when the first one is not there (RFC 3263 §4).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { realLog } from '../../src/log.ts';
import { Endpoint } from '../../src/sip/endpoint.ts';
import type { Request } from '../../src/sip/message/message.ts';
import { reply } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import { locate } from '../../src/sip/transport/location.ts';
import { openRecords } from '../../src/sip/transport/records.ts';
import { TcpTransport } from '../../src/sip/transport/tcp.ts';
import { defaultPort, type Target, type Transport, type TransportName } from '../../src/sip/transport/transport.ts';
import { UdpTransport } from '../../src/sip/transport/udp.ts';
import { openSystem } from '../../src/system.ts';
import { Dnsmasq } from './support/dnsmasq.ts';
import { without } from './support/peers.ts';
import { freePort } from './support/ports.ts';
import { Scope } from './support/scope.ts';

const records = [
  'host-record=a.biloxi.example,192.0.2.1,2001:db8::1',
  'host-record=b.biloxi.example,192.0.2.2',
  'host-record=plain.example,192.0.2.9',
  'naptr-record=biloxi.example,20,10,s,SIP+D2U,,_sip._udp.biloxi.example',
  'naptr-record=biloxi.example,10,10,s,SIPS+D2T,,_sips._tcp.biloxi.example',
  'naptr-record=biloxi.example,10,20,s,SIP+D2T,,_sip._tcp.biloxi.example',
  'srv-host=_sips._tcp.biloxi.example,a.biloxi.example,5061,0,1',
  'srv-host=_sip._tcp.biloxi.example,b.biloxi.example,5070,1,1',
  'srv-host=_sip._tcp.biloxi.example,a.biloxi.example,5060,0,1',
  'srv-host=_sip._udp.biloxi.example,b.biloxi.example,5080,0,1',
  'srv-host=_sip._tcp.srv.example,b.biloxi.example,5090,0,1',
  'srv-host=_sip._udp.weights.example,a.biloxi.example,1,0,75',
  'srv-host=_sip._udp.weights.example,b.biloxi.example,2,0,25',
  'srv-host=_sip._udp.closed.example',
];

const asked = (transport: TransportName, host: string, open?: Target['open'], port?: number): Target => ({
  transport,
  host,
  port: port ?? defaultPort[transport],
  ...(open && { open }),
});

const shown = ({ transport, host, port, name = '' }: Target) => `${transport} ${host} ${port} ${name}`.trim();
const onA = ['192.0.2.1', '2001:db8::1'];

const cases: readonly (readonly [
  what: string,
  target: Target,
  speaks: string,
  expected: readonly string[] | RegExp,
])[] = [
  [
    'NAPTR, then SRV, then addresses',
    asked('udp', 'biloxi.example', 'transport'),
    'udp tcp tls',
    [
      'tls 2001:db8::1 5061 biloxi.example',
      'tls 192.0.2.1 5061 biloxi.example',
      'tcp 2001:db8::1 5060',
      'tcp 192.0.2.1 5060',
      'tcp 192.0.2.2 5070',
      'udp 192.0.2.2 5080',
    ],
  ],
  ['only what we speak', asked('udp', 'biloxi.example', 'transport'), 'udp', ['udp 192.0.2.2 5080']],
  ['no NAPTR: SRV', asked('udp', 'srv.example', 'transport'), 'udp tcp', ['tcp 192.0.2.2 5090']],
  ['neither: addresses', asked('udp', 'plain.example', 'transport'), 'udp tcp', ['udp 192.0.2.9 5060']],
  ['SIPS without either', asked('tls', 'plain.example', 'transport'), 'tls', ['tls 192.0.2.9 5061 plain.example']],
  ['a port: addresses only', asked('udp', 'b.biloxi.example', undefined, 5999), 'udp', ['udp 192.0.2.2 5999']],
  ['decidedly no service', asked('udp', 'closed.example', 'port'), 'udp', /not offered/],
  ['no such domain', asked('udp', 'nowhere.example', 'transport'), 'udp tcp', /nowhere\.example has no address/],
];

suite('location by a real DNS server', { skip: without('dnsmasq') }, () => {
  for (const [what, target, speaks, expected] of cases) {
    test(what, async (t) => {
      const { server } = await Dnsmasq.open(new Scope(t), records);
      const options = {
        records: openRecords([server]),
        chance: () => 0.5,
        speaks: (transport: TransportName) => speaks.split(' ').includes(transport),
        reaches: () => true,
      };
      const located = locate(target, options);
      if (expected instanceof RegExp) await assert.rejects(located, expected);
      else assert.deepEqual((await located).map(shown), expected);
    });
  }

  test('weights (RFC 2782)', async (t) => {
    const { server } = await Dnsmasq.open(new Scope(t), records);
    const options = { records: openRecords([server]), speaks: () => true, reaches: () => true };
    const first: Record<string, number> = {};
    for (let lot = 0; lot < 101; lot += 1) {
      const [target] = await locate(asked('udp', 'weights.example', 'port'), { ...options, chance: () => lot / 101 });
      const which = onA.includes(target!.host) ? 'a' : 'b';
      first[which] = (first[which] ?? 0) + 1;
    }
    assert.ok(first.a! >= 75 && first.a! <= 76 && first.b! >= 25, JSON.stringify(first));
  });

  test('a server that does not answer is a name that leads nowhere', async () => {
    const options = { records: openRecords(['127.0.0.1:9']), chance: () => 0, speaks: () => true, reaches: () => true };
    await assert.rejects(locate(asked('udp', 'biloxi.example', 'transport'), options), /ECONNREFUSED|TIMEOUT/);
  });

  test('a request goes on to the next place, over real sockets, when nobody listens at the first', async (t) => {
    const scope = new Scope(t);
    const [gone, there] = [await freePort(), await freePort()];
    const { server } = await Dnsmasq.open(scope, [
      'host-record=host.failover.example,127.0.0.1',
      `srv-host=_sip._tcp.failover.example,host.failover.example,${gone},0,1`,
      `srv-host=_sip._tcp.failover.example,host.failover.example,${there},1,1`,
    ]);
    await answering(scope, there);
    const { endpoint, outcome } = await asking(scope, openRecords([server]));
    const branch = 'z9hG4bKfailover';
    const text = [
      'OPTIONS sip:failover.example;transport=tcp SIP/2.0',
      `Via: SIP/2.0/TCP 127.0.0.1:${endpoint.localAddress('tcp')?.port};branch=${branch};rport`,
      'From: <sip:alice@atlanta.example>;tag=a1',
      'To: <sip:failover.example>',
      'Call-ID: failover',
      'CSeq: 1 OPTIONS',
      'Content-Length: 0\r\n\r\n',
    ].join('\r\n');
    endpoint.send({ branch, method: 'OPTIONS', text, target: asked('tcp', 'failover.example', 'port') });
    assert.equal(await outcome, `200 ${branch}, by ${branch}-1`);
  });
});

const system = openSystem(realLog('silent'));

/** Somebody who answers every request with 200. */
async function answering(scope: Scope, port: number): Promise<void> {
  const transport: Transport = new TcpTransport({ system, host: '127.0.0.1', port });
  scope.after(() => transport.close());
  await transport.listen((bytes, from) => {
    const request = parse(bytes.toString('latin1')) as Request;
    transport.send(reply(request, 200, { toTag: 'b1' }), from, assert.fail);
  });
}

async function asking(scope: Scope, dns: ReturnType<typeof openRecords>) {
  const { promise: outcome, resolve } = Promise.withResolvers<string>();
  const endpoint = new Endpoint({
    system,
    transports: [
      new UdpTransport({ system, host: '127.0.0.1', port: 0 }),
      new TcpTransport({ system, host: '127.0.0.1', port: 0 }),
    ],
    resolve: dns.addresses,
    records: dns,
    publicHost: null,
    allow: [],
    supported: [],
    user: {
      request: () => {},
      ack: () => {},
      response: (branch, response) => resolve(`${response.status} ${branch}, by ${response.via.branch}`),
      timeout: (branch) => resolve(`timeout ${branch}`),
      failed: (branch, error) => resolve(`failed ${branch}: ${error.message}`),
    },
  });
  scope.after(() => endpoint.close());
  await endpoint.listen();
  return { endpoint, outcome };
}
