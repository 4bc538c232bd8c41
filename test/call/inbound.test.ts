// An inbound call until the ACK of its 2xx: the 180 and its PRACK, and what waits for the ACK.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Effect } from '../../src/call/state.ts';
import { answerText, Line, offerText, rtpPort, shown } from './support.ts';

suite('call.answered comes with the ACK', () => {
  test('of the 2xx, not with the 2xx', () => {
    const line = new Line();
    assert.deepEqual(shown(line.answer().effects), ['sound', '200 to INVITE, repeated']);
    assert.deepEqual(shown(line.ack().effects), ['stop repeating', 'call.answered']);
    assert.deepEqual(shown(line.ack().effects), []);
  });
  test('and what waited for it follows, in the order it was asked for', () => {
    const line = new Line();
    line.answer();
    line.command('send_sip_info', { content_type: 'text/plain', body: 'one' });
    line.command('send_sip_info', { content_type: 'text/plain', body: 'two' });
    line.refer();
    assert.deepEqual(shown(line.ack().effects), [
      'stop repeating',
      'call.answered',
      'send INFO',
      'send INFO',
      'send REFER',
    ]);
    assert.deepEqual(
      line.sent.map(({ request }) => /one|two/.exec(request.text)?.[0]),
      ['one', 'two', undefined],
    );
  });
  test('and a hangup before it drops a refer that waited', () => {
    const line = new Line();
    line.answer();
    line.refer();
    line.command('hangup', {});
    assert.deepEqual(shown(line.ack().effects), [
      ...['stop repeating', 'call.answered', 'call.refer.failed 487', 'send BYE', 'release the port'],
      'call.hangup normal_clearing 200 callee',
    ]);
  });
});

suite('100rel (RFC 3262)', () => {
  const rows: readonly (readonly [asks: Record<string, string>, body: string, isReliable: boolean])[] = [
    [{}, offerText, false],
    [{}, '', false],
    [{ Supported: '100rel' }, offerText, true],
    [{ Supported: 'timer, 100REL' }, offerText, true],
    [{ Supported: '100rel' }, '', false],
    [{ Require: '100rel' }, offerText, true],
  ];
  for (const [headers, body, isReliable] of rows) {
    test(`${JSON.stringify(headers)} ${body === '' ? 'without' : 'with'} an offer: ${isReliable ? 'reliable' : 'not'}`, () => {
      const line = new Line({ headers, body });
      const [first] = line.effects;
      assert.equal(first?.type, isReliable ? 'repeat' : 'respond');
      assert.equal(line.call.reliable !== null, isReliable);
    });
  }

  test('required without an offer: ours goes first, the answer comes in the PRACK, the 2xx has none', () => {
    const line = new Line({ headers: { Require: '100rel' }, body: '', identity: { rtpPort } });
    const ringing = line.effects.find(({ type }) => type === 'repeat') as Effect & { type: 'repeat' };
    assert.match(ringing.text, /\r\nContent-Type: application\/sdp\r\n[\s\S]*m=audio 40000 /);
    assert.deepEqual(shown(line.answer().effects), []);
    assert.deepEqual(shown(line.prack({ body: answerText }).effects), [
      ...['stop repeating', 'sound', '200 to PRACK', '200 to INVITE, repeated'],
    ]);
    const ok = line.effects.at(-1) as Effect & { type: 'repeat' };
    assert.doesNotMatch(ok.text, /m=audio/);
  });

  test('a 180 that carried no offer holds no answer back, and its PRACK is still taken after the 2xx', () => {
    for (const before of ['2xx', 'ACK'] as const) {
      const line = new Line({ headers: { Supported: '100rel' } });
      assert.deepEqual(shown(line.answer().effects), ['sound', 'stop repeating', '200 to INVITE, repeated']);
      if (before === 'ACK') line.ack();
      const { name } = line.call.phase;
      const rseq = line.call.reliable?.rseq;
      assert.deepEqual(shown(line.prack().effects), ['200 to PRACK'], before);
      assert.equal(line.call.phase.name, name);
      assert.deepEqual(shown(line.prack({ headers: { RAck: `${rseq} 1 INVITE` } }).effects), ['481 to PRACK']);
    }
  });

  test('each 180 that is said again has the next RSeq', () => {
    const line = new Line({ headers: { Supported: '100rel' } });
    const first = line.call.reliable!.rseq;
    line.prack();
    assert.deepEqual(shown(line.waits().effects), ['180 to INVITE, repeated']);
    assert.equal(line.call.reliable!.rseq, first + 1);
  });

  test('a PRACK must name RSeq, CSeq and method', () => {
    const line = new Line({ headers: { Supported: '100rel' } });
    const { rseq } = line.call.reliable!;
    for (const RAck of [`${rseq + 1} 1 INVITE`, `${rseq} 2 INVITE`, `${rseq} 1 BYE`, 'what', '']) {
      assert.deepEqual(shown(line.prack({ headers: { RAck } }).effects), ['481 to PRACK'], RAck);
    }
  });
});
