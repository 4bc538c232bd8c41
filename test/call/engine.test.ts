// The engine with a store that will not always write: nothing is said that is not on disk, what failed is said or tried
// again, and no call pays for another.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { Applications } from '../../src/call/applications.ts';
import type { ActionName, Bodies } from '../../src/call/commands.ts';
import { Engine } from '../../src/call/engine.ts';
import { Queues } from '../../src/call/queues.ts';
import type { Call } from '../../src/call/state.ts';
import { noRules } from '../../src/call/targets.ts';
import type { Refusal } from '../../src/errors.ts';
import type { Endpoint } from '../../src/sip/endpoint.ts';
import type { Request } from '../../src/sip/message/message.ts';
import type { EventRow } from '../../src/store/store.ts';
import { dueEvents } from '../conformance/store.ts';
import { application } from '../support/application.ts';
import { fakeMedia } from '../support/fake-media.ts';
import { type FakeSystem, fakeSystem } from '../support/fake-system.ts';
import { identity, inviteOf, Line, originOf, peer, responseOf, target, us } from './support.ts';
import { type WilfulStore, wilfulStore } from './wilful-store.ts';

const sessionTimers = identity.policy;
const dial = { gateways: () => [], locate: () => [], host: us.host, followsRedirects: false, targets: noRules };
const parts = { sessionTimers, dial, historyMs: 600_000, sdpAddress: us.host };

/** What the endpoint is told, in a line each, and whether a port was given back twice. */
class Rig {
  readonly system: FakeSystem = fakeSystem();
  readonly store: WilfulStore = wilfulStore();
  readonly said: string[] = [];
  readonly sent: { branch: string; method: string; text: string }[] = [];
  readonly delivered: EventRow[] = [];
  readonly released: number[] = [];
  readonly reserve = { fails: false };
  readonly media = this.#watched();
  readonly applications = new Applications({ ...this, configured: [application()] });
  engine = this.#engine();

  constructor(t: TestContext) {
    t.after(() => this.store.close());
  }

  static async started(t: TestContext): Promise<Rig> {
    const rig = new Rig(t);
    await rig.starts();
    return rig;
  }

  async starts(): Promise<void> {
    await this.engine.restore(this.endpoint);
    this.engine.start();
    await this.settle();
  }

  /** Ends the process without a word, and starts another on the same store. */
  async restarts(): Promise<void> {
    this.engine.stop();
    this.engine = this.#engine();
    await this.starts();
  }

  settle(): Promise<void> {
    return this.system.clock.settle();
  }

  after(ms: number): Promise<void> {
    return this.system.clock.advance(ms);
  }

  /** What was said since the last time. */
  heard(): string[] {
    return this.said.splice(0);
  }

  /** The events that were delivered since the last time. */
  told(): string[] {
    return this.delivered.splice(0).map(({ sequence, type }) => `${sequence} ${type}`);
  }

  arrives(request: Request): void {
    this.engine.request(request, originOf(request));
  }

  /** A call that rings, seen from its caller. */
  async rings(name = 'call', invite: Parameters<typeof inviteOf>[0] = {}): Promise<Line> {
    const headers = { 'Call-ID': `${name}@atlanta.example`, ...invite.headers };
    const request = inviteOf({ branch: `z9hG4bK-${name}`, ...invite, headers });
    this.arrives(request);
    await this.settle();
    const line = new Line({ ...invite, headers, branch: `z9hG4bK-${name}` });
    await this.look(line);
    return line;
  }

  async answers(name = 'call'): Promise<Line> {
    const line = await this.rings(name);
    await this.commands(line, 'answer', {});
    await this.look(line);
    this.engine.ack((line.acks() as { request: Request }).request);
    await this.settle();
    await this.look(line);
    this.heard();
    this.told();
    return line;
  }

