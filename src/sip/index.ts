// The public API of the SIP stack, `switchhook/sip`: an endpoint on transports, messages read and written, dialogs, and the
// machines of RFC 3261 and its extensions. Text is latin1: one char is one byte. A broken message is a value, never thrown.

/** Time, chance and a log: `openSystem()` lends those of this machine. */
export { type Clock, type Ids, type Log, openSystem, type System, type Timer } from '../system.ts';

/** Dialogs (RFC 3261 §12): plain data, and the requests built inside them. A null dialog is one that leads nowhere. */
export {
  afterRequest,
  type BuiltRequest,
  belongsTo,
  contactFor,
  type Dialog,
  isOutOfOrder,
  type LocalAddresses,
  nextHop,
  requestWithin,
  uasDialog,
} from './dialog/dialog.ts';
export type { Fork, SentInvite } from './dialog/fork.ts';
/** The INVITE that begins a call (§8.1.1, §13.2.1). */
export { type Invitation, initialInvite } from './dialog/initial-invite.ts';
/** The machine of an INVITE we send (§13.2, §9.1, RFC 3262, RFC 3311): its words, then `begin` and `transition`. */
export {
  type Command as InviteCommand,
  deadlineOf as inviteDeadlineOf,
  type Effect as InviteEffect,
  type Fixed as InviteFixed,
  type Input as InviteInput,
  type Step as InviteStep,
  type Told as InviteTold,
  type Usage as InviteUsage,
} from './dialog/invite-client-state.ts';
export { begin as beginInvite, transition as stepInvite } from './dialog/invite-client-usage.ts';
/** The UAS's side: reliable provisional responses (RFC 3262 §3), offers that cross (RFC 3311 §5.2). */
export {
  acknowledges,
  hasSdp,
  type OpenOffer,
  offerRefusal,
  type ReliableProvisional,
  reliableHeaders,
  wantsReliable,
} from './dialog/invite-usage.ts';
/** Replaces received (RFC 3891 §3): the dialog, or the status that refuses. */
export { type Replaceable, type Replacement, replacedBy } from './dialog/replaces.ts';
/** Session timers (RFC 4028), a namespace: seconds on the wire, wall-clock milliseconds in its machine. */
export * as sessionTimer from './dialog/session-timer.ts';
/** The subscriber's side of a refer (RFC 3515, RFC 6665), a namespace. */
export * as subscription from './dialog/subscription.ts';
export { confirmedBy, forkOf, uacDialog } from './dialog/uac-dialog.ts';
/**
 * The UA core (RFC 3261 §8, §17, §18). `listen` rejects with a sentence an operator can act on; after that nothing rejects:
 * what becomes of a request is told to its EndpointUser by branch.
 */
export {
  Endpoint,
  type EndpointOptions,
  type EndpointUser,
  type Origin,
  type Outgoing,
  type Trace,
} from './endpoint.ts';
/** Addresses with their parameters (§20.10). A read gives null for what it cannot read. */
export { type Address, type Params, param, readAddress, tagOf, writeAddress } from './message/address.ts';
/** Digest (RFC 7616, RFC 8760): what a response challenges, and the credentials that answer it. */
export {
  authorize,
  type Challenge,
  type Credentials,
  type DigestRequest,
  readChallenges,
  strongest,
} from './message/digest.ts';
/** The structured headers, each with a read and a write, a namespace. */
export * as headers from './message/headers.ts';
/** Messages (§7): header fields in order as received, read on demand. */
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
/** Text to message: a ParseFailure is a value with a sentence, and with what a 4xx to it takes. */
export { isFailure, type ParseFailure, parse, replyToFailure } from './message/parse.ts';
/** As much SDP as call control needs (RFC 3264, RFC 8866), a namespace. */
export * as sdp from './message/sdp.ts';
/** What one side of two joined calls described, said to the other (RFC 3725), a namespace. */
export * as sdpRelay from './message/sdp-relay.ts';
/** The status in the body of a refer's NOTIFY (RFC 3420). */
export { readSipfrag } from './message/sipfrag.ts';
export { phrase } from './message/status.ts';
/** URIs (§19.1, RFC 3966). */
export { readUri, type SipUri, sameUri, type TelUri, type Uri, withHeaders, writeUri } from './message/uri.ts';
export { writeRequest, writeResponse } from './message/write.ts';
/** T1, T2, T4 in milliseconds (§17.1.1.1). */
export { patienceMs, standardTiming, type Timing } from './transaction/timers.ts';
export { type Resolve, resolveHost } from './transport/resolve.ts';
export { type TcpOptions, TcpTransport } from './transport/tcp.ts';
export type { LocalAddress, Target, Transport, TransportName } from './transport/transport.ts';
export { type UdpOptions, UdpTransport } from './transport/udp.ts';
