import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Admission,
  type AdmissionOptions,
  isScanner,
  type PhoneRule,
  policyOf,
  standingOf,
  type TrunkRule,
} from '../../src/sip/admission.ts';
import type { Passage } from '../../src/sip/gate.ts';
import { authorize, readChallenges } from '../../src/sip/message/digest.ts';
import { Request, Response } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { type Changes, rawMessage, rawResponse } from '../support/messages.ts';

const trunk = (more: Partial<TrunkRule> = {}): TrunkRule => ({
  name: 'carrier',
  addresses: ['192.0.2.0/24', '2001:db8:1::/48'],
  username: null,
  password: null,
  nat: true,
  ...more,
});
const byDigest = trunk({ name: 'roaming', addresses: [], username: 'roamer', password: 'r' });
const phone: PhoneRule = { username: 'alice', password: 'a' };
const at = (host: string): Target => ({ transport: 'udp', host, port: 5060, flow: 'udp:203.0.113.1:5060' });

const standings: readonly (readonly [
  name: string,
  trunks: readonly TrunkRule[],
  phones: readonly PhoneRule[],
  host: string,
  standing: string,
])[] = [
  ['nothing configured: anyone', [], [], '198.51.100.1', 'anyone'],
  ['nothing configured: loopback', [], [], '127.0.0.1', 'loopback'],
  ['a trunk: its range', [trunk()], [], '192.0.2.77', 'trunk carrier'],
  ['a trunk: its IPv6 range', [trunk()], [], '2001:db8:1::9', 'trunk carrier'],
  ['a trunk: somebody else', [trunk()], [], '198.51.100.1', 'refused'],
  ['a trunk: loopback', [trunk()], [], '::1', 'loopback'],
  ['a trunk on loopback is a trunk', [trunk({ addresses: ['127.0.0.1'] })], [], '127.0.0.1', 'trunk carrier'],
  [
    'two trunks: the first that has the address',
    [trunk({ name: 'a' }), trunk({ name: 'b' })],
    [],
    '192.0.2.1',
    'trunk a',
  ],
  ['a trunk by digest: somebody', [byDigest], [], '198.51.100.1', 'asked'],
  [
    'a trunk by address with credentials: they are for what we send',
    [trunk({ username: 'u', password: 'p' })],
    [],
    '198.51.100.1',
    'refused',
  ],
  ['a phone: somebody', [], [phone], '198.51.100.1', 'asked'],
  ['a phone and a trunk: the trunk', [trunk()], [phone], '192.0.2.1', 'trunk carrier'],
];

for (const [name, trunks, phones, host, expected] of standings) {
  test(name, () => {
    const standing = standingOf(policyOf(trunks, phones), host);
    const told = { ...standing } as { name: string; trunk?: TrunkRule; mayProve?: boolean };
    const text = told.name === 'unknown' ? (told.mayProve ? 'asked' : 'refused') : told.name;
    assert.equal(told.trunk ? `trunk ${told.trunk.name}` : text, expected);
  });
}

const agents: readonly (readonly [agent: string, scans: boolean])[] = [
  ['friendly-scanner', true],
  ['FRIENDLY-Scanner/1', true],
  ['sipvicious', true],
  ['sipcli/v1.8', true],
  ['VaxSIPUserAgent/3.1', true],
  ['Linphone/5.2', false],
  ['baresip v1.0.0 (x86_64/Linux)', false],
  ['smapper', false],
  ['Asterisk PBX 20', false],
];

for (const [agent, scans] of agents) {
  test(`${agent} is ${scans ? 'a' : 'no'} scanner`, () =>
    assert.equal(isScanner(message('OPTIONS', { 'User-Agent': agent })), scans));
}

function message(method: string, changes: Changes = {}): Request {
  const request = parse(rawMessage(`${method} sip:bob@203.0.113.1 SIP/2.0`, { CSeq: `1 ${method}`, ...changes }));
  assert.ok(request instanceof Request);
  return request;
}

function gate(options: Partial<AdmissionOptions> = {}) {
  const system = fakeSystem();
  const admission = new Admission({ system, trunks: [], phones: [], realm: 'switchhook', ...options });
  const asks = (host: string, method = 'INVITE', changes: Changes = {}): Passage =>
    admission.request(message(method, changes), at(host));
  /** The same request with what answers the refusal. */
  const answers = (host: string, refusal: Passage, credentials = phone, method = 'INVITE', nc = 1): Passage => {
    assert.equal(refusal.type, 'refused');
    const values = refusal.headers.map(([, value]) => value);
    const response = parse(rawResponse(refusal.status, { 'WWW-Authenticate': values }));
    assert.ok(response instanceof Response);
    const request = { method, uri: 'sip:bob@203.0.113.1', cnonce: 'c', nc };
    const [name, value] = authorize(readChallenges(response)[0]!, request, credentials);
    return asks(host, method, { [name]: value });
  };
  return { system, admission, asks, answers };
}

