// What can be read of a call afterwards: its commands without secrets, its events, and how their delivery went.
import assert from 'node:assert/strict';
import { answers, hangsUp, notifies, refers } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Inside } from '../support/world.ts';

async function reads({ server }: Inside, url: string) {
  const answer = await server.http.inject({ url, headers: { authorization: 'Bearer KEY-of-the-scenarios' } });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json().data;
}

async function posts({ server }: Inside, url: string) {
  const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
  const answer = await server.http.inject({ method: 'POST', url, headers });
  return { status: answer.statusCode, body: answer.json() };
}

scenario('the history of a call (with a refer that failed and a webhook that was late; kept for ten minutes)', (world) => {
  const { app, after, does } = world;
  answers(world);
  refers(world, { sip_auth_username: 'alice', sip_auth_password: 'wonderland', command_id: 'refer-1' });
  app.answers(503);
  notifies(world, '486 Busy Here', { 'Subscription-State': 'terminated;reason=noresource' });
                                         app.gets('call.refer.failed', {}, { attempt: 1 });
  app.answers(200);
  after(1_500);                          app.gets('call.refer.failed', {}, { attempt: 2 });
  hangsUp(world);
  does('read the events of the call', async (inside) => {
    const events = await reads(inside, '/v2/call_events');
    // Fake time stands still between two steps: of what happens at one instant the commands come first.
    assert.deepEqual(events.map(({ type, name }: { type: string; name: string }) => `${type} ${name}`), [
      'command answer',
      'command refer',
      'webhook call.initiated',
      'webhook call.answered',
      'webhook call.refer.started',
      'webhook call.refer.failed',
      'webhook call.hangup',
    ]);
    const { metadata } = events.find(({ name }: { name: string }) => name === 'refer');
    assert.deepEqual(metadata, {
      command_id: 'refer-1',
      params: { sip_address: 'sip:bob@biloxi.example', sip_auth_username: 'alice', sip_auth_password: '***' },
    });
  });
  does('read the deliveries', async (inside) => {
    const [failed] = await reads(inside, '/v2/webhook_deliveries?filter[event_type]=call.refer.failed');
    assert.deepEqual(
      failed.attempts.map(({ http }: { http: { response: { status: number } } }) => http.response.status),
      [503, 200],
    );
    assert.equal((await reads(inside, '/v2/webhook_deliveries')).length, 5);
  });
  does('have one delivered once more', async (inside) => {
    const [hangup] = await reads(inside, '/v2/webhook_deliveries?filter[event_type]=call.hangup');
    assert.deepEqual([hangup.status, hangup.next_attempt_at], ['delivered', null]);
    const again = await posts(inside, `/v2/webhook_deliveries/${hangup.id}/redeliver`);
    assert.deepEqual([again.status, again.body.data.id, again.body.data.status], [200, hangup.id, 'failed']);
    assert.match(again.body.data.next_attempt_at, /^20/);
    assert.equal((await posts(inside, '/v2/webhook_deliveries/nobody/redeliver')).status, 404);
  });
                                         app.gets('call.hangup', {}, { attempt: 2, within: 100 });
  after(700_000);
  does('read what is left', async (inside) => {
    assert.deepEqual(await reads(inside, '/v2/call_events'), []);
    assert.deepEqual(await reads(inside, '/v2/webhook_deliveries'), []);
  });
});
