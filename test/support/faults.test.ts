import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fateBy, lossy } from './faults.ts';

test('of copies of one text only so many in a row are lost', () => {
  const fate = fateBy({ loss: 0.9, lossesInARow: 2 });
  let inARow = 0;
  let most = 0;
  for (let n = 0; n < 1_000; n += 1) {
    fate(`another ${n}`);
    inARow = fate('the same').length === 0 ? inARow + 1 : 0;
    most = Math.max(most, inARow);
  }
  assert.equal(most, 2);
});

test('a fifth is lost, a fifth comes twice', () => {
  const fate = fateBy(lossy);
  const copies = Array.from({ length: 10_000 }, (_, n) => fate(String(n)).length);
  const share = (count: number) => copies.filter((each) => each === count).length / copies.length;
  assert.ok(Math.abs(share(0) - 0.2) < 0.02, `${share(0)} lost`);
  assert.ok(Math.abs(share(2) - 0.16) < 0.02, `${share(2)} doubled`);
});
