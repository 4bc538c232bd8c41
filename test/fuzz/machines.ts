// The fuzz of every machine: inputs in any order, messages with pieces cut out and put in, time that passes. Each is total,
// arms only what its state owns, and lets go of everything in the end.
import assert from 'node:assert/strict';
import { HandClock } from '../../bench/clock.ts';
import { deadlinesOf, isForgotten } from '../../src/call/call.ts';
import type { ReferStepBody } from '../../src/call/commands.ts';
import * as refer from '../../src/call/refer.ts';
import { refersBeforeAnswer } from '../../src/call/routing.ts';
import type { Signal } from '../../src/call/state.ts';
import { transition as inviteUsage } from '../../src/sip/dialog/invite-client-usage.ts';
import { transition as serverUsage } from '../../src/sip/dialog/invite-server-usage.ts';
import { transition as sessionTimer } from '../../src/sip/dialog/session-timer.ts';
import { notifyWait, readNotice, transition as subscribe } from '../../src/sip/dialog/subscription.ts';
import { Endpoint, type Origin } from '../../src/sip/endpoint.ts';
import { type Request, Response, reply } from '../../src/sip/message/message.ts';
import { isFailure, parse } from '../../src/sip/message/parse.ts';
import * as inviteClient from '../../src/sip/transaction/invite-client.ts';
import * as inviteServer from '../../src/sip/transaction/invite-server.ts';
import * as nonInviteClient from '../../src/sip/transaction/non-invite-client.ts';
import * as nonInviteServer from '../../src/sip/transaction/non-invite-server.ts';
import type { Step } from '../../src/sip/transaction/step.ts';
import type { TimerName } from '../../src/sip/transaction/timers.ts';
import type { Receive, Target, Transport } from '../../src/sip/transport/transport.ts';
import { order, inputs as referInputs } from '../call/refer-figure.ts';
import { Line, offerText, target, videoOnly } from '../call/support.ts';
import * as inviteFigure from '../sip/dialog/invite-client-figure.ts';
import * as serverFigure from '../sip/dialog/invite-server-figure.ts';
import * as timerFigure from '../sip/dialog/session-timer-figure.ts';
import { clientFixed, clientInputs, requestOf, serverFixed, serverInputs, textOf } from '../sip/transaction/figure.ts';
import { countingIds } from '../support/fake-system.ts';
import { type Changes, rawMessage } from '../support/messages.ts';
import type { Random } from './random.ts';
import type { Execution } from './readers.ts';

interface Machine<Fixed, State extends { readonly name: string }, Input> {
  readonly timersOf: Readonly<Record<string, readonly TimerName[]>>;
  readonly transition: (tx: Fixed, state: State, input: Input) => Step<State>;
}

/** Any inputs in any order: every armed timer is the state's own, and none is left at the end. */
function transaction<Fixed, State extends { readonly name: string }, Input>(
  machine: Machine<Fixed, State, Input>,
  fixed: Fixed,
  begin: () => Step<State>,
  inputs: ReadonlyMap<string, Input>,
): Execution {
  const names = [...inputs.keys()];
  return (random) => {
    let step = begin();
    let armed = new Set<TimerName>();
    const perform = (): void => {
      const owned = machine.timersOf[step.state.name]!;
      armed = new Set([...armed].filter((timer) => owned.includes(timer)));
      for (const effect of step.effects) if (effect.type === 'arm') armed.add(effect.timer);
      for (const timer of armed) assert.ok(owned.includes(timer), `${timer} in ${step.state.name}`);
    };
    perform();
    for (let left = random.int(30); left > 0; left--) {
      const name = random.pick(names);
      armed.delete(name as TimerName);
      step = machine.transition(fixed, step.state, inputs.get(name)!);
      perform();
    }
    if (step.state.name === 'terminated') assert.equal(armed.size, 0);
  };
}

const inviteRequest = requestOf('INVITE');
const byeRequest = requestOf('BYE');
const invites = [false, true].map((reliable) => ({
  client: clientFixed('INVITE', reliable),
  server: serverFixed(reliable),
}));

