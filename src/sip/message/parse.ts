// Text to message (RFC 3261 §7): one pass finds where each header field stands, then the five that every layer needs are
// read. What cannot be read is a value, ParseFailure, that keeps enough to answer it. Leaves out what no transaction
// needs: Contact, bodies, and whether the Request-URI is of a scheme we know (416 is the endpoint's).
import { hash } from 'node:crypto';
import { LocatedAddress } from './address.ts';
import { bytesOf, endOf, endOfUri, isBlank, numberAt, skipBlanks, spells, TOKEN, VISIBLE } from './bytes.ts';
import { endOfToken, splitList } from './grammar.ts';
import { ids, isSingle, locateCSeq, locateName, methodAt, type NameId } from './headers.ts';
import { FOLDED, fieldValue, type HeaderList, type Message, type Parts, Request, Response } from './message.ts';
import { LocatedVia } from './via.ts';
import { writeResponse } from './write.ts';

/**
 * What a message may measure: header fields in number, the rest in bytes. Beyond it a body is answered 413, a Request-URI
 * 414, all else 513 (RFC 3261 §21.4.11, §21.4.12, §21.5.7). Nothing here nests, so no depth is limited. A line fits what
 * `Fields` of message.ts can say.
 */
export const limits = { fields: 256, line: 8_192, body: 65_536, size: 131_072 } as const;

/** What a request that cannot be read is answered with. */
export type FailureStatus = 400 | 413 | 414 | 505 | 513;

/** A message that cannot be read: why, and what it takes to say so. */
export interface ParseFailure {
  /** A sentence for the log. */
  readonly failure: string;
  readonly status: FailureStatus;
  /** What a reply is copied from, as far as it can be read; null when it was not a request. */
  readonly partial: PartialRequest | null;
}

/** As much of a request as a refusal copies. */
export interface PartialRequest {
  readonly method: string;
  readonly vias: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  readonly callId: string | null;
  readonly cseq: string | null;
}

/** Whether what `parse` gave is a failure. */
export function isFailure(result: Message | ParseFailure): result is ParseFailure {
  return 'failure' in result;
}

/** Reads one message: a datagram, or what framing has cut off a stream. `bytes`, where they are at hand, are those of the text. */
export function parse(text: string, bytes?: Uint8Array): Request | Response | ParseFailure {
  const scan = scanMessage(text, bytes);
  const { start } = scan;
  if (scan.fault || !start) return failureOf(scan, scan.fault ?? fault('The message is empty.'));
  const parts = readParts(scan);
  if ('sentence' in parts) return failureOf(scan, parts);
  return start.method === null
    ? new Response(start.status, start.reason, parts)
    : new Request(start.method, start.uri, parts);
}

/** The failure of a message that framing could not cut off its stream; `text` is as much of it as there is. */
export function failureIn(text: string, sentence: string, status: FailureStatus): ParseFailure {
  return failureOf(scanMessage(text), fault(sentence, status));
}

/** The answer to a request that could not be read, or null where there is too little to answer or it was an ACK. */
export function replyToFailure({ status, partial }: ParseFailure): string | null {
  if (!partial || partial.method === 'ACK' || partial.vias.length === 0) return null;
  const { vias, from, to, callId, cseq } = partial;
  if (from === null || to === null || callId === null || cseq === null) return null;
  const headers: HeaderList = [
    ...vias.map((via) => ['Via', via] as const),
    ['From', from],
    ['To', /;[ \t]*tag[ \t]*=/i.test(to) ? to : `${to};tag=${statelessTag(partial)}`],
    ['Call-ID', callId],
    ['CSeq', cseq],
  ];
  return writeResponse({ status }, headers);
}

/** RFC 3261 §8.2.7: whoever keeps no state gives the same tag to each retransmission. */
function statelessTag({ vias, callId, cseq }: PartialRequest): string {
  return hash('sha1', `${vias[0]}\n${callId}\n${cseq}`).slice(0, 16);
}

interface Fault {
  readonly sentence: string;
  readonly status: FailureStatus;
}

function fault(sentence: string, status: FailureStatus = 400): Fault {
  return { sentence, status };
}

// --- The scan: where everything stands

type StartLine =
  | { readonly method: string; readonly uri: string }
  | { readonly method: null; readonly status: number; readonly reason: string };

