// Who may come in: peers on loopback, trunks by address, trunks and phones by digest; and while there is none of these,
// whoever reaches us. All else is refused, and who scans or guesses meets silence. A gate of the endpoint: it is asked
// about every request before anything is kept of it. Leaves out the digest (authentication.ts) and the counting (defence.ts).
import type { Clock, Ids, Log } from '../system.ts';
import { type AddressSet, addressSet, isLoopback, networkOf } from './address-ranges.ts';
import { Authentication } from './authentication.ts';
import { Defence, type Limits, usualLimits } from './defence.ts';
import type { Gate, Passage } from './gate.ts';
import { tagOf } from './message/address.ts';
import type { Algorithm } from './message/digest.ts';
import { copy } from './message/grammar.ts';
import type { Request } from './message/message.ts';
import type { Target } from './transport/transport.ts';

/** Names and passwords are latin1, like all that is compared with the wire. */
export interface TrunkRule {
  readonly name: string;
  /** Addresses and ranges its requests come from. While there is none they come by digest. */
  readonly addresses: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  /** Whether a private Contact of it is passed over for where its packets come from. */
  readonly nat: boolean;
}

/** A phone that comes in by its password. Latin1. */
export interface PhoneRule {
  readonly username: string;
  readonly password: string;
}

/** Who is known, and by which name they are asked. */
export interface AdmissionOptions {
  readonly system: { readonly clock: Clock; readonly ids: Ids; readonly log: Log };
  readonly trunks: readonly TrunkRule[];
  readonly phones: readonly PhoneRule[];
  readonly realm: string;
  /** What is offered, in this order. */
  readonly algorithms?: readonly Algorithm[];
  readonly limits?: Partial<Limits>;
  /** Whether the listener a request came by passes over private Contacts. Default: each does. */
  readonly nat?: (from: Target) => boolean;
}

/** What was done with requests that did not simply come in, and with bytes that were none. */
export interface AdmissionCounts {
  readonly challenged: number;
  readonly refused: number;
  /** Credentials that were wrong. */
  readonly failed: number;
  /** Dropped: a scanner by its own name. */
  readonly scanners: number;
  /** Dropped: the source has failed too often. */
  readonly silenced: number;
  /** Dropped: the source sends too much. */
  readonly limited: number;
  /** Dropped: the source was asked too often and never answers. */
  readonly unanswered: number;
}

/** What is known of a source by its address alone. */
export type Standing =
  | { readonly name: 'loopback' }
  | { readonly name: 'trunk'; readonly trunk: TrunkRule }
  | { readonly name: 'anyone' }
  | { readonly name: 'unknown'; readonly mayProve: boolean };

interface Policy {
  readonly trunks: readonly { readonly rule: TrunkRule; readonly has: AddressSet }[];
  /** Whether anybody is known, and whether anybody is known by digest. */
  readonly isOpen: boolean;
  readonly hasDigest: boolean;
}

export function policyOf(trunks: readonly TrunkRule[], phones: readonly PhoneRule[]): Policy {
  return {
    trunks: trunks.map((rule) => ({ rule, has: addressSet(rule.addresses) })),
    isOpen: trunks.length === 0 && phones.length === 0,
    hasDigest: phones.length > 0 || trunks.some(isByDigest),
  };
}

/** The decision by address. The first trunk that has the address is meant. */
export function standingOf(policy: Policy, host: string): Standing {
  const trunk = policy.trunks.find(({ has }) => has(host));
  if (trunk) return { name: 'trunk', trunk: trunk.rule };
  if (isLoopback(host)) return { name: 'loopback' };
  return policy.isOpen ? { name: 'anyone' } : { name: 'unknown', mayProve: policy.hasDigest };
}

function isByDigest({ addresses, username, password }: TrunkRule): boolean {
  return addresses.length === 0 && username !== null && password !== null;
}

/** Of how many peers it is remembered that they were asked. */
const mostAsked = 1000;
const warnAtMostEveryMs = 60_000;

/** 256 bits of chance, new in each process: no nonce outlives the memory of its use. */
function keyOf(ids: Ids): Buffer {
  return Buffer.from(ids.seed() + ids.seed() + ids.seed() + ids.seed(), 'hex');
}

