// The routes of the trunks and phones: who they are, and where they are now. Additive; those of the settings are for reading, and
// no password is ever shown. Leaves out what is wrong with a trunk: the same checks as the settings file's say it.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { withoutPasswords } from '../call/asked.ts';
import { isoStamp } from '../call/events.ts';
import type { Refusal } from '../errors.ts';
import { refuse } from './answers.ts';
import { listOrNull, orNull, stamp, stampOrNull, textOrNull } from './fields.ts';
import { type Component, created, responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { additive, component, line, notBlank, refTo } from './schemas.ts';
import { knownOf } from './validation.ts';

/** How many entries a list of a peer may have. */
const longestList = 1000;

interface Made {
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly ofSettings: boolean;
}

/** Instants are wall-clock milliseconds. */
export interface TrunkView extends Made {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly username: string | null;
  readonly realm: string | null;
  readonly uri: string | null;
  /** Null: every number. */
  readonly prefixes: readonly string[] | null;
  /** Null: every application may use it. */
  readonly applications: readonly string[] | null;
  readonly priority: number;
  readonly weight: number;
  readonly channels: number | null;
  readonly nat: boolean;
  readonly registrars: readonly string[];
  /** Empty: nothing. */
  readonly registerAs: string;
  readonly registerSecs: number;
  /** Null: we do not register with it. */
  readonly registration: {
    readonly state: 'registered' | 'trying' | 'failing' | 'stopped';
    readonly server: string | null;
    readonly expiresAt: number | null;
    readonly failure: string | null;
  } | null;
}

export interface PhoneView extends Made {
  readonly username: string;
  readonly displayName: string | null;
  /** Where it can be reached, the preferred contact first. */
  readonly contacts: readonly { readonly uri: string; readonly expiresAt: number; readonly behindNat: boolean }[];
}

export type PeerChanged<V> = { readonly view: V } | { readonly refusals: readonly [Refusal, ...Refusal[]] };

/** What is said of one is in the fields of the API, whose JSON types are right. */
export interface PeerResource<V> {
  all(): readonly V[];
  create(said: Readonly<Record<string, unknown>>): Promise<PeerChanged<V>>;
  update(key: string, said: Readonly<Record<string, unknown>>): Promise<PeerChanged<V>>;
  remove(key: string): Promise<PeerChanged<V>>;
}

/** Who may come in, and where they are now. */
export interface Directory {
  readonly trunks: PeerResource<TrunkView>;
  readonly phones: PeerResource<PhoneView>;
}

const text = (description: string, more: object = {}) =>
  orNull<string>('string', { format: 'line', maxLength: 2048, description, ...more });
const password = (description: string) => text(description, { writeOnly: true });
const number = (description: string) => orNull<number>('integer', { description });
const several = (description: string, more: object = {}) =>
  listOrNull<string>(
    { type: 'string', format: 'line', maxLength: 2048 },
    { maxItems: longestList, description, ...more },
  );

const trunkFields = {
  addresses: several('Where its requests come from: IP addresses and ranges. None: it is asked for its password.', {
    examples: [['192.0.2.0/24', '2001:db8::/32']],
  }),
  username: text('Its name in the digest, and ours when it asks us.'),
  realm: text('The only realm that is told the password; null: every one.'),
  registrars: several('Where we register with it: sip or sips URIs in the order to try. None: nowhere.'),
  register_as: text('What is registered: a sip or sips URI with a user. Null: the username at the first registrar.'),
  register_secs: number('For how long to register, from 60 to 86400; null: 600.'),
  nat: Type.Optional(
    Type.Unsafe<boolean | null>({
      type: ['boolean', 'null'],
      description: 'Whether a private Contact is passed over for where its packets come from; null: it is.',
    }),
  ),
  uri: text('Where calls by it go: a sip or sips URI whose user becomes the number. Null: its first registrar.'),
  prefixes: several('The numbers that go out by it, by what they begin with; null: every number.', {
    minItems: 1,
    examples: [['+44', '+1312']],
  }),
  connection_ids: several('The applications whose calls go by it; null: all.', { minItems: 1 }),
  priority: number('Trunks with a lower one are tried first, from 0 to 65535; null: 1.'),
  weight: number('How often it is tried first among its equals, from 0 to 65535; null: 1.'),
  channels: number('How many calls it takes at a time; null: any number.'),
};

const trunkSecrets = { password: password('Its password, and ours when it asks us. Never shown.') };
const name = (description: string) => Type.String({ ...notBlank, format: 'line', maxLength: 64, description });

const TrunkRequest = component(
  'TrunkRequest',
  Type.Object({ name: name('What it is called.'), ...trunkFields, ...trunkSecrets }, additive),
);
const TrunkChanges = component(
  'TrunkChanges',
  Type.Object({ name: Type.Optional(name('It stays as it is.')), ...trunkFields, ...trunkSecrets }, additive),
);

const made = {
  created_at: stamp('Of one of the settings: when they were read.'),
  updated_at: stamp('Of one of the settings: when they were read.'),
  read_only: Type.Boolean({ description: 'Part of the settings of the server, which alone can change it.' }),
};

const Trunk = component(
  'Trunk',
  Type.Object(
    {
      name: Type.String(),
      record_type: Type.Literal('trunk'),
      ...trunkFields,
      registration: Type.Union(
        [
          Type.Object({
            state: Type.Enum(['registered', 'trying', 'failing', 'stopped'], { type: 'string' }),
            server: textOrNull('Where we are registered.'),
            expires_at: stampOrNull('Until when, if it were not done again before.'),
            failure: textOrNull('Why it is tried again later.'),
          }),
          Type.Null(),
        ],
        { description: 'How it goes with its registrars; null: it has none.' },
      ),
      ...made,
    },
    additive,
  ),
);

const phoneFields = { display_name: text('For people.') };

const PhoneRequest = component(
  'PhoneRequest',
  Type.Object(
    {
      username: name('What it registers as, and its name in the digest.'),
      password: line(2048, 'Never shown.', { ...notBlank, writeOnly: true }),
      ...phoneFields,
    },
    additive,
  ),
);
const PhoneChanges = component(
  'PhoneChanges',
  Type.Object(
    {
      username: Type.Optional(name('It stays as it is.')),
      password: Type.Optional(
        line(2048, 'Another one ends what was registered by the one before.', { ...notBlank, writeOnly: true }),
      ),
      ...phoneFields,
    },
    additive,
  ),
);

const Phone = component(
  'Phone',
  Type.Object(
    {
      username: Type.String(),
      record_type: Type.Literal('phone'),
      ...phoneFields,
      registered: Type.Boolean({ description: 'Whether it can be reached now.' }),
      contacts: Type.Array(Type.Object({ uri: Type.String(), expires_at: stamp(), behind_nat: Type.Boolean() })),
      ...made,
    },
    additive,
  ),
);

const TrunkResponse = component('TrunkResponse', Type.Object({ data: refTo(Trunk) }));
const TrunkList = listOf('TrunkList', Trunk);
const PhoneResponse = component('PhoneResponse', Type.Object({ data: refTo(Phone) }));
const PhoneList = listOf('PhoneList', Phone);

export const components: readonly TSchema[] = [
  ...[TrunkRequest, TrunkChanges, Trunk, TrunkResponse, TrunkList],
  ...[PhoneRequest, PhoneChanges, Phone, PhoneResponse, PhoneList],
];

export function peerRoutes(app: FastifyInstance, { trunks, phones }: Directory): void {
  resource(app, {
    ...{ path: 'trunks', param: 'name', words: 'trunk', list: TrunkList, one: TrunkResponse },
    ...{ request: TrunkRequest, changes: TrunkChanges, of: trunks },
    shown: trunk,
    key: (view) => view.name,
  });
  resource(app, {
    ...{ path: 'phones', param: 'username', words: 'phone', list: PhoneList, one: PhoneResponse },
    ...{ request: PhoneRequest, changes: PhoneChanges, of: phones },
    shown: phone,
    key: (view) => view.username,
  });
}

type Body = Component & { readonly properties: object };

interface Resource<V> {
  readonly path: string;
  readonly param: string;
  readonly words: string;
  readonly list: Component;
  readonly one: Component;
  readonly request: Body;
  readonly changes: Body;
  readonly of: PeerResource<V>;
  shown(view: V): object;
  key(view: V): string;
}

interface Route {
  Params: Record<string, string>;
  Body: Readonly<Record<string, unknown>>;
}

const described = { tags: ['Peers'], 'x-switchhook-additive': true };
const named = (words: string) => words[0]!.toUpperCase() + words.slice(1);

function resource<V>(app: FastifyInstance, own: Resource<V>): void {
  const { path, param, words, list, one, of, shown, key } = own;
  app.get(`/v2/${path}`, {
    config: { query: listQuery() },
    schema: {
      ...described,
      operationId: `List${named(words)}s`,
      summary: `List the ${words}s`,
      description: 'By name: those of the settings, and those the API made.',
      response: responses(list, 401, 422, 500),
    },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      const { data, meta } = pageOf(of.all(), { key }, page, request.url);
      return reply.send({ data: data.map(shown), meta });
    },
  });
  app.get<Route>(`/v2/${path}/:${param}`, {
    schema: {
      ...described,
      operationId: `Retrieve${named(words)}`,
      summary: `Retrieve a ${words}`,
      params: Type.Object({ [param]: Type.String() }),
      response: responses(one, 401, 404, 500),
    },
    handler: (request, reply) => {
      const found = of.all().find((view) => key(view) === request.params[param]);
      return found ? reply.send({ data: shown(found) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  changing(app, own);
}

function changing<V>(app: FastifyInstance, own: Resource<V>): void {
  const { path, param, words, one, request: whole, changes, of, shown } = own;
  const params = Type.Object({ [param]: Type.String() });
  const answer = (reply: FastifyReply, changed: PeerChanged<V>, status: 200 | 201) =>
    'refusals' in changed ? refuse(reply, changed.refusals) : reply.code(status).send({ data: shown(changed.view) });
  app.post<Route>(`/v2/${path}`, {
    schema: {
      ...described,
      operationId: `Create${named(words)}`,
      summary: `Create a ${words}`,
      description: 'It is in force at once.',
      body: { $ref: `${whole.$id}#` },
      response: created(one, 400, 401, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(whole, longestList),
    handler: async (request, reply) => answer(reply, await of.create(request.body), 201),
  });
  app.patch<Route>(`/v2/${path}/:${param}`, {
    schema: {
      ...described,
      operationId: `Update${named(words)}`,
      summary: `Update a ${words}`,
      description: 'What is left out stays as it is. It is in force at once.',
      params,
      body: { $ref: `${changes.$id}#` },
      response: responses(one, 400, 401, 403, 404, 413, 415, 422, 500, 503),
    },
    preValidation: knownOf(changes, longestList),
    handler: async (request, reply) => answer(reply, await of.update(request.params[param]!, request.body), 200),
  });
  app.delete<Route>(`/v2/${path}/:${param}`, {
    schema: {
      ...described,
      operationId: `Delete${named(words)}`,
      summary: `Delete a ${words}`,
      description: 'Nobody comes in by it any more. Calls that are up go on.',
      params,
      response: responses(one, 401, 403, 404, 500, 503),
    },
    handler: async (request, reply) => answer(reply, await of.remove(request.params[param]!), 200),
  });
}

function madeOf({ createdAt, updatedAt, ofSettings }: Made) {
  return { created_at: isoStamp(createdAt), updated_at: isoStamp(updatedAt), read_only: ofSettings };
}

function trunk(view: TrunkView): Static<typeof Trunk> {
  const { registration } = view;
  return {
    name: view.name,
    record_type: 'trunk',
    addresses: view.addresses,
    username: view.username,
    realm: view.realm,
    registrars: view.registrars.map(withoutPasswords),
    register_as: view.registerAs === '' ? null : withoutPasswords(view.registerAs),
    register_secs: view.registerSecs,
    nat: view.nat,
    uri: view.uri && withoutPasswords(view.uri),
    prefixes: view.prefixes,
    connection_ids: view.applications,
    priority: view.priority,
    weight: view.weight,
    channels: view.channels,
    registration: registration && {
      state: registration.state,
      server: registration.server && withoutPasswords(registration.server),
      expires_at: registration.expiresAt === null ? null : isoStamp(registration.expiresAt),
      failure: registration.failure,
    },
    ...madeOf(view),
  };
}

function phone({ username, displayName, contacts, ...of }: PhoneView): Static<typeof Phone> {
  return {
    username,
    record_type: 'phone',
    display_name: displayName,
    registered: contacts.length > 0,
    contacts: contacts.map(({ uri, expiresAt, behindNat }) => ({
      uri: withoutPasswords(uri),
      expires_at: isoStamp(expiresAt),
      behind_nat: behindNat,
    })),
    ...madeOf(of),
  };
}
