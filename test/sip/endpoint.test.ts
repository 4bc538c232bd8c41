import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint, type EndpointOptions, type EndpointUser, type Origin } from '../../src/sip/endpoint.ts';
import type { Gate, Passage } from '../../src/sip/gate.ts';
import { type Request, type Response, reply } from '../../src/sip/message/message.ts';
import type { Receive, Target, Transport } from '../../src/sip/transport/transport.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { Wire } from '../support/wire.ts';

const us = '192.0.2.10';
const them = '192.0.2.20';
const allow = ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'NOTIFY'];

interface Asked {
  readonly request: Request;
  readonly origin: Origin;
}

/** An endpoint and a bare peer on a fake wire. `said` is what the user was told, `got` what the peer got since last asked. */
async function setUp(options: Partial<EndpointOptions> = {}, user: Partial<EndpointUser> = {}) {
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const said: string[] = [];
  const asked: Asked[] = [];
  const responses: Response[] = [];
  const endpoint = new Endpoint({
    system,
    transports: [wire.transport('udp', us, 5060), wire.transport('tcp', us, 5060)],
    resolve: async (host) => (host === 'biloxi.example' ? [them] : []),
    publicHost: null,
    allow,
    supported: ['100rel', 'replaces'],
    user: {
      request: (request, origin) => {
        said.push(`request ${request.method}`);
        asked.push({ request, origin });
      },
      ack: () => said.push('ack'),
      response: (branch, response) => {
        said.push(`response ${branch} ${response.status}`);
        responses.push(response);
      },
      timeout: (branch) => said.push(`timeout ${branch}`),
      failed: (branch, error) => said.push(`failed ${branch} ${error.message}`),
      ...user,
    },
    ...options,
  });
  await endpoint.listen();
  const peer = { udp: wire.transport('udp', them, 5060), tcp: wire.transport('tcp', them, 5060) };
  const inbox: string[] = [];
  for (const transport of [peer.udp, peer.tcp]) await transport.listen((bytes) => inbox.push(bytes.toString('latin1')));
  const hear = async (text: string, transport: 'udp' | 'tcp' = 'udp'): Promise<void> => {
    peer[transport].send(text, { transport, host: us, port: 5060 }, assert.fail);
    await system.clock.settle();
  };
  const got = async (): Promise<string[]> => {
    await system.clock.settle();
    return inbox.splice(0);
  };
  const starts = async (): Promise<string[]> => (await got()).map((text) => text.slice(0, text.indexOf('\r\n')));
  return { system, endpoint, peer, hear, got, starts, said, asked, responses, wire };
}

type Headers = Readonly<Record<string, string | null>>;

