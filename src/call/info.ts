// INFO in the dialog of a call, without a package (RFC 6086 §3, as RFC 2976 had it): what the application sends, and what the
// peer's tells it, and the call that it is joined to: a digit, or a body as it came. Leaves out digits that are sent (digits.ts).
import { isUtf8 } from 'node:buffer';
import { requestOf } from '../sip/dialog/invite-client-state.ts';
import type { Origin } from '../sip/endpoint.ts';
import { forNextRequest } from '../sip/message/authorizations.ts';
import { type Digit, readDigit } from '../sip/message/dtmf.ts';
import { copy, toUtf8 } from '../sip/message/grammar.ts';
import type { Request, Response } from '../sip/message/message.ts';
import { usualMs } from './digits.ts';
import { digitReceived, infoReceived, type ReceivedBody } from './events.ts';
import type { OwedRequest } from './state.ts';
import { challengeToAnswer, change, credentialsFor, respond, sendWithin, signal, type Turn, tell } from './turn.ts';

/** The limit of the official API, both ways. */
const mostBytes = 1_400;

/** An INFO of the application's. */
export function sendInfo(turn: Turn, contentType: string, body: string): void {
  change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
  const { cseq: _cseq, ...info } = send(turn, contentType, body);
  change(turn, { errands: [...turn.call.errands, info] });
}

function send(turn: Turn, contentType: string, body: string): ReturnType<typeof sendWithin> {
  return sendWithin(turn, 'INFO', [...credentialsFor(turn, 'INFO'), ['Content-Type', contentType]], { body });
}

/** One that is challenged goes once more. Others may be on their way with it, so that each has its own round. */
export function sendInfoAgain(turn: Turn, { text, isAgain }: OwedRequest, response: Response): void {
  if (isAgain || turn.call.phase.name !== 'active') return;
  change(turn, { authorizations: forNextRequest(turn.call.authorizations) });
  const answer = challengeToAnswer(turn, response);
  if (answer === null) return;
  change(turn, { authorizations: answer });
  const sent = requestOf({ text });
  const { cseq: _cseq, ...info } = send(turn, copy(sent.get('Content-Type') ?? ''), copy(sent.body));
  change(turn, { errands: [...turn.call.errands, { ...info, isAgain: true }] });
}

/** One of the peer's. Whatever it carries is taken; one that carries nothing only asks whether we are there. */
export function informed(turn: Turn, request: Request, origin: Origin): void {
  // RFC 6086 §4.2.2: none of the packages is one we take, which an empty Recv-Info says.
  if (request.get('Info-Package') !== undefined) {
    return respond(turn, request, origin, 469, { headers: [['Recv-Info', '']] });
  }
  const { body } = request;
  if (body.length > mostBytes) return respond(turn, request, origin, 413);
  change(turn, { taken: origin.key });
  respond(turn, request, origin, 200);
  if (body === '') return;
  const contentType = request.get('Content-Type') ?? null;
  const digit = readDigit(contentType ?? '', body);
  if (digit !== null) return dialled(turn, digit);
  tell(turn, infoReceived(turn.call, contentType === null ? null : toUtf8(contentType), received(body)));
}

/** Two peers that hear each other send each other sound, and INFO to us. */
function dialled(turn: Turn, { digit, durationMs }: Digit): void {
  tell(turn, digitReceived(turn.call, digit));
  const { bridge } = turn.call;
  if (!bridge?.isJoined) return;
  const order = { digits: digit, durationMs: Math.min(durationMs ?? usualMs, longestMs) };
  signal(turn, bridge.with, { type: 'digit', order });
}

/** A key that is held goes on as long as that, and the next digit waits. */
const longestMs = 5_000;

/** The text, or what is none in Base64: neither JSON nor every database takes any bytes. */
function received(body: string): ReceivedBody {
  const bytes = Buffer.from(body, 'latin1');
  const isText = isUtf8(bytes) && !body.includes('\0');
  return isText
    ? { body: bytes.toString('utf8'), body_encoding: 'utf-8' }
    : { body: bytes.toString('base64'), body_encoding: 'base64' };
}
