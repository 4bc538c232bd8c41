import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { faultOfRule, mayCall, noRules, type TargetRules } from '../../src/call/targets.ts';

type Lists = Partial<TargetRules>;
type Case = readonly [target: string, lists: Lists, may: boolean];

const rules = (lists: Lists): TargetRules => ({ ...noRules, ...lists });
const premium: Lists = { deny: ['+4490'] };
const home: Lists = { allow: ['+44'], deny: ['+4490'] };
const ours: Lists = { allow: ['example.com', '192.0.2.0/24', '2001:db8::/32'] };

const groups: Readonly<Record<string, readonly Case[]>> = {
  'which entry counts': [
    ['sip:bob@biloxi.example', {}, true],
    ['tel:+4490123', premium, false],
    ['tel:+4412', premium, true],
    ['tel:+4412', home, true],
    ['tel:+4490123', home, false],
    ['tel:+12125550100', home, false],
    ['tel:+449055', { allow: ['+44', '+449055'], deny: ['+4490'] }, true],
    ['tel:+4490', { allow: ['+4490'], deny: ['+4490'] }, false],
    ['tel:+4412', { deny: ['+'] }, false],
    ['tel:+4412', { allow: ['+44'], deny: ['+'] }, true],
    ['sip:bob@biloxi.example', { deny: ['+'] }, true],
    ['sip:bob@biloxi.example', { allow: ['+44'] }, true],
    ['tel:+4412', { allow: ['example.com'] }, true],
    ['sip:bob@sip.example.com', ours, true],
    ['sip:bob@example.com', ours, true],
    ['sip:bob@notexample.com', ours, false],
    ['sip:bob@example.com.evil.example', ours, false],
    ['sip:bob@sip.example.com', { allow: ['example.com'], deny: ['sip.example.com'] }, false],
    ['sip:bob@a.sip.example.com', { allow: ['a.sip.example.com'], deny: ['sip.example.com'] }, true],
    ['sip:bob@example.com', { deny: ['*'] }, false],
    ['sip:bob@example.com', { deny: ['*'], allow: ['com'] }, true],
    ['sip:+4412@example.com', { allow: ['+44', 'example.com'] }, true],
    ['sip:+4412@evil.example', { allow: ['+44', 'example.com'] }, false],
    ['sip:+1900@example.com', { allow: ['+44', 'example.com'] }, false],
  ],
  'a number however it is written': [
    ['sip:+4490123@trunk.example;user=phone', premium, false],
    ['sip:+4490123@trunk.example', premium, false],
    ['SIPS:+4490123:password@trunk.example', premium, false],
    ['sip:4490123@trunk.example', premium, false],
    ['sip:004490123@trunk.example', premium, false],
    ['sip:0114490123@trunk.example', premium, false],
    ['sip:+44%39%30123@trunk.example', premium, false],
    ['sip:%2B4490123@trunk.example', premium, false],
    ['sip:+44-(90).12-3@trunk.example', premium, false],
    ['sip:+44%2090%20123@trunk.example', premium, false],
    ['sip:+4490123;ext=7@trunk.example', premium, false],
    ['sip:90123;phone-context=+44@trunk.example', premium, false],
    ['tel:90123;phone-context=+44', premium, false],
    ['TEL:+44-90-123', premium, false],
    ['sip:+4490123abc@trunk.example', premium, false],
    ['sip:4490123abc@trunk.example;user=phone', premium, false],
    ['sip:+%EF%BC%94%EF%BC%94%EF%BC%99%EF%BC%900@trunk.example', premium, false],
    ['sip:44x90@trunk.example', premium, true],
    ['sip:bob4490@trunk.example', premium, true],
    ['sip:1000@pbx.example', premium, true],
    ['sip:1000@pbx.example', { allow: ['+44'] }, false],
    ['sip:9011123@pbx.example', home, false],
  ],
  'a host however it is written': [
    ['sip:bob@EXAMPLE.com', { deny: ['example.COM'] }, false],
    ['sip:bob@example.com.', { deny: ['example.com'] }, false],
    ['sip:bob@example.com', { deny: ['example.com.'] }, false],
    ['sip:bob@example.com:5080;transport=tcp', { deny: ['example.com'] }, false],
    ['sip:bob@192.0.2.7', ours, true],
    ['sip:bob@192.0.3.7', ours, false],
    ['sip:bob@192.0.2.7', { allow: ['192.0.2.0/24'], deny: ['192.0.2.7'] }, false],
    ['sip:bob@192.0.2.7.', { deny: ['192.0.2.7'] }, false],
    ['sip:bob@3221226007', { deny: ['192.0.2.0/24'] }, false],
    ['sip:bob@0xc0.0.2.7', { deny: ['192.0.2.0/24'] }, false],
    ['sip:bob@0300.0.2.7', { deny: ['192.0.2.0/24'] }, false],
    ['sip:bob@[::ffff:192.0.2.7]', { deny: ['192.0.2.0/24'] }, false],
    ['sip:bob@[::FFFF:C000:207]', { deny: ['192.0.2.0/24'] }, false],
    ['sip:bob@[2001:DB8:0::1]', ours, true],
    ['sip:bob@[2001:0db8:0000::0001]', { deny: ['2001:db8::1'] }, false],
    ['sip:bob@[2001:db9::1]', ours, false],
    ['sip:bob@192.0.2.7', { allow: ['7'] }, true],
    ['sip:bob@example.com;maddr=evil.example', ours, false],
    ['sip:bob@example.com;MADDR=203.0.113.1', ours, false],
    ['sip:bob@example.com;maddr=%32%30%33.0.113.1', ours, false],
    ['sip:bob@example.com;maddr=192.0.2.1', ours, true],
    ['sip:bob@example.com;maddr=192.0.2.1;maddr=evil.example', ours, false],
    ['sip:bob@example.com;m%61ddr=evil.example', ours, false],
    ['sip:bob@example.com?Route=%3Csip:evil.example%3E', ours, false],
    ['sip:bob@example.com?X-A=1&%52oute=%3Csip:evil.example%3E', ours, false],
    ['sip:bob@example.com?X-Route=1', ours, true],
    ['sip:example.com', { deny: ['example.com'] }, false],
    ['sip:evil@evil.example@example.com', ours, false],
    ['https://example.com/', ours, false],
    ['https://example.com/', {}, true],
  ],
};

