// The call's machine: what holds for every state under every input, and which commands a state refuses.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { collapse, deadlinesOf, isForgotten, timersOf } from '../../src/call/call.ts';
import type { Bodies } from '../../src/call/commands.ts';
import type { ReadAction } from '../../src/call/reading.ts';
import { isPending } from '../../src/call/refer.ts';
import type { Call, CallTimer } from '../../src/call/state.ts';
import { inputs, samples } from './call-figure.ts';
import { active, Line, target } from './support.ts';

function owned(call: Call): readonly CallTimer[] {
  return timersOf[call.phase.name];
}

function eachPair(check: (line: Line, input: string, pair: string) => void): void {
  for (const [name, make] of Object.entries(samples)) {
    for (const input of Object.keys(inputs)) check(make(), input, `${name} + ${input}`);
  }
}

const written = (call: Call): Call => JSON.parse(JSON.stringify(call)) as Call;

suite('every state under every input', () => {
  test('is decided, and waits only for the timers that its phase owns', () => {
    eachPair((line, input, pair) => {
      const step = inputs[input]!(line);
      for (const [timer, at] of deadlinesOf(step.call)) {
        assert.ok(owned(step.call).includes(timer), `${pair}: ${timer} in ${step.call.phase.name}`);
        assert.ok(Number.isSafeInteger(at), `${pair}: ${timer} at ${at}`);
      }
    });
  });

  test('is decided in the same way after it was written and read', () => {
    eachPair((line, input, pair) => {
      const copy = line.fork();
      copy.call = written(line.call);
      assert.deepEqual(copy.call, line.call, pair);
      assert.deepEqual(inputs[input]!(copy), inputs[input]!(line), pair);
    });
  });

  test('is left as it was by a command that is refused', () => {
    eachPair((line, input, pair) => {
      const before = line.call;
      const step = inputs[input]!(line);
      if (step.refusals.length === 0) return;
      assert.equal(step.call, before, pair);
      assert.deepEqual(step.effects, [], pair);
    });
  });

  test('leaves no request of the peer unanswered', () => {
    eachPair((line, input, pair) => {
      const isRequest = /^(INVITE|CANCEL|BYE|UPDATE|PRACK|INFO|OPTIONS|NOTIFY|a )/.test(input);
      if (!isRequest) return;
      const { effects } = inputs[input]!(line);
      assert.ok(
        effects.some(({ type }) => type === 'respond' || type === 'repeat'),
        pair,
      );
    });
  });

  test('waits no more for a timer that has fired, or waits longer', () => {
    for (const [name, make] of Object.entries(samples)) {
      for (const [timer, due] of deadlinesOf(make().call)) {
        const line = make();
        line.at = due;
        line.timer(timer);
        const again = deadlinesOf(line.call).find(([other]) => other === timer);
        assert.ok(again === undefined || again[1] > due, `${name}: ${timer} is still due`);
      }
    }
  });

  test('absorbs a timer that it does not own', () => {
    for (const [name, make] of Object.entries(samples)) {
      const waited = deadlinesOf(make().call).map(([timer]) => timer);
      for (const timer of new Set(Object.values(timersOf).flat())) {
        if (waited.includes(timer)) continue;
        const line = make();
        const before = line.call;
        const step = line.timer(timer);
        assert.equal(step.call, before, `${name} + ${timer}`);
        assert.deepEqual(step.effects, [], `${name} + ${timer}`);
      }
    }
  });
});

