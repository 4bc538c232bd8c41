// A server, phones and the webhooks as they are taken, for the tests of the examples and of the documentation.
import type { TestContext } from 'node:test';
import { Phone, type PhoneOptions } from '../../examples/demo/phone.ts';
import { type LocalServer, localServer } from '../../examples/demo/server.ts';
import type { PostRequest } from '../../src/webhook/post.ts';

export interface Webhook {
  readonly data: {
    readonly id: string;
    readonly event_type: string;
    readonly payload: Readonly<Record<string, unknown>>;
  };
}

export interface Stage {
  readonly server: LocalServer;
  /** What was sent to the application and answered, in order. */
  readonly webhooks: readonly Webhook[];
  phone(options: Omit<PhoneOptions, 'system'>): Promise<Phone>;
  /** Resolves to the first event of that type, and that is it, once the application has answered it. */
  told(type: string, isIt?: (webhook: Webhook) => boolean): Promise<Webhook>;
}

export async function stage(t: TestContext, environment: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const webhooks: Webhook[] = [];
  const waiting = new Set<() => void>();
  const server = await localServer({
    environment,
    around: (post) => async (request: PostRequest) => {
      const answer = await post(request);
      webhooks.push(JSON.parse(request.body) as Webhook);
      for (const look of waiting) look();
      return answer;
    },
  });
  t.after(server.close);
  return {
    server,
    webhooks,
    phone: async (options) => {
      const phone = new Phone({ ...options, system: server.system });
      await phone.listen();
      t.after(phone.close);
      return phone;
    },
    told: (type, isIt = () => true) =>
      new Promise((resolve) => {
        const look = () => {
          const found = webhooks.find((webhook) => webhook.data.event_type === type && isIt(webhook));
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** The number that phones call, at this server. */
export function numberAt({ sipPort }: LocalServer): string {
  return `sip:+13125550100@127.0.0.1:${sipPort}`;
}
