// Session timers (RFC 4028): the two headers, the choice of the refresher by either side, and the machine.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  type Agreement,
  type Asked,
  agreedBy,
  answerRefresh,
  askAgain,
  askHeaders,
  deadlineOf,
  firstAsk,
  nextAsk,
  off,
  readMinSe,
  readSessionExpires,
  type SessionExpires,
  type SessionTimer,
  standardWish,
  timersOf,
  transition,
  writeMinSe,
  writeSessionExpires,
} from '../../../src/sip/dialog/session-timer.ts';
import { Request, Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawInvite, rawResponse } from '../../support/messages.ts';
import { asks, at, inputs, show, states } from './session-timer-figure.ts';

function inviteWith(changes: Changes): Request {
  const message = parse(rawInvite(changes));
  assert.ok(message instanceof Request);
  return message;
}

function responseWith(status: number, changes: Changes): Response {
  const message = parse(rawResponse(status, changes));
  assert.ok(message instanceof Response);
  return message;
}

suite('Session-Expires (§4)', () => {
  const same: readonly (readonly [string, SessionExpires])[] = [
    ['1800', { intervalS: 1800, refresher: null }],
    ['90;refresher=uac', { intervalS: 90, refresher: 'uac' }],
    ['4294967295;refresher=uas', { intervalS: 4_294_967_295, refresher: 'uas' }],
  ];
  for (const [text, value] of same) {
    test(text, () => {
      assert.deepEqual(readSessionExpires(text), value);
      assert.equal(writeSessionExpires(value), text);
    });
  }
  const readOnly: readonly (readonly [string, SessionExpires | null])[] = [
    ['1800 ; Refresher = UAC', { intervalS: 1800, refresher: 'uac' }],
    ['1800;refresher="uas";x=y', { intervalS: 1800, refresher: 'uas' }],
    ['1800;refresher=proxy', { intervalS: 1800, refresher: null }],
    ['1800;refresher', { intervalS: 1800, refresher: null }],
    ['', null],
    ['soon', null],
    ['-1', null],
    ['1.5', null],
    ['1800 seconds', null],
    ['1800;refresher=uac;refresher=uas', null],
    ['4294967296', null],
    ['99999999999', null],
  ];
  for (const [text, value] of readOnly) test(`"${text}"`, () => assert.deepEqual(readSessionExpires(text), value));
});

suite('Min-SE (§5)', () => {
  const rows: readonly (readonly [string, number | null])[] = [
    ['90', 90],
    ['3600;x=y', 3600],
    ['', null],
    ['x', null],
    ['90 s', null],
    ['99999999999', null],
  ];
  for (const [text, value] of rows) test(`"${text}"`, () => assert.equal(readMinSe(text), value));
  test('written', () => assert.equal(writeMinSe(120), '120'));
});

suite('what a UAC asks for (§7.1, §7.4)', () => {
  const rows: readonly (readonly [string, Asked, ...string[]])[] = [
    ['the standard wish', firstAsk(standardWish), 'Session-Expires: 1800;refresher=uac'],
    ['the choice left to the UAS', firstAsk({ ...standardWish, refresher: 'them' }), 'Session-Expires: 1800'],
    [
      'a Min-SE of our own',
      firstAsk({ ...standardWish, minSeS: 600 }),
      'Session-Expires: 1800;refresher=uac',
      'Min-SE: 600',
    ],
    [
      'never less than Min-SE',
      firstAsk({ intervalS: 10, minSeS: 120, refresher: 'them' }),
      'Session-Expires: 120',
      'Min-SE: 120',
    ],
    ['never less than 90 s', firstAsk({ intervalS: 10, minSeS: 1, refresher: 'them' }), 'Session-Expires: 90'],
    ['again, as the refresher', nextAsk({ intervalS: 600, refresher: 'us' }, 90), 'Session-Expires: 600;refresher=uac'],
    ['again, as the other', nextAsk({ intervalS: 600, refresher: 'them' }, 90), 'Session-Expires: 600;refresher=uas'],
  ];
  for (const [name, asked, ...headers] of rows) {
    test(name, () =>
      assert.deepEqual(
        askHeaders(asked).map((header) => header.join(': ')),
        headers,
      ),
    );
  }
});

