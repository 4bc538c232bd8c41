// The routes of the trunks and phones that the settings name: who they are, and where they are now. Additive, for reading;
// a password is never shown.
import type { FastifyInstance } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { withoutPasswords } from '../call/asked.ts';
import { isoStamp } from '../call/events.ts';
import { refuse } from './answers.ts';
import { responses } from './openapi.ts';
import { listOf, listQuery, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';
import { additive, component, refTo } from './schemas.ts';

/** Instants are wall-clock milliseconds. */
export interface TrunkView {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly username: string | null;
  readonly realm: string | null;
  readonly uri: string | null;
  readonly prefixes: readonly string[];
  /** Null: every application may use it. */
  readonly applications: readonly string[] | null;
  readonly priority: number;
  readonly weight: number;
  readonly channels: number | null;
  /** Null: we do not register with it. */
  readonly registration: {
    readonly registrars: readonly string[];
    readonly registerAs: string;
    readonly state: 'registered' | 'trying' | 'failing' | 'stopped';
    readonly server: string | null;
    readonly expiresAt: number | null;
    readonly failure: string | null;
  } | null;
}

export interface PhoneView {
  readonly username: string;
  readonly displayName: string | null;
  /** Where it can be reached, the preferred contact first. */
  readonly contacts: readonly { readonly uri: string; readonly expiresAt: number; readonly behindNat: boolean }[];
}

/** Who may come in, and where they are now. */
export interface Directory {
  trunks(): readonly TrunkView[];
  phones(): readonly PhoneView[];
}

const textOrNull = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const stampOrNull = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

const Trunk = component(
  'Trunk',
  Type.Object(
    {
      name: Type.String(),
      record_type: Type.Literal('trunk'),
      addresses: Type.Array(Type.String(), { description: 'Where its requests come from.' }),
      username: textOrNull('Its name in the digest.'),
      realm: textOrNull('The only realm that is told the password.'),
      uri: textOrNull('Where calls to it go; null: none do.'),
      prefixes: Type.Array(Type.String(), { description: 'The numbers that go out by it.' }),
      connection_ids: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' }),
      priority: Type.Integer(),
      weight: Type.Integer(),
      channels: Type.Union([Type.Integer(), Type.Null()], {
        description: 'How many calls at a time; null: any number.',
      }),
      registration: Type.Union([
        Type.Object({
          registrars: Type.Array(Type.String()),
          register_as: Type.String(),
          state: Type.Enum(['registered', 'trying', 'failing', 'stopped'], { type: 'string' }),
          server: textOrNull('Where we are registered.'),
          expires_at: stampOrNull('Until when, if it were not done again before.'),
          failure: textOrNull('Why it is tried again later.'),
        }),
        Type.Null(),
      ]),
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
      display_name: textOrNull('For people.'),
      registered: Type.Boolean({ description: 'Whether it can be reached now.' }),
      contacts: Type.Array(
        Type.Object({
          uri: Type.String(),
          expires_at: Type.String({ format: 'date-time' }),
          behind_nat: Type.Boolean(),
        }),
      ),
    },
    additive,
  ),
);

const TrunkResponse = component('TrunkResponse', Type.Object({ data: refTo(Trunk) }));
const TrunkList = listOf('TrunkList', Trunk);
const PhoneResponse = component('PhoneResponse', Type.Object({ data: refTo(Phone) }));
const PhoneList = listOf('PhoneList', Phone);

export const components: readonly TSchema[] = [Trunk, TrunkResponse, TrunkList, Phone, PhoneResponse, PhoneList];

export function peerRoutes(app: FastifyInstance, directory: Directory): void {
  resource(app, {
    ...{ path: 'trunks', param: 'name', words: 'trunk', list: TrunkList, one: TrunkResponse },
    all: () => directory.trunks().map(trunk),
    key: ({ name }) => name,
  });
  resource(app, {
    ...{ path: 'phones', param: 'username', words: 'phone', list: PhoneList, one: PhoneResponse },
    all: () => directory.phones().map(phone),
    key: ({ username }) => username,
  });
}

interface Resource<T> {
  readonly path: string;
  readonly param: string;
  readonly words: string;
  readonly list: TSchema & { readonly $id: string };
  readonly one: TSchema & { readonly $id: string };
  all(): readonly T[];
  key(entry: T): string;
}

function resource<T>(app: FastifyInstance, { path, param, words, list, one, all, key }: Resource<T>): void {
  const described = { tags: ['Peers'], 'x-switchhook-additive': true };
  const name = words[0]!.toUpperCase() + words.slice(1);
  app.get(`/v2/${path}`, {
    config: { query: listQuery() },
    schema: {
      ...described,
      operationId: `List${name}s`,
      summary: `List the ${words}s of the settings`,
      response: responses(list, 401, 422, 500),
    },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const page = readPage(query);
      query.check();
      return reply.send(pageOf(all(), { key }, page, request.url));
    },
  });
  app.get<{ Params: Record<string, string> }>(`/v2/${path}/:${param}`, {
    schema: {
      ...described,
      operationId: `Retrieve${name}`,
      summary: `Retrieve a ${words} of the settings`,
      params: Type.Object({ [param]: Type.String() }),
      response: responses(one, 401, 404, 500),
    },
    handler: (request, reply) => {
      const found = all().find((entry) => key(entry) === request.params[param]);
      return found ? reply.send({ data: found }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
}

function trunk(view: TrunkView): Static<typeof Trunk> {
  const { registration } = view;
  return {
    name: view.name,
    record_type: 'trunk',
    addresses: [...view.addresses],
    username: view.username,
    realm: view.realm,
    uri: view.uri && withoutPasswords(view.uri),
    prefixes: [...view.prefixes],
    connection_ids: view.applications && [...view.applications],
    priority: view.priority,
    weight: view.weight,
    channels: view.channels,
    registration: registration && {
      registrars: registration.registrars.map(withoutPasswords),
      register_as: withoutPasswords(registration.registerAs),
      state: registration.state,
      server: registration.server && withoutPasswords(registration.server),
      expires_at: registration.expiresAt === null ? null : isoStamp(registration.expiresAt),
      failure: registration.failure,
    },
  };
}

function phone({ username, displayName, contacts }: PhoneView): Static<typeof Phone> {
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
  };
}
