// The public API of the SIP stack, `switchhook/sip`, from a user agent of a few lines down to the machines of RFC 3261 and its
// extensions; docs/sip.md is the way in. Text is latin1: one char is one byte. Durations are milliseconds where a name ends
// in Ms, instants wall-clock milliseconds where it ends in At. A broken message is a value, never thrown.

// --- A user agent (RFC 3261 §8): calls and requests as promises that never reject.

export { Call, type CallUser, type Incoming } from './agent/call.ts';
export type { Outcome, Saying } from './agent/core.ts';
export { type AcceptOptions, IncomingInvite } from './agent/incoming-invite.ts';
export type { InviteOptions, InviteOutcome } from './agent/outgoing-invite.ts';
export { UserAgent, type UserAgentOptions } from './agent/user-agent.ts';

// --- What it stands on: time and chance, transports (§18), where a name leads (RFC 3263).

export { type Clock, type Ids, type Log, openSystem, type System, type Timer } from '../system.ts';
export {
  CertificateError,
  type CertificateFiles,
  Certificates,
  type CertificatesOptions,
} from './transport/certificates.ts';
export type { ConnectionLimits } from './transport/patience.ts';
export { type Naptr, openRecords, type Records, type Srv } from './transport/records.ts';
export { type Resolve, resolveHost } from './transport/resolve.ts';
export { type TcpOptions, TcpTransport } from './transport/tcp.ts';
export { type TlsOptions, TlsTransport } from './transport/tls.ts';
export type { LocalAddress, Receive, Target, Transport, TransportName } from './transport/transport.ts';
export { type UdpOptions, UdpTransport } from './transport/udp.ts';
export { type WebSocketOptions, WebSocketTransport } from './transport/websocket.ts';

// --- The endpoint below it (§8, §17, §18): transactions by branch, for those who keep their dialogs themselves.

export {
  Endpoint,
  type EndpointOptions,
  type EndpointUser,
  type Origin,
} from './endpoint.ts';
export type { Gate, Passage } from './gate.ts';
export type { RepeatKind } from './transaction/repeats.ts';
export { patienceMs, standardTiming, type Timing } from './transaction/timers.ts';
export type { Outgoing } from './transaction/transactions.ts';
export { type PartUser, users } from './users.ts';

// --- Registering, both ways (§10), and who may come in (§22.1, RFC 7616, RFC 8760).

export { Admission, type AdmissionCounts, type AdmissionOptions, type PhoneRule, type TrunkRule } from './admission.ts';
export {
  type Asking,
  Authentication,
  type AuthenticationOptions,
  type Challenged,
  type Verdict,
  type Wish,
} from './authentication.ts';
export type { Limits } from './defence.ts';
export {
  aorOf,
  type Binding,
  type RegistrarLimits,
  usualRegistrarLimits,
  type Way,
  wayTo,
} from './registrar/bindings.ts';
export { type BindingRow, type BindingStore, Registrar, type RegistrarOptions } from './registrar/registrar.ts';
export type { Account, Granted } from './registration/registration.ts';
export {
  Registrations,
  type RegistrationsOptions,
  type RegistrationView,
  type SequenceStore,
} from './registration/registrations.ts';

// --- Dialogs (§12): plain data, and the requests built inside them.

export {
  afterRequest,
  type BuiltRequest,
  belongsTo,
  contactFor,
  contactIn,
  type Dialog,
  isOutOfOrder,
  type LocalAddresses,
  nextHop,
  requestWithin,
  uasDialog,
} from './dialog/dialog.ts';
export { type Replaceable, type Replacement, replacedBy } from './dialog/replaces.ts';
export { confirmedBy, forkOf, uacDialog } from './dialog/uac-dialog.ts';

// --- The machines of a session: an INVITE received (§13.3) and one sent (§13.2, §9.1, RFC 3262, RFC 3311), its timer (RFC 4028),
// and the subscription of a refer (RFC 3515, RFC 6665).

export type { Described, Exchange, Fork, Owed, SentInvite } from './dialog/fork.ts';
export { type Invitation, initialInvite } from './dialog/initial-invite.ts';
export {
  type Command as InviteCommand,
  deadlineOf as inviteDeadlineOf,
  type Effect as InviteEffect,
  type Fixed as InviteFixed,
  type Input as InviteInput,
  type Remedy as InviteRemedy,
  type State as InviteState,
  type Step as InviteStep,
  type Told as InviteTold,
  type Usage as InviteUsage,
} from './dialog/invite-client-state.ts';
export { begin as beginInvite, transition as stepInvite } from './dialog/invite-client-usage.ts';
export * as inviteServer from './dialog/invite-server-usage.ts';
export {
  acknowledges,
  hasSdp,
  type OpenOffer,
  offerRefusal,
  type ReliableProvisional,
  reliableHeaders,
  wantsReliable,
} from './dialog/invite-usage.ts';
export * as sessionTimer from './dialog/session-timer.ts';
export * as subscription from './dialog/subscription.ts';

// --- Messages (§7) and what is in them (§19, §20, §25), each with a read and a write. What cannot be read is null.

export { type Address, type Params, param, readAddress, tagOf, writeAddress } from './message/address.ts';
export { type Authorizations, authorized, challenged, forNextRequest } from './message/authorizations.ts';
export {
  type Algorithm,
  authorize,
  type Challenge,
  type Credentials,
  type DigestRequest,
  readChallenges,
  strongest,
} from './message/digest.ts';
export { fromUtf8, toUtf8 } from './message/grammar.ts';
export {
  type ContentType,
  type CSeq,
  type Event as EventHeader,
  type Rack,
  type Reason,
  type Replaces,
  readContentType,
  readCSeq,
  readEvent,
  readOptionTags,
  readRack,
  readReason,
  readReferSub,
  readReplaces,
  readRetryAfter,
  readSubscriptionState,
  type SubscriptionState,
  writeContentType,
  writeCSeq,
  writeEvent,
  writeRack,
  writeReason,
  writeReferSub,
  writeReplaces,
  writeRetryAfter,
  writeSubscriptionState,
} from './message/headers.ts';
export {
  ackFor,
  cancelFor,
  type HeaderList,
  isRequest,
  type ReplyOptions,
  Request,
  Response,
  reply,
} from './message/message.ts';
export {
  type FailureStatus,
  isFailure,
  type ParseFailure,
  type PartialRequest,
  parse,
  replyToFailure,
} from './message/parse.ts';
export * as sdp from './message/sdp.ts';
export * as sdpRelay from './message/sdp-relay.ts';
export { readSipfrag } from './message/sipfrag.ts';
export { phrase } from './message/status.ts';
export { readUri, type SipUri, sameUri, type TelUri, type Uri, withHeaders, writeUri } from './message/uri.ts';
export { writeRequest, writeResponse } from './message/write.ts';

// --- A trace drawn as a ladder, for logs and tests.

export {
  describe,
  drawLadder,
  type Ladder,
  type LadderEntry,
  type LadderOptions,
  ladder,
  type Tone,
} from './ladder.ts';

export type { Trace } from './way-out.ts';
