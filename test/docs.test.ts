// README.md and docs/ against the truth: every code block is run or compared, every link, setting, code and file that is
// named is there, and the outcomes of a refer are those of the drawn scenarios.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { withCopies } from '../scripts/copies.ts';
import { root } from '../scripts/ready.mjs';
import { bridged, bridgeFailed, heldOrNot, referReceived, referRetrying } from '../src/call/events.ts';
import { environmentName, type Setting } from '../src/config/sources.ts';
import { applicationTable, readSettings, table } from '../src/config.ts';
import { catalogue } from '../src/errors.ts';
import { ReferRequest } from '../src/http/schemas.ts';
import { active, type Line } from './call/support.ts';
import { blocksIn, blocksOf, matchesShape, matchesText, matchesValue, pages, proseOf } from './docs/blocks.ts';
import { command, runShell, runTypeScript, scene, typeCheck } from './docs/runs.ts';
import { numberAt, stage, type Webhook } from './examples/support.ts';

const patience = { timeout: 60_000 };
const settings: readonly Setting<unknown>[] = [...Object.values(table), ...Object.values(applicationTable)];

// Blocks.

const languages = ['sh', 'ts', 'json', 'yaml', 'http', 'sip', 'ladder', 'text'];

test('docs: every code block is of a language that is run or compared here', () => {
  for (const { at, language } of pages.flatMap(({ blocks }) => blocks)) {
    assert.ok(languages.includes(language), `${at}: nothing here checks a block of "${language}"`);
  }
  assert.deepEqual(
    blocksOf('x.md', '```sh\na\n```\n```cobol b c\n```').map(({ language, name }) => [language, name]),
    [
      ['sh', ''],
      ['cobol', 'b c'],
    ],
  );
});

for (const block of blocksIn('sh')) {
  test(`docs: ${block.at} runs`, patience, async (t) => {
    const all = blocksIn('json');
    await runShell(t, block, all.find(({ before, name }) => before?.at === block.at && name === '') ?? null);
  });
}

const programs = blocksIn('ts').filter(({ name }) => name === '');

test('docs: the TypeScript is typed', patience, (t) => typeCheck(t, programs));

for (const block of programs) {
  test(`docs: ${block.at} runs`, patience, (t) => runTypeScript(t, block));
}

test('docs: ladders and examples are as their files', () => {
  for (const { path, text } of pages) assert.equal(text, withCopies(path), `${path} is stale: npm run docs`);
  for (const { at, name } of [...blocksIn('ladder'), ...blocksIn('ts').filter((block) => block.name !== '')]) {
    assert.notEqual(name, '', `${at} does not say of what it is a copy`);
  }
});

for (const { at, text } of blocksIn('yaml')) {
  test(`docs: ${at} is a settings file`, () => {
    const read = readSettings({ SWITCHHOOK_CONFIG: 'switchhook.yaml' }, () => text);
    if ('errors' in read) assert.deepEqual(read.errors, []);
  });
}

function queued(): Line {
  const line = active();
  line.effects.length = 0;
  line.command('enqueue', { queue_name: 'support' });
  line.command('leave_queue', {});
  return line;
}

function informed(): Line {
  const line = active();
  line.effects.length = 0;
  line.request('INFO', { headers: { 'Content-Type': 'application/dtmf' }, body: '5' });
  line.request('INFO', { headers: { 'Content-Type': 'text/plain' }, body: 'x' });
  return line;
}

