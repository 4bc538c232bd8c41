// A call's transition: one input on one state gives the next state and its effects. Pure, and total: what does not fit is
// absorbed. The parts: inbound.ts until the answer, within.ts in the dialog, referring.ts, leaving.ts, sound.ts.

import { deadlineOf as lifetimeDeadline } from '../sip/dialog/session-timer.ts';
import type { Response } from '../sip/message/message.ts';
import { acknowledgeAgain, acknowledgeResumed } from './acknowledging.ts';
import { bridgeCommand, modified, signalled as signalledByBridge, transferCommand } from './bridging.ts';
import type { Command } from './commands.ts';
import { digitAnswered, digitOut, digitsCommand, digitsDeadline, dropDigits, nextDigit } from './digits.ts';
import { giveWay, handedOver, handOver, meet, met, rejoin, reportMeeting, stay } from './handover.ts';
import { answerCommand, invitedAgain, notRinging, refuseCall, repeatResponse, ringingTimer } from './inbound.ts';
import { sendInfo, sendInfoAgain } from './info.ts';
import {
  clearedBy,
  endingOf,
  finishLeaving,
  forgetSecrets,
  leave,
  refuseInvite,
  sayBye,
  sayByeAgain,
} from './leaving.ts';
import { awaited, joinLinked, noLongerAwaited } from './linking.ts';
import { deadlineOf as modificationDeadline } from './modification.ts';
import {
  lifetimeTimer,
  modificationOut,
  modificationResponse,
  modificationTimer,
  modificationUnanswered,
  resumeModification,
} from './modifying.ts';
import {
  elsewhere,
  giveUp,
  giveUpWaiting,
  inviteDeadline,
  inviteResponse,
  inviteTimer,
  inviteUnanswered,
  isInvite,
  requestedEarly,
  resumeInvite,
  sendInForkAgain,
} from './outbound.ts';
import { changePlaceCommand, dequeue, enqueueCommand, leaveQueueCommand } from './queueing.ts';
import { isCompleted, deadlineOf as referDeadline } from './refer.ts';
import {
  decideReferral,
  isLeftUndecided,
  progressed,
  referralDeadline,
  referralTimer,
  resumeReferral,
} from './referral.ts';
import {
  dialogLost,
  notJoined,
  referCommand,
  referResponse,
  referTimer,
  referUnanswered,
  resumeTransfer,
  unblockRefer,
} from './referring.ts';
import { cancelInvite } from './relaying.ts';
import { playing } from './sound.ts';
import {
  type Call,
  type CallTimer,
  type Held,
  type Input,
  isAlive,
  type OwedRequest,
  type OwedResponse,
  type Phase,
  type Signal,
  type Step,
  sixtyFourT1Ms,
} from './state.ts';
import { beginTurn, challengeToAnswer, change, refuse, respond, respondText, type Turn } from './turn.ts';
import { andWebhooks } from './webhooks.ts';
import { acked, requested } from './within.ts';

export function transition(call: Call, input: Input): Step {
  const turn = beginTurn(call, input);
  decide(turn, input);
  tellOther(turn);
  if (turn.refusals.length > 0) return { call, effects: [], refusals: turn.refusals };
  unblockRefer(turn);
  tellOther(turn);
  forgetSecrets(turn);
  reportMeeting(turn, input);
  return { call: turn.call, effects: turn.effects, refusals: [] };
}

/** What came of a re-INVITE may be for the call that ours is joined to. */
function tellOther(turn: Turn): void {
  while (turn.outcomes.length > 0) modified(turn, turn.outcomes.shift()!);
}

function decide(turn: Turn, input: Input): void {
  switch (input.type) {
    case 'request':
      if (input.request.method === 'CANCEL') return cancelInvite(turn, input.request, input.origin);
      if (input.origin.key === turn.call.invite?.key) return invitedAgain(turn, input.request, input.origin);
      if (turn.call.phase.name === 'dialing') return requestedEarly(turn, input.request, input.origin);
      return requested(turn, input.request, input.origin, input.replaced ?? null);
    case 'ack':
      return acked(turn, input.request);
    case 'response':
      return responded(turn, input);
    case 'timeout':
      return unanswered(turn, input.branch, 'timeout');
    case 'failed':
      return unanswered(turn, input.branch, 'transport-failed');
    case 'command':
      return commanded(turn, input.command, input.rtpPort);
    case 'timer':
      if (deadlinesOf(turn.call).some(([timer]) => timer === input.timer)) timedOut(turn, input.timer);
      return;
    case 'signal':
      return signalled(turn, input.from, input.signal);
    case 'resumed':
      return resumed(turn);
    default:
      return input satisfies never;
  }
}

