// Asks the registry about the packages of the lock file: which have known weaknesses, and whether each is signed as it
// was published. What needs no registry is in test/dependencies.test.ts. A registry that does not offer an answer, as
// mirrors often do not, is said by name and ends with 2: neither good news nor bad.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

const questions = [
  { of: 'known weaknesses', args: ['audit', '--audit-level=low'] },
  { of: 'signatures', args: ['audit', 'signatures'] },
];

/** What npm says when the registry has no such endpoint or cannot be reached, rather than an answer. */
const unanswered =
  /audit endpoint returned an error|\bE(NOAUDIT|404|NETUNREACH|CONNREFUSED|AI_AGAIN)\b|ENOTFOUND|npm error network|no trusted keys|found no dependencies to audit/i;

/** `npm run --silent` hands its silence down; and a registry that cannot be reached need not be asked three times. */
const options = ['--loglevel=error', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const codes = questions.map(({ of, args }) => {
  console.log(`\n${of}:`);
  const { status, stdout, stderr } = spawnSync(npm, [...args, ...options], {
    cwd: dirname(import.meta.dirname),
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (status === 0) return 0;
  if (!unanswered.test(stdout + stderr)) return 1;
  console.log(`The registry does not answer about ${of}.`);
  return 2;
});
process.exitCode = codes.includes(1) ? 1 : Math.max(...codes);
