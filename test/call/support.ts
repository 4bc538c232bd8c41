// A call without a server: its peer on paper, its clock in the hand. What the machine decides is kept, and read by the tests
// as text. Shares nothing with the engine but the machine itself.
import assert from 'node:assert/strict';
import { deadlinesOf, requestsOut, transition } from '../../src/call/call.ts';
import type { Bodies, DialOrder } from '../../src/call/commands.ts';
import { type Identity, incoming } from '../../src/call/inbound.ts';
import { outgoing } from '../../src/call/outbound.ts';
import { type ReadAction, readCommand } from '../../src/call/reading.ts';
import { readReferWithSteps } from '../../src/call/reading-fallbacks.ts';
import type { ReferSettings } from '../../src/call/routing.ts';
import type { Call, CallTimer, Effect, Input, Step } from '../../src/call/state.ts';
import type { Origin } from '../../src/sip/endpoint.ts';
import type { Request, Response } from '../../src/sip/message/message.ts';
import { isFailure, parse } from '../../src/sip/message/parse.ts';
import { serverKey } from '../../src/sip/transaction/key.ts';
import type { Target } from '../../src/sip/transport/transport.ts';
import { referSettings } from '../support/application.ts';
import { epoch } from '../support/fake-system.ts';
import { type Changes, rawMessage } from '../support/messages.ts';

export const offerText = sdpOf('192.0.2.10', 6000);
export const answerText = sdpOf('192.0.2.10', 6002);
export const videoOnly = sdpOf('192.0.2.10', 6000).replace('m=audio', 'm=video');

function sdpOf(host: string, port: number): string {
  return `v=0\r\no=alice 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n`;
}

export const us = { host: '192.0.2.1', port: 5060 };
export const peer: Target = { transport: 'udp', host: '192.0.2.10', port: 5060, flow: 'udp:192.0.2.1:5060' };

export const identity: Identity = {
  id: 'v3:call',
  legId: 'leg',
  sessionId: 'session',
  connectionId: '1000000000000000001',
  local: { udp: { transport: 'udp', ...us }, tcp: { transport: 'tcp', ...us } },
  sdpAddress: us.host,
  media: 'quiet',
  rtpPort: null,
  policy: { wish: { intervalS: 1_800, minSeS: 90, refresher: 'us' }, unasked: true },
  lifetime: { headers: [['Session-Expires', '1800;refresher=uas']], agreed: { intervalS: 1_800, refresher: 'us' } },
  replaces: null,
  firstCommandTimeoutMs: null,
  referInbound: 'follow',
};

export const settings = referSettings;

const dialIdentity = {
  sipCallId: 'call@switchhook.example',
  rtpPort: 40_000,
  followsRedirects: false,
  targets: [],
  routes: [{ uri: 'sip:alice@192.0.2.10:5060', routes: [], flow: null, gateway: null, credentials: null }],
  siblings: ['v3:sibling'],
  link: null,
  reportsTo: null,
} as const;

const dialOrder: DialOrder = {
  webhooks: null,
  from: '+13125550100',
  to: 'sip:alice@192.0.2.10:5060',
  fromAddress: '<sip:+13125550100@192.0.2.1>',
  toAddress: '<sip:alice@192.0.2.10>',
  displayName: null,
  contactUser: null,
  headers: [],
  timeoutMs: 30_000,
  timeLimitMs: 14_400_000,
  preferredCodecs: null,
  credentials: null,
  clientState: null,
  afterBridge: null,
  timeoutCause: 'timeout',
};

export const target = 'sip:bob@biloxi.example';
export const rtpPort = 40_000;

export function requestOf(text: string): Request {
  const message = parse(text);
  assert.ok(!isFailure(message) && 'method' in message, text);
  return message;
}

export function responseOf(text: string): Response {
  const message = parse(text);
  assert.ok(!isFailure(message) && 'status' in message, text);
  return message;
}

export function originOf(request: Request, from: Target = peer): Origin {
  return { key: serverKey(request), from, replyTo: from };
}

interface Wanted {
  readonly headers?: Changes;
  readonly body?: string;
  readonly cseq?: number;
  readonly branch?: string;
}

const sdpType: Changes = { 'Content-Type': 'application/sdp' };

/** The INVITE of the caller. */
export function inviteOf({ headers = {}, body = offerText, branch = 'z9hG4bK-invite' }: Wanted = {}): Request {
  const usual: Changes = {
    Via: `SIP/2.0/UDP 192.0.2.10:5060;branch=${branch};rport`,
    From: '"Alice" <sip:alice@atlanta.example>;tag=alice',
    To: '<sip:+13125550100@192.0.2.1>',
    'Call-ID': 'call@atlanta.example',
    CSeq: '1 INVITE',
    Contact: '<sip:alice@192.0.2.10:5060>',
    ...(body === '' ? {} : sdpType),
  };
  return requestOf(rawMessage('INVITE sip:+13125550100@192.0.2.1 SIP/2.0', { ...usual, ...headers }, body));
}