/** Of the INVITE of ours: a fork of it may answer when the call is long over. */
const ofInvite = ['give-up', 'settle'] as const;
const ofRefer = ['refer-deadline', 'refer-first-notify', 'refer-retry'] as const;

/** The timers a phase owns, with those of the refer it may have; the driver disarms every other. */
export const timersOf = {
  dialing: ['dial-timeout', ...ofInvite],
  ringing: ['ring-again', 'prack', 'invite-expires', 'first-command', ...ofRefer, 'refer-grace'],
  // The grace of a completed refer can end in a BYE, which has to wait for the ACK.
  answered: ['ack', 'queue-timeout', ...ofRefer],
  active: [
    'referral',
    'reinvite-ack',
    'time-limit',
    ...ofInvite,
    'session-refresh',
    'session-expiry',
    'modification',
    'queue-timeout',
    'digits',
    ...ofRefer,
    'refer-grace',
    'yield',
  ],
  // The dialog is gone: no REFER is sent again, and an outcome ends the call at once.
  leaving: ['leave', ...ofInvite, 'queue-timeout', 'refer-deadline', 'refer-first-notify'],
  // It may keep its place in a queue, and whom a transferor spoke to may wait for a decision on its REFER.
  ended: [...ofInvite, 'queue-timeout', 'referral'],
} as const satisfies Record<Phase['name'], readonly CallTimer[]>;

/** What a state waits for, by wall-clock instant. */
export function deadlinesOf(call: Call): readonly (readonly [CallTimer, number])[] {
  const timers: readonly CallTimer[] = timersOf[call.phase.name];
  const deadlines: (readonly [CallTimer, number])[] = [];
  for (const timer of timers) {
    const at = deadlineOf(call, timer);
    if (at !== null) deadlines.push([timer, at]);
  }
  return deadlines;
}

function deadlineOf(call: Call, timer: CallTimer): number | null {
  const { phase, reliable, refer, modification, expiry } = call;
  switch (timer) {
    case 'dial-timeout':
      return phase.name === 'dialing' ? phase.timeoutAt : null;
    case 'give-up':
    case 'settle':
      return inviteDeadline(call, timer);
    case 'time-limit':
      return call.limitAt;
    case 'first-command':
      return call.commandDueAt ?? null;
    case 'ring-again':
      return phase.name === 'ringing' && reliable === null ? phase.repeatAt : null;
    case 'prack':
      return phase.name === 'ringing' && reliable !== null ? phase.provisional.until : null;
    case 'invite-expires':
      return phase.name === 'ringing' ? phase.expiresAt : null;
    case 'ack':
      return phase.name === 'answered' ? phase.ok.until : null;
    case 'reinvite-ack':
      return phase.name === 'active' ? (phase.reinvite?.until ?? null) : null;
    case 'leave':
      return phase.name === 'leaving' ? phase.until : null;
    case 'session-refresh':
      return lifetimeDeadline(expiry.timer, 'refresh');
    case 'session-expiry':
      return lifetimeDeadline(expiry.timer, 'expiry');
    case 'yield':
      return call.yieldsAt ?? null;
    case 'queue-timeout':
      return call.waiting?.until ?? null;
    case 'digits':
      return digitsDeadline(call);
    case 'modification':
      return modification === null ? null : modificationDeadline(modification);
    case 'referral':
      return referralDeadline(call.referral);
    default:
      return refer === null ? null : referDeadline(refer, timer);
  }
}

/** Whether nothing is owed to the peer any more: neither a message of ours nor the answers of a tombstone. */
export function isForgotten(call: Call, at: number): boolean {
  if (call.phase.name !== 'ended' || call.outbound !== null || call.waiting) return false;
  return at >= call.phase.endedAt + sixtyFourT1Ms;
}

