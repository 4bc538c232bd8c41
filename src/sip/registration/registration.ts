// A registration of ours with a PBX or trunk (RFC 3261 §10.2): refreshed before it ends, taken to the next server when one
// fails, tried again after a wait that grows (RFC 5626 §4.5), ended when we stop; Service-Route kept (RFC 3608). Pure:
// owns no timer, socket or clock. Leaves out the driver (registrations.ts), and GRUU.
import { contactFor, type LocalAddresses, nextHop } from '../dialog/dialog.ts';
import { param, readAddress } from '../message/address.ts';
import { type Authorizations, authorized, challenged, forNextRequest } from '../message/authorizations.ts';
import type { Credentials } from '../message/digest.ts';
import { copy, readNumber } from '../message/grammar.ts';
import { readRetryAfter } from '../message/headers.ts';
import type { HeaderList, Response } from '../message/message.ts';
import { readUri, sameUri, writeUri } from '../message/uri.ts';
import { writeRequest } from '../message/write.ts';
import type { Outgoing } from '../transaction/transactions.ts';
import { nowhere, viaFor } from '../transport/transport.ts';

/** What is registered where; it never changes. All texts are latin1. */
export interface Account {
  readonly name: string;
  /** What is registered: a sip or sips URI. */
  readonly aor: string;
  /** Where, in order of preference: sip or sips URIs. At least one. */
  readonly servers: readonly string[];
  readonly credentials: Credentials | null;
  /** The only realm that is told them; null: every one. */
  readonly realm: string | null;
  /** What we ask for, in seconds. */
  readonly expires: number;
}

/** What a restart must know: REGISTERs of one Call-ID have a CSeq that rises (§10.2.4). */
export interface Sequence {
  readonly callId: string;
  readonly cseq: number;
}

/** What the registrar has granted. */
export interface Granted {
  readonly server: string;
  readonly contact: string;
  readonly expiresAt: number;
  /** What requests that go out by this account are routed by (RFC 3608 §6.1). */
  readonly serviceRoute: readonly string[];
}

export type Phase =
  | { readonly name: 'idle' }
  /** `tried`: on how many servers in a row; `removes`: it is the last one, which ends the registration. */
  | {
      readonly name: 'trying';
      readonly branch: string;
      readonly contact: string;
      readonly tried: number;
      readonly removes: boolean;
    }
  | { readonly name: 'registered'; readonly refreshAt: number }
  | { readonly name: 'waiting'; readonly retryAt: number; readonly why: string }
  | { readonly name: 'stopped' };

export interface Registration extends Sequence {
  readonly phase: Phase;
  /** Null before the first, and once it has ended. It goes on while it is refreshed, even in vain, until it ends. */
  readonly granted: Granted | null;
  /** The index of the server in use. */
  readonly server: number;
  /** In seconds: more than the account says where a server wants that. */
  readonly expires: number;
  readonly failures: number;
  readonly authorizations: Authorizations;
  /** Asked to end while a REGISTER was on its way: §10.2 lets no other go before its answer. */
  readonly ending: boolean;
}

/** `at` is the wall-clock instant, `seed` fresh chance, `addresses` what we are called by transport. */
export type Input = { readonly at: number; readonly seed: string; readonly addresses: LocalAddresses } & (
  | { readonly type: 'start' }
  | { readonly type: 'timer' }
  | { readonly type: 'response'; readonly branch: string; readonly response: Response }
  | { readonly type: 'timeout'; readonly branch: string }
  | { readonly type: 'failed'; readonly branch: string; readonly why: string }
  | { readonly type: 'stop' }
);

export interface Step {
  readonly state: Registration;
  readonly send: Outgoing | null;
}

export function begin({ expires }: Account, { callId, cseq }: Sequence): Registration {
  return {
    ...{ callId, cseq, expires, phase: { name: 'idle' }, granted: null, server: 0 },
    ...{ failures: 0, authorizations: [], ending: false },
  };
}

/** The instant its timer is due; null when it waits for an answer, or for nothing. */
export function deadlineOf({ phase }: Registration): number | null {
  if (phase.name === 'registered') return phase.refreshAt;
  return phase.name === 'waiting' ? phase.retryAt : null;
}

export function transition(account: Account, state: Registration, input: Input): Step {
  const { phase } = state;
  switch (input.type) {
    case 'start':
      return phase.name === 'idle' ? ask(account, fresh(state), input) : absorbed(state);
    case 'timer':
      return isDue(state, input.at) ? ask(account, fresh(state), input) : absorbed(state);
    case 'stop':
      return stop(account, state, input);
    case 'response':
    case 'timeout':
    case 'failed':
      if (phase.name !== 'trying' || phase.branch !== input.branch) return absorbed(state);
      return answered(account, state, phase, input);
    default:
      return input satisfies never;
  }
}

