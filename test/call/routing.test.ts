import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Application, faultOfWebUrl, type Inbound, route, routesTo, unmapped } from '../../src/call/routing.ts';
import { application } from '../support/application.ts';

const named = (name: string, inbound: Partial<Inbound> = {}, more: Partial<Application> = {}): Application =>
  application({ id: name, name, inbound: { ...unmapped, ...inbound }, ...more });

const routes = routesTo([
  named('first'),
  named('sales', { sipSubdomain: 'Sales' }),
  named('inner', { sipSubdomain: 'inner', sipSubdomainFrom: 'only_my_connections', numbers: ['300'] }),
  named('us', { numbers: ['+1*'] }),
  named('chicago', { numbers: ['+1312*', '+13125550100', '+1(847)555-0100'] }),
  named('one', { numbers: ['+13125550100', '+13125550199', '*98', 'support', '2*'] }),
  named('closed', { sipSubdomain: 'closed', numbers: ['+1312999*', '+44*'] }, { active: false }),
  named('uk', { numbers: ['+4420*'] }),
]);

const cases: readonly (readonly [uri: string, expected: string | number, known?: boolean])[] = [
  ['sip:192.0.2.1', 'first'],
  ['sip:anybody@192.0.2.1', 'first'],
  ['sip:anybody@sales.sip.example.com', 'sales'],
  ['sip:+13125550100@SALES.example.com:5061;transport=tls', 'sales'],
  ['sips:sales.example.com', 'sales'],
  ['sip:anybody@sales', 'first'],
  ['sip:anybody@wholesales.example.com', 'first'],
  ['sip:anybody@inner.example.com', 'inner', true],
  ['sip:anybody@inner.example.com', 403, false],
  ['sip:300@192.0.2.1', 'inner', false],
  ['sip:+12125550100@192.0.2.1', 'us'],
  ['sip:+13125550111@192.0.2.1', 'chicago'],
  ['sip:+13125550100@192.0.2.1', 'chicago'],
  ['sip:+13125550199@192.0.2.1', 'one'],
  ['sip:+1-312-555.0199@192.0.2.1', 'one'],
  ['sip:+18475550100@192.0.2.1', 'chicago'],
  ['sip:%2B13125550199;phone-context=x@192.0.2.1;user=phone', 'one'],
  ['tel:+1-312-555-0199;ext=5', 'one'],
  ['sip:13125550199@192.0.2.1', 'first'],
  ['sip:*98@192.0.2.1', 'one'],
  ['sip:support@192.0.2.1', 'one'],
  ['sip:Support@192.0.2.1', 'first'],
  ['sip:2@192.0.2.1', 'one'],
  ['sip:20@192.0.2.1', 'one'],
  ['sip:x@closed.example.com', 480],
  ['sip:+13129990000@192.0.2.1', 480],
  ['sip:+442071838750@192.0.2.1', 'uk'],
  ['sip:+441134960000@192.0.2.1', 480],
  [`sip:${'1'.repeat(5000)}@192.0.2.1`, 'first'],
  ['urn:service:sos', 'first'],
];

suite('route', () => {
  for (const [uri, expected, known = false] of cases) {
    test(`${uri.slice(0, 70)}${known ? ' of a phone' : ''}: ${expected}`, () => {
      const found = route(routes, uri, known);
      assert.equal(typeof found === 'number' ? found : found.name, expected);
    });
  }

  test('* takes every call that is for nobody else', () => {
    const all = routesTo([named('first'), named('rest', { numbers: ['*'] }), named('seven', { numbers: ['7*'] })]);
    const names = ['sip:1@a.example', 'sip:7@a.example', 'sip:a.example'].map((uri) => route(all, uri, false));
    assert.deepEqual(
      names.map((found) => typeof found === 'object' && found.name),
      ['rest', 'seven', 'rest'],
    );
  });

  test('the first application may be inactive too', () => {
    assert.equal(route(routesTo([named('first', {}, { active: false })]), 'sip:a@192.0.2.1', true), 480);
  });
});

test('a URL for events is a whole one, without credentials and not too long', () => {
  assert.equal(faultOfWebUrl('https://example.com/webhooks'), null);
  for (const text of ['', 'example.com', 'ftp://example.com', 'http://u@example.com', `http://a/${'x'.repeat(2000)}`]) {
    assert.match(faultOfWebUrl(text) ?? '', /^It /);
  }
});
