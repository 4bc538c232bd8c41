// What responses and commands may both bring an INVITE we sent to: its CANCEL (RFC 3261 §9.1), the end of a fork that is
// not wanted, and the winner handed over (§13.2.2.4).
import type { HeaderList, Request } from '../message/message.ts';
import { writeRequest } from '../message/write.ts';
import { type Acknowledging, acknowledge, declined, type Fork, type ForkContext, sendBye } from './fork.ts';
import {
  type Effect,
  type Fixed,
  put,
  requestOf,
  type State,
  type Step,
  type Told,
  type Usage,
} from './invite-client-state.ts';

/** §9.1: what has no final response 64*T1 after the CANCEL counts as cancelled. */
export function sendCancel({ patienceMs }: Fixed, usage: Usage, reasons: HeaderList, at: number): Step {
  const state: State = { name: 'cancelling', sent: true, reasons, giveUpAt: at + patienceMs };
  return { usage: { ...usage, state }, effects: [cancelOf(usage, reasons)] };
}

/** The CANCEL of an INVITE: the same each time. */
export function cancelOf({ invite }: Pick<Usage, 'invite'>, reasons: HeaderList): Effect & { type: 'cancel' } {
  const { branch, target } = invite;
  return { type: 'cancel', branch, text: cancelText(requestOf(invite), reasons), target };
}

/** §9.1: all that tells the INVITE's transaction is copied from it. */
function cancelText(invite: Request, reasons: HeaderList): string {
  return writeRequest({ method: 'CANCEL', uri: invite.uri }, [
    ['Via', invite.values('Via')[0]!],
    ...invite.all('Route').map((route) => ['Route', route] as const),
    ['Max-Forwards', '70'],
    ['From', invite.get('From')!],
    ['To', invite.get('To')!],
    ['Call-ID', invite.callId],
    ['CSeq', `${invite.cseq.number} CANCEL`],
    ...reasons,
  ]);
}

/** A confirmed dialog that is not wanted: ACK, with a valid answer where one is due, then BYE (§13.2.2.4). */
export function dismiss(context: ForkContext, usage: Usage, fork: Fork, reasons: HeaderList): Step {
  const answer = fork.owed?.method === 'ACK' ? declined(fork.offer ?? '') : null;
  const acked = acknowledge(context, fork, answer);
  const bye = sendBye(context, acked.fork, reasons);
  return { usage: put(usage, bye.fork), effects: [...acked.effects, ...bye.effects] };
}

/** The ACK of the winner is sent: the dialog goes to whoever owns the call. */
export function handOver(usage: Usage, { fork, effects }: { fork: Fork; effects: readonly Acknowledging[] }): Step {
  const { tag, dialog, exchange } = fork;
  const agreed = exchange === 'settled' || exchange === 'updating';
  const told: Told = { type: 'confirmed', tag, dialog, agreed };
  return { usage: put(usage, fork), effects: [...effects, { type: 'tell', what: told }] };
}