/** As they call themselves in User-Agent. Tools that operators use to look at their own servers are not among them. */
const scanners =
  /friendly-(scanner|request)|sipvicious|sipcli|sip-?scan|sundayddr|vaxsipuseragent|pplsip|iwar\b|sivus|smap\b|\bgulp\b|eyebeam release 3006o stamp 17551/i;

export function isScanner(request: Request): boolean {
  const agent = request.get('User-Agent');
  return agent !== undefined && scanners.test(agent);
}

interface Known {
  readonly peer: string;
  readonly password: string;
  readonly nat: boolean;
}

/** A gate by address and by digest, with a memory of who guesses and floods (RFC 3261 §22.1, §26.3.2.4). */
export class Admission implements Gate {
  readonly #options: AdmissionOptions;
  readonly #defence: Defence;
  #policy!: Policy;
  #known: ReadonlyMap<string, Known> = new Map();
  #hasPhones = false;
  /** Null while nobody comes by digest: nobody is asked then. */
  #authentication: Authentication | null = null;
  /** Peers that were asked and have not answered, or only when they were asked by one algorithm. */
  readonly #asked = new Map<string, { readonly branch: string; readonly isLost: boolean }>();
  #warnedAt: number | null = null;
  readonly #counts: { -readonly [Name in keyof AdmissionCounts]: number } = {
    ...{ challenged: 0, refused: 0, failed: 0, scanners: 0, silenced: 0, limited: 0, unanswered: 0 },
  };

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#defence = new Defence({ ...usualLimits, ...options.limits });
    this.know(options);
  }

  /** From now on these are the ones who are known. What goes on within a dialog is not asked about. */
  know({ trunks, phones }: Pick<AdmissionOptions, 'trunks' | 'phones'>): void {
    const known = new Map<string, Known>();
    for (const { name, username, password, nat } of trunks.filter(isByDigest)) {
      known.set(username ?? '', { peer: `trunk:${name}`, password: password ?? '', nat });
    }
    for (const { username, password } of phones)
      known.set(username, { peer: `phone:${username}`, password, nat: true });
    this.#known = known;
    this.#policy = policyOf(trunks, phones);
    this.#hasPhones = phones.length > 0;
    if (this.#policy.hasDigest) this.#authentication ??= this.#newAuthentication();
  }

  #newAuthentication(): Authentication {
    const { system, realm, algorithms } = this.#options;
    const passwordOf = (username: string): string | null => this.#known.get(username)?.password ?? null;
    return new Authentication({ realm, key: keyOf(system.ids), passwordOf, ...(algorithms && { algorithms }) });
  }

  get counts(): AdmissionCounts {
    return { ...this.#counts };
  }

  request(request: Request, from: Target): Passage {
    const standing = standingOf(this.#policy, from.host);
    const isTrusted = standing.name === 'loopback' || standing.name === 'trunk';
    const dropped = isTrusted ? null : this.#hostile(request, from);
    if (dropped !== null) return this.#drop(dropped);
    // A binding speaks for a phone: whoever makes one proves to be it, wherever the request comes from.
    if (request.method === 'REGISTER' && this.#hasPhones) return this.#ask(request, from);
    if (isWithin(request)) return { type: 'admitted', nat: this.#nat(standing, from) };
    switch (standing.name) {
      case 'trunk':
        return { type: 'admitted', peer: `trunk:${standing.trunk.name}`, nat: this.#nat(standing, from) };
      case 'loopback':
      case 'anyone':
        return { type: 'admitted', nat: this.#nat(standing, from) };
      case 'unknown':
        return standing.mayProve ? this.#ask(request, from) : this.#refuse(from);
      default:
        return standing satisfies never;
    }
  }

  unreadable(from: Target): boolean {
    const { name } = standingOf(this.#policy, from.host);
    if (name === 'loopback' || name === 'trunk') return true;
    const [source, at] = this.#at(from);
    const isAnswered = !this.#defence.isSilenced(source, at) && this.#defence.mayRequest(source, at);
    if (isAnswered) this.#fail(source, at);
    return isAnswered;
  }

  /** Why the request of a stranger is dropped, or null. What belongs to a call is heard even from a source that failed. */
  #hostile(request: Request, from: Target): 'scanners' | 'limited' | 'silenced' | null {
    const [source, at] = this.#at(from);
    if (isScanner(request)) {
      this.#defence.silence(source, at);
      return 'scanners';
    }
    if (!this.#defence.mayRequest(source, at)) {
      this.#warnOfLimit(source, at);
      return 'limited';
    }
    return !isWithin(request) && this.#defence.isSilenced(source, at) ? 'silenced' : null;
  }

  /** An operator whose own peer this is must learn of it, but not with every message. */
  #warnOfLimit(source: string, at: number): void {
    if (this.#warnedAt !== null && at - this.#warnedAt < warnAtMostEveryMs) return;
    this.#warnedAt = at;
    this.#options.system.log.warn({ source }, 'This source sends more than it may: what is too much is dropped.');
  }

  #ask(request: Request, from: Target): Passage {
    const { clock, ids } = this.#options.system;
    const authentication = this.#authentication!; // somebody is known by digest: else nobody is asked
    const [source, at] = this.#at(from);
    const verdict = authentication.verify(request, from.host, clock.date());
    if (verdict.result === 'right') {
      this.#defence.succeeded(source, at);
      const key = askedKey(request, from);
      if (this.#asked.get(key)?.isLost === false) this.#asked.delete(key);
      const known = this.#known.get(verdict.username)!;
      return { type: 'admitted', peer: known.peer, nat: known.nat && this.#listenerNat(from) };
    }
    if (verdict.result === 'wrong') {
      this.#counts.failed += 1;
      this.#fail(source, at);
    }
    if (verdict.result === 'absent' && !this.#defence.mayAsk(source, at)) return this.#drop('unanswered');
    this.#counts.challenged += 1;
    const wish = {
      stale: verdict.result === 'stale',
      plain: verdict.result === 'absent' && this.#isLostAmongSeveral(request, from),
    };
    return { type: 'refused', ...authentication.challenge(from.host, clock.date(), ids.seed(), wish) };
  }

  /**
   * Whether it was asked before and has come again without an answer; it is treated so from then on.
   * Deviation: such a peer is offered the last algorithm alone, because there are phones that give up at the first they
   * do not know (baresip 1.0.0), which RFC 8760 §2.4 does not foresee.
   */
  #isLostAmongSeveral(request: Request, from: Target): boolean {
    const key = askedKey(request, from);
    const branch = copy(request.via.branch ?? '');
    const before = this.#asked.get(key);
    const isLost = before !== undefined && (before.isLost || before.branch !== branch);
    this.#asked.delete(key);
    this.#asked.set(key, { branch, isLost });
    if (this.#asked.size > mostAsked) for (const oldest of this.#asked.keys().take(1)) this.#asked.delete(oldest);
    return isLost;
  }

  #refuse(from: Target): Passage {
    this.#counts.refused += 1;
    this.#fail(...this.#at(from));
    return { type: 'refused', status: 403, headers: [] };
  }

  #drop(why: 'scanners' | 'limited' | 'silenced' | 'unanswered'): Passage {
    this.#counts[why] += 1;
    return { type: 'dropped' };
  }

  #fail(source: string, at: number): void {
    if (!this.#defence.failed(source, at)) return;
    this.#options.system.log.warn({ source }, 'This source has failed too often: it is met with silence for a while.');
  }

  #at({ host }: Target): [source: string, at: number] {
    return [networkOf(host), this.#options.system.clock.now()];
  }

  #nat(standing: Standing, from: Target): boolean {
    return (standing.name !== 'trunk' || standing.trunk.nat) && this.#listenerNat(from);
  }

  #listenerNat(from: Target): boolean {
    return this.#options.nat?.(from) ?? true;
  }
}

function askedKey(request: Request, { host }: Target): string {
  return `${host} ${copy(request.from.uri)}`;
}

/** Requests that can only belong to something there is: they have no one to ask (CANCEL, §22.1), or name a dialog. */
function isWithin(request: Request): boolean {
  return request.method === 'CANCEL' || tagOf(request.to) !== null;
}
