// A user agent on the SIP stack alone that is called, answers, and follows a REFER: it calls the target, reports by NOTIFY
// (RFC 3515 §2.4.4) and is hung up on, or hangs up. For one call.

import { realLog } from '../../../src/log.ts';
import {
  beginInvite,
  contactFor,
  type Dialog,
  Endpoint,
  type InviteInput,
  type InviteStep,
  initialInvite,
  type Origin,
  patienceMs,
  type Request,
  readAddress,
  reply,
  requestWithin,
  resolveHost,
  sdp,
  standardTiming,
  stepInvite,
  type Trace,
  type Transport,
  uasDialog,
} from '../../../src/sip/index.ts';
import { realClock, realIds } from '../../../src/system.ts';
import type { Scope } from './scope.ts';

/** The first is called, and stands in Contact. */
type Transports = readonly [Transport, ...Transport[]];

const system = { clock: realClock, ids: realIds(), log: realLog('silent') };
const silent = { sessionId: '1', version: 1, address: '127.0.0.1', port: 9, direction: 'sendrecv' } as const;

export class Referee {
  readonly #transport: Transport;
  readonly #endpoint: Endpoint;
  readonly #fixed;
  #dialog: Dialog | null = null;
  /** The call to the target. */
  #branch = '';
  #usage: InviteStep['usage'] | null = null;
  #target: Dialog | null = null;

  private constructor(transports: Transports, trace: Trace) {
    const [transport] = transports;
    this.#transport = transport;
    const addresses = Object.fromEntries(transports.map(({ name, local }) => [name, local]));
    this.#fixed = {
      addresses: { udp: null, tcp: null, ...addresses },
      contactUser: 'referee',
      capabilities: [],
      patienceMs: patienceMs(standardTiming),
      followsRedirects: false,
    };
    this.#endpoint = new Endpoint({
      system,
      transports,
      resolve: resolveHost,
      publicHost: null,
      allow: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'REFER', 'NOTIFY', 'OPTIONS'],
      supported: [],
      trace,
      user: {
        request: (request, origin) => this.#take(request, origin),
        ack: (request) => this.#endpoint.quiet(request.callId),
        response: (branch, response) => branch === this.#branch && this.#step({ type: 'response', response }),
        timeout: (branch) => branch === this.#branch && this.#step({ type: 'timeout' }),
        failed: (branch) => branch === this.#branch && this.#step({ type: 'transport-failed' }),
      },
    });
  }

  static async open(scope: Scope, transports: Transports, trace: Trace): Promise<Referee> {
    const referee = new Referee(transports, trace);
    await referee.#endpoint.listen();
    scope.after(() => referee.#endpoint.close());
    return referee;
  }

  #take(request: Request, origin: Origin): void {
    if (request.method === 'INVITE' && this.#dialog === null) return this.#answer(request, origin);
    if (request.method !== 'REFER') return this.#endpoint.respond(origin, 200, reply(request, 200));
    const headers = [['Contact', this.#contact]] as const;
    this.#endpoint.respond(origin, 202, reply(request, 202, { headers }));
    this.#notify('SIP/2.0 100 Trying', 'active;expires=60');
    this.#call(readAddress(request.get('Refer-To') ?? '')?.uri ?? '');
  }

  #answer(request: Request, origin: Origin): void {
    const toTag = system.ids.seed();
    const answer = sdp.answer(request.body, silent);
    this.#dialog = uasDialog(request, toTag, origin.from);
    if (this.#dialog === null || typeof answer === 'string') {
      return this.#endpoint.respond(origin, 488, reply(request, 488, { toTag }));
    }
    const headers = [
      ['Contact', this.#contact],
      ['Content-Type', 'application/sdp'],
    ] as const;
    const text = reply(request, 200, { toTag, headers, body: answer.sdp });
    this.#endpoint.repeat(request.callId, '2xx', origin, 200, text);
  }

  #call(uri: string): void {
    const { host, port } = this.#transport.local;
    const invite = initialInvite(
      {
        ...{ uri, to: `<${uri}>`, from: `<sip:referee@${host}:${port}>`, cseq: 1, routes: [], headers: [] },
        ...{ fromTag: system.ids.seed(), callId: system.ids.seed(), contactUser: 'referee' },
        branch: `z9hG4bK${system.ids.seed()}`,
        sdp: sdp.offer(silent),
      },
      this.#fixed.addresses,
    );
    this.#branch = invite.branch;
    this.#perform(beginInvite(invite));
  }

  #step(input: InviteInput): void {
    if (this.#usage) this.#perform(stepInvite(this.#fixed, this.#usage, input, system.clock.date()));
  }

  #perform({ usage, effects }: InviteStep): void {
    this.#usage = usage;
    for (const effect of effects) {
      if (effect.type === 'invite') this.#endpoint.send({ ...effect.invite, method: 'INVITE' });
      else if (effect.type === 'ack') this.#endpoint.sendAck(effect.request.text, effect.request.target);
      else if (effect.type === 'tell' && effect.what.type === 'confirmed') {
        this.#target = effect.what.dialog;
        this.#notify('SIP/2.0 200 OK', 'terminated;reason=noresource');
      } else if (effect.type === 'tell' && effect.what.type === 'ended') {
        this.#notify(`SIP/2.0 ${effect.what.response?.status ?? 408} Failed`, 'terminated;reason=noresource');
      }
    }
  }

  /** Hangs up on the target. */
  leaves(): void {
    this.#target = this.#within(this.#target, 'BYE', [], '');
  }

  #notify(sipfrag: string, state: string): void {
    const headers = [
      ['Contact', this.#contact],
      ['Event', 'refer'],
      ['Subscription-State', state],
      ['Content-Type', 'message/sipfrag;version=2.0'],
    ] as const;
    this.#dialog = this.#within(this.#dialog, 'NOTIFY', headers, `${sipfrag}\r\n`);
  }

  #within(dialog: Dialog | null, method: string, headers: readonly (readonly [string, string])[], body: string) {
    if (dialog === null) return null;
    const [cseq, branch] = [dialog.localCseq + 1, `z9hG4bK${system.ids.seed()}`];
    const built = requestWithin(dialog, this.#fixed.addresses, { method, cseq, branch, headers: () => headers, body });
    this.#endpoint.send({ branch, method, ...built });
    return { ...dialog, localCseq: cseq };
  }

  get #contact(): string {
    return contactFor(this.#transport.local, 'referee');
  }
}
