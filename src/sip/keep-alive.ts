// What keeps the NATs open that are between us and a peer over UDP: two line ends now and then, to phones that are reached
// where their packets come from, and to where we have registered. Over connections their own pings do that (connections.ts).
// Deviation: RFC 5626 §4.4.2 asks with STUN, and only who has said that it answers. PBXs and phones seldom do, and all of
// them pass over line ends; that a NAT has moved us, the next REGISTER mends. Leaves out who is kept, and how one sends.
import type { Clock, Timer } from '../system.ts';
import type { Target } from './transport/transport.ts';

export interface KeepAlivesOptions {
  readonly clock: Clock;
  /** Seconds between two of them to the same place; 0: none are sent. RFC 5626 §4.4.2: 24 to 29. */
  readonly everySecs: number;
  /** Whom to keep, asked anew each second. */
  readonly targets: () => Iterable<Target>;
  readonly send: (target: Target) => void;
}

const second = 1000;

export class KeepAlives {
  readonly #options: KeepAlivesOptions;
  #timer: Timer = null;
  #turn = 0;

  constructor(options: KeepAlivesOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.everySecs > 0 && this.#timer === null) this.#arm();
  }

  stop(): void {
    this.#options.clock.cancel(this.#timer);
    this.#timer = null;
  }

  #arm(): void {
    this.#timer = this.#options.clock.after(second, () => {
      this.#arm();
      this.#send();
    });
  }

  #send(): void {
    const { everySecs, targets, send } = this.#options;
    const now = this.#turn;
    this.#turn = (now + 1) % everySecs;
    for (const target of targets()) if (target.transport === 'udp' && turnOf(target, everySecs) === now) send(target);
  }
}

/** In which second of a round a place has its turn: by its name, so that all of them are spread and none is remembered. */
export function turnOf({ host, port }: Target, everySecs: number): number {
  let sum = port;
  for (let at = 0; at < host.length; at += 1) sum = (Math.imul(sum, 31) + host.charCodeAt(at)) >>> 0;
  return sum % everySecs;
}