suite('what a 422 makes us ask (§7.3)', () => {
  const rows: readonly (readonly [string | null, Asked | null])[] = [
    ['3600', { intervalS: 3600, minSeS: 3600, refresher: 'us' }],
    ['1801', { intervalS: 1801, minSeS: 1801, refresher: 'us' }],
    ['1800', null],
    ['90', null],
    ['x', null],
    [null, null],
  ];
  for (const [minSe, asked] of rows) {
    test(`Min-SE: ${minSe}`, () => assert.deepEqual(askAgain(asks, responseWith(422, { 'Min-SE': minSe })), asked));
  }
});

suite('what a 2xx has agreed on (§7.2)', () => {
  const rows: readonly (readonly [string | null, Asked['refresher'], Agreement])[] = [
    ['1800;refresher=uac', null, { intervalS: 1800, refresher: 'us' }],
    ['1800;refresher=uas', null, { intervalS: 1800, refresher: 'them' }],
    ['600;refresher=uas', 'us', { intervalS: 600, refresher: 'them' }],
    ['600', 'us', { intervalS: 600, refresher: 'us' }],
    ['600', 'them', { intervalS: 600, refresher: 'them' }],
    ['600', null, { intervalS: 600, refresher: 'us' }],
    ['1;refresher=uac', 'us', { intervalS: 90, refresher: 'us' }],
    ['soon', 'us', null],
    [null, 'us', null],
  ];
  for (const [value, refresher, agreed] of rows) {
    test(`${value}, asked for ${refresher}`, () => {
      assert.deepEqual(agreedBy(responseWith(200, { 'Session-Expires': value }), { ...asks, refresher }), agreed);
    });
  }
});

suite('what a UAS makes of a refresh (§9, table 2)', () => {
  const timer = { Supported: 'timer' };
  const rows: readonly (readonly [Changes, 'us' | 'them', string])[] = [
    [{}, 'us', '1800;refresher=uas'],
    [{}, 'them', '1800;refresher=uas'],
    [{ 'Session-Expires': '1800;refresher=uac' }, 'us', '1800;refresher=uas'],
    [{ 'Session-Expires': '30' }, 'us', '90;refresher=uas'],
    [{ 'Session-Expires': '30', 'Min-SE': '240' }, 'us', '240;refresher=uas'],
    [timer, 'us', '1800;refresher=uas, Require'],
    [timer, 'them', '1800;refresher=uac, Require'],
    [{ ...timer, 'Session-Expires': '600' }, 'us', '600;refresher=uas, Require'],
    [{ ...timer, 'Session-Expires': '600' }, 'them', '600;refresher=uac, Require'],
    [{ ...timer, 'Session-Expires': '600;refresher=uac' }, 'us', '600;refresher=uac, Require'],
    [{ ...timer, 'Session-Expires': '600;refresher=uas' }, 'them', '600;refresher=uas, Require'],
    [{ ...timer, 'Session-Expires': '7200' }, 'us', '1800;refresher=uas, Require'],
    [{ ...timer, 'Session-Expires': '7200', 'Min-SE': '3600' }, 'us', '3600;refresher=uas, Require'],
    [{ ...timer, 'Min-SE': '3600' }, 'us', '3600;refresher=uas, Require'],
    [{ k: 'x, TIMER', x: '600;refresher=uac' }, 'us', '600;refresher=uac, Require'],
    [{ Require: 'timer', 'Session-Expires': '600;refresher=uac' }, 'us', '600;refresher=uac, Require'],
    [{ ...timer, 'Session-Expires': '89' }, 'us', '422, Min-SE 90'],
    [{ ...timer, 'Session-Expires': 'soon' }, 'us', '1800;refresher=uas, Require'],
  ];
  for (const [changes, refresher, expected] of rows) {
    test(`${JSON.stringify(changes)}, we would have ${refresher}`, () => {
      const answer = answerRefresh(inviteWith(changes), { ...standardWish, refresher });
      const headers = new Map(answer.headers);
      if (answer.refused) return assert.equal(`422, Min-SE ${headers.get('Min-SE')}`, expected);
      const required = headers.has('Require') ? ', Require' : '';
      assert.equal(headers.get('Session-Expires') + required, expected);
      const [interval, by] = expected.split(/[;,]/);
      assert.deepEqual(answer.agreed, {
        intervalS: Number(interval),
        refresher: by === 'refresher=uac' ? 'them' : 'us',
      });
    });
  }
  test('a Min-SE of our own', () => {
    const wish = { ...standardWish, minSeS: 300 };
    const refused = answerRefresh(inviteWith({ Supported: 'timer', 'Session-Expires': '299' }), wish);
    assert.deepEqual(refused, { refused: 422, headers: [['Min-SE', '300']] });
  });
});