test('docs: the JSON, HTTP and SIP shown are what really comes', patience, async (t) => {
  const { webhooks, received, refer, here } = await aCallToShow(t);
  const events = new Map<string, object>(webhooks.map(({ data }) => [data.event_type, data.payload]));
  for (const { event } of [...queued().told, ...informed().told]) events.set(event.type, event.payload);
  // The phones of the demo take no re-INVITE and send no REFER: what tells of those comes of a call without them.
  const { call } = active();
  events.set('call.bridged', bridged(call, 'v3:other').payload);
  events.set('call.bridge.failed', bridgeFailed(call, 'v3:other', 'refused', 488).payload);
  const phase = { name: 'asked', until: null } as const;
  const referral = { id: null, target: 'sip:a@b.example', referredBy: '<sip:c@d.example>', isSilent: false, phase };
  events.set('call.refer.received', referReceived(call, referral, null).payload);
  const line = active();
  line.refer({ on_failure: [{ transfer: { to: '+13125550199' } }] });
  const chained = { ...line.call.refer!, response: 202, notified: [100, 486] };
  events.set('call.refer.retrying', referRetrying(line.call, chained, 486, chained.chain!.rest[0]!).payload);
  for (const type of ['call.hold', 'call.unhold'] as const) events.set(type, heldOrNot(call, type).payload);
  for (const { at, name, text, before } of blocksIn('json')) {
    if (name === '') {
      assert.equal(before?.language, 'sh', `${at} follows no command whose output it could be`);
      continue;
    }
    const shown = JSON.parse(here(text));
    const real = name === 'webhook' ? JSON.parse(received[0]?.body ?? '') : events.get(name);
    assert.ok(real, `${at}: there is no ${name}`);
    if (text.includes('…')) matchesValue(real, shown, at);
    else if (name === 'webhook') matchesShape(envelopeOf(real), envelopeOf(shown), at);
    else matchesShape(real, shown, at);
  }
  for (const { at, text } of blocksIn('http')) {
    const [line, ...headers] = text.split('\n');
    assert.equal(line, 'POST / HTTP/1.1');
    for (const header of headers) {
      const [name = '', value = ''] = header.split(': ');
      matchesValue(received[0]?.headers[name], value, `${at} ${name}`);
    }
  }
  for (const { at, text } of blocksIn('sip')) matchesText(refer.replaceAll('\r', ''), here(text), at);
});

/** The envelope of an event, whatever event it is. */
function envelopeOf({ data, meta }: Webhook & { meta: object }): object {
  return { data: { ...data, payload: {} }, meta };
}

/** A call with all the documentation shows: referred to one who is busy, then with headers to one who answers. */
async function aCallToShow(t: Parameters<typeof scene>[0]) {
  const messages: string[] = [];
  const { here, received, told, webhooks, ...all } = await scene(t, 'none');
  const busy = await all.phone({ name: 'bob', answers: 486 });
  const free = await all.phone({ name: 'bob' });
  const alice = await all.phone({ name: 'alice', trace: ({ text }) => messages.push(text) });
  const answered = alice.call(numberAt(all.server));
  const call = String((await told('call.initiated')).data.payload.call_control_id);
  await command(all, call, 'answer');
  await answered;
  await told('call.answered');
  await command(all, call, 'refer', { sip_address: busy.uri });
  await told('call.refer.failed');
  await command(all, call, 'refer', {
    sip_address: free.uri,
    sip_headers: [{ name: 'User-to-User', value: '3132;encoding=hex' }],
    custom_headers: [{ name: 'X-Account', value: '42' }],
  });
  await told('call.hangup');
  const refer = messages.findLast((text) => text.startsWith('REFER')) ?? '';
  return {
    webhooks,
    received,
    here: (text: string) => here(text.replaceAll('sip:bob@example.com', free.uri).replace(/CSeq: 1 /, 'CSeq: 2 ')),
    refer,
  };
}

// What the text names.

test('docs: every link leads somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page.path : join(dirname(page.path), path);
      assert.ok(existsSync(join(root, file)), `${page.path}: ${target}`);
      if (anchor !== undefined) assert.ok(anchorsOf(file).includes(anchor), `${page.path}: ${target}`);
    }
  }
});

