// The ACK of a re-INVITE of ours (RFC 3261 §13.2.2.4): built once, and sent again with every copy of the 2xx.
import { requestWithin } from '../sip/dialog/dialog.ts';
import { declined } from '../sip/dialog/fork.ts';
import { requestOf } from '../sip/dialog/invite-client-state.ts';
import { credentialsIn } from '../sip/message/authorizations.ts';
import type { Response } from '../sip/message/message.ts';
import type { Modification, ModificationPhase } from './modification.ts';
import { type OwedRequest, sixtyFourT1Ms } from './state.ts';
import { change, freshBranch, sdpType, type Turn } from './turn.ts';

/** `sdp` is our answer, where the 2xx brought the offer. */
export function acknowledge(turn: Turn, invite: OwedRequest, cseq: number, sdp: string | null): void {
  const { call } = turn;
  const request = requestWithin(call.dialog, call.local, {
    method: 'ACK',
    cseq,
    branch: freshBranch(turn),
    headers: () => [...credentialsIn(requestOf(invite)), ...(sdp === null ? [] : sdpType)],
    ...(sdp !== null && { body: sdp }),
  });
  change(turn, { acked: { ...request, cseq, until: turn.at + sixtyFourT1Ms } });
  turn.effects.push({ type: 'ack', request });
}

/** A 2xx that comes again: its ACK was lost. */
export function acknowledgeAgain(turn: Turn, { cseq, status }: Response): void {
  const { acked } = turn.call;
  if (acked === null || cseq.method !== 'INVITE' || cseq.number !== acked.cseq || status < 200 || status > 299) return;
  turn.effects.push({ type: 'ack', request: { text: acked.text, target: acked.target } });
}

type Withheld = Modification & { readonly phase: ModificationPhase & { name: 'offered' } };

/** Whether the ACK of its 2xx waits for our answer. */
export function isWithheld(modification: Modification | null): modification is Withheld {
  return modification?.phase.name === 'offered';
}

/** After a restart: it may never have left, and no transaction is there any more to hear the 2xx again. */
export function acknowledgeResumed(turn: Turn): void {
  const { acked } = turn.call;
  if (acked === null || acked.until <= turn.at) return;
  turn.effects.push({ type: 'ack', request: { text: acked.text, target: acked.target } });
}

/** A call that ends does not leave a 2xx without its ACK: no stream is taken. */
export function acknowledgeWithheld(turn: Turn): void {
  const { modification } = turn.call;
  if (!isWithheld(modification)) return;
  const { request, cseq, offer } = modification.phase;
  acknowledge(turn, request, cseq, declined(offer));
}
