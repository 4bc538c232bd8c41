// UPDATE in the early dialogs of an INVITE we sent (RFC 3311 §5), ours and the peer's: which offers may be made when.
import { copy } from '../message/grammar.ts';
import type { HeaderList, Response } from '../message/message.ts';
import { afterRequest, contactFor } from './dialog.ts';
import { type Fork, sendUpdate } from './fork.ts';
import {
  absorbed,
  type Command,
  contextOf,
  type Effect,
  type Fixed,
  type Input,
  put,
  type Step,
  type Usage,
} from './invite-client-state.ts';
import { hasSdp, type OpenOffer, offerRefusal } from './invite-usage.ts';

/** Ours. */
export function sendEarlyUpdate(fixed: Fixed, usage: Usage, { tag, headers, sdp }: Command & { name: 'update' }): Step {
  const fork = earlyFork(usage, tag);
  // §5.1: no offer while another is open.
  if (fork === null || (sdp !== null && fork.exchange !== 'settled')) return absorbed(usage);
  const step = sendUpdate(contextOf(fixed, usage), fork, headers, sdp);
  return { usage: put(usage, step.fork), effects: step.effects };
}

/** The answer to an UPDATE of ours: our offer is answered, or is as if it had never been made (§5.3). */
export function updated(usage: Usage, tag: string, response: Response | null): Step {
  const fork = usage.forks.find((each) => each.tag === tag);
  if (fork?.exchange !== 'updating') return absorbed(usage);
  const isAnswer = response !== null && response.status >= 200 && response.status < 300 && hasSdp(response);
  if (response !== null && response.status < 200) return absorbed(usage);
  const effects = isAnswer ? [describedBy(tag, copy(response.body))] : [];
  return { usage: put(usage, { ...fork, exchange: 'settled' }), effects };
}

/** The peer's. */
export function update(fixed: Fixed, usage: Usage, input: Input & { type: 'update' }): Step {
  const { tag, request, from } = input;
  const fork = earlyFork(usage, tag);
  if (fork === null) return { usage, effects: [respond(isGone(usage, tag) ? 481 : 491)] };
  if (request.cseq.number < fork.dialog.remoteCseq) return { usage, effects: [respond(500)] };
  const next = put(usage, { ...fork, dialog: afterRequest(fork.dialog, request, from) });
  return { usage: next, effects: [answerUpdate(fixed, fork, input)] };
}

/** §5.2: an offer that crosses another is 491 or 500, one that cannot be answered 488. */
function answerUpdate(
  fixed: Fixed,
  fork: Fork,
  { request, from, answer, retryAfterS }: Input & { type: 'update' },
): Effect {
  const address = fixed.addresses[from.transport] ?? null;
  const contact: HeaderList = address === null ? [] : [['Contact', contactFor(address, fixed.contactUser)]];
  const headers = [...contact, ...fixed.capabilities];
  if (!hasSdp(request)) return respond(200, headers);
  const refusal = offerRefusal(openOffer(fork));
  if (refusal === 500) return respond(500, [['Retry-After', String(retryAfterS)]]);
  if (refusal !== null) return respond(refusal);
  return answer === null ? respond(488) : respond(200, headers, answer);
}

function openOffer({ exchange }: Fork): OpenOffer {
  if (exchange === 'offered' || exchange === 'updating') return 'ours';
  // No offer may overtake that of the INVITE's own exchange.
  return exchange === 'settled' ? null : 'theirs';
}

function respond(status: number, headers: HeaderList = [], sdp: string | null = null): Effect {
  return { type: 'respond', status, headers, sdp };
}

/** Else its INVITE has just had a final response, or is being cancelled: the peer may ask again. */
function isGone({ state, forks }: Usage, tag: string): boolean {
  return state.name === 'terminated' || !forks.some((fork) => fork.tag === tag && fork.state !== 'terminated');
}

/** A fork in which we may speak: early, and its INVITE without a final response. */
function earlyFork({ state, forks }: Usage, tag: string): Fork | null {
  if (state.name !== 'proceeding') return null;
  return forks.find((fork) => fork.tag === tag && fork.state === 'early') ?? null;
}

function describedBy(tag: string, sdp: string): Effect {
  return { type: 'tell', what: { type: 'described', tag, described: { kind: 'answer', sdp } } };
}
