// Keeps what every call said, for GET /v2/calls/{id}/ladder: the trace of the endpoint by Call-ID, webhooks and commands by
// call_control_id. Memory only, and no more of it than a setting allows. Nothing is read here: texts are kept as they are
// until somebody asks (ladder-view.ts). An INVITE waits here until a call grows from it, so that a challenge is seen too.
import type { Trace } from '../sip/endpoint.ts';
import type { Clock } from '../system.ts';
import type { CallView } from './commands.ts';
import { type Asked, type Entry, Ladder, type Posted } from './ladder.ts';
import { type LadderView, ladderView } from './ladder-view.ts';
import { rememberedMs } from './retention.ts';
import type { Call } from './state.ts';

export interface LadderBounds {
  /** Messages, commands and webhooks of one call. */
  readonly messages: number;
  /** All that is kept. */
  readonly bytes: number;
}

/** INVITEs that no call has grown from yet: most are strangers'. */
const mostWaiting = 128;
/** Calls that have one Call-ID. */
const mostCalls = 8;

export class Ladders {
  readonly #clock: Clock;
  readonly #bounds: LadderBounds;
  readonly #startedAt: number;
  readonly #bySip = new Map<string, Ladder>();
  readonly #byCall = new Map<string, Ladder>();
  readonly #waiting = new Set<Ladder>();
  readonly #live = new Set<Ladder>();
  /** By when they are forgotten, the next one first. */
  readonly #ended = new Map<Ladder, number>();
  #bytes = 0;

  constructor(clock: Clock, bounds: LadderBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#startedAt = clock.date();
  }

  /** What is kept now. */
  census(): { readonly ladders: number; readonly bytes: number } {
    return { ladders: this.#bySip.size, bytes: this.#bytes };
  }

  /** Every message of the endpoint; those of no call are passed over. */
  readonly trace: Trace = ({ at, direction, peer, text, callId }) => {
    if (callId === null) return;
    const ladder = this.#bySip.get(callId) ?? (direction === 'in' && invite.test(text) ? this.#await(callId) : null);
    if (ladder) this.#add(ladder, { kind: 'sip', at, direction, peer, text });
  };

  /** A webhook is posted. What becomes of it is read from the same object. */
  posted(posted: Posted): void {
    const ladder = this.#byCall.get(posted.callId);
    if (ladder) this.#add(ladder, { kind: 'webhook', posted });
  }

  /** A command is asked. Whoever asks says what was answered. */
  asked(callId: string, name: string, peer: string | null): Asked {
    const asked = { at: this.#clock.date(), callId, name, peer, answer: null };
    const ladder = this.#byCall.get(callId);
    if (ladder) this.#add(ladder, { kind: 'command', asked });
    return asked;
  }

  /** A call has begun, or was found in the store. */
  begin(call: Call): void {
    this.#expire();
    const ladder = this.#bySip.get(call.dialog.callId) ?? this.#open(call.dialog.callId);
    this.#waiting.delete(ladder);
    this.#ended.delete(ladder);
    this.#live.add(ladder);
    ladder.live += 1;
    ladder.calls.push(call.id);
    if (ladder.calls.length > mostCalls) this.#byCall.delete(ladder.calls.shift()!);
    this.#byCall.set(call.id, ladder);
    if (call.direction === 'outgoing' && call.startedAt > this.#startedAt) {
      this.asked(call.id, call.link === null ? 'POST dial' : 'POST transfer', null).answer = '200';
    }
  }

  /** The engine has forgotten a call: one that ended, or one that never was, because it could not be committed. */
  end({ id, phase }: Call): void {
    const ladder = this.#byCall.get(id);
    if (ladder === undefined) return;
    ladder.live -= 1;
    if (ladder.live > 0) return;
    this.#live.delete(ladder);
    if (phase.name === 'ended') this.#ended.set(ladder, phase.endedAt + rememberedMs);
    else this.#forget(ladder);
  }

  /** What a call has said since it began, or since the server was started. */
  read({ callControlId, startedAt }: Pick<CallView, 'callControlId' | 'startedAt'>): LadderView {
    this.#expire();
    const ladder = this.#byCall.get(callControlId) ?? null;
    return ladderView(ladder, callControlId, { startedAt, since: Math.max(startedAt, this.#startedAt) });
  }

  #await(callId: string): Ladder {
    // A copy: what is cut from a text holds on to all of it.
    const ladder = this.#open(Buffer.from(callId, 'latin1').toString('latin1'));
    this.#waiting.add(ladder);
    if (this.#waiting.size > mostWaiting) this.#forget(first(this.#waiting)!);
    return ladder;
  }

  #open(callId: string): Ladder {
    const ladder = new Ladder(callId, this.#bounds.messages);
    this.#bySip.set(callId, ladder);
    return ladder;
  }

  #add(ladder: Ladder, entry: Entry): void {
    const before = ladder.bytes;
    ladder.add(entry);
    this.#bytes += ladder.bytes - before;
    while (this.#bytes > this.#bounds.bytes) this.#makeRoom();
  }

  /** Strangers go first, then the call that ended first; of a live one what was kept so far. */
  #makeRoom(): void {
    const over = first(this.#waiting) ?? first(this.#ended.keys());
    if (over !== undefined) return this.#forget(over);
    const ladder = first(this.#live)!;
    this.#bytes -= ladder.bytes;
    ladder.clear();
    this.#live.delete(ladder);
    this.#live.add(ladder);
  }

  #expire(): void {
    const now = this.#clock.date();
    for (const [ladder, until] of this.#ended) {
      if (until > now) return;
      this.#forget(ladder);
    }
  }

  #forget(ladder: Ladder): void {
    this.#bytes -= ladder.bytes;
    this.#waiting.delete(ladder);
    this.#ended.delete(ladder);
    this.#bySip.delete(ladder.name);
    for (const id of ladder.calls) this.#byCall.delete(id);
  }
}

/** Line ends before the start line are passed over (RFC 3261 §7.5). */
const invite = /^(?:\r\n)*INVITE /;

function first<T>(all: Iterable<T>): T | undefined {
  for (const each of all) return each;
  return undefined;
}
