// The refer's machine: every state under every input, the contract's table row by row, and what holds whatever comes.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  begin,
  deadlineOf,
  isOut,
  isPending,
  type Refer,
  type ReferEffect,
  type ReferTimer,
  timersOf,
  transition,
} from '../../src/call/refer.ts';
import { deadlineAt, inputs, order, request, show, states } from './refer-figure.ts';

const at = 4_000;
const timers: readonly ReferTimer[] = ['refer-deadline', 'refer-first-notify', 'refer-retry', 'refer-grace'];

function armed(refer: Refer): ReferTimer[] {
  return timers.filter((timer) => deadlineOf(refer, timer) !== null);
}

const take = (refer: Refer, input: string) => transition(refer, inputs[input]!, at);

/** What has no line here is absorbed: the phase stays, and nothing comes of it. */
const arrows: Readonly<Record<string, string>> = {
  'waiting + unblocked': 'waiting: send',
  'waiting + REFER sent': 'sent',
  'waiting + refer-deadline': 'failed: failed 408',
  'waiting + abandoned by us': 'failed: failed 487',
  'waiting + abandoned by the peer': 'failed: failed 487',
  'waiting + not allowed': 'failed: failed 405',
  ...fromSent('sent', 'retrying'),
  ...fromSent('sent, again after a 491', 'failed: failed 491'),
  'retrying + REFER sent': 'sent',
  'retrying + refer-retry': 'waiting: send',
  'retrying + refer-deadline': 'failed: failed 408',
  'retrying + abandoned by us': 'failed: failed 487',
  'retrying + abandoned by the peer': 'failed: failed 487',
  'retrying + not allowed': 'failed: failed 405',
  ...fromAccepted('accepted'),
  'accepted + refer-first-notify': 'failed: failed 408',
  ...fromAccepted('accepted, notified'),
  ...fromAccepted('accepted, a BYE counts as success'),
  'accepted, a BYE counts as success + refer-first-notify': 'failed: failed 408',
  'accepted, a BYE counts as success + abandoned by the peer': 'completed: completed 200',
  ...fromTransferring('transferring, not dialled yet'),
  ...fromTransferring('transferring'),
};

function fromTransferring(state: string): Record<string, string> {
  return {
    [`${state} + refer-deadline`]: 'failed: failed 408',
    [`${state} + abandoned by us`]: 'failed: failed 487',
    [`${state} + abandoned by the peer`]: 'failed: failed 487',
    [`${state} + the two are joined`]: 'transferred: completed 200',
    [`${state} + they are not joined: 486`]: 'failed: failed 486',
  };
}

function fromSent(state: string, on491: string): Record<string, string> {
  const lines: Record<string, string> = {
    'REFER sent': 'sent',
    '200': 'accepted: started 100',
    '202': 'accepted: started 100',
    '202, Refer-Sub: false': 'completed: started 100, completed 202',
    '202, Refer-Sub: true': 'accepted: started 100',
    '401, with credentials': 'sent: authenticate',
    '407, with credentials': 'sent: authenticate',
    '481': 'failed: failed 481, dialog-lost',
    '491': on491,
    '491, after the BYE of the peer': 'failed: failed 491',
    'NOTIFY 100': 'accepted: started 100',
    'NOTIFY 180': 'accepted: started 180',
    'NOTIFY 200': 'completed: started 100, completed 200',
    'NOTIFY 302': 'failed: started 100, failed 302',
    'NOTIFY 486': 'failed: started 100, failed 486',
    'NOTIFY 603, terminated': 'failed: started 100, failed 603',
    'NOTIFY without a status': 'accepted: started 100',
    'NOTIFY 100, terminated': 'failed: started 100, failed 487',
    'NOTIFY without a status, terminated': 'failed: started 100, failed 487',
    'Timer F': 'failed: failed 408',
    'transport failed': 'failed: failed 503',
    'refer-deadline': 'failed: failed 408',
    'abandoned by us': 'failed: failed 487',
    'abandoned by the peer': 'failed: failed 487',
  };
  for (const status of [302, 401, 405, 407, 408, 503, 603]) lines[status] = `failed: failed ${status}`;
  return Object.fromEntries(Object.entries(lines).map(([input, line]) => [`${state} + ${input}`, line]));
}

