// The driver of the INVITE client usage (invite-client-usage.ts): it sends what the machine decides, arms its timers, and
// tells the outcome as a promise. It answers challenges; a redirect it follows where it is asked to.
import type { Timer } from '../../system.ts';
import { type Invitation, initialInvite, withoutPeer } from '../dialog/initial-invite.ts';
import {
  type Command,
  deadlineOf,
  type Effect,
  type Fixed,
  type Input,
  type Step,
  type Told,
  timersOf,
  type Usage,
} from '../dialog/invite-client-state.ts';
import { begin, transition } from '../dialog/invite-client-usage.ts';
import { forNextRequest } from '../message/authorizations.ts';
import type { HeaderList, Response } from '../message/message.ts';
import { Call, type CallUser } from './call.ts';
import type { Core, Line, Outcome } from './core.ts';

/** A call to make. */
export interface InviteOptions {
  /** Our offer (RFC 3264). */
  readonly sdp: string;
  readonly headers?: HeaderList;
  /** Hears 101 to 199, of every phone that rings. */
  readonly progress?: (response: Response) => void;
  /** Hears what the peer asks once it has answered. */
  readonly user?: CallUser;
  /** Gives up when it is aborted: CANCEL (RFC 3261 §9.1), and the outcome is 487 unless another final response was faster. */
  readonly signal?: AbortSignal;
  /** Whether a 3xx is followed to its Contacts (§8.1.3.4), ten in all at most; else it is the outcome. */
  readonly followsRedirects?: boolean;
}

/** `call` is null unless it was answered, and then the status is a refusal. */
export interface InviteOutcome extends Outcome {
  readonly call: Call | null;
}

type First = Omit<Invitation, 'cseq' | 'branch' | 'headers'> & { readonly headers: HeaderList };

export class OutgoingInvite {
  readonly outcome: Promise<InviteOutcome>;
  readonly #core: Core;
  readonly #options: InviteOptions;
  readonly #fixed: Fixed;
  readonly #began: (call: Call) => void;
  readonly #resolve: (outcome: InviteOutcome) => void;
  readonly #line: Line;
  #invitation: Invitation;
  #usage!: Usage;
  #timer: Timer = null;
  #heard: Response | null = null;
  #remoteSdp: string | null = null;

  constructor(core: Core, first: First, options: InviteOptions, began: (call: Call) => void) {
    const { name, patienceMs, capabilities } = core.options;
    this.#core = core;
    this.#options = options;
    this.#began = began;
    this.#fixed = {
      addresses: core.endpoint.localAddresses(),
      contactUser: name,
      capabilities,
      patienceMs,
      followsRedirects: options.followsRedirects ?? false,
    };
    const { promise, resolve } = Promise.withResolvers<InviteOutcome>();
    this.outcome = promise;
    this.#resolve = resolve;
    this.#invitation = { ...first, cseq: 1, branch: core.freshBranch() };
    this.#line = { dialog: withoutPeer(this.#invitation), authorizations: [] };
    this.#go(begin(initialInvite(this.#invitation, this.#fixed.addresses)));
    this.#heed(options.signal);
  }

  #heed(signal: AbortSignal | undefined): void {
    const cancel = (): void => this.#command({ name: 'cancel', reason: null });
    if (signal?.aborted) return cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    void this.outcome.then(() => signal?.removeEventListener('abort', cancel));
  }

  #command(command: Command): void {
    this.#take({ type: 'command', command });
  }

  #take(input: Input): void {
    if (input.type === 'response') this.#heard = input.response;
    this.#go(transition(this.#fixed, this.#usage, input, this.#core.options.system.clock.date()));
  }

  #go({ usage, effects }: Step): void {
    this.#usage = usage;
    this.#arm();
    for (const effect of effects) this.#perform(effect);
    const { name } = this.#usage.state;
    // No other fork answers any more: nothing is left to acknowledge.
    if (name === 'confirmed' || name === 'terminated') this.#core.forget(this.#usage.invite.branch, 'INVITE');
  }

  /** A state owns one timer at most. */
  #arm(): void {
    this.#core.cancel(this.#timer);
    this.#timer = null;
    for (const timer of timersOf[this.#usage.state.name]) {
      const waitMs = deadlineOf(this.#usage, timer)! - this.#core.options.system.clock.date();
      this.#timer = this.#core.after(waitMs, () => this.#take({ type: 'timer', timer }));
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'invite':
        return this.#core.send({ ...effect.invite, method: 'INVITE' }, (heard) => this.#take(heard));
      case 'ack':
        return this.#core.endpoint.sendAck(effect.request.text, effect.request.target);
      case 'send':
        return this.#core.send({ branch: effect.branch, method: effect.method, ...effect.request });
      case 'cancel':
        return this.#core.send({ ...effect, method: 'CANCEL' });
      case 'remedy':
        return this.#again(effect);
      case 'tell':
        return this.#tell(effect.what);
      case 'respond':
        // The answer to an UPDATE before the call was answered, which is no input of this driver.
        return;
      default:
        return effect satisfies never;
    }
  }

  /** Another INVITE with the next CSeq (§8.1.3.5), or none. */
  #again({ remedy, response }: Effect & { type: 'remedy' }): void {
    const { authorizations } = this.#line;
    const isChallenge = remedy.why === 'authenticate';
    const next = isChallenge ? this.#core.answered(authorizations, response) : forNextRequest(authorizations);
    const uri = remedy.why === 'redirect' ? remedy.targets[0]! : this.#invitation.uri;
    if (next === null || remedy.why === 'interval') return this.#command({ name: 'cancel', reason: null });
    const cseq = this.#invitation.cseq + 1;
    const invitation = { ...this.#invitation, uri, cseq, branch: this.#core.freshBranch() };
    this.#line.dialog = withoutPeer(invitation);
    this.#line.authorizations = next;
    this.#heard = null;
    const credentials = this.#core.credentialsFor(this.#line, 'INVITE');
    this.#invitation = invitation;
    const invite = initialInvite(
      { ...invitation, headers: [...credentials, ...invitation.headers] },
      this.#fixed.addresses,
    );
    this.#command({ name: 'again', invite });
  }

  #tell(what: Told): void {
    switch (what.type) {
      case 'progress':
        return this.#options.progress?.(what.response);
      case 'described':
        if (what.described.kind === 'answer') this.#remoteSdp = what.described.sdp;
        return;
      case 'confirmed':
        return this.#answered({ dialog: what.dialog, authorizations: this.#line.authorizations });
      case 'ended':
        return this.#resolve({ ...this.#refusal(what), call: null });
      default:
        return what satisfies never;
    }
  }

  #answered(line: Line): void {
    const { user = null } = this.#options;
    const call = new Call(this.#core, { line, remoteSdp: this.#remoteSdp, user, acknowledged: Promise.resolve() });
    this.#began(call);
    this.#resolve({ status: this.#heard?.status ?? 200, response: this.#heard, call });
  }

  #refusal({ why, response }: Told & { type: 'ended' }): Outcome {
    // What ended the call is what the peer said last, but a 2xx that came too late is nobody's.
    const last = response ?? (why === 'cancelled' ? this.#heard : null);
    if (last !== null && last.status >= 300) return { status: last.status, response: last };
    return { status: why === 'cancelled' ? 487 : why === 'timeout' ? 408 : 503, response: null };
  }
}
