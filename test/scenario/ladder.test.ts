// GET /v2/calls/{call_control_id}/ladder of a whole server: what a refer said, drawn and as JSON, without any of the
// secrets that it was full of; ten minutes long, and across a restart.
import assert from 'node:assert/strict';
import { application as applicationOf } from '../support/application.ts';
import { digestOf } from '../support/digest.ts';
import { answers, hangsUp, isReleased, notifies, refers, target } from '../support/flows.ts';
import { settleGolden } from '../support/golden.ts';
import { scenario } from '../support/play.ts';
import { sdp } from '../support/template.ts';
import type { Inside } from '../support/world.ts';

interface Ladder {
  readonly since: string;
  readonly truncated: number;
  readonly entries: readonly { readonly kind: string; readonly summary: string; readonly text?: string }[];
  readonly text: string;
}

async function get({ server, store }: Inside, accept = 'application/json') {
  const [call] = await store.calls(0);
  const headers = { authorization: 'Bearer KEY-of-the-scenarios', accept };
  return server.http.inject({ url: `/v2/calls/${call?.id ?? 'v3:pruned'}/ladder`, headers });
}

const read = async (inside: Inside): Promise<Ladder> => (await get(inside)).json().data;

scenario('ladder of a refer (drawn as the API draws it)', (world) => {
  const { app, does } = world;
  answers(world);
  refers(world);
  notifies(world, '100 Trying', { 'Subscription-State': 'active;expires=60' });
  notifies(world, '200 OK');             app.gets('call.refer.completed', { refer_to: target });
  isReleased(world);
  does('read the ladder', async (inside) => {
    const answer = await get(inside, 'text/plain');
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    settleGolden('ladder of a refer as the api draws it', answer.body);
    const { truncated, entries, text } = await read(inside);
    assert.deepEqual([truncated, text], [0, answer.body]);
    assert.equal(entries.filter(({ text: message }) => message !== undefined).length, entries.filter(({ kind }) => kind === 'sip').length);
  });
});

const secret = 'S3CRET';
const password = 'open sesame';
const application = applicationOf({ webhookUrl: `https://app.example/webhooks/${secret}?token=${secret}` });

scenario('ladder without secrets', {
  settings: { applications: [application] },
}, (world) => {
  const { transferee, app, does } = world;
  const offer = `${sdp('192.0.2.10', 49_170, 'sendrecv')}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}\r\na=ice-pwd:${secret}\r\n`;
  answers(world, { body: offer, 'X-Api-Key': secret });
  app.posts('refer', {
    sip_address: target,
    sip_auth_username: 'carol',
    sip_auth_password: password,
    custom_headers: [{ name: 'X-Token', value: secret }],
  });                                    transferee.gets('REFER');
  transferee.sends(407, { 'Proxy-Authenticate': `Digest realm="atlanta.example", nonce="${secret}", qop="auth", algorithm=MD5` });
                                         transferee.gets('REFER', { 'Proxy-Authorization': digestOf({ username: 'carol', password, realm: 'atlanta.example', nonce: secret }) });
  transferee.sends(202);                 app.gets('call.refer.started');
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  hangsUp(world);
  does('look for the secrets', async (inside) => {
    const { entries, text } = await read(inside);
    const texts = entries.map(({ text: message }) => message ?? '').join('\n');
    for (const sign of ['Proxy-Authenticate: Digest realm="atlanta.example", nonce=[redacted]', 'username="carol"', 'a=ice-pwd:[redacted]', 'X-Token: [redacted]', '?X-Token=[redacted]', 'X-Api-Key: [redacted]']) {
      assert.ok(texts.includes(sign), `${sign} is not in\n${texts}`);
    }
    const drawn = (await get(inside, 'text/plain')).body;
    const everything = JSON.stringify(entries) + text + drawn;
    for (const planted of [secret, password, 'response="', 'cnonce="']) assert.ok(!everything.includes(planted), planted);
  });
});

scenario('ladder after a restart (it begins anew, and says since when)', (world) => {
  const { app, after, does, restarts } = world;
  answers(world);
  after(1_000);
  restarts();
  refers(world);
  notifies(world, '486 Busy Here');      app.gets('call.refer.failed');
  hangsUp(world);
  does('read the ladder', async (inside) => {
    const { since, entries, text } = await read(inside);
    assert.equal(since, '2026-01-01T00:00:01.000000Z');
    assert.equal(entries[0]?.summary, 'POST refer');
    assert.match(text, /started again/);
  });
});

scenario('ladder ten minutes after the end', (world) => {
  const { after, does } = world;
  answers(world);
  hangsUp(world);
  after(599_000);
  does('read it', async (inside) => assert.equal((await read(inside)).entries[0]?.summary, 'INVITE'));
  after(1_000);
  does('read it in vain', async (inside) => assert.equal((await get(inside)).statusCode, 404));
});

scenario('ladder switched off', { settings: { ladder: null } }, (world) => {
  const { does } = world;
  answers(world);
  does('read it in vain', async (inside) => {
    const answer = await get(inside);
    assert.equal(answer.statusCode, 404);
    assert.match(answer.body, /SWITCHHOOK_LADDER_MESSAGES is 0/);
  });
  hangsUp(world);
});
