// Runs every cell of the interop table and writes docs/interop.md. A cell that fails, or that cannot run because its peer is
// not installed, is said, and the page stays as it was.
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { path, render } from '../test/interop/table/page.ts';
import { peers } from '../test/interop/table/peers.ts';
import { installPeers, lacks } from './peers.mjs';
import { root } from './ready.mjs';
import { Report } from './report.ts';

process.chdir(root);
installPeers();
const missing = peers.map(({ needs }) => lacks(...needs)).filter((reason) => reason !== false);
if (missing.length > 0) {
  console.error(`The table cannot be run: ${missing.join('; ')}.`);
  process.exit(1);
}
const report = new Report(() => true);
const files = globSync('test/interop/table/*.test.ts').sort();
const options = { isolation: 'process', concurrency: 2, timeout: 120_000 } as const;
for await (const event of run({ ...options, files: files.map((file) => join(root, file)) })) report.take(event);
report.end();
if (report.counts.failed > 0) {
  console.error(`${path} stays as it was.`);
  process.exit(1);
}
writeFileSync(path, render(peers, Object.fromEntries(peers.map(({ name, version }) => [name, version()]))));
console.log(`${path} is written.`);
process.exit(0);
