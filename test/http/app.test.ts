import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, callId, errorsIn, fixture, json, sharedFixture } from './support.ts';

const refer = `POST /v2/calls/${callId}/actions/refer`;
const answerCall = `POST /v2/calls/${callId}/actions/answer`;
const megabytes = (count: number) => 'x'.repeat(count * 1_000_000);

interface Case {
  readonly line: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer;
  readonly status: number;
  readonly errors: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  'an unknown path': { line: 'GET /nothing', status: 404, errors: ['10005'] },
  'an unknown path of the API': { line: 'GET /v2/nothing', status: 404, errors: ['10005'] },
  'an unknown action': { line: `POST /v2/calls/${callId}/actions/dance`, status: 404, errors: ['10005'] },
  'a trailing slash': { line: `${answerCall}/`, status: 404, errors: ['10005'] },
  'an unknown path with a body of any kind': {
    line: 'POST /nothing',
    headers: { 'content-type': 'text/plain' },
    payload: megabytes(3),
    status: 404,
    errors: ['10005'],
  },
  'a method of another action': { line: `PUT /v2/calls/${callId}/actions/refer`, status: 405, errors: ['10015'] },
  'a truncated percent-encoding': { line: 'GET /v2/calls/%e', status: 400, errors: ['10015'] },
  'a percent-encoding that is no UTF-8': { line: 'GET /v2/calls/%ff', status: 400, errors: ['10015'] },
  'malformed JSON': { line: refer, headers: json, payload: '{"sip_address":', status: 400, errors: ['10023'] },
  'a body that is no UTF-8': {
    line: refer,
    headers: json,
    payload: Buffer.from('{"sip_address":"sip:\xff"}', 'latin1'),
    status: 400,
    errors: ['10028'],
  },
  'a form': {
    line: refer,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'sip_address=sip:a@b.example',
    status: 415,
    errors: ['10014'],
  },
  'plain text': {
    line: refer,
    headers: { 'content-type': 'text/plain' },
    payload: '{}',
    status: 415,
    errors: ['10014'],
  },
  'a malformed content type': {
    line: refer,
    headers: { 'content-type': '//' },
    payload: '{}',
    status: 415,
    errors: ['10014'],
  },
  'a compressed body': {
    line: refer,
    headers: { ...json, 'content-encoding': 'gzip' },
    payload: '{}',
    status: 415,
    errors: ['10014'],
  },
  'a body of 3 MB': { line: refer, headers: json, payload: `{"x":"${megabytes(3)}"}`, status: 413, errors: ['10015'] },
  'a list of 200,000 broken entries': {
    line: refer,
    headers: json,
    payload: `{"sip_address":"sip:a@b.example","custom_headers":[${'0,'.repeat(200_000)}0]}`,
    status: 422,
    errors: ['10015 /custom_headers', ...Array.from({ length: 65 }, (_, index) => `10015 /custom_headers/${index}`)],
  },
};

for (const [name, { line, headers, payload, status, errors }] of Object.entries(cases)) {
  test(`${name}: ${status}`, async () => {
    const { app, calls } = sharedFixture();
    const answer = await ask(app, line, { ...(headers && { headers }), ...(payload && { payload }) });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [status, errors]);
    assert.deepEqual(calls.executed, []);
  });
}

for (const type of [
  'application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/json;x=y',
]) {
  test(`${type} is JSON`, async () => {
    const { app } = sharedFixture();
    const answer = await ask(app, answerCall, { headers: { 'content-type': type }, payload: '{}' });
    assert.equal(answer.status, 200);
  });
}

test('a body just under the limit is read', async () => {
  const { app } = sharedFixture();
  const payload = `{"ignored":"${megabytes(1)}"}`;
  assert.equal((await ask(app, answerCall, { headers: json, payload })).status, 200);
});

test('a wrong key is refused with a challenge, before the body is looked at', async () => {
  const { app } = sharedFixture();
  for (const authorization of ['', 'Bearer wrong', 'Basic a2V5']) {
    const answer = await ask(app, refer, { headers: { authorization, ...json }, payload: '{' });
    assert.deepEqual([answer.status, errorsIn(answer.body)], [401, ['10009']]);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
  }
});

test('no spelling of a path gets around the key', async () => {
  const { app, calls } = sharedFixture();
  for (const path of [
    '/v2/calls/x',
    '/%762/calls/x',
    '/v2%2fcalls/x',
    '//v2/calls/x',
    '/v2/calls/x?a=/healthz',
    '/V2/calls/x',
  ]) {
    const answer = await ask(app, `GET ${path}`, { headers: { authorization: '' } });
    assert.ok([401, 404].includes(answer.status), `${path} was answered ${answer.status}`);
    if (answer.status === 404) assert.equal((await ask(app, `GET ${path}`)).status, 404);
  }
  assert.deepEqual(calls.executed, []);
});

test('a bug is answered 500 and logged once, and nothing of it leaks', async () => {
  const { app, calls, log } = fixture();
  calls.next.push(new TypeError('secret thing at line 3'));
  const answer = await ask(app, answerCall);
  assert.deepEqual([answer.status, errorsIn(answer.body)], [500, ['10007']]);
  assert.doesNotMatch(JSON.stringify(answer), /secret/);
  assert.equal(log.entries.length, 1);
  assert.match(JSON.stringify(log.entries[0]?.fields), /call_control_id|callControlId/);
  assert.equal((await ask(app, answerCall)).status, 200);
});

test('a refusal is not logged', async () => {
  const { app, log } = fixture();
  await ask(app, refer, { headers: json, payload: '{' });
  await ask(app, refer, { payload: {} });
  await ask(app, 'GET /nothing');
  assert.deepEqual(log.entries, []);
});
