// What must hold for every message we send, whatever the scenario is about: a list of rules, each named by its
// section. The peer applies them to all it gets, so that each scenario tests them all.
import type { TransportName } from '../../src/sip/transport/transport.ts';
import { all, cseqOf, type Heard, one, split, tagOf, uriOf } from './text.ts';

/** What the peer knows when a message arrives. */
export interface Context {
  readonly transport: TransportName;
  /** Where we listen: what Via and Contact of ours must say. */
  readonly us: string;
  /** The dialog as the peer sees it; null before there is one. */
  readonly dialog: DialogView | null;
  /** The request of the peer's that a response answers; null if it sent none like it. */
  readonly answered: Heard | null;
  /** Branches of requests that came before this one. */
  readonly branches: ReadonlySet<string>;
}

export interface DialogView {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string | null;
  /** The highest CSeq number that came from us. */
  readonly remoteCseq: number;
  /** What the peer's Contact said. */
  readonly contact: string;
  /** The routes our requests must carry, in order. */
  readonly routes: readonly string[];
}

type Rule = readonly [name: string, broken: (heard: Heard, context: Context) => boolean | string];

const exactlyOne = ['From', 'To', 'Call-ID', 'CSeq', 'Content-Length'];
const mayBeEmpty = ['Supported', 'Accept', 'Recv-Info'];

const both: readonly Rule[] = [
  [
    '§8.1.1, §8.2.6.2 headers that must be there once',
    (heard) => exactlyOne.find((name) => all(heard, name).length !== 1) ?? false,
  ],
  ['§8.1.1.7 at least one Via', (heard) => split(heard, 'Via').length === 0],
  [
    '§20.14 Content-Length is the length of the body',
    (heard) => one(heard, 'Content-Length') !== String(heard.body.length),
  ],
  [
    '§20.15 a body has a Content-Type, and only a body',
    (heard) => (heard.body !== '') !== (one(heard, 'Content-Type') !== null),
  ],
  [
    '§7.3.1 no header is empty',
    (heard) => heard.headers.find(([name, value]) => value === '' && !mayBeEmpty.includes(name))?.[0] ?? false,
  ],
  ['§8.1.1.5 the method in CSeq', (heard) => heard.method !== null && cseqOf(heard).method !== heard.method],
];

const establishing = ['INVITE', 'REFER', 'SUBSCRIBE', 'UPDATE'];

const requests: readonly Rule[] = [
  [
    '§8.1.1.6 Max-Forwards',
    (heard) => one(heard, 'Max-Forwards') !== '70' && heard.method !== 'CANCEL' && heard.method !== 'ACK',
  ],
  [
    '§18.1.1 the transport in Via',
    (heard, { transport }) => !topVia(heard).startsWith(`SIP/2.0/${transport.toUpperCase()} `),
  ],
  ['§18.1.1 sent-by in Via', (heard, { us }) => !topVia(heard).includes(` ${us}`)],
  ['§8.1.1.7 the magic cookie in the branch', (heard) => !branchOf(heard).startsWith('z9hG4bK')],
  [
    '§8.1.1.7 a branch of its own',
    (heard, { branches }) => heard.method !== 'ACK' && heard.method !== 'CANCEL' && branches.has(branchOf(heard)),
  ],
  ['RFC 3581 §3 rport over UDP', (heard, { transport }) => transport === 'udp' && !/;rport(;|$)/.test(topVia(heard))],
  [
    '§8.1.1.8 Contact that leads to us',
    (heard, { us }) => establishing.includes(heard.method ?? '') && !uriOf(one(heard, 'Contact') ?? '').includes(us),
  ],
  [
    '§12.2.1.1 Call-ID of the dialog',
    (heard, { dialog }) => dialog !== null && one(heard, 'Call-ID') !== dialog.callId,
  ],
  [
    '§12.2.1.1 From tag of the dialog',
    (heard, { dialog }) => Boolean(dialog?.remoteTag) && tagOf(one(heard, 'From')) !== dialog?.remoteTag,
  ],
  [
    '§12.2.1.1 To tag of the dialog',
    (heard, { dialog }) => dialog !== null && tagOf(one(heard, 'To')) !== dialog.localTag,
  ],
  [
    '§12.2.1.1 the Request-URI is the remote target',
    (heard, { dialog }) => dialog !== null && heard.uri !== dialog.contact && `${heard.uri} is not ${dialog.contact}`,
  ],
  [
    '§12.2.1.1 the route set',
    (heard, { dialog }) =>
      dialog !== null && split(heard, 'Route').join() !== dialog.routes.join() && split(heard, 'Route').join(),
  ],
  ['§12.2.1.1 CSeq goes up by one', (heard, { dialog }) => cseqBroken(heard, dialog)],
];

