// A crowd of callers on one socket, with the SIP stack to repeat what is not answered. Each calls, is referred, does what
// its plan says, and is forgotten once it has said or heard BYE.
import assert from 'node:assert/strict';
import {
  cancelFor,
  contactFor,
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
  type System,
  type Target,
  type Timer,
  type Transport,
  uacDialog,
} from '../../src/sip/index.ts';
import { allow, offer } from './template.ts';

/** What a caller does when it is referred. */
export interface Plan {
  readonly name: string;
  /** The final answer to the REFER. */
  readonly answers: number;
  /** The status in each of its NOTIFYs: the first at once, each other a second after the one before it. */
  readonly notifies: readonly number[];
  /** When it says BYE itself: at once with its first NOTIFY, before or after it, or once that one is answered. */
  readonly leaves?: 'just before' | 'just after' | 'once answered';
  /** What the application must hear of the call, from its beginning to its end. */
  readonly story: string;
}

const referred = (outcome: string): string => `initiated, answered, refer.started, refer.${outcome}, hangup`;

/** One of every kind of end that a refer can have. */
export const plans: readonly Plan[] = [
  { name: 'the target answers', answers: 202, notifies: [100, 180, 200], story: referred('completed 200') },
  { name: 'the target is busy', answers: 202, notifies: [100, 486], story: referred('failed 486') },
  { name: 'REFER is refused', answers: 603, notifies: [], story: 'initiated, answered, refer.failed 603, hangup' },
  { name: 'the dialog is lost', answers: 481, notifies: [], story: 'initiated, answered, refer.failed 481, hangup' },
  { name: 'no NOTIFY', answers: 202, notifies: [], story: referred('failed 408') },
  { name: 'BYE first', answers: 202, notifies: [100], leaves: 'once answered', story: referred('failed 487') },
  { name: 'BYE, then NOTIFY', answers: 202, notifies: [200], leaves: 'just before', story: referred('completed 200') },
  { name: 'NOTIFY, then BYE', answers: 202, notifies: [200], leaves: 'just after', story: referred('completed 200') },
];

export const planOf = (number: number): Plan => plans[number % plans.length]!;

interface Caller {
  readonly number: number;
  readonly plan: Plan;
  readonly invite: Request;
  dialog: Dialog | null;
  ack: { readonly text: string; readonly target: Target } | null;
  requests: number;
  notified: number;
  /** Until it is answered. */
  waiting: Timer;
}

export interface CrowdOptions {
  readonly system: System;
  readonly transport: Transport;
  /** Where the server sends its requests to, if not straight to the transport. */
  readonly contact?: () => { readonly host: string; readonly port: number };
  readonly server: Target;
}

const notifyEveryMs = 1_000;
/** How long a caller lets it ring. By then Timer B has ended what nobody has heard. */
const ringsForMs = 60_000;