function transactions(): Record<string, Execution> {
  const all: Record<string, Execution> = {};
  for (const { client, server } of invites) {
    const over = server.reliable ? 'reliable' : 'unreliable';
    const byes = clientFixed('BYE', server.reliable);
    const begin = { inviteClient: () => inviteClient.start(client), bye: () => nonInviteClient.start(byes) };
    all[`invite-client ${over}`] = transaction(inviteClient, client, begin.inviteClient, clientInputs('INVITE'));
    all[`non-invite-client ${over}`] = transaction(nonInviteClient, byes, begin.bye, clientInputs('BYE'));
    const invited = () => inviteServer.start(inviteRequest, false);
    all[`invite-server ${over}`] = transaction(inviteServer, server, invited, serverInputs('INVITE'));
    const asked = () => nonInviteServer.start(server, byeRequest);
    all[`non-invite-server ${over}`] = transaction(nonInviteServer, server, asked, serverInputs('BYE'));
  }
  return all;
}

/** Any inputs in any order on a machine of a dialog: it is total, and whatever is over stays over. */
function anyOrder<S, I>(
  samples: readonly S[],
  inputs: readonly I[],
  next: (state: S, input: I) => S,
  isOver: (state: S) => boolean,
): Execution {
  return (random) => {
    let state = random.pick(samples);
    for (let left = random.int(30); left > 0; left--) {
      const wasOver = isOver(state);
      state = next(state, random.pick(inputs));
      if (wasOver) assert.ok(isOver(state), JSON.stringify(state));
    }
  };
}

const dialogs: Record<string, Execution> = {
  'invite-client usage': anyOrder(
    Object.values(inviteFigure.samples),
    Object.values(inviteFigure.inputs),
    (usage, input) => inviteUsage(inviteFigure.fixed, usage, input, inviteFigure.at).usage,
    ({ state }) => state.name === 'terminated',
  ),
  'invite-server usage': anyOrder(
    serverFigure.samples,
    Object.values(serverFigure.inputs),
    (state, input) => serverUsage(state, input).state,
    ({ name }) => name === 'terminated',
  ),
  'session timer': anyOrder(
    Object.values(timerFigure.states),
    Object.values(timerFigure.inputs),
    (state, input) => sessionTimer(state, input, timerFigure.at).state,
    ({ name }) => name === 'terminated',
  ),
};

/** A NOTIFY as it might come, and what it and the rest make of a subscription: once terminated, it stays so. */
function subscription(random: Random): void {
  let state = notifyWait;
  for (let left = random.int(12); left > 0; left--) {
    const wasOver = state.name === 'terminated';
    const headers = {
      Event: random.mutated('refer;id=1', 2).replace(/[\r\n\0]/g, ''),
      'Subscription-State': random.mutated('active;expires=60', 2).replace(/[\r\n\0]/g, ''),
      CSeq: '1 NOTIFY',
    };
    const notify = parse(rawMessage('NOTIFY sip:us SIP/2.0', headers));
    const notice = isFailure(notify) || notify instanceof Response ? null : readNotice(notify);
    if (notice && notice.refused === null) state = subscribe(state, { type: 'notify', state: notice.state });
    else state = subscribe(state, random.chance(0.5) ? { type: 'refused' } : { type: 'timer', timer: 'N' });
    if (wasOver) assert.equal(state.name, 'terminated');
  }
}

const referSteps = Object.values(referInputs);

/** Whatever comes, in whatever order: started at most once before the outcome, and at most one outcome. */
function referring(random: Random): void {
  let state = refer.begin(order, 120_000);
  const told: string[] = [];
  for (let left = random.int(30); left > 0; left--) {
    const { refer: next, effects } = refer.transition(state, random.pick(referSteps), random.int(200_000));
    state = next;
    for (const { type } of effects) if (type === 'completed' || type === 'failed') told.push(type);
    for (const timer of ['refer-deadline', 'refer-first-notify', 'refer-retry', 'refer-grace'] as const)
      if (refer.deadlineOf(state, timer) !== null)
        assert.ok((refer.timersOf[state.phase.name] as readonly string[]).includes(timer));
  }
  assert.ok(told.length <= 1, told.join(' '));
  if (told.length === 1) assert.ok(!refer.isPending(state));
}

