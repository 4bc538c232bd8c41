// What SIPp can do in a call, each flow whole: its scenario is the peer's half and fails on any message that is not the one
// it waits for, the application's half is beside it. SIPp plays it with Switchhook, or through a proxy.
import assert from 'node:assert/strict';
import type { TransportName } from '../../../src/sip/transport/transport.ts';
import type { Application, Conversation } from './application.ts';
import {
  acks,
  acksRefusal,
  answers,
  answersInvite,
  cancels,
  type Got,
  gets,
  invite,
  notifies,
  rings,
  type Sent,
  type Step,
  sdp,
  sends,
} from './scenario.ts';
import type { Scope } from './scope.ts';
import { Sipp } from './sipp.ts';

export interface Flow {
  readonly steps: readonly Step[];
  readonly application: (call: Conversation) => Promise<void>;
  readonly types: readonly string[];
}

const target = 'sip:bob@biloxi.example';
const active = 'active;expires=60';
const terminated = 'terminated;reason=noresource';
const clearedByUs = { hangup_cause: 'normal_clearing', hangup_source: 'callee', sip_hangup_cause: '200' };
const clearedByPeer = { hangup_cause: 'normal_clearing', hangup_source: 'caller', sip_hangup_cause: '200' };

const hears = (status: number, state: string): readonly Step[] => [
  gets('NOTIFY', { headers: { Event: 'refer', 'Subscription-State': state }, has: [`SIP/2.0 ${status}`] }),
  answers('200 OK'),
];
const isAnswered = [invite(), ...rings, gets(200, { has: ['a=sendrecv'] }), acks()];
const getsBye = [gets('BYE'), answers('200 OK')];
const saysBye = [sends('BYE'), gets(200)];
const unauthorized = (header: string): string =>
  `${header}: Digest realm="biloxi", nonce="47364c23432d2e131a5fb210812c"`;

export const isReferred = [
  'call.initiated',
  'call.answered',
  'call.refer.started',
  'call.refer.completed',
  'call.hangup',
];

/** The refer is challenged, and its NOTIFY names the REFER that was accepted: the second (JsSIP#961). */
const challenged = (
  status: string,
  challenge: string,
  credentials: string,
  got: Got = {},
  accepted: Sent = {},
): Flow => ({
  steps: [
    ...isAnswered,
    gets('REFER', { headers: { CSeq: '^ *1 REFER' } }),
    answers(status, { headers: [unauthorized(challenge)] }),
    gets('REFER', {
      headers: { CSeq: '^ *2 REFER', [credentials]: 'Digest username="alice", realm="biloxi", nonce="47364c' },
      ...got,
    }),
    answers('202 Accepted', accepted),
    notifies('SIP/2.0 200 OK', terminated, '2'),
    gets(200),
    ...getsBye,
  ],
  application: async (call) => {
    await call.answer();
    await call.gets('call.answered');
    await call.refer(target, { sip_auth_username: 'alice', sip_auth_password: 'wonderland' });
    await call.gets('call.refer.started', { sip_notify_response: 100 });
    await call.gets('call.refer.completed', { sip_notify_response: 200, refer_sip_response: 202 });
    await call.gets('call.hangup', clearedByUs);
  },
  types: isReferred,
});

const isLeft = ['call.initiated', 'call.answered', 'call.hangup'];
const timer = ['Supported: timer', 'Session-Expires: 90;refresher=uac'];