suite('whatever comes in whatever order', () => {
  const names = Object.keys(inputs);
  const scripts = fc.array(fc.constantFrom(...names), { maxLength: 25 });
  const kinds = fc.constantFrom(
    'ringing',
    'ringing, the 180 not acknowledged',
    'ringing, the 180 with our offer',
    'active',
  );
  const played = (kind: string, script: readonly string[]): Line => {
    const line = samples[kind]!();
    for (const input of script) {
      line.after(100);
      inputs[input]!(line);
    }
    return line;
  };

  test('events are numbered without a gap, call.hangup comes once and last', () => {
    fc.assert(
      fc.property(kinds, scripts, (kind, script) => {
        const { told, call } = played(kind, script);
        assert.deepEqual(
          told.map(({ sequence }) => sequence),
          told.map((_, index) => index + 1),
        );
        const types = told.map(({ event }) => event.type);
        assert.equal(types.filter((type) => type === 'call.hangup').length, call.phase.name === 'ended' ? 1 : 0);
        if (call.phase.name === 'ended') assert.equal(types.at(-1), 'call.hangup');
        assert.equal(types.filter((type) => type === 'call.initiated').length, 1);
        assert.ok(types.filter((type) => type === 'call.answered').length <= 1);
      }),
      { numRuns: 1_000 },
    );
  });

  test('every refer that was accepted has one outcome, before call.hangup', () => {
    fc.assert(
      fc.property(kinds, scripts, (kind, script) => {
        const line = samples[kind]!();
        let accepted = 0;
        for (const input of script) {
          const { refusals } = inputs[input]!(line.after(100));
          if (/^refer\b(?!-)/.test(input) && refusals.length === 0) accepted += 1;
        }
        const outcomes = line.told.filter(({ event }) => /refer\.(completed|failed)/.test(event.type)).length;
        assert.equal(outcomes, accepted - (isPending(line.call.refer) ? 1 : 0));
        if (line.call.phase.name === 'ended') assert.equal(outcomes, accepted);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a port is given back once, when the call ends', () => {
    fc.assert(
      fc.property(kinds, scripts, (kind, script) => {
        const { effects, call } = played(kind, script);
        const released = effects.filter(({ type }) => type === 'release').length;
        assert.ok(released <= 1);
        const isOver = call.phase.name === 'ended' || call.phase.name === 'leaving';
        if (isOver) assert.equal(call.session, null);
        else assert.equal(released, 0);
      }),
      { numRuns: 500 },
    );
  });

  test('CSeq counts up, and no branch is used twice', () => {
    fc.assert(
      fc.property(kinds, scripts, (kind, script) => {
        const line = played(
          kind,
          script.filter((input) => input !== 'resumed'),
        );
        const branches = line.sent.map(({ request }) => request.branch);
        assert.equal(new Set(branches).size, branches.length);
        const cseqs = line.sent.map(({ request }) => Number(/\nCSeq: (\d+)/.exec(request.text)?.[1]));
        assert.deepEqual(
          cseqs,
          cseqs.map((_, index) => index + 1),
        );
      }),
      { numRuns: 500 },
    );
  });
});

test('the snapshot of a call is small', () => {
  const sizes = Object.entries(samples).map(([name, make]) => [name, JSON.stringify(make().call).length] as const);
  // The largest is one that rings: it keeps the offer, the head of its responses and its 180.
  for (const [name, size] of sizes) assert.ok(size < 5_000, `${name}: ${size} bytes`);
  assert.ok(JSON.stringify(active().call).length < 2_500);
});

const info: Bodies['send_sip_info'] = { content_type: 'text/plain', body: 'x' };

suite('commands that a state refuses', () => {
  const bodies: {
    readonly [A in Exclude<
      ReadAction,
      'bridge' | 'enqueue' | 'leave_queue' | 'refer_accept' | 'refer_reject'
    >]: Bodies[A];
  } = {
    answer: {},
    reject: { cause: 'USER_BUSY' },
    hangup: {},
    refer: { sip_address: target },
    send_sip_info: { content_type: 'text/plain', body: 'x' },
    send_dtmf: { digits: '1' },
    client_state_update: { client_state: 'eA==' },
  };
  const takes = (line: Line) =>
    (Object.keys(bodies) as (keyof typeof bodies)[]).map((action) => {
      const { refusals } = line.fork().command(action, bodies[action]);
      return `${action}: ${refusals[0]?.name ?? 'ok'}`;
    });
  const all = (answer: string, reject: string, hangup: string, refer: string, info: string, state: string) => [
    ...[`answer: ${answer}`, `reject: ${reject}`, `hangup: ${hangup}`, `refer: ${refer}`],
    ...[`send_sip_info: ${info}`, `send_dtmf: ${info}`, `client_state_update: ${state}`],
  ];
  const cases: Readonly<Record<string, readonly string[]>> = {
    ringing: all('ok', 'ok', 'ok', 'ok', 'not-answered', 'ok'),
    'ringing, the answer waits for the PRACK': all('unable-to-execute', 'ok', 'ok', 'ok', 'not-answered', 'ok'),
    'ringing, a REFER is out': all('ok', 'ok', 'ok', 'unable-to-execute', 'not-answered', 'ok'),
    'ringing, referred': all('call-ended', 'call-ended', 'ok', 'call-ended', 'call-ended', 'call-ended'),
    answered: all('unable-to-execute', 'unable-to-execute', 'ok', 'ok', 'ok', 'ok'),
    'answered, a BYE waits for the ACK': all(...(Array(6).fill('call-ended') as Parameters<typeof all>)),
    'answered, a REFER waits for the ACK': all(
      'unable-to-execute',
      'unable-to-execute',
      'ok',
      'unable-to-execute',
      'ok',
      'ok',
    ),
    active: all('unable-to-execute', 'unable-to-execute', 'ok', 'ok', 'ok', 'ok'),
    'active, a refer is accepted': all('unable-to-execute', 'unable-to-execute', 'ok', 'unable-to-execute', 'ok', 'ok'),
    'active, referred': all('call-ended', 'call-ended', 'ok', 'call-ended', 'call-ended', 'call-ended'),
    'active, after a refer that failed': all('unable-to-execute', 'unable-to-execute', 'ok', 'ok', 'ok', 'ok'),
    'leaving, the refer is accepted': all(...(Array(6).fill('call-ended') as Parameters<typeof all>)),
    'ended by the peer': all(...(Array(6).fill('call-ended') as Parameters<typeof all>)),
  };
  for (const [sample, expected] of Object.entries(cases)) {
    test(sample, () => assert.deepEqual(takes(samples[sample]!()), expected));
  }
  test('INFO that nobody answers, once there are many', () => {
    for (const line of [active(), new Line()]) {
      if (line.call.phase.name === 'ringing') line.answer();
      const refused = Array.from({ length: 65 }, () => line.command('send_sip_info', info).refusals.length);
      assert.deepEqual(refused.indexOf(1), 64, line.call.phase.name);
    }
  });

  test('a second refer says why', () => {
    const line = samples['active, a REFER is out']!();
    assert.equal(line.refer().refusals[0]?.detail, 'A refer is already in progress on this call.');
  });
  test('refuse: a refer of a call that rings is not wanted; of one that is answered it is', () => {
    assert.equal(new Line().refer({}, { beforeAnswer: 'refuse' }).refusals[0]?.name, 'not-answered');
    assert.deepEqual(samples.answered!().refer({}, { beforeAnswer: 'refuse' }).refusals, []);
  });
});

suite('client_state', () => {
  const states = (line: Line) => line.told.map(({ event }) => event.payload.client_state);
  test('is null until a command brings one, and then in every event until another replaces it', () => {
    const line = new Line();
    line.answer({ client_state: 'b25l' });
    line.ack();
    line.refer({ client_state: 'dHdv' });
    line.respond(603);
    line.command('hangup', {});
    assert.deepEqual(states(line), [null, 'b25l', 'dHdv', 'dHdv']);
  });
  test('of a command that is refused is not kept', () => {
    const line = samples['active, a REFER is out']!();
    line.refer({ client_state: 'bm8=' });
    line.command('client_state_update', { client_state: 'eWVz' });
    line.command('hangup', {});
    assert.deepEqual(states(line).slice(-2), ['eWVz', 'eWVz']);
  });
});

suite('a call on which no decision can be made', () => {
  for (const [name, sample] of Object.entries(samples).filter(([, sample]) => sample().call.phase.name === 'ended')) {
    test(`${name}: it waits for nothing any more, and is forgotten`, () => {
      const { call, at } = sample();
      const step = collapse(call, { type: 'timer', timer: 'give-up', at, seed: '0' });
      assert.deepEqual(deadlinesOf(step.call), []);
      assert.equal(isForgotten(step.call, at + 32_000), true);
    });
  }
});
