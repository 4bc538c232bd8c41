// What every store must do, whatever it is made of: one suite, run for each implementation.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type {
  AttemptRow,
  Batch,
  BindingRow,
  CallEventFilter,
  CallRow,
  CommandRow,
  DeliveryFilter,
  Destination,
  EventRow,
  ResourceRow,
  Settlement,
  Store,
} from '../../src/store/store.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens what it has written; absent from one that forgets. */
  readonly reopen?: () => Promise<Store>;
}

/** Opens an empty store for one test, which cleans up through its context. */
export type OpenStore = (t: TestContext) => Promise<StoreUnderTest>;

/** `forgets`: a store whose rows go when it is closed. */
export function storeConformance(name: string, open: OpenStore, { forgets = false } = {}): void {
  describe(`store: ${name}`, () => {
    commits(open);
    settles(open);
    prunes(open);
    binds(open);
    shelves(open);
    recalls(open);
    if (!forgets) survives(open);
    it('keeps named values', async (t) => {
      const { store } = await open(t);
      assert.equal(await store.get('key'), null);
      await store.put('key', 'one');
      await store.put('key', 'two\nlines');
      assert.equal(await store.get('key'), 'two\nlines');
      assert.equal(await store.get('other'), null);
    });
    it('says whether it can be written to, and refuses all work once closed', async (t) => {
      const { store } = await open(t);
      await store.check();
      await store.close();
      await assert.rejects(store.check(), Error);
      await assert.rejects(store.commit(batch('late')), Error);
      await assert.rejects(store.calls(0), Error);
      await store.close();
    });
  });
}

export const call = (id: string, more: Partial<CallRow> = {}): CallRow => ({
  id,
  legId: `leg-${id}`,
  sessionId: 'session',
  connectionId: '1000000000000000001',
  from: '+15550100',
  to: `sip:${id}@example.com`,
  state: `{"id":"${id}","name":"Zoë \\u0000 ☎"}`,
  endedAt: null,
  ...more,
});

export const destination = (more: Partial<Destination> = {}): Destination => ({
  url: 'https://app.example/hook',
  failoverUrl: null,
  method: 'POST',
  timeoutMs: 2_000,
  retriesMs: null,
  receiver: 'https://app.example',
  ...more,
});

export const event = (callId: string, sequence: number, more: Partial<EventRow> = {}): EventRow => ({
  id: `${callId}-event-${sequence}`,
  callId,
  sequence,
  copy: 0,
  type: 'call.initiated',
  body: `{"record_type":"event","note":"'quoted' \u{1f4de}"}`,
  occurredAt: 1_767_225_600_123,
  destination: destination({ url: 'https://app.example/hook?a=1&b=2' }),
  status: 'due',
  attempts: 0,
  dueAt: 1_767_225_600_123,
  progress: null,
  ...more,
});

/** Every due event, by call and sequence. */
export async function dueEvents(store: Store): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  for (const { receiver, events } of await store.dueReceivers()) {
    rows.push(...(await store.untriedEvents(receiver, null, [], events)));
    rows.push(...(await store.triedEvents(receiver, [], events)));
  }
  const byCall = (a: EventRow, b: EventRow) => (a.callId < b.callId ? -1 : Number(a.callId > b.callId));
  return rows.sort((a, b) => byCall(a, b) || a.sequence - b.sequence || a.copy - b.copy);
}

export const command = (callId: string, commandId: string | null, more: Partial<CommandRow> = {}): CommandRow => ({
  callId,
  commandId,
  name: 'answer',
  body: '{}',
  dials: 0,
  acceptedAt: 1_767_225_600_123,
  ...more,
});

const attempt = (number: number, more: Partial<AttemptRow> = {}): AttemptRow => ({
  startedAt: number * 1000,
  finishedAt: number * 1000 + 5,
  url: 'https://app.example/hook',
  status: 200,
  headers: [['server', "O'Hook"]],
  body: 'ok ☎',
  error: null,
  ...more,
});

