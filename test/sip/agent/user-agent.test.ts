// Two user agents on a fake wire: what goes over it, what each of them is told, and that nothing is left in the end.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Admission } from '../../../src/sip/admission.ts';
import type { Call } from '../../../src/sip/agent/call.ts';
import type { Outcome } from '../../../src/sip/agent/core.ts';
import type { IncomingInvite } from '../../../src/sip/agent/incoming-invite.ts';
import type { InviteOptions, InviteOutcome } from '../../../src/sip/agent/outgoing-invite.ts';
import { UserAgent, type UserAgentOptions } from '../../../src/sip/agent/user-agent.ts';
import { hasSdp } from '../../../src/sip/dialog/invite-usage.ts';
import { type Request, reply } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { answer, offer } from '../../../src/sip/message/sdp.ts';
import { fakeSystem } from '../../support/fake-system.ts';
import { rawInvite, rawMessage } from '../../support/messages.ts';
import { type Packet, Wire, type WireOptions } from '../../support/wire.ts';

const local = { sessionId: '1', version: 1, address: '192.0.2.1', port: 9, direction: 'inactive' } as const;
const ourOffer = offer(local);
const ourAnswer = (invite: IncomingInvite): string => {
  const answered = answer(invite.request.body, local);
  return typeof answered === 'string' ? assert.fail(answered) : answered.sdp;
};

interface World {
  readonly invited?: (invite: IncomingInvite) => void;
  readonly alice?: Partial<UserAgentOptions>;
  readonly bob?: Partial<UserAgentOptions>;
  readonly wire?: Partial<WireOptions>;
}

/** Alice and Bob; `sent` is what crossed the wire since last asked. In the end both are idle, or the test fails. */
async function world(t: TestContext, { invited, alice: a, bob: b, wire: w }: World = {}) {
  const system = fakeSystem();
  const { clock } = system;
  const packets: Packet[] = [];
  const wire = new Wire({ clock, latencyMs: 10, tap: (packet) => packets.push(packet), ...w });
  const agent = (name: string, host: string, options: Partial<UserAgentOptions> = {}): UserAgent =>
    new UserAgent({ system, name, transports: [wire.transport('udp', host, 5060)], ...options });
  const alice = agent('alice', '192.0.2.1', a);
  const bob = agent('bob', '192.0.2.2', { ...(invited && { invited }), ...b });
  await Promise.all([alice.listen(), bob.listen()]);
  const sent = (): string[] => packets.splice(0).map(({ from, text }) => brief(from, text));
  const invite = (options: Partial<InviteOptions> = {}): Promise<InviteOutcome> =>
    alice.invite(bob.uri, { sdp: ourOffer, ...options });
  const whileTimePasses = async <T>(promise: Promise<T>, ms = 100): Promise<T> => {
    await clock.advance(ms);
    return promise;
  };
  t.after(async () => {
    await clock.advance(100_000);
    for (const { endpoint } of [alice, bob]) {
      assert.deepEqual(endpoint.census(), { transactions: 0, timers: 0, repeats: 0 }, 'something is left');
    }
    assert.equal(clock.armed, 0, 'a timer is left');
    assert.deepEqual(system.log.at('error'), []);
    await Promise.all([alice.close(), bob.close()]);
  });
  return { system, clock, wire, alice, bob, sent, invite, whileTimePasses };
}

/** `a INVITE` of Alice, `b 200` of Bob. */
function brief(from: string, text: string): string {
  const [first = '', second = ''] = text.split(' ');
  return `${from.includes('192.0.2.1') ? 'a' : 'b'} ${first === 'SIP/2.0' ? second : first}`;
}

/** A call that stands. */
async function standing(t: TestContext, options: World & { readonly user?: InviteOptions['user'] } = {}) {
  let theirs: Call | null = null;
  const invited = (invite: IncomingInvite): void => {
    theirs = invite.accept({ sdp: ourAnswer(invite) });
  };
  const all = await world(t, { invited, ...options });
  const { user } = options;
  const { call } = await all.whileTimePasses(all.invite(user ? { user } : {}));
  all.sent();
  assert.ok(call !== null && theirs !== null);
  return { ...all, ours: call, theirs: theirs as Call };
}

