// What a server must never say: the secrets that it was given, searched for in all that it said, in clear and in the forms
// that a careless program gives them. A secret of fewer than six characters is found anywhere and is not searched for.
import type { Settings } from '../../src/config.ts';

const shortest = 6;
const secretField = /(?:^|_)(?:password|token|secret)$/;

export class Secrets {
  readonly #forms = new Map<string, string>();
  readonly #said: { readonly where: string; readonly text: string }[] = [];

  plant(name: string, secret: string): void {
    if (secret.length < shortest) return;
    for (const [form, text] of formsOf(secret)) {
      if (text.length >= shortest && !this.#forms.has(text)) this.#forms.set(text, `${name} (${form})`);
    }
  }

  /** The passwords among the settings: all that is called so, wherever it stands. */
  plantSettings({ apiKey, access }: Settings): void {
    if (apiKey !== null) this.plant('api_key', apiKey);
    this.plantFields(access);
  }

  /** The fields of a command, or of what else has fields, that are called as secrets are. */
  plantFields(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, field] of Object.entries(value)) {
      if (typeof field === 'string' && secretField.test(name)) this.plant(name, field);
      else this.plantFields(field);
    }
  }

  /** The server said this; it is searched for the secrets that are planted later, too. */
  heard(where: string, text: string): void {
    this.#said.push({ where, text });
  }

  /** Where which secret was said, and in which form. */
  get told(): string[] {
    const told = new Set<string>();
    for (const { where, text } of this.#said) {
      for (const [form, name] of this.#forms) if (text.includes(form)) told.add(`${where} says ${name}`);
    }
    return [...told];
  }
}

/** Of base64 what does not depend on what stands before and behind, for each of the three places it can begin at. */
function* formsOf(secret: string): Iterable<readonly [form: string, text: string]> {
  const bytes = Buffer.from(secret);
  yield ['in clear', secret];
  yield ['in JSON', JSON.stringify(secret).slice(1, -1)];
  yield ['in a URL', encodeURIComponent(secret)];
  yield ['in hexadecimal', bytes.toString('hex')];
  yield ['in HEXADECIMAL', bytes.toString('hex').toUpperCase()];
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const whole = 3 * Math.floor(padded.length / 3);
    const from = before === 0 ? 0 : 4;
    for (const encoding of ['base64', 'base64url'] as const) {
      yield [`in ${encoding}`, padded.subarray(0, whole).toString(encoding).slice(from)];
    }
  }
}
