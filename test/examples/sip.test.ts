// The examples of `switchhook/sip` against each other and against phones, on loopback, and how long they may be.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Phone } from '../../examples/demo/phone.ts';
import { takeRegistrations } from '../../examples/sip/registrar.ts';
import { callAndRefer } from '../../examples/sip/uac.ts';
import { answerCalls } from '../../examples/sip/uas.ts';
import { registerAndCall } from '../../examples/sip/websocket.ts';
import { realLog } from '../../src/log.ts';
import {
  Admission,
  openSystem,
  Registrar,
  Registrations,
  sdp,
  UdpTransport,
  UserAgent,
  WebSocketTransport,
} from '../../src/sip/index.ts';

const system = openSystem(realLog('silent'));
const options = { timeout: 20_000 };
const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' } as const;
const host = '127.0.0.1';
const alice = { username: 'alice', password: 'secret' };
const quietly = (): void => {};

test('each example fits on a screen', () => {
  const folder = join(import.meta.dirname, '../../examples/sip');
  const lengths = globSync('*.ts', { cwd: folder }).map((file) => [
    file,
    readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length,
  ]);
  assert.equal(lengths.length, 4);
  assert.deepEqual(
    lengths.filter(([, lines]) => Number(lines) > 60),
    [],
  );
});

test('uac calls a phone and refers it to uas', options, async (t) => {
  const lines: string[] = [];
  const uas = await answerCalls(0, (...words) => lines.push(words.slice(0, 2).join(' ')));
  const phone = new Phone({ name: 'alice', system });
  t.after(() => Promise.all([uas.close(), phone.close()]));
  await phone.listen();
  assert.equal(await callAndRefer(phone.uri, uas.uri, quietly), 200);
  assert.deepEqual([phone.calls, uas.calls.length], [1, 1]);
  await phone.hangUp();
  assert.deepEqual([phone.calls, uas.calls.length], [0, 0]);
  assert.deepEqual(lines, [`called by ${phone.uri}`, `left ${phone.uri}`]);
});

test('uac: the phone is busy, or the target is', options, async (t) => {
  const busy = new Phone({ name: 'bob', system, answers: 486 });
  const phone = new Phone({ name: 'alice', system });
  t.after(() => Promise.all([busy.close(), phone.close()]));
  await Promise.all([busy.listen(), phone.listen()]);
  assert.equal(await callAndRefer(busy.uri, phone.uri, quietly), 486);
  assert.equal(await callAndRefer(phone.uri, busy.uri, quietly), 486);
});

test('registrar: a phone registers with its password, and a caller is sent to it', options, async (t) => {
  const { agent: server, close } = await takeRegistrations([alice]);
  t.after(close);
  const { phone, stopped } = await registeredPhone(t, server.uri, alice);
  const { status, call } = await phone.invite(server.uri.replace('registrar@', 'alice@'), {
    sdp: sdp.offer(silent),
    followsRedirects: true,
  });
  assert.deepEqual([status, call?.dialog.remoteTarget], [200, phone.uri]);
  await call?.bye();
  await stopped();
  const gone = await phone.invite(server.uri.replace('registrar@', 'alice@'), { sdp: sdp.offer(silent) });
  assert.equal(gone.status, 480);
});

test('registrar: another password is not let in', options, async (t) => {
  const { agent: server, registrar, close } = await takeRegistrations([alice]);
  t.after(close);
  await registeredPhone(t, server.uri, { ...alice, password: 'guess' }, 'failing');
  assert.deepEqual(registrar.aors(), []);
});

/** A phone by UDP that answers, once its registration is as it should be. */
async function registeredPhone(t: TestContext, server: string, credentials: typeof alice, expected = 'registered') {
  const settled = Promise.withResolvers<string>();
  const account = { name: 'us', aor: server.replace('registrar@', 'alice@'), servers: [server], credentials };
  const registrations = new Registrations({
    system,
    accounts: [{ ...account, realm: null, expires: 600 }],
    store: { get: async () => null, put: async () => {} },
    addresses: () => phone.endpoint.localAddresses(),
    changed: ({ state }) => settled.resolve(state),
  });
  const phone: UserAgent = new UserAgent({
    system,
    name: 'alice',
    transports: [new UdpTransport({ system, host, port: 0 })],
    parts: [registrations],
    invited: answering,
  });
  t.after(async () => {
    registrations.kill();
    await phone.close();
  });
  await phone.listen();
  await registrations.start(phone.endpoint);
  assert.equal(await settled.promise, expected);
  return { phone, stopped: () => registrations.stop(2_000) };
}

const answering: NonNullable<ConstructorParameters<typeof UserAgent>[0]['invited']> = (invite) => {
  const answer = sdp.answer(invite.request.body, silent);
  if (typeof answer === 'string') invite.refuse(488);
  else invite.accept({ sdp: answer.sdp });
};

test('websocket: it registers and calls by one connection', options, async (t) => {
  t.mock.method(console, 'warn', quietly); // of the password that is wrong
  const called: string[] = [];
  const registrar = new Registrar({
    system,
    store: { bindings: async () => [], bind: async (_aor, rows) => void called.push(`${rows.length} bindings`) },
    mayRegister: (aor, { peer }) => peer === `phone:${aor}`,
  });
  const server = new UserAgent({
    system,
    name: 'server',
    transports: [new WebSocketTransport({ system, listen: { host, port: 0 }, certificates: null })],
    gate: new Admission({ system, trunks: [], phones: [alice], realm: 'server.example' }),
    allow: ['REGISTER'],
    parts: [registrar],
    invited(invite) {
      called.push(`${invite.request.uri} by ${invite.origin.from.flow === flows[0] ? 'the same' : 'another'} flow`);
      answering(invite);
    },
    trace: ({ peer }) => flows.push(peer.flow ?? ''),
  });
  const flows: string[] = [];
  t.after(() => {
    registrar.stop();
    return server.close();
  });
  await registrar.start(server.endpoint);
  await server.listen();
  const place = server.uri.replace('server@', '');
  assert.equal(await registerAndCall(place, alice, server.uri, quietly), 200);
  assert.deepEqual(called, ['1 bindings', `${server.uri} by the same flow`, '0 bindings']);
  assert.equal(await registerAndCall(place, { ...alice, password: 'guess' }, server.uri, quietly), 403);
});