test('a call is made, taken and left', async (t) => {
  const told: string[] = [];
  const { alice, bob, invite, sent, whileTimePasses } = await world(t, {
    invited(one) {
      one.progress(180);
      const call = one.accept({ sdp: ourAnswer(one) });
      void one.acknowledged.then((ack) => told.push(`acknowledged by ${ack?.method}`));
      void call?.ended.then(() => told.push('ended'));
    },
  });
  const { status, call } = await whileTimePasses(
    invite({ progress: (response) => told.push(`progress ${response.status}`) }),
  );
  assert.equal(status, 200);
  assert.match(call?.remoteSdp ?? '', /a=inactive/);
  assert.equal(bob.calls[0]?.remoteSdp, ourOffer);
  assert.deepEqual([alice.calls.length, bob.calls.length], [1, 1]);
  assert.deepEqual(sent(), ['a INVITE', 'b 100', 'b 180', 'b 200', 'a ACK']);
  assert.equal((await whileTimePasses(call!.bye())).status, 200);
  assert.deepEqual(sent(), ['a BYE', 'b 200']);
  assert.deepEqual([alice.calls.length, bob.calls.length], [0, 0]);
  assert.deepEqual(told, ['progress 180', 'acknowledged by ACK', 'ended']);
});

test('the called one may leave too', async (t) => {
  const { ours, theirs, sent, clock } = await standing(t);
  void theirs.bye();
  await clock.advance(50);
  await ours.ended;
  assert.deepEqual(sent(), ['b BYE', 'a 200']);
});

test('the called one may leave at once: its BYE waits for the ACK (§15)', async (t) => {
  const { invite, sent, whileTimePasses } = await world(t, {
    invited: (one) => void one.accept({ sdp: ourAnswer(one) })?.bye(),
  });
  const { call } = await whileTimePasses(invite());
  await call?.ended;
  assert.deepEqual(sent(), ['a INVITE', 'b 100', 'b 200', 'a ACK', 'b BYE', 'a 200']);
});

test('a call is refused', async (t) => {
  const { alice, invite, whileTimePasses } = await world(t, { invited: (one) => one.refuse(486) });
  const { status, call, response } = await whileTimePasses(invite());
  assert.deepEqual([status, call, response?.status, alice.calls.length], [486, null, 486, 0]);
});

test('nobody takes calls, or requests of that kind', async (t) => {
  const { alice, bob, invite, whileTimePasses } = await world(t, { bob: { allow: ['MESSAGE'] } });
  assert.equal((await whileTimePasses(invite())).status, 480);
  const { status, response } = await whileTimePasses(alice.request('MESSAGE', bob.uri));
  assert.deepEqual([status, response?.get('Allow')], [405, 'INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE']);
});

test('a request without a call is answered', async (t) => {
  const { alice, bob, whileTimePasses } = await world(t, {
    bob: { allow: ['MESSAGE'], request: ({ request, respond }) => respond(request.body === 'hello' ? 202 : 400) },
  });
  const saying = { headers: [['Content-Type', 'text/plain']], body: 'hello' } as const;
  assert.equal((await whileTimePasses(alice.request('MESSAGE', bob.uri, saying))).status, 202);
  assert.equal((await whileTimePasses(alice.request('OPTIONS', bob.uri))).status, 200);
});

test('the caller gives up while it rings', async (t) => {
  const given: IncomingInvite[] = [];
  const { invite, sent, clock } = await world(t, {
    invited(one) {
      given.push(one);
      one.progress(180);
    },
  });
  const giveUp = new AbortController();
  const outcome = invite({ signal: giveUp.signal });
  await clock.advance(1_000);
  giveUp.abort();
  await clock.advance(100);
  assert.deepEqual([(await outcome).status, await given[0]?.settled], [487, 'cancelled']);
  assert.deepEqual(sent().slice(-4), ['a CANCEL', 'b 200', 'b 487', 'a ACK']);
  assert.equal(given[0]?.accept({ sdp: ourOffer }), null, 'it is too late to accept');
  given[0]?.refuse();
  await clock.advance(100);
  assert.deepEqual(sent(), []);
});

