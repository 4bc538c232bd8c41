import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Applications, type Changed } from '../../src/call/applications.ts';
import { unmapped } from '../../src/call/routing.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { egressTo } from '../../src/webhook/egress.ts';
import { application, referSettings } from '../support/application.ts';
import { epoch, fakeSystem } from '../support/fake-system.ts';

const first = application({ name: 'Front desk', inbound: { ...unmapped, numbers: ['100'], sipSubdomain: 'front' } });

function rig(store: Store = openSqlite(':memory:'), configured = first) {
  const system = fakeSystem();
  const applications = new Applications({ system, store, configured: [configured] });
  return { system, store, applications };
}

const said = { application_name: 'Night shift', webhook_event_url: 'http://night.example/' };

function viewOf(changed: Changed) {
  assert.ok('view' in changed, JSON.stringify(changed));
  return changed.view;
}

const refusalsOf = (changed: Changed): unknown =>
  'refusals' in changed && changed.refusals.map(({ name, pointer }) => (pointer ? `${name} ${pointer}` : name));

suite('applications', () => {
  test('one of the settings is shown with every field, and is first', async () => {
    const { applications } = rig();
    const view = applications.view(first.id);
    assert.deepEqual(view, {
      id: first.id,
      body: {
        application_name: 'Front desk',
        webhook_event_url: 'https://app.example/webhooks',
        webhook_event_failover_url: null,
        webhook_api_version: '2',
        webhook_timeout_secs: 2,
        webhook_retries_policies: {},
        active: true,
        anchorsite_override: 'Latency',
        dtmf_type: 'RFC 2833',
        first_command_timeout: false,
        first_command_timeout_secs: 30,
        call_cost_in_webhooks: false,
        redact_dtmf_debug_logging: false,
        inbound: {
          channel_limit: null,
          shaken_stir_enabled: false,
          sip_subdomain: 'front',
          sip_subdomain_receive_settings: 'from_anyone',
          numbers: ['100'],
        },
        outbound: {
          ...{ channel_limit: null, outbound_voice_profile_id: null },
          ...{ dials_per_second: null, target_allow: [], target_deny: [] },
        },
        tags: [],
        refer_first_notify_timeout_ms: 32_000,
        refer_timeout_ms: 120_000,
        refer_bye_grace_ms: 1_000,
        refer_header_placement: 'both',
        refer_before_answer: 'early',
        refer_bye_without_final: 'failed',
        refer_without_allow: 'send',
        hold_on_refer: false,
        refer_inbound: 'reject',
      },
      createdAt: epoch,
      updatedAt: epoch,
      ofSettings: true,
    });
    await applications.create(said);
    assert.equal(applications.views()[0], view);
  });

  test('one that is made is in force at once, and after a restart', async () => {
    const { applications, store, system } = rig();
    const { id, body } = viewOf(
      await applications.create({
        ...said,
        inbound: { numbers: ['200'], channel_limit: 3 },
        webhook_timeout_secs: 5,
        dtmf_type: 'SIP INFO',
        first_command_timeout: true,
        first_command_timeout_secs: 12,
      }),
    );
    assert.match(id, /^1\d{18}$/);
    assert.deepEqual([body.inbound.numbers, body.inbound.sip_subdomain, body.webhook_timeout_secs], [['200'], null, 5]);
    const inForce = {
      id,
      name: 'Night shift',
      webhookUrl: 'http://night.example/',
      webhookFailoverUrl: null,
      webhookTimeoutMs: 5_000,
      webhookRetries: {},
      active: true,
      dtmfType: 'SIP INFO',
      firstCommandTimeoutMs: 12_000,
      inbound: { ...unmapped, numbers: ['200'], channelLimit: 3 },
      outboundChannelLimit: null,
      dialsPerSecond: null,
      targets: { allow: [], deny: [] },
      refer: referSettings,
    };
    assert.deepEqual(applications.ofCall({ connectionId: id }), inForce);
    assert.deepEqual(applications.routes.byNumber.get('200'), inForce);
    const again = new Applications({ system, store, configured: [first] });
    assert.equal(again.view(id), null);
    await again.restore();
    assert.deepEqual(again.ofCall({ connectionId: id }), inForce);
    assert.deepEqual(again.view(id), applications.view(id));
  });

  test('a change keeps what it leaves out, and null or an empty text unsets', async () => {
    const { applications, system } = rig();
    const { id, createdAt } = viewOf(
      await applications.create({
        ...said,
        webhook_event_failover_url: 'http://b.example/',
        inbound: { sip_subdomain: 'night', channel_limit: 3 },
        refer_timeout_ms: 5,
      }),
    );
    await system.clock.advance(10);
    const { body, updatedAt, ...rest } = viewOf(
      await applications.update(id, { application_name: 'Late', inbound: { numbers: ['200'] } }),
    );
    assert.deepEqual([rest.createdAt, updatedAt], [createdAt, createdAt + 10]);
    assert.deepEqual(
      [body.application_name, body.webhook_event_url, body.webhook_event_failover_url, body.refer_timeout_ms],
      ['Late', 'http://night.example/', 'http://b.example/', 5],
    );
    assert.deepEqual(
      [body.inbound.sip_subdomain, body.inbound.channel_limit, body.inbound.numbers],
      ['night', 3, ['200']],
    );
    const unset = viewOf(
      await applications.update(id, {
        webhook_event_failover_url: '',
        inbound: { sip_subdomain: '', channel_limit: null },
      }),
    ).body;
    assert.deepEqual(
      [unset.webhook_event_failover_url, unset.inbound.sip_subdomain, unset.inbound.channel_limit],
      [null, null, null],
    );
    assert.equal(viewOf(await applications.update(id, { webhook_event_failover_url: null })).body.active, true);
  });

  test('what the API did not say of refers is as the settings say now', async () => {
    const { applications, store } = rig();
    const { id } = viewOf(await applications.create({ ...said, refer_timeout_ms: 7 }));
    const { applications: later } = rig(store, { ...first, refer: { ...referSettings, byeGraceMs: 5, timeoutMs: 6 } });
    await later.restore();
    const { byeGraceMs, timeoutMs } = later.ofCall({ connectionId: id }).refer;
    assert.deepEqual([byeGraceMs, timeoutMs], [5, 7]);
  });

  test('two changes at once are both made', async () => {
    const { applications } = rig();
    const { id } = viewOf(await applications.create(said));
    await Promise.all([
      applications.update(id, { tags: ['a'] }),
      applications.update(id, { inbound: { channel_limit: 1 } }),
    ]);
    const { body } = applications.view(id)!;
    assert.deepEqual([body.tags, body.inbound.channel_limit], [['a'], 1]);
  });

  test('a subdomain or number that another has is refused, with its place', async () => {
    const { applications } = rig();
    const mapped = { ...said, inbound: { sip_subdomain: 'FRONT', numbers: ['1', '1-00'] } };
    const refusals = ['duplicate /inbound/sip_subdomain', 'duplicate /inbound/numbers/1'];
    assert.deepEqual(refusalsOf(await applications.create(mapped)), refusals);
    assert.equal(applications.views().length, 1);
    const { id } = viewOf(await applications.create({ ...said, inbound: { numbers: ['1'] } }));
    assert.deepEqual(refusalsOf(await applications.update(id, mapped)), refusals);
    assert.deepEqual(viewOf(await applications.update(id, { inbound: { numbers: ['1', '2'] } })).body.inbound.numbers, [
      '1',
      '2',
    ]);
  });

  test('those of the settings cannot be changed, and what is unknown cannot be found', async () => {
    const { applications } = rig();
    assert.deepEqual(refusalsOf(await applications.update(first.id, said)), ['in-settings']);
    assert.deepEqual(refusalsOf(await applications.remove(first.id, () => false)), ['in-settings']);
    assert.deepEqual(refusalsOf(await applications.update('7', said)), ['not-found']);
    assert.deepEqual(refusalsOf(await applications.remove('7', () => false)), ['not-found']);
    assert.equal(applications.view('7'), null);
  });

  test('one with live calls is not removed; one without is, for good', async () => {
    const { applications, store } = rig();
    const { id } = viewOf(await applications.create({ ...said, inbound: { numbers: ['200'] } }));
    assert.deepEqual(refusalsOf(await applications.remove(id, () => true)), ['in-use']);
    assert.equal(applications.routes.byNumber.get('200')?.id, id);
    assert.equal(viewOf(await applications.remove(id, () => false)).id, id);
    assert.deepEqual([applications.view(id), applications.routes.byNumber.get('200')], [null, undefined]);
    assert.deepEqual(await store.resources('application'), []);
    assert.equal(applications.ofCall({ connectionId: id }), first);
  });

  test('what cannot be stored was not changed', async () => {
    const real = openSqlite(':memory:');
    const { applications, store, system } = rig(real);
    const { id } = viewOf(await applications.create({ ...said, inbound: { numbers: ['200'] } }));
    await store.close();
    assert.deepEqual(refusalsOf(await applications.create(said)), ['unavailable']);
    assert.deepEqual(refusalsOf(await applications.update(id, { tags: ['a'] })), ['unavailable']);
    assert.deepEqual(refusalsOf(await applications.remove(id, () => false)), ['unavailable']);
    assert.deepEqual([applications.views().length, applications.view(id)?.body.tags], [2, []]);
    assert.equal(applications.routes.byNumber.get('200')?.id, id);
    assert.equal(system.log.at('error').length, 3);
  });

  test('the settings hide one with the same id, and say so', async () => {
    const { applications, store } = rig();
    const { id } = viewOf(await applications.create(said));
    const { applications: later, system } = rig(store, { ...first, id });
    await later.restore();
    assert.deepEqual(
      later.views().map(({ body, ofSettings }) => [body.application_name, ofSettings]),
      [['Front desk', true]],
    );
    assert.equal(system.log.at('warn').length, 1);
  });

  test('ids differ within a millisecond, the newest is listed first', async () => {
    const { applications } = rig();
    const made = [];
    for (let count = 0; count < 50; count += 1) made.push(viewOf(await applications.create(said)).id);
    assert.equal(new Set(made).size, 50);
    assert.deepEqual(
      applications.views().map(({ id }) => id),
      [first.id, ...made.toReversed()],
    );
  });

  test('one whose events would go to an address inside is refused, and one of the settings warned of', async () => {
    const system = fakeSystem();
    const store = openSqlite(':memory:');
    const { faultOf: faultOfUrl } = egressTo({ allow: [], loopback: false });
    const configured = application({ webhookUrl: 'http://10.0.0.1/', webhookFailoverUrl: 'https://a.example/' });
    const applications = new Applications({ system, store, configured: [configured], faultOfUrl });
    assert.equal(system.log.at('warn').length, 1);
    const body = {
      application_name: 'x',
      webhook_event_url: 'http://0x7f.1/',
      webhook_event_failover_url: 'http://[::1]/',
    };
    const made = await applications.create(body);
    assert.deepEqual('refusals' in made && made.refusals.map(({ name, pointer }) => `${name} ${pointer}`), [
      'invalid-url /webhook_event_url',
      'invalid-url /webhook_event_failover_url',
    ]);
    await store.close();
  });
});
