import assert from 'node:assert/strict';
import { test } from 'node:test';
import { literalOf, resolveHost } from '../../../src/sip/transport/resolve.ts';

const literals: readonly (readonly [host: string, address: string | null])[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['biloxi.example', null],
  ['192.0.2', null],
  ['0x7f.1', null],
  ['[biloxi.example]', null],
  ['', null],
];

for (const [host, address] of literals) {
  test(`${JSON.stringify(host)} is ${address === null ? 'no address' : `the address ${address}`}`, async () => {
    assert.equal(literalOf(host), address);
    if (address !== null) assert.deepEqual(await resolveHost(host), [address]);
  });
}

test('localhost leads to this machine', async () => {
  const addresses = await resolveHost('localhost');
  assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), addresses.join());
});

test('a name under .invalid leads nowhere (RFC 6761 §6.4)', async () => {
  await assert.rejects(resolveHost('nowhere.invalid'));
});