/** The state of one pass over a message. Of several faults the first one counts; the pass goes on for the answer's sake. */
interface Scan {
  readonly text: string;
  /** Those of the text. */
  readonly bytes: Uint8Array;
  start: StartLine | null;
  fault: Fault | null;
  /** How much of the bench `found` is taken. */
  size: number;
  /** Where in `found` the first field of each name in `ids` is, -1 where there is none. */
  readonly first: number[];
  /** One bit for each single-valued name that has come. */
  seen: number;
  bodyAt: number;
}

/** Where the fields of a message are put while it is scanned, as message.ts has them: an array that never grows. */
const found: number[] = Array.from({ length: 2 * limits.fields + 2 }, () => 0);

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const COLON = 0x3a;

function scanMessage(whole: string, wholeBytes?: Uint8Array): Scan {
  const text = whole.length > limits.size ? whole.slice(0, limits.size) : whole;
  const scan: Scan = {
    text,
    bytes: wholeBytes ?? bytesOf(text),
    start: null,
    fault: null,
    size: 0,
    first: [-1, -1, -1, -1, -1, -1, -1],
    seen: 0,
    bodyAt: text.length,
  };
  if (text !== whole) blame(scan, `The message is longer than ${limits.size} bytes.`, 513);
  // RFC 3261 §7.5: line ends before the start line are passed over.
  let at = 0;
  while (scan.bytes[at] === CR && text.startsWith('\r\n', at)) at += 2;
  const end = text.indexOf('\r\n', at);
  if (end < 0) {
    blame(scan, 'The start line does not end.');
    return scan;
  }
  scan.start = locateRequestLine(scan, at, end) ?? locateStatusLine(scan, at, end) ?? readStartLine(scan, at, end);
  scanFields(scan, end + 2);
  const nul = text.indexOf('\0');
  if (nul >= 0 && nul < scan.bodyAt && hasBareNul(text.slice(0, scan.bodyAt)))
    blame(scan, 'A NUL stands outside a quoted pair.');
  return scan;
}

// The only place of a NUL: quoted-pair = "\" (%x00-09 / %x0B-0C / %x0E-7F)
function hasBareNul(head: string): boolean {
  return /(?<!\\)\0/.test(head);
}

function blame(scan: Scan, sentence: string, status: FailureStatus = 400): void {
  scan.fault ??= fault(sentence, status);
}

// Request-Line = Method SP Request-URI SP SIP-Version CRLF
/** The request line that is as it should be; null leaves it to readStartLine to say what it is. */
function locateRequestLine({ text, bytes }: Scan, at: number, end: number): StartLine | null {
  const methodEnd = endOf(TOKEN, bytes, at, end);
  if (methodEnd === at || bytes[methodEnd] !== SP || end - at > limits.line) return null;
  const uriEnd = endOfUri(bytes, methodEnd + 1, end);
  if (uriEnd < 0 || bytes[uriEnd] !== SP || end - uriEnd !== 8 || !isVersion2(bytes, uriEnd + 1)) return null;
  return { method: methodAt(text, bytes, at, methodEnd), uri: text.slice(methodEnd + 1, uriEnd) };
}

// Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF
/** The same for a status line. */
function locateStatusLine({ text, bytes }: Scan, at: number, end: number): StartLine | null {
  if (end - at < 12 || end - at > limits.line || !isVersion2(bytes, at)) return null;
  const status = numberAt(bytes, at + 8, at + 11, 699);
  if (bytes[at + 7] !== SP || bytes[at + 11] !== SP || status < 100) return null;
  if (text.indexOf('\r', at) !== end || text.indexOf('\n', at) !== end + 1) return null;
  return { method: null, status, reason: text.slice(at + 12, end) };
}

/** "SIP/2.0" */
function isVersion2(bytes: Uint8Array, at: number): boolean {
  return (
    spells('sip', bytes, at, at + 3) &&
    bytes[at + 3] === 0x2f &&
    bytes[at + 4] === 0x32 &&
    bytes[at + 5] === 0x2e &&
    bytes[at + 6] === 0x30
  );
}

/** A start line at fault, so long as it can be told what it was meant to be. */
function readStartLine(scan: Scan, at: number, end: number): StartLine | null {
  const line = scan.text.slice(at, Math.min(end, at + limits.line));
  const method = line.slice(0, endOfToken(line, 0));
  const isStatus = /^SIP\//i.test(line);
  // RFC 3261 §21.4.12, §21.5.7: it is the Request-URI that makes a request line long.
  if (end - at > limits.line) blame(scan, 'The start line is too long.', isStatus || method.length > 64 ? 513 : 414);
  if (isStatus) return readStatusLine(scan, line);
  return readBadRequestLine(scan, line, method, line.slice(method.length + 1, line.lastIndexOf(' ')));
}

// SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT
const version = / SIP\/[0-9]+\.[0-9]+$/i;

function readBadRequestLine(scan: Scan, line: string, method: string, uri: string): StartLine | null {
  const isCut = line.length === limits.line;
  const isMeant = method !== '' && line.startsWith(' ', method.length) && (isCut || / SIP\/[0-9.]+[ \t]*$/i.test(line));
  if (!isMeant) blame(scan, 'The start line is neither a request line nor a status line.');
  else if (!version.test(line)) blame(scan, 'The request line does not end in a SIP version.');
  else if (!/ SIP\/2\.0$/i.test(line)) blame(scan, 'The SIP version is not 2.0.', 505);
  else blame(scan, 'The Request-URI is not a URI between single spaces.');
  return isMeant ? { method, uri } : null;
}

// Wider than the rule: the last SP may be missing with the phrase.
const statusLine = /^SIP\/2\.0 ([1-6][0-9][0-9])(?: ([^\r\n]*))?$/i;

function readStatusLine(scan: Scan, line: string): StartLine | null {
  const match = statusLine.exec(line);
  if (match) return { method: null, status: Number(match[1]), reason: match[2] ?? '' };
  blame(scan, 'The status line is not SIP/2.0, a code from 100 to 699 and a phrase.');
  return null;
}

/** Finds the header fields from `at` on, and the empty line after them. */
function scanFields(scan: Scan, at: number): void {
  const { text, bytes } = scan;
  let lineAt = at;
  while (scan.size < found.length) {
    const first = text.indexOf('\n', lineAt);
    if (first === lineAt + 1 && bytes[lineAt] === CR) {
      scan.bodyAt = first + 1;
      return;
    }
    const end = endOfFolds(scan, first);
    if (end < 0) {
      blame(scan, 'The header section does not end.');
      return;
    }
    if (isWellEnded(scan, lineAt, first, end)) scanField(scan, lineAt, end - 1, end > first ? FOLDED : 0);
    else blame(scan, 'A line end is not CRLF.');
    lineAt = end + 1;
  }
  blame(scan, `There are more than ${limits.fields} header fields.`, 513);
}

/** The LF of the last line that continues the one whose LF is at `end`; -1 where a line does not end. */
function endOfFolds({ text, bytes }: Scan, first: number): number {
  let end = first;
  while (end >= 0 && end + 1 < text.length && isBlank(bytes[end + 1])) end = text.indexOf('\n', end + 1);
  return end;
}

/** Whether CR and LF stand only together in the lines from `at`, of which the first ends at `first` and the last at `end`. */
function isWellEnded({ text, bytes }: Scan, at: number, first: number, end: number): boolean {
  if (end > first) return !/\r(?!\n)|(?<!\r)\n/.test(text.slice(at, end + 1));
  return bytes[end - 1] === CR && text.indexOf('\r', at) === end - 1;
}

// message-header = field-name HCOLON field-value CRLF
// HCOLON         = *( SP / HTAB ) ":" SWS
function scanField(scan: Scan, at: number, end: number, folded: number): void {
  const { bytes } = scan;
  const name = locateName(bytes, at, end);
  const nameEnd = name >>> 8;
  const colon = skipBlanks(bytes, nameEnd, end);
  if (end - at > limits.line) {
    blame(scan, `A header field is longer than ${limits.line} bytes.`, 513);
  } else if (nameEnd === at || colon >= end || bytes[colon] !== COLON) {
    blame(scan, 'A header field is not a name and a colon.');
  } else {
    const valueAt = skipBlanks(bytes, colon + 1, end);
    let valueEnd = end;
    while (valueEnd > valueAt && (isBlank(bytes[valueEnd - 1]) || isBreak(bytes[valueEnd - 1]))) valueEnd--;
    const id = name & 0xff;
    if (id !== 0) note(scan, id);
    found[scan.size] = (valueAt << 8) | folded | id;
    found[scan.size + 1] = ((valueEnd - valueAt) << 14) | (valueAt - at);
    scan.size += 2;
  }
}

/** Where a value ends in a folded line of blanks, its line end goes with them. */
const isBreak = (byte: number | undefined): boolean => byte === CR || byte === LF;

function note(scan: Scan, id: NameId): void {
  if (id < scan.first.length && scan.first[id]! < 0) scan.first[id] = scan.size;
  if (!isSingle(id)) return;
  if (scan.seen & (1 << id)) blame(scan, 'A header field that may come only once comes twice.');
  scan.seen |= 1 << id;
}

