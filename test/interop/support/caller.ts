// A caller of ours on a real socket, for what SIPp cannot do: say nothing until told, and outlive a server that is
// killed. Like a real one it repeats a request until it is answered, and its answer when the request is repeated.
// It writes and reads SIP with the few lines of test/support/text.ts, not with the code under test.
import assert from 'node:assert/strict';
import { realLog } from '../../../src/log.ts';
import { TcpTransport } from '../../../src/sip/transport/tcp.ts';
import type { Target, Transport, TransportName } from '../../../src/sip/transport/transport.ts';
import { UdpTransport } from '../../../src/sip/transport/udp.ts';
import { openSystem } from '../../../src/system.ts';
import { sdp } from '../../support/template.ts';
import { all, brief, cseqOf, type Heard, one, readText, tagOf, uriOf, writeText } from '../../support/text.ts';
import { freePort } from './ports.ts';
import { patienceMs } from './program.ts';
import type { Scope } from './scope.ts';

export interface CallerOptions {
  readonly transport?: TransportName;
  readonly calls: string;
  readonly at: number;
}

interface Said {
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
}

interface Got {
  readonly heard: Heard;
  readonly from: Target;
}

/** T1, for a network as near as this one. */
const repeatMs = 100;
const system = openSystem(realLog('silent'));
const reasons: Readonly<Record<number, string>> = { 200: 'OK', 202: 'Accepted', 486: 'Busy Here' };

export class Caller {
  readonly #transport: Transport;
  readonly #server: Target;
  readonly #callId: string;
  readonly #tag: string;
  readonly #toUri: string;
  readonly #inbox: Got[] = [];
  /** How often each text has come. */
  readonly #copies = new Map<string, number>();
  /** What was answered to a request, by its text. */
  readonly #answers = new Map<string, string>();
  readonly #awaited = new Map<string, (response: Heard) => void>();
  readonly #waiting = new Set<() => void>();
  #toTag: string | null = null;
  #remoteTarget: string;
  #cseq = 0;
  #invite = '';
  #ack = '';
  #last: Got | null = null;

  private constructor(transport: Transport, { calls, at }: CallerOptions) {
    this.#transport = transport;
    this.#server = { transport: transport.name, host: '127.0.0.1', port: at };
    this.#callId = `${system.ids.uuid()}@127.0.0.1`;
    this.#tag = system.ids.seed();
    this.#toUri = `sip:${calls}@127.0.0.1:${at}`;
    this.#remoteTarget = this.#toUri;
  }