type Trying = Phase & { readonly name: 'trying' };
type Answer = Extract<Input, { readonly branch: string }>;

function absorbed(state: Registration): Step {
  return { state, send: null };
}

function isDue(state: Registration, at: number): boolean {
  const deadline = deadlineOf(state);
  return deadline !== null && at >= deadline;
}

const fresh = (state: Registration): Registration => ({
  ...state,
  authorizations: forNextRequest(state.authorizations),
});

interface Asking {
  readonly tried?: number;
  readonly removes?: boolean;
}

/** Sends a REGISTER to the server in use. */
function ask(account: Account, state: Registration, { seed, addresses, at }: Input, asking: Asking = {}): Step {
  const { tried = 1, removes = false } = asking;
  const server = account.servers[state.server]!;
  const target = nextHop({ routeSet: [], remoteTarget: server, flow: anyFlow });
  const address = addresses[target.transport] ?? nowhere(target.transport);
  const [uri, branch, cseq] = [domainOf(server), `z9hG4bK${seed}`, state.cseq + 1];
  const contact = contactFor(address, userOf(account.aor), readUri(account.aor)?.scheme === 'sips');
  const { headers, authorizations } = authorized(
    state.authorizations,
    { method: 'REGISTER', uri, cnonce: seed },
    account.credentials,
  );
  const all: HeaderList = [
    ['Via', viaFor(address, branch)],
    ['Max-Forwards', '70'],
    ['From', `<${account.aor}>;tag=${seed}`],
    ['To', `<${account.aor}>`],
    ['Call-ID', state.callId],
    ['CSeq', `${cseq} REGISTER`],
    ['Contact', contact],
    ['Expires', removes ? '0' : String(state.expires)],
    ...headers,
    ['Supported', 'path'],
    ['User-Agent', 'Switchhook'],
  ];
  const phase: Trying = { name: 'trying', branch, contact, tried, removes };
  const granted = state.granted !== null && state.granted.expiresAt > at ? state.granted : null;
  return {
    state: { ...state, phase, cseq, authorizations, granted },
    send: { branch, method: 'REGISTER', text: writeRequest({ method: 'REGISTER', uri }, all), target },
  };
}

/** No flow: the URI alone says where to. */
const anyFlow = { transport: 'udp', host: '', port: 5060 } as const;

/** The Request-URI names the domain: no user, no headers (§10.2). */
function domainOf(server: string): string {
  const uri = readUri(server);
  if (uri === null || uri.scheme === 'tel') return server;
  return writeUri({ ...uri, user: null, password: null, headers: null });
}

function userOf(aor: string): string | null {
  const uri = readUri(aor);
  return uri === null || uri.scheme === 'tel' ? null : uri.user;
}

function answered(account: Account, state: Registration, phase: Trying, input: Answer): Step {
  if (input.type !== 'response') {
    const why = input.type === 'timeout' ? 'no answer' : input.why;
    return failOver(account, state, phase, input, why);
  }
  const { response } = input;
  const { status } = response;
  if (status < 200) return absorbed(state);
  if (status < 300) return succeeded(account, state, phase, input);
  if (status === 401 || status === 407) return authenticate(account, state, phase, input);
  if (status === 423) return askForLonger(account, state, phase, input);
  const why = `${status} ${response.reason}`.trim();
  const delay = readRetryAfter(response.get('Retry-After') ?? '');
  return status >= 500 && status < 600
    ? failOver(account, state, phase, input, why, delay)
    : failed(state, phase, input, why, delay);
}

type Answered = Answer & { readonly type: 'response' };

function succeeded(account: Account, state: Registration, phase: Trying, input: Answered): Step {
  const { at, response } = input;
  if (phase.removes) return ended(state);
  const contacts = contactsOf(account, phase, input.addresses);
  const { contact, expires } = grantedFor(response, contacts) ?? { contact: contacts[0]!, expires: state.expires };
  if (expires === 0) return failed(state, phase, input, 'granted for no time');
  const granted: Granted = {
    server: account.servers[state.server]!,
    contact,
    expiresAt: at + expires * 1000,
    serviceRoute: response.values('Service-Route').map(copy),
  };
  const next: Registration = { ...state, granted, failures: 0 };
  if (state.ending) return ask(account, fresh(next), input, { removes: true });
  return absorbed({ ...next, phase: { name: 'registered', refreshAt: refreshAt(granted, input) } });
}

