// Lists in pages, in both styles of the API at once: by page number and size, and by cursors. Whichever a client asks by,
// it is told both: the official one pages by number, and repeats itself where `total_pages` is missing.
import { type Static, type TSchema, Type } from 'typebox';
import type { Query } from './query.ts';
import { component, refTo } from './schemas.ts';

export const PaginationMeta = component(
  'PaginationMeta',
  Type.Object({
    page_number: Type.Integer(),
    page_size: Type.Integer(),
    total_pages: Type.Integer(),
    total_results: Type.Integer(),
    total_items: Type.Integer({ description: 'The same as `total_results`.' }),
    cursors: Type.Object({
      before: Type.Union([Type.String(), Type.Null()], { description: 'Of the first entry: for `page[before]`.' }),
      after: Type.Union([Type.String(), Type.Null()], { description: 'Of the last entry: for `page[after]`.' }),
    }),
    next: Type.Union([Type.String(), Type.Null()], { description: 'The path of the next page.' }),
    previous: Type.Union([Type.String(), Type.Null()], { description: 'The path of the page before.' }),
  }),
);

export const components: readonly TSchema[] = [PaginationMeta];

type Meta = Static<typeof PaginationMeta>;

/** A list of these, published under this name. */
export function listOf<S extends TSchema & { $id: string }, I extends string>($id: I, item: S) {
  return component($id, Type.Object({ data: Type.Array(refTo(item)), meta: refTo(PaginationMeta) }));
}

const largestPage = 250;
const usualPage = 20;
const size = { type: 'integer', minimum: 1, maximum: largestPage, default: usualPage };

/** The description of a query: the pages, and what else a list takes. */
export function listQuery(own: Readonly<Record<string, object>> = {}): TSchema {
  return Type.Unsafe({
    type: 'object',
    properties: {
      ...own,
      'page[number]': { type: 'integer', minimum: 1, default: 1 },
      'page[size]': size,
      'page[limit]': { ...size, description: 'The same as `page[size]`.' },
      'page[after]': { type: 'string', description: 'A cursor: only what comes after it.' },
      'page[before]': { type: 'string', description: 'A cursor: only what comes before it, the nearest first.' },
    },
  });
}

/** Which part of a list is wanted. With a cursor the pages are those of what is beyond it. */
export interface Page {
  readonly number: number;
  readonly size: number;
  readonly after: string | null;
  readonly before: string | null;
}

const lastPage = 999_999_999;
const cursor = /^[\w-]+$/;

export function readPage(query: Query): Page {
  const [limit, size] = ['page[limit]', 'page[size]'].map((name) => query.whole(name, 1, largestPage));
  return {
    number: query.whole('page[number]', 1, lastPage) ?? 1,
    size: limit ?? size ?? usualPage,
    after: decoded(query.matching('page[after]', cursor, 'The value must be a cursor that a list has given.')),
    before: decoded(query.matching('page[before]', cursor, 'The value must be a cursor that a list has given.')),
  };
}

/** How a list is sorted: by texts, of which no two entries have the same one. */
export interface Order<T> {
  readonly key: (entry: T) => string;
  readonly descending?: boolean;
}

/** The entries in order, cut to the page, with what the page says of itself. `url` is what was asked for. */
export function pageOf<T>(entries: readonly T[], order: Order<T>, page: Page, url: string): { data: T[]; meta: Meta } {
  const sign = order.descending ? -1 : 1;
  const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -sign : sign);
  const keyed = entries.map((entry) => ({ entry, key: order.key(entry) })).sort((a, b) => compare(a.key, b.key));
  const from = page.after === null ? 0 : firstBeyond(keyed, (key) => compare(key, page.after!) > 0);
  const to = page.before === null ? keyed.length : firstBeyond(keyed, (key) => compare(key, page.before!) >= 0);
  const wanted = keyed.slice(from, Math.max(from, to));
  const { start, end } = bounds(page, wanted.length);
  const shown = wanted.slice(start, end);
  const first = shown[0] && encoded(shown[0].key);
  const last = shown.length > 0 ? encoded(shown.at(-1)!.key) : null;
  return {
    data: shown.map(({ entry }) => entry),
    meta: {
      page_number: page.number,
      page_size: page.size,
      total_pages: Math.ceil(wanted.length / page.size),
      total_results: wanted.length,
      total_items: wanted.length,
      cursors: { before: first ?? null, after: last },
      next: last !== null && from + end < keyed.length ? pathTo(url, page, 'after', last) : null,
      previous: first && from + start > 0 ? pathTo(url, page, 'before', first) : null,
    },
  };
}

/** Before a cursor the first page is the one that is nearest to it. */
function bounds({ number, size, before }: Page, length: number): { start: number; end: number } {
  const skipped = (number - 1) * size;
  if (before === null) return { start: Math.min(skipped, length), end: Math.min(skipped + size, length) };
  return { start: Math.max(length - skipped - size, 0), end: Math.max(length - skipped, 0) };
}

function firstBeyond(keyed: readonly { readonly key: string }[], isBeyond: (key: string) => boolean): number {
  const at = keyed.findIndex(({ key }) => isBeyond(key));
  return at < 0 ? keyed.length : at;
}

function pathTo(url: string, { size }: Page, direction: 'after' | 'before', cursor: string): string {
  const [path, search = ''] = url.split('?');
  const others = [...new URLSearchParams(search)].filter(([name]) => !name.startsWith('page['));
  const query = new URLSearchParams([...others, [`page[${direction}]`, cursor], ['page[limit]', String(size)]]);
  return `${path}?${query}`;
}

const encoded = (key: string): string => Buffer.from(key).toString('base64url');
const decoded = (cursor: string | null): string | null => cursor && Buffer.from(cursor, 'base64url').toString();