const needed: Readonly<Record<number, string>> = {
  405: 'Allow',
  415: 'Accept',
  420: 'Unsupported',
  421: 'Require',
  489: 'Allow-Events',
};

const responses: readonly Rule[] = [
  ['§8.2.6.2 answers a request', (_, { answered }) => answered === null],
  ['§8.2.6.2 Via as it was sent', (heard, { answered }) => answered !== null && vias(heard) !== vias(answered)],
  [
    '§8.2.6.2 From as it was sent',
    (heard, { answered }) => answered !== null && one(heard, 'From') !== one(answered, 'From'),
  ],
  [
    '§8.2.6.2 Call-ID as it was sent',
    (heard, { answered }) => answered !== null && one(heard, 'Call-ID') !== one(answered, 'Call-ID'),
  ],
  [
    '§8.2.6.2 To as it was sent, a tag aside',
    (heard, { answered }) => answered !== null && !(one(heard, 'To') ?? '').startsWith(one(answered, 'To') ?? ''),
  ],
  ['§8.2.6.2 a To tag', (heard) => heard.status !== 100 && tagOf(one(heard, 'To')) === null],
  [
    '§12.1.1 the To tag of the dialog',
    (heard, { dialog, answered }) =>
      heard.status !== 100 &&
      Boolean(dialog?.remoteTag) &&
      belongs(answered, dialog) &&
      tagOf(one(heard, 'To')) !== dialog?.remoteTag,
  ],
  [
    '§12.1.1 Contact of a response that makes a dialog',
    (heard, { us }) => makesDialog(heard) && !uriOf(one(heard, 'Contact') ?? '').includes(us),
  ],
  [
    '§12.1.1 Record-Route copied',
    (heard, { answered }) =>
      makesDialog(heard) &&
      answered !== null &&
      split(heard, 'Record-Route').join() !== split(answered, 'Record-Route').join(),
  ],
  [
    '§21.4 a header this status must bring',
    (heard) =>
      heard.status !== null && needed[heard.status] !== undefined && one(heard, needed[heard.status] ?? '') === null
        ? needed[heard.status]!
        : false,
  ],
  [
    'RFC 3262 §3 RSeq and Require: 100rel together',
    (heard) => (one(heard, 'RSeq') !== null) !== split(heard, 'Require').includes('100rel'),
  ],
];

/** The names of the rules that this message breaks. */
export function inspect(heard: Heard, context: Context): string[] {
  const first = broken(both.slice(0, 1), heard, context);
  return first.length > 0
    ? first
    : broken([...both, ...(heard.method === null ? responses : requests)], heard, context);
}

function broken(rules: readonly Rule[], heard: Heard, context: Context): string[] {
  return rules.flatMap(([name, broken]) => {
    const how = broken(heard, context);
    return how === false ? [] : [how === true ? name : `${name}: ${how}`];
  });
}

export function branchOf(heard: Heard): string {
  return /;branch=([^;,\s]+)/.exec(topVia(heard))?.[1] ?? '';
}

function topVia(heard: Heard): string {
  return split(heard, 'Via')[0] ?? '';
}

/** Without what the server may add (§18.2.1, RFC 3581 §4). */
function vias(heard: Heard): string {
  return split(heard, 'Via')
    .map((via) => via.replace(/;received=[^;]*/, '').replace(/;rport(=\d+)?/, ''))
    .join();
}

function makesDialog(heard: Heard): boolean {
  return cseqOf(heard).method === 'INVITE' && heard.status! > 100 && heard.status! < 300;
}

/** Whether a request of the peer's was meant for the dialog, as far as its tags say. */
function belongs(request: Heard | null, dialog: DialogView | null): boolean {
  if (!request || request.method === 'OPTIONS') return false;
  const tag = tagOf(one(request, 'To'));
  return tag === null ? request.method === 'INVITE' : tag === dialog?.remoteTag;
}

function cseqBroken(heard: Heard, dialog: DialogView | null): string | false {
  if (!dialog || heard.method === 'ACK' || heard.method === 'CANCEL' || dialog.remoteCseq === 0) return false;
  const { number } = cseqOf(heard);
  return number === dialog.remoteCseq + 1 ? false : `${number} after ${dialog.remoteCseq}`;
}
