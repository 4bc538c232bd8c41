// Requests and responses: the text as received and where its header fields stand in it, cut out on demand; and what is
// copied from a request: its reply (RFC 3261 §8.2.6), its ACK (§17.1.1.3), its CANCEL (§9.1), its Via stamped (§18.2.1).
import type { Address } from './address.ts';
import { endOfToken, splitList, unbracket, unfold } from './grammar.ts';
import { type CSeq, ids, nameId, type Via, writeVia } from './headers.ts';
import { writeRequest, writeResponse } from './write.ts';

export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * The header fields of a message, four numbers each: the name's id (headers.ts), with FOLDED if the value spans lines;
 * where the name begins; where the value begins and where it ends.
 */
export type Fields = readonly number[];
export const FOLDED = 256;

/** What the parser has found in a message, and read of it. */
export interface Parts {
  readonly text: string;
  readonly fields: Fields;
  readonly bodyAt: number;
  readonly bodyEnd: number;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly from: Address;
  readonly to: Address;
  readonly via: Via;
}

export abstract class Message {
  /** The whole message as received or written; latin1, like all that is cut from it. */
  readonly text: string;
  readonly callId: string;
  readonly cseq: CSeq;
  readonly from: Address;
  readonly to: Address;
  /** The topmost one. */
  readonly via: Via;
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.text = parts.text;
    this.callId = parts.callId;
    this.cseq = parts.cseq;
    this.from = parts.from;
    this.to = parts.to;
    this.via = parts.via;
    this.parts = parts;
  }

  get body(): string {
    return this.text.slice(this.parts.bodyAt, this.parts.bodyEnd);
  }

  /** The value of the first header field of that name, compact forms included, unfolded and trimmed. */
  get(name: string): string | undefined {
    const at = this.#find(name, 0);
    return at < 0 ? undefined : this.#value(at);
  }

  /** The value of every header field of that name, in order, not split. */
  all(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 4)) values.push(this.#value(at));
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
    const { fields } = this.parts;
    const entries: [string, string][] = [];
    for (let at = 0; at < fields.length; at += 4) {
      const nameAt = fields[at + 1]!;
      entries.push([this.text.slice(nameAt, endOfToken(this.text, nameAt)), this.#value(at)]);
    }
    return entries;
  }

  #find(name: string, from: number): number {
    const { fields } = this.parts;
    const id = nameId(name);
    for (let at = from; at < fields.length; at += 4) {
      if ((fields[at]! & 0xff) === id && (id !== 0 || this.#isNamed(at, name))) return at;
    }
    return -1;
  }

  #isNamed(at: number, name: string): boolean {
    const nameAt = this.parts.fields[at + 1]!;
    const end = nameAt + name.length;
    return endOfToken(this.text, nameAt) === end && this.text.slice(nameAt, end).toLowerCase() === name.toLowerCase();
  }

  #value(at: number): string {
    const { fields } = this.parts;
    const value = this.text.slice(fields[at + 2], fields[at + 3]);
    return fields[at]! & FOLDED ? unfold(value) : value;
  }
}

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

export class Response extends Message {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, parts: Parts) {
    super(parts);
    this.status = status;
    this.reason = reason;
  }
}

export function isRequest(message: Message): message is Request {
  return message instanceof Request;
}

export interface ReplyOptions {
  readonly reason?: string;
  /** Put on To where the request has none (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  readonly headers?: HeaderList;
  readonly body?: string;
}

/** A reply copied from a request (RFC 3261 §8.2.6.2), ready to send. A 100 copies Timestamp as well (§8.2.6.1). */
export function reply(request: Request, status: number, options: ReplyOptions = {}): string {
  const headers: (readonly [string, string])[] = request.all('Via').map((via) => ['Via', via] as const);
  const to = request.get('To')!;
  headers.push(['From', request.get('From')!]);
  headers.push(['To', options.toTag && !request.to.params.has('tag') ? `${to};tag=${options.toTag}` : to]);
  headers.push(['Call-ID', request.callId], ['CSeq', request.get('CSeq')!]);
  const timestamp = status === 100 ? request.get('Timestamp') : undefined;
  if (timestamp !== undefined) headers.push(['Timestamp', timestamp]);
  if (options.headers) headers.push(...options.headers);
  return writeResponse({ status, reason: options.reason }, headers, options.body);
}

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
  const via = stamped(request.via, host, port);
  if (via === request.via) return request;
  const { parts } = request;
  const at = parts.fields.findIndex((id, index) => index % 4 === 0 && (id & 0xff) === ids.via);
  const [begin, end] = [parts.fields[at + 2]!, parts.fields[at + 3]!];
  const value = [writeVia(via), ...splitList(unfold(parts.text.slice(begin, end))).slice(1)].join(', ');
  const grown = value.length - (end - begin);
  const moved = (offset: number): number => (offset > begin ? offset + grown : offset);
  const fields = parts.fields.map((number, index) => (index % 4 === 0 ? number : moved(number)));
  fields[at] = ids.via;
  return new Request(request.method, request.uri, {
    ...parts,
    text: parts.text.slice(0, begin) + value + parts.text.slice(end),
    fields,
    bodyAt: moved(parts.bodyAt),
    bodyEnd: moved(parts.bodyEnd),
    via,
  });
}

/** What the peer itself wrote of `received` does not count: only the receiver can know it. */
function stamped(via: Via, host: string, port: number): Via {
  const asksPort = via.params.has('rport');
  if (!asksPort && via.received === null && unbracket(via.host) === host) return via;
  const params = new Map(via.params);
  params.delete('received');
  if (asksPort) params.set('rport', String(port));
  params.set('received', host);
  return { ...via, params, received: host, rport: asksPort ? port : null };
}
