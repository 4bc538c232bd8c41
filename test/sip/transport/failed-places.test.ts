import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedPlaces } from '../../../src/sip/transport/failed-places.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { fakeSystem } from '../../support/fake-system.ts';

const at = (host: string, transport: Target['transport'] = 'udp'): Target => ({ transport, host, port: 5060 });
const all = ['a', 'b', 'c'].map((host) => at(host));
const order = (places: FailedPlaces, targets: readonly Target[] = all): string =>
  places
    .inOrder(targets)
    .map(({ host }) => host)
    .join('');

test('those that have failed go last, and within both the order stays', () => {
  const places = new FailedPlaces(fakeSystem().clock);
  assert.equal(places.inOrder(all), all);
  places.failed(at('b'));
  assert.equal(order(places), 'acb');
  places.failed(at('a'));
  assert.equal(order(places), 'cab');
  places.failed(at('c'));
  assert.equal(order(places), 'abc');
});

test('a place is a transport, a host and a port; its flow and its name are not part of it', () => {
  const places = new FailedPlaces(fakeSystem().clock);
  places.failed({ ...at('a'), flow: 'udp:x#1', name: 'biloxi.example' });
  assert.equal(order(places), 'bca');
  assert.equal(order(places, [at('a', 'tcp'), at('b', 'tcp')]), 'ab');
  assert.equal(order(places, [{ ...at('a'), port: 5070 }, at('b')]), 'ab');
});

test('it is over after its time, after an answer, and after an hour at the latest', async () => {
  const { clock } = fakeSystem();
  const places = new FailedPlaces(clock);
  places.failed(at('a'), 90_000);
  places.failed(at('b'), 4_000_000_000);
  places.failed(at('c'));
  places.answered(at('c'));
  assert.equal(order(places), 'cab');
  await clock.advance(90_000);
  assert.equal(order(places), 'acb');
  await clock.advance(3_510_000);
  assert.equal(order(places), 'abc');
});

test('so many are remembered: the one noted first is forgotten', () => {
  const places = new FailedPlaces(fakeSystem().clock, { places: 2 });
  places.failed(at('a'));
  places.failed(at('b'));
  places.failed(at('a'));
  places.failed(at('c'));
  assert.equal(order(places), 'bac');
});
