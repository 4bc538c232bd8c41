// examples/operator at work: a server that bob's phone may register with, the example as its application, and a desk that
// asks it. Calls are told apart by whom they are to: `help` is called by who wants it, `agents` by who gives it.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import Telnyx from 'telnyx';
import { application } from '../../../examples/operator/main.ts';
import { type Stage, stage, type Webhook } from '../../examples/support.ts';
import { phonesFile } from '../table/place.ts';
import { patienceMs } from './program.ts';
import { settingsFile } from './registering.ts';
import { Scope } from './scope.ts';

/** Events come in order, and once, as long as each is answered in time: on a machine that is busy too. */
const patient = 'applications:\n  - { application_name: operator, webhook_timeout_secs: 30 }\n';
const desk = { connection_id: '1000000000000000001', from: '+13125550100' };

export class Centre {
  readonly scope: Scope;
  readonly client: Telnyx;
  readonly #stage: Stage;

  private constructor(scope: Scope, stage: Stage) {
    this.scope = scope;
    this.#stage = stage;
    this.client = new Telnyx({ ...stage.server.client, maxRetries: 0 });
    stage.server.serve(application(this.client, desk, () => {}));
  }

  static async open(t: TestContext): Promise<Centre> {
    const scope = new Scope(t);
    const opened = await stage(t, {
      SWITCHHOOK_CONFIG: settingsFile(scope, `${phonesFile(['bob'])}${patient}`),
      SWITCHHOOK_SIP_DIGEST_ALGORITHMS: 'MD5',
      SWITCHHOOK_REFER_BYE_GRACE_MS: '250',
    });
    return new Centre(scope, opened);
  }

  get sipPort(): number {
    return this.#stage.server.sipPort;
  }

  uri(user: string): string {
    return `sip:${user}@127.0.0.1:${this.sipPort}`;
  }

  /** The event of this type of a call to this user, the first of them unless it is said which. */
  async tells(
    user: string,
    type: string,
    { nth = 1, ...expected }: Record<string, unknown> & { nth?: number } = {},
  ): Promise<void> {
    const found = () => this.#of(user).filter(({ data }) => data.event_type === type)[nth - 1];
    const told = this.#stage.told(type, (webhook) => webhook === found());
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new Error(`${user} had ${this.story(user)}, and no ${type}`)),
      patienceMs,
    );
    const { data } = await Promise.race([told, timeout.promise]).finally(() => clearTimeout(timer));
    const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, data.payload[name]]));
    assert.deepEqual(seen, expected, JSON.stringify(data.payload));
  }

  /** What was told of the calls to this user, in order, without `call.`. */
  story(user: string): string {
    return this.#of(user)
      .map(({ data }) => data.event_type.slice('call.'.length))
      .join(' ');
  }

  /** The desk of the agent who called last asks for this; resolves to the status it gets. */
  async asks(what: string, to = ''): Promise<number> {
    const { webhookAddress } = this.#stage.server;
    const query = new URLSearchParams({ agent: this.idOf('agents'), to });
    const response = await fetch(`${webhookAddress}/${what}?${query}`, { method: 'POST' });
    return response.status;
  }

  /** The latest call to this user. */
  idOf(user: string): string {
    return String(this.#of(user).at(-1)?.data.payload.call_control_id);
  }

  /** The ladder of the latest call to this user, as the API draws it, without what is another in each run but the times. */
  async ladderOf(user: string): Promise<string> {
    const { httpAddress, client } = this.#stage.server;
    const headers = { Authorization: `Bearer ${client.apiKey}`, Accept: 'text/plain' };
    const drawn = await (await fetch(`${httpAddress}/v2/calls/${this.idOf(user)}/ladder`, { headers })).text();
    return drawn
      .replaceAll(/ after \d+ ms/g, '')
      .replaceAll(/127\.0\.0\.1:\d{4,5}/g, (address) =>
        address.replace(/\d+$/, (port) => '5060'.padStart(port.length, '1')),
      )
      .replace(/\?Replaces=.*>/, '?Replaces=…>');
  }

  /** No call is left, none waits, and everything has been told: what was answered last is written down a little later. */
  async isEmpty(): Promise<void> {
    const { data: calls } = await this.client.connections.listActiveCalls(desk.connection_id);
    assert.deepEqual(calls, []);
    const { data: queues } = await this.client.queues.list();
    assert.deepEqual(
      queues.filter(({ current_size: size }) => size > 0),
      [],
    );
    const deadline = Date.now() + patienceMs;
    const figures = [/^switchhook_calls 0$/m, /^switchhook_webhooks_due 0$/m];
    for (;;) {
      const metrics = await (await fetch(`${this.#stage.server.httpAddress}/metrics`)).text();
      if (figures.every((figure) => figure.test(metrics))) return;
      if (Date.now() > deadline) assert.fail(metrics);
    }
  }

  #of(user: string): Webhook[] {
    const ids = this.#stage.webhooks
      .filter(({ data: { event_type: type, payload } }) => type === 'call.initiated' && isTo(user, payload.to))
      .map(({ data }) => data.payload.call_control_id);
    return this.#stage.webhooks.filter(({ data }) => ids.includes(data.payload.call_control_id));
  }
}

const isTo = (user: string, to: unknown): boolean => String(to).startsWith(`sip:${user}@`);
