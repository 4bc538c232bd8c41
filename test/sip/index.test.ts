// The door of the SIP stack: whatever it exports says in a comment of its own what it is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const index = join(import.meta.dirname, '../../src/sip/index.ts');

interface Exported {
  readonly file: string;
  /** Null: everything the file exports. */
  readonly name: string | null;
}

/** What an index exports, by the name it has in its own file. */
function exportsOf(text: string, folder: string): Exported[] {
  const statements = text.matchAll(/^export (?:type )?(?:\{([^}]*)\}|\* as \w+) from '([^']+)';/gm);
  return [...statements].flatMap(([, names, path = '']): Exported[] => {
    const file = join(folder, path);
    if (names === undefined) return [{ file, name: null }];
    const words = names.split(',').map((each) =>
      each
        .trim()
        .replace(/^type /, '')
        .replace(/ as .*$/, ''),
    );
    return words.filter((name) => name !== '').map((name) => ({ file, name }));
  });
}

const declaration = /^export (?:abstract |async )*(?:class|interface|type|function|const) (\w+)/gm;

/** The exported declarations of a source that no `/** … *\/` stands directly above. */
function bare(text: string, name: string | null): string[] {
  const found = [...text.matchAll(declaration)].filter(([, each]) => name === null || each === name);
  if (found.length === 0) return [`${name}: it is not declared`];
  const documented = ({ index: at }: RegExpMatchArray): boolean => /\*\/\n$/.test(text.slice(0, at));
  return found.filter((each) => !documented(each)).map(([, each = '']) => each);
}

test('every public export has a comment', () => {
  const exported = exportsOf(readFileSync(index, 'utf8'), dirname(index));
  assert.ok(exported.length > 150, 'the exports were found');
  const faults = exported.flatMap(({ file, name }) =>
    bare(readFileSync(file, 'utf8'), name).map((each) => `${file.slice(dirname(index).length + 1)}: ${each}`),
  );
  assert.deepEqual([...new Set(faults)], []);
});

test('this test can fail', () => {
  assert.deepEqual(
    exportsOf("export { type A, b as c } from './x.ts';\n// c\nexport * as d from './y.ts';", '/s').map(
      ({ name }) => name,
    ),
    ['A', 'b', null],
  );
  const text = '/** Says. */\nexport interface A {}\n\nexport const b = 1;\nexport function c(): void {}\n';
  assert.deepEqual([bare(text, 'A'), bare(text, 'b'), bare(text, null)], [[], ['b'], ['b', 'c']]);
  assert.equal(bare(text, 'gone').length, 1);
});
