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
  /** How it answers a call: 200, or a refusal such as 486. */
  readonly answers?: number;
  readonly ringsForMs?: number;
  readonly trace?: Trace;
}

const sdpType = ['Content-Type', 'application/sdp'] as const;
const eventType = ['Content-Type', 'message/sipfrag;version=2.0'] as const;

export class Phone implements EndpointUser {
  /** The INVITEs that came, in order. */
  readonly invites: Request[] = [];
  /** How many calls it is in. */
  get calls(): number {
    return this.#dialogs.size;
  }
  readonly #options: PhoneOptions;
  readonly #transport: UdpTransport;
  readonly #endpoint: Endpoint;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #waiting = new Map<string, (response: Response | Error) => void>();

  constructor(options: PhoneOptions) {
    const { system, trace } = options;
    this.#options = options;
    this.#transport = new UdpTransport({ clock: system.clock, log: system.log, host: '127.0.0.1', port: 0 });
    const allow = ['INVITE', 'ACK', 'BYE', 'REFER', 'INFO'];
    const shared = { system, user: this, resolve: resolveHost, publicHost: null, allow, supported: [] };
    this.#endpoint = new Endpoint({ ...shared, transports: [this.#transport], ...(trace && { trace }) });
  }

  listen = (): Promise<void> => this.#endpoint.listen();
  close = (): Promise<void> => this.#endpoint.close();

  get uri(): string {
    return `sip:${this.#options.name}@127.0.0.1:${this.#transport.local.port}`;
  }

  /** Resolves to the key of the call once it is answered; rejects with the response that refused it. */
  async call(uri: string, headers: HeaderList = [], heard: (status: number) => void = () => {}): Promise<string> {
    const [tag, host] = [this.#fresh(), readUri(uri)];
    const at = { transport: 'udp', host: '127.0.0.1', port: host?.scheme === 'sip' ? (host.port ?? 5060) : 5060 } as const;
    const from = { localTag: tag, local: `<${this.uri}>;tag=${tag}`, localCseq: 0, remote: `<${uri}>`, remoteTag: null };
    const route = { remoteTarget: uri, remoteCseq: 0, routeSet: [], flow: at };
    this.#dialogs.set(tag, { callId: this.#fresh(), ...from, ...route });
    const body = offer({ ...quiet, sessionId: '1' });
    const response = await this.#send(tag, 'INVITE', [...headers, sdpType], body, heard);
    const dialog = this.#dialogs.get(tag)!;
    if (response.status >= 300) {
      this.#dialogs.delete(tag);
      throw response;
    }
    const contact = readAddress(response.get('Contact') ?? '')?.uri ?? uri;
    const routeSet = response.values('Record-Route').toReversed();
    const remote = { remote: response.get('To')!, remoteTag: tagOf(response.to), remoteTarget: contact, routeSet };
    this.#dialogs.set(tag, { ...dialog, ...remote });
    const ack = this.#build(tag, 'ACK', dialog.localCseq);
    this.#endpoint.sendAck(ack.text, ack.target);
    return tag;
  }

  async hangUp(key: string): Promise<void> {
    await this.#send(key, 'BYE');
    this.#dialogs.delete(key);
  }

  // What comes in.

  request(request: Request, origin: Origin): void {
    const [key, dialog] = [...this.#dialogs].find(([, each]) => belongsTo(each, request)) ?? [];
    if (request.method === 'INVITE' && !dialog) void this.#ring(request, origin);
    else if (!key) this.#reply(request, origin, 481);
    else if (request.method === 'REFER') void this.#transfer(key, request, origin);
    else this.#reply(request, origin, request.method === 'BYE' || request.method === 'INFO' ? 200 : 501);
    if (key && request.method === 'BYE') this.#dialogs.delete(key);
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
    const { answers = 200, ringsForMs = 0 } = this.#options;
    const tag = this.#fresh();
    const headers = [['Contact', contactFor(this.#transport.local, this.#options.name)]] as const;
    this.#endpoint.respond(origin, 180, reply(invite, 180, { toTag: tag, headers }));
    await delay(ringsForMs);
    const dialog = uasDialog(invite, tag, origin.from);
    const agreed = answer(invite.body, { ...quiet, sessionId: '2' });
    if (answers >= 300 || dialog === null || typeof agreed === 'string') {
      return this.#endpoint.respond(origin, answers, reply(invite, answers < 300 ? 488 : answers, { toTag: tag }));
    }
    this.#dialogs.set(tag, dialog);
    const ok = reply(invite, 200, { toTag: tag, headers: [...headers, sdpType], body: agreed.sdp });
    this.#endpoint.repeat(invite.callId, '2xx', origin, 200, ok);
  }

  async #transfer(key: string, refer: Request, origin: Origin): Promise<void> {
    this.#reply(refer, origin, 202, [['Contact', contactFor(this.#transport.local, this.#options.name)]]);
    const target = readUri(readAddress(refer.get('Refer-To') ?? '')?.uri ?? '');
    const notify = (status: number, state = 'active;expires=60') =>
      this.#send(key, 'NOTIFY', [['Event', 'refer'], ['Subscription-State', state], eventType], fragment(status));
    await notify(100);
    if (target?.scheme !== 'sip') return void (await notify(416, 'terminated;reason=noresource'));
    const asked = (target.headers ?? '').split('&').filter(Boolean).map(headerIn);
    const by = refer.all('Referred-By').map((value) => ['Referred-By', value] as const);
    try {
      await this.call(writeUri({ ...target, headers: null }), [...by, ...asked], (status) => void notify(status));
      await notify(200, 'terminated;reason=noresource');
      await this.hangUp(key);
    } catch (refusal) {
      await notify((refusal as Response).status ?? 503, 'terminated;reason=noresource');
    }
  }

  // What goes out.

  #reply(request: Request, origin: Origin, status: number, headers: HeaderList = []): void {
    this.#endpoint.respond(origin, status, reply(request, status, { toTag: this.#fresh(), headers }));
  }

  #build(key: string, method: string, cseq: number, headers: HeaderList = [], body = '') {
    const dialog = this.#dialogs.get(key)!;
    const branch = `z9hG4bK${this.#fresh()}`;
    const all = () => [['Contact', contactFor(this.#transport.local, this.#options.name)] as const, ...headers];
    const addresses = { udp: this.#transport.local, tcp: null };
    return { branch, method, ...requestWithin(dialog, addresses, { method, cseq, branch, headers: all, body }) };
  }

  #send(key: string, method: string, headers: HeaderList = [], body = '', heard: (status: number) => void = () => {}) {
    const dialog = this.#dialogs.get(key);
    if (!dialog) return Promise.reject(new Error('The call is over.'));
    const cseq = dialog.localCseq + 1;
    this.#dialogs.set(key, { ...dialog, localCseq: cseq });
    const request = this.#build(key, method, cseq, headers, body);
    return new Promise<Response>((resolve, reject) => {
      this.#waiting.set(request.branch, (response) => {
        if (response instanceof Error) return reject(response);
        if (response.status < 200) return heard(response.status);
        this.#waiting.delete(request.branch);
        resolve(response);
      });
      this.#endpoint.send(request);
    });
  }

  #fresh(): string {
    return this.#options.system.ids.seed();
  }
}