function anchorsOf(file: string): string[] {
  const headings = readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('docs: every setting and every error code that is named exists', () => {
  const names = new Set(settings.map(environmentName));
  const others = ['SWITCHHOOK_CONFIG', 'SWITCHHOOK_PORT', 'SWITCHHOOK_PORT_', 'SWITCHHOOK_SERVICE_', 'SWITCHHOOK_'];
  const codes = new Set<string>(Object.values(catalogue).map(({ code }) => code));
  const numbers = new Set(settings.map((setting) => setting.default));
  for (const { path, text } of pages) {
    for (const [name] of text.matchAll(/SWITCHHOOK_[A-Z_]*/g)) {
      assert.ok(names.has(name) || others.includes(name), `${path}: there is no setting ${name}`);
    }
    for (const [, code = ''] of text.matchAll(/`(\d{5})`/g)) {
      assert.ok(codes.has(code) || numbers.has(code), `${path}: there is no error code ${code}`);
    }
  }
});

test('docs: every file that is named exists', () => {
  const sources = new Set(globSync('src/**/*.ts', { cwd: root }).map((path) => basename(path)));
  for (const page of pages) {
    for (const [, path = ''] of proseOf(page).matchAll(/`([\w./-]+\.(?:ts|mjs|md))`/g)) {
      const places = [
        path,
        join('src', path),
        join('test', path),
        join('test', path.replace(/^scenario\//, 'scenario/')),
      ];
      assert.ok(
        places.some((place) => existsSync(join(root, place))),
        `${page.path}: there is no ${path}`,
      );
    }
  }
  for (const { at, text } of blocksIn('text')) {
    for (const [, path = ''] of text.matchAll(/([\w/-]+\.ts)\b/g)) {
      const found = path.includes('/') ? existsSync(join(root, 'src', path)) : sources.has(path);
      assert.ok(found, `${at}: there is no ${path}`);
    }
  }
});

// The refer guide.

const guide = pages.find(({ path }) => path === 'docs/refer.md')!;

test('docs: the guide lists the fields of the command', () => {
  const rows = tables(guide.text).find(([head]) => head?.[0] === 'Field') ?? [];
  assert.deepEqual(
    rows
      .slice(1)
      .map(([field = '']) => field.replaceAll('`', ''))
      .sort(),
    Object.keys(ReferRequest.properties).sort(),
  );
});

test('docs: the knobs have their defaults', () => {
  const knobs = tables(guide.text).find(([head]) => head?.includes('Setting')) ?? [];
  for (const [field = '', name = '', value = ''] of knobs
    .slice(1)
    .map((row) => row.map((cell) => cell.replaceAll('`', '')))) {
    const setting = settings.find((each) => each.name === field);
    assert.deepEqual([setting && environmentName(setting), setting?.default], [name, value]);
  }
  assert.equal(knobs.length, 7);
});

const outcome = /(started|retrying|completed|failed) (\d{3})(?: (busy|no-answer|canceled|failed))?/g;

test('docs: the outcomes of a refer are those of the drawings', () => {
  const rows = tables(guide.text)
    .filter(([head]) => head?.at(-1) === 'Drawing')
    .flatMap((rows) => rows.slice(1));
  assert.ok(rows.length > 30, 'the tables of outcomes');
  for (const row of rows) {
    const name = (row.at(-1) ?? '').replaceAll('`', '');
    const drawn = outcomesDrawn(readFileSync(join(root, 'test/scenario/golden', `${name}.ladder`), 'utf8'));
    const told = [...(row[1] ?? '').matchAll(outcome)].map(([, ...what]) => what.filter(Boolean).join(' '));
    if (told.length > 0) assert.deepEqual(row[1]?.includes('…') ? drawn.slice(0, told.length) : drawn, told, name);
  }
});

function outcomesDrawn(ladder: string): string[] {
  const rows = ladder.matchAll(/call\.refer\.(\w+) .*sip_notify_response: (\d+)(?:, failure_reason: ([\w-]+))?/g);
  return [...rows].map(([, ...what]) => what.filter(Boolean).join(' '));
}

/** The tables of a page, each as rows of cells, the head first. */
function tables(text: string): string[][][] {
  return [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table
      .trim()
      .split('\n')
      .filter((_row, index) => index !== 1)
      .map((row) =>
        row
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  );
}

// And where they are served.

test('docs: a running server has every page', async (t) => {
  const { server } = await stage(t);
  const index = await (await fetch(`${server.httpAddress}/docs`)).text();
  const forModels = await (await fetch(`${server.httpAddress}/llms.txt`)).text();
  for (const { path, text } of pages.filter((page) => page.path !== 'README.md')) {
    const url = `/docs/${basename(path, '.md')}`;
    assert.ok(index.includes(`href="${url}"`), `${url} is not in the index`);
    assert.match(
      forModels,
      new RegExp(`\\]\\(${url}\\): .*[.!?]$`, 'm'),
      `${path} does not begin with a sentence of one line`,
    );
    assert.equal(await (await fetch(`${server.httpAddress}${url}.md`)).text(), text);
  }
});
