// Whose an inbound call is: by number and subdomain, at once after a change, within limits, and whom its events go to.
import assert from 'node:assert/strict';
import { unmapped } from '../../src/call/routing.ts';
import { application } from '../support/application.ts';
import { hangsUp, rings } from '../support/flows.ts';
import { scenario } from '../support/play.ts';
import type { Inside } from '../support/world.ts';

const night = 'https://night.example/webhooks';
const path = '/v2/call_control_applications';
const sales = 'sip:anybody@sales.sip.example.com';
const said = { application_name: 'Night shift', webhook_event_url: night };

const second = application({
  id: '1289082222292239760',
  name: 'sales',
  webhookUrl: 'https://sales.example/webhooks',
  inbound: { ...unmapped, sipSubdomain: 'sales', sipSubdomainFrom: 'only_my_connections', numbers: ['+1555*'] },
});

/** An API request between the steps of a scenario; resolves to what the answer shows. */
async function asks({ server }: Inside, method: 'POST' | 'PATCH' | 'GET', url: string, payload?: object) {
  const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
  const answer = await server.http.inject({ method, url, headers, ...(payload && { payload }) });
  assert.ok(answer.statusCode < 300, answer.body);
  return answer.json().data;
}

scenario('an application made by the API takes its number at once, also after a restart', (world) => {
  const { transferee, app, does, restarts } = world;
  does('map the number', (inside) => asks(inside, 'POST', path, { ...said, inbound: { numbers: ['+15550100'] } }));
  transferee.sends('INVITE', { uri: 'sip:+1-555-0100@192.0.2.1' });
                                         transferee.gets(100);
                                         transferee.gets(180);
                                         app.gets('call.initiated', { connection_id: /^1767225600\d{9}$/ }, { url: night });
  restarts();
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered', {}, { url: night });
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { url: night });
});

scenario('a change of the webhook URL is for the later events of a live call', (world) => {
  const { transferee, app, does } = world;
  let id = '';
  does('make an application', async (inside) => {
    ({ id } = await asks(inside, 'POST', path, { ...said, inbound: { sip_subdomain: 'sales' } }));
  });
  transferee.sends('INVITE', { uri: sales });
                                         transferee.gets(100);
                                         transferee.gets(180);
                                         app.gets('call.initiated', {}, { url: night });
  does('look at its calls, and send its events elsewhere', async (inside) => {
    const [call, ...others] = await asks(inside, 'GET', `/v2/connections/${id}/active_calls`);
    assert.deepEqual([call.record_type, call.client_state, others], ['call', null, []]);
    await asks(inside, 'PATCH', `${path}/${id}`, { ...said, webhook_event_url: 'https://day.example/' });
  });
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered', {}, { url: 'https://day.example/' });
  transferee.sends('BYE');               transferee.gets(200);
                                         app.gets('call.hangup', {}, { url: 'https://day.example/' });
  does('look at its calls', async (inside) => {
    assert.deepEqual(await asks(inside, 'GET', `/v2/connections/${id}/active_calls`), []);
  });
});

scenario('a subdomain for phones and trunks only (a stranger gets 403)', { settings: { applications: [application(), second] } }, ({ transferee, app }) => {
  transferee.sends('INVITE', { uri: sales });
                                         transferee.gets(100);
                                         transferee.gets(403);
  transferee.sends('ACK');               app.getsNothing();
});

scenario('an inactive application (its calls get 480, the others go on)', { settings: { applications: [application(), { ...second, active: false }] } }, (world) => {
  const { transferee, app } = world;
  transferee.sends('INVITE', { uri: 'sip:+15550199@192.0.2.1' });
                                         transferee.gets(100);
                                         transferee.gets(480);
  transferee.sends('ACK');               app.getsNothing();
  rings(world);
  transferee.sends('CANCEL');            transferee.gets(200);
                                         transferee.gets(487);
  transferee.sends('ACK');               app.gets('call.hangup');
});

const limited = application({ inbound: { ...unmapped, channelLimit: 1 } });

scenario('a channel limit (the second call gets 486, the one after the first has ended does not)', { settings: { applications: [limited] } }, (world) => {
  const { transferee, app, peer } = world;
  const other = peer('other');
  rings(world);
  other.sends('INVITE');                 other.gets(100);
                                         other.gets(486);
  other.sends('ACK');
  app.posts('answer');                   transferee.gets(200);
  transferee.sends('ACK');               app.gets('call.answered');
  hangsUp(world);
  rings({ transferee: other, app });
  other.sends('CANCEL');                 other.gets(200);
                                         other.gets(487);
  other.sends('ACK');                    app.gets('call.hangup');
});
