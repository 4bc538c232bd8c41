// Loaded before src/main.ts into a server that is to be killed: names each of its effects as it happens (a commit, a
// datagram, a webhook, an answer to a command), writes them to a file, and kills the process the moment before or after
// the one it was told. It wraps what the effects go through; the server knows nothing of it. Told by lines on standard input:
// `go`, until which nothing starts, and `arm POINT`, from which on effects are counted anew.
import { Socket } from 'node:dgram';
import { openSync, writeSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import { Agent, type Dispatcher } from 'undici';
import { openSqlite } from '../../src/store/sqlite.ts';
import type { Batch, Settlement, Store } from '../../src/store/store.ts';
// What the server is made of is read while it waits for `go`.
import '../../src/parts.ts';
import '../../src/server.ts';

const trace = openSync(process.env.CRASH_TRACE ?? '/dev/null', 'a');
const counts = new Map<string, number>();
let killAt: string | null = null;

const note = (line: string): void => void writeSync(trace, `${line}\n`);

/** What an effect is about stands behind it for whoever reads: it may be shared out otherwise in the next run. */
function reaches(point: string, about = ''): void {
  note(about === '' ? point : `${point} (${about})`);
  if (point !== killAt) return;
  note(`killed ${point}`);
  process.kill(process.pid, 'SIGKILL');
}

/** Carries out an effect between the two points at which the process can die of it. */
function around<T>(what: string, run: () => T, about = ''): T {
  const effect = numbered(what);
  reaches(`before ${effect}`, about);
  const result = run();
  reaches(`after ${effect}`, about);
  return result;
}

function numbered(what: string): string {
  const count = (counts.get(what) ?? 0) + 1;
  counts.set(what, count);
  return `${what} #${count}`;
}

type Any = (...args: never[]) => unknown;

/** Puts a function of ours in the place of a method, given the one that was there. */
function wrap<T extends object>(owner: T, name: string, around: (method: Any) => Any): void {
  const methods = owner as Record<string, Any>;
  methods[name] = around(methods[name]!);
}

const memory = openSqlite(':memory:');
const store = Object.getPrototypeOf(memory) as Store;
await memory.close();

/** SQLite writes before it returns: what follows the call follows the commit. */
wrap(
  store,
  'commit',
  (commit) =>
    function (this: Store, batch: Batch) {
      return around('commit', () => commit.call(this, batch as never), contentsOf(batch));
    } as Any,
);

wrap(
  store,
  'settle',
  (settle) =>
    function (this: Store, settlements: readonly Settlement[]) {
      const outcomes = settlements.map(({ status }) => status).join('+');
      return around('settle', () => settle.call(this, settlements as never), outcomes);
    } as Any,
);

function contentsOf({ events, commands }: Batch): string {
  const names = [...commands.map(({ name }) => name), ...events.map(({ type }) => type)];
  return names.length > 0 ? names.join('+') : 'state';
}

wrap(
  Socket.prototype,
  'send',
  (send) =>
    function (this: Socket, bytes: Buffer, ...rest: never[]) {
      const message = messageIn(bytes);
      const run = () => send.call(this, bytes as never, ...rest);
      return message === null ? run() : around(`send ${message}`, run);
    } as Any,
);

/** `REFER`, or `200 INVITE`; null for what is not SIP. */
function messageIn(bytes: Buffer): string | null {
  const text = bytes.toString('latin1');
  const method = /^([A-Z]+) \S+ SIP\/2\.0\r\n/.exec(text)?.[1];
  if (method !== undefined) return method;
  const status = /^SIP\/2\.0 (\d+) /.exec(text)?.[1];
  return status === undefined ? null : `${status} ${/^CSeq: \d+ (\w+)/m.exec(text)?.[1]}`;
}

/** Before the request leaves, and after its answer has come but before anything is made of it. */
wrap(
  Agent.prototype,
  'dispatch',
  (dispatch) =>
    function (this: Agent, options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) {
      const type = /"event_type":"([\w.]+)"/.exec(String(options.body))?.[1];
      const effect = numbered(`webhook ${type}`);
      reaches(`before ${effect}`);
      wrap(
        handler,
        'onResponseStart',
        (start) =>
          function (this: Dispatcher.DispatchHandler, ...args: never[]) {
            reaches(`after ${effect}`);
            return start.apply(this, args);
          } as Any,
      );
      return dispatch.call(this, options as never, handler as never);
    } as Any,
);

wrap(
  ServerResponse.prototype,
  'end',
  (end) =>
    function (this: ServerResponse, ...args: never[]) {
      const { method, url } = this.req;
      const run = () => end.apply(this, args);
      return method === 'POST' ? around(`answer ${url?.split('/').at(-1)}`, run) : run();
    } as Any,
);

// A process that is killed keeps nothing of what it has compiled.
flushCompileCache();

const { promise: told, resolve: go } = Promise.withResolvers<void>();
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'go') return go();
  counts.clear();
  killAt = line.slice('arm '.length) || null;
  note(`armed ${killAt ?? ''}`);
  process.stdout.write(`armed ${killAt ?? ''}\n`);
});
await told;
process.stdin.unref();