for (const [what, cases] of Object.entries(groups)) {
  suite(`targets: ${what}`, () => {
    for (const [target, lists, may] of cases) {
      test(`${target} ${may ? 'may' : 'may not'} be called by ${JSON.stringify(lists)}`, () =>
        assert.equal(mayCall(target, [rules(lists)]), may));
    }
  });
}

test('targets: all who have lists must let it through', () => {
  const [wide, narrow] = [rules({ allow: ['+44', '+1'] }), rules({ allow: ['+44'] })];
  assert.equal(mayCall('tel:+4412', [wide, noRules, narrow]), true);
  assert.equal(mayCall('tel:+1212', [wide, noRules, narrow]), false);
  assert.equal(mayCall('tel:+1212', [narrow, wide]), false);
});

suite('targets: entries', () => {
  const right = ['+', '+44', '00', '*', 'example.com', 'localhost', '192.0.2.7', '192.0.2.0/24', '2001:db8::/32'];
  const wrong = ['', ' ', '44 90', '+44x', 'a..b', '-', '192.0.2.0/33', '2001:db8::/129', 'sip:bob@a', 'a/b', '*.a.b'];
  for (const text of right) test(`${text} is one`, () => assert.equal(faultOfRule(text), null));
  for (const text of wrong.filter((each) => each !== '-'))
    test(`${JSON.stringify(text)} is none`, () => assert.match(faultOfRule(text) ?? '', /beginnings of numbers/));
});
