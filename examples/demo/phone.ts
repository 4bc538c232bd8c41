// A SIP phone without sound, made of Switchhook's own stack: it calls, it is called, and it does what a REFER asks, as the
// transferee of RFC 5589 §6.1: it calls the target, reports by NOTIFY how that goes, and leaves the first call.
import { setTimeout as delay } from 'node:timers/promises';
import { belongsTo, uasDialog } from '../../src/sip/dialog/dialog.ts';
import type { Origin } from '../../src/sip/endpoint.ts';
import { readAddress } from '../../src/sip/message/address.ts';
import type { HeaderList, Request } from '../../src/sip/message/message.ts';
import { answer, offer } from '../../src/sip/message/sdp.ts';
import { phrase } from '../../src/sip/message/status.ts';
import { readUri, writeUri } from '../../src/sip/message/uri.ts';
import { Refused, UserAgent, type UserAgentOptions } from './user-agent.ts';

export interface PhoneOptions extends Omit<UserAgentOptions, 'take'> {
  /** What it answers a call: 200, or a refusal such as 486. */
  readonly answers?: number;
  /** How long its user takes to answer a call, and to do what a REFER asks. */
  readonly reactsAfterMs?: number;
}

const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' } as const;
const sdpType = ['Content-Type', 'application/sdp'] as const;
const over = 'terminated;reason=noresource';

export class Phone {
  /** The INVITEs that came, in order. */
  readonly invites: Request[] = [];
  readonly #agent: UserAgent;
  readonly #answers: number;
  readonly #reactsAfterMs: number;

  constructor({ answers = 200, reactsAfterMs = 0, ...options }: PhoneOptions) {
    this.#agent = new UserAgent({ ...options, take: (request, origin) => this.#take(request, origin) });
    this.#answers = answers;
    this.#reactsAfterMs = reactsAfterMs;
  }

  listen = (): Promise<void> => this.#agent.listen();
  close = (): Promise<void> => this.#agent.close();

  get uri(): string {
    return this.#agent.uri;
  }

  get port(): number {
    return this.#agent.port;
  }

  /** How many calls it is in. */
  get calls(): number {
    return this.#agent.dialogs.size;
  }

  /** Calls a URI with an address in it. Resolves once that is answered; rejects with a Refused if it is refused. */
  async call(uri: string, headers: HeaderList = [], heard: (status: number) => void = () => {}): Promise<void> {
    await this.#agent.invite(uri, { headers: [...headers, sdpType], body: offer(silent), heard });
  }

  /** Ends every call it is in. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.#agent.dialogs.keys()].map((tag) => this.#leave(tag)));
  }

  #take(request: Request, origin: Origin): void {
    const tag = [...this.#agent.dialogs].find(([, dialog]) => belongsTo(dialog, request))?.[0];
    if (tag === undefined) {
      if (request.method === 'INVITE') void this.#ring(request, origin);
      else this.#agent.respond(request, origin, 481);
    } else if (request.method === 'REFER') {
      void this.#transfer(tag, request, origin);
    } else {
      this.#agent.respond(request, origin, 200);
      if (request.method === 'BYE') this.#agent.dialogs.delete(tag);
    }
  }

  async #ring(invite: Request, origin: Origin): Promise<void> {
    this.invites.push(invite);
    const { contact, dialogs } = this.#agent;
    const toTag = this.#agent.fresh();
    this.#agent.respond(invite, origin, 180, { toTag, headers: [contact] });
    await delay(this.#reactsAfterMs);
    const dialog = uasDialog(invite, toTag, origin.from);
    const answered = answer(invite.body, silent);
    if (this.#answers >= 300) return this.#agent.respond(invite, origin, this.#answers, { toTag });
    if (dialog === null || typeof answered === 'string') return this.#agent.respond(invite, origin, 488, { toTag });
    dialogs.set(toTag, dialog);
    this.#agent.respond(invite, origin, 200, { toTag, headers: [contact, sdpType], body: answered.sdp });
  }

  async #transfer(tag: string, refer: Request, origin: Origin): Promise<void> {
    this.#agent.respond(refer, origin, 202, { headers: [this.#agent.contact] });
    await this.#notify(tag, 100);
    await delay(this.#reactsAfterMs);
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

  /** Tells whoever referred us, if they still listen. */
  async #notify(tag: string, status: number, state = 'active;expires=60'): Promise<void> {
    if (!this.#agent.dialogs.has(tag)) return;
    const type = ['Content-Type', 'message/sipfrag;version=2.0'] as const;
    const headers = [['Event', 'refer'], ['Subscription-State', state], type] as const;
    const body = `SIP/2.0 ${status} ${phrase(status)}\r\n`;
    await this.#agent.send(tag, 'NOTIFY', { headers, body }).catch(() => {});
  }

  async #leave(tag: string): Promise<void> {
    if (!this.#agent.dialogs.has(tag)) return;
    await this.#agent.send(tag, 'BYE').catch(() => {});
    this.#agent.dialogs.delete(tag);
  }
}

/** A header that a URI asks for (RFC 3261 §19.1.1). */
function headerOf(text: string): readonly [string, string] {
  const [name = '', value = ''] = text.split('=').map(decodeURIComponent);
  return [name, value];
}
