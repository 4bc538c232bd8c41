// The driver of the INVITE server usage (invite-server-usage.ts): a call that comes in, until it is answered for good.
import type { Timer } from '../../system.ts';
import type { Dialog } from '../dialog/dialog.ts';
import { begin, type Effect, type Input, type State, transition } from '../dialog/invite-server-usage.ts';
import type { Origin } from '../endpoint.ts';
import { type HeaderList, type Request, reply } from '../message/message.ts';
import { Call, type CallUser, repeatId } from './call.ts';
import { type Core, sdpOf, sdpType } from './core.ts';

/** How a call is taken. */
export interface AcceptOptions {
  /** Our answer, or our offer where the INVITE has none (RFC 3261 §13.3.1.4). */
  readonly sdp: string;
  readonly headers?: HeaderList;
  /** Hears what the peer asks within the call. */
  readonly user?: CallUser;
}

/** An INVITE that waits for its answer; it was told 100. */
export class IncomingInvite {
  readonly request: Request;
  readonly origin: Origin;
  /** Resolves when it was answered for good, or the caller has given up (CANCEL, BYE): then nothing more is said to it. */
  readonly settled: Promise<'accepted' | 'refused' | 'cancelled' | 'bye' | 'unacknowledged'>;
  /** The ACK of our 2xx, with the answer where ours was the offer; null when none came. */
  readonly acknowledged: Promise<Request | null>;
  readonly #core: Core;
  readonly #dialog: Dialog;
  readonly #began: (call: Call) => void;
  readonly #settle: (how: Awaited<IncomingInvite['settled']>) => void;
  readonly #acknowledge: (ack: Request | null) => void;
  #state: State = begin;
  #call: Call | null = null;
  #timer: Timer = null;

  constructor(core: Core, request: Request, origin: Origin, dialog: Dialog, began: (call: Call) => void) {
    this.#core = core;
    this.request = request;
    this.origin = origin;
    this.#dialog = dialog;
    this.#began = began;
    const settled = Promise.withResolvers<Awaited<IncomingInvite['settled']>>();
    const acknowledged = Promise.withResolvers<Request | null>();
    this.settled = settled.promise;
    this.acknowledged = acknowledged.promise;
    this.#settle = settled.resolve;
    this.#acknowledge = acknowledged.resolve;
  }

  /** 101 to 199; nothing once it is settled. */
  progress(status = 180, headers: HeaderList = []): void {
    this.take({ type: 'respond', status, headers, sdp: null });
  }

  /** 300 to 699; nothing once it is settled. */
  refuse(status = 486, headers: HeaderList = []): void {
    this.take({ type: 'respond', status, headers, sdp: null });
  }

  /** 200, repeated until its ACK; without one the call is left. Null when it is settled already. */
  accept({ sdp, headers = [], user }: AcceptOptions): Call | null {
    if (this.#state.name !== 'proceeding') return null;
    const line = { dialog: this.#dialog, authorizations: [] };
    const { acknowledged } = this;
    this.#call = new Call(this.#core, { line, remoteSdp: sdpOf(this.request), user: user ?? null, acknowledged });
    this.#began(this.#call);
    this.take({ type: 'respond', status: 200, headers, sdp });
    this.#settle('accepted');
    return this.#call;
  }

  /** What the peer sends. For the user agent that has it. */
  take(input: Input): void {
    const { state, effects } = transition(this.#state, input);
    if (state !== this.#state) this.#arm(state);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #arm({ name }: State): void {
    this.#core.cancel(this.#timer);
    const fire = (): void => this.take({ type: 'timer', timer: 'give-up' });
    this.#timer = name === 'accepted' ? this.#core.after(this.#core.options.patienceMs, fire) : null;
  }

  #perform(effect: Effect): void {
    const { endpoint } = this.#core;
    switch (effect.type) {
      case 'respond':
        return endpoint.respond(this.origin, effect.status, this.#write(effect));
      case 'repeat':
        return endpoint.repeat(repeatId(this.#dialog), '2xx', this.origin, effect.status, this.#write(effect));
      case 'quiet':
        return endpoint.quiet(repeatId(this.#dialog));
      case 'tell':
        return this.#tell(effect.what);
      default:
        return effect satisfies never;
    }
  }

  #tell(what: (Effect & { type: 'tell' })['what']): void {
    this.#acknowledge(what.type === 'confirmed' ? what.ack : null);
    if (what.type === 'confirmed') return;
    this.#settle(what.why);
    if (what.why === 'unacknowledged') void this.#call?.bye();
  }

  #write({ status, headers, sdp }: Effect & { type: 'respond' | 'repeat' }): string {
    const { transport, flow } = this.origin.from;
    const address = this.#core.endpoint.localAddress(transport, flow);
    const contact = status < 300 && address !== null ? [this.#core.contact(address, this.#dialog)] : [];
    const ours = status >= 200 && status < 300 ? this.#core.options.capabilities : [];
    const type = sdp === null ? [] : sdpType;
    const all = [...contact, ...ours, ...headers, ...type];
    return reply(this.request, status, { toTag: this.#dialog.localTag, headers: all, body: sdp ?? '' });
  }
}
