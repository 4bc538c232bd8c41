// A SIP phone without sound, made of Switchhook's own stack: it calls, it is called, and it does what a REFER asks, as the
// transferee of RFC 5589 §6.1: it calls the target, reports by NOTIFY how that goes, and leaves the first call.
import { setTimeout as delay } from 'node:timers/promises';
import { belongsTo, contactFor, type Dialog, requestWithin, uasDialog } from '../../src/sip/dialog/dialog.ts';
import { Endpoint, type EndpointUser, type Origin, type Trace } from '../../src/sip/endpoint.ts';
import { readAddress, tagOf } from '../../src/sip/message/address.ts';
import { type HeaderList, type Request, type Response, reply } from '../../src/sip/message/message.ts';
import { answer, offer } from '../../src/sip/message/sdp.ts';
import { phrase } from '../../src/sip/message/status.ts';
import { readUri, writeUri } from '../../src/sip/message/uri.ts';
import { resolveHost } from '../../src/sip/transport/resolve.ts';
import { UdpTransport } from '../../src/sip/transport/udp.ts';
import type { System } from '../../src/system.ts';

export interface PhoneOptions {
  readonly name: string;
  readonly system: System;
  /** What it answers a call: 200, or a refusal such as 486. */
  readonly answers?: number;
  readonly ringsForMs?: number;
  readonly trace?: Trace;
}

const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' } as const;
const sdpType = ['Content-Type', 'application/sdp'] as const;
const over = 'terminated;reason=noresource';

/** A call that was not answered with 200. */
export class Refused extends Error {
  readonly status: number;

  constructor({ status, reason }: Response) {
    super(`The call was refused with ${status} ${reason}.`);
    this.status = status;
  }
}

export class Phone implements EndpointUser {
  /** The INVITEs that came, in order. */
  readonly invites: Request[] = [];
  readonly #options: PhoneOptions;
  readonly #transport: UdpTransport;
  readonly #endpoint: Endpoint;
  /** The calls it is in, by its own tag. */
  readonly #dialogs = new Map<string, Dialog>();
  /** Who waits for the responses to a request, by its branch. */
  readonly #waiting = new Map<string, (response: Response | Error) => void>();

  constructor(options: PhoneOptions) {
    const { system, trace } = options;
    this.#options = options;
    this.#transport = new UdpTransport({ clock: system.clock, log: system.log, host: '127.0.0.1', port: 0 });
    const abilities = { allow: ['INVITE', 'ACK', 'BYE', 'REFER', 'INFO'], supported: [] };
    const parts = { system, transports: [this.#transport], resolve: resolveHost, user: this, publicHost: null };
    this.#endpoint = new Endpoint({ ...parts, ...abilities, ...(trace && { trace }) });
  }

  listen = (): Promise<void> => this.#endpoint.listen();
  close = (): Promise<void> => this.#endpoint.close();

  get uri(): string {
    return `sip:${this.#options.name}@127.0.0.1:${this.port}`;
  }

  get port(): number {
    return this.#transport.local.port;
  }

  /** How many calls it is in. */
  get calls(): number {
    return this.#dialogs.size;
  }

  /** Calls a URI with an address in it. Resolves once that is answered; rejects with a Refused if it is refused. */
  async call(uri: string, headers: HeaderList = [], heard: (status: number) => void = () => {}): Promise<void> {
    const tag = this.#options.system.ids.seed();
    this.#dialogs.set(tag, { ...this.#unanswered(uri), localTag: tag, local: `<${this.uri}>;tag=${tag}` });
    const response = await this.#send(tag, 'INVITE', [...headers, sdpType], offer(silent), heard);
    const dialog = this.#dialogs.get(tag)!;
    if (response.status >= 300) {
      this.#dialogs.delete(tag);
      throw new Refused(response);
    }
    this.#dialogs.set(tag, {
      ...dialog,
      remote: response.get('To')!,
      remoteTag: tagOf(response.to),
      remoteTarget: readAddress(response.get('Contact') ?? '')?.uri ?? uri,
      routeSet: response.values('Record-Route').toReversed(),
    });
    const ack = this.#build(tag, 'ACK', dialog.localCseq);
    this.#endpoint.sendAck(ack.text, ack.target);
  }

