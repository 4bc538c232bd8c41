// The second step of the law: one batch a turn, one in flight, and what becomes of decisions whose batch was not written.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Commits, type Committing, type Decision } from '../../src/call/commits.ts';
import type { Call } from '../../src/call/state.ts';
import { command, dueEvents, event } from '../conformance/store.ts';
import { fakeSystem } from '../support/fake-system.ts';
import { active } from './support.ts';
import { wilfulStore } from './wilful-store.ts';

interface Named extends Committing {
  readonly name: string;
}

function world(t: TestContext) {
  const system = fakeSystem();
  const store = wilfulStore();
  t.after(() => store.close());
  const commits = new Commits<Named>(system, store);
  const done: string[] = [];
  const { call } = active();
  const live = (name: string): Named => ({ name, call: { ...call, id: name }, committed: null, open: 0 });
  const decide = (of: Named, clientState: string, more: Partial<Decision<Named>> = {}): void => {
    of.call = { ...of.call, clientState };
    commits.add({
      live: of,
      cause: {},
      events: [],
      command: null,
      act: () => done.push(`act ${of.name} ${clientState}`),
      undo: () => done.push(`undo ${of.name} ${clientState}`),
      ...more,
    });
  };
  const states = (batch: number) =>
    store.tried[batch]!.calls.map(({ state }) => (JSON.parse(state) as Call).clientState);
  return { system, store, commits, done, live, decide, states, settle: () => system.clock.settle() };
}

suite('a batch', () => {
  test('is what one turn decided: each call as it is last, events and commands in order', async (t) => {
    const { store, done, live, decide, states, settle } = world(t);
    const [a, b] = [live('a'), live('b')];
    decide(a, '1', { events: [event('a', 1)], command: command('a', 'one') });
    decide(b, '2', { events: [event('b', 1), event('b', 2)] });
    decide(a, '3', { events: [event('a', 2)] });
    assert.deepEqual(done, [], 'nothing is done before it is written');
    await settle();
    assert.equal(store.tried.length, 1);
    assert.deepEqual(states(0), ['3', '2']);
    assert.deepEqual(
      store.tried[0]?.events.map(({ id }) => id),
      ['a-event-1', 'b-event-1', 'b-event-2', 'a-event-2'],
    );
    assert.deepEqual(store.tried[0]?.commands, [command('a', 'one')]);
    assert.deepEqual(done, ['act a 1', 'act b 2', 'act a 3']);
    assert.equal(a.committed, a.call);
    assert.equal(a.open, 0);
  });

  test('says of a call that has ended when it did', async (t) => {
    const { store, live, decide, settle } = world(t);
    const line = active();
    line.command('hangup', {});
    const a = live('a');
    a.call = line.call;
    decide(a, 'x');
    decide(live('b'), 'x');
    await settle();
    assert.deepEqual(
      store.tried[0]?.calls.map(({ endedAt }) => endedAt),
      [line.at, null],
    );
  });

  test('is written alone: what is decided meanwhile forms the next', async (t) => {
    const { store, commits, done, live, decide, states, settle } = world(t);
    const a = live('a');
    store.waits = true;
    decide(a, '1');
    await settle();
    decide(a, '2');
    await settle();
    decide(a, '3');
    await settle();
    assert.deepEqual(states(0), ['1'], 'as it was when the batch was closed');
    assert.equal(store.tried.length, 1);
    assert.equal(a.open, 3);
    store.waits = false;
    store.goOn();
    await settle();
    assert.deepEqual(states(1), ['3']);
    assert.deepEqual(done, ['act a 1', 'act a 2', 'act a 3']);
    assert.ok(commits.idle);
  });

  test('that was stopped is neither done nor taken back', async (t) => {
    const { store, commits, done, live, decide, settle } = world(t);
    store.waits = true;
    decide(live('a'), '1');
    await settle();
    decide(live('b'), '2');
    commits.stop();
    store.goOn();
    await settle();
    assert.deepEqual(done, []);
    assert.equal(store.tried.length, 1);
  });
});

