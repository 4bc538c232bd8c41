import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Request } from '../../../src/sip/message/message.ts';
import { parse } from '../../../src/sip/message/parse.ts';
import { clientKey, inviteKey, serverKey } from '../../../src/sip/transaction/key.ts';
import { requestOf, textOf } from './figure.ts';

function read(text: string): Request {
  const request = parse(text);
  assert.ok(request instanceof Request, JSON.stringify(request));
  return request;
}

for (const [rule, branch] of [
  ['RFC 3261', 'z9hG4bK776asdhds'],
  ['RFC 2543', '1'],
  ['a cookie with nothing behind it', 'z9hG4bK'],
] as const) {
  test(`${rule}: ACK and CANCEL lead to their INVITE, and are transactions of their own`, () => {
    const invite = requestOf('INVITE', { branch });
    const ack = read(textOf('ACK', { branch }).replace('biloxi.example>', 'biloxi.example>;tag=a6c85cf'));
    const cancel = requestOf('CANCEL', { branch });
    assert.equal(inviteKey(ack), serverKey(invite));
    assert.equal(inviteKey(cancel), serverKey(invite));
    assert.notEqual(serverKey(cancel), serverKey(invite));
  });

  test(`${rule}: a copy has the same key`, () => {
    assert.equal(serverKey(requestOf('BYE', { branch })), serverKey(requestOf('BYE', { branch })));
  });
}

const other: readonly (readonly [difference: string, from: RegExp | string, to: string])[] = [
  ['branch', 'z9hG4bK776asdhds', 'z9hG4bK776asdhdt'],
  ['sent-by host', 'pc33.atlanta.example:', 'pc34.atlanta.example:'],
  ['sent-by port', ':5060', ':5062'],
];
for (const [difference, from, to] of other) {
  test(`another ${difference} is another transaction`, () => {
    const text = textOf('INVITE');
    assert.notEqual(serverKey(read(text)), serverKey(read(text.replace(from, to))));
  });
}

const otherOld: typeof other = [
  ['Request-URI', 'INVITE sip:bob@', 'INVITE sip:bobby@'],
  ['From tag', 'tag=1928301774', 'tag=1928301775'],
  ['Call-ID', 'a84b4c76e66710@', 'a84b4c76e66711@'],
  ['CSeq', '314159 INVITE', '314160 INVITE'],
  ['topmost Via', ':5060', ':5062'],
];
for (const [difference, from, to] of otherOld) {
  test(`RFC 2543: another ${difference} is another transaction`, () => {
    const text = textOf('INVITE', { branch: '1' });
    assert.notEqual(serverKey(read(text)), serverKey(read(text.replace(from, to))));
  });
}

test('sent-by is compared without regard to case, the branch as it is written', () => {
  const text = textOf('INVITE');
  assert.equal(serverKey(read(text)), serverKey(read(text.replace('pc33.atlanta', 'PC33.Atlanta'))));
});

test('the client key is branch and method: a CANCEL shares the branch of its INVITE', () => {
  assert.notEqual(clientKey('z9hG4bK1', 'INVITE'), clientKey('z9hG4bK1', 'CANCEL'));
});
