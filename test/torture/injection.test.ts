// What is written into what others read: line ends in the commands of an application, which could add headers to SIP, and
// control characters in what a peer sends, which a terminal or a log would obey.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ActionName, DialBody } from '../../src/call/commands.ts';
import { type ReadAction, readCommand } from '../../src/call/reading.ts';
import { readDial } from '../../src/call/reading-dial.ts';
import { commands } from '../../src/http/calls.ts';
import { DialRequest } from '../../src/http/schemas.ts';
import { describe, drawLadder } from '../../src/sip/ladder.ts';
import { ask, fixture, json } from '../http/support.ts';
import { referSettings } from '../support/application.ts';
import { answers } from '../support/flows.ts';
import { rawInvite, rawResponse } from '../support/messages.ts';
import { scenario } from '../support/play.ts';
import type { Inside } from '../support/world.ts';

type Body = Readonly<Record<string, unknown>>;

/** The least that each command needs; what is not named needs nothing. */
const needed: Readonly<Record<string, Body>> = {
  dial: { connection_id: '1000000000000000001', from: '+13125550100', to: 'sip:bob@192.0.2.20' },
  refer: { sip_address: 'sip:bob@biloxi.example' },
  transfer: { to: 'sip:bob@192.0.2.20' },
  bridge: { call_control_id: 'v3:other' },
  enqueue: { queue_name: 'support' },
  send_sip_info: { content_type: 'text/plain', body: 'x' },
  send_dtmf: { digits: '1' },
  client_state_update: { client_state: 'YQ==' },
};
/** Lines of text by their nature: the body of a message, which nothing follows. */
const ofLines = ['send_sip_info body'];

const hostile = (before: string): string[] => [
  ...['\r\n', '\n', '\r', '\0', '\r\n\r\n'].map((end) => `${before}${end}X-Injected: yes`),
  `\r\nX-Injected: yes\r\n${before}`,
];

/** The command with each of its texts in turn made hostile: alone, in a list, and in a header. */
function* hostileBodies(name: string, properties: object): Iterable<readonly [field: string, body: Body]> {
  const base = needed[name] ?? {};
  for (const field of Object.keys(properties)) {
    const usual = typeof base[field] === 'string' ? base[field] : 'sip:a@b.example';
    for (const text of hostile(usual)) {
      yield [field, { ...base, [field]: text }];
      yield [field, { ...base, [field]: [text] }];
      if (!field.endsWith('_headers')) continue;
      yield [field, { ...base, [field]: [{ name: 'X-A', value: text }] }];
      yield [field, { ...base, [field]: [{ name: text, value: 'a' }] }];
    }
  }
}

/** What would be sent of a body that the API lets through; null if its reader refuses it. */
function sentOf(name: string, body: Body): unknown {
  if (name === 'dial' || name === 'transfer') {
    const read = readDial({ ...needed.dial, ...body } as unknown as DialBody, '192.0.2.1');
    return 'refusals' in read ? null : read.diallings;
  }
  const read = readCommand(name as ReadAction, body as never, referSettings);
  return 'refusals' in read ? null : read.command;
}

function* textsIn(value: unknown): Iterable<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each);
}

suite('no text of a command adds a line to SIP', () => {
  const { app, calls } = fixture();
  const all = Object.entries({ dial: { body: DialRequest }, ...commands });
  for (const [name, { body: schema }] of all) {
    test(name, async () => {
      let count = 0;
      for (const [field, payload] of hostileBodies(name, schema.properties)) {
        calls.forget();
        const path = name === 'dial' ? '/v2/calls' : `/v2/calls/v3:any/actions/${name}`;
        const method = (commands[name as ActionName] ?? { method: 'POST' }).method;
        const { status } = await ask(app, `${method} ${path}`, { headers: json, payload });
        assert.ok(status < 500 || calls.executed.length + calls.dials.length > 0, `${status} for ${field}`);
        count += 1;
        const taken = calls.executed[0]?.body ?? calls.dials[0];
        if (taken === undefined || ofLines.includes(`${name} ${field}`)) continue;
        const broken = [...textsIn(sentOf(name, taken as Body))].filter((text) => /[\r\n\0]/.test(text));
        assert.deepEqual(broken, [], `${field} of ${name}`);
      }
      assert.ok(count > 0);
    });
  }
});

/** Of the controls all that a terminal might obey, those of C1 too; and what would end a line of a log. */
const controls = '\x07\x08\x1b[2J\x1b]0;owned\x07\x9b31m\x7f';
const unprintable = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

suite('what a peer writes is text to whoever reads it', () => {
  const messages: Readonly<Record<string, string>> = {
    'a reason phrase': rawResponse(200).replace(/^(SIP\/2\.0 \d+) .*/, `$1 ${controls}`),
    'a method': rawInvite({}).replaceAll('INVITE', `INV${controls}`),
    'a first line that is none': `${controls}\r\n\r\n`,
    'a Refer-To': rawInvite({ 'Refer-To': `<sip:${controls}@b.example>` }),
    'a Reason': rawInvite({ Reason: `SIP;text="${controls}"` }),
    'an Event': rawInvite({ Event: controls }),
  };
  for (const [what, text] of Object.entries(messages)) {
    test(`ladder: ${what}`, () => {
      const entry = { at: 0, from: 'peer', to: 'us', ...describe(text) };
      assert.doesNotMatch(drawLadder([entry], { columns: ['peer', 'us'], startedAt: 0 }), unprintable);
    });
  }

  test('log: one line of JSON, whatever is in it', () => {
    const log = JSON.stringify(join(import.meta.dirname, '..', '..', 'src', 'log.ts'));
    const said = JSON.stringify(`a\r\n{"level":"error"}\n${controls}\0\u2028`);
    const program = `const { realLog } = await import(${log});
      realLog('debug').info({ from: ${said}, err: new Error(${said}) }, ${said});`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 1, stderr);
    assert.doesNotMatch(lines[0]!, /[\x00-\x1f\x7f-\x9f\u2028]/);
    assert.equal(JSON.parse(lines[0]!).from, JSON.parse(said));
  });
});

async function looks({ server, store }: Inside): Promise<void> {
  const headers = { authorization: 'Bearer KEY-of-the-scenarios' };
  const [call] = await store.calls(0);
  const paths = [`calls/${call!.id}/ladder?format=text`, `calls/${call!.id}/ladder?format=json`, 'call_events'];
  for (const path of [...paths.map((each) => `/v2/${each}`), '/metrics']) {
    const { statusCode, body } = await server.http.inject({ method: 'GET', url: path, headers });
    assert.equal(statusCode, 200, path);
    assert.doesNotMatch(body, /[\x00-\x09\x0b-\x1f\x7f]/, path);
  }
}

scenario('control characters of a peer (JSON to the application, nothing to a terminal)', (world) => {
  const { transferee, app, does } = world;
  const bell = '\x07\x1b[2J\x9b1m';
  const rings = { 'X-Bell': 'bell', 'User-Agent': 'bell', raw: (text: string) => text.replaceAll('bell', bell) };
  answers(world, rings);
  app.posts('refer', { sip_address: 'sip:bob@biloxi.example' });
  transferee.gets('REFER');
  transferee.sends(603, { ...rings, reason: 'bell' });
  app.gets('call.refer.failed');
  transferee.sends('BYE', { ...rings, Reason: 'SIP;cause=200;text="bell"' });
  transferee.gets(200);
  app.gets('call.hangup');
  does('look at all that is shown', looks);
});
