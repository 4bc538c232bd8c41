// What final codes are called: the cause of a hangup, the reason of a refer that failed; and how an instant is written.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { causeOf, failureReason, isoStamp } from '../../src/call/events.ts';
import { eventRows } from '../../src/call/outbox.ts';
import type { Destination } from '../../src/store/store.ts';
import { destination } from '../conformance/store.ts';
import { active } from './support.ts';

suite('codes', () => {
  const causes: Readonly<Record<string, readonly number[]>> = {
    user_busy: [486, 600],
    call_rejected: [603, 403, 607, 608],
    not_found: [404, 410, 484, 604],
    no_answer: [480, 408],
    unspecified: [400, 487, 488, 500, 503, 302],
  };
  for (const [cause, codes] of Object.entries(causes)) {
    test(`${codes.join(', ')}: ${cause}`, () =>
      assert.deepEqual(
        codes.map(causeOf),
        codes.map(() => cause),
      ));
  }
  const reasons: Readonly<Record<string, readonly number[]>> = {
    busy: [486, 600],
    'no-answer': [408, 480],
    canceled: [487],
    failed: [302, 401, 403, 404, 405, 481, 491, 500, 503, 603, 604],
  };
  for (const [reason, codes] of Object.entries(reasons)) {
    test(`${codes.join(', ')}: ${reason}`, () =>
      assert.deepEqual(
        codes.map(failureReason),
        codes.map(() => reason),
      ));
  }
});

test('an instant is written in UTC with microseconds', () => {
  assert.equal(isoStamp(Date.UTC(2020, 2, 30, 13, 29, 42, 130)), '2020-03-30T13:29:42.130000Z');
});

suite('an event as the store keeps it', () => {
  const [{ event } = assert.fail()] = active().told;
  const of = { callId: 'v3:call', sequence: 1, at: Date.UTC(2026, 0, 1) };
  const rowsTo = (...destinations: readonly Destination[]) => {
    let ids = 0;
    return eventRows(event, of, destinations, () => `id-${ids++}`);
  };
  test('is the envelope without its meta, due at once', () => {
    const [row = assert.fail()] = rowsTo(destination());
    const { record_type, event_type, id, occurred_at } = JSON.parse(row.body);
    assert.deepEqual(
      [record_type, event_type, id, occurred_at],
      ['event', 'call.initiated', 'id-0', '2026-01-01T00:00:00.000000Z'],
    );
    assert.deepEqual([row.id, row.copy, row.status, row.dueAt, row.attempts], ['id-0', 0, 'due', of.at, 0]);
  });
  test('is born delivered where nobody takes webhooks', () => {
    const [row = assert.fail(), ...others] = rowsTo();
    assert.deepEqual([row.status, row.destination, others], ['delivered', null, []]);
  });
  test('has a row for each URL, and one id in all of them', () => {
    const [first = assert.fail(), second = assert.fail()] = rowsTo(destination(), destination({ url: 'http://b/' }));
    assert.deepEqual([second.id, second.copy, second.sequence], ['id-1', 1, 1]);
    assert.equal(second.body, first.body);
  });
});
