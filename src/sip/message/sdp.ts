// As much SDP as call control needs: one audio stream over RTP/AVP with PCMU, PCMA and telephone-event. RFC 3264 (offer and
// answer), RFC 8866 §6 (attributes), RFC 4733 §2.4.1 (telephone-event). Text is latin1; sdp-description.ts reads it.
// Leaves out SRTP, ICE, bundles, rtcp-mux and multicast: streams that need them are refused with port 0.
import { isIP } from 'node:net';
import {
  arrange,
  type Description,
  describe,
  hostOf,
  type Origin,
  plainHead,
  refused,
  type Stream,
  write,
} from './sdp-description.ts';

/**
 * What o=, c= and m= say of us. `direction` is what we are ready for: a peer on hold hears our silence (`sendonly`) or
 * nothing (`inactive`).
 */
export interface LocalSdp extends Origin {
  readonly port: number;
  readonly direction: Direction;
}

/** Who sends: us and the peer, us alone, the peer alone, nobody (RFC 8866 §6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/**
 * What offer and answer agreed on. `direction` is ours. `remote` is null when the peer takes nothing from us (its
 * direction, or its address 0.0.0.0, says so) and when it gave a host name, which is never looked up.
 * The payload types are those the peer expects.
 */
export interface Agreed {
  readonly remote: { readonly host: string; readonly port: number } | null;
  readonly payloadType: number;
  readonly codec: 'PCMU' | 'PCMA';
  readonly dtmfPayloadType: number | null;
  readonly direction: Direction;
}

/** Our answer and what was agreed on, or why there is none. */
export type Answered = { readonly sdp: string; readonly agreed: Agreed } | 'no-common-codec' | 'unreadable';

/** Our answer to an offer (RFC 3264 §6). `preferredCodecs`, a comma list, go before the order of the offer. */
export function answer(offerText: string, local: LocalSdp, preferredCodecs = ''): Answered {
  const offered = describe(offerText);
  if (!offered) return 'unreadable';
  const choice = choose(offered, preferredCodecs);
  if (!choice) return 'no-common-codec';
  const agreed = agree(offered, choice, local.direction);
  if (!agreed) return 'unreadable';
  const ours: OurStream = { ...choice, port: local.port, ptime: ptimeOf(choice.stream), direction: agreed.direction };
  const lines = offered.streams.flatMap((stream) => (stream === choice.stream ? accepted(ours) : refused(stream)));
  // RFC 3264 §6: t= must be the offer's.
  return { sdp: write(local, { ...plainHead, time: offered.time }, lines), agreed };
}

/** Our offer (RFC 3264 §5). `said` is what we said last: each of its m= lines stays, ours in the first that fits (§8). */
export function offer(local: LocalSdp, preferredCodecs = '', said: string | null = null): string {
  const slots = describe(said ?? '')?.streams ?? [];
  const order = arrange(slots, [ourPlace], () => true);
  const lines = order.flatMap((index, place) => {
    if (index === null) return refused(slots[place]!);
    const voice = inOrder(ourVoice, preferredCodecs);
    const dtmfPayloadType = dtmfPayloadTypeFor(slots[place]);
    return accepted({ voice, dtmfPayloadType, port: local.port, ptime: defaultPtime, direction: local.direction });
  });
  return write(local, plainHead, lines);
}

/** Reads the peer's answer to our offer (RFC 3264 §7), which was for `direction`. */
export function readAnswer(
  answerText: string,
  direction: Direction = 'sendrecv',
): Agreed | 'no-common-codec' | 'unreadable' {
  const answered = describe(answerText);
  if (!answered) return 'unreadable';
  const choice = choose(answered, '');
  return choice ? (agree(answered, choice, direction) ?? 'unreadable') : 'no-common-codec';
}

