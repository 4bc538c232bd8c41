// docs/rfc.md against the truth: what it calls done has a file and a test, what it leaves out has a reason, and no source
// quotes an RFC or a section that has no row there. It ends with cases that show that each rule can fail.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

/** The RFCs this stack is measured by: each has a table of its own, whatever was done of it. */
const measure = [
  ...[3261, 3262, 3263, 3264, 3311, 3326, 3327, 3420, 3515, 3581, 3608, 3891, 3892, 3966, 3986, 4028, 4320, 4475],
  ...[4488, 4733, 5057, 5118, 5589, 5626, 5923, 6026, 6665, 7118, 7433, 7616, 8760, 8866],
];

/** A section of an RFC, or with an empty one the whole of it. */
interface Place {
  readonly rfc: number;
  readonly section: string;
}

/** A file or test in backticks, with what stands in quotation marks behind it. */
interface Named {
  readonly path: string;
  readonly quotes: readonly string[];
}

interface Row {
  readonly at: string;
  readonly cells: number;
  readonly places: readonly Place[];
  readonly state: string;
  readonly files: readonly Named[];
  readonly tests: readonly Named[];
  readonly last: string;
}

const sectionsIn = (text: string): string[] =>
  [...text.matchAll(/§([A-Z\d]+(?:\.\d+)*)/g)].map(([, section = '']) => section);

/** `§4.1, §4.2` of the RFC in the heading, or `RFC 4291 §2.3` under a heading that names none. */
function placesIn(cell: string, heading: number): Place[] {
  return cell.split(/(?=RFC \d)/).flatMap((part) => {
    const rfc = Number(/^RFC (\d+)/.exec(part)?.[1] ?? heading);
    const sections = sectionsIn(part);
    return (sections.length === 0 ? [''] : sections).map((section) => ({ rfc, section }));
  });
}