/** What has no line is absorbed. */
const arrows: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['off', 'refresher', 'refreshing', 'refreshee'].flatMap((name) => [
      [`${name} + agreed: us, 1800 s`, 'refresher 900/1768'],
      [`${name} + agreed: them, 90 s`, 'refreshee 60'],
      [`${name} + agreed: none`, 'off'],
      [`${name} + ended`, 'terminated'],
    ]),
  ),
  'refresher + refresh': 'refreshing 600: refresh 1800, Min-SE 90',
  'refresher + expiry': 'terminated: BYE',
  'refreshing + expiry': 'terminated: BYE',
  'refreshee + expiry': 'terminated: BYE',
  'refreshing + timeout': 'terminated: BYE',
  'refreshing + 408': 'terminated: BYE',
  'refreshing + 481': 'terminated: BYE',
  'refreshing + 422 with Min-SE': 'refreshing 600: refresh 3600, Min-SE 3600',
  'refreshing + 422 without': 'refreshee 600',
  'refreshing + 491': 'refresher 2.1/600',
  'refreshing + 503 after expiry': 'refreshee 600',
  'refreshing + 500': 'refreshee 600',
};

test('states × inputs: each arrow is the one listed, every other input is absorbed', () => {
  const left = new Set(Object.keys(arrows));
  for (const [name, state] of Object.entries(states)) {
    for (const [input, taken] of Object.entries(inputs)) {
      const pair = `${name} + ${input}`;
      const step = transition(state, taken, at);
      left.delete(pair);
      assert.equal(show(step), arrows[pair] ?? show({ state, effects: [] }), pair);
    }
  }
  assert.deepEqual([...left], []);
});

test('each state has a deadline for the timers it owns, and for no other', () => {
  for (const [name, state] of Object.entries(states)) {
    const running = (['refresh', 'expiry'] as const).filter((timer) => deadlineOf(state, timer) !== null);
    assert.deepEqual(running, timersOf[name as SessionTimer['name']]);
  }
});

suite('the BYE goes before the interval ends by 32 s or a third, whichever is less (§10)', () => {
  for (const [intervalS, refreshS, byeS] of [
    [90, 45, 60],
    [96, 48, 64],
    [99, 49.5, 67],
    [1800, 900, 1768],
  ] as const) {
    test(`${intervalS} s`, () => {
      const agreed = { type: 'agreed', agreed: { intervalS, refresher: 'us' }, minSeS: 90 } as const;
      assert.equal(show(transition(off, agreed, at)), `refresher ${refreshS}/${byeS}`);
    });
  }
});

test('any inputs in any order: one BYE at the most, and nothing after it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.values(inputs)), { maxLength: 40 }), (script) => {
      let state: SessionTimer = off;
      let byes = 0;
      for (const input of script) {
        const wasOver = state.name === 'terminated';
        const step = transition(state, input, at);
        if (wasOver) assert.deepEqual(step, { state, effects: [] });
        byes += step.effects.filter(({ type }) => type === 'bye').length;
        state = step.state;
        if ('byeAt' in state && state.name === 'refresher') assert.ok(state.refreshAt < state.byeAt);
      }
      assert.ok(byes <= 1);
    }),
  );
});
