// What a call is, as data: its state union, its inputs and its effects. JSON.stringify of a Call is its snapshot, so a state
// that owes a message holds its exact text, and every deadline is a wall-clock instant. Leaves out how one becomes another.

import type { Refusal } from '../errors.ts';
import type { MediaSession } from '../media/media.ts';
import type { BuiltRequest, Dialog, LocalAddresses } from '../sip/dialog/dialog.ts';
import type { Invitation } from '../sip/dialog/initial-invite.ts';
import type { Usage } from '../sip/dialog/invite-client-state.ts';
import type { ReliableProvisional } from '../sip/dialog/invite-usage.ts';
import type { Asked, SessionTimer } from '../sip/dialog/session-timer.ts';
import type { Origin, Outgoing } from '../sip/endpoint.ts';
import type { Authorizations } from '../sip/message/authorizations.ts';
import type { Credentials } from '../sip/message/digest.ts';
import type { HeaderList, Request, Response } from '../sip/message/message.ts';
import type { Agreed } from '../sip/message/sdp.ts';
import type { Target } from '../sip/transport/transport.ts';
import type { AfterBridge, Bodies, Command, MuteDtmf, NamedValue } from './commands.ts';
import type { DigitOrder, Digits } from './digits.ts';
import type { Event, HangupCause } from './events.ts';
import type { Lifetime, LifetimePolicy } from './lifetime.ts';
import type { Finality, Modification, Offered } from './modification.ts';
import type { Route } from './outbound-routes.ts';
import type { Waiting } from './queues.ts';
import type { Refer } from './refer.ts';
import type { ReferInbound } from './routing.ts';
import type { TargetRules } from './targets.ts';
import type { Parting } from './unbridging.ts';
import type { Webhooks } from './webhooks.ts';

/** A request on its way: sent, not yet finally answered. `until` is when its Timer F or B has run out. */
export interface OwedRequest extends BuiltRequest {
  readonly branch: string;
  readonly method: string;
  readonly until: number;
  /** It answers a challenge: another one is a refusal. */
  readonly isAgain?: boolean;
}

/** A response to the INVITE that must reach the caller: repeated or sent again after a restart until `until`. */
export interface OwedResponse {
  readonly status: number;
  readonly text: string;
  readonly until: number;
}

/** What identifies the server transaction of a request and the way back. */
export type ReplyPath = Pick<Origin, 'key' | 'replyTo'>;

/** The sound of a call: our port, and the last session description that was said and what it agreed on. */
export interface Session {
  readonly port: number;
  readonly sessionId: string;
  readonly version: number;
  readonly sdp: string | null;
  readonly agreed: Agreed | null;
}

/** What `answer` asked for: kept while the 2xx has to wait for a PRACK. */
export interface AnswerOrder {
  readonly headers: readonly NamedValue[];
  readonly preferredCodecs: string | null;
}

/** What waits for the ACK of our 2xx, in the order it was asked for. */
export type Held =
  | { readonly type: 'info'; readonly contentType: string; readonly body: string }
  | { readonly type: 'hangup'; readonly headers: readonly NamedValue[] };

/** A call that is joined to another (RFC 3725). */
export interface Bridge extends AfterBridge {
  readonly with: string;
  /** Whether the peers hear each other; until then they are being asked. */
  readonly isJoined: boolean;
  /** Whether our peer was asked for a description before the other one: if it gives none, that one is. */
  readonly hasAsked: boolean;
  /** The digits of the other peer do not go to ours. */
  readonly isMuted?: boolean;
  /** A `bridge` of this call has asked for it, and hears what comes of it. */
  readonly isOrdered?: boolean;
  /** They were joined before: if the other one is gone, this one ends as if they still were. */
  readonly isAgain?: boolean;
}

/** A call of a transferor's, while its place with the call `with` is being given to another one (RFC 5589 §7). */
export interface Handover {
  /** Null: it was the application alone that its peer spoke to. */
  readonly with: string | null;
  /** The call that the REFER came on; null for that one itself. */
  readonly reportsTo: string | null;
}

