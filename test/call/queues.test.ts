import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { orderOf, type QueueChanged, Queues, type WaitingCall } from '../../src/call/queues.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { epoch, fakeSystem } from '../support/fake-system.ts';

const waits = (id: string, queue: string, enqueuedAt: number): WaitingCall => ({
  ...{ callControlId: id, callLegId: `leg-${id}`, callSessionId: 's', connectionId: '1', from: 'a', to: 'b' },
  isAlive: true,
  waiting: { queue, enqueuedAt, keepAfterHangup: false, until: null },
});

function rig(store = openSqlite(':memory:')) {
  const system = fakeSystem();
  const waiting: WaitingCall[] = [];
  const isUsed = (name: string) => waiting.some(({ waiting: { queue } }) => queue === name);
  const asked = { waiting: () => waiting, isUsed };
  return { system, store, waiting, asked, queues: new Queues({ system, store, ...asked }) };
}

const refusalsOf = (changed: QueueChanged): unknown =>
  'refusals' in changed && changed.refusals.map(({ name }) => name);

suite('queues', () => {
  test('who came first is next, and of two at once the older call', () => {
    const calls = [waits('c', 'q', 2), waits('b', 'q', 3), waits('x', 'other', 1), waits('a', 'q', 2)];
    assert.deepEqual(
      orderOf(calls, 'q').map(({ callControlId }) => callControlId),
      ['a', 'c', 'b'],
    );
    assert.deepEqual(orderOf(calls, 'nobody'), []);
  });

  test('a queue is made once, found again after a restart, changed, and deleted when it is empty', async () => {
    const { queues, store, system, waiting, asked } = rig();
    const made = await queues.create('support', 2);
    assert.ok('view' in made);
    const { id, ...rest } = made.view;
    assert.deepEqual(rest, {
      ...{ name: 'support', maxSize: 2, size: 0, averageWaitSecs: 0, createdAt: epoch, updatedAt: epoch },
    });
    assert.deepEqual(refusalsOf(await queues.create('support')), ['duplicate']);
    await system.clock.advance(5);
    const changed = await queues.update('support', 7);
    assert.ok('view' in changed);
    assert.deepEqual([changed.view.id, changed.view.maxSize, changed.view.updatedAt], [id, 7, epoch + 5]);
    const again = new Queues({ system, store, ...asked });
    await again.restore();
    assert.deepEqual(again.views(), [changed.view]);

    waiting.push(waits('a', 'support', epoch));
    assert.deepEqual(
      [queues.view('support')?.size, refusalsOf(await queues.remove('support'))],
      [1, ['queue-not-empty']],
    );
    waiting.length = 0;
    assert.ok('view' in (await queues.remove('support')));
    assert.deepEqual([queues.view('support'), queues.calls('support')], [null, null]);
    assert.deepEqual(await store.resources('queue'), []);
    for (const gone of [queues.update('support', 1), queues.remove('support')]) {
      assert.deepEqual(refusalsOf(await gone), ['not-found']);
    }
  });

  test('sizes unless they are said: 300, and 100 of one that a command makes', async () => {
    const { queues } = rig();
    await queues.create('made');
    await Promise.all([queues.ensure('asked for'), queues.ensure('asked for', 5), queues.ensure('made')]);
    assert.deepEqual(
      queues.views().map(({ name, maxSize }) => [name, maxSize]),
      [
        ['made', 300],
        ['asked for', 100],
      ],
    );
  });

  test('one that has as many as it may is full', async () => {
    const { queues } = rig();
    await queues.create('support', 2);
    assert.deepEqual([queues.obstacleTo('support', 1), queues.obstacleTo('support', 2)?.name], [null, 'queue-full']);
  });

  test('one that is being deleted takes nobody, and is there again when it could not be', async (t) => {
    const { queues, store } = rig();
    await queues.create('support');
    const stored = Promise.withResolvers<void>();
    t.mock.method(store, 'dropResource', () => stored.promise);
    const removed = queues.remove('support');
    await Promise.resolve();
    assert.equal(queues.obstacleTo('support', 0)?.name, 'unable-to-execute');
    stored.reject(new Error('full'));
    assert.deepEqual(refusalsOf(await removed), ['unavailable']);
    assert.equal(queues.obstacleTo('support', 0), null);
  });

  test('one that is deleted while a call asks for it is made again', async () => {
    const { queues, store } = rig();
    await queues.create('support');
    const [removed, ensured] = await Promise.all([queues.remove('support'), queues.ensure('support')]);
    assert.deepEqual([refusalsOf(removed), refusalsOf(ensured)], [false, false]);
    assert.equal(queues.obstacleTo('support', 0), null);
    assert.equal((await store.resources('queue')).length, 1);
  });

  test('one that is about to be entered, or whose leaving is not committed, is not deleted', async () => {
    const { store, system } = rig();
    const queues = new Queues({ system, store, waiting: () => [], isUsed: (name) => name === 'support' });
    await queues.create('support');
    assert.deepEqual(refusalsOf(await queues.remove('support')), ['queue-not-empty']);
  });

  test('the average is that of the last hundred who left', async () => {
    const { queues } = rig();
    await queues.create('support');
    queues.left('support', 1_000_000);
    for (let count = 0; count < 99; count += 1) queues.left('support', 10_000);
    assert.equal(queues.view('support')?.averageWaitSecs, 20);
    queues.left('support', 11_400);
    assert.equal(queues.view('support')?.averageWaitSecs, 10);
  });

  test('what cannot be stored was not changed', async () => {
    const { queues, store, system } = rig();
    await queues.create('support', 2);
    await store.close();
    const refused = [
      queues.create('other'),
      queues.update('support', 9),
      queues.remove('support'),
      queues.ensure('other'),
    ];
    for (const each of refused) assert.deepEqual(refusalsOf(await each), ['unavailable']);
    assert.deepEqual(
      queues.views().map(({ name, maxSize }) => [name, maxSize]),
      [['support', 2]],
    );
    assert.equal(system.log.at('error').length, 4);
  });
});
