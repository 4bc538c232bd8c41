// The routes of the Call Control Applications, with their schemas. Leaves out what an application is to calls (call/).
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { type ApplicationChanges, anchorsites } from '../call/application.ts';
import type { Applications, ApplicationView, Changed } from '../call/applications.ts';
import type { CallControl } from '../call/commands.ts';
import { isoStamp } from '../call/events.ts';
import {
  dtmfTypes,
  headerPlacements,
  refersBeforeAnswer,
  refersByeWithoutFinal,
  refersInbound,
  refersWithoutAllow,
  subdomainCallers,
} from '../call/routing.ts';
import { refuse } from './answers.ts';
import { applicationList, ofApplications } from './application-lists.ts';
import { orNull, stamp, truth, words } from './fields.ts';
import { created, responses } from './openapi.ts';
import { listOf } from './paging.ts';
import { additive, component, line, maxEntries, milliseconds, notBlank, refTo } from './schemas.ts';
import { knownFields } from './validation.ts';
import { retriesPolicies } from './webhook-schemas.ts';

const limit = (description: string) => orNull<number>('integer', { minimum: 1, maximum: 1_000_000, description });
const targets = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ format: 'target' }), {
      ...{ maxItems: 1000, uniqueItems: true, description, ...additive },
      examples: [['+44', 'example.com', '192.0.2.0/24']],
    }),
  );
const kept = 'Kept and shown; nothing depends on it here.';

const Inbound = component(
  'CallControlApplicationInbound',
  Type.Object({
    channel_limit: limit('How many inbound calls it may have at once; what is more gets 486.'),
    shaken_stir_enabled: truth(false, kept),
    sip_subdomain: orNull<string>('string', {
      format: 'host-label',
      description: 'Calls to any user at a host whose first label is this are for it.',
      examples: ['sales'],
    }),
    sip_subdomain_receive_settings: words(subdomainCallers, {
      default: 'from_anyone',
      description: 'Who may call the subdomain: whoever is let in, or trunks and phones only; others get 403.',
    }),
    numbers: Type.Optional(
      Type.Array(Type.String({ format: 'called' }), {
        maxItems: 1000,
        uniqueItems: true,
        description:
          'The numbers and users that are for it, as they stand in the Request-URI; `*` at the end stands for any more digits. The longest entry of all applications wins.',
        examples: [['+13125550100', '+1312555*']],
        ...additive,
      }),
    ),
  }),
);

const Outbound = component(
  'CallControlApplicationOutbound',
  Type.Object({
    channel_limit: limit('How many outbound calls it may have at once; a dial or transfer beyond it is refused.'),
    outbound_voice_profile_id: orNull<string>('string', { format: 'line', maxLength: 64, description: kept }),
    dials_per_second: orNull<number>('integer', {
      ...{ minimum: 1, maximum: 1_000_000, ...additive },
      description:
        'How many calls it may begin a second, in bursts of twice as many; what is more is refused with 429.',
    }),
    target_allow: targets(
      'Whom its calls may be made and referred to: beginnings of numbers, hosts with those below them, addresses and ranges, or `*`, every host. If it names numbers, no other number is called, and so with hosts.',
    ),
    target_deny: targets(
      'Whom they may not be, in the same words. The longest entry that fits counts, of two as long the one that denies.',
    ),
  }),
);

const url = (description: string) => ({ format: 'web-url', description, examples: ['https://example.com/webhooks'] });

const fields = {
  webhook_event_failover_url: orNull<string>('string', {
    ...url('Where its events go after all attempts at the first URL have failed; empty or null: nowhere.'),
    format: 'web-url-or-empty',
  }),
  webhook_api_version: words(['2'], {
    default: '2',
    description: 'The format of its events. Version 1 is not served.',
  }),
  webhook_timeout_secs: orNull<number>('integer', {
    minimum: 0,
    maximum: 30,
    description: 'How long an attempt waits for an answer; null or 0: 2 seconds.',
  }),
  webhook_retries_policies: retriesPolicies(additive),
  active: truth(true, 'Whether it takes calls: if not, what is for it gets 480, and the calls it has go on.'),
  anchorsite_override: words(anchorsites, { default: 'Latency', description: kept }),
  dtmf_type: words(dtmfTypes, {
    default: 'RFC 2833',
    description:
      '`SIP INFO`: `send_dtmf` sends its digits by INFO. The others need a media engine: there it is refused.',
  }),
  first_command_timeout: truth(
    false,
    'Whether an inbound call that gets no command in time is ended: with 480, and `call.hangup` says `timeout`.',
  ),
  first_command_timeout_secs: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 3600, default: 30, description: 'How long that is.' }),
  ),
  call_cost_in_webhooks: truth(false, `${kept} Calls cost nothing.`),
  redact_dtmf_debug_logging: truth(false, `${kept} Digits are never logged.`),
  inbound: Type.Optional(refTo(Inbound)),
  outbound: Type.Optional(refTo(Outbound)),
  tags: Type.Optional(
    Type.Array(line(256, 'For people.', notBlank), { maxItems: maxEntries, description: 'For people.' }),
  ),
  refer_first_notify_timeout_ms: milliseconds(1, 3_600_000, 'How long its refers wait for the first NOTIFY.'),
  refer_timeout_ms: milliseconds(1, 3_600_000, 'How long a whole refer may take.'),
  refer_bye_grace_ms: milliseconds(0, 3_600_000, "How long a call that was referred waits for its peer's BYE."),
  refer_header_placement: words(headerPlacements, { description: 'Where the headers of its refers go.', ...additive }),
  refer_before_answer: words(refersBeforeAnswer, {
    description: 'What a refer of a ringing inbound call does.',
    ...additive,
  }),
  refer_bye_without_final: words(refersByeWithoutFinal, {
    description: 'What a refer has come to when the peer accepted it, hung up, and never said how it went.',
    ...additive,
  }),
  refer_without_allow: words(refersWithoutAllow, {
    description: "What a refer does when the peer's Allow leaves REFER out.",
    ...additive,
  }),
  hold_on_refer: Type.Optional(
    Type.Boolean({ description: 'Whether its calls are put on hold before they are referred.', ...additive }),
  ),
  refer_inbound: words(refersInbound, {
    ...additive,
    description: 'What becomes of a REFER that a peer sends: the application is asked, it is refused, or followed.',
  }),
};

