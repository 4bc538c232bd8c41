// examples/operator with phones of three people: a caller, an agent who takes it from the queue, and a second agent who is
// asked. Caller and second are linphonecs: baresip 1.0.0 knows nothing of Replaces. Of the three only baresip, the agent,
// says something: whoever hears it is joined to it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { root } from '../../scripts/ready.mjs';
import { Baresip } from './support/baresip.ts';
import { Centre } from './support/centre.ts';
import { Linphone } from './support/linphone.ts';
import { without } from './support/peers.ts';
import {
  acks,
  answers,
  answersInvite,
  gets,
  invite,
  notifies,
  rings,
  type Step,
  sdp,
  sends,
} from './support/scenario.ts';
import { Sipp } from './support/sipp.ts';

const transport = 'udp';
const account = { username: 'bob', password: 'wonderland' };
const taken = 'initiated answered enqueued dequeued bridged';

async function hears({ program, isHearing }: Linphone): Promise<void> {
  await program.line(isHearing, program.lines.length);
}

/** Its calls are numbered. */
async function ends({ program }: Linphone, call: number): Promise<void> {
  await program.line(new RegExp(`^Call ${call} with .* ended`));
}

async function waits(centre: Centre): Promise<Linphone> {
  const caller = await Linphone.open(centre.scope, { transport, server: centre.sipPort });
  caller.calls(centre.uri('help'));
  await centre.tells('help', 'call.enqueued', { queue: 'callers', current_position: 1 });
  return caller;
}

async function takes(centre: Centre): Promise<Baresip> {
  const agent = await Baresip.open(centre.scope, { transport, server: centre.sipPort });
  agent.calls(centre.uri('agents'));
  await centre.tells('agents', 'call.bridged');
  await centre.tells('help', 'call.dequeued', { reason: 'bridged', queue_position: 1 });
  await centre.tells('help', 'call.bridged');
  return agent;
}

/** The agent talks to bob, and not to the caller. */
async function asksBob(centre: Centre): Promise<Linphone> {
  const bob = await Linphone.open(centre.scope, { transport, server: centre.sipPort, account });
  await bob.program.line(/to \[LinphoneRegistrationOk\]/);
  assert.equal(await centre.asks('consult', centre.uri('bob')), 200);
  await centre.tells('bob', 'call.bridged');
  await centre.tells('agents', 'call.bridged', { nth: 2 });
  await hears(bob);
  return bob;
}

interface Talk {
  readonly centre: Centre;
  readonly caller: Linphone;
  readonly agent: Baresip;
}

async function talks(t: TestContext): Promise<Talk> {
  const centre = await Centre.open(t);
  const caller = await waits(centre);
  const agent = await takes(centre);
  await hears(caller);
  return { centre, caller, agent };
}

/** The agent hangs up, and that is the end for the caller too. */
async function isOver({ centre, caller, agent }: Talk): Promise<void> {
  agent.hangsUp();
  await centre.tells('help', 'call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
  await ends(caller, 1);
  await centre.isEmpty();
}

/** A caller who takes the REFER like this, and hangs up when it is back with the agent after it. */
const waitsAndIsReferred = (...refer: readonly Step[]): readonly Step[] => {
  const isOffered = [gets('INVITE'), answers('200 OK', { body: sdp() }), gets('ACK')];
  const [joined, parked, joinedAgain] = [isOffered, isOffered, isOffered];
  const calls = [invite(), ...rings, gets(200), acks()];
  return [...calls, ...joined, ...parked, gets('REFER'), ...refer, ...joinedAgain, sends('BYE'), gets(200)];
};

const transfersThatFail = {
  'the caller refuses the REFER': [answers('603 Decline')],
  'the phone of the second agent is gone': [
    answers('202 Accepted'),
    notifies('SIP/2.0 503 Service Unavailable', 'terminated;reason=noresource'),
    gets(200),
  ],
} satisfies Record<string, readonly Step[]>;

/** The one in the documentation has the same rows. When each came, and what came twice, is another in each run. */
function settleDrawing(drawn: string): void {
  const path = join(root, 'test/scenario/golden/operator.ladder');
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, drawn);
  assert.deepEqual(rowsOf(drawn), rowsOf(readFileSync(path, 'utf8')));
}

const rowsOf = (drawn: string): Set<string> =>
  new Set(drawn.split('\n').map((row) => row.replace(/^ *\d+\.\d{3}/, '')));

