// Offers and answers of a call (RFC 3264, RFC 3311), from its INVITE to a re-INVITE.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Effect } from '../../src/call/state.ts';
import { samples } from './call-figure.ts';
import { active, answerText, Line, offerText, shown, videoOnly } from './support.ts';

suite('offer and answer', () => {
  const agreed = (line: Line) => line.call.session?.agreed?.remote?.port;
  test('the offer of the INVITE is answered in the 2xx', () => {
    const line = new Line();
    line.answer({ preferred_codecs: 'PCMA' });
    assert.equal(agreed(line), 6000);
    const ok = line.effects.at(-1) as Effect & { type: 'repeat' };
    assert.match(ok.text, /m=audio 40000 RTP\/AVP 8 0 101/);
  });
  test('an INVITE without one is offered in the 2xx, and its ACK answers', () => {
    const line = new Line({ body: '' });
    line.answer();
    line.ack({ body: answerText });
    assert.equal(agreed(line), 6002);
    assert.equal(line.call.phase.name, 'active');
  });
  test('without a codec of ours the answer is 488', () => {
    const line = new Line({ body: offerText.replace('RTP/AVP', 'RTP/SAVP') });
    assert.deepEqual(shown(line.answer().effects), [
      '488 to INVITE',
      'release the port',
      'call.hangup unspecified 488 callee',
    ]);
  });
  test('a re-INVITE that cannot be taken changes nothing', () => {
    const line = active();
    const { session } = line.call;
    assert.deepEqual(shown(line.request('INVITE', { body: videoOnly }).effects), ['488 to INVITE']);
    assert.deepEqual(line.call.session, session);
    assert.deepEqual(line.call.phase, { name: 'active', reinvite: null, relaying: null });
  });
  test('a re-INVITE says the same under the same version, and another thing under the next', () => {
    const line = active();
    const { version } = line.call.session!;
    line.request('INVITE', { body: offerText });
    line.ack();
    assert.equal(line.call.session?.version, version);
    line.request('INVITE', { body: `${offerText}a=sendonly\r\n` });
    assert.equal(line.call.session?.version, version + 1);
    assert.match(line.call.session?.sdp ?? '', /a=recvonly/);
  });
  test('a re-INVITE refreshes the remote target', () => {
    const line = active();
    line.request('INVITE', { body: offerText, headers: { Contact: '<sip:alice@192.0.2.99>' } });
    assert.equal(line.call.dialog.remoteTarget, 'sip:alice@192.0.2.99');
  });
  test('with no sound it says a=inactive', () => {
    const line = new Line({ identity: { media: 'none' } });
    assert.deepEqual(shown(line.answer().effects), ['200 to INVITE, repeated']);
    assert.match(line.call.session?.sdp ?? '', /a=inactive/);
  });
  const crossing: readonly (readonly [sample: string, status: number])[] = [
    ['ringing', 500],
    ['ringing, the 180 with our offer', 491],
    ['answered', 200],
    ['answered, with our offer', 491],
    ['active', 200],
    ['active, a re-INVITE not acknowledged', 200],
  ];
  for (const [sample, status] of crossing) {
    test(`an UPDATE with an offer, ${sample}: ${status}`, () => {
      const line = samples[sample]!();
      const response = line.request('UPDATE', { body: offerText }).effects.find(({ type }) => type === 'respond');
      assert.ok(response?.type === 'respond' && response.status === status);
      if (status === 500) assert.match(response.text, /\r\nRetry-After: (\d|10)\r\n/);
    });
  }
});
