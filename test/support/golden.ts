// The ladders that scenarios must draw, as they are committed: compared byte for byte, or written when asked to.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutStack } from './script.ts';

const golden = fileURLToPath(new URL('../scenario/golden', import.meta.url));

/** Compares, or writes when UPDATE_GOLDEN=1 says so. */
export function settleGolden(
  name: string,
  drawn: string,
  folder = golden,
  update = process.env.UPDATE_GOLDEN === '1',
): void {
  const path = `${folder}/${slugOf(name)}.ladder`;
  if (update) writeGolden(path, drawn);
  else compareGolden(path, drawn);
}

/** The name of a scenario's golden file: its name without what is in parentheses, in kebab case. */
export function slugOf(name: string): string {
  return name
    .replaceAll(/\([^)]*\)/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function writeGolden(path: string, drawn: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, drawn);
}

function compareGolden(path: string, drawn: string): void {
  if (!existsSync(path)) {
    throw withoutStack(
      `${path} is missing. If this is how it should look, run again with UPDATE_GOLDEN=1:\n\n${drawn}`,
    );
  }
  const expected = readFileSync(path, 'utf8');
  assert.equal(drawn, expected, `the ladder is not that of ${path}; if it should be, run again with UPDATE_GOLDEN=1`);
}
