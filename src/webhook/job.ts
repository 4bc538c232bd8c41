// An event that is held in memory, to be tried now or as soon as its turn comes. All others wait in the store.
import type { Destination, EventRow } from '../store/store.ts';
import { type Progress, resume } from './retry.ts';

/** What a place is counted for: a first attempt in time, a late one, another one, or a first one that waits for a refer. */
export type Place = 'first' | 'late' | 'again' | 'parked';

export interface Job {
  readonly row: EventRow;
  readonly destination: Destination;
  /** Whether it came from the store, later than it happened. */
  readonly isLate: boolean;
  place: Place;
  attempts: number;
  progress: Progress;
  /** What came of the last attempt, for the log: a status, or why there was none. */
  answer: number | string | null;
  /** Whether it is to be tried once more, whatever comes of this attempt. */
  isAskedFor: boolean;
}

export function jobOf(row: EventRow, destination: Destination, isLate: boolean): Job {
  const { attempts } = row;
  const progress = resume(row.progress, attempts, destination);
  const place = attempts > 0 ? 'again' : isLate ? 'late' : 'first';
  return { row, destination, isLate, place, attempts, progress, answer: null, isAskedFor: false };
}
