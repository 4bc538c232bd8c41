// Bad input on every socket there is, while SIPp's calls go on: each is answered, cut off or passed over, the process
// stays up, and the calls that were there before end as they should.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases, whole } from '../torture/hostile.ts';
import { messages } from '../torture/messages.ts';
import type { Conversation } from './support/application.ts';
import { without } from './support/peers.ts';
import { acks, answers, gets, invite, notifies, rings } from './support/scenario.ts';
import { Scope } from './support/scope.ts';
import { Sipp } from './support/sipp.ts';
import { cutOff, datagrams, halfOpen, mutations, noise } from './support/storm.ts';
import { openWorld, type World } from './support/world.ts';

const target = 'sip:bob@biloxi.example';
const seed = 20_261_123;
const tortures = Object.values(messages).map(({ text }) => text);
const hostiles = Object.values(cases);
/** Replies go back to where these came from: they ask for that as they should. */
const answerable = hostiles.filter(
  ({ text, datagram }) => datagram !== 'parsed' && datagram[1] && text.includes('branch=z9hG4bK776asdhds;rport'),
);
const megabytes = 3 * 1024 * 1024;

const isReferred = ['call.initiated', 'call.answered', 'call.refer.started', 'call.refer.completed', 'call.hangup'];
const steps = [
  invite(),
  ...rings,
  gets(200),
  acks(),
  gets('REFER'),
  answers('202 Accepted'),
  notifies('SIP/2.0 200 OK', 'terminated;reason=noresource'),
  gets(200),
  gets('BYE'),
  answers('200 OK'),
];

interface Talk {
  readonly call: Conversation;
  readonly sipp: Sipp;
}

async function talks(scope: Scope, { server, app }: World, transport: 'udp' | 'tcp', user: string): Promise<Talk> {
  const sipp = await Sipp.open(scope, user, { transport, steps, calls: { user, port: server.sipPort } });
  const call = await app.called(user);
  await call.answer();
  await call.gets('call.answered');
  return { call, sipp };
}

async function isReferredAsUsual({ call, sipp }: Talk): Promise<void> {
  await call.refer(target);
  await call.gets('call.refer.started');
  await call.gets('call.refer.completed', { sip_notify_response: 200 });
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  await sipp.succeeds();
  assert.deepEqual(call.types, isReferred);
}

async function overUdp(scope: Scope, { server }: World): Promise<void> {
  const texts = [...hostiles.map(({ text }) => text), ...tortures, ...noise(200, seed), ...mutations(whole, 300, seed)];
  const replies = await datagrams(scope, server.sipPort, texts);
  const refusals = replies.filter((reply) => /^SIP\/2\.0 [45]/.test(reply));
  assert.ok(refusals.length >= answerable.length, `${refusals.length} of ${answerable.length} were answered`);
}

async function overTcp(scope: Scope, { server }: World): Promise<void> {
  for (const { text, stream } of hostiles) {
    const failure = /^failure (\d+)$/.exec(stream.at(-1) ?? '');
    if (!failure) await halfOpen(scope, server.sipPort, text);
    else assert.match(await cutOff(scope, server.sipPort, text), new RegExp(`^$|SIP/2.0 ${failure[1]} `));
  }
  const others = [...tortures, ...noise(50, seed + 1), ...mutations(whole, 50, seed + 1), '', 'INVITE'];
  for (const text of others) await halfOpen(scope, server.sipPort, text);
}

/** The status and the code of the first error. */
async function posts({ server }: World, path: string, init: RequestInit): Promise<readonly unknown[]> {
  const headers = { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json', ...init.headers };
  const response = await fetch(server.httpAddress + path, { method: 'POST', ...init, headers });
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  const { errors } = (await response.json()) as { errors: { code: string; source?: { pointer: string } }[] };
  return [response.status, errors[0]?.code, errors[0]?.source?.pointer];
}

async function overHttp(scope: Scope, world: World, { call }: Talk): Promise<void> {
  const { server } = world;
  const path = `/v2/calls/${call.id}/actions/refer`;
  const refused = async (body: object, pointer: string) =>
    assert.deepEqual(await posts(world, path, { body: JSON.stringify(body) }), [422, '10015', pointer]);

  const long = JSON.stringify({ sip_address: 'x'.repeat(megabytes) });
  assert.deepEqual(await posts(world, path, { body: long }), [413, '10015', undefined]);
  assert.deepEqual(await posts(world, path, { body: '{"sip_address":' }), [400, '10023', undefined]);
  const plain = { 'content-type': 'text/plain' };
  assert.deepEqual(await posts(world, path, { body: target, headers: plain }), [415, '10014', undefined]);
  await refused({ sip_address: `${target}\r\nVia: x` }, '/sip_address');
  await refused({ sip_address: target, client_state: 'no Base64!' }, '/client_state');
  await refused(
    { sip_address: target, custom_headers: [{ name: 'X-A\r\nVia', value: 'x' }] },
    '/custom_headers/0/name',
  );
  await refused(
    { sip_address: target, custom_headers: [{ name: 'X-A', value: 'x\r\nVia: x' }] },
    '/custom_headers/0/value',
  );

  const httpPort = Number(new URL(server.httpAddress).port);
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.apiKey}\r\n`;
  const half = `${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"sip_`;
  for (const text of [half, head, '', ...noise(20, seed + 2)]) await halfOpen(scope, httpPort, text);
}

test('bad input on every socket while calls go on', { skip: without('sipp') }, async (t) => {
  const scope = new Scope(t);
  const world = await openWorld(scope, { SWITCHHOOK_REFER_BYE_GRACE_MS: '250' });
  const { server, app } = world;
  const before = await Promise.all([
    talks(scope, world, 'udp', 'before-by-udp'),
    talks(scope, world, 'tcp', 'before-by-tcp'),
  ]);
  const [talk] = before;
  const [during] = await Promise.all([
    talks(scope, world, 'udp', 'during'),
    overUdp(scope, world),
    overTcp(scope, world),
    overHttp(scope, world, talk),
  ]);
  const after = await talks(scope, world, 'tcp', 'after');
  await Promise.all([...before, during, after].map(isReferredAsUsual));

  const strangers = app.conversations.filter(({ types }) => types.length === 1);
  for (const call of strangers) await call.hangup();
  for (const call of strangers) await app.until('the end of a hostile call', () => call.webhooks[1]);
  const { status } = await fetch(`${server.httpAddress}/readyz`);
  assert.equal(status, 200);
  assert.ok(server.isRunning);
});
