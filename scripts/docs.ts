// The pages of docs/ that are made from the code. With --write they are written, otherwise compared: a stale page fails. One
// that is made from a run is only compared: the rows, columns and notes of the table, not what ran.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages } from './pages.ts';
import { root } from './ready.mjs';

const stale: string[] = [];
for (const { path, render, writtenBy } of pages) {
  const file = join(root, path);
  const text = await render();
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (process.argv.includes('--write') && writtenBy === undefined) writeFileSync(file, text);
  else stale.push(`${path} (${writtenBy ?? 'npm run docs'})`);
}
if (stale.length > 0) {
  console.error(`Not what the code says any more: ${stale.join(', ')}. Run that and commit the result.`);
  process.exitCode = 1;
}
