// A call of ours until it is answered (RFC 3261 §13.2): its INVITE by one route after the other, with what a challenge, a
// redirect or a longer session interval asks for; its CANCEL; and what is left of it when it has been answered. The machine
// is sip/dialog/invite-client-usage.ts. Leaves out which routes there are (outbound-routes.ts).

import { isOfFork, type SentInvite } from '../sip/dialog/fork.ts';
import { type Invitation, initialInvite, withoutPeer } from '../sip/dialog/initial-invite.ts';
import {
  deadlineOf,
  type Effect,
  type Fixed,
  isOpen,
  type Remedy,
  requestOf,
  type Step,
  type Told,
  winnerOf,
} from '../sip/dialog/invite-client-state.ts';
import { cancelOf } from '../sip/dialog/invite-client-steps.ts';
import { begin, transition } from '../sip/dialog/invite-client-usage.ts';
import { hasSdp } from '../sip/dialog/invite-usage.ts';
import { type Asked, agreedBy, askAgain, askHeaders, firstAsk, off } from '../sip/dialog/session-timer.ts';
import type { Origin } from '../sip/endpoint.ts';
import { tagOf } from '../sip/message/address.ts';
import { credentialsIn, forNextRequest } from '../sip/message/authorizations.ts';
import { copy } from '../sip/message/grammar.ts';
import { type Reason, sameHeader } from '../sip/message/headers.ts';
import type { HeaderList, Request, Response } from '../sip/message/message.ts';
import type { Target } from '../sip/transport/transport.ts';
import type { DialOrder, NamedValue } from './commands.ts';
import { answered, causeOf, initiated } from './events.ts';
import { informed } from './info.ts';
import { allowsMethod } from './invitation.ts';
import { end, endingOf, sayBye } from './leaving.ts';
import type { LifetimePolicy } from './lifetime.ts';
import { lives } from './modifying.ts';
import type { Route } from './outbound-routes.ts';
import { makeOffer, newSession, takeAnswer } from './sound.ts';
import { type Call, type Ending, type Outbound, type OwedRequest, sixtyFourT1Ms } from './state.ts';
import { mayCall, type TargetRules } from './targets.ts';
import {
  beginTurn,
  capabilities,
  challengeToAnswer,
  change,
  credentialsFor,
  freshBranch,
  headerList,
  respond,
  signal,
  type Turn,
  tell,
} from './turn.ts';

/** What a call of ours is given from outside. `siblings` are the ids of those that are dialled with it. */
export type OutboundIdentity = Pick<
  Call,
  'id' | 'legId' | 'sessionId' | 'connectionId' | 'local' | 'sdpAddress' | 'media' | 'referInbound' | 'reportsTo'
> & {
  readonly sipCallId: string;
  readonly rtpPort: number;
  readonly policy: LifetimePolicy;
  readonly followsRedirects: boolean;
  /** Whom a redirect may lead to. */
  readonly targets: readonly TargetRules[];
  readonly routes: readonly [Route, ...Route[]];
  readonly siblings: readonly string[];
  /** The call it is dialled for. */
  readonly link: Call['link'];
};

