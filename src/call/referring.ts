// A refer within its call: when the REFER may leave, what it looks like on the wire (RFC 3515 §2.1, RFC 3892), how its
// outcome is told, and what the outcome does to the call. The machine itself is refer.ts.
// Deviation: REFER goes inside the call's dialog, which RFC 7647 §4 restricts and every PBX expects.

import { readNotice } from '../sip/dialog/subscription.ts';
import type { Origin } from '../sip/endpoint.ts';
import { readAddress } from '../sip/message/address.ts';
import { readReferSub } from '../sip/message/headers.ts';
import type { HeaderList, Request, Response } from '../sip/message/message.ts';
import { readSipfrag } from '../sip/message/sipfrag.ts';
import type { Command } from './commands.ts';
import { referEvent, referRetrying } from './events.ts';
import {
  beginStep,
  dismiss,
  isLastStep,
  isLingering,
  isOfStepBefore,
  settledTransfer,
  transferOrdered,
} from './falling-back.ts';
import { mustHold, settleHold, startHold } from './holding.ts';
import { clearedBy, endingOf, finishLeaving, refuseInvite, sayBye, tellOutcome } from './leaving.ts';
import {
  begin,
  type Chain,
  type Fallback,
  isPending,
  type Refer,
  type ReferEffect,
  type ReferInput,
  type ReferTimer,
  transition,
} from './refer.ts';
import type { Call } from './state.ts';
import {
  capabilities,
  challengeToAnswer,
  change,
  credentialsFor,
  glareDelayMs,
  headerList,
  refuse,
  respond,
  sendWithin,
  type Turn,
  tell,
} from './turn.ts';

type ReferCommand = Command & { name: 'refer' };

function chained(fallbacks: readonly Fallback[]): Pick<Refer, 'chain'> {
  return fallbacks.length === 0
    ? {}
    : { chain: { step: 1, of: 1 + fallbacks.length, rest: fallbacks, isStarted: false, isLingering: false } };
}

/** How many REFERs of earlier refers are remembered, so that an application that tries for ever fills no memory. */
const mostPast = 256;

/** The command, once the call is known to be alive. */
export function referCommand(turn: Turn, command: ReferCommand): void {
  const { call } = turn;
  const earlier = call.refer?.cseqs ?? [];
  if (isPending(call.refer)) return refuse(turn, 'unable-to-execute', 'A refer is already in progress on this call.');
  const isEarly = call.phase.name === 'ringing' && command.beforeAnswer === 'refuse';
  if (isEarly || call.phase.name === 'dialing') return refuse(turn, 'not-answered');
  change(turn, {
    refer: { ...begin(command.order, turn.at + command.timeoutMs), ...chained(command.fallbacks) },
    pastRefers: [...call.pastRefers, ...earlier].slice(-mostPast),
    // Contract A.7: those of the command, else of the dial or the trunk that made the call.
    credentials: command.credentials ?? call.ownCredentials,
    authorizations: [],
  });
  if (call.phase.name === 'ringing' && command.beforeAnswer === 'redirect') redirect(turn, command.redirectTo);
}

/** The end of every turn: sends the REFER if it was waiting and nothing is in its way any more. */
export function unblockRefer(turn: Turn): void {
  const settled = settledTransfer(turn.call);
  if (settled !== null) step(turn, settled);
  settleHold(turn);
  // One that cannot be sent at all may have another one come after it.
  for (let tried: Refer | null = null; isWaiting(turn.call) && turn.call.refer !== tried; ) {
    tried = turn.call.refer;
    step(turn, { type: 'unblocked' });
  }
}

const isWaiting = ({ refer }: Call): boolean => refer?.phase.name === 'waiting';

/** A REFER waits for the PRACK of a reliable response, for the ACK of a 2xx, and for a change of the session that is under way. */
function isBlocked({ call: { phase, reliable, modification } }: Turn): boolean {
  if (phase.name === 'ringing') return reliable !== null;
  if (modification !== null) return true;
  return phase.name === 'answered' || (phase.name === 'active' && (phase.reinvite ?? phase.relaying) !== null);
}