/** An event that was tried so often that `attempts` were made, the last of them now. */
const settled = (id: string, attempts: number, more: Partial<Settlement> = {}): Settlement => ({
  id,
  status: 'delivered',
  attempts,
  dueAt: 0,
  progress: null,
  log: [JSON.stringify(attempt(attempts))],
  ...more,
});

export const batch = (id: string, more: Partial<Batch> = {}): Batch => ({
  id,
  calls: [],
  events: [],
  commands: [],
  ...more,
});

function commits(open: OpenStore): void {
  it('gives back what was committed', async (t) => {
    const { store } = await open(t);
    const failover = destination({
      ...{ url: 'http://a.example/', failoverUrl: 'http://b.example/', receiver: 'http://a.example' },
      ...{ method: 'GET', timeoutMs: 30_000, retriesMs: [1, 2] },
    });
    const tried = { destination: failover, attempts: 3, progress: '{"round":1}' };
    const events = [event('a', 1), event('a', 2, tried), event('a', 2, { id: 'again', copy: 1 }), event('b', 1)];
    const commands = [command('a', 'refer-1')];
    await store.commit(batch('1', { calls: [call('a'), call('b', { endedAt: 5 })], events, commands }));
    assert.deepEqual(await store.calls(0), [call('a'), call('b', { endedAt: 5 })]);
    assert.deepEqual(await dueEvents(store), events);
    assert.deepEqual(await store.commandIds('a'), ['refer-1']);
  });

  it('finds the calls of a dial by its command, in their order, until they are forgotten', async (t) => {
    const { store } = await open(t);
    const calls = [call('z', { endedAt: 5 }), call('a')];
    const commands = [
      command('a', 'dial-1', { name: 'dial', dials: 2 }),
      command('z', 'dial-1', { name: 'dial', dials: 1 }),
      command('z', 'refer-1'),
    ];
    await store.commit(batch('1', { calls, commands }));
    assert.deepEqual(await store.dialled('dial-1'), ['z', 'a']);
    assert.deepEqual(await store.dialled('refer-1'), [], 'another command of the same id is none');
    assert.deepEqual(await store.commandIds('z'), ['refer-1'], 'a dial is no command of its call');
    await store.prune(6);
    assert.deepEqual(await store.dialled('dial-1'), ['a']);
  });

  it('replaces the state of a call', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { calls: [call('a'), call('b')] }));
    await store.commit(batch('2', { calls: [call('a', { state: '{"later":true}', endedAt: 9 })] }));
    assert.deepEqual(await store.calls(0), [call('a', { state: '{"later":true}', endedAt: 9 }), call('b')]);
  });

  it('lists live calls and those that ended after an instant; finds any by its id', async (t) => {
    const { store } = await open(t);
    const calls = [call('a', { endedAt: 99 }), call('b', { endedAt: 100 }), call('c'), call('d', { endedAt: 101 })];
    await store.commit(batch('1', { calls }));
    assert.deepEqual(await store.calls(100), calls.slice(2));
    assert.deepEqual(await store.call('a'), calls[0]);
    assert.deepEqual(await store.call('c'), calls[2]);
    assert.equal(await store.call('x'), null);
  });

  it('lists due events by call and sequence, whenever they were written', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { events: [event('b', 1), event('a', 1)] }));
    await store.commit(batch('2', { events: [event('a', 10), event('b', 2, { dueAt: 1 }), event('a', 2)] }));
    const listed = (await dueEvents(store)).map(({ callId, sequence }) => `${callId}${sequence}`);
    assert.deepEqual(listed, ['a1', 'a2', 'a10', 'b1', 'b2']);
  });

  it('does not list an event that was born delivered: it has no destination', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { events: [event('a', 1, { destination: null, status: 'delivered' })] }));
    assert.deepEqual(await dueEvents(store), []);
  });

  it('remembers a command once', async (t) => {
    const { store } = await open(t);
    const one = command('a', "it's; DROP TABLE calls");
    await store.commit(batch('1', { commands: [one, one] }));
    await store.commit(batch('2', { commands: [one, { ...one, callId: 'b' }, command('b', null)] }));
    assert.deepEqual(await store.commandIds('a'), [one.commandId]);
    assert.deepEqual(await store.commandIds('b'), [one.commandId]);
    assert.deepEqual(await store.commandIds('c'), []);
  });

  it('writes all of a batch or nothing, and goes on after a failure', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { events: [event('a', 1)] }));
    const twice = batch('2', {
      calls: [call('a')],
      events: [event('a', 2), event('a', 1)],
      commands: [command('a', 'x')],
    });
    await assert.rejects(store.commit(twice), Error);
    assert.equal(await store.committed('2'), false);
    assert.deepEqual(await store.calls(0), []);
    assert.deepEqual(await store.commandIds('a'), []);
    assert.deepEqual(await dueEvents(store), [event('a', 1)]);
    await store.commit(batch('3', { calls: [call('a')] }));
    assert.deepEqual(await store.calls(0), [call('a')]);
  });

  it('knows the last batches that were committed', async (t) => {
    const { store } = await open(t);
    assert.equal(await store.committed('1'), false);
    for (const id of ['1', '2', '3']) {
      await store.commit(batch(id));
      assert.equal(await store.committed(id), true);
    }
    assert.equal(await store.committed('2'), true);
    assert.equal(await store.committed('4'), false);
  });

  it('takes many batches asked for at once', async (t) => {
    const { store } = await open(t);
    const ids = Array.from({ length: 200 }, (_, index) => `call-${index}`);
    await Promise.all(ids.map((id) => store.commit(batch(id, { calls: [call(id)], events: [event(id, 1)] }))));
    assert.equal((await store.calls(0)).length, ids.length);
    assert.equal((await dueEvents(store)).length, ids.length);
  });
}

