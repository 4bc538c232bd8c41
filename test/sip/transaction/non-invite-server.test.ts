// RFC 3261 figure 8 under the rules of RFC 4320 §4.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as machine from '../../../src/sip/transaction/non-invite-server.ts';
import { requestOf, responseTo, serverFixed, serverInputs, show, walk } from './figure.ts';

const states: readonly machine.State[] = [
  { name: 'trying', request: requestOf('NOTIFY') },
  { name: 'proceeding', last: responseTo('NOTIFY', 100).text },
  { name: 'completed', last: responseTo('NOTIFY', 200).text },
  { name: 'terminated' },
];

const common = {
  'trying + 100': 'proceeding: send 100, arm F 28500',
  'proceeding + copy': 'proceeding: send 100',
  'proceeding + F': 'terminated',
  'completed + copy': 'completed: send 200',
  'completed + J': 'terminated',
};

// No 408 (RFC 4320 §4.2), and no provisional response but the machine's own 100 (§4.1): neither is here.
const finals = (line: (status: number) => string): Record<string, string> =>
  Object.fromEntries(
    [200, 302, 486, 603].flatMap((status) => [
      [`trying + say ${status}`, line(status)],
      [`proceeding + say ${status}`, line(status)],
    ]),
  );

test('over an unreliable transport every arrow is that of the figure', () => {
  walk(machine, serverFixed(false), states, serverInputs('NOTIFY'), {
    ...common,
    ...finals((status) => `completed: send ${status}, arm J 32000`),
  });
});

test('over a reliable transport Completed is left at once', () => {
  walk(machine, serverFixed(true), states, serverInputs('NOTIFY'), {
    ...common,
    ...finals((status) => `terminated: send ${status}`),
  });
});

test('it begins in silence', () => {
  assert.equal(show(machine.start(serverFixed(false), requestOf('NOTIFY'))), 'trying: arm 100 3500');
});
