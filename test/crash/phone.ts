// A phone on a UDP socket that behaves as RFC 3261 has it while the server it talks to dies: it repeats its requests and
// its 2xx until they are answered, answers a repeated request as it did the first time, and acknowledges every copy of a
// 2xx. It has one dialog, and writes and reads SIP with the few lines of test/support/text.ts.

import { randomUUID } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { reasons, sdp } from '../support/template.ts';
import { all, brief, cseqOf, type Heard, one, readText, split, tagOf, uriOf, writeText } from '../support/text.ts';
import { Waiting } from './waiting.ts';

type Headers = readonly (readonly [name: string, value: string])[];

/** What it says to a REFER, and does once it has said it. */
export interface Answer {
  readonly status: number;
  readonly headers?: Headers;
  readonly next?: (phone: Phone) => void;
}

export interface PhoneOptions {
  readonly user: string;
  /** Where the server is. */
  readonly port: number;
  /** To each REFER in turn. */
  readonly refers?: readonly Answer[];
}

/** T1 and T2, for a network as near as this one. */
const firstMs = 100;
const longestMs = 800;
/** How long a caller who was told to wait, and then no more, does so: RFC 3261 leaves that to him. */
const patientForMs = 1_000;

export class Phone {
  readonly user: string;
  readonly waiting: Waiting;
  /** What must never happen, and has. */
  readonly faults: string[] = [];
  /** The methods of the requests that came, each once. */
  readonly asked: string[] = [];
  /** Why there was no call, or is none any more: `refused`, `lost`, `BYE said`, `BYE heard`. */
  end: string | null = null;
  isUp = false;
  /** The final status of its INVITE. */
  outcome: number | null = null;
  readonly #socket: Socket;
  readonly #options: PhoneOptions;
  readonly #server: number;
  readonly #tag = randomUUID().slice(0, 8);
  /** What was answered to a text, the empty text if nothing yet. */
  readonly #answers = new Map<string, string>();
  /** The text of each request that came, by CSeq. */
  readonly #requests = new Map<string, string>();
  readonly #repeats = new Map<string, NodeJS.Timeout>();
  readonly #awaited = new Map<string, (response: Heard) => void>();
  #callId = `${randomUUID()}@127.0.0.1`;
  #local: string;
  #remote: string;
  #target: string;
  #cseq = 0;
  #inviteCseq = 0;
  #invite = '';
  #invited: Heard | null = null;
  #ack = '';
  #referred = 0;
  #isTrying = false;
  #giveUp: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, options: PhoneOptions) {
    this.#socket = socket;
    this.#options = options;
    this.user = options.user;
    this.waiting = new Waiting(options.user);
    this.#server = options.port;
    this.#target = '';
    this.#remote = '';
    this.#local = `<sip:${options.user}@127.0.0.1:${this.port}>;tag=${this.#tag}`;
    socket.on('message', (bytes) => this.#hear(bytes.toString('latin1')));
  }

