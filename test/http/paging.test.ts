import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Order, pageOf, readPage } from '../../src/http/paging.ts';
import { Query } from '../../src/http/query.ts';
import { Refused } from '../../src/http/validation.ts';

const letters = [...'cafdbe'];
const order: Order<string> = { key: (letter) => letter };

function ask(given: object, entries: readonly string[] = letters, by = order) {
  const query = new Query(given);
  query.text('filter[x]');
  const page = readPage(query);
  query.check();
  return pageOf(entries, by, page, '/v2/letters?filter%5Bx%5D=y&page%5Bnumber%5D=9');
}

const shown = ({ data, meta }: ReturnType<typeof ask>): unknown[] => [
  data.join(''),
  meta.page_number,
  meta.page_size,
  meta.total_pages,
  meta.total_results,
];

const pages: readonly (readonly [query: Record<string, string>, shown: readonly unknown[]])[] = [
  [{}, ['abcdef', 1, 20, 1, 6]],
  [{ 'page[size]': '4' }, ['abcd', 1, 4, 2, 6]],
  [{ 'page[size]': '4', 'page[number]': '2' }, ['ef', 2, 4, 2, 6]],
  [{ 'page[size]': '4', 'page[number]': '3' }, ['', 3, 4, 2, 6]],
  [{ 'page[number]': '999999999', 'page[size]': '250' }, ['', 999_999_999, 250, 1, 6]],
  [{ 'page[limit]': '2', 'page[after]': cursor('b') }, ['cd', 1, 2, 2, 4]],
  [{ 'page[limit]': '2', 'page[after]': cursor('b'), 'page[number]': '2' }, ['ef', 2, 2, 2, 4]],
  [{ 'page[limit]': '2', 'page[before]': cursor('e') }, ['cd', 1, 2, 2, 4]],
  [{ 'page[limit]': '2', 'page[before]': cursor('e'), 'page[number]': '2' }, ['ab', 2, 2, 2, 4]],
  [{ 'page[after]': cursor('a'), 'page[before]': cursor('d') }, ['bc', 1, 20, 1, 2]],
  [{ 'page[after]': cursor('d'), 'page[before]': cursor('b') }, ['', 1, 20, 0, 0]],
  [{ 'page[after]': cursor('bb') }, ['cdef', 1, 20, 1, 4]],
];

function cursor(key: string): string {
  return Buffer.from(key).toString('base64url');
}

for (const [query, expected] of pages) {
  test(`page ${JSON.stringify(query)}: ${expected[0]}`, () => assert.deepEqual(shown(ask(query)), expected));
}

test('a page says where the next one and the one before are, with what else was asked', () => {
  const { meta } = ask({ 'page[size]': '2', 'page[number]': '2' });
  assert.deepEqual(meta.cursors, { before: cursor('c'), after: cursor('d') });
  assert.equal(meta.next, `/v2/letters?filter%5Bx%5D=y&page%5Bafter%5D=${cursor('d')}&page%5Blimit%5D=2`);
  assert.equal(meta.previous, `/v2/letters?filter%5Bx%5D=y&page%5Bbefore%5D=${cursor('c')}&page%5Blimit%5D=2`);
  const ends = [ask({ 'page[size]': '3' }).meta, ask({ 'page[size]': '3', 'page[number]': '2' }).meta];
  assert.deepEqual(
    ends.map(({ next, previous }) => [next !== null, previous !== null]),
    [
      [true, false],
      [false, true],
    ],
  );
  const { meta: empty } = ask({}, []);
  assert.deepEqual(
    [empty.cursors, empty.next, empty.previous, empty.total_pages],
    [{ before: null, after: null }, null, null, 0],
  );
});

test('following next shows every entry once, in both orders, whatever comes and goes meanwhile', () => {
  for (const descending of [false, true]) {
    let entries = letters;
    let seen = '';
    let query: Record<string, string> = { 'page[limit]': '2' };
    for (;;) {
      const { data, meta } = ask(query, entries, { ...order, descending });
      seen += data.join('');
      if (meta.next === null) break;
      query = Object.fromEntries(new URLSearchParams(meta.next.split('?')[1]));
      // What was just shown goes, and something comes in before it.
      entries = entries.filter((letter) => !data.includes(letter)).concat(descending ? 'z' : '0');
    }
    assert.equal(seen, descending ? 'fedcba' : 'abcdef');
  }
});

const wrong: readonly (readonly [query: Record<string, unknown>, refusals: readonly string[]])[] = [
  [{ 'page[number]': '0' }, ['out-of-range page[number]']],
  [{ 'page[number]': 'x', 'page[size]': '251' }, ['out-of-range page[size]', 'out-of-range page[number]']],
  [{ 'page[size]': '0' }, ['out-of-range page[size]']],
  [{ 'page[limit]': '-1' }, ['out-of-range page[limit]']],
  [{ 'page[number]': ['1', '2'] }, ['invalid-value page[number]']],
  [{ 'page[after]': '%%%', 'page[before]': 'a b' }, ['invalid-value page[after]', 'invalid-value page[before]']],
  [{ 'filter[y]': 'y', sort: 'z', page: '2' }, ['invalid-value filter[y]', 'invalid-value page', 'invalid-value sort']],
];

function refusalsOf(run: () => void): string[] {
  try {
    run();
    return [];
  } catch (error) {
    assert.ok(error instanceof Refused);
    return error.refusals.map(({ name, parameter }) => `${name} ${parameter}`);
  }
}

for (const [query, refusals] of wrong) {
  test(`page ${JSON.stringify(query)} is refused`, () =>
    assert.deepEqual(refusalsOf(() => ask(query)).sort(), [...refusals].sort()));
}

test('query: texts, words, truths and instants', () => {
  const query = new Query({ a: '', b: 'bee', c: 'true', d: '2026-01-01T00:00:00.123456Z', e: 'false' });
  assert.deepEqual([query.text('a'), query.text('x'), query.text('b', 3)], [null, null, 'bee']);
  assert.deepEqual([query.oneOf('b', ['bee', 'ant']), query.oneOf('x', ['bee'])], ['bee', null]);
  assert.deepEqual([query.truth('c'), query.truth('e'), query.truth('x')], [true, false, null]);
  assert.equal(query.instant('d'), Date.UTC(2026, 0, 1, 0, 0, 0, 123));
  query.check();
});

test('query: what is wrong is said all at once', () => {
  const query = new Query({ a: 'ab', b: 'cat', c: 'yes', d: 'yesterday', e: '2026-99-99' });
  query.text('a', 3);
  query.oneOf('b', ['bee', 'ant']);
  query.truth('c');
  query.instant('d');
  query.instant('e');
  assert.deepEqual(
    refusalsOf(() => query.check()),
    ['invalid-value a', 'invalid-enum b', 'invalid-enum c', 'invalid-value d', 'invalid-value e'],
  );
});
