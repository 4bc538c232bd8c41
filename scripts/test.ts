// Runs the tests: node scripts/test.ts [--unit] [files or folders]. Those that need no other program run together in
// this process; those that do (test/interop, test/system) each get their own, after the peers they talk to are there.
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { installPeers } from './peers.mjs';
import { root } from './ready.mjs';
import { Report } from './report.ts';

const isUnit = (file: string) => !/^test\/(interop|system|examples)\/|^test\/docs\.test\.ts$/.test(file);
/** How long nothing may be heard: then a test hangs, or has left open what keeps the process from ending. */
const silenceMs = 60_000;
/** For a file of the others; the longest takes half a minute on a core of its own. */
const interopTimeoutMs = 240_000;

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
  if (!ended) end(`The run ended with code ${code} before all tests had.`);
});

const unit = files.filter(isUnit);
// test/system first: what computes there takes the time in which those of test/interop wait for their peers.
const others = files.filter((file) => !isUnit(file)).reverse();
if (unit.length > 0) await runAll({ files: unit, isolation: 'none' }, silenceMs);
if (others.length > 0) {
  installPeers();
  await runAll({ files: others, isolation: 'process', concurrency: 2, timeout: interopTimeoutMs }, interopTimeoutMs);
}
end(report.counts.passed + report.counts.failed === 0 ? 'No test ran.' : undefined);

async function runAll(options: Parameters<typeof run>[0] & object, patienceMs: number): Promise<void> {
  const giveUp = () =>
    end(`Nothing was heard for ${patienceMs / 1000} s after the test "${report.running}" had begun.`);
  let watchdog = setTimeout(giveUp, patienceMs).unref();
  for await (const event of run({ ...options, files: options.files?.map((file) => join(root, file)) ?? [] })) {
    clearTimeout(watchdog);
    watchdog = setTimeout(giveUp, patienceMs).unref();
    report.take(event);
  }
  clearTimeout(watchdog);
}

/** Says how it went and exits, even if a test has left something open. */
function end(complaint?: string): never {
  ended = true;
  report.end(complaint);
  process.exit(report.counts.failed > 0 || report.counts.passed === 0 ? 1 : 0);
}
