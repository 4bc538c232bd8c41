// The machine of an INVITE we sent: every sample of a state × every input, the messages it writes, and what holds
// whatever comes in whatever order.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  deadlineOf,
  type Effect,
  type Input,
  timersOf,
  type Usage,
} from '../../../src/sip/dialog/invite-client-state.ts';
import { begin, transition } from '../../../src/sip/dialog/invite-client-usage.ts';
import { type Request, Response } from '../../../src/sip/message/message.ts';
import { isFailure, parse } from '../../../src/sip/message/parse.ts';
import {
  after,
  answerSdp,
  at,
  fixed,
  inputs,
  invite,
  offerSdp,
  response,
  samples,
  show,
} from './invite-client-figure.ts';

type Arrows = Readonly<Record<string, string>>;

/** The arrows of one sample, by input. */
function from(sample: string, arrows: Arrows): Arrows {
  return Object.fromEntries(Object.entries(arrows).map(([input, line]) => [`${sample} + ${input}`, line]));
}

/** While no final response came. */
const refusals: Arrows = {
  '302': 'refused: redirect to sip:carol@chicago.example',
  '401': 'refused: authenticate',
  '422': 'refused: interval',
  '486': 'terminated: tell ended refused by 486',
  '487': 'terminated: tell ended refused by 487',
  '603': 'terminated: tell ended refused by 603',
  timeout: 'terminated: tell ended timeout',
  failed: 'terminated: tell ended transport-failed',
};
const ringing: Arrows = {
  '180': 'proceeding: tell 180 -',
  '180 a': 'proceeding: tell 180 a',
  '180 b': 'proceeding: tell 180 b',
};
/** An early dialog that has told neither offer nor answer. */
const silent: Arrows = {
  ...refusals,
  ...ringing,
  '183 a': 'proceeding: tell 183 a, tell preview a',
  '183 a 1': 'proceeding: tell 183 a, PRACK a, tell answer a',
  '180 a 2': 'proceeding: tell 180 a, PRACK a',
  '180 a 3': 'proceeding: tell 180 a, PRACK a',
  '200 a': 'accepted: tell answer a, ACK a, tell confirmed a',
  '200 b': 'accepted: tell answer b, ACK b, tell confirmed b',
};
/** An early dialog with a reliable response, RSeq 1: 1 again and 3 are not taken. */
const reliable: Arrows = {
  ...refusals,
  ...ringing,
  '183 a': 'proceeding: tell 183 a',
  '180 a 2': 'proceeding: tell 180 a, PRACK a',
  '200 b': 'accepted: tell answer b, ACK b, tell confirmed b',
  cancel: 'cancelling: CANCEL',
  'update a': 'proceeding: UPDATE a',
  'UPDATE a': 'proceeding: respond 200',
};
const lost: Arrows = { 'UPDATE a': 'respond 481', 'UPDATE a, offer': 'respond 481' };
const late = (name: string, status: 481 | 491): Arrows =>
  Object.fromEntries(Object.keys(lost).map((input) => [input, `${name}: respond ${status}`]));
const cancelled: Arrows = {
  ...Object.fromEntries(
    ['302', '401', '422', '486', '487', '603'].map((status) => [
      status,
      `terminated: tell ended cancelled by ${status}`,
    ]),
  ),
  timeout: 'terminated: tell ended cancelled',
  failed: 'terminated: tell ended cancelled',
  'give-up': 'terminated: tell ended cancelled',
  '200 a': 'accepted: ACK a, BYE a, tell ended cancelled by 200',
  '200 b': 'accepted: ACK b, BYE b, tell ended cancelled by 200',
};