/** A call that is to be joined to the call `with` in the place of the call `reportsTo`. */
export interface Meeting {
  readonly with: string;
  readonly reportsTo: string;
}

/** A REFER of the peer's. `id` is what its NOTIFYs are told apart by; `until` when the phase has lasted long enough. */
export interface Referral {
  readonly id: number | null;
  readonly target: string;
  readonly referredBy: string | null;
  /** Whether the peer wants to hear nothing of it (RFC 4488). */
  readonly isSilent: boolean;
  readonly phase: { readonly name: 'asked' | 'followed' | 'over'; readonly until: number | null };
}

/** A request of the peer's that changes the session, and waits for the peer of another call. */
export interface Relaying {
  readonly method: 'INVITE' | 'UPDATE';
  /** What the response starts with. */
  readonly head: HeaderList;
  readonly offer: string;
  readonly cseq: number;
  readonly lifetime: Lifetime;
  readonly to: ReplyPath;
}

/** Our peer is on hold for its refer: `asked` for it, `held`, not held because it `refused`, or to be heard again (`resuming`). */
export interface Hold {
  readonly name: 'asked' | 'held' | 'refused' | 'resuming';
  /** Of a call that is joined: what its peer hears of the other one when it is not on hold. */
  readonly heard: string | null;
}

export interface Acked extends BuiltRequest {
  readonly cseq: number;
  /** As long as the 2xx may come again. */
  readonly until: number;
}

/** What we would have of session timers, and what was agreed on. */
export interface Expiry extends LifetimePolicy {
  readonly timer: SessionTimer;
}

/** `sipCause` is the SIP status that goes with it, or `unspecified`. */
export interface Ending {
  readonly cause: HangupCause;
  readonly by: 'us' | 'peer';
  readonly sipCause: string;
}

/**
 * The INVITE of ours that began the call, until no fork of it can answer any more (RFC 3261 §13.2.2.4). `invitation` is how
 * the next one would be written, `routes` are the places that are left, `until` is when its Timer B has run out.
 */
export interface Outbound {
  readonly usage: Usage;
  readonly invitation: Invitation;
  readonly asked: Asked;
  readonly followsRedirects: boolean;
  /** Whom a redirect may lead to; absent: everybody. */
  readonly targets?: readonly TargetRules[];
  readonly routes: readonly Route[];
  readonly until: number;
}

export type Phase =
  /**
   * The INVITE has no final response. `offer` is the caller's, not yet answered; `provisional` the 180 as sent;
   * `nextRseq` is null when it goes unreliably; `answer` waits for its PRACK.
   */
  | {
      readonly name: 'ringing';
      /** What every response to the INVITE starts with. */
      readonly head: HeaderList;
      readonly offer: string | null;
      readonly provisional: OwedResponse;
      readonly nextRseq: number | null;
      readonly answer: AnswerOrder | null;
      readonly repeatAt: number;
      readonly expiresAt: number | null;
      /** What the 2xx will say of the lifetime of the session. */
      readonly lifetime: Lifetime;
    }
  /** Our INVITE has no final response. `status` is the last provisional one; `siblings` are dialled with it: who answers first has it. */
  | {
      readonly name: 'dialing';
      readonly status: number | null;
      readonly timeoutAt: number;
      readonly timeLimitMs: number;
      readonly siblings: readonly string[];
      /** Absent: `timeout`. */
      readonly timeoutCause?: 'timeout' | 'no_answer';
    }
  /** Our 2xx is repeated until its ACK; `offered`: it carried our offer, and the ACK brings the answer. */
  | { readonly name: 'answered'; readonly ok: OwedResponse; readonly offered: boolean; readonly held: readonly Held[] }
  | {
      readonly name: 'active';
      readonly reinvite: (OwedResponse & { readonly cseq: number; readonly offered: boolean }) | null;
      readonly relaying: Relaying | null;
    }
  /** The peer has left and was answered; a refer that is out may still be notified until `until`. */
  | { readonly name: 'leaving'; readonly until: number; readonly ending: Ending; readonly final: OwedResponse | null }
  /** Told to the application. What is still owed to the peer: the final response to the INVITE, or our BYE. */
  | {
      readonly name: 'ended';
      readonly endedAt: number;
      readonly ending: Ending;
      readonly final: OwedResponse | null;
      readonly bye: OwedRequest | null;
      /** What the application has put onto the BYE: it comes again with the answer to a challenge. */
      readonly byeHeaders?: readonly NamedValue[];
    };

