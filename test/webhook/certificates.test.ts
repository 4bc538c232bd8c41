// A webhook over https goes to nobody but the receiver whose certificate is good: signed by who is believed, for its name, in
// its time. Real sockets on loopback; the authority of the test is believed by this process alone, and only here.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { realClock } from '../../src/system.ts';
import { egressTo } from '../../src/webhook/egress.ts';
import { openPost } from '../../src/webhook/post.ts';
import { Authority, type Name } from '../support/certificates.ts';

interface Receiver {
  readonly believed: boolean;
  readonly names: readonly Name[];
}

/** Posts to a receiver with this certificate; its answer, or why there is none, and what it heard. */
async function post(t: TestContext, { believed, names }: Receiver) {
  const authority = await Authority.open(t);
  const { certificate, key } = await authority.sign(names);
  const heard: string[] = [];
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
    request.on('data', (data) => heard.push(String(data))).on('end', () => response.end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const wellKnown = getCACertificates('default');
  if (believed) setDefaultCACertificates([...wellKnown, readFileSync(authority.file, 'utf8')]);
  const { post, close } = openPost(realClock, 1, egressTo({ allow: [], loopback: true }));
  t.after(async () => {
    setDefaultCACertificates(wellKnown);
    await close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const request = {
    method: 'POST',
    url: `https://127.0.0.1:${port}/hook`,
    headers: {},
    body: '{"private":true}',
    timeoutMs: 30_000,
  } as const;
  const outcome = await post(request).then(
    ({ status }) => status,
    (error: Error & { code?: string }) => error.code ?? error.message,
  );
  return { outcome, heard };
}

const loopback: readonly Name[] = [{ type: 'ip', value: '127.0.0.1' }];
const cases: readonly (readonly [receiver: string, Receiver, outcome: number | RegExp])[] = [
  ['whose certificate is good', { believed: true, names: loopback }, 200],
  ['whose certificate nobody believed signed', { believed: false, names: loopback }, /UNABLE_TO_|SELF_SIGNED/],
  [
    'whose certificate is for another name',
    { believed: true, names: [{ type: 'dns', value: 'other.example' }] },
    /ERR_TLS_CERT_ALTNAME_INVALID/,
  ],
];

for (const [receiver, options, expected] of cases) {
  test(`a receiver ${receiver} is told ${expected === 200 ? 'all' : 'nothing'}`, async (t) => {
    const { outcome, heard } = await post(t, options);
    assert.match(String(outcome), new RegExp(expected instanceof RegExp ? expected : String(expected)));
    assert.deepEqual(heard, expected === 200 ? ['{"private":true}'] : []);
  });
}
