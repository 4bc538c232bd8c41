import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterRequest, type Dialog, nextHop, requestWithin, uasDialog } from '../../../src/sip/dialog/dialog.ts';
import { isBehindNat } from '../../../src/sip/dialog/reach.ts';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import type { Target } from '../../../src/sip/transport/transport.ts';
import { type Changes, rawInvite } from '../../support/messages.ts';

const from = (host: string): Target => ({ transport: 'udp', host, port: 40_000, flow: 'udp:192.0.2.1:5060' });
/** Where nothing but the flow leads to. */
const only = (host: string): Target => ({ ...from(host), behindNat: true });

function invite(changes: Changes): Request {
  const request = parse(rawInvite(changes));
  assert.ok(request instanceof Request);
  return request;
}

const two = ['SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK2', 'SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK1'];
const cases: readonly (readonly [name: string, changes: Changes, source: string, behind: boolean])[] = [
  ['a private Contact, packets from a public address', { Contact: '<sip:a@10.0.0.5:5060>' }, '203.0.113.1', true],
  ['… from another private one', { Contact: '<sip:a@172.17.0.2>' }, '192.168.1.5', true],
  ['… from that very address', { Contact: '<sip:a@10.0.0.5:5062>' }, '10.0.0.5', false],
  ['a public Contact', { Contact: '<sip:a@198.51.100.1>' }, '203.0.113.1', false],
  ['a name', { Contact: '<sip:a@pc.atlanta.example>' }, '203.0.113.1', false],
  ['a name that can be none', { Contact: '<sip:a@df7jal23ls0d.invalid;transport=ws>' }, '203.0.113.1', true],
  ['a private IPv6 Contact', { Contact: '<sip:a@[fd00::1]>' }, '2001:db8::1', true],
  ['that very IPv6 address', { Contact: '<sip:a@[fd00::1]>' }, 'fd00::1', false],
  ['handed on by a public proxy', { Contact: '<sip:a@10.0.0.5>', Via: two }, '203.0.113.1', true],
  ['handed on by a private proxy', { Contact: '<sip:a@10.0.0.5>', Via: two }, '10.0.0.9', false],
  ['no Contact', {}, '203.0.113.1', false],
  ['a Contact nobody can read', { Contact: '<sip:a@10.0.0.5' }, '203.0.113.1', false],
  ['a telephone', { Contact: '<tel:+1555>' }, '203.0.113.1', false],
];

for (const [name, changes, source, behind] of cases) {
  test(`${name}: ${behind ? 'out of' : 'within'} reach`, () =>
    assert.equal(isBehindNat(invite(changes), from(source)), behind));
}

const contact = '<sip:a@10.0.0.5:5062>';
const dialogOf = (changes: Changes, nat: boolean): Dialog =>
  uasDialog(invite({ Contact: contact, ...changes }), 'tag', from('203.0.113.1'), nat)!;
const request = { method: 'BYE', cseq: 1, branch: 'z9hG4bK1', headers: () => [] };

test('requests go where those of the peer come from, and name its Contact all the same', () => {
  const dialog = dialogOf({}, true);
  assert.deepEqual(nextHop(dialog), only('203.0.113.1'));
  const { text, target } = requestWithin(dialog, { udp: null, tcp: null }, request);
  assert.deepEqual(target, only('203.0.113.1'));
  assert.match(text, /^BYE sip:a@10\.0\.0\.5:5062 SIP\/2\.0\r\n/);
});

test('within reach they go to the Contact', () => {
  assert.deepEqual(nextHop(dialogOf({}, false)), { ...from('10.0.0.5'), port: 5062 });
});

test('a route goes before both', () => {
  const routed = dialogOf({ 'Record-Route': '<sip:203.0.113.9;lr>' }, true);
  assert.deepEqual(nextHop(routed), { ...from('203.0.113.9'), port: 5060 });
});

test('the flow is that of the last request, the reach that of the last Contact', () => {
  const moved = from('203.0.113.77');
  const there = only('203.0.113.77');
  const bye = invite({});
  const after = afterRequest(dialogOf({}, true), new Request('BYE', bye.uri, bye.parts), moved);
  assert.deepEqual(nextHop(after), there);
  const reached = afterRequest(after, invite({ Contact: '<sip:a@198.51.100.1>' }), moved);
  assert.equal(nextHop(reached).host, '198.51.100.1');
  assert.deepEqual(nextHop(afterRequest(reached, invite({ Contact: contact }), moved)), there);
  const unseen = afterRequest(dialogOf({}, false), invite({ Contact: contact }), moved);
  assert.equal(nextHop(unseen).host, '10.0.0.5', 'where it is not looked at');
});

test('what is kept of it survives a snapshot', () => {
  const dialog = dialogOf({}, true);
  assert.deepEqual(nextHop(JSON.parse(JSON.stringify(dialog))), only('203.0.113.1'));
});
