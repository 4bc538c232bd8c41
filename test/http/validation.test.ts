import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ajvOptions, type Finding, knownFields, Refused, readJson, refusalsOf } from '../../src/http/validation.ts';

const refusalOf = (body: Buffer) => {
  try {
    readJson(body);
  } catch (error) {
    return error instanceof Refused ? error.refusals[0] : error;
  }
  return null;
};

test('readJson: an empty body is an empty object', () => {
  assert.deepEqual(readJson(Buffer.alloc(0)), {});
});

test('readJson: JSON of any kind is read', () => {
  assert.deepEqual(readJson(Buffer.from('{"a":["é",null]}')), { a: ['é', null] });
  assert.equal(readJson(Buffer.from('3')), 3);
});

for (const text of ['{', '{"a":1,}', 'undefined', "{'a':1}", '{"a":"\n"}', ' ', '\ufeff{}']) {
  test(`readJson: ${JSON.stringify(text)} is not JSON`, () => {
    assert.deepEqual(refusalOf(Buffer.from(text)), { name: 'invalid-json' });
  });
}

const badBytes: readonly (readonly [bytes: number[], position: number])[] = [
  [[0xff], 0],
  [[0x22, 0x61, 0x80, 0x22], 2],
  [[0x22, 0xc3, 0x28, 0x22], 1],
  [[0x22, 0xef, 0xbf, 0xbd, 0x22, 0xe2, 0x82], 5],
  [[0x22, 0xed, 0xa0, 0x80, 0x22], 1],
];

for (const [bytes, position] of badBytes) {
  test(`readJson: ${Buffer.from(bytes).toString('hex')} is no UTF-8 from byte ${position}`, () => {
    assert.deepEqual(refusalOf(Buffer.from(bytes)), {
      name: 'bad-encoding',
      detail: `Error decoding request body at position ${position}`,
    });
  });
}

test('knownFields: what the schema does not know is left out', () => {
  const body = JSON.parse('{"a":1,"b":2,"__proto__":{"c":3}}');
  assert.deepEqual(knownFields(body, ['a', 'c'], 64), { a: 1 });
});

test('knownFields: a list keeps one entry too many, enough to be refused', () => {
  assert.deepEqual(knownFields({ a: [1, 2, 3, 4], b: [1, 2] }, ['a', 'b'], 2), { a: [1, 2, 3], b: [1, 2] });
});

for (const body of [null, 3, 'a', [1], true]) {
  test(`knownFields: ${JSON.stringify(body)} is left for the validator`, () => {
    assert.equal(knownFields(body, ['a'], 64), body);
  });
}

const finding = (keyword: string, more: Partial<Finding> = {}): Finding => ({
  keyword,
  instancePath: '/a',
  params: {},
  ...more,
});

test('refusalsOf: of several faults at one place the most telling is reported', () => {
  const required = { parentSchema: { minLength: 1 }, data: ' ' };
  const refusals = refusalsOf([
    finding('maxLength', { params: { limit: 3 } }),
    finding('enum', { params: { allowedValues: ['x', 'y'] } }),
    finding('pattern', { instancePath: '/b/0/c', ...required }),
    finding('format', { instancePath: '/b/0/c', params: { format: 'line' }, ...required }),
  ]);
  assert.deepEqual(refusals, [
    { name: 'invalid-enum', detail: 'The value must be one of: x, y.', pointer: '/a' },
    {
      name: 'missing-parameter',
      detail: "The 'c' parameter is required and cannot be blank.",
      pointer: '/b/0/c',
    },
  ]);
});

const details: readonly (readonly [Finding, string])[] = [
  [finding('type', { params: { type: 'integer' } }), 'The value must be an integer.'],
  [finding('type', { params: { type: 'string' } }), 'The value must be a string.'],
  [finding('type', { params: { type: ['string', 'null'] } }), 'The value must be a string or null.'],
  [finding('uniqueItems'), 'The list must not have the same entry twice.'],
  [
    finding('format', { params: { format: 'host-label' } }),
    'The value must be one label of a host name: letters, digits and hyphens.',
  ],
  [finding('minimum', { parentSchema: { minimum: 1, maximum: 9 } }), 'The value is outside of allowed range 1 to 9'],
  [finding('maximum', { parentSchema: { minimum: 0, maximum: 9 } }), 'The value is outside of allowed range 0 to 9'],
  [finding('format', { params: { format: 'base64' } }), 'The value must be valid Base64.'],
  [finding('pattern'), 'The value cannot be blank.'],
  [finding('maxLength', { params: { limit: 9 } }), 'The value must be at most 9 characters long.'],
  [finding('maxItems', { params: { limit: 9 } }), 'The list must have at most 9 entries.'],
  [finding('x-max-bytes', { parentSchema: { 'x-max-bytes': 9 } }), 'The value must be at most 9 bytes long.'],
  [finding('other', { message: 'must be nice' }), 'The value must be nice.'],
];

