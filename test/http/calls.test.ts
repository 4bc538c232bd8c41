import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ActionName } from '../../src/call/commands.ts';
import { commands } from '../../src/http/calls.ts';
import { mediaFields } from '../../src/http/media-fields.ts';
import * as schemas from '../../src/http/schemas.ts';
import { ask, authorized, callId, errorsIn, json, ok, sharedFixture } from './support.ts';

const common = { client_state: 'aGVsbG8=', command_id: '891510ac-f3e4-11e8-af5b-de00688a4901' };
const headers = {
  custom_headers: [{ name: 'X-Account', value: '42' }],
  sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }],
};

/** What a refer says of one REFER, and a step of `on_failure` of the next. */
const ofRefer = {
  ...headers,
  sip_address: 'sip:bob@biloxi.example',
  sip_auth_username: 'alice',
  sip_auth_password: 'secret',
  refer_sub: false,
  refer_first_notify_timeout_ms: 1000,
  refer_timeout_ms: 2000,
  refer_bye_grace_ms: 0,
  refer_header_placement: 'refer-to',
};

const webhooks = {
  webhook_url: 'https://app.example/calls',
  webhook_url_method: 'GET',
  webhook_urls: { 'call.hangup': ['https://app.example/a', 'https://app.example/b'] },
  webhook_urls_method: 'POST',
  webhook_retries_policies: { 'call.hangup': { retries_ms: [1000, 2000] } },
};

/** A body of each command with every field it has, but for one that makes another optional. */
const full: Readonly<Record<ActionName, Readonly<Record<string, unknown>>>> = {
  answer: {
    ...webhooks,
    ...{ ...common, ...headers, preferred_codecs: 'PCMU,PCMA' },
    ...{ send_silence_when_idle: true, billing_group_id: 'f5586561-8ff0-4291-a0ac-84fe544797bd' },
  },
  reject: { ...common, cause: 'USER_BUSY' },
  hangup: { ...common, custom_headers: headers.custom_headers },
  refer: {
    ...common,
    ...ofRefer,
    refer_before_answer: 'redirect',
    hold_on_refer: true,
    on_failure: [ofRefer, { transfer: { to: '+13125550199' } }],
  },
  bridge: {
    ...{
      ...common,
      call_control_id: 'v3:other',
      queue: 'support',
      park_after_unbridge: 'self',
      hold_after_unbridge: true,
    },
    prevent_double_bridge: true,
    mute_dtmf: 'self',
  },
  transfer: {
    ...webhooks,
    ...{ ...common, ...headers, to: '+13125550111', from: '+13125550100', from_display_name: 'Front desk' },
    ...{
      timeout_secs: 30,
      time_limit_secs: 60,
      privacy: 'id',
      sip_auth_username: 'alice',
      sip_auth_password: 'secret',
    },
    ...{ sip_transport_protocol: 'TCP', preferred_codecs: 'PCMU', diversion: '<sip:desk@example.com>' },
    ...{ target_leg_client_state: 'eA==', park_after_unbridge: 'self', mute_dtmf: 'both' },
  },
  refer_accept: { ...common },
  refer_reject: { ...common },
  enqueue: {
    ...{ ...common, queue_name: 'support', max_size: 5, max_wait_time_secs: 60 },
    keep_after_hangup: true,
  },
  leave_queue: { ...common },
  client_state_update: { ...common },
  send_sip_info: { ...common, content_type: 'application/dtmf-relay', body: 'Signal=5\r\nDuration=160\r\n' },
  send_dtmf: { ...common, digits: '1wW9*#AD', duration_millis: 160 },
};

const actions = Object.keys(full) as ActionName[];
const lineOf = (action: ActionName) => `${commands[action].method} /v2/calls/${callId}/actions/${action}`;

