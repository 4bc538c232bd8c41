// How often, to whom, and spread over the round.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeepAlives, turnOf } from '../../src/sip/keep-alive.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import { fakeSystem } from '../support/fake-system.ts';

const phone = (port: number, transport: Target['transport'] = 'udp'): Target => ({
  transport,
  host: '203.0.113.7',
  port,
});

function setUp(everySecs: number, targets: Iterable<Target>) {
  const { clock } = fakeSystem();
  const sent: string[] = [];
  const send = ({ port }: Target) => sent.push(`${clock.now()} ${port}`);
  const keepAlives = new KeepAlives({ clock, everySecs, targets: () => targets, send });
  keepAlives.start();
  return { clock, sent, keepAlives };
}

test('each place is sent one in every round, always after the same time', async () => {
  const { clock, sent } = setUp(25, [phone(5060)]);
  await clock.advance(100_000);
  const at = sent.map((line) => Number(line.split(' ')[0]));
  assert.equal(at.length, 4);
  assert.deepEqual(
    at.slice(1).map((instant, before) => instant - at[before]!),
    [25_000, 25_000, 25_000],
  );
});

test('over a connection none is sent: those have pings of their own', async () => {
  const { clock, sent } = setUp(25, [phone(1, 'tcp'), phone(2, 'tls'), phone(3, 'ws'), phone(4)]);
  await clock.advance(25_000);
  assert.deepEqual(
    sent.map((line) => line.split(' ')[1]),
    ['4'],
  );
});

test('who comes and goes is kept while he is there', async () => {
  const targets: Target[] = [];
  const { clock, sent } = setUp(2, targets);
  await clock.advance(10_000);
  assert.equal(sent.length, 0);
  targets.push(phone(1));
  await clock.advance(10_000);
  assert.equal(sent.length, 5);
  targets.pop();
  await clock.advance(10_000);
  assert.equal(sent.length, 5);
});

test('0 sends none, and a stop ends it', async () => {
  const never = setUp(0, [phone(1)]);
  assert.equal(never.clock.armed, 0);
  const { clock, sent, keepAlives } = setUp(1, [phone(1)]);
  await clock.advance(3000);
  keepAlives.stop();
  await clock.advance(3000);
  assert.deepEqual([sent.length, clock.armed], [3, 0]);
});

test('many places have their turns spread over the round', () => {
  const turns = Array.from({ length: 10_000 }, (_, at) =>
    turnOf({ ...phone(1024 + at), host: `10.0.${at % 7}.9` }, 25),
  );
  const counts = Array.from({ length: 25 }, (_, turn) => turns.filter((each) => each === turn).length);
  assert.ok(Math.min(...counts) > 200 && Math.max(...counts) < 600, counts.join());
});
