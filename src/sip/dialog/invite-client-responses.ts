// What the responses to an INVITE make of it (RFC 3261 §13.2.2, RFC 3262 §4): forks, the 2xx that wins, those that lose,
// and refusals that another INVITE may answer.
import { writeReason } from '../message/headers.ts';
import type { HeaderList, Response } from '../message/message.ts';
import {
  acknowledge,
  acknowledgeProvisional,
  answerOffer,
  confirm,
  type Described,
  type Fork,
  type ForkContext,
  type ForkStep,
  newFork,
  orderOf,
  preview,
  type Sending,
  sendBye,
} from './fork.ts';
import {
  absorbed,
  contextOf,
  type Effect,
  type Fixed,
  type Input,
  isOpen,
  over,
  put,
  type Remedy,
  type State,
  type Step,
  type Told,
  then,
  type Usage,
} from './invite-client-state.ts';
import { dismiss, handOver, sendCancel } from './invite-client-steps.ts';
import { isAmong, mostTargets, redirectTargets } from './redirect.ts';
import { forkOf } from './uac-dialog.ts';

type Heard = Input & { readonly type: 'response' };

export function heard(fixed: Fixed, usage: Usage, input: Heard, at: number): Step {
  const { response } = input;
  const { status } = response;
  // One to an INVITE that was refused and sent again.
  if (response.via.branch !== usage.invite.branch) return absorbed(usage);
  if (status < 200) return isOpen(usage.state) ? provisional(fixed, usage, input, at) : absorbed(usage);
  if (status < 300) return accepted(fixed, usage, input, at);
  return isOpen(usage.state) ? refused(fixed, usage, response) : absorbed(usage);
}

function provisional(fixed: Fixed, usage: Usage, input: Heard, at: number): Step {
  const { state } = usage;
  if (state.name === 'cancelling') {
    const step = state.sent ? absorbed(usage) : sendCancel(fixed, usage, state.reasons, at);
    return then(step, (sent) => progress(fixed, sent, input, false));
  }
  const next: Usage = state.name === 'proceeding' ? usage : { ...usage, state: { name: 'proceeding' } };
  return progress(fixed, next, input, true);
}

/** Deviation: so many forks are followed, and no 2xx beyond them is acknowledged; only a hostile peer makes up more. */
const mostForks = 64;

/**
 * Deviation: so many reliable 1xx are taken of a fork, and of all of them. RFC 3262 §3 lets the callee send any number, and
 * each is owed a PRACK that is kept until it is answered: whoever rings for ten minutes sends one a minute.
 */
const mostReliables = { ofFork: 32, ofAll: 128 };

function isFlood({ forks }: Usage, { reliables = 0 }: Fork): boolean {
  const all = forks.reduce((sum, fork) => sum + (fork.reliables ?? 0), 0);
  return reliables >= mostReliables.ofFork || all >= mostReliables.ofAll;
}

/** RFC 3261 §15: a caller may end an early dialog by a BYE; the INVITE and its other forks go on. */
function endEarly(context: ForkContext, usage: Usage, fork: Fork): Step {
  const ended = sendBye(context, fork, []);
  return { usage: put(usage, ended.fork), effects: ended.effects };
}

/** A 1xx of one fork. Without a tag, like each 100, it makes no dialog (§12.1). `wanted`: whether the caller still is there. */
function progress(fixed: Fixed, usage: Usage, input: Heard, wanted: boolean): Step {
  const { response } = input;
  if (response.status === 100) return absorbed(usage);
  const context = contextOf(fixed, usage);
  const fork = forkFor(context, usage, input);
  const tag = fork?.tag ?? null;
  const told: readonly Effect[] = wanted ? [{ type: 'tell', what: { type: 'progress', tag, response } }] : [];
  if (fork === null) return { usage, effects: told };
  // It was ended for what it has sent before.
  if (fork.state !== 'early') return absorbed(usage);
  switch (orderOf(fork, response)) {
    case 'not-next':
      return absorbed(usage);
    case 'unreliable':
      return {
        usage: put(usage, fork),
        effects: [...told, ...(wanted ? describe(fork, preview(fork, response)) : [])],
      };
    case 'next': {
      if (isFlood(usage, fork)) return endEarly(context, usage, fork);
      const step = acknowledgeProvisional(context, fork, response);
      if (!wanted) return declineOffer(context, put(usage, step.fork), step);
      return { usage: put(usage, step.fork), effects: [...told, ...step.effects, ...describe(fork, step.described)] };
    }
  }
}

/** The PRACK goes whoever is there: a caller that has given up takes no stream. */
function declineOffer(context: ForkContext, usage: Usage, { fork, effects }: ForkStep<Sending>): Step {
  const declined = answerOffer(context, fork, null);
  return { usage: put(usage, declined.fork), effects: [...effects, ...declined.effects] };
}

