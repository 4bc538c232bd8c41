// The query of a request, read parameter by parameter: names with brackets, as the API writes nested ones, are names like
// any other. What is wrong is gathered, each refusal naming its parameter; so is what nobody has asked for, because a filter
// that is passed over shows what should have been left out.
import type { Refusal } from '../errors.ts';
import { Refused } from './validation.ts';

export class Query {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #refusals: Refusal[] = [];
  readonly #known = new Set<string>();

  constructor(given: unknown) {
    this.#given = (given ?? {}) as Record<string, unknown>;
  }

  /** Null when it is absent or empty. */
  text(parameter: string, least = 0): string | null {
    this.#known.add(parameter);
    const value = this.#given[parameter];
    if (value === undefined || value === '') return null;
    if (typeof value !== 'string') return this.#wrong(parameter, 'The parameter must be given once.');
    if (value.length < least) return this.#wrong(parameter, `The value must have at least ${least} characters.`);
    return value;
  }

  matching(parameter: string, pattern: RegExp, detail: string): string | null {
    const text = this.text(parameter);
    return text === null || pattern.test(text) ? text : this.#wrong(parameter, detail);
  }

  oneOf<const T extends string>(parameter: string, values: readonly T[]): T | null {
    const text = this.text(parameter);
    const value = values.find((each) => each === text);
    if (text === null || value !== undefined) return value ?? null;
    this.#refusals.push({ name: 'invalid-enum', parameter, detail: `The value must be one of: ${values.join(', ')}.` });
    return null;
  }

  truth(parameter: string): boolean | null {
    const value = this.oneOf(parameter, ['true', 'false']);
    return value === null ? null : value === 'true';
  }

  whole(parameter: string, from: number, to: number): number | null {
    const text = this.text(parameter);
    if (text === null) return null;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    this.#refusals.push({
      name: 'out-of-range',
      parameter,
      detail: `The value is outside of allowed range ${from} to ${to}`,
    });
    return null;
  }

  /** ISO 8601, as wall-clock milliseconds. */
  instant(parameter: string): number | null {
    const text = this.text(parameter);
    if (text === null) return null;
    const at = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(at) ? this.#wrong(parameter, 'The value must be a time of ISO 8601.') : at;
  }

  /** Bounds of an instant: `NAME[gte]` and its like. */
  range<const T extends 'eq' | 'gt' | 'gte' | 'lt' | 'lte'>(
    name: string,
    bounds: readonly T[],
  ): Record<T, number | null> {
    return Object.fromEntries(bounds.map((bound) => [bound, this.instant(`${name}[${bound}]`)])) as Record<
      T,
      number | null
    >;
  }

  /** What cannot be read is said here, all of it at once; and what was not read by now is not known. */
  check(): void {
    for (const parameter of Object.keys(this.#given)) {
      if (!this.#known.has(parameter)) this.#wrong(parameter, 'There is no such parameter here.');
    }
    const [first, ...others] = this.#refusals;
    if (first) throw new Refused([first, ...others]);
  }

  #wrong(parameter: string, detail: string): null {
    this.#refusals.push({ name: 'invalid-value', parameter, detail });
    return null;
  }
}
