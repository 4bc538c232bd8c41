import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closing } from '../../src/sip/closing.ts';
import type { Passage } from '../../src/sip/gate.ts';
import { Request } from '../../src/sip/message/message.ts';
import { parse } from '../../src/sip/message/parse.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import { type Changes, rawMessage } from '../support/messages.ts';

const from: Target = { transport: 'udp', host: '192.0.2.9', port: 5060, flow: 'udp:203.0.113.1:5060' };
const admitted: Passage = { type: 'admitted', nat: true };
const closed: Passage = { type: 'refused', status: 503, headers: [['Retry-After', '5']] };
const challenged: Passage = { type: 'refused', status: 401, headers: [] };
const ofCall = { To: '<sip:bob@biloxi.example>;tag=1' };

function message(method: string, changes: Changes): Request {
  const text = rawMessage(`${method} sip:bob@biloxi.example SIP/2.0`, { CSeq: `1 ${method}`, ...changes });
  const parsed = parse(text);
  assert.ok(parsed instanceof Request);
  return parsed;
}

function gateFor(asked: Passage, isClosing: boolean) {
  const isKnown = ({ callId }: Request) => callId === 'known';
  const inner = { request: () => asked, unreadable: () => false };
  return closing(inner, () => isClosing, { isKnown, retryAfterS: 5 });
}

const cases: readonly (readonly [what: string, method: string, changes: Changes, asked: Passage, passage: Passage])[] =
  [
    ['a new call is turned away', 'INVITE', {}, admitted, closed],
    ['an OPTIONS outside a dialog hears what it would', 'OPTIONS', {}, admitted, closed],
    ['an OPTIONS of a call is answered', 'OPTIONS', ofCall, admitted, admitted],
    ['the copy of an INVITE that has made a call is none', 'INVITE', { 'Call-ID': 'known' }, admitted, admitted],
    ['nor is a re-INVITE', 'INVITE', ofCall, admitted, admitted],
    ['nor is a call in the place of one', 'INVITE', { Replaces: 'a@b;to-tag=1;from-tag=2' }, admitted, admitted],
    ['nor is a REGISTER', 'REGISTER', {}, admitted, admitted],
    ['whom the gate asks is asked', 'INVITE', {}, challenged, challenged],
    ['whom the gate drops hears nothing', 'OPTIONS', {}, { type: 'dropped' }, { type: 'dropped' }],
  ];

for (const [what, method, changes, asked, passage] of cases) {
  test(`stopping: ${what}`, () => {
    const gate = gateFor(asked, true);
    assert.deepEqual(gate.request(message(method, changes), from), passage);
    assert.equal(gate.unreadable(from), false);
  });
  test(`running: of "${what}" the gate alone decides`, () =>
    assert.deepEqual(gateFor(asked, false).request(message(method, changes), from), asked));
}