/** What has no line is absorbed. */
const arrows: Arrows = {
  ...from('calling', { ...silent, ...late('calling', 481), '100': 'proceeding', cancel: 'cancelling' }),
  ...from('proceeding', {
    ...silent,
    cancel: 'cancelling: CANCEL',
    'update a': 'proceeding: UPDATE a',
    'UPDATE a': 'proceeding: respond 200',
    'UPDATE a, offer': 'proceeding: respond 491',
  }),
  ...from('proceeding, described', {
    ...reliable,
    '200 a': 'accepted: ACK a, tell confirmed a',
    'update a, offer': 'proceeding: UPDATE a with SDP',
    'UPDATE a, offer': 'proceeding: respond 200 with SDP',
  }),
  ...from('proceeding, updating', {
    ...reliable,
    '200 a': 'accepted: ACK a, tell confirmed a',
    'UPDATE a, offer': 'proceeding: respond 491',
    'UPDATE answered': 'proceeding: tell answer a',
    'UPDATE refused': 'proceeding',
    'UPDATE lost': 'proceeding',
  }),
  ...from('proceeding, their offer', {
    ...reliable,
    '200 a': 'accepted: ACK a, tell confirmed a without agreement',
    '200 b': 'accepted: tell offer b',
    'answer a': 'proceeding: PRACK a with SDP',
    'decline a': 'proceeding: PRACK a with SDP',
    'UPDATE a, offer': 'proceeding: respond 500',
  }),
  ...from('cancelling, not sent', {
    ...cancelled,
    ...late('cancelling', 481),
    '100': 'cancelling: CANCEL',
    '180': 'cancelling: CANCEL',
    '180 a': 'cancelling: CANCEL',
    '180 b': 'cancelling: CANCEL',
    '183 a': 'cancelling: CANCEL',
    '183 a 1': 'cancelling: CANCEL, PRACK a',
    '180 a 2': 'cancelling: CANCEL, PRACK a',
    '180 a 3': 'cancelling: CANCEL, PRACK a',
  }),
  ...from('cancelling', {
    ...cancelled,
    ...late('cancelling', 491),
    '180 b': 'cancelling',
    '183 a 1': 'cancelling: PRACK a',
    '180 a 2': 'cancelling: PRACK a',
    '180 a 3': 'cancelling: PRACK a',
  }),
  ...from('refused', {
    ...late('refused', 481),
    '200 a': 'refused: ACK a, BYE a',
    '200 b': 'refused: ACK b, BYE b',
    cancel: 'terminated: tell ended cancelled',
    again: 'calling: INVITE',
  }),
  ...from('accepted', {
    ...late('accepted', 491),
    '200 a': 'accepted: ACK a',
    '200 b': 'accepted: ACK b, BYE b',
    settle: 'confirmed',
  }),
  ...from('accepted, their offer', {
    ...late('accepted', 491),
    '200 b': 'accepted: ACK b with SDP, BYE b',
    settle: 'confirmed',
    cancel: 'accepted: ACK a with SDP, BYE a, tell ended cancelled',
    'answer a': 'accepted: ACK a with SDP, tell confirmed a',
    'decline a': 'accepted: ACK a with SDP, BYE a, tell ended cancelled',
  }),
  ...from('accepted, not wanted', {
    ...late('accepted', 481),
    '200 a': 'accepted: ACK a',
    '200 b': 'accepted: ACK b, BYE b',
    settle: 'terminated',
  }),
  ...from('confirmed', { ...late('confirmed', 491), '200 a': 'confirmed: ACK a', '200 b': 'confirmed: ACK b, BYE b' }),
  ...from('terminated', {
    ...late('terminated', 481),
    '200 a': 'terminated: ACK a, BYE a',
    '200 b': 'terminated: ACK b, BYE b',
  }),
};

test('states × inputs: each arrow is the one listed, every other input is absorbed', () => {
  const left = new Set(Object.keys(arrows));
  for (const [name, usage] of Object.entries(samples)) {
    for (const [input, taken] of Object.entries(inputs)) {
      const pair = `${name} + ${input}`;
      const step = transition(fixed, usage, taken, at);
      left.delete(pair);
      assert.equal(show(step), arrows[pair] ?? usage.state.name, pair);
      if (arrows[pair] === undefined) assert.deepEqual(step, { usage, effects: [] }, `${pair} is absorbed`);
    }
  }
  assert.deepEqual([...left], []);
});