/** A request of the peer. A header that is null is left out. */
function request(method: string, headers: Headers = {}, uri = `sip:${us}`, body = ''): string {
  const all: Headers = {
    Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-${method};rport`,
    'Max-Forwards': '70',
    From: '<sip:alice@atlanta.example>;tag=a1',
    To: '<sip:bob@biloxi.example>',
    'Call-ID': 'a84b4c76e66710',
    CSeq: `1 ${method}`,
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== null);
  return [
    `${method} ${uri} SIP/2.0`,
    ...lines.map((line) => line.join(': ')),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A response of the peer to what we sent under this branch. */
function response(status: number, { branch = 'z9hG4bKours', sentBy = us, method = 'BYE', via = '' } = {}): string {
  return [
    `SIP/2.0 ${status} Phrase`,
    `Via: SIP/2.0/UDP ${sentBy};branch=${branch}`,
    ...(via === '' ? [] : [`Via: ${via}`]),
    'From: <sip:bob@biloxi.example>;tag=b1',
    'To: <sip:alice@atlanta.example>;tag=a1',
    'Call-ID: ours',
    `CSeq: 7 ${method}`,
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n');
}

function ours(method: string, target: Partial<Target> = {}, branch = 'z9hG4bKours') {
  const text = request(method, { Via: `SIP/2.0/UDP ${us};branch=${branch}`, CSeq: `7 ${method}` });
  return { branch, method, text, target: { transport: 'udp', host: them, port: 5060, ...target } as Target };
}

test('an INVITE is told 100 and handed on once, with where it came from and where the answer goes', async () => {
  const { hear, starts, said, asked } = await setUp();
  await hear(request('INVITE'));
  await hear(request('INVITE'));
  assert.deepEqual(said, ['request INVITE']);
  assert.deepEqual(await starts(), ['SIP/2.0 100 Trying', 'SIP/2.0 100 Trying']);
  const flow = `udp:${us}:5060`;
  const source = { transport: 'udp', host: them, port: 5060, flow };
  const [{ request: invite, origin }] = asked as [Asked];
  assert.deepEqual(origin, { key: `z9hG4bK-INVITE ${them}: INVITE`, from: source, replyTo: source, nat: true });
  assert.match(invite.get('Via') ?? '', /;rport=5060;received=192\.0\.2\.20$/);
});

const paths: readonly (readonly [rule: string, transport: 'udp' | 'tcp', via: string, replyTo: Partial<Target>])[] = [
  ['RFC 3581 §4: rport asks for the source port', 'udp', `192.0.2.99:5080;rport`, { host: them, port: 5060 }],
  ['RFC 3261 §18.2.2: without it, the port of sent-by', 'udp', `192.0.2.99:5080`, { host: them, port: 5080 }],
  ['… or 5060', 'udp', `client.invalid`, { host: them, port: 5060 }],
  ['over TCP the connection, then sent-by', 'tcp', `${them}:5090`, { host: them, port: 5090, flow: 'tcp-1' }],
  ['over TCP rport changes nothing', 'tcp', `${them}:5090;rport`, { host: them, port: 5090 }],
  ['maddr is passed over', 'udp', `192.0.2.99:5080;maddr=203.0.113.9`, { host: them, port: 5080 }],
];

for (const [rule, transport, via, replyTo] of paths) {
  test(`responses: ${rule}`, async () => {
    const { hear, asked } = await setUp();
    await hear(request('BYE', { Via: `SIP/2.0/${transport.toUpperCase()} ${via};branch=z9hG4bK1` }), transport);
    const { origin } = asked[0]!;
    assert.deepEqual({ ...origin.replyTo, ...replyTo }, origin.replyTo);
    assert.equal(origin.replyTo.flow, origin.from.flow);
  });
}

const refused: readonly (readonly [rule: string, text: string, status: number, header?: string])[] = [
  ['§8.2.1 a method we do not have', request('PUBLISH'), 405, `Allow: ${allow.join(', ')}`],
  ['§8.2.1 a method nobody has', request('NEWMETHOD'), 405, `Allow: ${allow.join(', ')}`],
  ['§8.2.1 the method is case-sensitive', request('invite'), 405, `Allow: ${allow.join(', ')}`],
  ['§8.2.2.1 a scheme nobody has', request('INVITE', {}, 'nobodyKnowsThisScheme:totallyopaquecontent'), 416],
  ['§8.2.2.1 a scheme of another protocol', request('OPTIONS', {}, 'http://127.0.0.1/'), 416],
  ['§8.2.2.1 a Request-URI nobody can read', request('INVITE', {}, 'sip:bob@biloxi.example:port'), 400],
  [
    '§8.2.2.3 an extension',
    request('BYE', { Require: 'nothingSupportsThis, 100rel' }),
    420,
    'Unsupported: nothingSupportsThis',
  ],
  ['§8.2.2.3 of an OPTIONS', request('OPTIONS', { Require: 'foo' }), 420, 'Unsupported: foo'],
  [
    '§8.2.3 an encoding',
    request('NOTIFY', { 'Content-Encoding': 'gzip' }, undefined, 'x'),
    415,
    'Accept-Encoding: identity',
  ],
  ['§8.2.3 its compact form', request('NOTIFY', { e: 'tar' }, undefined, 'x'), 415, 'Accept-Encoding: identity'],
];

for (const [rule, text, status, header] of refused) {
  test(`refused: ${rule}`, async () => {
    const { hear, got, said } = await setUp();
    await hear(text);
    const [answer = '', more] = await got();
    assert.equal(answer.slice(0, 12), `SIP/2.0 ${status} `);
    assert.match(answer, /\r\nTo: <sip:bob@biloxi\.example>;tag=[0-9a-f]{16}\r\n/);
    if (header) assert.ok(answer.includes(`\r\n${header}\r\n`), answer);
    assert.equal(more, undefined, 'a refused INVITE is told no 100');
    assert.deepEqual(said, []);
  });
}

const accepted: readonly (readonly [rule: string, text: string])[] = [
  ['Max-Forwards 0 ends at a UAS', request('BYE', { 'Max-Forwards': '0' })],
  ['Max-Forwards missing', request('BYE', { 'Max-Forwards': null })],
  ['extensions we have, in any case', request('BYE', { Require: 'Replaces,100REL' })],
  ['a CANCEL with Require (§8.2.2.3)', request('CANCEL', { Require: 'foo' })],
  ['an encoding that is none', request('NOTIFY', { 'Content-Encoding': 'identity' }, undefined, 'x')],
  ['an encoding of nothing', request('NOTIFY', { 'Content-Encoding': 'gzip' })],
  ['a tel URI', request('INVITE', {}, 'tel:+13125550100')],
  ['a sips URI', request('INVITE', {}, `sips:bob@${us}`)],
  ['an OPTIONS in a dialog', request('OPTIONS', { To: '<sip:bob@biloxi.example>;tag=b1' })],
];

for (const [rule, text] of accepted) {
  test(`accepted: ${rule}`, async () => {
    const { hear, said } = await setUp();
    await hear(text);
    assert.deepEqual(said, [`request ${text.split(' ')[0]}`]);
  });
}

test('a request that cannot be read is answered without a transaction', async () => {
  const { hear, starts, said, endpoint } = await setUp();
  await hear(request('BYE', { CSeq: '1 INVITE' }));
  await hear(request('BYE').replace('SIP/2.0\r\n', 'SIP/7.0\r\n'));
  const answers = await starts();
  assert.match(answers[0] ?? '', /^SIP\/2\.0 400 /);
  assert.match(answers[1] ?? '', /^SIP\/2\.0 505 /);
  assert.deepEqual(said, []);
  assert.equal(endpoint.census().transactions, 0);
});

const silent: readonly (readonly [what: string, text: string])[] = [
  ['an ACK that cannot be read', request('ACK', { CSeq: 'one ACK' })],
  ['a response that cannot be read', response(200).replace('CSeq: 7', 'CSeq: seven')],
  ['a response nobody waits for', response(200)],
  ['line ends that keep a NAT open', '\r\n\r\n'],
  ['one NUL that does', '\0'],
  ['an empty datagram', ''],
  ['noise', '\xff\xfe\xfd some noise that goes on for a while'],
];

for (const [what, text] of silent) {
  test(`silence: ${what}`, async () => {
    const { hear, got, said, system } = await setUp();
    await hear(text);
    assert.deepEqual(await got(), []);
    assert.deepEqual(said, []);
    assert.deepEqual(system.log.at('error'), []);
  });
}

test('an OPTIONS outside a dialog is answered with what we are able to do (§11.2)', async () => {
  const { hear, got, said } = await setUp();
  await hear(request('OPTIONS', { 'Max-Forwards': '0' }));
  const [answer = ''] = await got();
  assert.match(answer, /^SIP\/2\.0 200 OK\r\n/);
  for (const line of [`Allow: ${allow.join(', ')}`, 'Accept: application/sdp', 'Supported: 100rel, replaces']) {
    assert.ok(answer.includes(`\r\n${line}\r\n`), line);
  }
  assert.deepEqual(said, []);
});

test('a copy of an answered request has the answer again, byte for byte', async () => {
  const { hear, got, asked, endpoint, said } = await setUp();
  await hear(request('BYE'));
  const { request: bye, origin } = asked[0]!;
  endpoint.respond(origin, 200, reply(bye, 200, { toTag: 'b1' }));
  await hear(request('BYE'));
  const answers = await got();
  assert.equal(answers.length, 2);
  assert.equal(answers[0], answers[1]);
  assert.deepEqual(said, ['request BYE']);
});

test('the ACK of a refusal goes no further; that of a 2xx is the user’s', async () => {
  const { hear, asked, endpoint, said } = await setUp();
  await hear(request('INVITE'));
  const first = asked[0]!;
  endpoint.respond(first.origin, 486, reply(first.request, 486, { toTag: 'b1' }));
  await hear(request('ACK', { Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-INVITE` }));
  await hear(request('ACK', { Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-INVITE` }));
  assert.deepEqual(said, ['request INVITE']);
  await hear(request('ACK', { Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-of-its-own` }));
  assert.deepEqual(said, ['request INVITE', 'ack']);
});