  /** Brings the line's picture of its call up to date with the store. */
  async look(line: Line): Promise<Call> {
    const rows = await this.store.calls(0);
    const calls = rows.map(({ state }) => JSON.parse(state) as Call);
    line.call = calls.find(({ dialog }) => dialog.callId === line.invite.callId) ?? line.call;
    return line.call;
  }

  async asks(line: Line, method: string, wanted: Parameters<Line['asks']>[1] = {}): Promise<void> {
    this.arrives((line.asks(method, wanted) as { request: Request }).request);
    await this.settle();
  }

  async notifies(line: Line, status: number, headers: Parameters<Line['notifies']>[1] = {}): Promise<void> {
    this.arrives((line.notifies(status, headers) as { request: Request }).request);
    await this.settle();
  }

  /** Answers the last request that was sent. */
  async responds(status: number): Promise<void> {
    const { branch, text } = this.sent.at(-1)!;
    const head = text.slice(text.indexOf('\r\n'), text.indexOf('\r\n\r\n'));
    this.engine.response(branch, responseOf(`SIP/2.0 ${status} Whatever${head}\r\n\r\n`), peer);
    await this.settle();
  }

  async commands<A extends ActionName>(line: Line, action: A, body: Bodies[A]): Promise<string> {
    const outcome = this.begins(line, action, body);
    await this.settle();
    return outcome;
  }

  /** Resolves to `ok`, or to the names of the refusals. */
  async begins<A extends ActionName>(line: Line, action: A, body: Bodies[A]): Promise<string> {
    return outcomeOf(await this.engine.execute(line.call.id, action, body));
  }

  readonly endpoint = {
    respond: (_to, status, text) => void this.said.push(`${status} to ${responseOf(text).cseq.method}`),
    repeat: (_id, _kind, _to, status, text) =>
      void this.said.push(`${status} to ${responseOf(text).cseq.method}, repeated`),
    quiet: () => {},
    send: (request) => {
      this.sent.push(request);
      this.said.push(request.method);
    },
    localAddresses: () => ({ udp: { transport: 'udp', ...us }, tcp: { transport: 'tcp', ...us } }),
  } satisfies Partial<Endpoint> as unknown as Endpoint;

  #engine(): Engine {
    const { system, store, media, applications } = this;
    const deliver = (events: readonly EventRow[]): void => void this.delivered.push(...events);
    const ask = {
      waiting: (queue: string) => engine.waiting(queue),
      isUsed: (queue: string) => engine.isQueueUsed(queue),
    };
    const queues = new Queues({ system, store, ...ask });
    const engine: Engine = new Engine({ ...parts, system, store, media, applications, queues, deliver });
    return engine;
  }

  #watched() {
    const media = fakeMedia();
    return {
      ...media,
      reserve: async () => {
        if (this.reserve.fails) throw new Error('no port is free');
        return media.reserve();
      },
      release: (port: number) => {
        this.released.push(port);
        media.release(port);
      },
    };
  }
}

function outcomeOf(refusals: readonly Refusal[]): string {
  return refusals.map(({ name }) => name).join(', ') || 'ok';
}

suite('nothing is said that is not on disk', () => {
  test('neither to the peer nor to the application, while a commit is slow', async (t) => {
    const rig = await Rig.started(t);
    rig.store.waits = true;
    rig.arrives(inviteOf());
    await rig.settle();
    assert.deepEqual([rig.heard(), rig.told()], [[], []]);
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual([rig.heard(), rig.told()], [['180 to INVITE'], ['1 call.initiated']]);
  });

  test('a command is answered after its commit, and acted on after that', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    rig.store.waits = true;
    let outcome = '';
    void rig.begins(line, 'refer', { sip_address: target }).then((is) => {
      outcome = is;
      assert.deepEqual(rig.said, ['REFER'], 'HTTP is answered in the same turn');
    });
    await rig.settle();
    assert.deepEqual([outcome, rig.heard()], ['', []]);
    rig.store.goOn();
    await rig.settle();
    assert.equal(outcome, 'ok');
  });

  test('a call that is not committed yet is not shown', async (t) => {
    const rig = await Rig.started(t);
    rig.store.waits = true;
    rig.arrives(inviteOf());
    await rig.settle();
    const id = `v3:${'1'.padStart(64, '0')}`;
    assert.equal(await rig.engine.view(id), null);
    rig.store.goOn();
    await rig.settle();
    assert.equal((await rig.engine.view(id))?.isAlive, true);
  });

  test('what carries no state is not written, and waits for nobody', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.commands(line, 'hangup', {});
    const { length } = rig.store.tried;
    rig.heard();
    rig.store.waits = true;
    await rig.notifies(line, 200);
    await rig.asks(line, 'INFO');
    assert.deepEqual(rig.heard(), ['200 to NOTIFY', '481 to INFO']);
    assert.equal(rig.store.tried.length, length);
  });
});