const methods = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'INFO',
  'NOTIFY',
  'PRACK',
  'UPDATE',
  'OPTIONS',
  'REFER',
  'X',
] as const;
/** What another call may say, whether it is joined to this one or not. */
const signals: readonly Signal[] = [
  { type: 'replaced' },
  { type: 'outrun' },
  { type: 'join', parks: true, isMuted: false },
  { type: 'join', parks: false, isMuted: true },
  { type: 'ask' },
  { type: 'offer', sdp: offerText, isFinal: false },
  { type: 'offer', sdp: 'nonsense', isFinal: true },
  { type: 'answer', sdp: offerText, order: [0] },
  { type: 'answer', sdp: videoOnly, order: [] },
  { type: 'refused', status: 488 },
  { type: 'withdrawn' },
  { type: 'left' },
  { type: 'dialled' },
  { type: 'digit', order: { digits: '5', durationMs: 160 } },
  { type: 'dismissed' },
  { type: 'undialled', status: 503 },
  { type: 'progress', status: 200 },
  { type: 'progress', status: 180 },
  { type: 'progress', status: 486 },
  { type: 'hand-over' },
  { type: 'give-way', to: null },
  { type: 'give-way', to: 'v3:a' },
  { type: 'meet', with: 'v3:a' },
  { type: 'met', status: 200 },
  { type: 'met', status: 488 },
  { type: 'rejoin' },
  { type: 'stay' },
];

const actions: readonly ((line: Line, random: Random) => unknown)[] = [
  (line) => line.answer(),
  (line) => line.command('reject', { cause: 'USER_BUSY' }),
  (line) => line.command('hangup', {}),
  (line, random) => line.refer({ refer_before_answer: random.pick(refersBeforeAnswer) }),
  (line, random) =>
    line.refer({ hold_on_refer: random.chance(0.5), refer_timeout_ms: 20_000, on_failure: steps(random) }),
  (line) =>
    line.take({
      type: 'command',
      command: { name: 'transfer', callee: 'v3:a', clientState: null, isStep: true },
      rtpPort: null,
    }),
  (line) => line.command('send_sip_info', { content_type: 'text/plain', body: 'x' }),
  (line, random) => line.command('send_dtmf', { digits: random.pick(['1', '1w2', 'WwW9#']) }),
  (line) => line.ack(),
  (line) => line.ack({ body: videoOnly }),
  (line) => line.prack(),
  (line) => line.cancel(),
  (line, random) =>
    line.request(random.pick(methods), { headers: oddHeaders(random), body: random.pick(['', videoOnly, 'x']) }),
  (line, random) =>
    line.request('INFO', {
      headers: {
        'Content-Type': random.pick([
          'application/dtmf-relay',
          'application/dtmf',
          'x/y',
          random.nearly(6).replace(/[\r\n\0]/g, ''),
        ]),
      },
      body: random.pick(['5', 'Signal=5\r\nDuration=160\r\n', random.mutated('Signal=10\r\nDuration=160\r\n', 3)]),
    }),
  (line, random) => line.notify(random.pick([100, 180, 200, 302, 486, 603, null]), oddHeaders(random)),
  (line, random) =>
    line.respond(random.pick([100, 180, 200, 200, 202, 302, 401, 407, 422, 481, 491, 503, 603]), oddHeaders(random)),
  (line) => line.take({ type: 'timeout', branch: line.out }),
  (line) => line.take({ type: 'failed', branch: line.out }),
  (line) => line.take({ type: 'resumed' }),
  (line, random) => line.take({ type: 'signal', from: random.pick(['v3:a', 'v3:b']), signal: random.pick(signals) }),
  (line) => line.command('bridge', { call_control_id: 'v3:a' }),
  (line) => line.command('bridge', { call_control_id: 'v3:a', hold_after_unbridge: true }),
  (line) => line.command('refer_accept', {}),
  (line, random) =>
    line.command('enqueue', { queue_name: 'q', max_wait_time_secs: 30, keep_after_hangup: random.chance(0.5) }),
  (line) => line.command('leave_queue', {}),
  (line, random) => line.take({ type: 'command', rtpPort: null, command: changesPlace(random) }),
  (line) => line.request('REFER', { headers: { 'Refer-To': '<sip:carol@chicago.example>' } }),
  (line, random) => line.request(random.pick(['INVITE', 'UPDATE']), { body: offerText }),
  (line, random) => line.after(random.int(40_000)),
  (line) => (deadlinesOf(line.call).length > 0 ? line.waits() : null),
  (line) => (deadlinesOf(line.call).length > 0 ? line.waits() : null),
];