test('a request of ours has its response by branch', async () => {
  const { endpoint, hear, starts, said } = await setUp();
  endpoint.send(ours('BYE'));
  assert.deepEqual(said, []);
  await hear(response(100));
  await hear(response(200));
  await hear(response(200));
  assert.deepEqual(said, ['response z9hG4bKours 200']);
  assert.deepEqual(await starts(), [`BYE sip:${us} SIP/2.0`]);
});

test('the 100 of an INVITE is told, each time it comes: it lets a CANCEL go (§9.1, §17.1.1.2)', async () => {
  const { endpoint, hear, said } = await setUp();
  endpoint.send(ours('INVITE'));
  await hear(response(100, { method: 'INVITE' }));
  await hear(response(100, { method: 'INVITE' }));
  assert.deepEqual(said, Array(2).fill('response z9hG4bKours 100'));
});

test('every 2xx of an INVITE is passed on, for 64*T1', async () => {
  const { endpoint, hear, said, system } = await setUp();
  endpoint.send(ours('INVITE'));
  for (const status of [180, 200, 200]) await hear(response(status, { method: 'INVITE' }));
  assert.deepEqual(
    said,
    [180, 200, 200].map((status) => `response z9hG4bKours ${status}`),
  );
  await system.clock.advance(32_000);
  await hear(response(200, { method: 'INVITE' }));
  assert.equal(said.length, 3);
});

