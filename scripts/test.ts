// Runs the tests: node scripts/test.ts [--unit] [files or folders]. Those that need no other program run together in
// this process; those that do (test/interop, test/system) each get their own, after the peers they talk to are there.
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { installPeers } from './peers.mjs';
import { root } from './ready.mjs';
import { Report } from './report.ts';

const isUnit = (file: string) => !/^test\/(interop|system)\//.test(file);
const unitTimeoutMs = 30_000;
const timeoutMs = 180_000;

const { values, positionals } = parseArgs({ options: { unit: { type: 'boolean' } }, allowPositionals: true });
process.chdir(root);
const wanted = positionals.map((path) => relative(root, join(root, path)));
const files = globSync('test/**/*.test.ts')
  .sort()
  .filter((file) => wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path}/`)))
  .filter((file) => !values.unit || isUnit(file));

const report = new Report((file) => process.env.CI !== undefined && !isUnit(file));
let ended = false;
process.on('exit', (code) => {
  if (ended) return;
  report.end(`The run ended with ${code} before all tests had.`);
  process.exitCode = 1;
});

const unit = files.filter(isUnit);
const others = files.filter((file) => !isUnit(file));
if (unit.length > 0) await runAll({ files: unit, isolation: 'none', timeout: unitTimeoutMs });
if (others.length > 0) {
  installPeers();
  await runAll({ files: others, isolation: 'process', concurrency: 2, timeout: timeoutMs });
}
ended = true;
const { passed, failed } = report.counts;
report.end(passed + failed === 0 ? 'No test ran.' : undefined);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function runAll(options: Parameters<typeof run>[0] & object): Promise<void> {
  for await (const event of run({ ...options, files: options.files?.map((file) => join(root, file)) ?? [] })) {
    report.take(event);
  }
}
