// Any inputs in any order, and between any two of them a crash: the call that was read back from its snapshot and resumed
// goes on as one that never died. Its model is the very call without the crashes. What fails is shrunk and drawn.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deadlinesOf, requestsOut } from '../../src/call/call.ts';
import { isPending } from '../../src/call/refer.ts';
import type { Call, Effect, OwedRequest, Step } from '../../src/call/state.ts';
import { Story } from '../support/story.ts';
import { inputs, samples } from './call-figure.ts';
import type { Line } from './support.ts';

const crash = 'killed, and started again';
const timePasses = 'time passes';

/** Timers fire when they are due and no other way: `time passes` lets the next one. */
const given = Object.keys(inputs).filter((name) => name !== 'resumed' && name !== 'Timer F' && !(name in timersOf()));
const scripts = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...given) },
    { weight: 3, arbitrary: fc.constant(timePasses) },
    { weight: 3, arbitrary: fc.constant(crash) },
  ),
  { maxLength: 25, size: 'max' },
);
const beginnings = fc.constantFrom(...Object.keys(samples));

function timersOf(): Readonly<Record<string, true>> {
  const names = Object.values(samples).flatMap((sample) => deadlinesOf(sample().call).map(([name]) => name));
  return Object.fromEntries(names.map((name) => [name, true]));
}

const copied = (call: Call): Call => JSON.parse(JSON.stringify(call)) as Call;

interface Due {
  readonly at: number;
  readonly happens: () => Step;
}

/** What comes next by itself: a deadline of the call, or Timer F of a request of its own. */
function nextOf(line: Line): Due | undefined {
  const deadlines = deadlinesOf(line.call).map(([name, at]) => ({ at, happens: () => line.timer(name) }));
  const timeouts = requestsOut(line.call).map(({ until, branch }) => ({
    at: until,
    happens: () => line.take({ type: 'timeout', branch }),
  }));
  return [...timeouts, ...deadlines].sort((a, b) => a.at - b.at)[0];
}

/** One step of the script, after all that was due before it; what the call has decided on them. */
function take(line: Line, what: string): { readonly effects: readonly Effect[]; readonly refusals: number } {
  const before = line.effects.length;
  const next = nextOf(line);
  if (what !== timePasses) line.after(1);
  else if (next) line.at = Math.max(line.at, next.at);
  for (let due = nextOf(line); due && due.at <= line.at; due = nextOf(line)) due.happens();
  const refusals = what === timePasses ? 0 : inputs[what]!(line).refusals.length;
  return { effects: line.effects.slice(before), refusals };
}

/** The call dies and comes back in the same instant: it decides nothing anew and repeats what it owes, nothing else. */
function dies(line: Line, said: ReadonlySet<string>): readonly Effect[] {
  const before = copied(line.call);
  line.call = copied(line.call);
  const seeds = line.seeds;
  const { effects } = line.take({ type: 'resumed' });
  line.seeds = seeds;
  assert.deepEqual(copied(line.call), before, 'a restart has decided something anew');
  for (const effect of effects) {
    assert.notEqual(effect.type, 'event', 'a restart has told something');
    const text = textOf(effect);
    if (text !== null) assert.ok(said.has(text), `a restart has invented:\n${text}`);
  }
  const sent = effects.flatMap((effect) => (effect.type === 'send' ? [effect.request.branch] : []));
  const owed = (request: OwedRequest): boolean => request.until > line.at;
  for (const request of requestsOut(line.call).filter(owed)) {
    assert.ok(sent.includes(request.branch), `a restart has forgotten its ${request.method}`);
  }
  return effects;
}

function textOf(effect: Effect): string | null {
  if (effect.type === 'respond' || effect.type === 'repeat') return effect.text;
  return effect.type === 'send' || effect.type === 'ack' ? effect.request.text : null;
}

const told = ({ effects }: { readonly effects: readonly Effect[] }) =>
  effects.flatMap((effect) => (effect.type === 'event' ? [effect.event.type] : []));

function play(beginning: string, script: readonly string[], story: Story): void {
  const model = samples[beginning]!();
  const line = samples[beginning]!();
  const said = new Set(line.effects.flatMap((effect) => textOf(effect) ?? []));
  story.happens(line.at, beginning);
  story.decides(line.at, line.effects);
  for (const what of script) {
    if (what === crash) {
      story.happens(line.at, crash);
      story.decides(line.at, dies(line, said));
      continue;
    }
    const expected = take(model, what);
    const step = take(line, what);
    story.happens(line.at, what);
    story.decides(line.at, step.effects);
    for (const effect of step.effects) said.add(textOf(effect) ?? '');
    assert.deepEqual(step, expected, 'decided otherwise than without a crash');
  }
  assert.deepEqual(copied(line.call), copied(model.call), 'came to be another call than without a crash');
  judge(told({ effects: model.effects }), line);
}

/** Of what was told, a refer has one start at most and one end, and nothing follows the hangup. */
function judge(events: readonly string[], { call }: Line): void {
  const at = events.indexOf('call.hangup');
  assert.ok(at < 0 || at === events.length - 1, `told after call.hangup: ${events.join(' ')}`);
  let open = false;
  for (const type of events) {
    if (type === 'call.refer.started') {
      assert.ok(!open, 'a refer has started twice');
      open = true;
    }
    if (type === 'call.refer.completed' || type === 'call.refer.failed') open = false;
    if (type === 'call.hangup') assert.ok(!open, 'hung up before its refer had come to an end');
  }
  if (at >= 0) assert.ok(!isPending(call.refer), 'hung up with a refer that has no end');
}

test('a crash between any two inputs changes nothing of what follows', () => {
  fc.assert(
    fc.property(beginnings, scripts, (beginning, script) => {
      const story = new Story();
      try {
        play(beginning, script, story);
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : error}\n${story}`, { cause: error });
      }
    }),
    { numRuns: 1_000, seed: 3515 },
  );
});
