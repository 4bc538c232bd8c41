// A restart with 1,000 live calls, on real sockets: told to stop or killed, the next process has every one of them. Each
// answers what its peer asks, does what its application commands, and hears no BYE but its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { realLog } from '../../src/log.ts';
import {
  type Dialog,
  Endpoint,
  type EndpointUser,
  initialInvite,
  isRequest,
  type LocalAddresses,
  type Origin,
  parse,
  type Request,
  type Response,
  reply,
  requestWithin,
  uacDialog,
} from '../../src/sip/index.ts';
import { UdpTransport } from '../../src/sip/transport/udp.ts';
import { openSystem } from '../../src/system.ts';
import { freePort } from '../interop/support/ports.ts';
import { Scope } from '../interop/support/scope.ts';
import { Switchhook } from '../interop/support/server.ts';
import { allow, offer } from '../support/template.ts';

const calls = 1_000;
/** So many at a time ask for something: what a socket's buffer holds. */
const atOnce = 50;
const host = '127.0.0.1';
const system = openSystem(realLog('silent'));
const numbers = Array.from({ length: calls }, (_, number) => number);

/** A thousand phones behind one socket. */
class Phones implements EndpointUser {
  readonly #endpoint: Endpoint;
  readonly #addresses: LocalAddresses;
  readonly #server: { readonly transport: 'udp'; readonly host: string; readonly port: number };
  readonly #dialogs = new Map<number, Dialog>();
  readonly #open = new Map<string, (response: Response | null) => void>();
  /** Sends the ACK of an INVITE that was accepted, by its branch. */
  readonly #acks = new Map<string, () => void>();
  /** What each has been asked, copies left out. */
  readonly asked = new Map<number, string[]>();
  #branches = 0;

  constructor(port: number, serverPort: number) {
    this.#server = { transport: 'udp', host, port: serverPort };
    this.#addresses = { udp: { transport: 'udp', host, port } };
    this.#endpoint = new Endpoint({
      ...{ system, transports: [new UdpTransport({ system, host, port })], resolve: async (name: string) => [name] },
      ...{ publicHost: null, allow: allow.split(', '), supported: [], user: this },
    });
  }

  listen = () => this.#endpoint.listen();
  close = () => this.#endpoint.close();

  async calls(number: number): Promise<void> {
    const uri = `sip:hook@${host}:${this.#server.port}`;
    const branch = this.#branch();
    const { text, target } = initialInvite(
      {
        ...{
          uri,
          to: `<${uri}>`,
          from: `<sip:${number}@${host}>`,
          fromTag: `tag-${number}`,
          callId: `${number}@crowd`,
        },
        ...{ cseq: 1, branch, routes: [], contactUser: String(number), headers: [['Allow', allow]], sdp: offer(host) },
      },
      this.#addresses,
    );
    const invite = parse(text);
    assert.ok('method' in invite && isRequest(invite));
    const response = await this.#sends(number, 'INVITE', branch, text, target);
    // A slow machine is busier than it can bear: then a caller is to come again.
    if (response.status === 503) {
      await after(Number(response.get('Retry-After')) * 1_000);
      return this.calls(number);
    }
    assert.equal(response.status, 200, `INVITE of phone ${number}`);
    this.#dialogs.set(number, uacDialog(invite, response, this.#server)!);
    this.#acknowledges(number, 1, branch);
  }

  /** Asks within the call, and says how that was answered. */
  async asks(number: number, method: string, body = ''): Promise<number> {
    const before = this.#dialogs.get(number)!;
    const dialog = { ...before, localCseq: Math.max(before.localCseq, 1) + 1 };
    this.#dialogs.set(number, dialog);
    const branch = this.#branch();
    const headers = [
      ...(body.startsWith('v=') ? [['Content-Type', 'application/sdp'] as const] : []),
      ...(body.startsWith('SIP') ? [['Content-Type', 'message/sipfrag'] as const] : []),
      ...(method === 'NOTIFY'
        ? [['Event', 'refer'] as const, ['Subscription-State', 'terminated;reason=noresource'] as const]
        : []),
      ['Contact', `<sip:${number}@${host}:${this.#addresses.udp!.port}>`] as const,
    ];
    const built = requestWithin(dialog, this.#addresses, {
      ...{ method, cseq: dialog.localCseq, branch, headers: () => headers, body },
    });
    const { status } = await this.#sends(number, method, branch, built.text, built.target);
    if (method === 'INVITE' && status < 300) this.#acknowledges(number, dialog.localCseq, branch);
    return status;
  }

  // What the endpoint tells.

  request(request: Request, origin: Origin): void {
    const number = Number.parseInt(request.callId, 10);
    this.asked.set(number, [...(this.asked.get(number) ?? []), request.method]);
    const headers = [['Contact', `<sip:${number}@${host}:${this.#addresses.udp!.port}>`]] as const;
    const status = request.method === 'REFER' ? 202 : 200;
    this.#endpoint.respond(origin, status, reply(request, status, { headers }));
    if (request.method === 'REFER') void this.asks(number, 'NOTIFY', 'SIP/2.0 200 OK\r\n');
  }

  ack(): void {}

  response(branch: string, response: Response): void {
    if (response.status < 200) return;
    // §13.2.2.4: the ACK that was under way when the server died is sent again for each copy of the 2xx.
    this.#acks.get(branch)?.();
    this.#settles(branch, response);
  }

  timeout(branch: string): void {
    this.#settles(branch, null);
  }

  failed(branch: string): void {
    this.#settles(branch, null);
  }

  #settles(branch: string, response: Response | null): void {
    this.#open.get(branch)?.(response);
    this.#open.delete(branch);
  }

  async #sends(number: number, method: string, branch: string, text: string, target: Dialog['flow']) {
    const { promise, resolve } = Promise.withResolvers<Response | null>();
    this.#open.set(branch, resolve);
    this.#endpoint.send({ method, branch, text, target });
    const response = await promise;
    assert.ok(response, `${method} of phone ${number} was not answered`);
    return response;
  }

  #acknowledges(number: number, cseq: number, invite: string): void {
    const fields = { method: 'ACK', cseq, branch: this.#branch(), headers: () => [] };
    const { text, target } = requestWithin(this.#dialogs.get(number)!, this.#addresses, fields);
    const send = (): void => this.#endpoint.sendAck(text, target);
    this.#acks.set(invite, send);
    send();
  }

  #branch(): string {
    this.#branches += 1;
    return `z9hG4bK-${this.#branches}`;
  }
}

