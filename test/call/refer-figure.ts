// The refer's machine as a figure: a sample of each state, every input by name, and a step in one line. The test walks it,
// and docs/machines.md is drawn from it.
import {
  begin,
  beginTransfer,
  type Refer,
  type ReferInput,
  type ReferOrder,
  type ReferPhase,
  type ReferStep,
} from '../../src/call/refer.ts';
import type { OwedRequest } from '../../src/call/state.ts';

export const order: ReferOrder = {
  referTo: 'sip:bob@biloxi.example',
  referredBy: null,
  headers: [],
  firstNotifyTimeoutMs: 32_000,
  byeGraceMs: 1_000,
  byeWithoutFinal: 'failed',
  withoutAllow: 'send',
};

/** Instants are milliseconds from the commit of the command. */
export const deadlineAt = 120_000;

export const request: OwedRequest = {
  branch: 'z9hG4bK1',
  method: 'REFER',
  text: 'REFER …',
  target: { transport: 'udp', host: '192.0.2.10', port: 5060 },
  until: 32_000,
};

export function referIn(phase: ReferPhase, more: Partial<Refer> = {}): Refer {
  const wasSent = phase.name !== 'waiting';
  return { ...begin(order, deadlineAt), cseqs: wasSent ? [1] : [], ...more, phase };
}

function dialling(callee: string | null): Refer {
  const begun = beginTransfer(order, { to: '+13125550199' }, 0);
  return { ...begun, transfer: { ...begun.transfer!, callee } };
}

const waitsForNotify: ReferPhase = { name: 'accepted', request: null, firstNotifyAt: 33_000 };
const isNotified: ReferPhase = { name: 'accepted', request, firstNotifyAt: null };

/** A sample of each state, and of each variant of one that decides otherwise. */
export const states: Readonly<Record<string, Refer>> = {
  waiting: referIn({ name: 'waiting' }),
  sent: referIn({ name: 'sent', request }),
  'sent, again after a 491': referIn({ name: 'sent', request }, { retried: true, response: 491 }),
  retrying: referIn({ name: 'retrying', at: 3_000 }, { retried: true, response: 491 }),
  accepted: referIn(waitsForNotify, { response: 202 }),
  'accepted, notified': referIn(isNotified, { notified: [100], subscription: { name: 'active' } }),
  'accepted, a BYE counts as success': referIn(waitsForNotify, {
    response: 202,
    order: { ...order, byeWithoutFinal: 'completed' },
  }),
  completed: referIn({ name: 'completed', byeAt: 5_000 }, { notified: [200], subscription: { name: 'terminated' } }),
  failed: referIn({ name: 'failed' }),
  'transferring, not dialled yet': dialling(null),
  transferring: dialling('v3:target'),
  transferred: { ...dialling('v3:target'), phase: { name: 'transferred' } },
};

const response = (status: number, more: Partial<ReferInput & { type: 'response' }> = {}): ReferInput => ({
  type: 'response',
  status,
  referSub: null,
  canAuthenticate: false,
  retryDelayMs: 2_000,
  ...more,
});

const notify = (status: number | null, state: 'active' | 'terminated' = 'active'): ReferInput => ({
  type: 'notify',
  status,
  state,
});

/** Every input of the machine. A NOTIFY says `active` unless it is named otherwise. */
export const inputs: Readonly<Record<string, ReferInput>> = {
  unblocked: { type: 'unblocked' },
  'REFER sent': { type: 'sent', request: { ...request, branch: 'z9hG4bK2' }, cseq: 2 },
  '100': response(100),
  '200': response(200),
  '202': response(202),
  '202, Refer-Sub: false': response(202, { referSub: false }),
  '202, Refer-Sub: true': response(202, { referSub: true }),
  '302': response(302),
  '401': response(401),
  '401, with credentials': response(401, { canAuthenticate: true }),
  '405': response(405),
  '407': response(407),
  '407, with credentials': response(407, { canAuthenticate: true }),
  '408': response(408),
  '481': response(481),
  '491': response(491),
  '491, after the BYE of the peer': response(491, { retryDelayMs: null }),
  '503': response(503),
  '603': response(603),
  'NOTIFY 100': notify(100),
  'NOTIFY 180': notify(180),
  'NOTIFY 200': notify(200),
  'NOTIFY 302': notify(302),
  'NOTIFY 486': notify(486),
  'NOTIFY 603, terminated': notify(603, 'terminated'),
  'NOTIFY without a status': notify(null),
  'NOTIFY 100, terminated': notify(100, 'terminated'),
  'NOTIFY without a status, terminated': notify(null, 'terminated'),
  'Timer F': { type: 'timeout' },
  'transport failed': { type: 'transport-failed' },
  'refer-deadline': { type: 'timer', timer: 'refer-deadline' },
  'refer-first-notify': { type: 'timer', timer: 'refer-first-notify' },
  'refer-retry': { type: 'timer', timer: 'refer-retry' },
  'refer-grace': { type: 'timer', timer: 'refer-grace' },
  'abandoned by us': { type: 'abandoned', by: 'us' },
  'abandoned by the peer': { type: 'abandoned', by: 'peer' },
  'not allowed': { type: 'not-allowed' },
  'a call is dialled': { type: 'dialled', callee: 'v3:target' },
  'the two are joined': { type: 'joined' },
  'they are not joined: 486': { type: 'not-joined', status: 486 },
};

/** A step in one line: `completed: started 100, completed 200`. */
export function show({ refer, effects }: ReferStep): string {
  const shown = effects.map((effect) => ('code' in effect ? `${effect.type} ${effect.code}` : effect.type));
  return [refer.phase.name, shown.join(', ')].filter((part) => part !== '').join(': ');
}
