import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { EventRow, Settlement, Store } from '../../src/store/store.ts';
import { type Attempt, Delivery, deliveriesPerOrigin } from '../../src/webhook/delivery.ts';
import type { PostAnswer, PostRequest } from '../../src/webhook/post.ts';
import { loadSigner } from '../../src/webhook/signature.ts';
import { batch, destination, dueEvents, event as row } from '../conformance/store.ts';
import { epoch, type FakeSystem, fakeProcess, fakeSystem } from '../support/fake-system.ts';

const primary = 'https://app.example/hook';
const failover = 'https://spare.example/hook';

/** One POST that was made, and how it is answered. */
interface Posted extends PostRequest {
  readonly atMs: number;
  readonly event: string;
  readonly attempt: number;
  readonly answer: (status: number, location?: string) => Promise<void>;
  readonly fail: () => Promise<void>;
}

type Answer = number | 'hold' | 'down' | PostAnswer | ((posted: Posted) => number | 'hold' | 'down' | PostAnswer);

interface World {
  readonly system: FakeSystem;
  readonly store: Store;
  readonly posted: Posted[];
  /** What the trace was told. */
  readonly attempts: Attempt[];
  readonly publicKey: string;
  /** The delivery that runs now. */
  readonly delivery: Delivery;
  /** How the application answers from now on: `hold` leaves a request open until its test answers it. */
  answers(answer: Answer): void;
  /** Commits events without handing them over, as the engine does first. */
  commit(...events: readonly EventRow[]): Promise<void>;
  /** Commits events and hands them over. */
  happens(...events: readonly EventRow[]): Promise<void>;
  /** The POSTs so far: instant, event, attempt and, if it was not the primary URL, where to. */
  drawn(): string[];
  /** Kills the process, lets so much time pass and starts another on the same store. */
  restart(afterMs?: number): Promise<void>;
}

interface Settings {
  readonly maxAgeMs?: number;
  /** Puts something between delivery and store. */
  readonly between?: (store: Store) => Store;
}

async function world(
  t: TestContext,
  { maxAgeMs = 86_400_000, between = (store) => store }: Settings = {},
): Promise<World> {
  const system = fakeSystem();
  const store = openSqlite(':memory:');
  t.after(() => store.close());
  const signer = await loadSigner(store, { threads: false });
  const posted: Posted[] = [];
  const attempts: Attempt[] = [];
  let answer: Answer = 200;
  const post = (request: PostRequest): Promise<PostAnswer> =>
    new Promise((resolve, reject) => {
      const entry = record(system, request, resolve, reject);
      posted.push(entry);
      const now = typeof answer === 'function' ? answer(entry) : answer;
      if (now === 'down') reject(new Error('connect ECONNREFUSED'));
      else if (now !== 'hold') resolve(typeof now === 'number' ? { status: now } : now);
    });
  const begin = async () => {
    const process = fakeProcess(system);
    const trace = (attempt: Attempt): number => attempts.push(attempt);
    const delivery = new Delivery({ system: process, store: between(store), signer, post, maxAgeMs, trace });
    await delivery.start();
    await system.clock.advance(0);
    return { process, delivery };
  };
  let running = await begin();
  const commit = (...events: readonly EventRow[]) => store.commit(batch(system.ids.uuid(), { events }));
  return {
    ...{ system, store, posted, attempts, commit, publicKey: signer.publicKey },
    get delivery() {
      return running.delivery;
    },
    answers: (next) => {
      answer = next;
    },
    happens: async (...events) => {
      await commit(...events);
      running.delivery.offer(events);
      await system.clock.settle();
    },
    drawn: () => posted.map(line),
    restart: async (afterMs = 0) => {
      running.process.kill();
      await system.clock.advance(afterMs);
      running = await begin();
    },
  };
}

