// A refer within its call: when its REFER leaves, whose NOTIFY it is, and what its outcome does to the call.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deadlinesOf, transition } from '../../src/call/call.ts';
import type { Effect, Input, Step } from '../../src/call/state.ts';
import { samples } from './call-figure.ts';
import { active, Line, offerText, shown, target } from './support.ts';

suite('a refer within its call', () => {
  test('waits again when its second try meets a re-INVITE that is not acknowledged', () => {
    const line = samples['active, a REFER is sent again later']!();
    line.request('INVITE', { body: offerText });
    line.timer('refer-retry');
    assert.equal(line.sent.length, 1);
    assert.deepEqual(shown(line.ack().effects), ['stop repeating', 'send REFER']);
  });

  test('is not sent again into a dialog that the peer has ended', () => {
    for (const [status, headers] of [
      [491, {}],
      [407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' }],
    ] as const) {
      const line = active();
      line.refer({ sip_auth_username: 'a', sip_auth_password: 'b' });
      line.request('BYE');
      assert.deepEqual(shown(line.respond(status, headers).effects), [
        `call.refer.failed ${status}`,
        'call.hangup normal_clearing 200 caller',
      ]);
    }
  });

  test('481 ends a confirmed call, and leaves one that rings', () => {
    assert.deepEqual(shown(samples['active, a REFER is out']!().respond(481).effects), [
      ...['call.refer.failed 481', 'send BYE', 'release the port', 'call.hangup normal_clearing 200 callee'],
    ]);
    assert.deepEqual(shown(samples['ringing, a REFER is out']!().respond(481).effects), ['call.refer.failed 481']);
  });

  test('other refusals leave the call', () => {
    for (const status of [302, 404, 405, 408, 410, 416, 482, 483, 484, 485, 500, 502, 503, 604]) {
      const line = samples['active, a REFER is out']!();
      assert.deepEqual(shown(line.respond(status).effects), [`call.refer.failed ${status}`]);
      assert.equal(line.call.phase.name, 'active');
    }
  });

  test('NOTIFY by id: any CSeq of this refer or an earlier one, no other', () => {
    const line = active();
    line.refer();
    line.respond(603);
    line.refer({ sip_auth_username: 'a', sip_auth_password: 'b' });
    line.respond(401, { 'WWW-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' });
    const answer = (Event: string) => shown(line.fork().notify(180, { Event }).effects);
    assert.deepEqual(answer('refer;id=1'), ['200 to NOTIFY']);
    assert.deepEqual(answer('refer;id=2'), ['200 to NOTIFY', 'call.refer.started 180']);
    assert.deepEqual(answer('refer;id=3'), ['200 to NOTIFY', 'call.refer.started 180']);
    assert.deepEqual(answer('refer'), ['200 to NOTIFY', 'call.refer.started 180']);
    assert.deepEqual(answer('refer;id=4'), ['481 to NOTIFY']);
    assert.deepEqual(answer('refer;id=x'), ['481 to NOTIFY']);
    assert.deepEqual(answer('dialog'), ['489 to NOTIFY']);
  });

  test('to a peer whose Allow leaves REFER out it goes all the same, unless the application believes such a list', () => {
    const headers = { Allow: 'INVITE, ACK, CANCEL, BYE' };
    assert.deepEqual(shown(active({ headers }).refer().effects), ['send REFER']);
    const believing = active({ headers });
    assert.deepEqual(shown(believing.refer({}, { withoutAllow: 'fail' }).effects), ['call.refer.failed 405']);
    believing.request('UPDATE', { headers: { Allow: 'INVITE, REFER' } });
    assert.deepEqual(shown(believing.refer({}, { withoutAllow: 'fail' }).effects), ['send REFER']);
    assert.deepEqual(
      shown(active().refer({}, { withoutAllow: 'fail' }).effects),
      ['send REFER'],
      'no Allow says nothing',
    );
  });

  test('a peer that accepted and hung up may count as transferred; our own hangup never does', () => {
    const own = { byeWithoutFinal: 'completed' } as const;
    const left = active();
    left.refer({}, own);
    left.respond(202);
    left.request('BYE');
    assert.deepEqual(shown(left.waits().effects), [
      'call.refer.completed 200',
      'call.hangup normal_clearing 200 caller',
    ]);
    const hungUp = active();
    hungUp.refer({}, own);
    hungUp.respond(202);
    assert.equal(shown(hungUp.command('hangup', {}).effects)[0], 'call.refer.failed 487');
    const unaccepted = active();
    unaccepted.refer({}, own);
    unaccepted.request('BYE');
    assert.equal(shown(unaccepted.waits().effects)[0], 'call.refer.failed 487');
  });

  test('no grace: the BYE goes with the outcome', () => {
    const line = active();
    line.refer({ refer_bye_grace_ms: 0 });
    line.respond(202);
    assert.deepEqual(shown(line.notify(200).effects), [
      ...['200 to NOTIFY', 'call.refer.completed 200', 'send BYE', 'release the port'],
      'call.hangup normal_clearing 200 callee',
    ]);
  });

  test('no grace: a BYE of the peer ends a refer that is out at once', () => {
    const line = active();
    line.refer({ refer_bye_grace_ms: 0 });
    assert.deepEqual(shown(line.request('BYE').effects), [
      ...['200 to BYE', 'release the port', 'call.refer.failed 487', 'call.hangup normal_clearing 200 caller'],
    ]);
  });

  test('a success while our 2xx waits for its ACK: the BYE waits for it too', () => {
    const line = samples['answered, referred while it rang']!();
    assert.deepEqual(
      deadlinesOf(line.call).map(([timer]) => timer),
      ['ack'],
    );
    line.after(5_000).ack();
    assert.deepEqual(shown(line.waits().effects)[0], 'send BYE');
  });

  test('hangup of a call that rings and was referred ends it as a success', () => {
    const line = samples['ringing, referred']!();
    assert.deepEqual(shown(line.command('hangup', {}).effects), [
      '480 to INVITE',
      'call.hangup normal_clearing 480 callee',
    ]);
  });

  test('redirect tells the target as it was sent, whatever the placement of the headers', () => {
    const line = new Line();
    const custom_headers = [{ name: 'X-A', value: '1' }];
    line.refer({ custom_headers, refer_before_answer: 'redirect', refer_header_placement: 'refer' });
    const final = line.effects.find((effect) => effect.type === 'respond' && effect.status === 302);
    assert.match((final as Effect & { type: 'respond' }).text, /\r\nContact: <sip:bob@biloxi\.example\?X-A=1>\r\n/);
    const told = line.told.filter(({ event }) => event.type.startsWith('call.refer'));
    for (const { event } of told) assert.equal((event.payload as { refer_to?: string }).refer_to, `${target}?X-A=1`);
  });

  test('491 is tried again after up to two seconds, in steps of ten milliseconds: the Call-ID is the peer’s (RFC 3261 §14.1)', () => {
    for (const seed of ['0000000000000000', '8000000000000000', 'ffffffffffffffff']) {
      const line = samples['active, a REFER is out']!();
      const input = { at: line.at, seed, ...line.responds(491) } as Input;
      const { refer } = (transition(line.call, input) as Step).call;
      assert.ok(refer?.phase.name === 'retrying');
      const delay = refer.phase.at - line.at;
      assert.ok(delay >= 0 && delay <= 2_000 && delay % 10 === 0, String(delay));
    }
  });

  test('a REFER sent again after a 491 counts its nonce on', () => {
    const line = active();
    line.refer({ sip_auth_username: 'a', sip_auth_password: 'b' });
    line.respond(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' });
    assert.match(line.last.get('Proxy-Authorization') ?? '', /nc=00000001/);
    line.respond(491);
    line.timer('refer-retry');
    assert.match(line.last.get('Proxy-Authorization') ?? '', /nc=00000002/);
  });

  test('a peer that challenges with a new realm each time is refused in the end', () => {
    const line = active();
    line.refer({ sip_auth_username: 'a', sip_auth_password: 'b' });
    for (let realm = 0; realm < 20; realm += 1) {
      line.respond(407, { 'Proxy-Authenticate': `Digest realm="${realm}", nonce="n", qop="auth"` });
    }
    assert.deepEqual(
      line.told.map(({ event }) => event.type),
      ['call.initiated', 'call.answered', 'call.refer.failed'],
    );
  });

  test('a peer that notifies without end does not make the call grow; its final status is kept', () => {
    const line = active();
    line.refer();
    line.respond(202);
    for (let times = 0; times < 200; times += 1) line.notify(180);
    line.notify(486);
    assert.equal(line.call.refer?.notified.length, 101);
    assert.equal(line.call.refer?.notified.at(-1), 486);
  });

  test('an application that refers without end does not make the call grow', () => {
    const line = active();
    for (let times = 0; times < 300; times += 1) {
      line.refer();
      line.respond(603);
    }
    assert.equal(line.call.pastRefers.length, 256);
    assert.deepEqual(shown(line.notify(180, { Event: 'refer;id=299' }).effects), ['200 to NOTIFY']);
  });
});