/** The call that another was dialled for, and what becomes of that one after their bridge. */
export interface Link extends AfterBridge {
  readonly to: string;
  /** It is hung up where that one is joined to another by then. */
  readonly preventsDouble?: boolean;
  readonly muteDtmf?: MuteDtmf;
}

/** One INVITE usage and its name in the API. */
export interface Call {
  readonly id: string;
  readonly legId: string;
  readonly sessionId: string;
  readonly connectionId: string;
  readonly direction: 'incoming' | 'outgoing';
  readonly from: string;
  readonly to: string;
  readonly startedAt: number;
  readonly clientState: string | null;
  /** What its commands have said of where its events go; absent or null: nothing. */
  readonly webhooks?: Webhooks | null;
  readonly sipHeaders: readonly NamedValue[];
  readonly answerHeaders: readonly NamedValue[];
  /** How many events it has told: the sequence of the last one. */
  readonly events: number;
  readonly dialog: Dialog;
  /** The user of our Contact: what the caller called. */
  readonly contactUser: string | null;
  /** False when the peer's last Allow left REFER out. */
  readonly allowsRefer: boolean;
  /** False when the peer's last Allow left INFO out. */
  readonly allowsInfo?: boolean;
  /** True when the peer's last Allow listed UPDATE. */
  readonly allowsUpdate: boolean;
  readonly local: LocalAddresses;
  readonly sdpAddress: string;
  readonly media: 'quiet' | 'none';
  /** The peer's last INVITE that was taken; null where none came yet. */
  readonly invite: (ReplyPath & { readonly cseq: number }) | null;
  readonly outbound: Outbound | null;
  /** The trunk it goes by. */
  readonly gateway: string | null;
  /** When it is ended because it has had no command; absent or null: never, or it has had one. */
  readonly commandDueAt?: number | null;
  /** When it is ended, however long it would go on (`time_limit_secs`); null: never. */
  readonly limitAt: number | null;
  /** The key of the last PRACK, NOTIFY or BYE that was taken: killed before its 200 leaves, we must know its copy again. */
  readonly taken: string | null;
  readonly session: Session | null;
  /** The 180 whose PRACK has not come; it may still come after the final response (RFC 3262 §3). */
  readonly reliable: (ReliableProvisional & { readonly carriesOffer: boolean }) | null;
  readonly phase: Phase;
  /** Its place in a queue; absent or null: it waits in none. */
  readonly waiting?: Waiting | null;
  readonly refer: Refer | null;
  /** Absent or null: nobody asked for it. */
  readonly hold?: Hold | null;
  /** Another call's peer has taken its place: when we end it, should its own peer not. Absent or null: never. */
  readonly yieldsAt?: number | null;
  /** The CSeq numbers of the REFERs of earlier refers: a late NOTIFY of theirs is taken and dropped. */
  readonly pastRefers: readonly number[];
  /** The change of the session that we have asked for; null when there is none under way. */
  readonly modification: Modification | null;
  /** The ACK of our last re-INVITE: copies of the 2xx are answered with it again (RFC 3261 §13.2.2.4). */
  readonly acked: Acked | null;
  /** What becomes of a REFER of the peer's. */
  readonly referInbound: ReferInbound;
  readonly referral: Referral | null;
  /** The call that was dialled because of it. */
  readonly referee: string | null;
  /** The call that learns how this one goes: it was dialled because of a REFER there. */
  readonly reportsTo: string | null;
  /** Absent or null: its place is not being given away. */
  readonly handover?: Handover | null;
  /** Absent or null: it is not taking the place of another one. */
  readonly meeting?: Meeting | null;
  readonly bridge: Bridge | null;
  /** Its peer is on hold until the call is bridged again. Absent: it is not. */
  readonly isHeld?: boolean;
  readonly link: Link | null;
  /** What becomes of it after every bridge, whatever the command says that makes one. */
  readonly afterBridge?: AfterBridge;
  /** The calls that were dialled to be joined to it. */
  readonly awaits?: readonly string[];
  /** The call that is being dialled for it. */
  readonly transferring: string | null;
  /** How long the session lives without a refresh (RFC 4028). */
  readonly expiry: Expiry;
  /** Digits on their way to the peer; absent or null: none. */
  readonly digits?: Digits | null;
  /** Requests of ours whose outcome matters little: INFO, PRACK, the BYE to a fork that lost. */
  readonly errands: readonly OwedRequest[];
  /** What answers challenges that nothing else was given for: those of the dial, else of its trunk. */
  readonly ownCredentials: Credentials | null;
  readonly credentials: Credentials | null;
  readonly authorizations: Authorizations;
}

