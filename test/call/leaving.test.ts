// How a call ends: its causes, its BYE, and what is said to whom.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { requestsOut } from '../../src/call/call.ts';
import { samples } from './call-figure.ts';
import { active, Line, offerText, shown } from './support.ts';

function answered(line: Line): Line {
  line.answer();
  return line;
}

function acknowledged(line: Line): Line {
  answered(line).ack();
  return line;
}

suite('how a call ends', () => {
  const ended = 'call.hangup';
  const hangup = (line: Line) => shown(line.told).filter((one) => one.startsWith(ended));
  const cases: readonly (readonly [how: string, (line: Line) => unknown, cause: string])[] = [
    ['CANCEL', (line) => line.cancel(), 'originator_cancel 487 caller'],
    ['BYE in the early dialog', (line) => line.request('BYE'), 'originator_cancel 487 caller'],
    ['reject', (line) => line.command('reject', { cause: 'CALL_REJECTED' }), 'call_rejected 603 callee'],
    ['reject, busy', (line) => line.command('reject', { cause: 'USER_BUSY' }), 'user_busy 486 callee'],
    ['hangup while it rings', (line) => line.command('hangup', {}), 'call_rejected 480 callee'],
    ['BYE of the peer', (line) => acknowledged(line).request('BYE'), 'normal_clearing 200 caller'],
    ['BYE of the peer before its ACK', (line) => answered(line).request('BYE'), 'normal_clearing 200 caller'],
    ['our BYE', (line) => acknowledged(line).command('hangup', {}), 'normal_clearing 200 callee'],
    ['no ACK', (line) => answered(line).waits(), 'timeout 200 callee'],
    ['redirected', (line) => line.refer({ refer_before_answer: 'redirect' }), 'normal_clearing 302 callee'],
  ];
  for (const [how, end, cause] of cases) {
    test(`${how}: ${cause}`, () => {
      const line = new Line();
      end(line);
      assert.deepEqual(hangup(line), [`${ended} ${cause}`]);
    });
  }

  test('no PRACK: 504', () => {
    const line = new Line({ headers: { Supported: '100rel' } });
    assert.deepEqual(shown(line.waits().effects), [
      'stop repeating',
      '504 to INVITE',
      `${ended} unspecified 504 callee`,
    ]);
    assert.equal(line.at - line.call.startedAt, 32_000);
  });

  test('the INVITE expires: 487', () => {
    const line = new Line({ headers: { Expires: '30' } });
    assert.deepEqual(shown(line.waits().effects), ['487 to INVITE', `${ended} timeout 487 callee`]);
    assert.equal(line.at - line.call.startedAt, 30_000);
  });

  test('no ACK of a re-INVITE', () => {
    const line = active();
    line.request('INVITE', { body: offerText });
    assert.deepEqual(shown(line.waits().effects).slice(1), [
      'send BYE',
      'release the port',
      `${ended} timeout 200 callee`,
    ]);
  });

  test('headers of a hangup stand on the BYE, also on one that waits for an ACK which never comes', () => {
    const headers = { custom_headers: [{ name: 'X-Why', value: 'Grüße' }] };
    const acknowledged = active();
    acknowledged.command('hangup', headers);
    const unacknowledged = new Line();
    unacknowledged.answer();
    unacknowledged.command('hangup', headers);
    unacknowledged.waits();
    for (const line of [acknowledged, unacknowledged]) {
      assert.equal(line.last.method, 'BYE');
      assert.equal(Buffer.from(line.last.get('X-Why')!, 'latin1').toString('utf8'), 'Grüße');
    }
  });

  const why = { custom_headers: [{ name: 'X-Why', value: 'late' }] };

  test('headers of a hangup stand on the BYE that answers a challenge as well', () => {
    const line = active();
    line.refer({ sip_auth_username: 'alice', sip_auth_password: 'secret' });
    line.respond(603);
    line.command('hangup', why);
    line.respond(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' });
    assert.match(line.last.get('Proxy-Authorization') ?? '', /nonce="n"/);
    assert.equal(line.last.get('X-Why'), 'late');
  });

  test('headers of a hangup before the answer stand on the 480', () => {
    const [refused] = new Line().command('hangup', why).effects.filter(({ type }) => type === 'respond');
    assert.ok(refused?.type === 'respond');
    assert.match(refused.text, /^SIP\/2.0 480 .*\r\n(?:.+\r\n)*X-Why: late\r\n/);
  });

  test('headers of a hangup before the answer stand on the CANCEL, also on one that has to wait', () => {
    const ringing = Line.dialled();
    ringing.respond(180);
    ringing.command('hangup', why);
    const calling = Line.dialled();
    calling.command('hangup', why);
    assert.equal(calling.last.method, 'INVITE');
    calling.respond(180);
    for (const line of [ringing, calling]) {
      assert.equal(line.last.method, 'CANCEL');
      assert.equal(line.last.get('X-Why'), 'late');
    }
  });

  test('a hangup while the PRACK of our offer is awaited refuses the INVITE', () => {
    const line = samples['ringing, the answer waits for the PRACK']!();
    assert.deepEqual(shown(line.command('hangup', {}).effects).slice(0, 2), ['stop repeating', '480 to INVITE']);
  });

  test('a BYE that is challenged is sent again with the credentials of the refer', () => {
    const line = active();
    line.refer({ sip_auth_username: 'alice', sip_auth_password: 'secret' });
    line.respond(603);
    line.command('hangup', {});
    const { branch } = line.sent.at(-1)!.request;
    line.respond(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n", qop="auth"' });
    assert.equal(line.last.cseq.number, 3);
    assert.match(line.last.get('Proxy-Authorization') ?? '', /username="alice"/);
    assert.notEqual(line.out, branch);
    line.respond(407, { 'Proxy-Authenticate': 'Digest realm="r", nonce="n2", qop="auth"' });
    assert.deepEqual(requestsOut(line.call), []);
    assert.equal(line.call.credentials, null);
  });

  test('the first CSeq of the peer is remembered: a request before it is out of order, until the call is over', () => {
    const line = active();
    assert.deepEqual(shown(line.request('INFO', { cseq: 0, branch: 'z9hG4bK-a' }).effects), ['500 to INFO']);
    line.command('hangup', {});
    assert.deepEqual(shown(line.request('INFO', { cseq: 0, branch: 'z9hG4bK-b' }).effects), ['481 to INFO']);
  });

  test('the password of a refer is not kept with a call that is over', () => {
    const line = active();
    line.refer({ sip_auth_username: 'alice', sip_auth_password: 'secret' });
    line.request('BYE');
    assert.ok(line.call.credentials, 'a late NOTIFY is awaited');
    line.waits();
    assert.equal(line.call.phase.name, 'ended');
    assert.doesNotMatch(JSON.stringify(line.call), /secret/);
  });
});
