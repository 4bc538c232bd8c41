// A scripted SIP peer. It writes its messages from plain templates and reads ours with its own few lines (text.ts), so
// it can say what our stack never would, and no mistake of ours cancels out. It answers nothing by itself.
import assert from 'node:assert/strict';
import type { Target, TransportName } from '../../src/sip/transport/transport.ts';
import { check, type Expectations } from './expect.ts';
import type { FakeClock } from './fake-system.ts';
import { branchOf, type DialogView, inspect } from './inspect.ts';
import { allow, apply, type Overrides, offer, readOwn, reasons, withContact } from './template.ts';
import { all, brief, cseqOf, type Heard, one, readText, split, tagOf, uriOf, writeText } from './text.ts';
import type { Packet, Wire, WireTransport } from './wire.ts';

export interface PhoneOptions {
  readonly name: string;
  readonly clock: FakeClock;
  readonly wire: Wire;
  readonly transport: TransportName;
  readonly user: string;
  readonly domain: string;
  readonly host: string;
  readonly port: number;
  /** Where the server listens. */
  readonly us: { readonly host: string; readonly port: number };
  /** Who is called. */
  readonly callee: string;
}

interface Arrival {
  readonly heard: Heard;
  readonly from: Target;
  /** Came byte for byte before. */
  readonly again: boolean;
  readonly faults: readonly string[];
}

interface Got {
  readonly heard: Heard;
  readonly from: Target;
  answered: boolean;
}

export class Phone {
  readonly name: string;
  readonly address: string;
  readonly #options: PhoneOptions;
  /** It can be reached over both, and calls over the one it was told. */
  readonly #transports: Readonly<Partial<Record<TransportName, WireTransport>>>;
  readonly #inbox: Arrival[] = [];
  readonly #texts = new Set<string>();
  readonly #transmitted = new Map<string | number, { readonly text: string; readonly target: Target }>();
  readonly #branches = new Set<string>();
  readonly #sent: Heard[] = [];
  readonly #got: Got[] = [];
  /** The CSeq numbers of INVITEs that were refused. */
  readonly #refused = new Set<number>();
  readonly #localTag: string;
  #losing: number | string | null = null;
  #sendsInVain = false;
  #callId: string;
  #localUri: string;
  #remoteUri: string;
  #remoteTag: string | null = null;
  #contact: string;
  #remoteTarget: string;
  /** Routes of our own requests, and those that requests to us must carry. */
  #routes: readonly string[] = [];
  #routesBack: readonly string[] = [];
  #localCseq = 0;
  #remoteCseq = 0;
  #branchCount = 0;
  #invited: Heard | null = null;
  #inviteFinal: Heard | null = null;
  #reliable: Heard | null = null;