export type CallTimer =
  | 'ring-again'
  | 'invite-expires'
  | 'prack'
  | 'ack'
  | 'reinvite-ack'
  | 'leave'
  | 'dial-timeout'
  | 'give-up'
  | 'settle'
  | 'time-limit'
  | 'session-refresh'
  | 'session-expiry'
  | 'modification'
  | 'referral'
  | 'queue-timeout'
  | 'digits'
  | 'first-command'
  | 'refer-deadline'
  | 'refer-first-notify'
  | 'refer-retry'
  | 'refer-grace'
  | 'yield';

/** What one call has another know, in the same turn and so in the same commit. */
export type Signal =
  /** An INVITE with Replaces has taken its place (RFC 3891 §3). */
  | { readonly type: 'replaced' }
  /** The peer of another call was referred into its place, so that its own peer is about to end it (RFC 5589 §7). */
  | { readonly type: 'yield'; readonly graceMs: number }
  /** Another call that was dialled with it was answered first. */
  | { readonly type: 'outrun' }
  /** They are to be joined; `parks` is whether it outlives the bridge, `isMuted` whether it gets no digits. */
  | ({ readonly type: 'join'; readonly isMuted: boolean } & AfterBridge)
  /** Its peer is to be asked for a description. */
  | { readonly type: 'ask' }
  /** What the other peer says of itself. */
  | ({ readonly type: 'offer'; readonly sdp: string } & Finality)
  /** The answer, and where each stream of what was offered stands in the original. */
  | { readonly type: 'answer'; readonly sdp: string; readonly order: Offered['order'] }
  | { readonly type: 'refused'; readonly status: number; readonly parting?: Parting }
  /** Its peer has dialled one, which the sound does not carry. */
  | { readonly type: 'digit'; readonly order: DigitOrder }
  /** The change that its peer has offered is taken back. */
  | { readonly type: 'withdrawn' }
  /** Absent: the call is over. */
  | { readonly type: 'left'; readonly parting?: Parting }
  /** A call was dialled for it because another one's peer has sent a REFER. */
  | { readonly type: 'dialled' }
  /** A call was dialled to be joined to it. */
  | { readonly type: 'awaited' }
  /** No call could be dialled in place of its REFER. */
  | { readonly type: 'undialled'; readonly status: number }
  /** The refer that it was dialled for has come to nothing by it. */
  | { readonly type: 'dismissed' }
  /** The call that was dialled because of its REFER has come so far; a final status ends that. */
  | { readonly type: 'progress'; readonly status: number }
  /** Its peer's REFER names the call that says so: whoever the two are joined to are to be joined to each other. */
  | { readonly type: 'hand-over' }
  /** Its peer gives its place to the call `to`; null: to the application. */
  | { readonly type: 'give-way'; readonly to: string | null }
  /** It is to be joined to the call `with`, in the place of the one that says so. */
  | { readonly type: 'meet'; readonly with: string }
  /** What came of that. */
  | { readonly type: 'met'; readonly status: number }
  /** It came to nothing: it is to be joined to the one that says so, as before. */
  | { readonly type: 'rejoin' }
  /** The call it is joined to leaves it to the application. */
  | { readonly type: 'stay' };