function changesPlace(random: Random) {
  return { name: 'change_place', clientState: null, queue: 'q', keepAfterHangup: random.pick([true, false, null]) };
}

/** Header fields that are read within a dialog, not quite as they should be. */
function oddHeaders(random: Random): Changes {
  if (random.chance(0.5)) return {};
  const name = random.pick([
    'Event',
    'Subscription-State',
    'Contact',
    'RAck',
    'Content-Type',
    'Require',
    'Supported',
    'Refer-Sub',
    'WWW-Authenticate',
    'Retry-After',
    'Reason',
    'Record-Route',
    'Info-Package',
  ]);
  return {
    [name]: random
      .nearly(6)
      .replace(/[\r\n\0]/g, '')
      .trim(),
  };
}

function steps(random: Random): ReferStepBody[] {
  const all = [{ sip_address: target }, { transfer: { to: '+13125550199' } }];
  return Array.from({ length: random.int(4) }, () => random.pick(all));
}

/** Of a refer `started` comes at most once, and the outcome once. */
function inTurn(names: readonly string[]): void {
  let isStarted = false;
  for (const name of names) {
    if (name === 'call.refer.started') assert.ok(!isStarted, names.join(' '));
    if (name === 'call.refer.started') isStarted = true;
    if (name === 'call.refer.completed' || name === 'call.refer.failed') isStarted = false;
  }
  assert.ok(!isStarted, names.join(' '));
}

/**
 * A call through any life: its refers begin and end in turn, it is hung up once, nothing told after that but that it leaves
 * its queue, and forgotten in the end.
 */
function call(random: Random): void {
  const line = lineOf(random);
  if (!line) return;
  for (let left = random.int(25); left > 0; left--) step(line, random);
  line.command('hangup', {});
  for (let left = 40; left > 0 && deadlinesOf(line.call).length > 0; left--) line.waits();
  line.after(200_000);
  assert.deepEqual(deadlinesOf(line.call), []);
  assert.ok(
    isForgotten(line.call, line.at),
    `${line.call.phase.name}, ${JSON.stringify(line.call.outbound?.usage.state)}`,
  );
  const names = line.told.map(({ event }) => event.type);
  const after = names.slice(names.indexOf('call.hangup'));
  assert.match(after.join(' '), /^call\.hangup( call\.dequeued)?$/, names.join(' '));
  const [entered, left] = ['call.enqueued', 'call.dequeued'].map(
    (type) => names.filter((name) => name === type).length,
  );
  assert.equal(entered, left, names.join(' '));
  inTurn(names);
  const onHold = names.filter((name) => name === 'call.hold' || name === 'call.unhold');
  for (const [index, name] of onHold.entries()) assert.equal(name, index % 2 === 0 ? 'call.hold' : 'call.unhold');
}

/** An INVITE that makes no call is none of the machine's. */
function lineOf(random: Random): Line | null {
  if (random.chance(0.3)) return Line.dialled();
  try {
    return new Line(random.chance(0.3) ? { headers: oddHeaders(random) } : {});
  } catch (error) {
    if (error instanceof assert.AssertionError) return null;
    throw error;
  }
}

/** What the test's own helpers could not read was never a message, and does not count. */
function step(line: Line, random: Random): void {
  try {
    random.pick(actions)(line, random);
  } catch (error) {
    if (!(error instanceof assert.AssertionError)) throw error;
  }
}

const us = '192.0.2.1';
const peer: Target = { transport: 'udp', host: '192.0.2.10', port: 5060, flow: `udp:${us}:5060` };

/** A transport that loses what is sent, now and then with an error, and is given what arrives. */
class Void implements Transport {
  readonly name = 'udp';
  readonly local = { transport: 'udp', host: us, port: 5060 } as const;
  readonly #clock: HandClock;
  readonly #random: () => Random;
  receive: Receive = () => {};

  constructor(clock: HandClock, random: () => Random) {
    this.#clock = clock;
    this.#random = random;
  }