export class Crowd implements EndpointUser {
  readonly #options: CrowdOptions;
  readonly #endpoint: Endpoint;
  readonly #callers = new Map<number, Caller>();
  /** What went unanswered, by caller. */
  readonly gaveUp: string[] = [];

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#endpoint = new Endpoint({
      system: options.system,
      transports: [options.transport],
      resolve: async (host) => [host],
      publicHost: null,
      allow: allow.split(', '),
      supported: [],
      user: this,
    });
  }

  listen(): Promise<void> {
    return this.#endpoint.listen();
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  /** What is left of the stack below the callers. */
  census(): Readonly<Record<string, number>> {
    return this.#endpoint.census();
  }

  /** How many callers have neither given up nor said or heard BYE. */
  get open(): number {
    return this.#callers.size;
  }

  calls(number: number): void {
    const { host, port } = this.#options.server;
    const branch = branchOf(number, 0);
    const uri = `sip:refer@${host}:${port}`;
    const { text, target } = initialInvite(
      {
        uri,
        to: `<${uri}>`,
        from: `<sip:${number}@crowd.example>`,
        fromTag: `tag-${number}`,
        callId: `${number}@crowd.example`,
        cseq: 1,
        branch,
        routes: [],
        contactUser: String(number),
        headers: [['Allow', allow]],
        sdp: offer('192.0.2.10'),
      },
      this.#addresses,
    );
    // The Contact is a matter of where the crowd can be reached, the Via of where it is.
    const reachable = text.replace(/^Contact: .*$/m, `Contact: ${this.#contactOf(number)}`);
    const invite = parse(reachable);
    assert.ok('method' in invite && isRequest(invite));
    const waiting = this.#options.system.clock.after(ringsForMs, () => this.#cancels(number, branch, target));
    const caller = { number, plan: planOf(number), invite, dialog: null, ack: null, requests: 0, notified: 0, waiting };
    this.#callers.set(number, caller);
    this.#endpoint.send({ method: 'INVITE', branch, text: reachable, target });
  }

  // What the endpoint tells.

  request(request: Request, origin: Origin): void {
    const caller = this.#callers.get(Number.parseInt(request.callId, 10));
    if (!caller) return this.#endpoint.respond(origin, 481, reply(request, 481));
    if (request.method === 'REFER') return this.#referred(caller, request, origin);
    this.#endpoint.respond(origin, 200, reply(request, 200));
    // One that has not heard the answer goes on waiting for it.
    if (request.method === 'BYE' && caller.dialog) this.#callers.delete(caller.number);
  }

  ack(): void {}

  response(branch: string, response: Response): void {
    const caller = this.#callers.get(numberOf(branch));
    if (!caller) return;
    if (response.cseq.method === 'INVITE') return this.#invited(caller, response);
    if (response.status < 200) return;
    if (response.cseq.method === 'BYE') this.#callers.delete(caller.number);
    if (response.cseq.method === 'NOTIFY' && caller.plan.leaves === 'once answered') this.#send(caller, 'BYE');
  }

  timeout(branch: string, method: string): void {
    this.#givesUp(numberOf(branch), `${method} was not answered`);
  }

  failed(branch: string, error: Error, method: string): void {
    this.#givesUp(numberOf(branch), `${method} could not be sent: ${error.message}`);
  }

  // What a caller does.

  #invited(caller: Caller, response: Response): void {
    const { number, invite } = caller;
    if (response.status < 200) return;
    if (response.status >= 300) return this.#givesUp(number, `INVITE was answered ${response.status}`);
    this.#options.system.clock.cancel(caller.waiting);
    // Each copy of the 2xx is acknowledged again (§13.2.2.4).
    caller.dialog ??= uacDialog(invite, response, this.#options.server);
    const fields = { method: 'ACK', cseq: 1, branch: branchOf(number, 'ack'), headers: () => [] };
    caller.ack ??= requestWithin(caller.dialog, this.#addresses, fields);
    this.#endpoint.sendAck(caller.ack.text, caller.ack.target);
  }

  #cancels(number: number, branch: string, target: Target): void {
    const caller = this.#callers.get(number);
    if (caller) this.#endpoint.send({ method: 'CANCEL', branch, text: cancelFor(caller.invite), target });
  }

  #referred(caller: Caller, request: Request, origin: Origin): void {
    const { answers, leaves } = caller.plan;
    const headers = [['Contact', this.#contactOf(caller.number)]] as const;
    this.#endpoint.respond(origin, answers, reply(request, answers, { headers }));
    if (leaves === 'just before') this.#send(caller, 'BYE');
    this.#notifies(caller);
    if (leaves === 'just after') this.#send(caller, 'BYE');
  }

  #notifies(caller: Caller): void {
    const { notifies } = caller.plan;
    const status = notifies[caller.notified];
    if (status === undefined) return;
    caller.notified += 1;
    const headers = [
      ['Event', 'refer'],
      ['Subscription-State', status < 200 ? 'active;expires=60' : 'terminated;reason=noresource'],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ] as const;
    this.#send(caller, 'NOTIFY', headers, `SIP/2.0 ${status} Whatever\r\n`);
    if (caller.notified < notifies.length) {
      this.#options.system.clock.after(notifyEveryMs, () => this.#notifies(caller));
    }
  }

  #send(caller: Caller, method: string, headers: readonly (readonly [string, string])[] = [], body = ''): void {
    assert.ok(caller.dialog, `${method} outside a dialog`);
    caller.requests += 1;
    const { number, requests, dialog } = caller;
    const branch = branchOf(number, requests);
    const contact = [['Contact', this.#contactOf(number)]] as const;
    const request = { method, branch, cseq: 1 + requests, headers: () => [...contact, ...headers], body };
    this.#endpoint.send({ method, branch, ...requestWithin(dialog, this.#addresses, request) });
  }

  #givesUp(number: number, why: string): void {
    const caller = this.#callers.get(number);
    if (!caller) return;
    this.#options.system.clock.cancel(caller.waiting);
    this.#callers.delete(number);
    this.gaveUp.push(`${number}: ${why}`);
  }

  get #addresses(): LocalAddresses {
    return { udp: this.#options.transport.local };
  }

  #contactOf(number: number): string {
    return contactFor({ ...this.#options.transport.local, ...this.#options.contact?.() }, String(number));
  }
}

/** What is not zero in a census. */
export function leftIn(...censuses: readonly Readonly<Record<string, number>>[]): readonly string[] {
  return censuses.flatMap((census) =>
    Object.entries(census).flatMap(([name, count]) => (count === 0 ? [] : [`${count} ${name}`])),
  );
}

const branchOf = (number: number, which: number | string): string => `z9hG4bK${number}-${which}`;
const numberOf = (branch: string): number => Number.parseInt(branch.slice('z9hG4bK'.length), 10);