export const ApplicationRequest = component(
  'CallControlApplicationRequest',
  Type.Object({
    application_name: line(256, 'For people.', { ...notBlank, examples: ['Front desk'] }),
    webhook_event_url: Type.String({ ...notBlank, ...url('Where its events go: an http or https URL.') }),
    ...fields,
  }),
);

const readOnly = 'Part of the settings of the server, which alone can change it.';

export const Application = component(
  'CallControlApplication',
  Type.Object({
    ...fields,
    id: Type.String({ description: 'What calls and events name `connection_id`: 19 digits.' }),
    record_type: Type.Literal('call_control_application'),
    application_name: Type.String(),
    webhook_event_url: Type.Union([Type.String(), Type.Null()]),
    created_at: stamp('Of one of the settings: when they were read.'),
    updated_at: stamp('Of one of the settings: when they were read.'),
    read_only: Type.Boolean({ description: readOnly, ...additive }),
  }),
);

const ApplicationResponse = component('CallControlApplicationResponse', Type.Object({ data: refTo(Application) }));
const ApplicationList = listOf('CallControlApplicationList', Application);

export const components: readonly TSchema[] = [
  Inbound,
  Outbound,
  ApplicationRequest,
  Application,
  ApplicationResponse,
  ApplicationList,
];

interface Route {
  Params: { id: string };
  Body: unknown;
}

const path = '/v2/call_control_applications';
const params = Type.Object({ id: Type.String({ description: 'The `connection_id` of its calls.' }) });
const tags = ['Applications'];

export function applicationRoutes(app: FastifyInstance, applications: Applications, calls: CallControl): void {
  applicationList(app, applications, {
    path,
    filters: ofApplications,
    described: {
      operationId: 'ListCallControlApplications',
      summary: 'List call control applications',
      description:
        'Those of the settings first, then the newest first, unless `sort` says otherwise: of a list that grows meanwhile, `sort=created_at` and cursors show each one once. The first one answers for the calls that are for no other.',
    },
    page: ApplicationList,
    shown,
  });
  app.get<Route>(`${path}/:id`, {
    schema: {
      operationId: 'RetrieveCallControlApplication',
      summary: 'Retrieve a call control application',
      tags,
      params,
      response: responses(ApplicationResponse, 401, 404, 500),
    },
    handler: (request, reply) => {
      const view = applications.view(request.params.id);
      return view ? reply.send({ data: shown(view) }) : refuse(reply, [{ name: 'not-found' }]);
    },
  });
  changes(app, applications, calls);
}

function changes(app: FastifyInstance, applications: Applications, calls: CallControl): void {
  const body = { $ref: `${ApplicationRequest.$id}#` };
  app.post<Route>(path, {
    schema: {
      operationId: 'CreateCallControlApplication',
      summary: 'Create a call control application',
      description: 'It is in force at once: for the next call that is for it.',
      tags,
      body,
      response: created(ApplicationResponse, 400, 401, 413, 415, 422, 500, 503),
    },
    preValidation: knownOnly,
    handler: async (request, reply) =>
      answer(reply, await applications.create(request.body as ApplicationChanges), 201),
  });
  app.patch<Route>(`${path}/:id`, {
    schema: {
      operationId: 'UpdateCallControlApplication',
      summary: 'Update a call control application',
      description: 'What is left out stays as it is. It is in force at once, for the later events of live calls too.',
      tags,
      params,
      body,
      response: responses(ApplicationResponse, 400, 401, 403, 404, 413, 415, 422, 500, 503),
    },
    preValidation: knownOnly,
    handler: async (request, reply) =>
      answer(reply, await applications.update(request.params.id, request.body as ApplicationChanges), 200),
  });
  app.delete<Route>(`${path}/:id`, {
    schema: {
      operationId: 'DeleteCallControlApplication',
      summary: 'Delete a call control application',
      description: 'Refused while it has live calls.',
      tags,
      params,
      response: responses(ApplicationResponse, 401, 403, 404, 422, 500, 503),
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      return answer(reply, await applications.remove(id, () => calls.hasCalls(id)), 200);
    },
  });
}

/** What the schema does not know is ignored, at both levels. */
async function knownOnly(request: { body: unknown }): Promise<void> {
  const known = knownFields(request.body ?? {}, Object.keys(ApplicationRequest.properties), maxEntries) as Record<
    string,
    unknown
  >;
  for (const [name, { properties }] of [
    ['inbound', Inbound],
    ['outbound', Outbound],
  ] as const) {
    if (known[name] !== undefined) known[name] = knownFields(known[name], Object.keys(properties), 1000);
  }
  request.body = known;
}

function answer(reply: FastifyReply, changed: Changed, status: 200 | 201): FastifyReply {
  if ('refusals' in changed) return refuse(reply, changed.refusals);
  return reply.code(status).send({ data: shown(changed.view) });
}

function shown({ id, body, createdAt, updatedAt, ofSettings }: ApplicationView): Static<typeof Application> {
  return {
    id,
    record_type: 'call_control_application',
    ...body,
    created_at: isoStamp(createdAt),
    updated_at: isoStamp(updatedAt),
    read_only: ofSettings,
  };
}
