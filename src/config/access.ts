// Who may come in, as settings: the entries of `trunks` and `phones` in the YAML file, with what cannot be seen in one
// setting of them. Passwords are kept in clear: a hash for each algorithm would open the same doors to whoever reads the
// file, would end with a change of the realm, and could not answer the challenges of a trunk.
import { isIP } from 'node:net';
import type { Algorithm } from '../sip/message/digest.ts';
import { readUri } from '../sip/message/uri.ts';
import * as check from './checks.ts';
import type { Entry } from './file.ts';
import { fromFile, orNull, secret, setting, type Values } from './sources.ts';

export interface Trunk {
  readonly name: string;
  /** Its own, and those of its registrars that are addresses. Empty: it comes by digest. */
  readonly addresses: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  /** Null: the password answers every realm. */
  readonly realm: string | null;
  /** Where we register with it, in order; empty: nowhere. */
  readonly registrars: readonly string[];
  /** What we register; empty where we do not. */
  readonly registerAs: string;
  readonly registerSecs: number;
  readonly nat: boolean;
  /** Where calls to it go; null: none do. */
  readonly uri: string | null;
  readonly prefixes: readonly string[];
  /** Null: every application may use it. */
  readonly applications: readonly string[] | null;
  readonly priority: number;
  readonly weight: number;
  /** Null: any number of calls at a time. */
  readonly channels: number | null;
}

export interface Phone {
  readonly username: string;
  readonly password: string;
  readonly displayName: string | null;
}

export interface Access {
  readonly realm: string;
  /** What is offered, in this order. */
  readonly algorithms: readonly Algorithm[];
  readonly requestsPerSecond: number;
  readonly registerMinSecs: number;
  readonly registerMaxSecs: number;
  /** 0: nothing is sent to keep a NAT open. */
  readonly keepAliveSecs: number;
  readonly trunks: readonly Trunk[];
  readonly phones: readonly Phone[];
}