  async listen(receive: Receive): Promise<void> {
    this.receive = receive;
  }

  send(text: string, _target: Target, failed: (error: Error) => void): void {
    assert.ok(!isFailure(parse(text)) || text.startsWith('SIP/2.0 4') || text.startsWith('SIP/2.0 5'), text);
    if (this.#random().chance(0.02)) this.#clock.soon(() => failed(new Error('refused')));
  }

  async close(): Promise<void> {}
}

const faults: string[] = [];
const fault = (fields: object, message: string): void => {
  const { err } = fields as { readonly err?: Error };
  faults.push(`${message}: ${err?.stack ?? JSON.stringify(fields)}`);
};

/** An endpoint with its transactions and repeats, between a hostile peer and a careless user: nothing is left in the end. */
export async function endpointExecution(): Promise<Execution> {
  const clock = new HandClock();
  let random: Random = { chance: () => false } as unknown as Random;
  const transport = new Void(clock, () => random);
  const asked: { readonly request: Request; readonly origin: Origin }[] = [];
  const endpoint: Endpoint = new Endpoint({
    system: { clock, ids: countingIds(), log: { debug() {}, info() {}, warn: fault, error: fault } },
    transports: [transport],
    resolve: async () => [],
    user: {
      request: (request, origin) => asked.push({ request, origin }),
      ack() {},
      response() {},
      timeout() {},
      failed() {},
    },
    publicHost: null,
    allow: ['INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'NOTIFY'],
    supported: ['100rel'],
  });
  await endpoint.listen();
  const hear = (text: string): void => transport.receive(Buffer.from(text, 'latin1'), peer);
  const branchOf = (): string => `z9hG4bK${random.int(4)}`;
  const acts: readonly (() => void)[] = [
    () => hear(random.mutated(textOf(random.pick(methods), { branch: branchOf(), cseq: random.int(3) }), 2)),
    () => hear(textOf(random.pick(methods), { branch: branchOf() })),
    () => hear(responseText(random.pick(['INVITE', 'BYE']), random.pick([100, 180, 200, 302, 486]), branchOf())),
    () => hear(random.mutated(responseText('INVITE', 200, branchOf()), 2)),
    () => hear(random.nearly(20)),
    () => ask(random.pick(['INVITE', 'BYE']), branchOf()),
    () => answer(random.pick([100, 180, 200, 202, 302, 408, 486, 603])),
    () => clock.advance(random.int(5_000)),
    () => endpoint.quiet(branchOf()),
  ];
  const ask = (method: string, branch: string): void =>
    endpoint.send({
      branch,
      method,
      text: textOf(method, { branch }).replace('pc33.atlanta.example:5060', us),
      target: peer,
    });
  const answer = (status: number): void => {
    const one = asked.pop();
    if (!one) return;
    // A provisional answer leaves the request to be answered, as RFC 4320 leaves one that was answered 408.
    if (status < 200 || status === 408) asked.unshift(one);
    const text = reply(one.request, status, { toTag: 't' });
    if (status === 200 && random.chance(0.5)) endpoint.repeat(branchOf(), '2xx', one.origin, status, text);
    else endpoint.respond(one.origin, status, text);
  };
  return (chance) => {
    random = chance;
    for (let left = random.int(30); left > 0; left--) {
      random.pick(acts)();
      clock.settle();
    }
    while (asked.length > 0) answer(486);
    // RFC 3261 §17.1.1.2: an INVITE that was answered provisionally waits for its final answer as long as its user does.
    for (let branch = 0; branch < 4; branch++) hear(responseText('INVITE', 486, `z9hG4bK${branch}`));
    clock.advance(200_000);
    const last = faults.splice(0).filter((text) => !text.startsWith('a request with this branch'));
    assert.deepEqual(last, []);
    assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 });
  };
}

function responseText(method: string, status: number, branch: string): string {
  return textOf(method, { branch })
    .replace(/^.*\r\n/, `SIP/2.0 ${status} Phrase\r\n`)
    .replace('pc33.atlanta.example:5060', us);
}

export const machines: Readonly<Record<string, Execution>> = {
  ...transactions(),
  ...dialogs,
  subscription,
  refer: referring,
  call,
};
