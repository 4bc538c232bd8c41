// The end of all calls at once: each that lives is hung up as by a command of its application, and waited for until it
// owes its peer nothing. Leaves out when that is wanted (server.ts).
import { requestsOut } from './call.ts';
import type { Driver } from './driver.ts';
import type { Live } from './live.ts';
import { isAlive } from './state.ts';

const hangup = { name: 'hangup', headers: [], clientState: null } as const;

export class Clearing {
  readonly #calls: Iterable<Live>;
  readonly #driver: Pick<Driver, 'decide'>;
  /** The driver sees to it that each is hung up, however often its commit fails. */
  readonly #asked = new WeakSet<Live>();

  constructor(calls: Iterable<Live>, driver: Pick<Driver, 'decide'>) {
    this.#calls = calls;
    this.#driver = driver;
  }

  /** Hangs up those that live: BYE, CANCEL or 480. Asked again, it hangs up what has begun since. */
  hangUp(): void {
    for (const live of [...this.#calls]) {
      if (!isAlive(live.call) || this.#asked.has(live)) continue;
      this.#asked.add(live);
      this.#driver.decide(live, { type: 'command', command: hangup, rtpPort: null });
    }
  }

  /** Whether every call has ended, and each request of ours has its answer. */
  get isClear(): boolean {
    for (const { call, open } of this.#calls) {
      const isOver = call.phase.name === 'ended' && call.outbound === null && requestsOut(call).length === 0;
      if (!isOver || open > 0) return false;
    }
    return true;
  }
}