export function referTimer(turn: Turn, timer: ReferTimer): void {
  if (timer !== 'refer-grace') return step(turn, { type: 'timer', timer });
  const { phase } = turn.call;
  if (phase.name === 'ringing') refuseInvite(turn, 480, endingOf('normal_clearing', 'us', 480));
  else if (phase.name === 'active') sayBye(turn, clearedBy('us'));
}

export function referResponse(turn: Turn, response: Response): void {
  // Once it was accepted, or the dialog is over, no REFER can follow.
  const answer = turn.call.refer?.phase.name === 'sent' && !isOver(turn) ? challengeToAnswer(turn, response) : null;
  if (answer !== null) change(turn, { authorizations: answer });
  const referSub = response.get('Refer-Sub');
  step(turn, {
    type: 'response',
    status: response.status,
    referSub: referSub === undefined ? null : readReferSub(referSub),
    canAuthenticate: answer !== null,
    retryDelayMs: isOver(turn) ? null : glareDelayMs(turn),
  });
}

/** The peer has ended the dialog: no REFER can be sent in it any more. */
const isOver = (turn: Turn): boolean => turn.call.phase.name === 'leaving';

export function referUnanswered(turn: Turn, type: 'timeout' | 'transport-failed'): void {
  step(turn, { type });
}

/** A NOTIFY in the call's dialog, at any time of its life and for a while after. */
export function notified(turn: Turn, request: Request, origin: Origin): void {
  const notice = readNotice(request);
  if (notice.refused !== null) {
    const headers: HeaderList = notice.refused === 489 ? [['Allow-Events', 'refer']] : [];
    return respond(turn, request, origin, notice.refused, { headers });
  }
  const { refer, pastRefers } = turn.call;
  const { id } = notice;
  const isCurrent = refer !== null && (id === null ? !isOfStepBefore(refer) : refer.cseqs.includes(id));
  const isPast = id === null ? pastRefers.length > 0 : pastRefers.includes(id);
  if (!isCurrent && !isPast) return respond(turn, request, origin, 481);
  respond(turn, request, origin, 200);
  if (isCurrent) step(turn, { type: 'notify', status: readFragment(request), state: notice.state });
  if (turn.call.refer !== refer) change(turn, { taken: origin.key });
}

/** RFC 3420, read whatever the Content-Type's version parameter says; another body is no status. */
function readFragment(notify: Request): number | null {
  const type = notify.get('Content-Type') ?? '';
  return /^\s*message\/sipfrag\s*(;|$)/i.test(type) ? readSipfrag(notify.body) : null;
}

function step(turn: Turn, input: ReferInput): void {
  const { refer } = turn.call;
  if (refer === null) return;
  const { refer: next, effects } = transition(refer, input, turn.at);
  if (next !== refer) change(turn, { refer: next });
  const fallback = isLastStep(turn.call, input, effects) ? undefined : refer.chain?.rest[0];
  for (const effect of effects) {
    if (effect.type === 'failed' && fallback !== undefined) fallBack(turn, refer, effect.code, fallback);
    else act(turn, next, effect);
  }
}

/** The next step of a refer whose last one has failed: the outcome is still open. */
function fallBack(turn: Turn, before: Refer, code: number, fallback: Fallback): void {
  const { call } = turn;
  const failed = call.refer!;
  const { step: last, of, rest } = before.chain!;
  const { isStarted } = failed.chain!;
  const chain: Chain = { step: last + 1, of, rest: rest.slice(1), isStarted, isLingering: isLingering(failed) };
  tell(turn, referRetrying(call, failed, code, fallback));
  dismiss(turn, failed);
  change(turn, {
    refer: { ...beginStep(failed, fallback, turn.at), chain },
    pastRefers: [...call.pastRefers, ...failed.cseqs].slice(-mostPast),
  });
  if (fallback.type === 'transfer') turn.effects.push({ type: 'transfer', body: fallback.body });
  else change(turn, { credentials: fallback.credentials ?? call.ownCredentials, authorizations: [] });
}

