// As much SDP as call control needs: one audio stream over RTP/AVP with PCMU, PCMA and telephone-event. RFC 8866 §5,
// §6 and §9 (the format), RFC 3264 (offer and answer), RFC 4733 §2.4.1 (telephone-event). Text is latin1.
// The reader is ours: an answer owes the offer one m= line for each of its own, so a line it cannot read must not get
// lost, and its work has to be bounded whatever comes. Nothing here throws.
// Leaves out SRTP, ICE, bundles, rtcp-mux and multicast: streams that need them are refused with port 0.
import { isIP, isIPv6 } from 'node:net';

/** What o=, c= and m= say of us. `sessionId` is decimal; `version` grows by one with each SDP that differs from the last. */
export interface LocalSdp {
  readonly sessionId: string;
  readonly version: number;
  readonly address: string;
  readonly port: number;
  readonly direction: 'sendrecv' | 'inactive';
}

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

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
  return { sdp: write(local, offered.time, lines), agreed };
}

/** Our offer (RFC 3264 §5), for an INVITE that brought none. */
export function offer(local: LocalSdp, preferredCodecs = ''): string {
  const voice = inOrder(ourVoice, preferredCodecs);
  const { port, direction } = local;
  return write(local, '0 0', accepted({ voice, dtmfPayloadType: 101, port, ptime: defaultPtime, direction }));
}

/** Reads the peer's answer to our offer (RFC 3264 §7). */
export function readAnswer(answerText: string): Agreed | 'no-common-codec' | 'unreadable' {
  const answered = describe(answerText);
  if (!answered) return 'unreadable';
  const choice = choose(answered, '');
  return choice ? (agree(answered, choice, 'sendrecv') ?? 'unreadable') : 'no-common-codec';
}

/** The audio codecs of an SDP in its order, in capitals, whether we speak them or not: `offered_codecs` of call.initiated. */
export function codecsOf(sdp: string): readonly string[] {
  const names = new Set<string>();
  for (const stream of describe(sdp)?.streams ?? []) {
    if (stream.kind !== 'audio' || stream.port === 0) continue;
    for (const { encoding } of encodingsOf(stream)) names.add(encoding.split('/', 1)[0]!);
  }
  for (const companion of ['TELEPHONE-EVENT', 'CN', 'RED']) names.delete(companion);
  return [...names].slice(0, limits.codecs);
}

// — Reading —

const limits = { chars: 65_536, streams: 64, formats: 128, codecs: 32 } as const;

interface Section {
  connection: string | null;
  readonly attributes: string[];
}

interface Stream extends Section {
  readonly kind: string;
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
}

interface Description {
  readonly time: string;
  readonly session: Section;
  readonly streams: readonly Stream[];
}

/** Null: this is no SDP, or one whose m= lines cannot all be answered. Every other flaw is stepped over. */
function describe(text: string): Description | null {
  if (text.length > limits.chars) return null;
  // RFC 8866 §5: lines end in CRLF, and a reader should take a single LF as well.
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line[1] === '=');
  if (lines[0]?.trimEnd() !== 'v=0') return null;
  const session: Section = { connection: null, attributes: [] };
  const streams: Stream[] = [];
  let section = session;
  let time = '0 0';
  for (const line of lines) {
    const value = line.slice(2).trim();
    switch (line[0]) {
      case 'm': {
        const stream = readStream(value);
        if (!stream || streams.push(stream) > limits.streams) return null;
        section = stream;
        break;
      }
      case 'c':
        section.connection ??= value;
        break;
      case 'a':
        section.attributes.push(value);
        break;
      case 't':
        if (/^\d{1,20} \d{1,20}$/.test(value)) time = value;
    }
  }
  return { time, session, streams };
}

// Wider than the tokens of RFC 8866 §9, but safe to say back in an answer.
const word = /^[!-~]+$/;

/** m=<media> <port>["/"count] <proto> <fmt>…, where a missing fmt is forgiven: some refuse a stream that way. */
function readStream(value: string): Stream | null {
  const [kind = '', portText = '', protocol = '', ...formats] = value.split(/[ \t]+/, limits.formats + 3);
  const port = Number(/^(\d{1,5})(?:\/\d{1,5})?$/.exec(portText)?.[1] ?? Number.NaN);
  const readable = [kind, protocol, ...formats].every((part) => word.test(part));
  return readable && port <= 65_535 ? { kind, port, protocol, formats, connection: null, attributes: [] } : null;
}

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
  return { voice: inOrder(voice, preferredCodecs), dtmfPayloadType: payloadTypeOf('TELEPHONE-EVENT/8000') };
}

/** The preferred ones first, in their order, then the others in theirs. */
function inOrder(voice: readonly Voice[], preferredCodecs: string): readonly Voice[] {
  const preferred = preferredCodecs.split(',').map((name) => name.trim().toUpperCase());
  const rank = ({ name }: Voice) => (preferred.includes(name) ? preferred.indexOf(name) : preferred.length);
  return voice.toSorted((a, b) => rank(a) - rank(b));
}

/** Null: the stream has no connection address, and every stream must have one (RFC 8866 §5.7). */
function agree(description: Description, choice: Choice, local: LocalSdp['direction']): Agreed | null {
  const { stream, voice, dtmfPayloadType } = choice;
  const host = hostOf(description, stream);
  if (host === null) return null;
  // RFC 3264 §8.4: nothing is sent to 0.0.0.0, which is how RFC 2543 put a call on hold.
  const nowhere = isIP(host) > 0 && /^[0:.]+$/.test(host);
  const theirs = directionOf(stream.attributes) ?? directionOf(description.session.attributes) ?? 'sendrecv';
  const weSend = local === 'sendrecv' && !nowhere && (theirs === 'sendrecv' || theirs === 'recvonly');
  const weReceive = local === 'sendrecv' && (theirs === 'sendrecv' || theirs === 'sendonly');
  const { payloadType, name: codec } = voice[0]!;
  return {
    remote: weSend && isIP(host) > 0 ? { host, port: stream.port } : null,
    payloadType,
    codec,
    dtmfPayloadType,
    direction: directionFrom(weSend, weReceive),
  };
}

/** c= <nettype> <addrtype> <address>["/" ttl or count]: the stream's own, else the session's. */
function hostOf({ session }: Description, stream: Stream): string | null {
  return /^IN IP[46] +([^\s/]+)/i.exec(stream.connection ?? session.connection ?? '')?.[1] ?? null;
}

function isMulticast(host: string | null): boolean {
  return host !== null && isIP(host) > 0 && /^(?:22[4-9]|23\d)\.|^ff..:/i.test(host);
}

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

/** RFC 3264 §6: port 0, and at least one format, whichever it is. */
function refused({ kind, protocol, formats }: Stream): string {
  return `m=${kind} 0 ${protocol} ${formats[0] ?? '0'}`;
}

/** `time` is the offer's: an answer must repeat it (RFC 3264 §6). */
function write({ sessionId, version, address }: LocalSdp, time: string, streamLines: readonly string[]): string {
  const host = `IN ${isIPv6(address) ? 'IP6' : 'IP4'} ${address}`;
  const lines = ['v=0', `o=- ${sessionId} ${version} ${host}`, 's=-', `c=${host}`, `t=${time}`, ...streamLines];
  return `${lines.join('\r\n')}\r\n`;
}