function record(
  system: FakeSystem,
  request: PostRequest,
  resolve: (answer: PostAnswer) => void,
  reject: (error: Error) => void,
): Posted {
  const read = new URL(request.url).searchParams;
  const inQuery = { data: { id: read.get('data[id]') }, meta: { attempt: Number(read.get('meta[attempt]')) } };
  const { data, meta } = request.method === 'GET' ? inQuery : JSON.parse(request.body);
  const answer = async (status: number, location?: string) => {
    resolve(location === undefined ? { status } : { status, location });
    await system.clock.settle();
  };
  const fail = async () => {
    reject(new Error('the deadline passed'));
    await system.clock.settle();
  };
  return { ...request, atMs: system.clock.now(), event: data.id, attempt: meta.attempt, answer, fail };
}

function line({ atMs, event, attempt, url }: Posted): string {
  return `${atMs} ${event} #${attempt}${url === primary ? '' : ` ${new URL(url).host}`}`;
}

/** An event as the store has it: `a1` is the first of call a. */
function event(name: string, type = 'call.answered', more: Partial<EventRow> = {}): EventRow {
  return row(name.slice(0, 1), Number(name.slice(1)), {
    id: name,
    type,
    body: JSON.stringify({ record_type: 'event', id: name, note: 'Zoë ☎' }),
    occurredAt: epoch,
    ...to(primary),
    dueAt: epoch,
    ...more,
  });
}

const to = (url: string, failoverUrl: string | null = null) => ({
  destination: destination({ url, failoverUrl, receiver: new URL(url).origin }),
});

async function due(store: Store): Promise<string[]> {
  return (await dueEvents(store)).map(({ id, attempts, dueAt }) => `${id} ${attempts} +${dueAt - epoch}`);
}

/** What every test ends in: nothing armed, nothing left in memory. */
function assertEmpty({ system, delivery }: World): void {
  assert.equal(delivery.idle(), true, 'idle');
  assert.equal(system.clock.armed, 0, 'no timer is armed');
}