/** A call was dialled in place of a REFER. */
export function dialledInstead(turn: Turn, callee: string): void {
  step(turn, { type: 'dialled', callee });
}

/** What came of it, but for being joined: that shows in the call. */
export function notJoined(turn: Turn, from: string | null, status: number): void {
  if (status < 300 || turn.call.refer?.transfer?.callee !== from) return;
  step(turn, { type: 'not-joined', status });
}

/** After a restart: whoever was to be dialled may not have been. */
export function resumeTransfer(turn: Turn): void {
  const body = transferOrdered(turn.call);
  if (body !== null) turn.effects.push({ type: 'transfer', body });
}

function act(turn: Turn, refer: Refer, effect: ReferEffect): void {
  switch (effect.type) {
    case 'send':
      if (isBlocked(turn)) return;
      if (refer.order.withoutAllow === 'fail' && !turn.call.allowsRefer) return step(turn, { type: 'not-allowed' });
      if (mustHold(turn.call)) return startHold(turn);
      return sendRefer(turn, refer);
    case 'authenticate':
      return sendRefer(turn, refer);
    case 'started':
      return started(turn, refer, effect.code);
    case 'completed':
      tellOutcome(turn, refer, 'completed', effect.code);
      return refer.phase.name === 'completed' ? completed(turn, refer) : undefined;
    case 'failed':
      dismiss(turn, refer);
      tellOutcome(turn, refer, 'failed', effect.code);
      return finishLeaving(turn);
    case 'dialog-lost':
      return dialogLost(turn);
    default:
      return effect satisfies never;
  }
}

/** Once for all steps. */
function started(turn: Turn, refer: Refer, code: number): void {
  const { chain } = turn.call.refer!;
  if (chain?.isStarted) return;
  tell(turn, referEvent(turn.call, refer, 'started', code));
  if (chain) change(turn, { refer: { ...turn.call.refer!, chain: { ...chain, isStarted: true } } });
}

/** The peer has the target: it may end our call itself while the grace runs. */
function completed(turn: Turn, refer: Refer): void {
  finishLeaving(turn);
  if (refer.order.byeGraceMs === 0) referTimer(turn, 'refer-grace');
}

/**
 * RFC 3261 §12.2.1.2: 481 says that the dialog is gone, so a confirmed call is over; BYE tells whoever may still be there.
 * Deviation: RFC 5057 §5.1 would end the refer alone; a PBX that has lost the dialog has lost the call.
 */
export function dialogLost(turn: Turn): void {
  if (turn.call.phase.name === 'active') sayBye(turn, clearedBy('us'));
}

/** RFC 4488 §4: asked for, not required; a peer that subscribes us all the same is heard as ever. */
const withoutSubscription: HeaderList = [
  ['Refer-Sub', 'false'],
  ['Supported', 'norefersub'],
];

function sendRefer(turn: Turn, refer: Refer): void {
  const { call } = turn;
  const { order } = refer;
  const identity = `<${readAddress(call.dialog.local)?.uri ?? ''}>`;
  const headers: HeaderList = [
    ['Refer-To', `<${order.referTo}>`],
    ['Referred-By', order.referredBy ?? identity],
    ...credentialsFor(turn, 'REFER'),
    ...capabilities,
    ...(order.unsubscribed ? withoutSubscription : []),
    ...headerList(order.headers),
  ];
  const { cseq, ...request } = sendWithin(turn, 'REFER', headers, { contact: true });
  step(turn, { type: 'sent', request, cseq });
}

/** `refer_before_answer: redirect`: the caller itself goes to the target (RFC 3261 §21.3.3), so all is told in one commit. */
function redirect(turn: Turn, target: string): void {
  const { order, ...refer } = turn.call.refer!;
  const phase = { name: 'completed', byeAt: turn.at } as const;
  const done: Refer = { ...refer, order: { ...order, referTo: target }, phase };
  change(turn, { refer: done });
  tell(turn, referEvent(turn.call, done, 'started', 100));
  tellOutcome(turn, done, 'completed', 302);
  refuseInvite(turn, 302, endingOf('normal_clearing', 'us', 302), [['Contact', `<${target}>`]]);
}