function fromAccepted(state: string): Record<string, string> {
  return {
    [`${state} + NOTIFY 200`]: 'completed: completed 200',
    [`${state} + NOTIFY 302`]: 'failed: failed 302',
    [`${state} + NOTIFY 486`]: 'failed: failed 486',
    [`${state} + NOTIFY 603, terminated`]: 'failed: failed 603',
    [`${state} + NOTIFY 100, terminated`]: 'failed: failed 487',
    [`${state} + NOTIFY without a status, terminated`]: 'failed: failed 487',
    [`${state} + refer-deadline`]: 'failed: failed 408',
    [`${state} + abandoned by us`]: 'failed: failed 487',
    [`${state} + abandoned by the peer`]: 'failed: failed 487',
  };
}

test('states × inputs: each arrow is the one listed, every other input is absorbed', () => {
  const left = new Set(Object.keys(arrows));
  for (const [name, refer] of Object.entries(states)) {
    for (const input of Object.keys(inputs)) {
      const pair = `${name} + ${input}`;
      left.delete(pair);
      assert.equal(show(take(refer, input)), arrows[pair] ?? refer.phase.name, pair);
    }
  }
  assert.deepEqual([...left], [], 'arrows that begin nowhere');
});

test('a state waits only for the timers it owns', () => {
  for (const refer of Object.values(states)) {
    for (const input of Object.keys(inputs)) {
      const next = take(refer, input).refer;
      const owned: readonly ReferTimer[] = timersOf[next.phase.name];
      for (const timer of armed(next)) assert.ok(owned.includes(timer), `${timer} in ${next.phase.name}`);
    }
  }
  const waited = Object.entries(states).map(([name, refer]) => [name, armed(refer)]);
  assert.deepEqual(Object.fromEntries(waited), {
    waiting: ['refer-deadline'],
    sent: ['refer-deadline'],
    'sent, again after a 491': ['refer-deadline'],
    retrying: ['refer-deadline', 'refer-retry'],
    accepted: ['refer-deadline', 'refer-first-notify'],
    'accepted, notified': ['refer-deadline'],
    'accepted, a BYE counts as success': ['refer-deadline', 'refer-first-notify'],
    completed: ['refer-grace'],
    failed: [],
    'transferring, not dialled yet': ['refer-deadline'],
    transferring: ['refer-deadline'],
    transferred: [],
  });
});

test('a timer that is due is waited for no more once it has fired', () => {
  for (const refer of Object.values(states)) {
    // The grace is the call's: it ends the call.
    for (const timer of armed(refer).filter((one) => one !== 'refer-grace')) {
      const next = transition(refer, { type: 'timer', timer }, at).refer;
      assert.equal(deadlineOf(next, timer), null, `${timer} in ${refer.phase.name}`);
    }
  }
});

