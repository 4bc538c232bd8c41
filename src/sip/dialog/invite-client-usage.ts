// The INVITE usage as a UAC sees it (RFC 3261 §13.2, §9.1): its forks, the first 2xx that wins and the others that are
// ended, CANCEL and its race with a 2xx, refusals that another INVITE may answer. Pure: the driver sends, and arms what
// `deadlineOf` says. Leaves out what a fork does by itself (fork.ts), and the winner's dialog once it is told.
import { type Reason, writeReason } from '../message/headers.ts';
import type { HeaderList } from '../message/message.ts';
import { sendEarlyUpdate, update, updated } from './early-update.ts';
import { acknowledge, answerOffer, type Fork, isOfFork, type SentInvite, sendBye, sendPrack } from './fork.ts';
import { heard } from './invite-client-responses.ts';
import {
  absorbed,
  type Command,
  contextOf,
  deadlineOf,
  type Fixed,
  type Input,
  isOpen,
  over,
  put,
  requestOf,
  type State,
  type Step,
  type Told,
  terminated,
  type Usage,
  winnerOf,
} from './invite-client-state.ts';
import { dismiss, handOver, sendCancel } from './invite-client-steps.ts';
import { isAmong } from './redirect.ts';

/** The first step: the INVITE goes out. */
export function begin(invite: SentInvite): Step {
  const usage: Usage = {
    state: { name: 'calling' },
    invite,
    forks: [],
    tried: [requestOf(invite).uri],
    targets: [],
  };
  return { usage, effects: [{ type: 'invite', invite }] };
}

/** Takes one input at a wall-clock instant, in milliseconds. Total: an unexpected input is absorbed, never thrown. */
export function transition(fixed: Fixed, usage: Usage, input: Input, at: number): Step {
  switch (input.type) {
    case 'response':
      return heard(fixed, usage, input, at);
    case 'timeout':
    case 'transport-failed':
      return isOpen(usage.state) ? over(usage, input.type, null) : absorbed(usage);
    case 'timer':
      return deadlineOf(usage, input.timer) === null ? absorbed(usage) : fired(usage);
    case 'updated':
      return updated(usage, input.tag, input.response);
    case 'update':
      return update(fixed, usage, input);
    case 'command':
      return commanded(fixed, usage, input.command, at);
    default:
      return input satisfies never;
  }
}

function fired(usage: Usage): Step {
  const { state } = usage;
  if (state.name === 'cancelling') return over(usage, 'cancelled', null);
  if (state.name !== 'accepted') return absorbed(usage);
  // §13.2.2.4: early dialogs that were not confirmed by now are over.
  const next: State = state.winner === null ? terminated : { name: 'confirmed', winner: state.winner };
  return { usage: { ...usage, state: next }, effects: [] };
}

function commanded(fixed: Fixed, usage: Usage, command: Command, at: number): Step {
  switch (command.name) {
    case 'cancel':
      return cancel(fixed, usage, [...reasonsOf(command.reason), ...(command.headers ?? [])], at);
    case 'answer':
      return answer(fixed, usage, command.tag, command.sdp);
    case 'update':
      return sendEarlyUpdate(fixed, usage, command);
    case 'bye-again':
      return byeAgain(fixed, usage, command);
    case 'prack-again':
      return prackAgain(fixed, usage, command);
    case 'again':
      return again(usage, command.invite);
    default:
      return command satisfies never;
  }
}

function reasonsOf(reason: Reason | null): HeaderList {
  return reason === null ? [] : [['Reason', writeReason(reason)]];
}

function cancel(fixed: Fixed, usage: Usage, reasons: HeaderList, at: number): Step {
  const { state } = usage;
  if (state.name === 'calling') {
    const cancelling: State = { name: 'cancelling', sent: false, reasons, giveUpAt: at + fixed.patienceMs };
    return { usage: { ...usage, state: cancelling }, effects: [] };
  }
  if (state.name === 'proceeding') return sendCancel(fixed, usage, reasons, at);
  if (state.name === 'refused') return over(usage, 'cancelled', null);
  const waiting = winnerOf(usage);
  // A dialog that was told is no more ours to end.
  if (waiting?.owed?.method !== 'ACK') return absorbed(usage);
  return abandon(fixed, usage, waiting, reasons);
}

/** The winner is not wanted after all, before its ACK was sent. */
function abandon(fixed: Fixed, usage: Usage, fork: Fork, reasons: HeaderList): Step {
  const { usage: left, effects } = dismiss(contextOf(fixed, usage), usage, fork, reasons);
  const { state } = left;
  const next: State = state.name === 'accepted' ? { ...state, winner: null } : terminated;
  const told: Told = { type: 'ended', why: 'cancelled', response: null };
  return { usage: { ...left, state: next }, effects: [...effects, { type: 'tell', what: told }] };
}

function answer(fixed: Fixed, usage: Usage, tag: string, sdp: string | null): Step {
  const fork = usage.forks.find((each) => each.tag === tag);
  if (!fork || fork.owed === null) return absorbed(usage);
  const context = contextOf(fixed, usage);
  if (fork.owed.method === 'ACK') {
    return sdp === null ? abandon(fixed, usage, fork, []) : handOver(usage, acknowledge(context, fork, sdp));
  }
  // Once there is a final response, nobody waits for a PRACK any more.
  if (usage.state.name !== 'proceeding') return absorbed(usage);
  const step = answerOffer(context, fork, sdp);
  return { usage: put(usage, step.fork), effects: step.effects };
}

function byeAgain(fixed: Fixed, usage: Usage, { branch, headers }: Command & { name: 'bye-again' }): Step {
  const fork = usage.forks.find((each) => isOfFork(usage.invite, each, branch));
  if (fork?.state !== 'terminated') return absorbed(usage);
  const bye = sendBye(contextOf(fixed, usage), fork, headers);
  return { usage: put(usage, bye.fork), effects: bye.effects };
}

function prackAgain(fixed: Fixed, usage: Usage, { branch, headers, sdp }: Command & { name: 'prack-again' }): Step {
  const fork = usage.forks.find((each) => isOfFork(usage.invite, each, branch));
  // Once there is a final response, nobody waits for a PRACK any more.
  if (fork?.state !== 'early' || usage.state.name !== 'proceeding') return absorbed(usage);
  const prack = sendPrack(contextOf(fixed, usage), fork, headers, sdp ?? undefined);
  return { usage: put(usage, prack.fork), effects: prack.effects };
}

function again(usage: Usage, invite: SentInvite): Step {
  if (usage.state.name !== 'refused') return absorbed(usage);
  const { uri } = requestOf(invite);
  const tried = isAmong(uri, usage.tried) ? usage.tried : [...usage.tried, uri];
  const targets = usage.targets.filter((target) => !isAmong(target, [uri]));
  return {
    usage: { state: { name: 'calling' }, invite, forks: [], tried, targets },
    effects: [{ type: 'invite', invite }],
  };
}
