// The official client against a real port: its error classes, what it retries and what it must not.
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import Telnyx from 'telnyx';
import { callId, type FakeCalls, fixture, key } from './support.ts';

interface Setup {
  readonly calls: FakeCalls;
  readonly client: Telnyx;
  readonly connect: (apiKey: string, maxRetries?: number) => Telnyx;
}

async function serve(t: TestContext): Promise<Setup> {
  const { app, calls } = fixture();
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  const connect = (apiKey: string, maxRetries = 0) =>
    new Telnyx({ apiKey, baseURL: `http://127.0.0.1:${port}/v2`, maxRetries });
  return { calls, connect, client: connect(key) };
}

const ok = { data: { result: 'ok' } };

test('client: every command', async (t) => {
  const { client, calls } = await serve(t);
  const { actions } = client.calls;
  assert.deepEqual(await actions.answer(callId, {}), ok);
  assert.deepEqual(await actions.answer(callId, { client_state: 'YQ==' }), ok);
  assert.deepEqual(await actions.reject(callId, { cause: 'USER_BUSY' }), ok);
  assert.deepEqual(
    await actions.refer(callId, {
      sip_address: 'sip:bob@biloxi.example',
      custom_headers: [{ name: 'X-A', value: '1' }],
    }),
    ok,
  );
  assert.deepEqual(await actions.updateClientState(callId, { client_state: 'Yg==' }), ok);
  assert.deepEqual(await actions.sendSipInfo(callId, { content_type: 'text/plain', body: 'a\r\nb' }), ok);
  assert.deepEqual(await actions.sendDtmf(callId, { digits: '1www2WABCDw9', duration_millis: 100 }), ok);
  // From JavaScript the parameters may be left out: the body is then empty, though said to be JSON.
  assert.deepEqual(await actions.hangup(callId, undefined as never), ok);
  assert.deepEqual(
    calls.executed.map(({ callControlId, action }) => [callControlId, action]),
    ['answer', 'answer', 'reject', 'refer', 'client_state_update', 'send_sip_info', 'send_dtmf', 'hangup'].map(
      (action) => [callId, action],
    ),
  );
});

test('client: the status of a call', async (t) => {
  const { client, calls } = await serve(t);
  calls.views.set(callId, {
    callControlId: callId,
    callLegId: 'leg',
    callSessionId: 'session',
    isAlive: true,
    clientState: 'YQ==',
    startedAt: 0,
    endedAt: null,
    durationSecs: 3,
  });
  const { data } = await client.calls.retrieveStatus(callId);
  assert.deepEqual([data?.call_control_id, data?.is_alive, data?.client_state], [callId, true, 'YQ==']);
});

test('client: a wrong key is an AuthenticationError', async (t) => {
  const { connect } = await serve(t);
  await assert.rejects(connect('wrong').calls.actions.hangup(callId, {}), Telnyx.AuthenticationError);
});

test('client: an unknown call is a NotFoundError to read and an UnprocessableEntityError to command', async (t) => {
  const { client, calls } = await serve(t);
  await assert.rejects(client.calls.retrieveStatus('unknown'), Telnyx.NotFoundError);
  calls.next.push([{ name: 'invalid-call-control-id', pointer: '/call_control_id' }]);
  await assert.rejects(client.calls.actions.hangup('unknown', {}), Telnyx.UnprocessableEntityError);
});

test('client: malformed input is an UnprocessableEntityError that says where', async (t) => {
  const { client } = await serve(t);
  await assert.rejects(
    client.calls.actions.refer(callId, { sip_address: 'sip:a@b\r\nX: y', client_state: '?' }),
    (error) => {
      assert.ok(error instanceof Telnyx.UnprocessableEntityError);
      assert.deepEqual(
        (error.error as { errors: { source: { pointer: string } }[] }).errors.map(({ source }) => source.pointer),
        ['/client_state', '/sip_address'],
      );
      return true;
    },
  );
});

test('client: a refusal of state is not tried again', async (t) => {
  const { connect, calls } = await serve(t);
  calls.next.push([{ name: 'call-ended' }]);
  await assert.rejects(connect(key, 2).calls.actions.hangup(callId, {}), Telnyx.UnprocessableEntityError);
  assert.equal(calls.executed.length, 1);
});

test('client: a 503 is tried again with the same command_id, and once accepted not carried out twice', async (t) => {
  const { connect, calls } = await serve(t);
  calls.next.push([{ name: 'unavailable' }]);
  const params = { sip_address: 'sip:bob@biloxi.example', command_id: 'once' };
  assert.deepEqual(await connect(key, 1).calls.actions.refer(callId, params), ok);
  assert.deepEqual(await connect(key).calls.actions.refer(callId, params), ok);
  assert.deepEqual(
    calls.executed.map(({ body }) => body),
    [params, params],
  );
});
