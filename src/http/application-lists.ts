// The two lists of applications, as such and as connections: one route for each, with what is in it and in which order.
import type { FastifyInstance } from 'fastify';
import type { Applications, ApplicationView } from '../call/applications.ts';
import { type Component, responses } from './openapi.ts';
import { listQuery, type Order, pageOf, readPage } from './paging.ts';
import { Query } from './query.ts';

const applicationSorts = ['created_at', 'connection_name', 'active'] as const;
const sorts = applicationSorts.flatMap((name) => [name, `-${name}`] as const);

/** What the filters of a list are called. */
interface Filters {
  readonly name: string;
  /** One, or several that say the same. */
  readonly profile: readonly string[];
  readonly id?: string;
  /** What nothing here has: whoever asks for it finds nothing. */
  readonly nobody?: string;
}

export const ofApplications: Filters = {
  name: 'filter[application_name][contains]',
  profile: ['filter[outbound.outbound_voice_profile_id]'],
  id: 'filter[connection_id]',
};

export const ofConnections: Filters = {
  name: 'filter[connection_name][contains]',
  profile: ['filter[outbound_voice_profile_id]', 'filter[outbound.outbound_voice_profile_id]'],
  nobody: 'filter[fqdn]',
};

interface List {
  readonly path: string;
  readonly filters: Filters;
  /** Its operationId, summary and description, and what one page is. */
  readonly described: { readonly operationId: string; readonly summary: string; readonly description: string };
  readonly page: Component;
  shown(view: ApplicationView): object;
}

export function applicationList(app: FastifyInstance, applications: Applications, list: List): void {
  const { path, filters, described, page: of, shown } = list;
  app.get(path, {
    config: { query: queryOf(filters) },
    schema: { ...described, tags: ['Applications'], response: responses(of, 401, 422, 500) },
    handler: (request, reply) => {
      const query = new Query(request.query);
      const views = applications.views();
      const chosen = views.filter(wanted(query, filters));
      const order = orderOf(query.oneOf('sort', sorts), views);
      const page = readPage(query);
      query.check();
      const { data, meta } = pageOf(chosen, order, page, request.url);
      return reply.send({ data: data.map(shown), meta });
    },
  });
}

function queryOf({ name, profile, id, nobody }: Filters) {
  const texts = [...profile, ...(id === undefined ? [] : [id])].map((each) => [each, { type: 'string' }]);
  return listQuery({
    sort: { type: 'string', enum: sorts, description: 'With `-` in front, in descending order.' },
    [name]: { type: 'string', minLength: 3, description: 'Whatever the case.' },
    ...Object.fromEntries(texts),
    ...(nobody !== undefined && { [nobody]: { type: 'string', description: 'None here has one: nothing is found.' } }),
  });
}

/** Whether one is asked for. */
function wanted(query: Query, filters: Filters): (view: ApplicationView) => boolean {
  const name = query.text(filters.name, 3)?.toLowerCase() ?? null;
  const profiles = filters.profile.map((each) => query.text(each)).filter((each) => each !== null);
  const id = filters.id === undefined ? null : query.text(filters.id);
  const nobody = filters.nobody === undefined ? null : query.text(filters.nobody);
  return (view) =>
    nobody === null &&
    (name === null || view.body.application_name.toLowerCase().includes(name)) &&
    (id === null || view.id === id) &&
    profiles.every((profile) => view.body.outbound.outbound_voice_profile_id === profile);
}

/** Those of the settings, then the newest first: an id made here begins with its time. */
function orderOf(sort: (typeof sorts)[number] | null, views: readonly ApplicationView[]): Order<ApplicationView> {
  if (sort === null) {
    return {
      key: (view) => (view.ofSettings ? `0 ${padded(views.indexOf(view))}` : `1 ${latestId - BigInt(view.id)}`),
    };
  }
  const keys: Record<(typeof applicationSorts)[number], (view: ApplicationView) => string> = {
    created_at: ({ createdAt, id }) => `${padded(createdAt)} ${id}`,
    connection_name: ({ body, id }) => `${body.application_name}\0${id}`,
    active: ({ body, id }) => `${Number(body.active)} ${id}`,
  };
  const descending = sort.startsWith('-');
  return { key: keys[sort.replace('-', '') as (typeof applicationSorts)[number]], descending };
}

const padded = (value: number): string => String(value).padStart(15, '0');
const latestId = 10n ** 20n - 1n; // one digit more than an id, so that all differences have as many
