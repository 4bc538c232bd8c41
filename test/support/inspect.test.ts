// The rules every message of ours must keep, shown to fail: a good message and one change to it per rule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, inspect } from './inspect.ts';
import { readText } from './text.ts';

const request = `REFER sip:alice@192.0.2.10:5060 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport
Route: <sip:p1.example;lr>
Max-Forwards: 70
From: <sip:bob@192.0.2.1>;tag=us
To: <sip:alice@atlanta.example>;tag=alice
Call-ID: 1@atlanta.example
CSeq: 5 REFER
Contact: <sip:192.0.2.1:5060>
Refer-To: <sip:carol@chicago.example>
Content-Length: 0

`;

const invite = `INVITE sip:bob@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa;rport
Record-Route: <sip:p1.example;lr>
Max-Forwards: 70
From: <sip:alice@atlanta.example>;tag=alice
To: <sip:bob@192.0.2.1>
Call-ID: 1@atlanta.example
CSeq: 1 INVITE
Content-Length: 0

`;

const response = `SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKa;rport=5060;received=192.0.2.10
Record-Route: <sip:p1.example;lr>
From: <sip:alice@atlanta.example>;tag=alice
To: <sip:bob@192.0.2.1>;tag=us
Call-ID: 1@atlanta.example
CSeq: 1 INVITE
Contact: <sip:192.0.2.1:5060>
Content-Length: 0

`;

const read = (text: string) => readText(text.replaceAll('\n', '\r\n'));

const context: Context = {
  transport: 'udp',
  us: '192.0.2.1:5060',
  dialog: {
    callId: '1@atlanta.example',
    localTag: 'alice',
    remoteTag: 'us',
    remoteCseq: 4,
    contact: 'sip:alice@192.0.2.10:5060',
    routes: ['<sip:p1.example;lr>'],
  },
  answered: read(invite),
  branches: new Set(['z9hG4bK0']),
};

test('good messages break no rule', () => {
  assert.deepEqual(inspect(read(request), context), []);
  assert.deepEqual(inspect(read(response), context), []);
});

const changes: readonly [message: string, from: string, to: string, rule: RegExp][] = [
  [request, 'CSeq: 5 REFER\n', '', /must be there once: CSeq/],
  [request, 'Max-Forwards: 70\n', '', /Max-Forwards/],
  [request, 'Content-Length: 0', 'Content-Length: 1', /Content-Length/],
  [request, 'Contact:', 'Content-Type: text/plain\nContact:', /a body has a Content-Type/],
  [request, 'Contact: <sip:192.0.2.1:5060>', 'Contact: ', /no header is empty: Contact/],
  [request, '5 REFER', '5 INVITE', /the method in CSeq/],
  [request, 'SIP/2.0/UDP', 'SIP/2.0/TCP', /the transport in Via/],
  [request, 'UDP 192.0.2.1:5060', 'UDP 10.0.0.1:5060', /sent-by/],
  [request, 'z9hG4bK1', '1', /magic cookie/],
  [request, 'z9hG4bK1', 'z9hG4bK0', /a branch of its own/],
  [request, ';rport', '', /rport/],
  [request, 'Contact: <sip:192.0.2.1:5060>', 'Contact: <sip:10.0.0.1>', /Contact that leads to us/],
  [request, 'Call-ID: 1', 'Call-ID: 2', /Call-ID of the dialog/],
  [request, 'tag=us', 'tag=them', /From tag/],
  [request, 'tag=alice', 'tag=them', /To tag/],
  [request, 'REFER sip:alice@192.0.2.10:5060', 'REFER sip:alice@atlanta.example', /Request-URI is the remote target/],
  [request, 'Route: <sip:p1.example;lr>\n', '', /the route set/],
  [request, '5 REFER', '6 REFER', /CSeq goes up by one: 6 after 4/],
  [response, 'branch=z9hG4bKa', 'branch=z9hG4bKb', /Via as it was sent/],
  [response, 'From: <', 'From: Alice <', /From as it was sent/],
  [response, 'To: <sip:bob', 'To: <sip:rob', /To as it was sent/],
  [response, ';tag=us', '', /a To tag/],
  [response, ';tag=us', ';tag=them', /To tag of the dialog/],
  [response, 'Contact: <sip:192.0.2.1:5060>\n', '', /Contact of a response that makes a dialog/],
  [response, 'Record-Route: <sip:p1.example;lr>\n', '', /Record-Route copied/],
  [response, 'Contact:', 'RSeq: 1\nContact:', /RSeq and Require/],
  [response, '180 Ringing', '405 Method Not Allowed', /a header this status must bring: Allow/],
];

for (const [message, from, to, rule] of changes) {
  test(`${message.slice(0, 5)}: ${from.trim()} -> ${to.trim()}`, () => {
    assert.ok(message.includes(from));
    assert.match(inspect(read(message.replace(from, to)), context).join('\n'), rule);
  });
}

test('what is not a message at all is not read', () => {
  for (const text of [
    request,
    request.replace('SIP/2.0\n', 'SIP/3.0\r\n'),
    'REFER\r\n\r\n',
    'SIP/2.0 200 OK\r\nNo colon\r\n\r\n',
  ]) {
    assert.throws(() => readText(text));
  }
});
