import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressSet, isLoopback, isPrivate, networkOf } from '../../src/sip/address-ranges.ts';

const ranges = ['192.0.2.0/24', '198.51.100.7', '2001:db8:1::/48', '2001:db8:2::5', '203.0.113.128/25'];
const members: readonly (readonly [host: string, isIn: boolean])[] = [
  ['192.0.2.0', true],
  ['192.0.2.255', true],
  ['192.0.3.0', false],
  ['198.51.100.7', true],
  ['198.51.100.8', false],
  ['203.0.113.127', false],
  ['203.0.113.128', true],
  ['2001:db8:1:ffff::1', true],
  ['[2001:db8:1::1]', true],
  ['2001:DB8:1::1', true],
  ['2001:db8:3::1', false],
  ['2001:db8:2::5', true],
  ['2001:db8:2:0:0:0:0:5', true],
  ['192.0.2.example', false],
  ['', false],
];

for (const [host, isIn] of members) {
  test(`${host || 'nothing'} is ${isIn ? '' : 'not '}in ${ranges.join(' ')}`, () =>
    assert.equal(addressSet(ranges)(host), isIn));
}

test('nothing is in no range', () => assert.equal(addressSet([])('192.0.2.1'), false));

const kinds: readonly (readonly [host: string, loopback: boolean, isPrivate: boolean])[] = [
  ['127.0.0.1', true, true],
  ['127.255.0.9', true, true],
  ['::1', true, true],
  ['10.1.2.3', false, true],
  ['172.31.255.255', false, true],
  ['172.32.0.0', false, false],
  ['192.168.1.1', false, true],
  ['100.64.0.1', false, true],
  ['169.254.1.1', false, true],
  ['fd00::1', false, true],
  ['fe80::1%eth0', false, true],
  ['8.8.8.8', false, false],
  ['2001:db8::1', false, false],
  ['localhost', false, false],
];

for (const [host, loopback, ofPrivate] of kinds) {
  test(`what ${host} is`, () => assert.deepEqual([isLoopback(host), isPrivate(host)], [loopback, ofPrivate]));
}

const networks: readonly (readonly [host: string, network: string])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['1::2:3:4:5:6:7', '1:0:2:3::/64'],
  ['name.example', 'name.example'],
];

for (const [host, network] of networks) {
  test(`${host} is counted as ${network}`, () => assert.equal(networkOf(host), network));
}
