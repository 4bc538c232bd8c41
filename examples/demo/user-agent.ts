// Switchhook's SIP stack as promises: one UDP socket on loopback, the dialogs on it, requests inside them and who waits for
// their responses. What to make of a request that comes in is the phone's business (phone.ts).
import { contactFor, type Dialog, requestWithin } from '../../src/sip/dialog/dialog.ts';
import { Endpoint, type EndpointUser, type Origin, type Trace } from '../../src/sip/endpoint.ts';
import { readAddress, tagOf } from '../../src/sip/message/address.ts';
import {
  type HeaderList,
  type ReplyOptions,
  type Request,
  type Response,
  reply,
} from '../../src/sip/message/message.ts';
import { readUri } from '../../src/sip/message/uri.ts';
import { resolveHost } from '../../src/sip/transport/resolve.ts';
import { UdpTransport } from '../../src/sip/transport/udp.ts';
import type { System } from '../../src/system.ts';

/** A call that was not answered with 2xx. */
export class Refused extends Error {
  readonly status: number;

  constructor({ status, reason }: Response) {
    super(`The call was refused with ${status} ${reason}.`);
    this.status = status;
  }
}

interface Outgoing {
  readonly headers?: HeaderList;
  readonly body?: string;
  /** Hears the provisional responses. */
  readonly heard?: (status: number) => void;
}

export interface UserAgentOptions {
  readonly name: string;
  readonly system: System;
  readonly trace?: Trace;
  /** Takes what comes in. */
  readonly take: (request: Request, origin: Origin) => void;
}

export class UserAgent implements EndpointUser {
  /** The calls it is in, by its own tag. */
  readonly dialogs = new Map<string, Dialog>();
  readonly #options: UserAgentOptions;
  readonly #transport: UdpTransport;
  readonly #endpoint: Endpoint;
  /** Who waits for the responses to a request, by its branch. */
  readonly #waiting = new Map<string, (response: Response | Error) => void>();

  constructor(options: UserAgentOptions) {
    const { system, trace } = options;
    this.#options = options;
    this.#transport = new UdpTransport({ system, host: '127.0.0.1', port: 0 });
    const abilities = { allow: ['INVITE', 'ACK', 'BYE', 'REFER', 'INFO'], supported: [] };
    const parts = { system, transports: [this.#transport], resolve: resolveHost, user: this, publicHost: null };
    this.#endpoint = new Endpoint({ ...parts, ...abilities, ...(trace && { trace }) });
  }

  listen = (): Promise<void> => this.#endpoint.listen();
  close = (): Promise<void> => this.#endpoint.close();

  get port(): number {
    return this.#transport.local.port;
  }

  get uri(): string {
    return `sip:${this.#options.name}@127.0.0.1:${this.port}`;
  }

  get contact(): readonly [string, string] {
    return ['Contact', contactFor(this.#transport.local, this.#options.name)];
  }

  /** For tags, branches and Call-IDs: nobody else has it. */
  fresh(): string {
    return this.#options.system.ids.seed();
  }

  /** Sends INVITE, and ACK once it is answered; resolves with our tag, or rejects with a Refused. */
  async invite(uri: string, outgoing: Outgoing): Promise<string> {
    const tag = this.fresh();
    this.dialogs.set(tag, { ...this.#unanswered(uri), localTag: tag, local: `<${this.uri}>;tag=${tag}` });
    const response = await this.send(tag, 'INVITE', outgoing);
    const dialog = this.dialogs.get(tag)!;
    this.dialogs.delete(tag);
    if (response.status >= 300) throw new Refused(response);
    this.dialogs.set(tag, {
      ...dialog,
      remote: response.get('To')!,
      remoteTag: tagOf(response.to),
      remoteTarget: readAddress(response.get('Contact') ?? '')?.uri ?? uri,
      routeSet: response.values('Record-Route').toReversed(),
    });
    const ack = this.#build(tag, 'ACK', dialog.localCseq, {});
    this.#endpoint.sendAck(ack.text, ack.target);
    return tag;
  }

  /** Sends a request within a call; resolves with its final response. */
  send(tag: string, method: string, outgoing: Outgoing = {}): Promise<Response> {
    const dialog = this.dialogs.get(tag)!;
    const cseq = dialog.localCseq + 1;
    this.dialogs.set(tag, { ...dialog, localCseq: cseq });
    const request = this.#build(tag, method, cseq, outgoing);
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.branch, (response) => {
        if (!(response instanceof Error) && response.status < 200) return outgoing.heard?.(response.status);
        this.#waiting.delete(request.branch);
        if (response instanceof Error) reject(response);
        else resolve(response);
      });
      this.#endpoint.send(request);
    });
  }

  /** A 2xx to an INVITE is repeated until its ACK. */
  respond(request: Request, origin: Origin, status: number, options: ReplyOptions = {}): void {
    const text = reply(request, status, options);
    const repeated = request.method === 'INVITE' && status >= 200 && status < 300;
    if (repeated) this.#endpoint.repeat(request.callId, '2xx', origin, status, text);
    else this.#endpoint.respond(origin, status, text);
  }

  request(request: Request, origin: Origin): void {
    this.#options.take(request, origin);
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

  #build(tag: string, method: string, cseq: number, { headers = [], body = '' }: Outgoing) {
    const branch = `z9hG4bK${this.fresh()}`;
    const request = { method, cseq, branch, headers: () => [this.contact, ...headers], body };
    const addresses = { udp: this.#transport.local, tcp: null };
    return { branch, method, ...requestWithin(this.dialogs.get(tag)!, addresses, request) };
  }

  /** What is known of a call that nobody has answered: enough to write its INVITE. */
  #unanswered(uri: string) {
    const read = readUri(uri);
    const { host, port } = read?.scheme === 'sip' ? read : { host: uri, port: null };
    return {
      callId: this.fresh(),
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
