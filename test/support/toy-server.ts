// The least server that can play one refer: what proves the scenarios' own machinery, and lets it be tested against a
// server that errs on demand. Answers from a table of texts; keeps no transaction, dialog or store.
import { generateKeyPairSync, sign } from 'node:crypto';
import { fastify } from 'fastify';
import { isRequest, type Request, type Response, reply } from '../../src/sip/message/message.ts';
import { isFailure, parse } from '../../src/sip/message/parse.ts';
import { readSipfrag } from '../../src/sip/message/sipfrag.ts';
import { writeRequest } from '../../src/sip/message/write.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import type { PartsUnderTest, ServerUnderTest } from './world.ts';

/** What the toy does wrong. */
export interface Mischief {
  readonly badSignature?: boolean;
  readonly wrongCallId?: boolean;
  readonly extraBye?: boolean;
  readonly keepsTimer?: boolean;
  readonly logsError?: boolean;
  readonly logsKey?: boolean;
  readonly leaves?: number;
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const rawKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

export function toyServer(mischief: Mischief = {}) {
  return async (parts: PartsUnderTest): Promise<ServerUnderTest> => {
    const toy = new Toy(parts, mischief);
    await toy.listen();
    return toy;
  };
}

class Toy implements ServerUnderTest {
  readonly publicKey = rawKey;
  readonly http = fastify();
  readonly #parts: PartsUnderTest;
  readonly #mischief: Mischief;
  #invite: Request | null = null;
  #from: Target | null = null;
  #cseq = 0;

  constructor(parts: PartsUnderTest, mischief: Mischief) {
    this.#parts = parts;
    this.#mischief = mischief;
    this.http.removeAllContentTypeParsers();
    this.http.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
      done(null, JSON.parse(String(body) || '{}'));
    });
    this.http.post('/v2/calls/:id/actions/:action', (request, answer) => {
      const { authorization = '' } = request.headers;
      if (mischief.logsKey) parts.system.log.debug({ who: Buffer.from(authorization).toString('base64') }, 'asked');
      const { action } = request.params as { action: string };
      const { sip_address } = (request.body ?? {}) as { sip_address?: string };
      if (action === 'refer' && !sip_address) {
        return answer
          .status(422)
          .send({ errors: [{ code: '10004', title: 'Missing', detail: '', source: { pointer: '/sip_address' } }] });
      }
      this.#parts.system.clock.soon(() => this.#command(action, sip_address ?? ''));
      return answer.send({ data: { result: 'ok' } });
    });
    this.http.get('/v2/calls/:id', (_, answer) => answer.send({ data: { is_alive: this.#invite !== null } }));
  }

  async listen(): Promise<void> {
    for (const transport of this.#parts.transports) {
      await transport.listen((bytes, from) => this.#take(bytes.toString('latin1'), from));
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.transports.map((transport) => transport.close()));
  }

  kill(): void {}

  idle(): boolean {
    return true;
  }

  census() {
    return { calls: this.#invite ? 1 : 0, timers: this.#mischief.leaves ?? 0 };
  }

  #take(text: string, from: Target): void {
    const message = parse(text);
    if (isFailure(message)) return;
    if (isRequest(message)) this.#takeRequest(message, from);
    else this.#takeResponse(message);
  }

  #takeRequest(request: Request, from: Target): void {
    if (request.method === 'INVITE') {
      this.#invite = request;
      this.#from = from;
      this.#respond(100);
      this.#respond(180);
      this.#tell('call.initiated', { direction: 'incoming' });
    }
    if (request.method === 'ACK') this.#tell('call.answered', {});
    if (request.method !== 'NOTIFY') return;
    this.#send(reply(request, 200), from);
    if (readSipfrag(request.body) !== 200) return;
    this.#tell('call.refer.completed', { sip_notify_response: 200 });
    this.#parts.system.clock.after(1_000, () => {
      this.#request('BYE', []);
      if (this.#mischief.extraBye) this.#request('BYE', []);
      if (this.#mischief.keepsTimer) this.#parts.system.clock.after(3_600_000, () => {});
      if (this.#mischief.logsError) this.#parts.system.log.error({}, 'mischief');
    });
  }

  #takeResponse(response: Response): void {
    if (response.cseq.method === 'REFER') this.#tell('call.refer.started', { sip_notify_response: 100 });
    if (response.cseq.method !== 'BYE') return;
    this.#tell('call.hangup', { hangup_cause: 'normal_clearing', hangup_source: 'callee' });
    this.#invite = null;
  }

  #command(action: string, address: string): void {
    if (action === 'answer') this.#respond(200);
    else this.#request('REFER', [['Refer-To', `<${address}>`]]);
  }

  #respond(status: number): void {
    const headers: [string, string][] = status === 100 ? [] : [['Contact', '<sip:192.0.2.1:5060>']];
    this.#send(reply(this.#invite!, status, { headers, ...(status > 100 && { toTag: 'toy' }) }), this.#from!);
  }

  #request(method: string, headers: [string, string][]): void {
    const invite = this.#invite!;
    this.#cseq += 1;
    const text = writeRequest({ method, uri: 'sip:alice@192.0.2.10:5060' }, [
      ['Via', `SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK${this.#cseq};rport`],
      ['Max-Forwards', '70'],
      ['From', `${invite.get('To')};tag=toy`],
      ['To', invite.get('From')!],
      ['Call-ID', this.#mischief.wrongCallId ? 'another' : invite.callId],
      ['CSeq', `${this.#cseq} ${method}`],
      ['Contact', '<sip:192.0.2.1:5060>'],
      ...headers,
    ]);
    this.#send(text, this.#from!);
  }

  #send(text: string, target: Target): void {
    this.#parts.transports[0]!.send(text, target, () => {});
  }

  #tell(type: string, extra: object): void {
    const { clock, ids } = this.#parts.system;
    const url = this.#parts.settings.applications[0].webhookUrl!;
    const occurred = new Date(clock.date()).toISOString().replace('Z', '000Z');
    const base = { call_control_id: 'v3:toy', call_leg_id: 'leg', call_session_id: 'session', client_state: null };
    const payload = { ...base, connection_id: '1', from: 'a', to: 'b', ...extra };
    const data = { record_type: 'event', event_type: type, id: ids.uuid(), occurred_at: occurred, payload };
    const body = JSON.stringify({ data, meta: { attempt: 1, delivered_to: url } });
    const stamp = String(Math.floor(clock.date() / 1000));
    const signed = this.#mischief.badSignature ? `${body} ` : body;
    const signature = sign(null, Buffer.from(`${stamp}|${signed}`), privateKey).toString('base64');
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'telnyx-webhooks',
      'telnyx-timestamp': stamp,
      'telnyx-signature-ed25519': signature,
    };
    void this.#parts.post({ url, headers, body, timeoutMs: 2_000 });
  }
}
