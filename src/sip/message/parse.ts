// Text to message (RFC 3261 §7): one pass finds where each header field stands, then the five that every layer needs are
// read. What cannot be read is a value, ParseFailure, that keeps enough to answer it. Leaves out what no transaction
// needs: Contact, bodies, and whether the Request-URI is of a scheme we know (416 is the endpoint's).
import { hash } from 'node:crypto';
import { readAddress } from './address.ts';
import { endOfToken, isAbsoluteUri, readNumber, splitList, unfold } from './grammar.ts';
import { ids, isCallId, isSingle, type NameId, nameIdAt, readCSeq, readVia } from './headers.ts';
import { FOLDED, type HeaderList, type Message, type Parts, Request, Response } from './message.ts';
import { writeResponse } from './write.ts';

/** What a message may measure: header fields in number, the rest in bytes. */
export const limits = { fields: 256, line: 8_192, body: 65_536, size: 131_072 } as const;

export type FailureStatus = 400 | 413 | 414 | 505 | 513;

export interface ParseFailure {
  /** A sentence for the log. */
  readonly failure: string;
  readonly status: FailureStatus;
  /** What a reply is copied from, as far as it can be read; null when it was not a request. */
  readonly partial: PartialRequest | null;
}

export interface PartialRequest {
  readonly method: string;
  readonly vias: readonly string[];
  readonly from: string | null;
  readonly to: string | null;
  readonly callId: string | null;
  readonly cseq: string | null;
}

export function isFailure(result: Message | ParseFailure): result is ParseFailure {
  return 'failure' in result;
}

/** Reads one message: a datagram, or what framing has cut off a stream. */
export function parse(text: string): Request | Response | ParseFailure {
  const scan = scanMessage(text);
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
  start: StartLine | null;
  fault: Fault | null;
  readonly fields: number[];
  /** Index in `fields` of the first field of each name in `ids`, -1 where there is none. */
  readonly first: number[];
  /** One bit for each single-valued name that has come. */
  seen: number;
  bodyAt: number;
}

const CR = 0x0d;
const SP = 0x20;
const isBlank = (code: number): boolean => code === SP || code === 0x09;

