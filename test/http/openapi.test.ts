import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../../src/http/calls.ts';
import { components } from '../../src/http/components.ts';
import { ask, fixture } from './support.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: { readonly $ref: string } }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string; readonly license: { readonly name: string } };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties: Readonly<Record<string, object>> }>>;
  };
  readonly security: readonly object[];
}

async function read(): Promise<Document> {
  const { app } = fixture();
  const answer = await ask(app, 'GET /openapi.json', { headers: { authorization: '' } });
  assert.equal(answer.status, 200);
  return answer.body as Document;
}

test('openapi: version, licence, security', async () => {
  const document = await read();
  assert.deepEqual(
    [document.openapi, document.info.version, document.info.license.name],
    ['3.1.0', '1.2.3', 'Apache-2.0'],
  );
  assert.deepEqual(document.security, [{ bearer: [] }]);
});

test('openapi: the operations, with the names of the Telnyx API', async () => {
  const { paths } = await read();
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => !tags.includes('Refused'))
      .map(([method, { operationId, security }]) => `${method} ${path} ${operationId}${security ? ' open' : ''}`),
  );
  assert.deepEqual(operations, [
    'post /v2/calls DialCall',
    'post /v2/calls/{call_control_id}/actions/answer AnswerCall',
    'post /v2/calls/{call_control_id}/actions/reject RejectCall',
    'post /v2/calls/{call_control_id}/actions/hangup HangupCall',
    'post /v2/calls/{call_control_id}/actions/refer ReferCall',
    'post /v2/calls/{call_control_id}/actions/refer_accept AcceptRefer',
    'post /v2/calls/{call_control_id}/actions/refer_reject RejectRefer',
    'post /v2/calls/{call_control_id}/actions/bridge BridgeCall',
    'post /v2/calls/{call_control_id}/actions/transfer TransferCall',
    'post /v2/calls/{call_control_id}/actions/enqueue EnqueueCall',
    'post /v2/calls/{call_control_id}/actions/leave_queue LeaveQueue',
    'put /v2/calls/{call_control_id}/actions/client_state_update UpdateClientState',
    'post /v2/calls/{call_control_id}/actions/send_sip_info SendSIPInfo',
    'post /v2/calls/{call_control_id}/actions/send_dtmf SendDTMF',
    'get /v2/calls/{call_control_id} RetrieveCallStatus',
    'get /v2/calls/{call_control_id}/ladder RetrieveCallLadder',
    'get /v2/call_control_applications ListCallControlApplications',
    'post /v2/call_control_applications CreateCallControlApplication',
    'get /v2/call_control_applications/{id} RetrieveCallControlApplication',
    'patch /v2/call_control_applications/{id} UpdateCallControlApplication',
    'delete /v2/call_control_applications/{id} DeleteCallControlApplication',
    'get /v2/connections ListConnections',
    'get /v2/connections/count RetrieveConnectionCount',
    'get /v2/connections/{id} RetrieveConnection',
    'get /v2/connections/{id}/active_calls ListConnectionActiveCalls',
    'get /v2/queues ListQueues',
    'post /v2/queues CreateQueue',
    'get /v2/queues/{queue_name} RetrieveQueue',
    'post /v2/queues/{queue_name} UpdateQueue',
    'delete /v2/queues/{queue_name} DeleteQueue',
    'get /v2/queues/{queue_name}/calls ListQueueCalls',
    'get /v2/queues/{queue_name}/calls/{call_control_id} RetrieveQueueCall',
    'patch /v2/queues/{queue_name}/calls/{call_control_id} UpdateQueueCall',
    'delete /v2/queues/{queue_name}/calls/{call_control_id} RemoveQueueCall',
    'get /v2/call_events ListCallEvents',
    'get /v2/webhook_deliveries ListWebhookDeliveries',
    'get /v2/webhook_deliveries/{id} RetrieveWebhookDelivery',
    'post /v2/webhook_deliveries/{id}/redeliver RedeliverWebhook',
    'get /v2/trunks ListTrunks',
    'post /v2/trunks CreateTrunk',
    'get /v2/trunks/{name} RetrieveTrunk',
    'patch /v2/trunks/{name} UpdateTrunk',
    'delete /v2/trunks/{name} DeleteTrunk',
    'get /v2/phones ListPhones',
    'post /v2/phones CreatePhone',
    'get /v2/phones/{username} RetrievePhone',
    'patch /v2/phones/{username} UpdatePhone',
    'delete /v2/phones/{username} DeletePhone',
    'get /v2/api_keys ListApiKeys',
    'post /v2/api_keys CreateApiKey',
    'delete /v2/api_keys/{id} RevokeApiKey',
    'get /v2/backup RetrieveBackup',
    'get /v2/public_key RetrievePublicKey open',
    'get /healthz CheckHealth open',
    'get /readyz CheckReadiness open',
  ]);
});

test('openapi: every operation has a summary, a body by name and its refusals', async () => {
  const { paths } = await read();
  for (const [action, command] of Object.entries(commands)) {
    const operation = Object.values(paths[`/v2/calls/{call_control_id}/actions/${action}`] ?? {})[0]!;
    assert.ok(operation.summary);
    assert.equal(
      operation.requestBody?.content['application/json']?.schema.$ref,
      `#/components/schemas/${command.body.$id}`,
    );
    const refusals = ['400', '401', '403', '413', '415', '422', '429', '500', '503'];
    assert.deepEqual(Object.keys(operation.responses), ['200', ...refusals]);
  }
});

test('openapi: every reference leads to a component, and every component is published', async () => {
  const document = await read();
  const names = Object.keys(document.components.schemas);
  assert.deepEqual(names.sort(), components.map((component) => String((component as { $id?: string }).$id)).sort());
  for (const [, name = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(names.includes(name), name);
  }
});

test('openapi: the query of a list is described', async () => {
  const { paths } = await read();
  const { parameters } = paths['/v2/call_control_applications']!.get as unknown as {
    parameters: { name: string; in: string; schema: object }[];
  };
  const number = parameters.find(({ name }) => name === 'page[number]');
  assert.deepEqual(number, { in: 'query', name: 'page[number]', required: false, schema: number?.schema });
  assert.deepEqual(number.schema, { type: 'integer', minimum: 1, default: 1 });
});

test('openapi: fields of ours are marked', async () => {
  const { components: published } = await read();
  const additive = Object.entries(published.schemas.ReferRequest!.properties).filter(
    ([, schema]) => 'x-switchhook-additive' in schema,
  );
  assert.deepEqual(
    additive.map(([name]) => name),
    [
      'replaces_call_control_id',
      'refer_sub',
      'refer_first_notify_timeout_ms',
      'refer_timeout_ms',
      'refer_bye_grace_ms',
      'refer_header_placement',
      'refer_before_answer',
      'hold_on_refer',
      'on_failure',
    ],
  );
});
