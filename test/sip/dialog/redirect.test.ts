// The targets of a 3xx in the order to try them (RFC 3261 §8.1.3.4, §20.10).
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mostTargets, redirectTargets } from '../../../src/sip/dialog/redirect.ts';
import { Response } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { rawResponse } from '../../support/messages.ts';

function redirect(contacts: readonly string[]): Response {
  const message = parse(rawResponse(302, { Contact: contacts }));
  assert.ok(message instanceof Response);
  return message;
}

suite('the targets of a redirect', () => {
  const rows: readonly (readonly [string, contacts: readonly string[], tried: readonly string[], ...string[]])[] = [
    ['no Contact', [], []],
    ['one', ['<sip:a@x.example>'], [], 'sip:a@x.example'],
    ['without <>', ['sip:a@x.example;q=0.5'], [], 'sip:a@x.example'],
    [
      'by q, in one field',
      ['<sip:a@x.example>;q=0.1, <sip:b@x.example>;q=0.9'],
      [],
      'sip:b@x.example',
      'sip:a@x.example',
    ],
    [
      'no q is the highest',
      ['<sip:a@x.example>;q=0.999', '<sip:b@x.example>'],
      [],
      'sip:b@x.example',
      'sip:a@x.example',
    ],
    [
      'equals in their order',
      ['<sip:b@x.example>', '<sip:a@x.example>;q=1.0'],
      [],
      'sip:b@x.example',
      'sip:a@x.example',
    ],
    [
      'no qvalue is the lowest',
      ['<sip:a@x.example>;q=7', '<sip:b@x.example>;q=0.1'],
      [],
      'sip:b@x.example',
      'sip:a@x.example',
    ],
    ['tried', ['<sip:a@x.example>', '<sip:b@x.example>'], ['sip:a@X.EXAMPLE'], 'sip:b@x.example'],
    ['twice', ['<sip:a@x.example>', '<sip:a@x.example>;q=0.5'], [], 'sip:a@x.example'],
    [
      'headers and method left out',
      ['<sip:a@x.example;method=BYE;transport=tcp?Subject=x>'],
      [],
      'sip:a@x.example;transport=tcp',
    ],
    ['sips', ['<sips:a@x.example>'], [], 'sips:a@x.example'],
    ['what is not called', ['<tel:+15551234>', '<mailto:a@x.example>', '<sip:b@x.example>'], [], 'sip:b@x.example'],
    ['a star, and broken ones', ['*', '<sip:', 'x', '<sip:b@x.example>'], [], 'sip:b@x.example'],
  ];
  for (const [name, contacts, tried, ...targets] of rows) {
    test(name, () => assert.deepEqual(redirectTargets(redirect(contacts), tried), targets));
  }
  test('there is an end to ever new ones', () => {
    const many = Array.from({ length: 30 }, (_, index) => `<sip:${index}@x.example>`);
    const tried = Array.from({ length: 7 }, (_, index) => `sip:t${index}@x.example`);
    assert.equal(redirectTargets(redirect(many), []).length, mostTargets);
    assert.equal(redirectTargets(redirect(many), tried).length, 3);
    assert.deepEqual(redirectTargets(redirect(many), [...tried, ...tried]), []);
  });
});
