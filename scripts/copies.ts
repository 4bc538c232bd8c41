// Code blocks that show a file: a ladder of test/scenario/golden, an example. The page is written by hand, the block is
// copied: ```ladder NAME and ```ts examples/NAME.ts say of what.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { block } from './markdown.ts';
import { root } from './ready.mjs';

const copied = /^```(ladder|ts) (\S+)\n[\s\S]*?^```$/gm;

/** The page with each such block as its file is now. */
export function withCopies(path: string): string {
  return readFileSync(join(root, path), 'utf8').replaceAll(copied, (_all, language: string, name: string) => {
    const file = language === 'ladder' ? `test/scenario/golden/${name}.ladder` : name;
    return block(`${language} ${name}`, readFileSync(join(root, file), 'utf8'));
  });
}
