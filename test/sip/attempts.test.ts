// One place after the other (RFC 3263 §4.3), and TCP before UDP (RFC 3261 §18.1.1): the endpoint on a fake wire, with two
// peers that may be there or not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Endpoint } from '../../src/sip/endpoint.ts';
import type { HeaderList, Request } from '../../src/sip/message/message.ts';
import { reply } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import type { Records } from '../../src/sip/transport/records.ts';
import type { Target, TransportName } from '../../src/sip/transport/transport.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { Wire } from '../support/wire.ts';

const us = '192.0.2.10';
const [first, second] = ['192.0.2.21', '192.0.2.22'];
const ourBranch = 'z9hG4bKours';
const branch = ourBranch;

interface SetUp {
  readonly records?: Partial<Records>;
  readonly listens?: readonly TransportName[];
  /** Where somebody is, as `udp:192.0.2.21`. */
  readonly there: readonly string[];
}

async function setUp({ records = {}, listens = ['udp', 'tcp', 'tls'], there }: SetUp) {
  const system = fakeSystem();
  const wire = new Wire({ clock: system.clock });
  const said: string[] = [];
  const note = (what: string) => said.push(`${system.clock.now()} ${what}`);
  const none = async () => [];
  const endpoint = new Endpoint({
    system,
    transports: listens.map((name) => wire.transport(name, us, 5060)),
    resolve: records.addresses ?? (async (host) => (host === 'biloxi.example' ? [first, second] : [])),
    records: { srv: none, naptr: none, ...records },
    publicHost: null,
    allow: [],
    supported: [],
    user: {
      request: () => assert.fail('a request'),
      ack: () => assert.fail('an ACK'),
      response: (name, response) => note(`${response.status} ${response.cseq.method} ${name}`),
      timeout: (name) => note(`timeout ${name}`),
      failed: (name, error) => note(`failed ${name} ${error.message}`),
    },
  });
  await endpoint.listen();
  const inbox: {
    readonly to: string;
    readonly request: Request;
    readonly answer: (status: number, headers?: HeaderList) => void;
  }[] = [];
  for (const place of there) {
    const [name, host = ''] = place.split(':') as [TransportName, string];
    const transport = wire.transport(name, host, name === 'tls' ? 5061 : 5060);
    await transport.listen((bytes, from) => {
      const request = parse(bytes.toString('latin1')) as Request;
      const answer = (status: number, headers: HeaderList = []) =>
        transport.send(reply(request, status, { toTag: 'theirs', headers }), from, assert.fail);
      inbox.push({ to: place, request, answer });
    });
  }
  const got = async () => {
    await system.clock.settle();
    return inbox.splice(0);
  };
  const next = async () => {
    const [one, ...more] = await got();
    assert.ok(one, 'nothing came');
    assert.equal(more.length, 0);
    return one;
  };
  const heard = async () => {
    await system.clock.settle();
    return said.splice(0);
  };
  return { system, endpoint, next, got, heard };
}

