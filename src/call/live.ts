// The live calls and the names they are found by: the call_control_id, our tag, the key of their INVITE, the branches of
// our requests, their application. Memory only: all of it is made again from the store at start.

import { tagOf } from '../sip/message/address.ts';
import type { Request } from '../sip/message/message.ts';
import type { Alarm } from './alarms.ts';
import type { Committing } from './commits.ts';
import { Places } from './places.ts';
import type { Call } from './state.ts';

/** That of the call itself may still be answered by another fork while re-INVITEs follow it. */
const mostInvites = 4;

export interface Live extends Committing {
  /** Of the commands that were accepted, those included that are not committed yet. */
  readonly commandIds: Set<string>;
  alarm: Alarm | null;
  /** Of the first INVITE two, and that of the last re-INVITE. */
  readonly inviteKeys: string[];
  /** Of our last INVITEs, whose 2xx may come again. */
  readonly invites: string[];
  readonly branches: Set<string>;
}

/** Who is told that a call has begun or was found in the store, and that it is forgotten here. */
export interface Watcher {
  begin(call: Call): void;
  end(call: Call): void;
}

export class LiveCalls {
  readonly places = new Places();
  readonly #watcher: Watcher | null;
  readonly #byId = new Map<string, Live>();
  readonly #byTag = new Map<string, Live>();
  readonly #byInvite = new Map<string, Live>();
  readonly #byBranch = new Map<string, Live>();
  readonly #byConnection = new Map<string, Set<Live>>();

  constructor(watcher: Watcher | null = null) {
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#byId.size;
  }

  add(call: Call, commandIds: readonly string[]): Live {
    const ids = new Set(commandIds);
    const live: Live = {
      call,
      committed: null,
      open: 0,
      commandIds: ids,
      alarm: null,
      inviteKeys: [],
      invites: [],
      branches: new Set(),
    };
    this.#byId.set(call.id, live);
    this.#byTag.set(call.dialog.localTag, live);
    if (call.invite !== null) {
      this.nameInvite(live, call.invite.key);
      this.nameInvite(live, mergeKeyOf(call, call.invite.cseq));
    }
    const others = this.#byConnection.get(call.connectionId);
    if (others) others.add(live);
    else this.#byConnection.set(call.connectionId, new Set([live]));
    this.places.note(live);
    this.#watcher?.begin(call);
    return live;
  }

  /** Another key under which an INVITE of this call is known. That of a re-INVITE takes the place of the one before it. */
  nameInvite(live: Live, key: string): void {
    if (this.#byInvite.get(key) === live) return;
    if (live.inviteKeys.length > 2) this.#byInvite.delete(live.inviteKeys.pop()!);
    this.#byInvite.set(key, live);
    live.inviteKeys.push(key);
  }

  nameBranch(live: Live, { branch, method }: { readonly branch: string; readonly method: string }): void {
    this.#byBranch.set(branch, live);
    live.branches.add(branch);
    if (method !== 'INVITE') return;
    live.invites.push(branch);
    if (live.invites.length > mostInvites) this.forgetBranch(live, live.invites.shift()!);
  }

  forgetBranch(live: Live, branch: string): void {
    this.#byBranch.delete(branch);
    live.branches.delete(branch);
  }

  forget(live: Live): void {
    this.places.forget(live);
    this.#byId.delete(live.call.id);
    this.#byTag.delete(live.call.dialog.localTag);
    for (const key of live.inviteKeys) this.#byInvite.delete(key);
    for (const branch of live.branches) this.#byBranch.delete(branch);
    const others = this.#byConnection.get(live.call.connectionId);
    others?.delete(live);
    if (others?.size === 0) this.#byConnection.delete(live.call.connectionId);
    this.#watcher?.end(live.call);
  }

  withId(id: string): Live | undefined {
    return this.#byId.get(id);
  }

  withTag(tag: string): Live | undefined {
    return this.#byTag.get(tag);
  }

  withInvite(key: string): Live | undefined {
    return this.#byInvite.get(key);
  }

  withBranch(branch: string): Live | undefined {
    return this.#byBranch.get(branch);
  }

  /** Those of one application, ended ones that are still remembered here included. */
  ofConnection(connectionId: string): Iterable<Live> {
    return this.#byConnection.get(connectionId) ?? [];
  }

  [Symbol.iterator](): IterableIterator<Live> {
    return this.#byId.values();
  }
}

/** RFC 3261 §8.2.2.2: the same Call-ID, From tag and CSeq by another path is the same request, forked by a proxy. */
export function mergeKey(invite: Request): string {
  return `${invite.callId} ${tagOf(invite.from) ?? ''} ${invite.cseq.number}`;
}

const mergeKeyOf = ({ dialog }: Call, cseq: number): string => `${dialog.callId} ${dialog.remoteTag ?? ''} ${cseq}`;