/** The audio codecs of an SDP in its order, in capitals, whether we speak them or not: `offered_codecs` of call.initiated. */
export function codecsOf(sdp: string): readonly string[] {
  const names = new Set<string>();
  for (const stream of describe(sdp)?.streams ?? []) {
    if (stream.kind !== 'audio' || stream.port === 0) continue;
    for (const { encoding } of encodingsOf(stream)) names.add(encoding.split('/', 1)[0]!);
  }
  for (const companion of ['TELEPHONE-EVENT', 'CN', 'RED']) names.delete(companion);
  return [...names].slice(0, mostCodecs);
}

// — Reading —

const mostCodecs = 32;

const dtmf = 'TELEPHONE-EVENT/8000';

interface Encoding {
  readonly payloadType: number;
  /** `NAME/rate` or `NAME/rate/channels`, in capitals: the case of names does not matter (RFC 8866 §6.6). */
  readonly encoding: string;
}

// rtpmap:<payload type> <encoding name>/<clock rate>[/<channels>]
const rtpmap = /^rtpmap:(\d{1,3})\s+([\w.+-]{1,32}\/\d{1,6}(?:\/\d{1,2})?)(?!\S)/;

/** RFC 3551 §6: what a payload type without rtpmap means. */
const staticEncodings: Readonly<Record<string, string>> = {
  0: 'PCMU/8000',
  3: 'GSM/8000',
  4: 'G723/8000',
  8: 'PCMA/8000',
  9: 'G722/8000',
  13: 'CN/8000',
  15: 'G728/8000',
  18: 'G729/8000',
};

/** The formats of a stream that have a meaning, in its order. */
function encodingsOf(stream: Stream): readonly Encoding[] {
  const mapped = new Map<string, string>();
  for (const attribute of stream.attributes) {
    const [, payloadType, encoding] = rtpmap.exec(attribute) ?? [];
    if (payloadType && encoding) mapped.set(payloadType, encoding.toUpperCase().replace(/\/1$/, ''));
  }
  return stream.formats.flatMap((format) => {
    const encoding = mapped.get(format) ?? staticEncodings[format];
    return encoding && Number(format) <= 127 ? [{ payloadType: Number(format), encoding }] : [];
  });
}

// — Choosing —

interface Voice {
  readonly payloadType: number;
  readonly name: 'PCMU' | 'PCMA';
}

/** Under the payload types that RFC 3551 §6 gives them. */
const ourVoice: readonly Voice[] = [
  { payloadType: 0, name: 'PCMU' },
  { payloadType: 8, name: 'PCMA' },
];

/** 101, unless the slot has said that this is a codec: payload types keep their meaning (RFC 3264 §8.3.2). */
function dtmfPayloadTypeFor(slot: Stream | undefined): number {
  const codecs = slot ? encodingsOf(slot).filter(({ encoding }) => encoding !== dtmf) : [];
  const isFree = (type: number) => !codecs.some(({ payloadType }) => payloadType === type);
  return [101, 100, 99, 98, 97, 96].find(isFree) ?? 101;
}

interface Formats {
  /** At least one, the preferred first. */
  readonly voice: readonly Voice[];
  readonly dtmfPayloadType: number | null;
}

type Choice = Formats & { readonly stream: Stream };

/** The first stream we can take part in: audio, wanted (RFC 3264 §8.2: port 0 is not), in the clear, with a codec of ours. */
function choose(description: Description, preferredCodecs: string): Choice | null {
  for (const stream of description.streams) {
    if (stream.kind !== 'audio' || stream.port === 0 || stream.protocol.toUpperCase() !== 'RTP/AVP') continue;
    if (isMulticast(hostOf(description, stream))) continue;
    const formats = formatsOf(stream, preferredCodecs);
    if (formats) return { stream, ...formats };
  }
  return null;
}

