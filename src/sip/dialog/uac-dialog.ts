// The dialogs of a UAC (RFC 3261 §12.1.2): one per To tag of the responses to an INVITE that may have been forked.
import { readAddress, tagOf } from '../message/address.ts';
import { copy } from '../message/grammar.ts';
import type { Request, Response } from '../message/message.ts';
import { readUri } from '../message/uri.ts';
import type { Target } from '../transport/transport.ts';
import type { Dialog } from './dialog.ts';

/**
 * The dialog that a response to our INVITE makes. Deviation: a response without a usable Contact leads to where the INVITE
 * went, because gateways leave it out of 18x; its peer's first CSeq is not known yet and counts as 0.
 */
export function uacDialog(invite: Request, response: Response, flow: Target): Dialog {
  return {
    callId: copy(invite.callId),
    localTag: copy(tagOf(invite.from) ?? ''),
    remoteTag: forkOf(response) === '' ? null : forkOf(response),
    local: copy(invite.get('From')!),
    remote: copy(response.get('To')!),
    localCseq: invite.cseq.number,
    remoteCseq: 0,
    remoteTarget: copy(contactOf(response) ?? invite.uri),
    // §12.1.2: as the response lists them, the nearest to us last.
    routeSet: response.values('Record-Route').map(copy).reverse(),
    flow,
  };
}

/** §13.2.2.4: the 2xx sets the route set anew, and the target; the sequence numbers go on. */
export function confirmedBy(dialog: Dialog, invite: Request, response: Response): Dialog {
  const { localCseq, remoteCseq, flow } = dialog;
  return { ...uacDialog(invite, response, flow), localCseq, remoteCseq };
}

/** Which fork answered: its To tag, empty where a peer of RFC 2543 has none. */
export function forkOf(response: Response): string {
  return copy(tagOf(response.to) ?? '');
}

function contactOf(response: Response): string | null {
  const uri = readAddress(response.values('Contact')[0] ?? '')?.uri;
  return uri !== undefined && readUri(uri) !== null ? uri : null;
}