test('the caller gives up before anything was heard, or before it began', async (t) => {
  const given: IncomingInvite[] = [];
  const { invite, sent, whileTimePasses } = await world(t, { invited: (one) => given.push(one) });
  assert.equal((await whileTimePasses(invite({ signal: AbortSignal.abort() }))).status, 487);
  assert.deepEqual(sent(), ['a INVITE', 'b 100', 'a CANCEL', 'b 200', 'b 487', 'a ACK']);
  assert.equal(await given[0]?.settled, 'cancelled');
});

test('CANCEL crosses the 2xx: the call is acknowledged and left', async (t) => {
  const given: IncomingInvite[] = [];
  const { alice, bob, invite, sent, clock } = await world(t, { invited: (one) => given.push(one) });
  const giveUp = new AbortController();
  const outcome = invite({ signal: giveUp.signal });
  await clock.advance(100);
  given[0]?.accept({ sdp: ourAnswer(given[0]) });
  giveUp.abort();
  await clock.advance(100);
  const { status, call } = await outcome;
  assert.deepEqual([status, call, alice.calls.length, bob.calls.length], [487, null, 0, 0]);
  assert.ok(sent().includes('a BYE'));
});

test('no ACK comes: the 2xx is repeated for 64*T1, then BYE', async (t) => {
  const { bob, invite, sent, clock } = await world(t, {
    invited: (one) => void one.accept({ sdp: ourAnswer(one) }),
    wire: { drop: ({ text }) => text.startsWith('ACK') },
  });
  const { call } = await (async () => {
    const outcome = invite();
    await clock.advance(31_900);
    return outcome;
  })();
  assert.equal(bob.calls.length, 1);
  assert.equal(sent().filter((line) => line === 'b 200').length, 11);
  await clock.advance(200);
  await call?.ended;
  assert.deepEqual([bob.calls.length, sent()], [0, ['b BYE', 'a 200']]);
});

test('a 2xx that is lost is repeated, and its ACK again with each copy', async (t) => {
  let copies = 0;
  const { invite, whileTimePasses } = await world(t, {
    invited: (one) => void one.accept({ sdp: ourAnswer(one) }),
    wire: {
      drop: ({ text }) => {
        copies += Number(text.startsWith('ACK'));
        return text.startsWith('ACK') && copies < 3;
      },
    },
  });
  const { status } = await whileTimePasses(invite(), 3_000);
  assert.deepEqual([status, copies], [200, 3]);
});

test('silence counts as 408, and what cannot be sent as 503', async (t) => {
  const { alice, invite, whileTimePasses } = await world(t, { wire: { drop: ({ to }) => to.includes('192.0.2.2') } });
  const { status, response } = await whileTimePasses(invite(), 40_000);
  assert.deepEqual([status, response], [408, null]);
  const unreachable: Promise<Outcome>[] = [
    alice.request('OPTIONS', 'sip:bob@192.0.2.2;transport=tcp'),
    alice.invite('sip:bob@192.0.2.2;transport=tcp', { sdp: ourOffer }),
  ];
  const outcomes = await whileTimePasses(Promise.all(unreachable));
  assert.deepEqual(
    outcomes.map((each) => [each.status, each.response]),
    [
      [503, null],
      [503, null],
    ],
  );
});

test('a challenge is answered, in a call and outside, and once refused it is told', async (t) => {
  const system = fakeSystem();
  const phones = [{ username: 'alice', password: 'secret' }];
  const gate = new Admission({ system, trunks: [], phones, realm: 'biloxi.example' });
  const invited = (one: IncomingInvite): void => void one.accept({ sdp: ourAnswer(one) });
  const { invite, sent, whileTimePasses } = await world(t, {
    invited,
    bob: { gate },
    alice: { credentials: { username: 'alice', password: 'secret' } },
  });
  const { status, call } = await whileTimePasses(invite());
  assert.equal(status, 200);
  assert.deepEqual(sent(), ['a INVITE', 'b 401', 'a ACK', 'a INVITE', 'b 100', 'b 200', 'a ACK']);
  assert.equal((await whileTimePasses(call!.bye())).status, 200);
});