describe('delivery: an attempt', () => {
  it('posts the event with its meta and headers', async (t) => {
    const w = await world(t);
    await w.happens(event('a1'));
    const [posted] = w.posted;
    assert.ok(posted);
    const data = '{"record_type":"event","id":"a1","note":"Zoë ☎"}';
    assert.equal(posted.body, `{"data":${data},"meta":{"attempt":1,"delivered_to":"${primary}"}}`);
    const { 'Telnyx-Signature-Ed25519': signature, ...headers } = posted.headers;
    assert.match(signature ?? '', /^[A-Za-z0-9+/]{86}==$/);
    assert.deepEqual(headers, {
      'Content-Type': 'application/json',
      'User-Agent': 'telnyx-webhooks',
      'Telnyx-Timestamp': String(epoch / 1_000),
    });
    assert.deepEqual([posted.url, posted.timeoutMs], [primary, 2_000]);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('get-in-the-query: the event is in the query, and an empty body is signed', async (t) => {
    const w = await world(t);
    const url = 'https://app.example/hook?token=1';
    await w.happens(event('a1', 'call.answered', { destination: destination({ url, method: 'GET' }) }));
    const [posted] = w.posted;
    assert.ok(posted);
    assert.deepEqual([posted.method, posted.body, posted.headers['Content-Type']], ['GET', '', undefined]);
    const query = Object.fromEntries(new URL(posted.url).searchParams);
    assert.deepEqual(query, {
      ...{ token: '1', 'data[record_type]': 'event', 'data[id]': 'a1', 'data[note]': 'Zoë ☎' },
      ...{ 'meta[attempt]': '1', 'meta[delivered_to]': url },
    });
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(w.publicKey, 'base64').toString('base64url') },
      format: 'jwk',
    });
    const signature = Buffer.from(posted.headers['Telnyx-Signature-Ed25519'] ?? '', 'base64');
    assert.ok(verify(null, Buffer.from(`${posted.headers['Telnyx-Timestamp']}|`), key, signature));
    const kept = await w.store.delivery('a1');
    assert.equal(kept?.log[0]?.url, url, 'the log does not repeat the event');
  });

  it('re-signed-each-attempt: new time, new signature, attempt and URL as they are', async (t) => {
    const w = await world(t);
    w.answers('down');
    await w.happens(event('a1', 'call.answered', to(primary, failover)));
    await w.system.clock.advance(3_999);
    w.answers(200);
    await w.system.clock.advance(1);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '1000 a1 #2', '4000 a1 #3']);
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(w.publicKey, 'base64').toString('base64url') },
      format: 'jwk',
    });
    for (const { headers, body, atMs } of w.posted) {
      const signature = Buffer.from(headers['Telnyx-Signature-Ed25519'] ?? '', 'base64');
      assert.equal(headers['Telnyx-Timestamp'], String(epoch / 1_000 + atMs / 1_000));
      assert.ok(verify(null, Buffer.from(`${headers['Telnyx-Timestamp']}|${body}`), key, signature));
    }
    assert.equal(new Set(w.posted.map(({ headers }) => headers['Telnyx-Signature-Ed25519'])).size, 3);
  });

  it('counts what came of each attempt, what is due, and what was given up', async (t) => {
    const w = await world(t, { maxAgeMs: 0 });
    await w.happens(event('a1'));
    assert.deepEqual([w.delivery.counts, w.delivery.due], [{ delivered: 1, repeated: 0, failed: 0 }, 0]);
    w.answers('down');
    await w.happens(event('a2'));
    assert.deepEqual([w.delivery.counts, w.delivery.due], [{ delivered: 1, repeated: 1, failed: 0 }, 1]);
    await w.system.clock.advance(86_400_000);
    const { delivered, failed } = w.delivery.counts;
    assert.deepEqual([delivered, failed, w.delivery.due], [1, 1, 0]);
  });

  it('follows a 307 on the same scheme with what is left of its time', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1'));
    await w.system.clock.advance(500);
    await w.posted[0]?.answer(307, 'https://other.example/hook');
    const [first, second] = w.posted;
    assert.deepEqual([second?.url, second?.timeoutMs], ['https://other.example/hook', 1_500]);
    assert.deepEqual([second?.body, second?.headers], [first?.body, first?.headers]);
    await second?.answer(200);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('does not follow a fourth redirect: the event is refused', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1'));
    for (let hop = 0; hop < 4; hop += 1) await w.posted[hop]?.answer(308, `/hop-${hop}`);
    assert.equal(w.posted.length, 4);
    assert.deepEqual(await due(w.store), []);
    assert.equal(w.system.log.at('error').length, 1);
    assertEmpty(w);
  });

  it('leaves alone what has no destination or is not due', async (t) => {
    const w = await world(t);
    await w.happens(event('a1', 'call.answered', { destination: null, status: 'delivered' }));
    assert.deepEqual(w.posted, []);
    assertEmpty(w);
  });

  it('is traced from its begin on, with what came of it when it has ended', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1', 'call.answered', to(`${primary}?token=secret`)));
    const of = { callId: 'a', type: 'call.answered', origin: 'https://app.example' };
    assert.deepEqual(w.attempts, [{ ...of, at: epoch, attempt: 1, answer: null, tookMs: null }]);
    await w.system.clock.advance(30);
    w.answers(204);
    await w.posted[0]?.fail();
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.attempts, [
      { ...of, at: epoch, attempt: 1, answer: 'the deadline passed', tookMs: 30 },
      { ...of, at: epoch + 1_030, attempt: 2, answer: 204, tookMs: 0 },
    ]);
    assertEmpty(w);
  });

  it('says nothing of path and query in the log', async (t) => {
    const w = await world(t, { maxAgeMs: 0 });
    w.answers('down');
    await w.happens(event('a1', 'call.answered', to('https://app.example/secret?token=secret')));
    await w.system.clock.advance(10_000);
    assert.ok(w.system.log.entries.length > 0);
    assert.doesNotMatch(JSON.stringify(w.system.log.entries.map(({ fields }) => fields)), /secret/);
  });

  it('receiver-down-and-the-log-does-not-say-which-or-why', async (t) => {
    const w = await world(t);
    w.answers(({ url }) => (url === primary ? 503 : 'down'));
    await w.happens(event('a1'), event('b1', 'call.answered', to(failover)));
    await w.system.clock.advance(4_000);
    const warnings = w.system.log.entries.filter(({ level }) => level === 'warn').map(({ fields }) => fields);
    assert.partialDeepStrictEqual(warnings, [
      { event: 'a1', attempts: 3, origin: 'https://app.example', answer: 503 },
      { event: 'b1', attempts: 3, origin: 'https://spare.example', answer: 'connect ECONNREFUSED' },
    ]);
  });
});

