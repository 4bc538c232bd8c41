// The refer's machine (RFC 3515, contract: every accepted refer ends in exactly one of completed and failed). Pure.
// It stands on sip/dialog/subscription.ts and knows neither the call around it nor how a REFER is built: it asks for one
// by the effect `send` or `authenticate`, and the call answers with `sent`.
import { notifyWait, type Subscription, transition as subscribe } from '../sip/dialog/subscription.ts';
import type { Credentials } from '../sip/message/digest.ts';
import type { Bodies, NamedValue } from './commands.ts';
import type { ReferByeWithoutFinal, ReferWithoutAllow } from './routing.ts';
import type { OwedRequest } from './state.ts';

/** What was ordered, with every knob decided: command over application over setting. Durations in milliseconds. */
export interface ReferOrder {
  /** The URI of Refer-To and, unless null, the value of Referred-By; both as they go on the wire. */
  readonly referTo: string;
  readonly referredBy: string | null;
  readonly headers: readonly NamedValue[];
  readonly firstNotifyTimeoutMs: number;
  readonly byeGraceMs: number;
  readonly byeWithoutFinal: ReferByeWithoutFinal;
  readonly withoutAllow: ReferWithoutAllow;
  /** The id of the call of ours whose place the peer is to take; absent or null: of none. */
  readonly replaces?: string | null;
  /** Whether the peer is asked to send no NOTIFYs (RFC 4488 §4); absent: it is not. */
  readonly unsubscribed?: boolean;
  /** Whether the peer is put on hold before (RFC 5589 §6.1); absent: it is not. */
  readonly holds?: boolean;
}

/** What is tried when a step of a refer has failed: another REFER, or a call of ours that is joined to this one. */
export type Fallback =
  | {
      readonly type: 'refer';
      readonly order: ReferOrder;
      readonly timeoutMs: number;
      readonly credentials: Credentials | null;
    }
  | { readonly type: 'transfer'; readonly body: Bodies['transfer'] };

/** Of a refer in several steps: which one this is, from 1, what is left, and whether `started` was told of any. */
export interface Chain {
  readonly step: number;
  readonly of: number;
  readonly rest: readonly Fallback[];
  readonly isStarted: boolean;
  /** Whether the peer may still report on the step before. */
  readonly isLingering: boolean;
}

/** A step that dials: for whom, by which call, and as what; `body` is null when it is over. */
export interface Transfer {
  readonly to: string;
  readonly callee: string | null;
  readonly body: Bodies['transfer'] | null;
}

export type ReferPhase =
  /** Accepted, but something is in the way of the REFER: an ACK or a PRACK that has not come. */
  | { readonly name: 'waiting' }
  | { readonly name: 'sent'; readonly request: OwedRequest }
  /** Refused with 491 (RFC 3261 §14.1): to be sent again at `at`. */
  | { readonly name: 'retrying'; readonly at: number }
  /** `request` is still out when a NOTIFY came before the answer; `firstNotifyAt` is null once a NOTIFY came. */
  | { readonly name: 'accepted'; readonly request: OwedRequest | null; readonly firstNotifyAt: number | null }
  /** The target has the caller. The peer may end our call until `byeAt`; then we do. */
  | { readonly name: 'completed'; readonly byeAt: number }
  | { readonly name: 'failed' }
  /** No REFER: the target is being dialled by us, and joined to the peer. */
  | { readonly name: 'transferring' }
  /** The two hear each other, and the call goes on. */
  | { readonly name: 'transferred' };

/**
 * `response` is the status of the last final answer to the REFER; `notified` the codes of its NOTIFYs, in order.
 * `cseqs` are those of every REFER sent for it: each may come back as the id of an Event (RFC 3515 §2.4.6).
 */
export interface Refer {
  readonly order: ReferOrder;
  readonly deadlineAt: number;
  readonly phase: ReferPhase;
  readonly subscription: Subscription;
  readonly response: number | null;
  readonly notified: readonly number[];
  readonly cseqs: readonly number[];
  readonly retried: boolean;
  /** Absent or null: it is one step, and a REFER. */
  readonly chain?: Chain | null;
  readonly transfer?: Transfer | null;
}

