import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import {
  type CertificateFiles,
  Certificates,
  type CertificatesOptions,
} from '../../../src/sip/transport/certificates.ts';
import type { ConnectionLimits } from '../../../src/sip/transport/patience.ts';
import { TlsTransport } from '../../../src/sip/transport/tls.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { Authority, type Name } from '../../support/certificates.ts';
import { type FakeSystem, fakeSystem } from '../../support/fake-system.ts';
import { Secrets } from '../../support/secrets.ts';

interface Arrived {
  readonly text: string;
  readonly from: Target & { readonly flow: string };
}

interface SetUp {
  readonly own?: readonly CertificateFiles[];
  readonly authority: Authority;
  readonly clients?: CertificatesOptions['clients'];
  readonly limits?: Partial<ConnectionLimits>;
  readonly host?: string;
}

const loopback: readonly Name[] = [
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
  { type: 'dns', value: 'biloxi.example' },
];

/** A bound transport on fake time, and a promise of each message that comes. */
async function setUp(t: TestContext, { authority, own, clients = 'none', limits = {}, host = '127.0.0.1' }: SetUp) {
  const system = fakeSystem();
  const files = own ?? [await authority.sign(loopback)];
  const certificates = new Certificates({ system, own: files, authorities: authority.file, clients });
  const transport = new TlsTransport({ system, host, port: 0, certificates, limits });
  const arrived: Arrived[] = [];
  const waiting: ((message: Arrived) => void)[] = [];
  await transport.listen((bytes, from) => {
    const message = { text: bytes.toString('latin1'), from: from as Arrived['from'] };
    const next = waiting.shift();
    if (next) next(message);
    else arrived.push(message);
  });
  t.after(async () => {
    certificates.close();
    await transport.close();
  });
  const next = async (): Promise<Arrived> => arrived.shift() ?? new Promise((take) => waiting.push(take));
  const target: Target = { transport: 'tls', host, port: transport.local.port };
  return { transport, certificates, files, target, next, arrived, system };
}

/** A socket of the test's own, connected to the transport. */
async function dial(
  t: TestContext,
  authority: Authority,
  { port }: Target,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(authority.file), ...options });
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

function message(body = '', via = 'SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK87asdks7'): string {
  return [
    'MESSAGE sips:bob@127.0.0.1 SIP/2.0',
    `Via: ${via}`,
    'From: <sips:alice@atlanta.example>;tag=88sja8x',
    'To: <sips:bob@biloxi.example>',
    'Call-ID: 987asjd97y7atg',
    'CSeq: 986759 MESSAGE',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

async function read(socket: TLSSocket, length: number): Promise<string> {
  let text = '';
  while (text.length < length) text += (await once(socket, 'data'))[0].toString('latin1');
  return text;
}

const pem = (path: string) => readFileSync(path, 'utf8');
const shown = ({ certificate, key }: CertificateFiles) => ({ cert: pem(certificate), key: pem(key) });

const unexpected = (error: Error): never => {
  throw error;
};

const failureOf = (a: { transport: TlsTransport }, target: Target, text = message()) =>
  new Promise<Error>((failed) => a.transport.send(text, target, failed));

async function settled(system: FakeSystem, condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 200 && !condition(); turns += 1) await system.clock.settle();
  assert.ok(condition(), 'it did not come about');
}

test('a message goes and comes, every byte as it was, and the answer by the same connection', async (t) => {
  const authority = await Authority.open(t);
  const [a, b] = [await setUp(t, { authority }), await setUp(t, { authority })];
  const every = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  a.transport.send(message(every), b.target, unexpected);
  const request = await b.next();
  assert.equal(request.text, message(every));
  assert.equal(request.from.transport, 'tls');
  b.transport.send(message('answer'), request.from, unexpected);
  assert.equal((await a.next()).text, message('answer'));
});

test('messages split at every byte arrive whole', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority });
  const socket = await dial(t, authority, a.target);
  for (const byte of Buffer.from(message('v=0\r\n'), 'latin1')) {
    await new Promise((sent) => socket.write(Buffer.of(byte), sent));
  }
  assert.equal((await a.next()).text, message('v=0\r\n'));
});

test('IPv6: an address as it is written in a Target, without brackets', async (t) => {
  const authority = await Authority.open(t);
  const [a, b] = [await setUp(t, { authority }), await setUp(t, { authority, host: '::1' })];
  a.transport.send(message(), b.target, unexpected);
  assert.equal((await b.next()).from.host, '::1');
});

