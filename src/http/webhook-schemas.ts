// What `dial`, `answer` and `transfer` may say of where the events of a call go, and how they are tried again, as JSON
// Schema. Leaves out what becomes of it (call/webhooks.ts).
import { Type } from 'typebox';
import { type RetriesPolicies, type WebhookFields, type WebhookMethod, webhookMethods } from '../call/webhooks.ts';
import type { Refusal } from '../errors.ts';

/** How many types of events may have something of their own, and how many URLs one of them. */
const mostTypes = 64;
const mostUrls = 10;
/** How often an attempt may be repeated on one URL, and how long all the waits before may be together. */
const mostRetries = 5;
const longestWaitMs = 60_000;

const url = { type: 'string', format: 'web-url', examples: ['https://example.com/webhooks'] };

const method = (description: string) =>
  Type.Optional(
    Type.Unsafe<WebhookMethod>({ type: 'string', enum: [...webhookMethods], default: 'POST', description }),
  );

export const retriesPolicies = (more: object = {}) =>
  Type.Optional(
    Type.Unsafe<RetriesPolicies>({
      type: 'object',
      maxProperties: mostTypes,
      additionalProperties: {
        type: 'object',
        properties: {
          retries_ms: {
            type: 'array',
            maxItems: mostRetries,
            'x-max-sum': longestWaitMs,
            items: { type: 'integer', minimum: 0, maximum: longestWaitMs },
          },
        },
      },
      description:
        'By type of event the waits before each further attempt on a URL, in milliseconds: at most five, together at most 60,000. They take the place of the whole schedule.',
      examples: [{ 'call.hangup': { retries_ms: [1000, 2000, 5000] } }],
      ...more,
    }),
  );

export const webhookFields = {
  webhook_url: Type.Optional(
    Type.Unsafe<string>({
      ...url,
      description: 'Where all later events of the call go, instead of the URL of its application and its failover.',
    }),
  ),
  webhook_url_method: method('How they are sent there. `GET`: the event is in the query, and the body is empty.'),
  webhook_urls: Type.Optional(
    Type.Unsafe<Readonly<Record<string, string | readonly string[]>>>({
      type: 'object',
      maxProperties: mostTypes,
      additionalProperties: { ...url, type: ['string', 'array'], maxItems: mostUrls, items: url },
      description:
        'By type of event where it goes instead: a URL, or several that all get it. Types that are not named go where they went.',
      examples: [{ 'call.hangup': ['https://example.com/hangups', 'https://billing.example.com/calls'] }],
    }),
  ),
  webhook_urls_method: method('How they are sent there.'),
  webhook_retries_policies: retriesPolicies(),
};

/** Why webhooks must not go to a URL, as a sentence; null: they may. */
export type FaultOfUrl = (url: string) => string | null;

/** The URLs of a body, and of the transfers that are tried when a refer fails, that webhooks must not go to. */
export function forbiddenUrls(body: object, faultOf: FaultOfUrl): Refusal[] {
  const { on_failure: steps = [] } = body as { on_failure?: readonly { transfer?: WebhookFields }[] };
  const inSteps = steps.map(({ transfer = {} }, index) => urlsOf(transfer, `/on_failure/${index}/transfer`));
  return [...urlsOf(body, ''), ...inSteps.flat()].flatMap(([pointer, url]) => {
    const detail = faultOf(url);
    return detail === null ? [] : [{ name: 'invalid-url' as const, pointer, detail }];
  });
}

/** Every URL of a body with its place. */
function urlsOf(body: WebhookFields, at: string): (readonly [pointer: string, url: string])[] {
  const { webhook_url: one, webhook_urls: urls = {} } = body;
  const ofTypes = Object.entries(urls).flatMap(([type, each]) => {
    const place = `${at}/webhook_urls/${type.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return typeof each === 'string' ? [[place, each] as const] : each.map((url, n) => [`${place}/${n}`, url] as const);
  });
  return [...(one === undefined ? [] : [[`${at}/webhook_url`, one] as const]), ...ofTypes];
}