const strays: readonly (readonly [rule: string, text: string])[] = [
  ['§18.1.2 a topmost Via that is not ours', response(200, { sentBy: '192.0.2.99' })],
  ['§18.1.2 another port', response(200, { sentBy: `${us}:5070` })],
  ['§8.1.3.3 more than one Via', response(200, { via: 'SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK2' })],
  ['§17.1.3 another branch', response(200, { branch: 'z9hG4bKtheirs' })],
  ['§17.1.3 another method', response(200, { method: 'INVITE' })],
];

for (const [rule, text] of strays) {
  test(`a response is dropped: ${rule}`, async () => {
    const { endpoint, hear, said } = await setUp();
    endpoint.send(ours('BYE'));
    await hear(text);
    assert.deepEqual(said, []);
    await hear(response(200));
    assert.deepEqual(said, ['response z9hG4bKours 200']);
  });
}

test('a request nobody answers times out, a restored one after what is left', async () => {
  const { endpoint, said, system, starts } = await setUp();
  endpoint.send({ ...ours('BYE'), timeoutMs: 1600 });
  await system.clock.advance(1600);
  assert.deepEqual(said, ['timeout z9hG4bKours']);
  assert.equal((await starts()).length, 3);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('a host name is looked up once, before the first copy', async () => {
  let lookUps = 0;
  const resolve = async (): Promise<string[]> => {
    lookUps += 1;
    return ['2001:db8::20', them];
  };
  const { endpoint, starts, system } = await setUp({ resolve });
  endpoint.send(ours('BYE', { host: 'biloxi.example' }));
  await system.clock.advance(600);
  assert.equal((await starts()).length, 2, 'to the address that the listener can reach');
  assert.equal(lookUps, 1);
});

const nowhere: readonly (readonly [what: string, resolve: EndpointOptions['resolve'], error: RegExp])[] = [
  ['no address', async () => [], /biloxi\.example has no address/],
  ['no such name', () => Promise.reject(new Error('ENOTFOUND')), /ENOTFOUND/],
];

for (const [what, resolve, error] of nowhere) {
  test(`a host name that leads nowhere fails, later: ${what}`, async () => {
    const { endpoint, said, system } = await setUp({ resolve });
    endpoint.send(ours('BYE', { host: 'biloxi.example' }));
    assert.deepEqual(said, []);
    await system.clock.settle();
    assert.match(said.join(), error);
    assert.equal(endpoint.census().transactions, 0);
  });
}

test('a look-up that never ends is a timeout', async () => {
  const { endpoint, said, system } = await setUp({ resolve: () => new Promise(() => {}) });
  endpoint.send(ours('BYE', { host: 'biloxi.example' }));
  await system.clock.advance(32_000);
  assert.deepEqual(said, ['timeout z9hG4bKours']);
});

test('a refused connection is a failure', async () => {
  const { endpoint, said, system } = await setUp();
  endpoint.send(ours('BYE', { transport: 'tcp', port: 5999 }));
  await system.clock.settle();
  assert.match(said.join(), /^failed z9hG4bKours .*ECONNREFUSED/);
});

test('over its flow a request goes without a look-up; once that is closed, to where the name leads', async () => {
  const { endpoint, peer, hear, asked, starts, system } = await setUp();
  await hear(request('BYE', { Via: `SIP/2.0/TCP ${them};branch=z9hG4bK1` }), 'tcp');
  const { flow } = asked[0]!.origin.from;
  assert.ok(flow);
  endpoint.send(ours('NOTIFY', { transport: 'tcp', host: 'client.invalid', flow }, 'z9hG4bKone'));
  assert.deepEqual(await starts(), [`NOTIFY sip:${us} SIP/2.0`]);
  peer.tcp.closeFlow(flow);
  endpoint.send(ours('NOTIFY', { transport: 'tcp', host: 'biloxi.example', flow }, 'z9hG4bKtwo'));
  await system.clock.settle();
  assert.deepEqual(await starts(), [`NOTIFY sip:${us} SIP/2.0`]);
});

test('a transport we do not have is a failure, later', async () => {
  const { endpoint, said, system } = await setUp({ transports: [] });
  assert.equal(endpoint.localAddress('udp'), null);
  endpoint.send(ours('BYE'));
  assert.deepEqual(said, []);
  await system.clock.settle();
  assert.match(said.join(), /^failed z9hG4bKours There is no udp listener/);
});

test('a response without its transaction goes straight to where it belongs', async () => {
  const { endpoint, starts } = await setUp();
  const replyTo: Target = { transport: 'udp', host: them, port: 5060, flow: `udp:${us}:5060` };
  endpoint.respond({ key: 'of a process before this one', replyTo }, 200, response(200));
  assert.deepEqual(await starts(), ['SIP/2.0 200 Phrase']);
});

test('the refusal of an INVITE from before a restart is repeated until its ACK', async () => {
  const { system, endpoint, hear, starts, said } = await setUp();
  const replyTo: Target = { transport: 'udp', host: them, port: 5060 };
  endpoint.respond({ key: `z9hG4bK-INVITE ${them}: INVITE`, replyTo }, 486, response(486, { method: 'INVITE' }));
  await system.clock.advance(500);
  assert.deepEqual(await starts(), ['SIP/2.0 486 Phrase', 'SIP/2.0 486 Phrase']);
  await hear(request('ACK', { Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-INVITE;rport` }));
  await system.clock.advance(40_000);
  assert.deepEqual(await starts(), []);
  assert.deepEqual(said, []);
  assert.equal(endpoint.census().transactions, 0);
});

test('the ACK of a 2xx is sent once, a host name being looked up', async () => {
  const { endpoint, starts, system } = await setUp();
  endpoint.sendAck(ours('ACK').text, ours('ACK').target);
  endpoint.sendAck(ours('ACK').text, ours('ACK', { host: 'biloxi.example' }).target);
  endpoint.sendAck(ours('ACK').text, ours('ACK', { host: 'nowhere.invalid' }).target);
  await system.clock.advance(32_000);
  assert.equal((await starts()).length, 2);
  assert.equal(system.log.at('info').length, 1);
});

test('a 2xx is repeated by its transaction until quiet, whatever the transport', async () => {
  const { endpoint, hear, asked, starts, system } = await setUp();
  await hear(request('INVITE', { Via: `SIP/2.0/TCP ${them};branch=z9hG4bK1` }), 'tcp');
  const { request: invite, origin } = asked[0]!;
  endpoint.repeat('call', '2xx', origin, 200, reply(invite, 200, { toTag: 'b1' }));
  await system.clock.advance(1500);
  assert.equal(endpoint.census().repeats, 1);
  endpoint.quiet('call');
  await system.clock.advance(60_000);
  assert.deepEqual(await starts(), ['SIP/2.0 100 Trying', ...Array(3).fill('SIP/2.0 200 OK')]);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('a fault of the user ends one message: it is logged and answered 500', async () => {
  const fault = (): never => {
    throw new Error('a fault of the user');
  };
  const { endpoint, hear, starts, system } = await setUp({}, { request: fault, ack: fault, response: fault });
  await hear(request('BYE'));
  assert.deepEqual(await starts(), ['SIP/2.0 500 Server Internal Error']);
  await hear(request('ACK'));
  endpoint.send(ours('BYE'));
  await hear(response(200));
  assert.equal(system.log.at('error').length, 3);
  await system.clock.advance(32_000);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('a fault after the answer changes nothing of it', async () => {
  const { endpoint, hear, starts } = await setUp(
    {},
    {
      request: (bye, origin) => {
        endpoint.respond(origin, 200, reply(bye, 200));
        throw new Error('a fault of the user');
      },
    },
  );
  await hear(request('BYE'));
  assert.deepEqual(await starts(), ['SIP/2.0 200 OK']);
});

test('the trace has every message in and out, copies included', async () => {
  const entries: string[] = [];
  const { endpoint, hear, system } = await setUp({
    trace: ({ at, direction, peer, text, callId }) => {
      assert.equal(callId, /\r\nCall-ID: (.*)\r\n/.exec(text)?.[1] ?? null);
      entries.push(`${at - Date.UTC(2026, 0, 1)} ${direction} ${peer.transport}:${peer.host} ${text.split(' ')[0]}`);
    },
  });
  await hear(request('INVITE'));
  await hear(request('INVITE'));
  endpoint.send(ours('BYE'));
  await system.clock.advance(500);
  await hear(request('INFO').replace('Call-ID', 'X-Call-ID'));
  assert.deepEqual(entries, [
    `0 in udp:${them} INVITE`,
    `0 out udp:${them} SIP/2.0`,
    `0 in udp:${them} INVITE`,
    `0 out udp:${them} SIP/2.0`,
    `0 out udp:${them} BYE`,
    `500 out udp:${them} BYE`,
    `500 in udp:${them} INFO`,
  ]);
});

test('what we say of ourselves: the listener of the flow, the first one, or the public host', async () => {
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const transports = [wire.transport('udp', us, 5060), wire.transport('udp', '192.0.2.11', 5062)];
  const plain = await setUp({ transports });
  assert.deepEqual(plain.endpoint.localAddress('udp'), { transport: 'udp', host: us, port: 5060 });
  const second = plain.endpoint.localAddress('udp', 'udp:192.0.2.11:5062');
  assert.deepEqual(second, { transport: 'udp', host: '192.0.2.11', port: 5062 });
  assert.deepEqual(plain.endpoint.localAddress('udp', 'udp:192.0.2.12:5062')?.host, us);
  const natted = await setUp({ publicHost: 'sip.example' });
  assert.deepEqual(natted.endpoint.localAddress('tcp'), { transport: 'tcp', host: 'sip.example', port: 5060 });
  natted.endpoint.send(ours('BYE'));
  await natted.hear(response(200, { sentBy: 'SIP.example' }));
  assert.deepEqual(natted.said, ['response z9hG4bKours 200']);
});

test('when one transport cannot be bound, none stays bound', async () => {
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const taken = wire.transport('tcp', us, 5060);
  await taken.listen(() => {});
  const transports = [wire.transport('udp', us, 5060), wire.transport('tcp', us, 5060)];
  await assert.rejects(setUp({ transports }), /in use/);
  await wire.transport('udp', us, 5060).listen(() => {});
});

test('close leaves no timer, no transaction, and no answer to what comes later', async () => {
  const { endpoint, hear, got, system } = await setUp();
  await hear(request('INVITE'));
  endpoint.send(ours('BYE'));
  await got();
  await endpoint.close();
  await endpoint.close();
  assert.equal(system.clock.armed, 0);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
  await hear(request('BYE'));
  assert.deepEqual(await got(), []);
});

test('whom the gate does not let in: refused without a transaction under one tag, or met with silence', async () => {
  const passages: Passage[] = [];
  const refused: Passage = { type: 'refused', status: 401, headers: [['WWW-Authenticate', 'Digest realm="r"']] };
  const dropped: Passage = { type: 'dropped' };
  const gate: Gate = { request: () => passages.shift()!, unreadable: () => false };
  const { hear, got, said, endpoint } = await setUp({ gate });
  passages.push(refused, refused, dropped, dropped);
  await hear(request('INVITE'));
  await hear(request('INVITE'));
  const [first, again] = await got();
  assert.match(
    first!,
    /^SIP\/2\.0 401 [\s\S]*\r\nTo: <sip:bob@biloxi.example>;tag=[0-9a-f]{16}\r\n[\s\S]*WWW-Authenticate: Digest realm="r"/,
  );
  assert.equal(again, first);
  await hear(request('INVITE'));
  await hear(request('OPTIONS'));
  await hear(request('INVITE', { CSeq: 'x' }));
  assert.deepEqual(await got(), []);
  assert.deepEqual(said, []);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('the ACK of a refusal that was sent without a transaction goes nowhere', async () => {
  const gate: Gate = { request: () => ({ type: 'refused', status: 403, headers: [] }), unreadable: () => true };
  const { hear, starts, said } = await setUp({ gate });
  await hear(request('INVITE'));
  await hear(
    request('ACK', { Via: `SIP/2.0/UDP ${them};branch=z9hG4bK-INVITE`, To: '<sip:bob@biloxi.example>;tag=x' }),
  );
  await hear(request('INVITE', { CSeq: 'x' }));
  assert.deepEqual(await starts(), ['SIP/2.0 403 Forbidden', 'SIP/2.0 400 Bad Request']);
  assert.deepEqual(said, ['ack']);
});

test('what the gate knows of a peer comes with its requests', async () => {
  const gate: Gate = { request: () => ({ type: 'admitted', peer: 'trunk:t', nat: false }), unreadable: () => true };
  const { hear, asked } = await setUp({ gate });
  await hear(request('INVITE'));
  assert.deepEqual([asked[0]?.origin.peer, asked[0]?.origin.nat], ['trunk:t', false]);
});

test('only whom the gate lets in may have our requests by his connection (RFC 5923 §8.2)', async () => {
  const passages: Passage[] = [
    { type: 'dropped' },
    { type: 'refused', status: 401, headers: [] },
    { type: 'admitted', nat: true },
  ];
  const gate: Gate = { request: () => passages.shift()!, unreadable: () => true };
  const aliases: string[] = [];
  const local = { transport: 'tls', host: us, port: 5061 } as const;
  const from = { transport: 'tls', host: them, port: 40_000, flow: `tls:${us}:5061#1` } as const;
  let receive: Receive = () => assert.fail('not bound');
  const tls: Transport = {
    ...{ name: 'tls', local, send: () => {}, close: async () => {} },
    listen: async (given) => {
      receive = given;
    },
    alias: (flow, host, port) => aliases.push(`${flow} ${host}:${port}`),
  };
  await setUp({ gate, transports: [tls] });
  const seen = ['1', '2', '3'].map((each) => {
    const text = request('BYE', { Via: `SIP/2.0/TLS phone.example;branch=z9hG4bK${each};alias` });
    receive(Buffer.from(text, 'latin1'), from);
    return aliases.length;
  });
  assert.deepEqual(seen, [0, 0, 1]);
  assert.deepEqual(aliases, [`${from.flow} phone.example:5061`]);
});
