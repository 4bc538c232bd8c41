// Runs a column: each cell is a test of its own, over each of its transports. A cell that cannot be run shows why.
import { type TestContext, test } from 'node:test';
import { without } from '../support/peers.ts';
import { Scope } from '../support/scope.ts';
import { nameOf, openWorld, phonesFile, placeOf, type World } from './place.ts';
import { isRun, type Peer, type Row, rows } from './rows.ts';

const atOnce = 4;

export function run(peer: Peer): void {
  test(`interop: ${peer.name}`, { skip: without(...peer.needs), concurrency: atOnce }, async (t) => {
    const all = rows.flatMap((row) => testsOf(peer, row));
    const file = phonesFile(all.map(({ row, transport }) => nameOf(row, transport)));
    const world = await openWorld(new Scope(t), { file, ...(peer.settings && { settings: peer.settings }) });
    await Promise.all(all.map(({ name, ...each }) => t.test(name, (t) => play(t, world, each))));
  });
}

type Test = ReturnType<typeof testsOf>[number];

/** The tests of a cell. */
function testsOf({ cells }: Peer, row: Row) {
  const cell = cells[row];
  if (isRun(cell))
    return cell.over.map((transport) => ({ name: `${row} over ${transport}`, row, transport, run: cell.run }));
  return cell.shows ? [{ name: `${row}: cannot`, row, transport: 'udp' as const, run: cell.shows }] : [];
}

async function play(t: TestContext, world: World, { row, transport, run }: Omit<Test, 'name'>): Promise<void> {
  await run(placeOf(t, world, row, transport));
}
