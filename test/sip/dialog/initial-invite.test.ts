// The INVITE that begins a call, by what it is to say (RFC 3261 §8.1.1, §13.2.1).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Invitation, initialInvite } from '../../../src/sip/dialog/initial-invite.ts';
import { begin } from '../../../src/sip/dialog/invite-client-usage.ts';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';

const udp = { transport: 'udp', host: '192.0.2.1', port: 5060 } as const;
const tcp = { transport: 'tcp', host: '192.0.2.1', port: 5062 } as const;
const invitation: Invitation = {
  uri: 'sip:bob@biloxi.example',
  to: 'Bob <sip:bob@biloxi.example>',
  from: '"Alice" <sip:alice@atlanta.example>',
  fromTag: '1928301774',
  callId: 'a84b4c76e66710',
  cseq: 1,
  branch: 'z9hG4bK1',
  routes: [],
  contactUser: 'alice',
  headers: [['Supported', '100rel, timer']],
  sdp: 'v=0\r\n',
};

test('as it goes out', () => {
  const sent = initialInvite(invitation, { udp, tcp });
  assert.deepEqual(sent, {
    branch: 'z9hG4bK1',
    target: { transport: 'udp', open: 'transport', host: 'biloxi.example', port: 5060 },
    text: [
      'INVITE sip:bob@biloxi.example SIP/2.0',
      'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport',
      'Max-Forwards: 70',
      'From: "Alice" <sip:alice@atlanta.example>;tag=1928301774',
      'To: Bob <sip:bob@biloxi.example>',
      'Call-ID: a84b4c76e66710',
      'CSeq: 1 INVITE',
      'Contact: <sip:alice@192.0.2.1:5060;transport=udp>',
      'Supported: 100rel, timer',
      'Content-Type: application/sdp',
      'Content-Length: 5',
      '',
      'v=0\r\n',
    ].join('\r\n'),
  });
  assert.equal(begin(sent).usage.state.name, 'calling');
});

suite('where it goes, and what it says then', () => {
  const rows: readonly (readonly [
    string,
    Partial<Invitation>,
    string,
    ...(readonly (readonly [string, string | undefined])[]),
  ])[] = [
    [
      'a transport and a port',
      { uri: 'sip:bob@192.0.2.4:5070;transport=tcp' },
      'tcp 192.0.2.4 5070',
      ['Contact', '<sip:alice@192.0.2.1:5062;transport=tcp>'],
    ],
    [
      'an outbound proxy',
      { routes: ['<sip:proxy.example;lr>'] },
      'udp proxy.example 5060',
      ['Route', '<sip:proxy.example;lr>'],
    ],
    ['no offer', { sdp: null }, 'udp biloxi.example 5060', ['Content-Type', undefined], ['Content-Length', '0']],
    [
      'a redirect keeps To',
      { uri: 'sip:carol@chicago.example', cseq: 2 },
      'udp chicago.example 5060',
      ['To', 'Bob <sip:bob@biloxi.example>'],
      ['CSeq', '2 INVITE'],
    ],
  ];
  for (const [name, changes, where, ...headers] of rows) {
    test(name, () => {
      const { text, target } = initialInvite({ ...invitation, ...changes }, { udp, tcp });
      assert.equal(`${target.transport} ${target.host} ${target.port}`, where);
      const request = parse(text);
      assert.ok(request instanceof Request);
      for (const [header, value] of headers) assert.equal(request.get(header), value);
    });
  }
});