const word = check.matching(/^[\w.!~*'()&=+$-]{1,64}$/, "It must be 1 to 64 letters, digits and -_.!~*'()&=+$");
const visible = check.matching(/^[^\x00-\x1f\x7f]{1,256}$/, 'It must be 1 to 256 characters on one line');

export const trunkTable = {
  name: setting('name', '', 'What it is called in the log and in the API. Needed.', orNull(word)),
  addresses: setting(
    'addresses',
    '',
    'Where its requests come from: IP addresses and ranges such as `192.0.2.0/24` or `2001:db8::/32`, a list or with commas between. Unset: it is asked for its username and password.',
    orNull(check.addressRanges),
  ),
  username: setting('username', '', 'Its name in the digest, and ours when it asks us.', orNull(visible)),
  password: secret('password', '', 'Its password, and ours when it asks us.', orNull(visible)),
  realm: setting(
    'realm',
    '',
    'Only this realm is told the password. Unset: every realm of this trunk.',
    orNull(visible),
  ),
  registrars: setting(
    'registrar',
    '',
    'Where we register with it: a sip URI, or several in the order to try. An IP address in it counts among `addresses`.',
    orNull(check.sipUris),
  ),
  registerAs: setting(
    'register_as',
    '',
    'What is registered: a sip URI with a user. Unset: the username at the host of the first registrar.',
    orNull(check.addressOfRecord),
  ),
  registerSecs: setting(
    'register_secs',
    '600',
    'For how long to register, in seconds; it is done again before that.',
    check.wholeNumber(60, 86_400),
  ),
  nat: setting(
    'nat',
    'on',
    'When its Contact is a private address and its packets come from another one: requests go where those come from (`on`), or to the Contact (`off`).',
    check.oneOf(['on', 'off']),
  ),
  uri: setting(
    'uri',
    '',
    'Where calls by it go: a sip URI whose user becomes the number. Unset: its first registrar; without one no calls go by it.',
    orNull(check.sipUri),
  ),
  prefixes: setting(
    'prefixes',
    '',
    'Which numbers it takes, by what they begin with, such as `+44,+1312`, a list or with commas between. Unset: every number.',
    orNull(check.prefixes),
  ),
  applications: setting(
    'applications',
    '',
    'The ids of the applications whose calls go by it, a list or with commas between. Unset: all.',
    orNull(check.connectionIds),
  ),
  priority: setting('priority', '1', 'Trunks with a lower one are tried first.', check.wholeNumber(0, 65_535)),
  weight: setting(
    'weight',
    '1',
    'Of trunks with the same priority and prefix, how often this one is tried first beside the others.',
    check.wholeNumber(0, 65_535),
  ),
  channels: setting(
    'channels',
    '',
    'How many calls it takes at a time. Unset: any number.',
    orNull(check.wholeNumber(1, 1_000_000)),
  ),
} as const;

export const phoneTable = {
  username: setting('username', '', 'What it registers as, and its name in the digest. Needed.', orNull(word)),
  password: secret('password', '', 'Needed.', orNull(visible)),
  displayName: setting('display_name', '', 'For people.', orNull(visible)),
} as const;

/** The settings of `table` in config.ts that are about access. */
interface Whole {
  readonly sipRealm: string;
  readonly sipDigestAlgorithms: readonly Algorithm[];
  readonly sipRequestsPerSecond: number;
  readonly sipRegisterMinSecs: number;
  readonly sipRegisterMaxSecs: number;
  readonly sipKeepAliveSecs: number;
}

interface Sources {
  readonly all: Whole;
  readonly trunks: readonly Entry[];
  readonly phones: readonly Entry[];
  readonly path: string;
}

export function accessFrom({ all, trunks, phones, path }: Sources, errors: string[]): Access {
  const {
    sipRealm,
    sipDigestAlgorithms,
    sipRequestsPerSecond,
    sipRegisterMinSecs,
    sipRegisterMaxSecs,
    sipKeepAliveSecs,
  } = all;
  if (sipRegisterMinSecs > sipRegisterMaxSecs) {
    errors.push('sip_register_min_secs must not be more than sip_register_max_secs.');
  }
  const access = {
    realm: sipRealm,
    algorithms: sipDigestAlgorithms,
    requestsPerSecond: sipRequestsPerSecond,
    registerMinSecs: sipRegisterMinSecs,
    registerMaxSecs: sipRegisterMaxSecs,
    keepAliveSecs: sipKeepAliveSecs,
    trunks: trunks.map(({ line, settings }) => {
      const where = `${path} line ${line}`;
      const entry = fromFile(trunkTable, settings, path, errors);
      errors.push(...whatTrunkLacks(entry).map(({ sentence }) => `${where}: ${sentence}`));
      return trunkOf(entry);
    }),
    phones: phones.map(({ line, settings }) => {
      const entry = fromFile(phoneTable, settings, path, errors);
      const { username = null, password = null, displayName = null } = entry;
      if (username === null || password === null) {
        errors.push(`${path} line ${line}: every phone needs a username and a password.`);
      }
      return { username: username ?? '', password: password ?? '', displayName };
    }),
  };
  errors.push(...whatIsTwice(access, path));
  return access;
}

export type TrunkEntry = Values<typeof trunkTable>;

export function trunkOf(entry: TrunkEntry): Trunk {
  const { name = null, addresses = null, username = null, password = null, realm = null } = entry;
  const { registrars = null, registerAs = null, registerSecs = 600, nat = 'on' } = entry;
  const hosts = (registrars ?? []).map(hostOf);
  return {
    ...{ name: name ?? '', username, password, realm, registerSecs, registrars: registrars ?? [] },
    addresses: [...new Set([...(addresses ?? []), ...hosts.filter((host) => isIP(host) !== 0)])],
    registerAs: registerAs ?? (username !== null && hosts[0] ? `sip:${username}@${bracketed(hosts[0])}` : ''),
    nat: nat === 'on',
    uri: entry.uri ?? registrars?.[0] ?? null,
    prefixes: entry.prefixes ?? [''],
    applications: entry.applications ?? null,
    priority: entry.priority ?? 1,
    weight: entry.weight ?? 1,
    channels: entry.channels ?? null,
  };
}

function hostOf(text: string): string {
  const uri = readUri(text);
  return uri === null || uri.scheme === 'tel' ? '' : uri.host.replace(/^\[|\]$/g, '');
}

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host);

/** What cannot be seen in one setting of a trunk: a sentence, and the setting it is about. */
export interface Lack {
  readonly key: keyof TrunkEntry | null;
  readonly sentence: string;
}

export function whatTrunkLacks(entry: TrunkEntry): Lack[] {
  const { name, addresses, username, password, registrars, registerAs, uri } = entry;
  const isKnown = Boolean(addresses) || (Boolean(username) && Boolean(password)) || Boolean(registrars) || Boolean(uri);
  const lacks: (Lack & { readonly when: boolean })[] = [
    { when: !name, key: 'name', sentence: 'every trunk needs a name.' },
    {
      when: !isKnown,
      key: null,
      sentence: 'a trunk needs addresses, or a username and a password, or a registrar, or a uri.',
    },
    {
      when: Boolean(username) !== Boolean(password),
      key: username ? 'password' : 'username',
      sentence: 'a username and a password go together.',
    },
    { when: Boolean(registerAs && !registrars), key: 'registerAs', sentence: 'register_as needs a registrar.' },
    {
      when: Boolean(registrars && !registerAs && !username),
      key: 'registrars',
      sentence: 'a registrar needs a username or register_as.',
    },
  ];
  return lacks.flatMap(({ when, key, sentence }) => (when ? { key, sentence } : []));
}

/** Whether it is found by its username: no two of these, nor one of these and a phone, have the same one. */
export function comesByDigest({ addresses, username }: Trunk): boolean {
  return addresses.length === 0 && username !== null;
}

function whatIsTwice({ trunks, phones }: Pick<Access, 'trunks' | 'phones'>, path: string): string[] {
  const names = repeated(trunks.map(({ name }) => name));
  const byDigest = trunks.filter(comesByDigest).map(({ username }) => username!);
  const usernames = repeated([...phones.map(({ username }) => username), ...byDigest]);
  return [
    ...names.map((name) => `${path}: two trunks have the name ${name}.`),
    ...usernames.map((name) => `${path}: two who come by digest, phones or trunks, have the username ${name}.`),
  ];
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, at) => name !== '' && names.indexOf(name) < at))];
}