/** The end of a call on which no decision could be made: a bug is the call's end, never the peer's or the application's wait. */
export function collapse(call: Call, input: Input): Step {
  const turn = beginTurn(call, input);
  if (input.type === 'request' && input.origin.key !== call.invite?.key) {
    respond(turn, input.request, input.origin, 500);
  }
  if (call.phase.name === 'dialing') giveUp(turn, 'unspecified');
  else if (call.phase.name === 'ringing') refuseInvite(turn, 500, endingOf('unspecified', 'us', 500));
  else if (isAlive(call)) sayBye(turn, endingOf('unspecified', 'us', 200));
  else {
    finishLeaving(turn);
    // The forks of an INVITE of ours are let go of: its timer would ring for ever, and the call never be forgotten.
    change(turn, { outbound: null });
  }
  forgetSecrets(turn);
  reportMeeting(turn, input);
  return { call: turn.call, effects: turn.effects, refusals: [] };
}

function commanded(turn: Turn, command: Command, rtpPort: number | null): void {
  if (command.name === 'change_place') return changePlaceCommand(turn, command);
  const isReferred = isCompleted(turn.call.refer) && command.name !== 'hangup';
  const isDecision = command.name === 'refer_accept' || command.name === 'refer_reject';
  if (isDecision && isLeftUndecided(turn.call)) return decideReferral(turn, command);
  if (!isAlive(turn.call) || heldHangup(turn.call) || isReferred) return refuse(turn, 'call-ended');
  if (turn.call.commandDueAt != null) change(turn, { commandDueAt: null });
  if (command.clientState !== null) change(turn, { clientState: command.clientState });
  const { webhooks: said } = command;
  if (said) change(turn, { webhooks: andWebhooks(turn.call.webhooks ?? null, said) });
  obey(turn, command, rtpPort);
}

function obey(turn: Turn, command: Exclude<Command, { name: 'change_place' }>, rtpPort: number | null): void {
  switch (command.name) {
    case 'answer':
      return answerCommand(turn, command, rtpPort);
    case 'reject':
      if (turn.call.phase.name === 'ringing') return refuseCall(turn, command.status);
      return refuse(turn, 'unable-to-execute', notRinging(turn.call));
    case 'hangup':
      return hangupCommand(turn, command);
    case 'refer':
      return referCommand(turn, command);
    case 'send_sip_info':
      return infoCommand(turn, command);
    case 'send_dtmf':
      return digitsCommand(turn, command);
    case 'bridge':
      return bridgeCommand(turn, command);
    case 'transfer':
      return transferCommand(turn, command, rtpPort);
    case 'refer_accept':
    case 'refer_reject':
      return decideReferral(turn, command);
    case 'enqueue':
      return enqueueCommand(turn, command);
    case 'leave_queue':
      return leaveQueueCommand(turn);
    case 'client_state_update':
      return;
    default:
      return command satisfies never;
  }
}

/** The hangup that waits for the ACK of our 2xx. */
function heldHangup({ phase }: Call): (Held & { type: 'hangup' }) | undefined {
  return phase.name === 'answered' ? phase.held.find((held) => held.type === 'hangup') : undefined;
}

function hangupCommand(turn: Turn, command: Command & { name: 'hangup' }): void {
  const { phase } = turn.call;
  if (phase.name === 'dialing') giveUp(turn, 'originator_cancel', { headers: command.headers });
  else if (phase.name === 'ringing') refuseCall(turn, 480, command.headers);
  else leave(turn, command.headers);
}

/** Each is kept, and written with every state of the call, until the peer answers it. */
const mostInfos = 64;
const tooManyInfos = `${mostInfos} INFO requests of this call still wait for an answer. Try again when the peer takes them.`;

function infoCommand(turn: Turn, command: Command & { name: 'send_sip_info' }): void {
  const { phase, errands } = turn.call;
  const { contentType, body } = command;
  const open = phase.name === 'answered' ? phase.held : errands;
  if (open.length >= mostInfos) refuse(turn, 'unable-to-execute', tooManyInfos);
  else if (phase.name === 'active') sendInfo(turn, contentType, body);
  else if (phase.name === 'answered') hold(turn, phase, { type: 'info', contentType, body });
  else refuse(turn, 'not-answered');
}

