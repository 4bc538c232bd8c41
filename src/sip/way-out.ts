// The way of a message out: where its target leads and in what order to try (RFC 3263), how it reads for each of these
// places, and by which listener it leaves. Leaves out waiting for an answer (attempts.ts, transactions.ts).
import { isIP } from 'node:net';
import type { System } from '../system.ts';
import type { Hop } from './attempts.ts';
import type { Listener, Listeners } from './listeners.ts';
import { readdressed } from './readdress.ts';
import type { Outgoing } from './transaction/transactions.ts';
import type { FailedPlaces } from './transport/failed-places.ts';
import { type LocationOptions, locate } from './transport/location.ts';
import { kept, type Records } from './transport/records.ts';
import type { Resolve } from './transport/resolve.ts';
import { nowhere, reliable, type Target } from './transport/transport.ts';

/**
 * Every message that leaves or arrives, copies included. `at` is in wall-clock milliseconds; `callId` is null where a
 * message does not say it.
 */
export type Trace = (entry: {
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly peer: Target;
  readonly text: string;
  readonly callId: string | null;
}) => void;

export interface WayOutOptions {
  readonly system: System;
  readonly listeners: Listeners;
  readonly places: FailedPlaces;
  readonly resolve: Resolve;
  readonly records: Pick<Records, 'srv' | 'naptr'> | undefined;
  readonly trace: Trace | undefined;
}

type Failed = (error: Error) => void;

/** A request and where it was written for. */
type Written = Pick<Outgoing, 'branch' | 'text' | 'target'>;

/** RFC 3261 §18.1.1: what is larger is cut into fragments on many a way, and lost as soon as one of them is. */
const largestDatagram = 1300;

/** Whether a target needs no look-up first: an address, or a connection that may still be open. */
export function isSendable({ transport, host, flow }: Target): boolean {
  return isIP(host) !== 0 || (reliable[transport] && flow !== undefined);
}

export class WayOut {
  readonly #options: WayOutOptions;
  readonly #location: LocationOptions;

  constructor(options: WayOutOptions) {
    this.#options = options;
    this.#location = locationOptions(options);
  }

  transmit(text: string, target: Target, failed: Failed): void {
    const { listeners, system, trace } = this.#options;
    const listener = listeners.for(target);
    if (!listener) {
      const error = new Error(`There is no ${target.transport} listener to send from.`);
      system.clock.soon(() => failed(error));
      return;
    }
    if (trace) trace({ at: system.clock.date(), direction: 'out', peer: target, text, callId: callIdOf(text) });
    if (isIP(target.host) !== 0) listener.transport.send(text, target, failed);
    else this.#transmitByFlow(listener, text, target, failed);
  }

  /** What has no transaction goes to the first place that can be reached. */
  sendOnce(text: string, target: Target, failed: Failed): void {
    const go = (located: readonly Target[]): void => this.#tryOnce(text, target, this.hopsOf(text, located), failed);
    if (isSendable(target)) go([target]);
    else this.#lookUp(target, go, failed);
  }

  /** Sends two line ends: a NAT on the way stays open (keep-alive.ts). Nobody is told what becomes of them. */
  ping(target: Target): void {
    this.#options.listeners.for(target)?.transport.send('\r\n\r\n', target, () => {});
  }

  async locate(target: Target): Promise<readonly Target[]> {
    return this.#options.places.inOrder(await locate(target, this.#location));
  }

  /** RFC 3261 §18.1.1: a large request goes by TCP where we have it, and by UDP after all where the peer has not. */
  isTooLarge(text: string, { transport, behindNat }: Target): boolean {
    if (transport !== 'udp' || behindNat) return false;
    return text.length > largestDatagram && this.#options.listeners.speaks('tcp');
  }

  hopsOf(text: string, targets: readonly Target[]): readonly Hop[] {
    return targets.flatMap((target): Hop[] => {
      const itself = { target, ifUnreachable: false, forSize: false };
      if (!this.isTooLarge(text, target)) return [itself];
      const { host, port } = target;
      return [
        { target: { transport: 'tcp', host, port }, ifUnreachable: false, forSize: true },
        { ...itself, ifUnreachable: true },
      ];
    });
  }

  /** The text as it was decided, unless another transport or another branch makes it another transaction. */
  readdress(request: Written, { target, forSize }: Pick<Hop, 'target' | 'forSize'>, branch: string): string {
    if (branch === request.branch && target.transport === request.target.transport) return request.text;
    const { listeners } = this.#options;
    const addressOf = ({ transport, flow }: Target) => listeners.address(transport, flow) ?? nowhere(transport);
    const change = { from: addressOf(request.target), to: addressOf(target), contact: !forSize };
    return readdressed(request.text, branch, change);
  }

  /** A host name goes by its connection; once that is closed, the next one is opened to where the name leads. */
  #transmitByFlow({ transport }: Listener, text: string, target: Target, failed: Failed): void {
    const go = ([located]: readonly Target[]): void => this.transmit(text, located!, failed);
    transport.send(text, target, () => this.#lookUp({ ...target, transport: transport.name }, go, failed));
  }

  #lookUp(target: Target, go: (located: readonly Target[]) => void, failed: Failed): void {
    this.locate(target)
      .then(go, failed)
      .catch((error) => this.#options.system.log.error({ err: error, target }, 'a message was not sent: a fault'));
  }

  #tryOnce(text: string, asked: Target, [hop, ...others]: readonly Hop[], failed: Failed): void {
    const branch = /;branch=([^;,\s]+)/i.exec(text)?.[1] ?? '';
    const sent = this.readdress({ branch, text, target: asked }, hop!, branch);
    this.transmit(sent, hop!.target, (error) => {
      if (others.length === 0) failed(error);
      else this.#tryOnce(text, asked, others, failed);
    });
  }
}

function locationOptions({ system, listeners, resolve, records }: WayOutOptions): LocationOptions {
  const none = async (): Promise<readonly never[]> => [];
  const all = { addresses: resolve, srv: records?.srv ?? none, naptr: records?.naptr ?? none };
  return {
    records: kept(all, system.clock),
    chance: () => Number.parseInt(system.ids.seed().slice(0, 8), 16) / 2 ** 32,
    speaks: (transport) => listeners.speaks(transport),
    reaches: (transport, version) => listeners.reaches(transport, version),
  };
}

const callIdField = '\r\nCall-ID: ';

/** The Call-ID of a message as message.ts and write.ts write it. */
function callIdOf(text: string): string | null {
  const at = text.indexOf(callIdField) + callIdField.length;
  return at < callIdField.length ? null : text.slice(at, text.indexOf('\r\n', at));
}
