// What must be remembered, and nothing about how: calls, events on their way to the application, commands that were
// accepted, and a few named values. One conformance suite (test/conformance/store.ts) holds for every implementation.

/**
 * A call's last committed state. `state` is JSON. `endedAt` (wall-clock ms) is null while it lives. What it is found by
 * beside its id never changes.
 */
export interface CallRow {
  readonly id: string;
  readonly legId: string;
  readonly sessionId: string;
  readonly connectionId: string;
  readonly from: string;
  readonly to: string;
  readonly state: string;
  readonly endedAt: number | null;
}

/** Where an event is to be delivered, and how; fixed when the event is committed. */
export interface Destination {
  readonly url: string;
  readonly failoverUrl: string | null;
  readonly method: 'POST' | 'GET';
  readonly timeoutMs: number;
  /** The waits between the attempts on each URL, in the place of the usual schedule; null: that one. */
  readonly retriesMs: readonly number[] | null;
  /** Who takes what goes to `url`, that is its origin: what goes to one receiver must not hold up another. */
  readonly receiver: string;
}

/**
 * An event on its way to one URL: `body` is the JSON of `data`, to which each attempt adds its `meta`. `sequence` counts
 * from 1 within its call. An event that goes to several URLs has a row for each, told apart by `copy`, which counts from 0;
 * the `id` of the first one is that of the event.
 * `status`: `due` (to be tried at `dueAt`), `delivered`, or `failed` (given up, kept).
 * `destination` is null when the application has no webhook URL: such an event is born `delivered`.
 */
export interface EventRow {
  readonly id: string;
  readonly callId: string;
  readonly sequence: number;
  readonly copy: number;
  readonly type: string;
  readonly body: string;
  readonly occurredAt: number;
  readonly destination: Destination | null;
  readonly status: 'due' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly dueAt: number;
  /** Where in its schedule it stands, in the words of whoever delivers it; null: at the beginning, or nobody has noted it. */
  readonly progress: string | null;
}

/** What became of an attempt to deliver an event. */
export type Settlement = Pick<EventRow, 'id' | 'status' | 'attempts' | 'dueAt' | 'progress'> & {
  /** The attempts since the last settlement, each an AttemptRow as JSON. */
  readonly log: readonly string[];
};

/** How many attempts of an event are kept: of more the first one and the last ones. */
export const keptAttempts = 10;

/** An attempt to deliver an event. Without an answer `status` is null, and `error` says why. */
export interface AttemptRow {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly url: string;
  readonly status: number | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly error: string | null;
}

/** A command that was accepted, with what was asked as JSON without secrets: kept as long as its call is. */
export interface CommandRow {
  readonly callId: string;
  readonly commandId: string | null;
  readonly name: string;
  readonly body: string;
  /** The place of the call in the dial that made it, from 1: such an id counts for the whole account. 0: no dial. */
  readonly dials: number;
  readonly acceptedAt: number;
}

/** All that one turn decided; written in one transaction. A call is in `calls` at most once. */
export interface Batch {
  readonly id: string;
  readonly calls: readonly CallRow[];
  readonly events: readonly EventRow[];
  readonly commands: readonly CommandRow[];
}

/** A contact that a phone has registered (RFC 3261 §10). `state` is everything of it, as JSON. */
export interface BindingRow {
  readonly aor: string;
  readonly contact: string;
  readonly state: string;
  /** Wall-clock milliseconds. */
  readonly expiresAt: number;
}