suite('a commit that fails', () => {
  test('a command: 503, the call is as it was, and the same command_id works afterwards', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    const before = await rig.engine.view(line.call.id);
    rig.store.mood = 'fails';
    const body = { sip_address: target, command_id: 'one', client_state: 'eA==' };
    assert.equal(await rig.commands(line, 'refer', body), 'unavailable');
    assert.deepEqual(rig.heard(), []);
    assert.equal(await rig.engine.accepted(line.call.id, 'one'), false);
    assert.deepEqual(await rig.engine.view(line.call.id), before);
    rig.store.mood = 'writes';
    assert.equal(await rig.commands(line, 'refer', body), 'ok');
    assert.deepEqual(rig.heard(), ['REFER']);
    assert.equal(await rig.engine.accepted(line.call.id, 'one'), true);
  });

  test('a request: 500, and it counts when it comes again', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    rig.store.mood = 'fails';
    await rig.asks(line, 'BYE');
    assert.deepEqual(rig.heard(), ['500 to BYE']);
    assert.equal((await rig.engine.view(line.call.id))?.isAlive, true);
    rig.store.mood = 'writes';
    await rig.asks(line, 'BYE');
    assert.deepEqual([rig.heard(), rig.told()], [['200 to BYE'], ['3 call.hangup']]);
  });

  test('an INVITE: 500, no call is left, and its next try is a new one', async (t) => {
    const rig = await Rig.started(t);
    rig.store.mood = 'fails';
    rig.arrives(inviteOf());
    await rig.settle();
    assert.deepEqual([rig.heard(), rig.told()], [['500 to INVITE'], []]);
    assert.deepEqual(rig.engine.census(), { calls: 0, callTimers: 0 });
    rig.store.mood = 'writes';
    await rig.rings();
    assert.deepEqual([rig.heard(), rig.told()], [['180 to INVITE'], ['1 call.initiated']]);
  });

  test('a response, an ACK and a Timer F are tried again a second later', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    await rig.commands(line, 'answer', {});
    await rig.look(line);
    rig.told();
    rig.store.mood = 'fails';
    rig.engine.ack((line.acks() as { request: Request }).request);
    await rig.settle();
    rig.store.mood = 'writes';
    assert.deepEqual(rig.told(), []);
    await rig.after(1_000);
    assert.deepEqual(rig.told(), ['2 call.answered']);

    await rig.commands(line, 'refer', { sip_address: target });
    rig.store.mood = 'fails';
    await rig.responds(202);
    rig.store.mood = 'writes';
    await rig.after(999);
    assert.deepEqual(rig.told(), []);
    await rig.after(1);
    assert.deepEqual(rig.told(), ['3 call.refer.started']);
    await rig.notifies(line, 486);
    rig.told();

    await rig.commands(line, 'refer', { sip_address: target });
    rig.store.mood = 'fails';
    rig.engine.timeout(rig.sent.at(-1)!.branch, 'REFER');
    await rig.settle();
    rig.store.mood = 'writes';
    await rig.after(1_000);
    assert.deepEqual(rig.told(), ['5 call.refer.failed']);
  });

  test('a timer runs again, and again, until it is written', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.responds(202);
    rig.told();
    rig.store.mood = 'fails';
    const before = rig.store.tried.length;
    await rig.after(36_500);
    assert.equal(rig.store.tried.length - before, 5, 'once a second from 32 s on');
    assert.deepEqual(rig.told(), []);
    rig.store.mood = 'writes';
    await rig.after(500);
    assert.deepEqual(rig.told(), ['4 call.refer.failed']);
  });

  test('a deadline that passes while a decision against it is in flight is not lost with that decision', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.responds(202);
    rig.told();
    rig.store.mood = 'fails';
    rig.store.waits = true;
    await rig.after(31_999);
    await rig.notifies(line, 200);
    await rig.after(1_000);
    rig.store.waits = false;
    rig.store.mood = 'writes';
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual(rig.heard().slice(-1), ['500 to NOTIFY']);
    await rig.after(1_000);
    assert.deepEqual(rig.told(), ['4 call.refer.failed']);
  });

  test('all that was decided on top of it is undone too, and what comes of another call goes on', async (t) => {
    const rig = await Rig.started(t);
    const [one, two] = [await rig.answers('one'), await rig.answers('two')];
    rig.store.mood = 'fails';
    rig.store.waits = true;
    const refer = rig.begins(one, 'refer', { sip_address: target });
    await rig.settle();
    rig.store.mood = 'writes';
    const info = rig.begins(one, 'send_sip_info', { content_type: 'text/plain', body: 'x' });
    const other = rig.begins(two, 'refer', { sip_address: target });
    await rig.asks(one, 'INFO');
    rig.store.waits = false;
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual(await Promise.all([refer, info, other]), ['unavailable', 'unavailable', 'ok']);
    assert.deepEqual(rig.heard(), ['500 to INFO', 'REFER']);
    assert.deepEqual(await rig.look(one), JSON.parse(JSON.stringify(one.call)));
    assert.equal(await rig.commands(one, 'refer', { sip_address: target }), 'ok');
  });

  test('that was written although it rejected is acted on', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    rig.store.mood = 'writes and rejects';
    rig.store.forgetful = 1;
    const outcome = rig.begins(line, 'refer', { sip_address: target });
    await rig.settle();
    assert.deepEqual(rig.heard(), []);
    await rig.after(1_000);
    assert.equal(await outcome, 'ok');
    assert.deepEqual(rig.heard(), ['REFER']);
  });

  test('leaves no gap in the numbers of the events', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    rig.store.mood = 'fails';
    await rig.notifies(line, 200);
    rig.store.mood = 'writes';
    await rig.notifies(line, 200);
    await rig.after(1_000);
    assert.deepEqual(rig.told(), ['3 call.refer.started', '4 call.refer.completed', '5 call.hangup']);
    const numbers = (await dueEvents(rig.store)).map(({ sequence }) => sequence);
    assert.deepEqual(numbers, [1, 2, 3, 4, 5]);
  });
});

