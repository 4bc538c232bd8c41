// A session description as text: read (RFC 8866 §5, §9), said under an o= line of ours, and the slots its m= lines keep
// from one exchange to the next (RFC 3264 §8). Text is latin1. Nothing here throws, and all work is bounded.
// The reader is ours: an answer owes the offer one m= line for each of its own, so a line it cannot read must not get
// lost. What it keeps is safe to say to somebody else: no value holds a line break or another control character.
// Leaves out what codecs mean (sdp.ts), and i=, u=, e=, p=, r=, z= and k= (obsolete, §5.12): they are never said again.
import { isIPv6 } from 'node:net';

export const limits = { chars: 65_536, streams: 64, formats: 128 } as const;

/** What o= says of us. `sessionId` is decimal; `version` grows by one with each description that differs from the last. */
export interface Origin {
  readonly sessionId: string;
  readonly version: number;
  readonly address: string;
}

interface Section {
  /** The value of c=, `IN IP4 <address>` or `IN IP6 <address>`, with its TTL where it had one. */
  readonly connection: string | null;
  readonly bandwidths: readonly string[];
  readonly attributes: readonly string[];
}

export interface Stream extends Section {
  readonly kind: string;
  readonly port: number;
  /** How many ports in a row; almost always 1. */
  readonly ports: number;
  readonly protocol: string;
  readonly formats: readonly string[];
}

/** All but the m= lines. */
export interface Head {
  readonly name: string;
  readonly time: string;
  readonly session: Section;
}

export interface Description extends Head {
  readonly streams: readonly Stream[];
}

/** Says of the session only what it must. */
export const plainHead: Head = {
  name: '-',
  time: '0 0',
  session: { connection: null, bandwidths: [], attributes: [] },
};

// — Reading —

const patterns = {
  name: /^[\t\x20-\x7e\x80-\xff]+$/,
  // t=<start> <stop>
  time: /^\d{1,20} \d{1,20}$/,
  // c=<nettype> <addrtype> <address>["/" ttl or count]
  connection: /^IN +(IP[46]) +([!-.0-~]{1,255}(?:\/[\d/]{1,20})?)(?!\S)/i,
  // b=<type>:<kilobits a second>
  bandwidth: /^[!-9;-~]{1,64}:\d{1,15}$/,
  // a=<name>[:<value>], where the value may be UTF-8.
  attribute: /^[!-9;-~]+(?::[\t\x20-\x7e\x80-\xff]+)?$/,
  port: /^(\d{1,5})(?:\/(\d{1,5}))?$/,
  // Wider than the tokens of RFC 8866 §9; the limit keeps what is said back about it short.
  word: /^[!-~]{1,128}$/,
} as const;

interface OpenSection {
  connection: string | null;
  readonly bandwidths: string[];
  readonly attributes: string[];
}

const openSection = (): OpenSection => ({ connection: null, bandwidths: [], attributes: [] });

/** Null: this is no SDP, or one whose m= lines cannot all be answered. Every other flaw is stepped over. */
export function describe(text: string): Description | null {
  if (text.length > limits.chars) return null;
  // RFC 8866 §5: lines end in CRLF, and a reader should take a single LF as well.
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line[1] === '=');
  if (lines[0]?.trimEnd() !== 'v=0') return null;
  const session = openSection();
  const streams: Stream[] = [];
  let section = session;
  let { name, time } = plainHead;
  for (const line of lines) {
    const value = line.slice(2).trim();
    if (line[0] === 'm') {
      section = openSection();
      const stream = readStream(value, section);
      if (!stream || streams.push(stream) > limits.streams) return null;
    } else if (line[0] === 's' && patterns.name.test(line.slice(2))) name = line.slice(2);
    else if (line[0] === 't' && patterns.time.test(value)) time = value;
    else readInto(section, line[0]!, value);
  }
  return { name, time, session, streams };
}

function readInto(section: OpenSection, type: string, value: string): void {
  if (type === 'c') section.connection ??= readConnection(value);
  if (type === 'b' && patterns.bandwidth.test(value)) section.bandwidths.push(value);
  if (type === 'a' && patterns.attribute.test(value)) section.attributes.push(value);
}

function readConnection(value: string): string | null {
  const [, type, address] = patterns.connection.exec(value) ?? [];
  return type && address ? `IN ${type.toUpperCase()} ${address}` : null;
}

/** m=<media> <port>["/"count] <proto> <fmt>…, where a missing fmt is forgiven: some refuse a stream that way. */
function readStream(value: string, section: Section): Stream | null {
  const [kind = '', portText = '', protocol = '', ...formats] = value.split(/[ \t]+/, limits.formats + 3);
  const [, port, ports] = patterns.port.exec(portText) ?? [];
  const readable = [kind, protocol, ...formats].every((part) => patterns.word.test(part));
  if (!readable || port === undefined || Number(port) > 65_535) return null;
  return Object.assign(section, { kind, port: Number(port), ports: Number(ports ?? 1), protocol, formats });
}