function settles(open: OpenStore): void {
  it('finds what is due a page at a time, by receiver, without what is held', async (t) => {
    const { store } = await open(t);
    const b = destination({ receiver: 'https://b.example' });
    await store.commit(batch('1', { events: [event('z', 1), event('a', 1), event('a', 2, { destination: b })] }));
    await store.commit(batch('2', { events: [event('a', 3), event('z', 2), event('a', 4)] }));
    await store.settle([
      settled('z-event-2', 1, { status: 'due', dueAt: 9 }),
      settled('a-event-4', 1, { status: 'due', dueAt: 7 }),
    ]);
    const ids = async (rows: Promise<EventRow[]>) => (await rows).map(({ id }) => id);
    const receiver = 'https://app.example';
    assert.deepEqual(await store.dueReceivers(), [
      { receiver, events: 5 },
      { receiver: 'https://b.example', events: 1 },
    ]);
    assert.deepEqual(await ids(store.untriedEvents(receiver, null, [], 9)), ['z-event-1', 'a-event-1', 'a-event-3']);
    assert.deepEqual(await ids(store.untriedEvents(receiver, null, ['z-event-1'], 1)), ['a-event-1']);
    assert.deepEqual(await ids(store.untriedEvents(receiver, 'a', [], 9)), ['a-event-1', 'a-event-3']);
    assert.deepEqual(await ids(store.triedEvents(receiver, [], 9)), ['a-event-4', 'z-event-2']);
    assert.deepEqual(await ids(store.triedEvents(receiver, ['a-event-4'], 1)), ['z-event-2']);
    const [one] = await store.triedOfTypes(['call.initiated', 'call.hangup']);
    assert.deepEqual([one?.body, one?.attempts], ['', 1]);
    assert.deepEqual(await store.triedOfTypes(['call.hangup']), []);
  });

  it('makes an event due again that was tried, whatever became of it', async (t) => {
    const { store } = await open(t);
    const nowhere = event('a', 4, { destination: null, status: 'delivered' });
    await store.commit(batch('1', { events: [event('a', 1), event('a', 2), event('a', 3), nowhere] }));
    await store.settle([settled('a-event-1', 1), settled('a-event-2', 2, { status: 'failed' })]);
    const receiver = 'https://app.example';
    assert.deepEqual(await store.redeliver('a-event-1', 5, '{}'), { receiver, before: 'delivered' });
    assert.deepEqual(await store.redeliver('a-event-2', 6, '{}'), { receiver, before: 'failed' });
    for (const id of ['a-event-3', 'a-event-4', 'nobody']) assert.equal(await store.redeliver(id, 7, '{}'), null, id);
    const due = (await store.triedEvents(receiver, [], 9)).map(
      ({ id, dueAt, progress }) => `${id} ${dueAt} ${progress}`,
    );
    assert.deepEqual(due, ['a-event-1 5 {}', 'a-event-2 6 {}']);
  });

  it('settles attempts: due again, delivered, failed', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { events: [event('a', 1), event('a', 2), event('a', 3)] }));
    await store.settle([
      { id: 'a-event-1', status: 'due', attempts: 2, dueAt: 77, progress: '{}', log: [] },
      { id: 'a-event-2', status: 'delivered', attempts: 1, dueAt: 0, progress: null, log: [] },
      { id: 'a-event-3', status: 'failed', attempts: 6, dueAt: 0, progress: null, log: [] },
      { id: 'unknown', status: 'delivered', attempts: 1, dueAt: 0, progress: null, log: [] },
    ]);
    assert.deepEqual(await dueEvents(store), [event('a', 1, { attempts: 2, dueAt: 77, progress: '{}' })]);
    await store.settle([]);
  });
}

