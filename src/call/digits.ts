// Digits that go to our peer by INFO, one request a digit: the next one leaves when the one before has its final answer and
// its tone is over, so that none overtakes another (RFC 6086 §4.4) and none is cut short. Pure. What is left, and until when we are silent,
// is part of the call. Leaves out INFO of any other kind (info.ts), and digits in the sound: there is none of ours.
import type { Refusal } from '../errors.ts';
import { forNextRequest } from '../sip/message/authorizations.ts';
import { dtmfRelay, writeDigit } from '../sip/message/dtmf.ts';
import type { Response } from '../sip/message/message.ts';
import type { Command } from './commands.ts';
import type { Application } from './routing.ts';
import { type Call, isAlive, type OwedRequest } from './state.ts';
import { challengeToAnswer, change, credentialsFor, refuse, sendWithin, type Turn } from './turn.ts';

/** Digits that were asked for together: `0-9A-D*#`, and the pauses `w` and `W`. */
export interface DigitOrder {
  readonly digits: string;
  readonly durationMs: number;
}

/** `left` is what comes next, in order. */
export interface Digits {
  readonly left: readonly DigitOrder[];
  readonly phase: /** For the ACK of our 2xx. */
    | { readonly name: 'waiting' }
    /** `toneUntil` is when the peer has played it. */
    | { readonly name: 'sent'; readonly request: OwedRequest; readonly sent: DigitOrder; readonly toneUntil: number }
    /** The tone before is not over, or a pause was asked for. */
    | { readonly name: 'silent'; readonly until: number };
}

/** How long the tone of a digit is where nothing is said of it. */
export const usualMs = 250;

const pausesMs: Readonly<Record<string, number>> = { w: 500, W: 1_000 };

/** Those that wait are written with every state of the call. */
const mostDigits = 256;
const tooMany = `At most ${mostDigits} digits may wait on a call. Try again when the peer has taken them.`;

/** Why an application's digits cannot be sent; null when they can. What a call is over for is said first. */
export function obstacleToDigits(call: Call, { dtmfType }: Application): Refusal | null {
  if (dtmfType === 'SIP INFO' || !isAlive(call)) return null;
  return { name: 'needs-media', detail: inTheSound };
}

const inTheSound =
  'Sending digits in the sound needs a media engine, which this server does not have. With `dtmf_type` `SIP INFO` of the application they are sent by SIP INFO.';

export function digitsCommand(turn: Turn, { order }: Command & { name: 'send_dtmf' }): void {
  const { name } = turn.call.phase;
  if (name !== 'active' && name !== 'answered') return refuse(turn, 'not-answered');
  if (!sendDigits(turn, order)) refuse(turn, 'unable-to-execute', tooMany);
}

/** They go behind those that are left. False: there are too many. */
export function sendDigits(turn: Turn, order: DigitOrder): boolean {
  const digits: Digits = turn.call.digits ?? { left: [], phase: { name: 'waiting' } };
  const left = [...digits.left, order];
  if (left.reduce((count, each) => count + each.digits.length, 0) > mostDigits) return false;
  change(turn, { digits: { ...digits, left } });
  if (digits.phase.name === 'waiting') nextDigit(turn);
  return true;
}

/** The next digit or pause, once there is a dialog to send in. */
export function nextDigit(turn: Turn): void {
  const { digits, phase } = turn.call;
  if (!digits || phase.name !== 'active') return;
  const [order] = digits.left;
  if (order === undefined) return change(turn, { digits: null });
  const digit = order.digits.charAt(0);
  if (digit in pausesMs) return beSilent(turn, digits.left, turn.at);
  change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
  send(turn, withoutFirst(digits.left), { ...order, digits: digit });
}

function withoutFirst([order, ...others]: Digits['left']): Digits['left'] {
  if (order === undefined || order.digits.length < 2) return others;
  return [{ ...order, digits: order.digits.slice(1) }, ...others];
}

/** Until then, and through the pauses that come next. */
function beSilent(turn: Turn, left: Digits['left'], from: number): void {
  const pauseMs = pausesMs[left[0]?.digits.charAt(0) ?? ''];
  if (pauseMs !== undefined) return beSilent(turn, withoutFirst(left), from + pauseMs);
  change(turn, { digits: { left, phase: { name: 'silent', until: from } } });
}

function send(turn: Turn, left: Digits['left'], order: DigitOrder): void {
  const headers = [...credentialsFor(turn, 'INFO'), ['Content-Type', dtmfRelay] as const];
  const body = writeDigit(order.digits, order.durationMs);
  const { cseq: _cseq, ...request } = sendWithin(turn, 'INFO', headers, { body });
  const toneUntil = turn.at + order.durationMs;
  change(turn, { digits: { left, phase: { name: 'sent', request, sent: order, toneUntil } } });
}

/** The INFO that has no final answer yet. */
export function digitOut({ digits }: Call): OwedRequest | null {
  return digits?.phase.name === 'sent' ? digits.phase.request : null;
}

/** The final answer. What a peer refuses is dropped with all behind it: a number with a hole in it is another number. */
export function digitAnswered(turn: Turn, response: Response): void {
  const { digits } = turn.call;
  if (digits?.phase.name !== 'sent' || response.status < 200) return;
  const { sent, toneUntil } = digits.phase;
  if (response.status < 300) return beSilent(turn, digits.left, Math.max(toneUntil, turn.at));
  const answer = challengeToAnswer(turn, response);
  if (answer === null) return dropDigits(turn);
  change(turn, { authorizations: answer });
  send(turn, digits.left, sent);
}

export function dropDigits(turn: Turn): void {
  if (turn.call.digits) change(turn, { digits: null });
}

/** When the silence ends; null while there is none. */
export function digitsDeadline({ digits }: Call): number | null {
  return digits?.phase.name === 'silent' ? digits.phase.until : null;
}
