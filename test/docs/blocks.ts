// The code blocks of README.md and docs/, and how text is compared with what really came: `…` stands for anything.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/ready.mjs';

export interface Block {
  /** `docs/refer.md:17`: the line of its first fence. */
  readonly at: string;
  readonly language: string;
  /** What follows the language. */
  readonly name: string;
  readonly text: string;
  /** The block before it on its page. */
  readonly before: Block | null;
}

export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export const pages: readonly Page[] = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()].map(read);

function read(path: string): Page {
  const text = readFileSync(join(root, path), 'utf8');
  return { path, text, blocks: blocksOf(path, text) };
}

export function blocksOf(path: string, text: string): Block[] {
  const blocks: Block[] = [];
  let open: { at: number; info: string } | null = null;
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('```')) continue;
    if (open === null) {
      open = { at: index, info: line.slice(3).trim() };
      continue;
    }
    const [language = '', ...name] = open.info.split(' ');
    const body = lines.slice(open.at + 1, index).join('\n');
    const before = blocks.at(-1) ?? null;
    blocks.push({ at: `${path}:${open.at + 1}`, language, name: name.join(' '), text: body, before });
    open = null;
  }
  assert.equal(open, null, `${path}: a code block is not closed`);
  return blocks;
}

export function blocksIn(language: string): readonly Block[] {
  return pages.flatMap(({ blocks }) => blocks.filter((block) => block.language === language));
}

/** The text of a page without its code blocks. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '');
}

/** Text against text, line by line. */
export function matchesText(actual: string, template: string, of: string): void {
  const lines = actual.split('\n');
  for (const [index, line] of template.trimEnd().split('\n').entries()) {
    assert.match(lines[index] ?? '', patternOf(line), `${of}: line ${index + 1} is not what really comes`);
  }
  assert.equal(lines.slice(template.trimEnd().split('\n').length).join('').trim(), '', `${of}: more comes`);
}

/** Values against values. An object with the key `…` may be any. */
export function matchesValue(actual: unknown, template: unknown, of: string): void {
  if (typeof template === 'string') return assert.match(String(actual), patternOf(template), of);
  if (typeof template !== 'object' || template === null) return assert.equal(actual, template, of);
  if ('…' in template) return assert.ok(typeof actual === 'object' && actual !== null, of);
  assert.deepEqual(Object.keys(actual as object), Object.keys(template), of);
  for (const [key, value] of Object.entries(template)) {
    matchesValue((actual as Record<string, unknown>)[key], value, `${of} ${key}`);
  }
}

/** The same fields in the same order, with values of the same type. */
export function matchesShape(actual: unknown, example: unknown, of: string): void {
  assert.equal(kindOf(actual), kindOf(example), of);
  if (typeof example !== 'object' || example === null) return;
  const [a, b] = [actual as Record<string, unknown>, example as Record<string, unknown>];
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length > 0 && b.length > 0) matchesShape(a[0], b[0], `${of} 0`);
    return;
  }
  assert.deepEqual(Object.keys(a), Object.keys(b), of);
  for (const key of Object.keys(b)) matchesShape(a[key], b[key], `${of} ${key}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.split('…').map(RegExp.escape).join('.+')}$`, 's');
}