suite('a command_id', () => {
  test('that comes again while the first one is in flight is carried out once, and both are answered', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    rig.store.waits = true;
    const body = { sip_address: target, command_id: 'same' };
    const both = [rig.begins(line, 'refer', body), rig.begins(line, 'refer', body)];
    await rig.settle();
    const accepted = rig.engine.accepted(line.call.id, 'same');
    rig.store.waits = false;
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual(await Promise.all(both), ['ok', 'ok']);
    assert.equal(await accepted, true);
    assert.deepEqual(rig.heard(), ['REFER']);
  });

  test('is answered 503 both times when the first one fails, and is free again', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    rig.store.mood = 'fails';
    rig.store.waits = true;
    const body = { sip_address: target, command_id: 'same' };
    const both = [rig.begins(line, 'refer', body), rig.begins(line, 'refer', body)];
    await rig.settle();
    const accepted = rig.engine.accepted(line.call.id, 'same');
    rig.store.waits = false;
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual(await Promise.all(both), ['unavailable', 'unavailable']);
    assert.equal(await accepted, false);
    rig.store.mood = 'writes';
    assert.equal(await rig.commands(line, 'refer', body), 'ok');
  });

  test('of a command that was refused is not remembered', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    const body = { content_type: 'text/plain', body: 'x', command_id: 'info' };
    assert.equal(await rig.commands(line, 'send_sip_info', body), 'not-answered');
    assert.equal(await rig.engine.accepted(line.call.id, 'info'), false);
  });

  test('is remembered after the call, and after a restart', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'hangup', { command_id: 'bye' });
    await rig.restarts();
    assert.equal(await rig.engine.accepted(line.call.id, 'bye'), true);
    await rig.after(60_000);
    assert.equal(rig.engine.census().calls, 0);
    assert.equal(await rig.engine.accepted(line.call.id, 'bye'), true);
    assert.equal(await rig.engine.accepted(line.call.id, 'other'), false);
  });
});