export type ReferInput =
  | { readonly type: 'unblocked' }
  | { readonly type: 'sent'; readonly request: OwedRequest; readonly cseq: number }
  | {
      readonly type: 'response';
      readonly status: number;
      readonly referSub: boolean | null;
      readonly canAuthenticate: boolean;
      /** How long to wait after a 491; null when it cannot be sent again. */
      readonly retryDelayMs: number | null;
    }
  | { readonly type: 'notify'; readonly status: number | null; readonly state: 'pending' | 'active' | 'terminated' }
  | { readonly type: 'timeout' }
  | { readonly type: 'transport-failed' }
  | { readonly type: 'timer'; readonly timer: ReferTimer }
  /** The call is over or is being ended by us: nobody will hear of an outcome any more. */
  | { readonly type: 'abandoned'; readonly by: 'peer' | 'us' }
  /** The peer does not list REFER in its Allow, and that is to be believed. */
  | { readonly type: 'not-allowed' }
  /** The call `callee` was dialled for it; is joined to it; or nothing came of that. */
  | { readonly type: 'dialled'; readonly callee: string }
  | { readonly type: 'joined' }
  | { readonly type: 'not-joined'; readonly status: number };

export type ReferTimer = 'refer-deadline' | 'refer-first-notify' | 'refer-retry' | 'refer-grace';

export type ReferEffect =
  /** As soon as nothing is in its way. */
  | { readonly type: 'send' }
  /** At once, with what answers the challenge. */
  | { readonly type: 'authenticate' }
  | { readonly type: 'started' | 'completed' | 'failed'; readonly code: number }
  /** The peer does not know the dialog (RFC 3261 §12.2.1.2). */
  | { readonly type: 'dialog-lost' };

export interface ReferStep {
  readonly refer: Refer;
  readonly effects: readonly ReferEffect[];
}

/** The timers a phase owns; the driver disarms every other. */
export const timersOf = {
  waiting: ['refer-deadline'],
  sent: ['refer-deadline'],
  retrying: ['refer-deadline', 'refer-retry'],
  accepted: ['refer-deadline', 'refer-first-notify'],
  completed: ['refer-grace'],
  failed: [],
  transferring: ['refer-deadline'],
  transferred: [],
} as const satisfies Record<ReferPhase['name'], readonly ReferTimer[]>;

export function begin(order: ReferOrder, deadlineAt: number): Refer {
  const phase = { name: 'waiting' } as const;
  return {
    order,
    deadlineAt,
    phase,
    subscription: notifyWait,
    response: null,
    notified: [],
    cseqs: [],
    retried: false,
  };
}

/** The time that two peers are given to be joined once the one that was dialled has answered. */
const joiningMs = 64_000;

/** The step that dials, in place of a REFER to the target of `order`. */
export function beginTransfer(order: ReferOrder, body: Bodies['transfer'], at: number): Refer {
  const { timeout_secs: timeoutSecs = 30, to } = body;
  return {
    ...begin({ ...order, replaces: null }, at + timeoutSecs * 1000 + joiningMs),
    phase: { name: 'transferring' },
    transfer: { to, callee: null, body },
  };
}

/** Whether the outcome is still open. */
export function isPending(refer: Refer | null): refer is Refer {
  return refer !== null && !['completed', 'failed', 'transferred'].includes(refer.phase.name);
}

/** Whether the peer has been moved to the target. */
export function isCompleted(refer: Refer | null): boolean {
  return refer?.phase.name === 'completed';
}

/** Whether a REFER of it has left and may still be answered or notified. */
export function isOut(refer: Refer): boolean {
  return refer.phase.name === 'sent' || refer.phase.name === 'accepted';
}

/** When a timer is due; null while the phase does not own it, or waits for it no more. */
export function deadlineOf({ phase, deadlineAt }: Refer, timer: ReferTimer): number | null {
  const owned: readonly ReferTimer[] = timersOf[phase.name];
  if (!owned.includes(timer)) return null;
  if (timer === 'refer-deadline') return deadlineAt;
  if (phase.name === 'retrying') return phase.at;
  if (phase.name === 'completed') return phase.byeAt;
  return phase.name === 'accepted' ? phase.firstNotifyAt : null;
}