const stranger = '198.51.100.1';
const status = (passage: Passage): number | string => (passage.type === 'refused' ? passage.status : passage.type);

test('nothing configured: whoever reaches us comes in, REGISTER too', () => {
  const { asks } = gate();
  for (const method of ['INVITE', 'OPTIONS', 'REGISTER']) {
    assert.deepEqual(asks(stranger, method), { type: 'admitted', nat: true });
  }
});

test('a trunk comes in by its address, and is named', () => {
  const { asks } = gate({ trunks: [trunk({ nat: false })] });
  assert.deepEqual(asks('192.0.2.5'), { type: 'admitted', peer: 'trunk:carrier', nat: false });
  assert.deepEqual(asks('127.0.0.1'), { type: 'admitted', nat: true });
  assert.equal(status(asks(stranger)), 403);
});

test('a listener may leave private Contacts alone', () => {
  const { asks } = gate({ nat: ({ flow }) => flow !== 'udp:203.0.113.1:5060' });
  assert.deepEqual(asks(stranger), { type: 'admitted', nat: false });
});

test('a phone comes in by digest, and is named', () => {
  const { asks, answers, admission } = gate({ phones: [phone] });
  const refusal = asks(stranger);
  assert.equal(status(refusal), 401);
  assert.deepEqual(answers(stranger, refusal), { type: 'admitted', peer: 'phone:alice', nat: true });
  assert.equal(status(answers(stranger, refusal)), 401, 'not twice by the same count');
  assert.deepEqual(answers(stranger, refusal, phone, 'INVITE', 2), {
    type: 'admitted',
    peer: 'phone:alice',
    nat: true,
  });
  assert.deepEqual([admission.counts.challenged, admission.counts.failed], [2, 0]);
});

test('a trunk comes in by digest where it has no address', () => {
  const { asks, answers } = gate({ trunks: [byDigest] });
  const passage = answers(stranger, asks(stranger), { username: 'roamer', password: 'r' });
  assert.deepEqual(passage, { type: 'admitted', peer: 'trunk:roaming', nat: true });
});

test('a replay from elsewhere is asked again, with a new nonce that says stale', () => {
  const { asks, answers } = gate({ phones: [phone] });
  const passage = answers('198.51.100.9', asks(stranger));
  assert.equal(passage.type, 'refused');
  assert.match(passage.type === 'refused' ? passage.headers[0]![1] : '', /stale=true/);
});

test('with phones, REGISTER is always asked: from loopback and from a trunk, too', () => {
  const { asks, answers } = gate({ phones: [phone], trunks: [trunk()] });
  for (const host of ['127.0.0.1', '192.0.2.5']) {
    assert.equal(status(asks(host, 'INVITE')), 'admitted');
    const refusal = asks(host, 'REGISTER');
    assert.equal(status(refusal), 401);
    assert.equal(status(answers(host, refusal, phone, 'REGISTER')), 'admitted');
  }
});

test('a CANCEL and what is sent in a dialog cannot be asked (RFC 3261 §22.1)', () => {
  const { asks } = gate({ phones: [phone] });
  assert.equal(status(asks(stranger, 'CANCEL')), 'admitted');
  assert.equal(status(asks(stranger, 'BYE', { To: 'Bob <sip:bob@biloxi.example>;tag=1' })), 'admitted');
});

test('a scanner is met with silence, whatever it calls itself next', () => {
  const { asks, admission } = gate();
  assert.equal(status(asks(stranger, 'OPTIONS', { 'User-Agent': 'friendly-scanner' })), 'dropped');
  assert.equal(status(asks(stranger, 'INVITE')), 'dropped');
  assert.equal(admission.unreadable(at(stranger)), false);
  assert.equal(status(asks('198.51.100.2', 'INVITE')), 'admitted');
  assert.deepEqual([admission.counts.scanners, admission.counts.silenced], [1, 1]);
});

test('on loopback and on a trunk one may scan', () => {
  const { asks } = gate({ trunks: [trunk()] });
  for (const host of ['127.0.0.1', '192.0.2.5']) {
    assert.equal(status(asks(host, 'OPTIONS', { 'User-Agent': 'friendly-scanner' })), 'admitted');
  }
});