function scanMessage(text: string): Scan {
  const scan: Scan = {
    text,
    start: null,
    fault: null,
    fields: [],
    first: [-1, -1, -1, -1, -1, -1, -1],
    seen: 0,
    bodyAt: text.length,
  };
  if (text.length > limits.size) blame(scan, `The message is longer than ${limits.size} bytes.`, 513);
  // RFC 3261 §7.5: line ends before the start line are passed over.
  let at = 0;
  while (text.startsWith('\r\n', at)) at += 2;
  const end = text.indexOf('\r\n', at);
  if (end < 0) {
    blame(scan, 'The start line does not end.');
    return scan;
  }
  scan.start = readStartLine(scan, at, end);
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
/** The start line, also where it is at fault, so long as it can be told what it was meant to be. */
function readStartLine(scan: Scan, at: number, end: number): StartLine | null {
  const line = scan.text.slice(at, Math.min(end, at + limits.line));
  const isTooLong = end - at > limits.line;
  if (isTooLong) blame(scan, 'The start line is too long.', 414);
  const last = line.lastIndexOf(' ');
  const method = line.slice(0, endOfToken(line, 0));
  const uri = line.slice(method.length + 1, last);
  const isWhole = !isTooLong && line.charCodeAt(method.length) === SP && isVersion2(line.slice(last + 1));
  if (isWhole && method !== '' && isAbsoluteUri(uri)) return { method, uri };
  return /^SIP\//i.test(line) ? readStatusLine(scan, line) : readBadRequestLine(scan, line, method, uri);
}

// SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT
const version = / SIP\/[0-9]+\.[0-9]+$/i;
const isVersion2 = (text: string): boolean => text === 'SIP/2.0' || text.toUpperCase() === 'SIP/2.0';

function readBadRequestLine(scan: Scan, line: string, method: string, uri: string): StartLine | null {
  const isCut = line.length === limits.line;
  const isMeant = method !== '' && line.startsWith(' ', method.length) && (isCut || / SIP\/[0-9.]+[ \t]*$/i.test(line));
  if (!isMeant) blame(scan, 'The start line is neither a request line nor a status line.');
  else if (!version.test(line)) blame(scan, 'The request line does not end in a SIP version.');
  else if (!/ SIP\/2\.0$/i.test(line)) blame(scan, 'The SIP version is not 2.0.', 505);
  else blame(scan, 'The Request-URI is not a URI between single spaces.');
  return isMeant ? { method, uri } : null;
}

// Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF. The last SP may be missing with the phrase.
const statusLine = /^SIP\/2\.0 ([1-6][0-9][0-9])(?: ([^\r\n]*))?$/i;

function readStatusLine(scan: Scan, line: string): StartLine | null {
  const match = statusLine.exec(line);
  if (match) return { method: null, status: Number(match[1]), reason: match[2] ?? '' };
  blame(scan, 'The status line is not SIP/2.0, a code from 100 to 699 and a phrase.');
  return null;
}

/** Finds the header fields from `at` on, and the empty line after them. */
function scanFields(scan: Scan, at: number): void {
  const { text } = scan;
  let lineAt = at;
  while (scan.fields.length <= limits.fields * 4) {
    const first = text.indexOf('\n', lineAt);
    if (first === lineAt + 1 && text.charCodeAt(lineAt) === CR) {
      scan.bodyAt = first + 1;
      return;
    }
    const end = endOfFolds(text, first);
    if (end < 0) {
      blame(scan, 'The header section does not end.');
      return;
    }
    if (isWellEnded(text, lineAt, first, end)) scanField(scan, lineAt, end - 1, end > first ? FOLDED : 0);
    else blame(scan, 'A line end is not CRLF.');
    lineAt = end + 1;
  }
  blame(scan, `There are more than ${limits.fields} header fields.`);
}

/** The LF of the last line that continues the one whose LF is at `end`; -1 where a line does not end. */
function endOfFolds(text: string, first: number): number {
  let end = first;
  while (end >= 0 && isBlank(text.charCodeAt(end + 1))) end = text.indexOf('\n', end + 1);
  return end;
}

/** Whether CR and LF stand only together in the lines from `at`, of which the first ends at `first` and the last at `end`. */
function isWellEnded(text: string, at: number, first: number, end: number): boolean {
  if (end > first) return !/\r(?!\n)|(?<!\r)\n/.test(text.slice(at, end + 1));
  return text.charCodeAt(end - 1) === CR && text.indexOf('\r', at) === end - 1;
}

// message-header = field-name HCOLON field-value CRLF
// HCOLON         = *( SP / HTAB ) ":" SWS
function scanField(scan: Scan, at: number, end: number, folded: number): void {
  const { text, fields } = scan;
  const nameEnd = endOfToken(text, at);
  const colon = skipBlanks(text, nameEnd);
  if (end - at > limits.line) {
    blame(scan, `A header field is longer than ${limits.line} bytes.`);
  } else if (nameEnd === at || text.charCodeAt(colon) !== 0x3a) {
    blame(scan, 'A header field is not a name and a colon.');
  } else {
    const valueAt = skipBlanks(text, colon + 1);
    let valueEnd = end;
    while (valueEnd > valueAt && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    const id = nameIdAt(text, at, nameEnd);
    if (id !== 0) note(scan, id);
    fields.push(id | folded, at, valueAt, valueEnd);
  }
}

function skipBlanks(text: string, at: number): number {
  let i = at;
  while (isBlank(text.charCodeAt(i))) i++;
  return i;
}

function note(scan: Scan, id: NameId): void {
  if (id < scan.first.length && scan.first[id]! < 0) scan.first[id] = scan.fields.length;
  if (!isSingle(id)) return;
  if (scan.seen & (1 << id)) blame(scan, 'A header field that may come only once comes twice.');
  scan.seen |= 1 << id;
}

// --- The reading: what every layer needs

/** The value of the first header field of a name in `ids`, or null. */
function firstValue(scan: Scan, id: NameId): string | null {
  const at = scan.first[id]!;
  return at < 0 ? null : valueAt(scan, at);
}

function valueAt({ text, fields }: Scan, at: number): string {
  const value = text.slice(fields[at + 2], fields[at + 3]);
  return fields[at]! & FOLDED ? unfold(value) : value;
}

/** RFC 3261 §8.1.1: what every message has, readable. Max-Forwards is not asked for, because older peers leave it out. */
function readParts(scan: Scan): Parts | Fault {
  const { text, fields, bodyAt } = scan;
  const via = readVia(firstElement(firstValue(scan, ids.via) ?? ''));
  if (!via) return fault('Via is missing or cannot be read.');
  const from = readAddress(firstValue(scan, ids.from) ?? '');
  if (!from) return fault('From is missing or cannot be read.');
  const to = readAddress(firstValue(scan, ids.to) ?? '');
  if (!to) return fault('To is missing or cannot be read.');
  const callId = firstValue(scan, ids.callId) ?? '';
  if (!isCallId(callId)) return fault('Call-ID is missing or cannot be read.');
  const cseq = readCSeq(firstValue(scan, ids.cseq) ?? '');
  if (!cseq) return fault('CSeq is missing or cannot be read.');
  const method = scan.start!.method;
  if (method !== null && method !== cseq.method) return fault("The method of CSeq is not the request's.");
  const bodyEnd = readBodyEnd(scan);
  return typeof bodyEnd === 'number' ? { text, fields, bodyAt, bodyEnd, callId, cseq, from, to, via } : bodyEnd;
}

/** RFC 3261 §18.3: bytes after the length given are passed over; too few are a fault. Without a length the datagram ends the body. */
function readBodyEnd(scan: Scan): number | Fault {
  const { text, bodyAt } = scan;
  const lengthText = firstValue(scan, ids.contentLength);
  const length = lengthText === null ? text.length - bodyAt : readNumber(lengthText, Number.MAX_SAFE_INTEGER);
  if (length === null) return fault('Content-Length is not a number.');
  if (length > limits.body) return fault(`The body is longer than ${limits.body} bytes.`, 413);
  return length > text.length - bodyAt ? fault('The body is shorter than Content-Length says.') : bodyAt + length;
}

function firstElement(value: string): string {
  return value.includes(',') ? (splitList(value)[0] ?? '') : value;
}

// --- The failure: what can be answered

function failureOf(scan: Scan, { sentence, status }: Fault): ParseFailure {
  const method = scan.start?.method ?? null;
  return { failure: sentence, status, partial: method === null ? null : partialOf(scan, method) };
}

function partialOf(scan: Scan, method: string): PartialRequest {
  const vias: string[] = [];
  for (let at = 0; at < scan.fields.length; at += 4)
    if ((scan.fields[at]! & 0xff) === ids.via) vias.push(valueAt(scan, at));
  const echoed = (id: NameId): string | null => {
    const value = firstValue(scan, id);
    return value === '' || value?.includes('\0') ? null : value;
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
