// What can be said of our dependencies without asking anyone: the lock file names every package that package.json needs
// and all that those need, each with the hash of its content, and none runs a script of its own when it is installed or
// comes under a licence that nobody has agreed to. `npm run audit` asks the registry for the rest.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

const licences = ['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'MIT OR Apache-2.0'];

/** Packages that may run a script at their installation: none needs to. */
const installScripts: readonly string[] = [];

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, Package>>;

const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Packages };
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** What is wrong with the lock file, one sentence each; `wanted` is package.json. */
function faults(lock: Packages, wanted: Package): string[] {
  return [
    ...differences(lock[''] ?? {}, wanted),
    ...Object.entries(lock).flatMap(([path, each]) => [
      ...missing(lock, path, each),
      ...(path === '' ? [] : untrusted(path, each)),
    ]),
  ];
}

/** npm compares the two itself when it installs, but only then. */
function differences(locked: Package, wanted: Package): string[] {
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;
  return kinds
    .filter((kind) => JSON.stringify(locked[kind] ?? {}) !== JSON.stringify(wanted[kind] ?? {}))
    .map((kind) => `The ${kind} of package.json are not those of the lock file.`);
}

/** A package is looked for where Node would: below who needs it, then one level up and so on. */
function missing(
  lock: Packages,
  path: string,
  { dependencies, devDependencies, optionalDependencies }: Package,
): string[] {
  const needed = { ...dependencies, ...(path === '' ? devDependencies : {}), ...optionalDependencies };
  return Object.keys(needed)
    .filter((name) => !places(path, name).some((place) => lock[place]))
    .map((name) => `${name}, which ${nameOf(path) || 'package.json'} needs, is not in the lock file.`);
}

function places(path: string, name: string): string[] {
  const below = path.split('/node_modules/');
  const levels = below.map((_, index) => `${below.slice(0, index + 1).join('/node_modules/')}/node_modules/${name}`);
  return [...(path === '' ? [] : levels), `node_modules/${name}`];
}

function untrusted(path: string, { integrity, resolved, license, hasInstallScript }: Package): string[] {
  const name = nameOf(path);
  const isElsewhere = resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/');
  return [
    ...(/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '') ? [] : [`${name} has no SHA-512 hash.`]),
    ...(isElsewhere ? [`${name} comes from ${resolved}.`] : []),
    ...(licences.includes(license ?? '') ? [] : [`The licence of ${name} is ${license ?? 'not known'}.`]),
    ...(hasInstallScript && !installScripts.includes(name) ? [`${name} runs a script when it is installed.`] : []),
  ];
}

suite('dependencies', () => {
  const wanted = read('package.json') as Package;

  test('the lock file is complete, and every package in it is trusted', () => {
    assert.deepEqual(faults(packages, wanted), []);
  });

  const [path, one] = Object.entries(packages).find(([each]) => each === 'node_modules/undici') as [string, Package];
  const cases: ReadonlyArray<readonly [what: string, change: Packages, fault: RegExp]> = [
    ['without a hash', { [path]: { ...one, integrity: '' } }, /undici has no SHA-512 hash/],
    ['with a weak hash', { [path]: { ...one, integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' } }, /no SHA-512/],
    ['from elsewhere', { [path]: { ...one, resolved: 'git+ssh://git@example.org/undici.git' } }, /comes from git/],
    ['under another licence', { [path]: { ...one, license: 'SSPL-1.0' } }, /licence of undici is SSPL-1.0/],
    ['without a licence', { [path]: { ...one, license: '' } }, /licence of undici is/],
    ['with an install script', { [path]: { ...one, hasInstallScript: true } }, /undici runs a script/],
    [
      'that needs one that is not there',
      { [path]: { ...one, dependencies: { gone: '1' } } },
      /gone, which undici needs/,
    ],
  ];
  for (const [what, change, fault] of cases) {
    test(`a package ${what} is found`, () => {
      const found = faults({ ...packages, ...change }, wanted);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', fault);
    });
  }

  test('a package that the lock file forgot, or has in another version, is found', () => {
    const found = faults(packages, { ...wanted, dependencies: { ...wanted.dependencies, undici: '0.0.1' } });
    assert.deepEqual(found, ['The dependencies of package.json are not those of the lock file.']);
    const { [path]: _, ...others } = packages;
    assert.deepEqual(faults(others, wanted), ['undici, which package.json needs, is not in the lock file.']);
  });
});
