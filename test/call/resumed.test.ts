// A call after a restart: it owes again what it owed, and knows what it was asked before.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { requestsOut } from '../../src/call/call.ts';
import type { Call, Effect } from '../../src/call/state.ts';
import { inputs, samples } from './call-figure.ts';
import { type Line, shown } from './support.ts';

const written = (call: Call): Call => JSON.parse(JSON.stringify(call)) as Call;

suite('resumed: what the state still owes, byte for byte, for as long as it is owed', () => {
  /** What goes out again, as text. */
  const again = (effects: readonly Effect[]) =>
    effects.flatMap((effect) => {
      if (effect.type === 'respond' || effect.type === 'repeat') return [effect.text];
      return effect.type === 'send' ? [effect.request.text] : [];
    });
  const owing: readonly (readonly [sample: string, what: readonly string[]])[] = [
    ['ringing', ['180 to INVITE']],
    ['ringing, the 180 not acknowledged', ['180 to INVITE, repeated']],
    ['ringing, a REFER is out', ['180 to INVITE', 'send REFER']],
    ['answered', ['200 to INVITE, repeated', 'sound']],
    ['answered, with our offer', ['200 to INVITE, repeated']],
    ['active', ['sound']],
    ['active, a re-INVITE not acknowledged', ['200 to INVITE, repeated', 'sound']],
    ['active, a REFER is out', ['send REFER', 'sound']],
    ['active, a refer is accepted', ['sound']],
    ['active, an INFO is out', ['send INFO', 'sound']],
    ['leaving, cancelled', ['487 to INVITE', 'send REFER']],
    ['leaving, the REFER is out', ['send REFER']],
    ['ended by the peer', []],
    ['ended by us, the BYE is out', ['send BYE']],
    ['ended by us, the BYE is answered', []],
    ['ended by a refusal', ['486 to INVITE']],
  ];
  for (const [sample, what] of owing) {
    test(`${sample}: ${what.join(', ') || 'nothing'}`, () => {
      const line = samples[sample]!();
      const before = line.call;
      const saidBefore = again(line.effects);
      line.call = written(line.call);
      const { effects, call } = line.after(2_000).take({ type: 'resumed' });
      assert.deepEqual(shown(effects), what);
      assert.deepEqual(call, before, 'nothing was decided anew');
      for (const text of again(effects)) assert.ok(saidBefore.includes(text), text);
      for (const effect of effects) {
        if (effect.type === 'send') assert.equal(effect.request.timeoutMs, 30_000);
        if (effect.type === 'repeat') assert.equal(effect.timeoutMs, 30_000);
      }
    });
  }

  const late: readonly (readonly [sample: string, what: readonly string[]])[] = [
    ['ringing, the 180 not acknowledged', []],
    ['answered', ['sound']],
    ['active, a REFER is out', ['call.refer.failed 408', 'sound']],
    ['active, an INFO is out', ['sound']],
    ['ringing, a REFER is out', ['180 to INVITE', 'call.refer.failed 408']],
    ['leaving, the REFER is out', []],
    ['ended by us, the BYE is out', []],
    ['ended by a refusal', []],
  ];
  for (const [sample, what] of late) {
    test(`${sample}, too late: ${what.join(', ') || 'nothing'}`, () => {
      const line = samples[sample]!();
      const { effects, call } = line.after(32_000).take({ type: 'resumed' });
      assert.deepEqual(shown(effects), what);
      assert.deepEqual(
        requestsOut(call).filter(() => call.phase.name !== 'leaving'),
        [],
      );
    });
  }

  test('a deadline that passed meanwhile is due at once, and nothing is told twice', () => {
    const line = samples['leaving, the REFER is out']!().after(60_000);
    line.take({ type: 'resumed' });
    assert.deepEqual(shown(line.waits().effects), ['call.refer.failed 487', 'call.hangup normal_clearing 200 caller']);
  });

  test('a copy of the INVITE gets the last response, as long as there is one', () => {
    const copy = (sample: string) => shown(inputs['INVITE, a copy']!(samples[sample]!()).effects);
    assert.deepEqual(copy('ringing'), ['180 to INVITE']);
    assert.deepEqual(copy('answered'), ['200 to INVITE']);
    assert.deepEqual(copy('ended by a refusal'), ['486 to INVITE']);
    // Its 2xx was acknowledged: the caller has no use for another, and its transaction must not stay open.
    assert.deepEqual(copy('active'), ['481 to INVITE']);
  });

  test('a copy of what was taken before we were killed is answered 200, and changes nothing', () => {
    const asked: readonly (readonly [sample: string, (line: Line) => object])[] = [
      ['active, a refer is accepted', (line) => line.notifies(100)],
      ['active, a refer is accepted', (line) => line.asks('BYE')],
      [
        'ringing, the 180 not acknowledged',
        (line) => line.asks('PRACK', { headers: { RAck: `${line.call.reliable?.rseq} 1 INVITE` } }),
      ],
    ];
    for (const [sample, ask] of asked) {
      const line = samples[sample]!();
      const request = ask(line);
      line.take(request);
      const before = line.call;
      const step = line.take(request);
      assert.deepEqual(
        shown(step.effects).map((one) => one.slice(0, 3)),
        ['200'],
        sample,
      );
      assert.equal(step.call, before, sample);
    }
  });
});