suite('what is remembered of the answers', () => {
  const played = (script: readonly string[]) => play(script).refer;
  const cases: readonly (readonly [script: readonly string[], expected: Partial<Refer>])[] = [
    [['202', 'NOTIFY 180', 'NOTIFY 200'], { response: 202, notified: [180, 200] }],
    [['NOTIFY 100', '202', 'NOTIFY 200'], { response: 202, notified: [100, 200] }],
    [['NOTIFY 100', '603', 'NOTIFY 200'], { response: 603, notified: [100, 200] }],
    [['NOTIFY 100', 'Timer F', 'NOTIFY 200'], { response: null, notified: [100, 200] }],
    [['NOTIFY 200'], { response: null, notified: [200] }],
    [['202', 'NOTIFY without a status', 'NOTIFY 486'], { response: 202, notified: [486] }],
    [['401, with credentials', '202'], { response: 202, cseqs: [1, 2] }],
    [['401, with credentials', 'Timer F'], { response: 401 }],
    [['491', 'refer-retry', '202'], { response: 202, cseqs: [1, 2], retried: true }],
    [['Timer F'], { response: null, notified: [] }],
    [['100', 'transport failed'], { response: null }],
    [['202', 'NOTIFY 200', 'NOTIFY 486'], { notified: [200] }],
  ];
  for (const [script, expected] of cases) {
    test(script.join(', '), () => {
      const refer = played(script);
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(refer[field as keyof Refer], value, field);
      }
    });
  }
});

suite('deadlines', () => {
  test('the first NOTIFY is waited for from the 2xx, the whole refer from its command', () => {
    const { refer } = transition(states.sent!, inputs['202']!, 10_000);
    assert.equal(deadlineOf(refer, 'refer-first-notify'), 42_000);
    assert.equal(deadlineOf(refer, 'refer-deadline'), deadlineAt);
  });
  test('any NOTIFY ends the wait for the first', () => {
    const { refer } = transition(states.accepted!, inputs['NOTIFY without a status']!, 20_000);
    assert.equal(deadlineOf(refer, 'refer-first-notify'), null);
    assert.equal(deadlineOf(refer, 'refer-deadline'), deadlineAt);
  });
  test('a 491 is tried again after the delay it came with', () => {
    const { refer } = transition(states.sent!, inputs['491']!, 10_000);
    assert.equal(deadlineOf(refer, 'refer-retry'), 12_000);
  });
  test('the grace begins with the success', () => {
    const { refer } = transition(states.accepted!, inputs['NOTIFY 200']!, 10_000);
    assert.equal(deadlineOf(refer, 'refer-grace'), 10_000 + order.byeGraceMs);
  });
});

/** A whole refer, whose REFER leaves at once whenever it is asked for. */
function play(script: readonly string[]): { refer: Refer; effects: ReferEffect[] } {
  let refer = begin(order, deadlineAt);
  const effects: ReferEffect[] = [];
  const give = (input: (typeof inputs)[string]): void => {
    const step = transition(refer, input, at);
    refer = step.refer;
    for (const effect of step.effects) {
      if (effect.type !== 'send' && effect.type !== 'authenticate') effects.push(effect);
      else give({ type: 'sent', request, cseq: refer.cseqs.length + 1 });
    }
  };
  for (const input of ['unblocked', ...script]) give(inputs[input]!);
  return { refer, effects };
}

