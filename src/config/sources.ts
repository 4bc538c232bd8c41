// Where settings come from: the environment and the settings file. Both become the values of a table of settings;
// each wrong value and each unknown name becomes one sentence in `errors`. Leaves out which settings there are (config.ts).
import { type Check, Wrong } from './checks.ts';
import { lists, readSettingsFile, type SettingsFile, type Written } from './file.ts';
import { nearest } from './nearest.ts';

/** One line of docs/settings.md. A setting whose default is the empty text may be left unset, and is null then. */
export interface Setting<T> {
  /** As in the file; in the environment it is in capitals, with SWITCHHOOK_ in front. */
  readonly name: string;
  readonly default: string;
  readonly meaning: string;
  readonly check: Check<T>;
  /** A wrong value is not repeated in the error, because it may hold a password or a token. */
  readonly secret: boolean;
}

export function setting<T>(name: string, byDefault: string, meaning: string, check: Check<T>): Setting<T> {
  return { name, default: byDefault, meaning, check, secret: false };
}

export function secret<T>(name: string, byDefault: string, meaning: string, check: Check<T>): Setting<T> {
  return { name, default: byDefault, meaning, check, secret: true };
}

export const orNull =
  <T>(of: Check<T>): Check<T | null> =>
  (text) =>
    text === '' ? null : of(text);

export type Table = Readonly<Record<string, Setting<unknown>>>;
export type Values<T extends Table> = { readonly [K in keyof T]?: T[K] extends Setting<infer V> ? V : never };
export type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'SWITCHHOOK_';
const fileVariable = `${prefix}CONFIG`;

export function environmentName({ name }: { readonly name: string }): string {
  return prefix + name.toUpperCase();
}

export function defaultsOf<T extends Table>(table: T): Required<Values<T>> {
  return Object.fromEntries(Object.entries(table).map(([key, each]) => [key, each.check(each.default)])) as Required<
    Values<T>
  >;
}

export function fromEnvironment<T extends Table>(table: T, env: Environment, errors: string[]): Values<T> {
  const settings = new Map(Object.entries(table).map(([key, each]) => [environmentName(each), { key, ...each }]));
  const values: Record<string, unknown> = {};
  for (const [variable, text = ''] of Object.entries(env)) {
    const found = settings.get(variable);
    if (found) take(values, { ...found, text, where: variable }, errors);
    else if (isOurs(variable)) errors.push(unknown(variable, [fileVariable, ...settings.keys()]));
  }
  return values as Values<T>;
}

/** Kubernetes sets SWITCHHOOK_PORT and its like by itself for a service named switchhook. */
function isOurs(variable: string): boolean {
  return variable.startsWith(prefix) && !/^(CONFIG$|PORT$|PORT_|SERVICE_)/.test(variable.slice(prefix.length));
}

/** What the file named by SWITCHHOOK_CONFIG holds; nothing when none is named. */
export function openSettingsFile(
  env: Environment,
  readFile: (path: string) => string,
  errors: string[],
): SettingsFile & { readonly path: string } {
  const path = env[fileVariable]?.trim() ?? '';
  const nothing = { path, settings: [], applications: [], trunks: [], phones: [], errors: [] };
  if (path === '') return nothing;
  try {
    const file = readSettingsFile(readFile(path));
    errors.push(...file.errors.map((sentence) => `${path} ${sentence}`));
    return { ...file, path };
  } catch (error) {
    errors.push(`${fileVariable}: ${path} cannot be read: ${reasonOf(error as NodeJS.ErrnoException)}.`);
    return nothing;
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'this user may not read it';
  if (code === 'EISDIR') return 'it is a directory';
  return message;
}

export function fromFile<T extends Table>(
  table: T,
  settings: readonly Written[],
  path: string,
  errors: string[],
): Values<T> {
  const known = Object.entries(table).map(([key, each]) => ({ key, ...each }));
  const values: Record<string, unknown> = {};
  for (const { name, text, line } of settings) {
    const found = known.find((each) => each.name === name);
    if (found) take(values, { ...found, text, where: `${path} line ${line}: ${name}` }, errors);
    else errors.push(`${path} line ${line}: ${unknown(name, [...lists, ...known.map((each) => each.name)])}`);
  }
  return values as Values<T>;
}

interface Found extends Setting<unknown> {
  readonly key: string;
  readonly text: string;
  readonly where: string;
}

/** Checks one text and keeps its value. An empty text counts as unset. */
function take(values: Record<string, unknown>, { key, text, where, check, secret }: Found, errors: string[]): void {
  const trimmed = text.trim();
  if (trimmed === '') return;
  const value = check(trimmed);
  if (!(value instanceof Wrong)) values[key] = value;
  else errors.push(`${where}: ${value.sentence}${secret ? '.' : `; it is ${JSON.stringify(trimmed)}.`}`);
}

function unknown(name: string, known: readonly [string, ...string[]]): string {
  return `Unknown setting ${name}; did you mean ${nearest(name, known)}?`;
}
