// One task of package.json's "scripts", on a machine that may be fresh: node scripts/run.mjs TASK [arguments]
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ready, root } from './ready.mjs';

const bin = (name) => join(root, 'node_modules', name);
const biome = bin('@biomejs/biome/bin/biome');
const ts = bin('typescript/bin/tsc');

/** Each task is a list of steps, each step the arguments given to Node 26; the first that fails ends the task. */
const tasks = {
  start: [['src/main.ts']],
  switchhook: [['bin/switchhook.mjs']],
  demo: [['examples/demo/main.ts']],
  docs: [['scripts/docs.ts', '--write']],
  build: [['scripts/build.ts']],
  interop: [['scripts/interop.ts']],
  bench: [['bench/main.ts']],
  'bench:sip': [['bench/sip.ts']],
  'bench:store': [['bench/store.ts']],
  fuzz: [['test/fuzz/main.ts']],
  crash: [['test/crash/main.ts']],
  audit: [['scripts/audit.ts']],
  fix: [[biome, 'check', '--write', '.']],
  check: [
    [ts, '-p', '.'],
    [biome, 'check', '--error-on-warnings', '.'],
    [bin('knip/bin/knip.js')],
    ['scripts/test.ts', 'test/architecture.test.ts', 'test/dependencies.test.ts'],
    ['scripts/docs.ts'],
  ],
  'test:unit': [['scripts/test.ts', '--unit']],
  test: [['scripts/test.ts']],
};

const [name, ...args] = process.argv.slice(2);
const steps = tasks[name];
if (!steps) {
  console.error(`Unknown task ${name}: one of ${Object.keys(tasks).join(', ')}.`);
  process.exit(2);
}
const node = ready();
for (const step of steps) {
  const code = await run(step === steps.at(-1) ? [...step, ...args] : step);
  if (code !== 0) process.exit(code);
}

/** Runs Node 26 and resolves to its exit code. What would end this process ends that one, and this one by it. */
function run(step) {
  const child = spawn(node, step, { cwd: root, stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  // A shell between npm and us dies of the signal that npm was ended with and does not pass it on.
  const parent = process.ppid;
  const orphaned = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 500);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearInterval(orphaned);
      for (const each of signals) process.off(each, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}