  static async open(options: PhoneOptions): Promise<Phone> {
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
    return new Phone(socket, options);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get uri(): string {
    return `sip:${this.user}@127.0.0.1:${this.port}`;
  }

  /** How many different requests of this method came. */
  count(method: string): number {
    return this.asked.filter((each) => each === method).length;
  }

  close(): void {
    for (const timer of this.#repeats.values()) clearTimeout(timer);
    clearTimeout(this.#giveUp);
    this.#socket.close();
  }

  // What it does by itself.

  calls(user: string): void {
    this.#remote = `<sip:${user}@127.0.0.1:${this.#server}>`;
    this.#target = `sip:${user}@127.0.0.1:${this.#server}`;
    this.#inviteCseq = 1;
    this.#cseq = 1;
    this.#invite = this.#request('INVITE', 1, [], sdp('127.0.0.1', 40_000, 'sendrecv'));
    this.#repeat('INVITE', this.#invite);
  }

  /** The server was killed, and serves again: a caller who has heard nothing but its 100 waits a little longer. */
  losesPatience(): void {
    if (this.#isTrying) this.#giveUp = setTimeout(() => this.#cancels(), patientForMs);
  }

  /** Nothing followed its 100. What the server does not know of any more was lost with it. */
  #cancels(): void {
    const cancel = this.#invite
      .replaceAll('INVITE', 'CANCEL')
      .replace(/\r\nContent-Type:.*$/m, '')
      .replace(/\r\nContact:.*$/m, '')
      .replace(/Content-Length: \d+\r\n\r\n[\s\S]*/, 'Content-Length: 0\r\n\r\n');
    this.#awaited.set(`${this.#inviteCseq} CANCEL`, ({ status }) => {
      if (status === 481) this.#ends('lost');
    });
    this.#repeat(`${this.#inviteCseq} CANCEL`, cancel);
  }

  says(method: string, headers: Headers = [], body = ''): Promise<Heard> {
    this.#cseq += 1;
    const key = `${this.#cseq} ${method}`;
    const { promise, resolve } = Promise.withResolvers<Heard>();
    this.#awaited.set(key, resolve);
    this.#repeat(key, this.#request(method, this.#cseq, headers, body));
    return promise;
  }

  async hangsUp(): Promise<void> {
    if (this.end !== null) return;
    this.end = 'BYE said';
    const { status } = await this.says('BYE');
    // Where the BYEs of both have crossed, there may be nothing left to end.
    const hasCrossed = status === 481 && this.count('BYE') > 0;
    if (status !== 200 && !hasCrossed) this.faults.push(`BYE was answered ${status}`);
    this.waiting.wake();
  }

  /** Each NOTIFY of its refer once the one before is answered: a status line each. */
  async notifies(...lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const state = line.startsWith('1') ? 'active;expires=60' : 'terminated;reason=noresource';
      const headers = [
        ['Event', 'refer'],
        ['Subscription-State', state],
        ['Content-Type', 'message/sipfrag;version=2.0'],
      ] as const;
      const { status } = await this.says('NOTIFY', headers, `SIP/2.0 ${line}\r\n`);
      if (status !== 200) this.faults.push(`NOTIFY ${line} was answered ${status}`);
    }
  }

  // What it hears.

