// How a body is read and checked: bytes → JSON → the schema's fields, and what the validator found as refusals of the catalogue.
// Every fault is reported, each with a JSON pointer; of several at one place the most telling.
import { isUtf8 } from 'node:buffer';
import { faultOfWebUrl, numberPattern, subdomainPattern } from '../call/routing.ts';
import { faultOfRule } from '../call/targets.ts';
import { catalogue, type Refusal, type RefusalName } from '../errors.ts';

/** A request that cannot be taken, on its way to the error handler: fastify takes refusals of a body only as errors. */
export class Refused extends Error {
  readonly refusals: readonly [Refusal, ...Refusal[]];

  constructor(refusals: readonly [Refusal, ...Refusal[]]) {
    super(refusals[0].name);
    this.refusals = refusals;
  }
}

/** One finding of ajv in verbose mode, as far as it is used here. */
export interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  readonly data?: unknown;
  readonly parentSchema?: Readonly<Record<string, unknown>>;
}

interface Format {
  readonly says: string;
  /** When it is not simply an invalid value. */
  readonly name?: RefusalName;
  readonly validate: (text: string) => boolean;
}

// RFC 3261 §25.1: token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
const token = "[-.!%*_+`'~0-9A-Za-z]+";
const headerName = new RegExp(`^${token}$`);
// RFC 3261 §25.1: media-type = m-type SLASH m-subtype *(SEMI m-parameter)
const mediaType = new RegExp(`^${token}/${token}(?:[ \\t]*;[ \\t]*${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))*$`);
const control = /[\x00-\x08\x0a-\x1f\x7f]/;

const formats: Readonly<Record<string, Format>> = {
  line: {
    says: 'The value must be one line of Unicode text without control characters.',
    validate: (text) => !control.test(text) && text.isWellFormed(),
  },
  text: {
    says: 'The value must be Unicode text without NUL.',
    validate: (text) => !text.includes('\0') && text.isWellFormed(),
  },
  // RFC 4648 §4, with padding. The empty string is Base64 of nothing (§10); stray bits before the padding pass (§3.5).
  base64: {
    says: 'The value must be valid Base64.',
    validate: (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  },
  'display-name': {
    says: 'The value may hold letters, digits, spaces and -_~!.+ only.',
    validate: (text) => /^[A-Za-z0-9 \-_~!.+]*$/.test(text),
  },
  'header-name': {
    says: "The value must be a SIP header name: letters, digits and any of -.!%*_+`'~.",
    validate: (text) => headerName.test(text),
  },
  'media-type': {
    says: 'The value must be a media type, such as application/dtmf-relay.',
    validate: (text) => !control.test(text) && mediaType.test(text),
  },
  digits: {
    says: 'The value may hold 0-9, A-D, * and #, and the pauses w and W.',
    validate: (text) => /^[0-9A-D*#wW]*$/.test(text),
  },
  'web-url': {
    name: 'invalid-url',
    says: catalogue['invalid-url'].detail,
    validate: (text) => faultOfWebUrl(text) === null,
  },
  'web-url-or-empty': {
    name: 'invalid-url',
    says: catalogue['invalid-url'].detail,
    validate: (text) => text === '' || faultOfWebUrl(text) === null,
  },
  'host-label': {
    says: 'The value must be one label of a host name: letters, digits and hyphens.',
    validate: (text) => text === '' || subdomainPattern.test(text),
  },
  target: {
    says: `${faultOfRule('')}.`,
    validate: (text) => faultOfRule(text) === null,
  },
  called: {
    says: 'The value must be a number or user of at most 64 characters, or the beginning of one with * after it.',
    validate: (text) => numberPattern.test(text),
  },
};

const maxBytes = {
  keyword: 'x-max-bytes',
  type: 'string' as const,
  schemaType: 'number' as const,
  errors: false,
  validate: (limit: number, text: string) => Buffer.byteLength(text) <= limit,
};

const maxSum = {
  keyword: 'x-max-sum',
  type: 'array' as const,
  schemaType: 'number' as const,
  errors: false,
  validate: (limit: number, list: unknown[]) => list.reduce((sum: number, each) => sum + Number(each), 0) <= limit,
};

/**
 * Settings of ajv. Nothing is coerced or removed: the body is what the application wrote. `verbose` lets a finding carry
 * the value, so that a blank one can be told from a wrong one.
 */
export const ajvOptions = {
  allErrors: true,
  verbose: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allowUnionTypes: true,
  keywords: [maxBytes, maxSum, 'x-switchhook-additive'],
  formats: Object.fromEntries(Object.entries(formats).map(([name, { validate }]) => [name, validate])),
};

/** The JSON value of a body; an absent one is an empty object, as the official client sends it. */
export function readJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  if (!isUtf8(body)) {
    throw new Refused([{ name: 'bad-encoding', detail: `Error decoding request body at position ${badByte(body)}` }]);
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refused([{ name: 'invalid-json' }]);
  }
}

/** Where a body stops being UTF-8: the first byte that does not survive decoding and encoding. */
function badByte(body: Buffer): number {
  const survivor = Buffer.from(body.toString('utf8'));
  return body.findIndex((byte, index) => byte !== survivor[index]);
}

/**
 * The fields of a body that the schema knows; the rest is ignored. A list keeps one entry more than it may have: enough
 * to be refused, and too few to make a validator that reports every fault work hard.
 */
export function knownFields(body: unknown, fields: readonly string[], maxEntries: number): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const known: Record<string, unknown> = {};
  for (const field of fields) {
    const value = (body as Record<string, unknown>)[field];
    if (value === undefined) continue;
    known[field] = Array.isArray(value) && value.length > maxEntries ? value.slice(0, maxEntries + 1) : value;
  }
  return known;
}