function prunes(open: OpenStore): void {
  it('forgets calls that ended before, with their commands; keeps the others', async (t) => {
    const { store } = await open(t);
    const calls = [call('a', { endedAt: 99 }), call('b', { endedAt: 100 }), call('c')];
    const commands = ['a', 'b', 'c'].map((callId) => command(callId, 'x'));
    await store.commit(batch('1', { calls, commands }));
    await store.prune(100);
    assert.deepEqual(await store.calls(0), calls.slice(1));
    assert.deepEqual(await store.commandIds('a'), []);
    assert.deepEqual(await store.commandIds('b'), ['x']);
  });

  it('forgets delivered events with their call, never due or failed ones', async (t) => {
    const { store } = await open(t);
    const kept = [event('a', 1), event('a', 3, { status: 'failed' })];
    const gone = event('a', 2, { status: 'delivered' });
    await store.commit(batch('1', { calls: [call('a', { endedAt: 1 })], events: [...kept, gone] }));
    await store.prune(2);
    assert.deepEqual(await dueEvents(store), [event('a', 1)]);
    // An id that is free again belonged to a row that is gone.
    await store.commit(batch('2', { events: [gone] }));
    await assert.rejects(store.commit(batch('3', { events: [event('a', 3)] })), Error);
  });

  it('forgets an event that is delivered after its call was forgotten', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { calls: [call('a', { endedAt: 1 })], events: [event('a', 1)] }));
    await store.prune(2);
    await store.settle([{ id: 'a-event-1', status: 'delivered', attempts: 4, dueAt: 0, progress: null, log: [] }]);
    await store.prune(2);
    await store.commit(batch('2', { events: [event('a', 1)] }));
  });

  it('forgets many calls at once while others are written', async (t) => {
    const { store } = await open(t);
    const ids = Array.from({ length: 450 }, (_, index) => `call-${index}`);
    await store.commit(batch('1', { calls: ids.map((id) => call(id, { endedAt: 1 })) }));
    const pruned = store.prune(2);
    await store.commit(batch('2', { calls: [call('alive')] }));
    await pruned;
    assert.deepEqual(await store.calls(0), [call('alive')]);
  });
}

export const binding = (aor: string, contact: string, more: Partial<BindingRow> = {}): BindingRow => ({
  aor,
  contact,
  state: `{"contact":"${contact}"}`,
  expiresAt: 1_767_225_600_123,
  ...more,
});

