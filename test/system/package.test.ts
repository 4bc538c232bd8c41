// The SIP stack as others get it: built, packed, unpacked below node_modules, used from plain JavaScript and from TypeScript
// by the oldest way there is: its name. Nothing is fetched.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { root } from '../../scripts/ready.mjs';

const caller = `
import assert from 'node:assert/strict';
import { openSystem, sdp, UdpTransport, UserAgent } from 'switchhook/sip';

const local = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'inactive' };
const system = openSystem();
const agent = (name, invited) =>
  new UserAgent({ system, name, transports: [new UdpTransport({ system, host: '127.0.0.1', port: 0 })], invited });
const bob = agent('bob', (invite) => invite.accept({ sdp: sdp.answer(invite.request.body, local).sdp }));
const alice = agent('alice');
await Promise.all([alice.listen(), bob.listen()]);
const { status, call } = await alice.invite(bob.uri, { sdp: sdp.offer(local) });
assert.deepEqual([status, bob.calls.length], [200, 1]);
assert.equal((await call.bye()).status, 200);
await Promise.all([alice.close(), bob.close()]);
console.log('called');
`;

const consumer = `
import { isFailure, openSystem, parse, UdpTransport, UserAgent, type InviteOutcome } from 'switchhook/sip';

const system = openSystem();
const agent = new UserAgent({ system, name: 'a', transports: [new UdpTransport({ system, host: '127.0.0.1', port: 0 })] });
export const outcome: Promise<InviteOutcome> = agent.invite('sip:b@example.com', { sdp: '' });
const message = parse('');
export const sentence: string = isFailure(message) ? message.failure : message.callId;
// @ts-expect-error: there is no such option, and the types know it.
new UdpTransport({ system, host: '127.0.0.1', port: 0, nonsense: true });
`;

/** A project with the tarball unpacked as npm would, and the packages that its manifest names. */
function project(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'switchhook-package-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const run = (file: string, ...args: string[]) => execFileSync(file, args, { cwd: folder, encoding: 'utf8' });
  run(process.execPath, join(root, 'scripts/build.ts'), join(folder, 'built'));
  const [{ filename }] = JSON.parse(run('npm', 'pack', './built', '--json', '--offline', '--ignore-scripts'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  run('tar', '-xzf', filename);
  run('mv', 'package', join(modules, 'switchhook'));
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'switchhook/package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

test('the package: what is in it, a call from JavaScript, the types', { timeout: 120_000 }, async (t) => {
  const folder = project(t);
  const inside = join(folder, 'node_modules/switchhook');
  const manifest = JSON.parse(readFileSync(join(inside, 'package.json'), 'utf8'));

  await t.test('it needs ws and nothing else', () => {
    assert.deepEqual(Object.keys(manifest.dependencies), ['ws']);
    assert.equal(manifest.devDependencies ?? manifest.optionalDependencies ?? manifest.private, undefined);
  });

  await t.test('it has JavaScript, maps and declarations, and nothing of the server', () => {
    assert.deepEqual(readdirSync(inside).sort(), [
      ...['LICENSE', 'README.md', 'allowance.d.ts', 'allowance.js', 'allowance.js.map', 'package.json', 'sip'],
      ...['system.d.ts', 'system.js', 'system.js.map'],
    ]);
    const files = readdirSync(join(inside, 'sip'), { recursive: true, withFileTypes: true });
    const others = files.filter((each) => each.isFile() && !/(\.js|\.js\.map|\.d\.ts)$/.test(each.name));
    assert.deepEqual(others, []);
  });

  await t.test('two user agents call each other on loopback', () => {
    writeFileSync(join(folder, 'call.js'), caller);
    assert.equal(execFileSync(process.execPath, ['call.js'], { cwd: folder, encoding: 'utf8' }), 'called\n');
  });

  await t.test('a consumer in TypeScript is checked, without skipping the declarations', () => {
    writeFileSync(join(folder, 'consumer.ts'), consumer);
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'esnext', '--types', 'node'];
    const args = [tsc, ...strict, '--lib', 'esnext', 'consumer.ts', '--ignoreConfig'];
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  });
});
