// The INVITE that begins a call (RFC 3261 §8.1.1, §13.2.1), and the one that follows a refusal: the same Call-ID, From and
// To with the next CSeq (§8.1.3.5). Leaves out where the host of its target is (RFC 3263).
import type { HeaderList } from '../message/message.ts';
import { contactFor, type Dialog, type LocalAddresses, requestWithin } from './dialog.ts';
import type { SentInvite } from './fork.ts';

/** What an INVITE says. Each field as it goes on the wire. */
export interface Invitation {
  /** A sip or sips URI: the Request-URI. A redirect changes this one only. */
  readonly uri: string;
  /** The name-addr or addr-spec in <> of To and From, without tags. */
  readonly to: string;
  readonly from: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** The Route to begin with: an outbound proxy, a Service-Route (§8.1.2, RFC 3608); usually empty. */
  readonly routes: readonly string[];
  readonly contactUser: string | null;
  /** Allow, Supported, Session-Expires, credentials and the like. */
  readonly headers: HeaderList;
  /** Null leaves the offer to the peer (§13.2.1). */
  readonly sdp: string | null;
}

type Unanswered = Pick<Invitation, 'uri' | 'to' | 'from' | 'fromTag' | 'callId' | 'cseq' | 'routes'>;

/** Written for the transport that its URI, or the first route, asks for; to a host that still may be a name. */
export function initialInvite(invitation: Invitation, addresses: LocalAddresses): SentInvite {
  const { branch, cseq, contactUser, headers, sdp } = invitation;
  const dialog = withoutPeer(invitation);
  const { text, target } = requestWithin(dialog, addresses, {
    method: 'INVITE',
    cseq,
    branch,
    headers: (address) => [
      ['Contact', contactFor(address, contactUser, dialog.secure)],
      ...headers,
      ...(sdp === null ? [] : [['Content-Type', 'application/sdp'] as const]),
    ],
    ...(sdp === null ? {} : { body: sdp }),
  });
  return { text, branch, target };
}

/** §12: there is no dialog yet, but what is written is what would be written in it: To just has no tag. */
export function withoutPeer({ uri, to, from, fromTag, callId, cseq, routes }: Unanswered): Dialog {
  return {
    callId,
    localTag: fromTag,
    remoteTag: null,
    local: `${from};tag=${fromTag}`,
    remote: to,
    localCseq: cseq,
    remoteCseq: 0,
    remoteTarget: uri,
    routeSet: routes,
    flow: { transport: 'udp', host: 'invalid.invalid', port: 5060 },
    // §8.1.1.8: a SIPS Contact, where the Request-URI or the topmost Route is one.
    ...([uri, ...routes.slice(0, 1)].some((each) => /^<?sips:/i.test(each)) && { secure: true }),
  };
}
