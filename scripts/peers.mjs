// The real programs that test/interop talks to: which they are, where they are, and how they get onto a machine.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Each program with the Debian package that brings it. */
const packages = {
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  kamailio: 'kamailio',
  'kamailio-tls': 'kamailio-tls-modules',
  dnsmasq: 'dnsmasq-base',
  linphonec: 'linphone-cli',
  script: 'bsdutils',
};

/** What is no program of its own, by where it is. */
const modules = { 'kamailio-tls': '/usr/lib/*/kamailio/modules/tls.so' };

/** @typedef {keyof typeof packages} Peer */

/** Where the program or module is, or null. Kamailio lives in sbin, which is not on everybody's PATH. */
export function pathOf(program) {
  if (modules[program]) return globSync(modules[program])[0] ?? null;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

/**
 * Why a test that needs these peers cannot run here, or false: the value of its `skip`.
 * @param {Peer[]} programs
 */
export function lacks(...programs) {
  const missing = programs.filter((program) => !pathOf(program));
  return missing.length > 0 && `${missing.join(' and ')} not installed (apt-get install ${packagesOf(missing)})`;
}

/** Installs what is missing where that is possible without a question, and says how to where it is not. */
export function installPeers() {
  const missing = Object.keys(packages).filter((program) => !pathOf(program));
  if (missing.length === 0) return;
  const names = packagesOf(missing);
  const asRoot = pathOf('apt-get') && (process.getuid?.() === 0 ? [] : sudo());
  if (!asRoot) {
    console.error(
      `Not installed: ${missing.join(', ')}. Tests that need them are skipped; on Debian: sudo apt-get install ${names}`,
    );
    return;
  }
  console.error(`Installing ${names} with apt-get, for the tests with real SIP peers …`);
  const [command, ...args] = [...asRoot, 'sh', '-c', script, 'peers', ...names.split(' ')];
  const apt = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (apt.status !== 0) console.error(`apt-get did not finish:\n${apt.stdout ?? ''}${apt.stderr ?? apt.error}`);
}

/**
 * The package lists are fetched only when an install fails without. A SIP proxy that starts by itself, now or at boot,
 * would take port 5060 from whoever tries Switchhook next: policy-rc.d keeps it down (Debian Policy 9.3.3).
 */
const script = `
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod +x "$policy"
fi
apt() { apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::http::Timeout=30 "$@"; }
install() { apt install -y --no-install-recommends "$@"; }
install "$@" || { apt update && install "$@"; } || exit 1
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then systemctl disable -q kamailio || true; fi
`;

function sudo() {
  return spawnSync('sudo', ['-n', 'true']).status === 0 ? ['sudo', '-n'] : null;
}

function packagesOf(programs) {
  return programs.map((program) => packages[program]).join(' ');
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
