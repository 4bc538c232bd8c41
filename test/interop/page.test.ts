// docs/interop.md shows what the tests of test/interop/table run, cell by cell: a tick is a cell that runs, here and now.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, render, ticksIn, versionsIn } from './table/page.ts';
import { peers } from './table/peers.ts';
import { isRun, rows } from './table/rows.ts';

const page = read();

for (const peer of peers) {
  test(`interop: what docs/interop.md ticks of ${peer.name} is what is run`, () => {
    const run = rows.filter((row) => isRun(peer.cells[row]));
    assert.deepEqual(ticksIn(page, peer.name), run, 'npm run interop');
  });
}

test('interop: docs/interop.md has a column for every peer, with its version', () => {
  const versions = versionsIn(page);
  assert.deepEqual(
    Object.keys(versions),
    peers.map(({ name }) => name),
    'npm run interop',
  );
  for (const [name, version] of Object.entries(versions)) assert.match(version, /^\d+\.\d+/, name);
});

test('interop: a cell that is lost is seen', () => {
  const [first] = peers;
  assert.ok(first);
  const lost = { ...first, cells: { ...first.cells, hold: { because: 'It was lost.' } } };
  const shown = ticksIn(render([lost], { [first.name]: '1.0' }), first.name);
  assert.ok(!shown.includes('hold') && shown.includes('call in'), shown.join(', '));
  assert.deepEqual(ticksIn(page, 'nobody'), []);
});