function formatsOf(stream: Stream, preferredCodecs: string): Formats | null {
  const encodings = encodingsOf(stream);
  const payloadTypeOf = (wanted: string) => encodings.find(({ encoding }) => encoding === wanted)?.payloadType ?? null;
  const voice: Voice[] = [];
  for (const { payloadType, encoding } of encodings) {
    const name = encoding === 'PCMU/8000' ? 'PCMU' : encoding === 'PCMA/8000' ? 'PCMA' : null;
    if (name && !voice.some((known) => known.name === name)) voice.push({ payloadType, name });
  }
  if (voice.length === 0) return null;
  return { voice: inOrder(voice, preferredCodecs), dtmfPayloadType: payloadTypeOf(dtmf) };
}

/** The preferred ones first, in their order, then the others in theirs. */
function inOrder(voice: readonly Voice[], preferredCodecs: string): readonly Voice[] {
  const preferred = preferredCodecs.split(',').map((name) => name.trim().toUpperCase());
  const rank = ({ name }: Voice) => (preferred.includes(name) ? preferred.indexOf(name) : preferred.length);
  return voice.toSorted((a, b) => rank(a) - rank(b));
}

/** Null: the stream has no connection address, and every stream must have one (RFC 8866 §5.7). */
function agree(description: Description, choice: Choice, local: Direction): Agreed | null {
  const { stream, voice, dtmfPayloadType } = choice;
  const host = hostOf(description, stream);
  if (host === null) return null;
  // RFC 3264 §8.4: nothing is sent to 0.0.0.0, which is how RFC 2543 put a call on hold.
  const nowhere = isIP(host) > 0 && /^[0:.]+$/.test(host);
  const theirs = directionOf(stream.attributes) ?? directionOf(description.session.attributes) ?? 'sendrecv';
  const weSend = sends(local) && receives(theirs) && !nowhere;
  const weReceive = receives(local) && sends(theirs);
  const { payloadType, name: codec } = voice[0]!;
  return {
    remote: weSend && isIP(host) > 0 ? { host, port: stream.port } : null,
    payloadType,
    codec,
    dtmfPayloadType,
    direction: directionFrom(weSend, weReceive),
  };
}

function isMulticast(host: string | null): boolean {
  return host !== null && isIP(host) > 0 && /^(?:22[4-9]|23\d)\.|^ff..:/i.test(host);
}

const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly';
const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly';

function directionFrom(send: boolean, receive: boolean): Direction {
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

function directionOf(attributes: readonly string[]): Direction | null {
  const isDirection = (text: string): text is Direction => /^(?:sendrecv|sendonly|recvonly|inactive)$/.test(text);
  return attributes.findLast(isDirection) ?? null;
}

const defaultPtime = 20;

/** The packet time of the offer where it is a usual one, in milliseconds. */
function ptimeOf({ attributes }: Stream): number {
  return [10, 20, 30, 40, 60].find((ms) => attributes.includes(`ptime:${ms}`)) ?? defaultPtime;
}

// — Writing —

/** Our audio, for the choice of its slot. */
const ourPlace: Stream = {
  ...plainHead.session,
  kind: 'audio',
  port: 9,
  ports: 1,
  protocol: 'RTP/AVP',
  formats: [],
};

interface OurStream extends Formats {
  readonly port: number;
  readonly ptime: number;
  readonly direction: Direction;
}

function accepted({ voice, dtmfPayloadType, port, ptime, direction }: OurStream): string[] {
  const payloadTypes = voice.map(({ payloadType }) => payloadType);
  if (dtmfPayloadType !== null) payloadTypes.push(dtmfPayloadType);
  const lines = [`m=audio ${port} RTP/AVP ${payloadTypes.join(' ')}`];
  for (const { payloadType, name } of voice) lines.push(`a=rtpmap:${payloadType} ${name}/8000`);
  if (dtmfPayloadType !== null) {
    lines.push(`a=rtpmap:${dtmfPayloadType} telephone-event/8000`, `a=fmtp:${dtmfPayloadType} 0-15`);
  }
  lines.push(`a=ptime:${ptime}`, `a=${direction}`);
  return lines;
}