describe('delivery: retries', () => {
  it('receiver-500-then-200', async (t) => {
    const w = await world(t);
    w.answers(({ attempt }) => (attempt === 1 ? 500 : 200));
    await w.happens(event('a1'));
    assert.deepEqual(await due(w.store), ['a1 1 +1000']);
    assert.equal(w.delivery.idle(), false);
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '1000 a1 #2']);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('receiver-down-failover', async (t) => {
    const w = await world(t);
    w.answers(({ url }) => (url === primary ? 'down' : 200));
    await w.happens(event('a1', 'call.answered', to(primary, failover)));
    await w.system.clock.advance(4_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '1000 a1 #2', '4000 a1 #3', '4000 a1 #4 spare.example']);
    assert.equal(JSON.parse(w.posted[3]?.body ?? '').meta.delivered_to, failover);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('refused by the primary URL: at once to the failover URL', async (t) => {
    const w = await world(t);
    w.answers(({ url }) => (url === primary ? 404 : 200));
    await w.happens(event('a1', 'call.answered', to(primary, failover)));
    await w.system.clock.advance(0);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a1 #2 spare.example']);
    assertEmpty(w);
  });

  it('stays due beyond the first round and is delivered when the receiver is back', async (t) => {
    const w = await world(t);
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(60_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '1000 a1 #2', '4000 a1 #3', '10000 a1 #4', '22000 a1 #5', '46000 a1 #6']);
    assert.deepEqual(await due(w.store), ['a1 6 +94000']);
    assert.equal(w.system.log.at('warn').length, 1);
    w.answers(200);
    await w.system.clock.advance(34_000);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('what was tried and answered is kept with the event, without secrets', async (t) => {
    const w = await world(t);
    w.answers({ status: 503, headers: { 'x-why': 'full', 'set-cookie': ['a=b'] }, body: 'no room' });
    await w.happens(event('a1'));
    w.answers('down');
    await w.system.clock.advance(1_500);
    const delivery = await w.store.delivery('a1');
    assert.equal(delivery?.status, 'due');
    const of = { url: 'https://app.example/hook' };
    const [first, second] = delivery.log;
    assert.deepEqual(first, {
      ...{ startedAt: epoch, finishedAt: epoch, ...of, status: 503, body: 'no room', error: null },
      headers: [
        ['x-why', 'full'],
        ['set-cookie', '***'],
      ],
    });
    assert.deepEqual([second?.status, second?.error, second?.headers], [null, 'connect ECONNREFUSED', []]);
  });

  it('expired-is-failed-and-kept', async (t) => {
    const settled: Settlement[] = [];
    const w = await world(t, { maxAgeMs: 30_000, between: (store) => spying(store, settled) });
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(300_000);
    assert.equal(w.posted.length, 5);
    const { log, ...last } = settled.at(-1)!;
    assert.deepEqual(last, { id: 'a1', status: 'failed', attempts: 5, dueAt: epoch + 22_000, progress: null });
    assert.equal(log.length, 1);
    assert.match(w.system.log.at('error').join(), /given up/);
    await assert.rejects(w.store.commit(batch('again', { events: [event('a1')] })), /UNIQUE/, 'the event is kept');
    assertEmpty(w);
  });

  it('max age 0: failed after the first round', async (t) => {
    const w = await world(t, { maxAgeMs: 0 });
    w.answers('down');
    await w.happens(event('a1'));
    await w.system.clock.advance(4_000);
    assert.equal(w.posted.length, 3);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });
});

describe('delivery: order', () => {
  it('order-kept: a first attempt waits for the one before it, not for its retries', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1'), event('a2'), event('a3'));
    assert.deepEqual(w.drawn(), ['0 a1 #1']);
    await w.posted[0]?.answer(500);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1']);
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.drawn().slice(2), ['1000 a1 #2']);
    await w.posted[1]?.fail();
    assert.deepEqual(w.drawn().slice(3), ['1000 a3 #1']);
    w.answers(200);
    for (const index of [2, 3]) await w.posted[index]?.answer(200);
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.drawn().slice(4), ['2000 a2 #2']);
    assertEmpty(w);
  });

  it('slow-receiver-does-not-block-other-call', async (t) => {
    const w = await world(t);
    w.answers(({ event }) => (event.startsWith('a') ? 'hold' : 200));
    await w.happens(event('a1'), event('a2'), event('b1'), event('b2'));
    await w.happens(event('b3'));
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 b1 #1', '0 b2 #1', '0 b3 #1']);
  });

  it('a dead receiver holds its own origin up and no other', async (t) => {
    const w = await world(t);
    w.answers(({ url }) => (url === primary ? 200 : 'hold'));
    const dead = Array.from({ length: deliveriesPerOrigin + 36 }, (_, index) =>
      event(`${String.fromCharCode(0x4e00 + index)}1`, 'call.initiated', to('https://dead.example/')),
    );
    await w.happens(...dead);
    assert.equal(w.posted.length, deliveriesPerOrigin);
    await w.happens(event('a1'));
    assert.equal(w.posted.at(-1)?.event, 'a1');
    await w.posted[0]?.fail();
    assert.equal(w.posted.length, deliveriesPerOrigin + 2, 'one slot was free again');
    assert.deepEqual(await due(w.store).then((rows) => rows.length), dead.length);
  });

  for (const type of ['call.refer.completed', 'call.refer.failed']) {
    it(`hangup-waits-for-terminal-refer: ${type} acknowledged`, async (t) => {
      const w = await world(t);
      w.answers(({ event, attempt }) => (event === 'a2' && attempt < 3 ? 500 : 200));
      await w.happens(event('a1', 'call.refer.started'), event('a2', type), event('a3', 'call.hangup'));
      await w.system.clock.advance(3_999);
      assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1', '1000 a2 #2']);
      await w.system.clock.advance(1);
      assert.deepEqual(w.drawn().slice(3), ['4000 a2 #3', '4000 a3 #1']);
      assertEmpty(w);
    });
  }

  it('hangup-waits-for-terminal-refer: until its first round is over', async (t) => {
    const w = await world(t);
    w.answers(({ event }) => (event === 'a1' ? 'down' : 200));
    await w.happens(event('a1', 'call.refer.failed'));
    await w.happens(event('a2', 'call.hangup'));
    await w.system.clock.advance(4_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '1000 a1 #2', '4000 a1 #3', '4000 a2 #1']);
    w.answers(200);
    await w.system.clock.advance(6_000);
    assertEmpty(w);
  });

  it('hangup-waits-for-terminal-refer: for each of two', async (t) => {
    const w = await world(t);
    w.answers(({ event, attempt }) => (event !== 'a3' && attempt === 1 ? 500 : 200));
    await w.happens(event('a1', 'call.refer.failed'), event('a2', 'call.refer.failed'), event('a3', 'call.hangup'));
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1', '1000 a1 #2', '1000 a2 #2', '1000 a3 #1']);
    assertEmpty(w);
  });

  it('hangup waits for no other event', async (t) => {
    const w = await world(t);
    w.answers(({ event }) => (event === 'a2' ? 200 : 500));
    await w.happens(event('a1', 'call.refer.started'), event('a2', 'call.hangup'));
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1']);
  });
});