/** Kept until the ACK of our 2xx: before it the peer may not know the dialog (§13.2.2.4). */
function hold(turn: Turn, phase: Phase & { name: 'answered' }, held: Held): void {
  change(turn, { phase: { ...phase, held: [...phase.held, held] } });
}

function responded(turn: Turn, { branch, response, to }: Input & { type: 'response' }): void {
  const { call } = turn;
  if (branch === referBranch(call)) return referResponse(turn, response);
  if (branch === modificationOut(call)?.branch) return modificationResponse(turn, response);
  if (isInvite(call, branch)) {
    inviteResponse(turn, response, to);
    // It was dialled for another call, and has just been answered.
    if (call.phase.name === 'dialing' && turn.call.phase.name === 'active') joinLinked(turn);
    return;
  }
  if (response.status < 200) return;
  if (branch === digitOut(call)?.branch) {
    digitAnswered(turn, response);
    if (response.status === 481) dialogLost(turn);
    return;
  }
  if (response.cseq.method === 'INVITE') return acknowledgeAgain(turn, response);
  const { phase } = call;
  if (phase.name === 'ended' && phase.bye?.branch === branch) return byeAnswered(turn, phase, response);
  const errand = call.errands.find((each) => each.branch === branch);
  if (errand === undefined) return;
  change(turn, { errands: call.errands.filter((each) => each !== errand) });
  if (errand.method !== 'INFO') return sendInForkAgain(turn, errand, response);
  if (response.status === 481) return dialogLost(turn);
  sendInfoAgain(turn, errand, response);
}

function byeAnswered(turn: Turn, phase: Phase & { name: 'ended' }, response: Response): void {
  const answer = challengeToAnswer(turn, response);
  if (answer === null) return change(turn, { phase: { ...phase, bye: null } });
  change(turn, { authorizations: answer });
  const bye = sayByeAgain(turn, phase.byeHeaders);
  change(turn, { phase: { ...phase, bye } });
}

function signalled(turn: Turn, from: string, signal: Signal): void {
  switch (signal.type) {
    case 'replaced':
    case 'dismissed':
      if (turn.call.phase.name === 'dialing') return giveUp(turn, 'originator_cancel');
      if (isAlive(turn.call)) leave(turn);
      return;
    case 'progress':
      // Of the call that was dialled in place of a REFER of ours, or because of one of the peer's.
      if (turn.call.refer?.transfer?.callee === from) return notJoined(turn, from, signal.status);
      progressed(turn, from, signal.status);
      return handedOver(turn, signal.status);
    case 'undialled':
      return notJoined(turn, null, signal.status);
    case 'hand-over':
      return handOver(turn, from);
    case 'give-way':
      return giveWay(turn, from, signal.to);
    case 'meet':
      return meet(turn, from, signal.with);
    case 'met':
      return met(turn, signal.status);
    case 'rejoin':
      return rejoin(turn, from);
    case 'stay':
      return stay(turn);
    case 'yield':
      return change(turn, { yieldsAt: turn.at + signal.graceMs });
    case 'outrun':
      return giveUp(turn, 'originator_cancel', { reason: elsewhere });
    case 'awaited':
      return awaited(turn, from);
    default:
      if (signal.type === 'left' || signal.type === 'join') noLongerAwaited(turn, from);
      if (isAlive(turn.call)) return signalledByBridge(turn, from, signal);
      if (signal.type === 'join') turn.effects.push({ type: 'signal', to: from, signal: { type: 'left' } });
      // It waits to be replaced, and its peer would wait with it.
      if (signal.type === 'offer')
        turn.effects.push({ type: 'signal', to: from, signal: { type: 'refused', status: 491 } });
  }
}

function unanswered(turn: Turn, branch: string, why: 'timeout' | 'transport-failed'): void {
  const { call } = turn;
  if (branch === referBranch(call)) return referUnanswered(turn, why);
  if (branch === modificationOut(call)?.branch) return modificationUnanswered(turn, why);
  if (isInvite(call, branch)) return inviteUnanswered(turn, why);
  if (branch === digitOut(call)?.branch) return dropDigits(turn);
  if (call.phase.name === 'ended' && call.phase.bye?.branch === branch) {
    return change(turn, { phase: { ...call.phase, bye: null } });
  }
  if (call.errands.some((each) => each.branch === branch)) {
    change(turn, { errands: call.errands.filter((each) => each.branch !== branch) });
  }
}

