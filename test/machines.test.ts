// docs/machines.md is what the machines say: a machine that decides otherwise shows in review as a changed page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { machines } from '../scripts/machines.ts';

test('docs/machines.md is up to date; if it should change, run "npm run docs"', () => {
  assert.equal(machines(), readFileSync(new URL('../docs/machines.md', import.meta.url), 'utf8'));
});
