// What an INVITE and a PRACK ask for (RFC 3262), and which offers may cross (RFC 3311 §5.2).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  acknowledges,
  hasSdp,
  offerRefusal,
  reliableHeaders,
  wantsReliable,
} from '../../../src/sip/dialog/invite-usage.ts';
import { isRequest, type Request } from '../../../src/sip/message/message.ts';
import { isFailure, parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawMessage } from '../../support/messages.ts';

function requestOf(text: string): Request {
  const message = parse(text);
  assert.ok(!isFailure(message) && isRequest(message), text);
  return message;
}

suite('how a caller wants its provisional responses', () => {
  const rows: readonly (readonly [Changes, ReturnType<typeof wantsReliable>])[] = [
    [{}, 'no'],
    [{ Supported: 'timer, replaces' }, 'no'],
    [{ Supported: '' }, 'no'],
    [{ Supported: '100rel' }, 'supported'],
    [{ Supported: 'timer,100Rel , replaces' }, 'supported'],
    [{ k: '100rel' }, 'supported'],
    [{ Supported: ['timer', '100rel'] }, 'supported'],
    [{ Require: '100rel' }, 'required'],
    [{ Require: '100REL', Supported: 'timer' }, 'required'],
    [{ Supported: '100rel', Require: '100rel' }, 'required'],
    [{ Require: 'x100rel' }, 'no'],
  ];
  for (const [changes, wanted] of rows) {
    test(`${JSON.stringify(changes)}: ${wanted}`, () =>
      assert.equal(wantsReliable(requestOf(rawInvite(changes))), wanted));
  }
  test('a reliable response says so', () => {
    assert.deepEqual(reliableHeaders(7), [
      ['Require', '100rel'],
      ['RSeq', '7'],
    ]);
  });
});

suite('a PRACK acknowledges', () => {
  const rows: readonly (readonly [rack: string | null, matches: boolean])[] = [
    ['7 314159 INVITE', true],
    [' 7   314159\tINVITE ', true],
    ['8 314159 INVITE', false],
    ['7 314160 INVITE', false],
    ['7 314159 PRACK', false],
    ['7 314159 invite', false],
    ['7 314159', false],
    ['INVITE', false],
    ['', false],
    [null, false],
  ];
  for (const [rack, matches] of rows) {
    test(`RAck: ${rack}: ${matches}`, () => {
      const prack = requestOf(rawMessage('PRACK sip:us SIP/2.0', { CSeq: '314160 PRACK', RAck: rack }));
      assert.equal(acknowledges(prack, { rseq: 7, cseq: 314_159 }), matches);
    });
  }
});

test('an offer that crosses another is refused: ours 491, theirs 500', () => {
  assert.deepEqual([offerRefusal('ours'), offerRefusal('theirs'), offerRefusal(null)], [491, 500, null]);
});

suite('whether a message carries a session description', () => {
  const rows: readonly (readonly [type: string | null, body: string, carries: boolean])[] = [
    ['application/sdp', 'v=0\r\n', true],
    ['Application/SDP;charset=utf-8', 'v=0\r\n', true],
    ['application/sdp', '', false],
    ['application/sdpx', 'v=0\r\n', false],
    ['multipart/mixed;boundary=x', 'v=0\r\n', false],
    [null, 'v=0\r\n', false],
  ];
  for (const [type, body, carries] of rows) {
    test(`${type}, ${body.length} bytes: ${carries}`, () => {
      assert.equal(hasSdp(requestOf(rawInvite({ 'Content-Type': type }, body))), carries);
    });
  }
});