/** A new call: the application is told, and the INVITE leaves for its first route. */
export function outgoing(
  { at, seed }: { readonly at: number; readonly seed: string },
  identity: OutboundIdentity,
  order: DialOrder,
): Turn {
  const { sipCallId, rtpPort, policy, followsRedirects, targets, routes, siblings, link, ...names } = identity;
  const [route, ...others] = routes;
  const invitation: Invitation = {
    uri: route.uri,
    to: order.toAddress,
    from: order.fromAddress,
    fromTag: seed,
    callId: sipCallId,
    cseq: 0,
    branch: '',
    routes: route.routes,
    contactUser: order.contactUser,
    headers: [...capabilities, ['User-Agent', 'Switchhook'], ...headerList(order.headers)],
    sdp: null,
  };
  const turn = beginTurn(
    {
      ...names,
      direction: 'outgoing',
      from: order.from,
      to: order.to,
      startedAt: at,
      clientState: order.clientState,
      webhooks: order.webhooks,
      sipHeaders: [],
      answerHeaders: [],
      events: 0,
      dialog: withoutPeer(invitation),
      contactUser: order.contactUser,
      allowsRefer: true,
      allowsUpdate: false,
      invite: null,
      outbound: null,
      gateway: route.gateway,
      limitAt: null,
      taken: null,
      session: newSession(rtpPort, seed),
      reliable: null,
      phase: {
        name: 'dialing',
        status: null,
        timeoutAt: at + order.timeoutMs,
        timeLimitMs: order.timeLimitMs,
        siblings,
        ...(order.timeoutCause !== 'timeout' && { timeoutCause: order.timeoutCause }),
      },
      refer: null,
      pastRefers: [],
      referral: null,
      referee: null,
      bridge: null,
      link,
      ...(order.afterBridge && { afterBridge: order.afterBridge }),
      transferring: null,
      modification: null,
      acked: null,
      expiry: { ...policy, timer: off },
      errands: [],
      ownCredentials: route.credentials,
      credentials: route.credentials,
      authorizations: [],
    },
    { at, seed },
  );
  const { displayName: callerIdName } = order;
  tell(turn, initiated(turn.call, { callerIdName, customHeaders: [], offeredCodecs: [], replaces: null }));
  const sdp = makeOffer(turn, turn.call.session!, order.preferredCodecs);
  const asked = firstAsk(policy.wish);
  const redirected = followsRedirects ? { followsRedirects, targets } : { followsRedirects };
  const plan = { invitation: { ...invitation, sdp }, asked, ...redirected, routes: others };
  follow(turn, plan, route, begin);
  return turn;
}

type Plan = Omit<Outbound, 'usage' | 'until'>;

/** Writes the next INVITE of the call (§8.1.3.5: the next CSeq, the same Call-ID and From tag) and sends it. */
function follow(
  turn: Turn,
  plan: Plan,
  route: Pick<Route, 'uri' | 'routes' | 'flow'>,
  next: (invite: SentInvite) => Step,
): void {
  const { uri, routes, flow } = route;
  const cseq = plan.invitation.cseq + 1;
  const invitation = { ...plan.invitation, uri, routes, cseq, branch: freshBranch(turn) };
  change(turn, { dialog: withoutPeer(invitation) });
  const asks = turn.call.expiry.unasked ? askHeaders(plan.asked) : [];
  const headers = [...credentialsFor(turn, 'INVITE'), ...asks, ...discreet(turn.call, invitation.headers)];
  const written = initialInvite({ ...invitation, headers }, turn.call.local);
  const invite = flow === null ? written : { ...written, target: { ...flow, behindNat: true as const } };
  const step = next(invite);
  change(turn, { outbound: { ...plan, invitation, usage: step.usage, until: turn.at + sixtyFourT1Ms } });
  for (const effect of step.effects) act(turn, effect, null);
}

/** RFC 3325 §9.1: where privacy is asked for, only a trunk, whom we trust, is told who calls. */
function discreet({ gateway }: Call, headers: HeaderList): HeaderList {
  const isPrivate = headers.some(([name, value]) => sameHeader(name, 'Privacy') && value === 'id');
  return isPrivate && gateway === null ? headers.filter(([name]) => !sameHeader(name, 'P-Asserted-Identity')) : headers;
}

function fixedOf({ local, contactUser, outbound }: Call): Fixed {
  const followsRedirects = outbound?.followsRedirects ?? false;
  return { addresses: local, contactUser, capabilities, patienceMs: sixtyFourT1Ms, followsRedirects };
}

/** Whether the branch is that of our INVITE, while one of its forks may still answer. */
export function isInvite({ outbound }: Call, branch: string): boolean {
  return outbound?.usage.invite.branch === branch;
}

export function inviteResponse(turn: Turn, response: Response, to?: Target): void {
  step(turn, { type: 'response', response, to }, response);
}

export function inviteUnanswered(turn: Turn, type: 'timeout' | 'transport-failed'): void {
  step(turn, { type }, null);
}