export const flows = {
  'caller-leaves': { steps: [...isAnswered, ...saysBye], application: answeredThenLeft, types: isLeft },

  'refer-answered': {
    steps: [
      ...isAnswered,
      gets('REFER', {
        headers: { 'Refer-To': `<${target}>`, 'Referred-By': '<sip:refer-[a-z0-9-]*@', Contact: '<sip:' },
      }),
      answers('202 Accepted'),
      notifies('SIP/2.0 100 Trying', active),
      gets(200),
      notifies('SIP/2.0 200 OK', terminated),
      gets(200),
      ...getsBye,
    ],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered', { state: 'answered' });
      await call.refer(target);
      await call.gets('call.refer.started', { sip_notify_response: 100, refer_to: target, refer_sip_response: 202 });
      await call.gets('call.refer.completed', { sip_notify_response: 200, notify_sip_responses: [100, 200] });
      await call.gets('call.hangup', clearedByUs);
    },
    types: isReferred,
  },

  // Over UDP nobody listens where the REFER would go by TCP: it comes as a datagram all the same (RFC 3261 §18.1.1).
  'refer-too-large-for-a-datagram': {
    steps: [
      ...isAnswered,
      gets('REFER', { has: ['X-Long: xxxxxxxxx'] }),
      answers('202 Accepted'),
      notifies('SIP/2.0 200 OK', terminated),
      gets(200),
      ...getsBye,
    ],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.refer(target, { custom_headers: [{ name: 'X-Long', value: 'x'.repeat(2_000) }] });
      await call.gets('call.refer.started', { sip_notify_response: 100, refer_sip_response: 202 });
      await call.gets('call.refer.completed', { sip_notify_response: 200 });
      await call.gets('call.hangup', clearedByUs);
    },
    types: isReferred,
  },

  'refer-busy': {
    steps: [
      ...isAnswered,
      gets('REFER'),
      answers('202 Accepted'),
      notifies('SIP/2.0 100 Trying', active),
      gets(200),
      notifies('SIP/2.0 486 Busy Here', terminated),
      gets(200),
      ...getsBye,
    ],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.refer(target);
      await call.gets('call.refer.started', { sip_notify_response: 100 });
      await call.gets('call.refer.failed', { sip_notify_response: 486, failure_reason: 'busy' });
      assert.equal(await call.isAlive(), true);
      await call.hangup();
      await call.gets('call.hangup', clearedByUs);
    },
    types: ['call.initiated', 'call.answered', 'call.refer.started', 'call.refer.failed', 'call.hangup'],
  },

  'cancel-while-ringing': {
    steps: [invite(), ...rings, cancels, gets(200), gets(487), acksRefusal],
    application: (call) =>
      call
        .gets('call.hangup', {
          hangup_cause: 'originator_cancel',
          hangup_source: 'caller',
          sip_hangup_cause: '487',
        })
        .then(),
    types: ['call.initiated', 'call.hangup'],
  },

  'reliable-180': {
    steps: [
      invite({ headers: ['Require: 100rel'] }),
      gets(100, { optional: true }),
      gets(180, { headers: { Require: '100rel' }, keep: { rseq: 'RSeq: *([0-9]+)' } }),
      sends('PRACK', { headers: ['RAck: [$rseq] 1 INVITE'] }),
      gets(200, { headers: { CSeq: '2 PRACK' } }),
      gets(200, { headers: { CSeq: '1 INVITE' }, has: ['m=audio'] }),
      acks(),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'reliable-180-with-our-offer': {
    steps: [
      invite({ headers: ['Require: 100rel'], body: '' }),
      gets(100, { optional: true }),
      gets(180, { headers: { Require: '100rel' }, has: ['m=audio'], keep: { rseq: 'RSeq: *([0-9]+)' } }),
      sends('PRACK', { headers: ['RAck: [$rseq] 1 INVITE'], body: sdp() }),
      gets(200, { headers: { CSeq: '2 PRACK' } }),
      gets(200, { headers: { CSeq: '1 INVITE', 'Content-Length': '^ *0' } }),
      acks(),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'hold-and-resume': {
    steps: [
      ...isAnswered,
      sends('INVITE', { body: sdp('sendonly') }),
      gets(100, { optional: true }),
      gets(200, { headers: { CSeq: '2 INVITE' }, has: ['a=recvonly'] }),
      acks(),
      sends('INVITE', { body: sdp() }),
      gets(100, { optional: true }),
      gets(200, { headers: { CSeq: '3 INVITE' }, has: ['a=sendrecv'] }),
      acks(),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'offers-again-without-an-offer': {
    steps: [
      ...isAnswered,
      sends('INVITE'),
      gets(100, { optional: true }),
      gets(200, { headers: { CSeq: '2 INVITE' }, has: ['m=audio [0-9]+ RTP/AVP', 'a=sendrecv'] }),
      acks({ body: sdp() }),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'session-that-the-caller-refreshes': {
    steps: [
      invite({ headers: timer }),
      ...rings,
      gets(200, { headers: { 'Session-Expires': '^ *90 *; *refresher=uac', Require: 'timer' } }),
      acks(),
      sends('UPDATE', { headers: timer }),
      gets(200, { headers: { CSeq: '2 UPDATE', 'Session-Expires': '^ *90 *; *refresher=uac' } }),
      sends('INVITE', { headers: timer, body: sdp() }),
      gets(100, { optional: true }),
      gets(200, { headers: { CSeq: '3 INVITE', 'Session-Expires': '^ *90 *; *refresher=uac' } }),
      acks(),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  update: {
    steps: [
      ...isAnswered,
      sends('UPDATE'),
      gets(200, { headers: { CSeq: '2 UPDATE', 'Content-Length': '^ *0' } }),
      sends('UPDATE', { body: sdp('sendonly') }),
      gets(200, { headers: { CSeq: '3 UPDATE' }, has: ['a=recvonly'] }),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'invite-without-offer': {
    steps: [
      invite({ body: '' }),
      ...rings,
      gets(200, { has: ['m=audio [0-9]+ RTP/AVP 0 8', 'a=sendrecv'] }),
      acks({ body: sdp() }),
      ...saysBye,
    ],
    application: answeredThenLeft,
    types: isLeft,
  },

  'refer-challenged-407': challenged('407 Proxy Authentication Required', 'Proxy-Authenticate', 'Proxy-Authorization'),

  // SIPp checks the digest itself, but only that of Authorization.
  'refer-challenged-401': challenged(
    '401 Unauthorized',
    'WWW-Authenticate',
    'Authorization',
    { actions: '<verifyauth assign_to="valid" username="alice" password="wonderland"/>' },
    { provided: 'valid' },
  ),
} satisfies Record<string, Flow>;

async function answeredThenLeft(call: Conversation): Promise<void> {
  await call.answer();
  await call.gets('call.answered');
  await call.gets('call.hangup', clearedByPeer);
}

/** Who is called and answers, rings first, and is hung up on. */
export const answersAndIsLeft: readonly Step[] = [
  gets('INVITE'),
  answersInvite('180 Ringing'),
  answersInvite('200 OK', { body: sdp() }),
  gets('ACK'),
  gets('BYE'),
  answers('200 OK'),
];

/** Switchhook calls, and hangs up on who has answered. */
export async function isCalled(app: Application, to: string): Promise<void> {
  const call = await app.dials(to);
  await call.gets('call.answered');
  await call.hangup();
  await call.gets('call.hangup', { hangup_cause: 'normal_clearing' });
  assert.deepEqual(call.types, isLeft);
}

export interface Way {
  readonly app: Application;
  /** What SIPp speaks, and the port it calls. */
  readonly transport: TransportName;
  readonly port: number;
}

/** A call to this user that goes as the flow says, on both sides. */
export async function plays(scope: Scope, { app, transport, port }: Way, user: string, flow: Flow): Promise<void> {
  const sipp = await Sipp.open(scope, user, { transport, steps: flow.steps, calls: { user, port } });
  const call = await app.called(user);
  await flow.application(call);
  await sipp.succeeds();
  assert.deepEqual(call.types, flow.types);
}

/** A caller refers us to another SIPp: we call that one, and the caller hears how it goes, and leaves. */
export async function refersUs(scope: Scope, way: Way, user: string): Promise<void> {
  const { app, transport } = way;
  const name = `target-of-${user}`;
  const callee = await Sipp.open(scope, name, { transport, steps: answersAndIsLeft });
  const headers = [`Refer-To: <sip:${name}@127.0.0.1:${callee.port};transport=${transport}>`];
  const hearsAll = [...hears(100, 'active'), ...hears(180, 'active'), ...hears(200, 'terminated')];
  const flow: Flow = {
    steps: [...isAnswered, sends('REFER', { headers }), gets(202), ...hearsAll, ...saysBye],
    application: async (call) => {
      await call.answer();
      await call.gets('call.answered');
      await call.gets('call.refer.received');
      const onward = await app.calling(name);
      await onward.gets('call.answered');
      await call.gets('call.hangup', clearedByPeer);
      await onward.hangup();
      await onward.gets('call.hangup', { hangup_cause: 'normal_clearing' });
    },
    types: ['call.initiated', 'call.answered', 'call.refer.received', 'call.hangup'],
  };
  await plays(scope, way, user, flow);
  await callee.succeeds();
}
