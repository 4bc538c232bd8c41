import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Passage } from '../../src/sip/gate.ts';
import { Request } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import { shedding } from '../../src/sip/shedding.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import { type Changes, rawMessage } from '../support/messages.ts';

const from: Target = { transport: 'udp', host: '192.0.2.9', port: 5060, flow: 'udp:203.0.113.1:5060' };
const admitted: Passage = { type: 'admitted', nat: true };
const full: Passage = { type: 'refused', status: 503, headers: [['Retry-After', '2']] };

function message(method: string, changes: Changes): Request {
  const text = rawMessage(`${method} sip:bob@biloxi.example SIP/2.0`, { CSeq: `1 ${method}`, ...changes });
  const parsed = parse(text);
  assert.ok(parsed instanceof Request);
  return parsed;
}

const cases: readonly (readonly [what: string, method: string, changes: Changes, asked: Passage, passage: Passage])[] =
  [
    ['a new call is turned away', 'INVITE', {}, admitted, full],
    ['a re-INVITE is not', 'INVITE', { To: '<sip:bob@biloxi.example>;tag=1' }, admitted, admitted],
    ['nor is a call in the place of one', 'INVITE', { Replaces: 'a@b;to-tag=1;from-tag=2' }, admitted, admitted],
    ['nor is a BYE', 'BYE', { To: '<sip:bob@biloxi.example>;tag=1' }, admitted, admitted],
    ['nor is a CANCEL', 'CANCEL', {}, admitted, admitted],
    ['nor is an OPTIONS', 'OPTIONS', {}, admitted, admitted],
    ['whom the gate drops hears nothing', 'INVITE', {}, { type: 'dropped' }, { type: 'dropped' }],
    [
      'whom the gate asks is asked',
      'INVITE',
      {},
      { type: 'refused', status: 401, headers: [] },
      { type: 'refused', status: 401, headers: [] },
    ],
  ];

for (const [what, method, changes, asked, passage] of cases) {
  test(`no room: ${what}`, () => {
    const gate = shedding({ request: () => asked, unreadable: () => true }, () => false, 2);
    assert.deepEqual(gate.request(message(method, changes), from), passage);
  });
}

test('room: a new call comes in, and what cannot be read is judged by the gate', () => {
  let asked = 0;
  const mayBegin = () => {
    asked += 1;
    return true;
  };
  const gate = shedding({ request: () => admitted, unreadable: ({ host }) => host === '192.0.2.9' }, mayBegin, 2);
  assert.deepEqual(gate.request(message('INVITE', {}), from), admitted);
  assert.equal(asked, 1);
  assert.equal(gate.unreadable(from), true);
  assert.equal(gate.unreadable({ ...from, host: '192.0.2.10' }), false);
});

test('no room, and then there is: a copy of the INVITE that was turned away is turned away as well', () => {
  let hasRoom = false;
  const gate = shedding({ request: () => admitted, unreadable: () => true }, () => hasRoom, 2);
  const invite = (branch: string) => message('INVITE', { Via: `SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK${branch}` });
  assert.deepEqual(gate.request(invite('first'), from), full);
  hasRoom = true;
  assert.deepEqual(gate.request(invite('first'), from), full);
  assert.deepEqual(gate.request(invite('second'), from), admitted);
});

test('what was turned away long ago is forgotten: a flood takes no memory', () => {
  let hasRoom = false;
  const gate = shedding({ request: () => admitted, unreadable: () => true }, () => hasRoom, 2);
  const invite = (branch: number) => message('INVITE', { Via: `SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK${branch}` });
  for (let branch = 0; branch < 8_192; branch += 1) gate.request(invite(branch), from);
  hasRoom = true;
  assert.deepEqual(gate.request(invite(8_191), from), full);
  assert.deepEqual(gate.request(invite(4_096), from), full);
  assert.deepEqual(gate.request(invite(4_095), from), admitted);
});
