// Where calls stand in their queues, as they are decided and as they are committed.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Live } from '../../src/call/live.ts';
import { Places } from '../../src/call/places.ts';
import type { Call } from '../../src/call/state.ts';

/** As much of a call as its place is made of. */
function call(id: string, queue: string | null, enqueuedAt = 0): Call {
  const waiting = queue === null ? null : { queue, enqueuedAt, keepAfterHangup: false, until: null };
  return { id, waiting, phase: { name: 'active' } } as Partial<Call> as Call;
}

const live = (decided: Call, committed: Call | null = null) => ({ call: decided, committed }) as Partial<Live> as Live;
const idsOf = (calls: readonly { callControlId: string }[]) => calls.map(({ callControlId }) => callControlId);
const queues = { averageWaitSecs: () => 7 };
const timer = { type: 'timer' } as const;
const enters = { type: 'command', command: { name: 'enqueue', queue: 'q' } } as never;

suite('places', () => {
  test('a call counts from its decision on, and while the leaving of it may be taken back', () => {
    const places = new Places();
    const one = live(call('a', null), call('a', null));
    places.note(one);
    assert.equal(places.isUsed('q'), false);
    one.call = call('a', 'q');
    places.note(one);
    assert.deepEqual([places.sizeOf('q'), idsOf(places.committed('q')), places.isUsed('q')], [1, [], true]);
    one.committed = one.call;
    places.note(one);
    assert.deepEqual(idsOf(places.committed('q')), ['a']);
    one.call = call('a', null);
    places.note(one);
    assert.deepEqual([places.sizeOf('q'), idsOf(places.committed('q')), places.isUsed('q')], [0, ['a'], true]);
    one.committed = one.call;
    places.note(one);
    assert.equal(places.isUsed('q'), false);
  });

  test('a call that goes from one queue to another is in both until that is committed', () => {
    const places = new Places();
    const one = live(call('a', 'other'), call('a', 'q'));
    places.note(one);
    assert.deepEqual([idsOf(places.committed('q')), idsOf(places.decided('q'))], [['a'], []]);
    assert.deepEqual([idsOf(places.committed('other')), idsOf(places.decided('other'))], [[], ['a']]);
    places.forget(one);
    assert.deepEqual([places.isUsed('q'), places.isUsed('other')], [false, false]);
  });

  test('its place is counted among its own queue, and that of one who enters comes last', () => {
    const places = new Places();
    const calls = [call('c', 'q', 2), call('b', 'q', 3), call('x', 'other', 1), call('a', 'q', 2)].map((each) =>
      live(each),
    );
    for (const each of calls) places.note(each);
    const placeOf = (one: Live, input: Parameters<Places['placeOf']>[1]) =>
      places.placeOf(one, input, queues)?.position;
    assert.deepEqual(
      calls.map((each) => placeOf(each, timer)),
      [2, 3, 1, 1],
    );
    assert.deepEqual(idsOf(places.decided('q')), ['a', 'c', 'b']);
    assert.deepEqual(places.placeOf(live(call('n', null)), enters, queues), { position: 4, averageWaitSecs: 7 });
    assert.equal(places.placeOf(live(call('n', null)), timer, queues), null);
  });
});
