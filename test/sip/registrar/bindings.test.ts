import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import {
  aorOf,
  type Binding,
  type Registered,
  register,
  registeredHeaders,
  usualRegistrarLimits,
  wayTo,
} from '../../../src/sip/registrar/bindings.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { type Changes, rawMessage } from '../../support/messages.ts';

const now = Date.UTC(2026, 0, 1);
const from: Target = { transport: 'udp', host: '203.0.113.7', port: 40_000, flow: 'udp:192.0.2.1:5060' };
const limits = { ...usualRegistrarLimits, contacts: 3 };

function request(changes: Changes, cseq = 1): Request {
  const message = parse(rawMessage('REGISTER sip:pbx.example SIP/2.0', { CSeq: `${cseq} REGISTER`, ...changes }));
  assert.ok(message instanceof Request);
  return message;
}

function registered(
  bindings: readonly Binding[],
  changes: Changes,
  { cseq = 1, at = now, source = from } = {},
): Registered {
  return register(bindings, request(changes, cseq), { at, from: source, nat: true }, limits);
}

/** The bindings after these REGISTERs, with rising CSeq. */
function after(...all: readonly Changes[]): readonly Binding[] {
  return all.reduce<readonly Binding[]>((bindings, changes, index) => {
    const step = registered(bindings, changes, { cseq: index + 1 });
    assert.ok(step.accepted, JSON.stringify(step));
    return step.bindings;
  }, []);
}

/** What is bound for how many seconds. */
const brief = (bindings: readonly Binding[]): string[] =>
  bindings.map(({ contact, expiresAt }) => `${contact} ${(expiresAt - now) / 1000}`);

const a = 'sip:alice@198.51.100.1';
const b = 'sip:alice@198.51.100.2';
const c = 'sip:alice@198.51.100.3';

const accepted: readonly (readonly [name: string, registers: readonly Changes[], bound: readonly string[]])[] = [
  ['a contact, for as long as is usual', [{ Contact: `<${a}>` }], [`${a} 3600`]],
  ['for as long as Expires says', [{ Contact: `<${a}>`, Expires: '600' }], [`${a} 600`]],
  ['the parameter goes before Expires', [{ Contact: `<${a}>;expires=120`, Expires: '600' }], [`${a} 120`]],
  ['not longer than we keep any', [{ Contact: `<${a}>;expires=4294967295` }], [`${a} 3600`]],
  ['a value nobody can read is as none', [{ Contact: `<${a}>;expires=soon`, Expires: '600' }], [`${a} 3600`]],
  ['several in one', [{ Contact: `<${a}>, <${b}>;expires=60` }], [`${a} 3600`, `${b} 60`]],
  ['several in turn', [{ Contact: `<${a}>` }, { Contact: `<${b}>` }], [`${a} 3600`, `${b} 3600`]],
  ['again: refreshed', [{ Contact: `<${a}>` }, { Contact: `<${a}>`, Expires: '90' }], [`${a} 90`]],
  [
    'again, compared as URIs',
    [{ Contact: `<${a}>` }, { Contact: '<SIP:%61lice@198.51.100.1>' }],
    ['SIP:%61lice@198.51.100.1 3600'],
  ],
  [
    'another parameter that counts is another contact',
    [{ Contact: `<${a}>` }, { Contact: `<${a};transport=tcp>` }],
    [`${a} 3600`, `${a};transport=tcp 3600`],
  ],
  ['removed', [{ Contact: `<${a}>, <${b}>` }, { Contact: `<${a}>`, Expires: '0' }], [`${b} 3600`]],
  ['removed by its parameter', [{ Contact: `<${a}>, <${b}>` }, { Contact: `<${b}>;expires=0` }], [`${a} 3600`]],
  ['removed though it never was', [{ Contact: `<${a}>` }, { Contact: `<${b}>;expires=0` }], [`${a} 3600`]],
  ['all removed', [{ Contact: `<${a}>, <${b}>` }, { Contact: '*', Expires: '0' }], []],
  ['asked for', [{ Contact: `<${a}>` }, {}], [`${a} 3600`]],
  ['the same twice: the last word counts', [{ Contact: `<${a}>;expires=90, <${a}>;expires=60` }], [`${a} 60`]],
  [
    'one too many: that which would end first goes',
    [{ Contact: `<${a}>;expires=90, <${b}>;expires=60, <${c}>;expires=70` }, { Contact: '<sip:alice@198.51.100.4>' }],
    [`${a} 90`, `${c} 70`, 'sip:alice@198.51.100.4 3600'],
  ],
  [
    'the same phone under another address, started again (RFC 5626 §6)',
    [
      { Contact: `<${a}>;+sip.instance="<urn:uuid:1>"` },
      { Contact: `<${b}>;+sip.instance="<urn:uuid:1>"`, 'Call-ID': 'another' },
    ],
    [`${b} 3600`],
  ],
  [
    'one phone with two contacts in one REGISTER',
    [{ Contact: `<${a}>;+sip.instance="<urn:uuid:1>", <${b}>;+sip.instance="<urn:uuid:1>"` }],
    [`${a} 3600`, `${b} 3600`],
  ],
];

for (const [name, registers, bound] of accepted) {
  test(`bound: ${name}`, () => assert.deepEqual(brief(after(...registers)), bound));
}