test('each state has a deadline for the timers it owns, and for no other', () => {
  for (const usage of Object.values(samples)) {
    const running = (['give-up', 'settle'] as const).filter((timer) => deadlineOf(usage, timer) !== null);
    assert.deepEqual(running, timersOf[usage.state.name]);
    for (const timer of running) assert.equal(deadlineOf(usage, timer), at + 32_000);
  }
});

test('it begins by sending the INVITE, and is plain data ever after', () => {
  assert.equal(show(begin(invite(offerSdp))), 'calling: INVITE');
  for (const usage of Object.values(samples)) assert.deepEqual(JSON.parse(JSON.stringify(usage)), usage);
});

suite('unbounded-reliable-1xx (a callee that sends one after the other, without end)', () => {
  const reliable = (tag: string, rseq: number) => response(183, { tag, rseq });
  const flood = (tag: string, count: number) => Array.from({ length: count }, (_, index) => reliable(tag, index + 1));

  test('a fork that goes on is ended, and its INVITE is not', () => {
    assert.equal(show(after(flood('a', 32))), 'proceeding: tell 183 a, PRACK a');
    assert.equal(show(after(flood('a', 33))), 'proceeding: BYE a');
    assert.equal(show(after(flood('a', 34))), 'proceeding');
    assert.equal(show(after([...flood('a', 33), '180 b'])), 'proceeding: tell 180 b');
    assert.equal(show(after([...flood('a', 33), '200 b'])), 'accepted: tell answer b, ACK b, tell confirmed b');
  });
  test('many forks that ring a little are not let on for ever either', () => {
    const pracks = Array.from({ length: 200 }, (_, index) => reliable(`fork${index}`, 1));
    const { usage } = after(pracks);
    assert.equal(
      usage.forks.reduce((sum, fork) => sum + (fork.reliables ?? 0), 0),
      64,
    );
    const each = Array.from({ length: 10 }, (_, index) => flood(`fork${index}`, 20)).flat();
    assert.equal(
      after(each).usage.forks.reduce((sum, fork) => sum + (fork.reliables ?? 0), 0),
      128,
    );
  });
  test('a 2xx of a fork that was ended is acknowledged and ended, and nobody has the call', () => {
    assert.equal(show(after([...flood('a', 33), '200 a'])), 'accepted: ACK a, BYE a, tell ended cancelled by 200');
    assert.equal(show(after([...flood('a', 33), '200 a', '200 a'])), 'accepted: ACK a');
  });
});