for (const action of actions) {
  test(`${action}: the full body has every field of the schema, reaches the call and is accepted`, async () => {
    const { app, calls } = sharedFixture();
    const taken = Object.keys(commands[action].body.properties).filter((field) => !(field in mediaFields));
    const left = action === 'refer' ? ['replaces_call_control_id'] : [];
    assert.deepEqual([...Object.keys(full[action]), ...left].sort(), taken.sort());
    const answer = await ask(app, lineOf(action), { payload: full[action] });
    assert.deepEqual([answer.status, answer.body], [200, ok]);
    assert.deepEqual(calls.executed, [{ callControlId: callId, action, body: full[action] }]);
  });

  test(`${action}: unknown fields are ignored`, async () => {
    const { app, calls } = sharedFixture();
    const payload = { ...full[action], no_field: 3, nested: { deep: [] }, constructor: 'x' };
    assert.equal((await ask(app, lineOf(action), { payload })).status, 200);
    assert.deepEqual(calls.executed[0]?.body, full[action]);
  });

  test(`${action}: an accepted command_id is answered before validation`, async () => {
    const { app, calls } = sharedFixture();
    calls.acceptedIds.add(`${callId} again`);
    const payload = { command_id: 'again', client_state: 'no Base64', sip_address: 3 };
    const answer = await ask(app, lineOf(action), { payload });
    assert.deepEqual([answer.status, answer.body], [200, ok]);
    assert.deepEqual(calls.executed, []);
  });

  for (const [name, payload] of [
    ['a list', '[]'],
    ['a string', '"x"'],
    ['a number', '3'],
  ] as const) {
    test(`${action}: ${name} is no body`, async () => {
      const { app, calls } = sharedFixture();
      const answer = await ask(app, lineOf(action), { payload, headers: json });
      assert.deepEqual([answer.status, errorsIn(answer.body)], [422, ['10015']]);
      assert.deepEqual(calls.executed, []);
    });
  }
}

const emptyBodies = [
  ['no body', {}],
  ['an empty body of JSON', { headers: json, payload: '' }],
  ['an empty object', { headers: json, payload: '{}' }],
  ['null', { headers: json, payload: 'null' }],
] as const;

for (const [name, options] of emptyBodies) {
  test(`${name} is the empty command`, async () => {
    const { app, calls } = sharedFixture();
    for (const action of ['answer', 'hangup'] as const) {
      assert.deepEqual((await ask(app, lineOf(action), options)).body, ok);
    }
    assert.deepEqual(
      calls.executed.map(({ body }) => body),
      [{}, {}],
    );
    assert.deepEqual(errorsIn((await ask(app, lineOf('refer'), options)).body), ['10004 /sip_address']);
  });
}

// Every string the API takes, as [action, pointer, schema].
interface StringField {
  readonly action: ActionName;
  readonly path: readonly string[];
  readonly schema: Readonly<Record<string, unknown>>;
}

const stringFields: StringField[] = actions.flatMap((action) => stringsOf(action, [], commands[action].body));

function stringsOf(action: ActionName, path: readonly string[], schema: object): StringField[] {
  const { type, $ref, items, properties } = schema as {
    type?: string;
    $ref?: string;
    items?: object;
    properties?: object;
  };
  if ($ref) return stringsOf(action, path, componentOf($ref));
  if (items) return stringsOf(action, [...path, '0'], items);
  if (properties)
    return Object.entries(properties).flatMap(([name, field]) => stringsOf(action, [...path, name], field));
  return type === 'string' ? [{ action, path, schema: schema as Record<string, unknown> }] : [];
}

function componentOf(ref: string): object {
  return schemas.components.find((component) => `${(component as { $id?: string }).$id}#` === ref)!;
}

/** The full body of a command with one field changed; a step has the fields of a refer or those of a transfer. */
function withField({ action, path }: StringField, change: (value: unknown) => unknown): object {
  const steps = path[2] === 'transfer' && { on_failure: [{ transfer: full.transfer }] };
  // By JSON: what stands in it twice is two things then.
  const body = JSON.parse(JSON.stringify({ ...full[action], ...steps }));
  const parent = path
    .slice(0, -1)
    .reduce((node, step) => node[step] as Record<string, unknown>, body as Record<string, unknown>);
  const last = path.at(-1)!;
  parent[last] = change(parent[last]);
  return body;
}

async function errorsOf(field: StringField, change: (value: unknown) => unknown): Promise<[number, string[]]> {
  const { app, calls } = sharedFixture();
  const answer = await ask(app, lineOf(field.action), { payload: withField(field, change) });
  if (answer.status !== 200) assert.deepEqual(calls.executed, []);
  return [answer.status, answer.status === 200 ? [] : errorsIn(answer.body)];
}