/** Answers each call, and keeps what it is told of each: its events by their ids. */
class Desk {
  readonly #server: () => Switchhook;
  readonly #events = new Map<number, Map<string, string>>();
  readonly ids = new Map<number, string>();

  constructor(server: () => Switchhook) {
    this.#server = server;
  }

  async listen(scope: Scope): Promise<string> {
    const http = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end();
      this.#take(JSON.parse(body).data);
    }).listen(0, host);
    scope.after(() => http.close());
    await once(http, 'listening');
    return `http://${host}:${(http.address() as AddressInfo).port}/`;
  }

  /** What the call was told, an event that came twice once. */
  told(number: number): readonly string[] {
    return [...(this.#events.get(number)?.values() ?? [])];
  }

  async commands(number: number, action: string, body: object = {}): Promise<void> {
    const { httpAddress, apiKey } = this.#server();
    const { status } = await fetch(`${httpAddress}/v2/calls/${this.ids.get(number)}/actions/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(status, 200, `${action} of call ${number}`);
  }

  #take({ event_type: type, id, payload }: { event_type: string; id: string; payload: Record<string, string> }): void {
    const number = Number.parseInt(payload.from?.slice('sip:'.length) ?? '', 10);
    this.ids.set(number, payload.call_control_id!);
    const events = this.#events.get(number) ?? new Map<string, string>();
    if (type === 'call.initiated' && !events.has(id)) void this.commands(number, 'answer');
    this.#events.set(number, events.set(id, type));
  }
}

/** Some at a time. */
async function each(of: readonly number[], does: (number: number) => Promise<unknown>): Promise<void> {
  const left = [...of];
  const worker = async (): Promise<void> => {
    for (let number = left.shift(); number !== undefined; number = left.shift()) await does(number);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const after = (ms: number): Promise<void> => new Promise((resolve) => system.clock.after(ms, resolve));

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = system.clock.now() + 30_000;
  while (!isSo()) {
    assert.ok(system.clock.now() < end, `not in 30 s: ${what}`);
    await after(20);
  }
}

const isReferred = (number: number): boolean => number % 2 === 0;

test(`a restart with ${calls} live calls drops none, told to stop or killed`, { timeout: 180_000 }, async (t) => {
  const scope = new Scope(t);
  const desk = new Desk(() => server);
  const server = await Switchhook.open(scope, {
    SWITCHHOOK_WEBHOOK_URL: await desk.listen(scope),
    SWITCHHOOK_MEDIA: 'none',
    SWITCHHOOK_LOG_LEVEL: 'warn',
    SWITCHHOOK_REFER_BYE_GRACE_MS: '250',
  });
  const phones = new Phones(await freePort(), server.sipPort);
  await phones.listen();
  scope.after(phones.close);
  const isAnswered = async (number: number, method: string, body = ''): Promise<void> =>
    assert.equal(await phones.asks(number, method, body), 200, `${method} of call ${number}`);

  await each(numbers, (number) => phones.calls(number));
  await until('every call is answered', () => numbers.every((number) => desk.told(number).length === 2));

  await server.stop();
  await server.start();
  await each(numbers, (number) => isAnswered(number, 'OPTIONS'));
  await each(numbers, (number) => isAnswered(number, 'INVITE', offer(host)));

  await server.kill();
  await server.start();
  await each(numbers, (number) => isAnswered(number, 'OPTIONS'));
  assert.deepEqual([...phones.asked], [], 'a call was asked something by the restarts');

  const [referred, others] = [numbers.filter(isReferred), numbers.filter((number) => !isReferred(number))];
  await each(referred, (number) => desk.commands(number, 'refer', { sip_address: 'sip:bob@biloxi.example' }));
  await each(others, (number) => isAnswered(number, 'BYE'));
  await until('every call has ended', () => numbers.every((number) => desk.told(number).includes('call.hangup')));

  const told = new Set(numbers.map((number) => `${isReferred(number)}: ${desk.told(number).join(', ')}`));
  const story = (middle: string) => `call.initiated, call.answered, ${middle}call.hangup`;
  assert.deepEqual([...told].sort(), [
    `false: ${story('')}`,
    `true: ${story('call.refer.started, call.refer.completed, ')}`,
  ]);
  const asked = new Set(referred.map((number) => phones.asked.get(number)?.join(', ')));
  assert.deepEqual([...asked], ['REFER, BYE']);
  assert.deepEqual(
    others.flatMap((number) => phones.asked.get(number) ?? []),
    [],
  );
});
