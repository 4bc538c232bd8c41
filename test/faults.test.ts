// docs/faults.md against the truth: every row names tests that are there, or says why it needs none. Ends with cases that
// show that each rule can fail.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

const rowCount = 60;

/** The text of a file below test/, null where there is none. */
type Read = (path: string) => string | null;

const root = join(import.meta.dirname, '..');
const readTest: Read = (path) => {
  const file = join(root, 'test', path);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
};

const rowsOf = (page: string): string[][] =>
  page
    .split('\n')
    .filter((line) => /^\| \d/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );

/** What tests are called, as far as a file says so in one piece: of a template, its text. */
function namesIn(text: string): string[] {
  const named = /\b(?:scenario|killedAnywhere|suite|test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g;
  return [...text.matchAll(named)].map(([, , name = '']) => name);
}

function faultsOf([number = '', where = '', what = '', last = '', ...more]: readonly string[], read: Read): string[] {
  if (more.length > 0 || last === '') return [`${number} does not have four cells`];
  if (!/\w#\d+/.test(where)) return [`${number} does not say where`];
  if (what === '') return [`${number} does not say what went wrong`];
  if (!last.includes('`')) return /[a-z]{2,} [a-z]/i.test(last) ? [] : [`${number} has neither a test nor a reason`];
  let path = '';
  let quoted = 0;
  const faults: string[] = [];
  for (const [, file, quote] of last.matchAll(/`([^`]+)`|“([^”]+)”/g)) {
    if (file !== undefined) {
      path = file;
      if (!path.endsWith('.test.ts') || read(path) === null) faults.push(`${number}: there is no test ${path}`);
      continue;
    }
    quoted += 1;
    const names = namesIn(read(path) ?? '');
    if (!names.some((name) => name.includes(quote!))) faults.push(`${number}: ${path} has no test “${quote}”`);
  }
  return quoted === 0 ? [...faults, `${number} names a file, but no test`] : faults;
}

suite('docs/faults.md', () => {
  const rows = rowsOf(readFileSync(join(root, 'docs/faults.md'), 'utf8'));

  test('every row is covered by tests that are there, or says why it needs none', () => {
    assert.deepEqual(
      rows.flatMap((row) => faultsOf(row, readTest)),
      [],
    );
  });
  test('no row is missing', () => {
    assert.deepEqual(
      rows.map(([number]) => Number(number)),
      Array.from({ length: rowCount }, (_, index) => index + 1),
    );
  });
});

suite('each rule of docs/faults.md can fail', () => {
  const files: Readonly<Record<string, string>> = {
    'a.test.ts': "scenario('hung up (a/b#1)', () => {});\ntest(\n  `refused with ${status}`, f);\n// REFER is lost",
  };
  const cases: readonly (readonly [row: string, ...faults: string[]])[] = [
    ['| 1 | a/b#1 | lost | `a.test.ts` “hung up” |'],
    ['| 1 | a/b#1 | lost | `a.test.ts` “refused with ”, “a/b#1” |'],
    ['| 1 | a/b PR#1 | lost | our calls have no such thing |'],
    ['| 1 | a/b#1 | lost | `a.test.ts` “is lost” |', '1: a.test.ts has no test “is lost”'],
    [
      '| 1 | a/b#1 | lost | `b.test.ts` “hung up” |',
      '1: there is no test b.test.ts',
      '1: b.test.ts has no test “hung up”',
    ],
    ['| 1 | a/b#1 | lost | `a.test.ts` |', '1 names a file, but no test'],
    ['| 1 | a/b#1 | lost | – |', '1 has neither a test nor a reason'],
    ['| 1 | a/b | lost | `a.test.ts` “hung up” |', '1 does not say where'],
    ['| 1 | a/b#1 | | `a.test.ts` “hung up” |', '1 does not say what went wrong'],
    ['| 1 | a/b#1 | lost |', '1 does not have four cells'],
  ];
  for (const [row, ...faults] of cases) {
    test(row, () =>
      assert.deepEqual(
        rowsOf(row).flatMap((cells) => faultsOf(cells, (path) => files[path] ?? null)),
        faults,
      ),
    );
  }
});
