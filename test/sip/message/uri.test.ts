import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUri, type SipUri, sameUri, type TelUri, withHeaders, writeUri } from '../../../src/sip/message/uri.ts';

const sip = (host: string, more: Partial<SipUri> = {}): SipUri => ({
  scheme: 'sip',
  user: null,
  password: null,
  host,
  port: null,
  params: new Map(),
  headers: null,
  ...more,
});
const tel = (number: string, ...params: [string, string | null][]): TelUri => ({
  scheme: 'tel',
  number,
  params: new Map(params),
});

// One list for both directions: what is read, and what is written of it.
const cases: readonly (readonly [text: string, uri: SipUri | TelUri])[] = [
  ['sip:biloxi.example', sip('biloxi.example')],
  ['sip:biloxi.example.', sip('biloxi.example.')],
  ['sip:my_pbx_1', sip('my_pbx_1')],
  ['sip:192.0.2.4', sip('192.0.2.4')],
  ['sip:[2001:db8::10]:5070', sip('[2001:db8::10]', { port: 5070 })],
  ['sip:bob@biloxi.example', sip('biloxi.example', { user: 'bob' })],
  ['sip:bob@biloxi.example:5060', sip('biloxi.example', { user: 'bob', port: 5060 })],
  ['sip:bob:secret@biloxi.example', sip('biloxi.example', { user: 'bob', password: 'secret' })],
  ['sip:bob:@biloxi.example', sip('biloxi.example', { user: 'bob', password: '' })],
  [
    'sips:alice@atlanta.example?subject=project%20x&priority=urgent',
    sip('atlanta.example', { scheme: 'sips', user: 'alice', headers: 'subject=project%20x&priority=urgent' }),
  ],
  [
    'sip:+12125551212:1234@gateway.example;user=phone',
    sip('gateway.example', { user: '+12125551212', password: '1234', params: new Map([['user', 'phone']]) }),
  ],
  ['sip:alice;day=tuesday@atlanta.example', sip('atlanta.example', { user: 'alice;day=tuesday' })],
  ['sip:a?b@atlanta.example', sip('atlanta.example', { user: 'a?b' })],
  ['sip:%61lice@atlanta.example', sip('atlanta.example', { user: '%61lice' })],
  ['sip:*21#@pbx.example', sip('pbx.example', { user: '*21#' })],
  ['sip:j\xc3\xb6rg@pbx.example', sip('pbx.example', { user: 'j\xc3\xb6rg' })],
  [
    'sip:a@b;transport=tcp;lr',
    sip('b', {
      user: 'a',
      params: new Map([
        ['transport', 'tcp'],
        ['lr', null],
      ]),
    }),
  ],
  ['sip:a@b;x=', sip('b', { user: 'a', params: new Map([['x', '']]) })],
  ['sip:a@b;maddr=[::1]?', sip('b', { user: 'a', params: new Map([['maddr', '[::1]']]), headers: '' })],
  ['sip:b?Replaces=x@y', sip('y', { user: 'b?Replaces=x' })],
  ['tel:+15551234567', tel('+15551234567')],
  ['tel:+1-555-(123).4567;ext=12', tel('+1-555-(123).4567', ['ext', '12'])],
  ['tel:7042;phone-context=example.com', tel('7042', ['phone-context', 'example.com'])],
  ['tel:*31#', tel('*31#')],
];

for (const [text, uri] of cases) {
  test(`URI ${text}`, () => {
    assert.deepEqual(readUri(text), uri);
    assert.equal(writeUri(uri), text);
  });
}

test('schemes and parameter names are read without regard to case, of a name that comes twice the first', () => {
  assert.deepEqual(
    readUri('SIPS:a@b;Transport=TCP;transport=udp'),
    sip('b', { scheme: 'sips', user: 'a', params: new Map([['transport', 'TCP']]) }),
  );
});

