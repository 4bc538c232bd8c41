// What bench:sip compares: our parser and those of npm, each told in its own words to do the same jobs.
// What a library cannot do is left out, and said in `does`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readAddress, tagOf } from '../src/sip/message/address.ts';
import { type Request, reply } from '../src/sip/message/message.ts';
import { isFailure, parse } from '../src/sip/message/parse.ts';
import { writeRequest, writeResponse } from '../src/sip/message/write.ts';

/** What routing a message needs: the values a dialog step compares or copies. */
export type Values = readonly [
  callId: unknown,
  cseq: unknown,
  fromTag: unknown,
  toTag: unknown,
  branch: unknown,
  contact: unknown,
];

/** A message comes as the bytes of a datagram. */
export interface Subject {
  readonly name: string;
  /** What it does of the work, beyond finding the header fields. */
  readonly does: string;
  readonly parse: (bytes: Buffer) => unknown;
  readonly read: (bytes: Buffer) => Values;
  /** The message as text again, put together from its parts. */
  readonly serialize?: (bytes: Buffer) => string;
  /** A 200 to the request, as text. */
  readonly reply?: (bytes: Buffer) => string;
}

const ours: Subject = {
  name: 'switchhook',
  does: 'checks structure, characters and limits of every message; reads values when asked',
  parse: (bytes) => parse(textOf(bytes), bytes),
  read: (bytes) => {
    const message = parsed(bytes);
    const [contact] = message.values('Contact');
    const uri = contact === undefined ? undefined : readAddress(contact)?.uri;
    const { callId, cseq, from, to, via } = message;
    return [callId, cseq.number, tagOf(from), tagOf(to), via.branch, uri];
  },
  serialize: (bytes) => {
    const message = parsed(bytes);
    const headers = message.entries().filter(([name]) => name !== 'Content-Length');
    return 'method' in message
      ? writeRequest(message, headers, message.body)
      : writeResponse(message, headers, message.body);
  },
  reply: (bytes) => reply(parsed(bytes) as Request, 200, { toTag: '8321234356' }),
};

/** The same for all: one char for one byte. */
const textOf = (bytes: Buffer): string => bytes.toString('latin1');

function parsed(bytes: Buffer) {
  const message = parse(textOf(bytes), bytes);
  if (isFailure(message)) throw new Error(message.failure);
  return message;
}

/** They and all they bring stay out of the project's own packages: nobody but this bench needs them. */
const parsers = join(import.meta.dirname, 'parsers');

function install(): void {
  if (existsSync(join(parsers, 'node_modules', 'sip.js'))) return;
  console.error('Installing the other parsers into bench/parsers …');
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: parsers,
    stdio: 'ignore',
  });
  if (npm.status !== 0) throw new Error('npm ci in bench/parsers did not finish: run it there to see why.');
}

/** Two of them have no types, and none has its parser at its front door. */
export async function subjects(): Promise<readonly Subject[]> {
  install();
  const require = createRequire(join(parsers, 'package.json'));
  const sip = require('sip/sip.js');
  const { SipMessage } = require('drachtio-sip');
  const jssip = require('jssip/lib/Parser.js');
  const { Parser } = await import(require.resolve('sip.js/lib/core/messages/parser.js'));
  return [ours, sipOf(sip), drachtioOf(SipMessage), jssipOf(jssip), sipJsOf(Parser)];
}

// biome-ignore lint/suspicious/noExplicitAny: none of these has types for what is used of it here.
type Untyped = any;

const sipOf = (sip: Untyped): Subject => ({
  name: 'sip 0.0.6',
  does: 'reads Via, From, To, CSeq, Contact, Route at once; refuses little',
  parse: (bytes) => sip.parse(textOf(bytes)),
  read: (bytes) => {
    const { headers } = sip.parse(textOf(bytes));
    const { from, to, via, contact } = headers;
    return [headers['call-id'], headers.cseq.seq, from.params.tag, to.params.tag, via[0].params.branch, contact[0].uri];
  },
  serialize: (bytes) => sip.stringify(sip.parse(textOf(bytes))),
  reply: (bytes) => {
    const response = sip.makeResponse(sip.parse(textOf(bytes)), 200, 'OK');
    response.headers.to.params.tag = '8321234356';
    return sip.stringify(response);
  },
});

const drachtioOf = (SipMessage: Untyped): Subject => ({
  name: 'drachtio-sip 0.6.3',
  does: 'cuts out every header field; reads those asked for; refuses little',
  parse: (bytes) => new SipMessage(textOf(bytes)),
  read: (bytes) => {
    const message = new SipMessage(textOf(bytes));
    const header = (name: string): Untyped => message.getParsedHeader(name);
    const tags = [header('from').params.tag, header('to').params.tag] as const;
    return [
      message.get('call-id'),
      header('cseq').seq,
      ...tags,
      header('via')[0].params.branch,
      header('contact')[0].uri,
    ];
  },
  serialize: (bytes) => new SipMessage(textOf(bytes)).toString(),
});

const jssipOf = (jssip: Untyped): Subject => ({
  name: 'jssip 3.13.8',
  does: 'reads Via, From, To, CSeq at once by a grammar; gives back as text only what it was given',
  parse: (bytes) => jssip.parseMessage(textOf(bytes), {}),
  read: (bytes) => {
    const message = jssip.parseMessage(textOf(bytes), {});
    const { call_id, cseq, from_tag, to_tag, via_branch } = message;
    return [call_id, cseq, from_tag, to_tag, via_branch, message.parseHeader('contact').uri.toString()];
  },
});

const quiet = { log: noop, warn: noop, error: noop, debug: noop };
function noop(): void {}

const sipJsOf = (Parser: Untyped): Subject => ({
  name: 'sip.js 0.21.2',
  does: 'reads Via, From, To, CSeq at once by a grammar; gives back as text only what it was given',
  parse: (bytes) => Parser.parseMessage(textOf(bytes), quiet),
  read: (bytes) => {
    const message = Parser.parseMessage(textOf(bytes), quiet);
    const { callId, cseq, fromTag, toTag, viaBranch } = message;
    return [callId, cseq, fromTag, toTag, viaBranch, message.parseHeader('contact').uri.toString()];
  },
});
