import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture } from './support.ts';

const pages = new Map([
  ['refer', '# Refer a call\n\nWhat goes over the *wire*.\n\n## More\n'],
  ['events', '# Events & <errors>\n\n| table |\n\nEvery event.\n'],
  ['bare', ''],
]);

async function get(path: string): Promise<{ status: number; type: unknown; text: string }> {
  const { app } = fixture({ docs: { pages } });
  const response = await app.inject({ url: path });
  return { status: response.statusCode, type: response.headers['content-type'], text: response.body };
}

test('docs: a page is the Markdown it is written in, with or without its suffix', async () => {
  for (const path of ['/docs/refer', '/docs/refer.md']) {
    const expected = { status: 200, type: 'text/markdown; charset=utf-8', text: pages.get('refer') };
    assert.deepEqual(await get(path), expected);
  }
});

test('docs: an unknown page is a JSON 404', async () => {
  for (const path of ['/docs/nothing', '/docs/..%2frefer', '/docs/__proto__', '/docs/']) {
    const { status, type } = await get(path);
    assert.deepEqual([status, type], [404, 'application/json; charset=utf-8'], path);
  }
});

test('docs: the index lists every page, escaped', async () => {
  const { type, text } = await get('/docs');
  assert.equal(type, 'text/html; charset=utf-8');
  assert.match(text, /<a href="\/docs\/refer">Refer a call<\/a><\/dt><dd>What goes over the \*wire\*\.<\/dd>/);
  assert.match(text, /<a href="\/docs\/events">Events &amp; &lt;errors&gt;<\/a><\/dt><dd>Every event\.<\/dd>/);
  assert.match(text, /<a href="\/docs\/bare">bare<\/a>/);
});

test('docs: llms.txt indexes every page', async () => {
  const { type, text } = await get('/llms.txt');
  assert.equal(type, 'text/plain; charset=utf-8');
  assert.match(text, /^# Switchhook\n\n> /);
  assert.match(text, /\n- \[Refer a call\]\(\/docs\/refer\): What goes over the \*wire\*\.\n/);
  assert.match(text, /\n- \[bare\]\(\/docs\/bare\)\n/);
});

test('docs: without pages there is none', async () => {
  const { app } = fixture();
  for (const url of ['/docs', '/docs/refer', '/llms.txt']) assert.equal((await app.inject({ url })).statusCode, 404);
});
