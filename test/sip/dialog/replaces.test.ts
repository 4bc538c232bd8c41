// Which dialog an INVITE with Replaces takes the place of (RFC 3891 §3).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { namedBy, type Replaceable, replacedBy } from '../../../src/sip/dialog/replaces.ts';
import { readReplaces } from '../../../src/sip/message/headers.ts';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { rawMessage } from '../../support/messages.ts';

function requestWith(replaces: string | null, method = 'INVITE'): Request {
  const message = parse(rawMessage(`${method} sip:us SIP/2.0`, { CSeq: `1 ${method}`, Replaces: replaces }));
  assert.ok(message instanceof Request);
  return message;
}

const dialog = (changes: Partial<Replaceable>): Replaceable => ({
  callId: 'c@x',
  localTag: 'us',
  remoteTag: 'them',
  state: 'confirmed',
  initiator: 'us',
  ...changes,
});

suite('Replaces', () => {
  const ours = 'c@x;to-tag=us;from-tag=them';
  type Verdict = 400 | 481 | 486 | 603 | 'replaced' | 'nothing';
  const rows: readonly (readonly [string, string | null, readonly Partial<Replaceable>[], Verdict])[] = [
    ['none', null, [{}], 'nothing'],
    ['a confirmed dialog', ours, [{}], 'replaced'],
    ['a confirmed dialog that the peer began', ours, [{ initiator: 'them' }], 'replaced'],
    ['tags in the other order', 'c@x;from-tag=them;to-tag=us', [{}], 'replaced'],
    ['early-only, and early', `${ours};early-only`, [{ state: 'early' }], 'replaced'],
    ['early-only, but confirmed', `${ours};early-only`, [{}], 486],
    ['an early dialog of ours', ours, [{ state: 'early' }], 'replaced'],
    ['an early dialog of the peer', ours, [{ state: 'early', initiator: 'them' }], 481],
    ['a dialog that is over', ours, [{ state: 'terminated' }], 603],
    ['no dialog', ours, [], 481],
    ['tags the wrong way round', 'c@x;to-tag=them;from-tag=us', [{}], 481],
    ['tags in another case', 'c@x;to-tag=US;from-tag=them', [{}], 481],
    ['another Call-ID', 'C@x;to-tag=us;from-tag=them', [{}], 481],
    ['two that match', ours, [{}, { state: 'early' }], 481],
    ['one of several', ours, [{ remoteTag: 'b' }, {}, { localTag: 'c' }], 'replaced'],
    ['a peer without a tag', 'c@x;to-tag=us;from-tag=0', [{ remoteTag: null }], 'replaced'],
    ['a tag of zero', 'c@x;to-tag=us;from-tag=0', [{ remoteTag: '0' }], 'replaced'],
    ['no from-tag', 'c@x;to-tag=us', [{}], 400],
    ['nothing in it', '', [{}], 400],
  ];
  for (const [name, value, dialogs, expected] of rows) {
    test(`${name}: ${expected}`, () => {
      const verdict = replacedBy(requestWith(value), dialogs.map(dialog));
      if (verdict.refused !== null) return assert.equal(verdict.refused, expected);
      assert.equal(verdict.replaced === null ? 'nothing' : 'replaced', expected);
    });
  }
  test('in another request than an INVITE: 400', () => {
    assert.deepEqual(replacedBy(requestWith(ours, 'OPTIONS'), [dialog({})]), { refused: 400 });
  });
  test('it is the very dialog that is given back', () => {
    const dialogs = [dialog({ remoteTag: 'b' }), dialog({})];
    assert.deepEqual(replacedBy(requestWith(ours), dialogs), { refused: null, replaced: dialogs[1] });
  });
});

suite('Replaces in a Refer-To', () => {
  const rows: readonly (readonly [string, string, Partial<Replaceable>, number | 'replaced' | 'nothing'])[] = [
    ['a confirmed dialog', 'c@x;to-tag=us;from-tag=them', {}, 'replaced'],
    ['tags the wrong way round', 'c@x;to-tag=them;from-tag=us', {}, 'replaced'],
    ['only one tag that fits', 'c@x;to-tag=us;from-tag=us', {}, 'nothing'],
    ['another Call-ID', 'C@x;to-tag=us;from-tag=them', {}, 'nothing'],
    ['early-only, but confirmed', 'c@x;to-tag=us;from-tag=them;early-only', {}, 486],
    ['an early dialog of the peer', 'c@x;to-tag=us;from-tag=them', { state: 'early', initiator: 'them' }, 481],
    ['a dialog that is over', 'c@x;to-tag=them;from-tag=us', { state: 'terminated' }, 603],
  ];
  for (const [name, value, changes, expected] of rows) {
    test(`${name}: ${expected}`, () => {
      const verdict = namedBy(readReplaces(value)!, [dialog(changes)]);
      if (verdict === null) return assert.equal('nothing', expected);
      assert.equal(verdict.refused ?? 'replaced', expected);
    });
  }
});
