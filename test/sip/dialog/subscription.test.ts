// The subscriber's machine (RFC 6665 §4.1.2), and what the headers of a NOTIFY are taken for.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  notifyWait,
  readNotice,
  type Subscription,
  timersOf,
  transition,
} from '../../../src/sip/dialog/subscription.ts';
import { isRequest } from '../../../src/sip/message/message.ts';
import { isFailure, parse } from '../../../src/sip/message/parse.ts';
import { type Changes, rawMessage } from '../../support/messages.ts';
import { inputs } from './figure.ts';

/** What has no line is absorbed. */
const arrows: Readonly<Record<string, Subscription['name']>> = {
  'notify-wait + NOTIFY pending': 'pending',
  'notify-wait + NOTIFY active': 'active',
  'notify-wait + NOTIFY terminated': 'terminated',
  'notify-wait + refused': 'terminated',
  'notify-wait + N': 'terminated',
  'pending + NOTIFY active': 'active',
  'pending + NOTIFY terminated': 'terminated',
  'active + NOTIFY pending': 'pending',
  'active + NOTIFY terminated': 'terminated',
};

test('states × inputs: each arrow is the one listed, every other input is absorbed', () => {
  const left = new Set(Object.keys(arrows));
  for (const name of Object.keys(timersOf) as Subscription['name'][]) {
    for (const [input, taken] of Object.entries(inputs)) {
      const pair = `${name} + ${input}`;
      left.delete(pair);
      assert.equal(transition({ name }, taken).name, arrows[pair] ?? name, pair);
    }
  }
  assert.deepEqual([...left], []);
});

test('only the wait for the first NOTIFY has a timer', () => {
  assert.deepEqual(timersOf, { 'notify-wait': ['N'], pending: [], active: [], terminated: [] });
  assert.deepEqual(notifyWait, { name: 'notify-wait' });
});

suite('the headers of a NOTIFY', () => {
  const notice = (changes: Changes) => {
    const message = parse(rawMessage('NOTIFY sip:us SIP/2.0', { CSeq: '2 NOTIFY', ...changes }));
    assert.ok(!isFailure(message) && isRequest(message));
    return readNotice(message);
  };
  const events: readonly (readonly [event: string | null, expected: ReturnType<typeof readNotice>])[] = [
    [null, { refused: 400 }],
    ['', { refused: 400 }],
    [';id=1', { refused: 400 }],
    ['presence', { refused: 489 }],
    ['refer.winfo', { refused: 489 }],
    ['refer', { refused: null, id: null, state: 'active' }],
    ['REFER', { refused: null, id: null, state: 'active' }],
    ['refer;id=93809824', { refused: null, id: 93809824, state: 'active' }],
    ['refer ; ID = "7"', { refused: null, id: 7, state: 'active' }],
    ['refer;id=007', { refused: null, id: 7, state: 'active' }],
    ['refer;id', { refused: null, id: null, state: 'active' }],
    ['refer;id=x', { refused: null, id: -1, state: 'active' }],
    ['refer;id=99999999999', { refused: null, id: -1, state: 'active' }],
    ['refer;x=y;;', { refused: null, id: null, state: 'active' }],
  ];
  for (const [event, expected] of events) {
    test(`Event: ${event}`, () => assert.deepEqual(notice({ Event: event, 'Subscription-State': 'active' }), expected));
  }
  const states: readonly (readonly [value: string | null, state: string])[] = [
    ['active;expires=60', 'active'],
    ['ACTIVE', 'active'],
    ['pending', 'pending'],
    ['terminated;reason=noresource', 'terminated'],
    ['Terminated ; reason=timeout', 'terminated'],
    ['terminated', 'terminated'],
    [null, 'active'],
    ['', 'active'],
    ['waiting', 'active'],
    ['"terminated"', 'active'],
  ];
  for (const [value, state] of states) {
    test(`Subscription-State: ${value}`, () => {
      const read = notice({ Event: 'refer', 'Subscription-State': value });
      assert.deepEqual(read, { refused: null, id: null, state });
    });
  }
  test('in the compact form', () =>
    assert.deepEqual(notice({ o: 'refer;id=2' }), { refused: null, id: 2, state: 'active' }));
});
