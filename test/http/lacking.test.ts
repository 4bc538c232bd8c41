import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import Telnyx from 'telnyx';
import { lacking } from '../../src/http/lacking.ts';
import { ask, callId, errorsIn, type FakeCalls, fixture, key, sharedFixture } from './support.ts';

/** A call that is there, alive or ended. */
function show(calls: FakeCalls, isAlive: boolean): void {
  calls.views.set(callId, {
    ...{ callControlId: callId, callLegId: 'leg', callSessionId: 'session', clientState: null },
    ...{ isAlive, startedAt: 0, endedAt: isAlive ? null : 1, durationSecs: 0 },
  });
}

const media = 'needs a media engine, which this server does not have.';
const vendor = 'is a service that Telnyx runs, which this server does not have.';

// What an application reads, for one operation of each row of the table and for each resource.
const sentences: Readonly<Record<string, string>> = {
  [`POST /v2/calls/${callId}/actions/playback_start`]: `Playing sound ${media}`,
  [`POST /v2/calls/${callId}/actions/speak`]: `Speaking a text ${media}`,
  [`POST /v2/calls/${callId}/actions/gather`]: `Gathering digits ${media}`,
  [`POST /v2/calls/${callId}/actions/record_start`]: `Recording ${media}`,
  [`POST /v2/calls/${callId}/actions/streaming_start`]: `Streaming sound to a WebSocket ${media}`,
  [`POST /v2/calls/${callId}/actions/fork_start`]: `Forking sound ${media}`,
  [`POST /v2/calls/${callId}/actions/siprec_start`]: `Recording by SIPREC ${media}`,
  [`POST /v2/calls/${callId}/actions/suppression_start`]: `Suppressing noise ${media}`,
  [`POST /v2/calls/${callId}/actions/transcription_start`]: `Transcribing speech ${media}`,
  [`POST /v2/calls/${callId}/actions/switch_supervisor_role`]: `Listening in on two others ${media}`,
  [`POST /v2/calls/${callId}/actions/ai_assistant_start`]: `An AI assistant ${vendor}`,
  [`POST /v2/calls/${callId}/actions/gather_using_ai`]: `Gathering by a language model ${vendor}`,
  [`POST /v2/calls/${callId}/actions/conversation_relay_start`]: `Relaying a conversation as text ${vendor}`,
  [`POST /v2/calls/${callId}/actions/pay`]: `Taking a payment ${vendor}`,
  'POST /v2/conferences': `A conference ${media}`,
  'GET /v2/conferences/c1/participants/p1': `A conference ${media}`,
  'POST /v2/conferences/c1/actions/join': `A conference ${media}`,
  'GET /v2/recordings?page%5Bnumber%5D=1': `Recording ${media}`,
  'PUT /v2/siprec_connectors/s1': `Recording by SIPREC ${media}`,
  'DELETE /v2/recording_transcriptions/t1': `Transcribing speech ${media}`,
};

for (const [line, detail] of Object.entries(sentences)) {
  test(`${line.replace(callId, '…')}: ${detail}`, async () => {
    const { app, calls } = sharedFixture();
    show(calls, true);
    const answer = await ask(app, line);
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body, { errors: [{ code: '10027', title: 'Unprocessable Entity', detail }] });
  });
}

test('lacking: every row is among those sentences', () => {
  const said = Object.values(sentences).map((sentence) => sentence.replace(/ (needs|is) a .*/, ''));
  assert.deepEqual([...new Set(said)].sort(), lacking.map(({ what }) => what).sort());
});

const lines = lacking.flatMap(({ operations }) => Object.values(operations));

for (const line of lines) {
  const asked = line.replace(/:\w+/g, (name) => (name === ':call_control_id' ? callId : 'some'));
  const ofCall = line.includes(':call_control_id');

  test(`${line}: key, then call, then what is lacking`, async () => {
    const { app, calls } = sharedFixture();
    const errors = async (headers = {}) => {
      const { status, body } = await ask(app, asked, { headers });
      return [status, ...errorsIn(body)];
    };
    assert.deepEqual(await errors({ authorization: 'Bearer wrong' }), [401, '10009']);
    assert.deepEqual(await errors(), [422, ofCall ? '90015 /call_control_id' : '10027']);
    show(calls, false);
    assert.deepEqual(await errors(), [422, ofCall ? '90018' : '10027']);
    show(calls, true);
    assert.deepEqual(await errors(), [422, '10027']);
    assert.deepEqual(calls.executed, []);
  });
}

test('lacking: the id of a command that was accepted does not make this one accepted', async () => {
  const { app, calls } = sharedFixture();
  show(calls, true);
  calls.acceptedIds.add(`${callId} once`);
  const answer = await ask(app, `POST /v2/calls/${callId}/actions/speak`, { payload: { command_id: 'once' } });
  assert.deepEqual([answer.status, errorsIn(answer.body)], [422, ['10027']]);
});

test('lacking: OpenAPI names each operation, what it lacks, and no success', async () => {
  const { app } = sharedFixture();
  const { paths } = (await ask(app, 'GET /openapi.json')).body as {
    paths: Record<string, Record<string, { operationId: string; responses: object; 'x-switchhook-refused': string }>>;
  };
  for (const { reason, operations } of lacking) {
    for (const [operationId, line] of Object.entries(operations)) {
      const [method = '', url = ''] = line.split(' ');
      const operation = paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      assert.deepEqual([operation?.operationId, operation?.['x-switchhook-refused']], [operationId, reason], line);
      assert.deepEqual(Object.keys(operation!.responses), ['400', '401', '413', '415', '422', '500']);
    }
  }
});

test('lacking: the official client throws an UnprocessableEntityError, and does not try again', async (t) => {
  const { app, calls } = fixture();
  let requests = 0;
  app.addHook('onRequest', async () => {
    requests += 1;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  show(calls, true);
  const { port } = app.server.address() as AddressInfo;
  const client = new Telnyx({ apiKey: key, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries: 2 });
  const answers = await Promise.allSettled([
    client.calls.actions.startPlayback(callId, { audio_url: 'https://example.com/a.mp3' }),
    client.calls.actions.startAIAssistant(callId, {}),
    client.conferences.create({ call_control_id: callId, name: 'room' }),
    client.conferences.actions.join('c1', { call_control_id: callId }),
    client.conferences.list(),
    client.recordings.retrieve('r1'),
  ]);
  for (const answer of answers) {
    assert.ok(answer.status === 'rejected' && answer.reason instanceof Telnyx.UnprocessableEntityError);
  }
  assert.equal(requests, answers.length);
});
