// SECURITY.md against the truth: every row of its tables says what stops an attack, and which test shows it; the test is
// there and has that title. It ends with cases that show that each rule can fail.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

/** The text of a file below the root, null where there is none. */
type Read = (path: string) => string | null;

interface Shown {
  readonly path: string;
  readonly quotes: readonly string[];
}

/** A file in backticks, with what stands in quotation marks behind it. */
function shownIn(cell: string): Shown[] {
  const shown: { path: string; quotes: string[] }[] = [];
  for (const [, path, quote] of cell.matchAll(/`([^`]+)`|“([^”]+)”/g)) {
    if (path !== undefined) shown.push({ path, quotes: [] });
    else shown.at(-1)?.quotes.push(quote ?? '');
  }
  return shown;
}

/** Of the tables that say what stops whom; what has no test yet says who looks. */
function faultsOf(page: string, read: Read): string[] {
  return page.split('\n').flatMap((line, index) => {
    const cells = line.split('|').slice(1, -1);
    const at = `line ${index + 1}`;
    if (!line.startsWith('|') || /^\| (What \||---|\| )/.test(line) || cells.length === 2) return [];
    if (cells.length !== 3) return [`${at} has ${cells.length} cells`];
    const [what = '', stopped = '', shown = ''] = cells.map((cell) => cell.trim());
    if (what === '' || stopped === '') return [`${at} does not say what is stopped by what`];
    const tests = shownIn(shown);
    if (tests.length === 0) return /^by hand/.test(shown) ? [] : [`${at} is shown by no test`];
    return tests.flatMap(({ path, quotes }) => {
      const text = path.endsWith('.test.ts') ? read(`test/${path}`) : null;
      if (text === null) return [`${at}: there is no test test/${path}`];
      return quotes.filter((quote) => !text.includes(quote)).map((quote) => `${at}: test/${path} has no “${quote}”`);
    });
  });
}

const root = join(import.meta.dirname, '..');
const readFile: Read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null);
const page = readFile('SECURITY.md') ?? '';

suite('SECURITY.md', () => {
  test('what is said to be stopped has a test that shows it', () => assert.deepEqual(faultsOf(page, readFile), []));
  test('has something of everybody who attacks', () => {
    const headings = page.split('\n').filter((line) => line.startsWith('### '));
    for (const who of [/internet/, /peer/, /phone/, /key/, /webhooks/, /network/, /machine/, /built from/]) {
      assert.ok(
        headings.some((heading) => who.test(heading)),
        `${who}`,
      );
    }
  });
  for (const from of ['README.md', 'docs/operating.md']) {
    test(`${from} leads there`, () => assert.match(readFile(from) ?? '', /\]\((?:\.\.\/)?SECURITY\.md\)/));
  }
});

suite('each rule of SECURITY.md can fail', () => {
  const read: Read = (path) => (path === 'test/a.test.ts' ? "test('silence');" : null);
  const cases: readonly (readonly [row: string, ...faults: string[]])[] = [
    ['| Scans | silence | `a.test.ts` |'],
    ['| Scans | silence | `a.test.ts` “silence” |'],
    ['| Scans | silence | by hand |'],
    ['| Keys | in the database |'],
    ['| Scans | silence | `a.test.ts` “noise” |', 'line 1: test/a.test.ts has no “noise”'],
    ['| Scans | silence | `b.test.ts` |', 'line 1: there is no test test/b.test.ts'],
    ['| Scans | silence | `a.ts` |', 'line 1: there is no test test/a.ts'],
    ['| Scans | silence | looked at |', 'line 1 is shown by no test'],
    ['| Scans | | `a.test.ts` |', 'line 1 does not say what is stopped by what'],
    ['| Scans | silence | `a.test.ts` | more |', 'line 1 has 4 cells'],
  ];
  for (const [row, ...faults] of cases) test(row, () => assert.deepEqual(faultsOf(row, read), faults));
});
