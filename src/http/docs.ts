// The documentation, served as the Markdown it is written in, with an index for people and one for language models
// (llmstxt.org). Leaves out where the pages come from.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { refuse } from './answers.ts';

export interface DocsSource {
  /** Markdown by page name: `refer` is served at /docs/refer. */
  readonly pages: ReadonlyMap<string, string>;
}

interface Page {
  readonly path: string;
  readonly title: string;
  readonly summary: string;
}

const open = { config: { open: true }, schema: { hide: true } };

export function docsRoutes(app: FastifyInstance, { pages }: DocsSource): void {
  const listed = [...pages].map(([name, text]) => pageOf(name, text));
  const index = htmlIndex(listed);
  const llms = llmsIndex(listed);
  app.get('/docs', open, (_request, reply) => sendText(reply, 'html', index));
  app.get('/llms.txt', open, (_request, reply) => sendText(reply, 'plain', llms));
  app.get<{ Params: { page: string } }>('/docs/:page', open, (request, reply) => {
    const text = pages.get(request.params.page.replace(/\.md$/, ''));
    return text === undefined ? refuse(reply, [{ name: 'not-found' }]) : sendText(reply, 'markdown', text);
  });
}

function sendText(reply: FastifyReply, kind: 'html' | 'plain' | 'markdown', text: string): FastifyReply {
  return reply
    .header('content-type', `text/${kind}; charset=utf-8`)
    .header('x-content-type-options', 'nosniff')
    .send(text);
}

/** A page's title is its first heading, its summary the first line of its first paragraph. */
function pageOf(name: string, text: string): Page {
  const lines = text.split('\n').map((line) => line.trim());
  const title = lines.find((line) => line.startsWith('# '))?.slice(2) ?? name;
  const summary = lines.find((line) => line !== '' && !/^[#<!|`>-]/.test(line)) ?? '';
  return { path: `/docs/${encodeURIComponent(name)}`, title, summary };
}

function llmsIndex(pages: readonly Page[]): string {
  const rows = pages.map(({ path, title, summary }) => `- [${title}](${path})${summary && `: ${summary}`}`);
  return [
    '# Switchhook',
    '',
    '> Self-hosted call control: live SIP calls driven over HTTP, wire-compatible with the Telnyx Call Control API v2.',
    '',
    '## Docs',
    '',
    ...rows,
    '- [API](/openapi.json): OpenAPI 3.1',
    '',
  ].join('\n');
}

function htmlIndex(pages: readonly Page[]): string {
  const rows = pages.map(
    ({ path, title, summary }) => `<dt><a href="${path}">${escapeHtml(title)}</a></dt><dd>${escapeHtml(summary)}</dd>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Switchhook</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}dt{font-weight:600}dd{margin:0 0 .75rem}</style>
<h1>Switchhook</h1>
<p>Live SIP calls driven over HTTP, wire-compatible with the Telnyx Call Control API v2.</p>
<dl>
${rows.join('\n')}
<dt><a href="/openapi.json">API</a></dt><dd>OpenAPI 3.1</dd>
<dt><a href="/llms.txt">llms.txt</a></dt><dd>This index, for language models</dd>
</dl>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => entities[char] ?? char);
}