suite('the contract, row by row', () => {
  const rows: readonly (readonly [situation: string, script: readonly string[], told: string])[] = [
    ['any 2xx is acceptance', ['202'], 'started 100'],
    ['any 2xx is acceptance: 200', ['200'], 'started 100'],
    ['NOTIFY first is acceptance', ['NOTIFY 180', '202'], 'started 180'],
    ['a final NOTIFY first', ['NOTIFY 200', '202'], 'started 100, completed 200'],
    ['after a NOTIFY a refusal changes nothing', ['NOTIFY 100', '603', 'NOTIFY 200'], 'started 100, completed 200'],
    ['after a NOTIFY Timer F changes nothing', ['NOTIFY 100', 'Timer F', 'NOTIFY 486'], 'started 100, failed 486'],
    ['one started, whatever is notified', ['202', 'NOTIFY 100', 'NOTIFY 180'], 'started 100'],
    ['NOTIFY 2xx, active', ['202', 'NOTIFY 200'], 'started 100, completed 200'],
    ['NOTIFY 3xx', ['202', 'NOTIFY 302'], 'started 100, failed 302'],
    ['NOTIFY 6xx', ['202', 'NOTIFY 603, terminated'], 'started 100, failed 603'],
    ['REFER 405: no started before it', ['405'], 'failed 405'],
    ['REFER 603', ['603'], 'failed 603'],
    ['no credentials', ['407'], 'failed 407'],
    ['challenged', ['407, with credentials', '202', 'NOTIFY 200'], 'started 100, completed 200'],
    ['challenged, wrong password', ['401, with credentials', '401'], 'failed 401'],
    ['Timer F', ['100', 'Timer F'], 'failed 408'],
    ['transport error', ['transport failed'], 'failed 503'],
    ['481', ['481'], 'failed 481, dialog-lost'],
    ['481 after a NOTIFY', ['NOTIFY 100', '481', 'NOTIFY 200'], 'started 100, completed 200'],
    ['408 is the target, not the dialog', ['408'], 'failed 408'],
    ['202 and then nothing', ['202', 'refer-first-notify'], 'started 100, failed 408'],
    ['the whole refer too long', ['202', 'NOTIFY 180', 'refer-deadline'], 'started 100, failed 408'],
    ['too long before any answer', ['refer-deadline', '202', 'NOTIFY 200'], 'failed 408'],
    ['terminated with a 1xx', ['202', 'NOTIFY 100, terminated'], 'started 100, failed 487'],
    ['terminated without a body', ['202', 'NOTIFY without a status, terminated'], 'started 100, failed 487'],
    ['abandoned while pending', ['202', 'abandoned by us', 'NOTIFY 200'], 'started 100, failed 487'],
    ['491, then accepted', ['491', 'refer-retry', '202', 'NOTIFY 200'], 'started 100, completed 200'],
    ['491 twice', ['491', 'refer-retry', '491'], 'failed 491'],
    ['491, then too long', ['491', 'refer-deadline', 'refer-retry'], 'failed 408'],
    ['503', ['503'], 'failed 503'],
    ['Refer-Sub: false', ['202, Refer-Sub: false'], 'started 100, completed 202'],
    ['late and redundant NOTIFYs', ['202', 'NOTIFY 200', 'NOTIFY 486', 'NOTIFY 200'], 'started 100, completed 200'],
  ];
  for (const [situation, script, told] of rows) {
    test(`${situation}: ${told}`, () => {
      const { effects } = play(script);
      assert.equal(
        effects.map((effect) => ('code' in effect ? `${effect.type} ${effect.code}` : effect.type)).join(', '),
        told,
      );
    });
  }
});

test('any inputs in any order: started at most once and first, one outcome and nothing after it', () => {
  const scripts = fc.array(fc.constantFrom(...Object.keys(inputs)), { maxLength: 30 });
  fc.assert(
    fc.property(scripts, fc.boolean(), (script, isAbandoned) => {
      const { refer, effects } = play(isAbandoned ? [...script, 'abandoned by us'] : script);
      const told = effects.map(({ type }) => type).filter((type) => type !== 'dialog-lost');
      const outcomes = told.filter((type) => type !== 'started');
      assert.ok(outcomes.length <= 1, told.join(', '));
      assert.equal(outcomes.length === 1, !isPending(refer), told.join(', '));
      assert.ok(told.lastIndexOf('started') <= 0, told.join(', '));
      if (outcomes[0] === 'completed') assert.deepEqual(told, ['started', 'completed']);
      if (outcomes.length === 1) assert.equal(told.at(-1), outcomes[0]);
      if (isAbandoned) assert.ok(!isPending(refer) && !isOut(refer));
    }),
    { numRuns: 2_000 },
  );
});

test('time alone ends a refer, whatever came before', () => {
  const scripts = fc.array(fc.constantFrom(...Object.keys(inputs)), { maxLength: 10 });
  fc.assert(
    fc.property(scripts, (script) => {
      const { refer } = play([...script, 'refer-deadline']);
      assert.ok(!isPending(refer));
    }),
  );
});