for (const [found, detail] of details) {
  test(`refusalsOf: ${found.keyword} → ${detail}`, () => {
    assert.equal(refusalsOf([found])[0].detail, detail);
  });
}

const formats: Readonly<Record<string, { readonly yes: readonly string[]; readonly no: readonly string[] }>> = {
  line: { yes: ['', 'a b', 'a\tb', 'é 🙂', '\u0085'], no: ['\r', '\n', 'a\r\nb', '\0', '\x1b[1m', '\x7f', '\ud800'] },
  text: { yes: ['', 'a\r\nb', '\x01'], no: ['\0', 'a\0b', '\udc00'] },
  base64: {
    yes: ['', 'YQ==', 'YWI=', 'YWJj', 'aGF2ZSBhIG5pY2UgZGF5ID1d', '+/+/', 'YR=='],
    no: ['Y', 'YQ', 'YQ=', 'YWJj=', 'YWJjZ', '====', 'Y===', 'YQ==YQ==', 'Y-_j', ' YWJj', 'YWJj\n', 'YW\r\n', 'é==='],
  },
  'display-name': {
    yes: ['', 'Front desk', 'A-1_~!.+'],
    no: ['Zoë', '"x"', 'a\r\nb', 'a<b'],
  },
  'header-name': {
    yes: ['X-Account', 'head_1', "!%*+`'~."],
    no: ['', 'a b', 'a:', 'X-Ä', 'a\r', 'a\n', '(a)', 'a/b', 'a@b'],
  },
  'media-type': {
    yes: ['application/dtmf-relay', 'text/plain;charset=utf-8', 'a/b ; c="d \\" e"; f=g'],
    no: [
      '',
      'text',
      'text/',
      '/plain',
      'text/plain;',
      'text/plain\r\nX: y',
      'a/b;c',
      'a/b;c="',
      'a/b;c="\n"',
      'text/plain\n',
    ],
  },
  digits: {
    yes: ['', '0123456789', 'ABCD*#', 'wW'],
    no: ['a', 'E', '1 2', '1,2', '+1', '１', '1\n'],
  },
  'web-url': {
    yes: ['http://a.example', 'https://a.example:8443/b?c=d', `http://a.example/${'x'.repeat(1983)}`],
    no: [
      '',
      'a.example',
      '/b',
      'ftp://a.example',
      'http://u:p@a.example/',
      'http://a b/',
      `http://a.example/${'x'.repeat(1984)}`,
    ],
  },
  'web-url-or-empty': { yes: ['', 'http://a.example'], no: [' ', 'a.example'] },
  'host-label': { yes: ['', 'a', 'Sales-2', 'x'.repeat(63)], no: ['-a', 'a-', 'a.b', 'a b', 'ä', 'x'.repeat(64)] },
  target: { yes: ['+44', 'example.com', '192.0.2.0/24', '*'], no: ['', 'a b', 'sip:a@b', '192.0.2.0/33'] },
  called: {
    yes: ['+13125550100', '+1312*', '*', '*98', 'sales', 'a.b-c'],
    no: ['', 'a b', 'a,b', 'a;b', 'ä', 'x'.repeat(65)],
  },
};

test('formats: each has its table', () => {
  assert.deepEqual(Object.keys(formats), Object.keys(ajvOptions.formats));
});

for (const [name, { yes, no }] of Object.entries(formats)) {
  const validate = ajvOptions.formats[name]!;
  for (const text of yes) test(`format ${name}: ${JSON.stringify(text)}`, () => assert.equal(validate(text), true));
  for (const text of no) test(`format ${name}: not ${JSON.stringify(text)}`, () => assert.equal(validate(text), false));
}

test('formats: none is slow on a long hostile text', () => {
  for (const validate of Object.values(ajvOptions.formats)) {
    validate('a/b'.padEnd(1_000_000, ';a="\\'));
    validate(`a/b${' ;a='.repeat(250_000)}`);
    validate('='.repeat(1_000_000));
  }
});