const refused: readonly (readonly [name: string, changes: Changes, cseq: number, status: number, headers?: object])[] =
  [
    ['too short', { Contact: `<${a}>;expires=59` }, 9, 423, [['Min-Expires', '60']]],
    ['one of two is too short: neither', { Contact: `<${b}>, <${c}>;expires=1` }, 9, 423, [['Min-Expires', '60']]],
    ['* with another', { Contact: `*, <${a}>`, Expires: '0' }, 9, 400],
    ['* without Expires: 0', { Contact: '*', Expires: '600' }, 9, 400],
    ['* without Expires', { Contact: '*' }, 9, 400],
    ['a contact nobody can read', { Contact: '<alice' }, 9, 400],
    ['a contact nobody can call', { Contact: '<mailto:alice@atlanta.example>' }, 9, 400],
    ['the CSeq of the last one', { Contact: `<${a}>` }, 5, 500],
    ['a lower CSeq', { Contact: `<${a}>;expires=0` }, 4, 500],
    ['a lower CSeq and *', { Contact: '*', Expires: '0' }, 4, 500],
    ['one of two is out of order: neither', { Contact: `<${b}>, <${a}>` }, 4, 500],
  ];

for (const [name, changes, cseq, status, headers = []] of refused) {
  test(`refused: ${name}`, () => {
    const before = registered([], { Contact: `<${a}>` }, { cseq: 5 });
    assert.ok(before.accepted);
    assert.deepEqual(registered(before.bindings, changes, { cseq }), { accepted: false, status, headers });
  });
}

test('another Call-ID may have any CSeq: the phone has started again', () => {
  const before = registered([], { Contact: `<${a}>` }, { cseq: 500 });
  assert.ok(before.accepted);
  const step = registered(before.bindings, { Contact: `<${a}>`, 'Call-ID': 'another', Expires: '70' });
  assert.deepEqual(step.accepted && brief(step.bindings), [`${a} 70`]);
});

test('nothing changes: the very list', () => {
  const bindings = after({ Contact: `<${a}>` });
  const step = registered(bindings, {}, { cseq: 2 });
  assert.ok(step.accepted && step.bindings === bindings);
});

test('a binding survives a snapshot', () => {
  const bindings = after({
    Contact: `"Al" <${a}>;q=0.5;+sip.instance="<urn:uuid:1>";reg-id=1;expires=90`,
    Path: '<sip:p;lr>',
  });
  assert.deepEqual(JSON.parse(JSON.stringify(bindings)), bindings);
});

test('the 200 lists every binding with what is left of it, its own parameters, Path where it is understood, and Date', () => {
  const asked = request({ Contact: `<${a}>`, Supported: 'path, gruu', Path: '<sip:p1;lr>,<sip:p2;lr>' });
  const bindings = after({ Contact: `<${a}>;q=0.5;+sip.instance="<urn:uuid:1>";expires=90, <${b}>` });
  assert.deepEqual(registeredHeaders(asked, bindings, now + 30_500), [
    ['Contact', `<${a}>;q=0.5;+sip.instance="<urn:uuid:1>";expires=60`],
    ['Contact', `<${b}>;expires=3570`],
    ['Path', '<sip:p1;lr>,<sip:p2;lr>'],
    ['Date', 'Thu, 01 Jan 2026 00:00:30 GMT'],
  ]);
  assert.ok(!registeredHeaders(request({ Path: '<sip:p1;lr>' }), [], now).some(([name]) => name === 'Path'));
});

const qs: readonly (readonly [text: string, thousandths: number])[] = [
  ['', 1000],
  [';q=1', 1000],
  [';q=0.75', 750],
  [';q=0', 0],
  [';q=.5', 1000],
  [';q=2', 1000],
];
for (const [text, thousandths] of qs) {
  test(`preference ${text || 'not said'}`, () => assert.equal(after({ Contact: `<${a}>${text}` })[0]?.q, thousandths));
}

const tcp: Target = { transport: 'tcp', host: '203.0.113.7', port: 50_000, flow: 'tcp:192.0.2.1:5060#9' };
const behindNat = true;
const ways: readonly (readonly [name: string, changes: Changes, source: Target, target: Target])[] = [
  ['where its contact says', { Contact: `<${a}:5070>` }, from, { ...from, host: '198.51.100.1', port: 5070 }],
  ['behind a NAT: where it came from', { Contact: '<sip:alice@192.168.1.5:5070>' }, from, { ...from, behindNat }],
  ['over its connection', { Contact: '<sip:alice@192.168.1.5:5070;transport=tcp>' }, tcp, { ...tcp, behindNat }],
  [
    'by the path, before all',
    { Contact: '<sip:alice@192.168.1.5>', Path: '<sip:203.0.113.9:5080;lr>' },
    from,
    { ...from, host: '203.0.113.9', port: 5080 },
  ],
];

for (const [name, changes, source, target] of ways) {
  test(`called ${name}`, () => {
    const step = registered([], changes, { source });
    assert.ok(step.accepted);
    const way = wayTo(step.bindings[0]!);
    assert.deepEqual([way.target, way.routes], [target, changes.Path ? [changes.Path] : []]);
  });
}

const aors: readonly (readonly [uri: string, aor: string | null])[] = [
  ['sip:alice@pbx.example', 'alice'],
  ['sips:alice:secret@pbx.example:5061;user=phone', 'alice'],
  ['sip:%61lice%20b@192.0.2.1', 'alice b'],
  ['sip:pbx.example', null],
  ['tel:+15551234', null],
  ['nonsense', null],
];
for (const [uri, aor] of aors) test(`the address-of-record of ${uri}`, () => assert.equal(aorOf(uri), aor));