suite('what is written', () => {
  const written = (script: readonly (string | Input)[], sdp: string | null = offerSdp): Request[] =>
    after(script, sdp).effects.flatMap((effect) => {
      if (effect.type !== 'send' && effect.type !== 'ack' && effect.type !== 'cancel') return [];
      const message = parse(effect.type === 'cancel' ? effect.text : effect.request.text);
      assert.ok(!isFailure(message) && !(message instanceof Response));
      return [message];
    });
  const lineOf = (request: Request): string =>
    `${request.method} ${request.uri}, CSeq ${request.get('CSeq')}, branch ${request.via.branch}`;

  test('PRACK names the response by RSeq, CSeq and method (RFC 3262 §7.2)', () => {
    const [prack] = written(['183 a 1']);
    assert.equal(lineOf(prack!), 'PRACK sip:a@192.0.2.4:5080, CSeq 314160 PRACK, branch z9hG4bK776asdhds.0.314160');
    assert.equal(prack!.get('RAck'), '1 314159 INVITE');
  });
  test('the CSeq of a fork counts up, each fork for itself, and no branch comes twice (RFC 3261 §12.2.1.1)', () => {
    const first = written(['183 a 1', '180 a 2']);
    const second = written(['183 a 1', '180 b', response(183, { tag: 'b', rseq: 9 })]);
    assert.equal(first[0]!.get('CSeq'), '314161 PRACK');
    assert.equal(lineOf(second[0]!), 'PRACK sip:b@192.0.2.4:5080, CSeq 314160 PRACK, branch z9hG4bK776asdhds.1.314160');
  });
  test('an offer in a 1xx is answered in its PRACK (RFC 3262 §5), one in a 2xx in its ACK (RFC 3261 §13.2.1)', () => {
    assert.equal(written(['183 a 1', 'answer a'], null)[0]!.body, answerSdp);
    assert.equal(written(['200 a', 'answer a'], null)[0]!.body, answerSdp);
  });
  test('an offer that is declined is answered with port zero for each stream (RFC 3264 §6)', () => {
    assert.match(written(['200 a', 'decline a'], null)[0]!.body, /\r\nm=audio 0 RTP\/AVP 0\r\n$/);
  });
  test('the ACK of a 2xx has the CSeq and the credentials of the INVITE (RFC 3261 §13.2.2.4)', () => {
    const sent = invite(offerSdp, { 'Proxy-Authorization': 'Digest username="alice"' });
    const step = transition(fixed, begin(sent).usage, inputs['200 a']!, at);
    const ack = step.effects.find((effect) => effect.type === 'ack');
    assert.match(ack!.request.text, /\r\nCSeq: 314159 ACK\r\n/);
    assert.match(ack!.request.text, /\r\nProxy-Authorization: Digest username="alice"\r\n/);
  });
  test('the ACK of a copy is the same byte for byte', () => {
    assert.equal(written(['200 a'])[0]!.text, written(['200 a', '200 a'])[0]!.text);
  });
  test('the 2xx sets the route set anew, nearest proxy first (RFC 3261 §12.1.2, §13.2.2.4)', () => {
    const routes = { 'Record-Route': ['<sip:p2.example;lr>', '<sip:p1.example;lr>'] };
    const ok = response(200, { tag: 'a', sdp: answerSdp }, routes);
    const [ack] = written(['180 a', ok]);
    assert.deepEqual(ack!.all('Route'), ['<sip:p1.example;lr>', '<sip:p2.example;lr>']);
  });
  test('CANCEL copies the INVITE, branch included, and says why (RFC 3261 §9.1, RFC 3326)', () => {
    const [cancel] = written(['180', 'cancel']);
    assert.equal(lineOf(cancel!), 'CANCEL sip:bob@biloxi.example, CSeq 314159 CANCEL, branch z9hG4bK776asdhds');
    assert.equal(cancel!.get('To'), 'Bob <sip:bob@biloxi.example>');
    assert.equal(cancel!.get('Reason'), 'SIP;cause=200');
  });
  test('a lone 100 lets the CANCEL go, before or after the caller gives up; nothing else does (RFC 3261 §9.1)', () => {
    const methods = (script: readonly string[]): string[] => written(script).map(({ method }) => method);
    assert.deepEqual(methods(['cancel']), []);
    assert.deepEqual(methods(['100', 'cancel']), ['CANCEL']);
    assert.deepEqual(methods(['cancel', '100']), ['CANCEL']);
  });
  test('a BYE says why: the reason of the cancel, or that another fork has the call (RFC 3326)', () => {
    const [, crossed] = written(['180 a', 'cancel', '200 a']);
    const [, lostBye] = written(['200 a', '200 b']);
    assert.equal(crossed!.get('Reason'), 'SIP;cause=200');
    assert.equal(lostBye!.get('Reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    assert.equal(lineOf(lostBye!), 'BYE sip:b@192.0.2.4:5080, CSeq 314160 BYE, branch z9hG4bK776asdhds.1.314160');
  });
  test('where the INVITE went is where the dialog goes, where DNS could choose (RFC 3263 §4.1)', () => {
    const connection = { transport: 'tcp', host: '192.0.2.4', port: 5080, flow: 'tcp:1' } as const;
    const heard = { ...response(200, { tag: 'a', sdp: answerSdp }), to: connection };
    const sent = invite(offerSdp);
    const flowOf = (target: typeof sent.target) => {
      const { forks } = transition(fixed, begin({ ...sent, target }).usage, heard, at).usage;
      return forks[0]!.dialog.flow.transport;
    };
    assert.equal(flowOf({ ...sent.target, open: 'transport' }), 'tcp');
    assert.equal(flowOf({ transport: 'udp', host: '192.0.2.4', port: 5080 }), 'udp', 'sent by TCP for its size alone');
  });
  test('a BYE that was challenged goes again to the same fork, and only that', () => {
    const again = (branch: string): Input => ({
      type: 'command',
      command: { name: 'bye-again', branch, headers: [['Proxy-Authorization', 'Digest username="alice"']] },
    });
    const lost = ['200 a', '200 b'];
    const [, first] = written(lost);
    assert.equal(first!.method, 'BYE');
    const [second, ...others] = written([...lost, again(first!.via.branch ?? '')]);
    assert.deepEqual(others, []);
    assert.equal(lineOf(second!), 'BYE sip:b@192.0.2.4:5080, CSeq 314161 BYE, branch z9hG4bK776asdhds.1.314161');
    assert.equal(second!.get('Proxy-Authorization'), 'Digest username="alice"');
    assert.deepEqual(written([...lost, again('z9hG4bK776asdhds.0.314160')]), []);
  });
  test('a response without Contact leads to where the INVITE went', () => {
    const [ack] = written([response(200, { tag: 'a' }, { Contact: null })]);
    assert.equal(ack!.uri, 'sip:bob@biloxi.example');
  });
  test('the dialog that is handed over goes on from the CSeq it has come to', () => {
    const { effects } = after(['183 a 1', 'update a', '200 a']);
    const told = effects.flatMap((effect) =>
      effect.type === 'tell' && effect.what.type === 'confirmed' ? [effect.what] : [],
    );
    assert.equal(told[0]!.dialog.localCseq, 314_161);
    assert.equal(told[0]!.dialog.remoteTag, 'a');
  });
  test('a target that an UPDATE has moved is where the next request goes (RFC 3311 §5.2)', () => {
    assert.equal(written(['183 a 1', 'UPDATE a', 'update a'])[0]!.uri, 'sip:moved@192.0.2.4');
  });
});

suite('a redirect (RFC 3261 §8.1.3.4)', () => {
  const to = (...contacts: string[]): Input => response(302, { tag: 'p' }, { Contact: contacts });
  const redirected = (status: number, branch: string): Input =>
    response(status, { tag: 'p' }, { Via: `SIP/2.0/UDP pc33.atlanta.example:5060;branch=${branch}` });
  const call = (uri: string, branch: string): Input => {
    const { text, ...sent } = invite(offerSdp, {}, branch);
    return {
      type: 'command',
      command: { name: 'again', invite: { ...sent, text: text.replace(/^\S+ \S+/, `INVITE ${uri}`) } },
    };
  };
  const first = call('sip:one@x.example', 'z9hG4bK1');
  const rows: readonly (readonly [string, readonly Input[], string])[] = [
    [
      'by q',
      [to('<sip:two@x.example>;q=0.2', '<sip:one@x.example>')],
      'refused: redirect to sip:one@x.example sip:two@x.example',
    ],
    ['to nowhere new', [to('<sip:bob@biloxi.example>')], 'terminated: tell ended refused by 302'],
    [
      'to nothing we can call',
      [to('<tel:+15551234>', '<http://x.example>', '*')],
      'terminated: tell ended refused by 302',
    ],
    [
      'whose first target is busy: the next',
      [to('<sip:one@x.example>', '<sip:two@x.example>;q=0.5'), first, redirected(486, 'z9hG4bK1')],
      'refused: redirect to sip:two@x.example',
    ],
    [
      'whose target wants no call anywhere',
      [to('<sip:one@x.example>', '<sip:two@x.example>;q=0.5'), first, redirected(603, 'z9hG4bK1')],
      'terminated: tell ended refused by 603',
    ],
    ['a response to the INVITE before is not taken', [to('<sip:one@x.example>'), first, inputs['200 a']!], 'calling'],
  ];
  for (const [name, script, line] of rows) test(name, () => assert.equal(show(after(script)), line));
  test('that is not followed is a refusal', () => {
    const step = after([to('<sip:one@x.example>')], offerSdp, { ...fixed, followsRedirects: false });
    assert.equal(show(step), 'terminated: tell ended refused by 302');
  });
});

/** What was sent to each fork by the end, and the number of CANCELs. */
function count(effects: readonly Effect[]): { acks: Map<string, number>; byes: Map<string, number>; cancels: number } {
  const counts = { acks: new Map<string, number>(), byes: new Map<string, number>(), cancels: 0 };
  const add = (map: Map<string, number>, tag: string): void => void map.set(tag, (map.get(tag) ?? 0) + 1);
  for (const effect of effects) {
    if (effect.type === 'ack') add(counts.acks, effect.tag);
    if (effect.type === 'send' && effect.method === 'BYE') add(counts.byes, effect.tag);
    if (effect.type === 'cancel') counts.cancels += 1;
  }
  return counts;
}

suite('any inputs in any order', () => {
  const names = Object.keys(inputs).filter((name) => name !== 'again');
  const scripts = fc.array(fc.constantFrom(...names), { maxLength: 40 });

  function run(script: readonly string[], sdp: string | null): { usage: Usage; effects: Effect[]; ends: number } {
    let { usage } = begin(invite(sdp));
    const effects: Effect[] = [];
    for (const name of [...script, 'answer a', 'answer b']) {
      const input: Input = inputs[name] ?? { type: 'command', command: { name: 'answer', tag: 'b', sdp: answerSdp } };
      const step = transition(fixed, usage, input, at);
      usage = step.usage;
      effects.push(...step.effects);
    }
    const isEnd = (effect: Effect): boolean =>
      effect.type === 'tell' && (effect.what.type === 'ended' || effect.what.type === 'confirmed');
    return { usage, effects, ends: effects.filter(isEnd).length };
  }

  for (const sdp of [offerSdp, null]) {
    test(`${sdp ? 'with' : 'without'} an offer: every 2xx is acknowledged, who is not wanted gets one BYE, and at most one CANCEL goes`, () => {
      fc.assert(
        fc.property(scripts, (script) => {
          const { usage, effects, ends } = run(script, sdp);
          const { acks, byes, cancels } = count(effects);
          const winner = 'winner' in usage.state ? usage.state.winner : null;
          for (const tag of ['a', 'b']) {
            const oks = script.filter((name) => name === `200 ${tag}`).length;
            // A copy that comes while the ACK waits for our answer is acknowledged with it.
            if (sdp !== null) assert.equal(acks.get(tag) ?? 0, oks);
            else assert.equal((acks.get(tag) ?? 0) > 0, oks > 0);
            assert.equal(byes.get(tag) ?? 0, oks > 0 && tag !== winner ? 1 : 0);
          }
          assert.ok(cancels <= 1);
          assert.ok(ends <= 1, 'the outcome is told once');
        }),
        { numRuns: 1000 },
      );
    });
  }

  test('no branch is used for two requests', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        const branches = run(script, offerSdp).effects.flatMap((effect) =>
          effect.type === 'send' ? [effect.branch] : [],
        );
        assert.equal(new Set(branches).size, branches.length);
      }),
    );
  });
});