test('wrong credentials, or none: the 401 is the outcome', async (t) => {
  const phones = [{ username: 'alice', password: 'secret' }];
  const gate = new Admission({ system: fakeSystem(), trunks: [], phones, realm: 'biloxi.example' });
  for (const credentials of [{ username: 'alice', password: 'guess' }, null]) {
    const { alice, bob, invite, whileTimePasses } = await world(t, {
      bob: { gate },
      ...(credentials && { alice: { credentials } }),
    });
    assert.equal((await whileTimePasses(invite())).status, 401);
    assert.equal((await whileTimePasses(alice.request('OPTIONS', bob.uri))).status, 401);
  }
});

test('a redirect is followed where that is wished', async (t) => {
  const { invite, whileTimePasses } = await world(t, {
    invited(one) {
      if (one.request.uri.includes('bob@')) one.refuse(302, [['Contact', '<sip:carol@192.0.2.2>']]);
      else one.accept({ sdp: ourAnswer(one) });
    },
  });
  assert.equal((await whileTimePasses(invite())).status, 302);
  const { status, call } = await whileTimePasses(invite({ followsRedirects: true }));
  assert.equal(status, 200);
  await whileTimePasses(call!.bye());
});

test('requests within a call: by its user, or offers refused and the rest agreed to', async (t) => {
  const allow = ['INFO', 'UPDATE'];
  const heard: string[] = [];
  const { ours, theirs, whileTimePasses } = await standing(t, {
    alice: { allow },
    bob: { allow },
    user({ request, respond }) {
      heard.push(`${request.method} ${hasSdp(request)}`);
      respond(202);
    },
  });
  const offers = { headers: [['Content-Type', 'application/sdp']], body: ourOffer } as const;
  assert.equal((await whileTimePasses(theirs.request('INFO'))).status, 202);
  assert.equal((await whileTimePasses(ours.request('INFO'))).status, 200);
  assert.equal((await whileTimePasses(ours.request('UPDATE', offers))).status, 488);
  assert.deepEqual(heard, ['INFO false']);
  assert.deepEqual([ours.dialog.localCseq, theirs.dialog.remoteCseq], [3, 3]);
});

test('an INVITE within a call is nothing that can be asked for: its 2xx would go without ACK', async (t) => {
  const { ours, sent } = await standing(t);
  await assert.rejects(ours.request('INVITE'), TypeError);
  assert.deepEqual(sent(), []);
});

test('a request that was overtaken is refused with 500 (§12.2.2)', async (t) => {
  const { ours, theirs, wire, sent, clock } = await standing(t);
  const { callId, localTag, remoteTag } = theirs.dialog;
  const peer = wire.transport('udp', '192.0.2.9', 5060);
  await peer.listen(() => {});
  const text = rawMessage('OPTIONS sip:bob@192.0.2.2 SIP/2.0', {
    Via: 'SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKold',
    ...{ 'Call-ID': callId, CSeq: '0 OPTIONS', From: `<sip:a@x>;tag=${remoteTag}`, To: `<sip:b@x>;tag=${localTag}` },
  });
  peer.send(text, { transport: 'udp', host: '192.0.2.2', port: 5060 }, assert.fail);
  await clock.advance(50);
  assert.deepEqual(sent().at(-1), 'b 500');
  await peer.close();
  assert.equal(ours.dialog.localCseq, 1);
});

/** Somebody who writes by hand what Bob's phone would say within the call. */
async function stranger({ dialog: { callId, localTag, remoteTag } }: Call, wire: Wire) {
  const peer = wire.transport('udp', '192.0.2.9', 5060);
  await peer.listen(() => {});
  const headers = { 'Call-ID': callId, From: `<sip:b@x>;tag=${remoteTag}`, To: `<sip:a@x>;tag=${localTag}` };
  const to = { transport: 'udp', host: '192.0.2.1', port: 5060 } as const;
  const says = (method: string, branch: string, more = {}): void => {
    const all = { Via: `SIP/2.0/UDP 192.0.2.9:5060;branch=${branch}`, ...headers, CSeq: `7 ${method}`, ...more };
    peer.send(rawMessage(`${method} sip:alice@192.0.2.1 SIP/2.0`, all), to, assert.fail);
  };
  const reinvites = (): void => says('INVITE', 'z9hG4bKre', { Contact: '<sip:bob@192.0.2.2>' });
  return { says, reinvites, close: () => peer.close() };
}

