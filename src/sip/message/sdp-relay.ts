// Two calls joined without media of ours: what one side described is said to the other under our o= line (RFC 3725 §4.1),
// with as many m= lines, in the same order, as that side has seen before (RFC 3264 §8), and the answer the way back.
// Whatever describes a stream goes through untouched: codecs, directions, keys, ICE candidates, fingerprints.
// Deviation: a payload type may mean another codec than before the join, which RFC 3264 §8.3.2 forbids: the parties send
// to each other, so nobody is there who could translate it. Those who join phones without touching media need this.
// Leaves out who is offered what and when (call).
import {
  arrange,
  type Description,
  describe,
  type Head,
  hostOf,
  isOn,
  limits,
  type Order,
  type Origin,
  refused,
  repeated,
  type Stream,
  write,
} from './sdp-description.ts';

/** A description to be said, and the version it goes under. */
export interface Relayed {
  readonly sdp: string;
  readonly version: number;
}

/** An offer to be said, and how its m= lines stand to those of the far side. */
export interface RelayedOffer extends Relayed {
  /** Which stream of the far side each m= line carries, by its index; null: none, it has port 0. */
  readonly order: Order;
}

/**
 * The far side's offer as ours to this side. `said` is what we said last to this side, null for nothing yet, and
 * `origin.version` the version that had, or the first. Null: it is no SDP, or too long with the lines that must stay.
 * Streams that are off are left out, and those without an address.
 */
export function relayOffer(described: string, said: string | null, origin: Origin): RelayedOffer | null {
  const far = describe(described);
  if (!far) return null;
  const slots = describe(said ?? '')?.streams ?? [];
  const order = arrange(slots, far.streams, (stream) => isOn(stream) && hostOf(far, stream) !== null);
  const places = order.map((index, place) => (index === null ? refused(slots[place]!) : far.streams[index]!));
  const relayed = underVersion(origin, said, (under) => say(under, far, far.time, places));
  return relayed && { ...relayed, order };
}

/**
 * This side's answer to the offer that went to it in `order`, as our answer to what the far side `offered`, where `said`
 * and `origin` are those of the far side. Streams that were not carried are refused (RFC 3264 §6). Null as above.
 */
export function relayAnswer(
  answered: string,
  order: Order,
  offered: string,
  said: string | null,
  origin: Origin,
): Relayed | null {
  const near = describe(answered);
  const far = describe(offered);
  if (!near || !far) return null;
  const places = far.streams.map((stream, index) => {
    const reply = near.streams[order.indexOf(index)];
    return reply && isOn(stream) && isTaken(near, reply, stream) ? reply : declined(stream);
  });
  return underVersion(origin, said, (under) => say(under, near, far.time, places));
}

/** Of another kind, it answers something else. A protocol that changed goes through: some phones agree on SRTP that way. */
function isTaken(description: Description, reply: Stream, stream: Stream): boolean {
  return reply.port !== 0 && hostOf(description, reply) !== null && reply.kind === stream.kind;
}

/** Refused in an answer; browsers look for the name of the stream even there. */
function declined(stream: Stream): string {
  return [refused(stream), ...midsOf(stream).map((mid) => `a=mid:${mid}`)].join('\r\n');
}

/** Each m= line is a stream that goes through, or the text that refuses one. */
function say(origin: Origin, head: Head, time: string, places: readonly (Stream | string)[]): string {
  const carried = places.filter((place) => typeof place !== 'string');
  const attributes = regrouped(head.session.attributes, new Set(carried.flatMap(midsOf)));
  const lines = places.flatMap((place) => (typeof place === 'string' ? place : repeated(place)));
  return write(origin, { ...head, time, session: { ...head.session, attributes } }, lines);
}

/** RFC 5888 §9.2: a group names no stream that is refused, and ours none that this side was not told of. */
function regrouped(attributes: readonly string[], mids: ReadonlySet<string>): readonly string[] {
  return attributes.flatMap((attribute) => {
    if (!attribute.startsWith('group:')) return [attribute];
    const [semantics, ...members] = attribute.split(/[ \t]+/);
    const carried = members.filter((mid) => mids.has(mid));
    return carried.length === 0 ? [] : [[semantics, ...carried].join(' ')];
  });
}

function midsOf({ attributes }: Stream): readonly string[] {
  const named = attributes.find((attribute) => attribute.startsWith('mid:'));
  return named === undefined ? [] : [named.slice(4)];
}

/** RFC 3264 §8: what differs from the last description said goes under the next version, what does not under the same. */
function underVersion(origin: Origin, said: string | null, write: (origin: Origin) => string): Relayed | null {
  const same = write(origin);
  const version = said === null || said === same ? origin.version : origin.version + 1;
  const sdp = version === origin.version ? same : write({ ...origin, version });
  return sdp.length > limits.chars ? null : { sdp, version };
}
