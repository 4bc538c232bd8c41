// What an INVITE says: whether a call can be made of it, who calls whom, and what the application is told.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { described, offersFirst, partyOf, told, unacceptable } from '../../src/call/invitation.ts';
import type { Changes } from '../support/messages.ts';
import { inviteOf, offerText, videoOnly } from './support.ts';

suite('from and to: the number, else scheme, user, host and port', () => {
  const rows: readonly (readonly [uri: string, party: string])[] = [
    ['sip:+13125550100@192.0.2.1:5060;user=phone', '+13125550100'],
    ['sips:+1@biloxi.example', '+1'],
    ['sip:%2B13125550100@biloxi.example', '+13125550100'],
    ['sip:+123456789012345@biloxi.example', '+123456789012345'],
    ['sip:+1234567890123456@biloxi.example', 'sip:+1234567890123456@biloxi.example'],
    ['sip:13125550100@biloxi.example', 'sip:13125550100@biloxi.example'],
    ['sip:+1312-555@biloxi.example', 'sip:+1312-555@biloxi.example'],
    ['sip:bob:secret@biloxi.example:5070;transport=tcp?X=1', 'sip:bob@biloxi.example:5070'],
    ['sip:biloxi.example', 'sip:biloxi.example'],
    ['SIP:Bob@Biloxi.Example', 'sip:Bob@Biloxi.Example'],
    ['sip:bob@[2001:db8::1]:5060', 'sip:bob@[2001:db8::1]:5060'],
    ['tel:+13125550100', '+13125550100'],
    ['tel:911;phone-context=x', 'tel:911'],
    ['mailto:bob@biloxi.example', 'mailto:bob@biloxi.example'],
    [Buffer.from('sip:zoë@biloxi.example', 'utf8').toString('latin1'), 'sip:zoë@biloxi.example'],
  ];
  for (const [uri, party] of rows) test(`${uri}: ${party}`, () => assert.equal(partyOf(uri), party));
});

suite('whether a call can be made of it', () => {
  const rows: readonly (readonly [what: string, wanted: Parameters<typeof inviteOf>[0], status: number | null])[] = [
    ['an offer of ours', {}, null],
    ['no offer', { body: '' }, null],
    ['PCMA alone', { body: offerText.replace('0 8 101', '8') }, null],
    ['other codecs', { body: offerText.replace('0 8 101', '18 101') }, 488],
    ['video alone', { body: videoOnly }, 488],
    ['no SDP at all', { body: 'hello' }, 488],
    ['another type', { headers: { 'Content-Type': 'text/plain' }, body: 'hello' }, 415],
    [
      'another type that may be passed over',
      { headers: { 'Content-Type': 'text/plain', 'Content-Disposition': 'render; handling=optional' }, body: 'hello' },
      null,
    ],
  ];
  for (const [what, wanted, status] of rows) {
    test(`${what}: ${status ?? 'yes'}`, () => assert.equal(unacceptable(inviteOf(wanted))?.status ?? null, status));
  }
  test('our offer goes first only where the caller demands 100rel and brings none', () => {
    const first = (headers: Changes, body = '') => offersFirst(inviteOf({ headers, body }));
    assert.ok(first({ Require: '100rel' }));
    assert.ok(!first({ Supported: '100rel' }));
    assert.ok(!first({}));
    assert.ok(!first({ Require: '100rel' }, offerText));
  });
});

suite('what is kept and told', () => {
  const invite = inviteOf({
    headers: {
      From: `"Z${Buffer.from('oë', 'utf8').toString('latin1')}" <sip:zoe@atlanta.example>;tag=a`,
      'user-to-user': ['3132;encoding=hex', 'second'],
      Diversion: '<sip:desk@biloxi.example>;reason=no-answer',
      'x-account': '42',
      'X-Note': Buffer.from('Grüße', 'utf8').toString('latin1'),
      Subject: 'not told',
    },
  });
  test('headers, by the names the API has for them', () => {
    assert.deepEqual(described(invite).sipHeaders, [
      { name: 'User-to-User', value: '3132;encoding=hex' },
      { name: 'User-to-User', value: 'second' },
      { name: 'Diversion', value: '<sip:desk@biloxi.example>;reason=no-answer' },
    ]);
    assert.deepEqual(told(invite).customHeaders, [
      { name: 'x-account', value: '42' },
      { name: 'X-Note', value: 'Grüße' },
    ]);
  });
  test('the name of the caller, and the codecs that were offered', () => {
    assert.equal(told(invite).callerIdName, 'Zoë');
    assert.deepEqual(told(invite).offeredCodecs, ['PCMU', 'PCMA']);
    assert.equal(told(inviteOf({ headers: { From: '<sip:a@b>;tag=a' }, body: '' })).callerIdName, null);
  });
  test('the user our Contact names is the one who was called, if it can stand there', () => {
    assert.equal(described(invite).contactUser, '+13125550100');
  });
});
