import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf } from '../../../src/sip/message/bytes.ts';
import {
  isCallId,
  isSingle,
  locateName,
  nameId,
  readContentType,
  readCSeq,
  readEvent,
  readOptionTags,
  readRack,
  readReason,
  readReferSub,
  readReplaces,
  readRetryAfter,
  readSubscriptionState,
  readTokens,
  readVia,
  sameHeader,
  writeContentType,
  writeCSeq,
  writeEvent,
  writeRack,
  writeReason,
  writeReferSub,
  writeReplaces,
  writeRetryAfter,
  writeSubscriptionState,
  writeTokens,
  writeVia,
} from '../../../src/sip/message/headers.ts';

/** One structured header: what is read and written alike, what is only read, and what cannot be read. */
interface Table<Value> {
  readonly read: (text: string) => Value | null;
  readonly write: (value: Value) => string;
  readonly both: readonly (readonly [text: string, value: Value])[];
  readonly only: readonly (readonly [text: string, value: Value])[];
  readonly bad: readonly string[];
}

function table<Value>(name: string, { read, write, both, only, bad }: Table<Value>): void {
  test(name, () => {
    for (const [text, value] of both) {
      assert.deepEqual(read(text), value, text);
      assert.equal(write(value), text);
    }
    for (const [text, value] of only) assert.deepEqual(read(text), value, text);
    for (const text of bad) assert.equal(read(text), null, JSON.stringify(text));
  });
}

table('CSeq', {
  read: readCSeq,
  write: writeCSeq,
  both: [
    ['1 INVITE', { number: 1, method: 'INVITE' }],
    ['0 ACK', { number: 0, method: 'ACK' }],
    ['2147483647 X-Y', { number: 2_147_483_647, method: 'X-Y' }],
  ],
  only: [['0009 \t INVITE', { number: 9, method: 'INVITE' }]],
  bad: [
    '',
    '1',
    '1 ',
    'INVITE',
    ' 1 INVITE',
    '1INVITE',
    '-1 INVITE',
    '1.0 INVITE',
    '2147483648 INVITE',
    '1 INVITE BYE',
    '1 IN(VITE',
    '0x1 INVITE',
  ],
});

const via = (transport: string, host: string, port: number | null, ...params: [string, string | null][]) => {
  const map = new Map(params);
  const rport = map.get('rport');
  return {
    transport,
    host,
    port,
    branch: map.get('branch') ?? null,
    received: map.get('received') ?? null,
    rport: rport ? Number(rport) : null,
    params: map,
  };
};

table('Via', {
  read: readVia,
  write: writeVia,
  both: [
    ['SIP/2.0/UDP 192.0.2.1', via('UDP', '192.0.2.1', null)],
    [
      'SIP/2.0/UDP pc33.atlanta.example:5060;branch=z9hG4bK776',
      via('UDP', 'pc33.atlanta.example', 5060, ['branch', 'z9hG4bK776']),
    ],
    ['SIP/2.0/UDP a;rport;branch=z9hG4bK1', via('UDP', 'a', null, ['rport', null], ['branch', 'z9hG4bK1'])],
    [
      'SIP/2.0/TCP [2001:db8::9]:5070;branch=z9hG4bK1;received=2001:db8::8;rport=40000',
      via('TCP', '[2001:db8::9]', 5070, ['branch', 'z9hG4bK1'], ['received', '2001:db8::8'], ['rport', '40000']),
    ],
    [
      'SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK1',
      via('WSS', 'df7jal23ls0d.invalid', null, ['branch', 'z9hG4bK1']),
    ],
  ],
  only: [
    ['sip/2.0/udp a;BRANCH=x', via('UDP', 'a', null, ['branch', 'x'])],
    ['SIP / 2.0 / UDP \t a : 5060 ; branch = x', via('UDP', 'a', 5060, ['branch', 'x'])],
    ['SIP/2.0/UDP my_pbx', via('UDP', 'my_pbx', null)],
  ],
  bad: [
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0 a',
    'SIP/3.0/UDP a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDPa',
    'SIP/2.0/U(P a',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP a,b',
    'SIP/2.0/UDP a:',
    'SIP/2.0/UDP a:b',
    'SIP/2.0/UDP a:65536',
    'SIP/2.0/UDP a:123456',
    'SIP/2.0/UDP ::1',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP a;',
    'SIP/2.0/UDP a;;branch=x',
    'SIP/2.0/UDP a;branch=x;branch=y',
    'SIP/2.0/UDP a;rport=x',
    'SIP/2.0/UDP a;rport=65536',
    'SIP/2.0/UDP a;rport=',
    'SIP/2.0/UDP a..b',
    'SIP/2.0/UDP <a>',
  ],
});