/** What we may be registered as: as the REGISTER was written, or as DNS has made us known by another transport (readdress.ts). */
function contactsOf({ aor }: Account, { contact }: Trying, addresses: LocalAddresses): readonly string[] {
  const isSecure = readUri(aor)?.scheme === 'sips';
  const others = Object.values(addresses).flatMap((address) =>
    address === null ? [] : [contactFor(address, userOf(aor), isSecure)],
  );
  return [contact, ...others].map((each) => each.slice(1, -1));
}

interface GrantedFor {
  readonly contact: string;
  readonly expires: number;
}

/**
 * What the registrar says of our contact among those it lists (§10.2.4), else of all. Of several of ours the one for
 * the longest time is new, and others are from before.
 */
function grantedFor(response: Response, contacts: readonly string[]): GrantedFor | null {
  const listed = response.values('Contact').flatMap((value): GrantedFor[] => {
    const address = readAddress(value);
    const uri = address && readUri(address.uri);
    const contact = contacts.find((ours) => uri && sameUri(uri, readUri(ours)!));
    const expires = readNumber((address && param(address.params, 'expires')) ?? '');
    return contact === undefined || expires === null ? [] : [{ contact, expires }];
  });
  const forAll = readNumber(response.get('Expires') ?? '');
  const [longest] = listed.toSorted((a, b) => b.expires - a.expires);
  return longest ?? (forAll === null ? null : { contact: contacts[0]!, expires: forAll });
}

/** After 80 to 90 % of the time: early enough to fail over, and not all accounts at once. */
function refreshAt({ expiresAt }: Granted, { at, seed }: Input): number {
  return at + Math.floor((expiresAt - at) * (0.8 + 0.1 * chanceOf(seed)));
}

/** A number from 0 up to 1. */
const chanceOf = (seed: string): number => Number.parseInt(seed.slice(-8), 16) / 2 ** 32;

function authenticate(account: Account, state: Registration, phase: Trying, input: Answered): Step {
  const authorizations =
    account.credentials === null ? null : challenged(state.authorizations, input.response, account.realm);
  if (authorizations === null) {
    const why = account.credentials === null ? 'credentials are wanted' : 'the credentials were refused';
    return failed({ ...state, authorizations: [] }, phase, input, why);
  }
  return ask(account, { ...state, authorizations }, input, phase);
}

/** 423 (§10.2.8): at least what the server wants. One that is not content with that is passed over. */
function askForLonger(account: Account, state: Registration, phase: Trying, input: Answered): Step {
  const least = readNumber(input.response.get('Min-Expires') ?? '');
  if (least === null || least <= state.expires || phase.removes) {
    return failed(state, phase, input, '423 without a longer Min-Expires');
  }
  return ask(account, fresh({ ...state, expires: least }), input, phase);
}

/** The next server at once, and when all have failed a wait. */
function failOver(
  account: Account,
  state: Registration,
  phase: Trying,
  input: Input,
  why: string,
  delay: number | null = null,
): Step {
  if (phase.removes || state.ending || phase.tried >= account.servers.length) {
    return failed(state, phase, input, why, delay);
  }
  const server = (state.server + 1) % account.servers.length;
  return ask(account, { ...state, server, authorizations: [] }, input, { tried: phase.tried + 1 });
}

const baseWaitMs = 30_000;
const longestWaitMs = 1_800_000;

function failed(
  state: Registration,
  phase: Trying,
  { at, seed }: Input,
  why: string,
  delay: number | null = null,
): Step {
  if (phase.removes || state.ending) return ended(state);
  const failures = state.failures + 1;
  // RFC 5626 §4.5: between half and all of a time that doubles.
  const longest = Math.min(longestWaitMs, baseWaitMs * 2 ** Math.min(failures, 10));
  const waitMs = Math.max(Math.floor(longest * (0.5 + 0.5 * chanceOf(seed))), (delay ?? 0) * 1000);
  const server = phase.tried > 1 ? 0 : state.server;
  return absorbed({ ...state, server, failures, phase: { name: 'waiting', retryAt: at + waitMs, why } });
}

function stop(account: Account, state: Registration, input: Input): Step {
  const { phase, granted } = state;
  if (phase.name === 'stopped') return absorbed(state);
  if (phase.name === 'trying') return absorbed({ ...state, ending: true });
  if (granted === null || granted.expiresAt <= input.at) return ended(state);
  return ask(account, { ...fresh(state), ending: true }, input, { removes: true });
}

function ended(state: Registration): Step {
  return absorbed({ ...state, phase: { name: 'stopped' }, granted: null, ending: true });
}