const held: readonly (readonly [
  what: string,
  names: readonly Name[],
  name: string | undefined,
  refused: RegExp | null,
])[] = [
  ['the name that was looked up', [{ type: 'dns', value: 'biloxi.example' }], 'biloxi.example', null],
  ['an address', [{ type: 'ip', value: '127.0.0.1' }], undefined, null],
  ['another name', [{ type: 'dns', value: 'atlanta.example' }], 'biloxi.example', /not.*altnames/i],
  ['a name, called by its address', [{ type: 'dns', value: 'biloxi.example' }], undefined, /not.*cert/i],
  ['a SIP domain (RFC 5922 §7.1)', [{ type: 'url', value: 'sip:biloxi.example' }], 'biloxi.example', null],
  [
    'another SIP domain, whatever its DNS names say',
    [
      { type: 'url', value: 'sip:atlanta.example' },
      { type: 'dns', value: 'biloxi.example' },
    ],
    'biloxi.example',
    /for atlanta\.example, not for biloxi\.example/,
  ],
];

for (const [what, names, name, refused] of held) {
  test(`a server with a certificate for ${what} is ${refused ? 'not told anything' : 'believed'}`, async (t) => {
    const authority = await Authority.open(t);
    const b = await setUp(t, { authority, own: [await authority.sign(names)] });
    const a = await setUp(t, { authority });
    const target = { ...b.target, ...(name !== undefined && { name }) };
    if (refused) assert.match((await failureOf(a, target)).message, refused);
    else {
      a.transport.send(message(), target, unexpected);
      assert.equal((await b.next()).text, message());
    }
    assert.equal(b.arrived.length, 0);
  });
}

test('a server that nobody believed signed is not told anything', async (t) => {
  const [authority, stranger] = [await Authority.open(t), await Authority.open(t)];
  const [a, b] = [await setUp(t, { authority }), await setUp(t, { authority: stranger })];
  assert.match((await failureOf(a, b.target)).message, /unable to verify|self.signed|issuer/i);
  assert.equal(b.arrived.length, 0);
});

test('a connection to one name is not used for another at the same address', async (t) => {
  const authority = await Authority.open(t);
  const [a, b] = [await setUp(t, { authority }), await setUp(t, { authority })];
  a.transport.send(message('one'), { ...b.target, name: 'biloxi.example' }, unexpected);
  const first = await b.next();
  a.transport.send(message('two'), { ...b.target, name: 'biloxi.example' }, unexpected);
  assert.equal((await b.next()).from.flow, first.from.flow);
  await failureOf(a, { ...b.target, name: 'atlanta.example' });
});

test('the certificate is the one for the name that is asked for (SNI), else the first', async (t) => {
  const authority = await Authority.open(t);
  const own = await Promise.all(
    ['atlanta.example', 'biloxi.example'].map((value) => authority.sign([{ type: 'dns', value }])),
  );
  const a = await setUp(t, { authority, own });
  for (const [servername, expected] of [
    ['atlanta.example', 'atlanta.example'],
    ['biloxi.example', 'biloxi.example'],
    ['chicago.example', 'atlanta.example'],
    ['', 'atlanta.example'],
  ] as const) {
    const socket = await dial(t, authority, a.target, { servername, checkServerIdentity: () => undefined });
    assert.equal(socket.getPeerCertificate().subjectaltname, `DNS:${expected}`);
  }
});

const mutual: readonly (readonly [
  clients: CertificatesOptions['clients'],
  shows: 'ours' | 'theirs' | 'none',
  taken: boolean,
])[] = [
  ['required', 'ours', true],
  ['required', 'theirs', false],
  ['required', 'none', false],
  ['asked', 'ours', true],
  ['asked', 'none', true],
  ['none', 'none', true],
];

for (const [clients, shows, taken] of mutual) {
  test(`certificates of clients ${clients}: one that shows ${shows} is ${taken ? 'heard' : 'refused'}`, async (t) => {
    const [authority, stranger] = [await Authority.open(t), await Authority.open(t)];
    const a = await setUp(t, { authority, clients });
    const signer = { ours: authority, theirs: stranger, none: null }[shows];
    const certificate = signer && shown(await signer.sign([{ type: 'dns', value: 'client.example' }]));
    const socket = connect({ host: '127.0.0.1', port: a.target.port, ca: pem(authority.file), ...certificate });
    t.after(() => socket.destroy());
    const refused = new Promise((failed) => socket.once('error', failed).once('close', failed));
    socket.resume().write(message());
    if (taken) assert.equal((await a.next()).text, message());
    else await refused;
    assert.equal(a.arrived.length, 0);
  });
}