function binds(open: OpenStore): void {
  it('keeps the bindings of each address-of-record, in the place of those it had', async (t) => {
    const { store } = await open(t);
    assert.deepEqual(await store.bindings(), []);
    const rows = [
      binding('alice', 'sip:a@1'),
      binding('alice', 'sip:a@2', { expiresAt: 5 }),
      binding("b'ob", 'sip:b@1'),
    ];
    await store.bind('alice', rows.slice(0, 2).toReversed());
    await store.bind("b'ob", rows.slice(2));
    assert.deepEqual(await store.bindings(), rows);
    await store.bind('alice', [binding('alice', 'sip:a@2', { state: '{}' })]);
    assert.deepEqual(await store.bindings(), [binding('alice', 'sip:a@2', { state: '{}' }), rows[2]]);
    await store.bind('alice', []);
    await store.bind('nobody', []);
    assert.deepEqual(await store.bindings(), rows.slice(2));
  });

  it('puts all bindings of an address-of-record or none', async (t) => {
    const { store } = await open(t);
    await store.bind('alice', [binding('alice', 'sip:a@1')]);
    await assert.rejects(store.bind('alice', [binding('alice', 'sip:a@2'), binding('alice', 'sip:a@2')]), Error);
    assert.deepEqual(await store.bindings(), [binding('alice', 'sip:a@1')]);
  });
}

export const resource = (id: string, more: Partial<ResourceRow> = {}): ResourceRow => ({
  kind: 'application',
  id,
  state: `{"name":"${id} \u260e"}`,
  createdAt: 5,
  updatedAt: 5,
  ...more,
});

function shelves(open: OpenStore): void {
  it('keeps resources by kind and id, the oldest first, until they are dropped', async (t) => {
    const { store } = await open(t);
    assert.deepEqual(await store.resources('application'), []);
    const rows = [resource("b'", { createdAt: 4 }), resource('a'), resource('c')];
    for (const row of rows.toReversed()) await store.putResource(row);
    await store.putResource(resource('a', { kind: 'queue' }));
    assert.deepEqual(await store.resources('application'), rows);
    const changed = resource('a', { state: '{}', updatedAt: 9 });
    await store.putResource(changed);
    await store.dropResource('application', "b'");
    await store.dropResource('application', 'nobody');
    assert.deepEqual(await store.resources('application'), [changed, resource('c')]);
    await store.dropResource('application', 'a');
    assert.deepEqual(await store.resources('queue'), [resource('a', { kind: 'queue' })]);
  });
}

/** Two calls of one session and one of another, with commands, and events in every state. */
async function withHistory(store: Store): Promise<void> {
  const calls = [
    call('a'),
    call('b', { endedAt: 5, from: '+15550199' }),
    call('c', { sessionId: 'other', connectionId: '2000000000000000002' }),
  ];
  const commands = [
    command('a', 'one', { body: '{"client_state":"YQ=="}', acceptedAt: 20 }),
    command('a', null, { name: 'hangup', acceptedAt: 40 }),
    command('c', null, { name: 'refer', acceptedAt: 60 }),
  ];
  const events = [
    event('a', 1, { occurredAt: 10 }),
    event('a', 2, { type: 'call.answered', occurredAt: 20 }),
    event('b', 1, { occurredAt: 30 }),
    event('b', 2, { type: 'call.hangup', occurredAt: 50, body: '{"needle":"100% _x"}' }),
    event('c', 1, { occurredAt: 70, destination: null, status: 'delivered' }),
    event('c', 1, { id: 'c-copy', copy: 1, occurredAt: 70 }),
  ];
  await store.commit(batch('1', { calls, commands, events }));
  await store.settle([
    settled('a-event-1', 1),
    settled('b-event-1', 2, { status: 'due' }),
    settled('b-event-2', 3, {
      status: 'failed',
      log: [JSON.stringify(attempt(3, { status: 503, body: 'out of hooks' }))],
    }),
  ]);
}