/** Where a call stands in its queue, from 1, and how long others have waited there. */
export interface Place {
  readonly position: number;
  readonly averageWaitSecs: number;
}

/** What a call cannot see of others and has to know when it decides. */
export interface Surroundings {
  /** The trunks among its next routes that have as many calls as they may. */
  readonly fullGateways: readonly string[];
  /** Whether the call it was dialled for is joined to another one. */
  readonly isLinkBridged: boolean;
}

/** What an input is given when it is decided on. */
interface Stamp {
  /** The wall-clock instant. */
  readonly at: number;
  /** What fresh ids are derived from. */
  readonly seed: string;
  /** Where the call waits in a queue, or is to. */
  readonly place?: Place | null;
  readonly surroundings?: Surroundings | null;
}

export type Input = Stamp &
  /** `replaced` is the call that the Replaces of a REFER names. */
  (
    | {
        readonly type: 'request';
        readonly request: Request;
        readonly origin: Origin;
        readonly replaced?: string | null;
      }
    | { readonly type: 'ack'; readonly request: Request }
    /** `to` is where the request went: an address, or a connection. */
    | { readonly type: 'response'; readonly branch: string; readonly response: Response; readonly to?: Target }
    | { readonly type: 'timeout'; readonly branch: string }
    | { readonly type: 'failed'; readonly branch: string }
    | { readonly type: 'command'; readonly command: Command; readonly rtpPort: number | null }
    | { readonly type: 'timer'; readonly timer: CallTimer }
    /** `from` is the id of the call that says so. */
    | { readonly type: 'signal'; readonly from: string; readonly signal: Signal }
    | { readonly type: 'resumed' }
  );

export type Effect =
  | { readonly type: 'respond'; readonly to: ReplyPath; readonly status: number; readonly text: string }
  /** Repeated until `quiet` with the same id. */
  | {
      readonly type: 'repeat';
      readonly id: string;
      readonly kind: '2xx' | 'reliable-1xx';
      readonly to: ReplyPath;
      readonly status: number;
      readonly text: string;
      readonly timeoutMs: number;
    }
  | { readonly type: 'quiet'; readonly id: string }
  | { readonly type: 'send'; readonly request: Outgoing }
  /** The ACK of a 2xx, which nobody answers. */
  | { readonly type: 'ack'; readonly request: BuiltRequest }
  | { readonly type: 'event'; readonly event: Event; readonly sequence: number }
  /** The target of a REFER is to be dialled, for the call that is to be joined to it, or for nobody. */
  | { readonly type: 'follow'; readonly transferee: string | null; readonly referral: Referral }
  /** A call is to be dialled for it, in place of a REFER. */
  | { readonly type: 'transfer'; readonly body: Bodies['transfer'] }
  /** `to` is the id of a call: it decides on it at once. */
  | { readonly type: 'signal'; readonly to: string; readonly signal: Signal }
  | { readonly type: 'media'; readonly session: MediaSession }
  | { readonly type: 'release'; readonly port: number };

/** What deciding one input gave. A refused command changes nothing. */
export interface Step {
  readonly call: Call;
  readonly effects: readonly Effect[];
  readonly refusals: readonly Refusal[];
}

/** Lettered timers of RFC 3261 the call layer itself waits for: 64·T1, and how long a tombstone answers. */
export const sixtyFourT1Ms = 32_000;

/** Whether it takes commands, or has only to be remembered. */
export function isAlive(call: Call): boolean {
  return call.phase.name !== 'leaving' && call.phase.name !== 'ended';
}
