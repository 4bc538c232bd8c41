// The YAML settings file, read as text by name, with the line each was written on. Knows the shape of the file (a map
// of settings and lists of entries), not which settings there are (config.ts).
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** A setting as the file has it. Numbers keep their digits: an application's id is larger than a double can hold. */
export interface Written {
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

/** The names that stand for a list of entries, each with settings of its own. */
export const lists = ['applications', 'trunks', 'phones'] as const;
type ListName = (typeof lists)[number];

export interface Entry {
  readonly line: number;
  readonly settings: readonly Written[];
}

export interface SettingsFile extends Readonly<Record<ListName, readonly Entry[]>> {
  readonly settings: readonly Written[];
  /** What is wrong with the file, each a sentence that begins with its line. */
  readonly errors: readonly string[];
}

export function readSettingsFile(text: string): SettingsFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (node: unknown) => lines.linePos((node as Node | null)?.range?.[0] ?? 0).line;
  const errors = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}.`,
  );
  if (errors.length > 0) return { settings: [], applications: [], trunks: [], phones: [], errors };

  const resolve = (node: unknown) => (isAlias(node) ? node.resolve(document) : node);

  const textOf = (value: unknown): string | null => {
    const node = resolve(value);
    if (isScalar(node)) return node.value === null ? '' : (node.source ?? String(node.value));
    return null;
  };

  /** A list of plain values is the same as those values with commas between. */
  const listOf = (value: unknown): string | null => {
    const node = resolve(value);
    if (!isSeq(node)) return textOf(node);
    const items = node.items.map(textOf);
    return items.includes(null) ? null : items.join(',');
  };

  const read = (node: unknown, what: string, except: readonly string[] = []): Written[] => {
    const map = resolve(node);
    if (map === null || map === undefined || (isScalar(map) && map.value === null)) return [];
    if (!isMap(map)) {
      errors.push(`line ${lineOf(map)}: ${what} must be a map of settings, each "name: value".`);
      return [];
    }
    return map.items.flatMap(({ key, value }) => {
      const name = textOf(key) ?? '';
      const line = lineOf(key);
      if (except.includes(name)) return [];
      const written = value === null ? '' : listOf(value);
      if (written !== null) return [{ name, text: written, line }];
      errors.push(`line ${line}: ${name} must be one value, not a map.`);
      return [];
    });
  };

  const entriesOf = (name: ListName, what: string): Entry[] => {
    const list = isMap(document.contents) ? resolve(document.contents.get(name, true)) : null;
    if (isSeq(list)) return list.items.map((item) => ({ line: lineOf(item), settings: read(item, what) }));
    if (list && !(isScalar(list) && list.value === null)) {
      errors.push(`line ${lineOf(list)}: ${name} must be a list, each entry beginning with "- ".`);
    }
    return [];
  };

  return {
    settings: read(document.contents, 'the file', lists),
    applications: entriesOf('applications', 'an application'),
    trunks: entriesOf('trunks', 'a trunk'),
    phones: entriesOf('phones', 'a phone'),
    errors,
  };
}