const callEvents: readonly (readonly [CallEventFilter, readonly string[]])[] = [
  [{}, ['10 a1', '20 answer', '20 a2', '30 b1', '40 hangup', '50 b2', '60 refer', '70 c1']],
  [{ type: 'command' }, ['20 answer', '40 hangup', '60 refer']],
  [{ type: 'webhook', name: 'call.initiated' }, ['10 a1', '30 b1', '70 c1']],
  [{ name: 'hangup' }, ['40 hangup']],
  [{ legId: 'leg-a' }, ['10 a1', '20 answer', '20 a2', '40 hangup']],
  [{ legId: 'leg-a', type: 'webhook', at: { gt: 10 } }, ['20 a2']],
  [{ legId: "leg-'" }, []],
  [{ sessionId: 'other' }, ['60 refer', '70 c1']],
  [{ sessionId: 'session', from: '+15550199' }, ['30 b1', '50 b2']],
  [{ connectionIds: ['2000000000000000002', 'x'] }, ['60 refer', '70 c1']],
  [{ connectionIds: [] }, []],
  [{ from: '+15550199' }, ['30 b1', '50 b2']],
  [{ to: 'sip:c@example.com', type: 'command' }, ['60 refer']],
  [{ status: 'init' }, ['20 a2']],
  [{ status: 'in_progress' }, ['30 b1']],
  [{ status: 'completed' }, ['10 a1', '20 answer', '40 hangup', '50 b2', '60 refer', '70 c1']],
  [{ failed: true }, ['50 b2']],
  [{ failed: false, type: 'webhook' }, ['10 a1', '20 a2', '30 b1', '70 c1']],
  [{ at: { gte: 20, lt: 40 } }, ['20 answer', '20 a2', '30 b1']],
  [{ at: { gt: 20, lte: 40 } }, ['30 b1', '40 hangup']],
  [{ at: { eq: 70 } }, ['70 c1']],
];

const deliveries: readonly (readonly [DeliveryFilter, readonly string[]])[] = [
  [{}, ['a-event-1', 'b-event-1', 'b-event-2']],
  [{ status: 'delivered' }, ['a-event-1']],
  [{ status: 'failed' }, ['b-event-1', 'b-event-2']],
  [{ eventType: 'call.hangup' }, ['b-event-2']],
  [{ eventContains: '100% _' }, ['b-event-2']],
  [{ attemptsContain: 'of hooks' }, ['b-event-2']],
  [{ startedAt: { gte: 2_000 } }, ['b-event-1', 'b-event-2']],
  [{ startedAt: { lte: 2_000 }, finishedAt: { gte: 2_005 } }, ['b-event-1']],
  [{ finishedAt: { lte: 1_004 } }, []],
];

