// Where an event goes: the most specific of what the commands and the application of a call have said.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { andWebhooks, destinationsOf, type WebhookFields } from '../../src/call/webhooks.ts';
import { application } from '../support/application.ts';

const own = application({ webhookUrl: 'https://app.example/', webhookFailoverUrl: 'https://spare.example/' });

/** Where an event goes after these commands: `METHOD URL`, and the failover URL if there is one. */
function places(type: string, said: readonly WebhookFields[], of = own): string[] {
  const webhooks = said.reduce<ReturnType<typeof andWebhooks>>(andWebhooks, null);
  return destinationsOf(type, webhooks, of).map(({ method, url, failoverUrl }) =>
    [method, url, ...(failoverUrl === null ? [] : ['or', failoverUrl])].join(' '),
  );
}

suite('where an event goes', () => {
  const fromApplication = 'POST https://app.example/ or https://spare.example/';
  const cases: readonly (readonly [what: string, said: readonly WebhookFields[], places: readonly string[]])[] = [
    ['nothing was said: the application and its failover', [], [fromApplication]],
    ['a command without webhook fields changes nothing', [{}], [fromApplication]],
    ['the URL of a call has no failover', [{ webhook_url: 'http://a/' }], ['POST http://a/']],
    ['its method', [{ webhook_url: 'http://a/', webhook_url_method: 'GET' }], ['GET http://a/']],
    ['the last command wins', [{ webhook_url: 'http://a/' }, { webhook_url: 'http://b/' }], ['POST http://b/']],
    [
      'a URL does not inherit the method of the one before',
      [{ webhook_url: 'http://a/', webhook_url_method: 'GET' }, { webhook_url: 'http://b/' }],
      ['POST http://b/'],
    ],
    [
      'a method by itself is that of the URL there is',
      [{ webhook_url: 'http://a/' }, { webhook_url_method: 'GET' }],
      ['GET http://a/'],
    ],
    [
      'the URL of the type before that of the call',
      [{ webhook_url: 'http://a/', webhook_urls: { 'call.hangup': 'http://h/' }, webhook_urls_method: 'GET' }],
      ['GET http://h/'],
    ],
    [
      'all URLs of the type, each once',
      [{ webhook_urls: { 'call.hangup': ['http://h/', 'http://i/', 'http://h/'] } }],
      ['POST http://h/', 'POST http://i/'],
    ],
    [
      'another type goes where it went',
      [{ webhook_url: 'http://a/', webhook_urls: { 'call.bridged': 'http://b/' } }],
      ['POST http://a/'],
    ],
    ['a type with no URL goes where it went', [{ webhook_urls: { 'call.hangup': [] } }], [fromApplication]],
    [
      'a later map takes the place of the earlier one; the URL of the call stays',
      [{ webhook_url: 'http://a/', webhook_urls: { 'call.hangup': 'http://h/' } }, { webhook_urls: {} }],
      ['POST http://a/'],
    ],
  ];
  for (const [what, said, expected] of cases) {
    test(what, () => assert.deepEqual(places('call.hangup', said), expected));
  }

  test('nowhere, where nobody has said anything', () => {
    assert.deepEqual(places('call.hangup', [], application({ webhookUrl: null })), []);
  });

  test('a type that every object has is no type of its own', () => {
    assert.deepEqual(places('constructor', [{ webhook_urls: {} }]), [fromApplication]);
  });
});

suite('how an event is tried again', () => {
  const policies = (...retries_ms: number[]) => ({ 'call.hangup': { retries_ms } });
  const cases = [
    ['as the command says', [{ webhook_retries_policies: policies(1) }], policies(9), [1]],
    ['else as the application says', [{ webhook_retries_policies: {} }], policies(9), [9]],
    ['else as always', [], {}, null],
    ['an empty policy is one', [{ webhook_retries_policies: policies() }], policies(9), []],
    ['a policy without waits is none', [{ webhook_retries_policies: { 'call.hangup': {} } }], policies(9), null],
  ] as const;
  for (const [what, said, webhookRetries, expected] of cases) {
    test(what, () => {
      const webhooks = (said as readonly WebhookFields[]).reduce<ReturnType<typeof andWebhooks>>(andWebhooks, null);
      const [to = assert.fail()] = destinationsOf('call.hangup', webhooks, application({ webhookRetries }));
      assert.deepEqual([to.retriesMs, to.timeoutMs, to.receiver], [expected, 2_000, 'https://app.example']);
    });
  }
});