function timedOut(turn: Turn, timer: CallTimer): void {
  switch (timer) {
    case 'ring-again':
    case 'prack':
    case 'invite-expires':
    case 'first-command':
      return ringingTimer(turn, timer);
    case 'ack':
    case 'reinvite-ack':
      // RFC 3261 §13.3.1.4, §14.2: without an ACK in 64·T1 the session is given up with a BYE.
      return sayBye(turn, endingOf('timeout', 'us', 200), heldHangup(turn.call)?.headers);
    case 'leave':
      return finishLeaving(turn);
    case 'dial-timeout':
      return giveUpWaiting(turn);
    case 'give-up':
    case 'settle':
      return inviteTimer(turn, timer);
    case 'time-limit':
      return sayBye(turn, endingOf('time_limit', 'us', 200));
    case 'yield':
      return sayBye(turn, clearedBy('us'));
    case 'session-refresh':
      return lifetimeTimer(turn, 'refresh');
    case 'session-expiry':
      return lifetimeTimer(turn, 'expiry');
    case 'modification':
      return modificationTimer(turn);
    case 'referral':
      return referralTimer(turn);
    case 'queue-timeout':
      return dequeue(turn, 'timeout');
    case 'digits':
      return nextDigit(turn);
    default:
      return referTimer(turn, timer);
  }
}

/** After a restart: everything the state still owes, byte for byte, for as long as it is owed. */
function resumed(turn: Turn): void {
  const { call, at } = turn;
  const { phase } = call;
  const owed = (one: OwedResponse | null): one is OwedResponse => one !== null && one.until > at;
  if (phase.name === 'ringing') resumeRinging(turn, phase);
  if (phase.name === 'answered' && owed(phase.ok)) repeatResponse(turn, '2xx', phase.ok);
  if (phase.name === 'active' && owed(phase.reinvite)) repeatResponse(turn, '2xx', phase.reinvite);
  resumeInvite(turn);
  acknowledgeResumed(turn);
  if ('final' in phase && owed(phase.final)) respondText(turn, call.invite!, phase.final.status, phase.final.text);
  for (const request of requestsOut(call)) sentAgain(turn, request);
  resumeModification(turn);
  resumeReferral(turn);
  resumeTransfer(turn);
  if (isAlive(turn.call)) playing(turn);
}

/** A caller who has heard 100 repeats nothing: if the 180 never left, nobody else would say that it rings. */
function resumeRinging(turn: Turn, { provisional, nextRseq }: Phase & { name: 'ringing' }): void {
  const { call, at } = turn;
  if (nextRseq === null) respondText(turn, call.invite!, provisional.status, provisional.text);
  else if (call.reliable !== null && provisional.until > at) repeatResponse(turn, 'reliable-1xx', provisional);
}

/** A request whose Timer F ran out while we were away has timed out: sent now, it would be a new one to the peer. */
function sentAgain(turn: Turn, { until, ...request }: OwedRequest): void {
  const { phase } = turn.call;
  if (until > turn.at) turn.effects.push({ type: 'send', request: { ...request, timeoutMs: until - turn.at } });
  // The wait of a call that is being left ended before that, and says what becomes of its refer.
  else if (phase.name !== 'leaving' || until < phase.until) unanswered(turn, request.branch, 'timeout');
}

/** Our requests that have no final answer yet. */
export function requestsOut(call: Call): readonly OwedRequest[] {
  const bye = call.phase.name === 'ended' ? call.phase.bye : null;
  const modification = isAlive(call) ? modificationOut(call) : null;
  return [referRequest(call), modification, digitOut(call), bye, ...call.errands].filter((request) => request !== null);
}

function referRequest({ refer }: Call): OwedRequest | null {
  if (refer?.phase.name === 'sent' || refer?.phase.name === 'accepted') return refer.phase.request;
  return null;
}

const referBranch = (call: Call): string | undefined => referRequest(call)?.branch;
