import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, drawLadder, type LadderEntry, ladder } from '../../src/sip/ladder.ts';

const columns = ['transferee', 'us', 'application'];
const trace: LadderEntry[] = [
  { at: 1_000, from: 'application', to: 'us', label: 'POST refer', note: '200', tone: 'command' },
  { at: 1_000, from: 'us', to: 'transferee', label: 'REFER', tone: 'request' },
  { at: 1_000, from: 'transferee', to: 'us', label: '202 Accepted', lost: true, tone: 'success' },
  { at: 1_500, from: 'us', to: 'transferee', label: 'REFER', lost: true },
  { at: 2_500, from: 'us', to: 'us', label: 'killed' },
  { at: 62_500, from: 'us', to: 'application', label: 'call.refer.completed', note: 'sip_notify_response 200' },
  {
    at: 62_500,
    from: 'transferee',
    to: 'application',
    label: 'a label that is much too long for the gap between the lanes it crosses',
  },
];

const drawing = `\
          transferee                           us                           application
    0.000      |                                |<----- POST refer --------------|  200
    0.000      |<----- REFER -------------------|                                |
    0.000      |------ 202 Accepted --------x   |                                |
    0.500      |   x-- REFER -------------------|                                |
    1.500      |                            [killed]                             |
   61.500      |                                |------ call.refer.completed --->|  sip_notify_response 200
`;

test('a trace is drawn with one lane per party and one row per message', () => {
  assert.equal(drawLadder(trace.slice(0, 6), { columns }), drawing);
});

test('columns default to the order in which they appear', () => {
  assert.match(drawLadder(trace.slice(0, 1)), /^ +application +us\n/);
  assert.equal(drawLadder([]), '\n');
});

test('an arrow may cross a lane, and a label that does not fit is cut', () => {
  const { row } = ladder(columns, { startedAt: 1_000 });
  assert.match(row(trace[6]!), /^ {3}61\.500 +\|------ a label that is much too long for the gap between the.. ->\|$/);
});

test('row by row gives the same as the whole', () => {
  const { head, row } = ladder(columns, { startedAt: 1_000 });
  assert.equal([head, ...trace.map(row), ''].join('\n'), drawLadder(trace, { columns }));
});

test('colour changes nothing but colour', () => {
  const painted = drawLadder(trace, { columns, ansi: true });
  assert.notEqual(painted, drawLadder(trace, { columns }));
  assert.equal(painted.replaceAll(/\x1b\[\d+m/g, ''), drawLadder(trace, { columns }));
});

test('a gap for each pair of lanes', () => {
  const { head, row } = ladder(columns, { gap: [16, 24] });
  assert.equal(head, '          transferee           us                   application');
  assert.equal(
    row({ at: 0, from: 'us', to: 'application', label: 'call.hangup' }),
    '    0.000      |                |------ call.hangup ---->|',
  );
});

test('an entry for a lane that is not there is a mistake of the caller', () => {
  assert.throws(() => drawLadder(trace, { columns: ['us', 'application'] }), RangeError);
});

function message(startLine: string, headers: readonly string[], body = ''): string {
  const shared = [
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1',
    'Max-Forwards: 70',
    'From: <sip:alice@atlanta.example>;tag=a',
    'Call-ID: 1@atlanta.example',
  ];
  return [startLine, ...shared, ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

const to = 'To: <sip:bob@biloxi.example>';
const descriptions: readonly [name: string, text: string, expected: object][] = [
  [
    'a request is its method',
    message('INVITE sip:bob@biloxi.example SIP/2.0', [to, 'CSeq: 1 INVITE']),
    { label: 'INVITE', note: undefined, tone: 'request' },
  ],
  [
    'an INVITE in a dialog is a re-INVITE',
    message('INVITE sip:bob@biloxi.example SIP/2.0', [`${to};tag=b`, 'CSeq: 2 INVITE']),
    { label: 're-INVITE', note: undefined, tone: 'request' },
  ],
  [
    'a REFER says where to',
    message('REFER sip:bob@biloxi.example SIP/2.0', [
      `${to};tag=b`,
      'CSeq: 3 REFER',
      'Refer-To: <sip:carol@chicago.example>',
    ]),
    { label: 'REFER', note: 'Refer-To: <sip:carol@chicago.example>', tone: 'request' },
  ],
  [
    'a NOTIFY of a refer says what became of it',
    message(
      'NOTIFY sip:bob@biloxi.example SIP/2.0',
      [
        `${to};tag=b`,
        'CSeq: 4 NOTIFY',
        'Event: refer',
        'Subscription-State: terminated;reason=noresource',
        'Content-Type: message/sipfrag',
      ],
      'SIP/2.0 486 Busy Here\r\n',
    ),
    { label: 'NOTIFY 486', note: 'Event: refer, Subscription-State: terminated;reason=noresource', tone: 'request' },
  ],
  [
    'a response is its status, and a challenge is named but not shown',
    message('SIP/2.0 407 Proxy Authentication Required', [
      `${to};tag=b`,
      'CSeq: 3 REFER',
      'Proxy-Authenticate: Digest realm="r", nonce="secret"',
    ]),
    { label: '407 Proxy Authentication Required', note: 'Proxy-Authenticate', tone: 'failure' },
  ],
  [
    'a provisional response is progress',
    message('SIP/2.0 180 Ringing', [`${to};tag=b`, 'CSeq: 1 INVITE', 'RSeq: 7', 'Require: 100rel']),
    { label: '180 Ringing', note: 'RSeq: 7', tone: 'progress' },
  ],
];

for (const [name, text, expected] of descriptions) {
  test(`describe: ${name}`, () => assert.deepEqual(describe(text), expected));
}

test('describe: what cannot be read is shown by its first line, without control characters', () => {
  const { label, note, tone } = describe('\x1b[31mHELLO\xff\r\nmore\r\n\r\n');
  assert.equal(label, '?[31mHELLO?');
  assert.ok(note);
  assert.equal(tone, 'failure');
});