/** The address of a stream, its own or else the session's; null: it has none, and it must (RFC 8866 §5.7). */
export function hostOf({ session }: Head, stream: Stream): string | null {
  return /^IN IP[46] ([^/]+)/.exec(stream.connection ?? session.connection ?? '')?.[1] ?? null;
}

/** Port 0 means a stream is off (RFC 3264 §8.2), except where it shares the port of another (RFC 8843 §6). */
export function isOn({ port, attributes }: Stream): boolean {
  return port !== 0 || attributes.includes('bundle-only');
}

function isSameProtocol(a: Stream, b: Stream): boolean {
  return a.protocol.toUpperCase() === b.protocol.toUpperCase();
}

// — Slots —

/** Which stream each m= line carries, by its index; null: none, the line is refused. */
export type Order = readonly (number | null)[];

const isSameKind = (slot: Stream, stream: Stream) => slot.kind === stream.kind;
const isSameMedia = (slot: Stream, stream: Stream) => isSameKind(slot, stream) && isSameProtocol(slot, stream);
const isFax = (slot: Stream, stream: Stream) => [slot.kind, stream.kind].toSorted().join() === 'audio,image';

/** How a stream may come into a slot, the least change first. */
const fits: readonly ((slot: Stream, stream: Stream, isSamePlace: boolean) => boolean)[] = [
  (slot, stream, isSamePlace) => isOn(slot) && isSamePlace && isSameMedia(slot, stream),
  (slot, stream) => isOn(slot) && isSameMedia(slot, stream),
  // RFC 3264 §8.3.1: the transport may change,
  (slot, stream) => isOn(slot) && isSameKind(slot, stream),
  // RFC 3264 §8.1: a slot that is off may be used again,
  (slot, stream) => !isOn(slot) && isSameKind(slot, stream),
  // RFC 3264 §8.3.3: and the kind may change. Between voice and fax that is recommended; phones expect no other change.
  (slot, stream) => isOn(slot) && isFax(slot, stream),
  (slot) => !isOn(slot),
];

/**
 * Gives each of the wanted streams a slot: those said before keep their number and order (RFC 3264 §8), new ones go
 * below. A stream that would be one too many gets none.
 */
export function arrange(
  slots: readonly Stream[],
  streams: readonly Stream[],
  wanted: (stream: Stream) => boolean,
): Order {
  const order: (number | null)[] = slots.map(() => null);
  const left = new Set(streams.keys().filter((index) => wanted(streams[index]!)));
  for (const fit of fits) {
    for (const [place, slot] of slots.entries()) {
      if (order[place] !== null) continue;
      const index = left.values().find((each) => fit(slot, streams[each]!, each === place));
      if (index === undefined) continue;
      order[place] = index;
      left.delete(index);
    }
  }
  return [...order, ...left].slice(0, limits.streams);
}

// — Writing —

/** A stream as it was described. */
export function repeated({
  kind,
  port,
  ports,
  protocol,
  formats,
  connection,
  bandwidths,
  attributes,
}: Stream): string[] {
  const range = ports === 1 ? port : `${port}/${ports}`;
  return [
    `m=${kind} ${range} ${protocol} ${formats.length === 0 ? '0' : formats.join(' ')}`,
    ...(connection === null ? [] : [`c=${connection}`]),
    ...bandwidths.map((bandwidth) => `b=${bandwidth}`),
    ...attributes.map((attribute) => `a=${attribute}`),
  ];
}

/** RFC 3264 §6: port 0, and at least one format, whichever it is. */
export function refused({ kind, protocol, formats }: Stream): string {
  return `m=${kind} 0 ${protocol} ${formats[0] ?? '0'}`;
}

/** RFC 8866 §5.7: c= stands for the session too, as refused streams have none: ours, where `head` gives no other. */
export function write(origin: Origin, { name, time, session }: Head, streamLines: readonly string[]): string {
  const host = `IN ${isIPv6(origin.address) ? 'IP6' : 'IP4'} ${origin.address}`;
  const lines = [
    'v=0',
    `o=- ${origin.sessionId} ${origin.version} ${host}`,
    `s=${name}`,
    `c=${session.connection ?? host}`,
    ...session.bandwidths.map((bandwidth) => `b=${bandwidth}`),
    `t=${time}`,
    ...session.attributes.map((attribute) => `a=${attribute}`),
    ...streamLines,
  ];
  return `${lines.join('\r\n')}\r\n`;
}