suite('an RTP port', () => {
  const free = (rig: Rig) => assert.deepEqual([...rig.media.ports.keys()], []);

  test('is kept by the answered call until it ends', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    assert.deepEqual([...rig.media.ports.keys()], [40_000]);
    await rig.commands(line, 'hangup', {});
    assert.deepEqual(rig.released, [40_000]);
  });

  test('is given back when its answer is not committed', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    rig.store.mood = 'fails';
    assert.equal(await rig.commands(line, 'answer', {}), 'unavailable');
    free(rig);
    rig.store.mood = 'writes';
    assert.equal(await rig.commands(line, 'answer', {}), 'ok');
    assert.deepEqual(rig.released, [40_000]);
  });

  test('is given back once when decisions on top of its answer are undone with it', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    rig.store.mood = 'fails';
    rig.store.waits = true;
    const answer = rig.begins(line, 'answer', {});
    await rig.settle();
    const refer = rig.begins(line, 'refer', { sip_address: target });
    await rig.settle();
    rig.store.goOn();
    await rig.settle();
    assert.deepEqual(await Promise.all([answer, refer]), ['unavailable', 'unavailable']);
    assert.deepEqual(rig.released, [40_000]);
  });

  test('is given back by the answer that came second', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    const both = [rig.begins(line, 'answer', {}), rig.begins(line, 'answer', {})];
    await rig.settle();
    assert.deepEqual(await Promise.all(both), ['ok', 'unable-to-execute']);
    assert.deepEqual([[...rig.media.ports.keys()], rig.released], [[40_000], [40_002]]);
  });

  test('is given back by an answer with the command_id of another', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    const both = [rig.begins(line, 'answer', { command_id: 'a' }), rig.begins(line, 'answer', { command_id: 'a' })];
    await rig.settle();
    assert.deepEqual(await Promise.all(both), ['ok', 'ok']);
    assert.deepEqual([[...rig.media.ports.keys()], rig.released], [[40_000], [40_002]]);
  });

  test('is given back once by an answer that ends in 488, after its commit', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings('call', { body: inviteOf().body.replace('RTP/AVP', 'RTP/SAVP') });
    rig.store.waits = true;
    const answer = rig.begins(line, 'answer', {});
    await rig.settle();
    assert.deepEqual(rig.released, []);
    rig.store.goOn();
    await rig.settle();
    assert.equal(await answer, 'ok');
    assert.deepEqual(rig.released, [40_000]);
  });

  test('is given back by an answer that ends in 488 and is not committed', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings('call', { body: inviteOf().body.replace('RTP/AVP', 'RTP/SAVP') });
    rig.store.mood = 'fails';
    assert.equal(await rig.commands(line, 'answer', {}), 'unavailable');
    assert.deepEqual(rig.released, [40_000]);
  });

  test('is given back when the caller hangs up before its answer is decided', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    const answer = rig.begins(line, 'answer', {});
    rig.arrives((line.asks('BYE') as { request: Request }).request);
    await rig.settle();
    assert.equal(await answer, 'call-ended');
    free(rig);
  });

  test('none is free: the command is to be tried again, an INVITE that needs one too', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    rig.reserve.fails = true;
    rig.heard();
    assert.equal(await rig.commands(line, 'answer', {}), 'unavailable');
    rig.arrives(inviteOf({ headers: { Require: '100rel', 'Call-ID': 'other' }, body: '', branch: 'z9hG4bK-other' }));
    await rig.settle();
    assert.deepEqual(rig.heard(), ['503 to INVITE']);
    assert.ok(rig.engine.idle);
  });

  test('of our offer is given back when its INVITE is refused, or not committed', async (t) => {
    const rig = await Rig.started(t);
    const headers = { Require: '100rel' };
    rig.arrives(inviteOf({ headers: { ...headers, Contact: null }, body: '' }));
    await rig.settle();
    rig.store.mood = 'fails';
    rig.arrives(inviteOf({ headers, body: '', branch: 'z9hG4bK-2' }));
    await rig.settle();
    assert.deepEqual(rig.heard(), ['400 to INVITE', '500 to INVITE']);
    free(rig);
    assert.equal(rig.released.length, 2);
  });

  test('is bound again after a restart', async (t) => {
    const rig = await Rig.started(t);
    await rig.answers();
    await rig.media.close();
    await rig.restarts();
    assert.deepEqual([...rig.media.ports.keys()], [40_000]);
  });
});