  constructor(options: PhoneOptions) {
    const { name, wire, transport, user, domain, host, port, us, callee } = options;
    this.#options = options;
    this.name = name;
    this.address = `${host}:${port}`;
    this.#transports = Object.fromEntries(
      [...new Set(['udp', 'tcp', transport] as const)].map((each) => [each, wire.transport(each, host, port)]),
    );
    this.#callId = `${user}-1@${domain}`;
    this.#localTag = `${user}-tag`;
    this.#localUri = `"${user[0]?.toUpperCase()}${user.slice(1)}" <sip:${user}@${domain}>`;
    this.#remoteUri = `<sip:${callee}@${us.host}>`;
    this.#remoteTarget = `sip:${callee}@${us.host}:${us.port}`;
    this.#contact = `sip:${user}@${host}:${port}${transport === 'udp' ? '' : `;transport=${transport}`}`;
  }

  async listen(): Promise<void> {
    for (const transport of Object.values(this.#transports)) {
      await transport.listen((bytes, from) => this.#receive(bytes.toString('latin1'), from));
    }
  }

  async close(): Promise<void> {
    for (const transport of Object.values(this.#transports)) await transport.close();
  }

  /** Takes no more connections and closes those it has. */
  vanishes(): void {
    this.#transports.tcp?.cut();
  }

  /** Closes its connections; what it sends next opens a new one. */
  disconnects(): void {
    for (const transport of Object.values(this.#transports)) {
      for (const flow of transport.flows) transport.closeFlow(flow);
    }
  }

  /** The next message of this kind is lost on its way to the peer. */
  misses(what: string | number): void {
    this.#losing = what;
  }

  /** Whether the wire should lose this packet, which comes from here or is about to arrive here. */
  loses({ from, to, text }: Packet): boolean {
    if (from === this.address) return this.#sendsInVain;
    if (to !== this.address || this.#losing === null) return false;
    const start = typeof this.#losing === 'number' ? `SIP/2.0 ${this.#losing} ` : `${this.#losing} `;
    if (!text.startsWith(start)) return false;
    this.#losing = null;
    return true;
  }

  sends(what: string | number, overrides: Overrides = {}): void {
    if (overrides.again) this.#repeat(what, overrides);
    else if (typeof what === 'number') this.#respond(what, overrides);
    else this.#request(what, overrides);
  }

  async gets(what: string | number, expectations: Expectations = {}): Promise<void> {
    const { within = 0, again = false } = expectations;
    const arrival = await this.#next(again ? what : null, within);
    assert.ok(arrival, `${this.name} expected ${what}, but nothing came`);
    const { heard, faults } = arrival;
    assert.equal(kindOf(heard), what, `${this.name} expected ${what}, but got ${brief(heard)}:\n${heard.text}`);
    assert.deepEqual(faults, [], `${this.name} got a bad ${brief(heard)}:\n${heard.text}`);
    check(heard, expectations);
  }

  /** Fails if anything but retransmissions has come that no step has taken. */
  getsNothing(): void {
    const unexpected = this.#inbox.filter(({ again }) => !again).map(({ heard }) => brief(heard));
    assert.deepEqual(unexpected, [], `${this.name} got what it should not have`);
    this.#inbox.length = 0;
  }

  /** Passes over retransmissions, but for one of `again`. */
  async #next(again: string | number | null, within: number): Promise<Arrival | null> {
    const { clock } = this.#options;
    for (let left = within; ; ) {
      while (this.#inbox[0]?.again && kindOf(this.#inbox[0].heard) !== again) this.#inbox.shift();
      const arrival = this.#inbox.shift();
      const step = clock.nextInMs;
      if (arrival || step === null || step > left) return arrival ?? null;
      await clock.advance(step);
      left -= step;
    }
  }

  #receive(text: string, from: Target): void {
    const heard = readText(text);
    const again = this.#texts.has(text);
    const answered = heard.status === null ? null : this.#askedBy(heard);
    const faults = again
      ? []
      : inspect(heard, {
          transport: from.transport,
          us: `${this.#options.us.host}:${this.#options.us.port}`,
          dialog: this.#isOutside(heard) ? null : this.#dialog(),
          answered,
          branches: this.#branches,
        });
    this.#texts.add(text);
    this.#inbox.push({ heard, from, again, faults });
    if (again) return;
    if (heard.method === null) this.#learnFromResponse(heard);
    else this.#learnFromRequest(heard, from);
  }

  /** An INVITE that begins a call, its CANCEL, and the ACK of its refusal are in no dialog. */
  #isOutside(heard: Heard): boolean {
    if (heard.method === null) return false;
    return tagOf(one(heard, 'To')) === null || (heard.method === 'ACK' && this.#refused.has(cseqOf(heard).number));
  }

  #dialog(): DialogView | null {
    if (this.#invited === null && this.#remoteTag === null) return null;
    return {
      callId: this.#callId,
      localTag: this.#localTag,
      remoteTag: this.#remoteTag,
      remoteCseq: this.#remoteCseq,
      contact: this.#contact,
      routes: this.#routesBack,
    };
  }

  #askedBy(response: Heard): Heard | null {
    const { number, method } = cseqOf(response);
    const asked = (sent: Heard): boolean =>
      sent.method === method && cseqOf(sent).number === number && branchOf(sent) === branchOf(response);
    return this.#sent.findLast(asked) ?? null;
  }

  #learnFromResponse(heard: Heard): void {
    if (cseqOf(heard).method !== 'INVITE' || heard.status === null || heard.status === 100) return;
    if (heard.status >= 200) this.#inviteFinal = heard;
    if (one(heard, 'RSeq') !== null) this.#reliable = heard;
    if (heard.status >= 300) return;
    this.#remoteTag ??= tagOf(one(heard, 'To'));
    this.#remoteTarget = uriOf(one(heard, 'Contact') ?? this.#remoteTarget);
    this.#routes = split(heard, 'Record-Route').reverse();
  }

  #learnFromRequest(heard: Heard, from: Target): void {
    this.#branches.add(branchOf(heard));
    this.#got.push({ heard, from, answered: heard.method === 'ACK' });
    if (heard.method === 'ACK' || heard.method === 'CANCEL') return;
    this.#remoteCseq = Math.max(this.#remoteCseq, cseqOf(heard).number);
    if (heard.method === 'INVITE' && tagOf(one(heard, 'To')) === null) {
      this.#callId = one(heard, 'Call-ID') ?? '';
      this.#refused.clear();
      this.#remoteTag = tagOf(one(heard, 'From'));
      this.#remoteUri = one(heard, 'From')?.replace(/;tag=.*/, '') ?? '';
      this.#localUri = one(heard, 'To') ?? '';
      this.#routes = split(heard, 'Record-Route');
    }
    if (heard.method === 'INVITE' || heard.method === 'UPDATE') {
      this.#remoteTarget = uriOf(one(heard, 'Contact') ?? this.#remoteTarget);
    }
  }

  #repeat(what: string | number, overrides: Overrides): void {
    const last = this.#transmitted.get(what);
    assert.ok(last, `${this.name} has sent no ${what} yet`);
    this.#transmit(what, last.text, last.target, { lost: overrides.lost ?? false });
  }

  #request(method: string, overrides: Overrides): void {
    const { us, transport } = this.#options;
    const heard = readOwn(this.#requestText(method, overrides));
    this.#sent.push(heard);
    if (method === 'INVITE') {
      this.#invited = heard;
      this.#inviteFinal = null;
      if (this.#remoteTag === null) this.#routesBack = split(heard, 'Record-Route');
    }
    if ((method === 'INVITE' || method === 'UPDATE') && one(heard, 'Contact')) {
      this.#contact = uriOf(one(heard, 'Contact') ?? '');
    }
    this.#transmit(method, heard.text, { transport, host: us.host, port: us.port }, overrides);
  }

  #requestText(method: string, overrides: Overrides): string {
    const to = this.#remoteUri + (this.#remoteTag === null ? '' : `;tag=${this.#remoteTag}`);
    if (method === 'CANCEL') return this.#ofInvite(method, this.#remoteUri, overrides);
    if (method === 'ACK' && (this.#inviteFinal?.status ?? 0) >= 300) {
      return this.#ofInvite(method, one(this.#inviteFinal!, 'To') ?? '', overrides);
    }
    const invitesCseq = method === 'ACK' && this.#invited !== null;
    const cseq = overrides.cseq ?? (invitesCseq ? cseqOf(this.#invited!).number : ++this.#localCseq);
    const body = overrides.body ?? (method === 'INVITE' ? offer(this.#options.host) : '');
    const headers: [string, string][] = [
      ['Via', this.#via(overrides.branch ?? this.#newBranch())],
      ...this.#routes.map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', `${this.#localUri};tag=${overrides.fromTag ?? this.#localTag}`],
      ['To', overrides.toTag === undefined ? to : this.#remoteUri + (overrides.toTag ? `;tag=${overrides.toTag}` : '')],
      ['Call-ID', overrides.callId ?? this.#callId],
      ['CSeq', `${cseq} ${method}`],
      ...(withContact.includes(method) ? [['Contact', `<${this.#contact}>`] as [string, string]] : []),
      ...this.#ofMethod(method, body),
    ];
    return writeText(`${method} ${overrides.uri ?? this.#remoteTarget} SIP/2.0`, apply(headers, overrides), body);
  }

  /** CANCEL, and the ACK of a refusal: the INVITE's own Via, Request-URI and CSeq number (§9.1, §17.1.1.3). */
  #ofInvite(method: string, to: string, overrides: Overrides): string {
    const invite = this.#invited;
    assert.ok(invite, `${this.name} has sent no INVITE`);
    const headers: [string, string][] = [
      ['Via', split(invite, 'Via')[0] ?? ''],
      ...all(invite, 'Route').map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', one(invite, 'From') ?? ''],
      ['To', to],
      ['Call-ID', one(invite, 'Call-ID') ?? ''],
      ['CSeq', `${overrides.cseq ?? cseqOf(invite).number} ${method}`],
    ];
    return writeText(
      `${method} ${overrides.uri ?? invite.uri} SIP/2.0`,
      apply(headers, overrides),
      overrides.body ?? '',
    );
  }

  #ofMethod(method: string, body: string): [string, string][] {
    const type: [string, string][] =
      body === '' ? [] : [['Content-Type', method === 'NOTIFY' ? 'message/sipfrag;version=2.0' : 'application/sdp']];
    if (method === 'INVITE') return [['Allow', allow], ...type];
    if (method === 'PRACK') return [['RAck', this.#rack()], ...type];
    if (method !== 'NOTIFY') return type;
    const progress = /^SIP\/2\.0 1/.test(body);
    return [
      ['Event', 'refer'],
      ['Subscription-State', progress ? 'active;expires=60' : 'terminated;reason=noresource'],
      ...type,
    ];
  }

  /** RFC 3262 §7.2, of the last reliable provisional response. */
  #rack(): string {
    assert.ok(this.#reliable, `${this.name} got no reliable provisional response`);
    return `${one(this.#reliable, 'RSeq')} ${one(this.#reliable, 'CSeq')}`;
  }

  #respond(status: number, overrides: Overrides): void {
    const { answers } = overrides;
    const asked = this.#got.findLast(({ heard, answered }) => (answers ? heard.method === answers : !answered));
    assert.ok(asked, `${this.name} got no ${answers ?? 'request'} that it could answer with ${status}`);
    if (status >= 200) asked.answered = true;
    const { heard, from } = asked;
    if (heard.method === 'INVITE' && status >= 300) this.#refused.add(cseqOf(heard).number);
    const to = one(heard, 'To') ?? '';
    const dialogMade = heard.method === 'INVITE' && status > 100 && status < 300;
    const body =
      overrides.body ?? (heard.method === 'INVITE' && status >= 200 && status < 300 ? offer(this.#options.host) : '');
    const headers: [string, string][] = [
      ...all(heard, 'Via').map((via): [string, string] => ['Via', via]),
      ...(dialogMade ? all(heard, 'Record-Route').map((route): [string, string] => ['Record-Route', route]) : []),
      ['From', one(heard, 'From') ?? ''],
      ['To', tagOf(to) || status === 100 ? to : `${to};tag=${this.#localTag}`],
      ['Call-ID', one(heard, 'Call-ID') ?? ''],
      ['CSeq', one(heard, 'CSeq') ?? ''],
      ...(dialogMade || (heard.method === 'REFER' && status < 300)
        ? [['Contact', `<${this.#contact}>`] as [string, string]]
        : []),
      ...(body === '' ? [] : [['Content-Type', 'application/sdp'] as [string, string]]),
    ];
    const startLine = `SIP/2.0 ${status} ${overrides.reason ?? reasons[status] ?? 'Unnamed'}`;
    this.#transmit(status, writeText(startLine, apply(headers, overrides), body), from, overrides);
  }

  #transmit(what: string | number, text: string, target: Target, { raw, lost }: Overrides): void {
    this.#transmitted.set(what, { text: raw ? raw(text) : text, target });
    this.#sendsInVain = lost ?? false;
    this.#transports[target.transport]!.send(raw ? raw(text) : text, target, (error) =>
      assert.fail(`${this.name} cannot send: ${error.message}`),
    );
    this.#sendsInVain = false;
  }

  #via(branch: string): string {
    const { transport, host, port } = this.#options;
    return `SIP/2.0/${transport.toUpperCase()} ${host}:${port};branch=${branch}${transport === 'udp' ? ';rport' : ''}`;
  }

  #newBranch(): string {
    this.#branchCount += 1;
    return `z9hG4bK-${this.#options.user}-${this.#branchCount}`;
  }
}

function kindOf(heard: Heard): string | number | null {
  return heard.method ?? heard.status;
}
