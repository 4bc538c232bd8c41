// The SIP stack as a package of its own, in JavaScript: node scripts/build.ts [folder]. What src/sip/index.ts reaches is
// compiled, and a manifest written that names the packages it needs and no others: `npm pack ./dist` makes the tarball.
// Node refuses TypeScript below node_modules, so the sources themselves cannot be published.
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { root } from './ready.mjs';

const folder = resolve(root, process.argv[2] ?? 'dist');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', folder], {
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(1);

const imported = new Set<string>();
for (const file of globSync('**/*.{js,d.ts}', { cwd: folder })) {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  for (const [, name = ''] of text.matchAll(/\bfrom '((?!node:)[^.'][^']*)'/g)) imported.add(name);
  // tsc leaves the names of sources in declarations; what is there are declarations of JavaScript.
  if (file.endsWith('.d.ts'))
    writeFileSync(path, text.replaceAll(/((?:from |import\()['"]\.[^'"]+)\.ts(?=['"])/g, '$1.js'));
}

const { name, version, license, type, engines } = manifest;
const versions: Readonly<Record<string, string>> = manifest.dependencies;
const dependencies = Object.fromEntries([...imported].sort().map((each) => [each, `^${versions[each]}`]));
const exported = { types: './sip/index.d.ts', default: './sip/index.js' };
const published = {
  ...{ name, version, license, type, engines, dependencies },
  description: 'A SIP stack for servers: endpoint, user agent, dialogs, registrar, over UDP, TCP, TLS and WebSocket',
  exports: { './sip': exported },
  // The declarations speak of Buffer and of node:tls.
  peerDependencies: { '@types/node': '*' },
  peerDependenciesMeta: { '@types/node': { optional: true } },
};
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
copyFileSync(join(root, 'docs/sip.md'), join(folder, 'README.md'));
