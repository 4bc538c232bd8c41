// What a call can go through, told as phones and an application would that know nothing of any crash: each waits for
// what comes next, however long it takes and however often it comes. A flow resolves with what must be true in the end.
import type { Application, Call } from './application.ts';
import type { Answer, Phone } from './phone.ts';

export interface Stage {
  readonly app: Application;
  /** A phone that answers each REFER it gets with the next of these. */
  phone(user: string, refers?: readonly Answer[]): Promise<Phone>;
}

/** What a call has come to: its story in the end, and how many different requests its phone has had. */
export interface Account {
  readonly call: Call;
  readonly story: string;
  readonly phone: Phone;
  /** What is not named must not have come. ACK, INVITE within a dialog and CANCEL are a matter of each flow. */
  readonly requests: Readonly<Record<string, number | readonly [least: number, most: number]>>;
}

export type Flow = (stage: Stage) => Promise<readonly Account[]>;

/** The flow that could not take place: the server died between its 100 and its first commit. */
export class LostInvite extends Error {}

const target = 'sip:bob@biloxi.example';
const plain = 'initiated answered hangup';

let users = 0;
const nameOf = (role: string): string => {
  users += 1;
  return `${role}${users}`;
};

interface Pair {
  readonly phone: Phone;
  readonly call: Call;
}

async function rings({ app, phone }: Stage, refers: readonly Answer[] = []): Promise<Pair> {
  const user = nameOf('hook');
  const caller = await phone(nameOf('alice'), refers);
  caller.calls(user);
  const lost = caller.waiting.until('an answer', () => (caller.end === 'lost' ? true : undefined));
  const call = await Promise.race([
    app.called('incoming', user),
    lost.then(
      () => null,
      () => null,
    ),
  ]);
  if (!call) throw new LostInvite();
  return { phone: caller, call };
}

async function isAnswered(stage: Stage, refers: readonly Answer[] = []): Promise<Pair> {
  const pair = await rings(stage, refers);
  await pair.call.posts('answer');
  await pair.call.gets('call.answered');
  return pair;
}

async function isDialled({ app, phone }: Stage): Promise<Pair> {
  const callee = await phone(nameOf('bob'));
  const call = await app.dials(callee.uri);
  await call.gets('call.answered');
  return { phone: callee, call };
}

async function isOver({ phone, call }: Pair): Promise<void> {
  await call.gets('call.hangup');
  await phone.waiting.until('the end of its dialog', () => phone.end ?? undefined);
}

async function isHungUp(pair: Pair): Promise<void> {
  await pair.call.posts('hangup');
  await isOver(pair);
}

async function hangsUp(pair: Pair): Promise<void> {
  await pair.phone.hangsUp();
  await isOver(pair);
}

const accepts = (...lines: readonly string[]): readonly Answer[] => [
  { status: 202, next: (phone) => void phone.notifies(...lines) },
];

/** The account of a call whose phone has heard a REFER, and BYE if we were to end it. */
const referred = ({ phone, call }: Pair, outcome: string, requests: Account['requests']): readonly Account[] => [
  { call, phone, story: `initiated answered ${outcome} hangup`, requests },
];

const account = ({ phone, call }: Pair, story: string, requests: Account['requests']): Account => ({
  ...{ call, phone, story, requests },
});

