// Requests and responses: the text as received and where its header fields stand in it, cut out on demand; and what is
// copied from a request: its reply (RFC 3261 §8.2.6), its ACK (§17.1.1.3), its CANCEL (§9.1), its Via stamped (§18.2.1).
import { type Address, tagOf } from './address.ts';
import { bytesOf } from './bytes.ts';
import { endOfToken, splitList, unbracket, unfold } from './grammar.ts';
import { type CSeq, ids, type NameId, nameId } from './headers.ts';
import { LocatedVia, writeVia } from './via.ts';
import { oneLine, statusLine, writeBody, writeFields, writeRequest } from './write.ts';

/** Header fields as name and value, in the order they are written. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * The header fields of a message, two numbers each, so that many fit in little. The first: where the value begins,
 * shifted by 8; FOLDED if the value spans lines; the name's id (headers.ts). The second: the length of the value, shifted
 * by 14; how far before the value the name begins. The parser holds a field to what fits (`limits.line`).
 */
export type Fields = readonly number[];
export const FOLDED = 128;
const idOf = (fields: Fields, at: number): NameId => fields[at]! & 0x7f;

/** The value of the field at `at`, unfolded. */
export function fieldValue(text: string, fields: Fields, at: number): string {
  const first = fields[at]!;
  const begin = first >>> 8;
  const value = text.slice(begin, begin + (fields[at + 1]! >>> 14));
  return first & FOLDED ? unfold(value) : value;
}

/** What the parser has found in a message. */
export interface Parts {
  readonly text: string;
  readonly fields: Fields;
  readonly bodyAt: number;
  readonly bodyEnd: number;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly from: Address;
  readonly to: Address;
  readonly via: LocatedVia;
  /** What the first Via field says since it was stamped; null as received. */
  readonly stamp: string | null;
}

export abstract class Message {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  get callId(): string {
    return this.parts.callId;
  }

  get cseq(): CSeq {
    return this.parts.cseq;
  }

  get from(): Address {
    return this.parts.from;
  }

  get to(): Address {
    return this.parts.to;
  }

  /** The topmost one. */
  get via(): LocatedVia {
    return this.parts.via;
  }

  /** The whole message as received or written, its Via stamped if it was; latin1, like all that is cut from it. */
  get text(): string {
    const { text, fields, stamp } = this.parts;
    if (stamp === null) return text;
    const at = this.#find('Via', 0);
    const begin = fields[at]! >>> 8;
    return text.slice(0, begin) + stamp + text.slice(begin + (fields[at + 1]! >>> 14));
  }

  get body(): string {
    return this.parts.text.slice(this.parts.bodyAt, this.parts.bodyEnd);
  }

  /** The value of the first header field of that name, compact forms included, unfolded and trimmed. */
  get(name: string): string | undefined {
    const at = this.#find(name, 0);
    return at < 0 ? undefined : this.#value(at, true);
  }

  /** The value of every header field of that name, in order, not split. */
  all(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 2))
      values.push(this.#value(at, values.length === 0));
    return values;
  }

  /**
   * The elements of every header field of that name, split at the commas outside quotes and <>. Not for the
   * authenticate headers, whose grammar has commas of its own.
   */
  values(name: string): readonly string[] {
    const fields = this.all(name);
    return fields.length === 1 ? splitList(fields[0]!) : fields.flatMap(splitList);
  }

  /** Every header field as received, in order, its value unfolded and trimmed. */
  entries(): HeaderList {
    const { text, fields } = this.parts;
    const topVia = this.#find('Via', 0);
    const entries: [string, string][] = [];
    for (let at = 0; at < fields.length; at += 2) {
      const nameAt = nameBegin(fields, at);
      entries.push([text.slice(nameAt, endOfToken(text, nameAt)), this.#value(at, at === topVia)]);
    }
    return entries;
  }

  #find(name: string, from: number): number {
    const { fields } = this.parts;
    const id = nameId(name);
    for (let at = from; at < fields.length; at += 2) {
      if (idOf(fields, at) === id && (id !== 0 || this.#isNamed(at, name))) return at;
    }
    return -1;
  }

  #isNamed(at: number, name: string): boolean {
    const { text, fields } = this.parts;
    const nameAt = nameBegin(fields, at);
    const end = nameAt + name.length;
    return endOfToken(text, nameAt) === end && text.slice(nameAt, end).toLowerCase() === name.toLowerCase();
  }

  /** `isFirst`: of its name. Of a Via the first one may have been stamped. */
  #value(at: number, isFirst: boolean): string {
    const { text, fields, stamp } = this.parts;
    if (isFirst && stamp !== null && idOf(fields, at) === ids.via) return stamp;
    return fieldValue(text, fields, at);
  }
}