const versions: readonly (readonly [what: string, options: SecureContextOptions, taken: boolean])[] = [
  ['TLS 1.3', { minVersion: 'TLSv1.3' }, true],
  ['TLS 1.2 with AEAD and forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, true],
  ['TLS 1.2 with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' }, false],
  ['TLS 1.2 without encryption', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' }, false],
  ['TLS 1.1', { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }, false],
];

for (const [what, options, taken] of versions) {
  for (const servername of ['biloxi.example', '']) {
    test(`${what} is ${taken ? 'spoken' : 'refused'} ${servername ? 'by name' : 'without a name'}`, async (t) => {
      const authority = await Authority.open(t);
      const a = await setUp(t, { authority });
      const dialled = dial(t, authority, a.target, { servername, checkServerIdentity: () => undefined, ...options });
      if (taken) assert.ok((await dialled).encrypted);
      else await assert.rejects(dialled, /alert|no shared cipher|version/i);
    });
  }
  test(`${what} is ${taken ? 'spoken' : 'refused'} where a server has nothing else`, async (t) => {
    const authority = await Authority.open(t);
    const a = await setUp(t, { authority });
    const server = createServer({ ...shown(await authority.sign(loopback)), ...options });
    const heard: string[] = [];
    server.on('secureConnection', (socket) =>
      socket.on('error', () => {}).on('data', (data) => heard.push(String(data))),
    );
    server.on('tlsClientError', () => {});
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const outcome = new Promise((resolve) => {
      a.transport.send(message(), { ...a.target, host: '127.0.0.1', port }, (error) => resolve(error));
      server.on('secureConnection', (socket) => socket.once('data', () => resolve(null)));
    });
    if (taken) assert.equal(await outcome, null);
    else assert.ok((await outcome) instanceof Error);
    assert.equal(heard.length > 0, taken);
  });
}

test('files that change are read again: new connections see the new certificate, open ones go on', async (t) => {
  const authority = await Authority.open(t);
  const own = [await authority.sign([{ type: 'dns', value: 'before.example' }], 'own')];
  const a = await setUp(t, { authority, own });
  const see = (): Promise<TLSSocket> => dial(t, authority, a.target, { checkServerIdentity: () => undefined });
  const open = await see();
  assert.equal(open.getPeerCertificate().subjectaltname, 'DNS:before.example');
  await authority.sign([{ type: 'dns', value: 'after.example' }], 'own');
  assert.equal((await see()).getPeerCertificate().subjectaltname, 'DNS:before.example');
  await a.system.clock.advance(10_000);
  assert.equal((await see()).getPeerCertificate().subjectaltname, 'DNS:after.example');
  open.write(message());
  assert.equal((await a.next()).text, message());
  await authority.sign([{ type: 'dns', value: 'again.example' }], 'own');
  assert.equal(a.certificates.reload(), null);
  assert.equal((await see()).getPeerCertificate().subjectaltname, 'DNS:again.example');
});

test('files that are wrong are not taken, and those in force stay', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, own: [await authority.sign(loopback, 'own')] });
  writeFileSync(a.files[0]!.key, 'half a key');
  assert.match(a.certificates.reload() ?? '', /There is no key in .*own\.key: it must be PEM text/);
  await dial(t, authority, a.target);
});

test('of a key that cannot be used nothing is told, by the log or by the error', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, own: [await authority.sign(loopback, 'own')] });
  const { key } = a.files[0]!;
  const whole = readFileSync(key, 'utf8');
  const secrets = new Secrets();
  for (const line of whole.split('\n').filter((line) => !line.startsWith('-----'))) secrets.plant('the key', line);
  for (const text of [whole.slice(0, -40), whole.replaceAll('-----', ''), `${whole.slice(0, 60)}!${whole.slice(60)}`]) {
    writeFileSync(key, text);
    secrets.heard('the sentence', a.certificates.reload() ?? 'taken');
  }
  for (const { fields, message } of a.system.log.entries)
    secrets.heard('the log', message + inspect(fields, { depth: 9 }));
  assert.deepEqual(secrets.told, []);
  assert.equal(a.system.log.at('error').length, 3);
});