/** Before validation: of the body only the fields of this schema. */
export function knownOf({ properties }: { readonly properties: object }, maxEntries: number) {
  return async (request: { body: unknown }): Promise<void> => {
    request.body = knownFields(request.body ?? {}, Object.keys(properties), maxEntries);
  };
}

/** What the validator found in a part of a request, as refusals: one for each place, in the order found. */
export function refusalsOf(findings: readonly Finding[], part = 'body'): [Refusal, ...Refusal[]] {
  const byPointer = new Map<string, Refusal>();
  for (const finding of findings) {
    // It only says that what follows from it was not met, which is found by itself.
    if (finding.keyword === 'if') continue;
    const refusal = refusalOf(finding);
    const known = byPointer.get(refusal.pointer ?? '');
    if (known === undefined || rank(refusal.name) < rank(known.name)) byPointer.set(refusal.pointer ?? '', refusal);
  }
  const all = [...byPointer.values()];
  const [first = { name: 'invalid-value' }, ...others] = part === 'querystring' ? all.map(ofQuery) : all;
  return [first, ...others];
}

function ofQuery({ pointer = '', ...refusal }: Refusal): Refusal {
  return { ...refusal, parameter: pointer.slice(1) };
}

const ranks: readonly RefusalName[] = [
  'missing-parameter',
  'invalid-enum',
  'out-of-range',
  'invalid-url',
  'invalid-value',
];
const rank = (name: RefusalName): number => ranks.indexOf(name);

function refusalOf(finding: Finding): Refusal {
  const { instancePath, keyword, params } = finding;
  if (keyword === 'required') return missing(`${instancePath}/${params.missingProperty}`);
  if (finding.parentSchema?.minLength === 1 && isBlank(finding.data)) return missing(instancePath);
  return { ...fault(finding), pointer: instancePath };
}

function missing(pointer: string): Refusal {
  const field = pointer.slice(pointer.lastIndexOf('/') + 1);
  return { name: 'missing-parameter', detail: `The '${field}' parameter is required and cannot be blank.`, pointer };
}

function isBlank(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.trim() === '');
}

/** A wrong value in the words of the catalogue. */
function fault({ keyword, params, parentSchema, message }: Finding): Refusal {
  switch (keyword) {
    case 'enum':
      return {
        name: 'invalid-enum',
        detail: `The value must be one of: ${(params.allowedValues as string[]).join(', ')}.`,
      };
    case 'minimum':
    case 'maximum': {
      const range = `${parentSchema?.minimum} to ${parentSchema?.maximum}`;
      return { name: 'out-of-range', detail: `The value is outside of allowed range ${range}` };
    }
    case 'type':
      return invalid(`The value must be ${[params.type].flat().map(withArticle).join(' or ')}.`);
    case 'format':
      return malformed(formats[String(params.format)]);
    case 'pattern':
      return invalid('The value cannot be blank.');
    case 'maxLength':
      return invalid(`The value must be at most ${params.limit} characters long.`);
    case 'uniqueItems':
      return invalid('The list must not have the same entry twice.');
    case 'maxItems':
      return invalid(`The list must have at most ${params.limit} entries.`);
    case 'maxProperties':
      return invalid(`The value must have at most ${params.limit} members.`);
    case 'x-max-sum':
      return invalid(`The values must be at most ${parentSchema?.['x-max-sum']} together.`);
    case 'x-max-bytes':
      return invalid(`The value must be at most ${parentSchema?.['x-max-bytes']} bytes long.`);
    default:
      return invalid(`The value ${message ?? 'is not valid'}.`);
  }
}

function withArticle(type: unknown): string {
  if (type === 'null') return 'null';
  return `${/^[aio]/.test(String(type)) ? 'an' : 'a'} ${type}`;
}

function malformed(
  { name = 'invalid-value', says }: Format = { says: 'The value is malformed.', validate: () => true },
): Refusal {
  return { name, detail: says };
}

function invalid(detail: string): Refusal {
  return { name: 'invalid-value', detail };
}
