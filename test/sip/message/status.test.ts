import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phrase } from '../../../src/sip/message/status.ts';

test('known codes have their phrase, unknown ones that of their class', () => {
  assert.equal(phrase(200), 'OK');
  assert.equal(phrase(481), 'Call/Transaction Does Not Exist');
  assert.equal(phrase(603), 'Decline');
  assert.equal(phrase(188), 'Progress');
  assert.equal(phrase(499), 'Bad Request');
  assert.equal(phrase(999), '');
});