test('files that cannot be used are refused in a sentence', async (t) => {
  const authority = await Authority.open(t);
  const [one, other] = [await authority.sign(loopback), await authority.sign(loopback)];
  const system = fakeSystem();
  const open = (own: CertificateFiles, authorities: string | null = null) =>
    new Certificates({ system, own: [own], authorities, clients: 'none' }).close();
  const missing = `${authority.folder}/missing.pem`;
  assert.throws(() => open({ ...one, certificate: missing }), {
    message: `${missing} cannot be read: there is no such file.`,
  });
  assert.throws(() => open({ ...one, key: authority.folder }), {
    message: `${authority.folder} cannot be read: it is a directory.`,
  });
  assert.throws(() => open({ ...one, certificate: one.key }), /There is no certificate in .*: it must be PEM text\./);
  assert.throws(
    () => open({ ...one, key: one.certificate }),
    /There is no key in .*: it must be PEM text, and have no password\./,
  );
  assert.throws(() => open({ ...one, key: other.key }), /The key in .* does not belong to the certificate in .*\./);
  assert.throws(() => open(one, one.key), /There is no certificate in/);
  assert.equal(system.clock.armed, 0);
});

test('alias: requests for a host that its certificate names go by the connection it opened (RFC 5923)', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, clients: 'asked' });
  const client = shown(await authority.sign([{ type: 'dns', value: 'client.example' }]));
  const socket = await dial(t, authority, a.target, client);
  socket.write(message());
  const { flow } = (await a.next()).from;
  const nowhere = { transport: 'tls', host: '127.0.0.1', port: 1 } as const;
  a.transport.alias(flow, 'other.example', 5061);
  await failureOf(a, { ...nowhere, name: 'other.example', port: 1 });
  a.transport.alias(flow, 'Client.example', 1);
  a.transport.send(message('back'), { ...nowhere, name: 'client.example' }, unexpected);
  assert.equal(await read(socket, message('back').length), message('back'));
});

test('alias: who has not proved who it is gets nothing by it', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, clients: 'asked' });
  const socket = await dial(t, authority, a.target);
  socket.on('data', () => assert.fail('a request'));
  socket.write(message());
  const { flow } = (await a.next()).from;
  a.transport.alias(flow, '127.0.0.1', 1);
  await failureOf(a, { transport: 'tls', host: '127.0.0.1', port: 1 });
});

test('who does not speak TLS, or never finishes its handshake, is let go', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, limits: { connectMs: 50 } });
  const plain = connectTcp(a.target.port, '127.0.0.1', () => plain.write(message()));
  const silent = connectTcp(a.target.port, '127.0.0.1');
  await Promise.all([plain, silent].map((socket) => once(socket.on('error', () => {}).resume(), 'close')));
  assert.equal(a.arrived.length, 0);
});

test('a server that never finishes its handshake is a connection that does not come about', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority, limits: { connectMs: 3000 } });
  const silent = (await import('node:net')).createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const port = (silent.address() as { port: number }).port;
  const failure = failureOf(a, { transport: 'tls', host: '127.0.0.1', port });
  await once(silent, 'connection');
  await a.system.clock.advance(3000);
  assert.match((await failure).message, /No connection to 127\.0\.0\.1:\d+ in 3000 ms/);
});

test('close leaves nothing open', async (t) => {
  const authority = await Authority.open(t);
  const a = await setUp(t, { authority });
  const socket = await dial(t, authority, a.target);
  const closed = once(socket.resume(), 'close');
  await settled(a.system, () => a.system.clock.armed > 1);
  await a.transport.close();
  await closed;
  a.certificates.close();
  assert.equal(a.system.clock.armed, 0);
});

test('an address in use is refused in a sentence', async (t) => {
  const authority = await Authority.open(t);
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const certificates = new Certificates({
    system: fakeSystem(),
    own: [await authority.sign(loopback)],
    authorities: null,
    clients: 'none',
  });
  t.after(() => certificates.close());
  const transport = new TlsTransport({ system: fakeSystem(), host: '127.0.0.1', port, certificates });
  await assert.rejects(
    transport.listen(() => {}),
    /^Error: Cannot listen on tls:127\.0\.0\.1:\d+: another process/,
  );
  await transport.close();
});
