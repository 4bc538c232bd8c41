// A call that was answered: its dialog, the requests in it both ways, and its end (RFC 3261 §12.2, §15). Who called whom
// makes no difference. Leaves out changing the session by an INVITE of ours, and session timers: those who need them have
// the machines of sip/dialog.
import type { Timer } from '../../system.ts';
import { afterRequest, type Dialog, isOutOfOrder } from '../dialog/dialog.ts';
import { hasSdp } from '../dialog/invite-usage.ts';
import type { Origin } from '../endpoint.ts';
import { type ReplyOptions, type Request, reply } from '../message/message.ts';
import type { Core, Line, Outcome, Saying } from './core.ts';

/** A request that waits for its answer. */
export interface Incoming {
  readonly request: Request;
  readonly origin: Origin;
  /** 101 to 699. What a 2xx to an INVITE needs, Contact and repetition, is seen to. */
  respond(status: number, options?: ReplyOptions): void;
}

/** Hears what the peer asks within a call; BYE is seen to. Without one, offers are refused with 488, all else is agreed to. */
export type CallUser = (incoming: Incoming) => void;

export interface CallOptions {
  readonly line: Line;
  /** What the peer said of its sound, in its offer or its answer. */
  readonly remoteSdp: string | null;
  readonly user: CallUser | null;
  /** Resolves once a BYE may go (§15: not before the ACK of our 2xx, or its time, has come). */
  readonly acknowledged: Promise<unknown>;
}

/** A call that was answered, on the side of whoever made it and of whoever took it alike (RFC 3261 §12.2, §15). */
export class Call {
  /** What the peer said of its sound, in its offer or its answer; null while it said nothing. */
  readonly remoteSdp: string | null;
  /** Resolves when the call is over: by a BYE from either side, or because the peer does not know it any more (481). */
  readonly ended: Promise<void>;
  readonly #core: Core;
  readonly #options: CallOptions;
  readonly #line: Line;
  readonly #end: () => void;
  #bye: Promise<Outcome> | null = null;
  /** The CSeq of a re-INVITE whose 2xx waits for its ACK, and when that is given up. */
  #unacknowledged: { readonly cseq: number; readonly timer: Timer } | null = null;

  constructor(core: Core, options: CallOptions) {
    this.#core = core;
    this.#options = options;
    this.#line = options.line;
    this.remoteSdp = options.remoteSdp;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = () => {
      this.#quiet();
      resolve();
    };
  }

  /** As it is now: each request in it changes it. */
  get dialog(): Dialog {
    return this.#line.dialog;
  }

  /** Sends a request within the call: REFER, INFO, UPDATE and the like. Never rejects, but for INVITE, ACK and CANCEL: a TypeError. */
  async request(method: string, saying: Saying = {}): Promise<Outcome> {
    const outcome = await this.#core.ask(this.#line, method, saying);
    // RFC 5057 §5.1: of all refusals only this one says that there is no such dialog.
    if (outcome.status === 481) this.#end();
    return outcome;
  }

  /** Leaves, once. What becomes of the BYE changes nothing: the call is over (§15.1.1). */
  bye(saying: Saying = {}): Promise<Outcome> {
    this.#bye ??= this.#sayBye(saying);
    return this.#bye;
  }

  async #sayBye(saying: Saying): Promise<Outcome> {
    await this.#options.acknowledged;
    const outcome = await this.#core.ask(this.#line, 'BYE', saying);
    this.#end();
    return outcome;
  }

  /** What the peer sends within the call. For the user agent that has it. */
  take(request: Request, origin: Origin): void {
    const { endpoint } = this.#core;
    if (isOutOfOrder(this.dialog, request)) return endpoint.respond(origin, 500, reply(request, 500));
    this.#line.dialog = afterRequest(this.dialog, request, origin.from);
    if (request.method === 'BYE') {
      endpoint.respond(origin, 200, reply(request, 200));
      return this.#end();
    }
    const incoming = { request, origin, respond: this.#respondTo(request, origin) };
    if (this.#options.user !== null) this.#options.user(incoming);
    else incoming.respond(request.method === 'INVITE' || hasSdp(request) ? 488 : 200);
  }

  /** The ACK of a 2xx to a re-INVITE. For the user agent that has it. */
  acknowledge(ack: Request): void {
    if (ack.cseq.number === this.#unacknowledged?.cseq) this.#quiet();
  }

  /** §14.2: without an ACK in 64*T1 the call is left. */
  #repeat({ cseq }: Request, origin: Origin, status: number, text: string): void {
    this.#quiet();
    const { endpoint, options } = this.#core;
    const timer = this.#core.after(options.patienceMs, () => void this.bye());
    this.#unacknowledged = { cseq: cseq.number, timer };
    endpoint.repeat(repeatId(this.dialog), '2xx', origin, status, text);
  }

  #quiet(): void {
    if (this.#unacknowledged === null) return;
    this.#core.cancel(this.#unacknowledged.timer);
    this.#core.endpoint.quiet(repeatId(this.dialog));
    this.#unacknowledged = null;
  }

  #respondTo(request: Request, origin: Origin): Incoming['respond'] {
    const { endpoint } = this.#core;
    return (status, options = {}) => {
      const address = endpoint.localAddress(origin.from.transport, origin.from.flow);
      const refreshes = (request.method === 'INVITE' || request.method === 'UPDATE') && status < 300;
      const contact = refreshes && address !== null ? [this.#core.contact(address, this.dialog)] : [];
      const text = reply(request, status, { ...options, headers: [...contact, ...(options.headers ?? [])] });
      const repeats = request.method === 'INVITE' && status >= 200 && status < 300;
      if (repeats) this.#repeat(request, origin, status, text);
      else endpoint.respond(origin, status, text);
    };
  }
}

/** Under what name the 2xx of a dialog is repeated. */
export function repeatId({ callId, localTag }: Pick<Dialog, 'callId' | 'localTag'>): string {
  return `${callId} ${localTag}`;
}