test('a re-INVITE is answered by the user, and its 2xx repeated until its ACK', async (t) => {
  const { ours, bob, wire, sent, clock } = await standing(t, {
    user: ({ respond }) => respond(200, { headers: [['Content-Type', 'application/sdp']], body: ourOffer }),
  });
  const { says, reinvites, close } = await stranger(ours, wire);
  reinvites();
  await clock.advance(1_000);
  assert.deepEqual(sent().filter((line) => line === 'a 200').length, 2, 'at once and after T1');
  says('ACK', 'z9hG4bKack');
  await clock.advance(5_000);
  assert.ok(!sent().includes('a 200'), 'nothing is repeated any more');
  await close();
  assert.equal(bob.calls.length, 1);
});

test('reinvite-never-acknowledged: its 2xx is repeated for 64*T1, then BYE (§14.2)', async (t) => {
  const { ours, wire, clock, sent } = await standing(t, {
    user: ({ respond }) => respond(200, { headers: [['Content-Type', 'application/sdp']], body: ourOffer }),
  });
  const { reinvites, close } = await stranger(ours, wire);
  reinvites();
  await clock.advance(31_900);
  assert.deepEqual([...new Set(sent())], ['b INVITE', 'a 100', 'a 200']);
  await clock.advance(200);
  assert.deepEqual(sent(), ['a BYE', 'b 200']);
  await ours.ended;
  await close();
});

test('bye-twice: one BYE goes, and both learn what became of it', async (t) => {
  const { ours, sent, clock } = await standing(t);
  const both = Promise.all([ours.bye(), ours.bye()]);
  await clock.advance(50);
  assert.deepEqual(
    (await both).map(({ status }) => status),
    [200, 200],
  );
  assert.equal((await ours.bye()).status, 200);
  assert.deepEqual(sent(), ['a BYE', 'b 200']);
});

test('the peer does not know the call any more: 481 ends it', async (t) => {
  const { ours, alice, bob, wire, whileTimePasses } = await standing(t);
  await bob.close();
  const peer = wire.transport('udp', '192.0.2.2', 5060);
  await peer.listen((bytes) => {
    const request = parse(bytes.toString('latin1')) as Request;
    peer.send(reply(request, 481), { transport: 'udp', host: '192.0.2.1', port: 5060 }, assert.fail);
  });
  assert.equal((await whileTimePasses(ours.request('OPTIONS'))).status, 481);
  await ours.ended;
  assert.equal(alice.calls.length, 0);
  await peer.close();
});

test('the same INVITE by two ways is refused with 482 (§8.2.2.2); one that leads nowhere with 400', async (t) => {
  const given: IncomingInvite[] = [];
  const { wire, sent, clock } = await world(t, { invited: (one) => given.push(one) });
  const peer = wire.transport('udp', '192.0.2.9', 5060);
  await peer.listen(() => {});
  const send = (branch: string, changes: Record<string, string> = {}): void =>
    peer.send(
      rawInvite({ Via: `SIP/2.0/UDP 192.0.2.9:5060;branch=${branch}`, Contact: '<sip:x@192.0.2.9>', ...changes }),
      { transport: 'udp', host: '192.0.2.2', port: 5060 },
      assert.fail,
    );
  send('z9hG4bK1');
  send('z9hG4bK2');
  send('z9hG4bK3', { Contact: 'nowhere', 'Call-ID': 'another' });
  await clock.advance(50);
  given[0]?.refuse();
  await clock.advance(50);
  const statuses = sent().filter((line) => /^b [4-6]/.test(line));
  assert.deepEqual(statuses.sort(), ['b 400', 'b 482', 'b 486']);
  await peer.close();
});

test('whoever still waits when the agent is closed learns it', async (t) => {
  const { alice, bob, invite, clock } = await world(t, {
    invited: (one) => void one.accept({ sdp: ourAnswer(one) }),
    wire: { drop: ({ text }) => /^(ACK|SIP\/2.0 200)/.test(text) },
  });
  const outcome = invite();
  await clock.advance(100);
  const left = bob.calls[0]!.bye();
  await Promise.all([alice.close(), bob.close()]);
  await clock.settle();
  assert.deepEqual([(await outcome).status, (await left).status], [503, 503]);
  assert.equal((await invite()).status, 503, 'nor is there anything to be had from a closed one');
});
