// One turn of a call: the draft of its next state and the effects gathered on the way, while one input is decided.
// The draft never leaves the decision (call.ts), which is pure: same call, same input, same step.
import type { Refusal } from '../errors.ts';
import { contactFor, contactIn, requestUriOf, requestWithin } from '../sip/dialog/dialog.ts';
import type { Origin } from '../sip/endpoint.ts';
import { type Authorizations, authorized, challenged } from '../sip/message/authorizations.ts';
import { sameHeader } from '../sip/message/headers.ts';
import { type HeaderList, type Request, type Response, reply } from '../sip/message/message.ts';
import type { NamedValue } from './commands.ts';
import type { Event } from './events.ts';
import type { Outcome } from './modification.ts';
import {
  type Call,
  type Effect,
  type Input,
  type OwedRequest,
  type Place,
  type ReplyPath,
  type Signal,
  type Surroundings,
  sixtyFourT1Ms,
} from './state.ts';

export interface Turn {
  call: Call;
  readonly at: number;
  readonly seed: string;
  readonly place: Place;
  readonly surroundings: Surroundings;
  readonly effects: Effect[];
  readonly refusals: Refusal[];
  /** What has come of changes we had asked for, until it is told to whoever wanted them. */
  readonly outcomes: Outcome[];
  branches: number;
}

const alone: Place = { position: 1, averageWaitSecs: 0 };
const empty: Surroundings = { fullGateways: [], isLinkBridged: false };

export function beginTurn(call: Call, stamp: Pick<Input, 'at' | 'seed' | 'place' | 'surroundings'>): Turn {
  const { at, seed, place, surroundings } = stamp;
  return {
    ...{ call, at, seed, place: place ?? alone, surroundings: surroundings ?? empty },
    ...{ effects: [], refusals: [], outcomes: [], branches: 0 },
  };
}

export function change(turn: Turn, changes: Partial<Call>): void {
  turn.call = { ...turn.call, ...changes };
}

export function refuse(turn: Turn, name: Refusal['name'], detail?: string): void {
  turn.refusals.push({ name, ...(detail && { detail }) });
}

/** Says something to another call: it decides on that in the same commit. */
export function signal(turn: Turn, to: string, said: Signal): void {
  turn.effects.push({ type: 'signal', to, signal: said });
}

export function tell(turn: Turn, event: Event): void {
  change(turn, { events: turn.call.events + 1 });
  turn.effects.push({ type: 'event', event, sequence: turn.call.events });
}

/** Methods we take, for Allow; option tags we support, for Supported. */
export const allow = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'PRACK', 'UPDATE', 'NOTIFY', 'REFER'];
export const supported = ['100rel', 'timer', 'replaces'];

export const capabilities: HeaderList = [
  ['Allow', allow.join(', ')],
  ['Supported', supported.join(', ')],
];

export const sdpType: HeaderList = [['Content-Type', 'application/sdp']];

/** Our Contact in this call's dialog, for the listener the peer reached us by. */
export function contact(call: Call): HeaderList {
  const value = contactIn(call.dialog, call.local, call.contactUser);
  return value === null ? [] : [['Contact', value]];
}

export function respond(
  turn: Turn,
  request: Request,
  origin: Origin,
  status: number,
  options: { headers?: HeaderList; body?: string } = {},
): void {
  const text = reply(request, status, { toTag: turn.call.dialog.localTag, ...options });
  respondText(turn, origin, status, text);
}

export function respondText(turn: Turn, to: ReplyPath, status: number, text: string): void {
  turn.effects.push({ type: 'respond', to: { key: to.key, replyTo: to.replyTo }, status, text });
}

/** Sends a request in the dialog, with the next CSeq and a branch of its own. */
export function sendWithin(
  turn: Turn,
  method: string,
  headers: HeaderList,
  options: { contact?: boolean; body?: string } = {},
): OwedRequest & { readonly cseq: number } {
  const { call } = turn;
  const cseq = call.dialog.localCseq + 1;
  const branch = freshBranch(turn);
  const built = requestWithin(call.dialog, call.local, {
    method,
    cseq,
    branch,
    headers: (address) => [
      ...(options.contact ? [['Contact', contactFor(address, call.contactUser, call.dialog.secure)] as const] : []),
      ...headers,
      ...(headers.some(([name]) => sameHeader(name, 'User-Agent')) ? [] : [['User-Agent', 'Switchhook'] as const]),
    ],
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  change(turn, { dialog: { ...call.dialog, localCseq: cseq } });
  const { text, target } = built;
  turn.effects.push({ type: 'send', request: { branch, method, text, target } });
  return { branch, method, ...built, until: turn.at + sixtyFourT1Ms, cseq };
}

export function freshBranch(turn: Turn): string {
  const branch = `z9hG4bK${turn.seed}${turn.branches === 0 ? '' : `.${turn.branches}`}`;
  turn.branches += 1;
  return branch;
}

/** How a challenge is to be answered, or null when it cannot be: then it is a refusal like any other. */
export function challengeToAnswer(
  { call: { credentials, authorizations } }: Turn,
  response: Response,
): Authorizations | null {
  const isChallenge = response.status === 401 || response.status === 407;
  return isChallenge && credentials !== null ? challenged(authorizations, response) : null;
}

/** What answers the challenges the peer has put so far, in the next request of this method. Each use of a nonce is counted. */
export function credentialsFor(turn: Turn, method: string, dialog = turn.call.dialog): HeaderList {
  const { credentials } = turn.call;
  const request = { method, uri: requestUriOf(dialog), cnonce: turn.seed };
  const { headers, authorizations } = authorized(turn.call.authorizations, request, credentials);
  change(turn, { authorizations });
  return headers;
}

/** The id under which a response of this call is repeated. */
export function repeatId(call: Call, cseq: number): string {
  return `${call.dialog.localTag}:${cseq}`;
}

export function headerList(values: readonly NamedValue[]): HeaderList {
  return values.map(({ name, value }) => [name, value] as const);
}

/** RFC 3261 §14.1: 2.1–4 s for the owner of the Call-ID, who sent the first INVITE, 0–2 s for the other side, in steps of 10 ms. */
export function glareDelayMs(turn: Turn): number {
  const isOwner = turn.call.direction === 'outgoing';
  return isOwner ? 2_100 + Math.floor(chance(turn) * 191) * 10 : Math.floor(chance(turn) * 201) * 10;
}

/** A number from 0 up to 1, out of the turn's chance. */
export function chance(turn: Turn): number {
  return Number.parseInt(turn.seed.slice(0, 8), 16) / 2 ** 32;
}
