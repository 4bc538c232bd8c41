// A store in memory whose commits can be made to fail, to wait, or to be written without saying so.
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Batch, Store } from '../../src/store/store.ts';

/** Of the commits that begin from now on. `writes and rejects`: what a lost answer to COMMIT looks like. */
export type Mood = 'writes' | 'fails' | 'writes and rejects';

export interface WilfulStore extends Store {
  mood: Mood;
  /** How often it does not know the outcome of a commit when it is asked. */
  forgetful: number;
  /** Commits wait until `goOn`. */
  waits: boolean;
  goOn(): void;
  /** What was tried, in order, written or not. */
  readonly tried: readonly Batch[];
}

export function wilfulStore(): WilfulStore {
  const store = openSqlite(':memory:');
  const tried: Batch[] = [];
  let waiting: (() => void)[] = [];
  const own: Partial<WilfulStore> & { mood: Mood; forgetful: number; waits: boolean } = {
    mood: 'writes',
    forgetful: 0,
    waits: false,
    tried,
    goOn: () => {
      const those = waiting;
      waiting = [];
      for (const go of those) go();
    },
    commit: async (batch) => {
      tried.push(batch);
      const { mood } = own;
      if (own.waits) await new Promise<void>((go) => waiting.push(go));
      if (mood !== 'fails') await store.commit(batch);
      if (mood !== 'writes') throw new Error('disk I/O error');
    },
    committed: async (batchId) => {
      own.forgetful -= 1;
      if (own.forgetful >= 0) throw new Error('the disk is gone');
      return store.committed(batchId);
    },
  };
  return new Proxy(own as WilfulStore, {
    get: (_own, name: keyof WilfulStore) => {
      if (name in own) return own[name];
      const value = store[name as keyof Store] as (...args: never[]) => unknown;
      return value.bind(store);
    },
  });
}