suite('operator', { skip: without('baresip', 'linphonec', 'script', 'sipp'), concurrency: 2 }, () => {
  test('a caller waits, is taken, and is given to who was asked', async (t) => {
    const { centre, caller } = await talks(t);
    const bob = await asksBob(centre);
    assert.equal(await centre.asks('complete'), 200);
    await centre.tells('help', 'call.refer.completed', { sip_notify_response: 200 });
    for (const user of ['bob', 'help', 'agents'])
      await centre.tells(user, 'call.hangup', { hangup_cause: 'normal_clearing' });
    assert.equal(centre.story('help'), `${taken} refer.started refer.completed hangup`);
    assert.equal(centre.story('agents'), `${taken} bridged hangup`);
    assert.equal(centre.story('bob'), 'initiated answered bridged hangup');
    settleDrawing(await centre.ladderOf('help'));
    await centre.isEmpty();
    // They have each other without us.
    await caller.program.line(/^Media streams established with .*sip:bob@.* for call 2 \(audio\)/);
    await bob.program.line(/^Media streams established with .* for call 2 \(audio\)/);
    bob.hangsUp();
    await ends(caller, 2);
  });

  test('the second agent is busy: the first one still has the caller', async (t) => {
    const talk = await talks(t);
    const { centre, caller } = talk;
    const steps = [gets('INVITE'), answersInvite('486 Busy Here'), gets('ACK')];
    const third = await Sipp.open(centre.scope, 'third party', { transport, steps });
    assert.equal(await centre.asks('consult', `sip:third@127.0.0.1:${third.port}`), 200);
    await centre.tells('third', 'call.hangup', { hangup_cause: 'user_busy', sip_hangup_cause: '486' });
    await third.succeeds();
    await hears(caller);
    assert.equal(await centre.asks('complete'), 400, 'there is nobody to give the caller to');
    await isOver(talk);
    assert.deepEqual([centre.story('help'), centre.story('agents')], [`${taken} hangup`, `${taken} hangup`]);
  });

  for (const whose of ['bob', 'desk'] as const) {
    test(`the second agent does not want it, and ${whose} hangs up: the caller is back`, async (t) => {
      const talk = await talks(t);
      const { centre, caller } = talk;
      const bob = await asksBob(centre);
      if (whose === 'bob') bob.hangsUp();
      else assert.equal(await centre.asks('back'), 200);
      await centre.tells('help', 'call.bridged', { nth: 2 });
      await ends(bob, 1);
      await hears(caller);
      await isOver(talk);
      assert.equal(centre.story('agents'), `${taken} bridged bridged hangup`);
    });
  }

  for (const [what, refer] of Object.entries(transfersThatFail)) {
    test(`${what}: the first agent has the caller again`, async (t) => {
      const centre = await Centre.open(t);
      const steps = waitsAndIsReferred(...refer);
      const caller = await Sipp.open(centre.scope, 'caller', {
        transport,
        steps,
        calls: { user: 'help', port: centre.sipPort },
      });
      await centre.tells('help', 'call.enqueued');
      await takes(centre);
      const bob = await asksBob(centre);
      assert.equal(await centre.asks('complete'), 200);
      await centre.tells('help', 'call.refer.failed');
      await centre.tells('help', 'call.bridged', { nth: 2 });
      await ends(bob, 1);
      await caller.succeeds();
      for (const user of ['bob', 'help', 'agents']) await centre.tells(user, 'call.hangup');
      assert.equal(centre.story('agents'), `${taken} bridged bridged hangup`);
      await centre.isEmpty();
    });
  }

  test('the caller hangs up while it waits: the agent who comes then waits', async (t) => {
    const centre = await Centre.open(t);
    const caller = await waits(centre);
    caller.hangsUp();
    await centre.tells('help', 'call.dequeued', { reason: 'hangup' });
    await centre.tells('help', 'call.hangup', { hangup_source: 'caller' });
    const agent = await Baresip.open(centre.scope, { transport, server: centre.sipPort });
    agent.calls(centre.uri('agents'));
    await centre.tells('agents', 'call.enqueued', { queue: 'agents', current_position: 1 });
    assert.equal(await centre.asks('consult', centre.uri('bob')), 400, 'there is no caller');
    agent.hangsUp();
    await centre.tells('agents', 'call.hangup');
    assert.equal(centre.story('agents'), 'initiated answered enqueued dequeued hangup');
    await centre.isEmpty();
  });

  test('the agent hangs up while it asks: the caller waits again, and the next agent takes it', async (t) => {
    const { centre, caller, agent } = await talks(t);
    const bob = await asksBob(centre);
    agent.hangsUp();
    await centre.tells('help', 'call.enqueued', { nth: 2, queue: 'callers' });
    await ends(bob, 1);
    agent.calls(centre.uri('agents'));
    await centre.tells('help', 'call.bridged', { nth: 2 });
    await hears(caller);
    await isOver({ centre, caller, agent });
    assert.equal(centre.story('help'), `${taken} enqueued dequeued bridged hangup`);
    assert.equal(centre.story('bob'), 'initiated answered bridged hangup');
  });

  test('the caller hangs up on hold: the two agents go on until they have done', async (t) => {
    const { centre, caller } = await talks(t);
    const bob = await asksBob(centre);
    caller.hangsUp();
    await centre.tells('help', 'call.hangup', { hangup_source: 'caller' });
    await hears(bob);
    assert.equal(await centre.asks('complete'), 400);
    bob.hangsUp();
    await centre.tells('agents', 'call.hangup');
    await centre.isEmpty();
  });
});