test('the walk finds the strings of the API', () => assert.ok(stringFields.length >= 30));

for (const field of stringFields) {
  const pointer = `/${field.path.join('/')}`;
  const name = `${field.action} ${pointer}`;
  const invalid = field.schema.enum ? '10032' : '10015';
  const isText = field.schema.format === 'text';
  const malformed = field.schema.format === 'web-url' ? '10003' : invalid;

  for (const mark of isText ? ['\0'] : ['\r', '\n', '\r\n', '\0']) {
    test(`${name}: refused with ${JSON.stringify(mark)} inside`, async () => {
      for (const change of [
        (value: unknown) => `${value}${mark}`,
        (value: unknown) => `${mark}${value}`,
        (value: unknown) => `${String(value).slice(0, 4)}${mark}X-Evil: 1`,
      ]) {
        assert.deepEqual(await errorsOf(field, change), [422, [`${malformed} ${pointer}`]]);
      }
    });
  }

  test(`${name}: refused when it is no string`, async () => {
    for (const value of [3, true, [], {}]) {
      assert.deepEqual(await errorsOf(field, () => value), [422, [`${invalid} ${pointer}`]]);
    }
  });

  test(`${name}: refused when too long`, async () => {
    const limit = Number(field.schema['x-max-bytes'] ?? field.schema.maxLength ?? 100);
    assert.deepEqual(await errorsOf(field, () => 'A'.repeat(limit + 1)), [422, [`${malformed} ${pointer}`]]);
  });

  if (field.schema.minLength === 1) {
    test(`${name}: missing when blank or absent`, async () => {
      for (const value of ['', ' ', '\t ', null, undefined]) {
        assert.deepEqual(await errorsOf(field, () => value), [422, [`10004 ${pointer}`]]);
      }
    });
  }
}

const invalid: readonly (readonly [action: ActionName, change: object, errors: readonly string[]])[] = [
  ['refer', { client_state: 'not base64!' }, ['10015 /client_state']],
  ['refer', { client_state: 'YQ' }, ['10015 /client_state']],
  ['client_state_update', { client_state: 'Y-_j' }, ['10015 /client_state']],
  ['answer', { command_id: '' }, ['10015 /command_id']],
  ['refer', { sip_headers: [{ name: 'Diversion', value: 'x' }] }, ['10032 /sip_headers/0/name']],
  ['refer', { sip_headers: {} }, ['10015 /sip_headers']],
  [
    'refer',
    { custom_headers: [{ name: 'X-A', value: '1' }, {}] },
    ['10004 /custom_headers/1/name', '10004 /custom_headers/1/value'],
  ],
  [
    'refer',
    { custom_headers: [{ name: 'X A', value: '1' }, 'x'] },
    ['10015 /custom_headers/0/name', '10015 /custom_headers/1'],
  ],
  ['hangup', { custom_headers: Array(65).fill({ name: 'X-A', value: '1' }) }, ['10015 /custom_headers']],
  ['reject', { cause: 'BUSY' }, ['10032 /cause']],
  ['refer', { refer_header_placement: 'invite' }, ['10032 /refer_header_placement']],
  ['refer', { refer_before_answer: '' }, ['10032 /refer_before_answer']],
  ['refer', { refer_timeout_ms: 0 }, ['10033 /refer_timeout_ms']],
  ['refer', { refer_timeout_ms: 3_600_001 }, ['10033 /refer_timeout_ms']],
  ['refer', { refer_first_notify_timeout_ms: -1 }, ['10033 /refer_first_notify_timeout_ms']],
  ['refer', { refer_bye_grace_ms: 3_600_001 }, ['10033 /refer_bye_grace_ms']],
  ['refer', { refer_bye_grace_ms: 1.5 }, ['10015 /refer_bye_grace_ms']],
  ['refer', { refer_bye_grace_ms: '1000' }, ['10015 /refer_bye_grace_ms']],
  ['send_sip_info', { content_type: 'plain' }, ['10015 /content_type']],
  ['send_sip_info', { body: 'é'.repeat(701) }, ['10015 /body']],
  ['bridge', { mute_dtmf: 'all' }, ['10032 /mute_dtmf']],
  ['send_dtmf', { digits: '' }, ['10004 /digits']],
  ['send_dtmf', { digits: '12E' }, ['10015 /digits']],
  ['send_dtmf', { digits: 'a' }, ['10015 /digits']],
  ['send_dtmf', { digits: '1 2' }, ['10015 /digits']],
  ['send_dtmf', { digits: '1'.repeat(257) }, ['10015 /digits']],
  ['send_dtmf', { duration_millis: 99 }, ['10033 /duration_millis']],
  ['send_dtmf', { duration_millis: 501 }, ['10033 /duration_millis']],
  [
    'refer',
    { sip_address: '', client_state: '!', refer_timeout_ms: 0, refer_header_placement: 'x' },
    ['10015 /client_state', '10004 /sip_address', '10033 /refer_timeout_ms', '10032 /refer_header_placement'],
  ],
];

