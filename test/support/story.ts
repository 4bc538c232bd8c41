// What a call on paper has gone through, drawn as a ladder: what a property that fails shows of the shortest case it found.

import type { Effect } from '../../src/call/state.ts';
import { describe, drawLadder, type LadderEntry } from '../../src/sip/ladder.ts';
import { epoch } from './fake-system.ts';

const columns = ['peer', 'us', 'application'];

export class Story {
  readonly #trace: LadderEntry[] = [];

  /** Something that is given to the call, or happens to it. */
  happens(at: number, label: string): void {
    this.#trace.push({ at, from: 'us', to: 'us', label, tone: 'mark' });
  }

  /** What the call decides on it. */
  decides(at: number, effects: readonly Effect[]): void {
    for (const effect of effects) {
      const drawn = drawnOf(effect);
      if (drawn) this.#trace.push({ at, from: 'us', ...drawn });
    }
  }

  toString(): string {
    return `\n${drawLadder(this.#trace, { columns, startedAt: epoch })}`;
  }
}

function drawnOf(effect: Effect): Omit<LadderEntry, 'at' | 'from'> | null {
  switch (effect.type) {
    case 'respond':
    case 'repeat':
      return { to: 'peer', ...describe(effect.text) };
    case 'send':
    case 'ack':
      return { to: 'peer', ...describe(effect.request.text) };
    case 'event':
      return { to: 'application', label: effect.event.type, tone: 'event' };
    default:
      return null;
  }
}