table('Event', {
  read: readEvent,
  write: writeEvent,
  both: [
    ['refer', { package: 'refer', id: null }],
    ['refer;id=93809823', { package: 'refer', id: '93809823' }],
    ['message-summary', { package: 'message-summary', id: null }],
    ['presence.winfo', { package: 'presence.winfo', id: null }],
  ],
  only: [
    ['REFER', { package: 'refer', id: null }],
    ['Refer ; ID = 7', { package: 'refer', id: '7' }],
    ['refer;', { package: 'refer', id: null }],
    ['refer;;id=7', { package: 'refer', id: '7' }],
    ['refer;id="7"', { package: 'refer', id: '7' }],
    ['refer;id', { package: 'refer', id: null }],
    ['refer;x=";id=1";id=2', { package: 'refer', id: '2' }],
  ],
  bad: ['', ';id=7', 'two words', 'refer,dialog', '"refer"'],
});

const state = (
  name: string,
  expires: number | null = null,
  reason: string | null = null,
  retryAfter: number | null = null,
) => ({
  state: name,
  expires,
  reason,
  retryAfter,
});

table('Subscription-State', {
  read: readSubscriptionState,
  write: writeSubscriptionState,
  both: [
    ['active', state('active')],
    ['active;expires=60', state('active', 60)],
    ['pending;expires=3600', state('pending', 3600)],
    ['terminated;reason=noresource', state('terminated', null, 'noresource')],
    ['terminated;reason=probation;retry-after=30', state('terminated', null, 'probation', 30)],
    ['hibernating', state('hibernating')],
  ],
  only: [
    ['Active ; Expires = 60', state('active', 60)],
    ['TERMINATED;Reason=NoResource', state('terminated', null, 'noresource')],
    ['terminated;', state('terminated')],
    ['terminated;;reason=timeout', state('terminated', null, 'timeout')],
    ['terminated;reason', state('terminated')],
    ['active;expires=soon', state('active')],
    ['active;expires="60"', state('active', 60)],
    ['active;expires=60;expires=1', state('active', 60)],
    ['active;expires=99999999999', state('active')],
  ],
  bad: ['', ';expires=60', 'active expires=60', '"active"', 'active,pending'],
});

table('Content-Type', {
  read: readContentType,
  write: writeContentType,
  both: [
    ['application/sdp', { type: 'application/sdp', params: new Map() }],
    ['message/sipfrag;version=2.0', { type: 'message/sipfrag', params: new Map([['version', '2.0']]) }],
    ['multipart/mixed;boundary="a;b"', { type: 'multipart/mixed', params: new Map([['boundary', '"a;b"']]) }],
  ],
  only: [
    ['Message / SipFrag ; Version = 2.0', { type: 'message/sipfrag', params: new Map([['version', '2.0']]) }],
    ['message/sipfrag;', { type: 'message/sipfrag', params: new Map() }],
  ],
  bad: ['', 'text', 'text/', '/plain', 'text/plain/x', 'text plain', 'te xt/plain', 'a(b/c', 'text/plain, text/html'],
});

table('RAck', {
  read: readRack,
  write: writeRack,
  both: [['776656 1 INVITE', { rseq: 776_656, cseq: 1, method: 'INVITE' }]],
  only: [['4294967295 \t 0001  INVITE', { rseq: 4_294_967_295, cseq: 1, method: 'INVITE' }]],
  bad: [
    '',
    '1',
    '1 2',
    '1 INVITE',
    '1 2 3 4',
    '-1 2 INVITE',
    '4294967296 1 INVITE',
    '1 2147483648 INVITE',
    '1 2 IN(VITE',
  ],
});

table('Replaces', {
  read: readReplaces,
  write: writeReplaces,
  both: [
    [
      '98732@sip.example.com;to-tag=r33th4x0r;from-tag=ff87ff',
      { callId: '98732@sip.example.com', toTag: 'r33th4x0r', fromTag: 'ff87ff', earlyOnly: false },
    ],
    ['a;to-tag=1;from-tag=2;early-only', { callId: 'a', toTag: '1', fromTag: '2', earlyOnly: true }],
  ],
  only: [['a ;from-tag = 2; to-tag=1 ;x=y', { callId: 'a', toTag: '1', fromTag: '2', earlyOnly: false }]],
  bad: [
    '',
    'a',
    ';to-tag=1;from-tag=2',
    'a;to-tag=1',
    'a;from-tag=2',
    'a;to-tag;from-tag=2',
    'a b;to-tag=1;from-tag=2',
    'a;to-tag=1;to-tag=2;from-tag=3',
    'a;to-tag=1;from-tag=2;',
  ],
});

