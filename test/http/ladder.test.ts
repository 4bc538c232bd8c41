import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CallView } from '../../src/call/commands.ts';
import type { Asked } from '../../src/call/ladder.ts';
import type { LadderView } from '../../src/call/ladder-view.ts';
import { prefersText } from '../../src/http/ladder.ts';
import { ask, authorized, callId, errorsIn, fixture, ok } from './support.ts';

const at = Date.UTC(2020, 2, 30, 13, 29, 42, 130);
const view: CallView = {
  callControlId: callId,
  callLegId: 'leg',
  callSessionId: 'session',
  isAlive: true,
  clientState: null,
  startedAt: at,
  endedAt: null,
  durationSecs: 7,
};
const refer = {
  at,
  kind: 'command',
  direction: 'in',
  peer: '127.0.0.1',
  summary: 'POST refer',
  note: '200',
  text: null,
} as const;
const bye = {
  at,
  kind: 'sip',
  direction: 'out',
  peer: 'udp:192.0.2.10:5060',
  summary: 'BYE',
  note: null,
  text: 'BYE …',
} as const;
const ladder: LadderView = { since: at, truncated: 3, entries: [refer, bye], text: 'drawn\n' };

function world() {
  const noted: Asked[] = [];
  const ladders = {
    read: () => ladder,
    asked: (id: string, name: string, peer: string | null) => {
      const asked: Asked = { at, callId: id, name, peer, answer: null };
      noted.push(asked);
      return asked;
    },
  };
  const { app, calls } = fixture({ ladders });
  calls.views.set(callId, view);
  return { app, calls, noted };
}

const line = `GET /v2/calls/${callId}/ladder`;

test('the ladder as JSON', async () => {
  const stamp = '2020-03-30T13:29:42.130000Z';
  const { text: _text, ...command } = refer;
  assert.deepEqual((await ask(world().app, line)).body, {
    data: {
      record_type: 'call_ladder',
      call_control_id: callId,
      since: stamp,
      truncated: 3,
      entries: [
        { ...command, at: stamp },
        { ...bye, at: stamp },
      ],
      text: 'drawn\n',
    },
  });
});

suite('JSON or text', () => {
  const cases: readonly [accept: string, query: string, type: 'json' | 'text'][] = [
    ['text/plain', '', 'text'],
    ['*/*', '', 'json'],
    ['application/json', '', 'json'],
    ['application/json', '?format=text', 'text'],
    ['text/plain', '?format=json', 'json'],
    ['text/plain', '?unknown=text', 'text'],
  ];
  for (const [accept, query, type] of cases) {
    test(`${accept} ${query}`, async () => {
      const { app } = world();
      const url = `/v2/calls/${callId}/ladder${query}`;
      const answer = await app.inject({ url, headers: { ...authorized, accept } });
      const expected = { json: 'application/json; charset=utf-8', text: 'text/plain; charset=utf-8' }[type];
      assert.deepEqual(
        [answer.statusCode, answer.headers['content-type'], answer.headers.vary],
        [200, expected, 'accept'],
      );
      if (type === 'text') assert.equal(answer.body, 'drawn\n');
    });
  }

  const ranges: readonly [accept: string, isText: boolean][] = [
    ['', false],
    ['text/*', true],
    ['TEXT/PLAIN', true],
    ['text/html, */*', false],
    ['text/plain, application/json', false],
    ['text/plain, application/json;q=0.9', true],
    ['text/plain;q=0.5, */*;q=0.1', true],
    ['text/plain ; q=0, application/json;q=0', false],
    ['text/plain;q=0, */*', false],
    ['text/plain;q=x', false],
    [',;,', false],
  ];
  for (const [accept, isText] of ranges) {
    test(`Accept: ${accept}`, () => assert.equal(prefersText(accept), isText));
  }

  test('another format is refused, by the name of its parameter', async () => {
    const { status, body } = await ask(world().app, `${line}?format=xml`);
    assert.equal(status, 422);
    const { errors } = body as { errors: readonly object[] };
    assert.deepEqual(
      errors.map((error) => 'source' in error && error.source),
      [{ parameter: 'format' }],
    );
    assert.deepEqual(errorsIn({ errors: [] }), []);
  });
});

test('an unknown call, and calls of which nothing is kept, are 404', async () => {
  const { app } = world();
  for (const [which, url] of [
    [app, 'GET /v2/calls/nobody/ladder'],
    [fixture().app, line],
  ] as const) {
    const { status, body } = await ask(which, url);
    assert.deepEqual([status, errorsIn(body)], [404, ['10005']]);
  }
});

test('it needs the key', async () => {
  const { status } = await ask(world().app, line, { headers: { authorization: 'Bearer wrong' } });
  assert.equal(status, 401);
});

test('what is asked of a call is noted with what was answered, and nothing of its body', async () => {
  const { app, calls, noted } = world();
  const url = `/v2/calls/${callId}/actions`;
  const answer = await ask(app, `POST ${url}/answer`, { payload: { client_state: 'aGVsbG8=' } });
  assert.deepEqual(answer.body, ok);
  calls.next.push([{ name: 'unable-to-execute' }, { name: 'not-answered' }]);
  await ask(app, `PUT ${url}/client_state_update`, { payload: { client_state: 'aGVsbG8=' } });
  const of = { at, callId, peer: '127.0.0.1' };
  assert.deepEqual(noted, [
    { ...of, name: 'POST answer', answer: '200' },
    { ...of, name: 'PUT client_state_update', answer: '422 90033, 90034' },
  ]);
});
