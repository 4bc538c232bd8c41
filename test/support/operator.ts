// The application of a crowd: it answers each call, refers it once it is answered, and hangs up when that has failed.
// Of each call it keeps the story, all that it heard of it in one line, and counts how many calls had which.
import { planOf } from './crowd.ts';

type Action = 'answer' | 'refer' | 'hangup';

/** Resolves to whether the command was accepted. */
export type Act = (callControlId: string, action: Action, body: object) => Promise<boolean>;

interface Data {
  readonly event_type: string;
  readonly payload: { readonly call_control_id: string; readonly from: string; readonly sip_notify_response?: number };
}

interface Call {
  readonly caller: number;
  readonly heard: string[];
  /** The refer was accepted: it must come to an end. */
  isReferred: boolean;
}

/** Longer than it takes a NOTIFY whose first two copies are lost: the BYE beside it may be heard 1.5 s earlier. */
const graceMs = 2_000;

const replies: Readonly<Record<string, readonly [Action, object]>> = {
  'call.initiated': ['answer', {}],
  'call.answered': ['refer', { sip_address: 'sip:bob@biloxi.example', refer_bye_grace_ms: graceMs }],
  'call.refer.failed': ['hangup', {}],
};

export class Operator {
  readonly #act: Act;
  readonly #calls = new Map<string, Call>();
  /** How many calls had each story, by the name of the caller's plan. */
  readonly stories = new Map<string, number>();

  constructor(act: Act) {
    this.#act = act;
  }

  /** Calls that have begun and not ended. */
  get open(): number {
    return this.#calls.size;
  }

  /** Takes the `data` of a webhook. */
  take({ event_type: type, payload }: Data): void {
    const id = payload.call_control_id;
    const call = this.#calls.get(id) ?? {
      caller: Number.parseInt(payload.from.slice(4), 10),
      heard: [],
      isReferred: false,
    };
    this.#calls.set(id, call);
    const code = payload.sip_notify_response;
    call.heard.push(
      type.slice('call.'.length) + (type === 'call.refer.started' || code === undefined ? '' : ` ${code}`),
    );
    if (type === 'call.hangup') this.#ended(id, call);
    else void this.#replies(id, call, type);
  }

  async #replies(id: string, call: Call, type: string): Promise<void> {
    const [action, body] = replies[type] ?? [];
    if (action === undefined) return;
    const accepted = await this.#act(id, action, body!);
    if (action === 'refer') call.isReferred = accepted;
  }

  /** Whatever is heard after this begins another story, and is counted when that ends or stays open. */
  #ended(id: string, { caller, heard, isReferred }: Call): void {
    this.#calls.delete(id);
    const story = `${planOf(caller).name}: ${heard.join(', ')}${isReferred ? '' : ' (not referred)'}`;
    this.stories.set(story, (this.stories.get(story) ?? 0) + 1);
  }
}

/** What `calls` calls come to if each goes as its plan says. */
export function storiesOf(calls: number): ReadonlyMap<string, number> {
  const stories = new Map<string, number>();
  for (let number = 0; number < calls; number += 1) {
    const { name, story } = planOf(number);
    stories.set(`${name}: ${story}`, (stories.get(`${name}: ${story}`) ?? 0) + 1);
  }
  return stories;
}