table('Retry-After', {
  read: readRetryAfter,
  write: writeRetryAfter,
  both: [
    ['18000', 18_000],
    ['0', 0],
  ],
  only: [
    ['18000;duration=3600', 18_000],
    ["120 (I'm in a meeting)", 120],
    ['5(x)', 5],
    ['5 ;duration=1', 5],
  ],
  bad: ['', 'soon', '-1', '1.5', '9999999999', '5x', '(x) 5'],
});

table('Reason', {
  read: readReason,
  write: writeReason,
  both: [
    [
      'SIP;cause=200;text="Call completed elsewhere"',
      { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' },
    ],
    ['Q.850;cause=16;text="a \\"b\\"; c"', { protocol: 'Q.850', cause: 16, text: 'a "b"; c' }],
    ['SIP', { protocol: 'SIP', cause: null, text: null }],
  ],
  only: [
    ['Q.850 ; cause = 16', { protocol: 'Q.850', cause: 16, text: null }],
    ['SIP;cause=busy;text=Busy', { protocol: 'SIP', cause: null, text: 'Busy' }],
  ],
  bad: ['', ';cause=16', 'Q 850;cause=16'],
});

table('Refer-Sub', {
  read: readReferSub,
  write: writeReferSub,
  both: [
    ['true', true],
    ['false', false],
  ],
  only: [
    ['False', false],
    ['TRUE ;x=y', true],
  ],
  bad: ['', 'no', '0', ';false'],
});

test('lists of tokens', () => {
  assert.deepEqual(readTokens('INVITE, ACK ,,BYE, no token'), ['INVITE', 'ACK', 'BYE']);
  assert.equal(writeTokens(['INVITE', 'ACK']), 'INVITE, ACK');
  assert.deepEqual(readOptionTags('100Rel, timer'), ['100rel', 'timer']);
  assert.deepEqual(readOptionTags(''), []);
});

test('a Call-ID is visible chars', () => {
  for (const text of ['a', 'a@b', 'word%ZK-!.*_+\'@word`~)(><:\\/"][?}{', '3d94@Zmx1ZmZ5..'])
    assert.ok(isCallId(text), text);
  for (const text of ['', 'a b', 'a\t', 'a\0', 'a\r\nb', 'a\x7f']) assert.ok(!isCallId(text), JSON.stringify(text));
});

test('names compare without regard to case and with their compact forms', () => {
  const same = [
    ['Via', 'v'],
    ['VIA', 'via'],
    ['f', 'From'],
    ['Call-ID', 'I'],
    ['r', 'refer-to'],
    ['x', 'Session-Expires'],
    ['X-Own', 'x-own'],
    ['k', 'K'],
  ] as const;
  for (const [a, b] of same) assert.ok(sameHeader(a, b) && sameHeader(b, a), `${a} ${b}`);
  const different = [
    ['Via', 'V1'],
    ['Refer-To', 'Reply-To'],
    ['X-Own', 'X-Ow'],
    ['t', 'f'],
    ['From', 'To'],
    ['z', 'v'],
    ['', 'Via'],
  ] as const;
  for (const [a, b] of different) assert.ok(!sameHeader(a, b) && !sameHeader(b, a), `${a} ${b}`);
});

test('a name is found where it stands, however it is spelt', () => {
  const names = [
    'Via',
    'From',
    'Call-ID',
    'CSeq',
    'Content-Length',
    'Refer-To',
    'Referred-By',
    'Refer-Sub',
    'Replaces',
    'User-to-User',
    'P-Asserted-Identity',
    'v',
    'L',
    'o',
  ];
  for (const name of names) {
    for (const text of [name, name.toLowerCase(), name.toUpperCase()])
      assert.equal(locateName(bytesOf(`>${text}<`), 1, text.length + 2), ((1 + text.length) << 8) | nameId(name), text);
    assert.notEqual(nameId(name), 0);
  }
  // Lengths, first and last letters that known names have
  for (const text of ['Reply-To', 'Vxa', 'CallMID', 'Call_ID', 'Content-Lengtx', 'z', '', 'constructor', 'REPLY-TO']) {
    assert.equal(locateName(bytesOf(text), 0, text.length), text.length << 8, JSON.stringify(text));
  }
});

test('single-valued are those that would make a message ambiguous', () => {
  for (const name of [
    'From',
    'To',
    'Call-ID',
    'CSeq',
    'Content-Length',
    'Max-Forwards',
    'Content-Type',
    'Event',
    'Subscription-State',
    'Refer-To',
    'Referred-By',
    'Replaces',
    'RAck',
    'RSeq',
    'Refer-Sub',
  ]) {
    assert.ok(isSingle(nameId(name)), name);
  }
  for (const name of ['Via', 'Contact', 'Route', 'Record-Route', 'Allow', 'Authorization', 'X-Own'])
    assert.ok(!isSingle(nameId(name)), name);
});
