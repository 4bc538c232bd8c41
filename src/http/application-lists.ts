// Lists of applications, which are also those of connections: what is in them, and in which order.
import type { ApplicationView } from '../call/applications.ts';
import { listQuery, type Order } from './paging.ts';
import type { Query } from './query.ts';

const applicationSorts = ['created_at', 'connection_name', 'active'] as const;
const sorts = applicationSorts.flatMap((name) => [name, `-${name}`] as const);

const sortQuery = {
  sort: { type: 'string', enum: sorts, description: 'With `-` in front, in descending order.' },
};

export const applicationsQuery = listQuery({
  ...sortQuery,
  'filter[application_name][contains]': { type: 'string', minLength: 3, description: 'Whatever the case.' },
  'filter[connection_id]': { type: 'string' },
  'filter[outbound.outbound_voice_profile_id]': { type: 'string' },
});

export const connectionsQuery = listQuery({
  ...sortQuery,
  'filter[connection_name][contains]': { type: 'string', minLength: 3, description: 'Whatever the case.' },
  'filter[outbound_voice_profile_id]': { type: 'string' },
});

export function chooseApplications(
  query: Query,
  views: readonly ApplicationView[],
): { chosen: readonly ApplicationView[]; order: Order<ApplicationView> } {
  const name = (
    query.text('filter[application_name][contains]', 3) ?? query.text('filter[connection_name][contains]', 3)
  )?.toLowerCase();
  const id = query.text('filter[connection_id]');
  const profile =
    query.text('filter[outbound.outbound_voice_profile_id]') ?? query.text('filter[outbound_voice_profile_id]');
  const chosen = views.filter(
    (view) =>
      (name === undefined || view.body.application_name.toLowerCase().includes(name)) &&
      (id === null || view.id === id) &&
      (profile === null || view.body.outbound.outbound_voice_profile_id === profile),
  );
  return { chosen, order: orderOf(query.oneOf('sort', sorts), views) };
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