for (const [action, change, errors] of invalid) {
  test(`${action} with ${JSON.stringify(change).slice(0, 80)}: ${errors.join(', ')}`, async () => {
    const { app, calls } = sharedFixture();
    const answer = await ask(app, lineOf(action), { payload: { ...full[action], ...change } });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [422, errors]);
    assert.deepEqual(calls.executed, []);
  });
}

const valid: readonly (readonly [action: ActionName, change: object])[] = [
  ['refer', { client_state: '' }],
  ['refer', { custom_headers: [], sip_headers: [] }],
  ['refer', { custom_headers: Array(64).fill({ name: 'X-A', value: '1' }) }],
  ['refer', { sip_address: 'tel:+13125551234', refer_first_notify_timeout_ms: 600_000, refer_timeout_ms: 3_600_000 }],
  ['refer', { custom_headers: [{ name: 'X-Größe', value: 'é' }].map(({ value }) => ({ name: 'X-Size', value })) }],
  ['send_sip_info', { body: 'é'.repeat(700) }],
  ['send_dtmf', { digits: 'w'.repeat(256), duration_millis: 100 }],
  ['send_dtmf', { duration_millis: 500 }],
];

test('answer: what needs a media engine is refused by name, unless it is off', async () => {
  const { app, calls } = sharedFixture();
  const sound = {
    ...{ record: 'record-from-answer', stream_url: 'wss://a.example', stream_track: 'both_tracks' },
    ...{ transcription: true, sound_modifications: { pitch: 2 }, deepfake_detection: { enabled: true } },
    ...{ assistant: {}, conversation_relay_config: {} },
  };
  const answer = await ask(app, lineOf('answer'), { payload: sound });
  assert.equal(answer.status, 422);
  assert.deepEqual(
    errorsIn(answer.body).sort(),
    Object.keys(sound)
      .map((field) => `10027 /${field}`)
      .sort(),
  );
  assert.deepEqual(calls.executed, []);
  assert.equal((await ask(app, lineOf('answer'), { payload: { transcription: false } })).status, 200);
});

for (const [action, change] of valid) {
  test(`${action} with ${JSON.stringify(change).slice(0, 80)} is accepted`, async () => {
    const { app } = sharedFixture();
    assert.equal((await ask(app, lineOf(action), { payload: { ...full[action], ...change } })).status, 200);
  });
}

test('a missing parameter is named', async () => {
  const { app } = sharedFixture();
  assert.deepEqual((await ask(app, lineOf('refer'), { payload: {} })).body, {
    errors: [
      {
        code: '10004',
        title: 'Missing required parameter',
        detail: "The 'sip_address' parameter is required and cannot be blank.",
        source: { pointer: '/sip_address' },
      },
    ],
  });
});

test('a refer that names the call to replace needs no address', async () => {
  const { app, calls } = sharedFixture();
  const payload = { replaces_call_control_id: 'v3:other' };
  assert.equal((await ask(app, lineOf('refer'), { payload })).status, 200);
  assert.deepEqual(calls.executed[0]?.body, payload);
});