type Sent = Effect & { type: 'send' };
type Told = Effect & { type: 'event' };

/** A call and all it has decided since it came in. */
export class Line {
  call: Call;
  at = epoch;
  readonly effects: Effect[] = [];
  readonly invite: Request;
  seeds = 0;
  lastCseq: number;

  constructor(wanted: Wanted & { readonly identity?: Partial<Identity> } = {}) {
    this.invite = inviteOf(wanted);
    this.lastCseq = this.invite.cseq.number;
    const arrival = { at: this.at, seed: this.seed(), request: this.invite, origin: originOf(this.invite) };
    const turn = incoming(arrival, { ...identity, ...wanted.identity });
    assert.ok(turn, 'no call was made of the INVITE');
    this.call = turn.call;
    this.effects.push(...turn.effects);
  }

  /** A call of ours that has just been dialled. */
  static dialled(): Line {
    const line = Object.assign(Object.create(Line.prototype) as Line, {
      at: epoch,
      effects: [],
      seeds: 0,
      lastCseq: 0,
    });
    const { rtpPort: _none, lifetime: _lifetime, replaces: _replaces, firstCommandTimeoutMs: _no, ...names } = identity;
    const turn = outgoing({ at: line.at, seed: line.seed() }, { ...names, ...dialIdentity }, dialOrder);
    line.call = turn.call;
    line.effects.push(...turn.effects);
    return Object.assign(line, { invite: line.last });
  }

  /** A line of its own on the same call. */
  fork(): Line {
    const other: Line = Object.assign(Object.create(Line.prototype), this);
    return Object.assign(other, { effects: [...this.effects] });
  }

  seed(): string {
    this.seeds += 1;
    return this.seeds.toString(16).padStart(16, '0');
  }

  after(ms: number): this {
    this.at += ms;
    return this;
  }

  take(input: object): Step {
    const step = transition(this.call, { at: this.at, seed: this.seed(), ...input } as Input);
    this.call = step.call;
    this.effects.push(...step.effects);
    return step;
  }

  /** A request of the peer in the dialog, as an input. CSeq counts up by itself. */
  asks(
    method: string,
    { headers = {}, body = '', cseq = ++this.lastCseq, branch = `z9hG4bK-${cseq}` }: Wanted = {},
  ): object {
    const usual: Changes = {
      Via: `SIP/2.0/UDP 192.0.2.10:5060;branch=${branch};rport`,
      From: this.call.dialog.remote,
      To: this.call.dialog.local,
      'Call-ID': this.call.dialog.callId,
      CSeq: `${cseq} ${method}`,
      ...(/^v=0/.test(body) ? sdpType : {}),
    };
    const request = requestOf(rawMessage(`${method} sip:us SIP/2.0`, { ...usual, ...headers }, body));
    return { type: 'request', request, origin: originOf(request) };
  }

  request(method: string, wanted: Wanted = {}): Step {
    return this.take(this.asks(method, wanted));
  }

  cancel(): Step {
    const { callId, cseq } = this.invite;
    const lines = { Via: this.invite.get('Via')!, 'Call-ID': callId, CSeq: `${cseq.number} CANCEL` };
    const named = { From: this.invite.get('From')!, To: this.invite.get('To')! };
    const request = requestOf(rawMessage(`CANCEL ${this.invite.uri} SIP/2.0`, { ...lines, ...named }));
    return this.take({ type: 'request', request, origin: originOf(request) });
  }

  prack(wanted: Wanted = {}): Step {
    const { rseq = 0, cseq = 0 } = this.call.reliable ?? {};
    return this.request('PRACK', { ...wanted, headers: { RAck: `${rseq} ${cseq} INVITE`, ...wanted.headers } });
  }

  ack(wanted: Wanted = {}): Step {
    return this.take(this.acks(wanted));
  }

  acks({ cseq = this.call.invite?.cseq ?? 1, ...wanted }: Wanted = {}): object {
    const { request } = this.asks('ACK', { cseq, ...wanted }) as { request: Request };
    return { type: 'ack', request };
  }

  notify(status: number | null, headers: Changes = {}): Step {
    return this.take(this.notifies(status, headers));
  }

  notifies(status: number | null, headers: Changes = {}): object {
    const fragment: Changes = status === null ? {} : { 'Content-Type': 'message/sipfrag;version=2.0' };
    const body = status === null ? '' : `SIP/2.0 ${status} Whatever\r\n`;
    const state: Changes = { Event: 'refer', 'Subscription-State': 'active;expires=60' };
    return this.asks('NOTIFY', { headers: { ...state, ...fragment, ...headers }, body });
  }

  /** Answers a request of ours: the last one that is out, unless a branch is given. */
  respond(status: number, headers: Changes = {}, branch = this.out): Step {
    return this.take(this.responds(status, headers, branch));
  }

