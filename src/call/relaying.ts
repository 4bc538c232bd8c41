// A change of the session that our peer asks for while it hears the peer of another call: that one is to answer it. The
// request stays open meanwhile. Leaves out the other call's half (bridging.ts).
import { hasSdp } from '../sip/dialog/invite-usage.ts';
import type { Origin } from '../sip/endpoint.ts';
import { copy } from '../sip/message/grammar.ts';
import type { Request } from '../sip/message/message.ts';
import { writeResponse } from '../sip/message/write.ts';
import { canceled, repeatResponse } from './inbound.ts';
import { headOf } from './invitation.ts';
import { refuseChange } from './leaving.ts';
import type { Lifetime } from './lifetime.ts';
import { lives, unblock } from './modifying.ts';
import { type Relaying, sixtyFourT1Ms } from './state.ts';
import { capabilities, change, contact, respondText, sdpType, signal, type Turn } from './turn.ts';

/** A re-INVITE or UPDATE with an offer. */
export function relayChange(turn: Turn, request: Request, origin: Origin, lifetime: Lifetime): void {
  const { bridge, phase, dialog } = turn.call;
  if (bridge === null || phase.name !== 'active') return;
  const relaying: Relaying = {
    method: request.method === 'UPDATE' ? 'UPDATE' : 'INVITE',
    head: headOf(request, copy(request.get('To') ?? dialog.local)),
    offer: copy(request.body),
    cseq: request.cseq.number,
    lifetime,
    to: { key: origin.key, replyTo: origin.replyTo },
  };
  const invite = { ...relaying.to, cseq: relaying.cseq };
  change(turn, { phase: { ...phase, relaying }, ...(relaying.method === 'INVITE' && { invite }) });
  turn.effects.push({
    type: 'signal',
    to: bridge.with,
    signal: { type: 'offer', sdp: relaying.offer, isFinal: false },
  });
}

/** CANCEL (RFC 3261 §9.2) of the INVITE that began the call, or of a re-INVITE that waits: the other one is not to answer it any more. */
export function cancelInvite(turn: Turn, request: Request, origin: Origin): void {
  const { bridge, phase } = turn.call;
  canceled(turn, request, origin);
  const relaying = phase.name === 'active' ? phase.relaying : null;
  if (relaying?.method !== 'INVITE' || relaying.cseq !== request.cseq.number) return;
  refuseChange(turn, 487);
  if (bridge !== null) signal(turn, bridge.with, { type: 'withdrawn' });
  unblock(turn);
}

/** The answer to what we said last, in the ACK of a re-INVITE without offer: if the peer has moved, the other one must know. */
export function relayMove(turn: Turn, ack: Request): void {
  const { bridge } = turn.call;
  if (bridge === null || !hasSdp(ack)) return;
  signal(turn, bridge.with, { type: 'offer', sdp: copy(ack.body), isFinal: true });
}

/** The other one has answered. */
export function acceptChange(turn: Turn, sdp: string): void {
  const { phase } = turn.call;
  if (phase.name !== 'active' || phase.relaying === null) return;
  const { method, head, cseq, lifetime, to } = phase.relaying;
  const headers = [...head, ...contact(turn.call), ...capabilities, ...lifetime.headers, ...sdpType];
  const text = writeResponse({ status: 200 }, headers, sdp);
  if (method === 'UPDATE') {
    change(turn, { phase: { ...phase, relaying: null } });
    respondText(turn, to, 200, text);
  } else {
    const reinvite = { status: 200, text, until: turn.at + sixtyFourT1Ms, cseq, offered: false };
    change(turn, { phase: { ...phase, relaying: null, reinvite } });
    repeatResponse(turn, '2xx', reinvite);
  }
  lives(turn, lifetime.agreed);
  unblock(turn);
}