test('an enumeration is spelt out', async () => {
  const { app } = sharedFixture();
  const answer = await ask(app, lineOf('reject'), { payload: { cause: 'BUSY' } });
  assert.match(JSON.stringify(answer.body), /The value must be one of: CALL_REJECTED, USER_BUSY\./);
});

test('what the call refuses is answered with its refusals', async () => {
  const { app, calls } = sharedFixture();
  calls.next.push([{ name: 'unable-to-execute', detail: 'A refer is already in progress on this call.' }]);
  calls.next.push([{ name: 'invalid-call-control-id', pointer: '/call_control_id' }]);
  calls.next.push([{ name: 'unavailable' }]);
  const answers = [];
  for (const _ of [1, 2, 3]) answers.push(await ask(app, lineOf('hangup')));
  assert.deepEqual(
    answers.map(({ status, body }) => [status, errorsIn(body)]),
    [
      [422, ['90033']],
      [422, ['90015 /call_control_id']],
      [503, ['10007']],
    ],
  );
});

test('a command_id that was refused is not remembered; one that was accepted is, also by other actions', async () => {
  const { app, calls } = sharedFixture();
  calls.next.push([{ name: 'not-answered' }]);
  const payload = { ...full.refer, command_id: 'c1' };
  assert.equal((await ask(app, lineOf('refer'), { payload })).status, 422);
  assert.equal((await ask(app, lineOf('refer'), { payload })).status, 200);
  assert.equal((await ask(app, lineOf('refer'), { payload })).status, 200);
  assert.equal((await ask(app, lineOf('hangup'), { payload })).status, 200);
  assert.equal(calls.executed.length, 2);
});

test('ids reach the call decoded, whatever they hold', async () => {
  const { app, calls } = sharedFixture();
  for (const id of ['v3:a', 'v3%3Aa', 'a%2Fb', '%00', '%0d%0a', 'é', 'x'.repeat(10_000)]) {
    await ask(app, `POST /v2/calls/${id}/actions/hangup`);
  }
  const expected = ['v3:a', 'v3:a', 'a/b', '\0', '\r\n', 'é', 'x'.repeat(10_000)];
  assert.deepEqual(
    calls.executed.map(({ callControlId }) => callControlId),
    expected,
  );
});

test('GET shows a live call', async () => {
  const { app, calls } = sharedFixture();
  calls.views.set(callId, {
    callControlId: callId,
    callLegId: 'leg',
    callSessionId: 'session',
    isAlive: true,
    clientState: null,
    startedAt: Date.UTC(2020, 2, 30, 13, 29, 42, 130),
    endedAt: null,
    durationSecs: 7,
  });
  assert.deepEqual((await ask(app, `GET /v2/calls/${callId}`)).body, {
    data: {
      record_type: 'call',
      call_control_id: callId,
      call_leg_id: 'leg',
      call_session_id: 'session',
      is_alive: true,
      call_duration: 7,
      client_state: null,
      start_time: '2020-03-30T13:29:42.130000Z',
    },
  });
});

test('GET shows when a call ended', async () => {
  const { app, calls } = sharedFixture();
  calls.views.set(callId, {
    callControlId: callId,
    callLegId: 'leg',
    callSessionId: 'session',
    isAlive: false,
    clientState: 'YQ==',
    startedAt: 0,
    endedAt: 1500,
    durationSecs: 1,
  });
  const { data } = (await ask(app, `GET /v2/calls/${callId}`)).body as { data: Record<string, unknown> };
  assert.deepEqual([data.is_alive, data.client_state, data.end_time], [false, 'YQ==', '1970-01-01T00:00:01.500000Z']);
});

test('GET of an unknown call is 404', async () => {
  const { app } = sharedFixture();
  const answer = await ask(app, 'GET /v2/calls/nobody');
  assert.deepEqual([answer.status, errorsIn(answer.body)], [404, ['10005']]);
});

test('commands need the key', async () => {
  const { app, calls } = sharedFixture();
  for (const action of actions) {
    const answer = await ask(app, lineOf(action), {
      payload: full[action],
      headers: { authorization: 'Bearer wrong' },
    });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [401, ['10009']]);
  }
  assert.deepEqual(calls.executed, []);
  assert.ok(authorized.authorization);
});
