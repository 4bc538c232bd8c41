// npm run bench:store [-- --commits 1000 --folder .]
// What a commit costs in either durability on the disk of `folder`, in turns, so that the ratio means something on a
// noisy machine: each commit as a call makes it, its state with two events.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Durability, openSqlite } from '../src/store/sqlite.ts';
import type { Batch } from '../src/store/store.ts';

const { values } = parseArgs({
  options: { commits: { type: 'string', default: '1000' }, folder: { type: 'string', default: '.' } },
});
const rounds = 5;
const commits = Math.ceil(Number(values.commits) / rounds);
const folder = mkdtempSync(join(values.folder, 'bench-store-'));
const state = JSON.stringify({ sdp: 'v=0'.padEnd(3000, 'x') });

const subjects = (['process', 'power'] as const).map((durability) => ({
  durability,
  store: openSqlite(join(folder, `${durability}.db`), { durability }),
  times: [] as number[],
}));
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const { durability, store, times } of subjects) {
      for (let count = 0; count < commits; count += 1) {
        const began = performance.now();
        await store.commit(turn(durability, `${round}-${count}`));
        times.push(performance.now() - began);
      }
    }
  }
  const [base] = subjects.map(({ times }) => mean(times));
  console.log(`${rounds * commits} commits each, in milliseconds.\n`);
  for (const { durability, times } of subjects) {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(2);
    const ratio = (mean(times) / (base ?? 1)).toFixed(1);
    console.log(
      `${durability.padEnd(8)} mean ${mean(times).toFixed(2)}  p50 ${at(0.5)}  p99 ${at(0.99)}  ratio ${ratio}`,
    );
  }
} finally {
  for (const { store } of subjects) await store.close();
  rmSync(folder, { recursive: true });
}

function turn(durability: Durability, id: string): Batch {
  const callId = `v3:${durability}-${id}`;
  const call = { id: callId, legId: id, sessionId: id, connectionId: '1', from: 'a', to: 'b', state, endedAt: null };
  const events = [1, 2].map((sequence) => ({
    ...{ id: `${callId}-${sequence}`, callId, sequence, type: 'call.initiated', body: state.slice(0, 1500) },
    ...{ occurredAt: 0, destination: null, status: 'delivered' as const, attempts: 0, dueAt: 0 },
    ...{ copy: 0, progress: null },
  }));
  return { id: callId, calls: [call], events, commands: [] };
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, each) => sum + each, 0) / times.length;
}
