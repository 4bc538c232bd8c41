// What the API says of a trunk or phone, checked as the settings file is: the same tables, the same sentences, and a pointer
// to the field. Leaves out JSON types (http/) and what other peers have (entries.ts).
import { type Phone, phoneTable, type Trunk, trunkOf, trunkTable, whatTrunkLacks } from '../config/access.ts';
import { Wrong } from '../config/checks.ts';
import type { Setting, Table, Values } from '../config/sources.ts';
import type { Refusal } from '../errors.ts';
import type { Reading, Said } from './entries.ts';

/** What the API calls the settings whose names in the file say less than it does. */
const fields: Readonly<Record<string, string>> = {
  applications: 'connection_ids',
  registrars: 'registrars',
};

function fieldOf(key: string, { name }: { readonly name: string }): string {
  return fields[key] ?? name;
}

export function readTrunk(said: Said): Reading<Trunk> {
  const { values, refusals } = valuesOf(trunkTable, said);
  const lacks = refusals.length > 0 ? [] : whatTrunkLacks(values);
  const [first, ...others] = [
    ...refusals,
    ...lacks.map(({ key, sentence }): Refusal => {
      const detail = `${sentence[0]!.toUpperCase()}${sentence.slice(1)}`;
      return { name: 'invalid-value', detail, ...(key && { pointer: `/${fieldOf(key, trunkTable[key])}` }) };
    }),
  ];
  return first ? { refusals: [first, ...others] } : { peer: trunkOf(values) };
}

export function readPhone(said: Said): Reading<Phone> {
  const { values, refusals } = valuesOf(phoneTable, said);
  const { username, password, displayName = null } = values;
  const missing = [username ? [] : ['username'], password ? [] : ['password']].flat();
  const [first, ...others] = [...refusals, ...missing.filter((field) => !isAbout(refusals, field)).map(lacking)];
  if (first) return { refusals: [first, ...others] };
  return { peer: { username: username ?? '', password: password ?? '', displayName } };
}

const isAbout = (refusals: readonly Refusal[], field: string) =>
  refusals.some(({ pointer }) => pointer === `/${field}`);

function lacking(field: string): Refusal {
  const detail = `The '${field}' parameter is required and cannot be blank.`;
  return { name: 'missing-parameter', detail, pointer: `/${field}` };
}

function valuesOf<T extends Table>(table: T, said: Said): { values: Values<T>; refusals: Refusal[] } {
  const values: Record<string, unknown> = {};
  const refusals: Refusal[] = [];
  for (const [key, setting] of Object.entries(table)) {
    const field = fieldOf(key, setting);
    const value = said[field];
    if (value === undefined || value === null || value === '') continue;
    if (!Array.isArray(value)) values[key] = checked(setting, value, `/${field}`, refusals);
    else if (value.length > 0) {
      values[key] = value.flatMap((each, index) => checked(setting, each, `/${field}/${index}`, refusals) ?? []);
    }
  }
  return { values: values as Values<T>, refusals };
}

/** A setting that is a list takes several with commas between; an entry of a list of the API is one of them. */
function checked({ check }: Setting<unknown>, value: unknown, pointer: string, refusals: Refusal[]): unknown {
  const text = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  const read = text.includes(',') && /\/\d+$/.test(pointer) ? new Wrong('It must be one, without commas') : check(text);
  if (!(read instanceof Wrong)) return read;
  const name = typeof value === 'number' ? 'out-of-range' : 'invalid-value';
  refusals.push({ name, detail: `${read.sentence}.`, pointer });
  return undefined;
}