  /** Ends every call it is in. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.#dialogs.keys()].map((tag) => this.#leave(tag)));
  }

  // What comes in.

  request(request: Request, origin: Origin): void {
    const tag = [...this.#dialogs].find(([, dialog]) => belongsTo(dialog, request))?.[0];
    if (tag === undefined && request.method === 'INVITE') void this.#ring(request, origin);
    else if (tag === undefined) this.#endpoint.respond(origin, 481, reply(request, 481));
    else if (request.method === 'REFER') void this.#transfer(tag, request, origin);
    else this.#endpoint.respond(origin, 200, reply(request, 200));
    if (tag !== undefined && request.method === 'BYE') this.#dialogs.delete(tag);
  }

  ack(request: Request): void {
    this.#endpoint.quiet(request.callId);
  }

  response(branch: string, response: Response): void {
    this.#waiting.get(branch)?.(response);
  }

  timeout(branch: string): void {
    this.#waiting.get(branch)?.(new Error('There was no answer.'));
  }

  failed(branch: string, error: Error): void {
    this.#waiting.get(branch)?.(error);
  }

  async #ring(invite: Request, origin: Origin): Promise<void> {
    this.invites.push(invite);
    const { system, answers = 200, ringsForMs = 0 } = this.#options;
    const toTag = system.ids.seed();
    this.#endpoint.respond(origin, 180, reply(invite, 180, { toTag, headers: [this.#contact()] }));
    await delay(ringsForMs);
    const dialog = uasDialog(invite, toTag, origin.from);
    const answered = answer(invite.body, silent);
    if (answers >= 300 || dialog === null || typeof answered === 'string') {
      const status = answers >= 300 ? answers : 488;
      return this.#endpoint.respond(origin, status, reply(invite, status, { toTag }));
    }
    this.#dialogs.set(toTag, dialog);
    const ok = reply(invite, 200, { toTag, headers: [this.#contact(), sdpType], body: answered.sdp });
    this.#endpoint.repeat(invite.callId, '2xx', origin, 200, ok);
  }

  async #transfer(tag: string, refer: Request, origin: Origin): Promise<void> {
    this.#endpoint.respond(origin, 202, reply(refer, 202, { headers: [this.#contact()] }));
    await this.#notify(tag, 100);
    const target = readUri(readAddress(refer.get('Refer-To') ?? '')?.uri ?? '');
    if (target?.scheme !== 'sip') return this.#notify(tag, 416, over);
    const referredBy = refer.all('Referred-By').map((value) => ['Referred-By', value] as const);
    const asked = (target.headers ?? '').split('&').filter(Boolean).map(headerOf);
    const uri = writeUri({ ...target, headers: null });
    try {
      await this.call(uri, [...referredBy, ...asked], (status) => status > 100 && void this.#notify(tag, status));
      await this.#notify(tag, 200, over);
      await this.#leave(tag);
    } catch (refusal) {
      await this.#notify(tag, refusal instanceof Refused ? refusal.status : 503, over);
    }
  }

  // What goes out.

  #contact(): readonly [string, string] {
    return ['Contact', contactFor(this.#transport.local, this.#options.name)];
  }

  /** Tells whoever referred us, if they still listen. */
  async #notify(tag: string, status: number, state = 'active;expires=60'): Promise<void> {
    const headers = [
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ] as const;
    if (!this.#dialogs.has(tag)) return;
    await this.#send(tag, 'NOTIFY', headers, `SIP/2.0 ${status} ${phrase(status)}\r\n`).catch(() => {});
  }

  async #leave(tag: string): Promise<void> {
    if (!this.#dialogs.has(tag)) return;
    await this.#send(tag, 'BYE').catch(() => {});
    this.#dialogs.delete(tag);
  }

  /** Sends a request within a call; resolves with its final response. */
  #send(tag: string, method: string, headers: HeaderList = [], body = '', heard: (status: number) => void = () => {}) {
    const dialog = this.#dialogs.get(tag)!;
    const cseq = dialog.localCseq + 1;
    this.#dialogs.set(tag, { ...dialog, localCseq: cseq });
    const request = this.#build(tag, method, cseq, headers, body);
    return new Promise<Response>((resolve, reject) => {
      this.#waiting.set(request.branch, (response) => {
        if (!(response instanceof Error) && response.status < 200) return heard(response.status);
        this.#waiting.delete(request.branch);
        if (response instanceof Error) reject(response);
        else resolve(response);
      });
      this.#endpoint.send(request);
    });
  }

  #build(tag: string, method: string, cseq: number, headers: HeaderList = [], body = '') {
    const branch = `z9hG4bK${this.#options.system.ids.seed()}`;
    const addresses = { udp: this.#transport.local, tcp: null };
    const request = { method, cseq, branch, headers: () => [this.#contact(), ...headers], body };
    return { branch, method, ...requestWithin(this.#dialogs.get(tag)!, addresses, request) };
  }

  /** What is known of a call that nobody has answered: enough to write its INVITE. */
  #unanswered(uri: string) {
    const read = readUri(uri);
    const { host, port } = read?.scheme === 'sip' ? read : { host: uri, port: null };
    return {
      callId: this.#options.system.ids.seed(),
      remote: `<${uri}>`,
      remoteTag: null,
      remoteTarget: uri,
      remoteCseq: 0,
      localCseq: 0,
      routeSet: [],
      flow: { transport: 'udp', host, port: port ?? 5060 } as const,
    };
  }
}

/** A header that a URI asks for (RFC 3261 §19.1.1). */
function headerOf(text: string): readonly [string, string] {
  const [name = '', value = ''] = text.split('=').map(decodeURIComponent);
  return [name, value];
}