function recalls(open: OpenStore): void {
  it('finds commands and events by what they are and whose, in the order they happened', async (t) => {
    const { store } = await open(t);
    assert.deepEqual(await store.findCallEvents({}), []);
    await withHistory(store);
    for (const [filter, expected] of callEvents) {
      const rows = await store.callEvents(await store.findCallEvents(filter));
      const shown = rows.map(({ at, type, name, legId, number }) => {
        if (type === 'command') return `${at} ${name}`;
        return `${at} ${legId.slice(4)}${name === 'call.initiated' ? 1 : 2}${number > 0 ? '' : ' without number'}`;
      });
      assert.deepEqual(shown, expected, JSON.stringify(filter));
    }
  });

  it('gives back what was asked and told, and how far its delivery is', async (t) => {
    const { store } = await open(t);
    await withHistory(store);
    const [initiated, answer] = await store.callEvents(await store.findCallEvents({ legId: 'leg-a' }));
    const of = { legId: 'leg-a', sessionId: 'session' };
    assert.deepEqual(answer, {
      ...{ type: 'command', number: answer?.number, at: 20, name: 'answer', ...of, body: '{"client_state":"YQ=="}' },
      ...{ commandId: 'one', status: null, attempts: 0, lastAttempt: null },
    });
    assert.deepEqual(initiated, {
      ...{
        type: 'webhook',
        number: initiated?.number,
        at: 10,
        name: 'call.initiated',
        ...of,
        body: event('a', 1).body,
      },
      ...{ commandId: null, status: 'delivered', attempts: 1, lastAttempt: attempt(1) },
    });
  });

  it('finds deliveries, which are events that were tried', async (t) => {
    const { store } = await open(t);
    assert.deepEqual(await store.findDeliveries({}), []);
    await withHistory(store);
    for (const [filter, expected] of deliveries) {
      const rows = await store.deliveries(await store.findDeliveries(filter));
      assert.deepEqual(
        rows.map(({ id }) => id),
        expected,
        JSON.stringify(filter),
      );
    }
    const one = await store.delivery('b-event-2');
    assert.deepEqual([one?.status, one?.log], ['failed', [attempt(3, { status: 503, body: 'out of hooks' })]]);
    assert.deepEqual([await store.delivery('a-event-2'), await store.delivery('x')], [null, null]);
  });

  it('keeps the first attempt and the last ones, however they are told', async (t) => {
    const { store } = await open(t);
    await store.commit(batch('1', { events: [event('a', 1), event('a', 2)] }));
    for (let attempts = 1; attempts <= 25; attempts += 1) {
      await store.settle([settled('a-event-1', attempts, { status: 'due' })]);
    }
    await store.settle([
      settled('a-event-2', 2, { log: [attempt(1), attempt(2)].map((each) => JSON.stringify(each)), status: 'due' }),
    ]);
    await store.settle([settled('a-event-2', 2, { log: [], status: 'failed' })]);
    const numbers = (log: readonly AttemptRow[] = []) => log.map(({ startedAt }) => startedAt / 1000);
    assert.deepEqual(numbers((await store.delivery('a-event-1'))?.log), [1, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    assert.deepEqual(numbers((await store.delivery('a-event-2'))?.log), [1, 2]);
  });

  it('finds what is spread over many rows, and what is committed meanwhile does no harm', async (t) => {
    const { store } = await open(t);
    const events = Array.from({ length: 5_000 }, (_, index) =>
      event('a', index + 1, { type: index % 1_000 === 7 ? 'call.hangup' : 'call.initiated' }),
    );
    await store.commit(batch('1', { calls: [call('a')], events }));
    const found = store.findCallEvents({ type: 'webhook', name: 'call.hangup' });
    await store.commit(batch('2', { calls: [call('b')], events: [event('b', 1, { type: 'call.hangup' })] }));
    assert.equal((await found).length, 5);
    assert.equal((await store.findCallEvents({ name: 'call.hangup' })).length, 6);
  });

  it('forgets the history of a call with the call', async (t) => {
    const { store } = await open(t);
    await withHistory(store);
    await store.prune(6);
    const names = (await store.callEvents(await store.findCallEvents({}))).map(({ legId }) => legId);
    assert.deepEqual([...new Set(names)], ['leg-a', 'leg-c']);
  });
}

function survives(open: OpenStore): void {
  it('finds everything again after it was closed', async (t) => {
    const { store, reopen } = await open(t);
    assert.ok(reopen);
    const commands = [command('a', 'x')];
    await store.commit(batch('1', { calls: [call('a')], events: [event('a', 1), event('a', 2)], commands }));
    await store.settle([{ id: 'a-event-1', status: 'delivered', attempts: 1, dueAt: 0, progress: null, log: [] }]);
    await store.put('key', 'value');
    await store.bind('alice', [binding('alice', 'sip:a@1')]);
    await store.putResource(resource('front'));
    const again = await reopen();
    assert.deepEqual(await again.calls(0), [call('a')]);
    assert.deepEqual(await dueEvents(again), [event('a', 2)]);
    assert.deepEqual(await again.commandIds('a'), ['x']);
    assert.equal(await again.get('key'), 'value');
    assert.deepEqual(await again.resources('application'), [resource('front')]);
    assert.deepEqual(await again.bindings(), [binding('alice', 'sip:a@1')]);
    assert.equal(await again.committed('1'), true);
    await again.commit(batch('2', { events: [event('a', 3)] }));
  });
}