test('what is no URI of ours', () => {
  const bad = [
    '',
    'sip',
    'sip:',
    'bob',
    'bob@biloxi.example',
    'http://example.com',
    'urn:service:sos',
    'sip:@host',
    'sip::pw@host',
    'sip:a@',
    'sip:a@b@c',
    'sip:a b@c',
    ' sip:a@c',
    'sip:a@c ',
    'sip:a@c\r\n',
    'sip:a@c\r\nX: y',
    'sip:a@c\0',
    'sip:a@c\x7f',
    'sip:a@c\t',
    '<sip:a@c>',
    'sip:<a>@c',
    'sip:"a"@c',
    'sip:a@c:',
    'sip:a@c:port',
    'sip:a@c:65536',
    'sip:a@c:999999',
    'sip:a@c:-1',
    'sip:a@c;',
    'sip:a@c;;lr',
    'sip:a@c;=x',
    'sip:a@.c',
    'sip:a@c..d',
    'sip:a@[::1',
    'sip:a@::1',
    'sip:a@[1.2.3.4]',
    'sip:a@[g::1]',
    'sip:a%@c',
    'sip:a%4@c',
    'sip:a%zz@c',
    'sip:a@c;x=%',
    'sip:a@c?x=%0',
    'tel:',
    'tel:+',
    'tel:+-',
    'tel:hello',
    'tel:+1 555',
    'tel:+1;',
    'tel:+15551234567@gateway.example',
  ];
  for (const text of bad) assert.equal(readUri(text), null, JSON.stringify(text));
});

// RFC 3261 §19.1.4, its examples
const same: readonly (readonly [string, string])[] = [
  ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
  [
    'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
    'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
  ],
  [
    'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
  ],
  ['tel:+1-555-1234', 'tel:+15551234'],
];
const different: readonly (readonly [string, string])[] = [
  ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
  ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
  ['sip:bob@biloxi.com', 'sips:bob@biloxi.com'],
  ['sip:bob@biloxi.com', 'sip:biloxi.com'],
  ['sip:bob@biloxi.com', 'sip:bob:pw@biloxi.com'],
  ['sip:a%40b@c', 'sip:a%41b@c'],
  ['tel:+15551234', 'sip:+15551234@c'],
  ['tel:+15551234', 'tel:15551234'],
  ['tel:7042;phone-context=a', 'tel:7042;phone-context=b'],
  ['tel:7042;phone-context=a', 'tel:7042'],
];

test('the same URI (RFC 3261 §19.1.4, RFC 3966 §4)', () => {
  for (const [a, b] of same)
    assert.ok(sameUri(readUri(a)!, readUri(b)!) && sameUri(readUri(b)!, readUri(a)!), `${a} ${b}`);
  for (const [a, b] of different)
    assert.ok(!sameUri(readUri(a)!, readUri(b)!) && !sameUri(readUri(b)!, readUri(a)!), `${a} ${b}`);
});

// Bytes of what was there, then the headers, escaped
const headed: readonly (readonly [uri: string, headers: readonly (readonly [string, string])[], result: string])[] = [
  ['sip:a@b', [], 'sip:a@b'],
  ['sip:a@b', [['X-Acct', '42']], 'sip:a@b?X-Acct=42'],
  ['sip:a@b?h=v', [['X-Acct', '42']], 'sip:a@b?h=v&X-Acct=42'],
  ['sip:a@b?', [['X-Acct', '42']], 'sip:a@b?X-Acct=42'],
  ['sip:a?b@c', [['X-Acct', '42']], 'sip:a?b@c?X-Acct=42'],
  [
    'SIP:a%2Db@B;LR',
    [
      ['X-Acct', '42'],
      ['X-B', ''],
    ],
    'SIP:a%2Db@B;LR?X-Acct=42&X-B=',
  ],
  ['sip:a@b', [['User-to-User', '3132;encoding=hex']], 'sip:a@b?User-to-User=3132%3Bencoding%3Dhex'],
  ['sip:a@b', [['X', 'a b"c&d,e@f%g\\']], 'sip:a@b?X=a%20b%22c%26d%2Ce%40f%25g%5C'],
  ['sip:a@b', [['X', "[]/?:+$-_.!~*'()"]], "sip:a@b?X=[]/?:+$-_.!~*'()"],
  ['sip:a@b', [['X', '\xc3\xa9\x01']], 'sip:a@b?X=%C3%A9%01'],
  ['sip:a@b', [['X`%', 'y']], 'sip:a@b?X%60%25=y'],
  ['tel:+1555', [['X-Acct', '42']], 'tel:+1555'],
];

for (const [uri, headers, result] of headed) {
  test(`headers on ${uri}: ${result}`, () => {
    assert.equal(withHeaders(uri, headers), result);
    assert.ok(readUri(result));
  });
}
