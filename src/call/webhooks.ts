// Where the events of a call go: to what its commands have said of it, else to what its application says. The most specific
// wins: URLs for the type of the event, a URL for the whole call, the application with its failover.
import type { Destination } from '../store/store.ts';
import type { Application } from './routing.ts';

export const webhookMethods = ['POST', 'GET'] as const;
export type WebhookMethod = (typeof webhookMethods)[number];

/** The waits between the attempts to deliver an event, by its type. */
export type RetriesPolicies = Readonly<Record<string, { readonly retries_ms?: readonly number[] }>>;

/** What `dial`, `answer` and `transfer` may say, as the API names it. */
export interface WebhookFields {
  webhook_url?: string;
  webhook_url_method?: WebhookMethod;
  webhook_urls?: Readonly<Record<string, string | readonly string[]>>;
  webhook_urls_method?: WebhookMethod;
  webhook_retries_policies?: RetriesPolicies;
}

/** What a body says of them, for its command; nothing where it says nothing. */
export function webhooksSaid(body: WebhookFields): { readonly webhooks?: WebhookFields } {
  const webhooks = Object.fromEntries(Object.entries(body).filter(([field]) => field.startsWith('webhook_')));
  return Object.keys(webhooks).length === 0 ? {} : { webhooks };
}

/** What the commands of a call have said so far. */
export interface Webhooks {
  readonly url: string | null;
  readonly urlMethod: WebhookMethod;
  /** By type of event. */
  readonly urls: Readonly<Record<string, readonly string[]>>;
  readonly urlsMethod: WebhookMethod;
  readonly retries: RetriesPolicies;
}

const unsaid: Webhooks = { url: null, urlMethod: 'POST', urls: {}, urlsMethod: 'POST', retries: {} };

/** What a command says beside what was said before: a URL brings its method with it. Null where nothing was ever said. */
export function andWebhooks(before: Webhooks | null, said: WebhookFields): Webhooks | null {
  const { webhook_url: url, webhook_urls: urls, webhook_retries_policies: retries } = said;
  const { webhook_url_method: urlMethod, webhook_urls_method: urlsMethod } = said;
  const isSilent = [url, urls, retries, urlMethod, urlsMethod].every((each) => each === undefined);
  if (isSilent) return before;
  return {
    ...(before ?? unsaid),
    ...(url !== undefined && { url, urlMethod: 'POST' }),
    ...(urlMethod && { urlMethod }),
    ...(urls && { urls: listed(urls), urlsMethod: 'POST' }),
    ...(urlsMethod && { urlsMethod }),
    ...(retries && { retries }),
  };
}

/** Where an event goes: nowhere, to one URL, or to several. */
export function destinationsOf(
  type: string,
  webhooks: Webhooks | null,
  application: Pick<Application, 'webhookUrl' | 'webhookFailoverUrl' | 'webhookTimeoutMs' | 'webhookRetries'>,
): Destination[] {
  const { url, urlMethod, urls, urlsMethod, retries } = webhooks ?? unsaid;
  const policy = own(retries, type) ?? own(application.webhookRetries, type);
  const how = { timeoutMs: application.webhookTimeoutMs, retriesMs: policy?.retries_ms ?? null };
  const to = (each: string, method: WebhookMethod, failoverUrl: string | null = null): Destination => {
    return { url: each, failoverUrl, method, ...how, receiver: URL.parse(each)?.origin ?? '' };
  };
  const ofType = own(urls, type) ?? [];
  if (ofType.length > 0) return ofType.map((each) => to(each, urlsMethod));
  if (url !== null) return [to(url, urlMethod)];
  const { webhookUrl, webhookFailoverUrl } = application;
  return webhookUrl === null ? [] : [to(webhookUrl, 'POST', webhookFailoverUrl)];
}

function listed(urls: NonNullable<WebhookFields['webhook_urls']>): Webhooks['urls'] {
  return Object.fromEntries(
    Object.entries(urls).map(([type, each]) => [type, [...new Set([each].flat())] as string[]]),
  );
}

function own<T>(map: Readonly<Record<string, T>>, type: string): T | undefined {
  return Object.hasOwn(map, type) ? map[type] : undefined;
}