test('a call that has ended is kept for what its peer may repeat, and counted no more', async (t) => {
  const rig = await Rig.started(t);
  const line = await rig.answers();
  const counted = () => [rig.engine.countAlive(), rig.engine.census().calls];
  assert.deepEqual(counted(), [1, 1]);
  await rig.commands(line, 'hangup', {});
  assert.deepEqual(counted(), [0, 1]);
  await rig.after(60_000);
  assert.deepEqual(counted(), [0, 0]);
});

suite('whose a request is', () => {
  test('the same INVITE by another path is merged (RFC 3261 §8.2.2.2), also after a restart', async (t) => {
    const rig = await Rig.started(t);
    await rig.rings();
    rig.heard();
    const forked = inviteOf({ headers: { 'Call-ID': 'call@atlanta.example' }, branch: 'z9hG4bK-fork' });
    rig.arrives(forked);
    await rig.restarts();
    rig.arrives(inviteOf({ headers: { 'Call-ID': 'call@atlanta.example' }, branch: 'z9hG4bK-fork-2' }));
    await rig.settle();
    // The 180 is that of the call which rings: whether it had left is not known after a restart.
    assert.deepEqual(rig.heard(), ['482 to INVITE', '180 to INVITE', '482 to INVITE']);
    assert.equal(rig.engine.census().calls, 1);
  });

  test('a copy of the INVITE after a restart gets the last response, not a second call', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings();
    await rig.restarts();
    rig.heard();
    rig.arrives(line.invite);
    await rig.settle();
    assert.deepEqual(rig.heard(), ['180 to INVITE']);
  });

  test('a request of no dialog of ours: 481', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    const other = inviteOf({ headers: { To: '<sip:us@192.0.2.1>;tag=unknown' } });
    rig.arrives(other);
    await rig.asks(line, 'NOTIFY', { headers: { To: '<sip:us@192.0.2.1>' } });
    await rig.asks(line, 'BYE', { headers: { From: '<sip:alice@atlanta.example>;tag=other' } });
    await rig.asks(line, 'BYE', { headers: { 'Call-ID': 'other' } });
    await rig.asks(line, 'CANCEL', { headers: { To: '<sip:us@192.0.2.1>' } });
    const expected = ['481 to INVITE', '481 to NOTIFY', '481 to BYE', '481 to BYE', '481 to CANCEL'];
    assert.deepEqual(rig.heard(), expected);
  });

  test('a NOTIFY of no refer, of another package, without Event', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.notifies(line, 200);
    await rig.notifies(line, 200, { Event: 'presence' });
    await rig.notifies(line, 200, { Event: null });
    assert.deepEqual(rig.heard(), ['481 to NOTIFY', '489 to NOTIFY', '400 to NOTIFY']);
  });

  test('a NOTIFY after the call is answered until the call is forgotten', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.commands(line, 'hangup', {});
    rig.heard();
    await rig.notifies(line, 200);
    await rig.after(31_900);
    await rig.notifies(line, 200);
    await rig.after(200);
    await rig.notifies(line, 200);
    assert.deepEqual(rig.heard(), ['200 to NOTIFY', '200 to NOTIFY', '481 to NOTIFY']);
  });

  test('an application has a call from the INVITE on, before it is committed, until its end', async (t) => {
    const rig = await Rig.started(t);
    const has = () => [rig.engine.hasCalls(application().id), rig.engine.activeCalls(application().id).length];
    rig.arrives(inviteOf({ branch: 'z9hG4bK-call', headers: { 'Call-ID': 'call@atlanta.example' } }));
    assert.deepEqual(has(), [true, 0]);
    await rig.settle();
    assert.deepEqual(has(), [true, 1]);
    const line = await rig.answers('other');
    await rig.commands(line, 'hangup', {});
    assert.deepEqual(has(), [true, 1]);
    assert.deepEqual([rig.engine.hasCalls('7'), rig.engine.activeCalls('7')], [false, []]);
  });

  test('an INVITE that no call can be made of', async (t) => {
    const rig = await Rig.started(t);
    const rows: readonly (readonly [Parameters<typeof inviteOf>[0], string])[] = [
      [{ headers: { Contact: null } }, '400 to INVITE'],
      [{ body: 'v=0\r\nm=audio 4000 RTP/AVP 18\r\n' }, '488 to INVITE'],
      [{ headers: { 'Content-Type': 'text/plain' }, body: 'hello' }, '415 to INVITE'],
    ];
    for (const [index, [wanted, expected]] of rows.entries()) {
      rig.arrives(inviteOf({ ...wanted, branch: `z9hG4bK-${index}` }));
      await rig.settle();
      assert.deepEqual(rig.heard(), [expected]);
    }
    assert.deepEqual([rig.told(), rig.engine.census().calls], [[], 0]);
  });

  test('what arrives while the calls are being restored finds its call', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    rig.heard();
    rig.engine.stop();
    const queues = new Queues({ ...rig, waiting: () => [], isUsed: () => false });
    const next = new Engine({ ...rig, ...parts, queues, deliver: () => {} });
    await next.restore(rig.endpoint);
    const { request } = line.notifies(200) as { request: Request };
    next.request(request, originOf(request));
    next.start();
    await rig.settle();
    assert.ok(rig.heard().includes('200 to NOTIFY'));
    next.stop();
  });
});

