// The list of the vendor's endpoints against the official client that is installed, and docs/api.md against the app: what it
// says of each endpoint is asked of the app over HTTP.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { api } from '../../scripts/api.ts';
import { root } from '../../scripts/ready.mjs';
import { sections } from '../../scripts/telnyx-endpoints.ts';
import { ask, callId, errorsIn, sharedFixture } from '../http/support.ts';

const listed = sections.flatMap(({ endpoints }) => Object.entries(endpoints));

const withoutNames = (line: string): string => line.replaceAll(/\{\w+\}/g, '{}');
const familyOf = (line: string): string => /\/(\w+)/.exec(line)?.[1] ?? '';

// The client.

/** The endpoints in a file of the client, as [method of the client, line]: each request it sends, under the method it is in. */
function endpointsIn(resource: string, text: string): [string, string][] {
  const found: [string, string][] = [];
  let method = '';
  const pattern = /^ {4}(?:async )?(\w+)\(.*\) \{$|_client\s*\.(\w+)\(\s*(?:path\s*)?(['`])(\/.*?)\3/gm;
  for (const [, started, verb = '', , path = ''] of text.matchAll(pattern)) {
    if (started !== undefined) method = started;
    else found.push([`${resource}.${method}`, `${verbs[verb] ?? verb} ${path.replaceAll(/\$\{\w+\}/g, '{}')}`]);
  }
  return found;
}

const verbs: Readonly<Record<string, string>> = {
  get: 'GET',
  getAPIList: 'GET',
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
};

/** `calls/actions.mjs` is `calls.actions`, `calls/calls.mjs` is `calls`. */
function resourceOf(path: string): string {
  const [name, folder] = [basename(path, '.mjs'), dirname(path)];
  const place = folder === '.' ? [name] : [...folder.split('/'), ...(basename(folder) === name ? [] : [name])];
  return place.map((part) => part.replaceAll(/-(\w)/g, (_all, letter: string) => letter.toUpperCase())).join('.');
}

const resources = join(root, 'node_modules/telnyx/resources');
const ofTheClient = globSync('**/*.mjs', { cwd: resources }).flatMap((path) =>
  endpointsIn(resourceOf(path), readFileSync(join(resources, path), 'utf8')),
);

test('endpoints: the client is read', () => {
  assert.ok(ofTheClient.length > 500, `${ofTheClient.length} endpoints`);
  assert.deepEqual(
    endpointsIn('x', '    send(id, body) {\n        return this._client.post(path `/x/${id}`, { body });\n    }\n'),
    [['x.send', 'POST /x/{}']],
  );
  assert.deepEqual(['calls/actions.mjs', 'calls/calls.mjs', 'call-events.mjs'].map(resourceOf), [
    'calls.actions',
    'calls',
    'callEvents',
  ]);
});

test('endpoints: the list has those of the client, and no other', () => {
  const families = new Set(listed.map(([, line]) => familyOf(line)));
  const theirs = ofTheClient.filter(([, line]) => families.has(familyOf(line)));
  const ours = listed.map(([method, line]) => [method, withoutNames(line)] as const);
  const lines = (endpoints: readonly (readonly [string, string])[]) => endpoints.map((each) => each.join(' ')).sort();
  assert.deepEqual(lines(ours), lines(theirs));
});

test('endpoints: the list has every family of the client that is about calls', () => {
  const families = ofTheClient.map(([, line]) => familyOf(line));
  const about = families.filter((family) =>
    /^(call|conference|connection|queue|recording|siprec|webhook)/.test(family),
  );
  const known = new Set(listed.map(([, line]) => familyOf(line)));
  assert.deepEqual(
    [...new Set(about)].filter((family) => !known.has(family)),
    [],
  );
});

// The app.

const page = readFileSync(join(root, 'docs/api.md'), 'utf8');

test('docs/api.md is up to date; if it should change, run "npm run docs"', async () => assert.equal(page, await api()));

/** What the page says of an endpoint, by its line. */
const said = new Map(
  [...page.matchAll(/^\| `(\w+ [^`]+)` \| `[\w.]+` \| ([\w ]*\w)/gm)].map(([, line = '', state = '']) => [line, state]),
);

test('docs/api.md has every endpoint', () => {
  assert.deepEqual(
    [...said.keys()],
    listed.map(([, line]) => line),
  );
});

for (const [line, state] of said) {
  test(`${line} is ${state}`, async () => {
    const { app, calls } = sharedFixture();
    calls.views.set(callId, {
      ...{ callControlId: callId, callLegId: 'leg', callSessionId: 'session', clientState: null },
      ...{ isAlive: true, startedAt: 0, endedAt: null, durationSecs: 0 },
    });
    const asked = line
      .replace(' /', ' /v2/')
      .replaceAll(/\{(\w+)\}/g, (_all, name) => (name === 'call_control_id' ? callId : 'some'));
    const [method = '', path = ''] = asked.split(' ');
    const { status, body } = await ask(app, asked);
    const [error = null] = status < 300 ? [] : errorsIn(body);
    const { headers } = await ask(app, `OPTIONS ${path}`);
    const routed = String(headers.allow).split(', ').includes(method);
    switch (state) {
      case 'done':
        assert.deepEqual([routed, error === '10027'], [true, false]);
        return;
      case 'needs media':
        assert.deepEqual([routed, status, error], [true, 422, '10027']);
        return;
      case 'out of scope':
        assert.ok(error === '10027' || (error === '10005' && !routed) || status === 405, `${status} ${error}`);
        return;
      default:
        assert.equal(state, 'not yet');
        // Another route may take a path that has none of its own: then it finds nothing there.
        assert.ok(status === 404 || status === 405, `${status} ${error}`);
    }
  });
}

test('docs/api.md: a family that is out of scope has no route', () => {
  for (const { outOfScope, endpoints } of sections) {
    if (outOfScope === undefined) continue;
    for (const line of Object.values(endpoints)) assert.equal(said.get(line), 'out of scope', line);
  }
});
