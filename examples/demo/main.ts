// npm run demo: a Switchhook, two phones and an application in one process. Alice calls, the application answers and
// refers her to Bob, and every SIP message and webhook is drawn as it happens. Exit code 0 only if the refer completed.
import { setTimeout as delay } from 'node:timers/promises';
import Telnyx from 'telnyx';
import { version } from '../../src/parts.ts';
import type { Trace } from '../../src/sip/endpoint.ts';
import { describe } from '../../src/sip/ladder.ts';
import type { Post } from '../../src/webhook/post.ts';
import { application } from '../answer-and-refer.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import { type Lane, Screen } from './screen.ts';
import { localServer } from './server.ts';

/** How long everything may take, and the pauses that let a person follow. */
const patienceMs = 15_000;
const paceMs = 800;

const next = `  Next
    npm start                                your own Switchhook: it prints how to call and refer
    npx node examples/answer-and-refer.ts    the application you have just seen, for that one
    docs/refer.md                            what goes over the wire, and every outcome of a refer
`;

const screen = new Screen(process.stdout);
/** What has yet to happen. */
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
  const lanes = new Map<number, Lane>();
  const server = await localServer({ around: watched, trace: drawn('switchhook', lanes) });
  cleanup.defer(server.close);
  const { system, sipPort } = server;
  const bob = await phone({ name: 'bob', system, reactsAfterMs: 2 * paceMs, trace: drawn('bob', lanes) });
  const alice = await phone({ name: 'alice', system, reactsAfterMs: paceMs, trace: drawn('alice', lanes) });
  lanes.set(sipPort, 'switchhook').set(bob.port, 'bob').set(alice.port, 'alice');
  const client = new Telnyx({ ...server.client, maxRetries: 0, fetch: (url, init) => commanded(bob.uri, url, init) });
  server.serve(application(client, bob.uri, () => {}));
  screen.title(
    `Switchhook ${version}: a live call is referred`,
    'One process, real sockets: the server, two SIP phones, an application on the telnyx client.',
  );
  screen.step('Alice calls a number. Switchhook lets it ring and tells the application.');
  const called = alice.call(`sip:+13125550100@127.0.0.1:${sipPort}`);
  await Promise.race([Promise.all([called, outcome.promise]), tooLate()]);
  if (bob.calls !== 1 || alice.calls !== 1) throw new Error('The refer completed, but Alice and Bob do not talk.');
}

async function phone(options: PhoneOptions): Promise<Phone> {
  const one = new Phone(options);
  await one.listen();
  cleanup.defer(one.close);
  return one;
}

async function tooLate(): Promise<never> {
  await delay(patienceMs, null, { ref: false });
  throw new Error(`After ${patienceMs / 1000} s there was still no ${[...missing].join(' and no ')}.`);
}

/** Each message is drawn once, by whoever sends it. */
function drawn(from: Lane, lanes: ReadonlyMap<number, Lane>): Trace {
  return ({ direction, peer, text }) => {
    const to = lanes.get(peer.port);
    if (direction === 'in' || to === undefined) return;
    const what = describe(text);
    if (to === 'bob' && what.label === 'INVITE')
      screen.step('Alice does as the REFER says: she calls Bob, and reports how that goes.');
    if (what.label === 'NOTIFY 200') screen.step('Bob has answered: Alice reports it and leaves the first call.');
    screen.row(from, to, what);
  };
}

/** A command on its way to the server. */
async function commanded(target: string, url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const action = String(url).split('/').at(-1) ?? '';
  await delay(paceMs);
  const params = action === 'refer' ? `, { sip_address: '${target}' }` : '';
  screen.step(`The application: client.calls.actions.${action}(call${params})`);
  screen.row('application', 'switchhook', { label: `POST ${action}`, tone: 'command' });
  const response = await fetch(url, init);
  if (!response.ok) outcome.reject(new Error(`The command ${action} was refused with ${response.status}.`));
  return response;
}

/** A webhook on its way to the application. */
function watched(post: Post): Post {
  return async (request) => {
    const { event_type: type, payload } = JSON.parse(request.body).data;
    const status = type.startsWith('call.refer.') ? ` ${payload.sip_notify_response}` : '';
    screen.row('switchhook', 'application', { label: `${type}${status}`, tone: 'event' });
    const answer = await post(request);
    if (answer.status !== 200) outcome.reject(new Error(`The application answered ${type} with ${answer.status}.`));
    if (type === 'call.refer.failed') outcome.reject(new Error(`The refer failed${status && ' with'}${status}.`));
    missing.delete(type);
    if (missing.size === 0) outcome.resolve();
    return answer;
  };
}
