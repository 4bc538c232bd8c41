// A whole call between two of our endpoints: INVITE, 100, 200, ACK, BYE, 200, with every transaction and timer of it, over
// a transport in memory. Time is the bench's own and moves by a millisecond a call, so that as many transactions linger
// as at a thousand calls a second.
import { uasDialog } from '../src/sip/dialog/dialog.ts';
import { Endpoint, type EndpointUser, type Origin } from '../src/sip/endpoint.ts';
import { type Request, type Response, reply } from '../src/sip/message/message.ts';
import { writeRequest } from '../src/sip/message/write.ts';
import type { Receive, Target, Transport } from '../src/sip/transport/transport.ts';
import { type Clock, realIds, type System } from '../src/system.ts';
import { HandClock } from './clock.ts';

/** A datagram is a Buffer of its own, as a socket would give it. */
class MemoryTransport implements Transport {
  readonly name = 'udp';
  readonly local: Transport['local'];
  readonly #clock: Clock;
  readonly #network: Map<string, MemoryTransport>;
  #receive: Receive | null = null;

  constructor(clock: Clock, network: Map<string, MemoryTransport>, host: string) {
    this.#clock = clock;
    this.#network = network;
    this.local = { transport: 'udp', host, port: 5060 };
    network.set(host, this);
  }

  async listen(receive: Receive): Promise<void> {
    this.#receive = receive;
  }

  send(text: string, target: Target): void {
    const bytes = Buffer.from(text, 'latin1');
    const from: Target = { ...this.local, flow: `udp:${target.host}:5060` };
    const peer = this.#network.get(target.host);
    this.#clock.soon(() => peer?.take(bytes, from));
  }

  take(bytes: Buffer, from: Target): void {
    this.#receive?.(bytes, from);
  }

  async close(): Promise<void> {
    this.#receive = null;
  }
}

const caller = '192.0.2.10';
const callee = '198.51.100.7';
const toCallee: Target = { transport: 'udp', host: callee, port: 5060 };
const ids = realIds();

export interface Exchange {
  /** Makes one call, to its end. */
  readonly call: () => void;
  /** How many calls have ended as they should. */
  readonly done: () => number;
  readonly close: () => Promise<void>;
}

export async function exchange(invite: string): Promise<Exchange> {
  const clock = new HandClock();
  const network = new Map<string, MemoryTransport>();
  const sdp = invite.slice(invite.indexOf('\r\n\r\n') + 4);
  let done = 0;
  const endpointAt = (host: string, user: EndpointUser): Endpoint =>
    new Endpoint({
      system: { clock, ids, log } satisfies System,
      transports: [new MemoryTransport(clock, network, host)],
      resolve: async () => [],
      user,
      publicHost: null,
      allow: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS'],
      supported: ['timer', 'replaces'],
    });
  const uas = endpointAt(
    callee,
    answering(() => uas, sdp),
  );
  const uac = endpointAt(
    caller,
    calling(
      () => uac,
      () => done++,
    ),
  );
  await uas.listen();
  await uac.listen();
  return {
    call: () => {
      const branch = `z9hG4bK${ids.seed()}`;
      uac.send({ branch, method: 'INVITE', text: outgoing('INVITE', branch, ids.seed(), '', sdp), target: toCallee });
      clock.settle();
      clock.advance(1);
    },
    done: () => done,
    close: async () => {
      await uac.close();
      await uas.close();
    },
  };
}

/** A request of the caller, as much of it as the carrier's INVITE has. */
function outgoing(method: string, branch: string, callId: string, toTag: string, body: string): string {
  return writeRequest(
    { method, uri: `sip:+15557654321@${callee}:5060;transport=udp` },
    [
      ['Via', `SIP/2.0/UDP ${caller}:5060;branch=${branch};rport`],
      ['Max-Forwards', '70'],
      ['From', `"Carrier Caller" <sip:+15551234567@${caller}>;tag=9fxced76sl`],
      ['To', `<sip:+15557654321@${callee}:5060>${toTag}`],
      ['Call-ID', callId],
      ['CSeq', `${method === 'BYE' ? 2 : 1} ${method}`],
      ['Contact', `<sip:+15551234567@${caller}:5060;transport=udp>`],
      ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY'],
      ['Supported', 'replaces, timer'],
      ['User-Agent', 'carrier-sbc/7.4.2'],
      ...(body === '' ? [] : ([['Content-Type', 'application/sdp']] as const)),
    ],
    body,
  );
}

function calling(endpoint: () => Endpoint, ended: () => void): EndpointUser {
  return {
    ...silent,
    response: (_branch: string, response: Response) => {
      const { callId, cseq, status } = response;
      if (status !== 200) return;
      if (cseq.method === 'BYE') {
        ended();
        return;
      }
      const toTag = `;tag=${response.to.params.get('tag')}`;
      endpoint().sendAck(outgoing('ACK', `z9hG4bK${ids.seed()}`, callId, toTag, ''), toCallee);
      const branch = `z9hG4bK${ids.seed()}`;
      const text = outgoing('BYE', branch, callId, toTag, '');
      endpoint().send({ branch, method: 'BYE', text, target: toCallee });
    },
  };
}

function answering(endpoint: () => Endpoint, sdp: string): EndpointUser {
  return {
    ...silent,
    request: (request: Request, origin: Origin) => {
      if (request.method !== 'INVITE') {
        endpoint().respond(origin, 200, reply(request, 200));
        return;
      }
      const toTag = ids.seed();
      if (uasDialog(request, toTag, origin.from) === null) throw new Error('the INVITE makes no dialog');
      const headers = [
        ['Contact', `<sip:app@${callee}:5060;transport=udp>`],
        ['Content-Type', 'application/sdp'],
      ] as const;
      endpoint().repeat(request.callId, '2xx', origin, 200, reply(request, 200, { toTag, headers, body: sdp }));
    },
    ack: (request: Request) => endpoint().quiet(request.callId),
  };
}

const silent: EndpointUser = { request: noop, ack: noop, response: noop, timeout: noop, failed: noop };
const log = { debug: noop, info: noop, warn: noop, error: noop };
function noop(): void {}