describe('delivery: a new start', () => {
  it('restart-continues: in order, with the same ids, the attempts counting up', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1'), event('a2'), event('a3'), event('b1'));
    await w.posted[0]?.answer(500);
    assert.deepEqual(await due(w.store), ['a1 1 +1000', 'a2 0 +0', 'a3 0 +0', 'b1 0 +0']);
    w.answers(200);
    await w.restart(400);
    assert.deepEqual(w.drawn().slice(3), ['400 a2 #1', '400 b1 #1', '400 a3 #1']);
    await w.system.clock.advance(600);
    assert.deepEqual(w.drawn().slice(6), ['1000 a1 #2']);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('restart-continues: what was due meanwhile goes at once, a later round by its schedule', async (t) => {
    const w = await world(t);
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(10_000);
    assert.deepEqual(await due(w.store), ['a1 4 +22000']);
    await w.restart(60_000);
    assert.deepEqual(w.drawn().slice(4), ['70000 a1 #5']);
    assert.deepEqual(await due(w.store), ['a1 5 +94000']);
  });

  it('restart-continues: the hangup still waits for the terminal refer event', async (t) => {
    const w = await world(t);
    w.answers(500);
    await w.happens(event('a1', 'call.refer.completed'), event('a2', 'call.hangup'));
    await w.restart();
    assert.deepEqual(w.drawn(), ['0 a1 #1']);
    w.answers(200);
    await w.system.clock.advance(1_000);
    assert.deepEqual(w.drawn().slice(1), ['1000 a1 #2', '1000 a2 #1']);
    assertEmpty(w);
  });

  it('expired while nobody ran: failed without another attempt, but never without a first round', async (t) => {
    const w = await world(t, { maxAgeMs: 60_000 });
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(4_000);
    await w.commit(event('b1'));
    w.answers(200);
    await w.restart(3_600_000);
    assert.deepEqual(w.drawn().slice(3), ['3604000 b1 #1']);
    assert.deepEqual(await due(w.store), []);
    assertEmpty(w);
  });

  it('an event offered while the due ones are read is delivered once', async (t) => {
    const w = await world(t);
    const delivery = new Delivery({
      ...{ system: w.system, store: w.store, maxAgeMs: 0, signer: { sign: () => 'signature' } },
      post: async (request) => {
        w.posted.push(
          record(
            w.system,
            request,
            () => {},
            () => {},
          ),
        );
        return { status: 200 };
      },
    });
    await w.commit(event('a1'));
    delivery.offer([event('a1')]);
    const started = delivery.start();
    await w.commit(event('a2'));
    delivery.offer([event('a2')]);
    await started;
    await w.system.clock.settle();
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1']);
    assert.equal(delivery.idle(), true);
  });
});

describe('delivery: once more', () => {
  const again = async (w: World, id: string): Promise<boolean> => {
    const found = await w.delivery.redeliver(id);
    await w.system.clock.advance(0);
    return found;
  };

  it('what was delivered: the same event, the next attempt', async (t) => {
    const w = await world(t);
    await w.happens(event('a1'), event('a2'));
    assert.equal(await again(w, 'a1'), true);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 a2 #1', '0 a1 #2']);
    assert.equal((await w.store.delivery('a1'))?.status, 'delivered');
    assertEmpty(w);
  });

  it('what was given up, however old it is, gets a first round; after a restart as well', async (t) => {
    const w = await world(t, { maxAgeMs: 30_000 });
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(300_000);
    assert.equal((await w.store.delivery('a1'))?.status, 'failed');
    assert.equal(await again(w, 'a1'), true);
    assert.equal(w.delivery.due, 1);
    await w.restart(1_000);
    w.answers(200);
    await w.system.clock.advance(3_000);
    assert.deepEqual(w.drawn().slice(5), ['300000 a1 #6', '301000 a1 #7', '304000 a1 #8']);
    assert.equal((await w.store.delivery('a1'))?.status, 'delivered');
    assertEmpty(w);
  });

  it('what waits goes at once; what is under way once more when that has ended', async (t) => {
    const w = await world(t);
    w.answers(503);
    await w.happens(event('a1'));
    await w.system.clock.advance(10_000);
    assert.equal(w.drawn().at(-1), '10000 a1 #4');
    w.answers('hold');
    assert.equal(await again(w, 'a1'), true);
    assert.equal(w.drawn().at(-1), '10000 a1 #5');
    assert.equal(await again(w, 'a1'), true);
    await w.posted.at(-1)?.answer(200);
    await w.system.clock.advance(0);
    assert.equal(w.drawn().at(-1), '10000 a1 #6');
    await w.posted.at(-1)?.answer(200);
    assertEmpty(w);
  });

  it('what nobody knows, or was never tried, is not found', async (t) => {
    const w = await world(t);
    w.answers('hold');
    await w.happens(event('a1'), event('a2'));
    for (const id of ['nobody', 'a1', 'a2']) assert.equal(await again(w, id), false, id);
    assert.deepEqual(w.drawn(), ['0 a1 #1']);
  });
});

describe('delivery: the end', () => {
  it('settle-fails-once: the outcome is stored later, nothing is delivered again', async (t) => {
    let failures = 1;
    const between = (store: Store): Store => failing(store, () => failures-- > 0);
    const w = await world(t, { between });
    await w.happens(event('a1'));
    assert.deepEqual(await due(w.store), ['a1 0 +0']);
    assert.equal(w.delivery.idle(), false);
    assert.equal(w.system.log.at('error').length, 1);
    await w.system.clock.advance(1_000);
    assert.deepEqual(await due(w.store), []);
    assert.deepEqual(w.drawn(), ['0 a1 #1']);
    assertEmpty(w);
  });

  it('stop: what is under way ends and is stored, what waits stays due', async (t) => {
    const w = await world(t);
    w.answers(({ event }) => (event === 'a1' ? 500 : 'hold'));
    await w.happens(event('a1'), event('a2'), event('a3'), event('b1'));
    let stopped = false;
    const stop = w.delivery.stop().then(() => {
      stopped = true;
    });
    await w.posted[1]?.answer(200);
    assert.equal(stopped, false);
    await w.posted[2]?.answer(500);
    await stop;
    await w.system.clock.advance(60_000);
    assert.deepEqual(w.drawn(), ['0 a1 #1', '0 b1 #1', '0 a2 #1']);
    assert.deepEqual(await due(w.store), ['a1 1 +1000', 'a2 1 +1000', 'a3 0 +0']);
    assert.equal(w.system.clock.armed, 0);
  });

  it('keeps nothing of calls that are done', async (t) => {
    const w = await world(t);
    for (let round = 0; round < 50; round += 1) {
      const name = String.fromCharCode(0x4e00 + round);
      await w.happens(event(`${name}1`), event(`${name}2`, 'call.refer.completed'), event(`${name}3`, 'call.hangup'));
    }
    assert.equal(w.posted.length, 150);
    assertEmpty(w);
  });
});

/** The store, with what is settled written down. */
function spying(store: Store, settled: Settlement[]): Store {
  return settlingBy(store, (settlements) => {
    settled.push(...settlements);
    return store.settle(settlements);
  });
}

/** The store, whose settling fails when it is told to. */
function failing(store: Store, fails: () => boolean): Store {
  return settlingBy(store, (settlements) =>
    fails() ? Promise.reject(new Error('the disk is full')) : store.settle(settlements),
  );
}

function settlingBy(store: Store, settle: Store['settle']): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'settle') return settle;
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
