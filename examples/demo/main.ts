// npm run demo: a Switchhook, two phones and an application in one process. Alice calls, the application answers and
// refers her to Bob, and every SIP message and webhook is drawn as it happens. Exit code 0 only if the refer completed.
import { setTimeout as delay } from 'node:timers/promises';
import Telnyx from 'telnyx';
import { version } from '../../src/parts.ts';
import type { Trace } from '../../src/sip/endpoint.ts';
import { describe } from '../../src/sip/ladder.ts';
import type { Post } from '../../src/webhook/post.ts';
import { application } from '../answer-and-refer.ts';
import { Phone } from './phone.ts';
import { Screen } from './screen.ts';
import { type LocalServer, localServer } from './server.ts';

/** How long everything may take, and the pauses that let a person follow. */
const patienceMs = 15_000;
const paceMs = 800;

const next = `  Next
    npm start                          a Switchhook of your own: it says how to call in and how to refer
    examples/answer-and-refer.ts       the application you have just seen, to start from
    docs/refer.md                      what goes over the wire, and every outcome of a refer
`;

const screen = new Screen(process.stdout);
/** What must have happened in the end; each takes itself off this list. */
const missing = new Set(['call.refer.completed', 'call.hangup']);
const outcome = Promise.withResolvers<void>();
const cleanup = new AsyncDisposableStack();
process.once('SIGINT', () => process.exit(130));

try {
  await play();
  screen.succeeded('Done: Alice talks to Bob, and Switchhook is out of the way.', next);
} catch (error) {
  screen.failed(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await cleanup.disposeAsync();
}

async function play(): Promise<void> {
  const server = await localServer({ around: watched });
  cleanup.defer(server.close);
  const bob = await phone({ name: 'bob', system: server.system, ringsForMs: 1.5 * paceMs });
  const alice = await phone({ name: 'alice', system: server.system, trace: (message) => draw(message, bob) });
  const client = new Telnyx({ ...server.client, maxRetries: 0, fetch: (url, init) => command(String(url), init) });
  server.serve(application(client, bob.uri, () => {}));

  screen.title(
    `Switchhook ${version}: a live call is referred`,
    'One process, real sockets: the server, two SIP phones, and an application on the official telnyx client.',
  );
  screen.step('Alice calls the number of the application. It rings, and the application is told.');
  await alice.call(`sip:+13125550100@127.0.0.1:${server.sipPort}`);
  const limit = delay(patienceMs, null, { ref: false }).then(() => {
    throw new Error(`After ${patienceMs / 1000} s there was still no ${[...missing].join(' and no ')}.`);
  });
  await Promise.race([outcome.promise, limit]);
  if (bob.calls !== 1 || alice.calls !== 1) throw new Error('The refer completed, but Alice and Bob do not talk.');
}