  responds(status: number, headers: Changes = {}, branch = this.out): object {
    const isIt = ({ request }: Sent): boolean => request.branch === branch && request.method !== 'CANCEL';
    const sent = this.sent.findLast(isIt)?.request;
    const { number, method } = sent ? requestOf(sent.text).cseq : { number: 1, method: 'REFER' };
    const { local, remote, remoteTag, callId } = this.call.dialog;
    const isAnswer = method === 'INVITE' && status >= 200 && status < 300;
    const usual: Changes = {
      Via: `SIP/2.0/UDP 192.0.2.1:5060;branch=${branch};rport`,
      From: local,
      To: remoteTag === null && status > 100 ? `${remote};tag=alice` : remote,
      'Call-ID': callId,
      CSeq: `${number} ${method}`,
      ...(isAnswer ? { Contact: '<sip:alice@192.0.2.10:5060>', ...sdpType } : {}),
    };
    const text = rawMessage(`SIP/2.0 ${status} Whatever`, { ...usual, ...headers }, isAnswer ? answerText : '');
    return { type: 'response', branch, response: responseOf(text) };
  }

  /** The branch of the last request of ours that has no answer yet. */
  get out(): string {
    return requestsOut(this.call).at(-1)?.branch ?? this.call.outbound?.usage.invite.branch ?? 'z9hG4bK-nobody';
  }

  command<A extends ReadAction>(action: A, body: Bodies[A], own: Partial<ReferSettings> = {}): Step {
    return this.take(this.commands(action, body, own));
  }

  commands<A extends ReadAction>(action: A, body: Bodies[A], own: Partial<ReferSettings> = {}): object {
    const all = { settings: { ...settings, ...own }, attended: () => null, obstacles: () => [], mayCall: () => true };
    const read =
      action === 'refer' ? readReferWithSteps(body as Bodies['refer'], all) : readCommand(action, body, all.settings);
    assert.ok('command' in read, JSON.stringify(read));
    const port = action === 'answer' && this.call.session === null ? rtpPort : null;
    return { type: 'command', command: read.command, rtpPort: port };
  }

  answer(body: Bodies['answer'] = {}): Step {
    return this.command('answer', body);
  }

  refer(body: Partial<Bodies['refer']> = {}, own: Partial<ReferSettings> = {}): Step {
    return this.command('refer', { sip_address: target, ...body }, own);
  }

  timer(timer: CallTimer): Step {
    return this.take({ type: 'timer', timer });
  }

  /** Lets time pass until the next deadline, and fires it. */
  waits(): Step {
    const [next] = [...deadlinesOf(this.call)].sort(([, a], [, b]) => a - b);
    assert.ok(next, 'the call waits for nothing');
    this.at = Math.max(this.at, next[1]);
    return this.timer(next[0]);
  }

  get sent(): Sent[] {
    return this.effects.filter((effect): effect is Sent => effect.type === 'send');
  }

  /** The last request of ours. */
  get last(): Request {
    const sent = this.sent.at(-1);
    assert.ok(sent, 'nothing was sent');
    return requestOf(sent.request.text);
  }

  get told(): Told[] {
    return this.effects.filter((effect): effect is Told => effect.type === 'event');
  }
}

/** Rings and was answered; the ACK has come. */
export function active(wanted: ConstructorParameters<typeof Line>[0] = {}): Line {
  const line = new Line(wanted);
  line.answer();
  line.ack();
  return line;
}

/** Effects in one line each: `200 to BYE`, `send REFER`, `call.hangup normal_clearing 200 caller`. */
export function shown(effects: readonly Effect[]): string[] {
  return effects.map(show);
}

function show(effect: Effect): string {
  switch (effect.type) {
    case 'respond':
      return `${effect.status} to ${responseOf(effect.text).cseq.method}`;
    case 'repeat':
      return `${effect.status} to ${responseOf(effect.text).cseq.method}, repeated`;
    case 'send':
      return `send ${effect.request.method}`;
    case 'ack':
      return 'send ACK';
    case 'event':
      return showEvent(effect);
    case 'quiet':
      return 'stop repeating';
    case 'follow':
      return `follow for ${effect.transferee ?? 'nobody'}`;
    case 'transfer':
      return `dial ${effect.body.to}`;
    case 'signal':
      return `signal ${effect.signal.type}`;
    case 'media':
      return 'sound';
    case 'release':
      return 'release the port';
    default:
      return effect satisfies never;
  }
}

function showEvent({ event }: Told): string {
  switch (event.type) {
    case 'call.hangup': {
      const { hangup_cause, sip_hangup_cause, hangup_source } = event.payload;
      return `${event.type} ${hangup_cause} ${sip_hangup_cause} ${hangup_source}`;
    }
    case 'call.refer.started':
    case 'call.refer.completed':
    case 'call.refer.failed':
      return `${event.type} ${event.payload.sip_notify_response}`;
    default:
      return event.type;
  }
}
