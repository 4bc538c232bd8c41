// The dialog of a UAC (RFC 3261 §12.1.2), and what the 2xx changes of it (§13.2.2.4).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Dialog } from '../../../src/sip/dialog/dialog.ts';
import { confirmedBy, forkOf, uacDialog } from '../../../src/sip/dialog/uac-dialog.ts';
import { Request, Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawResponse } from '../../support/messages.ts';

const flow = { transport: 'udp', host: '192.0.2.4', port: 5060 } as const;
const invite = parse(rawInvite());
assert.ok(invite instanceof Request);

function ringing(changes: Changes = {}): Response {
  const message = parse(
    rawResponse(180, { To: 'Bob <sip:bob@biloxi.example>;tag=a', Contact: '<sip:b@192.0.2.4>', ...changes }),
  );
  assert.ok(message instanceof Response);
  return message;
}

const dialog: Dialog = {
  callId: 'a84b4c76e66710@pc33.atlanta.example',
  localTag: '1928301774',
  remoteTag: 'a',
  local: '"Alice" <sip:alice@atlanta.example>;tag=1928301774',
  remote: 'Bob <sip:bob@biloxi.example>;tag=a',
  localCseq: 314_159,
  remoteCseq: 0,
  remoteTarget: 'sip:b@192.0.2.4',
  routeSet: [],
  flow,
};

suite('the dialog of a response', () => {
  const rows: readonly (readonly [string, Changes, Partial<Dialog>])[] = [
    ['as it is', {}, {}],
    [
      'routes, the last one first',
      { 'Record-Route': '<sip:c;lr>, <sip:b;lr>,<sip:a;lr>' },
      { routeSet: ['<sip:a;lr>', '<sip:b;lr>', '<sip:c;lr>'] },
    ],
    ['no Contact', { Contact: null }, { remoteTarget: 'sip:bob@biloxi.example' }],
    ['a Contact that leads nowhere', { Contact: '<mailto:b@x>' }, { remoteTarget: 'sip:bob@biloxi.example' }],
    ['no tag', { To: '<sip:bob@biloxi.example>' }, { remoteTag: null, remote: '<sip:bob@biloxi.example>' }],
  ];
  for (const [name, changes, expected] of rows) {
    test(name, () => assert.deepEqual(uacDialog(invite, ringing(changes), flow), { ...dialog, ...expected }));
  }
  test('the tag of To tells the forks apart', () => {
    assert.deepEqual([forkOf(ringing()), forkOf(ringing({ To: '<sip:bob@biloxi.example>' }))], ['a', '']);
  });
  test('a 2xx sets routes and target anew; the numbers go on', () => {
    const early = { ...dialog, localCseq: 314_170, remoteCseq: 5, routeSet: ['<sip:old;lr>'], remoteTarget: 'sip:old' };
    const ok = ringing({ 'Record-Route': '<sip:new;lr>' });
    const expected = { ...dialog, localCseq: 314_170, remoteCseq: 5, routeSet: ['<sip:new;lr>'] };
    assert.deepEqual(confirmedBy(early, invite, ok), expected);
  });
});
