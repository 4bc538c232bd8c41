import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withQuery } from '../../src/webhook/query.ts';

const cases: readonly (readonly [url: string, value: object, pairs: readonly string[]])[] = [
  ['http://a/', { data: { id: 'x', n: 3, yes: true } }, ['data[id]=x', 'data[n]=3', 'data[yes]=true']],
  ['http://a/', { none: null, empty: [], no: {} }, ['none=']],
  [
    'http://a/',
    { list: [{ name: 'X-A', value: 'é&=+ %' }, 'b'] },
    ['list[0][name]=X-A', 'list[0][value]=é&=+ %', 'list[1]=b'],
  ],
  ['http://a/hook?token=1%202', { id: 'x' }, ['token=1 2', 'id=x']],
];

for (const [url, value, pairs] of cases) {
  test(`the query of ${JSON.stringify(value)} at ${url}`, () => {
    const written = new URL(withQuery(url, value));
    assert.deepEqual(
      [...written.searchParams].map(([name, text]) => `${name}=${text}`),
      pairs,
    );
    assert.equal(written.pathname, new URL(url).pathname);
  });
}
