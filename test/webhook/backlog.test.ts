// What gathers while a receiver is away: how much of it is in memory, and who waits for whom when it comes back.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { EventRow, Store } from '../../src/store/store.ts';
import { heldPerReceiver } from '../../src/webhook/backlog.ts';
import { Delivery } from '../../src/webhook/delivery.ts';
import type { PostAnswer, PostRequest } from '../../src/webhook/post.ts';
import { beginning } from '../../src/webhook/retry.ts';
import { batch, destination, dueEvents, event as row } from '../conformance/store.ts';
import { epoch, type FakeSystem, fakeSystem } from '../support/fake-system.ts';

const slow = 'https://slow.example';
const other = 'https://other.example';

interface Begun {
  readonly id: string;
  readonly atMs: number;
  readonly url: string;
}

interface World {
  readonly system: FakeSystem;
  readonly store: Store;
  readonly delivery: Delivery;
  readonly begun: Begun[];
  /** The most events that were held at once. */
  readonly peak: () => number;
  happens(...events: readonly EventRow[]): Promise<void>;
}

/** A receiver takes `lastsMs` to answer 200; null: it never does. */
async function world(
  t: TestContext,
  lastsMs: (url: string) => number | null,
  gathered: readonly EventRow[] = [],
  between = (store: Store): Store => store,
): Promise<World> {
  const system = fakeSystem();
  const store = openSqlite(':memory:');
  t.after(() => store.close());
  const begun: Begun[] = [];
  let peak = 0;
  const post = (request: PostRequest): Promise<PostAnswer> => {
    begun.push({ id: JSON.parse(request.body).data.id, atMs: system.clock.now(), url: request.url });
    peak = Math.max(peak, delivery.held);
    const ms = lastsMs(request.url);
    return new Promise((resolve, reject) => {
      if (ms === null) system.clock.after(request.timeoutMs, () => reject(new Error('nobody answers')));
      else system.clock.after(ms, () => resolve({ status: 200 }));
    });
  };
  const signer = { sign: () => 'signature' };
  const delivery = new Delivery({ system, store: between(store), signer, post, maxAgeMs: 86_400_000 });
  await store.commit(batch('gathered', { events: gathered }));
  await delivery.start();
  const happens = async (...events: readonly EventRow[]): Promise<void> => {
    await store.commit(batch(system.ids.uuid(), { events }));
    delivery.offer(events);
  };
  return { system, store, delivery, begun, peak: () => peak, happens };
}

function event(callId: string, sequence = 1, url = slow, more: Partial<EventRow> = {}): EventRow {
  const id = `${callId}-${sequence}`;
  const places = { destination: destination({ url: `${url}/hook`, receiver: url }), body: JSON.stringify({ id }) };
  return row(callId, sequence, { id, ...places, occurredAt: epoch, dueAt: epoch, ...more });
}

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

/** How it looks after an hour of outage: most were tried often, some never. */
const afterAnOutage = (count: number): EventRow[] =>
  many(count, (at) => {
    const progress = JSON.stringify({ ...beginning, round: 5, begunAt: epoch - 3_600_000 });
    const tried = at % 4 > 0 ? { attempts: 12, progress, dueAt: epoch - (at % 60) * 1_000 } : {};
    return event(`old-${at}`, 1, slow, { occurredAt: epoch - 3_600_000, ...tried });
  });