export const flows: Readonly<Record<string, Flow>> = {
  'answered, hung up by the application': async (stage) => {
    const pair = await isAnswered(stage);
    await isHungUp(pair);
    return [account(pair, plain, { BYE: 1 })];
  },
  'answered, hung up by the caller': async (stage) => {
    const pair = await isAnswered(stage);
    await hangsUp(pair);
    return [account(pair, plain, {})];
  },
  rejected: async (stage) => {
    const pair = await rings(stage);
    await pair.call.posts('reject', { cause: 'USER_BUSY' });
    await isOver(pair);
    return [account(pair, 'initiated hangup', { ACK: 0 })];
  },
  'referred, the target answers': async (stage) => {
    const pair = await isAnswered(stage, accepts('100 Trying', '200 OK'));
    await pair.call.posts('refer', { sip_address: target });
    await isOver(pair);
    return referred(pair, 'refer.started refer.completed', { REFER: 1, BYE: 1 });
  },
  'referred, the target is busy': async (stage) => {
    const pair = await isAnswered(stage, accepts('100 Trying', '486 Busy Here'));
    await pair.call.posts('refer', { sip_address: target });
    await pair.call.gets('call.refer.failed');
    await isHungUp(pair);
    return referred(pair, 'refer.started refer.failed', { REFER: 1, BYE: 1 });
  },
  'referred, challenged first': async (stage) => {
    const challenge = [['Proxy-Authenticate', 'Digest realm="here", nonce="n1", qop="auth"']] as const;
    const refers = [{ status: 407, headers: challenge }, ...accepts('200 OK')];
    const pair = await isAnswered(stage, refers);
    const credentials = { sip_auth_username: 'carol', sip_auth_password: 'x' };
    await pair.call.posts('refer', { sip_address: target, ...credentials });
    await isOver(pair);
    return referred(pair, 'refer.started refer.completed', { REFER: 2, BYE: 1 });
  },
  'referred, REFER is refused': async (stage) => {
    const pair = await isAnswered(stage, [{ status: 603 }]);
    await pair.call.posts('refer', { sip_address: target });
    await pair.call.gets('call.refer.failed');
    await hangsUp(pair);
    return referred(pair, 'refer.failed', { REFER: 1 });
  },
  'referred, the caller leaves before the target answers': async (stage) => {
    const leaves: Answer = { status: 202, next: (phone) => void phone.hangsUp().then(() => phone.notifies('200 OK')) };
    const pair = await isAnswered(stage, [leaves]);
    await pair.call.posts('refer', { sip_address: target, refer_bye_grace_ms: 10_000 });
    await isOver(pair);
    return referred(pair, 'refer.started refer.completed', { REFER: 1 });
  },
  'referred, no NOTIFY comes': async (stage) => {
    const pair = await isAnswered(stage, [{ status: 202 }]);
    await pair.call.posts('refer', { sip_address: target, refer_first_notify_timeout_ms: 200 });
    await pair.call.gets('call.refer.failed');
    await isHungUp(pair);
    return referred(pair, 'refer.started refer.failed', { REFER: 1, BYE: 1 });
  },
  'hung up while a refer is pending': async (stage) => {
    const pair = await isAnswered(stage, accepts('180 Ringing'));
    await pair.call.posts('refer', { sip_address: target });
    await pair.call.gets('call.refer.started');
    await isHungUp(pair);
    return referred(pair, 'refer.started refer.failed', { REFER: 1, BYE: 1 });
  },
  'referred before the answer': async (stage) => {
    const pair = await rings(stage, accepts('200 OK'));
    await pair.call.posts('refer', { sip_address: target });
    await isOver(pair);
    return [account(pair, 'initiated refer.started refer.completed hangup', { REFER: 1 })];
  },
  'redirected before the answer': async (stage) => {
    const pair = await rings(stage);
    await pair.call.posts('refer', { sip_address: target, refer_before_answer: 'redirect' });
    await isOver(pair);
    return [account(pair, 'initiated refer.started refer.completed hangup', {})];
  },
  'dialled, hung up by the application': async (stage) => {
    const pair = await isDialled(stage);
    await isHungUp(pair);
    return [account(pair, plain, { INVITE: 1, BYE: 1 })];
  },
  'dialled, hung up by the callee': async (stage) => {
    const pair = await isDialled(stage);
    await hangsUp(pair);
    return [account(pair, plain, { INVITE: 1 })];
  },
  transferred: async (stage) => {
    const alice = await isAnswered(stage);
    const phone = await stage.phone(nameOf('bob'));
    await alice.call.posts('transfer', { to: phone.uri });
    const call = await stage.app.called('outgoing', phone.user);
    await Promise.all([alice.call.gets('call.bridged'), call.gets('call.bridged')]);
    await phone.hangsUp();
    await Promise.all([isOver(alice), isOver({ phone, call })]);
    return [
      account(alice, 'initiated answered bridged hangup', { INVITE: 1, BYE: 1 }),
      account({ phone, call }, 'initiated answered bridged hangup', { INVITE: 2 }),
    ];
  },
  'two calls bridged': async (stage) => {
    const alice = await isAnswered(stage);
    const bob = await isDialled(stage);
    await alice.call.posts('bridge', { call_control_id: bob.call.id });
    await Promise.all([alice.call.gets('call.bridged'), bob.call.gets('call.bridged')]);
    await alice.phone.hangsUp();
    await Promise.all([isOver(alice), isOver(bob)]);
    return [
      account(alice, 'initiated answered bridged hangup', { INVITE: 1 }),
      account(bob, 'initiated answered bridged hangup', { INVITE: 2, BYE: 1 }),
    ];
  },
  'enqueued, and bridged from the queue': async (stage) => {
    const queue = nameOf('queue');
    const alice = await isAnswered(stage);
    await alice.call.posts('enqueue', { queue_name: queue });
    await alice.call.gets('call.enqueued');
    const agent = await isDialled(stage);
    await agent.call.posts('bridge', { queue });
    await Promise.all([alice.call.gets('call.bridged'), agent.call.gets('call.bridged')]);
    await agent.phone.hangsUp();
    await Promise.all([isOver(alice), isOver(agent)]);
    return [
      account(alice, 'initiated answered enqueued dequeued bridged hangup', { INVITE: 1, BYE: 1 }),
      account(agent, 'initiated answered bridged hangup', { INVITE: 2 }),
    ];
  },
  'REFER received and followed': async (stage) => {
    const alice = await isAnswered(stage);
    const bob = await isDialled(stage);
    await alice.call.posts('bridge', { call_control_id: bob.call.id });
    await Promise.all([alice.call.gets('call.bridged'), bob.call.gets('call.bridged')]);
    const carol = await stage.phone(nameOf('carol'));
    const { status } = await alice.phone.says('REFER', [['Refer-To', `<${carol.uri}>`]]);
    // A copy of one that was taken before the crash gets 200, which means the same (RFC 6665 §8.3.1).
    if (status !== 202 && status !== 200) alice.phone.faults.push(`REFER was answered ${status}`);
    const call = await stage.app.called('outgoing', carol.user);
    await call.gets('call.bridged');
    await hangsUp(alice);
    await carol.hangsUp();
    await Promise.all([isOver(bob), isOver({ phone: carol, call })]);
    // A server that is down for longer than the grace says BYE itself as soon as it is back.
    return [
      account(alice, 'initiated answered bridged refer.received hangup', { INVITE: 1, NOTIFY: [2, 3], BYE: [0, 1] }),
      account(bob, 'initiated answered bridged bridged hangup', { INVITE: 3, BYE: 1 }),
      account({ phone: carol, call }, 'initiated answered bridged hangup', { INVITE: 2 }),
    ];
  },
};
