// What a connection is waited for, one row a reason: nothing until its instant, then a sentence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf, limitsOf, nextLook, pingAt, type Watched } from '../../../src/sip/transport/patience.ts';

const limits = limitsOf({ connectMs: 5, firstMessageMs: 30, messageMs: 20, idleMs: 1000, pingMs: 100, pongMs: 10 });
const open: Watched = {
  ...{ peer: { transport: 'tcp', host: '192.0.2.7', port: 5060 }, link: { pongsAlways: false }, unsaid: null },
  ...{ isOurs: false, usable: true, used: true, usedAt: 0, partialSince: null },
  ...{ pingedAt: 0, awaitsPong: false, pongs: false },
};

const rows: readonly (readonly [what: string, Partial<Watched>, at: number, fault: string])[] = [
  ['it does not open', { unsaid: [] }, 5, 'No connection to 192.0.2.7:5060 in 5 ms.'],
  ['it brings nothing', { used: false }, 30, 'The connection was idle for too long.'],
  ['it is silent', {}, 1000, 'The connection was idle for too long.'],
  ['a message is not whole', { partialSince: 7 }, 27, 'A message did not arrive whole in time.'],
  ['no pong', { awaitsPong: true, pongs: true, pingedAt: 50 }, 60, '192.0.2.7:5060 no longer answers.'],
];

for (const [what, changes, at, fault] of rows) {
  test(`${what}: over after its time, and looked at then`, () => {
    const connection = { ...open, ...changes };
    assert.equal(faultOf(connection, limits, at - 1), null);
    assert.equal(faultOf(connection, limits, at), fault);
    assert.equal(nextLook(connection, limits), at);
  });
}

test('who never answered a ping is not given up for that: it may know none', () => {
  assert.equal(faultOf({ ...open, awaitsPong: true, pingedAt: 50 }, limits, 999), null);
});

test('ours is pinged, and both sides of a WebSocket; not before it is open, nor while it closes', () => {
  const never = Number.POSITIVE_INFINITY;
  const at = (changes: Partial<Watched>) => pingAt({ ...open, ...changes }, limits);
  assert.equal(at({}), never);
  assert.equal(at({ isOurs: true, usedAt: 30 }), 130);
  assert.equal(at({ link: { pongsAlways: true }, pingedAt: 40 }), 140);
  assert.equal(at({ isOurs: true, unsaid: [] }), never);
  assert.equal(at({ isOurs: true, usable: false }), never);
});