export function transition(refer: Refer, input: ReferInput, at: number): ReferStep {
  const step = decide(refer, input, at);
  return isPending(step.refer) ? step : { ...step, refer: closed(step.refer) };
}

/** What is left to try is forgotten with the outcome, and its passwords with it. */
function closed(refer: Refer): Refer {
  const { chain = null, transfer = null } = refer;
  const isOpen = (chain !== null && chain.rest.length > 0) || (transfer !== null && transfer.body !== null);
  if (!isOpen) return refer;
  return { ...refer, chain: chain && { ...chain, rest: [] }, transfer: transfer && { ...transfer, body: null } };
}

function decide(refer: Refer, input: ReferInput, at: number): ReferStep {
  switch (refer.phase.name) {
    case 'waiting':
    case 'retrying':
      return held(refer, input);
    case 'sent':
      return outstanding(refer, refer.phase, input, at);
    case 'accepted':
      return subscribed(refer, refer.phase, input, at);
    case 'transferring':
      return transferring(refer, input);
    case 'completed':
    case 'failed':
    case 'transferred':
      // The outcome was told: what the peer still says is for nobody.
      return absorbed(refer);
    default:
      return refer.phase satisfies never;
  }
}

function held(refer: Refer, input: ReferInput): ReferStep {
  switch (input.type) {
    case 'unblocked':
      return refer.phase.name === 'waiting' ? { refer, effects: [{ type: 'send' }] } : absorbed(refer);
    case 'sent':
      return sent(refer, input);
    case 'not-allowed':
      return failed(refer, 405);
    default:
      if (refer.phase.name === 'retrying' && input.type === 'timer' && input.timer === 'refer-retry')
        return retried(refer);
      return givenUp(refer, input);
  }
}

/** `started` is for an accepted REFER alone. The call that was dialled has events of its own. */
function transferring(refer: Refer, input: ReferInput): ReferStep {
  switch (input.type) {
    case 'dialled':
      return absorbed({ ...refer, transfer: { ...refer.transfer!, callee: input.callee } });
    case 'joined':
      return { refer: { ...refer, phase: { name: 'transferred' } }, effects: [{ type: 'completed', code: 200 }] };
    case 'not-joined':
      return failed(refer, input.status);
    default:
      return givenUp(refer, input);
  }
}

/** What ends a refer that nobody has accepted yet, whatever it waits for; all else is absorbed. */
function givenUp(refer: Refer, input: ReferInput): ReferStep {
  if (input.type === 'abandoned') return failed(refer, 487);
  return input.type === 'timer' && input.timer === 'refer-deadline' ? failed(refer, 408) : absorbed(refer);
}

/** The wait of a 491 is over. Meanwhile an INVITE may have come in the way again. */
function retried(refer: Refer): ReferStep {
  return { refer: { ...refer, phase: { name: 'waiting' } }, effects: [{ type: 'send' }] };
}

function outstanding(refer: Refer, phase: ReferPhase & { name: 'sent' }, input: ReferInput, at: number): ReferStep {
  switch (input.type) {
    case 'sent':
      return sent(refer, input);
    case 'response':
      return answered(refer, input, at);
    case 'notify':
      return notified(
        { ...refer, phase: { name: 'accepted', request: phase.request, firstNotifyAt: null } },
        input,
        at,
        true,
      );
    case 'timeout':
      return failed(refused(refer, refer.response), 408);
    case 'transport-failed':
      return failed(refused(refer, refer.response), 503);
    default:
      return givenUp(refer, input);
  }
}

function answered(refer: Refer, input: ReferInput & { type: 'response' }, at: number): ReferStep {
  const { status } = input;
  if (status < 200) return absorbed(refer);
  if (status < 300) return accepted({ ...refer, response: status }, input.referSub, at);
  if ((status === 401 || status === 407) && input.canAuthenticate) {
    return { refer: { ...refer, response: status }, effects: [{ type: 'authenticate' }] };
  }
  if (status === 491 && !refer.retried && input.retryDelayMs !== null) {
    const phase = { name: 'retrying', at: at + input.retryDelayMs } as const;
    return absorbed({ ...refer, response: status, retried: true, phase });
  }
  const step = failed(refused(refer, status), status);
  return status === 481 ? { ...step, effects: [...step.effects, { type: 'dialog-lost' }] } : step;
}