  #hear(text: string): void {
    const heard = readText(text);
    if (heard.method === null) this.#takeResponse(heard);
    else this.#takeRequest(heard);
    this.waiting.wake();
  }

  #takeRequest(heard: Heard): void {
    const { number, method } = cseqOf(heard);
    const known = this.#answers.get(heard.text);
    if (known !== undefined) return this.#transmit(known);
    const key = `${one(heard, 'Call-ID')} ${number} ${method}`;
    if (this.#requests.has(key)) {
      this.faults.push(`a second ${method} of CSeq ${number} differs:\n${this.#requests.get(key)}\n${heard.text}`);
    }
    this.#requests.set(key, heard.text);
    this.#answers.set(heard.text, '');
    this.asked.push(method);
    this.#act(heard, method);
  }

  #act(heard: Heard, method: string): void {
    if (method === 'ACK') return this.#acknowledged(heard);
    if (method === 'INVITE') return tagOf(one(heard, 'To')) === null ? this.#rings(heard) : this.#agrees(heard);
    if (this.end !== null && method !== 'CANCEL' && method !== 'BYE') return this.#answer(heard, 481);
    if (method === 'REFER') return this.#refer(heard);
    this.#answer(heard, 200);
    if (method === 'BYE') this.#ends('BYE heard');
    if (method === 'CANCEL' && this.#invited && !this.isUp) {
      this.#answer(this.#invited, 487);
      this.#ends('cancelled');
    }
  }

  #rings(invite: Heard): void {
    this.#callId = one(invite, 'Call-ID') ?? '';
    this.#remote = one(invite, 'From') ?? '';
    this.#local = `${one(invite, 'To')};tag=${this.#tag}`;
    this.#target = uriOf(one(invite, 'Contact') ?? '');
    this.#invited = invite;
    this.#transmit(this.#response(invite, 180));
    this.#agrees(invite);
    this.isUp = true;
  }

  /** Its 2xx is repeated until the ACK (RFC 3261 §13.3.1.4). */
  #agrees(invite: Heard): void {
    if (this.end !== null) return this.#answer(invite, 481);
    this.#target = uriOf(one(invite, 'Contact') ?? this.#target);
    this.#answer(invite, 200, [['Content-Type', 'application/sdp']], sdp('127.0.0.1', 40_002, 'sendrecv'));
    this.#repeat(`2xx ${cseqOf(invite).number}`, this.#answers.get(invite.text) ?? '');
  }

  #acknowledged(ack: Heard): void {
    this.#stop(`2xx ${cseqOf(ack).number}`);
  }

  #refer(heard: Heard): void {
    const answer = this.#options.refers?.[this.#referred];
    this.#referred += 1;
    if (!answer) return void this.faults.push('a REFER too many');
    this.#answer(heard, answer.status, answer.headers);
    answer.next?.(this);
  }

  #takeResponse(heard: Heard): void {
    const { number, method } = cseqOf(heard);
    if (method === 'INVITE' && number === this.#inviteCseq) return this.#takeInviteResponse(heard);
    if (heard.status! < 200) return;
    const key = `${number} ${method}`;
    this.#stop(key);
    const awaited = this.#awaited.get(key);
    this.#awaited.delete(key);
    awaited?.(heard);
  }

  #takeInviteResponse(heard: Heard): void {
    this.#stop('INVITE');
    const status = heard.status!;
    clearTimeout(this.#giveUp);
    this.#isTrying = status === 100;
    if (status === 100) return;
    this.#remote = one(heard, 'To') ?? this.#remote;
    this.#target = uriOf(one(heard, 'Contact') ?? this.#target);
    if (status < 200) return;
    if (this.outcome !== null && this.outcome !== status)
      this.faults.push(`after ${this.outcome} came ${brief(heard)}`);
    this.outcome = status;
    if (status < 300) this.#ack ||= this.#request('ACK', this.#inviteCseq, [], '');
    else this.#ack ||= this.#ackOfRefusal(heard);
    this.#transmit(this.#ack);
    if (status < 300) this.isUp = true;
    else this.#ends('refused');
  }

  /** RFC 3261 §17.1.1.3. */
  #ackOfRefusal(heard: Heard): string {
    const via = split(readText(this.#invite), 'Via')[0] ?? '';
    return this.#request('ACK', this.#inviteCseq, [], '')
      .replace(/^Via: .*$/m, `Via: ${via}`)
      .replace(/^ACK \S+/, `ACK ${readText(this.#invite).uri}`)
      .replace(/^To: .*$/m, `To: ${one(heard, 'To')}`);
  }

  #ends(how: string): void {
    this.end ??= how;
    clearTimeout(this.#giveUp);
    for (const key of [...this.#repeats.keys()]) if (key.startsWith('2xx')) this.#stop(key);
    this.waiting.wake();
  }

  // What it writes.

  #request(method: string, cseq: number, headers: Headers, body: string): string {
    const branch = `z9hG4bK${randomUUID().slice(0, 13)}`;
    const typed = body === '' || headers.some(([name]) => name === 'Content-Type');
    return writeText(
      `${method} ${this.#target} SIP/2.0`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport`],
        ['Max-Forwards', '70'],
        ['From', this.#local],
        ['To', this.#remote],
        ['Call-ID', this.#callId],
        ['CSeq', `${cseq} ${method}`],
        ['Contact', `<${this.uri}>`],
        ...headers,
        ...(typed ? [] : [['Content-Type', 'application/sdp'] as const]),
      ],
      body,
    );
  }

  #response(to: Heard, status: number, headers: Headers = [], body = ''): string {
    const tagged = tagOf(one(to, 'To')) === null ? `${one(to, 'To')};tag=${this.#tag}` : (one(to, 'To') ?? '');
    return writeText(
      `SIP/2.0 ${status} ${reasons[status] ?? 'Other'}`,
      [
        ...all(to, 'Via').map((via) => ['Via', via] as const),
        ['From', one(to, 'From') ?? ''],
        ['To', tagged],
        ['Call-ID', one(to, 'Call-ID') ?? ''],
        ['CSeq', one(to, 'CSeq') ?? ''],
        ['Contact', `<${this.uri}>`],
        ...headers,
      ],
      body,
    );
  }

  #answer(to: Heard, status: number, headers: Headers = [], body = ''): void {
    const text = this.#response(to, status, headers, body);
    this.#answers.set(to.text, text);
    this.#transmit(text);
  }

  #repeat(key: string, text: string, afterMs = firstMs): void {
    this.#transmit(text);
    this.#repeats.set(
      key,
      setTimeout(() => this.#repeat(key, text, Math.min(afterMs * 2, longestMs)), afterMs),
    );
  }

  #stop(key: string): void {
    clearTimeout(this.#repeats.get(key));
    this.#repeats.delete(key);
  }

  /** What cannot be sent is lost, as on any network. */
  #transmit(text: string): void {
    if (text !== '') this.#socket.send(Buffer.from(text, 'latin1'), this.#server, '127.0.0.1', () => {});
  }
}