function nameBegin(fields: Fields, at: number): number {
  return (fields[at]! >>> 8) - (fields[at + 1]! & 0x3fff);
}

/** A request: made by `parse`, and as it was received. */
export class Request extends Message {
  readonly method: string;
  /** As received, byte for byte. */
  readonly uri: string;

  constructor(method: string, uri: string, parts: Parts) {
    super(parts);
    this.method = method;
    this.uri = uri;
  }
}

/** A response: made by `parse`, and as it was received. */
export class Response extends Message {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, parts: Parts) {
    super(parts);
    this.status = status;
    this.reason = reason;
  }
}

/** Whether a message is a request. */
export function isRequest(message: Message): message is Request {
  return message instanceof Request;
}

/** What a reply says beyond what it copies. */
export interface ReplyOptions {
  readonly reason?: string;
  /** Put on To where the request has none (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  readonly headers?: HeaderList;
  readonly body?: string;
}

/**
 * A reply copied from a request (RFC 3261 §8.2.6.2), ready to send. A 100 copies Timestamp as well (§8.2.6.1), one that makes
 * a dialog Record-Route (§12.1.1).
 */
export function reply(request: Request, status: number, options: ReplyOptions = {}): string {
  let text = statusLine(status, options.reason);
  for (const via of request.all('Via')) text += `Via: ${via}\r\n`;
  if (makesDialog(request, status, options)) {
    for (const route of request.all('Record-Route')) text += `Record-Route: ${route}\r\n`;
  }
  text += `From: ${request.get('From')}\r\nTo: ${request.get('To')}`;
  if (options.toTag && !hasTag(request.to)) text += `;tag=${oneLine(options.toTag)}`;
  text += `\r\nCall-ID: ${request.callId}\r\nCSeq: ${request.get('CSeq')}\r\n`;
  const timestamp = status === 100 ? request.get('Timestamp') : undefined;
  if (timestamp !== undefined) text += `Timestamp: ${timestamp}\r\n`;
  if (options.headers) text += writeFields(options.headers);
  return text + writeBody(options.body ?? '');
}

const makesDialog = (request: Request, status: number, { toTag }: ReplyOptions): boolean =>
  request.method === 'INVITE' && status > 100 && status < 300 && toTag !== undefined && !hasTag(request.to);

const hasTag = (address: Address): boolean => tagOf(address) !== null || address.params.has('tag');

/** The ACK of a non-2xx final response (RFC 3261 §17.1.1.3). */
export function ackFor(invite: Request, response: Response): string {
  return inTransactionOf(invite, 'ACK', response.get('To')!);
}

/** The CANCEL of a request that was sent (RFC 3261 §9.1). */
export function cancelFor(invite: Request): string {
  return inTransactionOf(invite, 'CANCEL', invite.get('To')!);
}

function inTransactionOf(request: Request, method: string, to: string): string {
  return writeRequest({ method, uri: request.uri }, [
    ['Via', request.values('Via')[0]!],
    ...request.all('Route').map((route) => ['Route', route] as const),
    ['Max-Forwards', '70'],
    ['From', request.get('From')!],
    ['To', to],
    ['Call-ID', request.callId],
    ['CSeq', `${request.cseq.number} ${method}`],
  ]);
}

/**
 * The same request with the source it came from in its topmost Via: `received` if that is not its sent-by
 * (RFC 3261 §18.2.1), `rport` and `received` if it asked for them (RFC 3581 §4).
 */
export function stampVia(request: Request, host: string, port: number): Request {
  const { via } = request;
  if (!via.asksPort && via.received === null && unbracket(via.host) === host) return request;
  const topmost = via.stamped(host, port) ?? writeStamped(via, host, port);
  const field = request.get('Via')!;
  const stamp = field.includes(',') ? [topmost, ...splitList(field).slice(1)].join(', ') : topmost;
  const located = LocatedVia.locate(topmost, bytesOf(topmost), 0, topmost.length)!;
  return new Request(request.method, request.uri, { ...request.parts, via: located, stamp });
}

/** What the peer itself wrote of `received` does not count: only the receiver can know it. */
function writeStamped(via: LocatedVia, host: string, port: number): string {
  const params = new Map(via.params);
  params.delete('received');
  if (via.asksPort) params.set('rport', String(port));
  params.set('received', host);
  return writeVia({ transport: via.transport, host: via.host, port: via.port, params });
}
