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

  /** How many calls have not ended, or still owe their peer a request. */
  get left(): number {
    let left = 0;
    for (const { call, open } of this.#calls) {
      const isOver = call.phase.name === 'ended' && call.outbound === null && requestsOut(call).length === 0;
      if (!isOver || open > 0) left += 1;
    }
    return left;
  }
}