suite('a bug in a decision ends its call and no other', () => {
  /** Puts a line break where the next REFER will be built of: writing it throws. */
  async function broken(rig: Rig, line: Line, change: (call: Call) => Call): Promise<void> {
    const call = change(await rig.look(line));
    await rig.store.commit({
      id: 'broken',
      calls: [{ ...call, state: JSON.stringify(call), endedAt: null }],
      events: [],
      commands: [],
    });
    await rig.restarts();
    rig.heard();
    rig.told();
  }
  const withBadHeader = (call: Call): Call => {
    const { refer } = call;
    assert.ok(refer);
    return { ...call, refer: { ...refer, order: { ...refer.order, headers: [{ name: 'X', value: 'a\r\nb' }] } } };
  };
  const withBadDialog = (call: Call): Call => ({ ...call, dialog: { ...call.dialog, remote: 'a\r\nb' } });

  test('met by an ACK', async (t) => {
    const rig = await Rig.started(t);
    const [line, other] = [await rig.rings('one'), await rig.answers('two')];
    await rig.commands(line, 'answer', {});
    await rig.commands(line, 'refer', { sip_address: target });
    await broken(rig, line, withBadHeader);
    rig.engine.ack((line.acks() as { request: Request }).request);
    await rig.settle();
    assert.deepEqual([rig.heard(), rig.told()], [['BYE'], ['2 call.refer.failed', '3 call.hangup']]);
    assert.match(rig.system.log.at('error').join(), /A decision failed/);
    assert.equal(await rig.commands(other, 'refer', { sip_address: target }), 'ok');
  });

  test('met by a request: it is answered 500', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.rings('call', { headers: { Supported: '100rel' } });
    await rig.commands(line, 'refer', { sip_address: target });
    await broken(rig, line, withBadHeader);
    await rig.asks(line, 'PRACK', { headers: { RAck: `${line.call.reliable?.rseq} 1 INVITE` } });
    assert.deepEqual(rig.heard(), ['500 to PRACK', '500 to INVITE']);
    assert.deepEqual(rig.told(), ['2 call.refer.failed', '3 call.hangup']);
  });

  test('met by a timer', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.responds(491);
    await broken(rig, line, withBadHeader);
    await rig.after(2_000);
    assert.deepEqual([rig.heard(), rig.told()], [['BYE'], ['3 call.refer.failed', '4 call.hangup']]);
  });

  test('met by a command: it is answered 500, and was not accepted', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'refer', { sip_address: target, sip_auth_username: 'x', command_id: 'a' });
    await rig.responds(603);
    await broken(rig, line, (call) => ({ ...call, contactUser: 'a\r\nb' }));
    const outcome = rig.begins(line, 'refer', { sip_address: target, command_id: 'b' });
    await rig.settle();
    assert.equal(await outcome, 'internal-error');
    assert.equal(await rig.engine.accepted(line.call.id, 'b'), false);
    assert.deepEqual(rig.told(), ['4 call.hangup']);
  });

  test('and one that cannot even be ended is dropped, and does not keep its timer ringing', async (t) => {
    const rig = await Rig.started(t);
    const [line, other] = [await rig.answers('one'), await rig.answers('two')];
    await rig.commands(line, 'refer', { sip_address: target });
    await rig.responds(491);
    await broken(rig, line, withBadDialog);
    await rig.after(2_000);
    assert.deepEqual([rig.heard(), rig.told()], [[], []]);
    assert.match(rig.system.log.at('error').join(), /it is dropped/);
    assert.equal(rig.engine.census().calls, 1);
    assert.equal(await rig.commands(other, 'hangup', {}), 'ok');
  });
});

suite('a call that has ended', () => {
  test('is shown and refuses commands for ten minutes, after a restart too, and is then unknown', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.commands(line, 'hangup', {});
    await rig.responds(200);
    for (const wait of [0, 40_000, 500_000]) {
      await rig.after(wait);
      if (wait === 40_000) await rig.restarts();
      assert.equal((await rig.engine.view(line.call.id))?.isAlive, false);
      assert.equal(await rig.commands(line, 'refer', { sip_address: target }), 'call-ended');
    }
    await rig.after(120_000);
    assert.equal(await rig.engine.view(line.call.id), null);
    assert.equal(await rig.commands(line, 'refer', { sip_address: target }), 'invalid-call-control-id');
    assert.equal((await rig.store.calls(0)).length, 0);
  });

  test('leaves nothing behind: no timer, no name', async (t) => {
    const rig = await Rig.started(t);
    const line = await rig.answers();
    await rig.asks(line, 'BYE');
    await rig.after(32_000);
    assert.deepEqual(rig.engine.census(), { calls: 0, callTimers: 0 });
    await rig.asks(line, 'BYE');
    assert.deepEqual(rig.heard(), ['200 to BYE', '481 to BYE']);
  });
});