test('who guesses passwords is met with silence after ten of them, and heard again later', async () => {
  const { asks, answers, admission, system } = gate({ phones: [phone] });
  const guesses = Array.from({ length: 12 }, () => {
    const refusal = asks(stranger, 'REGISTER');
    return refusal.type === 'dropped'
      ? 'dropped'
      : status(answers(stranger, refusal, { ...phone, password: 'x' }, 'REGISTER'));
  });
  assert.deepEqual(guesses, [...Array(10).fill(401), 'dropped', 'dropped']);
  assert.deepEqual([admission.counts.failed, admission.counts.silenced], [10, 2]);
  assert.equal(status(asks('198.51.100.2')), 401, 'only there');
  assert.equal(system.log.at('warn').length, 1);
  await system.clock.advance(300_000);
  assert.equal(status(answers(stranger, asks(stranger))), 'admitted');
});

test('who is refused again and again is met with silence', () => {
  const { asks, admission } = gate({ trunks: [trunk()] });
  const statuses = Array.from({ length: 12 }, () => status(asks(stranger)));
  assert.deepEqual(statuses, [...Array(10).fill(403), 'dropped', 'dropped']);
  assert.equal(admission.counts.refused, 10);
});

test('who never answers a challenge is met with silence until it does; phones that do are not', () => {
  const { asks, answers, admission } = gate({ phones: [phone], limits: { unanswered: 3 } });
  const refusals = Array.from({ length: 5 }, () => asks(stranger, 'REGISTER'));
  assert.deepEqual(refusals.map(status), [401, 401, 401, 'dropped', 'dropped']);
  assert.equal(admission.counts.unanswered, 2);
  assert.equal(status(answers(stranger, refusals[0]!, phone, 'REGISTER')), 'admitted');
  assert.equal(status(asks(stranger, 'REGISTER')), 401);
});

test('who sends too much is heard as far as the limit goes', async () => {
  const { asks, admission, system } = gate({ limits: { requestsPerSecond: 5 } });
  const burst = Array.from({ length: 12 }, () => status(asks(stranger)));
  assert.deepEqual(burst, [...Array(10).fill('admitted'), 'dropped', 'dropped']);
  assert.equal(admission.counts.limited, 2);
  assert.equal(status(asks(stranger, 'BYE', { To: '<sip:b@x>;tag=1' })), 'dropped', 'in a dialog, too');
  await system.clock.advance(1000);
  assert.equal(status(asks(stranger)), 'admitted');
  for (let n = 0; n < 50; n += 1) assert.equal(status(asks('127.0.0.1')), 'admitted');
});

test('bytes that nobody can read are answered until they are too many', () => {
  const { admission } = gate({ trunks: [trunk()] });
  const answered = Array.from({ length: 12 }, () => admission.unreadable(at(stranger)));
  assert.deepEqual(answered, [...Array(10).fill(true), false, false]);
  for (let n = 0; n < 20; n += 1) assert.equal(admission.unreadable(at('192.0.2.5')), true);
});

test('who comes again without an answer is offered the last algorithm alone; a copy of a request is not that', () => {
  const { asks, answers } = gate({ phones: [phone] });
  const branch = (name: string) => ({ Via: `SIP/2.0/UDP ${stranger};branch=z9hG4bK${name}` });
  const offers = (passage: Passage): number => (passage.type === 'refused' ? passage.headers.length : 0);
  assert.equal(offers(asks(stranger, 'REGISTER', branch('1'))), 3);
  assert.equal(offers(asks(stranger, 'REGISTER', branch('1'))), 3);
  const plain = asks(stranger, 'REGISTER', branch('2'));
  assert.equal(offers(plain), 1);
  assert.equal(offers(asks('198.51.100.2', 'REGISTER', branch('3'))), 3, 'another peer');
  assert.equal(status(answers(stranger, plain, phone, 'REGISTER')), 'admitted');
  assert.equal(offers(asks(stranger, 'REGISTER', branch('4'))), 1, 'and again, when it refreshes');
});

test('who answers is offered all of them again', () => {
  const { asks, answers } = gate({ phones: [phone] });
  for (let n = 0; n < 3; n += 1) {
    const refusal = asks(stranger, 'REGISTER', { Via: `SIP/2.0/UDP ${stranger};branch=z9hG4bK${n}` });
    assert.equal(refusal.type === 'refused' && refusal.headers.length, 3);
    assert.equal(status(answers(stranger, refusal, phone, 'REGISTER')), 'admitted');
  }
});