// --- The reading: what every layer needs is found, and cut out only when somebody asks for it

/** RFC 3261 §8.1.1: what every message has, readable. Max-Forwards is not asked for, because older peers leave it out. */
function readParts(scan: Scan): Parts | Fault {
  const { text, bodyAt } = scan;
  const via = locate(scan, ids.via, locateTopVia);
  if (!via) return fault('Via is missing or cannot be read.');
  const from = locate(scan, ids.from, LocatedAddress.locate);
  if (!from) return fault('From is missing or cannot be read.');
  const to = locate(scan, ids.to, LocatedAddress.locate);
  if (!to) return fault('To is missing or cannot be read.');
  const callId = locate(scan, ids.callId, readCallId);
  if (callId === null) return fault('Call-ID is missing or cannot be read.');
  const cseq = locate(scan, ids.cseq, locateCSeq);
  if (!cseq) return fault('CSeq is missing or cannot be read.');
  const method = scan.start!.method;
  if (method !== null && method !== cseq.method) return fault("The method of CSeq is not the request's.");
  const bodyEnd = readBodyEnd(scan);
  if (typeof bodyEnd !== 'number') return bodyEnd;
  const fields = found.slice(0, scan.size);
  return { text, fields, bodyAt, bodyEnd, callId, cseq, from, to, via, stamp: null };
}

type Locate<T> = (text: string, bytes: Uint8Array, at: number, end: number) => T | null;

/** The value of the first header field of a name in `ids`, where it stands; one that is folded, in a text of its own. */
function locate<T>(scan: Scan, id: NameId, how: Locate<T>): T | null {
  const at = scan.first[id]!;
  if (at < 0) return null;
  const begin = found[at]! >>> 8;
  if (!(found[at]! & FOLDED)) return how(scan.text, scan.bytes, begin, begin + (found[at + 1]! >>> 14));
  const value = fieldValue(scan.text, found, at);
  return how(value, Buffer.from(value, 'latin1'), 0, value.length);
}

/** Of a list the first element. */
function locateTopVia(text: string, bytes: Uint8Array, at: number, end: number): LocatedVia | null {
  const comma = text.indexOf(',', at);
  if (comma < 0 || comma >= end) return LocatedVia.locate(text, bytes, at, end);
  const first = splitList(text.slice(at, end))[0] ?? '';
  return LocatedVia.locate(first, Buffer.from(first, 'latin1'), 0, first.length);
}

function readCallId(text: string, bytes: Uint8Array, at: number, end: number): string | null {
  return end > at && endOf(VISIBLE, bytes, at, end) === end ? text.slice(at, end) : null;
}

/** RFC 3261 §18.3: bytes after the length given are passed over; too few are a fault. Without a length the datagram ends the body. */
function readBodyEnd(scan: Scan): number | Fault {
  const { first, text, bodyAt } = scan;
  const rest = text.length - bodyAt;
  const length = first[ids.contentLength]! < 0 ? rest : locate(scan, ids.contentLength, readLength);
  if (length === null) return fault('Content-Length is not a number.');
  if (length > limits.body) return fault(`The body is longer than ${limits.body} bytes.`, 413);
  return length > rest ? fault('The body is shorter than Content-Length says.') : bodyAt + length;
}

// Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT
function readLength(_text: string, bytes: Uint8Array, at: number, end: number): number | null {
  const length = numberAt(bytes, at, end, Number.MAX_SAFE_INTEGER);
  return length < 0 ? null : length;
}

// --- The failure: what can be answered

function failureOf(scan: Scan, { sentence, status }: Fault): ParseFailure {
  const method = scan.start?.method ?? null;
  return { failure: sentence, status, partial: method === null ? null : partialOf(scan, method) };
}

function partialOf({ text, size, first }: Scan, method: string): PartialRequest {
  const vias: string[] = [];
  for (let at = 0; at < size; at += 2) if ((found[at]! & 0x7f) === ids.via) vias.push(fieldValue(text, found, at));
  const echoed = (id: NameId): string | null => {
    const value = first[id]! < 0 ? '' : fieldValue(text, found, first[id]!);
    return value === '' || value.includes('\0') ? null : value;
  };
  return {
    method,
    vias: vias.filter((via) => via !== '' && !via.includes('\0')),
    from: echoed(ids.from),
    to: echoed(ids.to),
    callId: echoed(ids.callId),
    cseq: echoed(ids.cseq),
  };
}