/** What is kept until it is deleted, whatever the calls do. `state` is everything of it, as JSON; instants are wall-clock ms. */
export interface ResourceRow {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly state: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type ResourceKind = 'application' | 'queue' | 'trunk' | 'phone' | 'api_key';

/** Which commands and events of calls are wanted. What is absent or null does not matter. */
export interface CallEventFilter {
  readonly type?: 'command' | 'webhook' | null;
  readonly name?: string | null;
  readonly legId?: string | null;
  readonly sessionId?: string | null;
  /** Of one of these. */
  readonly connectionIds?: readonly string[] | null;
  readonly from?: string | null;
  readonly to?: string | null;
  /** How far its delivery is; a command is completed. */
  readonly status?: 'init' | 'in_progress' | 'completed' | null;
  /** Whether its delivery was given up. */
  readonly failed?: boolean | null;
  /** Wall-clock milliseconds. */
  readonly at?: Range;
}

/** Bounds that an instant must keep; null: none. */
export interface Range {
  readonly eq?: number | null;
  readonly gt?: number | null;
  readonly gte?: number | null;
  readonly lt?: number | null;
  readonly lte?: number | null;
}

/** Where a command or event stands among all others. */
export interface CallEventKey {
  readonly type: 'command' | 'webhook';
  readonly number: number;
  readonly at: number;
}

export interface CallEventRow extends CallEventKey {
  readonly name: string;
  readonly legId: string;
  readonly sessionId: string;
  /** Of a command what was asked, of an event its `data`; JSON. */
  readonly body: string;
  /** Of commands. */
  readonly commandId: string | null;
  /** Of events. */
  readonly status: EventRow['status'] | null;
  readonly attempts: number;
  readonly lastAttempt: AttemptRow | null;
}

/** Which deliveries are wanted: events that were tried at least once. */
export interface DeliveryFilter {
  readonly status?: 'delivered' | 'failed' | null;
  readonly eventType?: string | null;
  /** Text that the event, or its attempts, must contain. */
  readonly eventContains?: string | null;
  readonly attemptsContain?: string | null;
  readonly startedAt?: Range;
  readonly finishedAt?: Range;
}

export interface DeliveryRow {
  readonly number: number;
  readonly id: string;
  readonly status: EventRow['status'];
  /** When it is tried again, while it is due. */
  readonly dueAt: number;
  readonly body: string;
  readonly log: readonly AttemptRow[];
}

/** What calls did and were told, for reading. Whatever the filter, calls are not kept waiting: it is read in pieces. */
export interface History {
  /** In the order they happened. */
  findCallEvents(filter: CallEventFilter): Promise<CallEventKey[]>;
  /** Of these those that are still kept, in the order of the keys. */
  callEvents(keys: readonly CallEventKey[]): Promise<CallEventRow[]>;
  /** Their numbers, in the order their events were committed. */
  findDeliveries(filter: DeliveryFilter): Promise<number[]>;
  deliveries(numbers: readonly number[]): Promise<DeliveryRow[]>;
  /** The delivery of the event with this id. */
  delivery(id: string): Promise<DeliveryRow | null>;
}

export interface Store extends History {
  /** Writes the whole batch or nothing. When it rejects, `committed` tells which. */
  commit(batch: Batch): Promise<void>;
  /** Whether the batch with this id was written. Asked right after its commit rejected, before any other commit. */
  committed(batchId: string): Promise<boolean>;
  /** Every live call, and those that ended after `endedAfter`. */
  calls(endedAfter: number): Promise<CallRow[]>;
  /** One call that is kept, live or ended. */
  call(id: string): Promise<CallRow | null>;
  /** The ids of the accepted commands of a call that is kept. */
  commandIds(callId: string): Promise<string[]>;
  /** The calls that the dial with this command id has made, in the order that was asked for. */
  dialled(commandId: string): Promise<string[]>;
  /** The receivers of events with status `due`, and how many each has. */
  dueReceivers(): Promise<{ readonly receiver: string; readonly events: number }[]>;
  /** The next due events of a receiver that were never tried, in the order they were committed; only those of one call, unless it is null. */
  untriedEvents(receiver: string, callId: string | null, except: readonly string[], limit: number): Promise<EventRow[]>;
  /** Its next due events that were tried, by the instant they are due at, whether or not that has come. */
  triedEvents(receiver: string, except: readonly string[], limit: number): Promise<EventRow[]>;
  /** All due events of these types that were tried, without their bodies. */
  triedOfTypes(types: readonly string[]): Promise<EventRow[]>;
  /** Makes an event due that was tried before, and says what it was; null if there is none. */
  redeliver(
    id: string,
    dueAt: number,
    progress: string,
  ): Promise<{ readonly receiver: string; readonly before: EventRow['status'] } | null>;
  settle(settlements: readonly Settlement[]): Promise<void>;
  /**
   * Forgets calls that ended before `endedBefore`, with their commands and events. Due events stay until they are delivered
   * or given up, and those that were given up as long after that.
   */
  prune(endedBefore: number): Promise<void>;
  /** The same, the oldest first, only until no more than `maxBytes` are in use; whether that was enough. */
  trim(maxBytes: number, endedBefore: number): Promise<boolean>;
  /** Every binding, also those that have ended meanwhile, by address-of-record and contact. */
  bindings(): Promise<BindingRow[]>;
  /** Puts these rows in the place of all that the address-of-record had: all of them or none. */
  bind(aor: string, rows: readonly BindingRow[]): Promise<void>;
  /** Every resource of this kind, the oldest first. */
  resources(kind: ResourceKind): Promise<ResourceRow[]>;
  /** Puts the row in the place of the one with its kind and id, if there is one. */
  putResource(row: ResourceRow): Promise<void>;
  dropResource(kind: ResourceKind, id: string): Promise<void>;
  get(name: string): Promise<string | null>;
  put(name: string, value: string): Promise<void>;
  /** Resolves if the store can be written to now; rejects with a sentence that says why not. */
  check(): Promise<void>;
  /** Writes a copy of everything, as it is when the copy is complete, to a file that does not exist yet. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
}