  static async open(scope: Scope, options: CallerOptions): Promise<Caller> {
    const port = await freePort();
    const at = { host: '127.0.0.1', port };
    const isTcp = options.transport === 'tcp';
    const transport = isTcp ? new TcpTransport({ system, ...at }) : new UdpTransport({ system, ...at });
    const caller = new Caller(transport, options);
    await transport.listen((bytes, from) => caller.#receive(bytes.toString('latin1'), from));
    scope.after(() => transport.close());
    return caller;
  }

  /** Sends the first INVITE, once. */
  invites({ headers = [], body = sdp('127.0.0.1', 40_000, 'sendrecv') }: Said = {}): void {
    this.#cseq = 1;
    this.#invite = this.#request('INVITE', 1, { headers, body });
    this.invitesAgain();
  }

  /** As a copy that a proxy on the way still had, or because a 100 was lost. */
  invitesAgain(): void {
    this.#transmit(this.#invite, this.#server);
  }

  acks(): void {
    this.#ack = this.#request('ACK', 1, {});
    this.#transmit(this.#ack, this.#server);
  }

  /** Sends a request in the dialog until it is answered; resolves with the final response. */
  async sends(method: string, said: Said = {}): Promise<Heard> {
    this.#cseq += 1;
    const cseq = this.#cseq;
    const text = this.#request(method, cseq, said);
    const { promise, resolve } = Promise.withResolvers<Heard>();
    this.#awaited.set(`${cseq} ${method}`, resolve);
    const repeat = setInterval(() => this.#transmit(text, this.#server), repeatMs);
    if (this.#transport.name === 'tcp') clearInterval(repeat);
    this.#transmit(text, this.#server);
    try {
      return await this.#within(promise, `a response to ${method}`);
    } finally {
      clearInterval(repeat);
    }
  }

  notifies(sipfrag: string, state: string): Promise<Heard> {
    const headers = [
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ] as const;
    return this.sends('NOTIFY', { headers, body: `${sipfrag}\r\n` });
  }

  /** The next message that is no copy of one before: it must be this request, or a response to the INVITE. */
  async gets(what: string | number): Promise<Heard> {
    const got = await this.#until(`${what}`, () => this.#inbox.shift());
    assert.equal(got.heard.method ?? got.heard.status, what, `got ${brief(got.heard)}:\n${got.heard.text}`);
    this.#last = got;
    return got.heard;
  }

  /** Answers the request that it got last. */
  answers(status: number, { headers = [] }: Said = {}): void {
    assert.ok(this.#last, 'nothing came that could be answered');
    const { heard, from } = this.#last;
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
      all(heard, name).map((value) => [name, value] as const),
    );
    const own = [...copied, ['Contact', this.#contact] as const, ...headers];
    const text = writeText(`SIP/2.0 ${status} ${reasons[status] ?? 'Other'}`, own, '');
    this.#answers.set(heard.text, text);
    this.#transmit(text, from);
  }

  /** How often this very text has come so far. */
  copiesOf({ text }: Heard): number {
    return this.#copies.get(text) ?? 0;
  }

  /** Resolves when this very text has come once more. */
  async getsAgain(heard: Heard): Promise<void> {
    const before = this.copiesOf(heard);
    await this.#until(`${brief(heard)} again`, () => this.copiesOf(heard) > before || undefined);
  }

  /** What came that nobody has taken. */
  get untaken(): readonly string[] {
    return this.#inbox.map(({ heard }) => brief(heard));
  }

  get #contact(): string {
    const { name, local } = this.#transport;
    return `<sip:caller@127.0.0.1:${local.port};transport=${name}>`;
  }

  #request(method: string, cseq: number, { headers = [], body = '' }: Said): string {
    const { name, local } = this.#transport;
    const via = `SIP/2.0/${name.toUpperCase()} 127.0.0.1:${local.port};branch=z9hG4bK${system.ids.seed()};rport`;
    const typed = headers.some(([header]) => header === 'Content-Type') || body === '';
    const all = [
      ['Via', via],
      ['Max-Forwards', '70'],
      ['From', `"Caller" <sip:+15551@127.0.0.1:${local.port}>;tag=${this.#tag}`],
      ['To', `<${this.#toUri}>${this.#toTag === null ? '' : `;tag=${this.#toTag}`}`],
      ['Call-ID', this.#callId],
      ['CSeq', `${cseq} ${method}`],
      ['Contact', this.#contact],
      ...headers,
      ...(typed ? [] : [['Content-Type', 'application/sdp'] as const]),
    ] as const;
    return writeText(`${method} ${this.#remoteTarget} SIP/2.0`, all, body);
  }

  /** What cannot be sent while the server is down is lost, as on any network. */
  #transmit(text: string, to: Target): void {
    this.#transport.send(text, to, () => {});
  }

  #receive(text: string, from: Target): void {
    const copies = (this.#copies.get(text) ?? 0) + 1;
    this.#copies.set(text, copies);
    const heard = readText(text);
    if (copies > 1) this.#repeat(heard, from);
    else this.#take({ heard, from });
    for (const look of [...this.#waiting]) look();
  }

  #repeat(heard: Heard, from: Target): void {
    const answer = heard.method === null ? '' : this.#answers.get(heard.text);
    if (answer) this.#transmit(answer, from);
    if (heard.status === 200 && cseqOf(heard).method === 'INVITE' && this.#ack) this.#transmit(this.#ack, this.#server);
  }

  #take(got: Got): void {
    const { heard } = got;
    if (heard.status === 100) return;
    const { number, method } = cseqOf(heard);
    if (heard.status !== null && method === 'INVITE') {
      this.#toTag ??= tagOf(one(heard, 'To'));
      this.#remoteTarget = uriOf(one(heard, 'Contact') ?? this.#remoteTarget);
    }
    const awaited = heard.status === null ? undefined : this.#awaited.get(`${number} ${method}`);
    if (awaited) awaited(heard);
    else this.#inbox.push(got);
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const check = (): void => {
      const found = look();
      if (found === undefined) return;
      this.#waiting.delete(check);
      resolve(found);
    };
    this.#waiting.add(check);
    check();
    return this.#within(promise, what);
  }

  #within<T>(promise: Promise<T>, what: string): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const error = new Error(`The caller waited ${patienceMs} ms for ${what}; untaken: ${this.untaken.join(', ')}`);
    const timeout = setTimeout(() => reject(error), patienceMs);
    return Promise.race([promise, late]).finally(() => clearTimeout(timeout));
  }
}