describe('backlog', () => {
  it('outage-of-an-hour: 20,000 events drain, few at a time in memory, and new ones do not wait for them', async (t) => {
    const w = await world(t, () => 10, afterAnOutage(20_000));
    const { clock } = w.system;
    assert.equal(w.delivery.due, 20_000);
    const waited: number[] = [];
    for (let call = 0; w.delivery.due > 0; call += 1) {
      assert.ok(clock.now() < 10_000, `${w.delivery.due} left after ten seconds`);
      if (call < 20) await w.happens(event(`new-${call}`, 1), event(`new-${call}`, 2));
      const at = clock.now();
      await clock.sweep(100);
      const [first, second] = w.begun.filter(({ id }) => id.startsWith(`new-${call}-`));
      if (call < 20) waited.push((first?.atMs ?? Infinity) - at, (second?.atMs ?? Infinity) - at);
    }
    assert.ok(Math.max(...waited) <= 40, `a new event waited ${Math.max(...waited)} ms`);
    assert.ok(w.peak() <= 3 * heldPerReceiver, `${w.peak()} were held`);
    assert.equal(w.begun.length, 20_040, 'each once');
    await clock.advance(1_000);
    assert.deepEqual([await dueEvents(w.store), w.delivery.idle(), clock.armed], [[], true, 0]);
  });

  it('a receiver that is away keeps few in memory, and none of another one waits', async (t) => {
    const w = await world(t, (url) => (url.startsWith(slow) ? null : 10));
    await w.happens(...many(3_000, (at) => event(`a${at}`)));
    await w.happens(event('b', 1, other));
    await w.system.clock.sweep(60_000);
    assert.deepEqual(
      w.begun.filter(({ url }) => url.startsWith(other)).map(({ atMs }) => atMs),
      [0],
    );
    assert.ok(w.peak() <= 3 * heldPerReceiver, `${w.peak()} were held`);
    const tries = w.begun.filter(({ id }) => id === 'a0-1').length;
    assert.ok(tries > 1, 'what was tried is tried again, although others were never tried');
    await Promise.all([w.delivery.stop(), w.system.clock.sweep(5_000)]);
  });

  it('first attempts of a call stay in order, wherever they waited', async (t) => {
    const w = await world(t, () => 10);
    const calls = many(2 * heldPerReceiver, (at) => `c${at}`);
    for (const sequence of [1, 2, 3]) {
      await w.happens(...calls.map((call) => event(call, sequence)));
      await w.system.clock.sweep(20);
    }
    await w.system.clock.sweep(5_000);
    assert.equal(w.delivery.idle(), true);
    assert.equal(w.begun.length, 3 * calls.length);
    const order = new Map<string, string[]>();
    for (const { id } of w.begun) order.set(id.slice(0, -2), [...(order.get(id.slice(0, -2)) ?? []), id.slice(-1)]);
    for (const [call, sequences] of order) assert.deepEqual(sequences, ['1', '2', '3'], call);
  });

  it('overtaken-by-new-ones-at-start: what the last run left goes before what happens now', async (t) => {
    const w = await world(t, () => 10, [event('z'), event('z', 2), event('y')]);
    await w.happens(event('a'));
    await w.system.clock.advance(100);
    assert.deepEqual(
      w.begun.map(({ id }) => id),
      ['z-1', 'y-1', 'a-1', 'z-2'],
    );
  });

  it('goes on reading after the store has failed', async (t) => {
    let failures = 2;
    const between = (store: Store): Store =>
      new Proxy(store, {
        get: (target, name) => {
          const value = Reflect.get(target, name);
          if (name === 'untriedEvents' && failures-- > 0) return () => Promise.reject(new Error('the disk is away'));
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const w = await world(t, () => 10, [event('a'), event('a', 2)], between);
    await w.system.clock.advance(1_500);
    assert.deepEqual(w.begun, []);
    await w.system.clock.advance(1_000);
    assert.deepEqual(
      w.begun.map(({ id, atMs }) => `${atMs} ${id}`),
      ['2000 a-1', '2010 a-2'],
    );
    assert.equal(w.system.log.at('error').length, 1, 'one trouble');
    assert.deepEqual([w.delivery.idle(), w.system.clock.armed], [true, 0]);
  });

  it('hangups that wait for a refer leave room for other calls', async (t) => {
    const refer = destination({ url: `${slow}/refer`, receiver: slow });
    const waiting = many(heldPerReceiver + 10, (at) => [
      event(`r${at}`, 1, slow, { type: 'call.refer.failed', destination: refer, attempts: 1 }),
      event(`r${at}`, 2, slow, { type: 'call.hangup' }),
    ]).flat();
    const w = await world(t, (url) => (url.includes('refer') ? null : 10), waiting);
    await w.system.clock.sweep(10);
    const at = w.system.clock.now();
    await w.happens(event('new'));
    await w.system.clock.sweep(100);
    const begun = w.begun.find(({ id }) => id === 'new-1');
    assert.ok(begun && begun.atMs - at <= 20, `it began at ${begun?.atMs}`);
    await Promise.all([w.delivery.stop(), w.system.clock.sweep(5_000)]);
  });
});