function namedIn(cell: string): Named[] {
  const named: { path: string; quotes: string[] }[] = [];
  for (const [, path, quote] of cell.matchAll(/`([^`]+)`|“([^”]+)”/g)) {
    if (path !== undefined) named.push({ path, quotes: [] });
    else named.at(-1)?.quotes.push(quote ?? '');
  }
  return named;
}

function rowsOf(page: string): Row[] {
  const rows: Row[] = [];
  let heading = 0;
  for (const [index, line] of page.split('\n').entries()) {
    if (line.startsWith('#')) heading = Number(/RFC (\d+)/.exec(line)?.[1] ?? 0);
    if (!line.startsWith('|') || /^\| (Section|---)/.test(line)) continue;
    const cells = line.slice(1, -1).split('|');
    const [section = '', , state = '', files = '', last = ''] = cells.map((cell) => cell.trim());
    rows.push({
      at: `line ${index + 1}`,
      cells: cells.length,
      places: placesIn(section, heading),
      state,
      files: namedIn(files),
      tests: namedIn(last),
      last,
    });
  }
  return rows;
}

/** The text of a file below the root, null where there is none. */
type Read = (path: string) => string | null;

function rowFaults(row: Row, read: Read): string[] {
  const { at, cells, places, state, files, tests, last } = row;
  if (cells !== 5) return [`${at} has ${cells} cells: Section, What, State, File, Test or why`];
  if (places.some(({ rfc }) => rfc === 0)) return [`${at} says of no RFC`];
  if (state === 'left out') return /[a-z]{2}/.test(last) ? [] : [`${at} does not say why it is left out`];
  if (state !== 'done') return [`${at} is neither done nor left out`];
  if (files.length === 0) return [`${at} is done nowhere`];
  if (tests.length === 0) return [`${at} is done without a test`];
  return [
    ...files.flatMap(({ path }) => (read(`src/${path}`) === null ? [`${at}: there is no src/${path}`] : [])),
    ...tests.flatMap((named) => testFaults(at, named, read)),
  ];
}

function testFaults(at: string, { path, quotes }: Named, read: Read): string[] {
  const text = path.endsWith('.test.ts') ? read(`test/${path}`) : null;
  if (text === null) return [`${at}: there is no test test/${path}`];
  return quotes.filter((quote) => !text.includes(quote)).map((quote) => `${at}: test/${path} has no “${quote}”`);
}

interface Source {
  readonly name: string;
  readonly text: string;
}

interface Quote extends Place {
  readonly at: string;
}

/**
 * What a source quotes. A bare § is of the RFC that its comment has named last, else of the first that the head of the
 * file names, else of RFC 3261.
 */
function quotesIn({ name, text }: Source): Quote[] {
  const lines = text.split('\n');
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  const first = Number(/RFC (\d+)/.exec(head.join('\n'))?.[1] ?? 3261);
  const quotes: Quote[] = [];
  let named = first;
  let wasComment = false;
  for (const [index, line] of lines.entries()) {
    const isComment = /^\s*(\/\/|\/?\*)/.test(line);
    if (!isComment || !wasComment || /^\s*\/\*/.test(line)) named = first;
    wasComment = isComment;
    for (const [, rfc, section = ''] of line.matchAll(/RFC (\d+)|§([A-Z\d]+(?:\.\d+)*)/g)) {
      if (rfc !== undefined) named = Number(rfc);
      quotes.push({ at: `${name}:${index + 1}`, rfc: named, section });
    }
  }
  return quotes;
}

/** A row for the section, for one that it is in, or for one that is in it. */
function isCovered({ rfc, section }: Place, rows: readonly Row[]): boolean {
  const within = (inner: string, outer: string) => outer === '' || inner === outer || inner.startsWith(`${outer}.`);
  return rows.some(({ places }) =>
    places.some((place) => place.rfc === rfc && (within(section, place.section) || within(place.section, section))),
  );
}

function quoteFaults(source: Source, rows: readonly Row[]): string[] {
  const missing = quotesIn(source).filter((quote) => !isCovered(quote, rows));
  return missing.map(({ at, rfc, section }) => `${at}: no row for RFC ${rfc}${section === '' ? '' : ` §${section}`}`);
}

const root = join(import.meta.dirname, '..');

const readFile: Read = (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null);

suite('docs/rfc.md', () => {
  const rows = rowsOf(readFile('docs/rfc.md') ?? '');

  test('every row is done and tested, or left out for a reason', () => {
    assert.deepEqual(
      rows.flatMap((row) => rowFaults(row, readFile)),
      [],
    );
  });
  test('every RFC and section that the source quotes has a row', () => {
    const sources = globSync('src/**/*.ts', { cwd: root }).map((path) => ({ name: path, text: readFile(path) ?? '' }));
    assert.deepEqual(
      sources.flatMap((source) => quoteFaults(source, rows)),
      [],
    );
  });
  test('every RFC that this stack is measured by is there', () => {
    assert.deepEqual(
      measure.filter((rfc) => !isCovered({ rfc, section: '' }, rows)),
      [],
    );
  });
});

suite('each rule of docs/rfc.md can fail', () => {
  const files: Readonly<Record<string, string>> = {
    'src/sip/endpoint.ts': '',
    'test/sip/endpoint.test.ts': "test('a copy is answered');",
  };
  const read: Read = (path) => files[path] ?? null;
  const table = (row: string, heading = 'RFC 3261') =>
    rowsOf(`## ${heading}\n\n| Section | What |\n| --- | --- |\n${row}`);

  const cases: readonly (readonly [row: string, ...faults: string[]])[] = [
    ['| §8 | UA | done | `sip/endpoint.ts` | `sip/endpoint.test.ts` |'],
    ['| §8 | UA | done | `sip/endpoint.ts` | `sip/endpoint.test.ts` “a copy is answered” |'],
    [
      '| §8 | UA | done | `sip/endpoint.ts` | `sip/endpoint.test.ts` “a copy is dropped” |',
      'line 5: test/sip/endpoint.test.ts has no “a copy is dropped”',
    ],
    ['| §8 | UA | done | `sip/ua.ts` | `sip/endpoint.test.ts` |', 'line 5: there is no src/sip/ua.ts'],
    ['| §8 | UA | done | `sip/endpoint.ts` | `sip/ua.test.ts` |', 'line 5: there is no test test/sip/ua.test.ts'],
    ['| §8 | UA | done | `sip/endpoint.ts` | `sip/endpoint.ts` |', 'line 5: there is no test test/sip/endpoint.ts'],
    ['| §8 | UA | done | `sip/endpoint.ts` | looked at |', 'line 5 is done without a test'],
    ['| §8 | UA | done | | `sip/endpoint.test.ts` |', 'line 5 is done nowhere'],
    ['| §16 | proxies | left out | | this is no proxy |'],
    ['| §16 | proxies | left out | | – |', 'line 5 does not say why it is left out'],
    ['| §16 | proxies | soon | | this is no proxy |', 'line 5 is neither done nor left out'],
    ['| §16 | proxies | left out |', 'line 5 has 3 cells: Section, What, State, File, Test or why'],
  ];
  for (const [row, ...faults] of cases) {
    test(row, () =>
      assert.deepEqual(
        table(row).flatMap((each) => rowFaults(each, read)),
        faults,
      ),
    );
  }
  test('a row of no RFC', () => {
    const rows = table('| §16 | proxies | left out | | this is no proxy |', 'Others');
    assert.deepEqual(
      rows.flatMap((row) => rowFaults(row, read)),
      ['line 5 says of no RFC'],
    );
  });

  const rows = [
    ...table('| §8.1, §13.2.1 | UA | done | | |'),
    ...table('| RFC 863, RFC 4291 §2.3 | | left out | | |', 'Others'),
  ];
  const quotes: readonly (readonly [text: string, ...faults: string[]])[] = [
    ['/** RFC 3261 §8.1.1: in §8.1. */'],
    ['/** RFC 3261 §13: has §13.2.1 in it. */'],
    ['/** RFC 3261 §8.2: has no row. */', 'x.ts:1: no row for RFC 3261 §8.2'],
    ['/** RFC 3261 §80.1: is not in §8. */', 'x.ts:1: no row for RFC 3261 §80.1'],
    ['/** RFC 3262. */', 'x.ts:1: no row for RFC 3262'],
    ['const description = "RFC 3262";', 'x.ts:1: no row for RFC 3262'],
    ['/** RFC 863 has no sections, RFC 4291 §2.3 one. §2.5 is the same. */', 'x.ts:1: no row for RFC 4291 §2.5'],
    ['// RFC 4291 §2.3,\n// §2.4 and so on.', 'x.ts:2: no row for RFC 4291 §2.4'],
    ['// RFC 4291 §2.3.\n\n/** RFC 3261 §8.1. */\n/** §2.4 */', 'x.ts:4: no row for RFC 4291 §2.4'],
    ['// Knows.\n\n/** §8.1, §12 */', 'x.ts:3: no row for RFC 3261 §12'],
  ];
  for (const [text, ...faults] of quotes) {
    test(text, () => assert.deepEqual(quoteFaults({ name: 'x.ts', text }, rows), faults));
  }
  test('an RFC that has no table', () => assert.equal(isCovered({ rfc: 3262, section: '' }, rows), false));
});