function ours(method: string, target: Partial<Target>, body = '', branch = ourBranch) {
  const text = [
    `${method} sip:bob@biloxi.example SIP/2.0`,
    `Via: SIP/2.0/UDP ${us}:5060;branch=${branch};rport`,
    'Max-Forwards: 70',
    'From: <sip:alice@atlanta.example>;tag=a1',
    'To: <sip:bob@biloxi.example>',
    'Call-ID: a84b4c76e66710',
    `CSeq: 7 ${method}`,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
  return {
    branch,
    method,
    text,
    target: { transport: 'udp', host: 'biloxi.example', port: 5060, ...target } as Target,
  };
}

const via = ({ via: { transport, branch: each } }: Request) => `${transport} ${each}`;
const both = [`udp:${first}`, `udp:${second}`];

test('503: the next one, the same request with another branch; the user hears one outcome, by the name it gave', async () => {
  const { endpoint, next, heard, system } = await setUp({ there: both });
  endpoint.send(ours('BYE', {}));
  const one = await next();
  assert.equal(one.to, both[0]);
  assert.equal(one.request.text, ours('BYE', {}).text, 'byte for byte what was decided');
  one.answer(503);
  const other = await next();
  assert.equal(other.to, both[1]);
  assert.equal(via(other.request), `UDP ${branch}-1`);
  assert.equal(other.request.text.replace(`${branch}-1`, branch), one.request.text);
  other.answer(200);
  assert.deepEqual(await heard(), [`0 200 BYE ${branch}`]);
  await system.clock.advance(60_000);
  assert.deepEqual(await heard(), []);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('503 of the last one is the outcome; any other refusal is one at once', async () => {
  for (const [statuses, expected] of [
    [[503, 503], 503],
    [[486], 486],
    [[500], 500],
  ] as const) {
    const { endpoint, heard, got } = await setUp({ there: both });
    endpoint.send(ours('INVITE', {}));
    let came = await got();
    for (const status of statuses) {
      came.find(({ request }) => request.method === 'INVITE')?.answer(status);
      came = await got();
      assert.equal(came[0]?.request.method, 'ACK');
    }
    assert.deepEqual(await heard(), [`0 ${expected} INVITE ${branch}`]);
    assert.equal(came.length, 1);
  }
});

test('silence: the next one after Timer F, and the outcome after its own', async () => {
  const { endpoint, heard, got, system } = await setUp({ there: [`udp:${second}`] });
  endpoint.send(ours('BYE', {}));
  await system.clock.advance(31_999);
  assert.equal((await got()).length, 0);
  await system.clock.advance(1);
  const copies = await got();
  assert.equal(via(copies[0]!.request), `UDP ${branch}-1`);
  copies[0]!.answer(200);
  assert.deepEqual(await heard(), [`32000 200 BYE ${branch}`]);
});

test('nobody there at all: a timeout after all of them', async () => {
  const { endpoint, heard, system } = await setUp({ there: [] });
  endpoint.send(ours('BYE', {}));
  await system.clock.advance(64_000);
  assert.deepEqual(await heard(), [`64000 timeout ${branch}`]);
  assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
});

test('who has said that it is there is waited for, and no other is asked', async () => {
  const { endpoint, got, heard, system } = await setUp({ there: both });
  endpoint.send(ours('BYE', {}));
  (await got())[0]!.answer(180);
  await system.clock.advance(64_000);
  assert.deepEqual(await heard(), [`0 180 BYE ${branch}`, `32000 timeout ${branch}`]);
});

test('a connection that is refused: the next one at once', async () => {
  const { endpoint, next, heard } = await setUp({ there: [`tcp:${second}`] });
  endpoint.send(ours('BYE', { transport: 'tcp', open: 'port' }));
  const one = await next();
  assert.equal(one.to, `tcp:${second}`);
  one.answer(200);
  assert.deepEqual(await heard(), [`0 200 BYE ${branch}`]);
});

test('what DNS says of the transport is what Via says', async () => {
  const records: Partial<Records> = {
    naptr: async () => [
      { order: 1, preference: 1, flags: 's', service: 'SIPS+D2T', replacement: '_sips._tcp.biloxi.example' },
      { order: 2, preference: 1, flags: 's', service: 'SIP+D2T', replacement: '_sip._tcp.biloxi.example' },
    ],
    srv: async (name) => [
      { priority: 1, weight: 0, port: name.startsWith('_sips') ? 5061 : 5060, name: 'host.biloxi.example' },
    ],
    addresses: async () => [first],
  };
  const { endpoint, next, heard } = await setUp({ records, there: [`tls:${first}`, `tcp:${first}`] });
  endpoint.send(ours('BYE', { open: 'transport' }));
  const one = await next();
  assert.equal(one.to, `tls:${first}`);
  assert.match(one.request.get('Via') ?? '', /^SIP\/2\.0\/TLS 192\.0\.2\.10:5060;branch=z9hG4bKours;rport=?.*;alias/);
  one.answer(503);
  const other = await next();
  assert.equal(other.to, `tcp:${first}`);
  assert.equal(via(other.request), `TCP ${branch}-1`);
  other.answer(200);
  assert.deepEqual(await heard(), [`0 200 BYE ${branch}`]);
});

/** The Contact of a request as it comes to where DNS says that it is to go, by TLS. */
async function contactByTls(method: string, contact: string, listens: readonly TransportName[] = ['udp', 'tls']) {
  const records: Partial<Records> = {
    naptr: async () => [
      { order: 1, preference: 1, flags: 's', service: 'SIPS+D2T', replacement: 'srv.biloxi.example' },
    ],
    srv: async () => [{ priority: 1, weight: 0, port: 5061, name: 'host.biloxi.example' }],
    addresses: async () => [first],
  };
  const { endpoint, next } = await setUp({ records, listens, there: [`tls:${first}`] });
  const request = ours(method, { open: 'transport' });
  endpoint.send({ ...request, text: request.text.replace('\r\nCSeq', `\r\n${contact}\r\nCSeq`) });
  const came = (await next()).request;
  assert.equal(came.via.transport, 'TLS');
  return came.get('Contact');
}

for (const method of ['REGISTER', 'INVITE', 'REFER']) {
  test(`a Contact that could not be used: DNS says TLS, and a ${method} gave an address of UDP`, async () => {
    const contact = `Contact: <sip:alice@${us}:5060;transport=udp>;expires=600`;
    assert.equal(await contactByTls(method, contact), `<sip:alice@${us}:5060;transport=tls>;expires=600`);
  });
}

test('a Contact that could not be used: there is no UDP, and the request named nothing', async () => {
  const contact = 'm: <sip:alice@invalid.invalid:5060;transport=udp>';
  assert.equal(await contactByTls('REGISTER', contact, ['tls']), `<sip:alice@${us}:5060;transport=tls>`);
});

test('a Contact stays as it is where it is not ours, cannot be read, or there is none', async () => {
  for (const contact of [
    '<sip:alice@192.0.2.99:5060;transport=udp>',
    `sip:alice@${us}`,
    `<sip:alice@${us}:5070>`,
    '*',
  ]) {
    assert.equal(await contactByTls('REGISTER', `Contact: ${contact}`), contact);
  }
  assert.equal(await contactByTls('REGISTER', 'Subject: Contact'), undefined);
});

const large = 'x'.repeat(1_300);

test('a large request goes by TCP, and its Via says so (RFC 3261 §18.1.1)', async () => {
  const { endpoint, next, heard } = await setUp({ there: [`udp:${first}`, `tcp:${first}`] });
  endpoint.send(ours('BYE', { host: first }, large));
  const one = await next();
  assert.equal(one.to, `tcp:${first}`);
  assert.equal(via(one.request), `TCP ${branch}`);
  one.answer(503);
  assert.deepEqual(await heard(), [`0 503 BYE ${branch}`], 'a refusal is no reason to try a datagram');
});

test('1,300 bytes are not yet large, one more is', async () => {
  const head = ours('BYE', {}, 'x'.repeat(1_000)).text.length - 1_000;
  for (const [size, to] of [
    [1_300, 'udp'],
    [1_301, 'tcp'],
  ] as const) {
    const { endpoint, next } = await setUp({ there: [`udp:${first}`, `tcp:${first}`] });
    const request = ours('BYE', { host: first }, 'x'.repeat(size - head));
    assert.equal(request.text.length, size);
    endpoint.send(request);
    assert.equal((await next()).to, `${to}:${first}`);
  }
});

test('a large request goes by UDP after all where TCP is refused, and where we have none', async () => {
  const refused = await setUp({ there: [`udp:${first}`] });
  refused.endpoint.send(ours('BYE', { host: first }, large));
  const one = await refused.next();
  assert.equal(via(one.request), `UDP ${branch}-1`);
  one.answer(200);
  assert.deepEqual(await refused.heard(), [`0 200 BYE ${branch}`]);
  const without = await setUp({ there: [`udp:${first}`, `tcp:${first}`], listens: ['udp'] });
  without.endpoint.send(ours('BYE', { host: first }, large));
  assert.equal(via((await without.next()).request), `UDP ${branch}`);
});

test('a large ACK of a 2xx too', async () => {
  const { endpoint, next } = await setUp({ there: [`udp:${first}`] });
  const { text, target } = ours('ACK', { host: first }, large);
  endpoint.sendAck(text, target);
  const one = await next();
  assert.equal(one.to, `udp:${first}`);
  assert.equal(one.request.text, text);
});

test('a large one goes by TCP for its size alone: its Contact stays', async () => {
  const { endpoint, next } = await setUp({ there: [`tcp:${first}`] });
  const request = ours('REFER', { host: first }, large);
  const contact = `<sip:alice@${us}:5060;transport=udp>`;
  endpoint.send({ ...request, text: request.text.replace('\r\nCSeq', `\r\nContact: ${contact}\r\nCSeq`) });
  assert.equal((await next()).request.get('Contact'), contact);
});

test('a large one does not leave the flow where a NAT is in between', async () => {
  const { endpoint, next } = await setUp({ there: [`udp:${first}`, `tcp:${first}`] });
  endpoint.send(ours('BYE', { host: first, behindNat: true }, large));
  assert.equal(via((await next()).request), `UDP ${branch}`);
});

test('CANCEL goes where its INVITE went, by the branch it went by (RFC 3261 §9.1)', async () => {
  const { endpoint, next, got, heard } = await setUp({ there: both });
  endpoint.send(ours('INVITE', {}));
  (await next()).answer(503);
  const [ack, invite] = await got();
  assert.equal(ack?.to, both[0]);
  assert.equal(invite?.to, both[1]);
  invite?.answer(180);
  endpoint.send(ours('CANCEL', {}));
  const cancel = await next();
  assert.equal(cancel.to, both[1]);
  assert.equal(via(cancel.request), `UDP ${branch}-1`);
  cancel.answer(200);
  assert.deepEqual(await heard(), [`0 180 INVITE ${branch}`, `0 200 CANCEL ${branch}`]);
});

test('the copies of a 2xx are told by the same name (RFC 6026 §7.2)', async () => {
  const { endpoint, next, got, heard } = await setUp({ there: both });
  endpoint.send(ours('INVITE', {}));
  (await next()).answer(503);
  const invite = (await got())[1];
  invite?.answer(200);
  invite?.answer(200);
  assert.deepEqual(await heard(), [`0 200 INVITE ${branch}`, `0 200 INVITE ${branch}`]);
});

test('a search that takes too long is a timeout, and its end comes to nothing; close ends them all', async () => {
  let found: (addresses: string[]) => void = () => {};
  const records = { addresses: () => new Promise<string[]>((resolve) => (found = resolve)) };
  const { endpoint, heard, got, system } = await setUp({ records, there: both });
  endpoint.send({ ...ours('BYE', {}), timeoutMs: 5_000 });
  assert.deepEqual(endpoint.census(), { transactions: 1, timers: 1, repeats: 0 });
  endpoint.send(ours('BYE', {}));
  assert.match(system.log.at('error').join(), /already being sent/);
  await system.clock.advance(5_000);
  assert.deepEqual(await heard(), [`5000 timeout ${branch}`]);
  found([first]);
  assert.equal((await got()).length, 0);
  endpoint.send(ours('BYE', { host: 'atlanta.example' }));
  await endpoint.close();
  assert.equal(system.clock.armed, 0);
});

test('a restored request has what is left of its time, the search included', async () => {
  const { endpoint, heard, system } = await setUp({ there: [], records: { addresses: async () => [first] } });
  endpoint.send({ ...ours('BYE', {}), timeoutMs: 1_600 });
  await system.clock.advance(1_600);
  assert.deepEqual(await heard(), [`1600 timeout ${branch}`]);
});

// Places that have failed.

type Setting = Awaited<ReturnType<typeof setUp>>;

/** Where the first attempt of another request goes. */
async function nextGoesTo({ endpoint, next }: Setting, nth: number): Promise<string> {
  endpoint.send(ours('BYE', {}, '', `${branch}-of-${nth}`));
  const one = await next();
  one.answer(200);
  return one.to;
}

test('who has asked to be left alone is tried last for that long (503 with Retry-After, RFC 3261 §21.5.4)', async () => {
  const all = await setUp({ there: both });
  all.endpoint.send(ours('BYE', {}));
  (await all.next()).answer(503, [['Retry-After', '120']]);
  (await all.next()).answer(200);
  assert.equal(await nextGoesTo(all, 1), both[1]);
  await all.system.clock.advance(119_000);
  assert.equal(await nextGoesTo(all, 2), both[1]);
  await all.system.clock.advance(1_000);
  assert.equal(await nextGoesTo(all, 3), both[0]);
});

test('a 503 that does not say for how long is about its own request alone', async () => {
  const all = await setUp({ there: both });
  all.endpoint.send(ours('BYE', {}));
  (await all.next()).answer(503);
  (await all.next()).answer(200);
  assert.equal(await nextGoesTo(all, 1), both[0]);
});

test('who was silent is tried last for a minute: one Timer F is waited for, not one a request', async () => {
  const all = await setUp({ there: [both[1]!] });
  all.endpoint.send(ours('BYE', {}));
  await all.system.clock.advance(32_000);
  (await all.next()).answer(200);
  assert.equal(await nextGoesTo(all, 1), both[1]);
  await all.system.clock.advance(59_000);
  assert.equal(await nextGoesTo(all, 2), both[1]);
  await all.system.clock.advance(1_000);
  all.endpoint.send(ours('BYE', {}, '', `${branch}-again`));
  assert.deepEqual(await all.got(), [], 'the first one is tried first again');
});

test('who could not be connected to is tried last; where all have failed, in the order of the domain', async () => {
  const { endpoint, next, system } = await setUp({ there: [`tcp:${second}`] });
  const bye = (nth: number) => ours('BYE', { transport: 'tcp', open: 'port' }, '', `${branch}-of-${nth}`);
  endpoint.send(bye(1));
  (await next()).answer(200);
  endpoint.send(bye(2));
  const { request, answer } = await next();
  assert.equal(request.via.branch, `${branch}-of-2`, 'the first attempt went there');
  answer(503, [['Retry-After', '30']]);
  await system.clock.settle();
  endpoint.send(bye(3));
  assert.equal((await next()).request.via.branch, `${branch}-of-3-1`);
});