/** RFC 3515 §2.4.2: any 2xx. `Refer-Sub: false` says that no NOTIFY will come (RFC 4488 §4): all is known then. */
function accepted(refer: Refer, referSub: boolean | null, at: number): ReferStep {
  if (referSub === false) {
    const effects = [{ type: 'started', code: 100 } as const, { type: 'completed', code: refer.response! } as const];
    return { refer: { ...refer, phase: completedAt(refer, at) }, effects };
  }
  const phase = { name: 'accepted', request: null, firstNotifyAt: at + refer.order.firstNotifyTimeoutMs } as const;
  return { refer: { ...refer, phase }, effects: [{ type: 'started', code: 100 }] };
}

function subscribed(refer: Refer, phase: ReferPhase & { name: 'accepted' }, input: ReferInput, at: number): ReferStep {
  switch (input.type) {
    case 'notify':
      return notified({ ...refer, phase: { ...phase, firstNotifyAt: null } }, input, at, false);
    case 'response':
      if (input.status < 200) return absorbed(refer);
      return absorbed({ ...refer, response: input.status, phase: { ...phase, request: null } });
    case 'timeout':
    case 'transport-failed':
      return absorbed({ ...refer, phase: { ...phase, request: null } });
    case 'abandoned':
      return leftAlone(refer, input.by, at);
    case 'timer':
      return deadlineOf(refer, input.timer) === null ? absorbed(refer) : failed(refer, 408);
    default:
      return absorbed(refer);
  }
}

/** `first`: this NOTIFY came before the answer to the REFER and is itself the acceptance. */
function notified(refer: Refer, input: ReferInput & { type: 'notify' }, at: number, first: boolean): ReferStep {
  const { status } = input;
  const next: Refer = {
    ...refer,
    subscription: subscribe(refer.subscription, { type: 'notify', state: input.state }),
    notified: recorded(refer.notified, status),
  };
  const started: ReferEffect[] = [];
  if (first) started.push({ type: 'started', code: status !== null && status < 200 ? status : 100 });
  const outcome = outcomeOf(status, next.subscription);
  if (outcome === null) return { refer: next, effects: started };
  const phase = outcome < 300 ? completedAt(refer, at) : ({ name: 'failed' } as const);
  return { refer: { ...next, phase }, effects: [...started, { type: phase.name, code: outcome }] };
}

const mostRecorded = 100;

/** The state is written whole with every NOTIFY: a peer that never stops must not make it grow. A final status ends the refer. */
function recorded(notified: readonly number[], status: number | null): readonly number[] {
  const isLeftOut = status === null || (status < 200 && notified.length >= mostRecorded);
  return isLeftOut ? notified : [...notified, status];
}

/** The call is over without an outcome: a peer that accepted and then hung up may well have done what it was asked. */
function leftAlone(refer: Refer, by: 'peer' | 'us', at: number): ReferStep {
  if (by === 'us' || refer.order.byeWithoutFinal === 'failed') return failed(refer, 487);
  return { refer: { ...refer, phase: completedAt(refer, at) }, effects: [{ type: 'completed', code: 200 }] };
}

const completedAt = (refer: Refer, at: number) => ({ name: 'completed', byeAt: at + refer.order.byeGraceMs }) as const;

/** A 1xx is never an outcome: a subscription that ends with one, or with nothing readable, was given up (487). */
function outcomeOf(status: number | null, subscription: Subscription): number | null {
  if (status !== null && status >= 200) return status;
  return subscription.name === 'terminated' ? 487 : null;
}

function sent(refer: Refer, input: ReferInput & { type: 'sent' }): ReferStep {
  return absorbed({ ...refer, cseqs: [...refer.cseqs, input.cseq], phase: { name: 'sent', request: input.request } });
}

function refused(refer: Refer, response: number | null): Refer {
  return { ...refer, response, subscription: subscribe(refer.subscription, { type: 'refused' }) };
}

function failed(refer: Refer, code: number): ReferStep {
  return { refer: { ...refer, phase: { name: 'failed' } }, effects: [{ type: 'failed', code }] };
}

function absorbed(refer: Refer): ReferStep {
  return { refer, effects: [] };
}