suite('a batch that was not written', () => {
  test('takes its calls back, with all that was decided on top; others go on', async (t) => {
    const { system, store, done, live, decide, settle } = world(t);
    const [a, b] = [live('a'), live('b')];
    decide(a, '1');
    decide(b, '1');
    await settle();
    done.length = 0;
    store.waits = true;
    store.mood = 'fails';
    decide(a, '2');
    decide(a, '3');
    await settle();
    store.mood = 'writes';
    decide(b, '2');
    decide(a, '4');
    store.waits = false;
    store.goOn();
    await settle();
    assert.deepEqual(done, ['undo a 2', 'undo a 3', 'undo a 4', 'act b 2']);
    assert.equal(a.call.clientState, '1');
    assert.equal(a.call, a.committed);
    assert.deepEqual([a.open, b.open], [0, 0]);
    assert.equal(b.committed?.clientState, '2');
    assert.equal(system.log.at('error').length, 1);
  });

  test('takes back what came of the same input on other calls, and what was decided on top of that', async (t) => {
    const { store, done, live, decide, settle } = world(t);
    const [a, b, c] = [live('a'), live('b'), live('c')];
    for (const each of [a, b, c]) decide(each, '1');
    await settle();
    done.length = 0;
    store.waits = true;
    store.mood = 'fails';
    decide(a, '2');
    await settle();
    store.mood = 'writes';
    const cause = {};
    decide(a, '3', { cause });
    decide(b, '3', { cause });
    decide(c, '3');
    decide(b, '4');
    store.waits = false;
    store.goOn();
    await settle();
    assert.deepEqual(done, ['undo a 2', 'undo a 3', 'undo b 3', 'undo b 4', 'act c 3']);
    assert.deepEqual(
      [a, b, c].map(({ call }) => call.clientState),
      ['1', '1', '3'],
    );
    assert.ok([a, b, c].every(({ call, committed, open }) => call === committed && open === 0));
  });

  test('leaves a call that is new to whoever undoes it', async (t) => {
    const { store, done, live, decide, settle } = world(t);
    store.mood = 'fails';
    const a = live('a');
    decide(a, '1');
    await settle();
    assert.deepEqual(done, ['undo a 1']);
    assert.equal(a.committed, null);
  });

  test('is followed by one that is: the events that come then have the numbers that did not', async (t) => {
    const { store, live, decide, settle } = world(t);
    const a = live('a');
    store.mood = 'fails';
    decide(a, '1', { events: [event('a', 1)] });
    await settle();
    store.mood = 'writes';
    decide(a, '2', { events: [event('a', 1, { id: 'again' })] });
    await settle();
    assert.deepEqual(
      (await dueEvents(store)).map(({ id, sequence }) => `${id} ${sequence}`),
      ['again 1'],
    );
  });
});

suite('a commit that rejects though it was written', () => {
  test('is found out by its id, and done', async (t) => {
    const { store, done, live, decide, settle } = world(t);
    store.mood = 'writes and rejects';
    const a = live('a');
    decide(a, '1');
    await settle();
    assert.deepEqual(done, ['act a 1']);
    assert.equal(a.committed?.clientState, '1');
  });

  test('holds everything back while the store does not know', async (t) => {
    const { system, store, commits, done, live, decide, settle } = world(t);
    store.mood = 'writes and rejects';
    store.forgetful = 3;
    decide(live('a'), '1');
    await settle();
    store.mood = 'writes';
    decide(live('b'), '2');
    await system.clock.advance(2_999);
    assert.deepEqual(done, []);
    assert.equal(store.tried.length, 1);
    assert.ok(!commits.idle);
    await system.clock.advance(1);
    assert.deepEqual(done, ['act a 1', 'act b 2']);
    assert.ok(commits.idle);
  });
});

test('a decision that cannot be carried out stops no other', async (t) => {
  const { system, done, live, decide, settle } = world(t);
  const fault = (): never => {
    throw new Error('a fault');
  };
  decide(live('a'), '1', { act: fault });
  decide(live('b'), '2');
  await settle();
  assert.deepEqual(done, ['act b 2']);
  assert.match(system.log.at('error')[0] ?? '', /could not be carried out.*"call":"a".*a fault/);
});
