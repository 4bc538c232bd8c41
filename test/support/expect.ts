// What a scenario expects of a message, and the check of it.
import assert from 'node:assert/strict';
import { all, brief, type Heard, one } from './text.ts';

type Capital = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';
type OtherCapital = 'N' | 'O' | 'P' | 'Q' | 'R' | 'S' | 'T' | 'U' | 'V' | 'W' | 'X' | 'Y' | 'Z';
export type HeaderName = `${Capital | OtherCapital}${string}`;

export type Expected =
  | string
  | number
  | boolean
  | RegExp
  | null
  | readonly string[]
  | ((value: string, heard: Heard) => void);

/** What a message must be like. A header: its value, a pattern, null for absent, all its values, or a check that throws. */
export interface Expectations {
  readonly [header: HeaderName]: Expected;
  readonly body?: string | RegExp | ((body: string, heard: Heard) => void);
  readonly uri?: string | RegExp;
  readonly reason?: string | RegExp;
  /** It may take this long to come. */
  readonly within?: number;
  /** A retransmission, byte for byte; otherwise those are passed over. */
  readonly again?: boolean;
}

const aside = new Set(['within', 'again']);

export function check(heard: Heard, expectations: Expectations): void {
  for (const [name, expected] of Object.entries(expectations)) {
    if (aside.has(name)) continue;
    const of = `${name} of ${brief(heard)}`;
    if (name === 'body' || name === 'uri' || name === 'reason') compare(heard[name], expected as Expected, of, heard);
    else if (Array.isArray(expected)) assert.deepEqual(all(heard, name), expected, of);
    else compare(one(heard, name), expected as Expected, of, heard);
  }
}

function compare(value: string | null, expected: Expected, of: string, heard: Heard): void {
  if (expected === null) assert.equal(value, null, of);
  else if (expected === true) assert.notEqual(value, null, `${of}: missing`);
  else if (typeof expected === 'function') expected(value ?? '', heard);
  else if (expected instanceof RegExp)
    assert.match(value ?? '', expected, `${of} does not match ${expected}: ${value}`);
  else assert.equal(value, String(expected), of);
}