function forkFor(context: ForkContext, { forks }: Usage, { response, to }: Heard): Fork | null {
  const tag = forkOf(response);
  const known = forks.find((fork) => fork.tag === tag);
  if (known) return known;
  if (forks.length >= mostForks || (response.status < 200 && tag === '')) return null;
  return newFork(context, response, forks.length, to);
}

function describe({ tag }: Fork, described: Described): readonly Effect[] {
  return described === null ? [] : [{ type: 'tell', what: { type: 'described', tag, described } }];
}

/** §13.2.2.4: every 2xx is acknowledged, each time it comes; the first one wins, unless the caller has given up. */
function accepted(fixed: Fixed, usage: Usage, input: Heard, at: number): Step {
  const { response } = input;
  const context = contextOf(fixed, usage);
  const fork = forkFor(context, usage, input);
  if (fork === null) return absorbed(usage);
  if (fork.state === 'terminated' && fork.ack === null) return acceptedLate(fixed, usage, fork, response, at);
  if (fork.state !== 'early') return repeated(usage, fork);
  const { fork: confirmed, described } = confirm(context, fork, response);
  const { state } = usage;
  const next = put(usage, confirmed);
  if (state.name !== 'calling' && state.name !== 'proceeding') {
    const unwanted = dismiss(context, next, confirmed, dismissal(state));
    return state.name === 'cancelling' ? tooLate(fixed, unwanted, response, at) : unwanted;
  }
  const won: Usage = { ...next, state: { name: 'accepted', winner: fork.tag, settledAt: at + fixed.patienceMs } };
  const told = describe(fork, described);
  if (confirmed.owed?.method === 'ACK') return { usage: won, effects: told };
  return then({ usage: won, effects: told }, (before) => handOver(before, acknowledge(context, confirmed, null)));
}

/** A fork that was ended while it was early answers all the same: it is acknowledged and ended like any that is not wanted. */
function acceptedLate(fixed: Fixed, usage: Usage, fork: Fork, response: Response, at: number): Step {
  const context = contextOf(fixed, usage);
  const { fork: confirmed } = confirm(context, fork, response);
  const dismissed = dismiss(context, put(usage, confirmed), confirmed, []);
  return isOpen(usage.state) ? tooLate(fixed, dismissed, response, at) : dismissed;
}

/** A copy of a 2xx: its ACK again, unless that still waits for our answer. */
function repeated(usage: Usage, { tag, ack }: Fork): Step {
  return { usage, effects: ack === null ? [] : [{ type: 'ack', tag, request: ack }] };
}

/** The 2xx crossed our CANCEL, or came before it could be sent. */
function tooLate({ patienceMs }: Fixed, { usage, effects }: Step, response: Response, at: number): Step {
  const state: State = { name: 'accepted', winner: null, settledAt: at + patienceMs };
  const told: Told = { type: 'ended', why: 'cancelled', response };
  return { usage: { ...usage, state }, effects: [...effects, { type: 'tell', what: told }] };
}

/** RFC 3326 §2: what a BYE to a fork that lost says, so that it does not count as a missed call. */
const elsewhere: HeaderList = [
  ['Reason', writeReason({ protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' })],
];

function dismissal(state: State): HeaderList {
  if (state.name === 'cancelling') return state.reasons;
  const isLost = state.name === 'confirmed' || (state.name === 'accepted' && state.winner !== null);
  return isLost ? elsewhere : [];
}

function refused(fixed: Fixed, usage: Usage, response: Response): Step {
  const { status } = response;
  if (usage.state.name === 'cancelling') return over(usage, 'cancelled', response);
  const targets = fixed.followsRedirects ? furtherTargets(usage, response) : [];
  const remedy = remedyFor(status, targets);
  if (remedy === null) return over(usage, 'refused', response);
  return {
    usage: { ...usage, state: { name: 'refused', status }, targets },
    effects: [{ type: 'remedy', response, remedy }],
  };
}

/** §8.1.3.4: the targets of a redirect go before those that an earlier one left; a 6xx ends the search (§21.6). */
function furtherTargets({ tried, targets }: Usage, response: Response): readonly string[] {
  if (response.status >= 600) return [];
  const left = targets.filter((target) => !isAmong(target, tried));
  if (response.status >= 400) return left;
  const named = redirectTargets(response, tried);
  return [...named, ...left.filter((target) => !isAmong(target, named))].slice(
    0,
    Math.max(0, mostTargets - tried.length),
  );
}

function remedyFor(status: number, targets: readonly string[]): Remedy | null {
  if (status === 401 || status === 407) return { why: 'authenticate' };
  if (status === 422) return { why: 'interval' };
  return targets.length === 0 ? null : { why: 'redirect', targets };
}
