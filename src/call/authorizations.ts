// The credentials of a call's own requests: what its peer has asked for is answered, and then given unasked, with a count
// that the call keeps (sip/message/authorizations.ts has the rules).
import { requestUriOf } from '../sip/dialog/dialog.ts';
import { authorized } from '../sip/message/authorizations.ts';
import type { HeaderList } from '../sip/message/message.ts';
import { change, type Turn } from './turn.ts';

export { type Authorizations, challenged } from '../sip/message/authorizations.ts';

/** What the next request in the dialog carries; the use of each nonce is counted. */
export function credentialsFor(turn: Turn, method: string): HeaderList {
  const { dialog, credentials } = turn.call;
  const request = { method, uri: requestUriOf(dialog), cnonce: turn.seed };
  const { headers, authorizations } = authorized(turn.call.authorizations, request, credentials);
  change(turn, { authorizations });
  return headers;
}