export function inviteDeadline({ outbound }: Call, timer: 'give-up' | 'settle'): number | null {
  return outbound === null ? null : deadlineOf(outbound.usage, timer);
}

export function inviteTimer(turn: Turn, timer: 'give-up' | 'settle'): void {
  step(turn, { type: 'timer', timer }, null);
}

/** Gives up a call that is not answered: it is over for the application at once, whatever becomes of the INVITE (§9.1). */
export function giveUp(
  turn: Turn,
  cause: Ending['cause'],
  { reason = null, headers = [] }: { readonly reason?: Reason | null; readonly headers?: readonly NamedValue[] } = {},
): void {
  const { phase } = turn.call;
  if (phase.name !== 'dialing') return;
  report(turn, 487);
  abandon(turn, cause, { reason, headers: headerList(headers) });
}

interface CancelWords {
  readonly reason: Reason | null;
  readonly headers: HeaderList;
}

function abandon(turn: Turn, cause: Ending['cause'], words: CancelWords): void {
  const wasHeard = turn.call.outbound!.usage.state.name !== 'calling';
  end(turn, endingOf(cause, 'us', wasHeard ? 487 : null), {});
  step(turn, { type: 'command', command: { name: 'cancel', ...words } }, null);
}

/** The PRACK in a fork, or the BYE to one that nobody wants, is challenged: it goes once more. */
export function sendInForkAgain(turn: Turn, { branch, method, text }: OwedRequest, response: Response): void {
  const { outbound } = turn.call;
  const fork = outbound?.usage.forks.find((each) => isOfFork(outbound.usage.invite, each, branch));
  const sent = requestOf({ text });
  if (fork === undefined || credentialsIn(sent).length > 0) return;
  change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
  const answer = challengeToAnswer(turn, response);
  if (answer === null) return;
  change(turn, { authorizations: answer });
  const kept = (['Reason', 'RAck'] as const).flatMap((name) =>
    sent.all(name).map((value) => [name, copy(value)] as const),
  );
  const headers = [...credentialsFor(turn, method, fork.dialog), ...kept];
  const sdp = sent.body === '' ? null : copy(sent.body);
  const command = method === 'PRACK' ? ({ name: 'prack-again', branch, headers, sdp } as const) : null;
  step(turn, { type: 'command', command: command ?? { name: 'bye-again', branch, headers } }, null);
}

/** Nobody has answered in time. */
export function giveUpWaiting(turn: Turn): void {
  const { phase } = turn.call;
  if (phase.name !== 'dialing') return;
  report(turn, 408);
  abandon(turn, phase.timeoutCause ?? 'timeout', { reason: null, headers: [] });
}

/** RFC 3326 §2: why the others that were dialled with it are cancelled. */
export const elsewhere: Reason = { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' };

/** A request in one of the early dialogs. */
export function requestedEarly(turn: Turn, request: Request, origin: Origin): void {
  if (request.method === 'UPDATE') {
    const retryAfterS = Number.parseInt(turn.seed.slice(0, 2), 16) % 11;
    const tag = tagOf(request.from) ?? '';
    // Deviation: an offer in an early dialog is refused; the sound that counts is that of the answer.
    return step(turn, { type: 'update', tag, request, from: origin.from, answer: null, retryAfterS }, null, {
      request,
      origin,
    });
  }
  // RFC 3261 §17.2.2: a copy that no transaction knows any more, after a restart.
  const isTaken = request.method === 'OPTIONS' || origin.key === turn.call.taken;
  if (request.method === 'INFO' && !isTaken) return informed(turn, request, origin);
  respond(turn, request, origin, isTaken ? 200 : 481);
}

/** After a restart: the INVITE and its CANCEL byte for byte, and the ACK, whose loss nobody else would notice. */
export function resumeInvite(turn: Turn): void {
  const { at } = turn;
  const { outbound } = turn.call;
  if (outbound === null) return;
  const { usage, until } = outbound;
  const { state, invite } = usage;
  if (state.name === 'calling' && until <= at) return inviteUnanswered(turn, 'timeout');
  if (isOpen(state)) {
    const left = state.name === 'calling' ? { timeoutMs: until - at } : {};
    turn.effects.push({ type: 'send', request: { method: 'INVITE', ...invite, ...left } });
  }
  if (state.name === 'cancelling' && state.sent) act(turn, cancelOf(usage, state.reasons), null);
  const ack = winnerOf(usage)?.ack ?? null;
  if (ack !== null) turn.effects.push({ type: 'ack', request: ack });
}

interface Asking {
  readonly request: Request;
  readonly origin: Origin;
}

function step(
  turn: Turn,
  input: Parameters<typeof transition>[2],
  response: Response | null,
  asking: Asking | null = null,
): void {
  const { outbound } = turn.call;
  if (outbound === null) return;
  const { usage, effects } = transition(fixedOf(turn.call), outbound.usage, input, turn.at);
  if (usage !== outbound.usage) change(turn, { outbound: { ...outbound, usage } });
  for (const effect of effects) act(turn, effect, response, asking);
  if (isSettled(turn.call)) change(turn, { outbound: null });
}

/** Whether no fork can answer any more. */
function isSettled({ outbound }: Call): boolean {
  const name = outbound?.usage.state.name;
  return name === 'confirmed' || name === 'terminated';
}

function act(turn: Turn, effect: Effect, response: Response | null, asking: Asking | null = null): void {
  switch (effect.type) {
    case 'invite':
      turn.effects.push({ type: 'send', request: { method: 'INVITE', ...effect.invite } });
      return;
    case 'cancel': {
      const { branch, text, target } = effect;
      turn.effects.push({ type: 'send', request: { method: 'CANCEL', branch, text, target } });
      return;
    }
    case 'send': {
      const errand = {
        method: effect.method,
        branch: effect.branch,
        ...effect.request,
        until: turn.at + sixtyFourT1Ms,
      };
      const { until: _until, ...request } = errand;
      change(turn, { errands: [...turn.call.errands, errand] });
      turn.effects.push({ type: 'send', request });
      return;
    }
    case 'ack':
      turn.effects.push({ type: 'ack', request: effect.request });
      return;
    case 'respond':
      return respond(turn, asking!.request, asking!.origin, effect.status, {
        headers: effect.headers,
        ...(effect.sdp !== null && { body: effect.sdp }),
      });
    case 'remedy':
      return remedied(turn, effect.response, effect.remedy);
    case 'tell':
      return told(turn, effect.what, response);
    default:
      return effect satisfies never;
  }
}

/** Another INVITE, if what it takes is at hand; else the refusal counts. */
function remedied(turn: Turn, response: Response, remedy: Remedy): void {
  const outbound = turn.call.outbound!;
  const { invitation, asked } = outbound;
  const again = (plan: Plan, uri: string): void =>
    follow(turn, plan, { uri, routes: invitation.routes, flow: flowOf(turn) }, (invite) =>
      transition(fixedOf(turn.call), outbound.usage, { type: 'command', command: { name: 'again', invite } }, turn.at),
    );
  switch (remedy.why) {
    case 'authenticate': {
      const authorizations = challengeToAnswer(turn, response);
      if (authorizations === null) return unsuccessful(turn, 'refused', response);
      change(turn, { authorizations });
      return again(outbound, invitation.uri);
    }
    case 'interval': {
      const asks: Asked | null = askAgain(asked, response);
      return asks === null
        ? unsuccessful(turn, 'refused', response)
        : again({ ...outbound, asked: asks }, invitation.uri);
    }
    case 'redirect': {
      const target = remedy.targets.find((each) => mayCall(each, outbound.targets ?? []));
      if (target === undefined) return unsuccessful(turn, 'refused', response);
      change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
      return again(outbound, target);
    }
    default:
      return remedy satisfies never;
  }
}

/** Where the packets of the phone come from, if the INVITE went there. */
function flowOf({ call: { outbound } }: Turn): Route['flow'] {
  const { target } = outbound!.usage.invite;
  return target.behindNat ? target : null;
}

function told(turn: Turn, what: Told, response: Response | null): void {
  const { phase } = turn.call;
  switch (what.type) {
    case 'progress':
      return rung(turn, what.response.status);
    case 'described':
      if (phase.name === 'dialing') takeAnswer(turn, what.described.sdp);
      return;
    case 'confirmed':
      return confirmed(turn, what, response!);
    case 'ended':
      return unsuccessful(turn, what.why, what.response);
    default:
      return what satisfies never;
  }
}

function rung(turn: Turn, status: number): void {
  const { phase } = turn.call;
  if (phase.name !== 'dialing' || phase.status === status) return;
  change(turn, { phase: { ...phase, status } });
  report(turn, status);
}

/** Whoever has the call dialled because of a REFER is told how it goes. */
function report({ call: { reportsTo }, effects }: Turn, status: number): void {
  if (reportsTo !== null) effects.push({ type: 'signal', to: reportsTo, signal: { type: 'progress', status } });
}

function confirmed(turn: Turn, { dialog }: Told & { type: 'confirmed' }, response: Response): void {
  const { phase, outbound } = turn.call;
  if (phase.name !== 'dialing') return;
  const { invitation, asked } = outbound!;
  const flow = flowOf(turn);
  change(turn, {
    dialog: {
      ...dialog,
      ...(/^sips:/i.test(invitation.uri) && { secure: true }),
      ...(flow !== null && { nat: true, behindNat: true, flow }),
    },
    phase: { name: 'active', reinvite: null, relaying: null },
    allowsRefer: allowsMethod(response, 'REFER') ?? true,
    allowsUpdate: allowsMethod(response, 'UPDATE') ?? false,
    allowsInfo: allowsMethod(response, 'INFO') ?? true,
    limitAt: turn.at + phase.timeLimitMs,
  });
  const isAgreed = turn.call.session?.agreed != null && (hasSdp(response) ? takeAnswer(turn, response.body) : true);
  tell(turn, answered(turn.call));
  report(turn, 200);
  for (const to of phase.siblings) signal(turn, to, { type: 'outrun' });
  lives(turn, agreedBy(response, asked));
  if (!isAgreed) return sayBye(turn, endingOf('unspecified', 'us', 200));
}

/** The next route, where the one that failed says nothing of the callee; else the call is over. */
function unsuccessful(turn: Turn, why: (Told & { type: 'ended' })['why'], response: Response | null): void {
  const { phase, outbound } = turn.call;
  // The application has given up before.
  if (phase.name !== 'dialing' || outbound === null) return;
  // What has filled up since the call was routed is passed over.
  const [route, ...routes] = outbound.routes.filter(({ gateway }) => !isFull(turn, gateway));
  if (route !== undefined && isOfThePlace(why, response)) return tryNext(turn, { ...outbound, routes }, route);
  change(turn, { outbound: null });
  report(turn, response?.status ?? (why === 'timeout' ? 408 : 503));
  if (response !== null) end(turn, endingOf(causeOf(response.status), 'peer', response.status), {});
  else end(turn, endingOf(why === 'timeout' ? 'timeout' : 'unspecified', 'us', null), {});
}

function isOfThePlace(why: string, response: Response | null): boolean {
  if (why === 'timeout' || why === 'transport-failed') return true;
  const status = response?.status ?? 0;
  return status >= 500 && status < 600;
}

const isFull = ({ surroundings }: Turn, gateway: string | null): boolean =>
  gateway !== null && surroundings.fullGateways.includes(gateway);

function tryNext(turn: Turn, plan: Plan, route: Route): void {
  const { gateway, credentials } = route;
  change(turn, { gateway, ownCredentials: credentials, credentials, authorizations: [] });
  follow(turn, plan, route, begin);
}

/** Whether a request belongs to one of the early dialogs. */
export function isEarlyOf({ phase, outbound, dialog }: Call, request: Request): boolean {
  if (phase.name !== 'dialing' || request.callId !== dialog.callId) return false;
  return outbound?.usage.forks.some(({ tag }) => tag === copy(tagOf(request.from) ?? '')) ?? false;
}
